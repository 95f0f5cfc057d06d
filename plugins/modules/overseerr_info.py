#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: overseerr_info
short_description: Read the status and the settings of Seerr or Overseerr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For Seerr 3 and Overseerr 1.34; which of them it is, the server says.
  - Reads only. Secrets are hidden. Of an app that has no administrator yet there is the status only.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Look whether the first run is finished
  homelab.media.overseerr_info:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
  register: example
"""

RETURN = r"""
status:
  description: What the app is, how far its first run has come, and whether it needs a restart.
  type: dict
  returned: always
  sample: {product: Seerr, version: 3.1.0, initialized: true, administrator: true, restart_required: false}
settings:
  description: The main settings.
  type: dict
  returned: always
  sample: {applicationTitle: Requests, defaultPermissions: [request]}
network:
  description: The network settings of Seerr.
  type: dict
  returned: always
  sample: {trustProxy: false}
plex:
  description: The connection to Plex and its libraries.
  type: dict
  returned: always
  sample: {name: Home, ip: plex, port: 32400, libraries: []}
tautulli:
  description: The connection to Tautulli.
  type: dict
  returned: always
  sample: {hostname: tautulli, port: 8181}
servers:
  description: The Radarr and Sonarr servers.
  type: list
  elements: dict
  returned: always
  sample: [{kind: radarr, name: Radarr, hostname: radarr}]
notifications:
  description: The notification agents, by name.
  type: dict
  returned: always
  sample: {webhook: {enabled: false}}
jobs:
  description: The jobs and their schedules.
  type: list
  elements: dict
  returned: always
  sample: [{id: radarr-scan, cronSchedule: 0 0 4 * * *}]
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run_info
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.seerr import inspect


def main():
    run_info(FAMILIES["seerr"], inspect, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app=None)


if __name__ == "__main__":
    main()
