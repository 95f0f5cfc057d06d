# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole homelab in this process: the stand-ins of the lab, an indexer, and a qBittorrent whose downloads are there at once."""
from __future__ import annotations

import json
import shlex
import subprocess
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

import requests
from flow_steps import INDEXER, Places
from standins import testing, torrents, torznab
from standins.common import Lab, serve_in_thread
from standins.plex.server import create_app as create_plex
from standins.seeder.peer import Shelf
from standins.seerr.service import create_app as create_seerr

OWNER, SEERR_KEY, INDEXER_KEY = "plex-token-valid", "aabbccddeeff00112233445566778899", "idx-key-1234"
ANNOUNCE = "http://tracker.example.com:6969/announce"
# Instance -> (app, category, library, quality profile).
ARRS = {"radarr": ("radarr", "movies", "Movies", "HD-1080p"), "radarr-4k": ("radarr", "movies-4k", "Movies 4K", "Ultra-HD"),
        "sonarr": ("sonarr", "tv", "TV", "HD-1080p"), "sonarr-4k": ("sonarr", "tv-4k", "TV 4K", "Ultra-HD")}


class Torrents:
    """qBittorrent's Web API with what it is asked for already downloaded: the content comes from the indexer's shelf."""

    def __init__(self, directory, shelf):
        self.directory, self.shelf, self.rows, self.seen = directory, shelf, {}, []
        self.categories = {}
        self.handle = testing.start_wsgi(self)

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"].removeprefix("/api/v2/")
        body = testing.read(environ)
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        if path == "auth/login":
            return testing.respond(start_response, 200, "Ok.", "text/plain", Set_Cookie="SID=one; path=/")
        assert SimpleCookie(environ.get("HTTP_COOKIE", "")).get("SID") or environ["REMOTE_ADDR"], environ
        answer = getattr(self, "do_" + path.replace("/", "_"), None)
        if answer is None:
            return testing.respond(start_response, 404, "Not Found", "text/plain")
        if "multipart" in environ.get("CONTENT_TYPE", ""):
            form = self.parts(body, environ["CONTENT_TYPE"])
        else:
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        found = answer({**query, **form})
        return testing.respond(start_response, 200, found, "text/plain" if isinstance(found, str) else "application/json")

    @staticmethod
    def parts(body, kind):
        """The fields of a form with files: texts, and bytes of a torrent."""
        mark, found = b"--" + kind.partition("boundary=")[2].strip('"').encode(), {}
        for part in body.split(mark)[1:-1]:
            head, _blank, content = part.strip(b"\r\n").partition(b"\r\n\r\n")
            name = head.decode().partition('name="')[2].partition('"')[0]
            found[name] = content if b"filename=" in head else content.decode()
        return found

    def do_app_version(self, _values):
        return "v5.1.0"

    def do_app_webapiVersion(self, _values):
        return "2.11.4"

    def do_app_preferences(self, _values):
        return {"save_path": str(self.directory), "max_ratio_enabled": False, "max_ratio_act": 0, "queueing_enabled": True, "dht": True}

    def do_torrents_categories(self, _values):
        return self.categories

    def do_torrents_createCategory(self, values):
        self.categories[values["category"]] = {"name": values["category"], "savePath": values.get("savePath", "")}
        return ""

    def do_torrents_add(self, values):
        data = values.get("torrents") or values.get("fileselect[]") or next((item for item in values.values() if isinstance(item, bytes)), None)
        number = torrents.info_hash(data) if data else torrents.magnet_hash(values["urls"])
        self.shelf.content(number)
        release = self.shelf.by_hash[number]
        place = self.directory / values.get("category", "")
        root = place / release.name if release.directory else place
        root.mkdir(parents=True, exist_ok=True)
        for name, content in release.contents():
            (root / name).write_bytes(content)
        self.rows[number] = {
            "hash": number, "name": release.name, "category": values.get("category", ""), "save_path": str(place), "progress": 1, "amount_left": 0,
            "state": "stalledUP", "content_path": str(root if release.directory else root / release.files[0]), "size": release.size, "eta": 8640000,
            "ratio": 0, "ratio_limit": -2, "seeding_time": 0, "seeding_time_limit": -2, "downloaded": release.size, "completed": release.size,
            "added_on": 1, "completion_on": 2, "num_seeds": 1, "total_size": release.size, "infohash_v1": number}
        self.seen.append({"kind": "peer", "source": "127.0.0.1", "info_hash": number})
        return "Ok."

    def do_torrents_info(self, values):
        wanted = values["hashes"].lower().split("|") if values.get("hashes") else None
        return [row for row in self.rows.values() if (wanted is None or row["hash"] in wanted) and values.get("category") in (None, row["category"])]

    def do_torrents_files(self, values):
        release = self.shelf.by_hash[values["hash"].lower()]
        return [{"index": place, "name": (release.name + "/" if release.directory else "") + name, "size": 1, "progress": 1}
                for place, name in enumerate(release.files)]

    def do_torrents_properties(self, values):
        row = self.rows[values["hash"].lower()]
        return {"save_path": row["save_path"], "hash": row["hash"], "seeding_time": 0}

    def do_torrents_delete(self, values):
        for number in values["hashes"].lower().split("|"):
            row = self.rows.pop(number, None)
            if row and values.get("deleteFiles") == "true":
                subprocess.run(["rm", "-rf", row["content_path"]], check=True)
        return ""

    def do_torrents_setCategory(self, values):
        for number in values["hashes"].lower().split("|"):
            self.rows[number]["category"] = values["category"]
        return ""

    def do_torrents_topPrio(self, _values):
        return ""

    do_torrents_setShareLimits = do_torrents_setForceStart = do_torrents_topPrio

    def curl(self, path, *options):
        """What the lab's test asks with curl in the container."""
        words = shlex.split(" ".join(options))
        data = words[words.index("-d") + 1] if "-d" in words else None
        answer = requests.request("POST" if data else "GET", f"{self.handle.url}/api/v2/{path}", data=data, timeout=10,
                                  headers={"Content-Type": "application/x-www-form-urlencoded"} if data else {})
        assert answer.status_code == 200, (path, answer.text)
        return answer.text


class Stack:
    """All of it, wired as the collection wires it."""

    def __init__(self, directory, monkeypatch):
        self.data, self.directory, self.started = directory / "data", directory, []
        for _app, category, _library, _profile in ARRS.values():
            (self.data / category).mkdir(parents=True)
        shelf = Shelf(ANNOUNCE)
        self.torrents = Torrents(self.data / "downloads" / "torrents", shelf)
        self.bazarr = testing.start_wsgi(lambda environ, start_response: testing.respond(start_response, 204))
        self.indexer = testing.start_wsgi(torznab.create_app(INDEXER_KEY, shelf=shelf), api_key=INDEXER_KEY)
        self._plex_server, self.plex = serve_in_thread(Lab(create_plex(directory / "plex", 32400, environment={})))
        monkeypatch.setenv("STANDIN_PLEX_TV", self.plex + "/__plextv__")
        self.arrs = {name: self._arr(row[0], name) for name, row in ARRS.items()}
        self.arrs["prowlarr"] = self._arr("prowlarr", "prowlarr")
        (directory / "seerr").mkdir()
        (directory / "seerr" / "settings.json").write_text(json.dumps({"main": {"apiKey": SEERR_KEY}}))
        self.seerr = testing.start_wsgi(create_seerr(directory / "seerr", environment={}))
        self.started += [self.torrents.handle, self.bazarr, self.indexer, self.seerr]
        self._wire_plex()
        for name in ARRS:
            self._wire_arr(name)
        self._wire_prowlarr()
        self._wire_seerr()
        keys = {name: (f"{handle.url}/api/{'v1' if name == 'prowlarr' else 'v3'}/", handle.api_key, handle.url) for name, handle in self.arrs.items()}
        self.places = Places(
            seerr=self.seerr.url + "/api/v1/", seerr_key=SEERR_KEY, plex=self.plex, data=str(self.data), host=lambda path: path,
            arrs={**keys, "bazarr": (None, None, self.bazarr.url)},
            sh=lambda script: subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout, qbittorrent=self.torrents.curl,
            internet=lambda: self.torrents.seen)

    def _arr(self, app, name):
        handle = testing.start_arr_in_thread(app, self.directory / name)
        self.started.append(handle)
        return handle

    def post(self, name, path, body):
        answer = self.arrs[name].api("POST", path, body)
        assert answer.status_code in (200, 201), (name, path, answer.text)
        return answer.json()

    def provider(self, name, kind, implementation, title, fields, **more):
        """A new one of what the schema offers."""
        schema = next(item for item in self.arrs[name].api("GET", kind + "/schema").json() if item["implementation"] == implementation)
        known = {item["name"] for item in schema["fields"]}
        assert set(fields) <= known, (name, kind, set(fields) - known)
        for item in schema["fields"]:
            if item["name"] in fields:
                item["value"] = fields[item["name"]]
        return self.post(name, kind, {**schema, "name": title, **more})

    def _wire_plex(self):
        token = requests.get(self.plex + "/__plextv__/api/claim/token.json", headers={"X-Plex-Token": OWNER}, timeout=10).json()["token"]
        assert requests.post(self.plex + "/myplex/claim", params={"token": token}, timeout=10).status_code == 200
        for app, category, library, _profile in ARRS.values():
            kind, agent, scanner = ("movie", "movie", "Plex Movie") if app == "radarr" else ("show", "series", "Plex TV Series")
            assert requests.post(self.plex + "/library/sections", headers={"X-Plex-Token": OWNER}, timeout=10, params={
                "name": library, "type": kind, "agent": "tv.plex.agents." + agent, "scanner": scanner, "language": "en-US",
                "location": str(self.data / category)}).status_code == 201

    def _wire_arr(self, name):
        app, category, _library, _profile = ARRS[name]
        self.post(name, "rootfolder", {"path": str(self.data / category)})
        self.provider(name, "downloadclient", "QBittorrent", "qBittorrent", {
            "host": "127.0.0.1", "port": self.torrents.handle.port, "username": "admin", "password": "adminadmin",
            "movieCategory" if app == "radarr" else "tvCategory": category}, enable=True)
        self.provider(name, "notification", "PlexServer", "Plex", {"host": "127.0.0.1", "port": int(self.plex.rpartition(":")[2]), "authToken": OWNER,
                                                                   "updateLibrary": True}, onDownload=True, onUpgrade=True, onRename=True)
        if name == app:
            self.provider(name, "notification", "Webhook", "Bazarr", {"url": self.bazarr.url + "/api/webhooks/" + app, "method": 1},
                          onDownload=True, onUpgrade=True)

    def _wire_prowlarr(self):
        for name, (app, _category, _library, _profile) in ARRS.items():
            handle = self.arrs[name]
            self.provider("prowlarr", "applications", app.capitalize(), name.replace("-4k", " 4K").capitalize(), {
                "prowlarrUrl": self.arrs["prowlarr"].url, "baseUrl": handle.url, "apiKey": handle.api_key}, syncLevel="fullSync")
        self.provider("prowlarr", "indexer", "Torznab", INDEXER, {"baseUrl": self.indexer.url, "apiPath": "/api", "apiKey": INDEXER_KEY},
                      enable=True, appProfileId=1)

    def api(self, method, path, body=None):
        answer = requests.request(method, f"{self.seerr.url}/api/v1/{path}", headers={"X-Api-Key": SEERR_KEY}, json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def _wire_seerr(self):
        assert requests.post(self.seerr.url + "/api/v1/auth/plex", json={"authToken": OWNER}, timeout=10).status_code == 200
        self.api("POST", "settings/plex", {"ip": "127.0.0.1", "port": int(self.plex.rpartition(":")[2]), "useSsl": False})
        self.api("GET", "settings/plex/library?enable=" + ",".join(item["id"] for item in self.api("GET", "settings/plex/library?sync=true")))
        for name, (app, category, _library, profile) in ARRS.items():
            number = next(item["id"] for item in self.arrs[name].api("GET", "qualityprofile").json() if item["name"] == profile)
            extra = {"minimumAvailability": "released"} if app == "radarr" else {"enableSeasonFolders": True}
            self.api("POST", "settings/" + app, {
                "name": name, "hostname": "127.0.0.1", "port": self.arrs[name].port, "apiKey": self.arrs[name].api_key, "useSsl": False, "baseUrl": "",
                "activeProfileId": number, "activeProfileName": profile, "activeDirectory": str(self.data / category), "is4k": name.endswith("-4k"),
                "isDefault": True, "syncEnabled": True, "preventSearch": False, "tags": [], **extra})

    def stop(self):
        for handle in self.started:
            handle.stop()
        self._plex_server.shutdown()
        self._plex_server.server_close()
