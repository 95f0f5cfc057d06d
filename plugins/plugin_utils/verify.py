# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to prove on a host that is deployed: from the plan, for media_verify."""

from __future__ import annotations

from ansible_collections.homelab.media.plugins.plugin_utils import storage, topology

# Where a gateway's tunnel ends; vpn.py refuses to have it called otherwise.
INTERFACE = "tun0"
# What of a resource tells which link it is.
IDENTITY = ("resource", "state", "name", "path", "kind", "type")


def _gateway(instance, context):
    """A gateway, and how to reach its control server."""
    name, port, container = topology.from_host(instance)
    entry = {
        "name": instance.name,
        "url": topology.url(name, port, instance.url_base),
        "dependents": [member.name for member in topology.members(instance) if member.running],
    }
    if container:
        entry["container"] = container
    if context["me"]["secrets"].get("control_api_key"):
        entry["api_key"] = context["me"]["secrets"]["control_api_key"]
    return entry


def _torrent(instance):
    return {
        "name": instance.name,
        "gateway": instance.via,
        "interface": INTERFACE,
        "forwarded": bool(instance.gateway.settings.get("port_forwarding")),
    }


def _app(entry):
    """An app of the wiring, with its resources reduced to what tells which links there are."""
    found = {key: value for key, value in entry.items() if key not in ("resources", "needs")}
    found["links"] = [
        {key: resource[key] for key in IDENTITY if key in resource} for resource in entry["resources"]
    ]
    return found


def _names(model, host, running):
    """The host names that each container of a host is to call: its links', and those by which its links call back."""
    found = {}

    def add(caller, called):
        name = topology.address(caller, called)[0]
        if name and name != "localhost" and topology.ip_of(name) is None:
            found.setdefault(caller.name, set()).add(name)

    for other in model.hosts.values():
        for source in other.present():
            for need, targets in source.links.items():
                for target in targets:
                    if not (source.running and target.running):
                        continue
                    if source in running:
                        add(source, target)
                    if target in running and source.entry["needs"][need].get("both_ways"):
                        add(target, source)
    return [{"container": name, "names": sorted(names)} for name, names in sorted(found.items())]


def plan(model, host, wired):
    """The part C(verify) of a host's plan.

    :param wired: Its part C(wiring).
    """
    services = model.services[host.name]
    rendered = model.rendered(host)
    running = [instance for instance in rendered if instance.running]
    behind = [instance for instance in running if instance.gateway is not None]
    return {
        "gateways": [
            _gateway(instance, services[instance.name]["context"])
            for instance in running
            if instance.entry.get("vpn") == "gluetun"
        ],
        "dependents": [{"name": instance.name, "gateway": instance.via} for instance in behind],
        "torrents": [_torrent(instance) for instance in behind if instance.app == "qbittorrent"],
        "apps": [_app(entry) for entry in wired["apps"]],
        "proof": storage.proof(host),
        "names": _names(model, host, running),
        "stopped": [instance.name for instance in rendered if not instance.running],
    }
