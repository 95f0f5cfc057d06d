# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT-PMP (RFC 6886) as a server: the messages, and the leases that make the firewall forward.

A provider like ProtonVPN forwards one port per customer and chooses it: asked for internal port 0 it answers with a port of its
choice and forwards that port to the same one of the customer, for as long as the lease is renewed.
"""
from __future__ import annotations

import struct
import threading
import time

PORT = 5351
VERSION = 0
UNSUPPORTED_VERSION, REFUSED, UNSUPPORTED_OPCODE = 1, 2, 5
PROTOCOLS = {1: "udp", 2: "tcp"}


class Leases:
    """Which port is forwarded to whom, and until when.

    :param add: Called with (protocol, port, client, internal port) to forward.
    :param remove: Called with the same to stop that.
    """

    def __init__(self, add, remove, port=40001, clock=time.monotonic):
        self.add, self.remove, self.clock = add, remove, clock
        self.port = port
        self.enabled = True
        self.held = {}                      # (protocol, client) -> (port, internal port, end)
        self.lock = threading.RLock()
        self.requests = 0

    def change(self, port):
        """From now on another port is given; what is forwarded ends at once, as when a provider moves a customer."""
        with self.lock:
            self.port = port
            for key in list(self.held):
                self._drop(key)

    def ask(self, protocol, client, internal, lifetime):
        """The port that is forwarded to the client, and how long in seconds; 0 ends it."""
        with self.lock:
            self.requests += 1
            key = (protocol, client)
            if not lifetime:
                self._drop(key)
                return 0, 0
            wanted = (self.port, internal or self.port)
            if self.held.get(key, ())[:2] != wanted:
                self._drop(key)
                self.add(protocol, wanted[0], client, wanted[1])
            self.held[key] = wanted + (self.clock() + lifetime,)
            return self.port, lifetime

    def expire(self):
        with self.lock:
            for key, held in list(self.held.items()):
                if held[2] < self.clock():
                    self._drop(key)

    def _drop(self, key):
        held = self.held.pop(key, None)
        if held:
            self.remove(key[0], held[0], key[1], held[1])


def answer(message, client, leases, public_ip, epoch):
    """The answer to one datagram, or nothing for what is none.

    :param message: The datagram.
    :param client: Who sent it, as text.
    :param public_ip: The public address, as text.
    :param epoch: Seconds since the server started.
    """
    if len(message) < 2 or message[1] >= 128:
        return None
    version, opcode = message[0], message[1]
    head = struct.pack("!BB", VERSION, 128 + opcode)
    if version != VERSION:
        return head + struct.pack("!HI", UNSUPPORTED_VERSION, epoch)
    if opcode == 0:
        return head + struct.pack("!HI4B", 0, epoch, *(int(part) for part in public_ip.split(".")))
    if opcode not in PROTOCOLS or len(message) < 12:
        return head + struct.pack("!HI", UNSUPPORTED_OPCODE, epoch)
    internal, external, lifetime = struct.unpack("!HHI", message[4:12])
    if not leases.enabled:
        return head + struct.pack("!HIHHI", REFUSED, epoch, internal, 0, 0)
    external, lifetime = leases.ask(PROTOCOLS[opcode], client, internal, min(lifetime, 3600))
    return head + struct.pack("!HIHHI", 0, epoch, internal, external, lifetime)
