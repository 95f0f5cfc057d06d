#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: maintainerr_server
short_description: Link Maintainerr to Radarr, Sonarr, Seerr, Overseerr or Tautulli
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Radarr and Sonarr are told apart by O(name), and there may be several. One with another name at the same URL is renamed.
  - Of the others there is one. Seerr, Overseerr and Jellyseerr share their place since 3.0.
  - Maintainerr has to get through to the app before the link is stored.
  - One that a rule uses is not removed; Maintainerr says so.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  kind:
    description: Which app.
    type: str
    required: true
    choices: [radarr, sonarr, seerr, overseerr, jellyseerr, tautulli]
  name:
    description: Name of a Radarr or Sonarr, by default that of the app. Of no matter for the others.
    type: str
  server_url:
    description: URL of the app as Maintainerr reaches it, with its URL base. Needed unless O(state=absent).
    type: str
  server_api_key:
    description: Key of the app. Needed unless O(state=absent).
    type: str
  check_url:
    description: URL by which this host reaches a Seerr. With it, a new link to one in which nobody has signed in, and which takes no key, is left for later.
    type: str
"""

EXAMPLES = r"""
- name: Link Maintainerr to a second Radarr
  homelab.media.maintainerr_server:
    url: http://127.0.0.1:6246
    kind: radarr
    name: Radarr 4K
    server_url: http://radarr4k:7878
    server_api_key: "{{ example_radarr_api_key }}"

- name: Link Maintainerr to Seerr
  homelab.media.maintainerr_server:
    url: http://127.0.0.1:6246
    kind: seerr
    server_url: http://seerr:5055
    server_api_key: "{{ example_seerr_api_key }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: maintainerr_server, name: Radarr 4K, action: create, fields: [apiKey, serverName, url]}]
maintainerr_server:
  description: The link after the run, as the API tells it, without its key.
  type: dict
  returned: always
  sample: {id: 2, serverName: Radarr 4K, url: "http://radarr4k:7878"}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["maintainerr"], "maintainerr_server", {
        "kind": {"type": "str", "required": True, "choices": ["radarr", "sonarr", "seerr", "overseerr", "jellyseerr", "tautulli"]},
        "name": {"type": "str"},
        "server_url": {"type": "str"},
        "server_api_key": {"type": "str", "no_log": True},
        "check_url": {"type": "str"},
    }, credentials={}, app="maintainerr", removable=True, required_if=[("state", "present", ("server_url", "server_api_key"))])


if __name__ == "__main__":
    main()
