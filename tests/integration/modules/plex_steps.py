# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The six steps of a module of Plex or Maintainerr: create, again, check of an edit, edit, again, delete and once more."""
from __future__ import annotations

import copy
from dataclasses import dataclass, field

from runs import run_module


@dataclass
class Steps:
    """What a module makes.

    :param create: Options of the first step.
    :param edit: Options of the edit, laid over those of the first step.
    :param fields: What the edit tells as changed.
    :param gone: Options that name it for its removal, with C(state); C(None) where nothing can be removed.
    :param secrets: Values that must not be seen anywhere.
    :param before: Runs of modules that have to be there first.
    """

    module: str
    create: dict
    edit: dict
    fields: list
    gone: dict | None = None
    secrets: list = field(default_factory=list)
    before: list = field(default_factory=list)


def take(steps, proxy, common, secrets=(), state=lambda: None):
    """Go through them.

    :param proxy: A C(recording_proxy) in front of the app.
    :param common: Options of every run, the URL that of the proxy.
    :param state: Tells what the app holds.
    """
    def run(options, check=False, module=steps.module):
        proxy.clear()
        result = run_module(module, dict(common, **options), check)
        assert not result.get("failed"), result["msg"]
        for secret in list(secrets) + steps.secrets:
            assert secret not in result["_text"]
            assert not any(secret in item["path"] for item in proxy.seen())
        return result

    for module, options in steps.before:
        assert run(options, module=module)["changed"]
    original = copy.deepcopy(state())
    # 1: create, a check of it first
    promised = run(steps.create, check=True)
    assert promised["changed"] and not proxy.writes() and state() == original
    made = run(steps.create)
    assert made["changed"] and proxy.writes()
    assert made["changes"] == promised["changes"]
    assert made["diff"] == promised["diff"]
    # 2: again
    again = run(steps.create)
    assert not again["changed"] and again["diff"] == [] and not proxy.writes()
    # 3: check of the edit
    before = copy.deepcopy(state())
    edited = {**steps.create, **steps.edit}
    checked = run(edited, check=True)
    assert checked["changed"] and not proxy.writes() and state() == before
    assert checked["changes"][0]["fields"] == steps.fields
    assert checked["diff"][0]["before"] != checked["diff"][0]["after"]
    # 4: the edit
    changed = run(edited)
    assert changed["changed"] and proxy.writes()
    assert changed["changes"] == checked["changes"] and changed["diff"] == checked["diff"]
    # 5: again
    again = run(edited)
    assert not again["changed"] and again["diff"] == [] and not proxy.writes()
    if steps.gone is None:
        return
    # 6: delete, and once more
    gone = dict(steps.gone, state="absent")
    assert run(gone, check=True)["changed"] and not proxy.writes()
    assert run(gone)["changes"][0]["action"] == "delete"
    assert not run(gone)["changed"] and not proxy.writes()
