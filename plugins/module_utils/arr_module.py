# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every single-resource module of the *arr apps shares: its options, its run and its result."""
from __future__ import annotations

import re

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.homelab.media.plugins.module_utils.arr import KINDS
from ansible_collections.homelab.media.plugins.module_utils.client import ArrClient
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError
from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger, ledger_of
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS
from ansible_collections.homelab.media.plugins.module_utils.runner import converge_app, predicted, texts_of

# Names of fields whose value may be told in what Ansible shows of a task's options, since only the app's schema knows about the others.
HARMLESS = re.compile(r"host|port|ssl|base|category|priority|state|order|layout|first|paused|stopped|directory|method|level", re.I)


def connection_spec():
    """The options of the connection."""
    return {
        "url": {"type": "str", "required": True},
        "api_key": {"type": "str", "required": True, "no_log": True, "fallback": (env_fallback, ["HOMELAB_MEDIA_API_KEY"])},
        "app": {"type": "str", "choices": ["lidarr", "prowlarr", "radarr", "sonarr"]},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": 30},
        "wait_timeout": {"type": "int", "default": 120},
        "state_root": {"type": "path"},
    }


def state_spec():
    """The option of resources that can be removed."""
    return {"state": {"type": "str", "choices": ["absent", "present"], "default": "present"}}


def provider_spec():
    """The options that all providers have."""
    return {
        "name": {"type": "str", "required": True},
        "implementation": {"type": "str"},
        "tags": {"type": "list", "elements": "str"},
        "fields": {"type": "dict"},
        "force_save": {"type": "bool", "default": False},
    }


def client_of(params):
    """A client from a module's parameters."""
    return ArrClient(params["url"], params["api_key"], app=params["app"], validate_certs=params["validate_certs"], ca_path=params["ca_path"],
                     timeout=params["timeout"], wait_timeout=params["wait_timeout"])


def hide(module):
    """Keep the values of free-form options out of the output, as long as nobody has said which of them are secrets.

    :return: What to show of the task's options.
    """
    shown = dict(module.params)
    for option in ("fields", "settings"):
        values = shown.get(option)
        if isinstance(values, dict):
            for name, value in values.items():
                if OPEN_SECRETS.search(str(name)):
                    module.no_log_values.update(text for text in texts_of(value) if text)
            shown[option] = {name: value if isinstance(value, bool) or HARMLESS.search(str(name)) and not OPEN_SECRETS.search(str(name)) else HIDDEN
                             for name, value in values.items()}
    return {"module_args": shown}


class ArrModule(AnsibleModule):
    """A module that does not log its free-form options either: Ansible logs an invocation before anybody can say what of it is secret."""

    def _log_invocation(self):
        params = self.params
        self.params = hide(self)["module_args"]
        try:
            super()._log_invocation()
        finally:
            self.params = params


def diffs(name, changes):
    """The diff of a run, one entry for each resource that changed."""
    return [{"before_header": "/".join((name, change["resource"], change["name"])), "after_header": "/".join((name, change["resource"], change["name"])),
             "before": change["before"], "after": change["after"]} for change in changes]


def wish_of(params, own=()):
    """The options of a module that describe the resource.

    :param own: Options that are not part of it.
    """
    return {name: value for name, value in params.items() if name not in connection_spec() and name not in own and value is not None}


def run(kind_name, options, required_if=None):
    """The whole of a single-resource module.

    :param kind_name: A kind of C(arr.KINDS).
    :param options: The argument spec of the module beyond the connection.
    """
    spec = dict(connection_spec(), **options)
    if KINDS[kind_name].create and not KINDS[kind_name].singleton:
        spec.update(state_spec())
    module = ArrModule(argument_spec=spec, supports_check_mode=True, required_if=required_if)
    finish(module, [dict(wish_of(module.params), resource=kind_name)], kind_name)


def finish(module, wishes, returned):
    """Bring wishes about, and end the module.

    :param returned: Name of the returned object.
    """
    invocation = hide(module)
    client = None
    ledger = Ledger(ledger_of(module.params["state_root"]))
    try:
        client = client_of(module.params)
        outcome = converge_app(client, wishes, ledger, {}, module.check_mode)
    except MediaError as error:
        if module.check_mode and "requests is missing" in str(error):
            outcome = {"changes": [predicted(module.params["url"], wish) for wish in wishes], "problems": []}
        else:
            module.fail_json(msg=str(error), invocation=invocation)
    if not module.check_mode:
        try:
            ledger.save()
        except MediaError as error:
            # What was wanted is done.
            module.warn(str(error))
    if client is not None:
        module.no_log_values.update(str(value) for value in client.secrets if value)
    changes = outcome["changes"]
    result = {
        "changed": bool(changes),
        "changes": [{key: change[key] for key in ("resource", "name", "action", "fields")} for change in changes],
        "diff": diffs(module.params["app"] or module.params["url"], changes),
        "invocation": invocation,
        returned: outcome.get("object", {}),
    }
    if outcome["problems"]:
        module.fail_json(msg="; ".join(outcome["problems"]), **result)
    module.exit_json(**result)
