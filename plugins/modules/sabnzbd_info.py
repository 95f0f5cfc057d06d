#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: sabnzbd_info
short_description: Read the configuration of SABnzbd
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads only. Secrets are hidden.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key, not the one that may only add downloads.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Read what SABnzbd warns about
  homelab.media.sabnzbd_info:
    url: http://127.0.0.1:8080
    api_key: "{{ example_api_key }}"
  register: example
"""

RETURN = r"""
status:
  description: The version.
  type: dict
  returned: always
  sample: {version: 4.5.5}
settings:
  description: The configuration, by section.
  type: dict
  returned: always
  sample: {misc: {complete_dir: /data/usenet/complete}}
categories:
  description: The categories.
  type: list
  elements: dict
  returned: always
  sample: [{name: tv, dir: tv}]
servers:
  description: The news servers.
  type: list
  elements: dict
  returned: always
  sample: [{name: provider, host: news.example.com}]
warnings:
  description: Its warnings.
  type: list
  elements: str
  returned: always
  sample: []
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run_info
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.sabnzbd import inspect


def main():
    run_info(FAMILIES["sabnzbd"], inspect, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app="sabnzbd")


if __name__ == "__main__":
    main()
