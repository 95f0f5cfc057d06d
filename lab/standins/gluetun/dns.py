# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DNS server of the namespace: container names from Docker, everything else through the tunnel; private answers are kept out.

The real one speaks TLS with its upstream servers; here it is plain DNS to the same addresses, inside the tunnel.
"""
from __future__ import annotations

import ipaddress
import re
import socket
import struct
import threading

DOCKER = "127.0.0.11"
# Docker is asked for these too, and asks the host's own name server: outside of the tunnel. (The real one adds every end that is no public one.)
LOCAL = (".local", ".lan", ".private", ".internal", ".corp", ".home", ".intranet")
# Named here: Python counts the documentation networks, which are the lab's internet, as private too.
PRIVATE = [ipaddress.ip_network(text) for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128",
                                                   "fc00::/7", "fe80::/10")]


def skip_name(message, place):
    while message[place]:
        if message[place] >= 192:
            return place + 2
        place += message[place] + 1
    return place + 1


def name_of(message):
    """The name that a query asks for, lower case, without the last dot."""
    labels, place = [], 12
    while message[place]:
        labels.append(message[place + 1:place + 1 + message[place]].decode("ascii", "replace").lower())
        place += message[place] + 1
    return ".".join(labels)


def addresses(message):
    """The IPv4 and IPv6 addresses of an answer."""
    count = struct.unpack("!H", message[6:8])[0]
    place = skip_name(message, 12) + 4
    for _number in range(count):
        place = skip_name(message, place)
        kind, size = struct.unpack("!H", message[place:place + 2])[0], struct.unpack("!H", message[place + 8:place + 10])[0]
        if kind in (1, 28):
            yield ipaddress.ip_address(message[place + 10:place + 10 + size])
        place += 10 + size


def failure(message, code):
    """An answer without content: 2 is a failure, 5 a refusal."""
    place = skip_name(message, 12) + 4
    return message[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, 0, 0, 0) + message[12:place]


def private(address):
    return any(address in network for network in PRIVATE if network.version == address.version)


class Server:
    """Answers on UDP and TCP port 53.

    :param upstream: Address and port of a name server behind the tunnel.
    :param exempt: Names (and all below) that may resolve to private addresses.
    """

    def __init__(self, upstream, exempt=(), local=DOCKER, host="0.0.0.0", port=53, timeout=3):
        self.upstream, self.exempt, self.local = upstream, [name.lower() for name in exempt], local
        self.host, self.port, self.timeout = host, port, timeout

    def start(self):
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind((self.host, self.port))
        streams = socket.create_server((self.host, datagrams.getsockname()[1]))
        self.port = datagrams.getsockname()[1]
        for work in (self._datagrams, self._streams):
            threading.Thread(target=work, args=(datagrams if work == self._datagrams else streams,), daemon=True).start()
        return self

    def _datagrams(self, handle):
        while True:
            message, client = handle.recvfrom(4096)
            threading.Thread(target=lambda m=message, c=client: handle.sendto(self.answer(m), c), daemon=True).start()

    def _streams(self, server):
        while True:
            connection, _client = server.accept()
            threading.Thread(target=self._stream, args=(connection,), daemon=True).start()

    def _stream(self, connection):
        with connection:
            try:
                connection.settimeout(10)
                message = connection.recv(4096)
                reply = self.answer(message[2:])
                connection.sendall(struct.pack("!H", len(reply)) + reply)
            except (OSError, IndexError, struct.error):
                return

    def answer(self, message):
        try:
            name = name_of(message)
        except IndexError:
            return message[:2] + struct.pack("!HHHHH", 0x8181, 0, 0, 0, 0)
        local = "." not in name or name.endswith(LOCAL)
        try:
            reply = query(message, (self.local, 53) if local else self.upstream, self.timeout)
            rebound = not local and any(private(address) for address in addresses(reply))
        except (OSError, IndexError, struct.error):
            return failure(message, 2)
        if rebound and not any(name == one or name.endswith("." + one) for one in self.exempt):
            return failure(message, 5)
        return reply


def query(message, server, timeout):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        handle.settimeout(timeout)
        handle.connect(server)
        handle.send(message)
        while True:
            reply = handle.recv(4096)
            if reply[:2] == message[:2]:
                return reply


def resolve(name, server, timeout=2):
    """The first IPv4 address of a name, or nothing."""
    message = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
    try:
        return next((str(address) for address in addresses(query(message, server, timeout)) if address.version == 4), None)
    except (OSError, IndexError, struct.error):
        return None


def use(nameserver, path="/etc/resolv.conf"):
    """Make all of the namespace ask this server. Docker has bound this one file into every container here: it is written in place."""
    with open(path, "r+", encoding="utf-8") as stream:
        lines = [line for line in stream.read().splitlines() if line.strip() and not re.match(r"\s*(nameserver|#)", line)]
        stream.seek(0)
        stream.write("\n".join([f"nameserver {nameserver}", *lines]) + "\n")
        stream.truncate()
