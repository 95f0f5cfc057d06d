#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: qbittorrent_info
short_description: Read the preferences and categories of qBittorrent
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads only. Secrets are hidden.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.login
options:
  api_key:
    description:
      - An API key, in the place of O(username) and O(password). qBittorrent knows them from 5.2 on.
      - With none of them, the managed host has to be one that qBittorrent lets in without a login.
    type: str
"""

EXAMPLES = r"""
- name: Read whether peers can connect
  homelab.media.qbittorrent_info:
    url: http://127.0.0.1:8080
    username: media
    password: "{{ example_password }}"
  register: example
"""

RETURN = r"""
status:
  description: The versions of qBittorrent and of its Web API.
  type: dict
  returned: always
  sample: {version: 5.1.4, webapi_version: 2.11.4}
preferences:
  description: The preferences.
  type: dict
  returned: always
  sample: {save_path: /data/torrents}
categories:
  description: The categories.
  type: list
  elements: dict
  returned: always
  sample: [{name: tv, save_path: /data/torrents/tv}]
transfer:
  description: What it transfers, and C(connection_status).
  type: dict
  returned: always
  sample: {connection_status: connected}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run_info
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.qbittorrent import inspect


def main():
    run_info(FAMILIES["qbittorrent"], inspect, credentials={
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "api_key": {"type": "str", "no_log": True},
    }, app="qbittorrent")


if __name__ == "__main__":
    main()
