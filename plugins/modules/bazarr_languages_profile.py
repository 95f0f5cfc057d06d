#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: bazarr_languages_profile
short_description: Manage a languages profile of Bazarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Says which subtitles series and movies with this profile get.
  - Languages that a profile uses and that are not enabled yet are enabled.
  - The profile that new series or movies get cannot be removed; give them another one with M(homelab.media.bazarr_settings) first.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  api_key:
    description: Its API key.
    type: str
    required: true
  name:
    description: Its name, by which it is found again; upper and lower case do not matter.
    type: str
    required: true
  languages:
    description: Its languages, in order. Needed for a new one.
    type: list
    elements: dict
    suboptions:
      language:
        description: Code of two letters.
        type: str
        required: true
      forced:
        description: Only subtitles of foreign parts.
        type: bool
        default: false
      hi:
        description: For people who hear little.
        type: bool
        default: false
      audio_exclude:
        description: Not for what is spoken in this language.
        type: bool
        default: false
  cutoff:
    description: The language at which the search ends, such as V(en), V(en:hi) or V(en:forced); V(any), or empty for none.
    type: str
  must_contain:
    description: What the name of a release has to contain, as regular expressions.
    type: list
    elements: str
  must_not_contain:
    description: What it must not contain.
    type: list
    elements: str
  original_format:
    description: Keep the format of subtitles instead of making them SRT.
    type: bool
  tag:
    description: Tag in Sonarr or Radarr that gives a series or movie this profile.
    type: str
"""

EXAMPLES = r"""
- name: English subtitles, and German ones of foreign parts
  homelab.media.bazarr_languages_profile:
    url: http://127.0.0.1:6767
    api_key: "{{ example_api_key }}"
    name: Home
    languages:
      - language: en
      - language: de
        forced: true
    cutoff: en
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: languages_profile, name: Home, action: create, fields: [name, languages]}]
languages_profile:
  description: The profile after the run.
  type: dict
  returned: always
  sample: {id: 1, name: Home}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["bazarr"], "languages_profile", {
        "name": {"type": "str", "required": True},
        "languages": {"type": "list", "elements": "dict", "options": {
            "language": {"type": "str", "required": True},
            "forced": {"type": "bool", "default": False},
            "hi": {"type": "bool", "default": False},
            "audio_exclude": {"type": "bool", "default": False},
        }},
        "cutoff": {"type": "str"},
        "must_contain": {"type": "list", "elements": "str"},
        "must_not_contain": {"type": "list", "elements": "str"},
        "original_format": {"type": "bool"},
        "tag": {"type": "str"},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app="bazarr", removable=True)


if __name__ == "__main__":
    main()
