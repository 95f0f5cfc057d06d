# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wiring: which resource every app is to hold, wave by wave, computed from the links and the catalog's resources."""

from __future__ import annotations

from ansible_collections.homelab.media.plugins.plugin_utils import topology, values

WAVES = (1, 2, 3)
# The kinds of resources that the engine converges, per wave. What the catalog describes beyond them waits.
KNOWN_KINDS = {
    1: ("config_host", "tag", "root_folder", "download_client"),
    2: ("application", "indexer_proxy"),
    3: (),
}
# Waves that run. A wave is turned on by adding it here.
ENABLED_WAVES = (1,)


def _resource(env, entry, context, state):
    resource = {"resource": entry["resource"], "state": state}
    options = entry.get("options", {})
    if state == "absent":
        options = {key: value for key, value in options.items() if key in ("name", "implementation", "label", "path")}
    resource.update(values.render(env, options, context))
    return resource


def resources(env, instance, context, wave):
    """The resources of one app in one wave, in the order of the catalog."""
    found = []
    for entry in instance.entry["wiring"]:
        if entry.get("wave", 1) != wave or entry["resource"] not in KNOWN_KINDS[wave]:
            continue
        targets = [None]
        if entry.get("each"):
            targets = [target for target in context["links"].get(entry["each"], []) if target["running"]]
        elif entry.get("loop"):
            targets = values.render(env, entry["loop"], context) or []
        for target in targets:
            scope = dict(context, it=target)
            if "when" in entry and not values.render(env, entry["when"], scope):
                continue
            resource = _resource(env, entry, scope, "present")
            if resource not in found:
                found.append(resource)
        if entry.get("each") and entry.get("absent", True):
            for target in context["gone"].get(entry["each"], []):
                scope = dict(context, it=target)
                resource = _resource(env, entry, scope, "absent")
                if not any(
                    resource.get("name") == other.get("name")
                    for other in found
                    if other["resource"] == resource["resource"]
                ):
                    found.append(resource)
    return found


def app(env, instance, context, wave):
    """An app of a wave for media_wiring, or none when there is nothing to do."""
    wanted = resources(env, instance, context, wave)
    if not wanted or not instance.running:
        return None
    name, port, container = topology.from_host(instance)
    entry = {
        "name": instance.name,
        "app": instance.app,
        "url": topology.url(name, port, instance.url_base),
        "api_key": context["me"]["secrets"].get("api_key"),
        "needs": [],
        "resources": wanted,
    }
    if container:
        entry["container"] = container
    return entry


def plan(model, host):
    """The part C(wiring) of a host's plan: every wave, empty where a host has no work in it."""
    services = model.services[host.name]
    waves = {str(wave): {"apps": []} for wave in WAVES}
    for wave in ENABLED_WAVES:
        for instance in model.rendered(host):
            try:
                entry = app(model.env, instance, services[instance.name]["context"], wave)
            except values.ValueProblem as error:
                model.problem(instance, error)
                continue
            if entry:
                waves[str(wave)]["apps"].append(entry)
    return waves
