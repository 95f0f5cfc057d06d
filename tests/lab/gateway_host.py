# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with a VPN gateway as the tests see it: a capture on all of its interfaces, the judge of what was captured, talkers, and breaks by hand.

What lies behind the lab's provider (198.51.100.0/24) is reached by dependents of the gateway only, so one packet to or from there outside of the tunnel
is a leak; so is everything else between an address of the gateway or of a dependent and anybody but its bridge and the LAN, every question to a name
server there, and every packet to the documentation network of IPv6.
"""
from __future__ import annotations

import base64
import collections
import contextlib
import hashlib
import ipaddress
import json
import re
import subprocess
import time

import requests
import yaml
from conftest import ADDRESS, DEPENDENTS, MEDIA
from standins import seeder, torrents

PROVIDER = ADDRESS[MEDIA].rpartition(".")[0] + ".3"
LAN = ipaddress.ip_network(ADDRESS[MEDIA].rpartition(".")[0] + ".0/24")
INTERNET, INTERNET6 = ipaddress.ip_network("198.51.100.0/24"), ipaddress.ip_network("2001:db8::/32")
WEB, SEEDER, PUBLIC = "198.51.100.10", "198.51.100.20", "203.0.113.7"
# Somebody who knows the host's address and is neither behind the provider nor in the LAN.
OUTSIDER = "192.0.2.66"
# Of ports only these are told apart: names, the tunnel, a torrent's tracker and its peer.
DNS, TUNNEL, TRACKER, PEER = 53, 51820, 6969, 6881
PROJECT = "/opt/homelab-media/homelab-torrent"
UNIT = "homelab-media-reconciler"
ANNOUNCE = "http://{0}:{1}/announce".format(WEB, TRACKER)
TALKERS = ("qbittorrent", "sonarr")
# What runs: so many torrents at so many bytes a second each, all in all about a thousand packets a second for as long as most events take.
RUNNING, RATE = 3, 300_000
CAPTURE = r'''
import collections, ipaddress, json, os, signal, socket, struct, time
FILE, PORTS = "/root/capture.json", (53, 51820, 6969, 6881)
handle = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
handle.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)      # SO_RCVBUFFORCE
handle.settimeout(0.1)
seen, drops, written, over = collections.Counter(), 0, 0, []
signal.signal(signal.SIGTERM, lambda *_arguments: over.append(1))
if os.path.exists(FILE):                                # the host was started anew: it goes on
    known = json.load(open(FILE))
    seen.update(known["seen"])
    drops = known["drops"]
if os.environ.get("NOTIFY_SOCKET"):
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while not over:
    try:
        data, (interface, protocol, *_rest) = handle.recvfrom(128)
        if protocol == 0x0800 and interface != "lo":
            head, kind = (data[0] & 15) * 4, data[9]
            port = struct.unpack("!H", data[head + 2:head + 4])[0] if kind in (6, 17) else 0
            port = port if port in PORTS else 0
            # Between virtual devices many packets of a stream go as one, of up to 64 KiB.
            count = -(-struct.unpack("!H", data[2:4])[0] // 1500)
            seen["%s %s %s %d %d" % (interface[:3], socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20]), kind, port)] += max(1, count)
        elif protocol == 0x86DD and interface != "lo":
            seen["%s %s %s 41 0" % (interface[:3], ipaddress.ip_address(data[8:24]), ipaddress.ip_address(data[24:40]))] += 1
    except TimeoutError:
        pass
    if over or time.monotonic() - written > 0.3:
        drops += struct.unpack("II", handle.getsockopt(263, 6, 8))[1]
        with open(FILE + ".new", "w") as stream:
            json.dump({"seen": seen, "drops": drops}, stream)
        os.replace(FILE + ".new", FILE)
        written = time.monotonic()
'''
# Before Docker, so that nothing of a start goes unseen; and Docker finds what lab.py makes writable only when the host is up.
CAPTURE_UNIT = """[Unit]
Before=docker.service
[Service]
Type=notify
ExecStartPre=/bin/mount -o remount,rw /proc/sys
ExecStart=/usr/bin/python3 /root/capture.py
[Install]
WantedBy=multi-user.target
"""
# What a dependent tries, again and again: web, names, UDP, IPv6, and all of it from the address of the bridge too, as a wrong setting would.
TALK = """
own=$(ip -4 -o addr show eth0 2>/dev/null | sed 's/.*inet \\([0-9.]*\\).*/\\1/')
while :; do
  curl -s -o /dev/null -m 1 http://{web}/talk
  curl -s -o /dev/null -m 1 http://ip.example.com/talk
  [ -z "$own" ] || curl -s -o /dev/null -m 1 --interface $own http://{web}/talk
  echo x | nc -u -w 1 {web} 9
  ip link show eth0 >/dev/null 2>&1 && curl -s -o /dev/null -m 1 --interface eth0 http://{web}/talk
  curl -s -o /dev/null -m 1 -g 'http://[2001:db8::1]/talk'
done
"""
KNOCK = """
import socket, time
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    try:
        socket.create_connection(("{host}", {port}), 0.5, ("{outsider}", 0)).close()
    except OSError:
        pass
    time.sleep(0.3)
"""


def until(condition, seconds):
    """Wait for something; how long it took."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, "not within {0} s".format(seconds)
        time.sleep(0.3)
    return time.monotonic() - begin


def encoded(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def torrent():
    """A torrent of the lab's tracker that nobody has."""
    return torrents.make("leaktest", [("leaktest", hashlib.sha512(b"leak").digest() * 1024)], ANNOUNCE, False)


def judge(seen, own, bridge):
    """The packets that should not have been there.

    :param seen: C((interface, source, target, protocol, port) -> packets).
    :param own: Addresses of the gateway and of dependents.
    :param bridge: The network that they may reach beside the LAN.
    """
    def foreign(end, port):
        return end not in bridge and not end.is_multicast and (end not in LAN or port == str(DNS))

    found = {}
    for key, count in seen.items():
        _interface, source, target, _protocol, port = key
        ends = [ipaddress.ip_address(one) for one in (source, target)]
        if ends[0].version == 6:
            leak = any(one in INTERNET6 for one in ends)
        else:
            leak = any(one in INTERNET for one in ends) or source in own and foreign(ends[1], port) or target in own and foreign(ends[0], "")
        if leak:
            found[key] = count
    return found


class GatewayHost:
    """The gateway on the host, the provider at the other end, and the capture between them."""

    def __init__(self, lab):
        self.lab, self.addresses, self.before, self.added = lab, set(), {}, set()

    def sh(self, script, check=True):
        return self.lab.sh(MEDIA, script, check)

    def ensure(self):
        """Run the playbook, unless the gateway, what lives behind it and the reconciler are there already: a test before may have emptied the host."""
        running = set(self.sh("docker ps --format '{{.Names}}'", check=False).split())
        if not {"gluetun", *DEPENDENTS} <= running or self.sh("systemctl is-active " + UNIT, check=False).strip() != "active":
            run = self.lab.site()
            assert run.code == 0, run.output[-3000:]

    @staticmethod
    def provider(path, **body):
        method = {"/connect": "POST", "/state": "GET", "/seen": "GET"}.get(path, "PUT")
        answer = requests.request(method, "http://{0}:8080{1}".format(PROVIDER, path), json=body if method != "GET" else None, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def forwarded(self):
        """The port that the gateway has been given; 0 for none."""
        return int(self.sh("docker exec gluetun cat /tmp/gluetun/forwarded_port", check=False).strip() or 0)

    # The gateway

    def healthy(self, seconds=60):
        until(lambda: self.sh("docker inspect -f '{{.State.Health.Status}}' gluetun", check=False).strip() == "healthy"
              and not self.sh("docker exec gluetun /gluetun-entrypoint healthcheck", check=False).strip(), seconds)
        self.remember()

    def remember(self):
        """Note the addresses that the gateway has, and those that no dependent should have."""
        found = self.sh("docker inspect -f '{{{{range .NetworkSettings.Networks}}}}{{{{.IPAddress}}}} {{{{end}}}}' gluetun {0} 2>/dev/null".format(
            " ".join(DEPENDENTS)), check=False).split()
        self.addresses.update(one for one in found if one.count(".") == 3)

    def public_ip(self, container="sonarr"):
        return self.sh("docker exec {0} curl -s -m 5 http://{1}/".format(container, WEB), check=False).strip()

    def rejoin(self, seconds=60):
        """Dependents follow a gateway that was started or made anew: the reconciler sees to that."""
        self.healthy(max(60, seconds))
        until(lambda: all(self.public_ip(name) == PUBLIC for name in TALKERS), seconds)

    def dropped(self):
        """Packets that the gateway's firewall did not let out."""
        return int(re.search(r"policy DROP (\d+) packets", self.sh("docker exec gluetun iptables -nvxL OUTPUT")).group(1))

    # Torrents

    def qbittorrent(self, path, *options, check=True):
        return self.sh("docker exec qbittorrent curl -s -m 10 {0} http://127.0.0.1:8080/api/v2/{1}".format(" ".join(options), path), check)

    def prefer(self, **preferences):
        self.qbittorrent("app/setPreferences", "-f", "--data-urlencode", "'json={0}'".format(json.dumps(preferences)))

    def preferences(self):
        """What qBittorrent is set to; nothing while it does not answer."""
        try:
            return json.loads(self.qbittorrent("app/preferences", check=False))
        except ValueError:
            return {}

    def add(self, *contents, **options):
        """Add torrent files, anew where they are there already; their hashes."""
        hashes = [torrents.info_hash(content) for content in contents]
        self.remove(*hashes)
        # Gone when the list says so; until then it would be those that are there.
        until(lambda: not any(one in self.qbittorrent("torrents/info") for one in hashes), 10)
        script = ["echo {0} | base64 -d > /tmp/lab{1}.torrent".format(encoded(content), number) for number, content in enumerate(contents)]
        fields = ["torrents=@/tmp/lab{0}.torrent".format(number) for number in range(len(contents))] + ["{0}={1}".format(*item) for item in options.items()]
        script.append("curl -s -m 10 {0} http://127.0.0.1:8080/api/v2/torrents/add".format(" ".join("-F " + one for one in fields)))
        assert self.sh("docker exec -i qbittorrent sh <<'END'\n{0}\nEND".format("\n".join(script))) == "Ok."
        self.added.update(hashes)
        return hashes

    def remove(self, *hashes):
        self.qbittorrent("torrents/delete", "-d", "'hashes={0}&deleteFiles=true'".format("|".join(hashes)))

    def load(self):
        """Download what the lab's peer has, again where that was done before."""
        chosen = sorted(seeder.releases(), key=lambda one: (-one.size, one.name))[:RUNNING]
        contents = [release.torrent(ANNOUNCE) for release in chosen]
        hashes = self.add(*contents, dlLimit=RATE)
        self.qbittorrent("torrents/addPeers", "-d", "'hashes={0}&peers={1}:{2}'".format("|".join(hashes), SEEDER, PEER))

    # Who talks

    def talk(self, seconds):
        """Let dependents talk for that long, as they are (what they run does not end when their network breaks), and an outsider knock at the port
        for peers."""
        self.remember()
        for name in TALKERS:
            self.sh("docker exec -d {0} sh -c 'echo {1} | base64 -d > /tmp/talk && exec timeout {2} sh /tmp/talk'".format(
                name, encoded(TALK.format(web=WEB)), seconds), check=False)
        program = KNOCK.format(seconds=seconds, host=ADDRESS[MEDIA], port=self.provider("/state")["port"], outsider=OUTSIDER)
        self.sh("ip route replace {0} via {1}".format(OUTSIDER, PROVIDER))
        self.lab.sh("vpn", "ip addr replace {0}/32 dev eth0; echo {1} | base64 -d > /tmp/knock.py; "
                           "setsid python3 /tmp/knock.py >/dev/null 2>&1 </dev/null &".format(OUTSIDER, encoded(program)))

    # The capture

    def start(self):
        self.sh("echo {0} | base64 -d > /root/capture.py; echo {1} | base64 -d > /etc/systemd/system/lab-capture.service; rm -f /root/capture.json; "
                "systemctl daemon-reload; systemctl enable -q lab-capture; systemctl restart lab-capture".format(encoded(CAPTURE), encoded(CAPTURE_UNIT)))
        until(lambda: self.sh("cat /root/capture.json", check=False).startswith("{"), 15)

    def stop(self):
        self.sh("systemctl disable -q --now lab-capture; rm -f /root/capture.* /etc/systemd/system/lab-capture.service; systemctl daemon-reload; "
                "ip route del {0}".format(OUTSIDER), check=False)
        self.lab.sh("vpn", "ip addr del {0}/32 dev eth0".format(OUTSIDER), check=False)

    def total(self):
        """What was captured since the start: C((interface, source, target, protocol, port) -> packets)."""
        time.sleep(0.8)
        found = json.loads(self.sh("cat /root/capture.json"))
        assert found["drops"] == 0, "the capture lost packets and proves nothing"
        return {tuple(key.split()): count for key, count in found["seen"].items()}

    def captured(self):
        """The same since :meth:`begin`."""
        return {key: count for key, count in (collections.Counter(self.total()) - collections.Counter(self.before)).items() if count > 0}

    def begin(self):
        """From here on."""
        self.before, self.addresses = self.total(), set()
        self.remember()

    def leaks(self):
        bridge = ipaddress.ip_network(self.sh("docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' homelab_media_network").strip())
        return judge(self.captured(), self.addresses, bridge)

    def inside(self):
        """Packets of the tunnel that went through the host's own interface: proof that the capture sees."""
        return sum(count for (interface, source, target, protocol, _port), count in self.captured().items()
                   if interface == "eth" and PROVIDER in (source, target) and protocol == "17")

    # By hand

    def compose(self, change=None, services=("gluetun", "sonarr"), keep=False):
        """Bring services up, and no others, after a change to the compose file; without one as it should be.

        :param change: What is done to C({service: definition}).
        :param keep: Write the change into the file itself.
        """
        file = "compose.yml"
        if change:
            document = yaml.safe_load(self.sh("cat {0}/compose.yml".format(PROJECT)))
            change(document["services"])
            file = "compose.yml" if keep else "broken.yml"
            self.sh("echo {0} | base64 -d > {1}/{2}".format(encoded(yaml.safe_dump(document)), PROJECT, file))
        # Whoever lives behind a gateway that was made anew has to be made anew after it.
        steps = ["docker compose -f {0} up -d --no-deps -t 5 {1}{2}".format(file, "--force-recreate " if number else "", name)
                 for number, name in enumerate(services)]
        self.sh("cd {0} && {1}; code=$?; rm -f broken.yml; exit $code".format(PROJECT, " && ".join(steps)))
        self.remember()

    def power_off_and_on(self):
        name = "homelab-lab-" + MEDIA
        self.sh("systemctl poweroff", check=False)
        subprocess.run(["docker", "wait", name], stdout=subprocess.DEVNULL, check=True, timeout=180)
        self.lab.command("up")


@contextlib.contextmanager
def undone(undo):
    """Whatever happens, it is as before afterwards."""
    try:
        yield
    finally:
        undo()
