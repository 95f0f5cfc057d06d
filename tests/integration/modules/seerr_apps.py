# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seerr and Overseerr with a recording proxy before each, and a Plex with two accounts, which is plex.tv as well."""
from __future__ import annotations

import json

import requests
import runs
import watch_apps
from standins import testing
from standins.common import Lab, serve_in_thread
from standins.plex.server import create_app as create_plex
from standins.seerr.service import create_app as create_seerr

KEY = "aabbccddeeff00112233445566778899"
OWNER, FRIEND = "plex-token-valid", "plex-token-friend"
LIBRARIES = (("Movies", "movie", "tv.plex.agents.movie", "Plex Movie"), ("TV Shows", "show", "tv.plex.agents.series", "Plex TV Series"),
             ("Music", "artist", "tv.plex.agents.music", "Plex Music"))
# Asks that are posted, and what makes a question's answer fresh: they save nothing.
QUESTIONS = ("/test", "/flush")


def start_plex(directory):
    """A Plex that has an owner and three libraries; C(tv) is the address of its plex.tv."""
    media = directory / "plex-media"
    media.mkdir(parents=True)
    application = create_plex(directory / "plex", 32400, environment={})
    server, url = serve_in_thread(Lab(application))
    for library in LIBRARIES:
        make_library(url, media, *library)
    token = requests.get(url + "/__plextv__/api/claim/token.json", headers={"X-Plex-Token": OWNER}, timeout=10).json()["token"]
    assert requests.post(url + "/myplex/claim", params={"token": token}, timeout=10).status_code == 200

    def stop():
        server.shutdown()
        server.server_close()

    return testing.Handle(url, stop, tv=url + "/__plextv__", media=media, plex_tv=application.server.tv)


def make_library(url, media, title, kind, agent, scanner):
    """A library in a Plex."""
    answer = requests.post(url + "/library/sections", timeout=10, headers={"X-Plex-Token": OWNER}, params={
        "name": title, "type": kind, "agent": agent, "scanner": scanner, "language": "en-US", "location": str(media)})
    assert answer.status_code == 201, answer.text


def rotate(plex, old, new):
    """Give an account of plex.tv another token, and the old one up; its servers keep theirs."""
    data = plex.plex_tv.store.data
    data["accounts"] = {new if token == old else token: account for token, account in data["accounts"].items()}
    for server in data["servers"].values():
        server["owner"] = new if server["owner"] == old else server["owner"]


def make_anew(plex, title):
    """Delete a library of a Plex, and make one of the same name, which has another key."""
    headers = {"X-Plex-Token": OWNER, "Accept": "application/json"}
    rows = requests.get(plex.url + "/library/sections", headers=headers, timeout=10).json()["MediaContainer"]["Directory"]
    key = next(row["key"] for row in rows if row["title"] == title)
    assert requests.delete(f"{plex.url}/library/sections/{key}", headers=headers, timeout=10).status_code == 200
    make_library(plex.url, plex.media, *next(row for row in LIBRARIES if row[0] == title))


def start_app(app, directory, settings=None):
    """Seerr or Overseerr with a key and without a user.

    :param settings: What is in settings.json, besides the key.
    """
    directory.mkdir(parents=True)
    found = dict(settings or {})
    found["main"] = dict(found.get("main") or {}, apiKey=KEY)
    (directory / "settings.json").write_text(json.dumps(found))
    died = []
    handle = testing.start_wsgi(create_seerr(directory, seerr=app == "seerr", environment={}, die=lambda: died.append(True)))
    handle.died = died
    return handle


class World:
    """One of the two apps, and what it is connected to, started when it is asked for."""

    def __init__(self, app, arr, directory, settings=None):
        self.app, self._arr, self.directory = app, arr, directory
        self.handle = start_app(app, directory / app, settings)
        self.proxy = testing.recording_proxy(self.handle.url)
        self.state = directory / "state"
        self._started = [self.proxy, self.handle]

    def __getattr__(self, name):
        if name == "plex":
            found = start_plex(self.directory)
        elif name == "tautulli":
            found = watch_apps.start_tautulli(self.directory / "tautulli")
            found.api_key = watch_apps.KEY
            self._started.append(found.proxy)
        elif name in ("radarr", "sonarr", "radarr4k"):
            setattr(self, name, self._arr(name.removesuffix("4k"), name=name))
            return getattr(self, name)
        else:
            raise AttributeError(name)
        self._started.append(found)
        setattr(self, name, found)
        return found

    def run(self, module, options, check=False, **common):
        """The result of a module that works on the app through the proxy."""
        self.proxy.clear()
        return runs.run_module(module, {"url": self.proxy.url, "api_key": KEY, "state_root": str(self.state), "wait_timeout": 5, "timeout": 10,
                                        **common, **options}, check)

    def done(self, module, options, check=False):
        """The result of a module that must not fail."""
        result = self.run(module, options, check)
        assert not result.get("failed"), result["msg"]
        return result

    def sign_in(self):
        self.done("overseerr_setup", {"plex_token": OWNER, "initialize": False})

    def restart(self):
        """Start the app again, where settings need that; the stand-in's take effect at once."""
        getattr(self.handle, "restart", lambda: None)()

    def api(self, method, path, body=None):
        answer = requests.request(method, f"{self.handle.url}/api/v1/{path}", headers={"X-Api-Key": KEY}, json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def writes(self):
        """What was written, which with this API is also done by a GET.

        Another test's Seerr may still ask its Radarr for its queue, at a port that is ours by now: what is not of this API is not meant for it.
        """
        return [item for item in self.proxy.seen() if item["path"].startswith("/api/v1/") and (item["method"] != "GET" or "/plex/library" in item["path"])
                and not item["path"].endswith(QUESTIONS)]

    def server(self, kind, **options):
        """Options of a server."""
        found = getattr(self, kind)
        return {"kind": found.kind, "name": kind.capitalize(), "hostname": "127.0.0.1", "port": found.port, "server_api_key": found.api_key, **options}

    def stop(self):
        for handle in self._started:
            handle.stop()
