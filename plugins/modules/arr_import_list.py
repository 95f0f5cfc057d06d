#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_import_list
short_description: Manage an import list of Sonarr, Radarr or Lidarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Lists whose source needs a login in the browser can be described, and get their login in the app.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
  - homelab.media.provider
options:
  enable_automatic_add:
    description: Whether what is on the list is added (Sonarr and Lidarr).
    type: bool
  enabled:
    description: Whether the list is used (Radarr).
    type: bool
  enable_auto:
    description: Whether what is on the list is added (Radarr).
    type: bool
  root_folder_path:
    description: A root folder of the app for what is added.
    type: str
  quality_profile:
    description: Name of the quality profile of what is added.
    type: str
  metadata_profile:
    description: Name of the metadata profile of what is added (Lidarr).
    type: str
  settings:
    description:
      - Settings that only some of the apps have, by the names that the API uses, in snake case or as they are.
      - Names are checked against what the app knows.
    type: dict
"""

EXAMPLES = r"""
- name: Import the series of another Sonarr
  homelab.media.arr_import_list:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    name: Other Sonarr
    implementation: SonarrImport
    enable_automatic_add: false
    root_folder_path: "{{ example_root_folder }}"
    quality_profile: HD-1080p
    settings:
      should_monitor: all
    fields:
      baseUrl: http://other:8989
      apiKey: "{{ example_password }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: import_list, name: Other Sonarr, action: update, fields: [enabled]}]
import_list:
  description: The object after the run, as the API tells it, without secrets and with fields as a mapping.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import provider_spec, run


def main():
    run("import_list", dict(provider_spec(), **{
        "enable_automatic_add": {"type": "bool"},
        "enabled": {"type": "bool"},
        "enable_auto": {"type": "bool"},
        "root_folder_path": {"type": "str"},
        "quality_profile": {"type": "str"},
        "metadata_profile": {"type": "str"},
        "settings": {"type": "dict"},
    }))


if __name__ == "__main__":
    main()
