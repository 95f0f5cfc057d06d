# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT-PMP (RFC 6886) as a client: one port, chosen by the server."""
from __future__ import annotations

import socket
import struct

PORT, OPCODES = 5351, {"udp": 1, "tcp": 2}


class Refused(Exception):
    """The server said no, or said nothing."""


def ask(gateway, message, size, tries=4):
    """The answer to a message; the wait doubles from a quarter of a second, as the RFC wants."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        handle.connect((gateway, PORT))
        for attempt in range(tries):
            try:
                handle.settimeout(0.25 * 2 ** attempt)
                handle.send(message)
                reply = handle.recv(64)
            except TimeoutError:
                continue
            except OSError as error:
                raise Refused(f"NAT-PMP at {gateway}: {error.strerror}") from None
            if len(reply) < 4 or reply[0] != 0 or reply[1] != 128 + message[1]:
                raise Refused(f"NAT-PMP at {gateway}: no answer to what was asked")
            code = struct.unpack("!H", reply[2:4])[0]
            if code or len(reply) < size:
                raise Refused(f"NAT-PMP at {gateway}: result code {code}")
            return reply
    raise Refused(f"NAT-PMP at {gateway}: no answer")


def public_address(gateway):
    return socket.inet_ntoa(ask(gateway, b"\0\0", 12)[8:12])


def map_port(gateway, lifetime):
    """The port that the server forwards, for UDP and TCP alike.

    :param lifetime: Of the lease, in seconds.
    :raises Refused: When there is none, or not the same for both.
    """
    found = set()
    for opcode in OPCODES.values():
        reply = ask(gateway, struct.pack("!BBHHHI", 0, opcode, 0, 0, 1, lifetime), 16)
        external, lease = struct.unpack("!HI", reply[10:16])
        if lease != lifetime:
            raise Refused(f"port forwarding: lifetime is {lease} s instead of {lifetime} s")
        found.add(external)
    if len(found) != 1:
        raise Refused("port forwarding: the ports of UDP and TCP differ")
    return found.pop()
