# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Films, series and what becomes of them: look-ups, adding, searching, grabbing, the queue, the import, and who is told."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import requests
from standins import testing, titles, torrents
from standins.arr import names

FILM, SERIES, LONG = titles.MOVIES[0], titles.SERIES[0], titles.SERIES[1]
CATEGORY = {"radarr": "movieCategory", "sonarr": "tvCategory"}


def until(check, seconds=20):
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.03)


def provider(server, kind, implementation, fields, **values):
    body = next(item for item in server.api("GET", kind + "/schema").json() if item["implementation"] == implementation)
    for field in body["fields"]:
        if field["name"] in fields:
            field["value"] = fields[field["name"]]
    answer = server.api("POST", kind, {**body, **values})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "media"
    path.mkdir()
    return str(path)


@pytest.fixture
def library(arr, root):
    """Radarr or Sonarr with a root folder."""
    def start(kind):
        server = arr(kind, env={"STANDIN_POLL_INTERVAL": "0.1"})
        assert server.api("POST", "rootfolder", {"path": root}).status_code == 201
        return server
    return start


def film(root, **values):
    return {"title": FILM.title, "tmdbId": FILM.tmdb, "year": FILM.year, "qualityProfileId": 4, "rootFolderPath": root, "monitored": True,
            "minimumAvailability": "released", "tags": [], "addOptions": {"searchForMovie": False}, **values}


def series(root, of=SERIES, **values):
    return {"title": of.title, "tvdbId": of.tvdb, "qualityProfileId": 4, "rootFolderPath": root, "monitored": True, "seasonFolder": True,
            "seasons": [{"seasonNumber": season, "monitored": True} for season, _count in of.seasons], "seriesType": "standard", "tags": [],
            "addOptions": {"searchForMissingEpisodes": False}, **values}


# Looking up


@pytest.mark.parametrize(("kind", "term", "found"), [
    ("movie", f"tmdb:{FILM.tmdb}", [FILM.title]), ("movie", f"imdb:{FILM.imdb}", [FILM.title]), ("movie", FILM.imdb, [FILM.title]),
    ("movie", "paper lighthouse", [FILM.title]), ("movie", "paper lighthouse 2019", [FILM.title]), ("movie", "paper lighthouse 1999", []),
    ("movie", "tmdb:1", []), ("movie", "tmdb:x", []), ("movie", f"tmdb:{SERIES.tmdb}", []), ("movie", "", []),
    ("series", f"tvdb:{SERIES.tvdb}", [SERIES.title]), ("series", f"tmdb:{SERIES.tmdb}", [SERIES.title]), ("series", "harbour", [SERIES.title]),
    ("series", f"tvdb:{FILM.tmdb}", []), ("series", "nothing of the kind", [])])
def test_a_look_up(kind, term, found, library):
    server = library({"movie": "radarr", "series": "sonarr"}[kind])
    answer = server.api("GET", f"{kind}/lookup", params={"term": term})
    assert answer.status_code == 200
    assert [item["title"] for item in answer.json()] == found
    assert all("id" not in item and "path" not in item for item in answer.json())


def test_a_look_up_of_what_is_there_says_so(library, root):
    server = library("radarr")
    made = server.api("POST", "movie", film(root)).json()
    found = server.api("GET", f"movie/lookup?term=tmdb:{FILM.tmdb}").json()[0]
    assert (found["id"], found["path"], found["monitored"], found["hasFile"]) == (made["id"], f"{root}/{FILM.named}", True, False)
    assert server.api("GET", f"movie/lookup/tmdb?tmdbId={FILM.tmdb}").json()["id"] == made["id"]
    assert server.api("GET", f"movie?tmdbId={FILM.tmdb}").json()[0]["id"] == made["id"]
    assert server.api("GET", "movie?tmdbId=1").json() == []


# Adding


@pytest.mark.parametrize(("change", "name", "message"), [
    ({"qualityProfileId": 0}, "QualityProfileId", "'Quality Profile Id' must be greater than '0'."),
    ({"qualityProfileId": 99}, "QualityProfileId", "Quality Profile does not exist"),
    ({"rootFolderPath": "/elsewhere"}, "RootFolderPath", "Root folder '/elsewhere' does not exist"),
    ({"rootFolderPath": None}, "RootFolderPath", "Invalid Path: ''"),
    ({"title": ""}, "Title", "'Title' must not be empty.")])
@pytest.mark.parametrize("kind", ["radarr", "sonarr"])
def test_what_is_refused_when_a_title_is_added(kind, change, name, message, library, root):
    server = library(kind)
    path, body = ("movie", film(root, **change)) if kind == "radarr" else ("series", series(root, **change))
    answer = server.api("POST", path, body)
    assert answer.status_code == 400
    assert (name, message) in [(item["propertyName"], item["errorMessage"]) for item in answer.json()]
    assert server.api("GET", path).json() == []


def test_an_unknown_and_a_second_title_are_refused(library, root):
    server = library("radarr")
    assert "was not found" in server.api("POST", "movie", film(root, tmdbId=1)).json()[0]["errorMessage"]
    assert server.api("POST", "movie", film(root)).status_code == 201
    failures = server.api("POST", "movie", film(root)).json()
    assert [(item["propertyName"], item["errorMessage"], item["errorCode"]) for item in failures] == [
        ("TmdbId", "This movie has already been added", "MovieExistsValidator")]
    assert server.api("POST", "movie", {**film(root), "qualityProfileId": "4"}).status_code == 400


def test_a_film_from_its_making_to_its_end(library, root):
    server = library("radarr")
    tag = server.api("POST", "tag", {"label": "requested"}).json()["id"]
    answer = server.api("POST", "movie", film(root, tags=[tag], monitored=False))
    made = answer.json()
    assert answer.status_code == 201 and answer.headers["Location"].endswith(f"/movie/{made['id']}")
    assert (made["path"], made["rootFolderPath"], made["titleSlug"]) == (f"{root}/{FILM.named}", root, str(FILM.tmdb))
    assert server.api("DELETE", f"tag/{tag}").status_code == 409
    assert server.api("GET", f"tag/detail/{tag}").json()["movieIds"] == [made["id"]]
    assert server.api("DELETE", "qualityprofile/4").status_code == 500
    changed = server.api("PUT", "movie", {**made, "monitored": True, "qualityProfileId": 5})
    assert changed.status_code == 202 and changed.json()["monitored"] and changed.json()["qualityProfileId"] == 5
    assert server.api("PUT", "movie/77", {**made, "id": 77}).status_code == 404
    edited = server.api("PUT", "movie/editor", {"movieIds": [made["id"]], "monitored": False, "tags": [tag], "applyTags": "remove"})
    assert edited.status_code == 202 and edited.json()[0]["tags"] == [] and not edited.json()[0]["monitored"]
    Path(made["path"]).mkdir()
    assert server.api("GET", "rootfolder").json()[0]["unmappedFolders"] == []
    assert server.api("DELETE", f"movie/{made['id']}?deleteFiles=true").status_code == 200
    assert not os.path.exists(made["path"]) and server.api("GET", f"movie/{made['id']}").status_code == 404


@pytest.mark.parametrize(("change", "monitored"), [
    ({}, {(1, 1), (1, 2), (2, 1), (2, 2)}),
    ({"seasons": [{"seasonNumber": 1, "monitored": False}, {"seasonNumber": 2, "monitored": True}]}, {(2, 1), (2, 2)}),
    ({"addOptions": {"monitor": "firstSeason"}}, {(1, 1), (1, 2)}), ({"addOptions": {"monitor": "none"}}, set()),
    ({"addOptions": {"monitor": "pilot"}}, {(1, 1)})])
def test_who_adds_a_series_says_which_episodes_are_wanted(change, monitored, library, root):
    server = library("sonarr")
    made = server.api("POST", "series", series(root, LONG, **change)).json()
    episodes = server.api("GET", f"episode?seriesId={made['id']}").json()
    assert {(row["seasonNumber"], row["episodeNumber"]) for row in episodes if row["monitored"]} == monitored
    assert len(episodes) == 4 and not any(row["hasFile"] for row in episodes)
    seasons = server.api("GET", f"series/{made['id']}").json()["seasons"]
    assert {item["seasonNumber"] for item in seasons if item["monitored"]} == {season for season, _number in monitored}


def test_seasons_carry_their_episodes_along(library, root):
    server = library("sonarr")
    made = server.api("POST", "series", series(root, LONG)).json()
    made["seasons"][0]["monitored"] = False
    assert server.api("PUT", "series", made).status_code == 202
    episodes = server.api("GET", f"episode?seriesId={made['id']}").json()
    assert [row["monitored"] for row in episodes] == [False, False, True, True]
    assert server.api("PUT", "episode/monitor", {"episodeIds": [episodes[0]["id"]], "monitored": True}).json()[0]["monitored"]
    assert server.api("GET", "wanted/missing").json()["totalRecords"] == 3
    assert server.api("GET", f"episode/{episodes[0]['id']}").json()["series"]["title"] == LONG.title
    assert server.api("GET", "episode").status_code == 400
    assert server.api("DELETE", f"series/{made['id']}").status_code == 200
    assert server.api("GET", f"episode/{episodes[0]['id']}").status_code == 404


# Searching, grabbing, importing


class Wired:
    """An application with an indexer, a download client that does what the test says, and a webhook."""

    def __init__(self, server, seeder, client, told):
        self.server, self.seeder, self.client, self.told = server, seeder, client, told

    @property
    def torrents(self):
        return self.client.state["torrents"]

    def complete(self, number, directory, remote="/remote"):
        """The torrent's files are there, below ``directory``, which the client calls ``remote``."""
        release = self.seeder.shelf.by_hash[number]
        for file, content in release.contents():
            path = Path(directory) / release.name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.torrents[number].update(progress=1.0, state="stalledUP", amount_left=0, content_path=f"{remote}/{release.name}")
        return release


@pytest.fixture
def wired(library, tmp_path):
    """Sonarr or Radarr with all that it needs; the client's ``/remote`` is ``tmp_path/local``."""
    running = []

    def start(kind, **options):
        server, told = library(kind), []
        seeder, client = testing.start_seeder(), testing.start_qbittorrent()

        def receive(environ, start_response):
            told.append(json.loads(testing.read(environ)))
            return testing.respond(start_response, 200, {})

        hook = testing.start_wsgi(receive)
        running.extend((seeder, client, hook))
        provider(server, "indexer", "Torznab", {"baseUrl": seeder.url, "apiKey": seeder.api_key, "seedCriteria.seedRatio": 2.5}, name="Lab", enableRss=True,
                 enableAutomaticSearch=True, enableInteractiveSearch=True)
        fields = {"host": "127.0.0.1", "port": client.port, "username": client.username, "password": client.password, CATEGORY[kind]: "wanted",
                  **options.get("fields", {})}
        provider(server, "downloadclient", "QBittorrent", fields, name="qBittorrent", enable=True)
        (tmp_path / "local").mkdir()
        mapping = {"host": "127.0.0.1", "remotePath": "/remote", "localPath": str(tmp_path / "local")}
        assert server.api("POST", "remotepathmapping", mapping).status_code == 201
        provider(server, "notification", "Webhook", {"url": hook.url}, name="Hook", onGrab=True, onDownload=True, onUpgrade=True)
        told.clear()
        return Wired(server, seeder, client, told)

    yield start
    for handle in running:
        handle.stop()


def test_a_film_is_searched_grabbed_and_imported(wired, root, tmp_path):
    world = wired("radarr", fields={"movieImportedCategory": "done"})
    server = world.server
    made = server.api("POST", "movie", film(root, addOptions={"searchForMovie": True})).json()
    number = until(lambda: next(iter(world.torrents), None))
    assert world.torrents[number]["form"]["category"] == "wanted" and world.torrents[number]["form"]["ratioLimit"] == "2.5"
    record = until(lambda: next((item for item in server.api("GET", "queue?includeMovie=true").json()["records"] if item["status"] == "downloading"), None))
    assert (record["movieId"], record["status"], record["trackedDownloadState"]) == (made["id"], "downloading", "downloading")
    assert record["downloadId"] == number.upper()
    assert record["movie"]["title"] == FILM.title and record["protocol"] == "torrent"
    assert server.api("GET", "queue/details?movieId=7").json() == []
    # A second search finds it on its way already.
    command = server.api("POST", "command", {"name": "MoviesSearch", "movieIds": [made["id"]]}).json()
    until(lambda: server.api("GET", f"command/{command['id']}").json()["status"] == "completed")
    assert len(world.torrents) == 1
    release = world.complete(number, tmp_path / "local")
    there = until(lambda: next((item for item in [server.api("GET", f"movie/{made['id']}").json()] if item["hasFile"]), None))
    source, target = tmp_path / "local" / release.name / release.files[0], Path(there["movieFile"]["path"])
    assert target == Path(root) / FILM.named / release.files[0]
    assert source.stat().st_ino == target.stat().st_ino
    assert server.api("GET", f"moviefile?movieId={made['id']}").json()[0]["size"] == release.size == there["sizeOnDisk"]
    until(lambda: world.torrents[number]["category"] == "done")
    assert [row["eventType"] for row in server.api("GET", "history").json()["records"]] == ["downloadFolderImported", "grabbed"]
    assert server.api("GET", "queue/status").json()["totalCount"] == 0
    until(lambda: [item["eventType"] for item in world.told] == ["Grab", "Download"])
    story = world.told[1]
    assert {"movie", "remoteMovie", "movieFile", "isUpgrade", "downloadClient", "downloadClientType", "downloadId", "release", "customFormatInfo",
            "instanceName", "applicationUrl"} <= set(story)
    assert story["movie"]["folderPath"] == str(target.parent) and story["isUpgrade"] is False
    # Gone from the disk, gone from the library.
    target.unlink()
    server.api("POST", "command", {"name": "RefreshMovie", "movieIds": [made["id"]]})
    until(lambda: not server.api("GET", f"movie/{made['id']}").json()["hasFile"])


def test_a_release_is_chosen_by_hand_and_taken_from_the_queue(wired, root):
    world = wired("radarr")
    server = world.server
    made = server.api("POST", "movie", film(root)).json()
    found = {item["title"].split(".")[4]: item for item in server.api("GET", f"release?movieId={made['id']}").json()}
    assert set(found) == {"1080p", "2160p"}
    assert found["1080p"]["approved"] and found["2160p"]["rejections"] == ["WEBDL-2160p v1 is not wanted in profile"]
    assert server.api("POST", "release", {"guid": "x", "indexerId": 1}).status_code == 404
    assert server.api("POST", "release", {}).status_code == 400
    # Whoever asks for it gets also what the profile does not want.
    grabbed = server.api("POST", "release", {"guid": found["2160p"]["guid"], "indexerId": found["2160p"]["indexerId"]})
    assert grabbed.status_code == 200, grabbed.text
    record = server.api("GET", "queue").json()["records"][0]
    assert record["quality"]["quality"]["name"] == "WEBDL-2160p"
    assert server.api("DELETE", f"queue/{record['id']}?removeFromClient=true").status_code == 200
    assert world.torrents == {} and server.api("GET", "queue").json()["totalRecords"] == 0
    assert server.api("DELETE", f"queue/{record['id']}").status_code == 404


def test_an_import_that_cannot_be_is_explained_and_tried_again(wired, root, tmp_path):
    world = wired("radarr")
    server = world.server
    made = server.api("POST", "movie", film(root, addOptions={"searchForMovie": True})).json()
    number = until(lambda: next(iter(world.torrents), None))
    world.complete(number, tmp_path / "local", remote="/unmapped")
    record = until(lambda: next((item for item in server.api("GET", "queue").json()["records"] if item["statusMessages"]), None))
    assert (record["status"], record["trackedDownloadStatus"], record["trackedDownloadState"]) == ("completed", "warning", "importPending")
    assert "/unmapped" in record["statusMessages"][0]["messages"][0]
    world.torrents[number]["content_path"] = world.torrents[number]["content_path"].replace("/unmapped", "/remote")
    until(lambda: server.api("GET", f"movie/{made['id']}").json()["hasFile"])


def test_a_client_that_is_away_is_said_in_the_queue(wired, root, tmp_path):
    world = wired("radarr")
    made = world.server.api("POST", "movie", film(root, addOptions={"searchForMovie": True})).json()
    number = until(lambda: next(iter(world.torrents), None))
    world.client.faults({"fail": {"status": 500, "path": "/torrents/info"}})
    until(lambda: world.server.api("GET", "queue").json()["records"][0]["statusMessages"])
    world.complete(number, tmp_path / "local")
    world.client.state["sessions"].clear()          # and it has forgotten us
    world.client.faults()
    until(lambda: world.server.api("GET", f"movie/{made['id']}").json()["hasFile"])


@pytest.mark.parametrize("away", ["torrent", "film"])
def test_what_is_taken_away_leaves_the_queue_and_can_come_again(away, wired, root):
    world = wired("radarr")
    made = world.server.api("POST", "movie", film(root, addOptions={"searchForMovie": True})).json()
    until(lambda: world.server.api("GET", "queue").json()["totalRecords"])
    world.torrents.clear()
    if away == "film":
        assert world.server.api("DELETE", f"movie/{made['id']}").status_code == 200
        made = world.server.api("POST", "movie", film(root)).json()
    until(lambda: not world.server.api("GET", "queue").json()["totalRecords"])
    world.server.api("POST", "command", {"name": "MoviesSearch", "movieIds": [made["id"]]})
    until(lambda: len(world.torrents) == 1)


def test_a_season_comes_at_once_and_a_last_episode_alone(wired, root, tmp_path):
    world = wired("sonarr")
    server = world.server
    seasons = [{"seasonNumber": 1, "monitored": True}, {"seasonNumber": 2, "monitored": False}]
    made = server.api("POST", "series", series(root, LONG, seasons=seasons, addOptions={"searchForMissingEpisodes": True})).json()
    number = until(lambda: next(iter(world.torrents), None))
    assert world.seeder.shelf.by_hash[number].episode == 0
    assert [item["episode"]["episodeNumber"] for item in server.api("GET", "queue?includeEpisode=true").json()["records"]] == [1, 2]
    world.complete(number, tmp_path / "local")
    until(lambda: server.api("GET", f"series/{made['id']}").json()["statistics"]["percentOfEpisodes"] == 100)
    until(lambda: [item["eventType"] for item in world.told] == ["Grab", "Download", "Download"])
    assert [item["episodes"][0]["episodeNumber"] for item in world.told[1:]] == [1, 2]
    last = server.api("GET", f"episode?seriesId={made['id']}").json()[-1]
    server.api("PUT", "episode/monitor", {"episodeIds": [last["id"]], "monitored": True})
    server.api("POST", "command", {"name": "SeriesSearch", "seriesId": made["id"]})
    until(lambda: len(world.torrents) == 2)
    assert {(item.season, item.episode) for item in world.seeder.shelf.by_hash.values() if item.episode} >= {(2, 2)}
    second = next(item for item in world.torrents if item != number)
    assert (world.seeder.shelf.by_hash[second].season, world.seeder.shelf.by_hash[second].episode) == (2, 2)
    assert server.api("GET", "history/series", params={"seriesId": made["id"]}).json()[0]["eventType"] == "grabbed"


def test_new_releases_come_by_themselves_to_what_is_monitored(wired, root):
    world = wired("radarr")
    world.server.api("POST", "movie", film(root))
    world.server.api("POST", "movie", {**film(root), "tmdbId": titles.MOVIES[1].tmdb, "title": titles.MOVIES[1].title, "monitored": False})
    command = world.server.api("POST", "command", {"name": "RssSync"}).json()
    until(lambda: world.server.api("GET", f"command/{command['id']}").json()["status"] == "completed")
    assert [item["name"] for item in world.torrents.values()] == ["The.Paper.Lighthouse.2019.1080p.WEB-DL.x264-LAB"]


def test_a_better_file_takes_the_place_of_the_one_before(wired, root, tmp_path):
    world = wired("radarr")
    server = world.server
    profile = server.api("GET", "qualityprofile/1").json()
    best = next(item["id"] for item in profile["items"] if item.get("name") == "WEB 2160p")
    assert server.api("PUT", "qualityprofile/1", {**profile, "upgradeAllowed": True, "cutoff": best}).status_code == 202
    made = server.api("POST", "movie", film(root, qualityProfileId=1)).json()
    for resolution in (1080, 2160):
        found = next(item for item in server.api("GET", f"release?movieId={made['id']}").json() if f"{resolution}p" in item["title"])
        assert found["approved"], found["rejections"]
        server.api("POST", "release", {"guid": found["guid"], "indexerId": found["indexerId"]})
        world.complete(next(reversed(world.torrents)), tmp_path / "local")
        until(lambda wanted=resolution: server.api("GET", f"movie/{made['id']}").json().get("movieFile", {}).get("quality", {}).get("quality", {})
              .get("resolution") == wanted)
    assert [path.name for path in (Path(root) / FILM.named).iterdir()] == ["The.Paper.Lighthouse.2019.2160p.WEB-DL.x264-LAB.mkv"]
    until(lambda: [item.get("isUpgrade") for item in world.told if item["eventType"] == "Download"] == [False, True])
    assert not server.api("GET", f"release?movieId={made['id']}").json()[0]["approved"]


# Prowlarr's part


def test_prowlarr_gives_the_files_through_itself(arr):
    prowlarr = arr("prowlarr")
    with testing.start_seeder() as seeder:
        provider(prowlarr, "indexer", "Torznab", {"baseUrl": seeder.url, "apiKey": seeder.api_key}, name="Lab", enable=True, appProfileId=1)
        caps = requests.get(f"{prowlarr.url}/1/api?t=caps&apikey={prowlarr.api_key}", timeout=10).text
        assert 'movie-search available="yes" supportedParams="q,imdbid,tmdbid"' in caps
        feed = requests.get(f"{prowlarr.url}/1/api?t=movie&tmdbid={FILM.tmdb}&apikey={prowlarr.api_key}", timeout=10).text
        # The site's key and its address for files stay behind.
        assert seeder.api_key not in feed and f"{seeder.url}/torrent" not in feed
        link = feed.split('enclosure url="')[1].split('"')[0].replace("&amp;", "&")
        assert link.startswith(f"{prowlarr.url}/1/download?")
        answer = requests.get(link, timeout=10)
        assert torrents.info_hash(answer.content) in seeder.shelf.by_hash
        assert requests.get(link.replace(prowlarr.api_key, "x" * 32), timeout=10).status_code == 401
        assert requests.get(f"{prowlarr.url}/1/download?link=abc&apikey={prowlarr.api_key}", timeout=10).status_code == 400


# Names


@pytest.mark.parametrize(("name", "expected"), [
    ("The.Paper.Lighthouse.2019.1080p.WEB-DL.x264-LAB", names.Parsed("the paper lighthouse", 2019, quality="WEBDL-1080p", group="LAB")),
    ("Copper Rain (2021) 720p BluRay", names.Parsed("copper rain", 2021, quality="Bluray-720p")),
    ("Harbour.of.Glass.S01.2160p.WEBRip.x265-X", names.Parsed("harbour of glass", 0, 1, (), "WEBRip-2160p", "X")),
    ("Harbour.of.Glass.S01E02.1080p.HDTV-X", names.Parsed("harbour of glass", 0, 1, (2,), "HDTV-1080p", "X")),
    ("harbour of glass s01e01e02", names.Parsed("harbour of glass", 0, 1, (1, 2))),
    ("Release in 2000", names.Parsed("release in", 2000)), ("nothing", None)])
def test_the_name_of_a_release_is_read(name, expected):
    assert names.parse(name) == expected


@pytest.mark.parametrize(("template", "expected"), [
    ("{Movie Title} ({Release Year})", "Copper - Rain (2021)"), ("{Movie.Title}.{Release Year}", "Copper.-.Rain.2021"),
    ("{Movie Title} {tmdb-{TmdbId}}", "Copper - Rain {tmdb-5}"), ("{Movie Title}{ - Edition}", "Copper - Rain"),
    ("S{season:00}E{episode:000}", "S01E002"), ("Season {season}", "Season 1"), ("{Movie Title} [{Unknown Token}]", "Copper - Rain")])
def test_a_template_is_filled(template, expected):
    assert names.fill(template, {"movietitle": "Copper: Rain", "releaseyear": 2021, "tmdbid": 5, "season": 1, "episode": 2}) == expected


@pytest.mark.parametrize("value", [b"", b"abc", 0, -7, [1, b"x", []], {b"a": 1, b"b": [b"c"]}])
def test_bencoding_and_back(value):
    data = torrents.encode(value)
    assert torrents.decode(data) == (value, len(data))


def test_the_hash_of_a_magnet_link():
    number = "2fc34b277e424411e0b8df6fca69bdc15f6ab93f"
    assert torrents.magnet_hash(f"magnet:?xt=urn:btih:{number.upper()}&dn=x") == number
    assert torrents.magnet_hash("magnet:?xt=urn:btih:F7BUWJ36IJCBDYFY35X4U2N5YFPWVOJ7") == number
    assert torrents.magnet_hash("magnet:?dn=x") == ""
