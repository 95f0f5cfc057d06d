# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Torrent files: bencoding, the hash of a torrent, and how one is made (BEP 3)."""
from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

PIECE = 64 * 1024


def encode(value):
    """Bytes, texts, whole numbers, lists and mappings, bencoded."""
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, str):
        return encode(value.encode())
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, (list, tuple)):
        return b"l" + b"".join(encode(item) for item in value) + b"e"
    pairs = sorted((key.encode() if isinstance(key, str) else key, item) for key, item in value.items())
    return b"d" + b"".join(encode(key) + encode(item) for key, item in pairs) + b"e"


def decode(data, place=0):
    """(value, where it ends); texts stay bytes. ValueError when it is no bencoding."""
    mark = data[place:place + 1]
    if mark == b"i":
        end = data.index(b"e", place)
        return int(data[place + 1:end]), end + 1
    if mark in (b"l", b"d"):
        items, place = [], place + 1
        while data[place:place + 1] != b"e":
            item, place = decode(data, place)
            items.append(item)
        return (items if mark == b"l" else dict(zip(items[::2], items[1::2]))), place + 1
    colon = data.index(b":", place)
    size = int(data[place:colon])
    if colon + 1 + size > len(data):
        raise ValueError("the text ends before its length")
    return data[colon + 1:colon + 1 + size], colon + 1 + size


def info_hash(torrent):
    """The hash of a torrent file, 40 hexadecimal digits in lower case. ValueError when it is no torrent."""
    found = decode(torrent)[0]
    if not isinstance(found, dict) or b"info" not in found:
        raise ValueError("no torrent")
    return hashlib.sha1(encode(found[b"info"])).hexdigest()


def magnet_hash(link):
    """The same of a magnet link, or an empty text."""
    for name in parse_qs(urlsplit(link).query).get("xt", []):
        match = re.fullmatch(r"urn:btih:([0-9a-fA-F]{40}|[A-Za-z2-7]{32})", name)
        if match:
            text = match.group(1)
            return text.lower() if len(text) == 40 else base64.b32decode(text.upper()).hex()
    return ""


def make(name, files, announce, directory):
    """A torrent file.

    :param name: Of the directory, or without ``directory`` of the only file.
    :param files: [(name, content)].
    :param announce: Address of the tracker.
    """
    content = b"".join(data for _name, data in files)
    pieces = b"".join(hashlib.sha1(content[place:place + PIECE]).digest() for place in range(0, len(content), PIECE))
    info = {"name": name, "piece length": PIECE, "pieces": pieces}
    if directory:
        info["files"] = [{"length": len(data), "path": [file]} for file, data in files]
    else:
        info["length"] = len(content)
    return encode({"announce": announce, "created by": "homelab-lab", "info": info})
