# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who talks to whom, and by which address: gateways, network namespaces, links, the three addresses of an instance."""

from __future__ import annotations

import ipaddress

from ansible_collections.homelab.media.plugins.plugin_utils import storage
from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean


def ip_of(address):
    """The IP address in a text, or none when it is a host name."""
    try:
        return ipaddress.ip_address(address) if address else None
    except ValueError:
        return None


def bridge_gateway(host):
    """The host's own address on our Docker network."""
    network = ipaddress.ip_network(host.network["subnet"])
    return str(network.network_address + 1)


def namespace(instance):
    """What identifies the network namespace that an instance lives in."""
    if instance.gateway is not None:
        return (instance.host.name, instance.via)
    if instance.network == "host":
        return (instance.host.name, "")
    return (instance.host.name, instance.name)


def members(gateway):
    """The instances that live in a gateway's namespace, in the order of the inventory."""
    return [
        instance for instance in gateway.host.present() if instance.via == gateway.name and instance.gateway is gateway
    ]


def address(source, target):
    """The host name and port by which one instance reaches another one; the host name is none when there is no way."""
    if source.host is not target.host:
        return target.host.address, target.published
    if namespace(source) == namespace(target):
        return "localhost", target.port
    if source.network == "host" and source.gateway is None:
        return ("127.0.0.1", target.published) if target.bind != "none" else (None, target.published)
    if target.network == "host" and target.gateway is None:
        return target.host.address or bridge_gateway(target.host), target.published
    holder = target.gateway or target
    return holder.dns_name, target.port


def binds(instance):
    """The addresses of the host that an instance's port is published on."""
    if instance.published is None or instance.bind == "none":
        return []
    if instance.bind == "all":
        return ["0.0.0.0"]
    if instance.bind == "loopback":
        if instance.remote:
            return ["127.0.0.1", instance.host.address] if ip_of(instance.host.address) else ["0.0.0.0"]
        return ["127.0.0.1"]
    return [instance.bind]


def from_host(instance):
    """How the host itself reaches an instance: name, port, and the container to ask where no port is published."""
    published = binds(instance)
    if instance.network == "host" and instance.gateway is None:
        return "127.0.0.1", instance.published, None
    if not published:
        holder = (instance.gateway or instance).name
        return holder, instance.port, holder
    if published[0] in ("0.0.0.0", "127.0.0.1"):
        return "127.0.0.1", instance.published, None
    return published[0], instance.published, None


def url(name, port, base=""):
    shown = "[{0}]".format(name) if name and ":" in name else name
    return "http://{0}:{1}{2}".format(shown, port, base)


def user_url(instance):
    """What a person types, or an empty text for what has no page."""
    port = instance.entry.get("port")
    if not port or not port.get("people"):
        return ""
    published = binds(instance)
    if instance.network == "host" and instance.gateway is None:
        published = ["0.0.0.0"]
    if not published:
        return ""
    outside = [item for item in published if item != "127.0.0.1"]
    if not outside:
        name = "127.0.0.1"
    elif outside[0] == "0.0.0.0":
        name = instance.host.address or instance.host.name
    else:
        name = outside[0]
    return url(name, instance.published, instance.url_base + port.get("path", ""))


def _wanted(need, source, candidate):
    if candidate is source:
        return False
    if need.get("offers"):
        return need["offers"] in candidate.entry["offers"]
    return candidate.app in need.get("apps", [])


def _find(findings, hosts, source, need_name, wish):
    """The instance that a link names: of the same host first; 'name@host' names one on another host."""
    key = "{0}.links.{1}".format(source.key, need_name)
    name, at, host_name = str(wish).partition("@")
    if at:
        if host_name not in hosts:
            findings.error(
                source.host.name,
                key,
                "The link names the host '{0}', which has no media_services.".format(host_name),
                did_you_mean(host_name, hosts, "hosts"),
            )
            return None
        places = [hosts[host_name]]
    else:
        places = (
            [source.host]
            if name in source.host.instances
            else [host for host in hosts.values() if name in host.instances]
        )
    if not places or name not in places[0].instances:
        known = {instance for host in hosts.values() for instance in host.instances}
        findings.error(
            source.host.name,
            key,
            "The link names '{0}', which is not there.".format(name),
            did_you_mean(name, known, "services"),
        )
        return None
    if len(places) > 1:
        findings.error(
            source.host.name,
            key,
            "The link names '{0}', which is on {1}.".format(name, " and ".join(host.name for host in places)),
            "Write {0}@{1}.".format(name, places[0].name),
        )
        return None
    return places[0].instances[name]


def _explicit(findings, hosts, source, need_name, need, wish):
    key = "{0}.links.{1}".format(source.key, need_name)
    if wish in (None, False, "", []):
        return []
    wishes = wish if isinstance(wish, list) else [wish]
    if len(wishes) > 1 and not need.get("many"):
        findings.error(
            source.host.name,
            key,
            "{0} takes one {1} only.".format(source.title, need_name.replace("_", " ")),
            "Name one.",
        )
        return []
    targets = []
    for item in wishes:
        if not isinstance(item, (str, int)) or isinstance(item, bool):
            findings.error(
                source.host.name,
                key,
                "A link names services, not {0}.".format(type(item).__name__),
                "Write the service's name.",
            )
            continue
        target = _find(findings, hosts, source, need_name, item)
        if target is None or target in targets:
            continue
        if not _wanted(need, source, target):
            findings.error(
                source.host.name,
                key,
                "'{0}' cannot serve as {1} of {2}.".format(target.name, need_name.replace("_", " "), source.title),
                "Name another service or remove the link.",
            )
        elif not target.present:
            findings.error(
                source.host.name,
                key,
                "The link names '{0}', whose state is absent.".format(target.name),
                "Name another service or remove the link.",
            )
        else:
            targets.append(target)
    return targets


def _computed(findings, hosts, source, need_name, need):
    """Same host first; other hosts only when this one offers nothing."""

    def pick(state):
        local = [
            item for item in source.host.instances.values() if _wanted(need, source, item) and item.present == state
        ]
        if local:
            return local
        return [
            item
            for host in hosts.values()
            for item in host.instances.values()
            if _wanted(need, source, item) and item.present == state
        ]

    found = pick(True)
    if need.get("variant") == "same":
        found = [item for item in found if item.variant == source.variant]
    if not need.get("many") and len(found) > 1:
        exact = [item for item in found if item.name == item.app]
        plain = exact if len(exact) == 1 else [item for item in found if item.variant == source.variant]
        if len(plain) != 1:
            findings.error(
                source.host.name,
                "{0}.links.{1}".format(source.key, need_name),
                "{0} can use one of {1}, and nothing says which.".format(
                    source.title, ", ".join("{0}@{1}".format(item.name, item.host.name) for item in found)
                ),
                "Name one under links.{0}.".format(need_name),
            )
            return [], []
        found = plain
    return found, pick(False) if need.get("many") else []


def link(findings, hosts):
    """Settle every link of every instance, and note whose port another host needs."""
    for host in hosts.values():
        for source in host.instances.values():
            source.linked_from = []
    for host in hosts.values():
        for source in host.instances.values():
            if not source.present:
                continue
            needs = source.entry["needs"]
            for wish in source.link_wishes:
                if wish not in needs:
                    findings.error(
                        host.name,
                        "{0}.links.{1}".format(source.key, wish),
                        "{0} has no link '{1}'.".format(source.title, wish),
                        did_you_mean(wish, needs, "links"),
                    )
            for name, need in needs.items():
                if name in source.link_wishes:
                    source.links[name] = _explicit(findings, hosts, source, name, need, source.link_wishes[name])
                else:
                    source.links[name], source.gone_links[name] = _computed(findings, hosts, source, name, need)
                for target in source.links[name]:
                    target.linked_from.append(source)
                    if target.host is not host:
                        target.remote = True
                        if need.get("both_ways"):
                            source.remote = True
    for host in hosts.values():
        for instance in host.instances.values():
            if instance.remote and instance.bind == "none" and "bind" not in instance.described:
                instance.bind = "loopback"


def gateways(findings, hosts):
    """Put dependents into their gateway's namespace and project."""
    for host in hosts.values():
        for instance in host.instances.values():
            if not instance.via:
                continue
            key = instance.key + ".via"
            gateway = host.instances.get(instance.via)
            names = [name for name, other in host.instances.items() if other.entry["gateway"] and other.present]
            problem = None
            if gateway is None:
                elsewhere = [other.name for other in hosts.values() if instance.via in other.instances]
                problem = "There is no gateway '{0}' on this host.".format(instance.via)
                remedy = (
                    "It is on {0}; a namespace cannot be shared between hosts.".format(", ".join(elsewhere))
                    if elsewhere
                    else did_you_mean(instance.via, names, "gateways")
                    if names
                    else "Add one, such as gluetun, to this host."
                )
            elif not gateway.entry["gateway"]:
                problem = "'{0}' is not a gateway.".format(instance.via)
                remedy = (
                    did_you_mean(instance.via, names, "gateways")
                    if names
                    else "Add one, such as gluetun, to this host."
                )
            elif instance.entry["gateway"]:
                problem = "A gateway cannot live behind a gateway."
                remedy = "Remove via."
            elif not gateway.present and instance.present:
                problem = "The gateway '{0}' is to be absent.".format(instance.via)
                remedy = "Remove via, or keep the gateway."
            if problem:
                if instance.present:
                    findings.error(host.name, key, problem, remedy)
                instance.via = None
                continue
            if "project" in instance.described and instance.project != gateway.project:
                findings.error(
                    host.name,
                    instance.key + ".project",
                    "'{0}' lives in the namespace of '{1}' and so belongs to its project {2}.".format(
                        instance.name, gateway.name, gateway.project
                    ),
                    "Remove project, or set it on the gateway.",
                )
            instance.project = gateway.project
            instance.network = "gateway"


def media(findings, hosts):
    """The categories and root folders of everything that manages media."""
    for host in hosts.values():
        for instance in host.instances.values():
            kind = instance.entry.get("media_kind")
            if not kind:
                continue
            instance.category = instance.settings.get("category") or storage.category(kind, instance.variant)
            folders = instance.settings.get("root_folders") or [
                storage.root_folder(host.layout, kind, instance.variant)
            ]
            instance.root_folders = [folder.rstrip("/") or "/" for folder in folders]


def outbound_subnets(host, hosts):
    """The networks that apps behind a gateway may start connections to: our bridge, the LAN, other hosts."""
    found = []
    own = ip_of(host.address)
    if own and own.version == 4 and own.is_private:
        found.append(str(ipaddress.ip_network("{0}/24".format(own), strict=False)))
    found.append(host.network["subnet"])
    known = [ipaddress.ip_network(item) for item in found]
    for name in sorted(hosts):
        other = ip_of(hosts[name].address)
        if other and other.version == 4 and not any(other in network for network in known):
            found.append("{0}/32".format(other))
    return found
