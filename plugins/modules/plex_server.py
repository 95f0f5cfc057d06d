#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: plex_server
short_description: Give a Plex Media Server its owner and its preferences
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - A server without an owner is claimed for the account of O(token). The claim token of four minutes is fetched from plex.tv at that moment.
  - A server that this account owns already is taken as it is. One of another account is an error, and stays as it is.
  - Without O(token) a server without an owner stays so, and takes preferences from its own host or subnet only.
  - Preferences are checked against those that the server knows, written in one request, and read back.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.plex
options:
  plex_tv_url:
    description: Base URL of plex.tv, for a test that has a double of it.
    type: str
    default: https://plex.tv
  friendly_name:
    description: The name that people see.
    type: str
  allowed_networks:
    description: Networks in CIDR notation whose hosts need no login. Everybody in them is an administrator.
    type: list
    elements: str
  lan_networks:
    description: Networks in CIDR notation that count as local. With none, it is the subnet of the server.
    type: list
    elements: str
  custom_connections:
    description: URLs at which apps find the server, besides those that it finds itself.
    type: list
    elements: str
  remote_access:
    description: Whether the server is to be reached from the Internet through plex.tv.
    type: bool
  relay:
    description: Whether connections may go through relays of Plex.
    type: bool
  transcoder_temp_dir:
    description: Directory of what is being transcoded, as the server sees it.
    type: str
  settings:
    description:
      - Other preferences by their names, such as V(OnDeckWindow); the server's spelling counts. M(homelab.media.plex_info) tells them all.
      - Where a preference takes one of several values, what it is called does as well.
    type: dict
"""

EXAMPLES = r"""
- name: Claim the server and set it up
  homelab.media.plex_server:
    url: http://127.0.0.1:32400
    token: "{{ example_plex_token }}"
    friendly_name: Living room
    lan_networks: [192.168.1.0/24]
    custom_connections: [https://plex.example.org]
    settings:
      FSEventLibraryUpdatesEnabled: true
      secureConnections: Preferred
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: plex_server, name: plex_server, action: update, fields: [claimed, FriendlyName]}]
plex_server:
  description: The server after the run. C(restart_required) names preferences that were changed and take a restart.
  type: dict
  returned: always
  sample: {claimed: true, machine_identifier: 7920f7db, version: 1.42.2.10156-f737b826c, friendly_name: Living room, restart_required: []}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.plex import PLEX_TV


def main():
    run(FAMILIES["plex"], "plex_server", {
        "plex_tv_url": {"type": "str", "default": PLEX_TV},
        "friendly_name": {"type": "str"},
        "allowed_networks": {"type": "list", "elements": "str"},
        "lan_networks": {"type": "list", "elements": "str"},
        "custom_connections": {"type": "list", "elements": "str"},
        "remote_access": {"type": "bool"},
        "relay": {"type": "bool"},
        "transcoder_temp_dir": {"type": "str"},
        "settings": {"type": "dict"},
    }, credentials={"token": {"type": "str", "no_log": True}}, app="plex")


if __name__ == "__main__":
    main()
