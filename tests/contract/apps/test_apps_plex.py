# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plex and plex.tv: what ``plexapi`` does with a server, and what other apps were seen to ask, is answered as by the real ones."""

from __future__ import annotations

import json
import time

import apps_peers
import pytest
import requests
from plexapi.exceptions import BadRequest, Unauthorized
from plexapi.myplex import MyPlexAccount
from plexapi.server import PlexServer
from standins.plex.server import create_app

# What the recording's own server had and ours has not: items 11, 20 and 999 of its library.
CONTENT = ("/library/metadata/",)


class Redirected(requests.adapters.HTTPAdapter):
    """Sends what is meant for plex.tv to the stand-in."""

    def __init__(self, base):
        super().__init__()
        self.base = base

    def send(self, request, **options):
        for name in ("https://plex.tv", "https://clients.plex.tv"):
            request.url = request.url.replace(name, self.base)
        return super().send(request, **options)


@pytest.fixture
def fresh(tmp_path):
    """A server without an owner: its URL and its media folders."""
    for name in ("movies", "more", "tv"):
        (tmp_path / name).mkdir()
    film = tmp_path / "movies" / "Alien (1979) {tmdb-348}"
    film.mkdir()
    (film / "Alien (1979).mkv").write_text("film")
    season = tmp_path / "tv" / "Firefly (2002)" / "Season 01"
    season.mkdir(parents=True)
    (season / "Firefly - S01E02.mkv").write_text("episode")
    address = apps_peers.own_address()
    server = apps_peers.serve(create_app(tmp_path / "plex", 32400, environment={}), address, 32400)
    yield f"http://{address}:32400", tmp_path
    apps_peers.stop(server)


def until(check):
    deadline = time.monotonic() + 5
    while not check() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert check()


def test_libraries(fresh):
    url, media = fresh
    plex = PlexServer(url)
    plex.library.add("Movies", "movie", "tv.plex.agents.movie", "Plex Movie", [str(media / "movies")], "en-US", hidden=1)
    plex.library.add("TV", "show", "tv.plex.agents.series", "Plex TV Series", str(media / "tv"), "en-US")
    with pytest.raises(BadRequest):
        PlexServer(url).library.add("Bad", "movie", "tv.plex.agents.movie", "Plex Movie", str(media / "movies"), "en")
    movies = PlexServer(url).library.section("Movies")
    until(movies.all)
    film = movies.all()[0]
    assert (film.title, film.year, [guid.id for guid in film.guids]) == ("Alien", 1979, ["tmdb://348"])
    assert film.media[0].parts[0].file.startswith(str(media / "movies"))
    until(PlexServer(url).library.section("TV").all)
    assert [episode.index for episode in PlexServer(url).library.section("TV").all()[0].episodes()] == [2]
    movies.edit(name="Films")
    films = PlexServer(url).library.section("Films")
    films.addLocations(str(media / "more"))
    films = PlexServer(url).library.section("Films")
    assert sorted(films.locations) == sorted([str(media / "movies"), str(media / "more")])
    films.removeLocations(str(media / "more"))
    assert PlexServer(url).library.section("Films").locations == [str(media / "movies")]
    films.editAdvanced(hidden=2)
    assert {item.id: item.value for item in PlexServer(url).library.section("Films").settings()}["hidden"] == 2
    for action in (films.update, films.refresh, films.cancelUpdate, films.emptyTrash):
        action()
    films.delete()
    assert [section.title for section in PlexServer(url).library.sections()] == ["TV"]


def test_settings(fresh):
    url, _media = fresh
    settings = PlexServer(url).settings
    settings.get("allowedNetworks").set("192.168.1.0/24,10.0.0.0/8")
    settings.get("autoEmptyTrash").set(False)
    settings.get("friendlyName").set("Test & Co")
    settings.get("onDeckWindow").set(99)
    settings.save()
    plex = PlexServer(url)
    assert [plex.settings.get(name).value for name in ("allowedNetworks", "autoEmptyTrash", "onDeckWindow")] == \
        ["192.168.1.0/24,10.0.0.0/8", False, 99]
    assert plex.friendlyName == "Test & Co"
    # JSON has its own types, and an unknown or unfit value changes nothing.
    found = requests.get(f"{url}/:/prefs", headers={"Accept": "application/json"}, timeout=10).json()["MediaContainer"]["Setting"]
    values = {item["id"]: item["value"] for item in found}
    assert (values["autoEmptyTrash"], values["OnDeckWindow"], values["LoudnessThreshold"]) == (False, 99, "0.5")
    assert requests.put(f"{url}/:/prefs", params={"OnDeckWindow": 1, "nope": 1}, timeout=10).status_code == 400
    assert requests.put(f"{url}/:/prefs", params={"OnDeckWindow": "many"}, timeout=10).status_code == 400
    assert PlexServer(url).settings.get("onDeckWindow").value == 99


def test_claim_and_account(fresh):
    url, _media = fresh
    session = requests.Session()
    session.mount("https://", Redirected(f"{url}/__plextv__"))
    account = MyPlexAccount(token=apps_peers.PLEX_TOKEN, session=session)
    # A stranger's name in the Host header is not local before the claim.
    assert requests.get(url, headers={"Host": "plex:32400"}, timeout=10).status_code == 401
    assert requests.post(f"{url}/myplex/claim", params={"token": "claim-bad"}, timeout=10).status_code == 401
    assert PlexServer(url).claim(account).signInState == "ok"
    with pytest.raises(Unauthorized):
        PlexServer(url)
    assert requests.get(f"{url}/library/sections", headers={"X-Plex-Token": "plex-token-friend"}, timeout=10).status_code == 200
    assert requests.put(f"{url}/:/prefs?FriendlyName=x", headers={"X-Plex-Token": "plex-token-friend"}, timeout=10).status_code == 403
    plex = PlexServer(url, apps_peers.PLEX_TOKEN)
    resource = account.resources()[0]
    assert (resource.clientIdentifier, resource.owned) == (plex.machineIdentifier, True)
    assert PlexServer(url, resource.accessToken).machineIdentifier == plex.machineIdentifier
    assert [user.title for user in account.users()] == ["friend"]
    plex.unclaim()
    assert "claimed=\"0\"" in requests.get(f"{url}/identity", timeout=10).text


def test_calls_of_other_apps(facts, tmp_path):
    with (facts / "recorded" / "plex_calls_seen_by_stub.jsonl").open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    peers = apps_peers.Peers(tmp_path)
    done = {}
    try:
        for row in rows:
            token = row["headers"].get("X-Plex-Token")
            title = (row["host"], row["method"], row["path"], token)
            arr = "/api/v" in row["path"] and row["host"] == "pms"
            if title in done or arr or row["path"].startswith(CONTENT) or (row["status"] == 200 and token == "bad"):
                continue
            base = peers.plex_tv if row["host"] == "plex.tv" else peers.plex_url
            headers = {key: value for key, value in row["headers"].items() if not key.startswith("X-Stub")}
            headers.setdefault("X-Plex-Client-Identifier", "test")
            answer = requests.request(row["method"], base + row["path"], headers=headers, timeout=10)
            done[title] = (answer.status_code, row["status"])
    finally:
        peers.close()
    assert len(done) > 25
    assert not {title: found for title, found in done.items() if found[0] != found[1]}
