# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with Bazarr and Tautulli: one sentence each, nothing half done, no secret told."""
from __future__ import annotations

import contextlib
import json
import time

import pytest
import requests
import test_watch_six_steps
import watch_apps
from standins import testing
from test_watch_six_steps import tautulli
from watch_apps import KEY, LOGIN, TOKEN

# The fixture of the six steps.
start = test_watch_six_steps.start

KEY_OF_SONARR = "5onarrs-key-4711-0815"


def sonarr(environ, start_response):
    """As much of Sonarr as Bazarr asks it for."""
    testing.read(environ)
    if "negotiate" in environ["PATH_INFO"]:
        return testing.respond(start_response, 200, {"negotiateVersion": 0})
    if KEY_OF_SONARR not in environ["QUERY_STRING"]:
        return testing.respond(start_response, 401, b"")
    return testing.respond(start_response, 200, {"version": "4.0.19", "appName": "Sonarr"})


@pytest.fixture
def peer():
    with testing.start_wsgi(sonarr) as handle:
        yield handle


@pytest.fixture
def run(start, tmp_path):
    """Run a module on a stand-in of its app: C(run("bazarr_settings", {...}))."""
    apps = {}

    def begin(module, options, check=False, **how):
        app = module.partition("_")[0]
        if app not in apps:
            apps[app] = start(app, **how)
        begin.handle = apps[app]
        result = watch_apps.run_module(apps[app], tmp_path / "state", module, options, check)
        for secret in (KEY, KEY_OF_SONARR, TOKEN, LOGIN[1]):
            assert secret not in result["_text"]
        return result

    return begin


def link(port, **more):
    return {"sonarr": dict({"host": "127.0.0.1", "port": port, "api_key": KEY_OF_SONARR}, **more)}


def failed(result, *words):
    assert result.get("failed") and not result["changed"]
    assert all(word in result["msg"] for word in words), result["msg"]
    assert "Traceback" not in result["msg"]


def test_bazarr_is_not_told_of_a_sonarr_that_it_does_not_reach(run):
    begun = time.monotonic()
    failed(run("bazarr_settings", link(testing.free_port())), "Bazarr does not reach Sonarr at 127.0.0.1", "no connection", "start it")
    assert not run.handle.proxy.writes() and time.monotonic() - begun < 5


def test_bazarr_is_not_told_of_a_sonarr_that_refuses_the_key(run, peer):
    failed(run("bazarr_settings", link(peer.port, api_key="an0ther-key")), "Sonarr refuses the API key")
    assert not run.handle.proxy.writes()


def test_bazarr_that_never_answers_has_saved_it(run, peer):
    peer.faults({"drop": {"path": ".*negotiate.*"}})
    begun = time.monotonic()
    result = run("bazarr_settings", dict(link(peer.port), timeout=2))
    peer.faults()
    assert result["changed"] and not result.get("failed"), result.get("msg")
    assert time.monotonic() - begun < 10
    assert not run("bazarr_settings", link(peer.port))["changed"]


@pytest.mark.parametrize("options, words", [
    ({"settings": {"generall": {}}}, ["no section generall", "did you mean general?"]),
    ({"settings": {"general": {"minimum_scores": 1}}}, ["no setting of general called minimum_scores"]),
    ({"settings": {"general": {"use_sonarr": "perhaps"}}}, ["general.use_sonarr takes true or false"]),
    ({"settings": {"general": {"port": "many"}}}, ["general.port takes a number"]),
    ({"settings": {"auth": {"apikey": "another"}}}, ["the API key stays"]),
    ({"settings": {"sonarr": {"http_timeout": 61}}}, ["sonarr.http_timeout must is_in", "406"]),
    ({"sonarr": {"enabled": False, "api_key": "12345678901234567890"}}, ["sonarr.apikey", "(secret)"]),
    ({"languages": ["en", "xx"]}, ["no language xx"]),
    ({"default_profile_series": "Home"}, ["no languages profile Home", "there are none"]),
    ({"providers": [{"name": "opensubtitles.com", "fields": {"username": "me"}}]}, ["provider opensubtitles.com", "opensubtitlescom"]),
    ({"notifications": [{"name": "Discort", "url": "x"}]}, ["no notification service Discort", "Discord"]),
])
def test_bazarr_settings_that_are_wrong(run, options, words):
    failed(run("bazarr_settings", options), *words)


def test_a_profile_that_new_series_get_stays(run):
    home = {"name": "Home", "languages": [{"language": "en"}, {"language": "en", "forced": True}], "cutoff": "en:forced"}
    assert run("bazarr_languages_profile", home)["changed"]
    assert run("bazarr_languages_profile", dict(home, name="Kids"))["changed"]
    assert run("bazarr_settings", {"default_profile_series": "home", "languages": ["fr"]})["changed"]
    enabled = run("bazarr_info", {})["languages"]
    assert sorted(enabled) == ["en", "fr"]
    failed(run("bazarr_languages_profile", {"name": "Home", "state": "absent"}), "default of new series")
    assert not run.handle.proxy.writes()
    assert run("bazarr_settings", {"default_profile_series": ""})["changed"]
    assert run("bazarr_languages_profile", {"name": "HOME", "state": "absent"})["changed"]
    assert [entry["name"] for entry in run("bazarr_info", {})["languages_profiles"]] == ["Kids"]


@pytest.mark.parametrize("module, options", [
    ("bazarr_settings", {"providers": [{"name": "opensubtitlescom", "fields": {"username": "me", "password": TOKEN}}]}),
    ("bazarr_settings", {"settings": {"opensubtitlescom": {"password": TOKEN, "use_hash": True}}}),
    ("bazarr_settings", {"sonarr": {"api_key": TOKEN}, "login": {"password": TOKEN}, "notifications": [{"name": "Discord", "url": TOKEN}]}),
    ("tautulli_notifier", {"name": "Chat", "agent": "discord", "fields": {"hook": TOKEN}}),
    ("tautulli_settings", {"settings": {"pms_token": TOKEN, "cloudinary_api_secret": TOKEN}, "plex": {"token": TOKEN}}),
])
def test_an_app_that_does_not_run_costs_no_secret(tmp_path, module, options):
    """Before anything is known of the app, only the names of options tell what is a secret."""
    arguments = dict(options, url=f"http://127.0.0.1:{testing.free_port()}", api_key=KEY, state_root=str(tmp_path), wait_timeout=0)
    result = watch_apps.runs.run_module(module, arguments)
    assert result["failed"] and "connection refused" in result["msg"] and TOKEN not in result["_text"] and KEY not in result["_text"]


@pytest.mark.parametrize("options, words", [
    ({"name": "Home"}, ["needs languages"]),
    ({"name": "Home", "languages": [{"language": "en"}], "cutoff": "de"}, ["the cutoff de is none of its languages", "en"]),
    ({"name": "Home", "languages": [{"language": "en", "hi": True, "forced": True}]}, ["either forced or hi"]),
])
def test_profiles_that_are_wrong(run, options, words):
    failed(run("bazarr_languages_profile", options), *words)
    assert not run.handle.proxy.writes()


@pytest.mark.parametrize("module", ["bazarr_info", "tautulli_info"])
def test_wrong_key_and_wrong_app(run, start, tmp_path, module):
    result = run(module, {"api_key": "wr0ng-key-4711"})
    assert result["failed"] and "the API key is wrong" in result["msg"] and "Settings >" in result["msg"] and "wr0ng" not in result["msg"]
    other = start({"bazarr_info": "tautulli", "tautulli_info": "bazarr"}[module])
    failed(dict(watch_apps.run_module(other, tmp_path / "state", module, {}), changed=False), "correct the URL")


def test_an_app_that_stumbles_is_not_tautulli(tmp_path):
    def stumble(environ, start_response):
        return testing.respond(start_response, 500, "<!doctype html><title>Internal Server Error</title>", "text/html")

    with testing.start_wsgi(stumble) as handle:
        result = watch_apps.runs.run_module("tautulli_info", {"url": handle.url, "api_key": KEY, "state_root": str(tmp_path), "wait_timeout": 0})
    failed(dict(result, changed=False), "what answers there is not Tautulli; correct the URL")


@pytest.fixture
def plex():
    with testing.start_wsgi(watch_apps.plex) as handle:
        yield handle


def to_plex(handle, **more):
    return {"plex": dict({"host": "127.0.0.1", "port": handle.port, "token": TOKEN}, **more)}


def test_a_token_that_plex_refuses_counts_as_new_again(run, plex):
    result = run("tautulli_settings", to_plex(plex, token="a-wrong-t0ken"))
    assert result["failed"] and "it is saved, but Tautulli is not connected to Plex" in result["msg"] and "token" in result["msg"]
    assert result["changed"] and "a-wrong-t0ken" not in result["_text"]
    assert run("tautulli_settings", to_plex(plex))["changed"]
    assert not run("tautulli_settings", to_plex(plex))["changed"]
    assert run("tautulli_info", {})["server"]["connected"] is True


def test_a_plex_that_is_not_there_does_not_take_the_place_of_one_that_is(run, plex):
    assert run("tautulli_settings", to_plex(plex))["changed"]
    failed(run("tautulli_settings", to_plex(plex, host="127.0.0.1", port=testing.free_port())), "does not reach Plex at 127.0.0.1")
    assert not run.handle.proxy.writes()


def test_a_new_configuration_gets_its_token_again(plex, tmp_path):
    apps = [watch_apps.make_tautulli(tmp_path / "first"), watch_apps.make_tautulli(tmp_path / "second")]

    def current(environ, start_response):
        return apps[0](environ, start_response)

    with contextlib.ExitStack() as stack:
        handle = stack.enter_context(watch_apps.start(current))
        stack.enter_context(handle.proxy)
        for _app in list(apps):
            assert watch_apps.run_module(handle, tmp_path / "state", "tautulli_settings", to_plex(plex))["changed"]
            assert not watch_apps.run_module(handle, tmp_path / "state", "tautulli_settings", to_plex(plex))["changed"]
            # What answers at the address is another one now.
            apps.pop(0)


def test_the_environment_wins(run, plex):
    environment = {"TAUTULLI_PMS_IP": "127.0.0.1", "TAUTULLI_PMS_PORT": str(plex.port)}
    assert run("tautulli_settings", to_plex(plex), environment=environment)["changed"]
    assert not run("tautulli_settings", to_plex(plex))["changed"]
    failed(run("tautulli_settings", to_plex(plex, host="localhost")), "pms_ip did not change", "TAUTULLI_*")


def test_settings_take_the_login(run):
    assert run("tautulli_settings", {"login": {"username": LOGIN[0], "password": LOGIN[1]}})["changed"]
    failed(run("tautulli_settings", {"settings": {"home_refresh_interval": 33}}), "give username and password")
    failed(run("tautulli_settings", {"username": LOGIN[0], "password": "n0t-it", "settings": {"home_refresh_interval": 33}}), "refuses user name and password")
    assert run("tautulli_settings", {"username": LOGIN[0], "password": LOGIN[1], "settings": {"home_refresh_interval": 33}})["changed"]
    # The API is not switched off by a form that does not name it.
    assert run("tautulli_info", {})["settings"]["api_enabled"] == 1


@pytest.mark.parametrize("options, words", [
    ({"settings": {"movie_watched_percents": 1}}, ["no setting movie_watched_percents", "movie_watched_percent"]),
    ({"settings": {"api_key": "x" * 32}}, ["api_key is not changed this way"]),
    ({"settings": {"movie_watched_percent": "many"}}, ["movie_watched_percent takes a number"]),
])
def test_tautulli_settings_that_are_wrong(run, options, words):
    failed(run("tautulli_settings", options), *words)
    assert not run.handle.proxy.writes()


@pytest.mark.parametrize("options, words", [
    ({"name": "Played"}, ["needs an agent"]),
    ({"name": "Played", "agent": "webhook", "fields": {"hooks": "http://x"}}, ["no field hooks", "hook"]),
    ({"name": "Played", "agent": "webhook", "triggers": ["plays"]}, ["no trigger on_plays", "on_play"]),
    ({"name": "Played", "agent": "webhook", "conditions": [{"parameter": "libary", "operator": "is", "value": ["x"]}]}, ["Failed to save"]),
])
def test_a_notifier_that_is_wrong_is_not_half_made(run, options, words):
    failed(run("tautulli_notifier", options), *words)
    assert tautulli(run.handle, "get_notifiers") == []


def test_an_api_that_is_off(run):
    run("tautulli_info", {})
    # As the form of the settings page does it, without the box.
    requests.post(run.handle.url + "/configUpdate", data={"home_refresh_interval": 30}, headers={"X-Api-Key": KEY}, timeout=20)
    result = run("tautulli_info", {})
    assert result["failed"] and "API not enabled; switch it on" in result["msg"]


def test_wiring_knows_both(run, plex, peer, start, tmp_path):
    bazarr, played = start("bazarr"), start("tautulli")
    to_sonarr = {"resource": "sonarr", "name": "Sonarr", "host": "127.0.0.1", "port": peer.port, "base_url": "", "ssl": False,
                 "api_key": {"secret": "sonarr.api_key"}}
    apps = [{"name": "bazarr", "app": "bazarr", "url": bazarr.proxy.url, "api_key": {"secret": "bazarr.api_key"}, "resources": [to_sonarr]},
            {"name": "tautulli", "app": "tautulli", "url": played.proxy.url, "api_key": {"secret": "bazarr.api_key"}, "username": "admin",
             "password": {"secret": "tautulli.password"}, "resources": [dict(to_plex(plex)["plex"], resource="plex", name="Plex")]}]
    arguments = {"apps": apps, "secrets": {"bazarr.api_key": KEY, "sonarr.api_key": KEY_OF_SONARR, "tautulli.password": LOGIN[1]},
                 "state_root": str(tmp_path / "state")}
    result = watch_apps.runs.run_module("media_wiring", arguments)
    assert result["changed"] and not result.get("failed"), result.get("msg")
    assert sorted((item["app"], item["resource"], item["name"], item["state"]) for item in result["links"]) == [
        ("bazarr", "sonarr", "Sonarr", "changed"), ("tautulli", "plex", "Plex", "changed")]
    assert not watch_apps.runs.run_module("media_wiring", arguments)["changed"]
    gone = json.loads(json.dumps(arguments))
    gone["apps"] = [dict(apps[0], resources=[{"resource": "sonarr", "name": "Sonarr", "state": "absent"}])]
    assert watch_apps.runs.run_module("media_wiring", gone)["changed"]
    assert not watch_apps.runs.run_module("media_wiring", gone)["changed"]
