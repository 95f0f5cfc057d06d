#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: qbittorrent_category
short_description: Manage a category of qBittorrent
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Creates, changes or removes a category. Torrents of a category that is removed stay.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.login
  - homelab.media.state
options:
  api_key:
    description:
      - An API key, in the place of O(username) and O(password). qBittorrent knows them from 5.2 on.
      - With none of them, the managed host has to be one that qBittorrent lets in without a login.
    type: str
  name:
    description: Its name.
    type: str
    required: true
  save_path:
    description: Directory for its downloads. Empty for one below the default directory.
    type: str
  download_path:
    description: Directory for its incomplete downloads.
    type: str
  download_path_enabled:
    description: Whether incomplete downloads are apart. As in the preferences when this was never said.
    type: bool
  keep:
    description: Whether a category that is there stays as it is.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Series go where Sonarr looks for them
  homelab.media.qbittorrent_category:
    url: http://127.0.0.1:8080
    username: media
    password: "{{ example_password }}"
    name: tv
    save_path: /data/torrents/tv
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: category, name: tv, action: create, fields: [name, save_path]}]
category:
  description: The category after the run.
  type: dict
  returned: always
  sample: {name: tv, save_path: /data/torrents/tv}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["qbittorrent"], "category", {
        "name": {"type": "str", "required": True},
        "save_path": {"type": "str"},
        "download_path": {"type": "str"},
        "download_path_enabled": {"type": "bool"},
        "keep": {"type": "bool", "default": False},
    }, credentials={
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "api_key": {"type": "str", "no_log": True},
    }, app="qbittorrent", removable=True)


if __name__ == "__main__":
    main()
