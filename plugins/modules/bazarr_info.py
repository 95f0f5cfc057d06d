#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: bazarr_info
short_description: Read the status and the settings of Bazarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads only. Secrets are hidden.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Read the versions of Sonarr and Radarr that Bazarr is linked to
  homelab.media.bazarr_info:
    url: http://127.0.0.1:6767
    api_key: "{{ example_api_key }}"
  register: example
"""

RETURN = r"""
status:
  description: What the app says about itself. An empty version of Sonarr or Radarr means that it is not used, V(unknown) that it is not reached.
  type: dict
  returned: always
  sample: {bazarr_version: 1.6.0, sonarr_version: 4.0.19.2979, radarr_version: ""}
settings:
  description: The settings, by section.
  type: dict
  returned: always
  sample: {general: {use_sonarr: true}}
languages:
  description: Codes of the languages that are enabled.
  type: list
  elements: str
  returned: always
  sample: [en]
languages_profiles:
  description: The languages profiles.
  type: list
  elements: dict
  returned: always
  sample: [{id: 1, name: Home}]
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run_info
from ansible_collections.homelab.media.plugins.module_utils.bazarr import inspect
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run_info(FAMILIES["bazarr"], inspect, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app="bazarr")


if __name__ == "__main__":
    main()
