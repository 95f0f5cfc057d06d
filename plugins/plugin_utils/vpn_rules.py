# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the VPN gateway: by which Gluetun would not start, would leak, or would do something else than what was meant.

Facts: those of C(vpn), whose tables these rules read.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ansible_collections.homelab.media.plugins.plugin_utils import secret_marks, topology, vpn
from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean


class Gateway:
    """What a rule looks at: one gateway, and what is around it.

    :param info: The result C(host) of media_host_info, when the host was looked at.
    """

    def __init__(self, model, host, instance, info=None):
        self.model, self.host, self.instance, self.info = model, host, instance, info
        self.settings = instance.settings
        self.provider = self.settings.get("provider") or ""
        self.type = self.settings.get("type") or ""
        self.release = vpn.release_of(instance)
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
        texts = list(self.get("addresses") or []) + ([vpn.TUNNEL[self.provider]] if self.provider in vpn.TUNNEL else [])
        return [found.network for found in map(vpn.interface_of, texts) if found]


def error(key, message, remedy):
    return "error", "settings.{0}".format(key), message, remedy


def warning(key, message, remedy):
    return "warning", "settings.{0}".format(key), message, remedy


def provider_and_type(gateway):
    provider = gateway.provider
    if not provider:
        yield error("provider", "The gateway has no VPN provider.", "Set settings.provider.")
    elif gateway.wireguard and provider not in vpn.WIREGUARD:
        yield error("type", "The gateway knows no WireGuard for this provider.", "Set settings.type to openvpn.")
    elif gateway.release == vpn.LATEST and gateway.type in vpn.REMOVED.get(provider, ()):
        yield error(
            "provider",
            "Gluetun's latest release has no {0} for {1} any more.".format("OpenVPN" if gateway.openvpn else "WireGuard", provider),
            "Take another provider, another settings.type, or version v3.41.3.",
        )


def settings_of_the_type(gateway):
    """Settings of the other type of tunnel do nothing."""
    kinds = {}
    for variable in vpn.VARIABLES:
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
    if not gateway.get("addresses") and gateway.provider in vpn.WIREGUARD and gateway.provider not in vpn.OWN_ADDRESS:
        yield error(
            "addresses",
            "WireGuard with this provider needs the tunnel's own addresses.",
            "Set settings.addresses as the provider's configuration says.",
        )
    for text in gateway.get("addresses") or []:
        if vpn.interface_of(text) is None:
            yield error("addresses", "'{0}' is no address of a tunnel.".format(text), "Write it as 10.64.0.2/32.")


def ipv6_addresses(gateway):
    """The Docker network has no IPv6, so that Gluetun finds none in its container."""
    for text in gateway.get("addresses") or [] if gateway.wireguard else []:
        found = vpn.interface_of(text)
        if found and found.version == 6:
            yield error("addresses", "{0} is IPv6, which the Docker network has not.".format(text), "Keep the IPv4 address only.")


def custom_server(gateway):
    endpoint = gateway.get("endpoint_ip")
    if endpoint and vpn.address_of(endpoint) is None:
        yield error("endpoint_ip", "'{0}' is no IP address: Gluetun resolves no name before the tunnel is up.".format(endpoint),
                    "Write the server's IP address.")
    if not gateway.wireguard:
        return
    nowhere = vpn.address_of(endpoint or "")
    for setting, what in (("endpoint_ip", "IP address"), ("endpoint_port", "port"), ("public_key", "public key")):
        if gateway.provider == "custom" and (gateway.get(setting) is None or setting == "endpoint_ip" and nowhere and nowhere.is_unspecified):
            yield error(setting, "A custom WireGuard server needs its {0}.".format(what), "Set settings.{0}.".format(setting))
    key = gateway.get("public_key")
    if key and not secret_marks.wireguard_key(key):
        yield error("public_key", "This is no WireGuard key, which is 32 bytes in base64.", "Copy it from the provider's configuration.")


def wireguard_port_unset(gateway):
    if gateway.wireguard and gateway.get("endpoint_port") and gateway.provider in vpn.NO_WIREGUARD_PORT:
        yield error("endpoint_port", "With {0}, the port of WireGuard cannot be chosen.".format(gateway.provider), "Remove endpoint_port.")


def wireguard_port_known(gateway):
    known, port = vpn.WIREGUARD_PORTS.get(gateway.provider), gateway.get("endpoint_port")
    if gateway.wireguard and known and port and port not in known:
        yield error("endpoint_port", "{0} has no WireGuard on port {1}.".format(gateway.provider, port), "Choose one of {0}.".format(vpn.listed(known)))


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
    for secret in vpn.SECRET_FILES if gateway.openvpn else ():
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
    if gateway.provider in vpn.NO_TCP or (gateway.provider == "privado" and gateway.release <= (3, 41, 1)):
        yield error("protocol", "{0} has no OpenVPN over TCP.".format(gateway.provider), "Remove protocol, or set it to udp.")


def openvpn_port(gateway):
    port = gateway.get("endpoint_port")
    if not gateway.openvpn or not port:
        return
    if gateway.provider in vpn.NO_OPENVPN_PORT or (gateway.provider == "privado" and gateway.release < vpn.V3412):
        yield error("endpoint_port", "With {0}, the port of OpenVPN cannot be chosen.".format(gateway.provider), "Remove endpoint_port.")
        return
    protocol = gateway.get("protocol") or "udp"
    known = vpn.OPENVPN_PORTS.get((gateway.provider, protocol))
    since, newer = vpn.NEWER_PORTS.get((gateway.provider, protocol), ((), ()))
    if known and gateway.release < since:
        known = tuple(number for number in known if number not in newer)
    if known and port not in known:
        yield error("endpoint_port", "{0} has no OpenVPN over {1} on port {2}.".format(gateway.provider, protocol.upper(), port),
                    "Choose one of {0}.".format(vpn.listed(known)))


def forwarding(gateway):
    provider = gateway.forwards
    if not provider:
        return
    if gateway.provider != "custom" and provider != gateway.provider:
        yield error("forwarding_provider", "{0} forwards ports in no other way than its own.".format(gateway.provider),
                    "Remove forwarding_provider, which is for custom servers.")
        return
    known = [name for name in vpn.FORWARDING if gateway.release < vpn.LATEST or name not in vpn.REMOVED]
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
    for setting, providers in vpn.FILTERS.items():
        if gateway.get(setting) and gateway.provider and gateway.provider not in providers:
            yield error(setting, "{0} has no such filter of servers.".format(gateway.provider), "Remove {0}; it is for {1}.".format(
                setting, vpn.listed(providers)))
    for setting in vpn.CHOOSING:
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
    endpoint = vpn.address_of(gateway.get("endpoint_ip") or "")
    for network in gateway.outbound() if gateway.get("outbound_subnets") else []:
        if network.network_address.is_unspecified:
            continue
        if endpoint and endpoint in network:
            yield warning("outbound_subnets", "The network {0} holds the VPN server {1}.".format(network, endpoint), "Name narrower networks.")
        elif not network.is_private and not (network.version == 4 and network.subnet_of(vpn.SHARED_SPACE)):
            yield warning("outbound_subnets", "The network {0} is public: what goes there leaves outside of the tunnel.".format(network),
                          "Name the networks of your LAN only.")


def firewall(gateway):
    """Variables of a user's own: dead, renamed, owned, or with a value that Gluetun does not take."""
    for severity, name, message, remedy in vpn.user_env(gateway.instance)[1]:
        if vpn.today(name, gateway.release) == vpn.FIREWALL and "takes on or off" not in message:
            yield severity, "env.{0}".format(name), message, remedy


def booleans(gateway):
    for severity, name, message, remedy in vpn.user_env(gateway.instance)[1]:
        if "takes on or off" in message:
            yield severity, "env.{0}".format(name), message, remedy


def control_server(gateway):
    for severity, name, message, remedy in vpn.user_env(gateway.instance)[1]:
        if name.startswith("HTTP_CONTROL_SERVER") and "takes on or off" not in message:
            yield severity, "env.{0}".format(name), message, remedy


def names_of_today(gateway):
    for severity, name, message, remedy in vpn.user_env(gateway.instance)[1]:
        if vpn.today(name, gateway.release) != vpn.FIREWALL and not name.startswith("HTTP_CONTROL_SERVER") and "takes on or off" not in message:
            yield severity, "env.{0}".format(name), message, remedy


def resolving(gateway):
    kind, addresses = gateway.get("dns_type"), gateway.get("dns_addresses") or []
    for text in addresses:
        if vpn.address_of(text) is None:
            yield error("dns_addresses", "'{0}' is no IP address.".format(text), "Write it as 1.1.1.1.")
    if addresses and kind in ("dot", "doh"):
        yield error("dns_addresses", "Encrypted DNS asks resolvers by their names, not by addresses.",
                    "Name them under settings.dns_resolvers, or set dns_type to plain.")
    if len(addresses) > 1 and gateway.release < vpn.LATEST:
        yield warning("dns_addresses", "Gluetun {0} asks only the first of these.".format(vpn.named(gateway.release)), "Keep one.")
    if kind == "doh" and gateway.release < vpn.V341:
        yield error("dns_type", "Gluetun {0} has no DNS over HTTPS.".format(vpn.named(gateway.release)), "Set dns_type to dot, or version to v3.41.3.")
    if kind == "plain" and not addresses and gateway.release == vpn.LATEST:
        yield error("dns_type", "Gluetun's latest release wants addresses for plain DNS.", "Set settings.dns_addresses.")
    for name in gateway.get("dns_resolvers") or []:
        if name.lower() not in vpn.RESOLVERS:
            yield error("dns_resolvers", "Gluetun knows no resolver '{0}'.".format(name), did_you_mean(name, vpn.RESOLVERS, "resolvers"))
    for setting in ("dns_unblock", "dns_private_names"):
        for name in gateway.get(setting) or []:
            if not vpn.HOST_NAME.match(name):
                yield error(setting, "'{0}' is no name of a host.".format(name),
                            "Write it as example.com, which stands for the names below it too.")
    period = gateway.get("dns_update_period")
    length = vpn.seconds(period) if period else 0
    if length is None or 0 < length < 30:
        yield error("dns_update_period", "'{0}' is neither 0 nor a duration of at least 30 seconds.".format(period), "Write it as 24h, or 0 for never.")
    keepalive = gateway.get("keepalive")
    if keepalive and vpn.seconds(keepalive) is None:
        yield error("keepalive", "'{0}' is no duration.".format(keepalive), "Write it as 25s.")


def encryption_preset(gateway):
    if gateway.openvpn and gateway.provider == "private internet access" and gateway.get("encryption_preset") == "none" and gateway.release >= vpn.V3412:
        yield error("encryption_preset", "Gluetun has no such preset since v3.41.2.", "Write normal or strong.")


def health(gateway):
    """What is pinged to see whether the tunnel works; 0.0.0.0 stands for the VPN server."""
    targets = gateway.get("health_icmp_targets") or [] if gateway.release >= vpn.V341 else []
    for text in targets:
        if vpn.address_of(text) is None:
            yield error("health_icmp_targets", "'{0}' is no IP address.".format(text), "Write it as 1.1.1.1.")
    if len(targets) > 1 and any(found and found.is_unspecified for found in map(vpn.address_of, targets)):
        yield error("health_icmp_targets", "0.0.0.0, which is the VPN server, can only be the only target.", "Remove it, or the others.")


def versions(gateway):
    """What a release does not know yet."""
    release = gateway.release
    if release < vpn.OLDEST:
        yield (
            "error",
            "version",
            "The control server of Gluetun {0} asks for no key.".format(vpn.named(release)),
            "Set version to v3.39.1 or newer, best to {0}.".format(gateway.instance.entry["version"]),
        )
        return
    known = {}
    for variable in vpn.VARIABLES:
        known.setdefault(variable.setting, []).append(variable)
    for setting, variables in known.items():
        if gateway.get(setting) is not None and not any(variable.known(release) for variable in variables):
            since = min(variable.since for variable in variables)
            yield warning(
                setting,
                "Gluetun {0} does not know this yet.".format(vpn.named(release)),
                "Remove it, or set version to {0}.".format(vpn.named(since)),
            )
    if gateway.forwards and release < vpn.V340 and vpn.torrent_clients(gateway.instance):
        yield warning(
            "port_forwarding",
            "Gluetun {0} runs no command when it has a port, so qBittorrent gets it later.".format(vpn.named(release)),
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
    for member in vpn.torrent_clients(gateway.instance):
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
    if gateway.release >= vpn.V341 and not (gateway.release < vpn.LATEST and gateway.get("dns_addresses")):
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
                            "set its version to v3.41.3" if gateway.release < vpn.V341 else "name dns_resolvers in the place of dns_addresses",
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
