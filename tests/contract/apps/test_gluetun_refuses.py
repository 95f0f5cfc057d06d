# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What v3.41 of the gateway does not start with, a row for each; and beside every row the same setting right, which it takes."""
from __future__ import annotations

import base64
import json

import pytest
from standins.gluetun.settings import Wrong, read

PRIVATE = base64.b64encode(bytes(range(32))).decode()
PUBLIC = base64.b64encode(bytes(range(1, 33))).decode()
BLOCK = base64.b64encode(b"a block").decode()
SHARED = base64.b64encode(bytes(range(2, 34))).decode()


def wireguard(name, **more):
    return {"VPN_SERVICE_PROVIDER": name, "VPN_TYPE": "wireguard", "WIREGUARD_PRIVATE_KEY": PRIVATE, "WIREGUARD_ADDRESSES": "10.64.0.2/32", **more}


def custom(**more):
    return wireguard("custom", **{"WIREGUARD_ENDPOINT_IP": "192.0.2.10", "WIREGUARD_ENDPOINT_PORT": "51820", "WIREGUARD_PUBLIC_KEY": PUBLIC, **more})


def openvpn(name="private internet access", **more):
    return {"VPN_SERVICE_PROVIDER": name, "VPN_TYPE": "openvpn", "OPENVPN_USER": "p1", "OPENVPN_PASSWORD": "secret-word", **more}


FORWARD = {"VPN_PORT_FORWARDING": "on"}
# What is wrong: (settings, what the message names, what makes it right).
ROWS = {
    # Provider and type
    "unknown provider": (wireguard("mulvad"), "mulvad", {"VPN_SERVICE_PROVIDER": "mullvad"}),
    "no wireguard with this provider": (wireguard("cyberghost"), "cyberghost", {"VPN_SERVICE_PROVIDER": "Mullvad"}),
    "no provider is named": ({**wireguard(""), "VPN_SERVICE_PROVIDER": ""}, "private internet access", {"VPN_SERVICE_PROVIDER": "ivpn"}),
    "unknown type": (wireguard("mullvad", VPN_TYPE="amneziawg"), "amneziawg", {"VPN_TYPE": "WireGuard"}),
    "name of the interface": (custom(VPN_INTERFACE="tun 0"), "interface", {"VPN_INTERFACE": "wg_1"}),
    # Keys
    "no private key": (custom(WIREGUARD_PRIVATE_KEY=""), "private key is not set", {"WIREGUARD_PRIVATE_KEY": PRIVATE}),
    "private key too short": (custom(WIREGUARD_PRIVATE_KEY="c2hvcnQ="), "private key", {"WIREGUARD_PRIVATE_KEY": PRIVATE}),
    "private key too long": (custom(WIREGUARD_PRIVATE_KEY=base64.b64encode(bytes(33)).decode()), "private key", {"WIREGUARD_PRIVATE_KEY": PRIVATE}),
    "private key in hex": (custom(WIREGUARD_PRIVATE_KEY="ab" * 32), "private key", {"WIREGUARD_PRIVATE_KEY": PRIVATE}),
    "nordvpn's token": (wireguard("nordvpn", WIREGUARD_PRIVATE_KEY="0f" * 32), "private key", {"WIREGUARD_PRIVATE_KEY": PRIVATE}),
    "key without its end": (custom(WIREGUARD_PRIVATE_KEY=PRIVATE.rstrip("=")), "private key", {"WIREGUARD_PRIVATE_KEY": f" '{PRIVATE}' "}),
    "public key": (custom(WIREGUARD_PUBLIC_KEY="nonsense"), "public key", {"WIREGUARD_PUBLIC_KEY": PUBLIC}),
    "airvpn without preshared key": (wireguard("airvpn"), "pre-shared key", {"WIREGUARD_PRESHARED_KEY": SHARED}),
    "preshared key": (custom(WIREGUARD_PRESHARED_KEY="nonsense"), "pre-shared key", {"WIREGUARD_PRESHARED_KEY": SHARED}),
    # Addresses
    "no address": (wireguard("mullvad", WIREGUARD_ADDRESSES=""), "address is not set", {"VPN_SERVICE_PROVIDER": "protonvpn"}),
    "no address, nordvpn has its own": (custom(WIREGUARD_ADDRESSES=""), "address is not set", {"WIREGUARD_ADDRESSES": "10.5.0.2"}),
    "broken address": (custom(WIREGUARD_ADDRESSES="10.64.0.2/33"), "WIREGUARD_ADDRESSES", {"WIREGUARD_ADDRESSES": "10.64.0.2/24"}),
    "ipv6 where there is none": (custom(WIREGUARD_ADDRESSES="10.64.0.2/32,fd00::2/128"), "IPv6", {"WIREGUARD_ADDRESSES": "10.64.0.2/32"}),
    "allowed networks": (custom(WIREGUARD_ALLOWED_IPS="everything"), "WIREGUARD_ALLOWED_IPS", {"WIREGUARD_ALLOWED_IPS": "0.0.0.0/0"}),
    # The other end
    "custom without endpoint": (custom(WIREGUARD_ENDPOINT_IP=""), "endpoint IP", {"WIREGUARD_ENDPOINT_IP": "192.0.2.10"}),
    "custom without port": (custom(WIREGUARD_ENDPOINT_PORT=""), "endpoint port", {"WIREGUARD_ENDPOINT_PORT": "1"}),
    "custom without public key": (custom(WIREGUARD_PUBLIC_KEY=""), "public key", {"WIREGUARD_PUBLIC_KEY": PUBLIC}),
    "endpoint by name": (custom(WIREGUARD_ENDPOINT_IP="vpn.example.org"), "WIREGUARD_ENDPOINT_IP", {"WIREGUARD_ENDPOINT_IP": "192.0.2.10"}),
    "port out of range": (custom(WIREGUARD_ENDPOINT_PORT="65536"), "WIREGUARD_ENDPOINT_PORT", {"WIREGUARD_ENDPOINT_PORT": "65535"}),
    **{f"a port with {name}": (wireguard(name, WIREGUARD_ENDPOINT_PORT="51820"), "endpoint port", {"WIREGUARD_ENDPOINT_PORT": ""})
       for name in ("fastestvpn", "nordvpn", "protonvpn", "surfshark")},
    **{f"this port with {name}": (wireguard(name, WIREGUARD_PRESHARED_KEY=SHARED, WIREGUARD_ENDPOINT_PORT="4444"), "endpoint port",
                                  {"WIREGUARD_ENDPOINT_PORT": port})
       for name, port in (("airvpn", "47107"), ("ivpn", "58237"), ("windscribe", "65142"))},
    "no endpoint at all": (custom(WIREGUARD_ENDPOINT_IP="0.0.0.0"), "endpoint IP", {"WIREGUARD_ENDPOINT_IP": "2001:db8::1"}),
    "allowed address": (custom(WIREGUARD_ALLOWED_IPS="10.0.0.1"), "WIREGUARD_ALLOWED_IPS", {"WIREGUARD_ALLOWED_IPS": "10.0.0.1/8"}),
    "mtu out of range": (custom(WIREGUARD_MTU="70000"), "WIREGUARD_MTU", {"WIREGUARD_MTU": "0"}),
    "negative keepalive": (custom(WIREGUARD_PERSISTENT_KEEPALIVE_INTERVAL="-5s"), "negative", {"WIREGUARD_PERSISTENT_KEEPALIVE_INTERVAL": ".5s"}),
    "mtu": (custom(WIREGUARD_MTU="big"), "WIREGUARD_MTU", {"WIREGUARD_MTU": "1280"}),
    "implementation": (custom(WIREGUARD_IMPLEMENTATION="go"), "implementation", {"WIREGUARD_IMPLEMENTATION": "userspace"}),
    "keepalive without unit": (custom(WIREGUARD_PERSISTENT_KEEPALIVE_INTERVAL="25"), "KEEPALIVE", {"WIREGUARD_PERSISTENT_KEEPALIVE_INTERVAL": "25s"}),
    # OpenVPN
    "no user": (openvpn(OPENVPN_USER=""), "user", {"OPENVPN_USER": "p1"}),
    "no password": (openvpn(OPENVPN_PASSWORD=""), "password", {"OPENVPN_PASSWORD": "secret-word"}),
    "no password with ivpn": (openvpn("ivpn", OPENVPN_PASSWORD=""), "password", {"OPENVPN_USER": "i-ABCD-EFGH-2345"}),
    **{f"no certificate with {name}": (openvpn(name, OPENVPN_KEY=BLOCK, OPENVPN_ENCRYPTED_KEY=BLOCK, OPENVPN_KEY_PASSPHRASE="p"), "certificate",
                                       {"OPENVPN_CERT": BLOCK}) for name in ("airvpn", "cyberghost", "vpnsecure", "vpn unlimited")},
    **{f"no key with {name}": (openvpn(name, OPENVPN_CERT=BLOCK), "client key", {"OPENVPN_KEY": BLOCK})
       for name in ("airvpn", "cyberghost", "vpn unlimited")},
    "vpnsecure without key": (openvpn("vpnsecure", OPENVPN_CERT=BLOCK, OPENVPN_KEY_PASSPHRASE="p"), "encrypted key", {"OPENVPN_ENCRYPTED_KEY": BLOCK}),
    "vpnsecure without passphrase": (openvpn("vpnsecure", OPENVPN_CERT=BLOCK, OPENVPN_ENCRYPTED_KEY=BLOCK), "passphrase", {"OPENVPN_KEY_PASSPHRASE": "p"}),
    "no key passphrase with any provider": (openvpn("ivpn", OPENVPN_ENCRYPTED_KEY=BLOCK), "passphrase", {"OPENVPN_KEY_PASSPHRASE": "p"}),
    "certificate in PEM": (openvpn("cyberghost", OPENVPN_CERT="-----BEGIN", OPENVPN_KEY=BLOCK), "base64", {"OPENVPN_CERT": BLOCK}),
    "mssfix": (openvpn(OPENVPN_MSSFIX="10001"), "OPENVPN_MSSFIX", {"OPENVPN_MSSFIX": "10000"}),
    "verbosity": (openvpn(OPENVPN_VERBOSITY="7"), "verbosity", {"OPENVPN_VERBOSITY": "6"}),
    "preset of pia": (openvpn(PRIVATE_INTERNET_ACCESS_OPENVPN_ENCRYPTION_PRESET="none"), "preset",
                      {"PRIVATE_INTERNET_ACCESS_OPENVPN_ENCRYPTION_PRESET": "normal"}),
    "protocol": (openvpn(OPENVPN_PROTOCOL="sctp"), "OPENVPN_PROTOCOL", {"OPENVPN_PROTOCOL": "tcp"}),
    **{f"tcp with {name}": (openvpn(name, OPENVPN_PROTOCOL="tcp"), "TCP", {"OPENVPN_PROTOCOL": "udp"})
       for name in ("giganews", "ipvanish", "perfect privacy", "vyprvpn")},
    **{f"an openvpn port with {name}": (openvpn(name, OPENVPN_CERT=BLOCK, OPENVPN_KEY=BLOCK, OPENVPN_ENCRYPTED_KEY=BLOCK, OPENVPN_KEY_PASSPHRASE="p",
                                                OPENVPN_ENDPOINT_PORT="1194"), "endpoint port", {"OPENVPN_ENDPOINT_PORT": ""})
       for name in ("nordvpn", "surfshark", "expressvpn", "fastestvpn", "giganews", "ipvanish", "purevpn", "vpnsecure", "vpn unlimited", "vyprvpn")},
    **{f"this {kind} port with {name}": (openvpn(name, OPENVPN_CERT=BLOCK, OPENVPN_KEY=BLOCK, OPENVPN_PROTOCOL=kind, OPENVPN_ENDPOINT_PORT="4444"),
                                         "endpoint port", {"OPENVPN_ENDPOINT_PORT": port})
       for name, kind, port in (("protonvpn", "tcp", "8443"), ("airvpn", "udp", "2018"), ("airvpn", "tcp", "41185"), ("ivpn", "udp", "2049"),
                                ("ivpn", "tcp", "1143"), ("mullvad", "udp", "1303"), ("mullvad", "tcp", "1401"), ("perfect privacy", "udp", "4433"),
                                ("privado", "udp", "8443"), ("slickvpn", "tcp", "8888"), ("windscribe", "udp", "54783"), ("windscribe", "tcp", "3306"),
                                ("protonvpn", "udp", "4569"), ("private internet access", "tcp", "502"),
                                ("private internet access", "udp", "8080"))},
    "openvpn's version": (openvpn(OPENVPN_VERSION="2.4"), "version", {"OPENVPN_VERSION": "2.5"}),
    # Port forwarding
    **{f"forwarding with {name}": (wireguard(name, WIREGUARD_PRESHARED_KEY=SHARED, **FORWARD), name, {"VPN_PORT_FORWARDING": "off"})
       for name in ("airvpn", "mullvad", "windscribe", "surfshark")},
    "forwarding with custom": (custom(**FORWARD), "custom", {"VPN_PORT_FORWARDING_PROVIDER": "protonvpn"}),
    "forwarding by an unknown provider": (custom(VPN_PORT_FORWARDING_PROVIDER="mullvad", **FORWARD), "mullvad",
                                          {"VPN_PORT_FORWARDING_PROVIDER": "privatevpn"}),
    "forwarding by pia without login": (custom(VPN_PORT_FORWARDING_PROVIDER="private internet access", SERVER_NAMES="a", **FORWARD), "username",
                                        {"VPN_PORT_FORWARDING_USERNAME": "u", "VPN_PORT_FORWARDING_PASSWORD": "w"}),
    "forwarding by pia at two servers": (custom(VPN_PORT_FORWARDING_PROVIDER="private internet access", VPN_PORT_FORWARDING_USERNAME="u",
                                                VPN_PORT_FORWARDING_PASSWORD="w", SERVER_NAMES="a,b", **FORWARD), "server name", {"SERVER_NAMES": "a"}),
    "free and forwarded": ({**wireguard("protonvpn"), "FREE_ONLY": "on", "PORT_FORWARD_ONLY": "on"}, "free only", {"FREE_ONLY": "off"}),
    "free servers forward no port": ({**wireguard("protonvpn"), "FREE_ONLY": "on", **FORWARD}, "free only", {"PORT_FORWARD_ONLY": "off"}),
    "listening port": (custom(VPN_PORT_FORWARDING_LISTENING_PORT="70000"), "LISTENING_PORT", {"VPN_PORT_FORWARDING_LISTENING_PORT": "0"}),
    # Filters of servers
    **{f"{name} with custom": (custom(**{name: "Sweden"}), "no possible value", {name: ""})
       for name in ("SERVER_COUNTRIES", "SERVER_REGIONS", "SERVER_CITIES", "SERVER_HOSTNAMES", "SERVER_CATEGORIES", "ISP")},
    "two names with custom": (custom(SERVER_NAMES="a,b"), "2 names", {"SERVER_NAMES": "a"}),
    "number": (wireguard("nordvpn", SERVER_NUMBER="1,x"), "SERVER_NUMBER", {"SERVER_NUMBER": "1,2"}),
    "free and premium": (openvpn("vpn unlimited", OPENVPN_CERT=BLOCK, OPENVPN_KEY=BLOCK, FREE_ONLY="on", PREMIUM_ONLY="on"), "PREMIUM_ONLY",
                         {"PREMIUM_ONLY": "off"}),
    **{f"{name} with {wrong}": (wireguard(wrong, **{name: "on"}) if kind == "w" else openvpn(wrong, **{name: "on"}), name, {name: "off"})
       for name, wrong, kind in (("OWNED_ONLY", "ivpn", "w"), ("FREE_ONLY", "mullvad", "w"), ("STREAM_ONLY", "mullvad", "w"),
                                 ("SECURE_CORE_ONLY", "mullvad", "w"), ("TOR_ONLY", "mullvad", "w"), ("MULTIHOP_ONLY", "protonvpn", "w"),
                                 ("PREMIUM_ONLY", "protonvpn", "o"), ("PORT_FORWARD_ONLY", "mullvad", "w"))},
    # Firewall
    **{f"{name} {value}": (custom(**{name: value}), name, {name: "1,65535"})
       for name in ("FIREWALL_VPN_INPUT_PORTS", "FIREWALL_INPUT_PORTS") for value in ("0", "65536", "http", "80-90")},
    "an outbound address": (custom(FIREWALL_OUTBOUND_SUBNETS="192.168.1.1"), "FIREWALL_OUTBOUND_SUBNETS", {"FIREWALL_OUTBOUND_SUBNETS": "192.168.1.1/32"}),
    "outbound with bits of a host": (custom(FIREWALL_OUTBOUND_SUBNETS="192.168.1.7/24"), "invalid argument",
                                     {"FIREWALL_OUTBOUND_SUBNETS": "192.168.1.0/24"}),
    "outbound with a blank": (custom(FIREWALL_OUTBOUND_SUBNETS="192.168.1.0/24, 10.0.0.0/24"), "FIREWALL_OUTBOUND_SUBNETS",
                              {"FIREWALL_OUTBOUND_SUBNETS": " 192.168.1.0/24,10.0.0.0/24"}),
    "outbound everything in IPv6": (custom(FIREWALL_OUTBOUND_SUBNETS="::/0"), "outbound subnet", {"FIREWALL_OUTBOUND_SUBNETS": "fd00::/8"}),
    "a port with a blank": (custom(FIREWALL_INPUT_PORTS="80, 81"), "FIREWALL_INPUT_PORTS", {"FIREWALL_INPUT_PORTS": "80,81,81"}),
    "outbound text": (custom(FIREWALL_OUTBOUND_SUBNETS="lan"), "FIREWALL_OUTBOUND_SUBNETS", {"FIREWALL_OUTBOUND_SUBNETS": ""}),
    "outbound everything": (custom(FIREWALL_OUTBOUND_SUBNETS="0.0.0.0/0"), "outbound subnet", {"FIREWALL_OUTBOUND_SUBNETS": "10.0.0.0/16"}),
    "outbound half of everything": (custom(FIREWALL_OUTBOUND_SUBNETS="192.168.1.0/24,0.0.0.0/1"), "outbound subnet",
                                    {"FIREWALL_OUTBOUND_SUBNETS": "192.168.1.0/24,172.19.0.0/16"}),
    # Booleans
    **{f"boolean {value}": (custom(VPN_PORT_FORWARDING=value), "VPN_PORT_FORWARDING", {"VPN_PORT_FORWARDING": "no"})
       for value in ("1", "0", "y", "t", "aus")},
    "the firewall's own boolean": (custom(FIREWALL_ENABLED_DISABLING_IT_SHOOTS_YOU_IN_YOUR_FOOT="1"), "FIREWALL_ENABLED",
                                   {"FIREWALL_ENABLED_DISABLING_IT_SHOOTS_YOU_IN_YOUR_FOOT": "enabled"}),
    # DNS
    "resolver type": (custom(DNS_UPSTREAM_RESOLVER_TYPE="tls"), "resolver type", {"DNS_UPSTREAM_RESOLVER_TYPE": "DoH"}),
    "resolver": (custom(DNS_UPSTREAM_RESOLVERS="cloudflair"), "cloudflair", {"DNS_UPSTREAM_RESOLVERS": "cloudflare,quad9"}),
    "update period": (custom(DNS_UPDATE_PERIOD="29s"), "update period", {"DNS_UPDATE_PERIOD": "30s"}),
    "update period without unit": (custom(DNS_UPDATE_PERIOD="24"), "DNS_UPDATE_PERIOD", {"DNS_UPDATE_PERIOD": "0"}),
    **{f"{name} {value}": (custom(**{name: value}), name, {name: "nas,nas.lan,a_b.lan"})
       for name in ("DNS_UNBLOCK_HOSTNAMES", "DNS_REBINDING_PROTECTION_EXEMPT_HOSTNAMES")
       for value in ("*.example.com", ".lan", "nas.lan.", "https://nas.lan", "-a.lan")},
    "address to block": (custom(DNS_BLOCK_IPS="x"), "DNS_BLOCK_IPS", {"DNS_BLOCK_IPS": "1.2.3.4,::1"}),
    "dns by name": (custom(DNS_ADDRESS="one.one.one.one"), "DNS_ADDRESS", {"DNS_ADDRESS": "1.1.1.1"}),
    # Health and control server
    "no address and another to ping": (custom(HEALTH_ICMP_TARGET_IPS="0.0.0.0,1.1.1.1"), "unspecified", {"HEALTH_ICMP_TARGET_IPS": "0.0.0.0"}),
    "ping by name": (custom(HEALTH_ICMP_TARGET_IPS="cloudflare.com"), "HEALTH_ICMP_TARGET_IPS", {"HEALTH_ICMP_TARGET_IPS": "1.1.1.1"}),
    "small check": (custom(HEALTH_SMALL_CHECK_TYPE="tcp"), "small check", {"HEALTH_SMALL_CHECK_TYPE": "dns"}),
    # Others
    "level of the log": (custom(LOG_LEVEL="loud"), "level", {"LOG_LEVEL": "DEBUG"}),
    "cipher of shadowsocks": (custom(SHADOWSOCKS_CIPHER="rot13"), "rot13", {"SHADOWSOCKS_CIPHER": "aes-128-gcm"}),
    "address of the proxy": (custom(HTTPPROXY_LISTENING_ADDRESS="8888"), "HTTPPROXY_LISTENING_ADDRESS", {"HTTPPROXY_LISTENING_ADDRESS": ":8888"}),
    "api of the public address": (custom(PUBLICIP_API="nobody"), "nobody", {"PUBLICIP_API": "ipinfo,cloudflare"}),
    "period of the updater": (custom(UPDATER_PERIOD="1s"), "too small", {"UPDATER_PERIOD": "24h"}),
    "control address": (custom(HTTP_CONTROL_SERVER_ADDRESS="8000"), "HTTP_CONTROL_SERVER_ADDRESS", {"HTTP_CONTROL_SERVER_ADDRESS": ":8000"}),
    "default role is no json": (custom(HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE="apikey"), "DEFAULT_ROLE", {"HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE": "{}"}),
    "default role with an unknown method": (custom(HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE='{"auth":"bearer"}'), "bearer",
                                            {"HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE": '{"auth":"none","colour":"blue"}'}),
    "default role without key": (custom(HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE='{"auth":"apikey"}'), "apikey is empty",
                                 {"HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE": '{"auth":"apikey","apikey":"k"}'}),
}


def settings(environment, tmp_path, **more):
    return read(environment, tmp_path / "secrets", tmp_path / "gluetun", **more)


@pytest.mark.parametrize("title", ROWS)
def test_it_refuses_this_and_takes_it_put_right(title, tmp_path):
    environment, named, right = ROWS[title]
    with pytest.raises(Wrong) as caught:
        settings(environment, tmp_path)
    assert named in str(caught.value)
    assert not any(secret in str(caught.value) for secret in (PRIVATE, SHARED, "secret-word"))
    settings({**environment, **right}, tmp_path)


# A custom configuration of OpenVPN: what it says, and what is wrong with it, or the server that it names.
CONFIGURATIONS = {
    "empty": ("", "remote line not found"),
    "commented": ("# remote 203.0.113.9 1194\n", "remote line not found"),
    "tabs": ("remote\t203.0.113.9\t1194\n", "remote line not found"),
    "name": ("client\nremote vpn.example.com 1194\n", "on line 2: host is not an IP address: vpn.example.com"),
    "name after the address": ("remote 203.0.113.9 1194\nremote vpn.example.com 1194\n", "on line 2"),
    "port": ("remote 203.0.113.9 99999\n", "port is not valid"),
    "protocol": ("proto x\nremote 203.0.113.9\n", "protocol not supported"),
    "address only": ("remote 203.0.113.9", ("203.0.113.9", 1194, "udp")),
    "tcp": ("remote 203.0.113.9\r\nproto tcp-client\r\n", ("203.0.113.9", 443, "tcp")),
    "name after everything": ("proto udp4\n  remote 203.0.113.9 53 # the first\nremote vpn.example.com 1194\n", ("203.0.113.9", 53, "udp")),
    "IPv6": ("remote 2001:db8::1 1194 udp6\n", ("2001:db8::1", 1194, "udp")),
}


@pytest.mark.parametrize("title", CONFIGURATIONS)
def test_a_custom_configuration_of_openvpn(title, tmp_path):
    text, wanted = CONFIGURATIONS[title]
    place = tmp_path / "custom.ovpn"
    place.write_bytes(text.encode())
    environment = openvpn("custom", OPENVPN_CUSTOM_CONFIG=str(place))
    if isinstance(wanted, str):
        with pytest.raises(Wrong, match=wanted):
            settings(environment, tmp_path)
    else:
        found = settings(environment, tmp_path)
        assert (found["endpoint_ip"], found["endpoint_port"], found["endpoint_protocol"]) == wanted


def test_custom_without_a_configuration(tmp_path):
    for path in ("", "/nonexistent.ovpn"):
        with pytest.raises(Wrong, match=path or "custom configuration file"):
            settings(openvpn("custom", OPENVPN_CUSTOM_CONFIG=path), tmp_path)


def test_files_of_keys_are_in_pem_and_are_skipped_otherwise(tmp_path):
    (tmp_path / "secrets").mkdir()
    for name in ("openvpn_clientcrt", "openvpn_clientkey"):
        (tmp_path / "secrets" / name).write_text(f"-----BEGIN X-----\n{BLOCK}\n-----END X-----\n")
    assert settings(openvpn("cyberghost"), tmp_path)["name"] == "cyberghost"
    (tmp_path / "secrets" / "openvpn_clientkey").write_text("-----BEGIN X-----\n")
    with pytest.raises(Wrong, match="client key: missing value"):
        settings(openvpn("cyberghost"), tmp_path)
    assert "parsing PEM" in settings(openvpn("cyberghost", OPENVPN_KEY=BLOCK), tmp_path)["warnings"][0]


def test_targets_of_the_health_check_are_not_looked_at_before_they_are_asked(tmp_path):
    found = settings(custom(HEALTH_TARGET_ADDRESSES="example.com,example.com:80,example.com:http"), tmp_path)
    assert found["health"]["targets"] == [("example.com", 443), ("example.com", 80), ("example.com", "http")]


def test_pia_with_a_custom_server_starts_without_its_name(tmp_path):
    found = settings(custom(VPN_PORT_FORWARDING_PROVIDER="private internet access", VPN_PORT_FORWARDING_USERNAME="u", VPN_PORT_FORWARDING_PASSWORD="w",
                            **FORWARD), tmp_path)
    assert found["forwarding"]["server"] == ""


ROLE = """[[roles]]
name = "media"
routes = ["GET /v1/portforward"]
auth = "apikey"
apikey = "0123456789abcdef"
"""
FILES = {
    "an unknown key": (ROLE + 'colour = "blue"\n', "colour"),
    "an unknown table": (ROLE + "[other]\n", "other"),
    "an empty key": (ROLE.replace("0123456789abcdef", ""), "apikey is empty"),
    "a route of no release": (ROLE.replace("/v1/portforward", "/v1/forward"), "/v1/forward"),
    "a method that the route has not": (ROLE.replace("GET", "DELETE"), "DELETE"),
    "basic without password": (ROLE.replace('"apikey"', '"basic"') + 'username = "u"\n', "password is empty"),
    "an unknown authentication": (ROLE.replace('auth = "apikey"', 'auth = "bearer"'), "bearer"),
    "no toml": ("[[roles\n", "toml"),
}


@pytest.mark.parametrize("title", FILES)
def test_it_refuses_a_file_of_roles_with(title, tmp_path):
    text, named = FILES[title]
    place = tmp_path / "gluetun" / "auth" / "config.toml"
    place.parent.mkdir(parents=True)
    place.write_text(ROLE)
    assert [role["name"] for role in settings(custom(), tmp_path)["roles"]] == ["media"]
    place.write_text(text)
    with pytest.raises(Wrong) as caught:
        settings(custom(), tmp_path)
    assert named in str(caught.value) and "0123456789abcdef" not in str(caught.value)


def test_ipv6_addresses_are_taken_where_there_is_ipv6(tmp_path):
    found = settings(custom(WIREGUARD_ADDRESSES="10.64.0.2,fd00::2/128"), tmp_path, ipv6=True)
    assert found["addresses"] == ["10.64.0.2/32", "fd00::2/128"]


def test_the_old_name_of_the_firewall_does_nothing(tmp_path):
    found = settings(custom(FIREWALL="off"), tmp_path)
    assert found["firewall"] is True and "FIREWALL is not read" in found["warnings"][0]


def test_old_names_of_dns_beat_the_new_ones_and_own_addresses_the_resolvers(tmp_path):
    assert settings(custom(DOT="off", DNS_SERVER="on"), tmp_path)["dns"]["enabled"] is False
    assert settings(custom(), tmp_path)["dns"]["upstream"] == ("1.1.1.1", 53)
    assert settings(custom(DNS_UPSTREAM_RESOLVERS="google"), tmp_path)["dns"]["upstream"] == ("8.8.8.8", 53)
    assert settings(custom(DNS_ADDRESS="198.51.100.53"), tmp_path)["dns"]["upstream"] == ("198.51.100.53", 53)


def test_the_tunnel_is_what_the_settings_say(tmp_path):
    found = settings(custom(WIREGUARD_PRESHARED_KEY=SHARED, WIREGUARD_PERSISTENT_KEEPALIVE_INTERVAL="1m5s"), tmp_path)["wireguard"]
    assert found == {"private_key": PRIVATE, "preshared_key": SHARED, "public_key": PUBLIC, "endpoint_ip": "192.0.2.10", "endpoint_port": 51820,
                     "allowed_ips": ["0.0.0.0/0", "::/0"], "mtu": 1320, "implementation": "auto", "keepalive": 65}


def test_secret_files_beat_the_configuration_file_and_that_the_environment(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "wireguard_preshared_key").write_text(SHARED + "\n")
    conf = tmp_path / "gluetun" / "wireguard" / "wg0.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(f"[Interface]\nPrivateKey = {SHARED}\nAddress = 10.9.0.2/32\n[Peer]\nPublicKey = {PRIVATE}\nEndpoint = 192.0.2.99:1\n")
    found = settings(custom(), tmp_path)
    assert found["addresses"] == ["10.9.0.2/32"]
    assert {name: found["wireguard"][name] for name in ("private_key", "preshared_key", "public_key", "endpoint_ip", "endpoint_port")} == {
        "private_key": SHARED, "preshared_key": SHARED, "public_key": PRIVATE, "endpoint_ip": "192.0.2.99", "endpoint_port": 1}
    conf.write_text("[Interface]\n[Peer]\nEndpoint = vpn.example.org:51820\n")
    with pytest.raises(Wrong, match="not an IP address"):
        settings(custom(), tmp_path)


def test_a_default_role_takes_what_no_role_has(tmp_path):
    place = tmp_path / "gluetun" / "auth" / "config.toml"
    place.parent.mkdir(parents=True)
    place.write_text(ROLE)
    role = {"auth": "basic", "username": "u", "password": "p"}
    first, second = settings(custom(HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE=json.dumps(role)), tmp_path)["roles"]
    assert first["routes"] == {("GET", "/v1/portforward")}
    assert ("GET", "/v1/dns/status") in second["routes"] and ("GET", "/v1/portforward") not in second["routes"]
