# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wiring: which resources every app is to hold, computed from the links and the catalog."""

from __future__ import annotations

from ansible_collections.homelab.media.plugins.plugin_utils import topology, user_resources, values

# What identifies a resource that is to go.
IDENTITY = ("name", "implementation", "label", "path", "host", "remote_path", "kind")


def _targets_of(context, targets):
    """What a resource links to: a name, and for an app of another host that and where it answers."""
    return [
        {"name": target["name"]}
        if target["host"] == context["host"]["name"]
        else {"name": target["name"], "host": target["host"], "url": target["check"]["url"]}
        for target in targets
    ]


def _resource(env, entry, context, state):
    resource = {"resource": entry["resource"], "state": state}
    options = entry.get("options", {})
    if state == "absent":
        options = {key: value for key, value in options.items() if key in IDENTITY}
    resource.update(values.render(env, options, context))
    if state != "present":
        return resource
    targets = [context["it"]] if context.get("it") and entry.get("each") else []
    if entry.get("list"):
        listed = [target for target in context["links"].get(entry["list"]["each"], []) if target["running"]]
        resource[entry["list"]["option"]] = [
            values.render(env, entry["list"]["item"], dict(context, it=target)) for target in listed
        ]
        targets += listed
    if targets:
        resource["targets"] = _targets_of(context, targets)
    return resource


def _targets(env, entry, context):
    """What an entry is repeated for."""
    if entry.get("each"):
        return [target for target in context["links"].get(entry["each"], []) if target["running"]]
    if entry.get("loop"):
        return values.render(env, entry["loop"], context) or []
    return [None]


def resources(env, instance, context):
    """The resources of one app, in the order of the catalog; with those that people describe, in the order in which they need each other."""
    found = []
    for entry in instance.entry["wiring"]:
        for target in [] if entry.get("gone") else _targets(env, entry, context):
            scope = dict(context, it=target)
            if "when" in entry and not values.render(env, entry["when"], scope):
                continue
            resource = _resource(env, entry, scope, "present")
            if entry.get("list") and not resource[entry["list"]["option"]]:
                continue
            if resource not in found:
                found.append(resource)
        if entry.get("each") and entry.get("absent", True):
            for target in context["gone"].get(entry["each"], []):
                resource = _resource(env, entry, dict(context, it=target), "absent")
                if not any(
                    resource.get("name") == other.get("name")
                    for other in found
                    if other["resource"] == resource["resource"]
                ):
                    found.append(resource)
    return user_resources.merge(instance, context, found)


def needs_of(instance):
    """The apps of the same host that are wired before this one: what it links to, unless the link says that order is of no matter."""
    found = []
    for need, targets in instance.links.items():
        spec = instance.entry["needs"][need]
        if spec.get("ordered", True):
            found += [target.name for target in targets if target.host is instance.host and target.running]
        # Who brings something into the targets that this app asks them for.
        found += [
            other.name
            for other in instance.host.present()
            if other.app in spec.get("after", ()) and other.running and _links_to(other, targets)
        ]
    return sorted(set(found))


def _links_to(instance, targets):
    return any(target in targets for linked in instance.links.values() for target in linked)


def app(env, instance, context):
    """An app for media_wiring, or none when there is nothing to do."""
    wanted = resources(env, instance, context)
    if not wanted or not instance.running:
        return None
    name, port, container = topology.from_host(instance)
    # What has no port is worked on in its container.
    served = instance.entry.get("port") is not None
    entry = {
        "name": instance.name,
        "app": instance.app,
        "url": topology.url(name, port, instance.url_base) if served else "docker://{0}".format(instance.name),
        "needs": needs_of(instance),
        "resources": wanted,
    }
    for secret, reference in context["me"]["secrets"].items():
        if reference is not None:
            entry.setdefault(secret, reference)
    if container and served:
        entry["container"] = container
    return entry


def purge_of(options):
    """What media_purge says of a kind: yes or no, or a mapping of C(enabled) and C(ignore); C(None) for anything else."""
    if isinstance(options, bool):
        return {"enabled": options, "ignore": []}
    if not isinstance(options, dict) or set(options) - {"enabled", "ignore"}:
        return None
    enabled, ignore = options.get("enabled", True), options.get("ignore") or []
    if not isinstance(enabled, bool) or not isinstance(ignore, list):
        return None
    return {"enabled": enabled, "ignore": [str(name) for name in ignore]}


def plan(model, host):
    """The part C(wiring) of a host's plan."""
    services = model.services[host.name]
    apps = []
    for instance in model.rendered(host):
        try:
            entry = app(model.env, instance, services[instance.name]["context"])
        except values.ValueProblem as error:
            model.problem(instance, error)
            continue
        if entry:
            apps.append(entry)
    return {"apps": apps, "purge": {kind: purge_of(options) or {} for kind, options in host.purge.items()}}
