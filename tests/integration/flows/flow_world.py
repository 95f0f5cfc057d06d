# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seerr or Overseerr, a Plex, Radarr and Sonarr in HD and 4K, and somebody who is told: everything a request meets but the downloading."""
from __future__ import annotations

import json
import time
from urllib.parse import parse_qs, unquote

import requests
from standins import testing, titles
from standins.common import Lab, serve_in_thread
from standins.plex.server import create_app as create_plex
from standins.seerr.service import create_app as create_seerr

KEY, ARR_KEY, OWNER = "aabbccddeeff00112233445566778899", "0123456789abcdef0123456789abcdef", "plex-token-valid"
LIBRARIES = {"Movies": ("movie", "movies"), "Movies 4K": ("movie", "movies-4k"), "TV": ("show", "tv"), "TV 4K": ("show", "tv-4k")}
# Requests, 4K requests, their approval by itself.
REQUEST, REQUEST_4K, AUTO_APPROVE, AUTO_APPROVE_4K, MANAGE_REQUESTS = 32, 1024, 128, 32768, 16


def until(check, what, seconds=10):
    """Wait for something that a thread does.

    :returns: What C(check) found.
    """
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class Shelf:
    """What Seerr uses of Radarr or Sonarr, strict about it: key, profile, folder, tags.

    Facts: the calls recorded from Seerr 3.1.0 with the real apps, and their OpenAPI documents.
    """

    def __init__(self, kind, folder, profiles):
        self.kind, self.folder, self.profiles = kind, folder, profiles
        self.rows, self.tags, self.posted, self.commands = [], [], [], []
        self.broken = False
        self.handle = testing.start_wsgi(self)
        self.port = self.handle.port

    def __call__(self, environ, start_response):
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        body = json.loads(testing.read(environ) or b"null")
        if query.get("apikey") != ARR_KEY:
            return testing.respond(start_response, 401, {"error": "Unauthorized"})
        if self.broken:
            return testing.respond(start_response, 503, {"message": "database is locked"})
        status, answer = self.answer(environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/api/v3/"), query, body)
        return testing.respond(start_response, status, answer)

    def title(self, row):
        return titles.by_tmdb("movie", row["tmdbId"]) if self.kind == "radarr" else titles.by_tvdb(row["tvdbId"])

    def answer(self, method, path, query, body):
        what = "movie" if self.kind == "radarr" else "series"
        simple = {"qualityProfile": [{"id": number, "name": name} for number, name in self.profiles.items()], "tag": self.tags,
                  "rootfolder": [{"id": 1, "path": self.folder, "accessible": True}], "system/status": {"appName": self.kind.capitalize(), "urlBase": ""},
                  "queue": {"records": []}, what: self.rows}
        if method == "GET" and path in simple:
            return 200, simple[path]
        if method == "GET" and path == what + "/lookup":
            name, _colon, number = unquote(query["term"]).partition(":")
            assert name == ("tmdb" if self.kind == "radarr" else "tvdb"), query
            title = titles.by_tmdb("movie", number) if self.kind == "radarr" else titles.by_tvdb(number)
            held = next((row for row in self.rows if self.title(row) == title), None)
            return 200, [held or self.fresh(title)] if title else []
        if method == "GET" and path.startswith(what + "/"):
            row = next((row for row in self.rows if row["id"] == int(path.rpartition("/")[2])), None)
            return (200, row) if row else (404, {"message": "NotFound"})
        if method == "POST" and path == what:
            self.posted.append(body)
            if body["qualityProfileId"] not in self.profiles or body["rootFolderPath"] != self.folder:
                return 400, [{"propertyName": "QualityProfileId", "errorMessage": "no such profile or folder"}]
            row = {**self.fresh(self.title(body)), **body, "id": len(self.rows) + 1}
            self.rows.append(row)
            return 201, row
        if method == "PUT" and path == what:
            self.rows[[row["id"] for row in self.rows].index(body["id"])] = body
            return 202, body
        if method == "GET" and path == "episode":
            row = next(row for row in self.rows if row["id"] == int(query["seriesId"]))
            return 200, [{"id": season * 100 + number, "seasonNumber": season, "episodeNumber": number, "monitored": True}
                         for season, number in self.title(row).episodes()]
        if method == "POST" and path == "tag":
            self.tags.append({"id": len(self.tags) + 1, "label": body["label"].lower()})
            return 201, self.tags[-1]
        if method == "POST" and path == "command":
            self.commands.append(body)
            return 201, {"id": len(self.commands), **body}
        return 404, {"message": "NotFound"}

    def fresh(self, title):
        if self.kind == "radarr":
            return {"title": title.title, "tmdbId": title.tmdb, "year": title.year, "monitored": False, "hasFile": False, "tags": []}
        return {"title": title.title, "tvdbId": title.tvdb, "year": title.year, "monitored": True, "tags": [], "seasons": [
            {"seasonNumber": number, "monitored": True, "statistics": {"episodeFileCount": 0}} for number, _count in title.seasons]}


class Person:
    """Somebody who is signed in with a password."""

    def __init__(self, world, name, permissions):
        self.world, self.name = world, name
        self.email = name + "@lab.example"
        world.api("POST", "user", {"email": self.email, "username": name, "password": "a long password", "permissions": permissions})
        self.session = requests.Session()
        self.session.trust_env = False
        assert self.call("POST", "auth/local", {"email": self.email, "password": "a long password"})[0] == 200

    def call(self, method, path, body=None):
        """(status, body)."""
        answer = self.session.request(method, f"{self.world.seerr.url}/api/v1/{path}", json=body, timeout=10)
        return answer.status_code, answer.json() if answer.content else None

    def ask(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        assert status in (200, 201), (status, answer)
        return answer


class World:
    """All of them, wired as the collection wires them."""

    def __init__(self, directory, app, monkeypatch):
        self.app, self.directory = app, directory
        self.media = directory / "data"
        for _kind, folder in LIBRARIES.values():
            (self.media / folder).mkdir(parents=True)
        self.told = []
        self.listener = testing.start_wsgi(self._hear)
        self._start_plex()
        monkeypatch.setenv("STANDIN_PLEX_TV", self.plex + "/__plextv__")
        (directory / app).mkdir()
        (directory / app / "settings.json").write_text(json.dumps({"main": {"apiKey": KEY}}))
        self.seerr = testing.start_wsgi(create_seerr(directory / app, seerr=app == "seerr", environment={}))
        self.shelves = {}
        for kind, folder in (("radarr", "movies"), ("sonarr", "tv")):
            self.shelves[kind] = Shelf(kind, f"/data/{folder}", {4: "HD-1080p", 6: "HD - 720p/1080p"})
            self.shelves[kind + "-4k"] = Shelf(kind, f"/data/{folder}-4k", {5: "Ultra-HD"})
        self._wire()

    def _hear(self, environ, start_response):
        self.told.append(json.loads(testing.read(environ)))
        return testing.respond(start_response, 200, {})

    def _start_plex(self):
        self._plex_server, self.plex = serve_in_thread(Lab(create_plex(self.directory / "plex", 32400, environment={})))
        token = requests.get(self.plex + "/__plextv__/api/claim/token.json", headers={"X-Plex-Token": OWNER}, timeout=10).json()["token"]
        assert requests.post(self.plex + "/myplex/claim", params={"token": token}, timeout=10).status_code == 200
        for name, (kind, folder) in LIBRARIES.items():
            agent, scanner = {"movie": ("movie", "Plex Movie"), "show": ("series", "Plex TV Series")}[kind]
            answer = requests.post(self.plex + "/library/sections", headers={"X-Plex-Token": OWNER}, timeout=10, params={
                "name": name, "type": kind, "agent": "tv.plex.agents." + agent, "scanner": scanner, "language": "en-US",
                "location": str(self.media / folder)})
            assert answer.status_code == 201, answer.text

    def _wire(self):
        assert requests.post(self.seerr.url + "/api/v1/auth/plex", json={"authToken": OWNER}, timeout=10).status_code == 200
        port = int(self.plex.rpartition(":")[2])
        self.api("POST", "settings/plex", {"ip": "127.0.0.1", "port": port, "useSsl": False})
        found = self.api("GET", "settings/plex/library?sync=true")
        self.api("GET", "settings/plex/library?enable=" + ",".join(item["id"] for item in found))
        self.api("POST", "settings/initialize")
        for name, shelf in self.shelves.items():
            self.connect(name, shelf)
        self.api("POST", "settings/notifications/webhook", {"enabled": True, "types": 4094, "options": {
            "webhookUrl": self.listener.url, "jsonPayload": self.api("GET", "settings/notifications/webhook")["options"]["jsonPayload"]}})

    def connect(self, name, shelf, **changes):
        is_4k = name.endswith("-4k")
        number, profile = next(iter(shelf.profiles.items()))
        extra = {"minimumAvailability": "released"} if shelf.kind == "radarr" else {"enableSeasonFolders": True}
        return self.api("POST", "settings/" + shelf.kind, {
            "name": name, "hostname": "127.0.0.1", "port": shelf.port, "apiKey": ARR_KEY, "useSsl": False, "baseUrl": "", "activeProfileId": number,
            "activeProfileName": profile, "activeDirectory": shelf.folder, "is4k": is_4k, "isDefault": True, "syncEnabled": True,
            "preventSearch": False, "tags": [], **extra, **changes})

    def api(self, method, path, body=None):
        """As the owner."""
        answer = requests.request(method, f"{self.seerr.url}/api/v1/{path}", headers={"X-Api-Key": KEY}, json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def wish(self, number):
        return self.api("GET", f"request/{number}")

    def run(self, job):
        """A job, to its end."""
        self.api("POST", f"settings/jobs/{job}/run")
        until(lambda: not next(item for item in self.api("GET", "settings/jobs") if item["id"] == job)["running"], f"the end of {job}")

    def file(self, path):
        """A file in the library."""
        place = self.media / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("film")
        return place

    def section(self, name):
        """Its key."""
        rows = requests.get(self.plex + "/library/sections", headers={"X-Plex-Token": OWNER, "Accept": "application/json"}, timeout=10).json()
        return next(row["key"] for row in rows["MediaContainer"]["Directory"] if row["title"] == name)

    def plex_items(self, name, kind=None):
        answer = requests.get(f"{self.plex}/library/sections/{self.section(name)}/all", params={"includeGuids": 1, **({"type": kind} if kind else {})},
                              headers={"X-Plex-Token": OWNER, "Accept": "application/json"}, timeout=10)
        return answer.json()["MediaContainer"].get("Metadata", [])

    def refresh(self, name, path=None):
        """As Radarr and Sonarr ask for it after an import, without waiting."""
        answer = requests.get(f"{self.plex}/library/sections/{self.section(name)}/refresh", headers={"X-Plex-Token": OWNER},
                              params={"path": str(path)} if path else {}, timeout=10)
        assert (answer.status_code, answer.text) == (200, "")

    def heard(self, kind):
        """Notifications of a kind."""
        return [item for item in self.told if item["notification_type"] == kind]

    def stop(self):
        for shelf in self.shelves.values():
            shelf.handle.stop()
        for handle in (self.seerr, self.listener):
            handle.stop()
        self._plex_server.shutdown()
        self._plex_server.server_close()
