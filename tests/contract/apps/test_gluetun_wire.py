# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT-PMP and DNS of gateway and provider, over real sockets; each side is judged by bytes written down here, not by the other side."""
from __future__ import annotations

import socket
import struct
import threading

import pytest
from standins.gluetun import dns, natpmp
from standins.vpn_provider import internet
from standins.vpn_provider import natpmp as server


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def leases():
    done, clock = [], Clock()
    found = server.Leases(lambda *what: done.append(("add",) + what), lambda *what: done.append(("remove",) + what), clock=clock)
    found.done, found.time = done, clock
    return found


def asked(leases, message):
    return server.answer(bytes.fromhex(message), "10.64.0.2", leases, "203.0.113.7", 7)


# Message of the client -> answer of the server, both in hex, as RFC 6886 lays them out.
MESSAGES = {
    "the public address": ("0000", "0080 0000 00000007 cb007107"),
    "a port for udp": ("0001 0000 0000 0001 0000003c", "0081 0000 00000007 0000 9c41 0000003c"),
    "a port for tcp": ("0002 0000 0000 0001 0000003c", "0082 0000 00000007 0000 9c41 0000003c"),
    "an internal port": ("0002 0000 1f90 0001 0000003c", "0082 0000 00000007 1f90 9c41 0000003c"),
    "the end of a lease": ("0002 0000 0000 0000 00000000", "0082 0000 00000007 0000 0000 00000000"),
    "another version": ("0202 0000 0000 0001 0000003c", "0082 0001 00000007"),
    "another opcode": ("0005", "0085 0005 00000007"),
}


@pytest.mark.parametrize("title", MESSAGES)
def test_the_server_answers(title, leases):
    message, reply = MESSAGES[title]
    assert asked(leases, message) == bytes.fromhex(reply)


def test_the_server_does_not_answer_answers(leases):
    assert asked(leases, "0081000000000007") is None and asked(leases, "00") is None


def test_a_lease_forwards_until_it_ends(leases):
    udp = MESSAGES["a port for udp"][0]
    asked(leases, udp)
    leases.time.now += 45
    asked(leases, udp)
    leases.time.now += 59
    leases.expire()
    assert leases.done == [("add", "udp", 40001, "10.64.0.2", 40001)]
    leases.time.now += 2
    leases.expire()
    assert leases.done[1:] == [("remove", "udp", 40001, "10.64.0.2", 40001)]


def test_another_port_ends_what_was_forwarded(leases):
    asked(leases, MESSAGES["a port for tcp"][0])
    leases.change(40002)
    assert leases.done[1:] == [("remove", "tcp", 40001, "10.64.0.2", 40001)]
    assert asked(leases, MESSAGES["a port for tcp"][0])[10:12].hex() == "9c42"
    leases.enabled = False
    assert asked(leases, MESSAGES["a port for tcp"][0])[2:4] == b"\0\2"


class Gateway:
    """A NAT-PMP server that answers what a test says, and remembers what it was asked."""

    def __init__(self, monkeypatch, reply):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        monkeypatch.setattr(natpmp, "PORT", self.socket.getsockname()[1])
        self.asked, self.reply = [], reply
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            message, client = self.socket.recvfrom(100)
            self.asked.append(message)
            reply = self.reply(len(self.asked), message)
            if reply:
                self.socket.sendto(reply, client)


def mapped(message, port=0x9c41, lifetime=60, code=0):
    return struct.pack("!BBHIHHI", 0, 128 + message[1], code, 7, 0, port, lifetime)


def test_the_client_asks_for_both_protocols_and_asks_again(monkeypatch):
    gateway = Gateway(monkeypatch, lambda count, message: mapped(message) if count > 1 else None)
    assert natpmp.map_port("127.0.0.1", 60) == 40001
    udp, tcp = bytes.fromhex("0001 0000 0000 0001 0000003c"), bytes.fromhex("0002 0000 0000 0001 0000003c")
    assert gateway.asked == [udp, udp, tcp]


def test_whoever_asks_again_names_the_port(monkeypatch):
    gateway = Gateway(monkeypatch, lambda count, message: mapped(message))
    assert natpmp.map_port("127.0.0.1", 60, 40001) == 40001
    assert [message[6:8].hex() for message in gateway.asked] == ["9c41", "9c41"]


ODD = {
    "two ports": (lambda count, message: mapped(message, port=40000 + count), 40002, "UDP external port 40001 differs from TCP external port 40002"),
    "another lifetime": (lambda count, message: mapped(message, lifetime=30), 40001, "assigned UDP port lifetime 30s differs"),
}


@pytest.mark.parametrize("title", ODD)
def test_the_client_takes_at_first_and_warns(title, monkeypatch):
    reply, port, warning = ODD[title]
    Gateway(monkeypatch, reply)
    told = []
    assert natpmp.map_port("127.0.0.1", 60, warn=told.append) == port and warning in told[0]


REFUSALS = {
    "an error": (0, lambda count, message: mapped(message, code=2)),
    "another port than before": (40001, lambda count, message: mapped(message, port=40002)),
    "another port than before over TCP": (40001, lambda count, message: mapped(message, port=40000 + count)),
    "another opcode": (0, lambda count, message: mapped(bytes([0, 5]))),
    "half an answer": (0, lambda count, message: mapped(message)[:6]),
}


@pytest.mark.parametrize("title", REFUSALS)
def test_the_client_does_not_take(title, monkeypatch):
    port, reply = REFUSALS[title]
    Gateway(monkeypatch, reply)
    with pytest.raises(natpmp.Refused):
        natpmp.map_port("127.0.0.1", 60, port)


QUERY = bytes.fromhex("1234 0100 0001 0000 0000 0000") + b"\x02ip\x07example\x03com\0" + bytes.fromhex("0001 0001")


def test_the_internets_name_server():
    reply = internet.resolve(QUERY)
    assert reply[:2] == b"\x12\x34" and reply[6:8] == b"\0\1" and reply.endswith(bytes([198, 51, 100, 10]))
    unknown = internet.resolve(QUERY.replace(b"example", b"exampla"))
    assert unknown[3] & 15 == 3 and unknown[6:8] == b"\0\0"
    six = internet.resolve(QUERY[:-3] + b"\x1c\0\1")
    assert six[3] & 15 == 0 and six[6:8] == b"\0\0"
    assert internet.resolve(b"short") is None


@pytest.fixture
def names():
    """A name server that plays Docker's, and one behind the tunnel."""
    def serve(answers):
        handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        handle.bind(("127.0.0.1", 0))

        def work():
            while True:
                message, client = handle.recvfrom(1000)
                handle.sendto(internet.resolve(message, answers), client)

        threading.Thread(target=work, daemon=True).start()
        return handle.getsockname()

    upstream = serve({"public.example.com": "198.51.100.10", "private.example.com": "192.168.1.1", "nas.home.arpa": "10.0.0.5"})
    docker = serve({"nzbget": "172.19.0.6", "nas.lan": "192.168.1.9"})
    found = dns.Server(upstream, ["home.arpa"], host="127.0.0.1", port=0, timeout=1)
    found.ask_docker = docker
    return found


def test_container_names_come_from_docker_and_private_answers_are_refused(names, monkeypatch):
    ask, real = [], dns.query

    def query(message, where, timeout):
        ask.append(where)
        return real(message, names.ask_docker if where == (dns.DOCKER, 53) else where, timeout)

    monkeypatch.setattr(dns, "query", query)
    names.start()
    place = ("127.0.0.1", names.port)

    def resolve(name):
        message = QUERY[:12] + b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
        return real(message, place, 3)

    assert resolve("nzbget").endswith(bytes([172, 19, 0, 6])) and ask[-1] == (dns.DOCKER, 53)
    assert resolve("nas.lan").endswith(bytes([192, 168, 1, 9])) and ask[-1] == (dns.DOCKER, 53)
    assert resolve("Public.example.com").endswith(bytes([198, 51, 100, 10])) and ask[-1] == names.upstream
    refused = resolve("private.example.com")
    assert refused[3] & 15 == 5 and refused[6:8] == b"\0\0"
    assert resolve("nas.home.arpa").endswith(bytes([10, 0, 0, 5]))
    with socket.create_connection(place, 3) as stream:
        message = QUERY.replace(b"\x02ip", b"\x06public")
        stream.sendall(struct.pack("!H", len(message)) + message)
        assert stream.recv(1000).endswith(bytes([198, 51, 100, 10]))


def test_the_file_of_name_servers_is_rewritten_in_place(tmp_path):
    place = tmp_path / "resolv.conf"
    place.write_text("# made by Docker\nnameserver 127.0.0.11\nsearch lan\noptions ndots:0\nnameserver 10.0.0.1\n")
    inode = place.stat().st_ino
    dns.use("127.0.0.1", place)
    assert place.read_text() == "nameserver 127.0.0.1\nsearch lan\noptions ndots:0\n" and place.stat().st_ino == inode
