# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of Gluetun that others feel: the firewall of the namespace, its routes, and the tunnel.

The tunnel is a real one, by wireguard-go, where the settings name an endpoint. For everything else (OpenVPN, servers from a provider's list) there
is nobody at the other end in a lab: the device exists (torrent clients bind to it) and swallows what is sent.
"""
from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import socket
import stat
import struct
import subprocess
import threading
import time

TUN = "/dev/net/tun"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
MARK, POST_RULES = 51820, "/iptables/post-rules.txt"


class Unable(Exception):
    """What cannot be done here; at the start Gluetun exits with 1 for it."""


def run(*command, text=None):
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Unable(f"command failed: {command[0]}: not found") from None
    if done.returncode:
        raise Unable(f"command failed: {' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def capable():
    """Whether this process may administer its network (CAP_NET_ADMIN is bit 12)."""
    with open("/proc/self/status", encoding="ascii") as stream:
        line = next(line for line in stream if line.startswith("CapEff"))
    return bool(int(line.split()[1], 16) & (1 << 12))


def local_networks(tunnel="tun0"):
    """[(interface, own address, subnet)] except lo and the tunnel."""
    found = []
    for link in json.loads(run("ip", "-j", "-4", "addr", "show")):
        if link.get("ifname") in (None, "lo", tunnel):
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


class Swallow:
    """A device that swallows what it gets."""

    real = False

    def __init__(self, settings):
        self.name, self.addresses = settings["interface"], settings["addresses"] or ["10.8.0.2/32"]
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
        run("ip", "route", "replace", "default", "dev", self.name, "table", str(MARK))
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


class WireGuard:
    """A tunnel by wireguard-go; the device, with its routes, is made anew by every ``up``."""

    real = True

    def __init__(self, settings):
        self.name, self.settings = settings["interface"], settings
        self.process = None

    def configuration(self):
        """What ``wg setconf`` reads; it goes through a pipe, since there are keys in it."""
        one = self.settings["wireguard"]
        host = f"[{one['endpoint_ip']}]" if ":" in one["endpoint_ip"] else one["endpoint_ip"]
        lines = ["[Interface]", f"PrivateKey = {one['private_key']}", f"FwMark = {MARK}", "[Peer]", f"PublicKey = {one['public_key']}",
                 f"Endpoint = {host}:{one['endpoint_port']}", f"AllowedIPs = {', '.join(one['allowed_ips'])}"]
        if one["preshared_key"]:
            lines.append(f"PresharedKey = {one['preshared_key']}")
        if one["keepalive"]:
            lines.append(f"PersistentKeepalive = {one['keepalive']}")
        return "\n".join(lines) + "\n"

    def up(self):
        check_tun()
        one = self.settings["wireguard"]
        if one["implementation"] == "kernelspace":
            raise Unable("kernelspace implementation is not supported by this kernel")
        path = f"/var/run/wireguard/{self.name}.sock"
        if os.path.exists(path):
            os.unlink(path)
        try:
            self.process = subprocess.Popen(["wireguard-go", "-f", self.name], env=dict(os.environ, LOG_LEVEL="error"), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            raise Unable("wireguard-go is not installed") from None
        end = time.monotonic() + 10
        while not os.path.exists(path):
            if self.process.poll() is not None or time.monotonic() > end:
                raise Unable("creating TUN device: wireguard-go does not start")
            time.sleep(0.01)
        run("wg", "setconf", self.name, "/dev/stdin", text=self.configuration())
        for address in self.settings["addresses"]:
            run("ip", "addr", "add", address, "dev", self.name)
        run("ip", "link", "set", self.name, "mtu", str(one["mtu"]), "up")
        for allowed in one["allowed_ips"]:
            if ":" not in allowed:
                run("ip", "route", "replace", allowed, "dev", self.name, "table", str(MARK))

    def down(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()             # the device goes with it
            self.process = None
        end = time.monotonic() + 2
        while os.path.exists(f"/sys/class/net/{self.name}") and time.monotonic() < end:
            time.sleep(0.01)

    def gateway(self):
        """The provider's end: the address in the tunnel with a 1 as its last number."""
        return next(address for address in self.settings["addresses"] if ":" not in address).partition("/")[0].rpartition(".")[0] + ".1"


class Firewall:
    """Everything is dropped but what the real one lets through."""

    def __init__(self, settings, say=lambda rule: None):
        self.settings, self.say = settings, say
        self.four, self.six = self._tables()

    @staticmethod
    def _tables():
        """The commands that keep the firewall, those that work in this kernel."""
        for suffix in ("", "-nft", "-legacy"):
            name = "iptables" + suffix
            if shutil.which(name) and subprocess.run([name, "-nL", "INPUT"], capture_output=True, check=False).returncode == 0:
                six = "ip6tables" + suffix
                works = shutil.which(six) and subprocess.run([six, "-nL", "INPUT"], capture_output=True, check=False).returncode == 0
                return name, six if works else None
        raise Unable("iptables is not usable: no NET_ADMIN, or no iptables in the kernel")

    def rule(self, *words):
        self.say(" ".join(words))
        run(self.four, *words)

    def close(self):
        # First the policies: there is no moment in which something leaks.
        for chain in ("INPUT", "OUTPUT", "FORWARD"):
            for name in filter(None, (self.six, self.four)):
                run(name, "--policy", chain, "DROP")
                run(name, "--flush", chain)
        if self.six:
            for chain, flag in (("INPUT", "-i"), ("OUTPUT", "-o")):
                run(self.six, "--append", chain, flag, "lo", "-j", "ACCEPT")
        for words in self.rules():
            self.rule("--append", *words)
        self.post_rules()

    def rules(self):
        settings = self.settings
        yield ["INPUT", "-i", "lo", "-j", "ACCEPT"]
        yield ["OUTPUT", "-o", "lo", "-j", "ACCEPT"]
        for chain in ("OUTPUT", "INPUT"):
            yield [chain, "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"]
        for interface, own, subnet in local_networks(settings["interface"]):
            if settings.get("endpoint_ip") and settings.get("endpoint_port"):
                yield ["OUTPUT", "-o", interface, "-d", settings["endpoint_ip"], "-p", settings["endpoint_protocol"],
                       "--dport", str(settings["endpoint_port"]), "-j", "ACCEPT"]
            yield ["OUTPUT", "-o", interface, "-s", own, "-d", subnet, "-j", "ACCEPT"]
            yield ["INPUT", "-i", interface, "-d", subnet, "-j", "ACCEPT"]
            for outbound in settings["outbound"]:
                if ":" not in outbound:
                    yield ["OUTPUT", "-o", interface, "-s", own, "-d", outbound, "-j", "ACCEPT"]
            for port in settings["input_ports"]:
                for kind in ("tcp", "udp"):
                    yield ["INPUT", "-i", interface, "-p", kind, "--dport", str(port), "-j", "ACCEPT"]
        yield ["OUTPUT", "-o", settings["interface"], "-j", "ACCEPT"]
        for port in settings["vpn_input_ports"]:
            yield from self.of_port(port)

    def of_port(self, port):
        for kind in ("tcp", "udp"):
            yield ["INPUT", "-i", self.settings["interface"], "-p", kind, "--dport", str(port), "-j", "ACCEPT"]

    def allow(self, port):
        """A forwarded port is opened on the tunnel."""
        for words in self.of_port(port):
            self.rule("--append", *words)

    def forbid(self, port):
        for words in self.of_port(port):
            self.rule("--delete", *words)

    def post_rules(self):
        """The user's own lines; the first that fails stops Gluetun."""
        if not os.path.isfile(POST_RULES):
            return
        with open(POST_RULES, encoding="utf-8") as stream:
            for line in stream:
                words = shlex.split(line, comments=True)
                if not words:
                    continue
                if words[0] not in ("iptables", "ip6tables"):
                    raise Unable(f"running user post firewall rules: command is not iptables: {line.strip()}")
                name = self.six if words[0] == "ip6tables" else self.four
                if name:
                    run(name, *words[1:])


def route(settings):
    """The rules of who leaves where; what no rule names goes into the tunnel while there is one.

    Priorities: local networks 98, outbound subnets 99, answers to callers from elsewhere (published ports) 100, the tunnel 101.
    """
    lines = json.loads(run("ip", "-j", "-4", "route", "show", "default"))
    networks = local_networks(settings["interface"])
    for _interface, _own, subnet in networks:
        run("ip", "rule", "add", "to", subnet_of(subnet), "lookup", "main", "priority", "98")
    if lines and lines[0].get("gateway"):
        gateway, interface = lines[0]["gateway"], lines[0]["dev"]
        for outbound in settings["outbound"]:
            if ":" not in outbound:
                run("ip", "route", "replace", outbound, "via", gateway, "dev", interface, "table", "199")
                run("ip", "rule", "add", "to", outbound, "lookup", "199", "priority", "99")
        run("ip", "route", "replace", "default", "via", gateway, "dev", interface, "table", "200")
        for _interface, own, _subnet in networks:
            run("ip", "rule", "add", "from", own, "lookup", "200", "priority", "100")
    run("ip", "rule", "add", "not", "fwmark", str(MARK), "lookup", str(MARK), "priority", "101")


def subnet_of(address):
    """172.18.0.5/16 -> 172.18.0.0/16"""
    import ipaddress

    return str(ipaddress.ip_interface(address).network)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(address, timeout):
    """Whether an echo comes back within the seconds given."""
    number = os.getpid() & 0xFFFF
    head = struct.pack("!BBHHH", 8, 0, 0, number, 1)
    body = os.urandom(16)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as handle:
            handle.sendto(struct.pack("!BBHHH", 8, 0, checksum(head + body), number, 1) + body, (address, 0))
            end = time.monotonic() + timeout
            while True:
                handle.settimeout(max(0.01, end - time.monotonic()))
                reply, sender = handle.recvfrom(2048)
                if sender[0] == address and reply[(reply[0] & 15) * 4] == 0 and reply.endswith(body):
                    return True
                if time.monotonic() > end:
                    return False
    except OSError:
        return False
