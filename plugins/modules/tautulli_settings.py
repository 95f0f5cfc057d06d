#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: tautulli_settings
short_description: Manage the settings of Tautulli
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Sets what is named and leaves everything else. Only what differs is sent.
  - The API of Tautulli changes no settings, so this goes through the form of its first-run wizard, which also counts as done afterwards.
  - Saving takes up to 20 seconds on a Tautulli that is connected to Plex, since it restarts its web server.
  - Variables C(TAUTULLI_*) in its environment win over what is saved; setting something else here is then an error.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key, of exactly 32 characters.
    type: str
    required: true
  username:
    description: User name of the web page's login. Needed to change something where there is a login.
    type: str
  password:
    description: Its password.
    type: str
  plex:
    description:
      - The connection to Plex. After a change it has to come about within 20 seconds.
      - Tautulli does not tell the token, so one that is new to the ledger is pushed once.
    type: dict
    suboptions:
      host:
        description: Host name or address, as Tautulli reaches it.
        type: str
      port:
        description: Port.
        type: int
      ssl:
        description: Whether it is reached by HTTPS.
        type: bool
      token:
        description: A token of the server's owner.
        type: str
      identifier:
        description: Machine identifier of the server. Tautulli is let ask for it when omitted.
        type: str
      remote:
        description: Whether the server is in another network.
        type: bool
  login:
    description: The login of the web page.
    type: dict
    suboptions:
      username:
        description: User name.
        type: str
      password:
        description: Password. It is compared with the hash that Tautulli keeps.
        type: str
  settings:
    description: Any other settings, by key as they are in C(config.ini), whatever their section is. Lists are replaced.
    type: dict
"""

EXAMPLES = r"""
- name: Connect Tautulli to Plex
  homelab.media.tautulli_settings:
    url: http://127.0.0.1:8181
    api_key: "{{ example_api_key }}"
    plex:
      host: plex
      port: 32400
      token: "{{ example_token }}"
    settings:
      check_github: false
      movie_watched_percent: 90
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: settings, name: settings, action: update, fields: [pms_ip]}]
settings:
  description: The settings that were named, after the run, without secrets.
  type: dict
  returned: always
  sample: {pms_ip: plex, pms_port: 32400}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["tautulli"], "settings", {
        "plex": {"type": "dict", "options": {
            "host": {"type": "str"},
            "port": {"type": "int"},
            "ssl": {"type": "bool"},
            "token": {"type": "str", "no_log": True},
            "identifier": {"type": "str"},
            "remote": {"type": "bool"},
        }},
        "login": {"type": "dict", "options": {
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
        }},
        "settings": {"type": "dict"},
    }, credentials={
        "api_key": {"type": "str", "required": True, "no_log": True},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
    }, app="tautulli")


if __name__ == "__main__":
    main()
