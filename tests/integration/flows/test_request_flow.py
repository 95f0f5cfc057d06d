# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request from the first click to the message that it is there, without a lab: what Radarr gets, what Plex shows, who is told."""
from __future__ import annotations

import flow_world
import pytest
import requests
from flow_world import until
from standins import titles

HD, TALL = titles.MOVIES[0], titles.MOVIES[1]
SHOW = titles.SERIES[1]


@pytest.fixture(params=["seerr", "overseerr"])
def world(request, tmp_path, monkeypatch):
    found = flow_world.World(tmp_path, request.param, monkeypatch)
    yield found
    found.stop()


def done(world):
    """The state of a request that is fulfilled: only Seerr has a word for it."""
    return 5 if world.app == "seerr" else 2


def test_movie_that_is_approved_by_hand_goes_to_the_default_server_and_comes_back_available(world):
    person = flow_world.Person(world, "jo", flow_world.REQUEST)
    found = person.ask("GET", "search?query=paper%20lighthouse")["results"]
    assert [(row["id"], row["mediaType"], row["title"]) for row in found] == [(HD.tmdb, "movie", HD.title)]
    assert person.ask("GET", f"movie/{HD.tmdb}")["releaseDate"][:4] == str(HD.year)

    wish = person.ask("POST", "request", {"mediaType": "movie", "mediaId": HD.tmdb})
    assert (wish["status"], wish["media"]["status"], wish["requestedBy"]["displayName"]) == (1, 2, "jo")
    pending = until(lambda: world.heard("MEDIA_PENDING"), "a notification of the request")[0]
    assert (pending["event"], pending["subject"]) == ("New Movie Request", HD.named)
    assert pending["request"] == {"request_id": str(wish["id"]), "requestedBy_email": person.email, "requestedBy_username": "jo",
                                  "requestedBy_avatar": wish["requestedBy"]["avatar"], "requestedBy_settings_discordId": "",
                                  "requestedBy_settings_telegramChatId": ""}
    assert pending["media"] == {"media_type": "movie", "tmdbId": str(HD.tmdb), "tvdbId": "", "status": "PENDING", "status4k": "UNKNOWN"}
    assert (pending["issue"], pending["comment"], pending["extra"]) == (None, None, [])
    assert all(not shelf.posted for shelf in world.shelves.values()), "nothing is sent before somebody approves"
    assert person.call("POST", f"request/{wish['id']}/approve")[0] == 403

    assert world.api("POST", f"request/{wish['id']}/approve")["status"] == 2
    radarr = world.shelves["radarr"]
    until(lambda: radarr.posted, "the movie in Radarr")
    assert radarr.posted == [{"title": HD.title, "tmdbId": HD.tmdb, "year": HD.year, "titleSlug": str(HD.tmdb), "qualityProfileId": 4, "profileId": 4,
                              "rootFolderPath": "/data/movies", "minimumAvailability": "released", "monitored": True, "tags": [],
                              "addOptions": {"searchForMovie": True}}]
    assert not world.shelves["radarr-4k"].posted
    assert until(lambda: world.heard("MEDIA_APPROVED"), "a notification of the approval")[0]["event"] == "Movie Request Approved"
    assert world.wish(wish["id"])["media"]["status"] == 3

    # Plex without the film: the scan makes nothing available.
    world.run("plex-recently-added-scan")
    assert world.wish(wish["id"])["media"]["status"] == 3
    folder = world.file(f"movies/{HD.named}/{HD.named} Bluray-1080p.mkv").parent
    world.run("plex-recently-added-scan")
    assert world.wish(wish["id"])["media"]["status"] == 3, "Plex has not looked yet"
    world.refresh("Movies", folder)
    item = until(lambda: world.plex_items("Movies"), "the film in Plex")[0]
    assert (item["title"], item["year"]) == (HD.title, HD.year)
    assert {guid["id"] for guid in item["Guid"]} == {f"tmdb://{HD.tmdb}", f"imdb://{HD.imdb}"}
    assert item["Media"][0]["Part"][0]["file"] == str(folder / f"{HD.named} Bluray-1080p.mkv")
    assert not world.heard("MEDIA_AVAILABLE")
    play = requests.get(world.plex + item["Media"][0]["Part"][0]["key"], headers={"X-Plex-Token": "plex-token-friend", "Range": "bytes=1-2"}, timeout=10)
    assert (play.status_code, play.content) == (206, b"il")

    world.run("plex-recently-added-scan")
    ended = world.wish(wish["id"])
    assert (ended["status"], ended["media"]["status"], ended["media"]["status4k"]) == (done(world), 5, 1)
    assert ended["media"]["ratingKey"] == item["ratingKey"]
    there = until(lambda: world.heard("MEDIA_AVAILABLE"), "a notification that it is there")
    assert (there[0]["event"], there[0]["subject"], there[0]["media"]["status"]) == ("Movie Request Now Available", HD.named, "AVAILABLE")
    world.run("plex-recently-added-scan")
    world.run("plex-full-scan")
    assert [item["notification_type"] for item in world.told] == ["MEDIA_PENDING", "MEDIA_APPROVED", "MEDIA_AVAILABLE"], "each once, in order"
    assert person.ask("GET", f"movie/{HD.tmdb}")["mediaInfo"]["status"] == 5


def test_4k_movie_goes_to_the_4k_server_and_a_film_in_hd_does_not_end_it(world):
    person = flow_world.Person(world, "kim", flow_world.REQUEST | flow_world.REQUEST_4K | flow_world.AUTO_APPROVE | flow_world.AUTO_APPROVE_4K)
    wish = person.ask("POST", "request", {"mediaType": "movie", "mediaId": TALL.tmdb, "is4k": True})
    assert (wish["status"], wish["is4k"], wish["media"]["status"], wish["media"]["status4k"]) == (2, True, 1, 3)
    shelf = world.shelves["radarr-4k"]
    body = until(lambda: shelf.posted, "the movie in the Radarr for 4K")[0]
    assert (body["qualityProfileId"], body["rootFolderPath"]) == (5, "/data/movies-4k")
    assert not world.shelves["radarr"].posted
    assert until(lambda: world.heard("MEDIA_AUTO_APPROVED"), "a notification")[0]["event"] == "4K Movie Request Automatically Approved"
    world.file(f"movies/{TALL.named}/{TALL.named} WEBDL-1080p.mkv")
    world.refresh("Movies")
    until(lambda: world.plex_items("Movies"), "the film in HD")
    world.run("plex-recently-added-scan")
    media = world.wish(wish["id"])["media"]
    assert (media["status"], media["status4k"]) == (5, 3), "HD came without being asked for; 4K is still awaited"
    assert not world.heard("MEDIA_AVAILABLE")
    world.file(f"movies-4k/{TALL.named}/{TALL.named} WEBDL-2160p.mkv")
    world.refresh("Movies 4K")
    until(lambda: world.plex_items("Movies 4K"), "the film in 4K")
    world.run("plex-recently-added-scan")
    assert world.wish(wish["id"])["media"]["status4k"] == 5
    there = until(lambda: world.heard("MEDIA_AVAILABLE"), "a notification")
    assert [item["event"] for item in there] == ["4K Movie Request Now Available"]


@pytest.mark.parametrize("is_4k", [False, True], ids=["hd", "4k"])
def test_series_is_available_when_every_requested_episode_is(world, is_4k):
    person = flow_world.Person(world, "lee", flow_world.REQUEST | flow_world.REQUEST_4K | flow_world.AUTO_APPROVE | flow_world.AUTO_APPROVE_4K)
    suffix, sharp = ("-4k", "2160p") if is_4k else ("", "1080p")
    state = "status4k" if is_4k else "status"
    wish = person.ask("POST", "request", {"mediaType": "tv", "mediaId": SHOW.tmdb, "seasons": [1], "is4k": is_4k})
    shelf = world.shelves["sonarr" + suffix]
    body = until(lambda: shelf.posted, "the series in Sonarr")[0]
    assert (body["tvdbId"], body["rootFolderPath"], body["qualityProfileId"], body["seasonFolder"]) == (
        SHOW.tvdb, "/data/tv" + suffix, 5 if is_4k else 4, True)
    assert body["seasons"] == [{"seasonNumber": 1, "monitored": True}, {"seasonNumber": 2, "monitored": False}]
    assert body["addOptions"] == {"ignoreEpisodesWithFiles": True, "searchForMissingEpisodes": True}
    assert sum(len(other.posted) for other in world.shelves.values()) == 1
    library = "TV 4K" if is_4k else "TV"
    for number, expected in ((1, 4), (2, 5)):
        world.file(f"tv{suffix}/{SHOW.title}/Season 01/{SHOW.title} - S01E0{number} - Episode WEBDL-{sharp}.mkv")
        world.refresh(library)
        until(lambda number=number: len(world.plex_items(library, 4)) == number, f"episode {number} in Plex")
        world.run("plex-recently-added-scan")
        media = world.wish(wish["id"])["media"]
        assert {season["seasonNumber"]: season[state] for season in media["seasons"]} == {1: expected, 2: 1}
        assert media[state] == 4, "season 2 is missing"
        assert len(world.heard("MEDIA_AVAILABLE")) == (number == 2)
    there = world.heard("MEDIA_AVAILABLE")[0]
    assert (there["event"], there["extra"]) == (("4K " if is_4k else "") + "Series Request Now Available", [{"name": "Requested Seasons", "value": "1"}])
    assert there["media"]["tvdbId"] == str(SHOW.tvdb)

    # The next season of a series that Sonarr has already: the same entry, one season more, and a search for it.
    person.ask("POST", "request", {"mediaType": "tv", "mediaId": SHOW.tmdb, "seasons": "all", "is4k": is_4k})
    until(lambda: shelf.commands, "a search")
    assert shelf.commands == [{"name": "MissingEpisodeSearch", "seriesId": 1}]
    assert [season["monitored"] for season in shelf.rows[0]["seasons"]] == [True, True] and len(shelf.posted) == 1
    assert person.call("POST", "request", {"mediaType": "tv", "mediaId": SHOW.tmdb, "seasons": [1, 2], "is4k": is_4k})[0] == 202


def test_who_may_what(world):
    plain = flow_world.Person(world, "max", flow_world.REQUEST)
    assert plain.call("POST", "request", {"mediaType": "movie", "mediaId": HD.tmdb, "is4k": True}) == (
        403, {"message": "You do not have permission to make 4K movie requests."})
    nobody = flow_world.Person(world, "nik", 64)
    assert nobody.call("POST", "request", {"mediaType": "tv", "mediaId": SHOW.tmdb, "seasons": [1]}) == (
        403, {"message": "You do not have permission to make series requests."})
    wish = plain.ask("POST", "request", {"mediaType": "movie", "mediaId": HD.tmdb})
    assert plain.call("POST", "request", {"mediaType": "movie", "mediaId": HD.tmdb}) == (409, {"message": "Request for this media already exists."})
    assert plain.ask("GET", "request")["pageInfo"]["results"] == 1 and nobody.ask("GET", "request")["results"] == []
    assert nobody.call("GET", f"request/{wish['id']}")[0] == 403
    manager = flow_world.Person(world, "ola", flow_world.MANAGE_REQUESTS)
    assert manager.ask("POST", f"request/{wish['id']}/decline")["status"] == 3
    until(lambda: world.heard("MEDIA_DECLINED"), "a notification")
    assert world.wish(wish["id"])["media"]["status"] == 1
    assert all(not shelf.posted for shelf in world.shelves.values())
    assert plain.call("POST", "request", {"mediaType": "movie", "mediaId": 603})[0] == 500, "TMDB is out of reach"


def test_a_request_without_a_server_of_its_kind_goes_nowhere(world):
    for entry in world.api("GET", "settings/radarr"):
        if not entry["is4k"]:
            world.api("DELETE", f"settings/radarr/{entry['id']}")
    wish = world.api("POST", "request", {"mediaType": "movie", "mediaId": HD.tmdb})
    until(lambda: world.heard("MEDIA_AUTO_APPROVED"), "a notification")
    assert (world.wish(wish["id"])["status"], world.wish(wish["id"])["media"]["status"]) == (2, 3)
    assert all(not shelf.posted for shelf in world.shelves.values())


def test_a_request_that_radarr_refuses_failed_and_is_sent_again(world):
    radarr = world.shelves["radarr"]
    radarr.broken = True
    wish = world.api("POST", "request", {"mediaType": "movie", "mediaId": HD.tmdb})
    until(lambda: world.wish(wish["id"])["status"] == 4, "a request that failed")
    assert until(lambda: world.heard("MEDIA_FAILED"), "a notification")[0]["event"] == "Movie Request Failed"
    radarr.broken = False
    world.api("POST", f"request/{wish['id']}/retry")
    until(lambda: radarr.rows, "the movie in Radarr")
    assert radarr.rows[0]["monitored"] is True


def test_tags_and_a_requesters_own(world):
    entry = next(item for item in world.api("GET", "settings/radarr") if not item["is4k"])
    number = entry.pop("id")
    world.api("PUT", f"settings/radarr/{number}", {**entry, "tags": [9], "tagRequests": True})
    person = flow_world.Person(world, "pat", flow_world.REQUEST | flow_world.AUTO_APPROVE)
    person.ask("POST", "request", {"mediaType": "movie", "mediaId": HD.tmdb})
    radarr = world.shelves["radarr"]
    until(lambda: radarr.posted, "the movie in Radarr")
    assert radarr.tags == [{"id": 1, "label": "2-pat"}]
    assert radarr.posted[0]["tags"] == [9, 1]


def test_what_is_gone_from_plex_and_radarr_is_not_available_any_more(world):
    world.api("POST", "request", {"mediaType": "movie", "mediaId": HD.tmdb})
    radarr = world.shelves["radarr"]
    until(lambda: radarr.rows, "the movie in Radarr")
    radarr.rows[0]["hasFile"] = True
    file = world.file(f"movies/{HD.named}/{HD.named}.mkv")
    world.refresh("Movies")
    until(lambda: world.plex_items("Movies"), "the film in Plex")
    # Radarr has the file, and that is enough.
    world.run("radarr-scan")
    media = world.api("GET", "media")["results"][0]
    assert media["status"] == 5
    world.run("plex-full-scan")
    world.run("availability-sync")
    assert world.api("GET", "media")["results"][0]["status"] == 5
    file.unlink()
    world.refresh("Movies")
    until(lambda: not world.plex_items("Movies"), "a film gone from Plex")
    world.run("availability-sync")
    assert world.api("GET", "media")["results"][0]["status"] == 5, "Radarr says that it has it"
    radarr.broken = True
    world.run("availability-sync")
    assert world.api("GET", "media")["results"][0]["status"] == 5, "who does not answer proves nothing"
    radarr.broken, radarr.rows[0]["hasFile"] = False, False
    world.run("availability-sync")
    assert world.api("GET", "media")["results"][0]["status"] == (7 if world.app == "seerr" else 1)


def test_a_library_that_is_switched_off_or_a_folder_elsewhere_makes_nothing_available(world):
    wish = world.api("POST", "request", {"mediaType": "movie", "mediaId": HD.tmdb})
    world.file(f"elsewhere/{HD.named}/{HD.named}.mkv")
    world.refresh("Movies", world.media / "elsewhere")
    world.refresh("Movies")
    world.run("plex-recently-added-scan")
    assert world.plex_items("Movies") == [] and world.wish(wish["id"])["media"]["status"] == 3
    world.file(f"movies/{HD.named}/{HD.named}.mkv")
    world.refresh("Movies")
    until(lambda: world.plex_items("Movies"), "the film in Plex")
    enabled = [item["id"] for item in world.api("GET", "settings/plex")["libraries"] if item["name"] != "Movies"]
    world.api("GET", "settings/plex/library?enable=" + ",".join(enabled))
    world.run("plex-full-scan")
    assert world.wish(wish["id"])["media"]["status"] == 3
    assert not world.heard("MEDIA_AVAILABLE")


def test_the_test_of_the_webhook_fills_the_same_template(world):
    entry = world.api("GET", "settings/notifications/webhook")
    payload = '{"kind": "{{notification_type}}", "{{media}}": {"id": "{{media_tmdbid}}"}, "{{extra}}": []}'
    answer = requests.post(world.seerr.url + "/api/v1/settings/notifications/webhook/test", headers={"X-Api-Key": flow_world.KEY}, timeout=10,
                           json={**entry, "options": {"webhookUrl": world.listener.url, "jsonPayload": payload}})
    assert answer.status_code == 204
    assert world.told == [{"kind": "TEST_NOTIFICATION", "media": None, "extra": []}]


def test_a_library_that_plex_made_anew_is_none_that_seerr_knows(world):
    """Its name is the same and its id is not: the scan ends there, also for the libraries behind it, until the list is synced."""
    wish = world.api("POST", "request", {"mediaType": "movie", "mediaId": TALL.tmdb, "is4k": True})
    world.file(f"movies-4k/{TALL.named}/{TALL.named} WEBDL-2160p.mkv")
    world.refresh("Movies 4K")
    until(lambda: world.plex_items("Movies 4K"), "the film in 4K")
    headers = {"X-Plex-Token": flow_world.OWNER}
    assert requests.delete(f"{world.plex}/library/sections/{world.section('Movies')}", headers=headers, timeout=10).status_code == 200
    assert requests.post(world.plex + "/library/sections", headers=headers, timeout=10, params={
        "name": "Movies", "type": "movie", "agent": "tv.plex.agents.movie", "scanner": "Plex Movie", "language": "en-US",
        "location": str(world.media / "movies")}).status_code == 201
    for job in ("plex-recently-added-scan", "plex-full-scan"):
        world.run(job)
        assert world.wish(wish["id"])["media"]["status4k"] == 3
    found = world.api("GET", "settings/plex/library?sync=true")
    world.api("GET", "settings/plex/library?enable=" + ",".join(item["id"] for item in found))
    world.run("plex-recently-added-scan")
    assert world.wish(wish["id"])["media"]["status4k"] == 5
