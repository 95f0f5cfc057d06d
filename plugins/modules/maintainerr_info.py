#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: maintainerr_info
short_description: Read the settings and the rules of Maintainerr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads only. Secrets are hidden.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
"""

EXAMPLES = r"""
- name: Read what rules can look at
  homelab.media.maintainerr_info:
    url: http://127.0.0.1:6246
  register: example
"""

RETURN = r"""
status:
  description: What the app says about itself.
  type: dict
  returned: always
  sample: {version: 3.24.0}
settings:
  description: The settings as the API tells them.
  type: dict
  returned: always
  sample: {plex_hostname: plex, plex_port: 32400}
libraries:
  description: Libraries that it sees; none before it is connected.
  type: list
  elements: dict
  returned: always
  sample: [{id: "1", title: Movies, type: movie}]
servers:
  description: The Radarr and Sonarr that it is linked to.
  type: dict
  returned: always
  sample: {radarr: [{id: 1, name: Radarr, url: "http://radarr:7878"}], sonarr: []}
properties:
  description: What rules can look at, and how each can be compared.
  type: dict
  returned: always
  sample: {plex.viewCount: [bigger, smaller, equals, not_equals, exists, not_exists]}
rules:
  description: Groups of rules, in the words of M(homelab.media.maintainerr_rule).
  type: list
  elements: dict
  returned: always
  sample: [{id: 1, name: Never watched, library: "1", level: movie, action: delete}]
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run_info
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.maintainerr import inspect


def main():
    run_info(FAMILIES["maintainerr"], inspect, credentials={}, app="maintainerr")


if __name__ == "__main__":
    main()
