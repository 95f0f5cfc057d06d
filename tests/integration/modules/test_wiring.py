# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole wiring of four apps in one run of one module."""
from __future__ import annotations

import collections
import copy

import pytest
from runs import run_module

PASSWORDS = {"qbittorrent.password": "correct horse battery", "admin.password": "open sesame 4711"}
LOGIN = {"resource": "config_host", "authentication_method": "forms", "authentication_required": "enabled", "username": "admin",
         "password": {"secret": "admin.password"}}


def library(kind, world):
    """Fifteen or more resources of an app with a library."""
    folder = {"resource": "root_folder", "path": world.media}
    if kind == "lidarr":
        folder.update(name="Music", default_quality_profile="Any", default_metadata_profile="Standard")
    word = {"sonarr": "episodes", "radarr": "movies", "lidarr": "tracks"}[kind]
    quality = {"sonarr": "Bluray-1080p", "radarr": "Bluray-1080p", "lidarr": "FLAC"}[kind]
    return [
        LOGIN, {"resource": "tag", "label": "kids"}, {"resource": "tag", "label": "anime"}, folder,
        {"resource": "remote_path_mapping", "host": "nas", "remote_path": "/d", "local_path": world.downloads},
        {"resource": "download_client", "name": "qBittorrent", "implementation": "QBittorrent", "category": "media", "tags": ["kids"],
         "targets": [{"name": "qbittorrent"}], "fields": {
            "host": "127.0.0.1", "port": world.qbittorrent.port, "username": "media", "password": {"secret": "qbittorrent.password"}}},
        {"resource": "custom_format", "name": "x265", "specifications": [
            {"name": "x", "implementation": "ReleaseTitleSpecification", "fields": {"value": "x265"}}]},
        {"resource": "quality_profile", "name": "Mine", "qualities": [quality], "formats": {"x265": 10}},
        {"resource": "delay_profile", "tags": [], "preferred_protocol": "torrent"},
        {"resource": "delay_profile", "tags": ["anime"], "torrent_delay": 5},
        {"resource": "notification", "name": "Hook", "implementation": "Webhook", "events": ["on_grab"], "fields": {"url": world.hook.url, "method": "POST"}},
        {"resource": "metadata", "name": "Kodi (XBMC) / Emby", "enable": True},
        {"resource": "config_media_management", "settings": {"delete_empty_folders": True}},
        {"resource": "config_naming", "settings": {"rename_" + word: True}},
        {"resource": "config_download_client", "settings": {"enable_completed_download_handling": False}},
        {"resource": "config_indexer", "settings": {"minimum_age": 3}},
        {"resource": "config_ui", "settings": {"theme": "dark"}},
    ]


@pytest.fixture
def stack(arr, world):
    apps = {kind: arr(kind, api_key=(kind[0] * 4 + "0123") * 4) for kind in ("sonarr", "radarr", "lidarr", "prowlarr")}
    wishes = {kind: library(kind, world) for kind in ("sonarr", "radarr", "lidarr")}
    sync = {"resource": "indexer_sync", "prowlarr_url": apps["prowlarr"].url, "applications": [
        {"name": kind.capitalize(), "app": kind, "url": apps[kind].url, "api_key": {"secret": kind + ".api_key"}} for kind in wishes]}
    wishes["prowlarr"] = [
        LOGIN, {"resource": "tag", "label": "flaresolverr"}, {"resource": "config_ui", "settings": {"theme": "dark"}},
        {"resource": "indexer_proxy", "name": "Proxy", "implementation": "Http", "fields": {"host": "127.0.0.1", "port": 1}},
        {"resource": "indexer", "name": "Tracker", "implementation": "Torznab", "fields": {
            "baseUrl": world.torznab.url, "apiPath": "/api", "apiKey": world.torznab.api_key}}, sync]
    options = {"state_root": world.state, "wait_timeout": 5, "on_problem": "report",
               "secrets": dict(PASSWORDS, **{kind + ".api_key": apps[kind].api_key for kind in apps}),
               "apps": [{"name": kind, "app": kind, "url": apps[kind].proxy.url, "api_key": {"secret": kind + ".api_key"}, "resources": wishes[kind]}
                        for kind in apps]}
    return apps, options


def wire(options, check=False):
    result = run_module("media_wiring", options, check)
    assert "problems" in result, result
    for secret in options["secrets"].values():
        assert secret not in result["_text"]
    return result


def test_everything_in_one_run(stack):
    apps, options = stack
    promised = wire(options, check=True)
    assert not any(handle.proxy.writes() for handle in apps.values())
    made = wire(options)
    assert made["problems"] == [] and made["changed"]
    assert len(made["changes"]) >= 55
    promised_names = {(item["app"], item["resource"], item["name"]) for item in promised["changes"]}
    assert {(item["app"], item["resource"], item["name"]) for item in made["changes"]} - promised_names <= {("prowlarr", "indexer_sync", "applications")}
    assert all(link["state"] == "changed" for link in made["links"])
    for handle in apps.values():
        handle.proxy.clear()
    again = wire(options)
    assert (again["changed"], again["problems"], again["diff"]) == (False, [], [])
    for kind, handle in apps.items():
        seen = handle.proxy.seen()
        assert [item for item in seen if item["method"] != "GET"] == []
        # Every collection once, tags and other look-ups included.
        counted = collections.Counter(item["path"].partition("?")[0] for item in seen)
        assert max(counted.values()) == 1, (kind, counted)
        resources = {wish["resource"] for wish in next(app["resources"] for app in options["apps"] if app["name"] == kind)}
        assert len(seen) <= len(resources) + 4, (kind, len(seen), counted)
    assert {link["state"] for link in again["links"]} == {"ok"}


def test_one_app_down_does_not_keep_the_others(stack):
    apps, options = stack
    options["wait_timeout"] = 1
    apps["radarr"].faults({"drop": {"path": ".*"}})
    result = wire(options)
    assert {item["app"] for item in result["problems"]} == {"radarr", "prowlarr"}
    assert any("radarr" in item["message"].lower() and "no connection" in item["message"] for item in result["problems"])
    assert {item["app"] for item in result["changes"]} == {"sonarr", "lidarr", "prowlarr"}
    assert all(link["state"] == "failed" for link in result["links"] if link["app"] == "radarr")
    assert [item["name"] for item in apps["sonarr"].api("GET", "indexer").json()] == ["Tracker (Prowlarr)"]
    apps["radarr"].faults({})
    done = wire(options)
    assert done["problems"] == [] and {item["app"] for item in done["changes"]} == {"radarr", "prowlarr"}
    assert wire(options)["changed"] is False


def test_what_a_limited_run_cannot_make_is_told_and_is_no_problem(stack):
    apps, options = stack
    # Prowlarr needs a host that is not in the run; of that host, sonarr answers with what is not wanted, and lidarr not at all.
    resources = next(app["resources"] for app in options["apps"] if app["name"] == "prowlarr")
    sync = resources[-1]
    options.update(apps=[app for app in options["apps"] if app["name"] == "prowlarr"], outside=["other"], wait_timeout=1)
    sync["applications"] = [entry for entry in sync["applications"] if entry["app"] != "radarr"]
    sync["targets"] = [{"name": "sonarr", "host": "other", "url": apps["sonarr"].url}, {"name": "lidarr", "host": "other", "url": "http://127.0.0.1:9"}]
    sync["applications"][-1]["url"] = "http://127.0.0.1:9"
    resources.append({"resource": "tag", "label": "made"})
    result = wire(options)
    assert result["problems"] == []
    assert [(item["app"], item["services"], item["hosts"]) for item in result["waiting"]] == [("prowlarr", ["lidarr"], ["other"])]
    assert "Lidarr" in result["waiting"][0]["messages"][0]
    assert [item["name"] for item in result["changes"]][-1] == "made"
    # The same of a host that is in the run; and whatever links may have targets.
    resources[:] = [dict(item, targets=[{"name": "sonarr"}]) for item in resources[:-1]] + resources[-1:]
    sync = resources[-2]
    sync["targets"] = [{"name": "lidarr", "host": "other", "url": "http://127.0.0.1:9"}]
    result = wire(dict(options, outside=[]))
    assert [item["app"] for item in result["problems"]] == ["prowlarr"] and result["waiting"] == []
    # And where everything of the other host answers, what is wrong is a problem.
    sync["targets"] = [{"name": "sonarr", "host": "other", "url": apps["sonarr"].url}]
    result = wire(options)
    assert [item["app"] for item in result["problems"]] == ["prowlarr"] and result["waiting"] == []


def test_one_resource_that_fails_does_not_keep_the_others(stack):
    _apps, options = stack
    options["apps"] = [dict(options["apps"][0], resources=[
        {"resource": "tga", "label": "x"}, {"label": "x"}, {"resource": "root_folder", "path": "/not/there"},
        {"resource": "config_ui", "settings": {"them": "dark"}}, {"resource": "tag", "label": "made"}])]
    result = wire(options)
    assert [item["name"] for item in result["changes"]] == ["made"]
    messages = [item["message"] for item in result["problems"]]
    assert len(messages) == 4 and "did you mean tag" in messages[0] and "/not/there" in messages[2] and "did you mean theme" in messages[3]


def test_a_partial_task_changes_one_thing(stack):
    apps, options = stack
    wire(options)
    before = apps["sonarr"].service.db.rows("downloadclient")[0]
    handle = apps["sonarr"]
    result = run_module("arr_download_client", {"url": handle.url, "api_key": handle.api_key, "state_root": options["state_root"],
                                                "name": "qBittorrent", "priority": 7})
    assert result["changed"] and result["changes"][0]["fields"] == ["priority"]
    expected = copy.deepcopy(before)
    expected["top"]["priority"] = 7
    # The stored object, password included.
    after = apps["sonarr"].service.db.rows("downloadclient")[0]
    assert after == expected and after["settings"]["password"] == PASSWORDS["qbittorrent.password"]


def test_a_lost_ledger_pushes_each_secret_once(stack, tmp_path):
    apps, options = stack
    wire(options)
    options["state_root"] = str(tmp_path / "another")
    pushed = wire(options)
    assert pushed["problems"] == []
    # The login is proved at the login page, and so not written.
    assert {item["resource"] for item in pushed["changes"]} <= {"download_client", "indexer", "indexer_sync"}
    assert {item["app"] for item in pushed["changes"]} == set(apps)
    assert all(field.startswith(("fields.", "application ")) for item in pushed["changes"] for field in item["fields"])
    assert wire(options)["changed"] is False


def test_purge(stack):
    apps, options = stack
    wire(options)
    sonarr = apps["sonarr"]
    sonarr.api("POST", "tag", {"label": "stray"})
    sonarr.api("POST", "tag", {"label": "keep"})
    options["apps"] = options["apps"][:1]
    everything = {"enabled": True, "ignore": ["keep", "Any"]}
    options["purge"] = {"tag": everything, "delay_profile": {"enabled": True}, "download_client": {"enabled": False}, "indexer": {"enabled": True},
                        "quality_profile": dict(everything, ignore=["Any", "SD", "HD-720p", "HD-1080p", "Ultra-HD", "HD - 720p/1080p"])}
    sonarr.proxy.clear()
    checked = wire(options, check=True)
    assert [(item["resource"], item["name"], item["action"]) for item in checked["changes"]] == [("tag", "stray", "delete")]
    assert checked["diff"][0]["before"] == {"label": "stray"} and not sonarr.proxy.writes()
    purged = wire(options)
    assert [item["name"] for item in purged["changes"]] == ["stray"] and purged["problems"] == []
    # What is in use stays, and why is told.
    options["apps"][0]["resources"] = [wish for wish in options["apps"][0]["resources"] if wish.get("label") != "kids"]
    kept = wire(options)
    assert kept["changes"] == [] and kept["problems"] == []
    assert [(item["app"], item["resource"], item["name"], item["reason"]) for item in kept["kept"] if item["name"] == "kids"] == [
        ("sonarr", "tag", "kids", "it is a tag of downloadClient")]
    assert [item["name"] for item in sonarr.api("GET", "indexer").json()] == ["Tracker (Prowlarr)"]


def test_an_unreachable_client_is_made_when_it_is_forced(stack):
    apps, options = stack
    client = {"resource": "download_client", "name": "Gone", "implementation": "QBittorrent", "force_save": True, "fields": {"host": "127.0.0.1", "port": 9}}
    options["apps"] = [dict(app, resources=[client]) for app in options["apps"]]
    result = wire(options)
    assert result["problems"] == [] and len(result["changes"]) == 4
    for handle in apps.values():
        assert [(item["name"], item["enable"]) for item in handle.api("GET", "downloadclient").json()] == [("Gone", True)]
    assert wire(options)["changed"] is False


def test_no_key_opens_the_page(stack):
    apps, options = stack
    options["apps"] = [dict(app, resources=[{"resource": "config_host", "log_level": "debug"}]) for app in options["apps"]]
    assert wire(options)["problems"] == []
    options["apps"] = [dict(app, resources=[dict(LOGIN, password=None, username=None)]) for app in options["apps"]]
    result = wire(options)
    assert len(result["problems"]) == 4 and all("username and password are needed" in item["message"] for item in result["problems"])
    options["apps"] = [dict(app, resources=[LOGIN]) for app in options["apps"]]
    assert wire(options)["problems"] == []
    options["apps"] = [dict(app, resources=[{"resource": "config_host", "log_level": "info"}]) for app in options["apps"]]
    assert wire(options)["problems"] == []
    for handle in apps.values():
        found = handle.api("GET", "config/host").json()
        assert (found["authenticationMethod"], found["username"]) == ("forms", "admin") and found["password"]
