#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_root_folder
short_description: Manage a root folder of Sonarr, Radarr or Lidarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - The directory has to be there, as the app sees it.
  - Sonarr and Radarr know the path only; the other options are Lidarr's.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
options:
  path:
    description: The directory as the app sees it; a slash at the end does not matter.
    type: str
    required: true
  name:
    description: Its name (Lidarr; needed for a new one).
    type: str
  default_quality_profile:
    description: Name of the quality profile of new artists (Lidarr; needed for a new one).
    type: str
  default_metadata_profile:
    description: Name of the metadata profile of new artists (Lidarr; needed for a new one).
    type: str
  default_monitor_option:
    description: What is monitored of new artists (Lidarr).
    type: str
    choices: [all, future, missing, existing, latest, first, none, unknown]
  default_new_item_monitor_option:
    description: Which new albums are monitored (Lidarr).
    type: str
    choices: [all, none, new]
  default_tags:
    description: Labels of the tags of new artists (Lidarr). Missing tags are made.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Add the library to Sonarr
  homelab.media.arr_root_folder:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    path: /data/tv
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: root_folder, name: /data/tv, action: update, fields: [priority]}]
root_folder:
  description: The object after the run, as the API tells it, without secrets and with fields as a mapping.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import run


def main():
    run("root_folder", {
        "path": {"type": "str", "required": True},
        "name": {"type": "str"},
        "default_quality_profile": {"type": "str"},
        "default_metadata_profile": {"type": "str"},
        "default_monitor_option": {"type": "str", "choices": ["all", "future", "missing", "existing", "latest", "first", "none", "unknown"]},
        "default_new_item_monitor_option": {"type": "str", "choices": ["all", "none", "new"]},
        "default_tags": {"type": "list", "elements": "str"},
    })


if __name__ == "__main__":
    main()
