# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BitTorrent peer that has everything (BEP 3): it shakes hands, says so, and gives the pieces that it is asked for."""
from __future__ import annotations

import struct
import threading

from .. import torrents
from . import releases

HANDSHAKE = b"\x13BitTorrent protocol"
PEER_ID = b"-LB0001-internet0000"
UNCHOKE, INTERESTED, BITFIELD, REQUEST, PIECE = 1, 2, 5, 6, 7
LARGEST = 128 * 1024            # bytes of a request; clients ask for 16 KiB


class Shelf:
    """The torrents of all releases, made once, for one tracker."""

    def __init__(self, announce):
        self.announce = announce
        self.lock = threading.Lock()
        self.files, self.by_hash = {}, {}

    def torrent(self, release):
        """(torrent file, its hash)."""
        with self.lock:
            if release.name not in self.files:
                data = release.torrent(self.announce)
                self.files[release.name] = (data, torrents.info_hash(data))
                self.by_hash[self.files[release.name][1]] = release
            return self.files[release.name]

    def content(self, info_hash):
        """The bytes of a torrent, or nothing when it is none of ours."""
        if info_hash not in self.by_hash:
            for release in releases():
                self.torrent(release)
        release = self.by_hash.get(info_hash)
        return b"".join(data for _name, data in release.contents()) if release else None


def read(connection, size):
    """Exactly so many bytes; EOFError when the other side ends before."""
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def message(kind, body=b""):
    return struct.pack("!IB", len(body) + 1, kind) + body


def talk(connection, shelf, met=None):
    """One connection from its handshake to its end. Of a torrent that is not ours there are no pieces.

    :param met: Called with the hash of the torrent as hexadecimal digits.
    """
    connection.settimeout(120)
    if read(connection, len(HANDSHAKE)) != HANDSHAKE:
        return                  # an encrypted handshake: the other side tries again in plain
    greeting = read(connection, 48)
    info_hash = greeting[8:28].hex()
    if met:
        met(info_hash)
    content = shelf.content(info_hash)
    connection.sendall(HANDSHAKE + bytes(8) + greeting[8:28] + PEER_ID)
    if content is not None:
        count = -(-len(content) // torrents.PIECE)
        bits = ((1 << count) - 1) << (-count % 8)
        connection.sendall(message(BITFIELD, bits.to_bytes((count + 7) // 8, "big")))
    while True:
        size = struct.unpack("!I", read(connection, 4))[0]
        if size > LARGEST:
            return
        body = read(connection, size)
        if not body or content is None:
            continue
        if body[0] == INTERESTED:
            connection.sendall(message(UNCHOKE))
        elif body[0] == REQUEST:
            index, begin, length = struct.unpack("!III", body[1:13])
            place = index * torrents.PIECE + begin
            if length > LARGEST or place + length > len(content):
                return
            connection.sendall(message(PIECE, body[1:9] + content[place:place + length]))
