#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: qbittorrent_preferences
short_description: Manage the preferences of qBittorrent
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Sets what is named and leaves everything else. Only what differs is sent.
  - qBittorrent answers that it saved whatever it is sent, so what it has afterwards is read and compared.
  - With another login given than the one that is set by O(settings), the task can run again as it is - when the given one is refused, the one in
    O(settings) is tried.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.login
options:
  api_key:
    description:
      - An API key, in the place of O(username) and O(password). qBittorrent knows them from 5.2 on.
      - With none of them, the managed host has to be one that qBittorrent lets in without a login.
    type: str
  settings:
    description:
      - Preferences, by the names of the Web API, such as C(save_path), C(listen_port) and C(queueing_enabled). An unknown name is refused with those
        that come closest.
      - C(web_ui_password) is the password of the web page. Nobody can read it; a login, or else the ledger, tells whether it is new.
      - What applies only together, such as C(max_ratio) and C(max_ratio_enabled), has to be named together. Limits are in bytes and multiples of 1024.
      - Texts of several lines may be lists.
    type: dict
    required: true
  container:
    description:
      - The Docker container on the managed host that it runs in. Where the given login is refused, it is set from inside that container, if O(settings)
        has C(web_ui_password) and qBittorrent lets its own machine in without a login.
    type: str
"""

EXAMPLES = r"""
- name: Save to the media tree, three downloads at a time
  homelab.media.qbittorrent_preferences:
    url: http://127.0.0.1:8080
    username: media
    password: "{{ example_password }}"
    settings:
      save_path: /data/torrents
      queueing_enabled: true
      max_active_downloads: 3
      max_ratio_enabled: true
      max_ratio: 2

- name: Change the password
  homelab.media.qbittorrent_preferences:
    url: http://127.0.0.1:8080
    username: media
    password: "{{ example_password }}"
    settings:
      web_ui_password: "{{ example_new_password }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: preferences, name: preferences, action: update, fields: [save_path]}]
preferences:
  description: The preferences that were named, after the run, without secrets.
  type: dict
  returned: always
  sample: {save_path: /data/torrents}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["qbittorrent"], "preferences", {
        "settings": {"type": "dict", "required": True},
        "container": {"type": "str"},
    }, credentials={
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "api_key": {"type": "str", "no_log": True},
    }, app="qbittorrent")


if __name__ == "__main__":
    main()
