# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For every module and every app that has the resource the same six steps, against stand-ins, with a proxy that counts what is written."""
from __future__ import annotations

import copy

import pytest
from cases import CASES, ELSEWHERE
from runs import MODULES, run_module

VERSIONS = {"lidarr3": ("lidarr", {"STANDIN_VERSION": "3.0.0.4864"})}


def merged(create, edit):
    """The options of the edit: nested ones over those of the first step."""
    found = copy.deepcopy(create)
    for key, value in edit.items():
        found[key] = dict(found.get(key) or {}, **value) if isinstance(value, dict) else value
    return found


def start(arr, app):
    kind, env = VERSIONS.get(app, (app, None))
    return kind, arr(kind, env=env)


def listing(handle, case):
    found = handle.api("GET", case.collection).json()
    for item in found if isinstance(found, list) else ():
        for volatile in ("freeSpace", "totalSpace"):
            item.pop(volatile, None)
    return {item["id"]: item for item in found} if isinstance(found, list) else {1: found}


@pytest.mark.parametrize("make, app", CASES, ids=["{0}-{1}".format(make.__name__, app) for make, app in CASES])
def test_six_steps(arr, world, make, app):
    kind, handle = start(arr, app)
    case = make(kind, world)
    common = {"url": handle.proxy.url, "api_key": handle.api_key, "state_root": world.state, "wait_timeout": 5}

    def run(options, check=False):
        handle.proxy.clear()
        result = run_module(case.module, dict(common, **options), check)
        assert not result.get("failed"), result["msg"]
        for secret in case.secrets + [handle.api_key]:
            assert secret not in result["_text"]
        return result

    for module, options in case.before:
        done = run_module(module, dict(common, **options))
        assert done.get("changed"), done
    if case.kind == "info":
        result = run(case.create)
        assert not result["changed"] and not handle.proxy.writes() and result["status"]["appName"].lower() == kind
        assert result["resources"]["config_host"] and "tag" in result["resources"]
        return
    original = listing(handle, case)

    # 1: create. A check of it first, which writes nothing and promises the same.
    promised = run(case.create, check=True)
    assert promised["changed"] and not handle.proxy.writes()
    assert listing(handle, case) == original
    made = run(case.create)
    assert made["changed"] and handle.proxy.writes()
    assert [(item["action"], item["name"]) for item in made["changes"]] == [(item["action"], item["name"]) for item in promised["changes"]]
    # 2: again
    again = run(case.create)
    assert not again["changed"] and again["diff"] == [] and not handle.proxy.writes()
    # 3: check of the edit, with a diff and without a write
    before = listing(handle, case)
    edited = merged(case.create, case.edit)
    if case.edit:
        checked = run(edited, check=True)
        assert checked["changed"] and not handle.proxy.writes()
        assert listing(handle, case) == before
        assert checked["diff"] and checked["diff"][0]["before"] != checked["diff"][0]["after"]
        # 4: the edit
        changed = run(edited)
        assert changed["changed"] and handle.proxy.writes()
        if "create" not in [item["action"] for item in changed["changes"]]:
            assert [item["fields"] for item in changed["changes"]] == [item["fields"] for item in checked["changes"]]
        # The others of its kind are as they were.
        after = listing(handle, case)
        if len(before) > 1:
            assert sum(after.get(number) != item for number, item in before.items()) == 1
        # 5: again
        again = run(edited)
        assert not again["changed"] and not handle.proxy.writes()
    if case.kind == "singleton":
        return
    # 6: delete, and once more
    gone = {"state": "absent"}
    gone.update({key: case.create[key] for key in ("name", "label", "path", "host", "remote_path", "tags") if key in case.create})
    if case.module != "arr_delay_profile":
        gone.pop("tags", None)
    elif "name" in gone:
        gone.pop("name")
    if case.module == "arr_root_folder":
        gone.pop("name", None)
    assert run(gone, check=True)["changed"] and not handle.proxy.writes()
    assert run(gone)["changed"]
    assert len(listing(handle, case)) == len(original)
    assert not run(gone)["changed"] and not handle.proxy.writes()


def test_every_module_has_its_steps():
    modules = {path.stem for path in MODULES.glob("arr_*.py")}
    tested = {case(app if app != "lidarr3" else "lidarr", Anything()).module for case, app in CASES} | set(ELSEWHERE)
    assert modules - tested == set()


class Anything:
    """A world that is only named."""

    def __getattr__(self, name):
        return Anything() if name in ("qbittorrent", "torznab", "hook") else "/" + name
