# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPN gateway, Gluetun: its environment for each of its generations, and the rules by which it would not start or would leak.

Facts: internal/configuration/settings/*.go and internal/server/middlewares/auth of Gluetun v3.40.0, v3.41.1 and its main branch.
An entry of the catalog asks for all this with C(vpn: gluetun).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ansible_collections.homelab.media.plugins.plugin_utils import secret_marks, topology, values
from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean

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


def _address(text):
    """An IP address, or none."""
    try:
        return ipaddress.ip_address(str(text).strip())
    except ValueError:
        return None


def _interface(text):
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
    return {"routes": ["GET " + route, "GET /v1/vpn/status", "GET /v1/publicip/ip"]}


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
                ("error", name, "Gluetun does not start with '{0}' for {1}.".format(value, new), "Write one of {0}.".format(_listed(VALUES[new])))
            )
            continue
        if new == FIREWALL and str(value).lower() in ("off", "no", "false", "disabled"):
            remarks.append(
                ("warning", name, "This turns the kill switch off: without the tunnel, everything goes out openly.", "Remove it.")
            )
        kept[new] = value
    return kept, remarks


# --- the rules -------------------------------------------------------------------------------------------------------------------


class Gateway:
    """What a rule looks at: one gateway, and what is around it.

    :param info: The result C(host) of media_host_info, when the host was looked at.
    """

    def __init__(self, model, host, instance, info=None):
        self.model, self.host, self.instance, self.info = model, host, instance, info
        self.settings = instance.settings
        self.provider = self.settings.get("provider") or ""
        self.type = self.settings.get("type") or ""
        self.release = release_of(instance)
        self.members = topology.members(instance)

    def get(self, name):
        """A setting, or none when nothing is set."""
        value = self.settings.get(name)
        return None if value in (None, "", []) else value

    def marks(self, secret):
        """What is known of a secret's form; none when nothing is."""
        return self.host.marks.get("{0}.{1}".format(self.instance.name, secret))

    def has(self, secret):
        """Whether a secret is given, or kept on the host."""
        full = "{0}.{1}".format(self.instance.name, secret)
        return full in self.host.given or ((self.info or {}).get("keys") or {}).get(full, "none") != "none"

    @property
    def wireguard(self):
        return self.type == "wireguard"

    @property
    def openvpn(self):
        return self.type == "openvpn"

    @property
    def forwards(self):
        """Whose protocol is spoken to get a port, or nothing."""
        return (self.get("forwarding_provider") or self.provider) if self.settings.get("port_forwarding") else ""

    def outbound(self):
        """The networks outside of the tunnel."""
        texts = self.get("outbound_subnets") or topology.outbound_subnets(self.host, self.model.hosts)
        return [ipaddress.ip_network(text) for text in texts]

    def tunnel(self):
        """The networks inside of the tunnel, as far as they are known."""
        if not self.wireguard:
            return []
        texts = list(self.get("addresses") or []) + ([TUNNEL[self.provider]] if self.provider in TUNNEL else [])
        return [found.network for found in map(_interface, texts) if found]


def error(key, message, remedy):
    return "error", "settings.{0}".format(key), message, remedy


def warning(key, message, remedy):
    return "warning", "settings.{0}".format(key), message, remedy


def _listed(items):
    return ", ".join(str(item) for item in items)


def provider_and_type(gateway):
    provider = gateway.provider
    if not provider:
        yield error("provider", "The gateway has no VPN provider.", "Set settings.provider.")
    elif gateway.wireguard and provider not in WIREGUARD:
        yield error("type", "The gateway knows no WireGuard for this provider.", "Set settings.type to openvpn.")
    elif gateway.release == LATEST and gateway.type in REMOVED.get(provider, ()):
        yield error(
            "provider",
            "Gluetun's latest release has no {0} for {1} any more.".format("OpenVPN" if gateway.openvpn else "WireGuard", provider),
            "Take another provider, another settings.type, or version v3.41.3.",
        )


def settings_of_the_type(gateway):
    """Settings of the other type of tunnel do nothing."""
    kinds = {}
    for variable in VARIABLES:
        if variable.type:
            kinds.setdefault(variable.setting, set()).add(variable.type)
    for setting, types in kinds.items():
        if gateway.type not in types and gateway.get(setting) is not None:
            yield warning(
                setting,
                "This is only for {0}, and the tunnel is {1}.".format(
                    "WireGuard" if "wireguard" in types else "OpenVPN", "OpenVPN" if gateway.openvpn else "WireGuard"
                ),
                "Remove it, or set settings.type.",
            )


def private_key(gateway):
    marks = gateway.marks("wireguard_private_key")
    if not gateway.wireguard or marks is None or "key" in marks:
        return
    token = gateway.provider == "nordvpn" and "token" in marks
    yield (
        "error",
        "secrets.wireguard_private_key",
        "This is an access token of NordVPN, not a private key." if token else "This is no WireGuard key, which is 32 bytes in base64.",
        "Ask NordVPN's API for the private key with this token, and give that." if token else "Copy it from the provider's configuration.",
    )


def preshared_key(gateway):
    marks = gateway.marks("wireguard_preshared_key")
    if gateway.wireguard and marks is not None and "key" not in marks:
        yield (
            "error",
            "secrets.wireguard_preshared_key",
            "This is no WireGuard key, which is 32 bytes in base64.",
            "Copy it from the provider's configuration.",
        )


def own_addresses(gateway):
    if not gateway.wireguard:
        return
    if not gateway.get("addresses") and gateway.provider in WIREGUARD and gateway.provider not in OWN_ADDRESS:
        yield error(
            "addresses",
            "WireGuard with this provider needs the tunnel's own addresses.",
            "Set settings.addresses as the provider's configuration says.",
        )
    for text in gateway.get("addresses") or []:
        if _interface(text) is None:
            yield error("addresses", "'{0}' is no address of a tunnel.".format(text), "Write it as 10.64.0.2/32.")


def ipv6_addresses(gateway):
    """The Docker network has no IPv6, so that Gluetun finds none in its container."""
    for text in gateway.get("addresses") or [] if gateway.wireguard else []:
        found = _interface(text)
        if found and found.version == 6:
            yield error("addresses", "{0} is IPv6, which the Docker network has not.".format(text), "Keep the IPv4 address only.")


def custom_server(gateway):
    endpoint = gateway.get("endpoint_ip")
    if endpoint and _address(endpoint) is None:
        yield error("endpoint_ip", "'{0}' is no IP address: Gluetun resolves no name before the tunnel is up.".format(endpoint),
                    "Write the server's IP address.")
    if not gateway.wireguard:
        return
    nowhere = _address(endpoint or "")
    for setting, what in (("endpoint_ip", "IP address"), ("endpoint_port", "port"), ("public_key", "public key")):
        if gateway.provider == "custom" and (gateway.get(setting) is None or setting == "endpoint_ip" and nowhere and nowhere.is_unspecified):
            yield error(setting, "A custom WireGuard server needs its {0}.".format(what), "Set settings.{0}.".format(setting))
    key = gateway.get("public_key")
    if key and not secret_marks.wireguard_key(key):
        yield error("public_key", "This is no WireGuard key, which is 32 bytes in base64.", "Copy it from the provider's configuration.")


def wireguard_port_unset(gateway):
    if gateway.wireguard and gateway.get("endpoint_port") and gateway.provider in NO_WIREGUARD_PORT:
        yield error("endpoint_port", "With {0}, the port of WireGuard cannot be chosen.".format(gateway.provider), "Remove endpoint_port.")


def wireguard_port_known(gateway):
    known, port = WIREGUARD_PORTS.get(gateway.provider), gateway.get("endpoint_port")
    if gateway.wireguard and known and port and port not in known:
        yield error("endpoint_port", "{0} has no WireGuard on port {1}.".format(gateway.provider, port), "Choose one of {0}.".format(_listed(known)))


def ivpn_password(gateway):
    """IVPN wants a password only with a user that is no account number; the host's own store may have it."""
    marks = gateway.marks("openvpn_user")
    if gateway.openvpn and gateway.provider == "ivpn" and marks is not None and "account" not in marks and not gateway.has("openvpn_password"):
        yield (
            "error",
            "secrets.openvpn_password",
            "IVPN needs a password, since the user is no account number such as i-XXXX-XXXX-XXXX.",
            "Give secrets.openvpn_password, or the account number as user.",
        )


def keys_in_files(gateway):
    """Gluetun skips a file of a key that is not in PEM; and an encrypted key needs its passphrase, whoever the provider is."""
    for secret in SECRET_FILES if gateway.openvpn else ():
        marks = gateway.marks(secret)
        if marks is not None and "pem" not in marks:
            yield (
                "error",
                "secrets.{0}".format(secret),
                "This is not in PEM, which begins with -----BEGIN.",
                "Copy all of it from the provider's configuration, with its first and last line.",
            )
    if gateway.openvpn and gateway.provider != "vpnsecure" and gateway.has("openvpn_encrypted_key") and not gateway.has("openvpn_key_passphrase"):
        yield "error", "secrets.openvpn_key_passphrase", "An encrypted key needs its passphrase.", "Give secrets.openvpn_key_passphrase."


def custom_config(gateway):
    marks = gateway.marks("openvpn_custom_config")
    if gateway.openvpn and gateway.provider == "custom" and marks is not None and "remote" not in marks:
        yield (
            "error",
            "secrets.openvpn_custom_config",
            "Gluetun sees no server in this: it takes a line such as 'remote 203.0.113.9 1194 udp', and resolves no name before the tunnel is up.",
            "Write the server's IP address in the line that begins with remote, and take out the lines that name others.",
        )


def tcp(gateway):
    if not gateway.openvpn or gateway.get("protocol") != "tcp":
        return
    if gateway.provider in NO_TCP or (gateway.provider == "privado" and gateway.release <= (3, 41, 1)):
        yield error("protocol", "{0} has no OpenVPN over TCP.".format(gateway.provider), "Remove protocol, or set it to udp.")


def openvpn_port(gateway):
    port = gateway.get("endpoint_port")
    if not gateway.openvpn or not port:
        return
    if gateway.provider in NO_OPENVPN_PORT or (gateway.provider == "privado" and gateway.release < V3412):
        yield error("endpoint_port", "With {0}, the port of OpenVPN cannot be chosen.".format(gateway.provider), "Remove endpoint_port.")
        return
    protocol = gateway.get("protocol") or "udp"
    known = OPENVPN_PORTS.get((gateway.provider, protocol))
    since, newer = NEWER_PORTS.get((gateway.provider, protocol), ((), ()))
    if known and gateway.release < since:
        known = tuple(number for number in known if number not in newer)
    if known and port not in known:
        yield error("endpoint_port", "{0} has no OpenVPN over {1} on port {2}.".format(gateway.provider, protocol.upper(), port),
                    "Choose one of {0}.".format(_listed(known)))


def forwarding(gateway):
    provider = gateway.forwards
    if not provider:
        return
    if gateway.provider != "custom" and provider != gateway.provider:
        yield error("forwarding_provider", "{0} forwards ports in no other way than its own.".format(gateway.provider),
                    "Remove forwarding_provider, which is for custom servers.")
        return
    known = [name for name in FORWARDING if gateway.release < LATEST or name not in REMOVED]
    if provider not in known:
        yield error(
            "port_forwarding",
            "This provider forwards no port in a way the gateway knows, and the gateway would not start.",
            "Turn port_forwarding off, or take Private Internet Access, ProtonVPN or PrivateVPN; a port that the provider "
            "gives for good goes into settings.vpn_input_ports.",
        )
    elif provider == "privatevpn" and gateway.wireguard:
        yield warning("port_forwarding", "PrivateVPN forwards ports over OpenVPN only.", "Set type to openvpn, or turn port_forwarding off.")


def pia_forwarding(gateway):
    """Without the name, the gateway starts, and ends as soon as the tunnel is up."""
    if gateway.forwards != "private internet access" or gateway.provider != "custom":
        return
    if not gateway.get("names"):
        yield error("names", "Port forwarding of Private Internet Access with a custom server needs the server's name.",
                    "Set settings.names to the one name of the server, such as [london401].")


def proton_user(gateway):
    marks = gateway.marks("openvpn_user")
    if gateway.openvpn and gateway.provider == "protonvpn" and gateway.forwards == "protonvpn" and marks is not None and "pmp" not in marks:
        yield (
            "error",
            "secrets.openvpn_user",
            "ProtonVPN forwards a port over OpenVPN only to a user that ends with '+pmp'.",
            "Append '+pmp' to the user, or turn port_forwarding off.",
        )


def filters(gateway):
    for setting, providers in FILTERS.items():
        if gateway.get(setting) and gateway.provider and gateway.provider not in providers:
            yield error(setting, "{0} has no such filter of servers.".format(gateway.provider), "Remove {0}; it is for {1}.".format(
                setting, _listed(providers)))
    for setting in CHOOSING:
        if gateway.provider == "custom" and gateway.get(setting):
            yield error(setting, "A custom server is not chosen from a list.", "Remove {0}.".format(setting))
    if gateway.provider == "custom" and len(gateway.get("names") or []) > 1:
        yield error("names", "A custom server has no more than one name.", "Keep the one of the server.")
    if gateway.provider == "protonvpn" and gateway.get("free_only") and (gateway.forwards or gateway.get("port_forward_only")):
        yield error("free_only", "ProtonVPN's free servers forward no port.", "Remove free_only, or turn port_forwarding off.")


def outbound_range(gateway):
    for network in gateway.outbound():
        if network.network_address.is_unspecified:
            yield error("outbound_subnets", "This would send everything around the tunnel.", "Name the networks of your LAN only.")


def outbound_overlap(gateway):
    """The routes for these networks come before the tunnel's, so that what lies in both would leave outside of it."""
    tunnel = gateway.tunnel()
    for network in gateway.outbound():
        if not network.network_address.is_unspecified and any(
            network.version == inside.version and network.overlaps(inside) for inside in tunnel
        ):
            yield error(
                "outbound_subnets",
                "The network {0} that apps may reach outside of the tunnel overlaps with the tunnel's own addresses.".format(network),
                "Name narrower networks under settings.outbound_subnets, or choose another media_network.subnet.",
            )


def outbound_public(gateway):
    endpoint = _address(gateway.get("endpoint_ip") or "")
    for network in gateway.outbound() if gateway.get("outbound_subnets") else []:
        if network.network_address.is_unspecified:
            continue
        if endpoint and endpoint in network:
            yield warning("outbound_subnets", "The network {0} holds the VPN server {1}.".format(network, endpoint), "Name narrower networks.")
        elif not network.is_private and not (network.version == 4 and network.subnet_of(SHARED_SPACE)):
            yield warning("outbound_subnets", "The network {0} is public: what goes there leaves outside of the tunnel.".format(network),
                          "Name the networks of your LAN only.")


def firewall(gateway):
    """Variables of a user's own: dead, renamed, owned, or with a value that Gluetun does not take."""
    for severity, name, message, remedy in user_env(gateway.instance)[1]:
        if today(name, gateway.release) == FIREWALL and "takes on or off" not in message:
            yield severity, "env.{0}".format(name), message, remedy


def booleans(gateway):
    for severity, name, message, remedy in user_env(gateway.instance)[1]:
        if "takes on or off" in message:
            yield severity, "env.{0}".format(name), message, remedy


def control_server(gateway):
    for severity, name, message, remedy in user_env(gateway.instance)[1]:
        if name.startswith("HTTP_CONTROL_SERVER") and "takes on or off" not in message:
            yield severity, "env.{0}".format(name), message, remedy


def names_of_today(gateway):
    for severity, name, message, remedy in user_env(gateway.instance)[1]:
        if today(name, gateway.release) != FIREWALL and not name.startswith("HTTP_CONTROL_SERVER") and "takes on or off" not in message:
            yield severity, "env.{0}".format(name), message, remedy


def resolving(gateway):
    kind, addresses = gateway.get("dns_type"), gateway.get("dns_addresses") or []
    for text in addresses:
        if _address(text) is None:
            yield error("dns_addresses", "'{0}' is no IP address.".format(text), "Write it as 1.1.1.1.")
    if addresses and kind in ("dot", "doh"):
        yield error("dns_addresses", "Encrypted DNS asks resolvers by their names, not by addresses.",
                    "Name them under settings.dns_resolvers, or set dns_type to plain.")
    if len(addresses) > 1 and gateway.release < LATEST:
        yield warning("dns_addresses", "Gluetun {0} asks only the first of these.".format(named(gateway.release)), "Keep one.")
    if kind == "doh" and gateway.release < V341:
        yield error("dns_type", "Gluetun {0} has no DNS over HTTPS.".format(named(gateway.release)), "Set dns_type to dot, or version to v3.41.3.")
    if kind == "plain" and not addresses and gateway.release == LATEST:
        yield error("dns_type", "Gluetun's latest release wants addresses for plain DNS.", "Set settings.dns_addresses.")
    for name in gateway.get("dns_resolvers") or []:
        if name.lower() not in RESOLVERS:
            yield error("dns_resolvers", "Gluetun knows no resolver '{0}'.".format(name), did_you_mean(name, RESOLVERS, "resolvers"))
    for setting in ("dns_unblock", "dns_private_names"):
        for name in gateway.get(setting) or []:
            if not HOST_NAME.match(name):
                yield error(setting, "'{0}' is no name of a host.".format(name),
                            "Write it as example.com, which stands for the names below it too.")
    period = gateway.get("dns_update_period")
    length = seconds(period) if period else 0
    if length is None or 0 < length < 30:
        yield error("dns_update_period", "'{0}' is neither 0 nor a duration of at least 30 seconds.".format(period), "Write it as 24h, or 0 for never.")
    keepalive = gateway.get("keepalive")
    if keepalive and seconds(keepalive) is None:
        yield error("keepalive", "'{0}' is no duration.".format(keepalive), "Write it as 25s.")


def encryption_preset(gateway):
    if gateway.openvpn and gateway.provider == "private internet access" and gateway.get("encryption_preset") == "none" and gateway.release >= V3412:
        yield error("encryption_preset", "Gluetun has no such preset since v3.41.2.", "Write normal or strong.")


def health(gateway):
    """What is pinged to see whether the tunnel works; 0.0.0.0 stands for the VPN server."""
    targets = gateway.get("health_icmp_targets") or [] if gateway.release >= V341 else []
    for text in targets:
        if _address(text) is None:
            yield error("health_icmp_targets", "'{0}' is no IP address.".format(text), "Write it as 1.1.1.1.")
    if len(targets) > 1 and any(found and found.is_unspecified for found in map(_address, targets)):
        yield error("health_icmp_targets", "0.0.0.0, which is the VPN server, can only be the only target.", "Remove it, or the others.")


def versions(gateway):
    """What a release does not know yet."""
    release = gateway.release
    if release < OLDEST:
        yield (
            "error",
            "version",
            "The control server of Gluetun {0} asks for no key.".format(named(release)),
            "Set version to v3.39.1 or newer, best to {0}.".format(gateway.instance.entry["version"]),
        )
        return
    known = {}
    for variable in VARIABLES:
        known.setdefault(variable.setting, []).append(variable)
    for setting, variables in known.items():
        if gateway.get(setting) is not None and not any(variable.known(release) for variable in variables):
            since = min(variable.since for variable in variables)
            yield warning(
                setting,
                "Gluetun {0} does not know this yet.".format(named(release)),
                "Remove it, or set version to {0}.".format(named(since)),
            )
    if gateway.forwards and release < V340 and torrent_clients(gateway.instance):
        yield warning(
            "port_forwarding",
            "Gluetun {0} runs no command when it has a port, so qBittorrent gets it later.".format(named(release)),
            "Set version to v3.40 or newer.",
        )


# What Docker refuses for a container that lives in another one's namespace.
REFUSED = ("dns", "dns_opt", "dns_search", "domainname", "extra_hosts", "hostname", "links", "mac_address", "networks")


def _models(gateway):
    for member in gateway.members:
        service = gateway.model.services.get(gateway.host.name, {}).get(member.name)
        if service:
            yield member, service


def member_ports(gateway):
    for member, service in _models(gateway):
        for key in ("ports", "expose"):
            if key in service["model"]:
                yield (
                    "error",
                    member.key,
                    "'{0}' lives in the namespace of '{1}', so Docker refuses its {2}.".format(member.name, gateway.instance.name, key),
                    "Take {0} out of 'compose' in the catalog file of {1}, and describe the port under 'ports' with via: true.".format(
                        key, member.app
                    ),
                )


def member_network(gateway):
    for member, service in _models(gateway):
        found = [key for key in REFUSED if key in service["model"]]
        if found:
            yield (
                "error",
                member.key,
                "'{0}' lives in the namespace of '{1}', so Docker refuses its {2}.".format(
                    member.name, gateway.instance.name, " and ".join(found)
                ),
                "Take {0} out of 'compose' in the catalog file of {1}.".format(" and ".join(found), member.app),
            )


def host_header(gateway):
    """qBittorrent refuses requests whose port is not the one that it listens on."""
    for member in torrent_clients(gateway.instance):
        if member.published != member.port and topology.binds(member):
            yield (
                "error",
                member.key + ".port",
                "qBittorrent listens on {0} and is published on {1}, and so would refuse every request.".format(member.port, member.published),
                "Publish the port that it listens on.",
            )


def published_torrents(gateway):
    for member, service in _models(gateway):
        if any(port["name"] == "torrent" for port in service["ports"]):
            yield (
                "warning",
                member.key,
                "The port for peers of '{0}' is published on the host, where no peer comes from.".format(member.name),
                "Do not publish it; peers come through the tunnel.",
            )


def own_names(gateway):
    """Dependents have no name of their own in the Docker network."""
    names = {member.name: member for member in gateway.members}
    for instance in gateway.host.present():
        inside = instance.gateway is gateway.instance
        for variable, value in instance.env.items():
            for name in re.findall(r"://(?:[^/@\s]*@)?([a-z][a-z0-9-]*)(?=[:/?]|$)", value) if isinstance(value, str) else []:
                if name in names:
                    yield (
                        "warning",
                        "{0}.env.{1}".format(instance.key, variable),
                        "'{0}' has no name of its own, since it lives in the namespace of '{1}'.".format(name, gateway.instance.name),
                        "Write {0}.".format("localhost" if inside else gateway.instance.name),
                    )


def docker_names(gateway):
    """What is behind the gateway shares its resolver, which knows the names of other containers only since v3.41, and with its own server."""
    if gateway.release >= V341 and not (gateway.release < LATEST and gateway.get("dns_addresses")):
        return
    for member in gateway.members:
        for need, targets in member.links.items():
            for target in targets:
                if target.host is gateway.host and topology.address(member, target)[0] == (target.gateway or target).dns_name:
                    yield (
                        "error",
                        "{0}.links.{1}".format(member.key, need),
                        "'{0}' cannot resolve the name of '{1}' behind '{2}', whose resolver does not ask Docker.".format(
                            member.name, target.name, gateway.instance.name
                        ),
                        "Put '{0}' behind it as well, or {1}.".format(
                            target.name,
                            "set its version to v3.41.3" if gateway.release < V341 else "name dns_resolvers in the place of dns_addresses",
                        ),
                    )


@dataclass(frozen=True)
class Rule:
    """A rule: a function that yields what is wrong, or where else it is told.

    :param check: Yields C((severity, key, message, remedy)); a key that does not begin with C(media_services) is below the gateway's.
    :param told_by: What makes the rule hold, when it is not only about gateways.
    :param host: The function needs to know the host.
    """

    check: object = None
    told_by: str = ""
    host: bool = False


RULES = {
    "G1": Rule(provider_and_type),
    "G2": Rule(settings_of_the_type, told_by="the choices of settings.type"),
    "G3": Rule(private_key, told_by="host_checks.secrets"),
    "G4": Rule(preshared_key, told_by="host_checks.secrets"),
    "G5": Rule(own_addresses),
    "G6": Rule(ipv6_addresses),
    "G7": Rule(custom_server),
    "G8": Rule(wireguard_port_unset),
    "G9": Rule(wireguard_port_known),
    "G10": Rule(ivpn_password, told_by="host_checks.secrets", host=True),
    "G11": Rule(keys_in_files, told_by="host_checks.secrets", host=True),
    "G12": Rule(custom_config, told_by="host_checks.secrets"),
    "G13": Rule(tcp),
    "G14": Rule(openvpn_port),
    "G15": Rule(forwarding),
    "G16": Rule(pia_forwarding, told_by="host_checks.secrets"),
    "G17": Rule(proton_user),
    "G18": Rule(filters),
    "G19": Rule(told_by="the type of the settings"),
    "G20": Rule(outbound_range, told_by="the type of the setting"),
    "G21": Rule(outbound_overlap),
    "G22": Rule(outbound_public),
    "G23": Rule(booleans, told_by="the type of the settings"),
    "G24": Rule(firewall),
    "G25": Rule(resolving),
    "G26": Rule(control_server),
    "G27": Rule(versions),
    # Names of variables change more often than rules.
    "G28": Rule(names_of_today),
    "G29": Rule(health),
    "G30": Rule(encryption_preset),
    "D1": Rule(member_ports),
    "D2": Rule(member_network),
    "D3": Rule(told_by="static_checks.ports_in_namespaces"),
    "D4": Rule(told_by="static_checks.ports_in_namespaces"),
    "D5": Rule(told_by="static_checks.ports_on_host"),
    "D6": Rule(host_header),
    "D7": Rule(published_torrents),
    "D8": Rule(told_by="topology.gateways"),
    "D9": Rule(own_names),
    "D10": Rule(docker_names),
}


def check(model, host, info=None):
    """All rules on the gateways of a host: those that need to know the host when it was looked at, and the others before."""
    for instance in model.rendered(host):
        if not instance.entry.get("vpn"):
            continue
        gateway = Gateway(model, host, instance, info)
        for rule in RULES.values():
            if rule.check is None or rule.host != (info is not None):
                continue
            for severity, key, message, remedy in rule.check(gateway):
                place = key if key.startswith("media_services.") else "{0}.{1}".format(instance.key, key)
                model.findings.add(severity, host.name, place, message, remedy)
