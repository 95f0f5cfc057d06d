#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: suggestarr_setup
short_description: Make the first user of SuggestArr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For SuggestArr 2.10. While it has no user, everything in it is open to everybody who reaches it, and the first user that is made is its administrator.
  - An app that has a user stays as it is, whoever made it; its name and password are not compared.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  username:
    description: Name of the administrator.
    type: str
    required: true
  password:
    description: Password of the administrator, of at least eight characters.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Make the administrator
  homelab.media.suggestarr_setup:
    url: http://127.0.0.1:5000
    username: me
    password: "{{ example_password }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: suggestarr_setup, name: suggestarr_setup, action: create, fields: [password, username]}]
suggestarr_setup:
  description: Whether there is a user after the run.
  type: dict
  returned: always
  sample: {auth_setup_complete: true}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["suggestarr"], "suggestarr_setup", {
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }, credentials={}, app="suggestarr")


if __name__ == "__main__":
    main()
