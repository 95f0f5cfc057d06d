# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPN: what leaves the host while torrents run is inside the tunnel, whatever happens to the gateway; and the forwarded port arrives.

A capture on every interface of the host, its bridges included, judges (``gateway_host``). That it would see a leak is shown by breaking what keeps
the host from leaking, one thing at a time.
"""
from __future__ import annotations

import contextlib
import time

import pytest
from conftest import MEDIA
from gateway_host import DNS, INTERNET, LAN, OUTSIDER, PEER, PROJECT, PUBLIC, TRACKER, UNIT, WEB, GatewayHost, torrent, undone, until

soak = pytest.mark.soak
# Packets of the tunnel that an event has to bring about before its zero counts.
MANY = 2000
PORT = 40001
# A router of the LAN, as name server.
ROUTER = str(LAN[1])


@pytest.fixture(scope="module")
def vpn(deployed):
    """A deployed host that talks through the tunnel, with a torrent that runs, and a capture; everything as it was afterwards."""
    found = GatewayHost(deployed)
    found.ensure()
    found.provider("/tunnel", up=True)
    found.provider("/port", port=PORT)
    found.rejoin()
    # The lab's peer speaks in plain only; trying otherwise first takes its time.
    found.prefer(encryption=2)
    found.info_hash = found.add(torrent())[0]
    found.start()
    yield found
    found.stop()
    found.provider("/tunnel", up=True)
    found.provider("/port", port=PORT)
    found.rejoin(90)
    found.prefer(encryption=0)
    found.remove(*found.added)


def test_dependents_have_the_address_of_the_provider_and_names_from_both_sides(vpn):
    assert vpn.public_ip() == vpn.public_ip("qbittorrent") == vpn.provider("/state")["public_ip"]
    assert vpn.sh("docker exec sonarr getent hosts nzbget").split()[1] == "nzbget"
    assert vpn.sh("docker exec sonarr getent hosts ip.example.com").split()[0] == WEB
    assert vpn.sh("docker exec sonarr getent ahostsv4 private.example.com", check=False) == ""


def test_the_forwarded_port_arrives_and_so_does_another_one(vpn):
    for port in (PORT, PORT + 1):
        vpn.provider("/port", port=port)
        until(lambda port=port: vpn.preferences().get("listen_port") == port, 30)
        assert vpn.forwarded() == port
        until(lambda: vpn.provider("/connect", info_hash=vpn.info_hash)["handshake"], 30)
    assert not vpn.provider("/connect", port=PORT)["open"], "the port before is closed"
    seen = [entry for entry in vpn.provider("/seen") if entry["kind"] in ("announce", "peer") and entry["info_hash"] == vpn.info_hash]
    assert seen and {entry["source"] for entry in seen} == {vpn.provider("/state")["public_ip"]}


# --- what happens to a gateway ----------------------------------------------------------------------------------------------------

def tunnel_up(vpn):
    before = vpn.dropped()
    vpn.talk(8)
    time.sleep(8)
    assert vpn.public_ip() == PUBLIC
    assert vpn.dropped() > before, "nobody tried to get past the tunnel"


def server_gone(vpn):
    vpn.talk(25)
    vpn.provider("/tunnel", up=False)
    try:
        time.sleep(10)
        assert vpn.public_ip() == ""
    finally:
        vpn.provider("/tunnel", up=True)


def tunnel_restarted(vpn):
    """The device goes and comes back in the same namespace, as after a failed health check."""
    vpn.talk(20)
    before = vpn.sh("docker inspect -f '{{.State.StartedAt}}' gluetun")
    vpn.sh("docker exec gluetun ip link delete tun0")
    until(lambda: vpn.public_ip() == PUBLIC, 40)
    assert vpn.sh("docker inspect -f '{{.State.StartedAt}}' gluetun") == before


def gateway_stopped(vpn):
    vpn.talk(15)
    vpn.sh("docker stop -t 5 gluetun")
    time.sleep(8)
    assert vpn.public_ip() == ""
    vpn.sh("docker start gluetun")
    vpn.rejoin()


def gateway_killed(vpn):
    vpn.talk(15)
    vpn.sh("docker kill gluetun; sleep 1; docker start gluetun")
    vpn.rejoin()


def gateway_restarted(vpn):
    vpn.talk(15)
    vpn.sh("docker restart -t 5 gluetun")
    vpn.rejoin()


def gateway_recreated(vpn):
    vpn.talk(15)
    vpn.sh("cd {0} && docker compose up -d --force-recreate gluetun".format(PROJECT))
    vpn.talk(5)
    vpn.rejoin()


def firewall_reloaded(vpn):
    """The host's own firewall is emptied and filled again while everything runs."""
    vpn.talk(10)
    vpn.sh("iptables-save > /run/rules && iptables -P FORWARD ACCEPT && iptables -F && iptables -t nat -F; sleep 3; iptables-restore < /run/rules")
    time.sleep(6)


def engine_restarted(vpn):
    """All containers start at once, in any order; some that share the namespace may not come up by themselves, so that the
    reconciler starts them. The torrent runs on."""
    vpn.sh("systemctl restart docker")
    vpn.healthy(120)
    vpn.rejoin()


def host_rebooted(vpn):
    """The same with everything else starting as well; the capture is there before Docker is."""
    vpn.talk(20)
    vpn.power_off_and_on()
    until(lambda: "sonarr" in vpn.sh("docker ps --format '{{.Names}}'", check=False).split(), 120)
    vpn.talk(30)
    vpn.rejoin(120)


EVENTS = [tunnel_up, server_gone] + [pytest.param(event, marks=soak) for event in (
    tunnel_restarted, gateway_stopped, gateway_killed, gateway_restarted, gateway_recreated, firewall_reloaded, engine_restarted, host_rebooted)]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_nothing_leaves_outside_of_the_tunnel(vpn, event):
    assert vpn.leaks() == {}, "between two events"
    vpn.begin()
    vpn.load()
    event(vpn)
    assert vpn.leaks() == {}
    until(lambda: vpn.public_ip() == PUBLIC, 40)
    if vpn.inside() < MANY:
        vpn.load()
        until(lambda: vpn.inside() >= MANY, 30)
    assert vpn.leaks() == {}
    print("packets: {0} inside, 0 outside".format(vpn.inside()))


# --- what keeps the host from leaking ---------------------------------------------------------------------------------------------
# Each break is a context: something leaks in it, and afterwards everything is as before.

@pytest.fixture(scope="module")
def by_hand(vpn):
    """Without the reconciler, which mends what a test breaks before anybody could look."""
    vpn.sh("systemctl stop " + UNIT)
    vpn.provider("/port", port=PORT)
    until(lambda: vpn.forwarded() == PORT, 30)
    yield vpn
    vpn.sh("systemctl start " + UNIT)


@contextlib.contextmanager
def past_the_firewall(vpn):
    """Two layers less: the gateway's firewall lets everything out, and its routes lead past the tunnel, which itself stays."""
    rule = "to {0} lookup 200 priority 97".format(INTERNET)
    vpn.sh("docker exec gluetun sh -c 'iptables -P OUTPUT ACCEPT && ip rule add {0}'".format(rule))
    with undone(lambda: vpn.sh("docker exec gluetun sh -c 'iptables -P OUTPUT DROP && ip rule del {0}'".format(rule))):
        yield


@contextlib.contextmanager
def gateway_firewall_open(vpn):
    with past_the_firewall(vpn):
        vpn.talk(5)
        yield


@contextlib.contextmanager
def interface_binding_removed(vpn):
    """With the firewall out of the way the binding holds by itself; without it the torrents leave as they can."""
    with past_the_firewall(vpn):
        vpn.load()
        until(lambda: vpn.inside() >= MANY, 30)
        assert not [key for key in vpn.leaks() if of_torrents(key)]
        vpn.prefer(current_network_interface="")
        with undone(lambda: vpn.prefer(current_network_interface="tun0")):
            vpn.load()
            yield


@contextlib.contextmanager
def ipv6_enabled(vpn):
    """Where the gateway's firewall does not hold IPv6 back, no dependent has any; with IPv6 on the network, added as the Engine does it, one has."""
    vpn.sh("docker exec gluetun sh -c 'ip6tables -P OUTPUT ACCEPT && ip6tables -P INPUT ACCEPT'")
    with undone(lambda: vpn.sh("docker exec gluetun sh -c 'ip6tables -P OUTPUT DROP && ip6tables -P INPUT DROP'")):
        vpn.talk(4)
        time.sleep(4)
        assert vpn.leaks() == {}
        names = ("bridge=br-$(docker network inspect -f '{{.Id}}' homelab_media_network | cut -c1-12); "
                 "inside=\"nsenter -n -t $(docker inspect -f '{{.State.Pid}}' gluetun)\"; ")
        vpn.sh(names + "set -e; sysctl -qw net.ipv6.conf.$bridge.disable_ipv6=0; ip addr add fd00:77::1/64 dev $bridge nodad; "
                       "$inside sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; $inside ip addr add fd00:77::2/64 dev eth0 nodad; "
                       "$inside ip -6 route add default via fd00:77::1")
        with undone(lambda: vpn.sh(names + "sysctl -qw net.ipv6.conf.$bridge.disable_ipv6=1; $inside sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1")):
            vpn.talk(5)
            yield


def join_the_bridge(services):
    """Docker lets nobody be in a namespace of another container and on a network besides."""
    del services["sonarr"]["network_mode"], services["sonarr"]["depends_on"]
    services["sonarr"]["networks"] = services["gluetun"]["networks"]


@contextlib.contextmanager
def dependent_on_the_bridge(vpn):
    with undone(lambda: vpn.compose(services=["sonarr"])):
        vpn.compose(join_the_bridge, ["sonarr"])
        vpn.talk(5)
        yield


def publish_peers(services):
    services["gluetun"]["ports"].append("{0}:{0}".format(PORT))


def widen(services):
    services["gluetun"]["environment"]["FIREWALL_OUTBOUND_SUBNETS"] += ",{0}".format(INTERNET)


def ask_the_router(services):
    services["gluetun"]["environment"]["DNS_KEEP_NAMESERVER"] = "on"
    services["gluetun"]["dns"] = [ROUTER]


def edited(change):
    """A break in the compose file."""
    @contextlib.contextmanager
    def broken(vpn):
        with undone(vpn.compose):
            vpn.compose(change)
            vpn.talk(20)
            yield
    return broken


# What leaks, by (interface, source, target, protocol, port).

def to_web(key):
    return key[2] == WEB


def of_torrents(key):
    return key[4] in (str(TRACKER), str(PEER))


def over_ipv6(key):
    return ":" in key[2]


def to_an_outsider(key):
    return key[2] == OUTSIDER


def names(key):
    return key[4] == str(DNS) and key[2] == ROUTER


# The last column: where it has to be seen. An answer leaves the host with the host's address, and IPv6 does not leave the lab's hosts.
BREAKS = {
    "gateway firewall open": (gateway_firewall_open, to_web, {"br-", "eth"}),
    "interface binding removed": (interface_binding_removed, of_torrents, {"br-", "eth"}),
    "IPv6 enabled": (ipv6_enabled, over_ipv6, {"br-"}),
    "dependent on the bridge": (dependent_on_the_bridge, to_web, {"br-", "eth"}),
    "port for peers published": (edited(publish_peers), to_an_outsider, {"br-"}),
    "outbound subnets too wide": (edited(widen), to_web, {"br-", "eth"}),
    "names asked outside": (edited(ask_the_router), names, {"br-"}),
}
CHEAP = ("gateway firewall open",)


def seen(vpn, leak, where):
    """Wait until a leak shows; how many packets."""
    def packets():
        found = {key: count for key, count in vpn.leaks().items() if leak(key)}
        return where <= {key[0] for key in found} and sum(found.values())

    until(packets, 30)
    return packets()


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in CHEAP else soak) for name in BREAKS])
def test_the_capture_sees_what_is_broken(by_hand, name):
    broken, leak, where = BREAKS[name]
    vpn = by_hand
    assert vpn.leaks() == {}
    vpn.begin()
    with broken(vpn):
        print("packets: {0} outside".format(seen(vpn, leak, where)))
    vpn.healthy()
    until(lambda: vpn.public_ip() == PUBLIC, 40)
    # What talked while it was broken has ended.
    vpn.sh("for name in qbittorrent sonarr; do docker exec $name pkill -f /tmp/talk; done", check=False)
    time.sleep(1.5)
    vpn.begin()
    vpn.talk(4)
    time.sleep(4)
    assert vpn.leaks() == {}, "mended"


@soak
def test_a_run_mends_what_was_broken(by_hand):
    """All of it at once, in the compose file, as somebody does who edits it; and the binding, as at the web page."""
    vpn = by_hand

    def change(services):
        for one in (join_the_bridge, publish_peers, widen):
            one(services)

    names_of_all = ["gluetun", "sonarr", "qbittorrent"]
    vpn.begin()
    vpn.compose(change, names_of_all, keep=True)
    # The gateway binds it to the tunnel when it has a port.
    until(lambda: vpn.preferences().get("listen_port") == PORT, 60)
    vpn.prefer(current_network_interface="")
    vpn.load()
    vpn.talk(30)
    for leak in (to_web, to_an_outsider, of_torrents):
        print("packets: {0} outside".format(seen(vpn, leak, {"br-"})))
    # The last one, since a gateway that resolves no names does not get well.
    vpn.compose(ask_the_router, names_of_all, keep=True)
    vpn.talk(20)
    print("packets: {0} outside".format(seen(vpn, names, {"br-"})))
    run = vpn.lab.site("--limit", MEDIA)
    assert run.code == 0, run.output[-3000:]
    vpn.rejoin(90)
    assert vpn.sh("systemctl is-active " + UNIT).strip() == "active"
    until(lambda: vpn.preferences().get("current_network_interface") == "tun0", 30)
    vpn.begin()
    vpn.load()
    vpn.talk(6)
    until(lambda: vpn.inside() >= MANY, 30)
    assert vpn.leaks() == {}
    assert vpn.lab.site("--limit", MEDIA).total("changed") == 0
