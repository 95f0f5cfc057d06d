#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: sabnzbd_category
short_description: Manage a category of SABnzbd
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Creates, changes or removes a category.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  api_key:
    description: Its API key, not the one that may only add downloads.
    type: str
    required: true
  name:
    description: Its name. SABnzbd keeps names in lower case. V(*) is the default category, which cannot be removed.
    type: str
    required: true
  dir:
    description: Directory for its downloads, relative to the directory of complete downloads. With V(*) at the end jobs get no directory of their own.
    type: str
  pp:
    description: Processing of its jobs, V(0) none, V(1) repair, V(2) and unpack, V(3) and delete; V(default) as in the default category.
    type: str
    choices: [default, '0', '1', '2', '3']
  script:
    description: Name of the script that is run, V(None), or V(Default) as in the default category.
    type: str
  priority:
    description: Priority of its jobs, V(-100) as in the default category, V(-2) paused, V(-1) low, V(0) normal, V(1) high, V(2) force.
    type: int
    choices: [-100, -2, -1, 0, 1, 2]
  order:
    description: Its place in the list.
    type: int
  keep:
    description: Whether a category that is there stays as it is.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Series have a directory of their own
  homelab.media.sabnzbd_category:
    url: http://127.0.0.1:8080
    api_key: "{{ example_api_key }}"
    name: tv
    dir: tv
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: category, name: tv, action: create, fields: [dir, name]}]
category:
  description: The category after the run.
  type: dict
  returned: always
  sample: {name: tv, dir: tv, priority: -100}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["sabnzbd"], "category", {
        "name": {"type": "str", "required": True},
        "dir": {"type": "str"},
        "pp": {"type": "str", "choices": ["default", "0", "1", "2", "3"]},
        "script": {"type": "str"},
        "priority": {"type": "int", "choices": [-100, -2, -1, 0, 1, 2]},
        "order": {"type": "int"},
        "keep": {"type": "bool", "default": False},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app="sabnzbd", removable=True)


if __name__ == "__main__":
    main()
