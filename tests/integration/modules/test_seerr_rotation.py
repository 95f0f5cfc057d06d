# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Plex token, a Radarr's key and its address change, and one run of the plan's wiring brings every app through again; judged by the apps' own answers."""
from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import requests
import runs
import seerr_apps
import watch_apps
from seerr_apps import KEY, OWNER
from standins import testing
from standins.maintainerr.service import create_app as create_maintainerr

from ansible_collections.homelab.media.plugins.plugin_utils import catalog, plan, report

# What the test on the lab takes away, and finds missing, is taken away here as well.
sys.path.append(str(Path(__file__).resolve().parents[2] / "lab"))
import flow_steps  # noqa: E402

HOST = "ct-media-01"
# Of the same length and with the same ends as the old one, which is all that some apps show of it.
NEW_TOKEN = "plex-xxxxx-valid"
# Port in the plan, of each app, by which an address is told whose it is.
PORTS = {"plex": 32400, "seerr": 5055, "maintainerr": 6246, "tautulli": 8181, "radarr": 7878, "prowlarr": 9696, "bazarr": 6767}


class Homelab:
    """The apps in this process, wired by the plan of a host that has them."""

    def __init__(self, arr, directory, monkeypatch):
        self.arr, self.directory, self.token = arr, directory, OWNER
        (directory / "data" / "movies").mkdir(parents=True)
        self.seerr = seerr_apps.World("seerr", arr, directory)
        monkeypatch.setenv("STANDIN_PLEX_TV", self.seerr.plex.tv)
        maintainerr = testing.start_wsgi(create_maintainerr(directory / "maintainerr", {}))
        maintainerr.proxy = testing.recording_proxy(maintainerr.url)
        self.handles = {"plex": self.seerr.plex, "seerr": self.seerr.handle, "maintainerr": maintainerr,
                        "tautulli": watch_apps.start_tautulli(directory / "tautulli"), "bazarr": watch_apps.start_bazarr(directory / "bazarr"),
                        "radarr": arr("radarr"), "prowlarr": arr("prowlarr")}
        self.handles["plex"].proxy = testing.recording_proxy(self.handles["plex"].url)
        self.handles["seerr"].proxy = self.seerr.proxy

    def stop(self):
        for name in ("maintainerr", "tautulli", "bazarr"):
            self.handles[name].proxy.stop()
            self.handles[name].stop()
        self.handles["plex"].proxy.stop()
        self.seerr.stop()

    def here(self, value):
        """A part of the plan, with the addresses and directories of the test."""
        if isinstance(value, list):
            return [self.here(item) for item in value]
        if isinstance(value, dict):
            found = {key: self.here(item) for key, item in value.items() if key != "check_container"}
            owner = next((name for name, port in PORTS.items() if value.get("port") == port), None)
            if owner:
                found.update({key: "127.0.0.1" for key in ("host", "hostname") if key in found}, port=self.handles[owner].port)
            return found
        if isinstance(value, str):
            for name, port in PORTS.items():
                value = re.sub(rf"^http://[^/]+:{port}(?=/|$)", self.handles[name].url, value)
            return str(self.directory) + value if value.startswith("/data/") else value
        return value

    def planned(self):
        plex = {"settings": {"plex_tv_url": self.seerr.plex.tv}, **({"secrets": {"token": self.token}} if self.token else {})}
        variables = {"media_address": "192.168.1.12", "media_admin": {"username": "media"}, "media_services": {**{name: {} for name in PORTS}, "plex": plex}}
        return plan.full({HOST: {"variables": variables, "undefined": {}}}, {}, catalog.load())

    def wire(self, check=False):
        wiring = self.planned()["hosts"][HOST]["wiring"]["apps"]
        assert {app["name"] for app in wiring} - {"plex", "tautulli"} == set(PORTS) - {"plex", "tautulli"}
        apps = [dict(self.here(app), url=self.handles[app["name"]].proxy.url, container=None) for app in wiring]
        secrets = {"plex.token": self.token or "", "seerr.api_key": KEY, "tautulli.api_key": watch_apps.KEY, "bazarr.api_key": watch_apps.KEY,
                   "tautulli.username": "media", "tautulli.password": "c0rrect-horse-4711", "admin.username": "media", "admin.password": "c0rrect-horse-4711",
                   **{f"{name}.api_key": self.handles[name].api_key for name in ("radarr", "prowlarr")}}
        for handle in self.handles.values():
            handle.proxy.clear()
        result = runs.run_module("media_wiring", {"apps": apps, "secrets": secrets, "state_root": str(self.directory / "state"), "timeout": 20,
                                                  "wait_timeout": 5, "on_problem": "report"}, check)
        assert not result.get("failed"), result.get("msg")
        assert result["problems"] == [], result["problems"]
        for value in (self.token or OWNER, OWNER, KEY, secrets["radarr.api_key"]):
            assert value not in result["_text"]
        return result

    def repaired(self):
        """One run as it was promised, and a second one that writes nothing."""
        promised = self.wire(check=True)
        assert self.writes() == []
        made = self.wire()
        assert {(item["app"], item["resource"], item["name"]) for item in made["changes"]} == {
            (item["app"], item["resource"], item["name"]) for item in promised["changes"]}
        again = self.wire()
        assert not again["changed"] and again["diff"] == [] and self.writes() == []
        return {(item["app"], item["resource"]) for item in made["changes"]}

    def writes(self):
        found = [(name, item["method"], item["path"]) for name, handle in self.handles.items() if name != "seerr"
                 for item in handle.proxy.seen() if item["method"] not in ("GET", "HEAD")]
        return found + [("seerr", item["method"], item["path"]) for item in self.seerr.writes()]

    # -- what the apps say themselves

    def maintainerr(self, method, path, body=None):
        return requests.request(method, f"{self.handles['maintainerr'].url}/api/{path}", json=body, timeout=20).json()

    def plex_users(self):
        """App to whether it gets through to Plex, with the token that it has."""
        # What Plex answered it tells for minutes; whether plex.tv takes its token it asks.
        users = self.maintainerr("GET", "media-server/users") if self.maintainerr("GET", "settings/test/plex/auth")["code"] == 1 else None
        watched = requests.get(self.handles["tautulli"].url + "/api/v2", params={"apikey": watch_apps.KEY, "cmd": "server_status"}, timeout=20).json()
        asked = requests.get(self.handles["seerr"].url + "/api/v1/settings/plex/users", headers={"X-Api-Key": KEY}, timeout=20)
        rows = [row for row in self.handles["radarr"].api("GET", "notification").json() if row["implementation"] == "PlexServer"]
        return {"maintainerr": isinstance(users, list) and bool(users), "tautulli": watched["response"]["data"]["connected"] is True,
                "seerr": asked.status_code == 200,
                "radarr": len(rows) == 1 and self.handles["radarr"].api("POST", "notification/test", rows[0]).status_code == 200}

    def radarr_users(self):
        """App to whether it gets through to Radarr, with the key and at the address that it has."""
        self.seerr.api("POST", "settings/cache/radarr/flush")
        server = self.seerr.api("GET", "settings/radarr")[0]
        body = {key: server[key] for key in ("hostname", "port", "apiKey", "useSsl", "baseUrl") if key in server}
        asked = requests.post(self.handles["seerr"].url + "/api/v1/settings/radarr/test", json=body, headers={"X-Api-Key": KEY}, timeout=20)
        row = self.maintainerr("GET", "settings/radarr")[0]
        application = next(row for row in self.handles["prowlarr"].api("GET", "applications").json() if row["name"] == "Radarr")
        status = requests.get(self.handles["bazarr"].url + "/api/system/status", headers={"X-API-KEY": watch_apps.KEY}, timeout=20).json()["data"]
        return {"seerr": asked.status_code == 200,
                "maintainerr": self.maintainerr("POST", "settings/test/radarr", {key: row[key] for key in ("serverName", "url", "apiKey")})["code"] == 1,
                "prowlarr": self.handles["prowlarr"].api("POST", "applications/test", application).status_code == 200,
                "bazarr": status["radarr_version"] == self.handles["radarr"].api("GET", "system/status").json()["version"]}


@pytest.fixture
def fresh(arr, tmp_path, monkeypatch):
    found = Homelab(arr, tmp_path, monkeypatch)
    yield found
    found.stop()


@pytest.fixture
def homelab(fresh):
    fresh.wire()
    assert not fresh.wire()["changed"]
    return fresh


def test_a_new_plex_token(homelab):
    assert set(homelab.plex_users().values()) == {True}
    seerr_apps.rotate(homelab.handles["plex"], OWNER, NEW_TOKEN)
    homelab.token = NEW_TOKEN
    assert homelab.plex_users() == dict.fromkeys(homelab.plex_users(), False), "nobody gets through with the old one"
    assert homelab.repaired() == {("seerr", "overseerr_setup"), ("maintainerr", "maintainerr_plex"), ("tautulli", "plex"), ("radarr", "notification")}
    assert set(homelab.plex_users().values()) == {True}


@pytest.mark.parametrize("key", [None, "fedcba9876543210" * 2], ids=["address", "key and address"])
def test_a_radarr_with_another_address_and_key(homelab, key):
    assert set(homelab.radarr_users().values()) == {True}
    old = homelab.handles["radarr"]
    homelab.handles["radarr"] = homelab.arr("radarr", name="moved", api_key=key or old.api_key)
    assert homelab.handles["radarr"].api("POST", "rootfolder", {"path": str(homelab.directory / "data" / "movies")}).status_code == 201
    old.stop()
    # What Bazarr was told in the last minute, it does not ask again.
    assert {name for name, through in homelab.radarr_users().items() if through} <= {"bazarr"}
    # What is in the app itself is made anew, since it is another one.
    assert {app for app, _resource in homelab.repaired()} >= {"seerr", "maintainerr", "prowlarr", "bazarr"}
    assert set(homelab.radarr_users().values()) == {True} and set(homelab.plex_users().values()) == {True}


class Taker(flow_steps.World):
    """The apps as those see them who take a link away."""

    def __init__(self, homelab):
        arrs = {name: (f"{homelab.handles[name].url}/api/{version}/", homelab.handles[name].api_key, homelab.handles[name].url)
                for name, version in (("radarr", "v3"), ("prowlarr", "v1"))}
        self.places = flow_steps.Places(seerr=homelab.seerr.handle.url + "/api/v1/", seerr_key=KEY, plex=homelab.handles["plex"].url, arrs=arrs, sh=None,
                                        qbittorrent=None, internet=None, data=str(homelab.directory / "data"))


@pytest.mark.parametrize(("take", "makers"), [
    (flow_steps.no_server, {("seerr", "overseerr_server")}),
    (flow_steps.no_root_folder, {("radarr", "root_folder")}),
    (flow_steps.no_application, {("prowlarr", "indexer_sync")}),
    (flow_steps.no_plex_notification, {("radarr", "notification")}),
    (flow_steps.no_plex_library, {("plex", "plex_library"), ("seerr", "overseerr_plex")}),
    (flow_steps.library_not_counted, {("seerr", "overseerr_plex")}),
], ids=lambda value: getattr(value, "__name__", ""))
def test_a_link_that_was_taken_away_is_made_again_by_one_run(homelab, take, makers):
    def state():
        libraries = {row["name"]: row["enabled"] for row in homelab.seerr.api("GET", "settings/plex")["libraries"]}
        servers = [{key: value for key, value in row.items() if key != "id"} for row in homelab.seerr.api("GET", "settings/radarr")]
        return libraries, servers, homelab.plex_users(), homelab.radarr_users()

    before = state()
    take(Taker(homelab))
    made = homelab.wire()
    assert {(item["app"], item["resource"]) for item in made["changes"]} == makers
    assert state() == before
    again = homelab.wire()
    assert not again["changed"] and again["diff"] == [] and homelab.writes() == []


def test_without_a_plex_token_all_else_is_wired_and_one_line_says_what_it_would_add(fresh):
    fresh.token = None
    made = fresh.repaired()
    assert {app for app, _resource in made} == {"radarr", "prowlarr", "bazarr", "maintainerr"}, made
    warnings = [line for line in report.report(fresh.planned(), {HOST: {"check_mode": False}}) if "token" in line.lower()]
    assert len(warnings) == 1
    for name in ("Plex's libraries", "Seerr", "Maintainerr", "Tautulli", "the imports of Sonarr, Radarr and Lidarr"):
        assert name in warnings[0]
    assert [row["implementation"] for row in fresh.handles["radarr"].api("GET", "notification").json()] == ["Webhook"]
    # With one, all of it comes.
    fresh.token = OWNER
    made = fresh.repaired()
    assert {app for app, _resource in made} == {"plex", "seerr", "maintainerr", "tautulli", "radarr"}
    assert set(fresh.plex_users().values()) == {True} and set(fresh.radarr_users().values()) == {True}
