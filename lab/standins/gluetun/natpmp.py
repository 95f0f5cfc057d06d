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
    """The answer to a message; the wait doubles from a quarter of a second, as the RFC wants. (The real one tries nine times: two minutes.)"""
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


def map_port(gateway, lifetime, port=0, warn=lambda text: None):
    """The port that the server forwards over TCP. As in the real one, a lease of another length and another port over UDP are only warned of at first;
    whoever asks again for a ``port`` gets that one over both, or nothing.

    :param lifetime: Of the lease, in seconds.
    :param warn: Is told what is not as it was asked for.
    :raises Refused: When there is none, or another one than before.
    """
    found = {}
    for name, opcode in OPCODES.items():
        reply = ask(gateway, struct.pack("!BBHHHI", 0, opcode, 0, 0, port or 1, lifetime), 16)
        found[name], lease = struct.unpack("!HI", reply[10:16])
        if lease != lifetime:
            warn(f"assigned {name.upper()} port lifetime {lease}s differs from requested lifetime {lifetime}s")
        if port and found[name] != port:
            raise Refused(f"external port changed: {port} changed to {found[name]}")
    if found["udp"] != found["tcp"]:
        warn(f"UDP external port {found['udp']} differs from TCP external port {found['tcp']}")
    return found["tcp"]
