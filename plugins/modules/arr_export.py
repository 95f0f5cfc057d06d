#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_export
short_description: Tell what Sonarr, Radarr, Lidarr or Prowlarr holds as variables that bring it about
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads only. What it returns is C(settings.resources) of a service in C(media_services), in the words of the modules of this collection.
  - Told is what differs from what the app gives a new resource by itself; settings are told whole. Indexers that Prowlarr pushed are left out, and so are
    ids and what the container's environment decides.
  - Passwords and keys are never told. Where one is, there is a reference to a secret of the service.
  - Kinds for which there is no module are not told, such as series, app profiles and quality sizes.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
options:
  instance:
    description: Name of the service in C(media_services), with which the names of secrets begin. The app's name when omitted.
    type: str
  resources:
    description: Kinds of resources to tell, by the names of the modules without C(arr_), settings as C(config_) and the section. All by default.
    type: list
    elements: str
  wired:
    description: Resources, as M(homelab.media.media_wiring) takes them, that something else makes. What they set is left out.
    type: list
    elements: dict
    default: []
  container:
    description: Name of the app's container. The host of O(url) is replaced by its own address, for an app that publishes no port.
    type: str
  on_problem:
    description: Whether a problem fails the task, or is only told in RV(problems).
    type: str
    choices: [fail, report]
    default: fail
"""

EXAMPLES = r"""
- name: Read what Sonarr holds
  homelab.media.arr_export:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    app: sonarr
  register: example

- name: Read the notifications of a second Radarr
  homelab.media.arr_export:
    url: http://127.0.0.1:7879
    api_key: "{{ example_api_key }}"
    instance: radarr-4k
    resources: [notification]
  register: example
"""

RETURN = r"""
resources:
  description: Kind to a list of resources, and for settings to a mapping.
  type: dict
  returned: always
  sample: {tag: [{label: kids}], config_naming: {rename_episodes: true}}
secrets:
  description:
    - The secrets that cannot be read, each with its short C(name), its full name C(secret), and the C(resource), the name C(of) it and the
      C(option) that it belongs to.
  type: list
  elements: dict
  returned: always
  sample: [{name: discord, secret: sonarr.discord, resource: notification, of: Discord, option: webHookUrl}]
problems:
  description: What did not work, a sentence each; then there is nothing else.
  type: list
  elements: str
  returned: with O(on_problem=report)
  sample: []
left_out:
  description: What could not be told, a sentence each.
  type: list
  elements: str
  returned: always
  sample: []
status:
  description: What the app says about itself.
  type: dict
  returned: always
  sample: {appName: Sonarr, version: 4.0.19.2979}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils.addresses import addresses, at
from ansible_collections.homelab.media.plugins.module_utils.arr_module import client_of, connection_spec
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.export import export


def main():
    module = AnsibleModule(
        argument_spec=dict(
            connection_spec(),
            instance={"type": "str"},
            resources={"type": "list", "elements": "str"},
            wired={"type": "list", "elements": "dict", "default": []},
            container={"type": "str"},
            on_problem={"type": "str", "choices": ["fail", "report"], "default": "fail"},
        ),
        supports_check_mode=True,
    )
    params = dict(module.params)
    container = params["container"]
    try:
        params["url"] = at(params["url"], container, addresses(module, [container] if container else []))
        if params["url"] is None:
            raise MediaError("connecting to {0}: its container {1} does not run; see 'docker logs {1}'".format(params["instance"] or container, container))
        client = client_of(params)
        status = client.connect()
        found = export(client, params["instance"] or client.app, params["resources"], params["wired"])
    except MediaError as error:
        if params["on_problem"] == "fail":
            module.fail_json(msg=str(error))
        module.exit_json(changed=False, status={}, resources={}, secrets=[], left_out=[], problems=[str(error)])
    module.exit_json(changed=False, status=status, problems=[], **found)


if __name__ == "__main__":
    main()
