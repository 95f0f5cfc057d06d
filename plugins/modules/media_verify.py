#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: media_verify
short_description: Prove that a deployed host does what its plan says
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Proves that what goes through a gateway has another public address than the host, that torrent clients are bound to the tunnel and listen on the
    forwarded port, that dependents have no network but the gateway's, that the apps' links work, that hardlinks work, and that names resolve.
  - Changes no setting and no container. For the proof of a hardlink a file is made as the one app's user, linked as the other's, and both are removed.
  - Links are tried by the apps' own tests, which store no setting. An app notes for itself whether a test of a download client or an indexer
    failed, as after any use. One that still has a session at a download client may find a wrong password right. A notification is really sent,
    unless O(notifications=false).
  - In check mode no file is made, and nothing but reads is sent to the apps; what is not proven then is told as skipped.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  spec:
    description: The part C(verify) of a host's plan, as P(homelab.media.preflight#role) registers it.
    type: dict
    required: true
  secrets:
    description: Values of the secrets, by name.
    type: dict
    default: {}
  ip_url:
    description: What answers a request with the address that it comes from, in plain text or JSON. Asked by the host itself, where it has a gateway.
    type: str
    default: https://api.ipify.org
  ip_url_inside:
    description: The same, asked from inside of a container behind the gateway; O(ip_url) when it is empty.
    type: str
    default: ""
  notifications:
    description: Whether the apps may send a message by each of their notifications, which is how they test them.
    type: bool
    default: true
  timeout:
    description: Seconds to wait for one answer. Testing many indexers takes long.
    type: int
    default: 120
  wait_timeout:
    description: Seconds to wait for an app that does not answer yet.
    type: int
    default: 10
  on_problem:
    description: Whether a failed check fails the task, or is only told in RV(checks).
    type: str
    choices: [fail, report]
    default: fail
requirements:
  - requests (Python library on the managed host)
"""

EXAMPLES = r"""
- name: Prove what the host does
  homelab.media.media_verify:
    spec: "{{ preflight_plan.hosts[inventory_hostname].verify }}"
    secrets: "{{ secrets_values }}"

- name: Prove that a dependent lives in the namespace of its gateway
  homelab.media.media_verify:
    spec:
      dependents:
        - {name: qbittorrent, gateway: gluetun}
"""

RETURN = r"""
checks:
  description: Every check with C(check), C(where), C(verdict), one of V(ok), V(failed) and V(skipped), and C(reason), what was seen or is to be done.
  type: list
  elements: dict
  returned: always
  sample: [{check: network namespace, where: qbittorrent, verdict: ok, reason: that of gluetun}]
failures:
  description: How many checks failed.
  type: int
  returned: always
  sample: 0
"""

from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils.addresses import addresses
from ansible_collections.homelab.media.plugins.module_utils.client import requests
from ansible_collections.homelab.media.plugins.module_utils.docker_cli import Docker
from ansible_collections.homelab.media.plugins.module_utils.errors import show_user_names
from ansible_collections.homelab.media.plugins.module_utils.verify import FAILED, Verifier, run_command

PARTS = ("gateways", "dependents", "torrents", "apps", "proof", "names", "stopped")


def main():
    module = AnsibleModule(
        argument_spec={
            "spec": {"type": "dict", "required": True},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "ip_url": {"type": "str", "default": "https://api.ipify.org"},
            "ip_url_inside": {"type": "str", "default": ""},
            "notifications": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 120},
            "wait_timeout": {"type": "int", "default": 10},
            "on_problem": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
        },
        supports_check_mode=True,
    )
    params = module.params
    unknown = sorted(set(params["spec"]) - set(PARTS))
    if unknown:
        module.fail_json(msg="spec has {0}, and its parts are {1}; correct it".format(", ".join(unknown), ", ".join(PARTS)), checks=[], failures=0)
    if requests is None:
        module.fail_json(msg="the Python library requests is missing on this host; install python3-requests", checks=[], failures=0)
    show_user_names(module)
    spec = dict({part: [] for part in PARTS}, **params["spec"])
    where = addresses(module, sorted({entry["container"] for entry in spec["apps"] + spec["gateways"] if entry.get("container")}))
    verifier = Verifier(spec, Docker(run_command), where, params, module.check_mode)
    verifier.prepare()
    # The checks wait for others than this process, so they are made side by side.
    with ThreadPoolExecutor(8) as pool:
        found = [entry for rows in pool.map(lambda task: task(), verifier.tasks()) for entry in rows]
    found += verifier.last()
    failures = [entry for entry in found if entry["verdict"] == FAILED]
    result = {"changed": False, "checks": found, "failures": len(failures)}
    if failures and params["on_problem"] == "fail":
        module.fail_json(msg="; ".join("{check} of {where}: {reason}".format(**entry) for entry in failures), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
