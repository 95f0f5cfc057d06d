# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler on a host: after whatever happens to gateway and qBittorrent, nobody has to run anything."""
from __future__ import annotations

import random
import time

import pytest
import requests
from conftest import ADDRESS, MEDIA
from gateway_host import PROJECT, UNIT, GatewayHost, torrent, until

# Behind the gateway, with the ports that they are reached by from outside. Written by hand from the inventory.
DEPENDENTS = {"qbittorrent": 8080, "sabnzbd": 8085, "prowlarr": 9696, "sonarr": 8989, "radarr": 7878, "bazarr": 6767}
# Seconds within which the port has to be right after qBittorrent answers again, and until everything is reached again after the gateway is.
PROMISE, REPAIR = 10, 45
# The integration tests show the same without the lab.
pytestmark = pytest.mark.soak


class Host(GatewayHost):
    """The host with the gateway, and what tells of the reconciler."""

    def port(self):
        """What qBittorrent listens on; none while it does not answer."""
        return self.preferences().get("listen_port")

    def change(self, port):
        self.provider("/port", port=port)

    @staticmethod
    def reached(names=tuple(DEPENDENTS)):
        """Whether all dependents answer from outside; through a namespace that is gone, a connection is taken and reset."""
        for name in names:
            try:
                requests.get("http://{0}:{1}".format(ADDRESS[MEDIA], DEPENDENTS[name]), timeout=3, allow_redirects=False)
            except requests.exceptions.RequestException:
                return False
        return True

    def journal(self):
        return self.sh("journalctl -u {0} -o cat --no-pager".format(UNIT))

    def pid(self):
        return self.sh("systemctl show -p MainPID --value " + UNIT).strip()


@pytest.fixture(scope="module")
def host(deployed):
    """A deployed host whose gateway is up and whose reconciler runs."""
    found = Host(deployed)
    found.ensure()
    found.change(40001)
    found.healthy(120)
    until(lambda: found.reached() and found.port() == 40001, 120)
    yield found
    found.change(40001)


def test_it_runs_hardened_and_starts_with_the_host(host):
    assert host.sh("systemctl is-active {0}; systemctl is-enabled {0}".format(UNIT)).split() == ["active", "enabled"]
    seen = dict(line.split("=", 1) for line in host.sh(
        "systemctl show {0} -p ProtectSystem -p NoNewPrivileges -p CapabilityBoundingSet -p Restart".format(UNIT)).split())
    assert seen == {"ProtectSystem": "strict", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "cap_dac_read_search", "Restart": "always"}
    assert host.sh("stat -c '%U %a' /var/lib/homelab-media/reconciler.json").split() == ["root", "600"]


@pytest.mark.parametrize("script", [
    "docker restart -t 3 qbittorrent", "docker kill qbittorrent; docker start qbittorrent",
    "cd {0} && docker compose up -d --no-deps --force-recreate qbittorrent".format(PROJECT)], ids=["restarted", "killed", "made anew"])
def test_qbittorrent_has_the_port_again(host, script):
    host.change(40002)
    until(lambda: host.forwarded() == 40002, 30)
    host.sh(script)
    until(lambda: host.port() is not None, 60)
    print("seconds:", until(lambda: host.port() == 40002, PROMISE))


def test_qbittorrent_gets_a_port_that_came_while_it_was_down(host):
    host.sh("docker stop -t 3 qbittorrent")
    host.change(40003)
    # The gateway's own command waits a minute for qBittorrent before it gives up, and the next port waits for that.
    until(lambda: host.forwarded() == 40003, 120)
    host.sh("docker start qbittorrent")
    until(lambda: host.port() is not None, 60)
    print("seconds:", until(lambda: host.port() == 40003, PROMISE))


def test_twenty_changes_with_restarts_at_random_moments(host):
    """Right within ten seconds of the gateway having it and qBittorrent answering; and somebody outside connects to it."""
    dice, took, met = random.Random(4711), [], []
    info_hash = host.add(torrent())[0]
    for port in range(40100, 40120):
        host.change(port)
        if dice.random() < 0.6:
            time.sleep(dice.random() * 6)
            host.sh("docker restart -t 2 qbittorrent")
        until(lambda port=port: host.forwarded() == port, 60)
        until(lambda: host.port() is not None, 60)
        took.append(until(lambda port=port: host.port() == port, PROMISE))
        met.append(until(lambda port=port: host.provider("/connect", port=port, info_hash=info_hash)["handshake"], PROMISE))
    host.remove(info_hash)
    print("seconds until the port is right: {0}; from there until a peer connects: {1}".format(
        *([round(one, 1) for one in times] for times in (took, met))))


@pytest.mark.parametrize("script, seconds", [
    ("docker restart -t 3 gluetun", REPAIR), ("docker kill gluetun; docker start gluetun", REPAIR),
    ("cd {0} && docker compose up -d --no-deps --force-recreate gluetun".format(PROJECT), REPAIR),
    ("cd {0} && docker compose up -d --force-recreate gluetun && docker compose up -d".format(PROJECT), REPAIR), ("systemctl restart docker", 120)],
    ids=["restarted", "killed", "made anew", "made anew by a user who goes on", "Engine restarted"])
def test_dependents_are_reached_again_and_what_was_stopped_is_not(host, script, seconds):
    port = random.Random(script).randrange(41000, 42000)
    host.change(port)
    # Compose would start it itself.
    stays = "docker compose up -d" not in script.rpartition("&&")[2] or "--no-deps" in script
    if stays:
        host.sh("docker stop -t 3 bazarr")
    host.sh(script)
    host.healthy(120)
    names = [name for name in DEPENDENTS if name != "bazarr" or not stays]
    print("seconds:", until(lambda: host.reached(names), seconds))
    until(lambda: host.port() is not None, 60)
    print("seconds:", until(lambda: host.port() == port, PROMISE + 20))
    if stays:
        assert host.sh("docker inspect -f '{{.State.Status}}' bazarr").strip() == "exited"
        # With a gateway that was made anew meanwhile, Docker cannot; the reconciler can.
        host.sh("docker start bazarr", check=False)
        until(host.reached, 60)


def test_a_gateway_that_got_no_port_is_connected_anew(host):
    host.change(40200)
    host.provider("/natpmp", enabled=False)
    try:
        host.sh("docker restart -t 3 gluetun")
        host.healthy(120)
        until(host.reached, REPAIR)
        assert host.forwarded() == 0
    finally:
        host.provider("/natpmp", enabled=True)
    started = host.sh("docker inspect -f '{{.State.StartedAt}}' gluetun sonarr")
    # Two minutes of patience.
    print("seconds:", until(lambda: host.port() == 40200, 180))
    assert host.sh("docker inspect -f '{{.State.StartedAt}}' gluetun sonarr") == started, "its tunnel is another one, and nothing else"
    assert "connected gluetun anew: it had no forwarded port for 12" in host.journal()


def test_it_tells_what_it_did_and_no_secret(host):
    journal = host.journal()
    assert "qbittorrent listens on 40119 of tun0 now, the port that gluetun forwards; it was " in journal
    assert "restarted sonarr: gluetun was restarted, its network namespace is a new one" in journal
    assert "made sonarr anew: it is not in the network namespace of gluetun" in journal
    assert "internal error" not in journal and "Traceback" not in journal
    values = [value for name, value in host.lab.secrets().items() if not name.endswith("username")]
    assert values and not [value for value in values if value in journal]


def test_a_run_that_was_killed_before_it_was_started_anew_is_made_up_for(host):
    before = host.pid()
    run = host.lab.site("--limit", MEDIA)
    assert run.code == 0 and run.total("changed") == 0, run.output[-3000:]
    assert host.pid() == before
    # The files are newer than the program that runs.
    host.sh("sleep 1; touch /usr/local/lib/homelab-media/stack.py")
    assert host.lab.site("--limit", MEDIA).code == 0
    after = host.pid()
    assert after not in (before, "0")
    host.sh("systemctl disable --now " + UNIT)
    assert host.lab.site("--limit", MEDIA).code == 0
    assert host.sh("systemctl is-active {0}; systemctl is-enabled {0}".format(UNIT)).split() == ["active", "enabled"]
    run = host.lab.site("--limit", MEDIA)
    assert run.code == 0 and run.total("changed") == 0, run.output[-3000:]


def test_without_a_gateway_it_is_gone(host):
    def open_everything(variables):
        services = variables[MEDIA]["media_services"]
        services["gluetun"]["state"] = "absent"
        # The lab's indexer is in the internet behind the provider, where nobody comes without a gateway.
        services["prowlarr"] = {}
        for service in services.values():
            service.pop("via", None)

    for indexer in host.lab.api("prowlarr", "indexer"):
        host.lab.api("prowlarr", "indexer/{0}".format(indexer["id"]), "DELETE")
    run = host.lab.site("--limit", MEDIA, inventory=host.lab.inventory(open_everything))
    assert run.code == 0, run.output[-3000:]
    assert host.sh("ls /usr/local/lib/homelab-media /var/lib/homelab-media/reconciler.json /etc/systemd/system/{0}.service 2>/dev/null".format(UNIT),
                   check=False) == ""
    assert host.sh("systemctl is-active " + UNIT, check=False).strip() == "inactive"
    again = host.lab.site("--limit", MEDIA, inventory=host.lab.inventory(open_everything))
    assert again.code == 0 and again.total("changed") == 0, again.output[-3000:]
    run = host.lab.site("--limit", MEDIA)
    assert run.code == 0, run.output[-3000:]
    host.healthy(120)
    until(host.reached, 120)
