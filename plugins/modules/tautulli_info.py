#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: tautulli_info
short_description: Read the status and the settings of Tautulli
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads only. Secrets are hidden.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key, of exactly 32 characters.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Look whether Tautulli is connected to Plex
  homelab.media.tautulli_info:
    url: http://127.0.0.1:8181
    api_key: "{{ example_api_key }}"
  register: example
"""

RETURN = r"""
status:
  description: What the app says about itself.
  type: dict
  returned: always
  sample: {tautulli_version: v2.17.2}
server:
  description: The Plex server as it is in force, and whether Tautulli is connected to it.
  type: dict
  returned: always
  sample: {pms_ip: plex, pms_port: 32400, connected: true}
settings:
  description: All settings as they are saved, by key. Variables of the app's environment win over them.
  type: dict
  returned: always
  sample: {check_github: 1}
notifiers:
  description: The notification agents.
  type: list
  elements: dict
  returned: always
  sample: [{id: 1, name: Played, agent: webhook}]
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run_info
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.tautulli import inspect


def main():
    run_info(FAMILIES["tautulli"], inspect, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app="tautulli")


if __name__ == "__main__":
    main()
