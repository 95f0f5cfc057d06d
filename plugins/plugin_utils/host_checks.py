# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host preflight: what stands in the way on a host, from what media_host_info saw there. Each check is one function."""

from __future__ import annotations

import ipaddress
import posixpath

from ansible_collections.homelab.media.plugins.plugin_utils import compose, engine, secret_specs, storage, topology, vpn_rules

LABEL = "homelab.media."
GIB = 1024**3
SPACE_LEAST = 1 * GIB
SPACE_PER_IMAGE = GIB // 2
NO_HARDLINKS = ("vfat", "exfat", "msdos", "fuseblk")
NETWORK_FILESYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p")
RECREATES_MEMBERS = (5, 2)
DOCKER_KINDS = {
    "snap": "Docker comes from a snap, which sees neither the media nor our directories",
    "rootless": "Docker is rootless, which cannot give containers the media's owners, devices and ports",
    "podman": "the command docker belongs to Podman",
}


def _containers(info):
    return info.get("containers") or {}


def ours(container, name=None):
    """Whether a container is one of ours, and the given one if a name is given."""
    label = ((container or {}).get("labels") or {}).get(LABEL + "instance")
    return bool(label) and (name is None or label == name)


def docker(model, host, info):
    found = info.get("docker") or {}
    add = model.findings
    kind = found.get("kind")
    if kind in DOCKER_KINDS:
        add.error(
            host.name,
            "docker",
            "{0}.".format(DOCKER_KINDS[kind][0].upper() + DOCKER_KINDS[kind][1:]),
            "Remove it; Docker Engine is then installed from packages.",
        )
        return
    if not found.get("present"):
        if not engine.supported(info):
            name, release = engine.distribution_of(info)
            add.error(
                host.name,
                "docker",
                "There is no Docker here, and its packages are not known for {0} {1}.".format(
                    name or "this system", release
                ),
                "Install Docker Engine {0} or newer and Compose v2 yourself, or use Debian 12 or 13, "
                "or Ubuntu 22.04 or 24.04.".format(
                    ".".join(str(part) for part in engine.OLDEST_ENGINE)
                ),
            )
        return
    version = engine.version_of(found.get("version"))
    if version and version < engine.OLDEST_ENGINE:
        add.error(
            host.name,
            "docker",
            "Docker Engine {0} is too old.".format(found.get("version")),
            "Upgrade it to {0} or newer.".format(".".join(str(part) for part in engine.OLDEST_ENGINE)),
        )
    if found.get("running") and found.get("api_ok") is False:
        add.error(
            host.name,
            "docker",
            "The Docker daemon runs, but does not answer.",
            "Look at 'systemctl status docker' and 'journalctl -u docker'.",
        )
    if not found.get("compose") and not engine.supported(info):
        add.error(
            host.name,
            "docker",
            "There is no Compose v2 here, and its package is not known for this system.",
            "Install the Compose plugin of your Docker Engine.",
        )
    plugin = engine.version_of(found.get("compose"))
    if plugin and plugin >= RECREATES_MEMBERS and any(item.entry["gateway"] for item in host.present()):
        add.warning(
            host.name,
            "docker",
            "Compose {0} recreates the services behind a gateway whenever it works on the gateway.".format(
                found.get("compose")
            ),
            "Nothing to do; expect longer restarts.",
        )


def architecture(model, host, info):
    arch = engine.arch_of(info)
    if not arch:
        return
    for instance in model.rendered(host):
        if instance.image == instance.entry["image"] and arch not in instance.entry["arches"]:
            model.findings.error(
                host.name,
                instance.key,
                "The image of {0} does not exist for {1}.".format(instance.entry["title"], arch),
                "Run it on a host with {0}, or name another image.".format(" or ".join(instance.entry["arches"])),
            )


def names(model, host, info):
    """Containers that are somebody else's."""
    for instance in model.rendered(host):
        container = _containers(info).get(instance.name)
        if container and not ours(container) and not instance.adopt:
            model.findings.error(
                host.name,
                instance.key,
                "A container named '{0}' ({1}) is there already, and it is not ours.".format(
                    instance.name, container.get("image") or "unknown image"
                ),
                "Stop and remove it, or set adopt: true to take over its configuration and replace it.",
            )


# A key of the inventory that was renamed leaves its container behind.
def _take_over(info, name, instance):
    """What to do about a container of ours that nobody describes any more, and that holds what an instance wants."""
    app = (_containers(info)[name].get("labels") or {}).get("homelab.media.app")
    keep = ", with its config_dir under '{0}' to keep its configuration".format(instance.name) if app == instance.app else ""
    return (
        "It was made by us and is not in the inventory any more: describe '{0}' with state: absent to have it removed{1}, "
        "or choose another port."
    ).format(name, keep)


def replaced(model, host, info):
    """A container of ours that the inventory no longer names, in a network namespace where a new service wants its port."""
    for name, container in sorted(_containers(info).items()):
        mode = str(container.get("network_mode") or "")
        app = (container.get("labels") or {}).get("homelab.media.app")
        if not ours(container) or name in host.instances or not mode.startswith("container:"):
            continue
        for instance in model.rendered(host):
            if (
                instance.gateway is not None
                and instance.app == app
                and instance.name not in _containers(info)
                and str((_containers(info).get(instance.gateway.name) or {}).get("id")) == mode.partition(":")[2]
                and instance.port == instance.entry.get("port", {}).get("number")
            ):
                model.findings.error(
                    host.name,
                    instance.key + ".port",
                    "Port {0} in the network namespace of '{1}' is held by the container '{2}'.".format(
                        instance.port, instance.gateway.name, name
                    ),
                    _take_over(info, name, instance),
                )


def ports(model, host, info):
    """Ports that another process or container holds."""
    known = {name for name, container in _containers(info).items() if ours(container) and name in host.instances}
    left = {name for name, container in _containers(info).items() if ours(container)} - known
    known |= {instance.name for instance in model.rendered(host) if instance.adopt}
    listening = {}
    for entry in info.get("listening") or []:
        listening.setdefault((entry.get("port"), entry.get("proto", "tcp").rstrip("6")), []).append(entry)
    told = set()
    for instance in model.rendered(host):
        on_host = instance.network == "host" and instance.gateway is None
        if on_host:
            container = _containers(info).get(instance.name)
            if (
                container
                and str(container.get("state", "running")) == "running"
                and (ours(container) or instance.adopt)
            ):
                continue
            wanted = [
                (port, proto, "0.0.0.0", what)
                for port, proto, what in model.services[host.name][instance.name]["inner"]
            ]
        else:
            wanted = [
                (port["published"], port["protocol"], port["bind"], port["name"])
                for port in model.services[host.name][instance.name]["ports"]
            ]
        for port, proto, bind, what in wanted:
            for entry in listening.get((port, proto), []):
                address = str(entry.get("address") or entry.get("bind") or "0.0.0.0").strip("[]")
                if entry.get("container") in known or (port, proto) in told:
                    continue
                if bind not in ("0.0.0.0", address) and address not in ("0.0.0.0", "::", "*", ""):
                    continue
                told.add((port, proto))
                holder = (
                    "the container '{0}'".format(entry["container"])
                    if entry.get("container")
                    else entry.get("process") or "another process"
                )
                if on_host and what != "port":
                    model.findings.warning(
                        host.name,
                        instance.key,
                        "Port {0}/{1}, which {2} uses for discovery, is held by {3}.".format(
                            port, proto, instance.entry["title"], holder
                        ),
                        "Stop it if clients do not find the server.",
                    )
                    continue
                model.findings.error(
                    host.name,
                    "{0}.{1}".format(instance.key, "port" if what == "port" else "settings"),
                    "Port {0}/{1} is held by {2}.".format(port, proto, holder),
                    "Stop it, or give '{0}' another port.".format(instance.name)
                    if not entry.get("container")
                    else _take_over(info, entry["container"], instance)
                    if entry["container"] in left
                    else "Stop that container, give '{0}' another port, or adopt it under its own name.".format(
                        instance.name
                    ),
                )


def _network(text):
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return None


def networks(model, host, info):
    """Our subnet against Docker's other networks and the host's routes."""
    if not any("networks" in found["model"] for found in model.services[host.name].values()):
        return
    wanted = ipaddress.ip_network(host.network["subnet"])
    existing = None
    for entry in info.get("networks") or []:
        subnets = [net for net in (_network(item) for item in entry.get("subnets") or []) if net]
        if entry.get("name") == host.network["name"]:
            existing = subnets
            if subnets and wanted not in subnets:
                model.findings.error(
                    host.name,
                    "media_network.subnet",
                    "The Docker network {0} exists with the subnet {1}, not {2}.".format(
                        host.network["name"], subnets[0], wanted
                    ),
                    "Set media_network.subnet to {0}, or remove the network.".format(subnets[0]),
                )
            continue
        for net in subnets:
            if net.version == wanted.version and net.overlaps(wanted):
                model.findings.error(
                    host.name,
                    "media_network.subnet",
                    "The subnet {0} overlaps with {1} of the Docker network {2}.".format(
                        wanted, net, entry.get("name")
                    ),
                    "Choose another media_network.subnet, or remove that network.",
                )
    if existing and wanted in existing:
        return
    docker_nets = {str(_network(item)) for entry in info.get("networks") or [] for item in entry.get("subnets") or []}
    for route in info.get("routes") or []:
        net = _network(route)
        if net is None or net.version != wanted.version or net.prefixlen == 0 or str(net) in docker_nets:
            continue
        if net.overlaps(wanted):
            model.findings.error(
                host.name,
                "media_network.subnet",
                "The subnet {0} overlaps with the route {1} of this host.".format(wanted, net),
                "Choose another media_network.subnet, such as 172.29.0.0/16.",
            )


def data(model, host, info):
    """The media tree: mounted, on one filesystem, on one that can do hardlinks, usable by the apps."""
    if not storage.uses_media(host):
        return
    add = model.findings
    paths = info.get("paths") or {}
    root = paths.get(host.data_root) or {}
    mounted = bool(root.get("mount"))
    if (host.data_mount or root.get("fstab")) and not mounted:
        add.error(
            host.name,
            "media_data_root",
            "The data root {0} should be a mount and is not mounted.".format(host.data_root),
            "Mount it; otherwise the root disk would fill up.",
        )
    if root.get("exists") and root.get("fstype") in NO_HARDLINKS:
        add.error(
            host.name,
            "media_data_root",
            "The data root {0} is on {1}, which has no hardlinks and no owners.".format(host.data_root, root["fstype"]),
            "Use ext4, xfs, btrfs, zfs or NFS.",
        )
    if root.get("exists") and root.get("writable") is False:
        add.error(
            host.name,
            "media_data_root",
            "The data root {0} is mounted read-only or cannot be written to.".format(host.data_root),
            "Mount it with write access.",
        )
    device = root.get("device")
    told = set()
    for path in sorted(paths):
        entry = paths[path] or {}
        if (
            not path.startswith(host.data_root + "/")
            or not entry.get("exists")
            or device is None
            or entry.get("device") is None
        ):
            continue
        if entry["device"] != device and not any(path.startswith(parent + "/") for parent in told):
            told.add(path)
            add.error(
                host.name,
                "media_data_root",
                "{0} is on another filesystem than {1}, so hardlinks would silently become copies.".format(
                    path, host.data_root
                ),
                "Put the whole tree on one filesystem; pool disks below it, not inside it.",
            )
    if root.get("exists") and root.get("fstype") in NETWORK_FILESYSTEMS and root.get("uid") is not None:
        mode = int(str(root.get("mode") or "0"), 8)
        if not (root.get("uid") == host.uid or (root.get("gid") == host.gid and mode & 0o020) or mode & 0o002):
            add.warning(
                host.name,
                "media_data_root",
                "The data root {0} belongs to {1}:{2} on {3}, and the apps run as {4}:{5}.".format(
                    host.data_root, root.get("uid"), root.get("gid"), root["fstype"], host.uid, host.gid
                ),
                "Set media_uid and media_gid to the owner, or let the server map it.",
            )


def owners(model, host, info):
    """The numbers that the apps run as."""
    for uid, name in sorted((info.get("uids") or {}).items(), key=lambda item: str(item[0])):
        number = int(uid)
        if name and 0 < number < 1000:
            model.findings.warning(
                host.name,
                "media_uid",
                "The user number {0} is the system account '{1}' here.".format(number, name),
                "Choose a number of 1000 or more.",
            )
    if not storage.uses_media(host):
        return
    root = (info.get("paths") or {}).get(host.data_root) or {}
    if (
        root.get("exists")
        and root.get("fstype") not in NETWORK_FILESYSTEMS
        and (root.get("uid") or 0) >= 1000
        and root.get("uid") != host.uid
        and root.get("gid") != host.gid
    ):
        model.findings.warning(
            host.name,
            "media_uid",
            "The data root {0} belongs to {1}:{2}, and the apps run as {3}:{4}.".format(
                host.data_root, root.get("uid"), root.get("gid"), host.uid, host.gid
            ),
            "Set media_uid and media_gid to its owner if the library should stay theirs.",
        )


def tun(model, host, info):
    wanted = [instance for instance in model.rendered(host) if instance.entry["tun"]]
    device = info.get("tun") or {}
    if wanted and not (device.get("exists") and device.get("char", True)):
        model.findings.error(
            host.name,
            wanted[0].key,
            "There is no device /dev/net/tun, which '{0}' needs.".format(wanted[0].name),
            "Load the module tun ('modprobe tun'); in an LXC container, pass the device in.",
        )


def space(model, host, info):
    paths = info.get("paths") or {}
    missing = [instance for instance in model.rendered(host) if instance.name not in _containers(info)]
    free = (paths.get("/var/lib/docker") or {}).get("free_bytes")
    if free is not None and missing:
        wanted = SPACE_LEAST + SPACE_PER_IMAGE * len({compose.image_of(instance) for instance in missing})
        text = "{0:.1f} GiB are free for images in /var/lib/docker, about {1:.1f} GiB are wanted.".format(
            free / GIB, wanted / GIB
        )
        if free < SPACE_LEAST:
            model.findings.error(host.name, "docker", "Only " + text, "Make room.")
        elif free < wanted:
            model.findings.warning(host.name, "docker", "Only " + text, "Make room before the pull runs out of it.")
    for path, key in (
        (host.config_root, "media_config_root"),
        (host.data_root if storage.uses_media(host) else None, "media_data_root"),
    ):
        free = (paths.get(path) or {}).get("free_bytes") if path else None
        if free is not None and free < SPACE_LEAST // 4:
            model.findings.error(
                host.name, key, "Only {0:.0f} MiB are free in {1}.".format(free / 1024**2, path), "Make room."
            )


def _repository(reference):
    """An image reference without registry, tag and digest, and its tag."""
    reference = str(reference or "").split("@", maxsplit=1)[0]
    head, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        head, tag = reference, ""
    parts = head.split("/")
    return "/".join(parts[-2:]), tag


def versions(model, host, info):
    """An image that is older than what runs: databases do not go back."""
    for instance in model.rendered(host):
        container = _containers(info).get(instance.name)
        if not container or instance.settings.get("allow_downgrade"):
            continue
        repository, tag = _repository(container.get("image"))
        if repository.rpartition("/")[2] != instance.image.rpartition("/")[2]:
            continue
        labels = container.get("labels") or {}
        running = (
            labels.get(LABEL + "version") or engine.version_of(tag) and tag or container.get("image_version_label")
        )
        have, want = engine.version_of(running), engine.version_of(instance.version)
        # 4.0.19 is no downgrade of 4.0.19.2979: compare what both tell.
        length = min(len(have), len(want))
        if length and want[:length] < have[:length]:
            model.findings.error(
                host.name,
                instance.key + ".version",
                "{0} {1} runs here, and {2} is older: its database may not go back.".format(
                    instance.title, running, instance.version
                ),
                "Set version to {0}, or settings.allow_downgrade: true after a backup.".format(running),
            )


def places(model, host, info):
    """A configuration directory that would silently move away from under a running app."""
    for instance in model.rendered(host):
        container = _containers(info).get(instance.name)
        if not container or not ours(container, instance.name) or not instance.entry.get("config"):
            continue
        for mount in container.get("mounts") or []:
            source = mount.get("source")
            if (
                mount.get("destination") == instance.entry["config"]
                and source
                and posixpath.normpath(source) != instance.config_dir
                and "config_dir" not in instance.described
            ):
                model.findings.error(
                    host.name,
                    instance.key + ".config_dir",
                    "'{0}' keeps its configuration in {1}, and would start afresh in {2}.".format(
                        instance.name, source, instance.config_dir
                    ),
                    "Set config_dir: {0}, or move the directory and set config_dir to the new place.".format(source),
                )


def gone(model, host, info):
    """Containers of ours that the inventory no longer names: reported, left running."""
    for instance in host.instances.values():
        container = _containers(info).get(instance.name)
        if not instance.present and container and not ours(container):
            model.findings.warning(
                host.name,
                instance.key + ".state",
                "'{0}' is to be absent, and the container of that name is not ours.".format(instance.name),
                "Remove it yourself if it is not wanted; it is left alone.",
            )
    for name, container in sorted(_containers(info).items()):
        if ours(container) and name not in host.instances:
            model.findings.warning(
                host.name,
                "media_services.{0}".format(name),
                "The container '{0}' was made by us and is not in the inventory any more.".format(name),
                "Describe it with state: absent to have it removed, or remove it yourself; its configuration stays.",
            )


def secrets(model, host, info):
    """Secrets that only their owner knows, and that nobody gave."""
    keys = info.get("keys") or {}
    for instance in model.rendered(host):
        for spec in secret_specs.specs_of(model.env, instance):
            name = spec["name"].partition(".")[2]
            if not spec["required"] or spec["name"] in host.given or keys.get(spec["name"], "none") != "none":
                continue
            if instance.entry["secrets"][name].get("adopt_required"):
                continue
            model.findings.error(
                host.name,
                "{0}.secrets.{1}".format(instance.key, name),
                "'{0}' needs its {1}, which only you have.".format(instance.name, name.replace("_", " ")),
                "Give it under secrets.{0}, best from a vault.".format(name),
            )
        for name, spec in instance.entry["secrets"].items():
            full = "{0}.{1}".format(instance.name, name)
            if full in host.given or keys.get(full, "none") != "none":
                continue
            container = _containers(info).get(instance.name)
            if instance.adopt and spec.get("adopt_required") and container and not ours(container):
                model.findings.error(
                    host.name,
                    "{0}.secrets.{1}".format(instance.key, name),
                    "'{0}' is to be adopted, and its {1} cannot be read from its files.".format(instance.name, name),
                    "Give it under secrets.{0}, best from a vault; it is never overwritten.".format(name),
                )


def address(model, host, info):
    own = topology.ip_of(host.address)
    known = [str(item).split("/", maxsplit=1)[0] for item in info.get("addresses") or []]
    if own and known and str(own) not in known:
        bound = [instance.name for instance in model.rendered(host) if host.address in topology.binds(instance)]
        text = "The address {0} is not one of this host ({1}).".format(own, ", ".join(known))
        if bound:
            model.findings.error(
                host.name,
                "media_address",
                text[:-1] + ", and {0} is to be published on it.".format(", ".join(bound)),
                "Set media_address to the host's own address.",
            )
        else:
            model.findings.warning(
                host.name,
                "media_address",
                text,
                "Set media_address to the host's own address, unless it is translated on the way.",
            )


CHECKS = (
    docker,
    architecture,
    names,
    ports,
    networks,
    data,
    owners,
    tun,
    space,
    versions,
    places,
    gone,
    replaced,
    secrets,
    address,
    vpn_rules.check,
)


def run(model, host, info):
    """All checks of one host."""
    for check in CHECKS:
        check(model, host, info)
