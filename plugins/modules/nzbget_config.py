#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nzbget_config
short_description: Manage the options of NZBGet
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Sets what is named and leaves everything else.
  - NZBGet restarts itself after a change, which takes a few seconds, and goes on with its downloads. When it does not like a value, the former options
    are restored, since it would pause everything.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  username:
    description: Its C(ControlUsername).
    type: str
    required: true
  password:
    description: Its C(ControlPassword).
    type: str
    required: true
  settings:
    description:
      - Options by their names, such as C(MainDir) and C(KeepHistory), whatever the case. An unknown name is refused with those that come closest.
      - Names that hold a colon are of extensions, and those of feeds and tasks are numbered; they are taken as they are.
      - With a new C(ControlUsername) or C(ControlPassword) the next run has to use that one.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Keep the history for a month
  homelab.media.nzbget_config:
    url: http://127.0.0.1:6789
    username: media
    password: "{{ example_password }}"
    settings:
      KeepHistory: 31
      DirectUnpack: true
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: config, name: config, action: update, fields: [KeepHistory]}]
config:
  description: The options that were named, after the run, without secrets.
  type: dict
  returned: always
  sample: {KeepHistory: "31"}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["nzbget"], "config", {"settings": {"type": "dict", "required": True}}, credentials={
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }, app="nzbget")


if __name__ == "__main__":
    main()
