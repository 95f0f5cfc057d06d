# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules about gateways: for each, inventories that break it, with the sentence, and inventories that keep it."""
from __future__ import annotations

import copy

import pytest
import yaml

from ansible_collections.homelab.media.plugins.plugin_utils import catalog as catalogs
from ansible_collections.homelab.media.plugins.plugin_utils import plan, secret_marks, vpn, vpn_rules

from .conftest import HEALTHY, ROOT, inventory, shipped_catalog

HOST = "h"
G = "media_services.gluetun."
KEY = "aEcpIvO0MhSg8ZG6jv6QCKbpZK3p1hzcLCGCwZm8cmg="
PUBLIC = "+pQAQkZKyAAPAKMK0cTZXmsaL1zRLVfbuQJGsNSzBEw="
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
LOGIN = {"openvpn_user": "someuser", "openvpn_password": "some password"}


def host(gluetun, others=None, catalog=None, **variables):
    """One host with a gateway.

    :param catalog: App to keys that a user's own catalog entry changes.
    """
    return {"services": dict({"gluetun": gluetun}, **(others or {})), "catalog": catalog or {}, "variables": variables}


def wg(provider="protonvpn", env=None, version=None, secrets=None, **settings):
    found = {"settings": dict({"provider": provider, "type": "wireguard"}, **settings)}
    found["secrets"] = dict({"wireguard_private_key": KEY}, **(secrets or {}))
    if env:
        found["env"] = env
    if version:
        found["version"] = version
    return found


def ov(provider="protonvpn", env=None, version=None, secrets=None, **settings):
    found = wg(provider, env, version, None, **settings)
    found["settings"]["type"] = "openvpn"
    found["secrets"] = LOGIN if secrets is None else secrets
    return found


CUSTOM = {"endpoint_ip": "203.0.113.9", "endpoint_port": 51820, "public_key": PUBLIC, "addresses": ["10.64.0.2/32"]}
OWN = {"addresses": ["10.64.0.2/32"]}
QB = {"qbittorrent": {"via": "gluetun"}}
PMP = dict(LOGIN, openvpn_user="someuser+pmp")
CERTS = dict(LOGIN, openvpn_cert=PEM, openvpn_key=PEM)
ERROR, WARNING = "error", "warning"

# rule: [(name, host, severity, key, part of the message, part of the remedy)]
BAD = {
    "G1": [
        ("no provider", host({"settings": {}, "secrets": {}}), ERROR, G + "settings.provider", "no VPN provider", "Set settings.provider"),
        ("no WireGuard", host(wg("private internet access", **OWN)), ERROR, G + "settings.type", "knows no WireGuard", "openvpn"),
        ("unknown", host(wg("protonvpm")), ERROR, G + "settings.provider", "cannot be 'protonvpm'", "'protonvpn'"),
        ("gone", host(ov("mullvad", version="latest")), ERROR, G + "settings.provider", "no OpenVPN for mullvad", "v3.41.3"),
    ],
    "G2": [
        ("type", host(wg(type="ipsec")), ERROR, G + "settings.type", "cannot be 'ipsec'", "wireguard"),
        ("other type", host(wg(protocol="tcp")), WARNING, G + "settings.protocol", "only for OpenVPN", "Remove it"),
        ("mtu of OpenVPN", host(ov(mtu=1280)), WARNING, G + "settings.mtu", "only for WireGuard", "Remove it"),
    ],
    "G3": [
        ("missing", host(dict(wg(), secrets={})), ERROR, G + "secrets.wireguard_private_key", "needs its wireguard private key", "vault"),
        ("form", host(wg(secrets={"wireguard_private_key": "not a key at all"})), ERROR, G + "secrets.wireguard_private_key", "32 bytes", "provider's"),
        ("length", host(wg(secrets={"wireguard_private_key": "A" * 40})), ERROR, G + "secrets.wireguard_private_key", "32 bytes", "provider's"),
        ("token", host(wg("nordvpn", secrets={"wireguard_private_key": "e" * 64})), ERROR, G + "secrets.wireguard_private_key", "access token", "API"),
    ],
    "G4": [
        ("missing", host(wg("airvpn", **OWN)), ERROR, G + "secrets.wireguard_preshared_key", "needs its wireguard preshared key", "vault"),
        ("form", host(wg(secrets={"wireguard_preshared_key": "short but long"})), ERROR, G + "secrets.wireguard_preshared_key", "32 bytes", "provider's"),
    ],
    "G5": [
        ("missing", host(wg("mullvad")), ERROR, G + "settings.addresses", "needs the tunnel's own addresses", "Set settings.addresses"),
        ("nonsense", host(wg("mullvad", addresses=["10.64.0.300"])), ERROR, G + "settings.addresses", "no address of a tunnel", "10.64.0.2/32"),
    ],
    "G6": [("IPv6", host(wg("mullvad", addresses=["10.64.0.2/32", "fc00:bbbb::2/128"])), ERROR, G + "settings.addresses", "is IPv6", "IPv4")],
    "G7": [
        ("name", host(wg("custom", **{**CUSTOM, "endpoint_ip": "vpn.example.com"})), ERROR, G + "settings.endpoint_ip", "no IP address", "IP address"),
        ("no IP", host(wg("custom", **{**CUSTOM, "endpoint_ip": ""})), ERROR, G + "settings.endpoint_ip", "needs its IP address", "endpoint_ip"),
        ("no address", host(wg("custom", **{**CUSTOM, "endpoint_ip": "0.0.0.0"})), ERROR, G + "settings.endpoint_ip", "needs its IP address", "endpoint_ip"),
        ("no port", host(wg("custom", **{key: CUSTOM[key] for key in CUSTOM if key != "endpoint_port"})), ERROR, G + "settings.endpoint_port",
         "needs its port", "Set"),
        ("no key", host(wg("custom", **{**CUSTOM, "public_key": ""})), ERROR, G + "settings.public_key", "needs its public key", "public_key"),
        ("bad key", host(wg("custom", **{**CUSTOM, "public_key": "abc"})), ERROR, G + "settings.public_key", "32 bytes", "provider's"),
    ],
    "G8": [(name, host(wg(name, endpoint_port=51820, **OWN)), ERROR, G + "settings.endpoint_port", "cannot be chosen", "Remove endpoint_port")
           for name in ("fastestvpn", "nordvpn", "protonvpn", "surfshark")],
    "G9": [
        (name, host(wg(name, endpoint_port=51820, secrets={"wireguard_preshared_key": KEY}, **OWN)), ERROR, G + "settings.endpoint_port",
         "no WireGuard on port 51820", remedy)
        for name, remedy in (("airvpn", "1637, 47107"), ("ivpn", "58237"), ("windscribe", "65142"))],
    "G10": [
        ("no user", host(ov(secrets={"openvpn_password": "some password"})), ERROR, G + "secrets.openvpn_user", "needs its openvpn user", "vault"),
        ("no password", host(ov(secrets={"openvpn_user": "someuser"})), ERROR, G + "secrets.openvpn_password", "needs its openvpn password", "vault"),
        ("ivpn", host(ov("ivpn", secrets={"openvpn_user": "someuser"})), ERROR, G + "secrets.openvpn_password", "IVPN needs a password", "account"),
    ],
    "G11": [
        ("cert", host(ov("cyberghost", secrets=dict(LOGIN, openvpn_key=PEM))), ERROR, G + "secrets.openvpn_cert", "needs its openvpn cert", "vault"),
        ("key", host(ov("airvpn", secrets={"openvpn_cert": PEM})), ERROR, G + "secrets.openvpn_key", "needs its openvpn key", "vault"),
        ("encrypted key", host(ov("vpnsecure", secrets={"openvpn_cert": PEM, "openvpn_key_passphrase": "passphrase"})), ERROR,
         G + "secrets.openvpn_encrypted_key", "needs its openvpn encrypted key", "vault"),
        ("passphrase", host(ov("vpnsecure", secrets={"openvpn_cert": PEM, "openvpn_encrypted_key": PEM})), ERROR,
         G + "secrets.openvpn_key_passphrase", "needs its openvpn key passphrase", "vault"),
        ("no PEM", host(ov("cyberghost", secrets=dict(LOGIN, openvpn_key=PEM, openvpn_cert="MIIBMIIB"))), ERROR, G + "secrets.openvpn_cert", "not in PEM",
         "first and last line"),
        ("half a PEM", host(ov("cyberghost", secrets=dict(LOGIN, openvpn_cert=PEM, openvpn_key=PEM[:40]))), ERROR, G + "secrets.openvpn_key", "not in PEM",
         "first and last line"),
        ("passphrase with others", host(ov(secrets=dict(LOGIN, openvpn_encrypted_key=PEM))), ERROR, G + "secrets.openvpn_key_passphrase",
         "needs its passphrase", "Give"),
        ("vpn unlimited", host(ov("vpn unlimited")), ERROR, G + "secrets.openvpn_cert", "needs its openvpn cert", "vault"),
    ],
    "G12": [("no server", host(ov("custom", secrets={"openvpn_custom_config": "client\ndev tun\n"})), ERROR, G + "secrets.openvpn_custom_config",
             "sees no server", "IP address"),
            ("a name", host(ov("custom", secrets={"openvpn_custom_config": "remote vpn.example.com 1194\nproto udp\n"})), ERROR,
             G + "secrets.openvpn_custom_config", "resolves no name", "IP address"),
            ("no file", host(ov("custom", secrets={})), ERROR, G + "secrets.openvpn_custom_config", "needs its openvpn custom config", "vault")],
    "G13": [(name, host(ov(name, version="v3.41.1", protocol="tcp")), ERROR, G + "settings.protocol", "no OpenVPN over TCP", "udp")
            for name in ("giganews", "ipvanish", "perfect privacy", "vyprvpn", "privado")],
    "G14": [
        ("nordvpn", host(ov("nordvpn", endpoint_port=443)), ERROR, G + "settings.endpoint_port", "cannot be chosen", "Remove endpoint_port"),
        ("proton", host(ov(endpoint_port=81)), ERROR, G + "settings.endpoint_port", "OpenVPN over UDP on port 81", "51820"),
        ("proton tcp", host(ov(endpoint_port=80, protocol="tcp")), ERROR, G + "settings.endpoint_port", "OpenVPN over TCP on port 80", "8443"),
        ("proton before", host(ov(version="v3.40.0", endpoint_port=51820)), ERROR, G + "settings.endpoint_port", "on port 51820", "5060"),
        ("pia before", host(ov("private internet access", version="v3.41.1", protocol="tcp", endpoint_port=501)), ERROR, G + "settings.endpoint_port",
         "over TCP on port 501", "80, 110, 443."),
        ("privado before", host(ov("privado", version="v3.41.1", endpoint_port=1194)), ERROR, G + "settings.endpoint_port", "cannot be chosen", "Remove"),
        *[("{0} {1}".format(name, kind), host(ov(name, protocol=kind, endpoint_port=4242, secrets=dict(CERTS, openvpn_user="i-AbCd-1234-EfGh"))), ERROR,
           G + "settings.endpoint_port", "over {0} on port 4242".format(kind.upper()), remedy)
          for name, kind, remedy in (("airvpn", "udp", "41185"), ("airvpn", "tcp", "2018"), ("ivpn", "udp", "2049"), ("ivpn", "tcp", "1143"),
                                     ("mullvad", "udp", "1303"), ("mullvad", "tcp", "1401"), ("perfect privacy", "udp", "4433"), ("privado", "udp", "8443"),
                                     ("privado", "tcp", "8443"), ("slickvpn", "udp", "8888"), ("slickvpn", "tcp", "8080"),
                                     ("windscribe", "udp", "54783"), ("windscribe", "tcp", "3306"))],
        ("pia", host(ov("private internet access", endpoint_port=443)), ERROR, G + "settings.endpoint_port", "over UDP on port 443", "9201"),
    ],
    "G15": [
        ("mullvad", host(wg("mullvad", port_forwarding=True, **OWN)), ERROR, G + "settings.port_forwarding", "forwards no port", "vpn_input_ports"),
        ("custom", host(wg("custom", port_forwarding=True, **CUSTOM)), ERROR, G + "settings.port_forwarding", "forwards no port", "Turn port_forwarding off"),
        ("gone", host(ov("perfect privacy", version="latest", port_forwarding=True)), ERROR, G + "settings.port_forwarding", "forwards no port", "off"),
        ("privatevpn", host(wg("custom", port_forwarding=True, forwarding_provider="privatevpn", **CUSTOM)), WARNING, G + "settings.port_forwarding",
         "over OpenVPN only", "openvpn"),
        ("another's way", host(wg(port_forwarding=True, forwarding_provider="private internet access")), ERROR, G + "settings.forwarding_provider",
         "no other way than its own", "Remove forwarding_provider"),
    ],
    "G16": [
        ("names", host(wg("custom", port_forwarding=True, forwarding_provider="private internet access", secrets={
            "forwarding_user": "p1234567", "forwarding_password": "some password"}, **CUSTOM)), ERROR, G + "settings.names", "the server's name", "names"),
        ("login", host(wg("custom", port_forwarding=True, forwarding_provider="private internet access", names=["london401"], **CUSTOM)), ERROR,
         G + "secrets.forwarding_user", "needs its forwarding user", "vault"),
    ],
    "G17": [("no pmp", host(ov(port_forwarding=True)), ERROR, G + "secrets.openvpn_user", "'+pmp'", "Append"),
            ("a short user", host(ov(port_forwarding=True, secrets=dict(LOGIN, openvpn_user="bob"))), ERROR, G + "secrets.openvpn_user", "'+pmp'", "Append")],
    "G18": [
        (setting, host(ov("expressvpn", **{setting: True})), ERROR, G + "settings." + setting, "no such filter", providers[0])
        for setting, providers in vpn.FILTERS.items()
    ] + [
        (setting, host(wg("custom", **{**CUSTOM, setting: ["Sweden"]})), ERROR, G + "settings." + setting, "not chosen from a list", setting)
        for setting in vpn.CHOOSING
    ] + [("two names", host(wg("custom", names=["a", "b"], **CUSTOM)), ERROR, G + "settings.names", "no more than one name", "Keep")]
    + [("free and forwarded", host(wg(free_only=True, port_forwarding=True)), ERROR, G + "settings.free_only", "forward no port", "free_only")],
    "G19": [
        ("zero", host(wg(vpn_input_ports=[0])), ERROR, G + "settings.vpn_input_ports[0]", "1 to 65535", "Correct"),
        ("text", host(wg(input_ports=["http"])), ERROR, G + "settings.input_ports[0]", "whole number", "Correct"),
    ],
    "G20": [
        ("no network", host(wg(outbound_subnets=["lan"])), ERROR, G + "settings.outbound_subnets[0]", "must be a network", "Correct"),
        ("everything", host(wg(outbound_subnets=["0.0.0.0/0"])), ERROR, G + "settings.outbound_subnets", "around the tunnel", "LAN only"),
        ("half of everything", host(wg(outbound_subnets=["0.0.0.0/1"])), ERROR, G + "settings.outbound_subnets", "around the tunnel", "LAN only"),
    ],
    "G21": [
        ("proton", host(wg(outbound_subnets=["10.0.0.0/8"])), ERROR, G + "settings.outbound_subnets", "overlaps with the tunnel", "narrower"),
        ("nord", host(wg("nordvpn", outbound_subnets=["10.5.0.0/24"])), ERROR, G + "settings.outbound_subnets", "overlaps with the tunnel", "narrower"),
        ("own address", host(wg("mullvad", addresses=["192.168.1.77/32"])), ERROR, G + "settings.outbound_subnets", "192.168.1.0/24", "narrower"),
        ("the bridge", host(wg(), network={"subnet": "10.2.128.0/24"}), ERROR, G + "settings.outbound_subnets", "10.2.128.0/24", "media_network.subnet"),
    ],
    "G22": [
        ("public", host(wg(outbound_subnets=["8.8.8.0/24"])), WARNING, G + "settings.outbound_subnets", "is public", "LAN only"),
        ("endpoint", host(wg("custom", **{**CUSTOM, "endpoint_ip": "192.168.1.1", "outbound_subnets": ["192.168.1.0/24"]})), WARNING,
         G + "settings.outbound_subnets", "holds the VPN server 192.168.1.1", "narrower"),
    ],
    "G23": [
        ("setting", host(wg(owned_only="maybe")), ERROR, G + "settings.owned_only", "true or false", "Correct"),
        ("variable", host(wg(env={"HTTPPROXY_STEALTH": "1"})), ERROR, G + "env.HTTPPROXY_STEALTH", "on or off", "on or off"),
        ("firewall", host(wg(env={"FIREWALL": "0"})), ERROR, G + "env.FIREWALL", "on or off", "on or off"),
    ],
    "G24": [
        ("old name", host(wg(env={"FIREWALL": "on"})), WARNING, G + "env.FIREWALL", "calls FIREWALL " + vpn.FIREWALL, "Write"),
        ("off", host(wg(env={"FIREWALL": "off"})), WARNING, G + "env.FIREWALL", "kill switch off", "Remove it"),
        ("off today", host(wg(env={vpn.FIREWALL: False})), WARNING, G + "env." + vpn.FIREWALL, "kill switch off", "Remove it"),
    ],
    "G25": [
        ("type", host(wg(dns_type="dnscrypt")), ERROR, G + "settings.dns_type", "cannot be 'dnscrypt'", "dot"),
        ("no address", host(wg(dns_addresses=["cloudflare"])), ERROR, G + "settings.dns_addresses", "no IP address", "1.1.1.1"),
        ("encrypted addresses", host(wg(dns_type="dot", dns_addresses=["1.1.1.1"])), ERROR, G + "settings.dns_addresses", "by their names", "plain"),
        ("two addresses", host(wg(dns_addresses=["1.1.1.1", "9.9.9.9"])), WARNING, G + "settings.dns_addresses", "only the first", "Keep one"),
        ("doh in v3.40", host(wg(version="v3.40", dns_type="doh")), ERROR, G + "settings.dns_type", "no DNS over HTTPS", "v3.41.3"),
        ("plain in latest", host(wg(version="latest", dns_type="plain")), ERROR, G + "settings.dns_type", "wants addresses", "dns_addresses"),
        ("resolver", host(wg(dns_resolvers=["quad8"])), ERROR, G + "settings.dns_resolvers", "no resolver 'quad8'", "quad9"),
        *[("{0} {1}".format(setting, name), host(wg(**{setting: [name]})), ERROR, G + "settings." + setting, "no name of a host", "example.com")
          for setting in ("dns_unblock", "dns_private_names") for name in ("*.example.com", ".lan", "nas.lan.", "https://nas.lan", "-a.lan")],
        ("short period", host(wg(dns_update_period="10s")), ERROR, G + "settings.dns_update_period", "at least 30 seconds", "24h"),
        ("no period", host(wg(dns_update_period="daily")), ERROR, G + "settings.dns_update_period", "neither 0", "24h"),
        ("keepalive", host(wg(keepalive="25")), ERROR, G + "settings.keepalive", "no duration", "25s"),
    ],
    "G26": [
        ("default role", host(wg(env={"HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE": '{"auth":"none"}'})), ERROR,
         G + "env.HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE", "open the control server", "Remove it"),
        ("another file", host(wg(env={"HTTP_CONTROL_SERVER_AUTH_CONFIG_FILEPATH": "/x"})), ERROR, G + "env.HTTP_CONTROL_SERVER_AUTH_CONFIG_FILEPATH",
         "talks to the control server", "Remove it"),
        ("short key", host(wg(secrets={"control_api_key": "abc"})), ERROR, G + "secrets.control_api_key", "shorter than 8", "longer"),
    ],
    "G27": [
        ("v3.38", host(wg(version="v3.38.0")), ERROR, G + "version", "asks for no key", "v3.39.1"),
        ("v3.39.0", host(wg(version="v3.39.0")), ERROR, G + "version", "asks for no key", "v3.39.1"),
        ("commands", host(wg(version="v3.39", port_forwarding=True), QB), WARNING, G + "settings.port_forwarding", "runs no command", "v3.40"),
        ("health", host(wg(version="v3.40", health_check="icmp")), WARNING, G + "settings.health_check", "does not know this yet", "v3.41"),
        ("ports", host(wg(forwarding_ports_count=2)), WARNING, G + "settings.forwarding_ports_count", "does not know this yet", "latest"),
    ],
    "G28": [
        ("owned", host(wg(env={"WIREGUARD_MTU": "1280"})), ERROR, G + "env.WIREGUARD_MTU", "comes from settings.mtu", "Set settings.mtu"),
        ("owned by a secret", host(wg(env={"OPENVPN_USER": "me"})), ERROR, G + "env.OPENVPN_USER", "comes from secrets.openvpn_user", "secrets.openvpn_user"),
        ("old name of an owned one", host(wg(env={"REGION": "Europe"})), ERROR, G + "env.REGION", "comes from settings.regions", "settings.regions"),
        ("dot", host(wg(env={"DOT": "off"})), ERROR, G + "env.DOT", "comes from settings.dns_type", "dns_type"),
        ("reserved", host(wg(env={"VPN_INTERFACE": "tun1"})), ERROR, G + "env.VPN_INTERFACE", "belongs to the collection", "Remove it"),
        ("renamed", host(wg(env={"PROXY_LOG": "on"})), WARNING, G + "env.PROXY_LOG", "calls PROXY_LOG HTTPPROXY_LOG", "Write HTTPPROXY_LOG"),
        ("means something else", host(wg(version="latest", env={"FIREWALL_DEBUG": "on"})), WARNING, G + "env.FIREWALL_DEBUG",
         "FIREWALL_IPTABLES_LOG_LEVEL in the place", "FIREWALL_IPTABLES_LOG_LEVEL"),
        ("level", host(wg(env={"LOG_LEVEL": "loud"})), ERROR, G + "env.LOG_LEVEL", "does not start with 'loud'", "debug, info"),
        ("cipher", host(wg(env={"SHADOWSOCKS_METHOD": "rot13"})), ERROR, G + "env.SHADOWSOCKS_METHOD", "'rot13' for SHADOWSOCKS_CIPHER", "aes-128-gcm"),
        ("verbosity", host(ov(env={"OPENVPN_VERBOSITY": 7})), ERROR, G + "env.OPENVPN_VERBOSITY", "does not start with '7'", "0, 1"),
        ("dropped", host(wg(env={"HEALTH_VPN_DURATION_INITIAL": "6s"})), WARNING, G + "env.HEALTH_VPN_DURATION_INITIAL", "does nothing", "Remove it"),
    ],
    "G29": [
        ("a name", host(wg(health_icmp_targets=["example.com"])), ERROR, G + "settings.health_icmp_targets", "no IP address", "1.1.1.1"),
        ("the server and others", host(wg(health_icmp_targets=["0.0.0.0", "1.1.1.1"])), ERROR, G + "settings.health_icmp_targets", "only target", "Remove"),
    ],
    "G30": [("none", host(ov("private internet access", encryption_preset="none")), ERROR, G + "settings.encryption_preset", "no such preset", "strong")],
    "D1": [
        ("ports", host(wg(), QB, {"qbittorrent": {"compose": {"ports": ["8080:8080"]}}}), ERROR, "media_services.qbittorrent", "refuses its ports",
         "via: true"),
        ("expose", host(wg(), QB, {"qbittorrent": {"compose": {"expose": ["8080"]}}}), ERROR, "media_services.qbittorrent", "refuses its expose", "via"),
    ],
    "D2": [
        (key, host(wg(), QB, {"qbittorrent": {"compose": {key: value}}}), ERROR, "media_services.qbittorrent", "refuses its " + key, "catalog file")
        for key, value in (("networks", ["x"]), ("hostname", "qb"), ("dns", ["1.1.1.1"]), ("extra_hosts", ["a:1.1.1.1"]), ("links", ["x"]),
                           ("mac_address", "02:42:ac:11:00:02"))],
    "D3": [
        ("control server", host(wg(), {"sonarr": {"via": "gluetun", "port": 8000}}), ERROR, "media_services.sonarr.port", "port 8000/tcp inside",
         "another port"),
        ("proxy", host(wg(), {"sonarr": {"via": "gluetun", "port": 8888}}), ERROR, "media_services.sonarr.port", "port 8888/tcp inside", "another port"),
    ],
    "D4": [("8080", host(wg(), dict(QB, sabnzbd={"via": "gluetun"})), ERROR, "media_services.sabnzbd.port", "port 8080/tcp inside", "another port")],
    "D5": [("host port", host(wg(), dict(QB, sabnzbd={})), ERROR, "media_services.sabnzbd.port", "published on port 8080/tcp", "another port")],
    "D6": [("published elsewhere", host(wg(), {"qbittorrent": {"via": "gluetun", "port": 8090}}, {"qbittorrent": {
        "port": {"number": 8080, "inside": False, "login": True, "people": True}}}), ERROR, "media_services.qbittorrent.port", "refuse every request",
        "that it listens on")],
    "D7": [("peers", host(wg(), QB, {"qbittorrent": {"ports": [{"name": "torrent", "number": 6881, "via": True}]}}), WARNING,
            "media_services.qbittorrent", "where no peer comes from", "through the tunnel")],
    "D8": [("no such gateway", host(wg(), {"qbittorrent": {"via": "glutun"}}), ERROR, "media_services.qbittorrent.via", "no gateway 'glutun'", "'gluetun'")],
    "D9": [
        ("from outside", host(wg(), dict(QB, sonarr={"env": {"CLIENT": "http://qbittorrent:8080/api"}})), WARNING, "media_services.sonarr.env.CLIENT",
         "no name of its own", "Write gluetun"),
        ("from inside", host(wg(), dict(QB, sonarr={"via": "gluetun", "env": {"CLIENT": "http://qbittorrent:8080"}})), WARNING,
         "media_services.sonarr.env.CLIENT", "no name of its own", "Write localhost"),
    ],
    "D10": [
        ("v3.40", host(wg(version="v3.40.0"), {"sonarr": {"via": "gluetun"}, "sabnzbd": {}}), ERROR, "media_services.sonarr.links.download_clients",
         "cannot resolve the name of 'sabnzbd'", "v3.41.3"),
        ("another server", host(wg(dns_addresses=["1.1.1.1"]), {"sonarr": {"via": "gluetun"}, "sabnzbd": {}}), ERROR,
         "media_services.sonarr.links.download_clients", "cannot resolve the name of 'sabnzbd'", "dns_resolvers"),
    ],
}

# rule: [(name, host)], on which nothing at all is found.
GOOD = {
    "G1": [("wireguard " + name, host(wg(name, secrets={"wireguard_preshared_key": KEY}, **(CUSTOM if name == "custom" else OWN)))) for name in vpn.WIREGUARD]
    + [("openvpn " + name, host(ov(name, secrets=dict(CERTS, openvpn_encrypted_key=PEM, openvpn_key_passphrase="passphrase",
                                                      openvpn_custom_config="client\nremote 203.0.113.9\n"))))
       for name in vpn.OPENVPN],
    "G2": [("openvpn", host(ov(protocol="tcp", endpoint_port=443, mssfix=1320, openvpn_version="2.6", flags=["--mute", "9"])))],
    "G3": [("a key", host(wg()))],
    "G4": [("airvpn", host(wg("airvpn", secrets={"wireguard_preshared_key": KEY}, **OWN))), ("others have none", host(wg()))],
    "G5": [("proton", host(wg())), ("nord", host(wg("nordvpn"))), ("mullvad", host(wg("mullvad", addresses=["10.64.0.2"])))],
    "G6": [("IPv4", host(wg("mullvad", **OWN)))],
    "G7": [("custom", host(wg("custom", **CUSTOM)))],
    "G8": [("custom", host(wg("custom", **CUSTOM))), ("unset", host(wg("surfshark", **OWN)))],
    "G9": [("airvpn", host(wg("airvpn", endpoint_port=1637, secrets={"wireguard_preshared_key": KEY}, **OWN))),
           ("mullvad takes any", host(wg("mullvad", endpoint_port=4242, **OWN)))],
    "G10": [("both", host(ov())), ("ivpn account", host(ov("ivpn", secrets={"openvpn_user": "i-AbCd-1234-EfGh"}))),
            ("mullvad", host(ov("mullvad", secrets={"openvpn_user": "1234567890123456"})))],
    "G11": [("cyberghost", host(ov("cyberghost", secrets=CERTS))),
            ("vpnsecure", host(ov("vpnsecure", secrets={"openvpn_cert": PEM, "openvpn_encrypted_key": PEM, "openvpn_key_passphrase": "passphrase"})))],
    "G12": [("custom", host(ov("custom", secrets={"openvpn_custom_config": "client\nremote 203.0.113.9 1194\n"}))),
            ("a name that nobody reads", host(ov("custom", secrets={
                "openvpn_custom_config": "# remote a.example\nremote 203.0.113.9 1194 udp\nremote vpn.example.com 1194\n"})))],
    "G13": [("protonvpn", host(ov(protocol="tcp"))), ("privado today", host(ov("privado", protocol="tcp")))],
    "G14": [("proton", host(ov(endpoint_port=1194))), ("any", host(ov("torguard", endpoint_port=4242))),
            ("airvpn", host(ov("airvpn", endpoint_port=2018, secrets=CERTS))), ("ivpn", host(ov("ivpn", protocol="tcp", endpoint_port=1143))),
            ("privado today", host(ov("privado", endpoint_port=1194))), ("proton today", host(ov(endpoint_port=51820)))],
    "G15": [("proton", host(wg(port_forwarding=True))), ("pia", host(ov("private internet access", port_forwarding=True))),
            ("perfect privacy", host(ov("perfect privacy", port_forwarding=True))),
            ("a custom proton server", host(wg("custom", port_forwarding=True, forwarding_provider="protonvpn", **CUSTOM))),
            ("static", host(wg("airvpn", vpn_input_ports=[51413], secrets={"wireguard_preshared_key": KEY}, **OWN)))],
    "G16": [("custom", host(wg("custom", port_forwarding=True, forwarding_provider="private internet access", names=["london401"], secrets={
        "forwarding_user": "p1234567", "forwarding_password": "some password"}, **CUSTOM)))],
    "G17": [("pmp", host(ov(port_forwarding=True, secrets=PMP))), ("none wanted", host(ov()))],
    "G18": [(setting, host(ov(providers[-1], secrets=dict(CERTS, openvpn_encrypted_key=PEM, openvpn_key_passphrase="passphrase"), **{setting: True})))
            for setting, providers in vpn.FILTERS.items()]
    + [("a name of a custom server", host(wg("custom", names=["a"], **CUSTOM)))],
    "G19": [("ports", host(wg(vpn_input_ports=[1, "65535"], input_ports=[8081])))],
    "G20": [("networks", host(wg(outbound_subnets=["192.168.1.0/24", "192.168.7.9"])))],
    "G21": [("apart", host(wg(outbound_subnets=["10.3.0.0/16", "192.168.1.0/24"])))],
    "G22": [("private", host(wg(outbound_subnets=["192.168.1.7/24"]))), ("a mesh VPN", host(wg(outbound_subnets=["100.64.0.0/10"])))],
    "G23": [("words", host(wg(owned_only="no", env={"HTTPPROXY_STEALTH": "enabled"})))],
    "G24": [("on", host(wg(env={vpn.FIREWALL: "on"})))],
    "G25": [("dot", host(wg(dns_type="dot", dns_resolvers=["Quad9"], dns_update_period="1h30m", keepalive="25s"))),
            ("plain", host(wg(dns_type="plain", dns_addresses=["1.1.1.1"]))),
            ("two in latest", host(wg(version="v9.0.0", dns_addresses=["1.1.1.1", "2606:4700:4700::1111"]))), ("never", host(wg(dns_update_period="0"))),
            ("names", host(wg(dns_unblock=["example.com", "a_b.example"], dns_private_names=["nas", "home.arpa"], keepalive=".5m")))],
    "G26": [("own key", host(wg(secrets={"control_api_key": "0123456789abcdef"})))],
    "G27": [(version, host(wg(version=version))) for version in ("v3.39.1", "v3.39", "v3.40.0", "v3.41", "v3", "v4.0.0", "v3.41.3@sha256:" + 64 * "a")]
    + [("ports", host(wg(version="v4.0.0", forwarding_ports_count=2, port_forwarding=True)))],
    "G28": [("not ours", host(wg(env={"LOG_LEVEL": "debug", "DNS_BLOCK_IPS": "1.2.3.4"}))), ("that release's own", host(wg(version="v3.40", env={
        "HEALTH_SUCCESS_WAIT_DURATION": "5s"})))],
    "G29": [("targets", host(wg(health_icmp_targets=["1.1.1.1", "2606:4700:4700::1111"]))), ("the server", host(wg(health_icmp_targets=["0.0.0.0"])))],
    "G30": [("strong", host(ov("private internet access", encryption_preset="strong"))), ("before", host(ov(
        "private internet access", version="v3.41.1", encryption_preset="none")))],
    "D1": [("published on the gateway", host(wg(), QB))],
    "D2": [("nothing of its own", host(wg(), QB))],
    "D3": [("apart", host(wg(), {"sonarr": {"via": "gluetun", "port": 8001}, "radarr": {"via": "gluetun"}, "qbittorrent": {"via": "gluetun"}}))],
    "D4": [("moved", host(wg(), dict(QB, sabnzbd={"via": "gluetun", "port": 8085})))],
    "D5": [("apart", host(wg(), dict(QB, sabnzbd={"port": 8085})))],
    "D6": [("both move", host(wg(), {"qbittorrent": {"via": "gluetun", "port": 8090}}))],
    "D7": [("not published", host(wg(), QB))],
    "D8": [("there", host(wg(), QB))],
    "D9": [("the gateway's name", host(wg(), dict(QB, sonarr={"env": {"CLIENT": "http://gluetun:8080"}}))),
           ("localhost", host(wg(), dict(QB, sonarr={"via": "gluetun", "env": {"CLIENT": "http://localhost:8080"}})))],
    "D10": [("v3.41", host(wg(), {"sonarr": {"via": "gluetun"}, "sabnzbd": {}})),
            ("all inside", host(wg(version="v3.40", dns_addresses=["1.1.1.1"]), {"sonarr": {"via": "gluetun"}, "qbittorrent": {"via": "gluetun"}})),
            ("latest", host(wg(version="v4.0.0", dns_addresses=["1.1.1.1"]), {"sonarr": {"via": "gluetun"}, "sabnzbd": {}}))],
}


def found(described, tmp_path):
    """All findings of both stages, with the secrets masked as the action does it."""
    services = copy.deepcopy(described["services"])
    for service in services.values():
        service["secrets"] = {name: secret_marks.masked(value) for name, value in service.get("secrets", {}).items()}
    raw = {HOST: inventory(services, **described["variables"])}
    catalog = shipped_catalog()
    if described["catalog"]:
        for app, change in described["catalog"].items():
            entry = yaml.safe_load((ROOT / "catalog" / (app + ".yml")).read_text(encoding="utf-8"))
            entry.update(change)
            (tmp_path / (app + ".yml")).write_text(yaml.safe_dump(entry), encoding="utf-8")
        catalog = catalogs.load([str(tmp_path)])
    static = plan.static(raw, catalog)["findings"]
    full = plan.full(raw, {HOST: copy.deepcopy(HEALTHY)}, catalog)["findings"]
    return static + [item for item in full if item not in static]


def test_every_rule_has_its_rows():
    assert set(BAD) == set(GOOD) == set(vpn_rules.RULES)
    assert all(BAD[rule] and GOOD[rule] for rule in vpn_rules.RULES)
    assert {rule for rule in vpn_rules.RULES if rule.startswith("G")} >= {"G{0}".format(number) for number in range(1, 28)}
    assert {rule for rule in vpn_rules.RULES if rule.startswith("D")} == {"D{0}".format(number) for number in range(1, 11)}
    assert all(rule.check or rule.told_by for rule in vpn_rules.RULES.values())


@pytest.mark.parametrize("rule, row", [pytest.param(rule, row, id="{0} {1}".format(rule, row[0])) for rule in BAD for row in BAD[rule]])
def test_broken(rule, row, tmp_path):
    dummy, described, severity, key, message, remedy = row
    findings = found(described, tmp_path)
    match = [item for item in findings if item["key"] == key and message in item["message"]]
    assert match, findings
    assert match[0]["host"] == HOST and match[0]["severity"] == severity and remedy in match[0]["remedy"], match
    assert match[0]["message"].endswith(".") and match[0]["remedy"].endswith((".", "?"))
    assert len(match) == 1, "told once"
    assert KEY not in str(findings) and "some password" not in str(findings)


@pytest.mark.parametrize("rule, row", [pytest.param(rule, row, id="{0} {1}".format(rule, row[0])) for rule in GOOD for row in GOOD[rule]])
def test_kept(rule, row, tmp_path):
    findings = [item for item in found(row[1], tmp_path) if "not pinned" not in item["message"] and "finds no" not in item["message"]]
    assert findings == []


def test_a_password_kept_on_the_host_is_a_password():
    services = {"gluetun": ov("ivpn", secrets={"openvpn_user": "someuser"})}
    info = dict(copy.deepcopy(HEALTHY), keys={"gluetun.openvpn_password": "stored"})
    assert plan.full({HOST: inventory(services)}, {HOST: info}, shipped_catalog())["findings"] == []


def test_no_device_no_gateway():
    info = dict(copy.deepcopy(HEALTHY), tun={"exists": False})
    findings = plan.full({HOST: inventory({"gluetun": wg()})}, {HOST: info}, shipped_catalog())["findings"]
    assert ["/dev/net/tun" in item["message"] for item in findings] == [True]


@pytest.mark.parametrize("text, marks", [
    (KEY, {"key"}), ("x" * 50, {"token"}), ("user+pmp", {"pmp"}), ("ivpn-aaaa-1111-BBBB", {"account"}), ("harmless", set()), ("a+pmp", {"pmp"}),
    (PEM, {"pem", "token"}), (PEM.replace("\n", "\r\n") + "\r\n", {"pem", "token"}), (PEM.replace("MIIB", "M!IB"), {"token"}),
    ("remote 203.0.113.9", {"remote"}),
    ("proto udp\nremote 203.0.113.9\nremote a.b", {"remote"}), ("remote 203.0.113.9\nremote a.example", set()), ("remote", set())])
def test_marks_survive_the_mask(text, marks):
    mask = secret_marks.masked(text)
    assert secret_marks.marks_of(text) == secret_marks.marks_of(mask) == marks and text not in mask
    assert secret_marks.length(mask) == min(len(text), secret_marks.SHORTEST) and secret_marks.length(text) == len(text)


def test_marks_that_nobody_knows():
    assert secret_marks.marks_of("*" * 8) is None
    assert secret_marks.marks_of("{{ vault_key }}") is None
