#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: gluetun_info
short_description: Read the status, the public address and the forwarded ports of a VPN gateway
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Asks the control server of Gluetun. Reads only.
  - Works with releases up to v3.40, which tell the ports elsewhere, and with later ones.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: The key of the control server. Without one, only a control server that is open to everybody answers.
    type: str
"""

EXAMPLES = r"""
- name: Read what the gateway does
  homelab.media.gluetun_info:
    url: http://127.0.0.1:8000
    api_key: "{{ example_gluetun_key }}"
  register: example

- name: Stop when the tunnel is down
  ansible.builtin.assert:
    that: example.status.status == "running" and example.public_ip
"""

RETURN = r"""
status:
  description: The status of the tunnel, such as V(running), V(stopped), V(starting) or V(crashed).
  type: dict
  returned: always
  sample: {status: running}
public_ip:
  description: The address that others see; empty when the tunnel is down.
  type: str
  returned: always
  sample: 203.0.113.7
location:
  description: Where that address is said to be, as far as it is known.
  type: dict
  returned: always
  sample: {country: Switzerland, city: Zurich}
ports:
  description: The ports that the provider forwards.
  type: list
  elements: int
  returned: always
  sample: [5914]
port:
  description: The first of them; 0 when there is none, or none yet.
  type: int
  returned: always
  sample: 5914
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run_info
from ansible_collections.homelab.media.plugins.module_utils.families import Family
from ansible_collections.homelab.media.plugins.module_utils.gluetun import GluetunClient, inspect


def main():
    # Nothing is written to a gateway by its API, so there is no worker.
    run_info(Family(GluetunClient, None, needs=(), takes=("api_key",)), inspect, credentials={"api_key": {"type": "str", "no_log": True}}, app="gluetun")


if __name__ == "__main__":
    main()
