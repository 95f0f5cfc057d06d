#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: plex_info
short_description: Read the status, the libraries and the preferences of a Plex Media Server
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads only.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.plex
"""

EXAMPLES = r"""
- name: Read the libraries
  homelab.media.plex_info:
    url: http://127.0.0.1:32400
    token: "{{ example_plex_token }}"
  register: example
"""

RETURN = r"""
status:
  description: What the server says about itself; C(claimed) is whether it has an owner.
  type: dict
  returned: always
  sample: {claimed: true, machineIdentifier: 7920f7db, version: 1.42.2.10156-f737b826c}
libraries:
  description: Its libraries.
  type: list
  elements: dict
  returned: always
  sample: [{key: "1", name: Movies, type: movie, folders: [/data/media/movies]}]
preferences:
  description: Name to value of all preferences that can be set.
  type: dict
  returned: always
  sample: {FriendlyName: Living room, OnDeckWindow: 16}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run_info
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.plex import inspect


def main():
    run_info(FAMILIES["plex"], inspect, credentials={"token": {"type": "str", "no_log": True}}, app="plex")


if __name__ == "__main__":
    main()
