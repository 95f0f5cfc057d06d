# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes outside of the apps that hold it: a Plex token, a Radarr's key, its port, the address of its host. One run, and all that use it get through.

Each app is asked at its own API whether it gets through to another one; what a run says of itself is not looked at.
"""
from __future__ import annotations

import json
import re
import time

import pytest
import requests
from conftest import ADDRESS, ARRS, DOCKER, MEDIA

pytestmark = pytest.mark.soak
TOKEN = "plex-token-valid"
# With the same ends as the old one, which is all that some apps show of it.
NEW_TOKEN = "plex-token-of-november-valid"
NEW_KEY = "fedcba9876543210fedcba9876543210"
NEW_PORT, NEW_ADDRESS = 7979, "172.30.77.13"
# Everybody who asks Plex, or Radarr; by hand from the inventory.
PLEX_USERS = {"seerr", "maintainerr", "tautulli", "sonarr", "radarr", "sonarr-4k", "radarr-4k", "lidarr"}
RADARR_USERS = {"seerr", "maintainerr", "prowlarr", "bazarr", "unpackerr", "recyclarr"}


class Asker:
    """The apps of the lab, each asked at its own API."""

    def __init__(self, lab):
        self.lab = lab
        self.port = ARRS["radarr"][0]

    # -- the way to the apps

    def seerr(self, method, path, body=None):
        return requests.request(method, "http://{0}:5055/api/v1/{1}".format(ADDRESS[DOCKER], path), json=body, timeout=60,
                                headers={"X-Api-Key": self.lab.secrets(DOCKER)["seerr.api_key"]})

    def maintainerr(self, method, path, body=None):
        """Its port is not for others than its own host."""
        curl = "docker exec -i maintainerr curl -sS -m 60 -X {0} -H 'Content-Type: application/json' {1} http://127.0.0.1:6246/api/{2}".format(
            method, "-d @-" if body else "", path)
        return json.loads(self.lab.sh(DOCKER, "{0} <<'END'\n{1}\nEND".format(curl, json.dumps(body))))

    def tautulli(self, command):
        answer = requests.get("http://{0}:8181/api/v2".format(ADDRESS[DOCKER]), timeout=30,
                              params={"apikey": self.lab.secrets(DOCKER)["tautulli.api_key"], "cmd": command})
        assert answer.status_code == 200, answer.text
        return answer.json()["response"]["data"]

    def arr(self, instance, method, path, body=None, key=None):
        port, base, version, secret = ARRS[instance]
        port = self.port if instance == "radarr" else port
        return requests.request(method, "http://{0}:{1}{2}/api/{3}/{4}".format(ADDRESS[MEDIA], port, base, version, path), json=body, timeout=60,
                                headers={"X-Api-Key": key or self.lab.secrets()[secret]})

    def bazarr(self):
        return requests.get("http://{0}:6767/api/system/status".format(ADDRESS[MEDIA]), timeout=30,
                            headers={"X-API-KEY": self.lab.secrets()["bazarr.api_key"]}).json()["data"]

    def unpackerr(self):
        """Name of a counter and address of a Radarr, to its value."""
        found = self.lab.sh(MEDIA, "docker exec unpackerr wget -qO- http://127.0.0.1:5656/metrics")
        return {(name, url): int(value) for name, url, value in re.findall(r'^unpackerr_app_(\w+)\{app="Radarr",url="([^"]+)"\} (\d+)$', found, re.M)}

    # -- who gets through

    def plex(self):
        """App to whether it gets through to Plex, with the token that it has."""
        found = {"seerr": self.seerr("GET", "settings/plex/users").status_code == 200,
                 # What Plex answered it tells for minutes; whether plex.tv takes its token it asks.
                 "maintainerr": self.maintainerr("GET", "settings/test/plex/auth")["code"] == 1 and bool(self._listed(
                     self.maintainerr("GET", "media-server/users"))),
                 "tautulli": self.tautulli("server_status")["connected"] is True}
        for instance in PLEX_USERS - set(found):
            rows = [row for row in self.arr(instance, "GET", "notification").json() if row["implementation"] == "PlexServer"]
            found[instance] = len(rows) == 1 and self.arr(instance, "POST", "notification/test", rows[0]).status_code == 200
        assert set(found) == PLEX_USERS
        return found

    def radarr(self, without=()):
        """App to whether it gets through to the Radarr for HD, with the key and at the address that it has."""
        return {name: getattr(self, "_" + name)() for name in RADARR_USERS - set(without)}

    def seerr_server(self, kind="radarr"):
        return next(row for row in self.seerr("GET", "settings/" + kind).json() if not row["is4k"])

    def maintainerr_server(self, kind="radarr"):
        return next(row for row in self.maintainerr("GET", "settings/" + kind) if row["serverName"] == kind.capitalize())

    @staticmethod
    def _listed(answer):
        return answer if isinstance(answer, list) else []

    def _seerr(self):
        # What it was told in the last hour, it does not ask again.
        self.seerr("POST", "settings/cache/radarr/flush")
        row = self.seerr_server()
        answer = self.seerr("POST", "settings/radarr/test", {key: row[key] for key in ("hostname", "port", "apiKey", "useSsl", "baseUrl") if key in row})
        return answer.status_code == 200 and bool(answer.json()["profiles"])

    def _maintainerr(self):
        row = self.maintainerr_server()
        return self.maintainerr("POST", "settings/test/radarr", {key: row[key] for key in ("serverName", "url", "apiKey")})["code"] == 1

    def _bazarr(self):
        return self.bazarr()["radarr_version"] == self.arr("radarr", "GET", "system/status").json()["version"]

    def _prowlarr(self):
        row = next(row for row in self.arr("prowlarr", "GET", "applications").json() if row["name"] == "Radarr")
        return self.arr("prowlarr", "POST", "applications/test", row).status_code == 200

    def _unpackerr(self):
        """It asks every 15 seconds, since the tests' inventories say so; an error before Radarr was up does not count."""
        before, end = self.unpackerr(), time.monotonic() + 45
        while time.monotonic() < end:
            time.sleep(1)
            now = self.unpackerr()
            grown = {name: sum(value for (key, url), value in now.items() if key == name and not url.endswith("-4k"))
                     - sum(value for (key, url), value in before.items() if key == name and not url.endswith("-4k"))
                     for name in ("queue_fetch_total", "queue_fetch_errors_total")}
            if grown["queue_fetch_total"] > 0:
                return grown["queue_fetch_errors_total"] == 0
        return False

    def _recyclarr(self):
        said = self.lab.sh(MEDIA, "docker exec recyclarr recyclarr sync -i radarr -p && echo done with it", check=False)
        return "done with it" in said and "[ERR]" not in said


@pytest.fixture
def ask(deployed):
    return Asker(deployed)


def everybody(names):
    return dict.fromkeys(names, True)


def inventory(lab, change):
    """The lab's inventory with a change, and with an Unpackerr that asks more often than every two minutes."""
    def both(variables):
        variables[MEDIA]["media_services"]["unpackerr"] = {"settings": {"interval": "15s"}}
        change(variables)

    return lab.inventory(both)


def repaired(lab, where, *hidden):
    """One run, and a second one that changes nothing."""
    run = lab.site("--diff", inventory=where)
    assert run.code == 0 and "Left to do" not in run.output, run.output[-6000:]
    assert not [value for value in hidden if value in run.output]
    before, writes = lab.look(), lab.writes()
    again = lab.site(inventory=where)
    assert again.code == 0 and again.total("changed") == 0, again.output[-4000:]
    assert lab.look() == before and lab.writes() == writes
    return run


def give_up(lab, old, new):
    """At plex.tv the account gets another token, and the old one is not taken any more."""
    path = "/var/lib/homelab-media-configs/plex/plextv.json"
    lab.sh(MEDIA, "docker stop plex >/dev/null && grep -q '\"{0}\"' {2} && sed -i 's/\"{0}\"/\"{1}\"/g' {2} && docker start plex >/dev/null".format(
        old, new, path))
    end = time.monotonic() + 60
    while True:
        try:
            if requests.get("http://{0}:32400/identity".format(ADDRESS[MEDIA]), timeout=5).status_code == 200:
                return
        except requests.RequestException:
            pass
        assert time.monotonic() < end, "Plex does not come back"
        time.sleep(0.5)


def test_a_new_plex_token(deployed, ask):
    def rotate(variables):
        variables[MEDIA]["media_services"]["plex"]["secrets"]["token"] = NEW_TOKEN

    assert ask.plex() == everybody(PLEX_USERS)
    give_up(deployed, TOKEN, NEW_TOKEN)
    try:
        assert ask.plex() == dict.fromkeys(PLEX_USERS, False), "nobody gets through with the old one"
        repaired(deployed, inventory(deployed, rotate), NEW_TOKEN, TOKEN)
        assert ask.plex() == everybody(PLEX_USERS)
    finally:
        give_up(deployed, NEW_TOKEN, TOKEN)
        run = deployed.site()
    assert run.code == 0, run.output[-4000:]
    assert ask.plex() == everybody(PLEX_USERS)


def test_a_new_key_of_a_radarr(deployed, ask):
    def rotate(variables):
        variables[MEDIA]["media_services"]["radarr"]["secrets"] = {"api_key": NEW_KEY}

    old = deployed.secrets()["radarr.api_key"]
    assert old != NEW_KEY
    before = deployed.containers()
    repaired(deployed, inventory(deployed, rotate), NEW_KEY, old)
    assert ask.radarr() == everybody(RADARR_USERS)
    assert ask.seerr_server()["apiKey"] == ask.maintainerr_server()["apiKey"] == NEW_KEY
    assert ask.arr("radarr", "GET", "system/status", key=old).status_code == 401
    # Who has it in the environment or reads it when it starts, and nobody else, is started anew.
    after = deployed.containers()
    assert {name for name in after if after[name] != before.get(name)} == {"radarr", "unpackerr", "cross-seed"}


def test_a_new_port_of_a_radarr(deployed, ask):
    def move(variables):
        variables[MEDIA]["media_services"]["radarr"]["port"] = NEW_PORT

    run = repaired(deployed, inventory(deployed, move))
    assert "http://{0}:{1}".format(ADDRESS[MEDIA], NEW_PORT) in run.output
    ask.port = NEW_PORT
    assert ask.radarr() == everybody(RADARR_USERS)
    assert ask.plex() == everybody(PLEX_USERS)
    assert ask.seerr_server()["port"] == NEW_PORT
    assert ask.maintainerr_server()["url"] == "http://{0}:{1}".format(ADDRESS[MEDIA], NEW_PORT)
    with pytest.raises(requests.ConnectionError):
        requests.get("http://{0}:{1}/ping".format(ADDRESS[MEDIA], ARRS["radarr"][0]), timeout=5)
    repaired(deployed, inventory(deployed, lambda variables: None))
    ask.port = ARRS["radarr"][0]
    assert ask.radarr() == everybody(RADARR_USERS)


def test_a_new_address_of_the_host(deployed, ask):
    def move(variables):
        variables[MEDIA]["media_address"] = NEW_ADDRESS

    # To the apps on the other host, its *arr apps and Plex are not at the old address any more.
    ports = ",".join(str(port) for port, _base, _version, _key in ARRS.values())
    wall = "DOCKER-USER -d {0} -p tcp -m multiport --dports {1} -j REJECT --reject-with tcp-reset".format(ADDRESS[MEDIA], ports)
    deployed.sh(MEDIA, "ip addr add {0}/24 dev eth0".format(NEW_ADDRESS))
    deployed.sh(DOCKER, "iptables -I " + wall)
    try:
        seen = ask.radarr()
        assert (seen["seerr"], seen["maintainerr"]) == (False, False)
        repaired(deployed, inventory(deployed, move))
        assert ask.radarr() == everybody(RADARR_USERS)
        assert ask.plex() == everybody(PLEX_USERS)
        for kind in ("radarr", "sonarr"):
            assert ask.seerr_server(kind)["hostname"] == NEW_ADDRESS
            assert ask.maintainerr_server(kind)["url"] == "http://{0}:{1}".format(NEW_ADDRESS, ARRS[kind][0])
        assert ask.seerr("GET", "settings/plex").json()["ip"] == NEW_ADDRESS
        assert ask.maintainerr("GET", "settings")["plex_hostname"] == NEW_ADDRESS
        assert ask.tautulli("get_server_info")["pms_ip"] == NEW_ADDRESS
    finally:
        deployed.sh(DOCKER, "iptables -D " + wall)
        run = deployed.site()
        deployed.sh(MEDIA, "ip addr del {0}/24 dev eth0".format(NEW_ADDRESS))
    assert run.code == 0, run.output[-4000:]
    # Unpackerr asks every two minutes again.
    assert ask.radarr({"unpackerr"}) == everybody(RADARR_USERS - {"unpackerr"})
    assert ask.plex() == everybody(PLEX_USERS)


def test_without_a_plex_token_all_else_is_wired_and_one_line_says_what_it_would_add(deployed, ask):
    def without(variables):
        del variables[MEDIA]["media_services"]["plex"]["secrets"]

    deployed.command("clean")
    where = inventory(deployed, without)
    run = repaired(deployed, where)
    said = [line for line in run.output.splitlines() if "token" in line.lower() and "plex" in line.lower()]
    assert len(said) == 1, said
    for name in ("Plex's libraries", "Seerr", "Maintainerr", "Tautulli", "Sonarr", "Radarr", "Lidarr"):
        assert name in said[0], said[0]
    # Seerr has nobody whom its key could act for.
    assert ask.radarr({"seerr"}) == everybody(RADARR_USERS - {"seerr"})
    for instance in ("sonarr", "radarr", "sonarr-4k", "radarr-4k", "lidarr"):
        assert len(ask.arr(instance, "GET", "downloadclient").json()) == 4
        assert [row["implementation"] for row in ask.arr(instance, "GET", "notification").json() if row["implementation"] == "PlexServer"] == []
    # With one, all of it comes.
    repaired(deployed, inventory(deployed, lambda variables: None))
    assert ask.plex() == everybody(PLEX_USERS)
    assert ask.radarr() == everybody(RADARR_USERS)
    assert deployed.site().code == 0
