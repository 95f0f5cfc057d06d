#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nzbget_info
short_description: Read the options of NZBGet
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads only. Secrets are hidden.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  username:
    description: Its C(ControlUsername).
    type: str
    required: true
  password:
    description: Its C(ControlPassword).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Read the categories
  homelab.media.nzbget_info:
    url: http://127.0.0.1:6789
    username: media
    password: "{{ example_password }}"
  register: example
"""

RETURN = r"""
status:
  description: The version.
  type: dict
  returned: always
  sample: {version: "25.4"}
options:
  description: The options of its file.
  type: dict
  returned: always
  sample: {KeepHistory: "30"}
categories:
  description: The categories, in order.
  type: list
  elements: dict
  returned: always
  sample: [{name: tv, destdir: /data/usenet/complete/tv}]
servers:
  description: The news servers, in order.
  type: list
  elements: dict
  returned: always
  sample: [{name: provider, host: news.example.com}]
paused:
  description: Whether downloads are paused.
  type: bool
  returned: always
  sample: false
complaints:
  description: Names of options that NZBGet does not like.
  type: list
  elements: str
  returned: always
  sample: []
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run_info
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.nzbget import inspect


def main():
    run_info(FAMILIES["nzbget"], inspect, credentials={
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }, app="nzbget")


if __name__ == "__main__":
    main()
