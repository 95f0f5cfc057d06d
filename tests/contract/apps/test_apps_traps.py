# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traps of the request apps: what is remembered, what hangs, what dies, what is half-saved."""

from __future__ import annotations

import threading

import apps_peers
import pytest
import requests
from standins.bazarr.service import create_app as create_bazarr
from standins.maintainerr.service import create_app as create_maintainerr
from standins.seerr.service import create_app as create_seerr

KEY = "key-of-the-request-app"


@pytest.fixture
def peers(tmp_path, monkeypatch):
    found = apps_peers.Peers(tmp_path)
    monkeypatch.setenv("STANDIN_PLEX_TV", found.plex_tv)
    yield found
    found.close()


@pytest.fixture(params=[True, False], ids=["seerr", "overseerr"])
def requester(request, tmp_path, peers):
    """A started request app with its owner: ask(method, path, body) and what it is."""
    directory = tmp_path / "requests"
    directory.mkdir()
    (directory / "settings.json").write_text('{"main": {"apiKey": "%s"}}' % KEY)
    died = threading.Event()
    flask = create_seerr(directory, seerr=request.param, environment={}, die=died.set)
    server = apps_peers.serve(flask, peers.address, 5055)

    def ask(method, path, body=None, timeout=10, **headers):
        return requests.request(method, f"http://{peers.address}:5055/api/v1{path}", json=body, timeout=timeout, headers={"X-Api-Key": KEY, **headers})

    ask.seerr, ask.died, ask.peers, ask.service = request.param, died, peers, flask.service
    yield ask
    apps_peers.stop(server)


def entry(peers, **changes):
    return {"name": "Radarr", "hostname": peers.address, "port": 7878, "apiKey": apps_peers.ARR_KEY, "useSsl": False, "activeProfileId": 4,
            "activeProfileName": "HD-1080p", "activeDirectory": "/data/media", "is4k": False, "minimumAvailability": "released",
            "isDefault": True, **changes}


def first_run(ask):
    assert ask("POST", "/auth/plex", {"authToken": apps_peers.PLEX_TOKEN}).status_code == 200


def test_nothing_works_before_the_owner_came(requester):
    assert requester("GET", "/settings/radarr").status_code == 403
    assert requester("POST", "/auth/plex", {"authToken": "bad"}).status_code == 500
    first_run(requester)
    assert requester("GET", "/settings/radarr").json() == []
    shown = requester("GET", "/settings/public").json()
    assert ("mediaServerType" in shown, "region" in shown) == (requester.seerr, not requester.seerr)
    assert requester("POST", "/settings/initialize").json() == {"initialized": True}


def test_a_default_takes_the_others_place(requester):
    first_run(requester)
    peers = requester.peers
    for name, changes in (("one", {}), ("two", {}), ("4k", {"is4k": True})):
        assert requester("POST", "/settings/radarr", entry(peers, name=name, **changes)).status_code == 201
    found = {row["name"]: (row["id"], row["isDefault"]) for row in requester("GET", "/settings/radarr").json()}
    assert found == {"one": (0, False), "two": (1, True), "4k": (2, True)}


def test_profiles_are_remembered_until_the_cache_is_flushed(requester, monkeypatch):
    first_run(requester)
    body = {"hostname": requester.peers.address, "port": 7878, "apiKey": apps_peers.ARR_KEY, "useSsl": False}
    assert len(requester("POST", "/settings/radarr/test", body).json()["profiles"]) == 2
    # Radarr has another profile now; the answer is still that of before.
    for server in requester.peers.servers:
        if server.server_address[1] == 7878:
            inner = server.application.application

            def more(environ, start_response, inner=inner):
                if environ["PATH_INFO"].lower().endswith("/qualityprofile"):
                    return apps_peers.json_answer(start_response, 200, [{"id": 9, "name": "New"}])
                return inner(environ, start_response)

            server.application.application = more
    assert len(requester("POST", "/settings/radarr/test", body).json()["profiles"]) == 2
    assert requester("POST", "/settings/cache/radarr/flush").status_code == 204
    assert [row["name"] for row in requester("POST", "/settings/radarr/test", body).json()["profiles"]] == ["New"]
    # The app behind the address is not looked at, the key is.
    assert requester("POST", "/settings/radarr/test", {**body, "port": 8989}).status_code == 200
    assert requester("POST", "/settings/radarr/test", {**body, "apiKey": "wrong"}).status_code == 500


@pytest.mark.parametrize("path", ["/settings/radarr/0/profiles", "/service/radarr/0", "user"])
def test_calls_that_hang_or_kill(path, requester):
    first_run(requester)
    requester("POST", "/settings/radarr", entry(requester.peers, port=1))
    headers = {"X-API-User": "abc"} if path == "user" else {}
    with pytest.raises(requests.exceptions.Timeout):
        requester("GET", "/auth/me" if path == "user" else path, timeout=0.7, **headers)
    assert requester.died.is_set() is not requester.seerr
    assert requester("GET", "/status").status_code == 200


def test_a_failed_save_stays_in_memory_and_libraries_are_switched_off_by_reading(requester):
    first_run(requester)
    good = {"ip": requester.peers.address, "port": 32400, "useSsl": False}
    assert requester("POST", "/settings/plex", good).json()["name"] == "stub"
    found = requester("GET", "/settings/plex/library?sync=true&enable=1,2").json()
    assert [row["enabled"] for row in found] == [True, True]
    assert [row["enabled"] for row in requester("GET", "/settings/plex/library").json()] == [False, False]
    assert requester("POST", "/settings/plex", {**good, "port": 1}).status_code == 500
    assert requester("GET", "/settings/plex").json()["port"] == 1
    assert requester("GET", "/settings/plex/library?sync=true").json() == []


def test_bazarr_answers_only_when_sonarr_does(tmp_path, peers):
    flask = create_bazarr(tmp_path / "bazarr", retry=0.05)
    key = flask.bazarr["auth"]["apikey"]
    server = apps_peers.serve(flask, peers.address, 6767)
    url = f"http://{peers.address}:6767/api/system/settings"
    form = {"settings-general-use_sonarr": "true", "settings-sonarr-ip": peers.address, "settings-sonarr-port": "1",
            "settings-sonarr-apikey": apps_peers.ARR_KEY}
    try:
        with pytest.raises(requests.exceptions.Timeout):
            requests.post(url, data=form, headers={"X-API-KEY": key}, timeout=0.7)
        # Written all the same.
        assert requests.get(url, headers={"X-API-KEY": key}, timeout=10).json()["sonarr"]["port"] == 1
        form["settings-sonarr-port"] = "8989"
        assert requests.post(url, data=form, headers={"X-API-KEY": key}, timeout=10).status_code == 204
    finally:
        apps_peers.stop(server)


def test_maintainerr_keeps_its_old_connection(tmp_path, peers):
    server = apps_peers.serve(create_maintainerr(tmp_path / "maintainerr", environment={"BASE_PATH": "/m"}), peers.address, 6246)

    def ask(method, path, body=None):
        return requests.request(method, f"http://{peers.address}:6246/m/api{path}", json=body, timeout=30).json()

    try:
        assert ask("POST", "/settings/media-server/switch", {"targetServerType": "plex"})["code"] == 1
        plex = {"plex_name": "stub", "plex_hostname": peers.address, "plex_port": 32400, "plex_ssl": 0, "plex_manual_mode": 1}
        assert ask("PATCH", "/settings", plex)["code"] == 0
        assert ask("POST", "/settings/plex/token", {"plex_auth_token": apps_peers.PLEX_TOKEN})["code"] == 1
        assert ask("PATCH", "/settings", plex)["code"] == 1
        assert ask("GET", "/settings/test/plex")["code"] == ask("GET", "/settings/test/plex/auth")["code"] == 1
        assert ask("GET", "/settings")["plex_auth_token"] == "ple...lid"
        assert ask("PATCH", "/settings", {"plex_port": 1})["code"] == 1
        assert ask("GET", "/settings/test/plex")["code"] == 1                 # the old one still lives
        ask("DELETE", "/settings/plex/auth")
        ask("POST", "/settings/plex/token", {"plex_auth_token": apps_peers.PLEX_TOKEN})
        ask("PATCH", "/settings", {})
        assert ask("GET", "/settings/test/plex")["code"] == 0
        ask("PATCH", "/settings", {"plex_port": 32400})
        assert [row["title"] for row in ask("GET", "/media-server/libraries")] == ["Movies", "TV Shows"]
    finally:
        apps_peers.stop(server)
