#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: media_secrets
short_description: Settle every key and password of a host
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For each secret the user's value wins, then the one kept on the host, then what an existing install has in its files, else one is
    generated. Nobody is locked out of an app that already has a key.
  - What is kept comes before an app's files, since it was adopted from there or given to the app by us; an app that gets its key
    from the environment does not write it back, so that its file may be older. To take a key over that was changed in the app, give it in
    O(values), or remove the entry from the store.
  - The values are kept in C(secrets.json) below O(state_root), for root only.
  - Use it with C(no_log). Since its result is hidden then, it does not fail, but returns RV(problems) for the next task to report.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  state_root:
    description: Directory of the collection's state, mode 0700.
    type: path
    default: /var/lib/homelab-media
  specs:
    description: The secrets, in the order in which a fallback finds its source.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Full name, instance and secret.
        type: str
        required: true
      format:
        description: How a value is generated. V(plain) is never generated.
        type: str
        choices: [hex32, password, qbt_key, plain]
        default: hex32
      adopt:
        description: Files of an existing install that may hold it, each with C(path), C(format) (V(xml), V(ini), V(json), V(yaml), V(kv)) and C(key).
        type: list
        elements: dict
        default: []
      default:
        description: Value where nothing else tells one.
        type: str
      fallback:
        description: Another secret whose value is used instead of a generated one.
        type: str
      sticky:
        description: Whether the app keeps the value that it was first given, so that a later fallback does not replace it.
        type: bool
        default: false
      required:
        description: Whether a missing value is a problem.
        type: bool
        default: false
  values:
    description: Values that the user gives, by full name.
    type: dict
    default: {}
  names:
    description: Return these secrets only. All when empty.
    type: list
    elements: str
    default: []
  read_only:
    description: Generate and keep nothing; what is not settled yet is left out.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Settle the key of an app
  homelab.media.media_secrets:
    state_root: /var/lib/homelab-media
    specs:
      - name: radarr.api_key
        adopt:
          - path: /var/lib/homelab-media-configs/radarr/config.xml
            format: xml
            key: ApiKey
  no_log: true
  register: example_secrets
"""

RETURN = r"""
secrets:
  description: Name to value. In check mode a secret that would be generated has the value C((will be generated)).
  type: dict
  returned: always
  sample: {radarr.api_key: "(hidden)"}
sources:
  description: Where each value comes from, one of V(given), V(store), V(adopted), V(fallback), V(default), V(generated).
  type: dict
  returned: always
  sample: {radarr.api_key: generated}
missing:
  description: Secrets that were, or in check mode would be, generated in this run.
  type: list
  elements: str
  returned: always
  sample: [radarr.api_key]
problems:
  description: What is wrong, a sentence each, without values.
  type: list
  elements: str
  returned: always
  sample: []
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils import secretstore
from ansible_collections.homelab.media.plugins.module_utils.files import FileProblem, explain, write


def keep(state_root, stored):
    """Write the store, for root only."""
    path = os.path.join(state_root, secretstore.STORE)
    try:
        os.makedirs(state_root, mode=0o700, exist_ok=True)
        if os.stat(state_root).st_uid != os.geteuid():
            os.chown(state_root, os.geteuid(), os.getegid())
        os.chmod(state_root, 0o700)
    except OSError as error:
        raise explain("creating", state_root, error) from error
    write(path, (json.dumps(stored, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode(), mode=0o600)


def converge(params, given, check_mode, result):
    """Settle the secrets and keep them.

    :param result: Filled in.
    """
    root = params["state_root"]
    stored = secretstore.load(root)

    def make(form):
        if params["read_only"]:
            return None
        if check_mode and form != "plain":
            return secretstore.PLACEHOLDER
        return secretstore.generate(form)

    values, sources, missing, problems = secretstore.settle(params["specs"], given, stored, secretstore.read_existing, make)
    result.update(secrets=values, sources=sources, missing=missing, problems=problems)
    if params["read_only"]:
        return
    kept = secretstore.to_store(stored, values, sources)
    news = [name for name in sorted(values) if kept.get(name) != stored.get(name)]
    loose = secretstore.loose(root)
    if news or loose:
        result["changed"] = True
        result["diff"] = {
            "before": "".join("{0} ({1})\n".format(name, stored[name].get("source", "store")) for name in news if name in stored)
            + ("the store is not for root only\n" if loose else ""),
            "after": "".join("{0} ({1}, new)\n".format(name, sources[name]) for name in news)
            + ("the store is for root only\n" if loose else ""),
        }
        if not check_mode:
            keep(root, kept)


def main():
    module = AnsibleModule(
        argument_spec={
            "state_root": {"type": "path", "default": "/var/lib/homelab-media"},
            "specs": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "format": {"type": "str", "choices": ["hex32", "password", "qbt_key", "plain"], "default": "hex32"},
                    "adopt": {"type": "list", "elements": "dict", "default": []},
                    "default": {"type": "str"},
                    "fallback": {"type": "str"},
                    "sticky": {"type": "bool", "default": False},
                    "required": {"type": "bool", "default": False},
                },
            },
            "values": {"type": "dict", "default": {}, "no_log": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "read_only": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    given = {name: str(value) for name, value in params["values"].items() if value not in (None, "")}
    result = {"changed": False, "secrets": {}, "sources": {}, "missing": [], "problems": [], "diff": {"before": "", "after": ""}}
    try:
        converge(params, given, module.check_mode, result)
    except (FileProblem, ValueError) as error:
        result["problems"].append(str(error))
    if params["names"]:
        result["secrets"] = {name: value for name, value in result["secrets"].items() if name in params["names"]}
    # The values are the result. Ansible would put asterisks in the place of each that the user gave, so it is told to leave them, and what
    # the module was called with is returned without them.
    module.no_log_values.clear()
    shown = dict(params, values=sorted(given))
    module.exit_json(invocation={"module_args": shown}, **result)


if __name__ == "__main__":
    main()
