# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.vpn_provider``: WireGuard on UDP 51820, NAT-PMP at 10.64.0.1, an internet behind it, and a control on port 8080.

The control is for the lab (no key): ``GET /state``; ``PUT /tunnel {"up": false}`` loses every packet of the tunnel, as a server that died;
``PUT /port {"port": 40002}`` forwards another port from now on; ``PUT /natpmp {"enabled": false}`` refuses to forward any; ``GET /seen`` what reached
the internet; ``GET /ip`` its caller's address; ``POST /connect {"port": 40001, "info_hash": "..."}`` connects from the
internet to the customers' public address.

It needs the capabilities NET_ADMIN and SYS_ADMIN (a namespace for the internet), /dev/net/tun, and ``net.ipv4.ip_forward``.
"""
from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from flask import request

from ..common import Server
from ..kit import as_json, as_text, catch_all, end_on_signals, fetch
from . import internet, natpmp

INTERFACE, GATEWAY, CUSTOMERS, LISTEN, MTU = "wg0", "10.64.0.1", "10.64.0.0/24", 51820, 1420
PUBLIC, UPLINK = "203.0.113.7", "203.0.113.1"
CLONE_NEWNET = 0x40000000
KEYS = Path(__file__).with_name("keys.json")


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def configuration(keys):
    """The server and its customers as ``wg setconf`` reads them."""
    lines = ["[Interface]", f"PrivateKey = {keys['private_key']}", f"ListenPort = {LISTEN}"]
    for peer in keys["peers"]:
        lines += ["[Peer]", f"PublicKey = {peer['public_key']}", f"AllowedIPs = {peer['address']}/32"]
        if peer.get("preshared_key"):
            lines.append(f"PresharedKey = {peer['preshared_key']}")
    return "\n".join(lines) + "\n"


def start_internet():
    """A child process in a network namespace of its own, joined to this one by a pair of devices."""
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)                    # it ends with its parent
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            sys.exit("a new network namespace: operation not permitted: the container lacks the capability SYS_ADMIN")
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        run("ip", "link", "set", "lo", "up")
        run("ip", "addr", "add", f"{UPLINK}/24", "dev", "uplink")
        run("ip", "link", "set", "uplink", "up")
        for address in internet.ADDRESSES:
            run("ip", "addr", "add", f"{address}/32", "dev", "lo")
        internet.serve(UPLINK)
        os._exit(1)
    os.read(ready[0], 1)
    run("ip", "link", "add", "wan0", "type", "veth", "peer", "name", "uplink", "netns", str(child))
    run("ip", "addr", "add", f"{PUBLIC}/24", "dev", "wan0")
    run("ip", "link", "set", "wan0", "up")
    os.write(go[1], b"x")
    return child


def start_tunnel(keys):
    subprocess.Popen(["wireguard-go", "-f", INTERFACE], env=dict(os.environ, LOG_LEVEL="error"), stderr=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while not Path(f"/var/run/wireguard/{INTERFACE}.sock").exists():
        if time.monotonic() > end:
            sys.exit("wireguard-go does not start: is /dev/net/tun there?")
        time.sleep(0.02)
    run("wg", "setconf", INTERFACE, "/dev/stdin", text=configuration(keys))
    run("ip", "addr", "add", f"{GATEWAY}/24", "dev", INTERFACE)
    run("ip", "link", "set", INTERFACE, "mtu", str(MTU), "up")


def firewall():
    """Customers reach the internet with the public address and nothing else here but NAT-PMP; the lab's network does not."""
    for rule in (
            "-P FORWARD DROP", "-A FORWARD -i {wg} -o wan0 -j ACCEPT", "-A FORWARD -i wan0 -o {wg} -m conntrack --ctstate DNAT,ESTABLISHED,RELATED -j ACCEPT",
            "-t nat -A POSTROUTING -o wan0 -s {net} -j SNAT --to-source {public}",
            "-A INPUT -i {wg} -p udp --dport {natpmp} -d {gateway} -j ACCEPT", "-A INPUT -i {wg} -p icmp -d {gateway} -j ACCEPT", "-A INPUT -i {wg} -j DROP",
            "-A INPUT -i wan0 -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP"):
        run("iptables", *rule.format(wg=INTERFACE, net=CUSTOMERS, public=PUBLIC, natpmp=natpmp.PORT, gateway=GATEWAY).split())
    # What comes out of the tunnel leaves to the internet only, whatever this container's own default route is.
    run("ip", "route", "add", "default", "via", UPLINK, "dev", "wan0", "table", "100")
    run("ip", "rule", "add", "iif", INTERFACE, "lookup", "100")


def forwarding(action):
    def work(protocol, port, client, internal):
        run("iptables", "-t", "nat", action, "PREROUTING", "-i", "wan0", "-p", protocol, "-d", PUBLIC, "--dport", str(port),
            "-j", "DNAT", "--to-destination", f"{client}:{internal}")
    return work


def serve_natpmp(leases):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((GATEWAY, natpmp.PORT))
    server.settimeout(1)
    begun = time.monotonic()
    while True:
        leases.expire()
        try:
            message, client = server.recvfrom(2048)
        except TimeoutError:
            continue
        reply = natpmp.answer(message, client[0], leases, PUBLIC, int(time.monotonic() - begun))
        if reply:
            server.sendto(reply, client)


class Cut:
    """Whether packets of the tunnel are lost."""

    RULES = [(chain, "-p", "udp", flag, str(LISTEN), "-j", "DROP") for chain, flag in (("INPUT", "--dport"), ("OUTPUT", "--sport"))]

    def __init__(self):
        self.lock, self.cut = threading.Lock(), False

    def set(self, cut):
        with self.lock:
            if cut != self.cut:
                for chain, *rule in self.RULES:
                    run("iptables", *(["-I"] if cut else ["-D"]), chain, *rule)
            self.cut = cut


def control(leases, cut):
    def inside(method, path, **options):
        return fetch(method, f"http://{UPLINK}:8081{path}", timeout=20, **options).json()

    def answer():
        place = (request.method, request.path)
        wanted = request.get_json(force=True) if request.method in ("PUT", "POST") else {}
        if place == ("PUT", "/tunnel"):
            cut.set(not wanted["up"])
        elif place == ("PUT", "/port"):
            leases.change(int(wanted["port"]))
        elif place == ("PUT", "/natpmp"):
            leases.enabled = bool(wanted["enabled"])
        elif place == ("GET", "/ip"):
            return as_text(request.remote_addr + "\n")
        elif place == ("GET", "/seen"):
            return as_json(inside("GET", "/seen"))
        elif place == ("POST", "/connect"):
            return as_json(inside("POST", "/connect", json={"address": PUBLIC, "port": leases.port, **wanted}))
        elif place != ("GET", "/state"):
            return as_json({"error": "no such place"}, 404)
        return as_json(state(leases, cut))

    return catch_all(answer)


def state(leases, cut):
    """Everything that a test asks for; ``handshakes`` is the Unix time of the last one per customer, 0 before the first."""
    shakes = dict(line.split() for line in run("wg", "show", INTERFACE, "latest-handshakes").splitlines())
    names = {peer["public_key"]: peer["address"] for peer in json.loads(KEYS.read_text(encoding="utf-8"))["peers"]}
    with leases.lock:
        held = [{"protocol": protocol, "client": client, "port": value[0], "internal": value[1]} for (protocol, client), value in leases.held.items()]
    return {"up": not cut.cut, "public_ip": PUBLIC, "port": leases.port, "natpmp": leases.enabled, "leases": held, "requests": leases.requests,
            "handshakes": {names[key]: int(when) for key, when in shakes.items()}}


def main():
    parser = argparse.ArgumentParser(prog="standins.vpn_provider", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8080, help="of the control")
    options = parser.parse_args()
    keys = json.loads(KEYS.read_text(encoding="utf-8"))
    start_internet()
    end_on_signals()
    start_tunnel(keys)
    firewall()
    leases, cut = natpmp.Leases(forwarding("-A"), forwarding("-D")), Cut()
    threading.Thread(target=serve_natpmp, args=(leases,), daemon=True).start()
    print(f"provider: WireGuard on {LISTEN}/udp, NAT-PMP at {GATEWAY}, control on {options.port}", flush=True)
    Server(control(leases, cut), "0.0.0.0", options.port).serve_forever()


if __name__ == "__main__":
    main()
