#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_tag
short_description: Manage a tag of Sonarr, Radarr, Lidarr or Prowlarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Labels are lower case in these apps.
  - A tag that is in use is not removed; the app says so.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
options:
  label:
    description: The label. Radarr and Prowlarr take letters, digits and hyphens only.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Make a tag
  homelab.media.arr_tag:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    label: kids
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: tag, name: kids, action: update, fields: [priority]}]
tag:
  description: The object after the run, as the API tells it, without secrets and with fields as a mapping.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import run


def main():
    run("tag", {
        "label": {"type": "str", "required": True},
    })


if __name__ == "__main__":
    main()
