# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From inventory and catalog to the plan of every host: a pure function, given what the hosts are."""

from __future__ import annotations

import posixpath

from ansible_collections.homelab.media.plugins.plugin_utils import (
    catalog as catalogs,
)
from ansible_collections.homelab.media.plugins.plugin_utils import (
    compose,
    engine,
    host_checks,
    inventory,
    reconciler,
    secret_specs,
    static_checks,
    storage,
    topology,
    values,
    verify,
    wiring,
)
from ansible_collections.homelab.media.plugins.plugin_utils.findings import Findings


class Model:
    """Everything that is known before any host was looked at."""

    def __init__(self, raw, catalog=None):
        self.findings = Findings()
        if catalog is None:
            catalog = catalogs.load(catalog_paths(raw))
        self.catalog = catalog
        self.findings.extend(item for item in catalog.findings if item not in self.findings)
        if catalog.env is None:
            catalog.env = values.environment(catalog.loader)
        self.env = catalog.env
        self.hosts = inventory.read(self.findings, catalog, raw)
        self.services = {}
        for host in self.hosts.values():
            for instance in host.instances.values():
                instance.network = self._network(instance)
        topology.gateways(self.findings, self.hosts)
        topology.media(self.findings, self.hosts)
        topology.link(self.findings, self.hosts)

    def _network(self, instance):
        try:
            found = values.render(self.env, instance.entry["network"], {"settings": instance.settings})
        except values.ValueProblem as error:
            self.problem(instance, error)
            return "bridge"
        return found if found in ("bridge", "host") else "bridge"

    def problem(self, instance, error):
        self.findings.error(
            instance.host.name,
            instance.key,
            "The catalog's description of {0} does not work here: {1}.".format(
                instance.entry["title"], str(error).rstrip(".")
            ),
            "Correct the settings, or the catalog file of {0}.".format(instance.app),
        )

    def render(self):
        """Render every service; separate, because adopted installs change what is rendered."""
        self.services = {}
        for host in self.hosts.values():
            services = {}
            for instance in host.instances.values():
                if not instance.present:
                    continue
                try:
                    services[instance.name] = compose.service(
                        self.env, self.hosts, instance, project_dir(host, instance.project)
                    )
                except values.ValueProblem as error:
                    self.problem(instance, error)
            whole = [instance for instance in host.present() if instance.name in services]
            compose.place_ports(whole, services)
            self.services[host.name] = services

    def rendered(self, host):
        return [instance for instance in host.present() if instance.name in self.services.get(host.name, {})]


def catalog_paths(raw):
    """The catalog directories that any host names, in order."""
    found = []
    for name in sorted(raw):
        paths = (raw[name].get("variables") or {}).get("media_catalog_paths") or []
        for path in paths if isinstance(paths, list) else [paths]:
            if str(path) not in found:
                found.append(str(path))
    return found


def project_dir(host, project):
    return posixpath.join(host.compose_root, project)


def inspect(model, host):
    """What media_host_info is to look at on a host."""
    services = model.services[host.name]
    ports, uids, gids, adopt = [], {host.uid}, {host.gid}, []
    for instance in model.rendered(host):
        found = services[instance.name]
        uids.add(instance.uid)
        gids.add(instance.gid)
        if instance.network == "host" and instance.gateway is None:
            ports += [
                {"port": port, "proto": proto, "bind": "0.0.0.0", "instance": instance.name}
                for port, proto, dummy in found["inner"]
            ]
        else:
            ports += [
                {"port": port["published"], "proto": port["protocol"], "bind": port["bind"], "instance": instance.name}
                for port in found["ports"]
            ]
        for spec in secret_specs.specs_of(model.env, instance):
            adopt += [dict(item, name=spec["name"]) for item in spec["adopt"]]
    paths = [host.config_root, host.compose_root, host.state_root, "/var/lib/docker"]
    skeleton = [entry["path"] for entry in storage.directories(host)]
    if storage.uses_media(host):
        paths = [host.data_root] + [path for path in skeleton if path.startswith(host.data_root + "/")] + paths
    return {
        "names": [instance.name for instance in host.instances.values()],
        "ports": ports,
        "paths": list(dict.fromkeys(paths)),
        "config_dirs": {
            instance.name: instance.config_dir for instance in model.rendered(host) if instance.entry.get("config")
        },
        "networks": [dict(host.network)],
        "packages": list(engine.ALL_PACKAGES),
        "tun": any(instance.entry["tun"] for instance in model.rendered(host)),
        "uids": sorted(uids),
        "gids": sorted(gids),
        "secrets": adopt,
        "state_root": host.state_root,
    }


def adopt_mounts(host, info):
    """Take over what an adopted container has: its config directory and the mounts that its database knows."""
    containers = (info or {}).get("containers") or {}
    for instance in host.present():
        found = containers.get(instance.name)
        if not instance.adopt or not found:
            continue
        ours = {instance.entry.get("config"), storage.MOUNT}
        ours |= {volume.split(":")[1] for volume in instance.volumes if volume.count(":") >= 1}
        ours |= {spec.get("mount") for spec in instance.entry["files"]}
        for mount in found.get("mounts") or []:
            source, destination = mount.get("source"), mount.get("destination")
            if not source or not destination:
                continue
            if destination == instance.entry.get("config"):
                if "config_dir" not in instance.described:
                    instance.config_dir = source
            elif destination not in ours and ":" not in source + destination:
                instance.extra_mounts.append(
                    "{0}:{1}{2}".format(source, destination, "" if mount.get("rw", True) else ":ro")
                )
        instance.extra_mounts.sort()


def _projects(model, host):
    projects = {}
    for instance in model.rendered(host):
        projects.setdefault(instance.project, []).append(instance)
    return projects


def _absent(host, info):
    """Containers to remove: not wanted any more, or living in another project than they should."""
    found = []
    containers = (info or {}).get("containers") or {}
    for instance in host.instances.values():
        container = containers.get(instance.name) or {}
        labels = container.get("labels") or {}
        old = labels.get("com.docker.compose.project")
        if not instance.present:
            if not container or instance.owned:
                found.append({"container": instance.name, "project": old or instance.project, "reason": "state"})
        elif labels.get("homelab.media.instance") == instance.name and old and old != instance.project:
            found.append({"container": instance.name, "project": old, "reason": "moved"})
    return found


def _adopted(model, host, info):
    containers = (info or {}).get("containers") or {}
    return [
        {"container": instance.name, "config_dir": instance.config_dir}
        for instance in model.rendered(host)
        if instance.adopt
        and instance.name in containers
        and (containers[instance.name].get("labels") or {}).get("homelab.media.instance") != instance.name
    ]


def _summary(model, host):
    rows = []
    for instance in model.rendered(host):
        links = [
            "{0}: {1}".format(
                need.replace("_", " "),
                ", ".join(
                    target.name if target.host is host else "{0}@{1}".format(target.name, target.host.name)
                    for target in targets
                ),
            )
            for need, targets in instance.links.items()
            if targets
        ]
        rows.append(
            {
                "service": instance.name,
                "title": instance.title,
                "host": host.name,
                "url": topology.user_url(instance),
                "project": instance.project,
                "state": instance.state,
                "links": links,
            }
        )
    return rows


def host_plan(model, host, info):
    """The plan of one host."""
    services = model.services[host.name]
    files, projects, digests = [], [], {}
    for project, instances in sorted(_projects(model, host).items()):
        directory = project_dir(host, project)
        entries = []
        for instance in sorted(instances, key=lambda item: not item.entry["gateway"]):
            found = services[instance.name]
            files += found["files"]
            digests[instance.name] = {"model": compose.canonical(found["model"]), "files": found["restart"]}
            entries.append(
                {
                    "name": instance.name,
                    "container": instance.name,
                    "image": found["model"]["image"],
                    "state": instance.state,
                    "netns": instance.gateway.name if instance.gateway else None,
                    "gateway": instance.entry["gateway"],
                    "config_dir": instance.config_dir,
                    "health": bool(instance.entry["probe"]),
                }
            )
        files.append(
            {
                "path": posixpath.join(directory, "compose.yml"),
                "content": compose.render_project(
                    model.env, host, project, sorted(instances, key=lambda item: not item.entry["gateway"]), services
                ),
                "owner": 0,
                "group": 0,
                "mode": "0644",
                "seed": False,
                "sensitive": False,
                "backup": False,
            }
        )
        projects.append({"name": project, "directory": directory, "services": entries})
    resident, kept = reconciler.plan(model, host, info, lambda instance: project_dir(host, instance.project))
    files += resident
    wired = wiring.plan(model, host)
    own, remote = _names(model, host, files, wired)
    return {
        "address": host.address,
        "docker": engine.plan(host, info),
        "storage": storage.plan(host),
        "secrets": secret_specs.plan(model.env, host, own, remote),
        "files": files,
        "digests": digests,
        "networks": [dict(host.network)] if any("networks" in found["model"] for found in services.values()) else [],
        "projects": projects,
        "absent": _absent(host, info),
        "adopt": _adopted(model, host, info),
        "reconciler": kept,
        "wiring": wired,
        "verify": verify.plan(model, host, wired),
        "summary": _summary(model, host),
    }


def _names(model, host, files, wired):
    """The secrets that a host's files and wiring use: its own, and those of other hosts."""
    used = set()
    for entry in files:
        used |= values.secret_names(entry["content"])
    used |= values.secret_names(wired["apps"])
    own, remote = set(), {}
    for name in used:
        owner = name.partition(".")[0]
        if owner in ("admin", "host") or name in host.given or owner in host.instances and host.instances[owner].present:
            own.add(name)
            continue
        for other in model.hosts.values():
            if owner in other.instances and any(
                target.host is other
                for instance in host.present()
                for targets in instance.links.values()
                for target in targets
                if target.name == owner
            ):
                remote.setdefault(other.name, set()).add(name)
    return own, remote


def static(raw, catalog=None):
    """Stage static: the findings of inventory and catalog, and what to look at on each host."""
    model = Model(raw, catalog)
    model.render()
    static_checks.run(model)
    return {
        "changed": False,
        "findings": list(model.findings),
        "inspect": {name: inspect(model, host) for name, host in model.hosts.items()},
    }


def full(raw, infos, catalog=None):
    """Stage full: the plan of every host, with the findings of those that were looked at.

    :param infos: For each host that was looked at, the result C(host) of media_host_info.
    """
    model = Model(raw, catalog)
    for host in model.hosts.values():
        seen = (infos.get(host.name) or {}).get("containers") or {}
        for instance in host.instances.values():
            instance.owned = host_checks.ours(seen.get(instance.name), instance.name)
            instance.taken_over = instance.adopt and instance.name in seen
        adopt_mounts(host, infos.get(host.name))
    model.render()
    static_checks.run(model)
    plans = {}
    for host in model.hosts.values():
        info = infos.get(host.name)
        if info:
            host_checks.run(model, host, info)
        plans[host.name] = host_plan(model, host, info)
    for name, found in plans.items():
        for other, names in found["secrets"]["remote"].items():
            plans[other]["secrets"]["export"][name] = names
    return {
        "changed": False,
        "findings": list(model.findings),
        "hosts": plans,
        "summary": [row for found in plans.values() for row in found["summary"]],
    }
