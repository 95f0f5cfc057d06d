#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: maintainerr_plex
short_description: Connect Maintainerr to Plex
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Stores the kind of media server, the token and the address, in the only order in which Maintainerr takes them.
  - Maintainerr goes on with its old connection when the settings change; so it is made to drop it first.
  - In the end the libraries have to be seen, since a test of the connection alone is passed with a wrong token too.
  - What does not work is taken back, and the connection from before is made again. From 3.0 on a token cannot be, because Maintainerr does not tell it;
    then the message says that the new one is stored.
  - Maintainerr 2 and 3 are supported. Maintainerr has no login and no key; keep it on the loopback, or behind something that asks for a login.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  plex_url:
    description: URL of Plex as Maintainerr reaches it, such as V(http://plex:32400).
    type: str
    required: true
  plex_token:
    description: Token of the Plex account that owns the server. When it is another one than before, it is stored.
    type: str
    required: true
  name:
    description: What Maintainerr calls the server. A new connection is called V(Plex).
    type: str
  manual_mode:
    description: Whether the address stays as it is. Without that, Maintainerr takes another one from plex.tv when it does not answer. Since 3.6.
    type: bool
    default: true
  replace:
    description: Whether a Maintainerr that is connected to Jellyfin or Emby is switched, which removes its collections and exclusions.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Connect Maintainerr to Plex
  homelab.media.maintainerr_plex:
    url: http://127.0.0.1:6246
    plex_url: http://plex:32400
    plex_token: "{{ example_plex_token }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: maintainerr_plex, name: Plex, action: update, fields: [host]}]
maintainerr_plex:
  description: The connection after the run, without the token.
  type: dict
  returned: always
  sample: {host: plex, port: 32400, ssl: false, name: Plex, manual_mode: true, type: plex}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["maintainerr"], "maintainerr_plex", {
        "plex_url": {"type": "str", "required": True},
        "plex_token": {"type": "str", "required": True, "no_log": True},
        "name": {"type": "str"},
        "manual_mode": {"type": "bool", "default": True},
        "replace": {"type": "bool", "default": False},
    }, credentials={}, app="maintainerr")


if __name__ == "__main__":
    main()
