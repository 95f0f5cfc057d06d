#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_delay_profile
short_description: Manage a delay profile of Sonarr, Radarr or Lidarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - A delay profile has no name; its tags identify it. The one without tags is the default one, which cannot be removed.
  - A new one comes after the others and before the default one.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
options:
  tags:
    description: Labels of its tags. An empty list means the default profile.
    type: list
    elements: str
    required: true
  enable_usenet:
    description: Whether Usenet is used. A new one does.
    type: bool
  enable_torrent:
    description: Whether torrents are used. A new one does.
    type: bool
  preferred_protocol:
    description: Which one is preferred. A new one prefers V(usenet).
    type: str
    choices: [usenet, torrent]
  usenet_delay:
    description: Minutes to wait for a better release on Usenet.
    type: int
  torrent_delay:
    description: Minutes to wait for a better torrent.
    type: int
  bypass_if_highest_quality:
    description: Do not wait for the best quality.
    type: bool
  bypass_if_above_custom_format_score:
    description: Do not wait above O(minimum_custom_format_score).
    type: bool
  minimum_custom_format_score:
    description: The score for O(bypass_if_above_custom_format_score).
    type: int
"""

EXAMPLES = r"""
- name: Prefer torrents
  homelab.media.arr_delay_profile:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    tags: []
    preferred_protocol: torrent
    torrent_delay: 30
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: delay_profile, name: default, action: update, fields: [torrent_delay]}]
delay_profile:
  description: The object after the run, as the API tells it, without secrets.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import run


def main():
    run("delay_profile", {
        "tags": {"type": "list", "elements": "str", "required": True},
        "enable_usenet": {"type": "bool"},
        "enable_torrent": {"type": "bool"},
        "preferred_protocol": {"type": "str", "choices": ["usenet", "torrent"]},
        "usenet_delay": {"type": "int"},
        "torrent_delay": {"type": "int"},
        "bypass_if_highest_quality": {"type": "bool"},
        "bypass_if_above_custom_format_score": {"type": "bool"},
        "minimum_custom_format_score": {"type": "int"},
    })


if __name__ == "__main__":
    main()
