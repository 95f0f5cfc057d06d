# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The internet behind the provider: a network namespace with a name server, web server, tracker, indexer and a BitTorrent peer that has its files.

Nothing else leads there: its addresses (documentation networks, and those of two public name servers) exist in this namespace only.
"""
from __future__ import annotations

import socket
import struct
import threading
import urllib.parse

from flask import request

from .. import torznab
from ..common import Server
from ..kit import as_json, as_text, catch_all
from ..seeder import peer

WEB, NAMESERVER, PEER, INDEXER = "198.51.100.10", "198.51.100.53", "198.51.100.20", "198.51.100.30"
ADDRESSES = [WEB, NAMESERVER, PEER, INDEXER, "1.1.1.1", "8.8.8.8"]
PEER_PORT, TRACKER_PORT, INDEXER_PORT = 6881, 6969, 9117
INDEXER_KEY = "lab-indexer-key-0001"
ANNOUNCE = f"http://{WEB}:{TRACKER_PORT}/announce"
NAMES = {"indexer.example.com": INDEXER, "ipinfo.io": WEB, "ip.example.com": WEB, "tracker.example.com": WEB, "peer.example.com": PEER,
         "cloudflare.com": WEB, "github.com": WEB,
         "private.example.com": "192.168.1.1"}
HANDSHAKE, PEER_ID, read = peer.HANDSHAKE, peer.PEER_ID, peer.read


class Seen:
    """What reached the internet, for the tests: queries, visits, announcements, connections of peers."""

    def __init__(self):
        self.lock = threading.Lock()
        self.entries = []

    def add(self, kind, source, **more):
        with self.lock:
            self.entries.append({"kind": kind, "source": source, **more})
            del self.entries[:-2000]

    def take(self):
        with self.lock:
            return list(self.entries)


def question(message):
    """(name, type, end of the question) of a DNS query, or nothing when it is none."""
    if len(message) < 17:
        return None
    labels, place = [], 12
    while place < len(message) and message[place]:
        size = message[place]
        labels.append(message[place + 1:place + 1 + size].decode("ascii", "replace").lower())
        place += size + 1
    if place + 5 > len(message):
        return None
    return ".".join(labels), struct.unpack("!H", message[place + 1:place + 3])[0], place + 5


def resolve(message, names=None):
    """The answer of a name server that knows ``names`` (name to IPv4 address) and nothing else."""
    asked = question(message)
    if asked is None:
        return None
    name, kind, end = asked
    address = (NAMES if names is None else names).get(name)
    found = address if kind in (1, 255) else None
    head = message[:2] + struct.pack("!HHHHH", 0x8180 if address else 0x8183, 1, 1 if found else 0, 0, 0)
    tail = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 60, 4, socket.inet_aton(found)) if found else b""
    return head + message[12:end] + tail


def serve_names(address, seen):
    """Answer DNS over UDP and TCP on port 53 of an address, for ever."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, 53))
    stream = socket.create_server((address, 53))

    def over_udp():
        while True:
            message, client = datagrams.recvfrom(4096)
            reply = resolve(message)
            if reply:
                seen.add("dns", client[0], name=question(message)[0])
                datagrams.sendto(reply, client)

    def one(connection, client):
        with connection:
            connection.settimeout(10)
            size = struct.unpack("!H", read(connection, 2))[0]
            message = read(connection, size)
            reply = resolve(message) or b""
            seen.add("dns", client[0], name=(question(message) or ("",))[0])
            connection.sendall(struct.pack("!H", len(reply)) + reply)

    threading.Thread(target=over_udp, daemon=True).start()
    accept(stream, one)


def accept(server, one):
    """Give every connection a thread; what goes wrong in it ends that connection only."""
    def guarded(connection, client):
        try:
            one(connection, client)
        except (OSError, EOFError, struct.error):
            connection.close()

    def loop():
        while True:
            connection, client = server.accept()
            threading.Thread(target=guarded, args=(connection, client), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def serve_peer(seen, shelf):
    """A peer that shakes hands with whoever knows a torrent, and has the pieces of those on the shelf."""
    def one(connection, client):
        with connection:
            peer.talk(connection, shelf, lambda info_hash: seen.add("peer", client[0], info_hash=info_hash))

    accept(socket.create_server((PEER, PEER_PORT)), one)


def connect(address, port, info_hash=None, timeout=5):
    """Connect from the internet to an address, as a peer does; what came back: ``open``, and with a torrent ``handshake``."""
    try:
        with socket.create_connection((address, port), timeout, (PEER, 0)) as connection:
            found = {"open": True, "handshake": False}
            if info_hash:
                connection.settimeout(timeout)
                connection.sendall(HANDSHAKE + bytes(8) + bytes.fromhex(info_hash) + PEER_ID)
                greeting = read(connection, 68)
                found["handshake"] = greeting.startswith(HANDSHAKE) and greeting[28:48].hex() == info_hash
            return found
    except (OSError, EOFError) as error:
        return {"open": isinstance(error, EOFError), "handshake": False, "error": type(error).__name__}


def web(seen):
    """Web server: the caller's address as text (``/``) and as ipinfo.io gives it (``/json``); the tracker below ``/announce``."""
    def answer():
        caller = request.remote_addr
        if request.path == "/announce":
            # Raw bytes of a torrent's hash are no text: Flask's own reading would lose them.
            asked = urllib.parse.parse_qs(request.query_string.decode("ascii", "replace"), encoding="latin-1")
            seen.add("announce", caller, port=int(asked.get("port", ["0"])[0]), event=asked.get("event", [""])[0],
                     info_hash=asked.get("info_hash", [""])[0].encode("latin-1").hex())
            peers = socket.inet_aton(PEER) + struct.pack("!H", PEER_PORT)
            return as_text(b"d8:intervali30e12:min intervali5e5:peers6:" + peers + b"e", content_type="text/plain")
        seen.add("http", caller, path=request.path)
        if request.path == "/json":
            return as_json({"ip": caller, "city": "Amsterdam", "region": "North Holland", "country": "NL", "loc": "52.3740,4.8897",
                            "org": "AS64500 Lab", "postal": "1012", "timezone": "Europe/Amsterdam"})
        return as_text(caller + "\n", content_type="text/plain")

    return catch_all(answer)


def control(seen):
    """For the provider's own process only: what was seen, and connections from here."""
    def answer():
        if request.path == "/seen":
            return as_json(seen.take())
        wanted = request.get_json(force=True)
        return as_json(connect(wanted["address"], int(wanted["port"]), wanted.get("info_hash")))

    return catch_all(answer)


def serve(gateway_side):
    """Start everything in this namespace; ``gateway_side`` is the address that the provider reaches the control at."""
    seen = Seen()
    for address in ("1.1.1.1", "8.8.8.8", NAMESERVER):
        serve_names(address, seen)
    shelf = peer.Shelf(ANNOUNCE)
    serve_peer(seen, shelf)
    indexer = torznab.create_app(INDEXER_KEY, shelf=shelf)
    threading.Thread(target=Server(indexer, INDEXER, INDEXER_PORT).serve_forever, daemon=True).start()
    # The probes of a gateway open connections to port 443 and say nothing a lab could answer without a certificate.
    accept(socket.create_server((WEB, 443)), lambda connection, _client: connection.recv(1))
    for port in (80, TRACKER_PORT):
        threading.Thread(target=Server(web(seen), WEB, port).serve_forever, daemon=True).start()
    Server(control(seen), gateway_side, 8081).serve_forever()
