#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: overseerr_plex
short_description: Manage the connection of Seerr or Overseerr to Plex
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For Seerr 3 and Overseerr 1.34; which of them it is, the server says.
  - The app asks Plex with the token of its administrator, see M(homelab.media.overseerr_setup).
  - A connection that does not come about is an error, and the one before is put back, since the app would keep the new one.
  - The list of libraries is only synced when Plex answers, since the app would empty it otherwise.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key.
    type: str
    required: true
  hostname:
    description: Host name or address of the Plex server, as the app reaches it. Needed for a new connection.
    type: str
  port:
    description: Port. V(32400) for a new connection when omitted.
    type: int
  use_ssl:
    description: Whether it is reached by HTTPS.
    type: bool
  web_app_url:
    description: Address of the Plex web page for people's links.
    type: str
  libraries:
    description: Names of the libraries that count; no others do. Those of movies and series are possible.
    type: list
    elements: str
  all_libraries:
    description: Whether all libraries count that the app knows. It asks Plex for new ones when it does not know all O(libraries), and for a O(sync).
    type: bool
    default: false
  sync:
    description: Whether the app is to ask Plex for its libraries also when it knows all that are named.
    type: bool
    default: false
  check_url:
    description:
      - URL by which this host reaches Plex. With it, what the app knows of O(libraries), with O(all_libraries) of all, is compared to what Plex has,
        by name and id.
      - The app asks Plex again when a library was deleted and made anew, since its scans end at one that Plex no longer has. Only names count when omitted.
    type: str
  plex_token:
    description: Token of the account that owns the Plex server, for O(check_url). It is sent to Plex only.
    type: str
"""

EXAMPLES = r"""
- name: Connect Plex, and let two libraries count
  homelab.media.overseerr_plex:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    hostname: plex
    port: 32400
    libraries: [Movies, Series]

- name: The same, and notice a library that was deleted and made anew
  homelab.media.overseerr_plex:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    hostname: plex
    port: 32400
    libraries: [Movies, Series]
    check_url: http://127.0.0.1:32400
    plex_token: "{{ example_plex_token }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: overseerr_plex, name: overseerr_plex, action: update, fields: [ip, libraries]}]
overseerr_plex:
  description: The connection and the libraries after the run.
  type: dict
  returned: always
  sample: {name: Home, ip: plex, port: 32400, libraries: [{id: "1", name: Movies, enabled: true}]}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["seerr"], "overseerr_plex", {
        "hostname": {"type": "str"},
        "port": {"type": "int"},
        "use_ssl": {"type": "bool"},
        "web_app_url": {"type": "str"},
        "libraries": {"type": "list", "elements": "str"},
        "all_libraries": {"type": "bool", "default": False},
        "sync": {"type": "bool", "default": False},
        "check_url": {"type": "str"},
        "plex_token": {"type": "str", "no_log": True},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}})


if __name__ == "__main__":
    main()
