#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_metadata
short_description: Manage a metadata consumer of Sonarr, Radarr or Lidarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - The app has one for each program, such as V(Kodi (XBMC\) / Emby). They can be changed, not made or removed.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
options:
  name:
    description: Its name as the app shows it.
    type: str
    required: true
  enable:
    description: Whether metadata files are written.
    type: bool
  tags:
    description: Labels of its tags. Missing tags are made. All tags are replaced; when omitted they are kept.
    type: list
    elements: str
  fields:
    description: Its settings by the names that the app's own schema uses. Fields that are not named keep their value.
    type: dict
"""

EXAMPLES = r"""
- name: Write metadata for Kodi
  homelab.media.arr_metadata:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    name: Kodi (XBMC) / Emby
    enable: true
    fields:
      seriesImages: false
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: metadata, name: Kodi, action: update, fields: [enable]}]
metadata:
  description: The object after the run, as the API tells it, without secrets.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import run


def main():
    run("metadata", {
        "name": {"type": "str", "required": True},
        "enable": {"type": "bool"},
        "tags": {"type": "list", "elements": "str"},
        "fields": {"type": "dict"},
    })


if __name__ == "__main__":
    main()
