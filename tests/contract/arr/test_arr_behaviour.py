# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-ins do over time and to others: doors, restarts, the environment, synchronisation, races, faults."""

from __future__ import annotations

import threading
import time

import pytest
import requests
from standins import testing

KINDS = ("sonarr", "radarr", "lidarr", "prowlarr")
LOGIN = {
    "authenticationMethod": "forms",
    "username": "Admin",
    "password": "secret-1",
    "passwordConfirmation": "secret-1",
}


def host(server, **values):
    answer = server.api("PUT", "config/host/1", {**server.api("GET", "config/host").json(), **values})
    assert answer.status_code == 202, answer.text
    return answer.json()


def provider(server, kind, implementation, preset=None, /, **values):
    """A body from the schema; ``fields`` are laid over it."""
    schema = server.api("GET", kind + "/schema").json()
    body = next(
        item for item in schema if item["implementation"] == implementation and preset in (None, item.get("name"))
    )
    wanted = values.pop("fields", {})
    for field in body["fields"]:
        if field["name"] in wanted:
            field["value"] = wanted.pop(field["name"])
    assert not wanted, f"unknown fields {wanted}"
    body.update(values)
    return body


def until(check, seconds=10):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


# Doors


@pytest.mark.parametrize("kind", KINDS)
def test_fresh_install_hands_its_key_to_anyone(kind, arr):
    server = arr(kind)
    answer = requests.get(server.url + "/initialize.json", timeout=10)
    assert answer.json()["apiKey"] == server.api_key
    assert requests.get(server.url + "/", timeout=10).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_login_closes_the_page_at_once(kind, arr):
    server = arr(kind)
    assert host(server, **LOGIN)["username"] == "admin"
    for path in ("/", "/initialize.json"):
        answer = requests.get(server.url + path, timeout=10, allow_redirects=False)
        assert (answer.status_code, "/login?returnUrl=" in answer.headers["Location"]) == (302, True)
    session = requests.Session()
    wrong = session.post(server.url + "/login", data={"username": "admin", "password": "x"}, allow_redirects=False)
    assert wrong.headers["Location"] == "/login?returnUrl=&loginFailed=true"
    right = session.post(
        server.url + "/login", data={"username": "admin", "password": "secret-1"}, allow_redirects=False
    )
    assert (right.status_code, right.headers["Location"]) == (302, "/")
    assert session.get(server.url + "/initialize.json").json()["apiKey"] == server.api_key
    assert server.api("GET", "system/status").json()["authentication"] == "forms"


@pytest.mark.parametrize("kind", KINDS)
def test_url_base_counts_after_a_restart(kind, arr_process):
    server = arr_process(kind)
    host(server, urlBase="base")
    assert server.api("GET", "system/status").status_code == 200
    assert server.api("POST", "system/restart").json() == {"restarting": True}
    until(lambda: gone(server))
    server.wait()
    moved = requests.get(server.url + "/api/v1/tag", headers={"X-Api-Key": server.api_key}, allow_redirects=False)
    assert (moved.status_code, moved.headers["Location"]) == (307, "/base/api/v1/tag")
    assert requests.get(server.url + "/ping", allow_redirects=False).status_code == 307
    assert requests.post(server.url + "/api/v3/tag", json={}, allow_redirects=False).status_code == 401
    server.url += "/base"
    assert server.api("GET", "system/status").json()["urlBase"] == "/base"


def gone(server):
    try:
        return requests.get(server._lab_url + "/ping", timeout=5, allow_redirects=False).status_code == 307
    except requests.exceptions.RequestException:
        return True


@pytest.mark.parametrize("kind", KINDS)
def test_environment_wins_and_its_choices_are_case_sensitive(kind, arr):
    prefix = kind.upper() + "__"
    server = arr(
        kind,
        api_key="f" * 32,
        authentication="External",
        env={
            prefix + "AUTH__APIKEY": "e" * 32,
            prefix + "AUTH__METHOD": "forms",
            prefix.lower() + "server__urlbase": "env",
            prefix + "LOG__LEVEL": "Trace",
            prefix + "APP__INSTANCENAME": "My " + kind,
        },
    )
    assert server.api("GET", "system/status").status_code == 401
    server.api_key = "e" * 32
    found = server.api("GET", "config/host").json()
    assert (found["urlBase"], found["logLevel"], found["authenticationMethod"]) == ("/env", "trace", "external")
    assert host(server, logLevel="info", instanceName="Other " + kind)["logLevel"] == "trace"
    text = (server.config_dir / "config.xml").read_text()
    assert "<LogLevel>info</LogLevel>" in text and "e" * 32 not in text


@pytest.mark.parametrize("kind", KINDS)
def test_environment_key_is_not_written(kind, tmp_path, arr):
    server = arr(
        kind, api_key=None, env={kind.upper() + "__AUTH__APIKEY": "e" * 32, kind.upper() + "__AUTH__METHOD": "Forms"}
    )
    server.api_key = "e" * 32
    assert server.api("GET", "system/status").json()["authentication"] == "forms"
    assert "ApiKey" not in (server.config_dir / "config.xml").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_login_in_the_configuration_file(kind, tmp_path, arr):
    testing.seed(tmp_path / kind, 1, authentication="Forms", Username="Admin", Password="secret-1", Nonsense="x")
    server = arr(kind)
    text = (server.config_dir / "config.xml").read_text()
    assert "secret-1" not in text and "Nonsense" not in text and "<AuthenticationMethod>Forms<" in text
    answer = requests.post(
        server.url + "/login", data={"username": "admin", "password": "secret-1"}, allow_redirects=False
    )
    assert answer.headers["Location"] == ("/login?returnUrl=&loginFailed=true" if kind == "prowlarr" else "/")


def test_generated_key_and_defaults_are_written(tmp_path, arr):
    server = arr("sonarr", api_key=None)
    text = (server.config_dir / "config.xml").read_text()
    key = server.service.api_key
    assert len(key) == 32 and f"<ApiKey>{key}</ApiKey>" in text and "<InstanceName>Sonarr</InstanceName>" in text


def test_corrupt_configuration_file_stops_it(tmp_path):
    directory = tmp_path / "sonarr"
    directory.mkdir()
    (directory / "config.xml").write_text("")
    with pytest.raises(RuntimeError, match="corrupt"):
        testing.start_arr("sonarr", tmp_path)


def test_reset_of_the_key(arr):
    server = arr("radarr")
    server.api("POST", "command", {"name": "ResetApiKey"})
    until(lambda: server.api("GET", "tag").status_code == 401)
    assert server.service.api_key != testing.API_KEY


# State


@pytest.mark.parametrize("kind", KINDS)
def test_state_survives_a_kill(kind, arr_process, qbittorrent):
    server = arr_process(kind)
    server.api("POST", "tag", {"label": "kept"})
    body = provider(
        server,
        "downloadclient",
        "QBittorrent",
        name="q",
        enable=True,
        fields={"host": "127.0.0.1", "port": qbittorrent.port, "username": "admin", "password": "adminadmin"},
    )
    assert server.api("POST", "downloadclient", body).status_code == 201
    host(server, **LOGIN)
    server.restart()
    assert [tag["label"] for tag in server.api("GET", "tag").json()] == ["kept"]
    client = server.api("GET", "downloadclient").json()[0]
    assert server.api("POST", "downloadclient/test", client).status_code == 200  # the password is there
    assert requests.get(server.url + "/", allow_redirects=False).status_code == 302


def test_a_restart_ends_a_poisoned_list(arr_process):
    server = arr_process("sonarr")
    body = provider(server, "downloadclient", "QBittorrent", name="bad")
    body["implementation"] = "Nonsense"
    assert server.api("POST", "downloadclient", body).status_code == 500
    assert server.api("GET", "downloadclient").status_code == 500
    server.restart()
    assert server.api("GET", "downloadclient").json() == []


def test_names_are_not_unique_in_the_database(arr, qbittorrent):
    """Eight creators of one name at the same moment: the check is before the test, the row after it."""
    server = arr("sonarr")
    body = provider(
        server,
        "downloadclient",
        "QBittorrent",
        name="one",
        enable=True,
        fields={"host": "127.0.0.1", "port": qbittorrent.port, "username": "admin", "password": "adminadmin"},
    )
    qbittorrent.faults({"delay": {"seconds": 0.3, "path": "/auth/login"}})
    threads = [threading.Thread(target=server.api, args=("POST", "downloadclient", body)) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.api("GET", "downloadclient").json()) > 1


def test_category_is_made_in_qbittorrent(arr, qbittorrent):
    server = arr("radarr")
    body = provider(
        server,
        "downloadclient",
        "QBittorrent",
        name="q",
        fields={
            "host": "127.0.0.1",
            "port": qbittorrent.port,
            "username": "admin",
            "password": "adminadmin",
            "movieCategory": "films",
        },
    )
    assert server.api("POST", "downloadclient/test", body).status_code == 200
    assert "films" in qbittorrent.state["categories"]
    assert [item["path"] for item in qbittorrent.requests(writes=True)] == [
        "/api/v2/auth/login",
        "/api/v2/torrents/createCategory",
    ]


# Prowlarr and its applications


@pytest.fixture
def wired(arr, torznab):
    """A Prowlarr with one indexer, and its three applications."""
    servers = {kind: arr(kind) for kind in KINDS}
    prowlarr = servers["prowlarr"]
    body = provider(
        prowlarr,
        "indexer",
        "Torznab",
        "Generic Torznab",
        name="lab",
        appProfileId=1,
        enable=True,
        fields={"baseUrl": torznab.url, "apiKey": torznab.api_key},
    )
    assert prowlarr.api("POST", "indexer", body).status_code == 201
    return servers


def application(servers, kind, **values):
    prowlarr, other = servers["prowlarr"], servers[kind]
    fields = {
        "prowlarrUrl": prowlarr.url,
        "baseUrl": other.url + "/",
        "apiKey": other.api_key,
        **values.pop("fields", {}),
    }
    return provider(
        prowlarr, "applications", kind.capitalize(), **{"name": kind, "syncLevel": "fullSync", **values}, fields=fields
    )


def indexers(server):
    return server.api("GET", "indexer").json()


def value(item, name):
    return next(field.get("value") for field in item["fields"] if field["name"] == name)


def synchronise(prowlarr, **options):
    command = prowlarr.api("POST", "command", {"name": "ApplicationIndexerSync", **options}).json()
    until(lambda: prowlarr.api("GET", f"command/{command['id']}").json()["status"] == "completed")


@pytest.mark.parametrize(
    "kind, categories",
    [("sonarr", [5000, 5030, 5040, 5045]), ("radarr", [2000, 2040, 2045]), ("lidarr", [3000, 3010, 3040])],
)
def test_indexers_are_pushed_after_the_answer(kind, categories, wired):
    prowlarr, other = wired["prowlarr"], wired[kind]
    assert prowlarr.api("POST", "applications", application(wired, kind)).status_code == 201
    until(lambda: indexers(other))
    made = indexers(other)[0]
    assert made["name"] == "lab (Prowlarr)"
    assert (value(made, "baseUrl"), value(made, "categories")) == (prowlarr.url + "/1/", categories)
    assert other.api("POST", "indexer/test", made).status_code == 200


def test_synchronisation_restores_and_keeps_what_is_not_its_own(wired, qbittorrent):
    prowlarr, sonarr = wired["prowlarr"], wired["sonarr"]
    prowlarr.api("POST", "applications", application(wired, "sonarr"))
    until(lambda: indexers(sonarr))
    client = sonarr.api("POST", "downloadclient", provider(sonarr, "downloadclient", "QBittorrent", name="q")).json()
    made = indexers(sonarr)[0]
    sonarr.api(
        "PUT", f"indexer/{made['id']}", {**made, "priority": 3, "name": "mine", "downloadClientId": client["id"]}
    )
    synchronise(prowlarr)
    made = indexers(sonarr)[0]
    assert (made["name"], made["priority"], made["downloadClientId"]) == ("lab (Prowlarr)", 25, client["id"])
    sonarr.api("DELETE", f"indexer/{made['id']}")
    synchronise(prowlarr)
    assert len(indexers(sonarr)) == 1


def test_synchronisation_completes_although_an_application_is_down(wired):
    prowlarr, sonarr, radarr = wired["prowlarr"], wired["sonarr"], wired["radarr"]
    for kind in ("sonarr", "radarr"):
        prowlarr.api("POST", "applications", application(wired, kind))
    until(lambda: indexers(sonarr) and indexers(radarr))
    for server in (sonarr, radarr):
        server.api("DELETE", "indexer/1")
    sonarr.faults({"drop": {"path": "/api/"}})
    synchronise(prowlarr)
    assert prowlarr.api("GET", "health").json() == []
    sonarr.faults()
    assert (indexers(sonarr), len(indexers(radarr))) == ([], 1)
    synchronise(prowlarr)
    assert len(indexers(sonarr)) == 1


def test_deleting_an_application_leaves_its_indexers_deleting_an_indexer_does_not(wired):
    prowlarr, sonarr, radarr = wired["prowlarr"], wired["sonarr"], wired["radarr"]
    for kind in ("sonarr", "radarr"):
        prowlarr.api("POST", "applications", application(wired, kind))
    until(lambda: indexers(sonarr) and indexers(radarr))
    prowlarr.api("DELETE", "applications/1")
    prowlarr.api("DELETE", "indexer/1")
    until(lambda: not indexers(radarr))
    assert len(indexers(sonarr)) == 1


def test_applications_with_tags_take_indexers_that_share_one(wired):
    prowlarr, radarr = wired["prowlarr"], wired["radarr"]
    tag = prowlarr.api("POST", "tag", {"label": "uhd"}).json()["id"]
    prowlarr.api("POST", "applications", application(wired, "radarr", tags=[tag]))
    synchronise(prowlarr)
    assert indexers(radarr) == []
    indexer = prowlarr.api("GET", "indexer/1").json()
    prowlarr.api("PUT", "indexer/1", {**indexer, "tags": [tag]})
    until(lambda: indexers(radarr))


def test_disabled_and_add_only_applications(wired):
    prowlarr, radarr = wired["prowlarr"], wired["radarr"]
    prowlarr.api("POST", "applications", application(wired, "radarr", syncLevel="disabled"))
    synchronise(prowlarr)
    assert indexers(radarr) == []
    prowlarr.api("PUT", "applications/1", {**prowlarr.api("GET", "applications/1").json(), "syncLevel": "addOnly"})
    until(lambda: indexers(radarr))
    radarr.api("PUT", "indexer/1", {**indexers(radarr)[0], "priority": 2})
    synchronise(prowlarr)
    assert indexers(radarr)[0]["priority"] == 2


@pytest.mark.parametrize(
    "fields, failure",
    [
        ({"apiKey": "wrong"}, "ApiKey"),
        ({"baseUrl": "http://127.0.0.1:9"}, "BaseUrl"),
        ({"prowlarrUrl": "http://127.0.0.1:9"}, "ProwlarrUrl"),
    ],
)
def test_both_directions_of_an_application_count(fields, failure, wired):
    answer = wired["prowlarr"].api("POST", "applications", application(wired, "radarr", fields=fields))
    assert (answer.status_code, answer.json()[0]["propertyName"]) == (400, failure)


def test_wrong_application_and_missing_url_base(wired, arr, tmp_path):
    prowlarr = wired["prowlarr"]
    body = application(wired, "sonarr", fields={"baseUrl": wired["radarr"].url})
    answer = prowlarr.api("POST", "applications/test", body).json()
    assert "Object reference not set" in answer[0]["errorMessage"]
    based = arr("lidarr", url_base="music", directory=tmp_path / "other", authentication="Forms")
    fields = {"baseUrl": based.url[: -len("/music")], "apiKey": based.api_key}
    answer = prowlarr.api("POST", "applications/test", application(wired, "lidarr", fields=fields)).json()
    assert answer[0]["propertyName"] == "BaseUrl" and "URL base" in answer[0]["errorMessage"]
    fields = {"baseUrl": based.url + "/nope", "apiKey": based.api_key}
    answer = prowlarr.api("POST", "applications/test", application(wired, "lidarr", fields=fields)).json()
    assert "Unable to parse JSON" in answer[0]["errorMessage"]


def test_pushes_are_apart_in_time(arr, torznab):
    servers = {kind: arr(kind, env={"STANDIN_SYNC_INTERVAL": "0.4"}) for kind in ("prowlarr", "radarr")}
    prowlarr = servers["prowlarr"]
    for name in ("a", "b", "c"):
        body = provider(
            prowlarr,
            "indexer",
            "Torznab",
            "Generic Torznab",
            name=name,
            appProfileId=1,
            enable=True,
            fields={"baseUrl": torznab.url, "apiKey": torznab.api_key},
        )
        assert prowlarr.api("POST", "indexer", body).status_code == 201
    prowlarr.api("POST", "applications", application(servers, "radarr"))
    begun = time.monotonic()
    synchronise(prowlarr)
    assert len(indexers(servers["radarr"])) == 3
    assert time.monotonic() - begun > 0.7


# The lab's own doors


def test_faults_come_and_go(arr):
    server = arr("sonarr")
    server.faults({"fail": {"status": 500, "path": "/tag", "count": 2, "body": "database is locked"}})
    answers = [server.api("GET", "tag").status_code for _number in range(3)]
    assert answers == [500, 500, 200]
    server.faults({"html": True})
    assert "<form>" in server.api("GET", "tag").text
    server.faults({"drop": {"path": ".*"}})
    with pytest.raises(requests.exceptions.ConnectionError):
        server.api("GET", "tag")
    server.faults({"stale": {"path": "/tag"}})
    assert server.api("GET", "tag").json() == []
    server.api("POST", "tag", {"label": "x"})
    assert server.api("GET", "tag").json() == []
    server.faults()
    assert len(server.api("GET", "tag").json()) == 1


def test_starting_up(arr_process):
    server = arr_process("lidarr")
    server.faults({"slow_start": 1.5})
    server.restart()
    answer = server.api("GET", "tag")
    assert (answer.status_code, list(answer.json())) == (503, ["errorMessage"])
    assert requests.get(server.url + "/api/v1/tag", timeout=5).status_code == 401
    assert requests.get(server.url + "/ping", timeout=5).status_code == 503
    until(lambda: server.api("GET", "tag").status_code == 200)


def test_recording_proxy_proves_what_was_written(arr):
    server = arr("radarr")
    with testing.recording_proxy(server.url) as proxy:
        requests.get(proxy.url + "/api/v3/tag", headers={"X-Api-Key": server.api_key}, timeout=10)
        assert proxy.writes() == [] and len(proxy.seen()) == 1
        requests.post(proxy.url + "/api/v3/tag", headers={"X-Api-Key": server.api_key}, json={"label": "x"}, timeout=10)
        assert [(item["method"], item["path"], item["status"]) for item in proxy.writes()] == [
            ("POST", "/api/v3/tag", 201)
        ]


def test_requests_are_remembered(arr):
    server = arr("sonarr")
    server.reset()
    server.api("GET", "tag")
    server.api("POST", "tag", {"label": "x"})
    assert [(item["method"], item["status"]) for item in server.requests()] == [("GET", 200), ("POST", 201)]
    assert [item["path"] for item in server.requests(writes=True)] == ["/api/v3/tag"]


def test_kept_alive_connections_are_quick(arr):
    """No 40 ms for a delayed acknowledgement: a hundred requests on one connection."""
    server = arr("sonarr")
    with requests.Session() as session:
        session.headers["X-Api-Key"] = server.api_key
        begun = time.monotonic()
        for _number in range(100):
            session.get(server.url + "/api/v3/tag").raise_for_status()
        assert time.monotonic() - begun < 2


def test_another_version(arr):
    server = arr("radarr", env={"STANDIN_VERSION": "5.28.0.10274"})
    answer = server.api("GET", "system/status")
    assert answer.json()["version"] == answer.headers["X-Application-Version"] == "5.28.0.10274"


def test_three_numbers_of_the_usual_version_stand_for_all_four(arr):
    assert (
        arr("radarr", env={"STANDIN_VERSION": "6.0.3"}).api("GET", "system/status").json()["version"] == "6.0.3.10276"
    )


def test_lidarr_3_names_protocols_by_class(arr):
    server = arr("lidarr", env={"STANDIN_VERSION": "3.0.1.4866"})
    body = provider(server, "downloadclient", "QBittorrent", name="q")
    assert body["protocol"] == "TorrentDownloadProtocol"
    made = server.api("POST", "downloadclient", body)
    assert (made.status_code, made.json()["protocol"]) == (201, "TorrentDownloadProtocol")
    profile = server.api("GET", "delayprofile/1").json()
    assert [item["protocol"] for item in profile["items"]] == ["UsenetDownloadProtocol", "TorrentDownloadProtocol"]
    assert server.api("PUT", "delayprofile/1", profile).status_code == 202


def test_radarr_5_still_takes_basic(arr):
    server = arr("radarr", env={"STANDIN_VERSION": "5.28.0.10274"})
    assert host(server, **{**LOGIN, "authenticationMethod": "basic"})["authenticationMethod"] == "basic"


def test_one_label_made_by_many_is_one_tag(arr):
    server = arr("lidarr")
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(server.api("POST", "tag", {"label": "same"}).status_code))
        for _number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {201, 409} and len(server.api("GET", "tag").json()) == 1
