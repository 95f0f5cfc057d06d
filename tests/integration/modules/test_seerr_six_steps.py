# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For every module of Seerr and Overseerr the same six steps, on both, with a proxy that counts what is written."""
from __future__ import annotations

import json
import types

import pytest
import requests
import seerr_apps
from runs import MODULES
from seerr_apps import KEY, OWNER
from standins import testing
from test_watch_six_steps import merged

HOOK = "https://hooks.example.org/t0psecret-4711"
SECRET = "sw0rdfish-seerr-0815"


def case(module, create, edit, path, secrets=(), gone=None, only=None, before=()):
    """What a module makes of its app.

    :param create: Options of the first step.
    :param edit: Options over those of the first step.
    :param path: What of the API tells about it.
    :param gone: Options by which it is removed, where it can be.
    :param only: The app that has it.
    :param before: Runs that come first, as pairs of module and options.
    """
    return types.SimpleNamespace(module="overseerr_" + module, create=create, edit=edit, path=path, secrets=list(secrets), gone=gone, only=only,
                                 before=before)


def radarr(world):
    return case("server", world.server("radarr", quality_profile="HD-1080p", tags=["request"], minimum_availability="in_cinemas"),
                {"quality_profile": "Any", "prevent_search": True, "minimum_availability": "announced", "base_url": "/", "tags": []},
                "settings/radarr", [world.radarr.api_key], ("kind", "name"))


def sonarr(world):
    return case("server", world.server("sonarr", season_folders=True, anime={"quality_profile": "Any", "tags": ["request"]},
                                       external_url="https://tv.example.org"),
                {"is_default": True, "sync": False, "season_folders": False, "series_type": "daily",
                 "anime": {"quality_profile": "SD", "series_type": "standard"}},
                "settings/sonarr", [world.sonarr.api_key], ("kind", "name"))


def main(world):
    return case("settings", {"application_title": "Requests", "default_permissions": ["request", "create_issues"], "movie_quota": {"limit": 5, "days": 7}},
                {"application_url": "https://requests.example.org", "hide_available": True, "movie_quota": {"limit": 0}, "trust_proxy": True},
                "settings/main")


def raw(world):
    return case("settings", {"settings": {"locale": "de", "partialRequestsEnabled": False}}, {"settings": {"locale": "fr"}}, "settings/main")


def network(world):
    return case("settings", {"settings": {"proxy": {"enabled": True, "hostname": "proxy", "password": SECRET}}, "discover_region": "DE"},
                {"settings": {"proxy": {"port": "3128"}}, "special_episodes": True}, "settings/network", [SECRET], only="seerr")


def region(world):
    return case("settings", {"region": "DE"}, {"csrf_protection": False, "region": "FR"}, "settings/main", only="overseerr")


def plex(world):
    return case("plex", {"hostname": "127.0.0.1", "port": world.plex.port, "libraries": ["Movies"]},
                {"libraries": ["TV Shows"], "web_app_url": "https://plex.example.org"}, "settings/plex")


def everything(world):
    return case("plex", {"hostname": "127.0.0.1", "port": world.plex.port, "all_libraries": True}, {"web_app_url": "https://plex.example.org"}, "settings/plex")


def tautulli(world):
    return case("tautulli", {"hostname": "127.0.0.1", "port": world.tautulli.port, "tautulli_api_key": world.tautulli.api_key},
                {"external_url": "https://stats.example.org"}, "settings/tautulli", [], ())


def webhook(world):
    return case("notification", {"agent": "webhook", "enabled": True, "types": ["media_available"],
                                 "fields": {"webhookUrl": HOOK, "authHeader": SECRET, "jsonPayload": {"title": "{{subject}}", "more": {"a": [1]}}}},
                {"types": ["all"], "fields": {"jsonPayload": '{"title": "{{event}}"}'}}, "settings/notifications/webhook", [HOOK, SECRET])


def discord(world):
    return case("notification", {"agent": "discord", "enabled": True, "types": ["media_failed"], "fields": {"webhookUrl": HOOK, "botUsername": "Requests"}},
                {"fields": {"enableMentions": False}, "enabled": False}, "settings/notifications/discord", [HOOK])


def email(world):
    return case("notification", {"agent": "email", "enabled": True, "fields": {"smtpHost": "mail", "smtpPort": "2525", "authUser": "me", "authPass": SECRET}},
                {"fields": {"secure": True}}, "settings/notifications/email", [SECRET])


def ntfy(world):
    fields = {"url": "http://ntfy", "topic": "media", "authMethodToken": True, "token": SECRET}
    return case("notification", {"agent": "ntfy", "embed_poster": False, "fields": fields},
                {"enabled": True, "types": ["issue_created"]}, "settings/notifications/ntfy", [SECRET], only="seerr")


def job(world):
    return case("job", {"job": "radarr-scan", "schedule": "0 30 2 * * *"}, {"schedule": "0 0 1 * * *"}, "settings/jobs")


def setup(world):
    first = ("overseerr_plex", {"hostname": "127.0.0.1", "port": world.plex.port})
    return case("setup", {"plex_token": OWNER, "initialize": False}, {"initialize": True}, "settings/public", [OWNER], before=[first])


CASES = (radarr, sonarr, main, raw, network, region, plex, everything, tautulli, webhook, discord, email, ntfy, job, setup)
INFO = ("overseerr_info",)


@pytest.fixture(params=["seerr", "overseerr"])
def world(request, arr, tmp_path, monkeypatch):
    found = seerr_apps.World(request.param, arr, tmp_path)
    monkeypatch.setenv("STANDIN_PLEX_TV", found.plex.tv)
    yield found
    assert not getattr(found.handle, "died", None)
    found.stop()


@pytest.mark.parametrize("make", CASES, ids=[make.__name__ for make in CASES])
def test_six_steps(world, make):
    if make is not setup:
        world.sign_in()
    for name in {"radarr": ["radarr"], "sonarr": ["sonarr"]}.get(make.__name__, []):
        folder = world.directory / "media"
        folder.mkdir()
        getattr(world, name).api("POST", "rootfolder", {"path": str(folder)})
        getattr(world, name).api("POST", "tag", {"label": "request"})
    steps = make(world)
    if steps.only not in (None, world.app):
        result = world.run(steps.module, steps.create)
        assert result["failed"] and world.app.capitalize() in result["msg"] and not world.writes()
        return

    def look():
        found = [world.api("GET", steps.path)] if make is not setup else [world.api("GET", steps.path)["initialized"]]
        if make is job:
            for row in found[0]:
                row.pop("nextExecutionTime")
        return json.dumps(found, sort_keys=True)

    def run(options, check=False):
        result = world.done(steps.module, options, check)
        for secret in [*steps.secrets, KEY, OWNER]:
            assert secret not in result["_text"]
        return result

    original = look()
    # 1: create. A check of it first, which writes nothing and promises the same.
    promised = run(steps.create, check=True)
    assert promised["changed"] and not world.writes() and look() == original
    made = run(steps.create)
    assert made["changed"] and world.writes()
    assert make is setup or look() != original
    assert [(item["action"], item["fields"]) for item in made["changes"]] == [(item["action"], item["fields"]) for item in promised["changes"]]
    # 2: again
    again = run(steps.create)
    assert not again["changed"] and again["diff"] == [] and not world.writes(), again["diff"]
    for module, options in steps.before:
        assert world.done(module, options)["changed"]
    # 3: check of the edit, with a diff and without a write
    before, edited = look(), merged(steps.create, steps.edit)
    checked = run(edited, check=True)
    assert checked["changed"] and not world.writes() and look() == before
    assert checked["diff"] and checked["diff"][0]["before"] != checked["diff"][0]["after"]
    # 4: the edit, and again
    changed = run(edited)
    assert changed["changed"] and world.writes() and look() != before
    assert [item["fields"] for item in changed["changes"]] == [item["fields"] for item in checked["changes"]]
    again = run(edited)
    assert not again["changed"] and not world.writes(), again["diff"]
    if steps.gone is None:
        return
    # 5: delete, and 6: again
    gone = {"state": "absent", **{key: steps.create[key] for key in steps.gone}}
    assert run(gone, check=True)["changed"] and not world.writes()
    assert run(gone)["changed"]
    assert make is tautulli or look() == original
    assert not run(gone)["changed"] and not world.writes()


@pytest.mark.parametrize("libraries", [{"libraries": ["Movies", "TV Shows"]}, {"libraries": ["Movies", "TV Shows"], "all_libraries": True}],
                         ids=["named", "all"])
def test_a_library_that_was_deleted_and_made_anew(world, libraries):
    world.sign_in()
    options = {"hostname": "127.0.0.1", "port": world.plex.port, **libraries}
    looked = {**options, "check_url": world.plex.url, "plex_token": OWNER}
    world.done("overseerr_plex", looked)
    assert not world.done("overseerr_plex", looked)["changed"] and not world.writes()

    def ids():
        return {row["name"]: row["id"] for row in world.api("GET", "settings/plex")["libraries"] if row["enabled"]}

    before = ids()
    seerr_apps.make_anew(world.plex, "Movies")
    # By name nothing has changed.
    assert not world.done("overseerr_plex", options)["changed"] and ids() == before
    promised = world.done("overseerr_plex", looked, check=True)
    assert promised["changed"] and not world.writes() and ids() == before
    made = world.done("overseerr_plex", looked)
    assert made["diff"] == promised["diff"] and [item["fields"] for item in made["changes"]] == [["library_ids"]]
    after = ids()
    assert after.keys() == before.keys() and after["Movies"] != before["Movies"] and after["TV Shows"] == before["TV Shows"]
    assert made["diff"][0]["after"] == {"library_ids": {"Movies": after["Movies"]}}
    again = world.done("overseerr_plex", looked)
    assert not again["changed"] and not world.writes() and ids() == after
    assert OWNER not in promised["_text"] + made["_text"] + again["_text"]
    # A Plex that cannot be asked from here is an error, and in check mode is passed over.
    wrong = {**looked, "check_url": f"http://127.0.0.1:{testing.free_port()}"}
    assert not world.done("overseerr_plex", wrong, check=True)["changed"]
    result = world.run("overseerr_plex", wrong, wait_timeout=0)
    assert result["failed"] and "the libraries of Plex are not known" in result["msg"] and not world.writes() and ids() == after


def token_works(world):
    """Whether the app gets through to plex.tv with the token that it has."""
    answer = requests.get(world.handle.url + "/api/v1/settings/plex/users", headers={"X-Api-Key": KEY}, timeout=10)
    assert answer.status_code in (200, 500), answer.text
    return answer.status_code == 200


def test_a_rotated_plex_token(world):
    world.sign_in()
    new = "plex-token-rotated-0815"
    seerr_apps.rotate(world.plex, OWNER, new)
    assert not token_works(world)
    options = {"plex_token": new, "initialize": False}
    users = world.api("GET", "user")["results"]
    promised = world.done("overseerr_setup", options, check=True)
    assert [item["fields"] for item in promised["changes"]] == [["plex_token"]] and not world.writes() and not token_works(world)
    made = world.done("overseerr_setup", options)
    assert made["diff"] == promised["diff"] and token_works(world)
    assert [user["id"] for user in world.api("GET", "user")["results"]] == [user["id"] for user in users]
    again = world.done("overseerr_setup", options)
    assert not again["changed"] and not world.writes()
    for result in (promised, made, again):
        assert new not in result["_text"] and OWNER not in result["_text"]
    # The old one, which nobody takes any more, is told to be wrong, and is not what the app is left with.
    result = world.run("overseerr_setup", {"plex_token": OWNER})
    assert result["failed"] and "could not sign in with the new Plex token" in result["msg"] and token_works(world)
    # A host that never gave one looks whether that of the app works, and repairs it only when it does not.
    elsewhere = {**options, "state_root": str(world.directory / "new")}
    assert not world.done("overseerr_setup", elsewhere)["changed"] and not world.writes()
    seerr_apps.rotate(world.plex, new, OWNER)
    assert world.done("overseerr_setup", {**options, "plex_token": OWNER, "state_root": str(world.directory / "newer")})["changed"] and token_works(world)


def test_info_reads_only_and_tells_no_secret(world):
    before = world.done("overseerr_info", {})
    assert before["status"]["administrator"] is False and before["settings"] == {}
    world.sign_in()
    world.done("overseerr_notification", {"agent": "discord", "fields": {"webhookUrl": HOOK}})
    result = world.done("overseerr_info", {})
    assert not result["changed"] and not world.writes() and result["status"]["product"].lower() == world.app
    assert result["settings"]["defaultPermissions"] == ["request"] and result["notifications"]["discord"]["options"]["webhookUrl"] == "(secret)"
    assert ("ntfy" in result["notifications"]) == (world.app == "seerr")
    for secret in (KEY, HOOK, OWNER):
        assert secret not in result["_text"]


def test_every_module_has_its_steps():
    named = {make(Anything()).module for make in CASES} | set(INFO)
    assert {path.stem for path in MODULES.glob("overseerr_*.py")} == named


class Anything:
    """A world that is only named."""

    port, api_key = 1, "k3y"

    def __getattr__(self, name):
        return Anything()

    def server(self, kind, **options):
        return options
