# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: what an app holds is told as variables, which change nothing in it, and make another one alike."""
from __future__ import annotations

import copy
import json
import types

import pytest
from cases import CASES
from runs import run_module
from test_six_steps import VERSIONS, merged

from ansible_collections.homelab.media.plugins.module_utils.arr import ALL, KINDS
from ansible_collections.homelab.media.plugins.plugin_utils import catalog as catalogs
from ansible_collections.homelab.media.plugins.plugin_utils import plan as planner
from ansible_collections.homelab.media.plugins.plugin_utils import user_resources

HEADER = "h3ader-v4lue-4711"
APPS = list(ALL) + ["lidarr3"]


def more(kind, world):
    """What the cases of the modules leave out: settings below C(settings), profiles that are there already, headers, a mapped category."""
    found = [
        {"resource": "notification", "name": "Discord", "implementation": "Webhook", "events": ["on_health_issue"], "tags": ["kids"], "fields": {
            "url": world.hook.url, "method": "PUT", "headers": [{"key": "X-Token", "value": HEADER}]}},
        {"resource": "config_host", "proxy_enabled": False, "proxy_hostname": "proxy", "proxy_password": "pr0xy-password", "log_level": "info"},
    ]
    if kind == "prowlarr":
        found.append({"resource": "download_client", "name": "qBittorrent", "settings": {"categories": [{"clientCategory": "tv", "categories": [5000]}]}})
        found.append({"resource": "indexer", "name": "Indexer", "settings": {"redirect": True}})
        return found
    found.append({"resource": "quality_profile", "name": "Any", "upgrade_allowed": True})
    found.append({"resource": "config_media_management", "chmod_folder": "775", "extra_file_extensions": ""})
    if kind == "lidarr":
        found.append({"resource": "root_folder", "path": world.media, "default_tags": ["kids"], "default_monitor_option": "future"})
    return found


def seeded(kind, app, world):
    """Every resource of every case of an app, as wishes, and the secrets in them."""
    wishes, secrets = [], {"c0nfiguration", HEADER, "pr0xy-password"}
    for make, other in CASES:
        if other not in (app, kind) or make.__name__ == "info":
            continue
        case = make(kind, world)
        secrets.update(case.secrets)
        for module, options in case.before + [(case.module, merged(case.create, case.edit))]:
            options = dict(options)
            name = module[len("arr_"):]
            wishes.append(dict(options, resource=name + "_" + options.pop("section") if name == "config" else name))
    return wishes + more(kind, world), secrets


@pytest.fixture
def start(arr, world):
    def begin(app, name):
        kind, env = VERSIONS.get(app, (app, None))
        handle = arr(kind, env=env, name=name)
        handle.state = world.state + name
        return kind, handle
    return begin


def wire(handle, kind, wishes, secrets=None, check=False):
    handle.proxy.clear()
    result = run_module("media_wiring", {
        "state_root": handle.state, "wait_timeout": 5, "on_problem": "report", "secrets": dict(secrets or {}, key=handle.api_key),
        "apps": [{"name": kind, "app": kind, "url": handle.proxy.url, "api_key": {"secret": "key"}, "resources": wishes}]}, check)
    assert result.get("problems") == [], result
    return result


def export(handle, kind, secrets=(), **options):
    handle.proxy.clear()
    result = run_module("arr_export", dict({"url": handle.proxy.url, "api_key": handle.api_key, "instance": kind, "wait_timeout": 5}, **options))
    assert not result.get("failed"), result
    assert result["changed"] is False and handle.proxy.writes() == []
    for secret in list(secrets) + [handle.api_key]:
        assert secret not in result["_text"]
    return result


def described(kind, resources):
    """An instance with these resources, as the plan knows it."""
    return types.SimpleNamespace(name=kind, app=kind, settings={"resources": resources}, entry={"secrets": {"api_key": {}, "username": {}, "password": {}}})


def stored(handle, secret):
    """The value of a secret that the app itself does not tell, from the stand-in's database."""
    kind = KINDS[secret["resource"]]
    if kind.singleton:
        return handle.known[secret["option"]]
    row = next(row for row in handle.service.db.rows(kind.path) if row["top"]["name"] == secret["of"])
    return row["settings"][secret["option"]]


@pytest.mark.parametrize("app", APPS)
def test_round_trip(start, world, app):
    kind, first = start(app, "first")
    wishes, secrets = seeded(kind, app, world)
    wire(first, kind, wishes)
    first.known = {wish["resource"] + "." + key: value for wish in wishes for key, value in wish.items()}
    told = export(first, kind, secrets)
    assert told["left_out"] == []
    assert set(told["resources"]) == {name for name, entry in KINDS.items() if kind in entry.apps} - {"config_download_client"} | (
        {"config_download_client"} & set(told["resources"]))
    assert json.loads(json.dumps(told["resources"])) == told["resources"]
    assert "********" not in json.dumps(told["resources"])

    # The same app, with no secret given: nothing is written.
    own = user_resources.wishes(described(kind, told["resources"]), lambda full: False)
    assert len(own) > 10
    assert wire(first, kind, own, check=True)["changed"] is False
    again = wire(first, kind, own)
    assert (again["changed"], again["diff"], first.proxy.writes()) == (False, [], [])

    # A fresh app, with all secrets: it becomes what the first one is.
    given = {}
    for secret in told["secrets"]:
        name, option = secret["secret"], secret["option"]
        if KINDS[secret["resource"]].singleton:
            given[name] = first.known["config_host." + option]
        else:
            row = next(row for row in first.service.db.rows(KINDS[secret["resource"]].path) if row["top"]["name"] == secret["of"])
            value = row["settings"][option]
            given[name] = value[0]["value"] if isinstance(value, list) else value
    assert set(given.values()) >= secrets - {"torznab-key-4711"}
    kind, second = start(app, "second")
    own = user_resources.wishes(described(kind, told["resources"]), lambda full: True)
    wire(second, kind, own, given)
    assert wire(second, kind, own, given)["changed"] is False and second.proxy.writes() == []
    copied = export(second, kind, secrets)
    assert copied["resources"] == told["resources"]
    assert copied["secrets"] == told["secrets"]
