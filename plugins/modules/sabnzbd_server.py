#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: sabnzbd_server
short_description: Manage a news server of SABnzbd
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Creates, changes or removes a news server. What is not named keeps its value. A new one is enabled, and reached by TLS on port 563, or 119 without it,
    with 8 connections, where nothing else is said; the rest is SABnzbd's own.
  - A server that has no name in SABnzbd is known by its host, and given the name.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  api_key:
    description: Its API key, not the one that may only add downloads.
    type: str
    required: true
  name:
    description: Its name in SABnzbd, or the one that is shown.
    type: str
    required: true
  host:
    description: Host name of the server. Needed for a new one.
    type: str
  port:
    description: Port.
    type: int
  ssl:
    description: Whether it is reached by TLS.
    type: bool
  ssl_verify:
    description: How certificates are checked, V(0) not at all, V(1) minimal, V(2) medium, V(3) strict.
    type: int
    choices: [0, 1, 2, 3]
  username:
    description: User name.
    type: str
  password:
    description: Password. It cannot be read back; the ledger tells whether it is new.
    type: str
  connections:
    description: How many connections it may be used with.
    type: int
  enabled:
    description: Whether it is used.
    type: bool
  priority:
    description: Its priority, V(0) first, up to V(99).
    type: int
  retention:
    description: Days that it keeps articles, V(0) for unknown.
    type: int
  optional:
    description: Whether jobs go on without it when it fails.
    type: bool
  required:
    description: Whether jobs wait for it when it fails.
    type: bool
  quota:
    description: How much may be downloaded from it, such as V(500G).
    type: str
  expire_date:
    description: Day on which the account ends, such as V(2027-01-31).
    type: str
  notes:
    description: Notes.
    type: str
"""

EXAMPLES = r"""
- name: Download from a provider
  homelab.media.sabnzbd_server:
    url: http://127.0.0.1:8080
    api_key: "{{ example_api_key }}"
    name: provider
    host: news.example.com
    port: 563
    ssl: true
    username: me
    password: "{{ example_password }}"
    connections: 20
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: server, name: provider, action: create, fields: [host, port]}]
server:
  description: The server after the run, without its password.
  type: dict
  returned: always
  sample: {name: provider, host: news.example.com, port: 563}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["sabnzbd"], "server", {
        "name": {"type": "str", "required": True},
        "host": {"type": "str"},
        "port": {"type": "int"},
        "ssl": {"type": "bool"},
        "ssl_verify": {"type": "int", "choices": [0, 1, 2, 3]},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "connections": {"type": "int"},
        "enabled": {"type": "bool"},
        "priority": {"type": "int"},
        "retention": {"type": "int"},
        "optional": {"type": "bool"},
        "required": {"type": "bool"},
        "quota": {"type": "str"},
        "expire_date": {"type": "str"},
        "notes": {"type": "str"},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app="sabnzbd", removable=True)


if __name__ == "__main__":
    main()
