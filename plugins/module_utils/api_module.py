# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of one resource shares: its options, its run and its result."""
from __future__ import annotations

import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError
from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger, ledger_of
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS
from ansible_collections.homelab.media.plugins.module_utils.worker import converge_app, texts_of

# Names of fields whose value may be told in what Ansible shows of a task's options, since only the app's schema knows about the others.
HARMLESS = re.compile(r"host|port|ssl|base|category|priority|state|order|layout|first|paused|stopped|directory|method|level", re.I)

# Free-form options, wherever they are.
FREE = ("fields", "settings")

# The options of the connection, whichever app it is.
CONNECTION = {
    "url": {"type": "str", "required": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
    "wait_timeout": {"type": "int", "default": 120},
    "state_root": {"type": "path"},
}


def state_spec():
    """The option of resources that can be removed."""
    return {"state": {"type": "str", "choices": ["absent", "present"], "default": "present"}}


def hide(module):
    """Keep the values of free-form options out of the output, as long as nobody has said which of them are secrets.

    :return: What to show of the task's options.
    """
    secrets = set()
    shown = {name: concealed(value, secrets, name in FREE) for name, value in module.params.items()}
    module.no_log_values.update(text for text in secrets if text)
    return {"module_args": shown}


def concealed(value, secrets, free):
    """A value as it may be shown.

    :param secrets: A set, to which the texts are added that are called like secrets.
    :param free: Whether it belongs to a free-form option.
    """
    if isinstance(value, list) and not free:
        return [concealed(item, secrets, free) for item in value]
    if not isinstance(value, dict):
        return value
    shown = {}
    for name, item in value.items():
        if free and OPEN_SECRETS.search(str(name)):
            secrets.update(texts_of(item))
            shown[name] = HIDDEN
        elif isinstance(item, dict) or not free:
            shown[name] = concealed(item, secrets, free or name in FREE)
        else:
            shown[name] = item if isinstance(item, bool) or HARMLESS.search(str(name)) else HIDDEN
    return shown


class ApiModule(AnsibleModule):
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

    :param own: Options that are not part of it, besides those of the connection.
    """
    return {name: value for name, value in params.items() if name not in CONNECTION and name not in own and value is not None}


def connect_with(family, credentials, app=None):
    """A function that makes a client from a module's parameters.

    :param family: The C(families.Family) of the app.
    :param credentials: Options that are credentials, by the name that the client knows them by.
    :param app: The app, where there is no option for it.
    """
    def client_of(params):
        options = {name: params[name] for name in ("validate_certs", "ca_path", "timeout", "wait_timeout")}
        return family.client(params["url"], app=params.get("app") or app, **options, **{name: params[name] for name in credentials if params.get(name)})
    return client_of


def run(family, kind, options, credentials, app=None, removable=False, returned=None, **rules):
    """The whole of a module of one resource.

    :param family: The C(families.Family) of the app.
    :param kind: The kind of resource, as the worker knows it.
    :param options: The argument spec of the resource.
    :param credentials: The argument spec of the credentials, and of C(app) where several apps are meant.
    :param app: The app, where there is no option for it.
    :param removable: Whether there is a C(state).
    :param returned: Name of the returned object; C(kind) when omitted.
    :param rules: Such as C(required_if).
    """
    spec = dict(CONNECTION, **credentials, **options)
    if removable:
        spec.update(state_spec())
    module = ApiModule(argument_spec=spec, supports_check_mode=True, **rules)
    names = tuple(name for name in credentials if name != "app")
    wish = dict(wish_of(module.params, own=tuple(credentials)), resource=kind)
    finish(module, [wish], returned or kind, connect_with(family, names, app), family.worker)


def run_info(family, inspect, credentials, app, options=None):
    """The whole of a module that reads: C(status), and what C(inspect) returns.

    :param family: The C(families.Family) of the app.
    :param inspect: Called with a client that is connected; with the module's parameters after it when there are C(options).
    :param credentials: The argument spec of the credentials.
    :param options: The argument spec beyond the connection.
    """
    module = AnsibleModule(argument_spec=dict(CONNECTION, **credentials, **(options or {})), supports_check_mode=True)
    try:
        client = connect_with(family, tuple(name for name in credentials if name != "app"), app)(module.params)
        status = client.connect()
        found = inspect(client, module.params) if options else inspect(client)
    except MediaError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, status=status, **found)


def finish(module, wishes, returned, client_of, worker):
    """Bring wishes about, and end the module.

    :param returned: Name of the returned object.
    :param client_of: Makes a client from the module's parameters.
    :param worker: The class of the worker.
    """
    invocation = hide(module)
    client = None
    ledger = Ledger(ledger_of(module.params["state_root"]))
    try:
        client = client_of(module.params)
        outcome = converge_app(worker(client, ledger, {}, module.check_mode), wishes)
    except MediaError as error:
        if module.check_mode and "requests is missing" in str(error):
            outcome = {"changes": [worker.predicted(module.params["url"], wish) for wish in wishes], "problems": []}
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
        "diff": diffs(module.params.get("app") or module.params["url"], changes),
        "invocation": invocation,
        returned: outcome.get("object", {}),
    }
    if outcome["problems"]:
        module.fail_json(msg="; ".join(outcome["problems"]), **result)
    module.exit_json(**result)
