#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: media_host_info
short_description: Look at a host before anything is planned or changed
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Tells in one run what a host is, which Docker it has, what runs there, who listens on which port, what the paths are, and which keys
    exist. It never changes anything and never returns the value of a secret.
  - Needs no Docker on the host; then it says that there is none.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  spec:
    description:
      - What to look at, as M(homelab.media.plan) returns it under RV(homelab.media.plan#module:inspect).
      - "Keys: C(ports) (C(port), C(proto)), C(paths), C(packages), C(uids), C(secrets) (C(name), C(path), C(format), C(key)), C(state_root),
        C(tun). All optional."
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Look at the host
  homelab.media.media_host_info:
    spec:
      ports: [{port: 8989, proto: tcp}]
      paths: [/mnt/media]
  register: example_host
"""

RETURN = r"""
host:
  description: What the host is.
  type: dict
  returned: always
  sample:
    os: {id: debian, version_id: "13", codename: trixie, arch: x86_64, raspbian: false}
    docker: {present: true, running: true, version: 26.1.5, compose: 2.26.1, kind: engine}
"""

import glob
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils import hostfacts, secretstore, turns
from ansible_collections.homelab.media.plugins.module_utils.docker_cli import Docker, DockerProblem, describe

# Packages that bring an Engine.
ENGINES = ["docker.io", "docker-ce", "moby-engine"]
# What stays resident on a host with a gateway.
UNIT = "/etc/systemd/system/homelab-media-reconciler.service"
WANTED_BY = "/etc/systemd/system/multi-user.target.wants/" + os.path.basename(UNIT)
PROGRAM = "/usr/local/lib/homelab-media/*.py"
DAEMONS = ("/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd")


def kind_of(docker, info):
    """What kind of Docker the command belongs to."""
    real = os.path.realpath(docker.path) if docker.path else ""
    if docker.path and (real.startswith("/snap/") or docker.path.startswith("/snap/")):
        return "snap"
    if real.endswith("podman") or docker.path and "podman" in hostfacts.read(real, 1000):
        return "podman"
    if "BuildahVersion" in info or "podman" in os.path.realpath("/var/run/docker.sock"):
        return "podman"
    if any("rootless" in option for option in info.get("SecurityOptions") or []):
        return "rootless"
    if docker.path and not info.get("ServerVersion") and not os.path.exists("/var/run/docker.sock") and glob.glob("/run/user/*/docker.sock"):
        return "rootless"
    return "engine"


def docker_facts(docker, info):
    """Which Docker a host has.

    :param info: What C(docker info) tells; of the command only, when the daemon does not answer.
    """
    found = {"present": False, "running": False, "api_ok": False, "kind": "none", "version": None, "compose": None, "cli": bool(docker.path),
             "package": None, "daemon": hostfacts.daemon_json(), "insecure_registries": []}
    kind = kind_of(docker, info)
    if kind != "engine":
        found.update(present=True, kind=kind)
        return found
    found["present"] = any(os.path.exists(path) for path in DAEMONS)
    if info.get("ServerVersion"):
        found.update(present=True, running=True, api_ok=True, version=info["ServerVersion"])
        found["insecure_registries"] = sorted(
            name for name, index in ((info.get("RegistryConfig") or {}).get("IndexConfigs") or {}).items() if not index.get("Secure", True))
    elif found["present"]:
        found["running"] = any(hostfacts.read("/proc/{0}/comm".format(pid), 20).strip() == "dockerd" for pid in os.listdir("/proc") if pid.isdigit())
    if found["present"]:
        found["kind"] = "engine"
    for plugin in (info.get("ClientInfo") or {}).get("Plugins") or []:
        if plugin.get("Name") == "compose":
            found["compose"] = (plugin.get("Version") or "").lstrip("v") or None
    return found


def packages(names, run):
    """Which distribution packages are installed."""
    if not names:
        return {}
    code, output, errors = run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n"] + names)
    installed = {line.split()[0] for line in output.splitlines() if line.endswith(" installed")}
    return {name: name in installed for name in names}


def networks_of(docker):
    """The networks of the Engine with their subnets."""
    names = docker.ask("listing the networks", "network", "ls", "-q").split()
    return [{"name": item["Name"], "labels": item.get("Labels") or {},
             "subnets": [entry["Subnet"] for entry in (item.get("IPAM") or {}).get("Config") or [] if entry.get("Subnet")]}
            for item in docker.inspect("network", names)]


def key_sources(spec, state_root):
    """Where each secret can be found, without its value: C(store), C(config) or C(none)."""
    try:
        stored = secretstore.load(state_root)
    except ValueError:
        stored = {}
    found = {name: "store" for name in stored}
    for source in spec:
        if found.get(source["name"], "none") == "none":
            found[source["name"]] = "config" if secretstore.read_existing(source) else "none"
    return found


def reconciler(state_root):
    """Whether the reconciler is installed, starts with the host, and runs with the files that are there now."""
    files = [UNIT, os.path.join(state_root, "reconciler.json")] + glob.glob(PROGRAM)
    return {"installed": os.path.exists(UNIT), "enabled": os.path.lexists(WANTED_BY), "current": turns.current(turns.RECONCILER, files)}


def attribute_ports(listening, containers):
    """Name the container behind a listening port: by the port that it publishes, or by the process where it uses the host's network."""
    names = {container["id"]: name for name, container in containers.items()}
    for entry in listening:
        entry["container"] = names.get(entry.pop("container_id"))
        for name, container in containers.items():
            if container["state"] == "running" and any(
                    port["published"] == entry["port"] and port["proto"] == entry["proto"] for port in container["ports"]):
                entry["container"] = name
    return listening


def main():
    module = AnsibleModule(argument_spec={"spec": {"type": "dict", "default": {}}}, supports_check_mode=True)
    spec = module.params["spec"]

    def run(command, **options):
        try:
            return module.run_command(command, handle_exceptions=False, **options)
        except OSError as error:
            return 127, "", str(error)

    docker = Docker(run)
    wanted = list(spec.get("packages") or [])
    # Commands wait for others than this process, so they are asked side by side.
    with ThreadPoolExecutor(5) as pool:
        asked = {
            "info": pool.submit(docker.info),
            "containers": pool.submit(docker.containers),
            "networks": pool.submit(networks_of, docker),
            "packages": pool.submit(packages, sorted(set(wanted) | set(ENGINES)), run),
            "addresses": pool.submit(run, ["ip", "-o", "addr", "show"]),
        }
    facts = docker_facts(docker, asked["info"].result())
    containers, networks, problem = {}, [], None
    if facts["api_ok"]:
        try:
            containers = {name: describe(item) for name, item in asked["containers"].result().items()}
            networks = asked["networks"].result()
        except DockerProblem as error:
            facts["api_ok"], problem = False, str(error)
    installed = asked["packages"].result()
    facts["package"] = next((name for name in ENGINES if installed.get(name)), None)
    installed = {name: installed[name] for name in wanted}
    code, output, errors = asked["addresses"].result()
    mounted = hostfacts.mounts(hostfacts.read("/proc/self/mounts"))
    fstab = hostfacts.fstab_targets(hostfacts.read("/etc/fstab"))
    state_root = spec.get("state_root") or "/var/lib/homelab-media"
    host = {
        "os": hostfacts.system(),
        "hostname": socket.gethostname(),
        "user": {"uid": os.geteuid()},
        "docker": facts,
        "docker_problem": problem,
        "packages": installed,
        "requests": bool(installed.get("python3-requests")) or importable("requests"),
        "containers": containers,
        "networks": networks,
        "routes": hostfacts.routes(hostfacts.read("/proc/net/route")),
        "addresses": re.findall(r"inet6? ([0-9a-f.:]+)/", output),
        "listening": attribute_ports(hostfacts.listening(
            {(int(entry["port"]), entry.get("proto", "tcp")) for entry in spec.get("ports") or []}), containers),
        "paths": {path: hostfacts.describe_path(path, mounted, fstab) for path in spec.get("paths") or []},
        "tun": hostfacts.tun(),
        "uids": {str(uid): hostfacts.user_name(uid) for uid in spec.get("uids") or []},
        "keys": key_sources(spec.get("secrets") or [], state_root),
        "state": {"exists": os.path.isdir(state_root)},
        "reconciler": reconciler(state_root),
        "memory_bytes": hostfacts.memory(),
    }
    module.exit_json(changed=False, host=host)


def importable(name):
    """Whether this interpreter finds a library, without paying for its import."""
    from importlib.util import find_spec
    return find_spec(name) is not None


if __name__ == "__main__":
    main()
