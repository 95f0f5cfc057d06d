#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: overseerr_tautulli
short_description: Manage the connection of Seerr or Overseerr to Tautulli
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For Seerr 3 and Overseerr 1.34; which of them it is, the server says.
  - The app tries the connection. One that does not come about is an error, and the one before is put back, since the app would keep the new one.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  api_key:
    description: Its API key.
    type: str
    required: true
  hostname:
    description: Host name or address of Tautulli, as the app reaches it. Needed for a new connection.
    type: str
  port:
    description: Port. V(8181) for a new connection when omitted.
    type: int
  use_ssl:
    description: Whether it is reached by HTTPS.
    type: bool
  base_url:
    description: Its URL base.
    type: str
  tautulli_api_key:
    description: Tautulli's API key. Needed for a new connection.
    type: str
  external_url:
    description: Address for people's links.
    type: str
"""

EXAMPLES = r"""
- name: Show what was watched
  homelab.media.overseerr_tautulli:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    hostname: tautulli
    port: 8181
    tautulli_api_key: "{{ example_tautulli_api_key }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: overseerr_tautulli, name: overseerr_tautulli, action: create, fields: [hostname]}]
overseerr_tautulli:
  description: The connection after the run, without secrets.
  type: dict
  returned: always
  sample: {hostname: tautulli, port: 8181, useSsl: false}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["seerr"], "overseerr_tautulli", {
        "hostname": {"type": "str"},
        "port": {"type": "int"},
        "use_ssl": {"type": "bool"},
        "base_url": {"type": "str"},
        "tautulli_api_key": {"type": "str", "no_log": True},
        "external_url": {"type": "str"},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, removable=True)


if __name__ == "__main__":
    main()
