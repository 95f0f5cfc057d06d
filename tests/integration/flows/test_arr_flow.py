# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a title that is added to its file in the library, without the lab: Prowlarr, Radarr and Sonarr as stand-ins, an indexer with a peer that serves
what it lists, and the real qBittorrent, which sees its downloads under another path than they do."""
from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import requests
from standins import testing, titles

MODULES = str(Path(__file__).resolve().parents[1] / "modules")
if MODULES not in sys.path:
    sys.path.insert(0, MODULES)

import real_clients  # noqa: E402

LIMIT = 60
FILM, SERIES = titles.MOVIES[0], titles.SERIES[0]


def provider(server, kind, implementation, fields, **values):
    """Make a provider from its schema; the connection is tried when it is saved."""
    body = next(item for item in server.api("GET", kind + "/schema").json() if item["implementation"] == implementation)
    for field in body["fields"]:
        if field["name"] in fields:
            field["value"] = fields[field["name"]]
    answer = server.api("POST", kind, {**body, **values})
    assert answer.status_code == 201, answer.text
    return answer.json()


def until(check, what, seconds=LIMIT):
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(0.2)


class World:
    """Everything that takes part. ``told`` are the webhooks, ``scans`` what Plex was asked to scan: (section, path)."""

    def __init__(self, tmp_path):
        self.tmp, self.running, self.told, self.scans = tmp_path, [], [], []
        self.directory = tmp_path / "qbittorrent"
        self.data = self.directory / "data"
        (self.data / "torrents").mkdir(parents=True)
        for name in ("movies", "tv"):
            (self.data / "media" / name).mkdir(parents=True)
        prefix = ["setpriv", f"--reuid={os.getuid()}", f"--regid={os.getgid()}", "--clear-groups"] if os.geteuid() else []
        self.qbittorrent = self.keep(real_clients.start_qbittorrent(self.directory, prefix=prefix))
        with requests.Session() as session:
            root = f"http://127.0.0.1:{self.qbittorrent.port}/api/v2/"
            session.post(root + "auth/login", data=dict(zip(("username", "password"), real_clients.LOGIN)), timeout=10).raise_for_status()
            session.post(root + "app/setPreferences", data={"json": '{"save_path": "/data/torrents"}'}, timeout=10).raise_for_status()
        self.seeder = self.keep(testing.start_seeder())
        self.hook = self.keep(testing.start_wsgi(self.receive))
        self.plex = self.keep(testing.start_wsgi(self.library))

    def keep(self, handle):
        self.running.append(handle)
        return handle

    def receive(self, environ, start_response):
        self.told.append(json.loads(testing.read(environ) or b"{}"))
        return testing.respond(start_response, 200, {})

    def library(self, environ, start_response):
        """Plex, as far as a notification needs it."""
        parts = environ["PATH_INFO"].strip("/").split("/")
        if environ.get("HTTP_X_PLEX_TOKEN") != "plex-token-valid":
            return testing.respond(start_response, 401, {})
        if parts[-1] == "refresh":
            self.scans.append((parts[-2], dict(parse_qsl(environ["QUERY_STRING"])).get("path")))
            return testing.respond(start_response, 200, "")
        sections = [{"key": str(place), "type": kind, "Location": [{"id": place, "path": f"/plex/{name}"}]}
                    for place, (kind, name) in enumerate((("movie", "movies"), ("show", "tv")), 1)]
        return testing.respond(start_response, 200, {"MediaContainer": {"Directory": sections}})

    def arr(self, kind, category):
        """Radarr or Sonarr, wired as the collection does it."""
        server = self.keep(testing.start_arr(kind, self.tmp, env={"STANDIN_POLL_INTERVAL": "0.5"}))
        media = {"radarr": "movie", "sonarr": "tv"}[kind]
        values = {"host": "127.0.0.1", "port": self.qbittorrent.port, "username": real_clients.LOGIN[0], "password": real_clients.LOGIN[1],
                  media + "Category": category}
        provider(server, "downloadclient", "QBittorrent", values, name="qBittorrent", enable=True)
        mapping = {"host": "127.0.0.1", "remotePath": "/data/", "localPath": str(self.data) + "/"}
        assert server.api("POST", "remotepathmapping", mapping).status_code == 201
        self.root = str(self.data / "media" / {"movie": "movies", "tv": "tv"}[media])
        assert server.api("POST", "rootfolder", {"path": self.root}).status_code == 201
        plex = {"host": self.plex.host, "port": self.plex.port, "authToken": "plex-token-valid", "mapFrom": str(self.data / "media"), "mapTo": "/plex"}
        provider(server, "notification", "PlexServer", plex, name="Plex", onDownload=True, onUpgrade=True)
        provider(server, "notification", "Webhook", {"url": self.hook.url}, name="Hook", onGrab=True, onDownload=True)
        return server

    def prowlarr(self, server):
        """Prowlarr with the indexer, pushing it into the application."""
        prowlarr = self.keep(testing.start_arr("prowlarr", self.tmp))
        indexer = {"baseUrl": self.seeder.url, "apiKey": self.seeder.api_key}
        provider(prowlarr, "indexer", "Torznab", indexer, name="Lab", enable=True, appProfileId=1)
        fields = {"prowlarrUrl": prowlarr.url, "baseUrl": server.url, "apiKey": server.api_key}
        provider(prowlarr, "applications", server.kind.capitalize(), fields, name=server.kind, syncLevel="fullSync")
        until(lambda: server.api("GET", "indexer").json(), "the indexer was not pushed")
        return prowlarr

    def log(self, server):
        return "{0}\nqueue: {1}".format((server.config_dir / "stdout.log").read_text(), json.dumps(server.api("GET", "queue").json(), indent=1))

    def stop(self):
        for handle in reversed(self.running):
            handle.stop()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.stop()


def profile(server, name):
    return next(item["id"] for item in server.api("GET", "qualityprofile").json() if item["name"] == name)


def downloads(world):
    """Every file that qBittorrent has, by inode."""
    return {path.stat().st_ino: path for path in (world.data / "torrents").rglob("*.mkv")}


def test_a_film_that_is_added_is_searched_downloaded_and_linked(world):
    radarr = world.arr("radarr", "movies")
    prowlarr = world.prowlarr(radarr)
    found = radarr.api("GET", f"movie/lookup?term=tmdb:{FILM.tmdb}").json()[0]
    assert "id" not in found and found["title"] == FILM.title
    wish = {"title": found["title"], "tmdbId": FILM.tmdb, "year": FILM.year, "qualityProfileId": profile(radarr, "HD-1080p"), "rootFolderPath": world.root,
            "minimumAvailability": "released", "monitored": True, "tags": [], "titleSlug": found["titleSlug"], "addOptions": {"searchForMovie": True}}
    answer = radarr.api("POST", "movie", wish)
    assert answer.status_code == 201, answer.text
    number = answer.json()["id"]
    begun = time.monotonic()
    film = until(lambda: next((item for item in [radarr.api("GET", f"movie/{number}").json()] if item["hasFile"]), None), lambda: world.log(radarr))
    print(f"imported after {time.monotonic() - begun:.1f} s")
    path = Path(film["movieFile"]["path"])
    assert path.parent == Path(world.root) / FILM.named
    assert path.stat().st_ino in downloads(world) and path.stat().st_nlink == 2
    assert film["movieFile"]["quality"]["quality"]["name"] == "WEBDL-1080p"
    assert path.read_bytes() == world.seeder.shelf.content(world.seeder.met[-1])
    # Its own route: the search went through Prowlarr, and so did the torrent file.
    asked = [item["path"] for item in prowlarr.requests()]
    assert "/1/api" in asked and "/1/download" in asked
    history = [row["eventType"] for row in radarr.api("GET", "history").json()["records"]]
    assert history == ["downloadFolderImported", "grabbed"]
    until(lambda: not radarr.api("GET", "queue").json()["totalRecords"], "the queue keeps what is imported")
    until(lambda: [item["eventType"] for item in world.told] == ["Test", "Grab", "Download"], lambda: str(world.told))
    assert world.told[2]["movie"]["tmdbId"] == FILM.tmdb and world.told[2]["movieFile"]["path"] == str(path)
    assert world.scans == [("1", f"/plex/movies/{FILM.named}")]
    assert radarr.api("GET", "health").json() == []


def test_a_series_that_is_added_comes_as_its_season(world):
    sonarr = world.arr("sonarr", "tv")
    world.prowlarr(sonarr)
    found = sonarr.api("GET", f"series/lookup?term=tvdb:{SERIES.tvdb}").json()[0]
    wish = {"title": found["title"], "tvdbId": SERIES.tvdb, "qualityProfileId": profile(sonarr, "HD-1080p"), "rootFolderPath": world.root,
            "seasons": [{"seasonNumber": 1, "monitored": True}], "seasonFolder": True, "monitored": True, "seriesType": "standard", "tags": [],
            "addOptions": {"ignoreEpisodesWithFiles": True, "searchForMissingEpisodes": True}}
    answer = sonarr.api("POST", "series", wish)
    assert answer.status_code == 201, answer.text
    number = answer.json()["id"]

    def complete():
        rows = sonarr.api("GET", f"episode?seriesId={number}&includeEpisodeFile=true").json()
        return rows if all(row["hasFile"] for row in rows) else None

    episodes = until(complete, lambda: world.log(sonarr))
    assert [(row["seasonNumber"], row["episodeNumber"]) for row in episodes] == SERIES.episodes()
    linked = downloads(world)
    for row in episodes:
        path = Path(row["episodeFile"]["path"])
        assert path.parent == Path(world.root) / SERIES.title / "Season 1"
        assert path.stat().st_ino in linked and path.stat().st_nlink == 2
    # One torrent for both: the season was asked for, and its pack is preferred.
    assert len(set(world.seeder.met)) == 1
    assert sonarr.api("GET", f"series/{number}").json()["seasons"][0]["statistics"]["percentOfEpisodes"] == 100
    until(lambda: [item["eventType"] for item in world.told] == ["Test", "Grab", "Download", "Download"], lambda: str(world.told))
    assert world.scans[0] == ("2", f"/plex/tv/{SERIES.title}")
