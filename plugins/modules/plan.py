#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""
from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Turn the inventory into the plan of every host
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Reads the C(media_*) variables of all inventory hosts that define C(media_services), whatever C(--limit) says, and the catalog.
  - Checks them, and in stage V(full) what the hosts told about themselves, and stops with all findings at once when one of them is an error.
  - Runs on the controller only and touches nothing.
  - The plan holds references to secrets, never their values.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  stage:
    description:
      - With V(static), the inventory is checked against the catalog, and the result says what to look at on each host.
      - With V(full), the results of M(homelab.media.media_host_info) are checked too, and the result is the plan of every host.
    type: str
    choices: [static, full]
    default: full
  host_info:
    description: Name of the variable in which each host's result of M(homelab.media.media_host_info) was registered.
    type: str
    default: preflight_host
seealso:
  - module: homelab.media.media_host_info
"""

EXAMPLES = r"""
- name: Check the inventory
  homelab.media.plan:
    stage: static
  run_once: true
  register: preflight_static

- name: Look at the host
  homelab.media.media_host_info:
    spec: "{{ preflight_static.inspect[inventory_hostname] }}"
  register: preflight_host

- name: Plan the homelab
  homelab.media.plan:
    stage: full
  run_once: true
  register: preflight_plan
"""

RETURN = r"""
findings:
  description: What is wrong or worth knowing, each with its remedy.
  type: list
  elements: dict
  returned: always
  sample:
    - severity: error
      host: ct-media-01
      key: media_services.sonarr.via
      message: There is no gateway 'gluetn' on this host.
      remedy: Did you mean 'gluetun'?
inspect:
  description: For each host the option O(homelab.media.media_host_info#module:spec).
  type: dict
  returned: in stage static, without errors
  sample: {}
hosts:
  description: For each host its plan; docker, storage, secrets, files, networks, projects, wiring.
  type: dict
  returned: in stage full, without errors
  sample: {}
summary:
  description: One row for each service.
  type: list
  elements: dict
  returned: in stage full, without errors
  sample:
    - service: sonarr
      host: ct-media-01
      url: http://192.168.1.12:8989
      project: homelab-torrent
"""
