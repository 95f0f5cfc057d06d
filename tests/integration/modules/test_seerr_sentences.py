# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of Seerr and Overseerr say when something is wrong, what they leave as it is then, and the first run."""
from __future__ import annotations

import pytest
import requests
import seerr_apps
from seerr_apps import FRIEND, KEY, OWNER
from standins import testing


@pytest.fixture(params=["seerr", "overseerr"])
def world(request, arr, tmp_path, monkeypatch):
    found = seerr_apps.World(request.param, arr, tmp_path)
    monkeypatch.setenv("STANDIN_PLEX_TV", found.plex.tv)
    yield found
    assert not getattr(found.handle, "died", None)
    found.stop()


def folder(world, kind):
    path = world.directory / f"media-{kind}"
    path.mkdir()
    getattr(world, kind).api("POST", "rootfolder", {"path": str(path)})
    return str(path)


def says(result, *parts):
    """A failed module's message is one sentence that has all of the parts, and no secret."""
    message = result.get("msg", "")
    assert result.get("failed") and "Traceback" not in result["_text"], result
    for part in parts:
        assert part in message, message
    for secret in (KEY, OWNER, FRIEND):
        assert secret not in result["_text"]
    assert "\n" not in message


# -- first run

def test_first_run_from_a_token_to_initialized(world):
    says(world.run("overseerr_settings", {"locale": "de"}), "refuses the API key (403)", "nobody has signed in yet", "overseerr_setup")
    waiting = world.done("overseerr_setup", {})
    assert not waiting["changed"] and waiting["overseerr_setup"] == {"administrator": False, "initialized": False} and not world.writes()
    # The end of the first run takes a Plex server.
    result = world.run("overseerr_setup", {"plex_token": OWNER})
    says(result, "no Plex server is connected yet", "overseerr_plex")
    assert world.api("GET", "settings/public")["initialized"] is False
    world.done("overseerr_plex", {"hostname": "127.0.0.1", "port": world.plex.port, "all_libraries": True})
    done = world.done("overseerr_setup", {"plex_token": OWNER})
    assert done["overseerr_setup"] == {"administrator": True, "initialized": True} and done["changes"][0]["fields"] == ["initialized"]
    assert world.api("GET", "user")["results"][0]["permissions"] == 2
    assert [row["enabled"] for row in world.api("GET", "settings/plex")["libraries"]] == [True, True]


def test_check_mode_of_a_first_run_writes_nothing(world):
    result = world.done("overseerr_setup", {"plex_token": OWNER}, check=True)
    assert result["changes"][0]["fields"] == ["administrator", "initialized"] and not world.writes()


def test_a_token_that_plex_does_not_know(world):
    says(world.run("overseerr_setup", {"plex_token": "no-such-token-4711"}), "could not sign in with the Plex token", "plex.tv")


def test_an_app_that_somebody_else_has_set_up(world):
    world.sign_in()
    world.api("POST", "settings/initialize", {})
    before = world.api("GET", "user")["pageInfo"]["results"]
    result = world.run("overseerr_setup", {"plex_token": FRIEND}, api_key="an-other-key-4711")
    says(result, "refuses the API key (403)", "Settings > General")
    assert not world.writes() and world.api("GET", "user")["pageInfo"]["results"] == before
    # With the right key an account that is not the administrator's is told, and gets nothing.
    result = world.run("overseerr_setup", {"plex_token": FRIEND})
    says(result, "of another account than the administrator", "give the token of the administrator's account")
    assert world.api("GET", "user")["pageInfo"]["results"] == before
    # Where this host never gave one, a token that works stays, whosever it is.
    assert not world.done("overseerr_setup", {"plex_token": FRIEND, "state_root": str(world.directory / "new")})["changed"] and not world.writes()


def test_a_key_that_is_not_the_servers_on_the_first_run(world):
    # Not through the proxy, which keeps the cookie of the sign-in.
    result = world.run("overseerr_setup", {"plex_token": OWNER}, api_key="an-other-key-4711", url=world.handle.url)
    says(result, "the administrator is signed in", "refuses the API key")


# -- the connection

def test_a_wrong_key(world):
    world.sign_in()
    world.api("POST", "settings/initialize", {})
    says(world.run("overseerr_settings", {"locale": "de"}, api_key="an-other-key-4711"), "refuses the API key (403)", "Settings > General")
    says(world.run("overseerr_info", {}, api_key="an-other-key-4711"), "refuses the API key (403)")


def page(environ, start_response):
    return testing.respond(start_response, 200, "<!DOCTYPE html><html></html>", "text/html")


def nothing(environ, start_response):
    return testing.respond(start_response, 404, {"message": "not found"})


def other(environ, start_response):
    return testing.respond(start_response, 200, {"version": "1.0"})


@pytest.mark.parametrize(("answer", "part"), [(page, "web page"), (nothing, "neither Seerr nor Overseerr"), (other, "neither Seerr nor Overseerr")])
def test_something_else_at_the_url(world, answer, part):
    with testing.start_wsgi(answer) as handle:
        says(world.run("overseerr_settings", {"locale": "de"}, url=handle.url), part, handle.url)


def test_nothing_at_the_url(world):
    says(world.run("overseerr_settings", {"locale": "de"}, url=f"http://127.0.0.1:{testing.free_port()}", wait_timeout=1), "no connection")


def test_writes_pass_the_csrf_guard(world):
    world.sign_in()
    world.done("overseerr_settings", {"csrf_protection": True})
    world.restart()
    assert requests.post(world.handle.url + "/api/v1/settings/main", json={}, headers={"X-Api-Key": KEY}, timeout=10).status_code == 403
    assert world.done("overseerr_settings", {"locale": "de"})["changed"]
    assert world.api("GET", "settings/main")["locale"] == "de"


def test_a_csrf_guard_that_is_not_passed(world, tmp_path):
    world.sign_in()

    def guard(environ, start_response):
        if environ["REQUEST_METHOD"] != "GET":
            return testing.respond(start_response, 403, {"message": "invalid csrf token"})
        answer = requests.get(world.handle.url + environ["PATH_INFO"], headers={"X-Api-Key": KEY}, timeout=10)
        return testing.respond(start_response, answer.status_code, answer.content)

    with testing.start_wsgi(guard) as handle:
        says(world.run("overseerr_settings", {"locale": "de"}, url=handle.url), "CSRF protection", "switch it off in Settings")


# -- settings

@pytest.mark.parametrize(("options", "parts"), [
    ({"settings": {"apiKey": "k3y-4711"}}, ("apiKey is read-only", "leave it out")),
    ({"settings": {"mediaServerType": 2}}, ("mediaServerType is read-only",)),
    ({"settings": {"hideAvailabel": True}}, ("no setting hideAvailabel", "hideAvailable")),
    ({"settings": {"hideAvailable": "perhaps"}}, ("hideAvailable is yes or no",)),
    ({"default_permissions": ["reqest"]}, ("no permission reqest", "request")),
])
def test_settings_that_are_refused(world, options, parts):
    world.sign_in()
    says(world.run("overseerr_settings", options), *parts)
    assert not world.writes()


# -- Plex and Tautulli

def test_plex_is_down(world):
    world.sign_in()
    world.done("overseerr_plex", {"hostname": "127.0.0.1", "port": world.plex.port, "all_libraries": True})
    before = world.api("GET", "settings/plex")
    says(world.run("overseerr_plex", {"hostname": "127.0.0.1", "port": testing.free_port()}), "does not reach Plex", "it is as it was")
    assert world.api("GET", "settings/plex") == before
    # The next save of anything would have written it.
    world.done("overseerr_settings", {"locale": "de"})
    world.plex.faults({"fail": {"status": 503, "path": ".*"}})
    says(world.run("overseerr_plex", {"hostname": "127.0.0.1", "port": world.plex.port, "all_libraries": True, "sync": True}), "does not reach Plex")
    assert world.api("GET", "settings/plex") == before


def test_a_first_plex_that_is_down(world):
    world.sign_in()
    says(world.run("overseerr_plex", {"hostname": "127.0.0.1", "port": testing.free_port()}), "does not reach Plex")
    assert world.api("GET", "settings/plex")["ip"] == ""
    says(world.run("overseerr_plex", {"port": 1}), "needs a hostname")


def test_a_library_that_plex_does_not_have(world):
    world.sign_in()
    says(world.run("overseerr_plex", {"hostname": "127.0.0.1", "port": world.plex.port, "libraries": ["Movie"]}), "no library Movie", "Movies")
    assert not any(row["enabled"] for row in world.api("GET", "settings/plex")["libraries"])


def test_tautulli_refuses_the_key(world):
    world.sign_in()
    good = {"hostname": "127.0.0.1", "port": world.tautulli.port, "tautulli_api_key": world.tautulli.api_key}
    says(world.run("overseerr_tautulli", {**good, "tautulli_api_key": "b4d-key-4711"}), "does not reach Tautulli", "the key is right")
    assert not world.api("GET", "settings/tautulli").get("hostname")
    world.done("overseerr_tautulli", good)
    before = world.api("GET", "settings/tautulli")
    says(world.run("overseerr_tautulli", {**good, "port": testing.free_port()}), "it is as it was")
    assert world.api("GET", "settings/tautulli") == before


# -- servers

def test_servers_that_are_refused(world):
    world.sign_in()
    folder(world, "radarr")
    good = world.server("radarr")
    for options, parts in (
        ({"quality_profile": "HD1080p"}, ("no quality profile HD1080p", "HD-1080p")),
        ({"root_folder": "/nowhere"}, ("no root folder /nowhere",)),
        ({"tags": ["4k"]}, ("no tag 4k",)),
        ({"server_api_key": "b4d-key-4711"}, ("does not reach Radarr", "the API key is wrong (401)")),
        ({"port": testing.free_port()}, ("does not reach Radarr", "no connection")),
        ({"hostname": "no.such.host.invalid"}, ("does not reach Radarr", "reached by that name")),
        ({"hostname": "http://127.0.0.1"}, ("without scheme",)),
        ({"hostname": "127.0.0.1:7878"}, ("without scheme",)),
        ({"kind": "sonarr"}, ("Radarr answers", "Sonarr is expected")),
        ({"port": None}, ("needs hostname, port and server_api_key",)),
    ):
        wish = {key: value for key, value in {**good, **options}.items() if value is not None}
        says(world.run("overseerr_server", wish), *parts)
        assert not world.writes(), options
    assert world.api("GET", "settings/radarr") == [] == world.api("GET", "settings/sonarr")
    # The other way round.
    says(world.run("overseerr_server", {**world.server("sonarr"), "kind": "radarr"}), "Sonarr answers at", "Radarr is expected")


def test_what_the_same_run_makes_before_is_no_problem_in_check_mode(world):
    world.sign_in()
    folder(world, "radarr")
    wish = {**world.server("radarr"), "quality_profile": "Made later", "root_folder": "/later"}
    says(world.run("overseerr_server", {**wish, "promised": ["quality_profile"]}, check=True), "no root folder /later")
    says(world.run("overseerr_server", {**wish, "promised": ["root_folder"]}, check=True), "no quality profile Made later")
    shown = world.done("overseerr_server", {**wish, "promised": ["quality_profile", "root_folder"]}, check=True)["diff"][0]["after"]
    assert (shown["activeProfileName"], shown["activeDirectory"]) == ("Made later", "/later") and not world.writes()
    # In a run it has to be there by then.
    says(world.run("overseerr_server", {**wish, "promised": ["quality_profile", "root_folder"]}), "no quality profile Made later")


def test_a_root_folder_made_a_moment_ago(world):
    world.sign_in()
    first = folder(world, "radarr")
    good = world.server("radarr")
    assert world.done("overseerr_server", good)["overseerr_server"]["activeDirectory"] == first
    second = world.directory / "second"
    second.mkdir()
    world.radarr.api("POST", "rootfolder", {"path": str(second)})
    assert world.done("overseerr_server", {**good, "root_folder": f"{second}/"})["overseerr_server"]["activeDirectory"] == str(second)


def test_one_default_for_each_resolution(world):
    world.sign_in()
    folder(world, "radarr")
    first, second, ultra = (world.server("radarr", name=name) for name in ("A", "B", "C"))
    world.done("overseerr_server", first)
    world.done("overseerr_server", second)
    world.done("overseerr_server", {**ultra, "is_4k": True})
    held = {row["name"]: row for row in world.api("GET", "settings/radarr")}
    assert {name: row["isDefault"] for name, row in held.items()} == {"A": True, "B": False, "C": True}
    assert held["C"]["activeProfileName"] == "Ultra-HD" and held["A"]["activeProfileName"] == "HD-1080p"
    # Nothing said about it, nothing changed.
    assert not world.done("overseerr_server", second)["changed"]
    taken = world.done("overseerr_server", {**second, "is_default": True})
    assert taken["changes"][0]["fields"] == ["default", "isDefault"] and taken["diff"][0]["before"]["default"] == ["A"]
    assert {row["name"]: row["isDefault"] for row in world.api("GET", "settings/radarr")} == {"A": False, "B": True, "C": True}
    assert not world.done("overseerr_server", first)["changed"]


def test_names_that_are_there_twice(world):
    world.sign_in()
    folder(world, "radarr")
    good = world.server("radarr")
    world.done("overseerr_server", good)
    entry = {key: value for key, value in world.api("GET", "settings/radarr")[0].items() if key != "id"}
    world.api("POST", "settings/radarr", entry)
    says(world.run("overseerr_server", good), "there are 2 Radarr servers of this name")
    world.done("overseerr_server", {"kind": "radarr", "name": "Radarr", "state": "absent"})
    assert world.api("GET", "settings/radarr") == []


def test_a_server_that_people_made(world):
    """What is not said stays, keys that nobody knows included; C(adopt) finds it under another name."""
    world.sign_in()
    media = folder(world, "radarr")
    made = {"name": "My movies", "hostname": "localhost", "port": world.radarr.port, "apiKey": world.radarr.api_key, "useSsl": False, "baseUrl": "",
            "activeProfileId": 1, "activeProfileName": "Any", "activeDirectory": media, "is4k": False, "minimumAvailability": "announced",
            "isDefault": True, "overrideRule": [3], "extra": "kept"}
    world.api("POST", "settings/radarr", made)
    done = world.done("overseerr_server", {**world.server("radarr"), "adopt": True})
    assert done["changes"][0]["action"] == "update" and done["changes"][0]["fields"] == ["hostname", "name"]
    found = world.api("GET", "settings/radarr")
    assert len(found) == 1 and {**made, "name": "Radarr", "hostname": "127.0.0.1"}.items() <= found[0].items()


def test_a_job_and_an_agent_that_are_not_there(world):
    world.sign_in()
    says(world.run("overseerr_job", {"job": "radar-scan", "schedule": "0 0 2 * * *"}), "no job radar-scan", "radarr-scan")
    says(world.run("overseerr_job", {"job": "radarr-scan", "schedule": "0 2 * * *"}), "six fields")
    says(world.run("overseerr_job", {"job": "radarr-scan", "schedule": "a b c d e f"}), "Invalid job schedule")
    says(world.run("overseerr_notification", {"agent": "discord", "fields": {"webhokUrl": "x"}}), "no option webhokUrl", "webhookUrl")
    says(world.run("overseerr_notification", {"agent": "webhook", "fields": {"jsonPayload": "{"}}), "jsonPayload is no JSON")
    says(world.run("overseerr_notification", {"agent": "email", "types": ["media_failed"]}), "every user chooses")
    says(world.run("overseerr_notification", {"agent": "discord", "enabled": True, "test": True, "fields": {
        "webhookUrl": f"http://127.0.0.1:{testing.free_port()}/x"}}), "Failed to send Discord notification")
    assert not world.writes()
