# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gluetun's settings: secrets, then files, then environment; ``Wrong`` on what v3.41 does not start with."""
from __future__ import annotations

import base64
import binascii
import configparser
import ipaddress
import json
import os
import re
from pathlib import Path

OPENVPN = ("airvpn", "cyberghost", "expressvpn", "fastestvpn", "giganews", "hidemyass", "ipvanish", "ivpn", "mullvad", "nordvpn",
           "perfect privacy", "privado", "private internet access", "privatevpn", "protonvpn", "purevpn", "slickvpn",
           "surfshark", "torguard", "vpnsecure", "vpn unlimited", "vyprvpn", "windscribe", "custom")
WIREGUARD = ("airvpn", "custom", "fastestvpn", "ivpn", "mullvad", "nordvpn", "protonvpn", "surfshark", "windscribe")
FORWARDING = ("private internet access", "protonvpn", "privatevpn", "perfect privacy")
OWN_ADDRESS = {"nordvpn": ["10.5.0.2/32"], "protonvpn": ["10.2.0.2/32"]}
FIXED_WIREGUARD_PORT = ("fastestvpn", "nordvpn", "protonvpn", "surfshark")
WIREGUARD_PORTS = {"airvpn": {1637, 47107}, "ivpn": {2049, 2050, 53, 30587, 41893, 48574, 58237},
                   "windscribe": {53, 80, 123, 443, 1194, 65142}}
NO_TCP = ("giganews", "ipvanish", "perfect privacy", "vyprvpn")
FIXED_OPENVPN_PORT = ("nordvpn", "surfshark", "expressvpn", "fastestvpn", "giganews", "ipvanish", "purevpn", "vpnsecure",
                      "vpn unlimited", "vyprvpn")
# Provider to its ports over UDP and over TCP.
OPENVPN_PORTS = {"airvpn": ({53, 80, 443, 1194, 2018, 41185},) * 2, "ivpn": ({53, 1194, 2049, 2050}, {80, 443, 1143}),
                 "mullvad": ({53, 1194, 1195, 1196, 1197, 1300, 1301, 1302, 1303, 1400}, {80, 443, 1401}),
                 "perfect privacy": ({44, 443, 4433},) * 2, "privado": ({443, 1194, 8080, 8443},) * 2,
                 "private internet access": ({53, 1194, 1197, 1198, 8080, 9201}, {80, 110, 443, 501, 502, 8443}),
                 "protonvpn": ({80, 443, 1194, 4569, 5060, 51820}, {443, 5995, 8443}), "slickvpn": ({443, 8080, 8888},) * 2,
                 "windscribe": ({53, 80, 123, 443, 1194, 54783}, {21, 22, 80, 123, 143, 443, 587, 1194, 3306, 8080, 54783})}
PROTOCOLS = {"tcp": "tcp", "tcp4": "tcp", "tcp6": "tcp", "tcp-client": "tcp", "udp": "udp", "udp4": "udp", "udp6": "udp"}
# A name as DNS has it, for the lists of names; there are no wildcards.
HOST = re.compile(r"([a-zA-Z0-9]|[a-zA-Z0-9_][a-zA-Z0-9\-_]{0,61}[a-zA-Z0-9_])(\.([a-zA-Z0-9]|[a-zA-Z0-9_][a-zA-Z0-9\-_]{0,61}[a-zA-Z0-9]))*")
# What the files of these are called: the secret, and the one below /gluetun.
FILES = {"OPENVPN_KEY": ("openvpn_clientkey", "client.key"), "OPENVPN_CERT": ("openvpn_clientcrt", "client.crt"),
         "OPENVPN_ENCRYPTED_KEY": ("openvpn_encrypted_key",) * 2}
LISTS = {"SERVER_COUNTRIES": "country", "SERVER_REGIONS": "region", "SERVER_CITIES": "city", "ISP": "ISP", "SERVER_HOSTNAMES": "hostname",
         "SERVER_CATEGORIES": "category"}
NO_LOGIN = ("custom", "airvpn", "vpnsecure")
FILTERS = {"OWNED_ONLY": ("mullvad",), "FREE_ONLY": ("protonvpn", "vpn unlimited"), "STREAM_ONLY": ("protonvpn", "vpn unlimited"),
           "SECURE_CORE_ONLY": ("protonvpn",), "TOR_ONLY": ("protonvpn",), "MULTIHOP_ONLY": ("surfshark",),
           "PREMIUM_ONLY": ("vpnsecure",), "PORT_FORWARD_ONLY": ("private internet access", "protonvpn")}
# Where the resolvers of these names answer; the others are asked at the first address, as the lab has no other.
UPSTREAM = {"cloudflare": "1.1.1.1", "google": "8.8.8.8"}
TRUE, FALSE = ("on", "yes", "true", "enabled"), ("off", "no", "false", "disabled")
ROUTES = {("GET", "/v1/version"), ("GET", "/v1/vpn/status"), ("PUT", "/v1/vpn/status"), ("GET", "/v1/vpn/settings"),
          ("PUT", "/v1/vpn/settings"), ("GET", "/v1/openvpn/status"), ("PUT", "/v1/openvpn/status"),
          ("GET", "/v1/openvpn/settings"), ("GET", "/v1/dns/status"), ("PUT", "/v1/dns/status"), ("GET", "/v1/updater/status"),
          ("PUT", "/v1/updater/status"), ("GET", "/v1/publicip/ip"), ("GET", "/v1/portforward"),
          ("GET", "/v1/openvpn/portforwarded"), ("GET", "/openvpn/portforwarded"), ("GET", "/openvpn/actions/restart"),
          ("GET", "/unbound/actions/restart"), ("GET", "/updater/restart")}
# Open to anybody in v3.41 as long as no role is described.
PUBLIC = {route for route in ROUTES if route not in (("GET", "/v1/vpn/settings"), ("PUT", "/v1/vpn/settings"),
                                                     ("GET", "/v1/openvpn/settings"))}


class Wrong(Exception):
    """Gluetun logs this and exits with 1."""


def wireguard_key(text, what):
    try:
        if len(base64.b64decode(text, validate=True)) == 32:
            return text
    except (binascii.Error, ValueError):
        pass
    raise Wrong(f"{what} is not valid: a WireGuard key is 32 bytes in base64")


def bare(text):
    """A value without blanks around it, and without quotes around all of it."""
    text = text.strip()
    while len(text) > 1 and text[0] in "'\"`" and text[-1] in "'\"`":
        text = text[1:-1].strip()
    return text


def pem(text):
    """The base64 of the first block in PEM, or nothing."""
    found = re.search(r"^-----BEGIN ([^-\n]+)-----\s*\n(?:[\w-]+:.*\n)*(.*?)^-----END \1-----", text.replace("\r\n", "\n"), re.S | re.M)
    try:
        return base64.b64encode(base64.b64decode("".join(found[2].split()), validate=True)).decode() if found else ""
    except (binascii.Error, ValueError):
        return ""


def in_base64(text, what):
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(f"VPN settings: OpenVPN settings: {what}: illegal base64 data") from None


class Reader:
    """Looks a value up as the real one does; an empty value is no value."""

    def __init__(self, environment, secrets="/run/secrets", files="/gluetun"):
        self.environment = environment
        self.secrets, self.files = Path(secrets), Path(files)
        self.warnings = []
        self.wireguard = self._wireguard_file()

    def _wireguard_file(self):
        for path in (Path(self.environment.get("WIREGUARD_CONF_SECRETFILE") or self.secrets / "wg0.conf"),
                     self.files / "wireguard" / "wg0.conf"):
            if path.is_file():
                parser = configparser.ConfigParser(interpolation=None, strict=False)
                parser.optionxform = str
                try:
                    parser.read_string(path.read_text(encoding="utf-8"))
                except configparser.Error as error:
                    raise Wrong(f"{path}: {' '.join(str(error).split())}") from None
                return {**(dict(parser["Interface"]) if "Interface" in parser else {}),
                        **(dict(parser["Peer"]) if "Peer" in parser else {})}
        return {}

    def text(self, name, default=None):
        secret, file = FILES.get(name, (name.lower(),) * 2)
        for path in (self.environment.get(f"{secret.upper()}_SECRETFILE") or self.secrets / secret, self.files / file):
            if Path(path).is_file():
                value = Path(path).read_text(encoding="utf-8")
                value = pem(value) if name in FILES else bare(value)
                if value:
                    return value
                if name in FILES:
                    self.warnings.append(f"skipping {path}: parsing PEM: cannot decode PEM encoded block")
        return bare(self.environment.get(name, "")) or default

    def words(self, name):
        """The parts of a list. What is between commas counts as it is, blanks too."""
        return (self.text(name) or "").split(",") if self.text(name) else []

    def number(self, name, least=0, most=65535):
        value = self.text(name)
        if value is None:
            return None
        if not value.isdigit():
            raise Wrong(f"environment variable {name}: parsing \"{value}\": invalid syntax")
        if not least <= int(value) <= most:
            raise Wrong(f"environment variable {name}: value is not in range: {value} is not between {least} and {most}")
        return int(value)

    def boolean(self, name, default=False):
        value = self.text(name)
        if value is None:
            return default
        if value.lower() not in TRUE + FALSE:
            raise Wrong(f"environment variable {name}: value is not a boolean: {value} is not one of on, off, yes, no, true, "
                        "false, enabled, disabled")
        return value.lower() in TRUE

    def port(self, name):
        value = self.text(name)
        if value is None:
            return None
        if not value.isdigit() or not 1 <= int(value) <= 65535:
            raise Wrong(f"environment variable {name}: port is not valid: {value}")
        return int(value)

    def ports(self, name):
        values = self.words(name)
        for value in values:
            if not value.isdigit() or not 1 <= int(value) <= 65535:
                raise Wrong(f"environment variable {name}: port is not valid: {value}")
        return [int(value) for value in values]

    def address(self, name):
        value = self.text(name)
        if value is None:
            return None
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            raise Wrong(f"environment variable {name}: not an IP address: {value}") from None

    def duration(self, name):
        value = self.text(name)
        if value is not None and not re.fullmatch(r"[-+]?(0|((\d+\.?\d*|\.\d+)(ns|us|\u00b5s|ms|s|m|h))+)", value):
            raise Wrong(f"environment variable {name}: time: invalid duration {value}")
        return value


def read(environment, secrets="/run/secrets", files="/gluetun", ipv6=False):
    """Everything that is set, checked; a plain dict."""
    reader = Reader(environment, secrets, files)
    settings = {"warnings": [], "name": (reader.text("VPN_SERVICE_PROVIDER") or "private internet access").lower()}
    if settings["name"] == "pia":
        settings["name"] = "private internet access"
    settings["type"] = (reader.text("VPN_TYPE") or "openvpn").lower()
    if settings["type"] not in ("openvpn", "wireguard"):
        raise Wrong(f"VPN settings: VPN type is not valid: {settings['type']}")
    known = WIREGUARD if settings["type"] == "wireguard" else OPENVPN
    if settings["name"] not in known:
        raise Wrong(f"VPN provider name is not valid for {settings['type']}: {settings['name']} is not one of {', '.join(known)}")
    settings["interface"] = reader.text("VPN_INTERFACE") or "tun0"
    if not re.fullmatch(r"[A-Za-z0-9_]+", settings["interface"]):
        raise Wrong(f"VPN interface name is not valid: {settings['interface']}")
    (wireguard if settings["type"] == "wireguard" else openvpn)(settings, reader, ipv6)
    selection(settings, reader)
    firewall(settings, reader)
    forwarding(settings, reader)
    dns(settings, reader)
    health(settings, reader)
    settings["control_address"] = listening(reader.text("HTTP_CONTROL_SERVER_ADDRESS") or ":8000", "HTTP_CONTROL_SERVER_ADDRESS")
    settings["health_address"] = listening(reader.text("HEALTH_SERVER_ADDRESS") or "127.0.0.1:9999", "HEALTH_SERVER_ADDRESS")
    settings["roles"] = roles(reader)
    for name, default in (("PUID", "1000"), ("PGID", "1000")):
        value = reader.text(name) or default
        if not value.isdigit():
            raise Wrong(f"environment variable {name}: {value} is not a number")
        settings[name.lower()] = int(value)
    for name in ("HTTPPROXY", "HTTPPROXY_LOG", "HTTPPROXY_STEALTH", "SHADOWSOCKS", "SHADOWSOCKS_LOG", "PUBLICIP_ENABLED",
                 "VERSION_INFORMATION", "HTTP_CONTROL_SERVER_LOG", "FIREWALL_DEBUG"):
        reader.boolean(name)
    others(reader)
    settings["warnings"] += reader.warnings
    return settings


def others(reader):
    """Settings that nothing here makes use of, and that the real one does not start with when they are wrong."""
    level, cipher = (reader.text("LOG_LEVEL") or "info").lower(), (reader.text("SHADOWSOCKS_CIPHER") or "chacha20-ietf-poly1305").lower()
    if level not in ("debug", "info", "warn", "error"):
        raise Wrong(f"log level: level is not recognized: {level}")
    if cipher not in ("aes-128-gcm", "aes-256-gcm", "chacha20-ietf-poly1305"):
        raise Wrong(f"shadowsocks settings: cipher: value is not one of the possible choices: {cipher}")
    listening(reader.text("HTTPPROXY_LISTENING_ADDRESS") or ":8888", "HTTPPROXY_LISTENING_ADDRESS")
    reader.number("VPN_PORT_FORWARDING_LISTENING_PORT")
    verbosity, period = reader.text("OPENVPN_VERBOSITY") or "1", reader.duration("UPDATER_PERIOD")
    if verbosity not in tuple("0123456"):
        raise Wrong("VPN settings: OpenVPN settings: verbosity value is out of bounds: it can only be between 0 and 6")
    if 0 < seconds(period) < 60:
        raise Wrong(f"updater settings: VPN server data updater period is too small: {period} must be larger than 1m0s")
    for name in reader.words("PUBLICIP_API"):
        if name not in ("cloudflare", "ifconfigco", "ip2location", "ipinfo") and not name.startswith("echoip#"):
            raise Wrong(f"public ip check settings: API name is not valid: {name}")
    for name, parse in (("DNS_BLOCK_IPS", ipaddress.ip_address), ("DNS_BLOCK_IP_PREFIXES", prefix)):
        for text in reader.words(name):
            try:
                parse(text)
            except ValueError:
                raise Wrong(f"environment variable {name}: unable to parse {text}") from None


def prefix(text):
    """A network with its length told; bits of hosts may be set."""
    if "/" not in text:
        raise ValueError(text)
    return ipaddress.ip_interface(text)


def wireguard(settings, reader, ipv6):
    name, conf = settings["name"], reader.wireguard
    key = conf.get("PrivateKey") or reader.text("WIREGUARD_PRIVATE_KEY")
    if not key:
        raise Wrong("VPN settings: Wireguard settings: private key is not set")
    wireguard_key(key, "VPN settings: Wireguard settings: private key")
    preshared = conf.get("PresharedKey") or reader.text("WIREGUARD_PRESHARED_KEY")
    if preshared:
        wireguard_key(preshared, "VPN settings: Wireguard settings: pre-shared key")
    elif name == "airvpn":
        raise Wrong("VPN settings: Wireguard settings: pre-shared key is not set")
    texts = [part.strip() for part in (conf.get("Address") or "").split(",") if part.strip()] or \
        [part.strip() for part in reader.words("WIREGUARD_ADDRESSES") if part.strip()] or OWN_ADDRESS.get(name, [])
    if not texts:
        raise Wrong("VPN settings: Wireguard settings: interface address is not set")
    settings["addresses"] = []
    for text in texts:
        try:
            address = ipaddress.ip_interface(text)
        except ValueError:
            raise Wrong(f"environment variable WIREGUARD_ADDRESSES: not a valid address: {text}") from None
        if address.version == 6 and not ipv6:
            raise Wrong(f"VPN settings: Wireguard settings: interface address is IPv6 but IPv6 is not supported: {text}")
        settings["addresses"].append(str(address))
    endpoint_ip, endpoint_port = reader.address("WIREGUARD_ENDPOINT_IP"), reader.port("WIREGUARD_ENDPOINT_PORT")
    if conf.get("Endpoint"):
        host, _colon, port = conf["Endpoint"].rpartition(":")
        try:
            endpoint_ip, endpoint_port = str(ipaddress.ip_address(host.strip("[]"))), int(port)
        except ValueError:
            raise Wrong(f"Endpoint of the WireGuard file is not an IP address and a port: {conf['Endpoint']}") from None
    public = conf.get("PublicKey") or reader.text("WIREGUARD_PUBLIC_KEY")
    if name == "custom":
        for value, what in ((endpoint_ip, "endpoint IP"), (endpoint_port, "endpoint port"), (public, "server public key")):
            if not value or value in ("0.0.0.0", "::"):
                raise Wrong(f"VPN settings: provider settings: server selection: Wireguard server selection settings: {what} is not set")
    if endpoint_port and name in FIXED_WIREGUARD_PORT:
        raise Wrong(f"VPN settings: Wireguard server selection settings: endpoint port is set but {name} does not take one")
    if endpoint_port and endpoint_port not in WIREGUARD_PORTS.get(name, {endpoint_port}):
        raise Wrong(f"VPN settings: Wireguard server selection settings: endpoint port {endpoint_port} is not allowed for {name}")
    if public:
        wireguard_key(public, "VPN settings: Wireguard server selection settings: server public key")
    mtu = reader.number("WIREGUARD_MTU")
    implementation = (reader.text("WIREGUARD_IMPLEMENTATION") or "auto").lower()
    if implementation not in ("auto", "userspace", "kernelspace"):
        raise Wrong("VPN settings: Wireguard settings: implementation is not valid: it is not one of auto, userspace, kernelspace")
    allowed = reader.words("WIREGUARD_ALLOWED_IPS") or ["0.0.0.0/0", "::/0"]
    for text in allowed:
        try:
            prefix(text)
        except ValueError:
            raise Wrong(f"environment variable WIREGUARD_ALLOWED_IPS: not a valid network: {text}") from None
    keepalive = reader.duration("WIREGUARD_PERSISTENT_KEEPALIVE_INTERVAL")
    if (keepalive or "").startswith("-"):
        raise Wrong(f"VPN settings: Wireguard settings: persistent keep alive interval is negative: {keepalive}")
    settings.update(endpoint_ip=endpoint_ip, endpoint_port=endpoint_port, endpoint_protocol="udp")
    settings["wireguard"] = {
        "private_key": key, "preshared_key": preshared, "public_key": public, "endpoint_ip": endpoint_ip, "endpoint_port": endpoint_port,
        "allowed_ips": allowed, "mtu": int(mtu or 1320), "implementation": implementation,
        "keepalive": int(seconds(keepalive))}


def seconds(duration):
    """Of a Go duration such as 1m30s; 0 of nothing."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 1e-6, "\u00b5s": 1e-6, "ns": 1e-9}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)(ns|us|\u00b5s|ms|s|m|h)", duration or ""))


def openvpn(settings, reader, _ipv6):
    name = settings["name"]
    user, password = reader.text("OPENVPN_USER"), reader.text("OPENVPN_PASSWORD")
    if name not in NO_LOGIN:
        if not user:
            raise Wrong("VPN settings: OpenVPN settings: user is empty")
        # Mullvad has a password of its own: the letter m.
        if not password and name != "mullvad" and not (name == "ivpn" and re.fullmatch(r"(i|ivpn)-\w{4}-\w{4}-\w{4}", user)):
            raise Wrong("VPN settings: OpenVPN settings: password is empty")
    certificate, key, encrypted = (reader.text(variable) for variable in ("OPENVPN_CERT", "OPENVPN_KEY", "OPENVPN_ENCRYPTED_KEY"))
    for names, value, what in ((("airvpn", "cyberghost", "vpnsecure", "vpn unlimited"), certificate, "client certificate"),
                               (("airvpn", "cyberghost", "vpn unlimited"), key, "client key"), (("vpnsecure",), encrypted, "encrypted key")):
        if name in names and not value:
            raise Wrong(f"VPN settings: OpenVPN settings: {what}: missing value")
        in_base64(value or "", what)
    if encrypted and not reader.text("OPENVPN_KEY_PASSPHRASE"):
        raise Wrong("VPN settings: OpenVPN settings: key passphrase is empty")
    custom, endpoint_ip, port = reader.text("OPENVPN_CUSTOM_CONFIG"), reader.address("OPENVPN_ENDPOINT_IP"), reader.port("OPENVPN_ENDPOINT_PORT")
    if name == "custom" and not custom:
        raise Wrong("VPN settings: OpenVPN settings: custom configuration file: filepath is missing")
    if custom and not os.path.isfile(custom):
        raise Wrong(f"VPN settings: OpenVPN settings: configuration file: open {custom}: no such file or directory")
    protocol = (reader.text("OPENVPN_PROTOCOL") or "udp").lower()
    if protocol not in ("udp", "tcp"):
        raise Wrong(f"environment variable OPENVPN_PROTOCOL: {protocol} is not one of udp, tcp")
    if protocol == "tcp" and name in NO_TCP:
        raise Wrong(f"VPN settings: OpenVPN server selection settings: TCP is not supported by {name}")
    if port and (name in FIXED_OPENVPN_PORT or port not in OPENVPN_PORTS.get(name, ({port}, {port}))[protocol == "tcp"]):
        raise Wrong(f"VPN settings: OpenVPN server selection settings: custom endpoint port {port} is not allowed for {name}")
    preset = (reader.text("PRIVATE_INTERNET_ACCESS_OPENVPN_ENCRYPTION_PRESET") or "strong").lower()
    if name == "private internet access" and preset not in ("normal", "strong"):
        raise Wrong(f"VPN settings: OpenVPN server selection settings: PIA encryption preset is not valid: {preset} is not one of normal, strong")
    if name == "custom":
        endpoint_ip, own_port, protocol = connection(custom)
        port = port or own_port
    reader.number("OPENVPN_MSSFIX", most=10000)
    if (reader.text("OPENVPN_VERSION") or "2.6") not in ("2.5", "2.6"):
        raise Wrong("VPN settings: OpenVPN settings: version is not valid: it is not one of 2.5, 2.6")
    settings.update(addresses=[], endpoint_ip=endpoint_ip, endpoint_port=port, endpoint_protocol=protocol)
    settings["user"] = user


def connection(path):
    """Address, port and protocol of a configuration of OpenVPN: the first of each that its lines name."""
    address, port, protocol = None, None, None

    def failure(number, text):
        return Wrong("VPN settings: OpenVPN settings: custom configuration file: extracting information from custom configuration file: "
                     f"on line {number}: {text}")

    for number, line in enumerate(Path(path).read_text(encoding="utf-8").split("\n"), 1):
        line = line.partition("#")[0].strip()
        if not line.startswith(("proto ", "remote ", "port ")):
            continue
        kind, *fields = line.split()
        found = {"proto": [None, None] + fields, "port": [None] + fields, "remote": fields}[kind]
        if len(found) not in {"proto": (3,), "port": (2,), "remote": (1, 2, 3)}[kind]:
            raise failure(number, f"{kind} line has not the fields expected")
        found += [None] * (3 - len(found))
        try:
            host = found[0] and str(ipaddress.ip_address(found[0]))
        except ValueError:
            raise failure(number, f"host is not an IP address: {found[0]}") from None
        if found[1] is not None and not (found[1].isdigit() and 1 <= int(found[1]) <= 65535):
            raise failure(number, f"port is not valid: {found[1]}")
        if found[2] is not None and found[2] not in PROTOCOLS:
            raise failure(number, f"network protocol not supported: {found[2]}")
        address, port, protocol = address or host, port or found[1] and int(found[1]), protocol or PROTOCOLS.get(found[2])
        if address and protocol:
            break
    if not address:
        raise Wrong("VPN settings: OpenVPN settings: custom configuration file: extracting connection from file: remote line not found")
    return address, port or (443 if protocol == "tcp" else 1194), protocol or "udp"


def selection(settings, reader):
    for name, providers in FILTERS.items():
        if reader.boolean(name) and settings["name"] not in providers:
            raise Wrong(f"VPN settings: provider settings: server selection: {name} is not supported by {settings['name']}")
    settings["filters"] = {name: reader.words(name) for name in (*LISTS, "SERVER_NAMES")}
    if settings["name"] == "custom":
        # It has no list of servers: nothing can be chosen from it, but a name may tell a provider of ports who the server is.
        for name, what in LISTS.items():
            if settings["filters"][name]:
                raise Wrong(f"VPN settings: provider settings: server selection: for VPN service provider custom: the {what} specified is not valid: "
                            "one or more values is set but there is no possible value available")
        if len(settings["filters"]["SERVER_NAMES"]) > 1:
            raise Wrong("VPN settings: provider settings: server selection: for VPN service provider custom: the server name specified is not valid: "
                        f"{len(settings['filters']['SERVER_NAMES'])} names specified instead of 0 or 1 for the custom provider")
    for text in reader.words("SERVER_NUMBER"):
        if not text.isdigit() or int(text) > 65535:
            raise Wrong(f"environment variable SERVER_NUMBER: parsing \"{text}\": invalid syntax")
    if reader.boolean("FREE_ONLY") and reader.boolean("PREMIUM_ONLY"):
        raise Wrong("VPN settings: provider settings: server selection: free only and premium only filters are both set")
    # Who wants a port gets servers that forward one, unless told otherwise.
    if settings["name"] == "protonvpn" and reader.boolean("FREE_ONLY") and reader.boolean("PORT_FORWARD_ONLY", reader.boolean("VPN_PORT_FORWARDING")):
        raise Wrong("VPN settings: provider settings: server selection: port forwarding only filter is not supported: together with free only filter")


def firewall(settings, reader):
    if reader.environment.get("FIREWALL"):
        settings["warnings"].append("FIREWALL is not read since v3.39")
    settings["firewall"] = reader.boolean("FIREWALL_ENABLED_DISABLING_IT_SHOOTS_YOU_IN_YOUR_FOOT", True)
    settings["outbound"] = []
    for text in reader.words("FIREWALL_OUTBOUND_SUBNETS"):
        try:
            network = prefix(text).network
        except ValueError:
            raise Wrong(f"environment variable FIREWALL_OUTBOUND_SUBNETS: netip.ParsePrefix(\"{text}\"): no '/' or not a network") from None
        if prefix(text).ip.is_unspecified:
            raise Wrong(f"firewall settings: outbound subnet has an unspecified address: {text}")
        if prefix(text).ip != network.network_address:
            raise Wrong(f"adding outbound subnet to routes: adding route for subnet {text}: invalid argument")
        settings["outbound"].append(str(network))
    settings["vpn_input_ports"] = reader.ports("FIREWALL_VPN_INPUT_PORTS")
    settings["input_ports"] = reader.ports("FIREWALL_INPUT_PORTS")


def forwarding(settings, reader):
    enabled = reader.boolean("VPN_PORT_FORWARDING")
    provider = (reader.text("VPN_PORT_FORWARDING_PROVIDER") or settings["name"]).lower()
    settings["forwarding"] = {"enabled": enabled, "provider": provider, "server": ",".join(settings["filters"]["SERVER_NAMES"]),
                              "file": reader.text("VPN_PORT_FORWARDING_STATUS_FILE") or "/tmp/gluetun/forwarded_port",
                              "up": reader.text("VPN_PORT_FORWARDING_UP_COMMAND"), "down": reader.text("VPN_PORT_FORWARDING_DOWN_COMMAND")}
    if not enabled:
        return
    if provider not in FORWARDING:
        raise Wrong(f"VPN settings: provider settings: port forwarding: {provider} is not one of {', '.join(FORWARDING)}")
    if provider == "private internet access":
        user = reader.text("VPN_PORT_FORWARDING_USERNAME") or reader.text("OPENVPN_USER")
        if not user or not (reader.text("VPN_PORT_FORWARDING_PASSWORD") or reader.text("OPENVPN_PASSWORD")):
            raise Wrong("VPN settings: provider settings: port forwarding: username or password is empty")


def dns(settings, reader):
    for name in ("DNS_SERVER", "DOT", "DNS_CACHING", "DOT_CACHING", "DNS_UPSTREAM_IPV6", "DOT_IPV6", "BLOCK_MALICIOUS",
                 "BLOCK_SURVEILLANCE", "BLOCK_ADS", "DNS_KEEP_NAMESERVER"):
        reader.boolean(name)
    kind = (reader.text("DNS_UPSTREAM_RESOLVER_TYPE") or "dot").lower()
    if kind not in ("dot", "doh", "plain"):
        raise Wrong(f"DNS settings: upstream resolver type is not valid: {kind} is not one of dot, doh, plain")
    known = ("cira family", "cira private", "cira protected", "cleanbrowsing adult", "cleanbrowsing family",
             "cleanbrowsing security", "cloudflare", "cloudflare family", "cloudflare security", "google", "libredns", "opendns",
             "quad9", "quad9 secured", "quad9 unsecured", "quadrant")
    resolvers = reader.words("DOT_PROVIDERS") or reader.words("DNS_UPSTREAM_RESOLVERS")
    for name in resolvers:
        if name.lower() not in known:
            raise Wrong(f"DNS settings: upstream resolver is not known: {name}")
    for name in ("DNS_UPDATE_PERIOD", "DOT_UPDATE_PERIOD"):
        period = reader.duration(name)
        if period is not None and 0 < seconds(period) < 30:
            raise Wrong(f"DNS settings: update period is too short: {period} must be bigger than 30s")
    for name in ("DNS_UNBLOCK_HOSTNAMES", "DNS_REBINDING_PROTECTION_EXEMPT_HOSTNAMES"):
        for text in reader.words(name):
            if not HOST.fullmatch(text):
                raise Wrong(f"DNS settings: {name}: host is not valid: {text}")
    own = reader.address("DNS_ADDRESS") or "127.0.0.1"
    upstream = (own, 53)
    if ipaddress.ip_address(own).is_loopback:
        upstream = (UPSTREAM.get((resolvers or ["cloudflare"])[0].lower().split()[0], "1.1.1.1"), 53)
    retro = reader.text("DOT")
    settings["dns"] = {"enabled": reader.boolean("DOT" if retro else "DNS_SERVER", True), "keep": reader.boolean("DNS_KEEP_NAMESERVER"),
                       "upstream": upstream, "exempt": reader.words("DNS_REBINDING_PROTECTION_EXEMPT_HOSTNAMES")}


def health(settings, reader):
    targets = reader.words("HEALTH_TARGET_ADDRESSES") or reader.words("HEALTH_TARGET_ADDRESS") or ["cloudflare.com:443", "github.com:443"]
    pings = reader.words("HEALTH_ICMP_TARGET_IPS") or ["1.1.1.1", "8.8.8.8"]
    for text in pings:
        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise Wrong(f"environment variable HEALTH_ICMP_TARGET_IPS: not an IP address: {text}") from None
    if len(pings) > 1 and any(ipaddress.ip_address(text).is_unspecified for text in pings):
        raise Wrong("health settings: ICMP target IP addresses are not compatible: only a single IP address must be set if it is to be unspecified")
    kind = (reader.text("HEALTH_SMALL_CHECK_TYPE") or "icmp").lower()
    if kind not in ("icmp", "dns"):
        raise Wrong(f"health settings: small check type is not valid: {kind} is not one of icmp, dns")
    settings["health"] = {"targets": [target(text) for text in targets], "pings": pings, "kind": kind,
                          "restart": reader.boolean("HEALTH_RESTART_VPN", True)}


def target(text):
    """Host and port of a target, which nothing looks at before it is asked: without a port it is that of HTTPS."""
    host, colon, port = text.rpartition(":")
    return (host, int(port) if port.isdigit() else port) if colon else (text, 443)


def listening(text, name):
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise Wrong(f"environment variable {name}: listening address is not valid: {text}")
    return host, int(port)


def roles(reader):
    """The roles of the control server: what is listed in the file, then what the default role fills up."""
    path = reader.text("HTTP_CONTROL_SERVER_AUTH_CONFIG_FILEPATH") or str(reader.files / "auth" / "config.toml")
    found = []
    if os.path.isfile(path):
        import tomllib  # Python 3.11+, as the image has
        try:
            document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise Wrong(f"reading HTTP control server authentication settings: toml: {error}") from None
        if set(document) - {"roles"}:
            raise Wrong("reading HTTP control server authentication settings: strict mode: unknown keys "
                        + ", ".join(sorted(set(document) - {"roles"})))
        for role in document.get("roles", []):
            found.append(role_of(role, file=True))
    default = reader.text("HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE") or "{}"
    try:
        value = json.loads(default)
        if not isinstance(value, dict):
            raise ValueError("not an object")
    except ValueError as error:
        raise Wrong(f"HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE is not valid JSON: {error}") from None
    if value:
        role = role_of(value, file=False)
        listed = {route for item in found for route in item["routes"]}
        role["routes"] = ROUTES - listed
        found.append(role)
    elif not found:
        found.append({"name": "public", "auth": "none", "routes": set(PUBLIC)})
    return found


def role_of(role, file):
    # Of the default role, the real one forgets before it looks what it does not know.
    allowed = {"name", "auth", "apikey", "username", "password", "routes"}
    if file and set(role) - allowed:
        raise Wrong(f"control server role: unknown keys {', '.join(sorted(set(role) - allowed))}")
    auth = role.get("auth", "")
    if auth not in ("none", "basic", "apikey"):
        raise Wrong(f"control server role {role.get('name', '')}: authentication method is not supported: {auth}")
    for key in {"apikey": ("apikey",), "basic": ("username", "password")}.get(auth, ()):
        if not role.get(key):
            raise Wrong(f"control server role {role.get('name', '')}: {key} is empty")
    routes = set()
    for text in role.get("routes", []):
        method, _space, path = text.partition(" ")
        if (method, path) not in ROUTES:
            raise Wrong(f"control server role {role.get('name', '')}: route is not supported by the control server: {text}")
        routes.add((method, path))
    return {**role, "routes": routes}
