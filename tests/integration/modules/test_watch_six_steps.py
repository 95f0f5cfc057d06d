# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For every module of Bazarr and Tautulli the same six steps, against stand-ins, with a proxy that counts what is written."""
from __future__ import annotations

import copy
import json

import pytest
import requests
import watch_apps
from runs import MODULES
from watch_apps import KEY, LOGIN, TOKEN, Case

SECRET = "sw0rdfish-watch-0815"
HOOK = "https://hooks.example.org/t0psecret"


def bazarr(handle, path):
    return requests.get(handle.url + "/api/" + path, headers={"X-API-KEY": KEY}, timeout=10).json()


def tautulli(handle, cmd, **values):
    return requests.get(handle.url + "/api/v2", params=dict(values, apikey=KEY, cmd=cmd), timeout=10).json()["response"]["data"]


def settings(handle):
    return bazarr(handle, "system/settings")


def profiles(handle):
    return bazarr(handle, "system/languages/profiles")


def server(handle):
    return dict(tautulli(handle, "get_server_info"), **{key: value for part in tautulli(handle, "get_settings").values() for key, value in part.items()})


def notifiers(handle):
    return [tautulli(handle, "get_notifier_config", notifier_id=row["id"]) for row in tautulli(handle, "get_notifiers")]


def links(world):
    link = {"host": "127.0.0.1", "port": world.sonarr.port, "base_url": "", "ssl": False, "api_key": world.sonarr.api_key}
    return Case("bazarr_settings", {"sonarr": link}, {"radarr": dict(link, port=world.radarr.port), "sonarr": dict(link, enabled=False)}, settings,
                [world.sonarr.api_key])


def providers(world):
    first = {"name": "opensubtitlescom", "fields": {"username": "me", "password": SECRET}}
    return Case("bazarr_settings", {"providers": [first]}, {"providers": [{"name": "podnapisi"}, first]}, settings, [SECRET])


def general(world):
    return Case("bazarr_settings", {"settings": {"general": {"minimum_score": "85", "path_mappings": [["/tv", "/data/tv"]]}, "subsync": {"use_subsync": True}}},
                {"settings": {"general": {"path_mappings": [], "enabled_integrations": ["anidb"]}}}, settings)


def mods(world):
    return Case("bazarr_settings", {"settings": {"general": {"subzero_mods": ["remove_HI", "color(name=white)"]}}},
                {"settings": {"general": {"subzero_mods": ["OCR_fixes", "remove_HI", "color(name=red)"]}}}, settings)


def languages(world):
    return Case("bazarr_settings", {"languages": ["en", "de"]}, {"languages": ["fr"]}, lambda handle: bazarr(handle, "system/languages"))


def login(world):
    return Case("bazarr_settings", {"login": {"method": "form", "username": "admin", "password": SECRET}}, {"login": {"method": "none"}}, settings, [SECRET])


def notifications(world):
    return Case("bazarr_settings", {"notifications": [{"name": "Discord", "url": HOOK}]}, {"notifications": [{"name": "Discord", "enabled": False}]},
                settings, [HOOK])


def profile(world):
    english = {"language": "en", "hi": True}
    return Case("bazarr_languages_profile", {"name": "Home", "languages": [english], "cutoff": "en:hi", "must_not_contain": ["CAM"]},
                {"languages": [{"language": "de"}, english], "cutoff": "any", "original_format": True}, profiles, removable=True)


def plex(world):
    return Case("tautulli_settings", {"plex": {"host": "127.0.0.1", "port": world.plex.port, "token": TOKEN}}, {"plex": {"host": "localhost"}}, server, [TOKEN])


def general_tautulli(world):
    return Case("tautulli_settings", {"settings": {"check_github": False, "movie_watched_percent": "91"}},
                {"settings": {"check_github": True, "home_sections": ["current_activity", "recently_added"]}}, server)


def login_tautulli(world):
    return Case("tautulli_settings", {"login": {"username": LOGIN[0], "password": LOGIN[1]}}, {"login": {"password": SECRET}}, server,
                [SECRET, LOGIN[1]], credentials={"username": LOGIN[0], "password": LOGIN[1]})


def webhook(world):
    return Case("tautulli_notifier", {"name": "Played", "agent": "webhook", "fields": {"hook": HOOK, "method": "PUT"}, "triggers": ["play", "on_stop"],
                                      "texts": {"on_play": {"body": "{title}"}}},
                {"triggers": ["play"], "conditions": [{"parameter": "library_name", "operator": "is", "value": ["Movies"]}], "conditions_logic": "{1}"},
                notifiers, [HOOK], removable=True)


def discord(world):
    return Case("tautulli_notifier", {"name": "Chat", "agent": "discord", "fields": {"hook": HOOK, "incl_subject": False}, "triggers": ["created"]},
                {"fields": {"username": "Tautulli", "incl_subject": True}}, notifiers, [HOOK], removable=True)


def ntfy(world):
    return Case("tautulli_notifier", {"name": "Push", "agent": "ntfy", "fields": {"host": "http://ntfy", "topic": "media", "access_token": SECRET}},
                {"fields": {"priority": "high"}, "triggers": ["extdown"]}, notifiers, [SECRET], removable=True)


CASES = (links, providers, general, mods, languages, login, notifications, profile, plex, general_tautulli, login_tautulli, webhook, discord, ntfy)
INFO = ("bazarr_info", "tautulli_info")


class World:
    """What the apps are connected to, started when it is asked for."""

    def __init__(self, arr, tmp_path):
        self._arr, self._path = arr, tmp_path

    def __getattr__(self, name):
        if name == "plex":
            self.plex = watch_apps.testing.start_wsgi(watch_apps.plex)
            return self.plex
        found = self._arr(name)
        setattr(self, name, found)
        return found


@pytest.fixture
def start(tmp_path):
    """Start a stand-in by the name of its app."""
    started = []

    def begin(app, **options):
        handle = {"bazarr": watch_apps.start_bazarr, "tautulli": watch_apps.start_tautulli}[app](tmp_path / app, **options)
        started.extend((handle.proxy, handle))
        return handle

    yield begin
    for handle in started:
        handle.stop()


def merged(create, edit):
    """The options of the edit: nested ones over those of the first step."""
    found = copy.deepcopy(create)
    for key, value in edit.items():
        found[key] = merged(found[key], value) if isinstance(value, dict) and isinstance(found.get(key), dict) else value
    return found


@pytest.mark.parametrize("make", CASES, ids=[make.__name__ for make in CASES])
def test_six_steps(arr, start, tmp_path, make):
    case = make(World(arr, tmp_path))
    handle = start(case.module.partition("_")[0])

    def run(options, check=False):
        result = watch_apps.run_module(handle, tmp_path / "state", case.module, dict(case.credentials, **options), check)
        assert not result.get("failed"), result["msg"]
        for secret in case.secrets + [KEY]:
            assert secret not in result["_text"]
        return result

    original = case.look(handle)
    # 1: create. A check of it first, which writes nothing and promises the same.
    promised = run(case.create, check=True)
    assert promised["changed"] and not handle.proxy.writes()
    assert case.look(handle) == original
    made = run(case.create)
    assert made["changed"] and handle.proxy.writes() and case.look(handle) != original
    assert [(item["action"], item["fields"]) for item in made["changes"]] == [(item["action"], item["fields"]) for item in promised["changes"]]
    # 2: again
    again = run(case.create)
    assert not again["changed"] and again["diff"] == [] and not handle.proxy.writes(), again["diff"]
    # 3: check of the edit, with a diff and without a write
    before, edited = case.look(handle), merged(case.create, case.edit)
    checked = run(edited, check=True)
    assert checked["changed"] and not handle.proxy.writes() and case.look(handle) == before
    assert checked["diff"] and checked["diff"][0]["before"] != checked["diff"][0]["after"]
    # 4: the edit
    changed = run(edited)
    assert changed["changed"] and handle.proxy.writes() and case.look(handle) != before
    assert [item["fields"] for item in changed["changes"]] == [item["fields"] for item in checked["changes"]]
    assert not run(edited)["changed"] and not handle.proxy.writes()
    if not case.removable:
        return
    # 5: delete, and 6: again
    gone = {"state": "absent", **{key: case.create[key] for key in case.gone}}
    assert run(gone, check=True)["changed"] and not handle.proxy.writes()
    assert run(gone)["changed"] and case.look(handle) == original
    assert not run(gone)["changed"] and not handle.proxy.writes()


@pytest.mark.parametrize("module", INFO)
def test_info_reads_only_and_tells_no_secret(start, tmp_path, module):
    handle = start(module.partition("_")[0])
    result = watch_apps.run_module(handle, tmp_path / "state", module, {})
    assert not result["changed"] and not handle.proxy.writes() and result["status"] and result["settings"]
    shown = json.dumps(result["settings"])
    assert KEY not in result["_text"] and "(secret)" in shown


def test_every_module_has_its_steps():
    modules = {path.stem for app in ("bazarr", "tautulli") for path in MODULES.glob(app + "_*.py")}
    assert modules == {make(Anything()).module for make in CASES} | set(INFO)


class Anything:
    """A world that is only named."""

    port, api_key = 1, "k3y"

    def __getattr__(self, name):
        return Anything()
