#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_info
short_description: Read the status and the resources of Sonarr, Radarr, Lidarr or Prowlarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads only.
  - Secrets are hidden; fields are told as mappings, tags by their labels.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
options:
  resources:
    description: Kinds of resources to read, by the names of the modules without C(arr_), settings as C(config_) and the section. All by default.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Read the download clients
  homelab.media.arr_info:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    resources: [download_client]
  register: example
"""

RETURN = r"""
status:
  description: What the app says about itself.
  type: dict
  returned: always
  sample: {appName: Sonarr, version: 4.0.19.2979}
resources:
  description: Kind to its objects, and for settings to the object.
  type: dict
  returned: always
  sample: {download_client: [{id: 1, name: qBittorrent}]}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils.arr_module import client_of, connection_spec
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.runner import inspect


def main():
    module = AnsibleModule(
        argument_spec=dict(connection_spec(), resources={"type": "list", "elements": "str"}),
        supports_check_mode=True,
    )
    try:
        client = client_of(module.params)
        status = client.connect()
        module.exit_json(changed=False, status=status, resources=inspect(client, module.params["resources"]))
    except MediaError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
