#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: overseerr_setup
short_description: Finish the first run of Seerr or Overseerr without a browser
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For Seerr 3 and Overseerr 1.34; which of them it is, the server says.
  - Signs in with a Plex token, by which the account becomes the administrator of an app that has none, and marks the first run as finished.
  - The app has to reach plex.tv, and has to know its key beforehand, by E(API_KEY) with Seerr, and in C(settings.json).
  - An app that has been set up stays as it is, whoever did it; when it refuses the key, that is an error.
  - Of a token that has changed since it was given the app is told by signing in again, by which it replaces the administrator's. The app does not tell
    its token; so one that this host never gave to it stays for as long as it works.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key.
    type: str
    required: true
  plex_token:
    description:
      - Token of the Plex account that owns the server. The app keeps it, and does with it whatever it asks of Plex.
      - One of another account than the administrator's is an error.
      - Without it nothing is done to an app that has no administrator, and C(administrator) in RV(overseerr_setup) says so.
    type: str
  initialize:
    description: Whether the first run is to end, for which Plex has to be connected. V(false) is for signing in only, before M(homelab.media.overseerr_plex).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Sign in, so that the key is taken
  homelab.media.overseerr_setup:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    plex_token: "{{ example_plex_token }}"
    initialize: false

- name: Connect Plex
  homelab.media.overseerr_plex:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    hostname: plex
    all_libraries: true

- name: Finish the first run
  homelab.media.overseerr_setup:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: overseerr_setup, name: overseerr_setup, action: update, fields: [administrator, initialized]}]
overseerr_setup:
  description: How far the first run has come.
  type: dict
  returned: always
  sample: {administrator: true, initialized: true}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["seerr"], "overseerr_setup", {
        "plex_token": {"type": "str", "no_log": True},
        "initialize": {"type": "bool", "default": True},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}})


if __name__ == "__main__":
    main()
