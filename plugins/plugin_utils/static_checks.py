# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static preflight: what is wrong with a description, known before any host is looked at; a function for each check."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.usage import ORDER
from ansible_collections.homelab.media.plugins.plugin_utils import storage, topology, usenet, user_resources, values, vpn_rules, wiring
from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean

UNPINNED = ("latest", "stable", "edge", "nightly", "develop", "testing", "master", "main")


def _named(instance):
    return "'{0}'".format(instance.name)


def ports_in_namespaces(model, host):
    """Two apps on one port in a gateway's namespace; gives back the pairs, whose published ports clash too."""
    pairs = set()
    for gateway in model.rendered(host):
        if not gateway.entry["gateway"]:
            continue
        taken = {}
        for instance in [gateway] + [
            item for item in topology.members(gateway) if item.name in model.services[host.name]
        ]:
            for port, protocol, what in model.services[host.name][instance.name]["inner"]:
                holder = taken.setdefault((port, protocol), instance)
                if holder is instance:
                    continue
                pairs.add(frozenset((holder.name, instance.name)))
                option = "port" if what == "port" else "settings"
                inside = instance.entry.get("port", {}).get("inside", True)
                model.findings.error(
                    host.name,
                    "{0}.{1}".format(instance.key, option),
                    "{0} and {1} both listen on port {2}/{3} inside the network namespace of {4}.".format(
                        _named(holder), _named(instance), port, protocol, _named(gateway)
                    ),
                    "Give one of them another port."
                    if inside or what != "port"
                    else "The port of {0} cannot change inside its container: give the other one another port, "
                    "or take one out of the namespace.".format(
                        _named(instance)
                    ),
                )
    return pairs


def _host_ports(model, host):
    found = []
    for instance in model.rendered(host):
        service = model.services[host.name][instance.name]
        if instance.network == "host" and instance.gateway is None:
            found += [(port, protocol, "0.0.0.0", instance) for port, protocol, dummy in service["inner"]]
        elif (instance.gateway or instance).network != "host":
            found += [(port["published"], port["protocol"], port["bind"], instance) for port in service["ports"]]
    return found


def ports_on_host(model, host, known):
    """Two services published on one port of a host."""
    ports = _host_ports(model, host)
    told = set(known)
    for number, (port, protocol, bind, instance) in enumerate(ports):
        for other_port, other_protocol, other_bind, other in ports[:number]:
            pair = frozenset((instance.name, other.name))
            if other is instance or (port, protocol) != (other_port, other_protocol) or pair in told:
                continue
            if bind != other_bind and "0.0.0.0" not in (bind, other_bind):
                continue
            told.add(pair)
            model.findings.error(
                host.name,
                instance.key + ".port",
                "{0} and {1} are both published on port {2}/{3} of this host.".format(
                    _named(other), _named(instance), port, protocol
                ),
                "Give one of them another port.",
            )


def gateways(model, host):
    for instance in model.rendered(host):
        if instance.gateway is not None and instance.running and not instance.gateway.running:
            model.findings.error(
                host.name,
                instance.key + ".state",
                "{0} is to run in the namespace of {1}, which is to be stopped.".format(
                    _named(instance), _named(instance.gateway)
                ),
                "Stop it as well, or start the gateway.",
            )
        client = instance.entry["offers"].get("download_client") or {}
        if (
            client.get("protocol") == "torrent"
            and instance.gateway is None
            and any(item.entry["gateway"] for item in host.present())
        ):
            model.findings.warning(
                host.name,
                instance.key + ".via",
                "{0} is not behind the gateway: its torrent traffic shows this host's address.".format(
                    _named(instance)
                ),
                "Set via to the gateway's name.",
            )


def root_folders(model, host):
    """Two instances of one app on one library, or on one category of a client."""
    seen, categories = {}, {}
    for instance in host.present():
        for folder in instance.root_folders:
            other = seen.setdefault((instance.app, folder), instance)
            if other is not instance:
                first, second = (other, instance) if not other.variant or instance.variant else (instance, other)
                model.findings.error(
                    host.name,
                    second.key + ".settings.root_folders" if second.variant else second.key + ".variant",
                    "{0} and {1} share the root folder {2}, and would manage each other's files.".format(
                        _named(first), _named(second), folder
                    ),
                    "Set variant: 4k, or settings.root_folders, on one of them.",
                )
        if instance.category and instance.links.get("download_clients"):
            other = categories.setdefault(instance.category, instance)
            shared = [
                client
                for client in other.links.get("download_clients", [])
                if client in instance.links["download_clients"]
            ]
            if (
                other is not instance
                and shared
                and not any(folder in other.root_folders for folder in instance.root_folders)
            ):
                model.findings.error(
                    host.name,
                    instance.key + ".settings.category",
                    "{0} and {1} share the category '{2}' of {3}, and would import each other's downloads.".format(
                        _named(other), _named(instance), instance.category, _named(shared[0])
                    ),
                    "Set another settings.category on one of them.",
                )
        for folder in instance.root_folders:
            if not (folder == storage.MOUNT or folder.startswith(storage.MOUNT + "/")):
                model.findings.error(
                    host.name,
                    instance.key + ".settings.root_folders",
                    "The root folder {0} is not below {1}, so hardlinks from the downloads would silently "
                    "become copies.".format(
                        folder, storage.MOUNT
                    ),
                    "Choose a directory below {0}, which is {1} on the host.".format(storage.MOUNT, host.data_root),
                )
            elif folder == storage.MOUNT or any(
                folder == place or folder.startswith(place + "/")
                for key, place in storage.paths(host.layout).items()
                if key != "library"
            ):
                model.findings.error(
                    host.name,
                    instance.key + ".settings.root_folders",
                    "The root folder {0} holds the downloads or lies among them.".format(folder),
                    "Choose a directory of its own below {0}.".format(storage.MOUNT),
                )


def volumes(model, host):
    """Mounts that split the media tree, and ones that cannot be read."""
    for instance in host.present():
        key = instance.key + ".volumes"
        for volume in instance.volumes:
            parts = volume.split(":")
            if len(parts) not in (2, 3) or not parts[1].startswith("/") or not parts[0]:
                model.findings.error(
                    host.name,
                    key,
                    "The volume '{0}' is not source:target or source:target:options.".format(volume),
                    "Write, for example, /srv/books:/books:ro.",
                )
                continue
            source, target = parts[0].rstrip("/") or "/", parts[1].rstrip("/") or "/"
            if storage.sees_media(instance) and (target == storage.MOUNT or target.startswith(storage.MOUNT + "/")):
                model.findings.error(
                    host.name,
                    key,
                    "The volume at {0} splits the media tree, so hardlinks across it would silently "
                    "become copies.".format(
                        target
                    ),
                    "Mount it elsewhere, or put it below {0} on the host.".format(host.data_root),
                )
            elif storage.sees_media(instance) and (source == host.data_root or source.startswith(host.data_root + "/")):
                model.findings.error(
                    host.name,
                    key,
                    "The volume {0} shows a part of the media tree at a second path, and hardlinks do not "
                    "cross mounts.".format(
                        volume
                    ),
                    "Use it at its place below {0} instead.".format(storage.MOUNT),
                )
            if target == instance.entry.get("config"):
                model.findings.error(
                    host.name,
                    key,
                    "The volume at {0} hides the configuration directory.".format(target),
                    "Use config_dir instead.",
                )
        for device in instance.devices:
            if not re.match(r"^/[^:]+(:/[^:]+(:[rwm]+)?)?$", device):
                model.findings.error(
                    host.name,
                    instance.key + ".devices",
                    "The device '{0}' is not a path or path:path.".format(device),
                    "Write, for example, /dev/dri:/dev/dri.",
                )


def users(model, host):
    """Apps that share media have to be able to link and to write each other's files."""
    for instance in host.present():
        if not storage.sees_media(instance) or instance.entry["user"]["convention"] == "fixed":
            continue
        if instance.uid == 0:
            model.findings.error(
                host.name,
                instance.key + ".uid" if "uid" in instance.described else "media_uid",
                "{0} would run as root, and its files could not be linked by the others.".format(_named(instance)),
                "Choose an ordinary user number.",
            )
        elif instance.gid != host.gid and instance.uid != host.uid:
            model.findings.error(
                host.name,
                instance.key + ".gid",
                "{0} shares neither user nor group with the media tree ({1}:{2}), so hardlinks would fail.".format(
                    _named(instance), host.uid, host.gid
                ),
                "Keep the common group, {0}.".format(host.gid),
            )
    if storage.uses_media(host) and int(host.umask, 8) & 0o070:
        model.findings.error(
            host.name,
            "media_umask",
            "The mask {0} takes rights from the group, so apps could not link each other's files.".format(host.umask),
            "Use 002.",
        )


def directories(model, host):
    """One directory for one purpose."""
    seen = {}
    for instance in host.present():
        if not instance.entry.get("config"):
            continue
        other = seen.setdefault(instance.config_dir, instance)
        if other is not instance:
            model.findings.error(
                host.name,
                instance.key + ".config_dir",
                "{0} and {1} share the configuration directory {2}.".format(
                    _named(other), _named(instance), instance.config_dir
                ),
                "Give each its own.",
            )
        if instance.config_dir == host.data_root or instance.config_dir.startswith(host.data_root + "/"):
            model.findings.warning(
                host.name,
                instance.key + ".config_dir",
                "The configuration of {0} lies inside the media tree {1}.".format(_named(instance), host.data_root),
                "Keep it on a local disk: databases do not like network file systems.",
            )


def cross_host(model, host):
    """What links to other hosts need."""
    for instance in host.present():
        for need, targets in instance.links.items():
            for target in targets:
                if target.host is host:
                    continue
                key = "{0}.links.{1}".format(instance.key, need)
                both = instance.entry["needs"][need].get("both_ways")
                for owner, wants in ((target, instance),) + (((instance, target),) if both else ()):
                    if not owner.host.address and not any(
                        item["key"] == "media_address" and item["host"] == owner.host.name for item in model.findings
                    ):
                        model.findings.error(
                            owner.host.name,
                            "media_address",
                            "{0} on {1} talks to {2} here, and this host has no media_address.".format(
                                _named(wants), wants.host.name, _named(owner)
                            ),
                            "Set media_address to the address by which other hosts reach it.",
                        )
                    if owner.network != "host" and "bind" in owner.described and owner.bind in ("none", "loopback"):
                        model.findings.error(
                            owner.host.name,
                            owner.key + ".bind",
                            "{0} on {1} talks to {2}, whose port is not open to other hosts.".format(
                                _named(wants), wants.host.name, _named(owner)
                            ),
                            "Remove bind, or set it to the host's address.",
                        )
                if target.name in host.instances and host.instances[target.name].present:
                    model.findings.error(
                        host.name,
                        key,
                        "{0} links to {1}, and both hosts have a service of that name.".format(
                            _named(instance), "'{0}@{1}'".format(target.name, target.host.name)
                        ),
                        "Give one of the two another name.",
                    )


def links(model, host):
    """Services that have nobody to talk to, though that is what they are for."""
    for instance in host.present():
        for need, spec in instance.entry["needs"].items():
            if spec.get("required") and not instance.links.get(need) and need not in instance.link_wishes:
                model.findings.warning(
                    host.name,
                    "{0}.links.{1}".format(instance.key, need),
                    "{0} finds no {1} in the inventory.".format(_named(instance), need.replace("_", " ")),
                    "Add one, or set links.{0} to an empty list if that is meant.".format(need),
                )


def exposure(model, host):
    for instance in host.present():
        port = instance.entry.get("port") or {}
        if (
            port
            and not port.get("login")
            and instance.network != "host"
            and any(item != "127.0.0.1" for item in topology.binds(instance))
            and "bind" in instance.described
        ):
            model.findings.warning(
                host.name,
                instance.key + ".bind",
                "{0} has no login, and its port is open to the network.".format(_named(instance)),
                "Bind it to loopback, or put a proxy that asks for a login in front of it.",
            )


def images(model, host):
    for instance in host.present():
        eol = instance.entry.get("eol")
        if eol and instance.image == instance.entry["image"]:
            successor = eol.get("successor")
            known = model.catalog.get(successor)
            model.findings.warning(
                host.name,
                instance.key,
                "{0} is at its end of life: {1}.".format(
                    instance.entry["title"], eol.get("reason", "its image gets no updates").rstrip(".")
                ),
                "Move to {0}.".format(known["title"] if known else successor or "its successor"),
            )
        if instance.version in UNPINNED:
            model.findings.warning(
                host.name,
                instance.key + ".version",
                "The version '{0}' is not pinned, so a rerun may change what runs.".format(instance.version),
                "Name a version, such as {0}.".format(instance.entry["version"]),
            )
        if not re.match(r"^[a-z0-9][a-z0-9._/:-]*$", instance.image) or not re.match(
            r"^[A-Za-z0-9_][A-Za-z0-9._@:-]*$", instance.version
        ):
            model.findings.error(
                host.name,
                instance.key + ".image",
                "'{0}:{1}' is not an image with a version.".format(instance.image, instance.version),
                "Write the image without its tag, and the tag under version.",
            )


def environment(model, host):
    """Variables that would undo what we set from secrets, and references to secrets that are not there."""
    for instance in model.rendered(host):
        context = model.services[host.name][instance.name]["context"]
        try:
            ours = values.render(model.env, instance.entry["env"], context)
        except values.ValueProblem:
            continue
        for name, value in instance.env.items():
            key = "{0}.env.{1}".format(instance.key, name)
            if values.is_secret(ours.get(name)):
                model.findings.error(
                    host.name,
                    key,
                    "The variable {0} is set from a secret.".format(name),
                    "Give the value under secrets.{0}.".format(ours[name]["secret"].partition(".")[2]),
                )
            elif isinstance(value, dict) and set(value) == {"secret"}:
                full = (
                    str(value["secret"])
                    if "." in str(value["secret"])
                    else "{0}.{1}".format(instance.name, value["secret"])
                )
                owner, dummy, short = full.partition(".")
                there = full in host.given or (
                    owner in host.instances and context["me"]["secrets"].get(short) if owner == instance.name else False
                )
                if not there:
                    model.findings.error(
                        host.name, key, "There is no secret '{0}'.".format(full), "Define it in media_secrets."
                    )
            elif isinstance(value, (dict, list)):
                model.findings.error(
                    host.name, key, "The value of a variable must be text.", "Write text, or secret: name."
                )


def expansions(model, host):
    """Secrets with ${ in them, for apps that would replace that."""
    for instance in model.rendered(host):
        for name, spec in instance.entry["secrets"].items():
            if not spec.get("expands"):
                continue
            full = "{0}.{1}".format(instance.name, name)
            if full in host.expanding:
                model.findings.error(
                    host.name,
                    "{0}.secrets.{1}".format(instance.key, name),
                    "{0} replaces '${{name}}' in its {1}, and this value holds such a thing.".format(
                        instance.title, name
                    ),
                    "Choose a value without '${'.",
                )
            elif full not in host.given and spec.get("fallback") in host.expanding:
                model.findings.warning(
                    host.name,
                    "{0}.secrets.{1}".format(instance.key, name),
                    "{0} replaces '${{name}}' in its {1}, so it gets one of its own instead of the common one.".format(
                        instance.title, name
                    ),
                    "Choose a common one without '${' if all should be the same.",
                )


def networks(model, host):
    subnet = ipaddress.ip_network(host.network["subnet"])
    address = topology.ip_of(host.address)
    if subnet.version != 4 or subnet.prefixlen > 29 or subnet.prefixlen < 8:
        model.findings.error(
            host.name,
            "media_network.subnet",
            "The network {0} cannot hold the containers.".format(subnet),
            "Use a private IPv4 network such as 172.19.0.0/16.",
        )
    elif address and address in subnet:
        model.findings.error(
            host.name,
            "media_network.subnet",
            "The Docker network {0} holds the host's own address {1}.".format(subnet, address),
            "Choose a subnet that is not in use.",
        )
    if not re.match(r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$", host.network["name"]):
        model.findings.error(
            host.name,
            "media_network.name",
            "'{0}' cannot be the name of a Docker network.".format(host.network["name"]),
            "Use letters, digits, '_', '.' and '-'.",
        )
    if host.registry and not re.match(r"^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9._/-]+)?$", host.registry):
        model.findings.error(
            host.name,
            "media_registry",
            "'{0}' is not a registry.".format(host.registry),
            "Write it without a scheme, such as registry.lan:5000.",
        )
    for kind in host.purge:
        kinds = sorted({*ORDER, *(name for family in FAMILIES.values() for name in family.worker.purges)})
        if kind not in kinds:
            model.findings.error(
                host.name,
                "media_purge.{0}".format(kind),
                "There is no kind of resource '{0}'.".format(kind),
                did_you_mean(kind, kinds, "kinds"),
            )
        elif wiring.purge_of(host.purge[kind]) is None:
            model.findings.error(
                host.name,
                "media_purge.{0}".format(kind),
                "This says neither whether to purge nor what to spare.",
                "Write true, or a mapping of enabled (true or false) and ignore (a list of names).",
            )


def one_login(model, host):
    """The login for people is the same everywhere only when somebody says which."""
    others = [
        other.name
        for other in model.hosts.values()
        if other is not host and any(item.entry.get("port", {}).get("login") for item in other.present())
    ]
    if (
        others
        and "admin.password" not in host.given
        and any(item.entry.get("port", {}).get("login") for item in host.present())
    ):
        model.findings.warning(
            host.name,
            "media_admin.password",
            "No password for people is given, so each host makes one of its own.",
            "Set media_admin.password, best in a vault, to have one login on {0} too.".format(" and ".join(others)),
        )


def catalog_checks(model, host):
    """The rules that an app's catalog entry brings itself."""
    for instance in model.rendered(host):
        context = model.services[host.name][instance.name]["context"]
        for check in instance.entry["checks"]:
            severity = "error" if "error" in check else "warning"
            try:
                wrong = values.render(model.env, check.get(severity), context)
            except values.ValueProblem as error:
                model.problem(instance, error)
                continue
            if wrong:
                model.findings.add(
                    severity,
                    host.name,
                    "{0}.{1}".format(instance.key, check.get("key", "settings")),
                    values.text_of(values.render(model.env, check["message"], context)),
                    values.text_of(values.render(model.env, check["remedy"], context)),
                )


CHECKS = (
    gateways,
    root_folders,
    volumes,
    users,
    directories,
    cross_host,
    links,
    exposure,
    images,
    environment,
    expansions,
    networks,
    one_login,
    catalog_checks,
    vpn_rules.check,
    user_resources.check,
    usenet.check,
)


def run(model):
    """All static checks on all hosts."""
    for host in model.hosts.values():
        ports_on_host(model, host, ports_in_namespaces(model, host))
        for check in CHECKS:
            check(model, host)
