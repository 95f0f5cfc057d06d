#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nzbget_category
short_description: Manage a category of NZBGet
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Creates, changes or removes a category, whatever its number is.
  - NZBGet restarts itself after a change, which takes a few seconds, and goes on with its downloads. When it does not like a value, the former options
    are restored, since it would pause everything.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  username:
    description: Its C(ControlUsername).
    type: str
    required: true
  password:
    description: Its C(ControlPassword).
    type: str
    required: true
  name:
    description: Its name, whatever the case.
    type: str
    required: true
  dest_dir:
    description: Directory for its downloads. Empty for one below C(DestDir).
    type: str
  unpack:
    description: Whether its downloads are unpacked.
    type: bool
  extensions:
    description: Names of the extensions that work on its downloads.
    type: list
    elements: str
  aliases:
    description: Names of categories of indexers that belong to it.
    type: list
    elements: str
  keep:
    description: Whether a category that is there stays as it is.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Series go where Sonarr looks for them
  homelab.media.nzbget_category:
    url: http://127.0.0.1:6789
    username: media
    password: "{{ example_password }}"
    name: tv
    dest_dir: /data/usenet/complete/tv
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: category, name: tv, action: create, fields: [dest_dir, name]}]
category:
  description: The category after the run.
  type: dict
  returned: always
  sample: {name: tv, dest_dir: /data/usenet/complete/tv}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["nzbget"], "category", {
        "name": {"type": "str", "required": True},
        "dest_dir": {"type": "str"},
        "unpack": {"type": "bool"},
        "extensions": {"type": "list", "elements": "str"},
        "aliases": {"type": "list", "elements": "str"},
        "keep": {"type": "bool", "default": False},
    }, credentials={
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }, app="nzbget", removable=True)


if __name__ == "__main__":
    main()
