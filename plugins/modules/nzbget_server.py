#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nzbget_server
short_description: Manage a news server of NZBGet
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Creates, changes or removes a news server, whatever its number is. What is not named keeps its value. A new one is enabled, and reached by TLS on
    port 563, or 119 without it, with 8 connections, where nothing else is said; the rest is NZBGet's own.
  - The example of a fresh configuration makes place for the first one. A server that has no name is known by its host, and given the name.
  - NZBGet restarts itself after a change, which takes a few seconds, and goes on with its downloads. When it does not like a value, the former options
    are restored, since it would pause everything.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  username:
    description: Its C(ControlUsername).
    type: str
    required: true
  password:
    description: Its C(ControlPassword).
    type: str
    required: true
  name:
    description: Its name. A server without a name is known by its host.
    type: str
    required: true
  enabled:
    description: Whether it is used. A new one is.
    type: bool
  host:
    description: Host name of the server. Needed for a new one.
    type: str
  port:
    description: Port.
    type: int
  encryption:
    description: Whether it is reached by TLS.
    type: bool
  cert_verification:
    description: How certificates are checked; NZBGet 24 and later.
    type: str
    choices: [None, Minimal, Strict]
  server_username:
    description: User name at the server.
    type: str
  server_password:
    description: Password at the server.
    type: str
  connections:
    description: How many connections it may be used with.
    type: int
  level:
    description: Its priority, V(0) first; the next ones are asked for what it does not have.
    type: int
  group:
    description: Servers of one group have the same articles; V(0) for none.
    type: int
  optional:
    description: Whether downloads go on without it when it fails.
    type: bool
  join_group:
    description: Whether it has to be told the group of an article.
    type: bool
  cipher:
    description: Cipher of TLS, empty for any.
    type: str
  retention:
    description: Days that it keeps articles, V(0) for unknown.
    type: int
  ip_version:
    description: V(auto), V(ipv4) or V(ipv6).
    type: str
    choices: [auto, ipv4, ipv6]
  notes:
    description: Notes.
    type: str
"""

EXAMPLES = r"""
- name: Download from a provider
  homelab.media.nzbget_server:
    url: http://127.0.0.1:6789
    username: media
    password: "{{ example_password }}"
    name: provider
    host: news.example.com
    port: 563
    encryption: true
    server_username: me
    server_password: "{{ example_server_password }}"
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
  sample: {name: provider, host: news.example.com, port: "563"}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["nzbget"], "server", {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool"},
        "host": {"type": "str"},
        "port": {"type": "int"},
        "encryption": {"type": "bool"},
        "cert_verification": {"type": "str", "choices": ["None", "Minimal", "Strict"]},
        "server_username": {"type": "str"},
        "server_password": {"type": "str", "no_log": True},
        "connections": {"type": "int"},
        "level": {"type": "int"},
        "group": {"type": "int"},
        "optional": {"type": "bool"},
        "join_group": {"type": "bool"},
        "cipher": {"type": "str"},
        "retention": {"type": "int"},
        "ip_version": {"type": "str", "choices": ["auto", "ipv4", "ipv6"]},
        "notes": {"type": "str"},
    }, credentials={
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }, app="nzbget", removable=True)


if __name__ == "__main__":
    main()
