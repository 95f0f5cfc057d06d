# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: what an app holds is told as variables, which change nothing in it, and make another one alike."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import types

import pytest
import yaml
from cases import CASES
from runs import ROOT, run_module
from test_six_steps import VERSIONS, merged

from ansible_collections.homelab.media.plugins.module_utils.arr import ALL, KINDS
from ansible_collections.homelab.media.plugins.plugin_utils import catalog as catalogs
from ansible_collections.homelab.media.plugins.plugin_utils import plan as planner
from ansible_collections.homelab.media.plugins.plugin_utils import user_resources

SECRET = "sw0rdfish-export-0815"
HEADER = "h3ader-v4lue-4711"
APPS = list(ALL) + ["lidarr3"]


def more(kind, world):
    """What the cases of the modules leave out: settings below C(settings), profiles that are there already, headers, a mapped category."""
    hook = {"url": world.hook.url, "method": "PUT"}
    if kind != "prowlarr":
        hook["headers"] = [{"key": "X-Token", "value": HEADER}]
    found = [
        {"resource": "notification", "name": "Discord", "implementation": "Webhook", "events": ["on_health_issue"], "tags": ["kids"], "fields": hook},
        {"resource": "config_host", "proxy_enabled": False, "proxy_hostname": "proxy", "proxy_password": "pr0xy-password", "log_level": "info"},
    ]
    if kind == "prowlarr":
        found.append({"resource": "download_client", "name": "qBittorrent", "settings": {"categories": [{"clientCategory": "tv", "categories": [5000]}]}})
        found.append({"resource": "indexer", "name": "Indexer", "settings": {"redirect": True}})
        # One of many definitions of one implementation.
        found.append({"resource": "indexer", "name": "Definition", "implementation": "Lab Tracker", "enable": False})
        return found
    found.append({"resource": "quality_profile", "name": "Any", "upgrade_allowed": True})
    found.append({"resource": "config_media_management", "chmod_folder": "775", "extra_file_extensions": ""})
    if kind == "lidarr":
        found.append({"resource": "root_folder", "path": world.media, "default_tags": ["kids"], "default_monitor_option": "future"})
    return found


def seeded(kind, app, world):
    """Every resource of every case of an app, as wishes, and the secrets in them."""
    wishes, secrets = [], {"c0nfiguration", "pr0xy-password"} | ({HEADER} if kind != "prowlarr" else set())
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


def values_of(handle, secrets, wishes):
    """Full name to the value of each secret, as the stand-in's database has it, or what was sent for settings, which are hashed there."""
    sent = {key: value for wish in wishes if wish["resource"] == "config_host" for key, value in wish.items()}
    found = {}
    for secret in secrets:
        kind = KINDS[secret["resource"]]
        if kind.singleton:
            found[secret["secret"]] = sent[secret["option"]]
            continue
        row = next(row for row in handle.service.db.rows(kind.path) if row["name"] == secret["of"])
        value = row["settings"][secret["option"]]
        found[secret["secret"]] = value[0]["value"] if isinstance(value, list) else value
    return found


@pytest.mark.parametrize("app", APPS)
def test_round_trip(start, world, app):
    kind, first = start(app, "first")
    wishes, secrets = seeded(kind, app, world)
    wire(first, kind, wishes)
    told = export(first, kind, secrets)
    assert told["left_out"] == []
    assert set(told["resources"]) == {name for name, entry in KINDS.items() if kind in entry.apps}
    assert json.loads(json.dumps(told["resources"])) == told["resources"]
    assert "********" not in json.dumps(told["resources"])

    services = {kind: {"settings": {"resources": told["resources"]}}}
    found = planner.static({"host": {"variables": {"media_services": services}, "undefined": {}}}, catalogs.load())
    assert [item for item in found["findings"] if ".resources" in item["key"]] == []

    # The same app, with no secret given: nothing is written.
    own = user_resources.wishes(described(kind, told["resources"]), lambda full: False)
    assert len(own) > 10
    assert wire(first, kind, own, check=True)["changed"] is False
    again = wire(first, kind, own)
    assert (again["changed"], again["diff"], first.proxy.writes()) == (False, [], [])

    # A fresh app, with all secrets: it becomes what the first one is.
    given = values_of(first, told["secrets"], wishes)
    assert set(given.values()) >= secrets
    kind, second = start(app, "second")
    own = user_resources.wishes(described(kind, told["resources"]), lambda full: True)
    wire(second, kind, own, given)
    assert wire(second, kind, own, given)["changed"] is False and second.proxy.writes() == []
    copied = export(second, kind, secrets)
    assert copied["resources"] == told["resources"]
    assert copied["secrets"] == told["secrets"]


def test_what_prowlarr_pushed_is_prowlarrs(start, world):
    kind, handle = start("sonarr", "sonarr")
    hook = {"resource": "indexer", "implementation": "Torznab", "enable_rss": False, "enable_automatic_search": False, "enable_interactive_search": False,
            "fields": {"baseUrl": world.torznab.url, "apiKey": world.torznab.api_key}}
    wire(handle, kind, [dict(hook, name="Tracker (Prowlarr)"), dict(hook, name="Own")])
    told = export(handle, kind, resources=["indexer"])
    assert [entry["name"] for entry in told["resources"]["indexer"]] == ["Own"] and list(told["resources"]) == ["indexer"]
    assert told["secrets"] == [{"name": "own", "secret": "sonarr.own", "resource": "indexer", "of": "Own", "option": "apiKey"}]


def test_what_cannot_be_told_is_named(start):
    kind, handle = start("sonarr", "sonarr")
    handle.api("POST", "tag", {"label": "kids"})
    handle.service.db.insert("tag", {"label": ""})
    handle.service.db.insert("tag", {"label": "KIDS"})
    told = export(handle, kind, resources=["tag"])
    assert told["resources"] == {"tag": [{"label": "kids"}]}
    assert told["left_out"] == ["the tag with the id 2: it has no label", "the tag KIDS: there are several of that name, of which one is told"]


def test_a_page_without_a_login_is_not_passed_on(start):
    kind, handle = start("radarr", "radarr")
    assert handle.api("GET", "config/host").json()["authenticationMethod"] == "none"
    told = export(handle, kind)["resources"]["config_host"]
    assert not {"authentication_method", "authentication_required", "password", "api_key", "port"} & set(told) and told["log_level"]


def test_what_the_wiring_makes_is_left_out(start, world):
    kind, handle = start("sonarr", "sonarr")
    wishes, secrets = seeded(kind, "sonarr", world)
    wire(handle, kind, wishes)
    wired = [{"resource": "download_client", "name": "qbittorrent", "category": "tv", "enable": True, "priority": 1, "fields": {
        "host": "qbittorrent", "port": 8080, "username": {"secret": "a.b"}, "password": {"secret": "a.c"}}},
        {"resource": "config_host", "username": "x", "password": {"secret": "a"}, "authentication_method": "forms", "authentication_required": "enabled"},
        {"resource": "root_folder", "path": world.media}, {"resource": "tag", "label": "gone", "state": "absent"}]
    told = export(handle, kind, secrets, wired=wired)
    assert "root_folder" not in told["resources"]
    client = told["resources"]["download_client"][0]
    assert client == {"name": "qBittorrent", "implementation": "QBittorrent", "tags": ["anime"], "fields": {"initialState": 2}}
    assert not {"username", "password", "authentication_method"} & set(told["resources"]["config_host"])
    assert "sonarr.password" not in [secret["secret"] for secret in told["secrets"]]


@pytest.mark.parametrize("options, words", [
    ({"resources": ["tga"]}, "did you mean tag?"), ({"resources": ["application"]}, "there is no kind of resource application"),
    ({"container": "not-there"}, "its container not-there does not run"), ({"api_key": "not-the-key"}, "the API key is wrong"),
])
def test_what_goes_wrong_is_one_sentence(arr, options, words):
    handle = arr("sonarr")
    result = run_module("arr_export", dict({"url": handle.url, "api_key": handle.api_key, "wait_timeout": 1}, **options))
    assert result["failed"] and words in result["msg"] and "Traceback" not in result["_text"]


PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Export
      ansible.builtin.import_role:
        name: homelab.media.export
"""


@pytest.fixture
def site(start, world, tmp_path):
    """Two hosts with a Sonarr each and one with a Radarr 4K; the plan's part of it; and how to export."""
    inventory, hosts, handles = {}, {}, {}
    for host, app, name in (("one", "sonarr", "sonarr"), ("one", "radarr", "radarr-4k"), ("two", "sonarr", "sonarr")):
        kind, handle = start(app, host + name)
        handles[host, name] = handle
        wire(handle, kind, [
            {"resource": "tag", "label": "kids"}, {"resource": "config_naming", "rename_" + ("episodes" if app == "sonarr" else "movies"): True},
            {"resource": "custom_format", "name": "Odd", "specifications": [
                {"name": "Odd", "implementation": "ReleaseTitleSpecification", "fields": {"value": "{{ odd }}|^a{2}$"}}]},
            {"resource": "notification", "name": "Hook", "implementation": "Webhook", "events": ["on_grab"], "fields": {
                "url": world.hook.url, "method": "POST", "password": SECRET}}])
        found = hosts.setdefault(host, {"secrets": {"state_root": str(tmp_path / host), "specs": []}, "wiring": {"apps": []}})
        key = name + ".api_key"
        found["secrets"]["specs"].append({"name": key, "format": "hex32", "adopt": [], "required": False})
        found["wiring"]["apps"].append({"name": name, "app": app, "url": handle.proxy.url, "api_key": {"secret": key}, "needs": [],
                                        "resources": [{"resource": "tag", "label": "kids", "state": "present"}]})
        services = inventory.setdefault(host, {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "media_services": {}})
        services["media_services"][name] = {"secrets": {"api_key": handle.api_key}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": inventory}}))
    (tmp_path / "play.yml").write_text(PLAYBOOK)

    def run(*options, **variables):
        for handle in handles.values():
            handle.proxy.clear()
        command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-vvv", "-i", "hosts.yml", "play.yml", "-e",
                   json.dumps(dict({"export_hosts": hosts}, **variables)), *options]
        environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".collections"), ANSIBLE_HOME=str(tmp_path / "home"), PWD=str(tmp_path))
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert all(handle.proxy.writes() == [] for handle in handles.values())
        for secret in [SECRET] + [handle.api_key for handle in handles.values()]:
            assert secret not in done.stdout + done.stderr
        return done

    return types.SimpleNamespace(run=run, handles=handles, path=tmp_path, hosts=hosts)


class Loader(yaml.SafeLoader):
    """YAML with Ansible's tag."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read(path):
    return yaml.load(path.read_text(), Loader)


def test_the_role_writes_files_that_the_inventory_takes(site):
    checked = site.run("--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not (site.path / "exported").exists()
    done = site.run()
    assert done.returncode == 0, done.stdout + done.stderr
    written = sorted(path.relative_to(site.path / "exported").as_posix() for path in (site.path / "exported").rglob("*.yml"))
    assert written == ["one/radarr-4k.yml", "one/sonarr.yml", "two/sonarr.yml", "vault.example.yml"]
    service = read(site.path / "exported/one/radarr-4k.yml")["media_services"]["radarr-4k"]
    assert service["app"] == "radarr" and service["secrets"] == {"hook": "{{ vault_radarr_4k_hook }}"}
    # What the wiring makes is left out, and what only looks like a template is none.
    assert "tag" not in service["settings"]["resources"]
    assert service["settings"]["resources"]["custom_format"][0]["specifications"][0]["fields"] == {"value": "{{ odd }}|^a{2}$"}
    assert '!unsafe "{{ odd }}' in (site.path / "exported/one/radarr-4k.yml").read_text()
    placeholders = read(site.path / "exported/vault.example.yml")
    assert placeholders == {"vault_one_sonarr_hook": "", "vault_two_sonarr_hook": "", "vault_radarr_4k_hook": ""}
    # Together they are an inventory.
    services = {}
    for name in ("sonarr", "radarr-4k"):
        services.update(read(site.path / "exported/one" / (name + ".yml"))["media_services"])
    for found in services.values():
        found["secrets"] = dict.fromkeys(found["secrets"], "")
    raw = {"one": {"variables": {"media_services": services}, "undefined": {}}}
    assert [item for item in planner.static(raw, catalogs.load())["findings"] if "resources" in item["key"] or "secrets" in item["key"]] == []
    again = site.run()
    assert again.returncode == 0 and "changed=0" in again.stdout and "changed=1" not in again.stdout


def test_one_service_of_one_host(site):
    done = site.run(export_services="radarr-4k", export_dir=str(site.path / "elsewhere"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (site.path / "elsewhere").rglob("*.yml")) == ["radarr-4k.yml", "vault.example.yml"]
    wrong = site.run(export_services="radar-4k")
    assert wrong.returncode != 0 and "Did you mean 'radarr-4k'?" in wrong.stdout


def test_an_app_that_is_down_does_not_keep_the_others(site):
    site.handles["one", "sonarr"].proxy.stop()
    done = site.run()
    assert done.returncode != 0 and "no connection" in done.stdout
    assert (site.path / "exported/one/radarr-4k.yml").exists() and (site.path / "exported/two/sonarr.yml").exists()
    assert not (site.path / "exported/one/sonarr.yml").exists()
