#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_application
short_description: Manage an application of Prowlarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Tells Prowlarr to push its indexers into Sonarr, Radarr or Lidarr.
  - Prowlarr asks the app back when it saves, so both addresses have to work.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
  - homelab.media.provider
options:
  sync_level:
    description: How far Prowlarr keeps the app's indexers. A new application has V(fullSync).
    type: str
    choices: [disabled, addOnly, fullSync]
"""

EXAMPLES = r"""
- name: Push indexers into Sonarr
  homelab.media.arr_application:
    url: http://127.0.0.1:9696
    api_key: "{{ example_api_key }}"
    name: Sonarr
    implementation: Sonarr
    fields:
      prowlarrUrl: http://prowlarr:9696
      baseUrl: http://sonarr:8989
      apiKey: "{{ example_sonarr_api_key }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: application, name: Sonarr, action: update, fields: [priority]}]
application:
  description: The object after the run, as the API tells it, without secrets and with fields as a mapping.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import provider_spec, run


def main():
    run("application", dict(provider_spec(), **{
        "sync_level": {"type": "str", "choices": ["disabled", "addOnly", "fullSync"]},
    }))


if __name__ == "__main__":
    main()
