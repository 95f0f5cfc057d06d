#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_indexer_proxy
short_description: Manage an indexer proxy of Prowlarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - A proxy is used for the indexers that share a tag with it, and not at all without tags.
  - Prowlarr tests a proxy that has tags when it saves it, FlareSolverr over the internet; with O(force_save) it is saved anyway.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
  - homelab.media.provider
"""

EXAMPLES = r"""
- name: Add FlareSolverr
  homelab.media.arr_indexer_proxy:
    url: http://127.0.0.1:9696
    api_key: "{{ example_api_key }}"
    name: FlareSolverr
    implementation: FlareSolverr
    tags: [flaresolverr]
    fields:
      host: http://flaresolverr:8191/
    force_save: true
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: indexer_proxy, name: FlareSolverr, action: update, fields: [priority]}]
indexer_proxy:
  description: The object after the run, as the API tells it, without secrets and with fields as a mapping.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import provider_spec, run


def main():
    run("indexer_proxy", dict(provider_spec(), **{
    }))


if __name__ == "__main__":
    main()
