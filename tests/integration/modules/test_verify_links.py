# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of the apps that are no *arr, as a verification sees them: green when they work, red when the other side is gone or refuses."""
from __future__ import annotations

import pytest
import seerr_apps
import watch_apps
from runs import run_module
from standins import testing
from standins.maintainerr.service import create_app

KEY = watch_apps.KEY


class Peer:
    """A Sonarr or Radarr that knows one key, which can be changed."""

    def __init__(self):
        self.key, self.up = "5onarrs-key-4711-0815", True

    def __call__(self, environ, start_response):
        testing.read(environ)
        if not self.up:
            return testing.respond(start_response, 500, b"")
        if "negotiate" in environ["PATH_INFO"]:
            return testing.respond(start_response, 200, {"negotiateVersion": 0})
        if self.key not in environ["QUERY_STRING"]:
            return testing.respond(start_response, 401, {"error": "Unauthorized"})
        return testing.respond(start_response, 200, {"version": "4.0.19", "appName": "Sonarr"})


def links(handle, app, wanted, check=False, **credentials):
    """The rows of an app's links, and its writes beside tests."""
    proxy = testing.recording_proxy(handle.url)
    try:
        result = run_module("media_verify", {"wait_timeout": 0, "timeout": 20, "on_problem": "report", "spec": {"apps": [
            dict({"name": app, "app": app, "url": proxy.url, "links": wanted}, **credentials)]}}, check)
        assert "checks" in result, result
        writes = [entry["path"] for entry in proxy.writes() if "/test" not in entry["path"] and "/flush" not in entry["path"]]
        assert writes == [] and (not check or proxy.writes() == [])
    finally:
        proxy.stop()
    assert result["checks"][0]["check"] == "app" and result["checks"][0]["verdict"] == "ok", result["checks"]
    return {entry["where"].partition(" > ")[2]: (entry["verdict"], entry["reason"]) for entry in result["checks"][1:]}


def test_bazarr(tmp_path):
    peer = Peer()
    with watch_apps.start_bazarr(tmp_path / "bazarr") as bazarr, testing.start_wsgi(peer) as sonarr:
        wanted = [{"resource": "settings"}, {"resource": "sonarr", "state": "present"}]
        assert links(bazarr, "bazarr", wanted, api_key=KEY)["sonarr"] == ("failed", "Bazarr does not use Sonarr; run site.yml")
        made = watch_apps.run_module(bazarr, tmp_path / "state", "bazarr_settings", {
            "sonarr": {"host": "127.0.0.1", "port": sonarr.port, "api_key": peer.key}})
        assert made["changed"], made
        assert links(bazarr, "bazarr", wanted, api_key=KEY) == {"sonarr": ("ok", "Bazarr gets through to it")}
        peer.key = "another-key-4711-0815"
        found = links(bazarr, "bazarr", wanted, api_key=KEY)["sonarr"]
        assert found[0] == "failed" and "Sonarr refuses the API key" in found[1]
        bazarr.proxy.stop()


def test_tautulli(tmp_path):
    with watch_apps.start_tautulli(tmp_path / "tautulli") as tautulli, testing.start_wsgi(watch_apps.plex) as plex:
        wanted = [{"resource": "plex", "name": "Plex", "state": "present"}]
        assert links(tautulli, "tautulli", wanted, api_key=KEY)["plex"][0] == "failed"
        made = watch_apps.run_module(tautulli, tmp_path / "state", "tautulli_settings", {
            "plex": {"host": "127.0.0.1", "port": plex.port, "ssl": False, "token": watch_apps.TOKEN}})
        assert made["changed"], made
        assert links(tautulli, "tautulli", wanted, api_key=KEY) == {"plex": ("ok", "Tautulli is connected to it")}
        assert links(tautulli, "tautulli", [], api_key=KEY) == {}
        tautulli.proxy.stop()


@pytest.mark.parametrize("app, title", [("seerr", "Seerr"), ("overseerr", "Overseerr")])
def test_seerr(arr, tmp_path, monkeypatch, app, title):
    world = seerr_apps.World(app, arr, tmp_path)
    monkeypatch.setenv("STANDIN_PLEX_TV", world.plex.tv)
    try:
        world.sign_in()
        world.radarr.api("POST", "rootfolder", {"path": str(tmp_path)})
        world.done("overseerr_server", world.server("radarr"))
        wanted = [{"resource": "overseerr_server", "kind": "radarr", "name": name, "state": "present"} for name in ("Radarr", "Another")]
        wanted.append({"resource": "overseerr_plex", "name": "Plex"})
        found = links(world.handle, app, wanted, api_key=seerr_apps.KEY)
        assert found["Radarr"] == ("ok", title + " gets through to it") and found["Another"][0] == "failed" and found["Plex"][0] == "skipped"
        assert links(world.handle, app, wanted[:1], check=True, api_key=seerr_apps.KEY)["Radarr"][0] == "skipped"
        world.radarr.faults({"drop": {"path": ".*"}})
        found = links(world.handle, app, wanted[:1], api_key=seerr_apps.KEY)["Radarr"]
        assert found[0] == "failed" and title + " does not reach Radarr" in found[1]
    finally:
        world.stop()


@pytest.mark.parametrize("version", ["3.24.0", "2.27.0"])
def test_maintainerr(tmp_path, version):
    peer = Peer()

    def radarr(environ, start_response):
        if "apikey=" + peer.key not in environ["QUERY_STRING"]:
            return testing.respond(start_response, 401, {"error": "Unauthorized"})
        return testing.respond(start_response, 200, {"appName": "Radarr", "version": "6.0.3.1"})

    with testing.start_wsgi(create_app(tmp_path / "maintainerr", {"STANDIN_VERSION": version})) as handle, testing.start_wsgi(radarr) as server:
        made = run_module("maintainerr_server", {"url": handle.url, "state_root": str(tmp_path / "state"), "wait_timeout": 5, "kind": "radarr",
                                                 "name": "Radarr", "server_url": server.url, "server_api_key": peer.key})
        assert made["changed"], made
        wanted = [{"resource": "maintainerr_server", "kind": "radarr", "name": name} for name in ("Radarr", "Another")]
        found = links(handle, "maintainerr", wanted)
        assert found["Radarr"] == ("ok", "Maintainerr gets through to it") and found["Another"] == ("failed", "Maintainerr has no such server; run site.yml")
        assert links(handle, "maintainerr", wanted[:1], check=True)["Radarr"][0] == "skipped"
        peer.key = "another-key-4711-0815"
        found = links(handle, "maintainerr", wanted)["Radarr"]
        assert found[0] == "failed" and "Maintainerr does not get through to " + server.url in found[1] and "5onarrs-key" not in found[1]
