# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of Gluetun that others feel: the firewall of the namespace, and a tunnel device that leads nowhere.

There is no VPN server behind it yet. The device exists (torrent clients bind to it) and swallows what is sent, and
everything that is not lo, an answer, the own subnets or an outbound subnet is dropped, as it is at home.
"""
from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import struct
import subprocess
import threading

TUN = "/dev/net/tun"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


class Unable(Exception):
    """Gluetun exits with 1."""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unable(f"command failed: {' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def capable():
    """Whether this process may administer its network (CAP_NET_ADMIN is bit 12)."""
    with open("/proc/self/status", encoding="ascii") as stream:
        line = next(line for line in stream if line.startswith("CapEff"))
    return bool(int(line.split()[1], 16) & (1 << 12))


def local_networks():
    """[(interface, own address, subnet)] except lo and tunnels."""
    found = []
    for link in json.loads(run("ip", "-j", "-4", "addr", "show")):
        if link["ifname"] == "lo" or link["ifname"].startswith("tun"):
            continue
        for address in link["addr_info"]:
            found.append((link["ifname"], address["local"], f"{address['local']}/{address['prefixlen']}"))
    return found


def check_tun():
    try:
        status = os.stat(TUN)
    except OSError:
        try:
            os.makedirs("/dev/net", exist_ok=True)
            os.mknod(TUN, 0o666 | stat.S_IFCHR, os.makedev(10, 200))
            status = os.stat(TUN)
        except OSError as error:
            raise Unable(f"{TUN} is not available: {error.strerror}") from None
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev != os.makedev(10, 200):
        raise Unable(f"{TUN} is not the device 10:200")


class Tunnel:
    """A device that swallows what it gets."""

    def __init__(self, name, addresses):
        self.name, self.addresses = name, addresses or ["10.8.0.2/32"]
        self.handle = None

    def up(self):
        check_tun()
        try:
            self.handle = os.open(TUN, os.O_RDWR)
            fcntl.ioctl(self.handle, TUNSETIFF, struct.pack("16sH", self.name.encode(), IFF_TUN | IFF_NO_PI))
        except OSError as error:
            raise Unable(f"creating TUN device: {error.strerror}") from None
        for address in self.addresses:
            run("ip", "addr", "add", address, "dev", self.name)
        run("ip", "link", "set", "up", "dev", self.name)
        threading.Thread(target=self._swallow, args=(self.handle,), daemon=True).start()

    @staticmethod
    def _swallow(handle):
        try:
            while os.read(handle, 65536):
                pass
        except OSError:
            pass

    def down(self):
        if self.handle is not None:
            os.close(self.handle)           # the device goes with it
            self.handle = None


def tables():
    """The commands that keep the firewall, the one that works in this kernel."""
    for suffix in ("", "-nft", "-legacy"):
        name = "iptables" + suffix
        if shutil.which(name) and subprocess.run([name, "-nL", "INPUT"], capture_output=True, check=False).returncode == 0:
            six = "ip6tables" + suffix
            works = shutil.which(six) and subprocess.run([six, "-nL", "INPUT"], capture_output=True, check=False).returncode == 0
            return name, six if works else None
    raise Unable("iptables is not usable: no NET_ADMIN, or no iptables in the kernel")


def close_firewall(settings):
    """Everything is dropped but what the real one lets through; the rules, for the log."""
    name, six = tables()
    # First the policies: there is no moment in which something leaks.
    for chain in ("INPUT", "OUTPUT", "FORWARD"):
        run(name, "--policy", chain, "DROP")
        if six:
            run(six, "--policy", chain, "DROP")
        run(name, "--flush", chain)
    rules = [["INPUT", "-i", "lo", "-j", "ACCEPT"], ["OUTPUT", "-o", "lo", "-j", "ACCEPT"]]
    rules += [[chain, "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"] for chain in ("OUTPUT", "INPUT")]
    for interface, own, subnet in local_networks():
        if settings.get("endpoint_ip") and settings.get("endpoint_port"):
            rules.append(["OUTPUT", "-o", interface, "-d", settings["endpoint_ip"], "-p", settings["endpoint_protocol"],
                          "--dport", str(settings["endpoint_port"]), "-j", "ACCEPT"])
        rules.append(["OUTPUT", "-o", interface, "-s", own, "-d", subnet, "-j", "ACCEPT"])
        rules.append(["INPUT", "-i", interface, "-d", subnet, "-j", "ACCEPT"])
        rules += [["OUTPUT", "-o", interface, "-s", own, "-d", outbound, "-j", "ACCEPT"] for outbound in settings["outbound"]
                  if ":" not in outbound]
        for port in settings["input_ports"]:
            rules += [["INPUT", "-i", interface, "-p", kind, "--dport", str(port), "-j", "ACCEPT"] for kind in ("tcp", "udp")]
    rules.append(["OUTPUT", "-o", settings["interface"], "-j", "ACCEPT"])
    for port in settings["vpn_input_ports"]:
        rules += [["INPUT", "-i", settings["interface"], "-p", kind, "--dport", str(port), "-j", "ACCEPT"] for kind in ("tcp", "udp")]
    for rule in rules:
        run(name, "--append", *rule)
    if six:
        for chain, flag in (("INPUT", "-i"), ("OUTPUT", "-o")):
            run(six, "--flush", chain)
            run(six, "--append", chain, flag, "lo", "-j", "ACCEPT")
    return [" ".join(rule) for rule in rules]


def route_through_tunnel(settings):
    """What no table of ours knows leaves through the tunnel (where it ends): outbound subnets keep the old gateway."""
    lines = json.loads(run("ip", "-j", "-4", "route", "show", "default"))
    if not lines or not lines[0].get("gateway"):
        return
    gateway, interface = lines[0]["gateway"], lines[0]["dev"]
    table = "199"
    for outbound in settings["outbound"]:
        if ":" not in outbound:
            run("ip", "route", "replace", outbound, "via", gateway, "dev", interface, "table", table)
            run("ip", "rule", "add", "to", outbound, "lookup", table, "priority", "99")
    # Answers to callers from elsewhere (published ports) go back the way they came.
    run("ip", "route", "replace", "default", "via", gateway, "dev", interface, "table", "200")
    for _interface, own, _subnet in local_networks():
        run("ip", "rule", "add", "from", own, "lookup", "200", "priority", "100")
    run("ip", "route", "replace", "default", "dev", settings["interface"], "table", "51820")
    run("ip", "rule", "add", "not", "fwmark", "51820", "lookup", "51820", "priority", "101")
    run("ip", "rule", "add", "to", "0.0.0.0/0", "lookup", "main", "suppress_prefixlength", "0", "priority", "98")
