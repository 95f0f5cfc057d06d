# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the apps talk to in tests: an address of the loopback of their own, where ports are as people know them."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from urllib.parse import parse_qs

import requests
from standins.common import Lab, Server, plain
from standins.plex.server import create_app as create_plex

ARR_KEY, TAUTULLI_KEY, PLEX_TOKEN = "arrkey-valid", "tautkey-valid", "plex-token-valid"
_numbers = itertools.count(1)


def own_address():
    """An address of 127.0.0.0/8 that no other test uses."""
    number = os.getpid() % 200 * 250 + next(_numbers)
    return f"127.{80 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"


def serve(application, address, port, config_dir=None):
    server = Server(application if isinstance(application, Lab) else Lab(application, config_dir), address, port)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def stop(server):
    server.shutdown()
    server.server_close()


def json_answer(start_response, status, value):
    line, headers, body = plain(status, json.dumps(value).encode(), "application/json; charset=utf-8")
    start_response(line, headers)
    return [body]


def fake_arr(name, version, base=None):
    """As much of Radarr or Sonarr as others look at, below any URL base."""

    def application(environ, start_response):
        path = environ["PATH_INFO"]
        query = parse_qs(environ["QUERY_STRING"])
        key = query.get("apikey", query.get("access_token", [environ.get("HTTP_X_API_KEY")]))[0]
        if "/signalr/" in path:
            return json_answer(start_response, 200, {})
        if "/api" not in path or (base is not None and not path.startswith(base)):
            return json_answer(start_response, 404, {})
        if key != ARR_KEY:
            return json_answer(start_response, 401, {"error": "Unauthorized"})
        found = {"system/status": {"appName": name, "version": version, "urlBase": path.split("/api")[0] if base else ""},
                 "qualityprofile": [{"id": 1, "name": "Any"}, {"id": 4, "name": "HD-1080p"}],
                 "rootfolder": [{"id": 1, "path": "/data/media", "freeSpace": 1, "totalSpace": 2}],
                 "tag": [{"id": 1, "label": "x"}], "queue": {"totalRecords": 0, "records": []}, "command": {"id": 1},
                 "diskspace": [{"id": 1, "path": "/data/media", "label": None, "freeSpace": 1, "totalSpace": 2, "hasAccurateTotalSpace": True}],
                 "series": [{"id": 5, "title": "Firefly", "path": "/data/tv/Firefly", "monitored": True}],
                 "movie": [{"id": 7, "title": "Alien", "path": "/data/movies/Alien", "monitored": True}]}
        for ending, value in found.items():
            if path.lower().rstrip("/").endswith("/" + ending):
                return json_answer(start_response, 200, value)
        return json_answer(start_response, 404, {"message": "NotFound"})

    return application


def fake_tautulli(key=TAUTULLI_KEY, version="v2.15.1"):
    def application(environ, start_response):
        query = parse_qs(environ["QUERY_STRING"])
        if query.get("apikey") != [key]:
            return json_answer(start_response, 400, {"response": {"result": "error", "message": "Invalid apikey", "data": {}}})
        return json_answer(start_response, 200, {"response": {"result": "success", "message": None, "data": {"tautulli_version": version}}})

    return application


class Peers:
    """All of them at one address; ``plex`` is the stand-in, claimed, with a library of each kind."""

    def __init__(self, directory, address=None, plex_ports=(32400,), arr_ports=((8989, "Sonarr", "4.0.10.2544"), (7878, "Radarr", "5.14.0.9383"))):
        self.address = address or own_address()
        self.servers = [serve(fake_arr(name, version), self.address, port) for port, name, version in arr_ports]
        self.servers.append(serve(fake_tautulli(), self.address, 8181))
        for name in ("movies", "tv", "music"):
            (directory / "media" / name).mkdir(parents=True, exist_ok=True)
        movie = directory / "media" / "movies" / "Alien (1979) {tmdb-348}"
        movie.mkdir(exist_ok=True)
        (movie / "Alien (1979).mkv").write_text("film")
        self.plex = None
        for port in plex_ports:
            self.plex = create_plex(directory / f"plex-{port}", port, environment={})
            self.plex_server = serve(self.plex, self.address, port)
            self.servers.append(self.plex_server)
        self.plex_url = f"http://{self.address}:{plex_ports[0]}"
        self._prepare(directory)

    def _prepare(self, directory):
        server = self.plex.server
        server.preferences.put({"FriendlyName": "stub", "customConnections": self.plex_url})
        for title, kind, agent, scanner, folder in (("Movies", "movie", "tv.plex.agents.movie", "Plex Movie", "movies"),
                                                    ("TV Shows", "show", "tv.plex.agents.series", "Plex TV Series", "tv"),
                                                    ("Music", "artist", "tv.plex.agents.music", "Plex Music", "music")):
            answer = requests.post(f"{self.plex_url}/library/sections", timeout=10, params={
                "name": title, "type": kind, "agent": agent, "scanner": scanner, "language": "en-US", "location": str(directory / "media" / folder)})
            assert answer.status_code == 201, answer.text
        claim = requests.get(f"{self.plex_url}/__plextv__/api/claim/token.json", headers={"X-Plex-Token": PLEX_TOKEN}, timeout=10).json()["token"]
        assert requests.post(f"{self.plex_url}/myplex/claim", params={"token": claim}, timeout=10).status_code == 200
        # Scans run beside the answer.
        deadline = time.monotonic() + 5
        while not server.library.items("1", "movie") and time.monotonic() < deadline:
            time.sleep(0.01)

    @property
    def plex_tv(self):
        return f"{self.plex_url}/__plextv__"

    def close(self):
        for server in self.servers:
            stop(server)
