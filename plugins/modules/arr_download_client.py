#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_download_client
short_description: Manage a download client of Sonarr, Radarr, Lidarr or Prowlarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Finds the client by its name and changes what is named only; its password stays when it is not given.
  - The app tests the connection when it saves an enabled client.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
  - homelab.media.provider
options:
  enable:
    description: Whether it is used. A new one is.
    type: bool
  priority:
    description: From V(1), the first to be asked, to V(50).
    type: int

  category:
    description: Category in the client. Each app keeps it in a field of another name; this one fits all.
    type: str
  remove_completed_downloads:
    description: Remove imported downloads from the client's history (not in Prowlarr).
    type: bool
  remove_failed_downloads:
    description: Remove failed downloads from the client's history (not in Prowlarr).
    type: bool
  settings:
    description:
      - Settings that only some of the apps have, by the names that the API uses, in snake case or as they are.
      - Names are checked against what the app knows.
    type: dict
"""

EXAMPLES = r"""
- name: Add qBittorrent to Sonarr
  homelab.media.arr_download_client:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    name: qBittorrent
    implementation: QBittorrent
    category: tv
    fields:
      host: qbittorrent
      port: 8080
      username: media
      password: "{{ example_password }}"

- name: Change its priority and nothing else
  homelab.media.arr_download_client:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    name: qBittorrent
    priority: 2
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: download_client, name: qBittorrent, action: update, fields: [priority]}]
download_client:
  description: The object after the run, as the API tells it, without secrets and with fields as a mapping.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import provider_spec, run


def main():
    run("download_client", dict(provider_spec(), **{
        "enable": {"type": "bool"},
        "priority": {"type": "int"},
        "category": {"type": "str"},
        "remove_completed_downloads": {"type": "bool"},
        "remove_failed_downloads": {"type": "bool"},
        "settings": {"type": "dict"},
    }))


if __name__ == "__main__":
    main()
