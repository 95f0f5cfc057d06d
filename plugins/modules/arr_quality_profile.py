#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_quality_profile
short_description: Manage a quality profile of Sonarr, Radarr or Lidarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - What is in use cannot be removed; the app says so.
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
  upgrade_allowed:
    description: Whether what is there is replaced by something better, up to O(cutoff).
    type: bool
  qualities:
    description:
      - The allowed qualities by name, best first. A group is a mapping with C(name) and C(qualities); a group that is there already may be given by its name.
      - All others are not allowed. Needed for a new one; when omitted they are kept.
    type: list
    elements: raw
  cutoff:
    description: Name of the quality or group at which upgrades stop. A new profile has its best.
    type: str
  formats:
    description: Scores by the names of custom formats. Others keep their score.
    type: dict
  min_format_score:
    description: The lowest score that is downloaded.
    type: int
  cutoff_format_score:
    description: The score at which upgrades stop.
    type: int
  min_upgrade_format_score:
    description: By how much a score has to be better (Sonarr and Radarr).
    type: int
  language:
    description: Name of the language (Radarr).
    type: str
"""

EXAMPLES = r"""
- name: Full HD, and nothing below
  homelab.media.arr_quality_profile:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    name: Full HD
    upgrade_allowed: true
    cutoff: WEB 1080p
    qualities:
      - Bluray-1080p
      - name: WEB 1080p
        qualities: [WEBDL-1080p, WEBRip-1080p]
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: quality_profile, name: Full HD, action: update, fields: [cutoff]}]
quality_profile:
  description: The object after the run, as the API tells it, without secrets.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import run


def main():
    run("quality_profile", {
        "name": {"type": "str", "required": True},
        "upgrade_allowed": {"type": "bool"},
        "qualities": {"type": "list", "elements": "raw"},
        "cutoff": {"type": "str"},
        "formats": {"type": "dict"},
        "min_format_score": {"type": "int"},
        "cutoff_format_score": {"type": "int"},
        "min_upgrade_format_score": {"type": "int"},
        "language": {"type": "str"},
    })


if __name__ == "__main__":
    main()
