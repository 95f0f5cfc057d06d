# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Gluetun gets: its environment in each of its generations, its files, and findings instead of tracebacks for anything else."""
from __future__ import annotations

import copy
import json
import shlex
import sys

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.homelab.media.plugins.module_utils import tokens
from ansible_collections.homelab.media.plugins.plugin_utils import plan, secret_marks, values, vpn

from .conftest import HEALTHY, ROOT, inventory, shipped_catalog
from .test_plan_properties import JUNK
from .test_vpn_rules import BAD, CUSTOM, GOOD, KEY, LOGIN, PEM, ov, wg

if str(ROOT / "lab") not in sys.path:
    sys.path.insert(0, str(ROOT / "lab"))

VERSIONS = ("v3.39.1", "v3.40.0", "v3.41.3", "latest")


def planned(services, **variables):
    found = plan.full({"h": inventory(services, **variables)}, {"h": copy.deepcopy(HEALTHY)}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    return found["hosts"]["h"]


def service(found, name="gluetun", project="homelab-torrent"):
    path = "/opt/homelab-media/{0}/compose.yml".format(project)
    compose = yaml.safe_load(next(entry["content"] for entry in found["files"] if entry["path"] == path))
    return compose["services"][name]


def environment(services, name="gluetun", **variables):
    """The variables that are no secrets, as Compose gives them on."""
    return {key: value.replace("$$", "$") for key, value in service(planned(services, **variables), name)["environment"].items()}


def content(found, ending):
    return next(entry for entry in found["files"] if entry["path"].endswith(ending))


BASE = {"VPN_SERVICE_PROVIDER": "protonvpn", "VPN_TYPE": "wireguard", "FIREWALL_OUTBOUND_SUBNETS": "192.168.1.0/24,172.19.0.0/16",
        "HTTP_CONTROL_SERVER_ADDRESS": ":8000", "PUID": "1000", "PGID": "1000", "TZ": "Etc/UTC", "UMASK": "002"}

# settings, and what they become in v3.39, v3.40, v3.41 and latest
TABLE = {
    "nothing": ({}, {}, {}, {}, {}),
    "servers": ({"countries": ["Switzerland", "Iceland"], "numbers": [12, 13], "owned_only": False, "secure_core_only": True},
                ) + 4 * ({"SERVER_COUNTRIES": "Switzerland,Iceland", "SERVER_NUMBER": "12,13", "OWNED_ONLY": "off", "SECURE_CORE_ONLY": "on"},),
    "tunnel": ({"mtu": 1280, "keepalive": "25s", "allowed_ips": ["0.0.0.0/0"], "implementation": "userspace"},
               ) + 4 * ({"WIREGUARD_MTU": "1280", "WIREGUARD_PERSISTENT_KEEPALIVE_INTERVAL": "25s", "WIREGUARD_ALLOWED_IPS": "0.0.0.0/0",
                         "WIREGUARD_IMPLEMENTATION": "userspace"},),
    "plain DNS at an address": ({"dns_addresses": ["1.1.1.1"]},
                                {"DOT": "off", "DNS_ADDRESS": "1.1.1.1"}, {"DOT": "off", "DNS_ADDRESS": "1.1.1.1"},
                                {"DNS_SERVER": "off", "DNS_ADDRESS": "1.1.1.1"},
                                {"DNS_UPSTREAM_RESOLVER_TYPE": "plain", "DNS_UPSTREAM_PLAIN_ADDRESSES": "1.1.1.1:53"}),
    "resolvers": ({"dns_type": "dot", "dns_resolvers": ["quad9", "cloudflare"]},
                  {"DOT": "on", "DOT_PROVIDERS": "quad9,cloudflare"}, {"DOT": "on", "DOT_PROVIDERS": "quad9,cloudflare"},
                  {"DNS_UPSTREAM_RESOLVER_TYPE": "dot", "DNS_UPSTREAM_RESOLVERS": "quad9,cloudflare"},
                  {"DNS_UPSTREAM_RESOLVER_TYPE": "dot", "DNS_UPSTREAM_RESOLVERS": "quad9,cloudflare"}),
    "other DNS": ({"dns_caching": False, "dns_ipv6": True, "dns_unblock": ["a.example", "b.example"], "dns_private_names": ["nas.lan"], "block_ads": True},
                  ) + 2 * ({"DOT_CACHING": "off", "DOT_IPV6": "on", "UNBLOCK": "a.example,b.example", "BLOCK_ADS": "on"},) + 2 * (
        {"DNS_CACHING": "off", "DNS_UPSTREAM_IPV6": "on", "DNS_UNBLOCK_HOSTNAMES": "a.example,b.example", "BLOCK_ADS": "on",
         "DNS_REBINDING_PROTECTION_EXEMPT_HOSTNAMES": "nas.lan"},),
    "health": ({"health_targets": ["a.example:443", "b.example:443"], "health_restart": False, "health_icmp_targets": ["9.9.9.9"], "health_check": "dns"},
               {"HEALTH_TARGET_ADDRESS": "a.example:443"}, {"HEALTH_TARGET_ADDRESS": "a.example:443"}) + 2 * (
        {"HEALTH_TARGET_ADDRESSES": "a.example:443,b.example:443", "HEALTH_RESTART_VPN": "off", "HEALTH_ICMP_TARGET_IPS": "9.9.9.9",
         "HEALTH_SMALL_CHECK_TYPE": "dns"},),
    "forwarding": ({"port_forwarding": True, "forwarding_listening_port": 5000, "forwarding_ports_count": 2},) + 3 * (
        {"VPN_PORT_FORWARDING": "on", "VPN_PORT_FORWARDING_LISTENING_PORT": "5000"},) + (
        {"VPN_PORT_FORWARDING": "on", "VPN_PORT_FORWARDING_LISTENING_PORTS": "5000", "VPN_PORT_FORWARDING_PORTS_COUNT": "2"},),
    "ports": ({"vpn_input_ports": [51413, 6881], "input_ports": [8081]},) + 4 * ({"FIREWALL_VPN_INPUT_PORTS": "51413,6881", "FIREWALL_INPUT_PORTS": "8081"},),
    "proxies": ({"http_proxy": True, "shadowsocks": False},) + 4 * ({"HTTPPROXY": "on", "SHADOWSOCKS": "off"},),
}


@pytest.mark.parametrize("name", sorted(TABLE))
@pytest.mark.parametrize("version", VERSIONS)
def test_environment(name, version):
    wished, *wanted = TABLE[name]
    found = environment({"gluetun": wg(version=version, **wished)})
    assert found == dict(BASE, **wanted[VERSIONS.index(version)])


def test_openvpn():
    found = planned({"gluetun": ov("private internet access", protocol="tcp", endpoint_port=443, endpoint_ip="203.0.113.9", openvpn_version="2.5",
                                   ciphers=["aes-256-gcm", "aes-128-gcm"], auth="sha256", mssfix=1320, flags=["--mute", "9"], encryption_preset="strong")})
    wanted = {"VPN_SERVICE_PROVIDER": "private internet access", "VPN_TYPE": "openvpn", "OPENVPN_PROTOCOL": "tcp", "OPENVPN_ENDPOINT_PORT": "443",
              "OPENVPN_ENDPOINT_IP": "203.0.113.9", "OPENVPN_VERSION": "2.5", "OPENVPN_CIPHERS": "aes-256-gcm,aes-128-gcm", "OPENVPN_AUTH": "sha256",
              "OPENVPN_MSSFIX": "1320", "OPENVPN_FLAGS": "--mute 9", "PRIVATE_INTERNET_ACCESS_OPENVPN_ENCRYPTION_PRESET": "strong"}
    assert service(found)["environment"] == dict(BASE, **wanted)
    assert content(found, "gluetun.env")["content"] == "".join(
        "OPENVPN_{0}=\u27e6secret:gluetun.openvpn_{1}|env\u27e7\n".format(name.upper(), name) for name in ("password", "user"))


def test_a_custom_wireguard_server():
    found = planned({"gluetun": wg("custom", secrets={"wireguard_preshared_key": KEY}, **CUSTOM)})
    wanted = {"VPN_SERVICE_PROVIDER": "custom", "WIREGUARD_ENDPOINT_IP": "203.0.113.9", "WIREGUARD_ENDPOINT_PORT": "51820",
              "WIREGUARD_PUBLIC_KEY": CUSTOM["public_key"], "WIREGUARD_ADDRESSES": "10.64.0.2/32"}
    assert service(found)["environment"] == dict(BASE, **wanted)
    env = content(found, "gluetun.env")
    assert env["mode"] == "0600" and env["owner"] == 0 and [line.partition("=")[0] for line in env["content"].splitlines()] == [
        "WIREGUARD_PRESHARED_KEY", "WIREGUARD_PRIVATE_KEY"]
    assert KEY not in json.dumps(found)


@pytest.mark.parametrize("provider, secrets, names", [
    ("cyberghost", ("openvpn_cert", "openvpn_key"), ("openvpn_clientcrt", "openvpn_clientkey")),
    ("vpnsecure", ("openvpn_cert", "openvpn_encrypted_key"), ("openvpn_clientcrt", "openvpn_encrypted_key")),
    ("custom", ("openvpn_custom_config",), ("custom.ovpn",)),
])
def test_files_of_openvpn(provider, secrets, names):
    given_secrets = dict(LOGIN, **{name: PEM for name in secrets})
    if provider == "vpnsecure":
        given_secrets["openvpn_key_passphrase"] = "passphrase"
    if provider == "custom":
        given_secrets["openvpn_custom_config"] = "remote 203.0.113.9 1194\n<cert>\n{0}\n</cert>".format(PEM)
    found = planned({"gluetun": ov(provider, secrets=given_secrets)})
    for secret, name in zip(secrets, names):
        entry = content(found, "gluetun.d/" + name)
        assert entry["content"] == "\u27e6secret:gluetun.{0}|raw\u27e7\n".format(secret)
        assert (entry["mode"], entry["owner"], entry["sensitive"]) == ("0600", 0, True)
        assert "{0}:/run/secrets/{1}:ro".format(entry["path"], name) in service(found)["volumes"]
        assert entry["path"] in found["digests"]["gluetun"]["files"]
    assert service(found)["environment"].get("OPENVPN_CUSTOM_CONFIG") == ("/run/secrets/custom.ovpn" if provider == "custom" else None)
    assert "BEGIN" not in json.dumps(found)


@pytest.mark.parametrize("version, route", [("v3.39.1", "/v1/openvpn/portforwarded"), ("v3.40.2", "/v1/openvpn/portforwarded"), ("v3.41.0", "/v1/portforward"),
                                            ("v3", "/v1/portforward"), ("latest", "/v1/portforward"), ("v5.1.0", "/v1/portforward")])
def test_the_control_server_always_asks_for_a_key(version, route):
    entry = content(planned({"gluetun": wg(version=version)}), "gluetun/auth/config.toml")
    assert (entry["owner"], entry["mode"], entry["sensitive"]) == (0, "0600", True)
    assert 'routes = ["GET {0}", "GET /v1/vpn/status", "GET /v1/publicip/ip"]'.format(route) in entry["content"]
    # Only where the reconciler needs it may anybody end the tunnel.
    forwarding = planned({"gluetun": wg(version=version, port_forwarding=True), "qbittorrent": {"via": "gluetun"}})
    assert '"GET /v1/publicip/ip", "PUT /v1/vpn/status"]' in content(forwarding, "gluetun/auth/config.toml")["content"]
    assert 'auth = "apikey"\napikey = \u27e6secret:gluetun.control_api_key|json\u27e7' in entry["content"]


@pytest.mark.parametrize("version", VERSIONS)
def test_commands(version):
    found = environment({"gluetun": wg(version=version, port_forwarding=True), "qbittorrent": {"via": "gluetun", "port": 8090}})
    if version == "v3.39.1":
        assert "VPN_PORT_FORWARDING_UP_COMMAND" not in found
        return
    words = shlex.split(found["VPN_PORT_FORWARDING_UP_COMMAND"].replace("{{PORT}}", "5914").replace("{{VPN_INTERFACE}}", "tun0"))
    assert words[:2] == ["/bin/sh", "-c"] and len(words) == 3
    call = shlex.split(words[2])
    assert call[0] == "wget" and call[-1] == "http://127.0.0.1:8090/api/v2/app/setPreferences"
    body = call[call.index("--post-data") + 1]
    assert body.startswith("json=") and json.loads(body[5:]) == {"listen_port": 5914, "current_network_interface": "tun0", "random_port": False, "upnp": False}
    # wget waits one second longer before each try: 10 in all, which is less than what a lease of a minute has left when it is renewed every 45.
    assert {"--retry-connrefused", "--tries=5", "--timeout=5"} <= set(call)
    down = shlex.split(shlex.split(found["VPN_PORT_FORWARDING_DOWN_COMMAND"])[2])
    assert json.loads(down[down.index("--post-data") + 1][5:]) == {"listen_port": 0, "current_network_interface": "lo"}


@pytest.mark.parametrize("own, wanted", [({}, "off"), ({"env": {"HTTP_CONTROL_SERVER_LOG": "on"}}, "on")])
def test_the_gateway_does_not_tell_every_question_for_its_port(own, wanted):
    found = environment({"gluetun": dict(wg(port_forwarding=True), **own), "qbittorrent": {"via": "gluetun"}})
    assert found["HTTP_CONTROL_SERVER_LOG"] == wanted


def test_no_client_no_command():
    found = environment({"gluetun": wg(port_forwarding=True), "sonarr": {"via": "gluetun"}})
    assert found["VPN_PORT_FORWARDING"] == "on" and not [name for name in found if name.endswith("_COMMAND")]
    assert "HTTP_CONTROL_SERVER_LOG" not in found


def test_two_gateways_on_one_host():
    services = {"gluetun": wg(port_forwarding=True, mtu=1280), "qbittorrent": {"via": "gluetun"},
                "usenet-vpn": dict(ov("mullvad", version="v3.40.0", dns_addresses=["9.9.9.9"]), app="gluetun"), "sabnzbd": {"via": "usenet-vpn", "port": 8085}}
    found = planned(services)
    first, second = service(found)["environment"], service(found, "usenet-vpn")["environment"]
    assert (first["VPN_SERVICE_PROVIDER"], second["VPN_SERVICE_PROVIDER"]) == ("protonvpn", "mullvad")
    assert "VPN_PORT_FORWARDING_UP_COMMAND" in first and "VPN_PORT_FORWARDING" not in second
    assert second["DOT"] == "off" and second["DNS_ADDRESS"] == "9.9.9.9" and "DOT" not in first
    assert service(found)["ports"] == ["8080:8080"] and service(found, "usenet-vpn")["ports"] == ["8085:8085"]
    assert {service(found, name)["network_mode"] for name in ("qbittorrent", "sabnzbd")} == {"service:gluetun", "service:usenet-vpn"}
    assert "secret:usenet-vpn.control_api_key" in content(found, "usenet-vpn/auth/config.toml")["content"]
    assert {spec["name"] for spec in found["secrets"]["specs"]} >= {"gluetun.control_api_key", "usenet-vpn.control_api_key"}


def test_proxies_are_published_with_a_login_only():
    found = planned({"gluetun": wg(http_proxy=True)})
    assert service(found)["ports"] == ["127.0.0.1:8888:8888"]
    found = planned({"gluetun": wg(http_proxy=True, shadowsocks=True, secrets={"http_proxy_user": "somebody", "http_proxy_password": "some password",
                                                                               "shadowsocks_password": "some password"})})
    assert sorted(service(found)["ports"]) == ["8388:8388", "8388:8388/udp", "8888:8888"]
    names = [line.partition("=")[0] for line in content(found, "gluetun.env")["content"].splitlines()]
    assert names == ["HTTPPROXY_PASSWORD", "HTTPPROXY_USER", "SHADOWSOCKS_PASSWORD", "WIREGUARD_PRIVATE_KEY"]
    assert "ports" not in service(planned({"gluetun": wg()}))


@pytest.mark.parametrize("env, version, wanted", [
    ({"FIREWALL": "on"}, "v3.41.3", {vpn.FIREWALL: "on"}),
    ({"FIREWALL": False}, "v3.41.3", {vpn.FIREWALL: "off"}),
    ({"FIREWALL": "off"}, "latest", {vpn.FIREWALL: "off"}),
    ({"PROXY_LOG": "on"}, "v3.41.3", {"HTTPPROXY_LOG": "on"}),
    ({"HEALTH_VPN_DURATION_INITIAL": "6s", "LOG_LEVEL": "debug"}, "v3.41.3", {"LOG_LEVEL": "debug"}),
    ({"HEALTH_VPN_DURATION_INITIAL": "6s"}, "v3.40.0", {"HEALTH_VPN_DURATION_INITIAL": "6s"}),
    ({"DOT_PRIVATE_ADDRESS": "10.0.0.0/8"}, "v3.40.0", {"DOT_PRIVATE_ADDRESS": "10.0.0.0/8"}),
    ({"DOT_PRIVATE_ADDRESS": "10.0.0.0/8"}, "v3.41.3", {"DNS_BLOCK_IP_PREFIXES": "10.0.0.0/8"}),
])
def test_variables_of_a_users_own(env, version, wanted):
    assert environment({"gluetun": wg(version=version, env=env)}) == dict(BASE, **wanted)


def test_other_hosts_are_outside_of_the_tunnel():
    raw = {"a": inventory({"seerr": {}}, address="10.9.8.7"),
           "h": inventory({"gluetun": wg(), "qbittorrent": {"via": "gluetun"}}, network={"subnet": "172.29.0.0/16"})}
    found = plan.full(raw, {}, shipped_catalog())["hosts"]["h"]
    assert service(found)["environment"]["FIREWALL_OUTBOUND_SUBNETS"] == "192.168.1.0/24,172.29.0.0/16,10.9.8.7/32"


@pytest.mark.parametrize("version, release", [
    ("v3.41.3", (3, 41, 3)), ("3.40.0", (3, 40, 0)), ("v3.40", (3, 40, 9999)), ("v3", vpn.STABLE), ("latest", vpn.LATEST), ("v4", vpn.LATEST),
    ("v3.42.0", vpn.LATEST), ("pr-3000", vpn.LATEST), ("v3.39.1@sha256:" + 64 * "0", (3, 39, 1)), ("sha256:" + 64 * "0", (3, 41, 3)), ("", (3, 41, 3))])
def test_generation(version, release):
    assert vpn.generation(version, "v3.41.3") == release


def test_seconds():
    assert [vpn.seconds(text) for text in ("0", "25s", "1h30m", "1.5m", "25", "", "soon")] == [0, 25, 5400, 90, None, None, None]


def test_every_setting_is_a_variable_or_has_its_own_way():
    known = set(shipped_catalog()["gluetun"]["settings"])
    used = {variable.setting for variable in vpn.VARIABLES}
    assert known - used == {"port_forwarding", "outbound_subnets", "dns_type", "dns_addresses", "allow_downgrade"} and used <= known
    assert set(shipped_catalog()["gluetun"]["secrets"]) == set(vpn.SECRETS) | set(vpn.SECRET_FILES) | {"control_api_key", "openvpn_custom_config"}


def test_the_example_is_the_seed():
    common = yaml.safe_load((ROOT / "inventory/example/one_host/group_vars/all.yml").read_text(encoding="utf-8"))
    own = yaml.safe_load((ROOT / "inventory/example/one_host/host_vars/homelab.yml").read_text(encoding="utf-8"))
    found = plan.full({"homelab": {"variables": dict(common, **own), "undefined": {}}}, {}, shipped_catalog())
    assert found["findings"] == []
    variables = service(found["hosts"]["homelab"])["environment"]
    wanted = {"VPN_SERVICE_PROVIDER": "protonvpn", "VPN_TYPE": "wireguard", "WIREGUARD_MTU": "1280", "DNS_SERVER": "off", "DNS_ADDRESS": "1.1.1.1",
              "VPN_PORT_FORWARDING": "on", "FIREWALL_OUTBOUND_SUBNETS": "192.168.1.0/24,172.19.0.0/16"}
    assert {name: variables.get(name) for name in wanted} == wanted
    # On by default, and under its old name nothing at all.
    assert "FIREWALL" not in variables and vpn.FIREWALL not in variables


# --- what a strict reader makes of it --------------------------------------------------------------------------------------------

def started(described, place):
    """What the lab's gateway, which is as strict as v3.41, reads from what is planned; it raises C(Wrong) where Gluetun would not start."""
    from standins.gluetun.settings import read

    services = copy.deepcopy(described["services"])
    secrets = {"gluetun." + name: value for name, value in services["gluetun"].get("secrets", {}).items()}
    services["gluetun"]["secrets"] = {name: secret_marks.masked(value) for name, value in services["gluetun"].get("secrets", {}).items()}
    secrets.setdefault("gluetun.control_api_key", 32 * "0")
    found = plan.full({"h": inventory(services, **described["variables"])}, {}, shipped_catalog())["hosts"]["h"]
    model = service(found)
    variables = {name: value.replace("$$", "$") for name, value in model["environment"].items()}
    for entry in found["files"]:
        if "gluetun" not in entry["path"] or entry["path"].endswith(".yml"):
            continue
        if entry["path"].endswith("gluetun.env"):
            for line in entry["content"].splitlines():
                name, dummy, value = line.partition("=")
                if tokens.TOKEN.search(value).group(2) in secrets:
                    variables[name] = secrets[tokens.TOKEN.search(value).group(2)]
            continue
        mount = next((volume.split(":")[1] for volume in model["volumes"] if volume.startswith(entry["path"] + ":")), "/auth/config.toml")
        path = place / mount.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if secrets.get(tokens.TOKEN.search(entry["content"]).group(2)) is not None:
            path.write_text(tokens.resolve(entry["content"], secrets), encoding="utf-8")
    if "OPENVPN_CUSTOM_CONFIG" in variables:
        variables["OPENVPN_CUSTOM_CONFIG"] = str(place) + variables["OPENVPN_CUSTOM_CONFIG"]
    return read(variables, secrets=str(place / "run" / "secrets"), files=str(place))


def of_v341(row):
    """Whether the lab's gateway is of the release that a row asks for."""
    release = vpn.generation(row["services"]["gluetun"].get("version", "v3.41.3"), "v3.41.3")
    return vpn.V3412 <= release < vpn.LATEST


@pytest.mark.parametrize("described", [pytest.param(row[1], id="{0} {1}".format(rule, row[0])) for rule in GOOD for row in GOOD[rule] if of_v341(row[1])])
def test_the_gateway_starts_with_what_keeps_the_rules(described, tmp_path):
    found = started(described, tmp_path)
    assert found["roles"] and all(role["auth"] == "apikey" for role in found["roles"]) and found["firewall"] is True


# What the real v3.41.3 does not start with, as tried on it. It starts with everything else that breaks a rule: those rules are about what starts and then
# does not work, leaks or is never heard of again, about what the plan does not pass on, and about Docker.
FATAL = (
    "G1 no provider", "G1 no WireGuard", "G1 unknown", "G3 missing", "G3 form", "G3 length", "G3 token", "G4 missing", "G4 form", "G5 missing",
    "G5 nonsense", "G6 IPv6", "G7 name", "G7 no IP", "G7 no address", "G7 no port", "G7 no key", "G7 bad key", "G8 fastestvpn", "G8 nordvpn",
    "G8 protonvpn", "G8 surfshark", "G9 airvpn", "G9 ivpn", "G9 windscribe", "G10 no user", "G10 no password", "G10 ivpn", "G11 cert", "G11 key",
    "G11 encrypted key", "G11 passphrase", "G11 no PEM", "G11 half a PEM", "G11 passphrase with others", "G11 vpn unlimited", "G12 no server",
    "G12 a name", "G12 no file", "G14 nordvpn", "G14 proton", "G14 proton tcp", "G14 airvpn udp", "G14 airvpn tcp", "G14 ivpn udp", "G14 ivpn tcp",
    "G14 mullvad udp", "G14 mullvad tcp", "G14 perfect privacy udp", "G14 privado udp", "G14 privado tcp", "G14 slickvpn udp", "G14 slickvpn tcp",
    "G14 windscribe udp", "G14 windscribe tcp", "G14 pia", "G15 mullvad", "G15 custom", "G15 another's way", "G16 login", "G18 owned_only",
    "G18 free_only", "G18 stream_only", "G18 secure_core_only", "G18 tor_only", "G18 multihop_only", "G18 premium_only", "G18 port_forward_only",
    "G18 countries", "G18 regions", "G18 cities", "G18 hostnames", "G18 categories", "G18 isps", "G18 two names", "G18 free and forwarded",
    "G20 everything", "G20 half of everything", "G25 no address", "G25 resolver", "G25 dns_unblock *.example.com", "G25 dns_unblock .lan",
    "G25 dns_unblock nas.lan.", "G25 dns_unblock https://nas.lan", "G25 dns_unblock -a.lan", "G25 dns_private_names *.example.com",
    "G25 dns_private_names .lan", "G25 dns_private_names nas.lan.", "G25 dns_private_names https://nas.lan", "G25 dns_private_names -a.lan",
    "G25 short period", "G25 no period", "G25 keepalive", "G29 a name", "G29 the server and others", "G30 none",
)
BROKEN = [pytest.param(rule, row, id="{0} {1}".format(rule, row[0])) for rule in BAD for row in BAD[rule] if of_v341(row[1])]


def test_what_the_real_one_refuses_is_in_the_table():
    assert set(FATAL) <= {one.id for one in BROKEN}


@pytest.mark.parametrize("rule, row", BROKEN)
def test_the_gateway_starts_with_what_breaks_rules_or_not_as_the_real_one(rule, row, tmp_path):
    from standins.gluetun.settings import Wrong

    if "{0} {1}".format(rule, row[0]) in FATAL:
        with pytest.raises(Wrong):
            started(row[1], tmp_path)
    else:
        started(row[1], tmp_path)


# --- whatever somebody writes ----------------------------------------------------------------------------------------------------

SETTINGS = shipped_catalog()["gluetun"]["settings"]
PLAUSIBLE = st.one_of(
    st.sampled_from([True, False, "on", "off", 0, 1, 1280, 51820, 65535, "1.1.1.1", "::1", "10.2.0.0/16", "10.0.0.1/8", "0.0.0.0/0", "::/0", "25s", "dot",
                     "doh", "plain", "udp", "tcp", "openvpn", "wireguard", "quad9", KEY, "", None] + list(vpn.OPENVPN)),
    st.lists(st.sampled_from(["1.1.1.1", "::1/128", "10.2.0.2/32", "8.8.8.0/24", "192.168.1.0/24", "fd00::/8", 53, 0, "quad9", "x"]), max_size=3), JUNK)
GATEWAYS = st.fixed_dictionaries({
    "settings": st.dictionaries(st.sampled_from(sorted(SETTINGS)), PLAUSIBLE, max_size=8),
}, optional={
    "secrets": st.dictionaries(st.sampled_from(sorted(vpn.SECRETS) + sorted(vpn.SECRET_FILES)),
                               st.sampled_from([KEY, PEM, "user+pmp", "x", "", None]) | JUNK, max_size=4),
    "env": st.dictionaries(st.sampled_from(sorted(vpn.RENAMED) + sorted(vpn.OWNED) + sorted(vpn.DROPPED) + list(vpn.FLAGS)) | st.text(max_size=5),
                           PLAUSIBLE, max_size=4),
    "version": st.sampled_from(VERSIONS + ("v3", "v2.1", "v99", "@", "sha256:0", "")) | st.text(max_size=6),
    "port": st.integers(1, 70000), "state": st.sampled_from(["started", "stopped", "absent"])})
OTHERS = st.dictionaries(st.sampled_from(["qbittorrent", "sonarr", "sabnzbd", "prowlarr"]), st.fixed_dictionaries({}, optional={
    "via": st.sampled_from(["gluetun", "vpn"]), "port": st.integers(8000, 8003),
    "env": st.dictionaries(st.just("U"), st.sampled_from(["http://qbittorrent:8080", "http://x@sonarr", "://", 1]), max_size=1)}), max_size=4)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(GATEWAYS, GATEWAYS, OTHERS, st.sampled_from(["10.2.3.4", "192.168.1.2", "8.8.8.8", "host.lan", None]))
def test_any_gateway_gives_a_plan_or_findings(first, second, others, address):
    services = dict({"gluetun": first, "vpn": dict(second, app="gluetun")}, **others)
    raw = {"h": inventory(services, address=address)}
    for item in plan.static(raw, shipped_catalog())["findings"]:
        assert item["severity"] in ("error", "warning") and item["key"] and item["message"].endswith(".") and item["remedy"]
    found = plan.full(raw, {"h": HEALTHY}, shipped_catalog())
    json.dumps(found)
    if [item for item in found["findings"] if item["severity"] == "error"]:
        return
    specs = {spec["name"] for spec in found["hosts"]["h"]["secrets"]["specs"]}
    assert values.secret_names([entry["content"] for entry in found["hosts"]["h"]["files"]]) <= specs
    for project in found["hosts"]["h"]["projects"]:
        for entry in project["services"]:
            if entry["gateway"]:
                for name, value in service(found["hosts"]["h"], entry["name"], project["name"])["environment"].items():
                    assert isinstance(value, str) and "None" not in value, name
