#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_custom_format
short_description: Manage a custom format of Sonarr, Radarr or Lidarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Upper and lower case make different names here.
  - The app adds a new one with a score of 0 to every quality profile; M(homelab.media.arr_quality_profile) sets scores.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
options:
  name:
    description: Its name.
    type: str
    required: true
  include_custom_format_when_renaming:
    description: Whether its name is part of file names that ask for it.
    type: bool
  specifications:
    description:
      - All its conditions, each with C(name), C(implementation), C(negate), C(required) and C(fields), a mapping.
      - When omitted they are kept.
    type: list
    elements: dict
  definition:
    description: A custom format as the JSON files of the TRaSH guides have it. What is not a setting of the app is ignored.
    type: dict
"""

EXAMPLES = r"""
- name: Recognise x265
  homelab.media.arr_custom_format:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    name: x265
    specifications:
      - name: x265
        implementation: ReleaseTitleSpecification
        negate: false
        required: true
        fields:
          value: "[xh][ ._-]?265"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: custom_format, name: x265, action: update, fields: [specifications]}]
custom_format:
  description: The object after the run, as the API tells it, without secrets.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import run


def main():
    run("custom_format", {
        "name": {"type": "str", "required": True},
        "include_custom_format_when_renaming": {"type": "bool"},
        "specifications": {"type": "list", "elements": "dict"},
        "definition": {"type": "dict"},
    })


if __name__ == "__main__":
    main()
