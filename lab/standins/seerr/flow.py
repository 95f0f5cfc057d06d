# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to its end: titles, requests and their states, what Radarr and Sonarr are sent, what the scans find, who is told.

TMDB is ``titles``; every other title is answered as without a way to TMDB.
"""
from __future__ import annotations

import re
import threading
import time
from pathlib import Path

from flask import request

from .. import titles
from ..common import Store
from ..kit import Unreachable, iso
from . import notify, peers
from .words import (
    APPROVED,
    APPROVED_BY_ITSELF,
    AVAILABLE,
    COMPLETED,
    DECLINED,
    DELETED,
    FAILED,
    KINDS,
    MANAGE_REQUESTS,
    MAY_REQUEST,
    PARTIALLY_AVAILABLE,
    PENDING,
    PROCESSING,
    UNKNOWN,
    WAITING,
    may,
    suffix,
)

IMAGE = "https://image.tmdb.org/t/p/w600_and_h900_bestv2"
OFFLINE = "[TMDB] Failed to fetch {0} details: getaddrinfo ENOTFOUND api.themoviedb.org"
FORBIDDEN = {"status": 403, "error": "You do not have permission to access this endpoint"}
# Filter of a list of requests -> states of the request, states of what was requested.
FILTERS = {"all": (None, None), "approved": ((APPROVED,), None), "pending": ((PENDING,), None), "failed": ((FAILED,), None),
           "processing": ((APPROVED,), (PROCESSING,)), "available": ((APPROVED, COMPLETED), (AVAILABLE,)), "completed": ((COMPLETED,), None),
           "unavailable": ((PENDING, APPROVED), (UNKNOWN, WAITING, PROCESSING, PARTIALLY_AVAILABLE)), "deleted": (None, (DELETED,))}


def poster(title):
    """Where the picture of a title is said to be."""
    return f"/{titles.plain(title.title).replace(' ', '-')}.jpg"


def overview(title):
    """What it is about."""
    return f"{title.named} exists only in the lab."


class Refusal(Exception):
    """An answer other than what was asked for: its status and body."""

    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


def refuse(status, text):
    return Refusal(status, {"message": text})


class Flow:
    """The half of the service that takes requests; ``service`` is the other half: settings, users, caches."""

    def __init__(self, service, directory):
        self.service = service
        self.store = Store(Path(directory) / "db" / "standin-requests.json", lambda: {"media": [], "requests": [], "count": 0})
        self.lock = self.store.lock

    @property
    def media(self):
        return self.store.data["media"]

    @property
    def requests(self):
        return self.store.data["requests"]

    def _number(self):
        self.store.data["count"] += 1
        return self.store.data["count"]

    # -- titles

    def search(self, text):
        found = [self._result(title) for title in titles.search(text)]
        return {"page": 1, "totalPages": 1 if found else 0, "totalResults": len(found), "results": found}

    def _result(self, title):
        row = {"id": title.tmdb, "mediaType": title.kind, "popularity": 1, "posterPath": poster(title), "backdropPath": None, "voteCount": 0,
               "voteAverage": 0, "genreIds": [], "overview": overview(title), "originalLanguage": "en"}
        if title.kind == "movie":
            row.update(title=title.title, originalTitle=title.title, releaseDate=f"{title.year}-01-01", adult=False, video=False)
        else:
            row.update(name=title.title, originalName=title.title, originCountry=["GB"], firstAirDate=f"{title.year}-01-01")
        media = self.find(title.kind, title.tmdb)
        return {**row, "mediaInfo": self.shown_media(media)} if media else row

    def details(self, kind, number):
        """GET /movie/{id} and /tv/{id}."""
        title = titles.by_tmdb(kind, number)
        if title is None:
            raise refuse(500, "Unable to retrieve movie." if kind == "movie" else "Unable to retrieve series.")
        row = self._result(title)
        row.pop("mediaType")
        row.update(genres=[], status="Released", externalIds={"imdbId": title.imdb, **({"tvdbId": title.tvdb} if title.tvdb else {})},
                   keywords=[], credits={"cast": [], "crew": []}, watchProviders=[])
        if kind == "movie":
            return {**row, "imdbId": title.imdb, "runtime": title.minutes}
        seasons = [{"id": title.tmdb * 100 + number_, "airDate": f"{title.year}-01-01", "episodeCount": count, "name": f"Season {number_}",
                    "overview": "", "seasonNumber": number_} for number_, count in title.seasons]
        return {**row, "episodeRunTime": [title.minutes], "inProduction": False, "numberOfEpisodes": len(title.episodes()),
                "numberOfSeason": len(seasons), "seasons": seasons, "type": "Scripted"}

    # -- what is kept, and how it is shown

    def find(self, kind, number):
        return next((item for item in self.media if (item["mediaType"], item["tmdbId"]) == (kind, number)), None)

    def _make(self, title):
        stamp = iso()
        media = {"id": self._number(), "mediaType": title.kind, "tmdbId": title.tmdb, "tvdbId": title.tvdb or None, "imdbId": None,
                 "status": UNKNOWN, "status4k": UNKNOWN, "createdAt": stamp, "updatedAt": stamp, "lastSeasonChange": stamp, "mediaAddedAt": None,
                 "serviceId": None, "serviceId4k": None, "externalServiceId": None, "externalServiceId4k": None,
                 "externalServiceSlug": None, "externalServiceSlug4k": None, "ratingKey": None, "ratingKey4k": None, "seasons": []}
        self.media.append(media)
        return media

    def shown_media(self, media, with_requests=True):
        row = {**media, "downloadStatus": [], "downloadStatus4k": []}
        if with_requests:
            row["requests"] = [self.shown(wish, with_media=False) for wish in self.requests if wish["media"] == media["id"]]
        return row

    def shown(self, wish, with_media=True):
        people = {name: self.service.users.get(id=wish[name]) for name in ("requestedBy", "modifiedBy") if wish[name]}
        row = {**wish, "seasonCount": len(wish["seasons"]), "modifiedBy": None,
               **{name: self.service._shown(user) for name, user in people.items() if user}}
        row.pop("media")
        row.pop("told", None)
        if with_media:
            row["media"] = self.shown_media(self._media_of(wish), with_requests=False)
        return row

    def _media_of(self, wish):
        return next(item for item in self.media if item["id"] == wish["media"])

    def _season(self, media, number):
        for season in media["seasons"]:
            if season["seasonNumber"] == number:
                return season
        season = {"id": self._number(), "seasonNumber": number, "status": UNKNOWN, "status4k": UNKNOWN, "createdAt": iso(), "updatedAt": iso()}
        media["seasons"].append(season)
        return season

    def _get(self, number):
        wish = next((item for item in self.requests if item["id"] == number), None)
        if wish is None:
            raise refuse(404, "Request not found.")
        return wish

    # -- requests

    def list(self, user, values):
        """GET /request."""
        states, of_media = FILTERS.get(values.get("filter") or "all", (None, None))
        rows = [wish for wish in self.requests if (states is None or wish["status"] in states)
                and (of_media is None or self._media_of(wish)["status" + suffix(wish["is4k"])] in of_media)
                and (may(user, MANAGE_REQUESTS, 16384) or wish["requestedBy"] == user["id"])
                and values.get("requestedBy") in (None, str(wish["requestedBy"])) and values.get("mediaType") in (None, "all", wish["type"])]
        rows = rows[::-1]
        take, skip = int(values.get("take") or 10), int(values.get("skip") or 0)
        return {"pageInfo": {"pages": -(-len(rows) // take), "pageSize": take, "results": len(rows), "page": -(-skip // take) + 1},
                "results": [self.shown(wish) for wish in rows[skip:skip + take]]}

    def one(self, user, number):
        wish = self._get(number)
        if not may(user, MANAGE_REQUESTS, 16384) and wish["requestedBy"] != user["id"]:
            raise refuse(403, "You do not have permission to view this request.")
        return self.shown(wish)

    def count(self):
        """GET /request/count."""
        def of(*states):
            return sum(wish["status"] in states for wish in self.requests)

        def at(*states):
            return sum(self._media_of(wish)["status" + suffix(wish["is4k"])] in states for wish in self.requests
                       if wish["status"] in (APPROVED, COMPLETED))

        kinds = [wish["type"] for wish in self.requests]
        return {"total": len(kinds), "movie": kinds.count("movie"), "tv": kinds.count("tv"), "pending": of(PENDING), "approved": of(APPROVED),
                "declined": of(DECLINED), "processing": at(PROCESSING), "available": at(AVAILABLE),
                **({"completed": of(COMPLETED)} if self.service.seerr else {})}

    def add(self, user, body):
        """POST /request.

        :raises Refusal: 400 bad type, 403 no right, 409 requested before, 202 no season left, 500 no such title.
        """
        kind, is_4k = body["mediaType"], bool(body.get("is4k"))
        if kind not in ("movie", "tv"):
            text = "should be equal to one of the allowed values: movie, tv"
            raise Refusal(400, {"message": f"request.body.mediaType {text}", "errors": [
                {"path": ".body.mediaType", "message": text, "errorCode": "enum.openapi.validation"}]})
        if body.get("userId"):
            if not may(user, 8, MANAGE_REQUESTS):
                raise refuse(403, "You do not have permission to modify the request user.")
        asker = self.service.users.get(id=int(body["userId"])) if body.get("userId") else user
        if asker is None:
            raise refuse(500, "Could not find any entity of type \"User\"")
        if not may(asker, *MAY_REQUEST[kind, is_4k]):
            raise refuse(403, f"You do not have permission to make {'4K ' if is_4k else ''}{'movie' if kind == 'movie' else 'series'} requests.")
        title = titles.by_tmdb(kind, body["mediaId"])
        if title is None:
            raise refuse(500, OFFLINE.format("movie" if kind == "movie" else "TV show"))
        with self.lock:
            wish = self._record(user, asker, title, is_4k, body)
        self._tell("MEDIA_AUTO_APPROVED" if wish["status"] == APPROVED else "MEDIA_PENDING", wish)
        self._approved(wish)
        return self.shown(wish)

    def _record(self, user, asker, title, is_4k, body):
        media = self.find(title.kind, title.tmdb)
        held = [wish for wish in self.requests if media and wish["media"] == media["id"] and wish["is4k"] == is_4k
                and wish["status"] not in (DECLINED, COMPLETED)]
        state = "status" + suffix(is_4k)
        wanted = []
        if title.kind == "movie":
            if held:
                raise refuse(409, "Request for this media already exists.")
        else:
            asked = body.get("seasons") or []
            known = [number for number, _count in title.seasons]
            busy = {season["seasonNumber"] for wish in held for season in wish["seasons"]}
            busy |= {season["seasonNumber"] for season in (media or {}).get("seasons", []) if season[state] not in (UNKNOWN, DELETED)}
            wanted = [number for number in (known if asked == "all" else asked) if number > 0 and number not in busy]
            if not wanted:
                raise refuse(202, "No seasons available to request")
        media = media or self._make(title)
        if media[state] in (UNKNOWN, DELETED):
            media[state] = WAITING
        approved = may(user, *APPROVED_BY_ITSELF[title.kind, is_4k])
        status = APPROVED if approved else PENDING
        stamp = iso()
        wish = {"id": self._number(), "status": status, "createdAt": stamp, "updatedAt": stamp, "type": title.kind, "is4k": is_4k,
                **{name: body.get(name) for name in ("serverId", "profileId", "rootFolder", "languageProfileId", "tags")},
                "isAutoRequest": False, "media": media["id"], "requestedBy": asker["id"], "modifiedBy": user["id"] if approved else None,
                "seasons": [{"id": self._number(), "seasonNumber": number, "status": status, "createdAt": stamp, "updatedAt": stamp}
                            for number in wanted]}
        self.requests.append(wish)
        self._follow(wish)
        self.store.save()
        return wish

    def _follow(self, wish):
        """What is requested takes over the state of the request."""
        media, state = self._media_of(wish), "status" + suffix(wish["is4k"])
        if wish["status"] == APPROVED:
            if media[state] not in (AVAILABLE, PARTIALLY_AVAILABLE):
                media[state] = PROCESSING
            for season in wish["seasons"]:
                season["status"] = APPROVED
                found = self._season(media, season["seasonNumber"])
                if found[state] not in (AVAILABLE, PARTIALLY_AVAILABLE):
                    found[state] = PROCESSING
        elif wish["status"] == DECLINED and media[state] == WAITING:
            media[state] = UNKNOWN
        media["updatedAt"] = iso()

    def decide(self, user, number, verdict):
        """POST /request/{id}/approve or /decline, and /retry of one that failed."""
        if not may(user, MANAGE_REQUESTS):
            raise Refusal(403, FORBIDDEN)
        if verdict not in ("approve", "decline", "retry"):
            text = "should be equal to one of the allowed values: approve, decline"
            raise Refusal(400, {"message": f"request.params.status {text}", "errors": [
                {"path": ".params.status", "message": text, "errorCode": "enum.openapi.validation"}]})
        wish = self._get(number)
        with self.lock:
            wish.update(status=DECLINED if verdict == "decline" else APPROVED, modifiedBy=user["id"], updatedAt=iso())
            self._follow(wish)
            self.store.save()
        self._tell("MEDIA_DECLINED" if verdict == "decline" else "MEDIA_APPROVED", wish)
        self._approved(wish)
        return self.shown(wish)

    def remove(self, user, number):
        wish = self._get(number)
        if not may(user, MANAGE_REQUESTS) and (wish["requestedBy"] != user["id"] or wish["status"] != PENDING):
            raise refuse(401, "You do not have permission to delete this request.")
        with self.lock:
            self.requests.remove(wish)
            media, state = self._media_of(wish), "status" + suffix(wish["is4k"])
            if media[state] in (WAITING, PROCESSING) and not any(
                    other["media"] == media["id"] and other["is4k"] == wish["is4k"] for other in self.requests):
                media[state] = UNKNOWN
                for season in media["seasons"]:
                    season[state] = UNKNOWN if season[state] == PROCESSING else season[state]
            self.store.save()

    def requests_of(self, user):
        """How many."""
        return sum(wish["requestedBy"] == user["id"] for wish in self.requests)

    def forget(self, user):
        """The requests of somebody go with them."""
        with self.lock:
            self.store.data["requests"] = [wish for wish in self.requests if wish["requestedBy"] != user["id"]]
            self.store.save()

    # -- media

    def media_list(self, values):
        take, skip = int(values.get("take") or 20), int(values.get("skip") or 0)
        return {"pageInfo": {"pages": -(-len(self.media) // take), "pageSize": take, "results": len(self.media), "page": -(-skip // take) + 1},
                "results": [self.shown_media(item) for item in self.media[skip:skip + take]]}

    def media_remove(self, user, number):
        if not may(user, MANAGE_REQUESTS):
            raise Refusal(403, FORBIDDEN)
        with self.lock:
            media = next((item for item in self.media if item["id"] == number), None)
            if media is None:
                raise refuse(404, "Media not found")
            self.media.remove(media)
            self.store.data["requests"] = [wish for wish in self.requests if wish["media"] != number]
            self.store.save()

    # -- Radarr and Sonarr

    def _approved(self, wish):
        if wish["status"] == APPROVED:
            threading.Thread(target=self._send, args=(wish,), daemon=True).start()

    def _send(self, wish):
        """To the default server of its kind, or to the one that the request names."""
        kind = "radarr" if wish["type"] == "movie" else "sonarr"
        entries = self.service.settings.data[kind]
        entry = next((item for item in entries if item.get("isDefault") and bool(item.get("is4k")) == wish["is4k"]), None)
        if wish["serverId"] is not None:
            entry = next((item for item in entries if item["id"] == wish["serverId"]), None)
        if entry is None:
            print(f"there is no default {'4K ' if wish['is4k'] else ''}{kind} server, request {wish['id']} goes nowhere", flush=True)
            return
        media = self._media_of(wish)
        title = titles.by_tmdb(wish["type"], media["tmdbId"])
        arr = peers.Arr(kind, entry, self.service.caches[kind])
        try:
            tags = self._tags(arr, entry, wish)
            found = arr.add_movie(title, entry, wish, tags) if kind == "radarr" else arr.add_series(title, entry, wish, tags)
            with self.lock:
                end = suffix(wish["is4k"])
                media.update({"externalServiceId" + end: found["id"], "externalServiceSlug" + end: found.get("titleSlug"), "serviceId" + end: entry["id"]})
                self.store.save()
        except (Unreachable, KeyError, TypeError) as error:
            print(f"sending request {wish['id']} to {entry.get('name')} failed: {error}", flush=True)
            with self.lock:
                wish["status"] = FAILED
                self.store.save()
            self._tell("MEDIA_FAILED", wish)

    def _tags(self, arr, entry, wish):
        tags = list(wish["tags"] if wish["tags"] is not None else entry.get("tags") or [])
        if entry.get("tagRequests"):
            user = self.service.users.get(id=wish["requestedBy"])
            known = next((tag for tag in arr.tags() if re.match(rf"{user['id']}( - |-)", tag["label"])), None)
            if known is None:
                name = re.sub(r"[^A-Za-z0-9-]+", "", re.sub(r"\s+", "-", user["username"] or user["plexUsername"] or user["email"]))
                known = arr.ask("POST", "/tag", {"label": f"{user['id']}-{name}"})
            tags += [known["id"]] if known["id"] not in tags else []
        return tags

    # -- availability

    def _has_4k(self, kind):
        return any(entry.get("is4k") for entry in self.service.settings.data["radarr" if kind == "movie" else "sonarr"])

    def scan_plex(self, recent):
        """The two scans of Plex: what was added since an hour or the last scan, or everything."""
        settings, plex = self.service.settings, self.service._plex()
        for library in [item for item in settings.data["plex"]["libraries"] if item["enabled"]]:
            try:
                if recent:
                    since = (library["lastScan"] - 600000 if library.get("lastScan") else int(time.time() * 1000) - 3600000) // 1000
                    rows = plex.recently_added(library, since)
                else:
                    rows = plex.contents(library)
            except (Unreachable, KeyError) as error:
                # One library that Plex does not have any more, and none behind it is looked at.
                print(f"scan interrupted at the library {library['name']}: {error}", flush=True)
                return
            seen = set()
            for row in rows:
                key = row.get("grandparentRatingKey") or row.get("parentRatingKey") or row["ratingKey"]
                if key not in seen:
                    seen.add(key)
                    try:
                        self._take_movie(plex, row) if row["type"] == "movie" else self._take_show(plex, key)
                    except (Unreachable, KeyError, TypeError, ValueError) as error:
                        print(f"failed to process {row.get('title')}: {error}", flush=True)
            if recent:
                with settings.lock:
                    # The list may have been replaced meanwhile.
                    for item in settings.data["plex"]["libraries"]:
                        if item["id"] == library["id"]:
                            item["lastScan"] = int(time.time() * 1000)
                    settings.save()

    def _take_movie(self, plex, row):
        ids = plex.ids(row)
        title = titles.by_tmdb("movie", ids["tmdb"]) if ids.get("tmdb") else None
        if title is None:
            return
        is_4k = any(item.get("videoResolution") == "4k" for item in row["Media"]) and self._has_4k("movie")
        with self.lock:
            media = self.find("movie", title.tmdb) or self._make(title)
            media["ratingKey" + suffix(is_4k)] = row["ratingKey"]
            media["mediaAddedAt"] = media["mediaAddedAt"] or iso()
            self._now(media, is_4k, AVAILABLE)

    def _take_show(self, plex, key):
        row = plex.metadata(key, children=True)
        ids = plex.ids(row)
        title = titles.by_tmdb("tv", ids["tmdb"]) if ids.get("tmdb") else None
        if title is None or not ids.get("tvdb"):
            return
        four = self._has_4k("tv")
        found = {False: {}, True: {}}
        for season in (row.get("Children") or {}).get("Metadata", []):
            kinds = [[item.get("videoResolution") for item in episode.get("Media", [])] for episode in plex.children(season["ratingKey"])]
            found[False][season["index"]] = sum(not four or any(kind != "4k" for kind in kinds_) for kinds_ in kinds)
            found[True][season["index"]] = sum(four and "4k" in kinds_ for kinds_ in kinds)
        with self.lock:
            media = self.find("tv", title.tmdb) or self._make(title)
            for is_4k, counts in found.items():
                if any(counts.values()):
                    media["ratingKey" + suffix(is_4k)] = row["ratingKey"]
                self._count(media, title, is_4k, counts)

    def _count(self, media, title, is_4k, counts, processing=()):
        """What a number of episodes per season means for the seasons and for the whole.

        :param processing: Seasons that Sonarr looks after and has nothing of.
        """
        state = "status" + suffix(is_4k)
        before = {season["seasonNumber"]: season[state] for season in media["seasons"]}
        for number, episodes in title.seasons:
            season = self._season(media, number)
            if counts.get(number, 0) >= episodes:
                season[state] = AVAILABLE
            elif counts.get(number):
                season[state] = PARTIALLY_AVAILABLE
            elif number in processing and season[state] == UNKNOWN:
                season[state] = PROCESSING
        states = [season[state] for season in media["seasons"]]
        whole = AVAILABLE if all(one == AVAILABLE for one in states) else \
            PARTIALLY_AVAILABLE if any(one in (AVAILABLE, PARTIALLY_AVAILABLE) for one in states) else \
            PROCESSING if PROCESSING in states else media[state]
        changed = before != {season["seasonNumber"]: season[state] for season in media["seasons"]}
        self._now(media, is_4k, whole, changed)

    def _now(self, media, is_4k, status, changed=False):
        """Set the state of something, end the requests that this fulfils, and tell who asked."""
        state = "status" + suffix(is_4k)
        changed |= media[state] != status
        media[state] = status
        if not changed:
            return
        media["updatedAt"] = iso()
        seasons = {season["seasonNumber"]: season[state] for season in media["seasons"]}
        done = [wish for wish in self.requests if wish["media"] == media["id"] and wish["is4k"] == is_4k and wish["status"] == APPROVED
                and not wish.get("told") and (all(seasons.get(one["seasonNumber"]) == AVAILABLE for one in wish["seasons"])
                                              if wish["type"] == "tv" else status == AVAILABLE)]
        for wish in done:
            if self.service.seerr:
                wish["status"] = COMPLETED
            wish["told"] = True
            wish["updatedAt"] = iso()
        self.store.save()
        for wish in done:
            self._tell("MEDIA_AVAILABLE", wish)

    def scan_arr(self, kind):
        """What Radarr or Sonarr has, where synchronising is on: what has its files is available, too."""
        for entry in self.service.settings.data[kind]:
            if not entry.get("syncEnabled"):
                continue
            arr, is_4k = peers.Arr(kind, entry, self.service.caches[kind]), bool(entry.get("is4k"))
            try:
                rows = arr.ask("GET", "/movie" if kind == "radarr" else "/series")
                for row in rows if isinstance(rows, list) else []:
                    self._take_arr(kind, entry, is_4k, row)
            except (Unreachable, KeyError, TypeError) as error:
                print(f"scanning {entry.get('name')} failed: {error}", flush=True)

    def _take_arr(self, kind, entry, is_4k, row):
        title = titles.by_tmdb("movie", row.get("tmdbId") or 0) if kind == "radarr" else titles.by_tvdb(row.get("tvdbId") or 0)
        if title is None or (kind == "radarr" and not row.get("monitored") and not row.get("hasFile")):
            return
        with self.lock:
            media, end = self.find(title.kind, title.tmdb) or self._make(title), suffix(is_4k)
            media.update({"externalServiceId" + end: row["id"], "externalServiceSlug" + end: row.get("titleSlug"), "serviceId" + end: entry["id"]})
            if kind == "radarr":
                if row.get("hasFile"):
                    self._now(media, is_4k, AVAILABLE)
                elif media["status" + end] in (UNKNOWN, DELETED):
                    self._now(media, is_4k, PROCESSING)
            else:
                files = {season["seasonNumber"]: (season.get("statistics") or {}).get("episodeFileCount", 0) for season in row["seasons"]}
                self._count(media, title, is_4k, files, [season["seasonNumber"] for season in row["seasons"] if season.get("monitored")])
            self.store.save()

    def sync_availability(self):
        """What was available and is neither in Plex nor in its server any more is deleted; who does not answer proves nothing."""
        plex = self.service._plex()
        for media in list(self.media):
            for is_4k in (False, True):
                end = suffix(is_4k)
                if media["status" + end] not in (AVAILABLE, PARTIALLY_AVAILABLE):
                    continue
                if self._in_plex(plex, media["ratingKey" + end]) or self._in_arr(media, end):
                    continue
                with self.lock:
                    gone = DELETED if self.service.seerr else UNKNOWN
                    media["status" + end] = gone
                    for season in media["seasons"]:
                        if season["status" + end] in (AVAILABLE, PARTIALLY_AVAILABLE):
                            season["status" + end] = gone
                    media["ratingKey" + end] = None
                    self.store.save()

    @staticmethod
    def _in_plex(plex, key):
        try:
            return bool(key) and bool(plex.metadata(key))
        except Unreachable as error:
            return str(error) != "404"

    def _in_arr(self, media, end):
        kind = "radarr" if media["mediaType"] == "movie" else "sonarr"
        entry = next((item for item in self.service.settings.data[kind] if item["id"] == media["serviceId" + end]), None)
        if entry is None or media["externalServiceId" + end] is None:
            return False
        try:
            arr = peers.Arr(kind, entry, self.service.caches[kind])
            row = arr.ask("GET", f"/{'movie' if kind == 'radarr' else 'series'}/{media['externalServiceId' + end]}")
            return bool(row.get("hasFile") or (row.get("statistics") or {}).get("episodeFileCount"))
        except Unreachable as error:
            return str(error) != "404"

    # -- notifications

    def _tell(self, kind, wish):
        """In a thread, since nobody waits for an agent."""
        media = self._media_of(wish)
        title = titles.by_tmdb(media["mediaType"], media["tmdbId"])
        what = ("4K " if wish["is4k"] else "") + ("Movie" if wish["type"] == "movie" else "Series")
        user = self.service.users.get(id=wish["requestedBy"])
        content = notify.variables(kind, KINDS[kind][1].format(what), title.named, overview(title), IMAGE + poster(title), dict(media), wish, user,
                                   None if kind in ("MEDIA_PENDING", "MEDIA_AUTO_APPROVED", "MEDIA_FAILED") else user)
        extra = [{"name": "Requested Seasons", "value": ", ".join(str(one["seasonNumber"]) for one in wish["seasons"])}] if wish["type"] == "tv" else []
        threading.Thread(target=notify.send, args=(self.service._agents(), kind, content, extra), daemon=True).start()


def rows(text, number, boolean):
    """(method, path, public, needs ADMIN, schema, handler) as in ``service.table``."""
    body = ({"mediaType": text, "mediaId": number}, {"is4k": boolean, "serverId": number, "profileId": number, "rootFolder": text,
                                                     "languageProfileId": number}, ())
    return [("GET", "/search", False, False, None, "flow_search"),
            ("GET", "/movie/{movieId}", False, False, None, "flow_movie"), ("GET", "/tv/{tvId}", False, False, None, "flow_tv"),
            ("GET", "/request", False, False, None, "flow_list"), ("POST", "/request", False, False, body, "flow_add"),
            ("GET", "/request/count", False, False, None, "flow_count"), ("GET", "/request/{requestId}", False, False, None, "flow_one"),
            ("DELETE", "/request/{requestId}", False, False, None, "flow_remove"),
            ("POST", "/request/{requestId}/{verdict}", False, False, None, "flow_decide"),
            ("GET", "/media", False, False, None, "flow_media"), ("DELETE", "/media/{mediaId}", False, False, None, "flow_media_remove")]


class Doors:
    """The handlers of these routes, for the service to inherit."""

    def _flow(self, handler, *arguments):
        try:
            return getattr(self.flow, handler)(*arguments)
        except Refusal as refusal:
            raise self.refused(refusal.status, refusal.body) from None

    def flow_search(self, _body):
        return self._flow("search", request.args.get("query", ""))

    def flow_movie(self, _body, movieId):
        return self._flow("details", "movie", movieId)

    def flow_tv(self, _body, tvId):
        return self._flow("details", "tv", tvId)

    def flow_list(self, _body):
        answer = self._flow("list", request.user, request.args)
        return {**answer, "serviceErrors": {"radarr": [], "sonarr": []}} if self.seerr else answer

    def flow_add(self, body):
        return self._flow("add", request.user, body), 201

    def flow_count(self, _body):
        return self._flow("count")

    def flow_one(self, _body, requestId):
        return self._flow("one", request.user, requestId)

    def flow_remove(self, _body, requestId):
        self._flow("remove", request.user, requestId)
        return None, 204

    def flow_decide(self, _body, requestId, verdict):
        return self._flow("decide", request.user, requestId, verdict)

    def flow_media(self, _body):
        return self._flow("media_list", request.args)

    def flow_media_remove(self, _body, mediaId):
        self._flow("media_remove", request.user, mediaId)
        return None, 204
