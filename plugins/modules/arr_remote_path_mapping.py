#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_remote_path_mapping
short_description: Manage a remote path mapping of Sonarr, Radarr or Lidarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Tells an app where it finds what a download client on another host calls by another path.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
options:
  host:
    description: The download client's host, as the client's settings in the app have it.
    type: str
    required: true
  remote_path:
    description: The directory as the download client sees it; the slash at the end is added.
    type: str
    required: true
  local_path:
    description: The same directory as the app sees it. It has to be there.
    type: str
"""

EXAMPLES = r"""
- name: Map the downloads of another host
  homelab.media.arr_remote_path_mapping:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    host: ct-docker-01
    remote_path: /downloads/
    local_path: /data/downloads/
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: remote_path_mapping, name: ct-docker-01 /downloads/, action: update, fields: [priority]}]
remote_path_mapping:
  description: The object after the run, as the API tells it, without secrets and with fields as a mapping.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import run


def main():
    run("remote_path_mapping", {
        "host": {"type": "str", "required": True},
        "remote_path": {"type": "str", "required": True},
        "local_path": {"type": "str"},
    })


if __name__ == "__main__":
    main()
