# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources that people describe under settings.resources: findings, secrets, order, and how they meet those of the catalog."""
from __future__ import annotations

import importlib.util
import re

import pytest
import yaml

from ansible_collections.homelab.media.plugins.module_utils.arr import ALL, KINDS
from ansible_collections.homelab.media.plugins.plugin_utils import plan as planner
from ansible_collections.homelab.media.plugins.plugin_utils import user_resources

from .conftest import GLUETUN, HEALTHY, ROOT, inventory

DISCORD = {"name": "Discord", "implementation": "Discord", "events": ["on_grab"], "fields": {"webHookUrl": {"secret": "sonarr.discord"}, "author": "me"}}


def services(resources, app="sonarr", **others):
    return {app: {"settings": {"resources": resources}}, "qbittorrent": {}, **others}


def findings(catalog, found, **variables):
    return planner.static({"host": inventory(found, **variables)}, catalog)["findings"]


def wired(catalog, found, name="sonarr", **variables):
    result = planner.full({"host": inventory(found, **variables)}, {"host": HEALTHY}, catalog)
    assert not [item for item in result["findings"] if item["severity"] == "error"], result["findings"]
    plan = result["hosts"]["host"]
    return next(app for app in plan["wiring"]["apps"] if app["name"] == name)["resources"], plan


def errors(catalog, resources, app="sonarr", **others):
    return [(item["key"].partition(".resources")[2], item["message"] + " " + item["remedy"])
            for item in findings(catalog, services(resources, app, **others)) if item["severity"] == "error"]


@pytest.mark.parametrize("app, resources, place, words", [
    ("sonarr", {"quality_profil": []}, ".quality_profil", ["no kind of resource", "'quality_profile'"]),
    ("sonarr", {"config_metadata": {"a": 1}}, ".config_metadata", ["Sonarr has no kind", "radarr"]),
    ("prowlarr", {"root_folder": []}, ".root_folder", ["Prowlarr has no kind", "sonarr"]),
    ("sonarr", {"indexer_sync": {}}, ".indexer_sync", ["no kind of resource"]),
    ("sonarr", {"tag": {"label": "x"}}, ".tag", ["must be a list"]),
    ("sonarr", {"tag": ["x"]}, ".tag[0]", ["mapping of the options of arr_tag"]),
    ("sonarr", {"tag": [{"label": "y", "labl": "x"}]}, ".tag[0].labl", ["no option 'labl'", "'label'"]),
    ("sonarr", {"tag": [{}]}, ".tag[0]", ["no label"]),
    ("sonarr", {"quality_profile": [{"name": "a", "min_format_score": "much"}]}, ".quality_profile[0].min_format_score", ["whole number"]),
    ("sonarr", {"notification": [{"name": "a", "fields": ["x"]}]}, ".notification[0].fields", ["must be a mapping"]),
    ("sonarr", {"notification": [{"name": "a", "state": "gone"}]}, ".notification[0].state", ["cannot be 'gone'"]),
    ("sonarr", {"notification": [{"name": "a", "fields": {"apiKey": "in clear"}}]}, ".notification[0].fields.apiKey", ["secret", "{secret: sonarr.NAME}"]),
    ("sonarr", {"notification": [{"name": "a", "fields": {"headers": [{"key": "a", "value": "b"}]}}]}, ".notification[0].fields.headers", ["secret"]),
    ("sonarr", {"tag": [{"label": "Kids"}, {"label": "kids"}]}, ".tag[1]", ["the same one as"]),
    ("sonarr", {"tag": [{"label": {"secret": "sonarr.api_key"}}]}, ".tag[0].label", ["no secret"]),
    ("sonarr", {"notification": [{"name": "a", "fields": {"secret": "x"}}]}, ".notification[0].fields", ["a text"]),
    ("sonarr", {"tag": [{"label": ["x"]}]}, ".tag[0].label", ["must be text"]),
    ("sonarr", {"config_naming": ["x"]}, ".config_naming", ["mapping of settings"]),
    ("sonarr", {"config_naming": {"rename": {"episodes": True}}}, ".config_naming.rename", ["a value or a list"]),
    ("sonarr", {"config_naming": {"username": "me"}}, ".config_naming.username", ["config_host"]),
    ("sonarr", {"config_host": {"proxy_password": "in clear"}}, ".config_host.proxy_password", ["secret"]),
    ("sonarr", {"config_ui": {"theme": {"secret": "radar.api_key"}}}, "", ["of no service", "sonarr"]),
    ("sonarr", {"config_ui": {"theme": {"secret": "qbittorrent.pasword"}}}, "", ["no secret 'qbittorrent.pasword'", "'password'"]),
])
def test_findings(catalog, app, resources, place, words):
    found = errors(catalog, resources, app)
    assert [key for key, text in found] == [place], found
    for word in words:
        assert word in found[0][1], found


def test_nothing_is_said_about_what_fits(catalog):
    resources = {"notification": [DISCORD], "config_naming": {"rename_episodes": True}, "tag": None, "config_ui": {"settings": {"theme": "dark"}},
                 "delay_profile": [{"tags": []}], "custom_format": []}
    assert errors(catalog, resources) == []


def test_a_secret_that_nothing_refers_to_is_refused_with_the_nearest(catalog):
    found = services({"notification": [DISCORD]})
    found["sonarr"]["secrets"] = {"discrod": "*" * 8}
    told = [item for item in findings(catalog, found) if item["severity"] == "error"]
    assert [item["key"] for item in told] == ["media_services.sonarr.secrets.discrod"] and "'discord'" in told[0]["remedy"]


def test_without_resources_nothing_changes(catalog):
    assert wired(catalog, services({}))[0] == wired(catalog, {"sonarr": {}, "qbittorrent": {}})[0]


def test_a_secret_without_a_value_is_left_as_it_is(catalog):
    found = services({"notification": [DISCORD]})
    resources, plan = wired(catalog, found)
    assert resources[-1] == {"resource": "notification", "state": "present", "name": "Discord", "implementation": "Discord", "events": ["on_grab"],
                             "fields": {"author": "me"}}
    found["sonarr"]["secrets"] = {"discord": ""}
    assert wired(catalog, found)[0] == resources


@pytest.mark.parametrize("where", ["secrets", "media_secrets"])
def test_a_secret_with_a_value_is_referred_to(catalog, where):
    found, variables = services({"notification": [dict(DISCORD, fields={"webHookUrl": {"secret": "discord"}})]}), {}
    if where == "secrets":
        found["sonarr"]["secrets"] = {"discord": "*" * 8}
    else:
        variables["secrets"] = {"sonarr.discord": "*" * 8}
    resources, plan = wired(catalog, found, **variables)
    assert resources[-1]["fields"] == {"webHookUrl": {"secret": "sonarr.discord"}}
    assert {"name": "sonarr.discord", "format": "plain", "adopt": [], "required": False} in plan["secrets"]["specs"]


def test_the_keys_of_a_person_win_over_the_catalog(catalog):
    before, plan = wired(catalog, services({}))
    client = next(item for item in before if item["resource"] == "download_client")
    after, plan = wired(catalog, services({
        "download_client": [{"name": client["name"].upper(), "priority": 7, "fields": {"host": "elsewhere"}}],
        "config_host": {"logLevel": "debug", "authentication_required": "disabledForLocalAddresses"}}))
    assert len(after) == len(before)
    merged = next(item for item in after if item["resource"] == "download_client")
    assert (merged["priority"], merged["fields"]["host"], merged["fields"]["port"]) == (7, "elsewhere", client["fields"]["port"])
    login = after[0]
    assert (login["resource"], login["log_level"], login["authentication_required"], login["authentication_method"]) == (
        "config_host", "debug", "disabledForLocalAddresses", "forms")


def test_order(catalog):
    resources = {"import_list": [{"name": "l", "quality_profile": "Mine"}], "indexer": [{"name": "i"}], "quality_profile": [{"name": "Mine"}],
                 "config_ui": {"theme": "dark"}, "custom_format": [{"name": "f"}], "tag": [{"label": "new"}, {"label": "old", "state": "absent"}],
                 "notification": [{"name": "old", "state": "absent"}]}
    found = [item["resource"] for item in wired(catalog, services(resources))[0]]
    assert found == ["config_host", "tag", "custom_format", "quality_profile", "root_folder", "download_client", "indexer", "import_list", "config_ui",
                     "notification", "tag"]


def test_prowlarr_pushes_what_is_described_and_makes_an_application_once(catalog):
    resources = {"indexer": [{"name": "Tracker", "implementation": "Torznab"}], "application": [
        {"name": "sonarr", "sync_level": "addOnly", "fields": {"baseUrl": "http://other:1", "syncCategories": [5000], "apiKey": {"secret": "gone"}}}]}
    found = wired(catalog, services(resources, "prowlarr", sonarr={}), "prowlarr")[0]
    names = [item["resource"] for item in found]
    assert names.index("indexer") < names.index("indexer_sync") < names.index("application")
    entry = found[names.index("indexer_sync")]["applications"][0]
    assert (entry["url"], entry["sync_level"], entry["categories"]) == ("http://other:1", "addOnly", [5000])
    assert entry["api_key"] == {"secret": "sonarr.api_key"}
    resources["application"][0]["state"] = "absent"
    found = wired(catalog, services(resources, "prowlarr", sonarr={}), "prowlarr")[0]
    assert [item["resource"] for item in found if item["resource"] in ("indexer_sync", "application")] == ["application"]


def test_every_app_has_the_setting_and_every_kind_its_options(catalog):
    for app in ALL:
        assert catalog[app]["settings"]["resources"]["type"] == "dict"
        assert set(user_resources.kinds_of(app)) == {name for name, kind in KINDS.items() if app in kind.apps}
    assert set(user_resources.OPTIONS) == {name for name, kind in KINDS.items() if not kind.singleton}


def test_the_options_are_those_of_the_modules():
    spec = importlib.util.spec_from_file_location("resource_options", ROOT / "tools" / "resource_options.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.TARGET.read_text() == made.text(), "run tools/resource_options.py"


def test_the_example_of_the_documentation(catalog):
    text = (ROOT / "catalog" / "README.md").read_text()
    example = yaml.safe_load(re.search(r"## Settings of the apps.*?```yaml\n(.*?)```", text, re.S).group(1))["media_services"]
    example["sonarr"]["secrets"] = {"discord": "*" * 8}
    example["prowlarr"]["secrets"] = {name: "*" * 8 for name in example["prowlarr"]["secrets"]}
    example.update(qbittorrent={"via": "gluetun"}, gluetun=GLUETUN)
    told = [item for item in findings(catalog, example) if "resources" in item["key"] or "secrets" in item["key"]]
    assert told == []
    found, plan = wired(catalog, example)
    assert {"custom_format", "quality_profile", "notification", "config_naming"} <= {item["resource"] for item in found}


@pytest.mark.parametrize("resources", [
    [], "tag", {"tag": {"a": 1}}, {"tag": [None, 1, {"label": {"secret": ["x"]}}, {1: 2}]}, {"config_ui": [1]}, {"config_ui": {"settings": 3, 4: 5}},
    {"notification": [{"name": {"a": 1}, "fields": {"secret": {"b": 1}}, "tags": 3, "events": {}}]}, {"delay_profile": [{"tags": "kids"}, {"tags": 3}]},
    {"quality_profile": [{"name": "a", "formats": [], "qualities": 3}]}, {1: 2, None: []}, {"download_client": [{"name": "qBittorrent", "fields": 3}]},
])
@pytest.mark.parametrize("app", ["sonarr", "prowlarr"])
def test_nonsense_never_breaks_the_plan(catalog, app, resources):
    result = planner.full({"host": inventory(services(resources, app, radarr={}))}, {"host": HEALTHY}, catalog)
    assert "hosts" in result
