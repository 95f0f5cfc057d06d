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
OPENVPN_PORTS = {("protonvpn", "tcp"): {443, 5995, 8443}, ("protonvpn", "udp"): {80, 443, 1194, 4569, 5060, 51820},
                 ("private internet access", "tcp"): {80, 110, 443, 501, 502, 8443},
                 ("private internet access", "udp"): {53, 1194, 1197, 1198, 8080, 9201}}
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


class Reader:
    """Looks a value up as the real one does; an empty value is no value."""

    def __init__(self, environment, secrets="/run/secrets", files="/gluetun"):
        self.environment = environment
        self.secrets, self.files = Path(secrets), Path(files)
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
        path = Path(self.environment.get(f"{name}_SECRETFILE") or self.secrets / name.lower())
        if path.is_file():
            value = path.read_text(encoding="utf-8").strip()
            if value:
                return value
        value = self.environment.get(name, "").strip()
        return value or default

    def words(self, name):
        return [part.strip() for part in (self.text(name) or "").split(",") if part.strip()]

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
        if value is not None and not re.fullmatch(r"0|(\d+(\.\d+)?(ns|us|ms|s|m|h))+", value):
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
    if not re.fullmatch(r"[A-Za-z0-9_]{1,15}", settings["interface"]):
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
    return settings


def wireguard(settings, reader, ipv6):
    name, conf = settings["name"], reader.wireguard
    key = conf.get("PrivateKey") or reader.text("WIREGUARD_PRIVATE_KEY")
    if not key:
        raise Wrong("VPN settings: Wireguard settings: private key is not set")
    if not (name == "nordvpn" and len(key) > 44):           # an access token instead of a key
        wireguard_key(key, "VPN settings: Wireguard settings: private key")
    preshared = conf.get("PresharedKey") or reader.text("WIREGUARD_PRESHARED_KEY")
    if preshared:
        wireguard_key(preshared, "VPN settings: Wireguard settings: pre-shared key")
    elif name == "airvpn":
        raise Wrong("VPN settings: Wireguard settings: pre-shared key is not set")
    texts = [part.strip() for part in (conf.get("Address") or "").split(",") if part.strip()] or \
        reader.words("WIREGUARD_ADDRESSES") or OWN_ADDRESS.get(name, [])
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
            if not value:
                raise Wrong(f"VPN settings: provider settings: server selection: Wireguard server selection settings: {what} is not set")
    if endpoint_port and name in FIXED_WIREGUARD_PORT:
        raise Wrong(f"VPN settings: Wireguard server selection settings: endpoint port is set but {name} does not take one")
    if endpoint_port and endpoint_port not in WIREGUARD_PORTS.get(name, {endpoint_port}):
        raise Wrong(f"VPN settings: Wireguard server selection settings: endpoint port {endpoint_port} is not allowed for {name}")
    if public:
        wireguard_key(public, "VPN settings: Wireguard server selection settings: server public key")
    mtu = reader.text("WIREGUARD_MTU")
    if mtu is not None and (not mtu.isdigit() or not 0 < int(mtu) <= 65535):
        raise Wrong(f"environment variable WIREGUARD_MTU: {mtu} is not valid")
    implementation = (reader.text("WIREGUARD_IMPLEMENTATION") or "auto").lower()
    if implementation not in ("auto", "userspace", "kernelspace"):
        raise Wrong("VPN settings: Wireguard settings: implementation is not valid: it is not one of auto, userspace, kernelspace")
    allowed = reader.words("WIREGUARD_ALLOWED_IPS") or ["0.0.0.0/0", "::/0"]
    for text in allowed:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise Wrong(f"environment variable WIREGUARD_ALLOWED_IPS: not a valid network: {text}") from None
    settings.update(endpoint_ip=endpoint_ip, endpoint_port=endpoint_port, endpoint_protocol="udp")
    settings["wireguard"] = {
        "private_key": key, "preshared_key": preshared, "public_key": public, "endpoint_ip": endpoint_ip, "endpoint_port": endpoint_port,
        "allowed_ips": allowed, "mtu": int(mtu or 1320), "implementation": implementation,
        "keepalive": int(seconds(reader.duration("WIREGUARD_PERSISTENT_KEEPALIVE_INTERVAL")))}


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
    for names, variable, what in ((("airvpn", "cyberghost", "vpnsecure", "vpn unlimited"), "OPENVPN_CERT", "certificate"),
                                  (("airvpn", "cyberghost", "vpn unlimited"), "OPENVPN_KEY", "client key"),
                                  (("vpnsecure",), "OPENVPN_ENCRYPTED_KEY", "encrypted key"),
                                  (("vpnsecure",), "OPENVPN_KEY_PASSPHRASE", "key passphrase")):
        value = reader.text({"OPENVPN_CERT": "OPENVPN_CLIENTCRT", "OPENVPN_KEY": "OPENVPN_CLIENTKEY"}.get(variable, variable)) \
            or reader.text(variable)
        if name in names and not value:
            raise Wrong(f"VPN settings: OpenVPN settings: missing {what} for {name}")
    custom = reader.text("OPENVPN_CUSTOM_CONFIG")
    if name == "custom" and not custom:
        raise Wrong("VPN settings: OpenVPN settings: no OpenVPN configuration file is set for the custom provider")
    if custom and not os.path.isfile(custom):
        raise Wrong(f"VPN settings: OpenVPN settings: configuration file: open {custom}: no such file or directory")
    protocol = (reader.text("OPENVPN_PROTOCOL") or "udp").lower()
    if protocol not in ("udp", "tcp"):
        raise Wrong(f"environment variable OPENVPN_PROTOCOL: {protocol} is not one of udp, tcp")
    if protocol == "tcp" and name in NO_TCP:
        raise Wrong(f"VPN settings: OpenVPN server selection settings: TCP is not supported by {name}")
    port = reader.port("OPENVPN_ENDPOINT_PORT")
    if port and (name in FIXED_OPENVPN_PORT or port not in OPENVPN_PORTS.get((name, protocol), {port})):
        raise Wrong(f"VPN settings: OpenVPN server selection settings: endpoint port {port} is not allowed for {name}")
    if (reader.text("OPENVPN_VERSION") or "2.6") not in ("2.5", "2.6"):
        raise Wrong("VPN settings: OpenVPN settings: version is not valid: it is not one of 2.5, 2.6")
    settings.update(addresses=[], endpoint_ip=reader.address("OPENVPN_ENDPOINT_IP"), endpoint_port=port, endpoint_protocol=protocol)
    settings["user"] = user


def selection(settings, reader):
    for name, providers in FILTERS.items():
        if reader.boolean(name) and settings["name"] not in providers:
            raise Wrong(f"VPN settings: provider settings: server selection: {name} is not supported by {settings['name']}")
    filters = ("SERVER_COUNTRIES", "SERVER_REGIONS", "SERVER_CITIES", "SERVER_HOSTNAMES", "SERVER_NAMES")
    settings["filters"] = {name: reader.words(name) for name in filters}
    if reader.boolean("FREE_ONLY") and reader.boolean("PORT_FORWARD_ONLY"):
        raise Wrong("VPN settings: provider settings: server selection: free only and port forward only exclude each other")


def firewall(settings, reader):
    if reader.environment.get("FIREWALL"):
        settings["warnings"].append("FIREWALL is not read since v3.39")
    settings["firewall"] = reader.boolean("FIREWALL_ENABLED_DISABLING_IT_SHOOTS_YOU_IN_YOUR_FOOT", True)
    settings["outbound"] = []
    for text in reader.words("FIREWALL_OUTBOUND_SUBNETS"):
        try:
            if "/" not in text:
                raise ValueError(text)
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise Wrong(f"environment variable FIREWALL_OUTBOUND_SUBNETS: netip.ParsePrefix(\"{text}\"): no '/' or not a network") from None
        if str(network.network_address) == "0.0.0.0":
            raise Wrong(f"firewall settings: outbound subnet has an unspecified address: {text}")
        settings["outbound"].append(str(network))
    settings["vpn_input_ports"] = reader.ports("FIREWALL_VPN_INPUT_PORTS")
    settings["input_ports"] = reader.ports("FIREWALL_INPUT_PORTS")


def forwarding(settings, reader):
    enabled = reader.boolean("VPN_PORT_FORWARDING")
    provider = (reader.text("VPN_PORT_FORWARDING_PROVIDER") or settings["name"]).lower()
    settings["forwarding"] = {"enabled": enabled, "provider": provider,
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
        if settings["name"] == "custom" and len(reader.words("SERVER_NAMES")) != 1:
            raise Wrong("VPN settings: provider settings: port forwarding: exactly one server name is needed")


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
    own = reader.address("DNS_ADDRESS") or "127.0.0.1"
    upstream = (own, 53)
    if ipaddress.ip_address(own).is_loopback:
        upstream = (UPSTREAM.get((resolvers or ["cloudflare"])[0].lower().split()[0], "1.1.1.1"), 53)
        plain = [endpoint(text, "DNS_UPSTREAM_PLAIN_ADDRESSES") for text in reader.words("DNS_UPSTREAM_PLAIN_ADDRESSES")]
        if kind == "plain" and plain:
            upstream = plain[0]
    retro = reader.text("DOT")
    settings["dns"] = {"enabled": reader.boolean("DOT" if retro else "DNS_SERVER", True), "keep": reader.boolean("DNS_KEEP_NAMESERVER"),
                       "upstream": upstream, "exempt": reader.words("DNS_REBINDING_PROTECTION_EXEMPT_HOSTNAMES")}


def endpoint(text, name):
    """(address, port) of ``1.1.1.1:53``."""
    host, _colon, port = text.rpartition(":")
    try:
        return str(ipaddress.ip_address(host.strip("[]"))), int(port)
    except ValueError:
        raise Wrong(f"environment variable {name}: not an IP address and a port: {text}") from None


def health(settings, reader):
    targets = reader.words("HEALTH_TARGET_ADDRESSES") or reader.words("HEALTH_TARGET_ADDRESS") or ["cloudflare.com:443", "github.com:443"]
    for text in targets:
        listening(text, "HEALTH_TARGET_ADDRESSES")
    pings = reader.words("HEALTH_ICMP_TARGET_IPS") or ["1.1.1.1", "8.8.8.8"]
    for text in pings:
        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise Wrong(f"environment variable HEALTH_ICMP_TARGET_IPS: not an IP address: {text}") from None
    kind = (reader.text("HEALTH_SMALL_CHECK_TYPE") or "icmp").lower()
    if kind not in ("icmp", "dns"):
        raise Wrong(f"health settings: small check type is not valid: {kind} is not one of icmp, dns")
    settings["health"] = {"targets": [listening(text, "") for text in targets], "pings": pings, "kind": kind,
                          "restart": reader.boolean("HEALTH_RESTART_VPN", True)}


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
    allowed = {"name", "auth", "apikey", "username", "password"} | ({"routes"} if file else set())
    if set(role) - allowed:
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
