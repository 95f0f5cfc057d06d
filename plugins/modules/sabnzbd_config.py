#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: sabnzbd_config
short_description: Manage the configuration of SABnzbd
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Sets what is named and leaves everything else. Only what differs is sent, and what SABnzbd keeps otherwise is told.
  - The API key is kept. A new port, address or URL base of SABnzbd itself is saved, and holds after a restart.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key, not the one that may only add downloads.
    type: str
    required: true
  settings:
    description:
      - Keywords by section, as they are in C(sabnzbd.ini), such as C(download_dir) and C(complete_dir) of C(misc). Lists are replaced.
      - Passwords cannot be read back; the ledger tells whether one is new.
    type: dict
  host_whitelist:
    description: Host names that SABnzbd may be called by. Those that it has stay.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Keep downloads in the media tree, and let other containers call it by name
  homelab.media.sabnzbd_config:
    url: http://127.0.0.1:8080
    api_key: "{{ example_api_key }}"
    settings:
      misc:
        complete_dir: /data/usenet/complete
        pre_check: true
    host_whitelist:
      - sabnzbd
      - gluetun
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: config, name: config, action: update, fields: [misc.complete_dir]}]
config:
  description: The keywords that were named, after the run, without secrets.
  type: dict
  returned: always
  sample: {misc: {complete_dir: /data/usenet/complete}}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["sabnzbd"], "config", {
        "settings": {"type": "dict"},
        "host_whitelist": {"type": "list", "elements": "str"},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app="sabnzbd")


if __name__ == "__main__":
    main()
