# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request's way through the deployed lab, as steps that are looked at from outside, one after the other.

Each step is a question to an app that was not told what the others did. A flow waits for its steps in order and stops at the first that does not
come about; whatever lies behind that step must not have come about either.
"""
from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import threading
import time
from dataclasses import dataclass, field

import requests
from standins import titles

TOKEN, FRIEND = "plex-token-valid", "plex-token-friend"
# Requests in HD and 4K, without approval by itself.
MAY_REQUEST = 32 | 1024
# Seconds for what one app does by itself, and for a download.
SOON, DOWNLOAD = 30, 120


@dataclass(frozen=True)
class Places:
    """Where everything is.

    ``arrs`` is instance -> (URL of its API, key, URL without its path); ``data`` the tree that the containers share and ``host`` what makes a path in
    it one of the host; ``sh`` runs a shell script there; ``qbittorrent`` asks its Web API, with curl's options; ``internet`` says what reached it.
    """

    seerr: str
    seerr_key: str
    plex: str
    arrs: dict
    sh: object
    qbittorrent: object
    internet: object
    data: str = "/data"
    host: object = lambda path: "/mnt/media" + path[len("/data"):]
    # How the apps reach the machine of the tests, and how the internet sees qBittorrent.
    own: str = "127.0.0.1"
    public: str = "127.0.0.1"


@dataclass(frozen=True)
class Case:
    """One of the four ways, written by hand from the inventory."""

    name: str
    arr: str
    title: titles.Title
    is_4k: bool
    category: str
    library: str
    profile: str
    seasons: tuple = ()
    # Whether the admin searches by hand for what is newer.
    manual: bool = False

    @property
    def rows(self):
        """The resource of its *arr."""
        return "movie" if self.title.kind == "movie" else "series"

    @property
    def state(self):
        return "status4k" if self.is_4k else "status"


CASES = [Case("movie-hd", "radarr", titles.MOVIES[0], False, "movies", "Movies", "HD-1080p"),
         Case("movie-4k", "radarr-4k", titles.MOVIES[1], True, "movies-4k", "Movies 4K", "Ultra-HD"),
         Case("series-hd", "sonarr", titles.SERIES[1], False, "tv", "TV", "HD-1080p", (1,)),
         Case("series-4k", "sonarr-4k", titles.SERIES[1], True, "tv-4k", "TV 4K", "Ultra-HD", (1,), True)]
# What is broken is broken for this one, which nobody else asks for.
VICTIM = Case("victim", "radarr", titles.MOVIES[2], False, "movies", "Movies", "HD-1080p")
# The indexer's name in Prowlarr.
INDEXER = "Lab indexer"


class Stopped(AssertionError):
    """A step that did not come about."""

    def __init__(self, step, reason):
        super().__init__("step {0} ({1}) did not come about: {2}".format(step.number, step.title, reason))
        self.step, self.reason = step, reason


@dataclass(frozen=True)
class Step:
    """``look`` gives (came about, what was seen); ``act`` is done once before."""

    number: int
    key: str
    title: str
    look: object
    act: object = None
    patience: int = SOON


class Listener:
    """A receiver of webhooks on the machine of the tests."""

    def __init__(self, own):
        self.heard = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.heard.append(json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self.url = "http://{0}:{1}/".format(own, self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Flow:
    """One request, and what became of it so far."""

    world: object
    case: Case
    wish: dict = field(default_factory=dict)
    began: float = 0
    heard: int = 0
    wanted: tuple = ()
    # When the second round began.
    again: float = 0

    def __post_init__(self):
        self.began, self.heard, self.wanted = time.time(), len(self.world.listener.heard), self.case.seasons

    # -- what the steps look at

    def told(self, kind):
        """Notifications of this title since the flow began."""
        return [item for item in self.world.listener.heard[self.heard:] if item.get("notification_type") == kind
                and item.get("subject") == self.case.title.named and ("4K " in item.get("event", "")) == self.case.is_4k]

    def row(self):
        """The movie or series in its *arr, or nothing."""
        name, number = ("tmdbId", self.case.title.tmdb) if self.case.rows == "movie" else ("tvdbId", self.case.title.tvdb)
        return next((row for row in self.world.arr(self.case.arr, self.case.rows) if row.get(name) == number), None)

    def request(self):
        return self.world.seerr("GET", "request/{0}".format(self.wish["id"])) if self.wish else None

    def history(self, kind):
        """Events of this title in its *arr since the flow began."""
        row = self.row()
        if not row:
            return []
        name = self.case.rows + "Id"
        answer = self.world.arr(self.case.arr, "history?page=1&pageSize=200&sortKey=date&sortDirection=descending")
        return [item for item in answer["records"] if item.get(name) == row["id"] and item["eventType"] == kind]

    def torrents(self):
        """Those of qBittorrent that the *arr knows as its own."""
        wanted = {item["downloadId"].lower() for item in self.history("grabbed") if item.get("downloadId")}
        return [item for item in self.world.torrents() if item["hash"].lower() in wanted]

    def files(self):
        """What the *arr says it has, as paths in the container."""
        row = self.row()
        if not row:
            return []
        if self.case.rows == "movie":
            return [row["movieFile"]["path"]] if row.get("hasFile") and row.get("movieFile") else []
        return [item["path"] for item in self.world.arr(self.case.arr, "episodefile?seriesId={0}".format(row["id"]))]

    def expected(self):
        """How many files there are to be."""
        return 1 if self.case.rows == "movie" else sum(count for number, count in self.case.title.seasons if number in self.wanted)

    def shown(self):
        """The items in Plex with their files: ``path -> item``."""
        return {part["file"]: item for item in self.world.plex_items(self.case.library, self.case.title)
                for media in item.get("Media", []) for part in media["Part"]}

    # -- the looks

    def requested(self):
        found = self.request()
        return bool(found) and found["requestedBy"]["email"] == self.world.person.email, "Seerr has no such request" if not found else found["requestedBy"]

    def pending_told(self):
        return bool(self.told("MEDIA_PENDING")), "the webhook got {0}".format([item.get("event") for item in self.world.listener.heard[self.heard:]])

    def approved(self):
        found = self.request()
        if not found:
            return False, "there is no request"
        seen = (found["status"], found["media"][self.case.state])
        # With the answer of the server a request may already have failed (4) or be fulfilled (5).
        return seen[0] in (2, 4, 5) and bool(self.told("MEDIA_APPROVED")), "status of the request and of what is requested: {0}; told of: {1}".format(
            seen, [item.get("event") for item in self.world.listener.heard[self.heard:]])

    def sent(self):
        row = self.row()
        if not row:
            found = self.request()
            return False, "{0} does not have it; the request's status is {1}, where 4 is failed".format(self.case.arr, found["status"] if found else "unknown")
        profiles = {item["id"]: item["name"] for item in self.world.arr(self.case.arr, "qualityprofile")}
        seen = {"monitored": row["monitored"], "profile": profiles.get(row["qualityProfileId"]), "folder": row["path"].rsplit("/", 1)[0]}
        if self.case.rows == "series":
            seen["seasons"] = tuple(item["seasonNumber"] for item in row["seasons"] if item["monitored"] and item["seasonNumber"])
        wanted = {"monitored": True, "profile": self.case.profile, "folder": self.world.folder(self.case)}
        if self.case.rows == "series":
            wanted["seasons"] = self.wanted
        return seen == wanted, "{0} instead of {1}".format(seen, wanted)

    def searched(self):
        # What came in at Prowlarr's side for the apps: a search, not the feed that is read now and then.
        found = [item for item in self.world.log("prowlarr", self.again or self.began) if re.match(r"^(/[\w-]+)?/\d+/api$", item["path"])
                 and re.search(r"(?:^|&)(?:q|tmdbid|imdbid|tvdbid)=[^&]+", item.get("query") or "")]
        indexers = [item["name"] for item in self.world.arr(self.case.arr, "indexer")]
        return any(item["status"] == 200 for item in found), "Prowlarr saw {0} since; {1} has the indexers {2}".format(
            [(item["path"], item.get("query"), item["status"]) for item in found] or "no search", self.case.arr, indexers)

    def grabbed(self):
        found = self.history("grabbed")
        names = {item["data"].get("indexer") for item in found}
        clients = [item["name"] for item in self.world.arr(self.case.arr, "downloadclient") if item["protocol"] == "torrent" and item["enable"]]
        return bool(found) and any(name and "Prowlarr" in name for name in names), "{0} grabbed {1} from {2}; its torrent clients are {3}".format(
            self.case.arr, [item["sourceTitle"] for item in found] or "nothing", names or "nobody", clients)

    def grabbed_again(self):
        row = self.row()
        episodes = {item["id"] for item in self.world.arr(self.case.arr, "episode?seriesId={0}".format(row["id"])) if item["seasonNumber"] == self.wanted[-1]}
        found = [item for item in self.history("grabbed") if item.get("episodeId") in episodes]
        return bool(found), "{0} grabbed nothing of season {1}".format(self.case.arr, self.wanted[-1])

    def queued(self):
        found = self.torrents()
        return bool(found) and all(item["category"] == self.case.category for item in found), "qBittorrent has {0}".format(
            [(item["name"], item["category"]) for item in found] or "nothing of it")

    def downloaded(self):
        found = self.torrents()
        if not found or any(item["progress"] < 1 for item in found):
            return False, "qBittorrent says {0}".format([(item["name"], item["state"], item["progress"], item.get("num_seeds")) for item in found])
        hashes = {item["hash"].lower() for item in found}
        seen = [entry for entry in self.world.places.internet() if entry.get("info_hash") in hashes]
        sources = {entry["source"] for entry in seen}
        return {entry["info_hash"] for entry in seen} == hashes and sources == {self.world.places.public}, "the internet saw {0} from {1}".format(
            [entry["kind"] for entry in seen] or "nothing of them", sources or "nowhere")

    def imported(self):
        paths = self.files()
        if len(paths) < self.expected():
            return False, "{0} has {1} of {2} files; imported events: {3}".format(
                self.case.arr, len(paths), self.expected(), len(self.history("downloadFolderImported")))
        if not all(path.startswith(self.world.folder(self.case) + "/") for path in paths):
            return False, "not below {0}: {1}".format(self.world.folder(self.case), paths)
        mine = self.world.inodes([self.world.places.host(path) for path in paths])
        loaded = self.world.inodes([self.world.places.host(path) for path in self.world.contents(self.torrents())])
        return bool(mine) and set(mine.values()) <= set(loaded.values()), "inodes in the library {0}, of the torrents {1}".format(mine, loaded)

    def subtitles_told(self):
        hook = "/api/webhooks/" + self.case.arr
        found = [item for item in self.world.log("bazarr", self.again or self.began) if item["method"] == "POST" and item["path"] == hook]
        return any(item["status"] < 300 for item in found), "Bazarr got {0} at {1}".format([item["status"] for item in found] or "nothing", hook)

    def in_plex(self):
        shown, paths = self.shown(), self.files()
        asked = [item["query"] for item in self.world.log("plex", self.began) if item["path"].endswith("/refresh")]
        return len(paths) >= self.expected() and set(paths) <= set(shown), "Plex shows {0}; it was asked to look {1} times".format(
            sorted(shown) or "nothing of it", len(asked))

    def available(self):
        found = self.request()
        if not found:
            return False, "there is no request"
        media = found["media"]
        seen = media[self.case.state]
        if self.case.rows == "series":
            seasons = {item["seasonNumber"]: item[self.case.state] for item in media["seasons"]}
            return all(seasons.get(number) == 5 for number in self.wanted), "seasons in Seerr: {0}".format(seasons)
        return seen == 5, "status in Seerr: {0}".format(seen)

    def available_told(self):
        found = self.told("MEDIA_AVAILABLE")
        fits = [item for item in found if (item["request"]["request_id"], item["request"]["requestedBy_email"]) == (
            str(self.wish.get("id")), self.world.person.email)]
        return len(fits) == 1, "the webhook got {0}".format([(item.get("event"), item.get("subject")) for item in found] or "nothing of it")

    def watched(self):
        """Somebody else with access plays it: what Plex sends is what was downloaded."""
        shown = self.shown()
        if not shown:
            return False, "Plex shows nothing of it"
        for path, item in shown.items():
            part = next(part for media in item["Media"] for part in media["Part"] if part["file"] == path)
            answer = requests.get(self.world.places.plex + part["key"], headers={"X-Plex-Token": FRIEND}, timeout=30)
            on_disk = self.world.sh("sha256sum < '{0}'".format(self.world.places.host(path))).split()[0]
            if (answer.status_code, hashlib.sha256(answer.content).hexdigest()) != (200, on_disk):
                return False, "Plex answered {0} with other bytes than {1}".format(answer.status_code, path)
        return True, "played"

    # -- the acts

    def ask(self):
        body = {"mediaType": self.case.title.kind, "mediaId": self.case.title.tmdb, "is4k": self.case.is_4k}
        found = self.world.person.call("GET", "search?query=" + requests.utils.quote(self.case.title.title))["results"]
        assert self.case.title.tmdb in [item["id"] for item in found], "Seerr does not find {0}: {1}".format(self.case.title.named, found)
        self.wish = self.world.person.call("POST", "request", dict(body, seasons=list(self.wanted)) if self.wanted else body)
        assert self.wish["status"] == 1, "a request of somebody who may not approve waits: {0}".format(self.wish["status"])

    def approve(self):
        self.world.seerr("POST", "request/{0}/approve".format(self.wish["id"]))

    def scan(self):
        self.world.job("plex-recently-added-scan")

    def more(self):
        """The admin wants the next season as well, in Sonarr, and searches for it."""
        row = self.row()
        number = next(number for number, _count in self.case.title.seasons if number not in self.wanted)
        self.wanted += (number,)
        self.again = time.time()
        seasons = [dict(item, monitored=item["monitored"] or item["seasonNumber"] == number) for item in row["seasons"]]
        self.world.arr(self.case.arr, "series/{0}".format(row["id"]), "PUT", dict(row, seasons=seasons))
        episodes = self.world.arr(self.case.arr, "episode?seriesId={0}".format(row["id"]))
        self.world.arr(self.case.arr, "episode/monitor", "PUT", {
            "episodeIds": [item["id"] for item in episodes if item["seasonNumber"] == number], "monitored": True})
        if not self.case.manual:
            self.world.arr(self.case.arr, "command", "POST", {"name": "SeasonSearch", "seriesId": row["id"], "seasonNumber": number})
            return
        found = self.world.arr(self.case.arr, "release?seriesId={0}&seasonNumber={1}".format(row["id"], number))
        fits = [item for item in found if not item["rejected"]]
        assert fits, "{0} finds nothing of season {1} that fits: {2}".format(self.case.arr, number, [(item["title"], item["rejections"]) for item in found])
        assert all("2160p" in item["title"] for item in fits) and any("1080p" in item["title"] for item in found), "the profile chooses among what is found"
        self.world.arr(self.case.arr, "release", "POST", {"guid": fits[0]["guid"], "indexerId": fits[0]["indexerId"]})

    def poll(self):
        """As the app does every minute."""
        self.world.arr(self.case.arr, "command", "POST", {"name": "RefreshMonitoredDownloads"})

    def steps(self):
        """As the sequence diagrams number them: request, approval, search, results, grab, completion, import, scan, availability, message, watching."""
        return [Step(1, "requested", "the user requests it in Seerr", self.requested, self.ask),
                Step(1, "pending-told", "the webhook hears of the request", self.pending_told),
                Step(2, "approved", "the admin approves, and the webhook hears of it", self.approved, self.approve),
                Step(3, "sent", "Seerr sends it to {0}, monitored, with profile, folder and seasons".format(self.case.arr), self.sent),
                Step(4, "searched", "{0} searches through Prowlarr".format(self.case.arr), self.searched),
                Step(5, "grabbed", "a release that Prowlarr returned is taken", self.grabbed),
                Step(6, "queued", "qBittorrent has it in the category {0}".format(self.case.category), self.queued),
                Step(7, "downloaded", "it is downloaded, and the internet saw the provider's address only", self.downloaded, patience=DOWNLOAD),
                Step(8, "imported", "{0} imports it by hardlink".format(self.case.arr), self.imported, self.poll, 90),
                *self.subtitles(8),
                Step(9, "in-plex", "Plex has scanned and shows it", self.in_plex),
                Step(10, "available", "Seerr sees it in Plex", self.available, self.scan),
                Step(11, "available-told", "the webhook hears that it is available", self.available_told),
                Step(12, "watched", "somebody plays it", self.watched)]

    def subtitles(self, number):
        """Who looks for subtitles is told of an import, where there is somebody who does."""
        told = "bazarr" in self.world.places.arrs and not self.case.is_4k
        return [Step(number, "subtitles-told", "Bazarr hears of the import", self.subtitles_told)] if told else []

    def second_round(self):
        """The rest of the diagram for series: a search for newer episodes, and the same way again; who asked has been told already."""
        return [Step(13, "searched", "{0} searches for newer episodes through Prowlarr".format(self.case.arr), self.searched, self.more),
                Step(14, "grabbed", "a release that Prowlarr returned is taken", self.grabbed_again),
                Step(15, "queued", "qBittorrent has it in the category {0}".format(self.case.category), self.queued),
                Step(16, "downloaded", "it is downloaded, and the internet saw the provider's address only", self.downloaded, patience=DOWNLOAD),
                Step(17, "imported", "{0} imports it by hardlink".format(self.case.arr), self.imported, self.poll, 90),
                *self.subtitles(17),
                Step(18, "in-plex", "Plex has scanned and shows it", self.in_plex),
                Step(19, "available", "Seerr sees it in Plex", self.available, self.scan),
                Step(20, "available-told", "nobody is told twice", self.available_told),
                Step(21, "watched", "somebody plays the newest episode", self.watched)]

    def run(self, patience=None, steps=None):
        """All steps in order.

        :param patience: Seconds to wait for each step that is to come soon; 30 when nothing is given. Downloads take their time in any case.
        :param steps: Other steps than C(steps()).
        :raises Stopped: at the first that does not come about.
        """
        for step in steps or self.steps():
            if step.act:
                step.act()
            end = time.monotonic() + (patience if patience and step.patience == SOON else step.patience)
            while True:
                came, seen = step.look()
                if came:
                    break
                if time.monotonic() > end:
                    raise Stopped(step, seen)
                time.sleep(0.5)

    def beyond(self, key):
        """Steps behind this one that came about all the same: ``key -> what was seen``."""
        steps = self.steps()
        behind = steps[[step.key for step in steps].index(key) + 1:]
        looked = {step.key: step.look() for step in behind}
        return {name: seen for name, (came, seen) in looked.items() if came}


class Person:
    """Somebody who may request, signed in with a password."""

    def __init__(self, world):
        self.world = world
        self.email, password = "flow@lab.example", "a password of the tests"
        for item in world.seerr("GET", "user?take=100")["results"]:
            if item["email"] == self.email:
                world.seerr("DELETE", "user/{0}".format(item["id"]))
        self.number = world.seerr("POST", "user", {"email": self.email, "username": "flow", "password": password, "permissions": MAY_REQUEST})["id"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.call("POST", "auth/local", {"email": self.email, "password": password})

    def url(self, path):
        return self.world.places.seerr + path

    def call(self, method, path, body=None):
        answer = self.session.request(method, self.url(path), json=body, timeout=30)
        assert answer.status_code in (200, 201), "Seerr answered {0} to {1} {2}: {3}".format(answer.status_code, method, path, answer.text[:300])
        return answer.json()


class World:
    """The deployed lab, asked at the published addresses."""

    def __init__(self, places):
        self.places, self.listener = places, Listener(places.own)
        self.agent = self.seerr("GET", "settings/notifications/webhook")
        stock = self.agent["options"]["jsonPayload"]
        self.seerr("POST", "settings/notifications/webhook", {"enabled": True, "types": 2 | 4 | 8 | 16 | 128, "options": {
            "webhookUrl": self.listener.url, "jsonPayload": stock if isinstance(stock, str) else json.dumps(stock)}})
        self.person = Person(self)

    def stop(self):
        """Everything as it was, but for what requests left in the apps, which ``tidy`` takes away."""
        options = dict(self.agent["options"])
        if not isinstance(options["jsonPayload"], str):
            options["jsonPayload"] = json.dumps(options["jsonPayload"])
        self.seerr("POST", "settings/notifications/webhook", dict(self.agent, options=options))
        self.seerr("DELETE", "user/{0}".format(self.person.number))
        self.listener.stop()

    def folder(self, case):
        """The root folder of its *arr."""
        return "{0}/{1}".format(self.places.data, case.category)

    def sh(self, script):
        return self.places.sh(script)

    def seerr(self, method, path, body=None):
        answer = requests.request(method, self.places.seerr + path, headers={"X-Api-Key": self.places.seerr_key}, json=body, timeout=30)
        assert answer.status_code < 300, "Seerr answered {0} to {1} {2}: {3}".format(answer.status_code, method, path, answer.text[:300])
        return answer.json() if answer.content else None

    def arr(self, instance, path, method="GET", body=None):
        url, key, _root = self.places.arrs[instance]
        answer = requests.request(method, url + path, headers={"X-Api-Key": key}, json=body, timeout=30)
        assert answer.status_code < 300, "{0} answered {1} to {2} {3}: {4}".format(instance, answer.status_code, method, path, answer.text[:300])
        return answer.json() if answer.text else None

    def plex(self, method, path, **query):
        answer = requests.request(method, self.places.plex + path, headers={"X-Plex-Token": TOKEN, "Accept": "application/json"}, params=query, timeout=30)
        assert answer.status_code < 300, "Plex answered {0} to {1} {2}".format(answer.status_code, method, path)
        return answer.json()["MediaContainer"] if answer.content else None

    def section(self, library):
        """Its key, or nothing."""
        return next((row["key"] for row in self.plex("GET", "/library/sections").get("Directory", []) if row["title"] == library), None)

    def plex_items(self, library, title):
        """Films, or episodes, of this title in a library."""
        key = self.section(library)
        if key is None:
            return []
        rows = self.plex("GET", "/library/sections/{0}/all".format(key), includeGuids=1, type=1 if title.kind == "movie" else 4).get("Metadata", [])
        if title.kind == "movie":
            return [row for row in rows if "tmdb://{0}".format(title.tmdb) in [guid["id"] for guid in row.get("Guid", [])]]
        return [row for row in rows if row.get("grandparentTitle") == title.title]

    def torrents(self):
        return json.loads(self.places.qbittorrent("torrents/info"))

    def contents(self, torrents):
        """Paths of their files in the container."""
        return ["{0}/{1}".format(item["save_path"].rstrip("/"), file["name"]) for item in torrents
                for file in json.loads(self.places.qbittorrent("torrents/files?hash=" + item["hash"]))]

    def inodes(self, paths):
        """``path -> device and inode`` of those that exist on the host."""
        script = "echo {0} | base64 -d | xargs -r -d '\\n' stat -c '%d:%i %n' 2>/dev/null || true".format(base64.b64encode("\n".join(paths).encode()).decode())
        return {name: number for number, _blank, name in (line.partition(" ") for line in self.sh(script).splitlines())} if paths else {}

    def log(self, app, since):
        """What a stand-in answered since then."""
        root = self.places.plex if app == "plex" else self.places.arrs[app][2]
        answer = requests.get(root + "/__requests__", timeout=30)
        return [item for item in answer.json() if item["t"] >= since]

    def job(self, name):
        self.seerr("POST", "settings/jobs/{0}/run".format(name))
        end = time.monotonic() + 30
        while next(item for item in self.seerr("GET", "settings/jobs") if item["id"] == name)["running"]:
            assert time.monotonic() < end, "Seerr's {0} does not end".format(name)
            time.sleep(0.3)

    def pushed(self, instances, seconds=60):
        """Wait until Prowlarr has pushed its indexer: an app searches once, and with what it has then."""
        end = time.monotonic() + seconds
        for instance in instances:
            while not any(item["name"] == INDEXER + " (Prowlarr)" for item in self.arr(instance, "indexer")):
                assert time.monotonic() < end, "Prowlarr has not pushed its indexer into {0} within {1} s".format(instance, seconds)
                time.sleep(1)

    def tidy(self, case):
        """Take away whatever a request for this title may have left, wherever it came to a stop."""
        for wish in self.seerr("GET", "request?take=100")["results"]:
            if wish["media"]["tmdbId"] == case.title.tmdb:
                self.seerr("DELETE", "request/{0}".format(wish["id"]))
        for media in self.seerr("GET", "media?take=100")["results"]:
            if media["tmdbId"] == case.title.tmdb:
                self.seerr("DELETE", "media/{0}".format(media["id"]))
        flow = Flow(self, case)
        mine = {item["hash"] for item in flow.torrents()}
        hashes = [item["hash"] for item in self.torrents() if item["hash"] in mine
                  or item["category"] == case.category and titles.plain(case.title.title) in titles.plain(item["name"])]
        row = flow.row()
        if row:
            self.arr(case.arr, "{0}/{1}?deleteFiles=true".format(case.rows, row["id"]), "DELETE")
        if hashes:
            self.places.qbittorrent("torrents/delete", "-d", "'hashes={0}&deleteFiles=true'".format("|".join(hashes)))
        self.sh("rm -rf '{0}/{1}'*".format(self.places.host(self.folder(case)), case.title.title))
        key = self.section(case.library)
        if key:
            self.plex("GET", "/library/sections/{0}/refresh".format(key))
            end = time.monotonic() + 30
            while self.plex_items(case.library, case.title):
                assert time.monotonic() < end, "Plex keeps showing {0}, whose file is gone".format(case.title.named)
                time.sleep(0.5)


# -- one link less

def find(world, instance, path, wanted):
    """The one element that fits, since a link that is not there cannot be taken away."""
    found = [item for item in world.arr(instance, path) if wanted(item)]
    assert len(found) == 1, (instance, path, [item.get("name") or item.get("path") for item in found])
    return found[0]


def remove(world, instance, path, wanted):
    world.arr(instance, "{0}/{1}".format(path, find(world, instance, path, wanted)["id"]), "DELETE")


def no_server(world):
    entry = next(item for item in world.seerr("GET", "settings/radarr") if not item["is4k"])
    world.seerr("DELETE", "settings/radarr/{0}".format(entry["id"]))


def no_application(world):
    """As if Prowlarr had never been told of Radarr: it knows nothing of it, and pushed nothing into it."""
    remove(world, "prowlarr", "applications", lambda item: item["name"] == "Radarr")
    for item in world.arr("radarr", "indexer"):
        if item["name"].endswith("(Prowlarr)"):
            world.arr("radarr", "indexer/{0}".format(item["id"]), "DELETE")


def no_indexer(world):
    remove(world, "prowlarr", "indexer", lambda item: item["name"] == INDEXER)
    end = time.monotonic() + 30
    while any(item["name"].startswith(INDEXER) for item in world.arr("radarr", "indexer")):
        assert time.monotonic() < end, "Prowlarr leaves an indexer in Radarr that it does not have any more"
        time.sleep(1)


def no_download_client(world):
    remove(world, "radarr", "downloadclient", lambda item: item["protocol"] == "torrent")


def no_root_folder(world):
    remove(world, "radarr", "rootfolder", lambda item: item["path"].rstrip("/") == world.folder(VICTIM))


def no_plex_notification(world):
    remove(world, "radarr", "notification", lambda item: item["implementation"] == "PlexServer")


def no_plex_library(world):
    key = world.section(VICTIM.library)
    assert key, "there is no library to take away"
    world.plex("DELETE", "/library/sections/{0}".format(key))


def library_not_counted(world):
    """Plex has it, and Seerr was told not to look there."""
    enabled = [item["id"] for item in world.seerr("GET", "settings/plex")["libraries"] if item["enabled"] and item["name"] != VICTIM.library]
    world.seerr("GET", "settings/plex/library?enable=" + ",".join(enabled))


@dataclass(frozen=True)
class Break:
    """A link that is taken away, the step at which a request stops then, words of what is said there, and later steps that do not need the link."""

    take: object
    stops: str
    because: str
    still: frozenset = frozenset()


BREAKS = [Break(no_server, "sent", "does not have it; the request's status is 2"),
          Break(no_root_folder, "sent", "does not have it; the request's status is 4"),
          Break(no_application, "searched", "has the indexers []"),
          Break(no_indexer, "searched", "has the indexers []"),
          Break(no_download_client, "grabbed", "its torrent clients are []"),
          Break(no_plex_notification, "in-plex", "it was asked to look 0 times"),
          Break(no_plex_library, "in-plex", "shows nothing of it"),
          Break(library_not_counted, "available", "status in Seerr: 3", frozenset({"watched"}))]
