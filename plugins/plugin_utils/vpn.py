# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPN gateway, Gluetun: its environment for each of its generations. The rules are in C(vpn_rules).

Facts: internal/configuration/settings/*.go and internal/server/middlewares/auth of Gluetun v3.40.0, v3.41.1 and its main branch.
An entry of the catalog asks for all this with C(vpn: gluetun).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ansible_collections.homelab.media.plugins.plugin_utils import topology, values

# --- generations -----------------------------------------------------------------------------------------------------------------

LATEST = (9999,)
STABLE = (3, 41, 9999)
OLDEST = (3, 39, 1)


def generation(version, fallback=""):
    """The release that a version means, as a tuple; what is newer than we know counts as the newest.

    :param version: A tag of the image, with or without a digest: C(v3.41.3), C(v3.40), C(v3), C(latest).
    :param fallback: What a digest alone stands for.
    """
    tag = str(version).partition("@")[0]
    if tag.startswith("sha256:") or not tag:
        tag = str(fallback).partition("@")[0]
    found = re.match(r"^v?(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?(?![\w.])", tag)
    if not found:
        return LATEST
    parts = tuple(int(part) for part in found.groups() if part is not None)
    if parts == (3,):
        return STABLE
    parts += (9999,) * (3 - len(parts))
    return LATEST if parts > STABLE else parts


def named(release):
    """A generation for people."""
    return "latest" if release == LATEST else "v" + ".".join(str(part) for part in release if part != 9999)


# --- what it knows ---------------------------------------------------------------------------------------------------------------

OPENVPN = (
    "airvpn", "custom", "cyberghost", "expressvpn", "fastestvpn", "giganews", "hidemyass", "ipvanish", "ivpn", "mullvad", "nordvpn",
    "perfect privacy", "privado", "private internet access", "privatevpn", "protonvpn", "purevpn", "slickvpn", "surfshark",
    "torguard", "vpnsecure", "vpn unlimited", "vyprvpn", "windscribe",
)
WIREGUARD = ("airvpn", "custom", "fastestvpn", "ivpn", "mullvad", "nordvpn", "protonvpn", "surfshark", "windscribe")
# What the main branch has removed: provider, and the types that are gone.
REMOVED = {"mullvad": ("openvpn",), "perfect privacy": ("openvpn",)}

# Own addresses that need not be told, and the networks of the tunnel, in which the provider's gateway answers.
OWN_ADDRESS = {"nordvpn": "10.5.0.2/32", "protonvpn": "10.2.0.2/32"}
TUNNEL = {"nordvpn": "10.5.0.0/16", "protonvpn": "10.2.0.0/16"}
NO_WIREGUARD_PORT = ("fastestvpn", "nordvpn", "protonvpn", "surfshark")
WIREGUARD_PORTS = {
    "airvpn": (1637, 47107),
    "ivpn": (53, 2049, 2050, 30587, 41893, 48574, 58237),
    "windscribe": (53, 80, 123, 443, 1194, 65142),
}
NO_TCP = ("giganews", "ipvanish", "perfect privacy", "vyprvpn")
NO_OPENVPN_PORT = (
    "expressvpn", "fastestvpn", "giganews", "ipvanish", "nordvpn", "purevpn", "surfshark", "vpnsecure", "vpn unlimited", "vyprvpn",
)
OPENVPN_PORTS = {
    ("airvpn", "tcp"): (53, 80, 443, 1194, 2018, 41185),
    ("airvpn", "udp"): (53, 80, 443, 1194, 2018, 41185),
    ("ivpn", "tcp"): (80, 443, 1143),
    ("ivpn", "udp"): (53, 1194, 2049, 2050),
    ("mullvad", "tcp"): (80, 443, 1401),
    ("mullvad", "udp"): (53, 1194, 1195, 1196, 1197, 1300, 1301, 1302, 1303, 1400),
    ("perfect privacy", "udp"): (44, 443, 4433),
    ("privado", "tcp"): (443, 1194, 8080, 8443),
    ("privado", "udp"): (443, 1194, 8080, 8443),
    ("private internet access", "tcp"): (80, 110, 443, 501, 502, 8443),
    ("private internet access", "udp"): (53, 1194, 1197, 1198, 8080, 9201),
    ("protonvpn", "tcp"): (443, 5995, 8443),
    ("protonvpn", "udp"): (80, 443, 1194, 4569, 5060, 51820),
    ("slickvpn", "tcp"): (443, 8080, 8888),
    ("slickvpn", "udp"): (443, 8080, 8888),
    ("windscribe", "tcp"): (21, 22, 80, 123, 143, 443, 587, 1194, 3306, 8080, 54783),
    ("windscribe", "udp"): (53, 80, 123, 443, 1194, 54783),
}
# What a release takes of these only since then.
V3411, V3412 = (3, 41, 1), (3, 41, 2)
NEWER_PORTS = {
    ("private internet access", "tcp"): (V3412, (501, 502, 8443)),
    ("protonvpn", "udp"): (V3411, (51820,)),
}
FORWARDING = ("perfect privacy", "private internet access", "privatevpn", "protonvpn")
FILTERS = {
    "owned_only": ("mullvad",),
    "free_only": ("protonvpn", "vpn unlimited"),
    "stream_only": ("protonvpn", "vpn unlimited"),
    "secure_core_only": ("protonvpn",),
    "tor_only": ("protonvpn",),
    "multihop_only": ("surfshark",),
    "premium_only": ("vpnsecure",),
    "port_forward_only": ("private internet access", "protonvpn"),
}
RESOLVERS = (
    "cira family", "cira private", "cira protected", "cleanbrowsing adult", "cleanbrowsing family", "cleanbrowsing security",
    "cloudflare", "cloudflare family", "cloudflare security", "google", "libredns", "opendns", "quad9", "quad9 secured",
    "quad9 unsecured", "quadrant",
)
DURATION = re.compile(r"^(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|ms|s|m|h))+)$")
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
# A name as Gluetun takes it in its lists of names: without wildcards, dots at the ends and anything but the name.
HOST_NAME = re.compile(
    r"^([a-zA-Z0-9]|[a-zA-Z0-9_][a-zA-Z0-9\-_]{0,61}[a-zA-Z0-9_])(\.([a-zA-Z0-9]|[a-zA-Z0-9_][a-zA-Z0-9\-_]{0,61}[a-zA-Z0-9]))*$"
)
# What chooses from the list of a provider's servers, of which a custom one has none.
CHOOSING = ("countries", "regions", "cities", "hostnames", "categories", "isps")
BOOLEANS = ("on", "off", "yes", "no", "true", "false", "enabled", "disabled")


def seconds(text):
    """A duration as Go writes it, such as C(1h30m), in seconds; C(None) for anything else."""
    if not DURATION.match(text):
        return None
    return sum(float(number) * UNITS[unit] for number, dummy, unit in re.findall(r"(([0-9]+\.?[0-9]*|\.[0-9]+))(ns|us|ms|s|m|h)", text))


@dataclass(frozen=True)
class Variable:
    """How a setting becomes a variable.

    :param type: The type of tunnel that has it; both when omitted.
    :param since: The first release that knows it.
    :param before: The first release that does not know it any more.
    :param first: The variable takes one value: the first one.
    """

    setting: str
    name: str
    type: str = ""
    since: tuple = ()
    before: tuple = ()
    first: bool = False
    join: str = ","

    def known(self, release):
        return self.since <= release and (not self.before or release < self.before)


V340, V341 = (3, 40), (3, 41)
VARIABLES = (
    Variable("provider", "VPN_SERVICE_PROVIDER"),
    Variable("type", "VPN_TYPE"),
    Variable("countries", "SERVER_COUNTRIES"),
    Variable("regions", "SERVER_REGIONS"),
    Variable("cities", "SERVER_CITIES"),
    Variable("hostnames", "SERVER_HOSTNAMES"),
    Variable("names", "SERVER_NAMES"),
    Variable("numbers", "SERVER_NUMBER"),
    Variable("categories", "SERVER_CATEGORIES"),
    Variable("isps", "ISP"),
    Variable("owned_only", "OWNED_ONLY"),
    Variable("free_only", "FREE_ONLY"),
    Variable("premium_only", "PREMIUM_ONLY"),
    Variable("stream_only", "STREAM_ONLY"),
    Variable("secure_core_only", "SECURE_CORE_ONLY"),
    Variable("tor_only", "TOR_ONLY"),
    Variable("multihop_only", "MULTIHOP_ONLY"),
    Variable("port_forward_only", "PORT_FORWARD_ONLY"),
    Variable("endpoint_ip", "WIREGUARD_ENDPOINT_IP", "wireguard"),
    Variable("endpoint_ip", "OPENVPN_ENDPOINT_IP", "openvpn"),
    Variable("endpoint_port", "WIREGUARD_ENDPOINT_PORT", "wireguard"),
    Variable("endpoint_port", "OPENVPN_ENDPOINT_PORT", "openvpn"),
    Variable("public_key", "WIREGUARD_PUBLIC_KEY", "wireguard"),
    Variable("addresses", "WIREGUARD_ADDRESSES", "wireguard"),
    Variable("allowed_ips", "WIREGUARD_ALLOWED_IPS", "wireguard"),
    Variable("mtu", "WIREGUARD_MTU", "wireguard"),
    Variable("keepalive", "WIREGUARD_PERSISTENT_KEEPALIVE_INTERVAL", "wireguard"),
    Variable("implementation", "WIREGUARD_IMPLEMENTATION", "wireguard"),
    Variable("protocol", "OPENVPN_PROTOCOL", "openvpn"),
    Variable("openvpn_version", "OPENVPN_VERSION", "openvpn"),
    Variable("ciphers", "OPENVPN_CIPHERS", "openvpn"),
    Variable("auth", "OPENVPN_AUTH", "openvpn"),
    Variable("mssfix", "OPENVPN_MSSFIX", "openvpn"),
    Variable("flags", "OPENVPN_FLAGS", "openvpn", join=" "),
    Variable("encryption_preset", "PRIVATE_INTERNET_ACCESS_OPENVPN_ENCRYPTION_PRESET", "openvpn"),
    Variable("forwarding_provider", "VPN_PORT_FORWARDING_PROVIDER"),
    Variable("forwarding_listening_port", "VPN_PORT_FORWARDING_LISTENING_PORT", before=LATEST),
    Variable("forwarding_listening_port", "VPN_PORT_FORWARDING_LISTENING_PORTS", since=LATEST),
    Variable("forwarding_ports_count", "VPN_PORT_FORWARDING_PORTS_COUNT", since=LATEST),
    Variable("vpn_input_ports", "FIREWALL_VPN_INPUT_PORTS"),
    Variable("input_ports", "FIREWALL_INPUT_PORTS"),
    Variable("dns_resolvers", "DOT_PROVIDERS", before=V341),
    Variable("dns_resolvers", "DNS_UPSTREAM_RESOLVERS", since=V341),
    Variable("dns_caching", "DOT_CACHING", before=V341),
    Variable("dns_caching", "DNS_CACHING", since=V341),
    Variable("dns_ipv6", "DOT_IPV6", before=V341),
    Variable("dns_ipv6", "DNS_UPSTREAM_IPV6", since=V341),
    Variable("dns_unblock", "UNBLOCK", before=V341),
    Variable("dns_unblock", "DNS_UNBLOCK_HOSTNAMES", since=V341),
    Variable("dns_private_names", "DNS_REBINDING_PROTECTION_EXEMPT_HOSTNAMES", since=V341),
    Variable("dns_update_period", "DNS_UPDATE_PERIOD"),
    Variable("block_malicious", "BLOCK_MALICIOUS"),
    Variable("block_surveillance", "BLOCK_SURVEILLANCE"),
    Variable("block_ads", "BLOCK_ADS"),
    Variable("health_targets", "HEALTH_TARGET_ADDRESS", before=V341, first=True),
    Variable("health_targets", "HEALTH_TARGET_ADDRESSES", since=V341),
    Variable("health_icmp_targets", "HEALTH_ICMP_TARGET_IPS", since=V341),
    Variable("health_check", "HEALTH_SMALL_CHECK_TYPE", since=V341),
    Variable("health_restart", "HEALTH_RESTART_VPN", since=V341),
    Variable("http_proxy", "HTTPPROXY"),
    Variable("shadowsocks", "SHADOWSOCKS"),
)
# Secret to variable, for both types of tunnel or for one.
SECRETS = {
    "wireguard_private_key": ("WIREGUARD_PRIVATE_KEY", "wireguard"),
    "wireguard_preshared_key": ("WIREGUARD_PRESHARED_KEY", "wireguard"),
    "openvpn_user": ("OPENVPN_USER", "openvpn"),
    "openvpn_password": ("OPENVPN_PASSWORD", "openvpn"),
    "openvpn_key_passphrase": ("OPENVPN_KEY_PASSPHRASE", "openvpn"),
    "forwarding_user": ("VPN_PORT_FORWARDING_USERNAME", ""),
    "forwarding_password": ("VPN_PORT_FORWARDING_PASSWORD", ""),
    "http_proxy_user": ("HTTPPROXY_USER", ""),
    "http_proxy_password": ("HTTPPROXY_PASSWORD", ""),
    "shadowsocks_password": ("SHADOWSOCKS_PASSWORD", ""),
}
# Secrets that are files: Gluetun looks for them in /run/secrets by itself.
SECRET_FILES = {"openvpn_cert": "OPENVPN_CERT", "openvpn_key": "OPENVPN_KEY", "openvpn_encrypted_key": "OPENVPN_ENCRYPTED_KEY"}
# Not named after its variable, for Gluetun would take the content of such a file for the value.
CUSTOM_CONFIG = "/run/secrets/custom.ovpn"

FIREWALL = "FIREWALL_ENABLED_DISABLING_IT_SHOOTS_YOU_IN_YOUR_FOOT"
# Variables that a user may not set: where the value comes from instead.
OWNED = {variable.name: "settings.{0}".format(variable.setting) for variable in VARIABLES}
OWNED.update({name: "secrets.{0}".format(secret) for secret, (name, dummy) in SECRETS.items()})
OWNED.update({name: "secrets.{0}".format(secret) for secret, name in SECRET_FILES.items()})
OWNED.update(
    {
        "OPENVPN_CUSTOM_CONFIG": "secrets.openvpn_custom_config",
        "VPN_PORT_FORWARDING": "settings.port_forwarding",
        "FIREWALL_OUTBOUND_SUBNETS": "settings.outbound_subnets",
        "DNS_SERVER": "settings.dns_type",
        "DNS_UPSTREAM_RESOLVER_TYPE": "settings.dns_type",
        "DNS_UPSTREAM_PLAIN_ADDRESSES": "settings.dns_addresses",
        "DNS_ADDRESS": "settings.dns_addresses",
        "DOT": "settings.dns_type",
    }
)
# Variables that nobody sets but this collection, and why.
RESERVED = {
    "VPN_INTERFACE": "the apps behind the gateway are bound to tun0",
    "VPN_PORT_FORWARDING_UP_COMMAND": "it hands the forwarded port to qBittorrent",
    "VPN_PORT_FORWARDING_DOWN_COMMAND": "it takes the forwarded port from qBittorrent",
    "HTTP_CONTROL_SERVER_ADDRESS": "the collection talks to the control server",
    "HTTP_CONTROL_SERVER_AUTH_CONFIG_FILEPATH": "the collection talks to the control server",
    "HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE": "it would open the control server",
    "HTTPPROXY_LISTENING_ADDRESS": "ports in the namespace are counted",
    "SHADOWSOCKS_LISTENING_ADDRESS": "ports in the namespace are counted",
    "HEALTH_SERVER_ADDRESS": "ports in the namespace are counted",
    "WIREGUARD_CONF_SECRETFILE": "its values would win over the settings",
}
# Older names: the name of today, and the first release that has it.
RENAMED = {
    "FIREWALL": (FIREWALL, (3, 39)),
    "VPNSP": ("VPN_SERVICE_PROVIDER", ()),
    "COUNTRY": ("SERVER_COUNTRIES", ()),
    "REGION": ("SERVER_REGIONS", ()),
    "CITY": ("SERVER_CITIES", ()),
    "SERVER_HOSTNAME": ("SERVER_HOSTNAMES", ()),
    "SERVER_NAME": ("SERVER_NAMES", ()),
    "OWNED": ("OWNED_ONLY", ()),
    "USER": ("OPENVPN_USER", ()),
    "PASSWORD": ("OPENVPN_PASSWORD", ()),
    "PROTOCOL": ("OPENVPN_PROTOCOL", ()),
    "PORT": ("OPENVPN_ENDPOINT_PORT", ()),
    "OPENVPN_PORT": ("OPENVPN_ENDPOINT_PORT", ()),
    "OPENVPN_TARGET_IP": ("OPENVPN_ENDPOINT_IP", ()),
    "OPENVPN_CIPHER": ("OPENVPN_CIPHERS", ()),
    "OPENVPN_INTERFACE": ("VPN_INTERFACE", ()),
    "OPENVPN_CLIENTCRT": ("OPENVPN_CERT", ()),
    "OPENVPN_CLIENTKEY": ("OPENVPN_KEY", ()),
    "ENCRYPTION": ("PRIVATE_INTERNET_ACCESS_OPENVPN_ENCRYPTION_PRESET", ()),
    "PIA_ENCRYPTION": ("PRIVATE_INTERNET_ACCESS_OPENVPN_ENCRYPTION_PRESET", ()),
    "VPN_ENDPOINT_IP": ("WIREGUARD_ENDPOINT_IP", ()),
    "VPN_ENDPOINT_PORT": ("WIREGUARD_ENDPOINT_PORT", ()),
    "WIREGUARD_ADDRESS": ("WIREGUARD_ADDRESSES", ()),
    "WIREGUARD_INTERFACE": ("VPN_INTERFACE", ()),
    "PORT_FORWARDING": ("VPN_PORT_FORWARDING", ()),
    "PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING": ("VPN_PORT_FORWARDING", ()),
    "PORT_FORWARDING_STATUS_FILE": ("VPN_PORT_FORWARDING_STATUS_FILE", ()),
    "PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING_STATUS_FILE": ("VPN_PORT_FORWARDING_STATUS_FILE", ()),
    "VPN_PORT_FORWARDING_LISTENING_PORT": ("VPN_PORT_FORWARDING_LISTENING_PORTS", LATEST),
    "EXTRA_SUBNETS": ("FIREWALL_OUTBOUND_SUBNETS", ()),
    "FIREWALL_DEBUG": ("FIREWALL_IPTABLES_LOG_LEVEL", LATEST),
    "DOT": ("DNS_SERVER", V341),
    "DOT_PROVIDERS": ("DNS_UPSTREAM_RESOLVERS", V341),
    "DOT_CACHING": ("DNS_CACHING", V341),
    "DOT_IPV6": ("DNS_UPSTREAM_IPV6", V341),
    "DOT_PRIVATE_ADDRESS": ("DNS_BLOCK_IP_PREFIXES", V341),
    "UNBLOCK": ("DNS_UNBLOCK_HOSTNAMES", V341),
    "DNS_PLAINTEXT_ADDRESS": ("DNS_ADDRESS", ()),
    "BLOCK_NSA": ("BLOCK_SURVEILLANCE", ()),
    "HEALTH_ADDRESS_TO_PING": ("HEALTH_TARGET_ADDRESS", ()),
    "HEALTH_TARGET_ADDRESS": ("HEALTH_TARGET_ADDRESSES", V341),
    "HEALTH_ICMP_TARGET_IP": ("HEALTH_ICMP_TARGET_IPS", V341),
    "PROXY": ("HTTPPROXY", ()),
    "TINYPROXY": ("HTTPPROXY", ()),
    "PROXY_USER": ("HTTPPROXY_USER", ()),
    "TINYPROXY_USER": ("HTTPPROXY_USER", ()),
    "PROXY_PASSWORD": ("HTTPPROXY_PASSWORD", ()),
    "TINYPROXY_PASSWORD": ("HTTPPROXY_PASSWORD", ()),
    "PROXY_LOG": ("HTTPPROXY_LOG", ()),
    "TINYPROXY_LOG": ("HTTPPROXY_LOG", ()),
    "HTTPPROXY_PORT": ("HTTPPROXY_LISTENING_ADDRESS", ()),
    "PROXY_PORT": ("HTTPPROXY_LISTENING_ADDRESS", ()),
    "TINYPROXY_PORT": ("HTTPPROXY_LISTENING_ADDRESS", ()),
    "SHADOWSOCKS_PORT": ("SHADOWSOCKS_LISTENING_ADDRESS", ()),
    "SHADOWSOCKS_METHOD": ("SHADOWSOCKS_CIPHER", ()),
    "UID": ("PUID", ()),
    "GID": ("PGID", ()),
    "STORAGE_FILEPATH": ("STORAGE_SERVERS_DIRECTORY_PATH", LATEST),
}
# Renamed variables whose value means something else under the new name.
MEANS_ELSE = ("FIREWALL_DEBUG", "STORAGE_FILEPATH")
# Variables that do nothing any more, and since when.
DROPPED = {
    "DOT_VERBOSITY": (3, 40),
    "DOT_VERBOSITY_DETAILS": (3, 40),
    "DOT_VALIDATION_LOGLEVEL": (3, 40),
    "HEALTH_VPN_DURATION_INITIAL": V341,
    "HEALTH_VPN_DURATION_ADDITION": V341,
    "HEALTH_SUCCESS_WAIT_DURATION": V341,
    "DNS_KEEP_NAMESERVER": LATEST,
}
# Variables of a user's own that are no settings, and are true or false.
FLAGS = (
    FIREWALL, "DNS_KEEP_NAMESERVER", "FIREWALL_DEBUG", "HTTPPROXY_LOG", "HTTPPROXY_STEALTH", "SHADOWSOCKS_LOG", "PUBLICIP_ENABLED",
    "HTTP_CONTROL_SERVER_LOG", "VERSION_INFORMATION", "WIREGUARD_GSO",
)
# The same for those that have few values.
VALUES = {
    "LOG_LEVEL": ("debug", "info", "warn", "error"),
    "SHADOWSOCKS_CIPHER": ("aes-128-gcm", "aes-256-gcm", "chacha20-ietf-poly1305"),
    "OPENVPN_VERBOSITY": tuple("0123456"),
}
# Carriers' own addresses, which mesh VPNs use as well.
SHARED_SPACE = ipaddress.ip_network("100.64.0.0/10")

# --- the environment -------------------------------------------------------------------------------------------------------------


def release_of(instance):
    """The generation of an instance."""
    return generation(instance.version, instance.entry["version"])


def _text(value, variable=None):
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        items = [values.text_of(item) for item in value]
        return items[0] if variable and variable.first else (variable.join if variable else ",").join(items)
    return values.text_of(value)


def listed(items):
    """Items as a text."""
    return ", ".join(str(item) for item in items)


def address_of(text):
    """An IP address, or none."""
    try:
        return ipaddress.ip_address(str(text).strip())
    except ValueError:
        return None


def interface_of(text):
    """An address with or without a prefix length, or none."""
    try:
        return ipaddress.ip_interface(str(text).strip())
    except ValueError:
        return None


def _socket(address):
    """An address of a name server with its port."""
    return "[{0}]:53".format(address) if ":" in address else "{0}:53".format(address)


def dns(settings, release):
    """The variables by which a generation learns how names are resolved; what is not set stays Gluetun's own."""
    kind, addresses = settings.get("dns_type"), settings.get("dns_addresses") or []
    if addresses and kind in (None, "plain"):
        if release < V341:
            return {"DOT": "off", "DNS_ADDRESS": addresses[0]}
        if release < LATEST:
            # Only without its own name server does it ask one that has no name.
            return {"DNS_SERVER": "off", "DNS_ADDRESS": addresses[0]}
        return {
            "DNS_UPSTREAM_RESOLVER_TYPE": "plain",
            "DNS_UPSTREAM_PLAIN_ADDRESSES": ",".join(_socket(address) for address in addresses),
        }
    if not kind:
        return {}
    return {"DOT": "on" if kind == "dot" else "off"} if release < V341 else {"DNS_UPSTREAM_RESOLVER_TYPE": kind}


def commands(port, release):
    """What Gluetun runs when the provider forwards a port, and when no more: it tells qBittorrent, which trusts callers from inside.

    :param port: Where qBittorrent listens in the namespace.
    """
    if release < V340:
        return {}
    # There is no shell around it, and Gluetun replaces what is in double braces.
    url = "http://127.0.0.1:{0}/api/v2/app/setPreferences".format(port)
    call = "/bin/sh -c 'wget -O- -nv {0} --post-data \"json={1}\" {2}'"
    up = '{\\"listen_port\\":{{PORT}},\\"current_network_interface\\":\\"{{VPN_INTERFACE}}\\",\\"random_port\\":false,\\"upnp\\":false}'
    down = '{\\"listen_port\\":0,\\"current_network_interface\\":\\"lo\\"}'
    # While a command runs, Gluetun neither renews the port, whose lease is a minute, nor ends the tunnel: so neither may take long. A qBittorrent that starts
    # later gets its port from the reconciler; and where nobody listens, there is nothing to take away.
    return {
        "VPN_PORT_FORWARDING_UP_COMMAND": call.format("--retry-connrefused --tries=5 --timeout=5", up, url),
        "VPN_PORT_FORWARDING_DOWN_COMMAND": call.format("--tries=1 --timeout=5", down, url),
    }


def torrent_clients(gateway):
    """The qBittorrents in a gateway's namespace."""
    return [
        member
        for member in topology.members(gateway)
        if (member.entry["offers"].get("download_client") or {}).get("implementation") == "QBittorrent"
    ]


def environment(instance, secrets, subnets):
    """The variables of a gateway: text, or references to secrets.

    :param secrets: The views of its secrets, by short name.
    :param subnets: The networks that apps may reach outside of the tunnel, unless the settings name some.
    """
    settings, release = instance.settings, release_of(instance)
    kind = settings.get("type")
    found = {}
    for variable in VARIABLES:
        value = settings.get(variable.setting)
        if value not in (None, "", []) and variable.type in ("", kind) and variable.known(release):
            found[variable.name] = _text(value, variable)
    found.update(dns(settings, release))
    found["FIREWALL_OUTBOUND_SUBNETS"] = ",".join(settings.get("outbound_subnets") or subnets)
    found["HTTP_CONTROL_SERVER_ADDRESS"] = ":{0}".format(instance.port)
    if settings.get("port_forwarding"):
        found["VPN_PORT_FORWARDING"] = "on"
        clients = torrent_clients(instance)
        if clients:
            found.update(commands(clients[0].port, release))
            # The reconciler asks for the port every few seconds, and a line for each question would bury what the gateway says.
            found["HTTP_CONTROL_SERVER_LOG"] = "off"
    for name, (variable, only) in SECRETS.items():
        if secrets.get(name) and only in ("", kind):
            found[variable] = secrets[name]
    if kind == "openvpn" and secrets.get("openvpn_custom_config"):
        found["OPENVPN_CUSTOM_CONFIG"] = CUSTOM_CONFIG
    return found


def view(instance):
    """What the templates of a gateway see as C(vpn)."""
    route = "/v1/openvpn/portforwarded" if release_of(instance) < V341 else "/v1/portforward"
    found = ["GET " + route, "GET /v1/vpn/status", "GET /v1/publicip/ip"]
    # The reconciler lets a gateway ask for a port again.
    return {"routes": found + (["PUT /v1/vpn/status"] if instance.settings.get("port_forwarding") and torrent_clients(instance) else [])}


def today(name, release):
    """The name that a variable has in a release, and whether it had another one."""
    found = name
    for dummy in range(3):
        new, since = RENAMED.get(found, (None, None))
        if new is None or release < since:
            break
        found = new
    return found


def user_env(instance):
    """The variables of a user's own as they work today, and what is to be said about them.

    :return: The variables, and C((severity, name, message, remedy)) for each remark.
    """
    release = release_of(instance)
    kept, remarks = {}, []
    for name, value in instance.env.items():
        new = today(name, release)
        if new in OWNED:
            remarks.append(("error", name, "The variable {0} comes from {1}.".format(name, OWNED[new]), "Set {0} instead.".format(OWNED[new])))
            continue
        if new in RESERVED:
            remarks.append(("error", name, "The variable {0} belongs to the collection: {1}.".format(name, RESERVED[new]), "Remove it."))
            continue
        if name in DROPPED and release >= DROPPED[name]:
            remarks.append(("warning", name, "Gluetun {0} does nothing with {1}.".format(named(release), name), "Remove it."))
            continue
        if name in MEANS_ELSE and new != name:
            remarks.append(
                ("warning", name, "Gluetun {0} has {1} in the place of {2}.".format(named(release), new, name), "Set {0} instead.".format(new))
            )
            continue
        if new != name:
            remarks.append(
                ("warning", name, "Gluetun {0} calls {1} {2}, and gets it under that name.".format(named(release), name, new),
                 "Write {0}.".format(new))
            )
        if new in FLAGS and isinstance(value, bool):
            value = "on" if value else "off"
        if new in FLAGS and isinstance(value, (str, int)) and str(value) and str(value).lower() not in BOOLEANS:
            remarks.append(("error", name, "Gluetun takes on or off for {0}, not '{1}'.".format(new, value), "Write on or off."))
            continue
        if new in VALUES and isinstance(value, (str, int)) and str(value) and str(value).lower() not in VALUES[new]:
            remarks.append(
                ("error", name, "Gluetun does not start with '{0}' for {1}.".format(value, new), "Write one of {0}.".format(listed(VALUES[new])))
            )
            continue
        if new == FIREWALL and str(value).lower() in ("off", "no", "false", "disabled"):
            remarks.append(
                ("warning", name, "This turns the kill switch off: without the tunnel, everything goes out openly.", "Remove it.")
            )
        kept[new] = value
    return kept, remarks
