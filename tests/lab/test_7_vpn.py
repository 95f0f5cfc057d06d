# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPN: what leaves the host while torrents run is inside the tunnel, whatever happens to the gateway; and the forwarded port arrives.

A capture on every interface of the host, its bridges included, judges. What lies behind the lab's provider (198.51.100.0/24) is reached by dependents
of the gateway only, so one packet to or from there outside of the tunnel is a leak; so is everything else that the gateway's namespace sends
anywhere but to its bridge and the LAN, and every question to a name server there.
"""
from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import re
import time

import pytest
import requests
from conftest import ADDRESS, MEDIA

PROVIDER = ADDRESS[MEDIA].rpartition(".")[0] + ".3"
LAN = ipaddress.ip_network(ADDRESS[MEDIA].rpartition(".")[0] + ".0/24")
INTERNET = ipaddress.ip_network("198.51.100.0/24")
WEB = "198.51.100.10"
PROJECT = "/opt/homelab-media/homelab-torrent"
TALKERS = ("qbittorrent", "sonarr")
CAPTURE = r'''
import collections, ipaddress, json, os, socket, struct, time
handle = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
handle.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)      # SO_RCVBUFFORCE
handle.settimeout(0.2)
seen, drops, written = collections.Counter(), 0, 0
while os.path.exists("/run/capture.on"):
    try:
        data, (interface, protocol, *_rest) = handle.recvfrom(128)
        if protocol == 0x0800:
            head, kind = (data[0] & 15) * 4, data[9]
            port = struct.unpack("!H", data[head + 2:head + 4])[0] if kind in (6, 17) else 0
            # Of ports only those that mean something; the others are too many to count.
            port = port if port in (53, 51820) else 0
            if interface != "lo":
                seen["%s %s %s %d %d" % (interface[:3], socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20]), kind, port)] += 1
        elif protocol == 0x86DD and interface != "lo":
            seen["%s %s %s 41 0" % (interface[:3], ipaddress.ip_address(data[8:24]), ipaddress.ip_address(data[24:40]))] += 1
    except TimeoutError:
        pass
    if time.monotonic() - written > 0.5:
        drops += struct.unpack("II", handle.getsockopt(263, 6, 8))[1]
        with open("/run/capture.new", "w") as stream:
            json.dump({"seen": seen, "drops": drops}, stream)
        os.replace("/run/capture.new", "/run/capture.json")
        written = time.monotonic()
'''
# What a dependent tries, again and again: web, names, UDP, IPv6, and all of it from the address of the bridge too, as a wrong setting would.
TALK = """
own=$(ip -4 -o addr show eth0 2>/dev/null | sed 's/.*inet \\([0-9.]*\\).*/\\1/')
end=$(($(date +%s) + {seconds})); while [ $(date +%s) -lt $end ]; do
  curl -s -o /dev/null -m 1 http://{web}/talk
  curl -s -o /dev/null -m 1 http://ip.example.com/talk
  [ -z "$own" ] || curl -s -o /dev/null -m 1 --interface $own http://{web}/talk
  echo x | nc -u -w 1 {web} 9
  ip link show eth0 >/dev/null 2>&1 && curl -s -o /dev/null -m 1 --interface eth0 http://{web}/talk
  curl -s -o /dev/null -m 1 -g 'http://[2001:db8::1]/talk'
done
"""


class Vpn:
    """The gateway on the host, the provider at the other end, and the capture between them."""

    def __init__(self, lab):
        self.lab, self.addresses = lab, set()

    def sh(self, script, check=True):
        return self.lab.sh(MEDIA, script, check)

    def provider(self, path, **body):
        method = {"/connect": "POST", "/state": "GET", "/seen": "GET"}.get(path, "PUT")
        answer = requests.request(method, "http://{0}:8080{1}".format(PROVIDER, path), json=body if method != "GET" else None, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def healthy(self, seconds=60):
        until(lambda: self.sh("docker inspect -f '{{.State.Health.Status}}' gluetun", check=False).strip() == "healthy"
              and not self.sh("docker exec gluetun /gluetun-entrypoint healthcheck", check=False).strip(), seconds)
        self.remember()

    def remember(self):
        found = self.sh("docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' gluetun", check=False).split()
        self.addresses.update(one for one in found if one.count(".") == 3)

    def public_ip(self, container="sonarr"):
        return self.sh("docker exec {0} curl -s -m 5 http://{1}/".format(container, WEB), check=False).strip()

    def talk(self, seconds):
        """Let dependents talk for that long, as they are: what they run does not end when their network breaks."""
        self.remember()
        script = base64.b64encode(TALK.format(seconds=seconds, web=WEB).encode()).decode()
        for name in TALKERS:
            self.sh("docker exec -d {0} sh -c 'echo {1} | base64 -d | sh'".format(name, script), check=False)

    def capture(self):
        """What was captured so far: ``(interface, source, target, protocol, port) -> packets``."""
        time.sleep(1.2)
        found = json.loads(self.sh("cat /run/capture.json"))
        assert found["drops"] == 0, "the capture lost packets and proves nothing"
        return {tuple(key.split()): count for key, count in found["seen"].items()}

    def leaks(self):
        bridge = ipaddress.ip_network(self.sh("docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' homelab_media_network").strip())
        found = {}
        for key, count in self.capture().items():
            _interface, source, target, _protocol, port = key
            ends = [ipaddress.ip_address(one) for one in (source, target)]
            if ends[0].version == 6:
                leak = any(one in ipaddress.ip_network("2001:db8::/32") for one in ends)
            else:
                own = source in self.addresses and not ends[1].is_multicast
                leak = any(one in INTERNET for one in ends) or own and (ends[1] not in bridge and (ends[1] not in LAN or port == "53"))
            if leak:
                found[key] = count
        return found

    def inside(self):
        """Packets of the tunnel that the capture saw leave: proof that it sees."""
        return sum(count for (_interface, _source, target, protocol, port), count in self.capture().items()
                   if (target, protocol, port) == (PROVIDER, "17", "51820"))

    def dropped(self):
        """Packets that the gateway's firewall did not let out."""
        return int(re.search(r"policy DROP (\d+) packets", self.sh("docker exec gluetun iptables -nvxL OUTPUT")).group(1))

    def qbittorrent(self, path, *options):
        return self.sh("docker exec qbittorrent curl -s -m 10 {0} http://127.0.0.1:8080/api/v2/{1}".format(" ".join(options), path))

    def rejoin(self):
        """Dependents follow a gateway that was started or made anew: the reconciler sees to that."""
        self.healthy()
        until(lambda: all(self.public_ip(name) == "203.0.113.7" for name in TALKERS), 60)


def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not within {0} s".format(seconds)
        time.sleep(0.3)


def torrent():
    """A torrent of the lab's tracker, and its hash."""
    info = b"d6:lengthi65536e4:name8:leaktest12:piece lengthi16384e6:pieces80:" + hashlib.sha512(b"leak").digest() + bytes(16) + b"e"
    announce = "http://{0}:6969/announce".format(WEB).encode()
    return b"d8:announce%d:%s4:info%se" % (len(announce), announce, info), hashlib.sha1(info).hexdigest()


@pytest.fixture(scope="module")
def vpn(deployed):
    """A deployed host that talks through the tunnel, with a torrent that runs, and a capture; everything as it was afterwards."""
    run = deployed.site()
    assert run.code == 0, run.output[-3000:]
    found = Vpn(deployed)
    found.provider("/tunnel", up=True)
    found.provider("/port", port=40001)
    found.healthy()
    content, found.info_hash = torrent()
    found.sh("echo {0} | base64 -d | docker exec -i qbittorrent sh -c 'cat > /tmp/leaktest.torrent'".format(base64.b64encode(content).decode()))
    assert found.qbittorrent("torrents/add", "-F", "torrents=@/tmp/leaktest.torrent") == "Ok."
    found.sh("touch /run/capture.on; echo {0} | base64 -d > /run/capture.py; rm -f /run/capture.json; "
             "setsid python3 /run/capture.py >/run/capture.log 2>&1 </dev/null &".format(base64.b64encode(CAPTURE.encode()).decode()))
    until(lambda: found.sh("cat /run/capture.json", check=False).startswith("{"), 15)
    yield found
    found.sh("rm -f /run/capture.on")
    found.provider("/tunnel", up=True)
    found.provider("/port", port=40001)
    found.sh("cd {0} && docker compose up -d --force-recreate".format(PROJECT))
    found.healthy()
    found.qbittorrent("torrents/delete", "-d", "'hashes={0}&deleteFiles=true'".format(found.info_hash))
    assert deployed.site().code == 0


def test_dependents_have_the_address_of_the_provider_and_names_from_both_sides(vpn):
    assert vpn.public_ip() == vpn.public_ip("qbittorrent") == vpn.provider("/state")["public_ip"]
    assert vpn.sh("docker exec sonarr getent hosts nzbget").split()[1] == "nzbget"
    assert vpn.sh("docker exec sonarr getent hosts ip.example.com").split()[0] == WEB
    assert vpn.sh("docker exec sonarr getent ahostsv4 private.example.com", check=False) == ""


def test_the_forwarded_port_arrives_and_so_does_another_one(vpn):
    def listens():
        return json.loads(vpn.qbittorrent("app/preferences"))["listen_port"]

    for port in (40001, 40002):
        vpn.provider("/port", port=port)
        until(lambda port=port: listens() == port, 30)
        assert vpn.sh("docker exec gluetun cat /tmp/gluetun/forwarded_port") == str(port)
        until(lambda: vpn.provider("/connect", info_hash=vpn.info_hash)["handshake"], 30)
    assert not vpn.provider("/connect", port=40001)["open"], "the port before is closed"
    seen = [entry for entry in vpn.provider("/seen") if entry["kind"] in ("announce", "peer") and entry["info_hash"] == vpn.info_hash]
    assert seen and {entry["source"] for entry in seen} == {vpn.provider("/state")["public_ip"]}


def tunnel_up(vpn):
    before = vpn.dropped()
    vpn.talk(8)
    time.sleep(9)
    assert vpn.public_ip() == "203.0.113.7"
    assert vpn.dropped() > before, "nobody tried to get past the tunnel"


def server_gone(vpn):
    vpn.talk(25)
    vpn.provider("/tunnel", up=False)
    try:
        time.sleep(10)
        assert vpn.public_ip() == ""
    finally:
        vpn.provider("/tunnel", up=True)
    until(lambda: vpn.public_ip() == "203.0.113.7", 40)


def tunnel_restarted(vpn):
    """The device goes and comes back in the same namespace, as after a failed health check."""
    vpn.talk(20)
    before = vpn.sh("docker inspect -f '{{.State.StartedAt}}' gluetun")
    vpn.sh("docker exec gluetun pkill wireguard-go")
    until(lambda: vpn.public_ip() == "203.0.113.7", 40)
    assert vpn.sh("docker inspect -f '{{.State.StartedAt}}' gluetun") == before


def gateway_stopped(vpn):
    vpn.talk(15)
    vpn.sh("docker stop -t 5 gluetun")
    time.sleep(8)
    assert vpn.public_ip() == ""
    vpn.sh("docker start gluetun")
    vpn.rejoin()


def gateway_killed(vpn):
    vpn.talk(15)
    vpn.sh("docker kill gluetun; sleep 1; docker start gluetun")
    vpn.rejoin()


def gateway_restarted(vpn):
    vpn.talk(15)
    vpn.sh("docker restart -t 5 gluetun")
    vpn.rejoin()


def gateway_recreated(vpn):
    vpn.talk(15)
    vpn.sh("cd {0} && docker compose up -d --force-recreate gluetun".format(PROJECT))
    vpn.remember()
    vpn.talk(5)
    vpn.rejoin()


def firewall_reloaded(vpn):
    """The host's own firewall is emptied and filled again while everything runs."""
    vpn.talk(10)
    vpn.sh("iptables-save > /run/rules && iptables -P FORWARD ACCEPT && iptables -F && iptables -t nat -F; sleep 3; iptables-restore < /run/rules")
    time.sleep(8)


def engine_restarted(vpn):
    """All containers start at once, in any order; some that share the namespace may not come up by themselves, so that the
    reconciler starts them. The torrent runs on."""
    vpn.sh("systemctl restart docker")
    vpn.healthy(120)
    vpn.rejoin()


EVENTS = [tunnel_up, server_gone, gateway_recreated] + [pytest.param(event, marks=pytest.mark.soak) for event in (
    tunnel_restarted, gateway_stopped, gateway_killed, gateway_restarted, firewall_reloaded, engine_restarted)]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_nothing_leaves_outside_of_the_tunnel(vpn, event):
    before = vpn.inside()
    event(vpn)
    assert vpn.leaks() == {}
    until(lambda: vpn.public_ip() == "203.0.113.7", 40)
    assert vpn.inside() > before, "nothing was captured at all"


def test_the_capture_sees_a_leak(vpn):
    """Last, with a firewall that is open and no tunnel: what was zero above is not zero for want of looking."""
    assert vpn.leaks() == {}
    vpn.sh("docker exec gluetun sh -c 'iptables -P OUTPUT ACCEPT; ip rule del priority 101'")
    vpn.talk(5)
    time.sleep(6)
    found = vpn.leaks()
    assert any(key[2] == WEB and key[0] == "br-" for key in found), "on the bridge"
    assert any(key[2] == WEB and key[0] == "eth" for key in found), "and on the way out"
