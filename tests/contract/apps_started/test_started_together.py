# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request apps with a claimed Plex and real *arr stand-ins behind them, asked by independent clients where there are some."""
from __future__ import annotations

import re
import sqlite3

import apps_runner
import pytest
import requests
from standins.testing import free_port

TOKEN = "plex-token-valid"
HEADERS = {"X-Api-Key": apps_runner.KEY}


@pytest.fixture(scope="module")
def claimed(tmp_path_factory):
    """A Plex that belongs to somebody; it serves its half of plex.tv too."""
    directory = tmp_path_factory.mktemp("claimed")
    (directory / "films").mkdir()
    process = apps_runner.Process("plex", directory / "config", environment={"STANDIN_PLEX_TV": ""}).start()
    process.tv = process.url + "/__plextv__"
    claim = requests.get(process.tv + "/api/claim/token.json", headers={"X-Plex-Token": TOKEN}, timeout=5).json()["token"]
    assert requests.post(process.url + "/myplex/claim", params={"token": claim}, timeout=10).status_code == 200
    yield process
    process.stop()


@pytest.fixture(params=["seerr", "overseerr"])
def requester(request, app, claimed):
    """Seerr and Overseerr after their first run: the owner has signed in."""
    files = {} if request.param == "seerr" else {"settings.json": '{"main": {"apiKey": "%s"}}' % apps_runner.KEY}
    process = app(request.param, environment={"API_KEY": apps_runner.KEY, "STANDIN_PLEX_TV": claimed.tv}, files=files)
    answer = requests.post(process.url + "/api/v1/auth/plex", json={"authToken": TOKEN}, timeout=10)
    assert answer.status_code == 200 and answer.json()["id"] == 1
    assert ("plexToken" in answer.json()) == (request.param == "overseerr")

    def call(method, path, body=None, **options):
        return requests.request(method, process.url + "/api/v1" + path, json=body, headers=HEADERS, timeout=20, **options)

    process.call = call
    return process


def server(handle, **other):
    return {"name": "Films", "hostname": handle.host, "port": handle.port, "apiKey": handle.api_key, "useSsl": False, "activeProfileId": 1,
            "activeProfileName": "Any", "activeDirectory": "/data/movies", "is4k": False, "minimumAvailability": "released", "isDefault": True, **other}


def test_claiming_closes_plex(claimed):
    assert requests.get(claimed.url + "/identity", headers={"Accept": "application/json"}, timeout=5).json()["MediaContainer"]["claimed"] is True
    assert requests.get(claimed.url + "/library/sections", timeout=5).status_code == 401
    assert requests.get(claimed.url + "/library/sections", headers={"X-Plex-Token": "wrong"}, timeout=5).status_code == 401
    assert requests.get(claimed.url + "/library/sections", headers={"X-Plex-Token": TOKEN, "Host": "plex:32400"}, timeout=5).status_code == 200
    text = (claimed.config / "Library/Application Support/Plex Media Server/Preferences.xml").read_text()
    assert re.search(r'PlexOnlineToken="[^"]+"', text) and re.search(r'ProcessedMachineIdentifier="[0-9a-f]{40}"', text)


def test_plexapi_works_with_it(claimed):
    plexapi = pytest.importorskip("plexapi.server")
    plex = plexapi.PlexServer(claimed.url, TOKEN)
    films = str(claimed.config.parent / "films")
    plex.library.add(name="Films", type="movie", agent="tv.plex.agents.movie", scanner="Plex Movie", language="en-US", location=[films])
    assert [(section.title, section.locations) for section in plex.library.sections()] == [("Films", [films])]
    section = plex.library.section("Films")
    section.update()
    section.edit(agent="tv.plex.agents.movie", name="Movies")
    assert [section.title for section in plex.library.sections()] == ["Movies"]
    plex.settings.get("FriendlyName").set("Cinema")
    plex.settings.save()
    assert plexapi.PlexServer(claimed.url, TOKEN).friendlyName == "Cinema"
    plex.library.section("Movies").delete()
    assert plex.library.sections() == []


def test_servers_of_the_request_apps(requester, arrs):
    radarr = arrs["radarr"]
    call = requester.call
    assert call("GET", "/settings/radarr").json() == []
    asked = {name: server(radarr)[name] for name in ("hostname", "port", "apiKey", "useSsl")}
    answer = call("POST", "/settings/radarr/test", asked)
    assert answer.status_code == 200 and {"profiles", "rootFolders", "tags", "urlBase"} <= set(answer.json())
    assert any(item["path"].endswith("/system/status") for item in radarr.requests())
    # Each from a fresh cache, which knows nothing of keys.
    for wrong in ({"apiKey": "wrong"}, {"port": free_port()}):
        assert call("POST", "/settings/cache/radarr/flush").status_code == 204
        answer = call("POST", "/settings/radarr/test", {**asked, **wrong})
        assert answer.status_code == 500 and answer.json()["message"] == "Failed to connect to Radarr"
    first = call("POST", "/settings/radarr", server(radarr))
    second = call("POST", "/settings/radarr", server(radarr, name="Films too"))
    assert (first.status_code, first.json()["id"], second.json()["id"]) == (201, 0, 1)
    # One default for one resolution; ids cannot be given; one server cannot be asked for alone; nothing is left out with null.
    assert [item["isDefault"] for item in call("GET", "/settings/radarr").json()] == [False, True]
    answer = call("PUT", "/settings/radarr/0", {**server(radarr), "id": 0})
    assert answer.status_code == 400 and "request.body.id is read-only" in answer.json()["message"]
    assert call("GET", "/settings/radarr/0").status_code == 405
    assert call("PUT", "/settings/radarr/0", server(radarr, port="7878")).status_code == 400
    assert call("PUT", "/settings/radarr/0", server(radarr, externalUrl=None)).status_code == 400
    assert call("PUT", "/settings/radarr/7", server(radarr)).status_code == 404
    assert call("PUT", "/settings/radarr/0", server(radarr, name="4K", is4k=True)).status_code == 200
    assert call("GET", "/settings/public").json()["movie4kEnabled"] is True
    requester.restart()
    assert [item["name"] for item in call("GET", "/settings/radarr").json()] == ["4K", "Films too"]
    assert call("DELETE", "/settings/radarr/1").status_code == 200
    assert call("DELETE", "/settings/radarr/1").status_code == 404


def test_generated_clients_read_what_the_request_apps_answer(requester, arrs):
    package = pytest.importorskip(requester.name)
    client = package.ApiClient(package.Configuration(host=requester.url + "/api/v1", api_key={"apiKey": apps_runner.KEY}))
    settings = package.SettingsApi(client)
    assert requester.call("POST", "/settings/radarr", server(arrs["radarr"], baseUrl="")).status_code == 201
    assert [(item.name, item.port, item.id) for item in settings.list_radarr()] == [("Films", arrs["radarr"].port, 0)]
    assert settings.get_main().api_key == apps_runner.KEY


def test_plex_in_the_request_apps(requester, claimed):
    call = requester.call
    assert call("GET", "/settings/plex").json() == {"name": "", "ip": "", "port": 32400, "useSsl": False, "libraries": []}
    answer = call("POST", "/settings/plex", {"ip": "127.0.0.1", "port": claimed.port})
    assert answer.status_code == 200 and answer.json()["machineId"]
    # What cannot be reached stays in memory all the same.
    dead = free_port()
    assert call("POST", "/settings/plex", {"ip": "127.0.0.1", "port": dead}).status_code == 500
    assert call("GET", "/settings/plex").json()["port"] == dead
    assert call("POST", "/settings/initialize").json() == {"initialized": True}
    assert call("GET", "/settings/public").json()["initialized"] is True


def test_the_owner_may_be_put_into_the_database(app):
    process = app("seerr", environment={"API_KEY": apps_runner.KEY}, files={"settings.json": '{"public": {"initialized": true}}'})

    def asked():
        return requests.get(process.url + "/api/v1/settings/main", headers=HEADERS, timeout=5)

    assert asked().status_code == 403
    with sqlite3.connect(process.config / "db" / "db.sqlite3") as database:
        database.execute("INSERT INTO user(id, email, username, permissions, avatar, userType) VALUES(1, 'a@example.org', 'a', 2, '', 1)")
    assert asked().status_code == 200 and asked().json()["apiKey"] == apps_runner.KEY


def test_tautulli_is_connected_to_plex(app, claimed):
    environment = {"TAUTULLI_API_KEY": apps_runner.KEY, "TAUTULLI_FIRST_RUN_COMPLETE": "1", "TAUTULLI_PMS_IP": "127.0.0.1",
                   "TAUTULLI_PMS_PORT": str(claimed.port)}

    def connected(process):
        answer = requests.get(process.url + "/api/v2", params={"apikey": apps_runner.KEY, "cmd": "server_status"}, timeout=10)
        return answer.json()["response"]["data"]["connected"]

    with_token = app("tautulli", environment={**environment, "TAUTULLI_PMS_TOKEN": TOKEN})
    assert connected(with_token) is True
    assert connected(app("tautulli", environment=environment, directory=with_token.config.parent / "other")) is False


def test_a_tautulli_client_works_with_it(app):
    tautulli = pytest.importorskip("tautulli")
    process = app("tautulli", environment={"TAUTULLI_API_KEY": apps_runner.KEY, "TAUTULLI_FIRST_RUN_COMPLETE": "1"})
    client = tautulli.RawAPI(base_url=process.url, api_key=apps_runner.KEY, verify=False)
    # This client is for the next release, which takes the key in a header; 2.17 does not.
    client._url += "?apikey=" + apps_runner.KEY
    assert client.server_status["connected"] is False
    assert client.tautulli_info["tautulli_version"] == "v2.17.2"


def test_maintainerr_knows_a_wrong_token(app, claimed):
    process = app("maintainerr", environment={"STANDIN_PLEX_TV": claimed.tv})

    def call(method, path, body=None):
        answer = requests.request(method, process.url + "/api" + path, json=body, timeout=20)
        return answer.json()

    call("POST", "/settings/media-server/switch", {"targetServerType": "plex"})
    for token, right in (("wrong-token-for-plex", False), (TOKEN, True)):
        call("DELETE", "/settings/plex/auth")
        assert call("POST", "/settings/plex/token", {"plex_auth_token": token})["status"] == "OK"
        assert call("PATCH", "/settings", {"plex_name": "p", "plex_hostname": "127.0.0.1", "plex_port": claimed.port, "plex_ssl": 0,
                                           "plex_manual_mode": 1})["status"] == "OK"
        # The address is right in both cases; only the other test looks at the token.
        assert call("GET", "/settings/test/plex")["status"] == "OK"
        assert (call("GET", "/settings/test/plex/auth")["status"] == "OK") is right


@pytest.mark.parametrize("name", ["plex", "seerr", "overseerr", "maintainerr", "tautulli", "bazarr", "flaresolverr"])
def test_faults_and_requests_are_the_labs(name, app):
    process = app(name)
    probe = apps_runner.PROBE[name]
    requests.put(process.url + "/__faults__", json={"fail": {"status": 502, "path": ".*", "count": 1}}, timeout=5)
    assert requests.get(process.url + probe, timeout=5).status_code == 502
    assert requests.get(process.url + probe, timeout=5).status_code == 200
    assert [item["status"] for item in process.requests()][-2:] == [502, 200]
    requests.put(process.url + "/__faults__", json={"slow_start": 600}, timeout=5)
    assert requests.get(process.url + probe, timeout=5).status_code == 503
    requests.delete(process.url + "/__faults__", timeout=5)


@pytest.mark.parametrize("name", ["plex", "seerr", "overseerr", "maintainerr", "tautulli", "bazarr"])
def test_what_a_power_cut_leaves_starts_again(name, app):
    process = app(name)
    process.process.kill()
    process.process.wait()
    process.start()
    assert requests.get(process.url + apps_runner.PROBE[name], timeout=5).status_code == 200
