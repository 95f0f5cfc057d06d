# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong at home, against stand-ins: purge that must not, secrets that must not show, writers that meet."""
from __future__ import annotations

import fcntl
import json
import threading

import pytest
from ansible.module_utils import basic
from runs import run_module
from standins import testing

from ansible_collections.homelab.media.plugins.module_utils import runner, worker
from ansible_collections.homelab.media.plugins.module_utils.client import ArrClient
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger
from ansible_collections.homelab.media.plugins.modules import arr_notification

SECRET = "sw0rdfish-faults-0815"


def converge(handle, wishes, check=False, purge=None, ledger=None, wait=3, name=None):
    client = ArrClient(handle.proxy.url, handle.api_key, app=handle.kind, name=name or handle.kind, wait_timeout=wait)
    return worker.converge_app(runner.Converger(client, ledger or Ledger(None), {}, check), wishes, purge)


def client_of(world, **options):
    return dict({"resource": "download_client", "name": "qBittorrent", "implementation": "QBittorrent", "fields": {
        "host": "127.0.0.1", "port": world.qbittorrent.port, "username": "media", "password": world.qbittorrent.password}}, **options)


def names(handle, path, key="name"):
    return sorted(item[key] for item in handle.api("GET", path).json())


# --------------------------------------------------------------------------------------------------------------------------------
# Purge

def test_purge_leaves_an_app_alone_that_describes_nothing_of_the_kind(arr, world):
    handle = arr("sonarr")
    assert not converge(handle, [client_of(world)])["problems"]
    outcome = converge(handle, [{"resource": "tag", "label": "x"}], purge={"download_client": {"enabled": True}})
    assert names(handle, "downloadclient") == ["qBittorrent"] and not outcome["problems"]


def test_purge_waits_until_everything_that_is_described_is_there(arr, world):
    handle = arr("sonarr")
    assert not converge(handle, [{"resource": "root_folder", "path": world.media}])["problems"]
    outcome = converge(handle, [{"resource": "root_folder", "path": world.media + "/typo"}], purge={"root_folder": {"enabled": True}})
    assert outcome["problems"] and names(handle, "rootfolder", "path") == [world.media]


@pytest.mark.parametrize("check", [True, False])
def test_purge_removes_what_nobody_uses_and_keeps_what_is_in_use(arr, world, check):
    handle = arr("radarr")
    ledger = Ledger(None)
    torznab = {"resource": "indexer", "name": "Indexer", "implementation": "Torznab", "enable_rss": False, "enable_automatic_search": False,
               "enable_interactive_search": False, "download_client": "used",
               "fields": {"baseUrl": world.torznab.url, "apiPath": "/api", "apiKey": world.torznab.api_key}}
    word = {"name": "w", "implementation": "ReleaseTitleSpecification", "fields": {"value": "w"}}
    wishes = [client_of(world, name=name) for name in ("kept", "used", "free", "ignored")] + [
        torznab, {"resource": "custom_format", "name": "described", "specifications": [word]},
        {"resource": "custom_format", "name": "scored", "specifications": [word]}, {"resource": "custom_format", "name": "loose", "specifications": [word]},
        {"resource": "quality_profile", "name": "Mine", "qualities": ["Bluray-1080p"], "formats": {"scored": 5}},
        {"resource": "tag", "label": "described"}, {"resource": "tag", "label": "free"}, {"resource": "tag", "label": "used"},
        client_of(world, name="kept", tags=["used"])]
    first = converge(handle, wishes, ledger=ledger)
    assert not first["problems"], first["problems"]
    purge = {"download_client": {"enabled": True, "ignore": ["Ignored"]}, "custom_format": {"enabled": True}, "tag": {"enabled": True}}
    left = [client_of(world, name="kept"), {"resource": "custom_format", "name": "described"}, {"resource": "tag", "label": "described"}]
    handle.proxy.clear()
    outcome = converge(handle, left, check=check, purge=purge, ledger=ledger)
    assert not outcome["problems"], outcome["problems"]
    removed = [(item["resource"], item["name"]) for item in outcome["changes"]]
    assert sorted(removed) == [("custom_format", "loose"), ("download_client", "free"), ("tag", "free")]
    assert sorted((item["resource"], item["name"]) for item in outcome["kept"]) == [
        ("custom_format", "scored"), ("download_client", "used"), ("tag", "used")]
    assert all(item["reason"] and item["app"] == "radarr" for item in outcome["kept"])
    if check:
        assert not handle.proxy.writes()
    else:
        assert names(handle, "downloadclient") == ["ignored", "kept", "used"] and names(handle, "tag", "label") == ["described", "used"]
        again = converge(handle, left, purge=purge, ledger=ledger)
        assert not again["changes"] and not again["problems"]


def test_purge_keeps_a_folder_with_a_library_in_it(arr, world, monkeypatch):
    handle = arr("sonarr")
    assert not converge(handle, [{"resource": "root_folder", "path": path} for path in (world.media, world.downloads)])["problems"]
    read = ArrClient.read

    def with_library(self, path, fresh=False):
        return [{"id": 1, "path": world.downloads + "/Show", "qualityProfileId": 1}] if path == "series" else read(self, path, fresh)
    monkeypatch.setattr(ArrClient, "read", with_library)
    outcome = converge(handle, [{"resource": "root_folder", "path": world.media}], purge={"root_folder": {"enabled": True}})
    assert not outcome["changes"] and [item["name"] for item in outcome["kept"]] == [world.downloads]


# --------------------------------------------------------------------------------------------------------------------------------
# Writers that meet

def test_a_second_writer_waits_and_then_says_for_how_long(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "LOCKS", (str(tmp_path),))
    with worker.one_writer("http://app", wait=1):
        with pytest.raises(MediaError) as caught:
            with worker.one_writer("http://app", wait=0.3):
                pass
        assert "another run" in str(caught.value)
        with worker.one_writer("http://other", wait=0.3):
            pass
    with worker.one_writer("http://app", wait=0.3):
        pass


def test_a_lock_that_belongs_to_somebody_else_is_no_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "LOCKS", (str(tmp_path / "missing"), str(tmp_path)))
    with worker.one_writer("http://app", wait=1):
        found = list(tmp_path.iterdir())
        assert len(found) == 1
        with open(found[0], "rb") as stream, pytest.raises(OSError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_two_runs_at_once_make_one_client(arr, world, monkeypatch, tmp_path):
    handle = arr("sonarr")
    monkeypatch.setattr(worker, "LOCKS", (str(tmp_path),))
    outcomes = []
    wish = client_of(world, enable=False, fields={"host": "127.0.0.1"})
    threads = [threading.Thread(target=lambda: outcomes.append(converge(handle, [wish], wait=30))) for dummy in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(handle, "downloadclient") == ["qBittorrent"]
    assert sorted(len(outcome["changes"]) for outcome in outcomes) == [0, 0, 0, 1] and not any(outcome["problems"] for outcome in outcomes)


def test_a_tag_that_somebody_else_makes_at_the_same_moment_is_read(arr, world, monkeypatch):
    handle = arr("sonarr")
    write = ArrClient.write

    def late(self, method, path, body=None, params=None):
        if (method, path) == ("POST", "tag"):
            write(self, method, path, body, params)
            raise MediaError("UNIQUE constraint failed", 409)
        return write(self, method, path, body, params)
    monkeypatch.setattr(ArrClient, "write", late)
    outcome = converge(handle, [client_of(world, tags=["slow"])])
    assert not outcome["problems"] and handle.api("GET", "downloadclient").json()[0]["tags"] == [handle.api("GET", "tag").json()[0]["id"]]


# --------------------------------------------------------------------------------------------------------------------------------
# Ledger and secrets

def test_twins_of_one_app_do_not_share_secrets(arr, world):
    first, second = arr("radarr", name="one"), arr("radarr", name="two")
    webhook = {"name": "Hook", "implementation": "Webhook", "events": ["on_grab"]}
    for again in (False, True):
        for handle, secret in ((first, SECRET + "-1"), (second, SECRET + "-2")):
            result = run_module("arr_notification", dict(webhook, url=handle.proxy.url, api_key=handle.api_key, app="radarr", state_root=world.state,
                                                         wait_timeout=5, fields={"url": world.hook.url, "username": "me", "password": secret}))
            assert not result.get("failed"), result["msg"]
            assert result["changed"] is not again


def test_two_ledgers_of_one_file_keep_each_others_entries(tmp_path):
    path = str(tmp_path / "ledger.json")
    Ledger(path).save()
    start = Ledger(path)
    start.record("x", "0")
    start.save()
    one, two = Ledger(path), Ledger(path)
    one.record("a", "1")
    two.record("b", "2")
    two.forget("x")
    one.save()
    two.save()
    found = Ledger(path)
    assert found.knows("a", "1") and found.knows("b", "2") and not found.knows("x", "0")


def test_a_client_that_was_made_anew_by_hand_gets_its_password_again(arr, world):
    handle, ledger = arr("sonarr"), Ledger(None)
    assert converge(handle, [client_of(world)], ledger=ledger)["changes"]
    item = handle.api("GET", "downloadclient").json()[0]
    handle.api("DELETE", "downloadclient/{0}".format(item["id"]))
    for entry in item["fields"]:
        if entry["name"] == "password":
            entry["value"] = "wrong by hand"
    item.pop("id")
    assert handle.api("POST", "downloadclient", dict(item, enable=False)).status_code == 201
    changes = converge(handle, [client_of(world)], ledger=ledger)["changes"]
    assert changes and "fields.password" in changes[0]["fields"]


def test_a_ledger_that_cannot_be_kept_is_a_warning_after_the_work(arr, world, tmp_path):
    handle = arr("sonarr")
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    wish = {key: value for key, value in client_of(world).items() if key != "resource"}
    result = run_module("arr_download_client", dict(wish, url=handle.proxy.url, api_key=handle.api_key, state_root=str(blocked), wait_timeout=5))
    assert not result.get("failed"), result["msg"]
    assert result["changed"] and "the next run pushes them again" in result["_text"]


def test_nothing_secret_reaches_the_system_log(arr, world, tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr(basic, "has_journal", False)
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda self, text: logged.append(text), raising=False)
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, msg, log_args=None: logged.append("{0} {1}".format(msg, log_args)))
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": {
        "url": "http://127.0.0.1:9", "api_key": "k" * 32, "name": "x", "implementation": "Webhook", "wait_timeout": 0, "state_root": str(tmp_path),
        "fields": {"password": SECRET, "headers": {"Authorization": SECRET + "-2"}}}}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr(basic, "_PARSED_MODULE_ARGS", None, raising=False)
    with pytest.raises(SystemExit):
        arr_notification.main()
    assert logged and not [text for text in logged if SECRET in text or "kkkk" in text]


def test_check_mode_asks_no_login_page(arr, world):
    handle = arr("sonarr", authentication="Forms")
    wish = {"resource": "config_host", "authentication_method": "forms", "username": "admin", "password": SECRET}
    assert not converge(handle, [wish])["problems"]
    handle.proxy.clear()
    # The ledger is lost.
    checked = converge(handle, [wish], check=True)
    assert not handle.proxy.writes() and not checked["problems"]


# --------------------------------------------------------------------------------------------------------------------------------
# Saving what cannot be reached

@pytest.mark.parametrize("app", ["sonarr", "radarr", "lidarr", "prowlarr"])
def test_what_cannot_be_reached_is_saved_when_told_to(arr, world, app):
    handle = arr(app)
    hook = {"resource": "notification", "name": "Hook", "implementation": "Webhook", "events": ["on_grab"], "force_save": True,
            "fields": {"url": "http://127.0.0.1:9/hook", "password": SECRET}}
    down = {"resource": "download_client", "name": "down", "implementation": "Nzbget", "force_save": True,
            "fields": {"host": "127.0.0.1", "port": 9, "username": "me", "password": SECRET}}
    ledger = Ledger(None)
    outcome = converge(handle, [hook, down], ledger=ledger, wait=0)
    assert not outcome["problems"], outcome["problems"]
    assert handle.api("GET", "downloadclient").json()[0]["enable"] is True and handle.api("GET", "notification").json()[0]["onGrab"] is True
    again = converge(handle, [hook, down], ledger=ledger, wait=0)
    assert not again["changes"] and not again["problems"]


def test_what_is_refused_leaves_nothing_behind(arr, world):
    handle = arr("sonarr")
    outcome = converge(handle, [{"resource": "download_client", "name": "bad", "implementation": "Nzbget", "force_save": True,
                                 "fields": {"host": "not a host/", "port": 9, "username": "me", "password": SECRET}}], wait=0)
    assert outcome["problems"] and handle.api("GET", "downloadclient").json() == []


def test_another_implementation_is_not_mistaken_for_the_one_that_is_there(arr, world):
    handle = arr("sonarr")
    assert not converge(handle, [client_of(world)])["problems"]
    outcome = converge(handle, [{"resource": "download_client", "name": "qbittorrent", "implementation": "Deluge", "priority": 3}])
    assert not outcome["changes"] and "QBittorrent" in outcome["problems"][0] and "Deluge" in outcome["problems"][0]


def test_the_mask_is_never_taken_for_a_secret(arr, world):
    handle = arr("sonarr")
    outcome = converge(handle, [client_of(world, fields={"host": "127.0.0.1", "port": 1, "password": "*" * 8}, enable=False)])
    assert "password" in outcome["problems"][0] and handle.api("GET", "downloadclient").json() == []


# --------------------------------------------------------------------------------------------------------------------------------
# The whole of a host

def test_check_mode_foresees_what_the_same_run_makes(arr, world):
    handle = arr("radarr")
    wishes = [{"resource": "custom_format", "name": "x265", "specifications": [{"name": "x", "implementation": "ReleaseTitleSpecification",
                                                                               "fields": {"value": "x265"}}]},
              {"resource": "quality_profile", "name": "Mine", "qualities": ["Bluray-1080p"], "formats": {"x265": -10}},
              {"resource": "root_folder", "path": world.media},
              {"resource": "import_list", "name": "Other", "implementation": "RadarrImport", "quality_profile": "Mine", "root_folder_path": world.media,
               "enabled": False, "fields": {"baseUrl": "http://127.0.0.1:9", "apiKey": SECRET}}]
    checked = converge(handle, wishes, check=True)
    assert not checked["problems"] and not handle.proxy.writes()
    done = converge(handle, wishes)
    assert not done["problems"], done["problems"]

    def plain(outcome):
        return [(item["resource"], item["action"], item["fields"]) for item in outcome["changes"]]
    assert plain(checked) == plain(done)
    shown = {item["resource"]: item["after"] for item in checked["changes"]}
    assert shown["import_list"]["quality_profile"] == "Mine"
    assert {item["resource"]: item["after"] for item in done["changes"]}["import_list"]["quality_profile"] == "Mine"


def wiring(world, apps, **options):
    return run_module("media_wiring", dict({"apps": apps, "secrets": {"key": "0123456789abcdef" * 2}, "state_root": world.state, "wait_timeout": 2,
                                            "on_problem": "report"}, **options))


def test_an_app_that_answers_nonsense_does_not_keep_the_others_from_it(arr, world):
    def odd(environ, start_response):
        body = {"appName": "Radarr", "version": "6"} if "status" in environ["PATH_INFO"] else [None, 3, {"label": None}]
        return testing.respond(start_response, 200, body)
    sonarr = arr("sonarr", api_key="0123456789abcdef" * 2)
    with testing.start_wsgi(odd) as broken:
        result = wiring(world, [
            {"name": "radarr", "app": "radarr", "url": broken.url, "api_key": {"secret": "key"}, "resources": [{"resource": "tag", "label": "x"}]},
            {"name": "sonarr", "app": "sonarr", "url": sonarr.proxy.url, "api_key": {"secret": "key"}, "resources": [{"resource": "tag", "label": "x"}]}])
    assert "exception" not in result, result
    assert [item["app"] for item in result["problems"]] == ["radarr"] and names(sonarr, "tag", "label") == ["x"]


def test_an_app_is_wired_after_those_that_it_needs(arr, world):
    sonarr, radarr = arr("sonarr", api_key="0123456789abcdef" * 2), arr("radarr", api_key="0123456789abcdef" * 2)
    radarr.faults({"delay": {"seconds": 0.4, "path": "/api/.*"}})
    apps = [{"name": handle.kind, "app": handle.kind, "url": handle.proxy.url, "api_key": {"secret": "key"},
             "resources": [{"resource": "tag", "label": "x"}]} for handle in (sonarr, radarr)]
    apps[0]["needs"] = ["radarr", "elsewhere"]
    result = wiring(world, apps)
    assert not result["problems"] and [item["app"] for item in result["changes"]] == ["sonarr", "radarr"]
    last = max(entry["t"] for entry in radarr.requests())
    assert min(entry["t"] for entry in sonarr.requests()) >= last
    circle = wiring(world, [dict(apps[0], needs=["radarr"]), dict(apps[1], needs=["sonarr"])])
    assert circle["failed"] and "need each other" in circle["msg"]


def test_what_an_app_lacks_in_its_description_is_said(arr, world):
    result = wiring(world, [{"name": "sonarr", "app": "sonarr", "api_key": {"secret": "key"}, "resources": [{"resource": "root_folder", "path": "/x"}]}])
    assert "url" in result["problems"][0]["message"] and result["links"][0]["state"] == "failed"


@pytest.mark.parametrize("app", ["sonarr", "radarr", "lidarr", "prowlarr"])
def test_a_misspelt_option_of_a_resource_is_never_dropped(arr, world, app):
    handle = arr(app)
    wishes = [{"resource": "tag", "label": "x", "colour": "red"}, client_of(world, prioriti=3), {"resource": "config_ui", "thme": "dark"},
              {"resource": "notification", "name": "n", "implementation": "Webhook", "on_grob": True, "fields": {"url": world.hook.url}}]
    profiles = {"default_quality_profile": "Any", "default_metadata_profile": "Standard"} if app == "lidarr" else {}
    if app != "prowlarr":
        wishes += [dict({"resource": "root_folder", "path": world.media, "pfad": "x"}, **profiles), {"resource": "delay_profile", "tags": ["x"], "delay": 3},
                   {"resource": "remote_path_mapping", "host": "nas", "remote_path": "/d", "local_path": world.media, "loca_path": "x"},
                   {"resource": "quality_profile", "name": "x", "qualities": ["Unknown"], "cut_off": "x"},
                   {"resource": "custom_format", "name": "x", "specification": []},
                   {"resource": "metadata", "name": "Kodi (XBMC) / Emby", "enabled": True}]
    if app in ("sonarr", "radarr"):
        wishes.append({"resource": "root_folder", "path": world.media, "default_quality_profile": "Any"})
    handle.proxy.clear()
    outcome = converge(handle, wishes)
    assert len(outcome["problems"]) == len(wishes), (outcome["problems"], outcome["changes"])
    # Tags that a resource names are made before it is understood.
    assert [item for item in handle.proxy.writes() if not item["path"].endswith("/tag")] == []
    assert all("there is no" in text for text in outcome["problems"]), outcome["problems"]


def test_lidarr_says_which_profiles_there_are(arr, world):
    handle = arr("lidarr")
    problem = converge(handle, [{"resource": "root_folder", "path": world.media}])["problems"][0]
    assert "default_quality_profile" in problem and "Lossless" in problem
    wish = {"resource": "root_folder", "path": world.media, "default_quality_profile": "Any", "default_metadata_profile": "Standard"}
    assert not converge(handle, [wish])["problems"] and names(handle, "rootfolder") == ["media"]
    assert not converge(handle, [wish])["changes"]
