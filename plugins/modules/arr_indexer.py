#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_indexer
short_description: Manage an indexer of Prowlarr, Sonarr, Radarr or Lidarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - In Prowlarr O(implementation) may be the name of a definition, such as V(1337x); in the other apps it is the kind, such as V(Newznab) or V(Torznab).
  - Indexers that Prowlarr pushed into an app carry V((Prowlarr\)) in their name and are Prowlarr's; manage them there.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
  - homelab.media.provider
options:
  enable:
    description: Whether it is used (Prowlarr). A new one is.
    type: bool
  enable_rss:
    description: Whether new releases are fetched (not in Prowlarr). A new one does.
    type: bool
  enable_automatic_search:
    description: Whether it is searched automatically (not in Prowlarr). A new one is.
    type: bool
  enable_interactive_search:
    description: Whether it is searched by hand (not in Prowlarr). A new one is.
    type: bool
  priority:
    description: From V(1), the first to be asked, to V(50).
    type: int
  app_profile:
    description: Name of the sync profile (Prowlarr). A new one has the first.
    type: str
  download_client:
    description: Name of the download client of its releases; an empty name for any.
    type: str
  settings:
    description:
      - Settings that only some of the apps have, by the names that the API uses, in snake case or as they are.
      - Names are checked against what the app knows.
    type: dict
"""

EXAMPLES = r"""
- name: Add a Newznab indexer to Sonarr
  homelab.media.arr_indexer:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    name: My indexer
    implementation: Newznab
    enable_rss: false
    enable_automatic_search: false
    enable_interactive_search: false
    fields:
      baseUrl: https://indexer.example
      apiKey: "{{ example_password }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: indexer, name: My indexer, action: update, fields: [priority]}]
indexer:
  description: The object after the run, as the API tells it, without secrets and with fields as a mapping.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import provider_spec, run


def main():
    run("indexer", dict(provider_spec(), **{
        "enable": {"type": "bool"},
        "enable_rss": {"type": "bool"},
        "enable_automatic_search": {"type": "bool"},
        "enable_interactive_search": {"type": "bool"},
        "priority": {"type": "int"},
        "app_profile": {"type": "str"},
        "download_client": {"type": "str"},
        "settings": {"type": "dict"},
    }))


if __name__ == "__main__":
    main()
