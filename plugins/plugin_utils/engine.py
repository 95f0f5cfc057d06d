# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker on a host: what is missing, which packages bring it, and the daemon's configuration."""

from __future__ import annotations

import json
import re

REPOSITORY = "https://download.docker.com/linux"
KEYRING = "/etc/apt/keyrings/docker.asc"
DAEMON = "/etc/docker/daemon.json"
OLDEST_ENGINE = (20, 10)
ARCHES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "armhf",
    "armhf": "armhf",
    "armv6l": "armhf",
}
# docker.io only recommends iptables, and the daemon does not start without it.
# Distribution and release -> packages that hold an Engine and Compose v2; none where its Compose is still v1.
DISTRIBUTION = {
    ("debian", "12"): None,
    ("debian", "13"): ["docker.io", "docker-cli", "docker-compose", "iptables"],
    ("ubuntu", "22.04"): ["docker.io", "docker-compose-v2", "iptables"],
    ("ubuntu", "24.04"): ["docker.io", "docker-compose-v2", "iptables"],
    ("raspbian", "12"): None,
    ("raspbian", "13"): ["docker.io", "docker-cli", "docker-compose", "iptables"],
}
DOCKER = ["docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin"]
LIBRARIES = ["python3-requests"]
CODENAMES = {
    ("debian", "12"): "bookworm",
    ("debian", "13"): "trixie",
    ("ubuntu", "22.04"): "jammy",
    ("ubuntu", "24.04"): "noble",
    ("raspbian", "12"): "bookworm",
    ("raspbian", "13"): "trixie",
}
ALL_PACKAGES = sorted(
    {package for packages in DISTRIBUTION.values() for package in packages or []} | set(DOCKER) | set(LIBRARIES)
)


def version_of(text):
    """The leading numbers of a version: 20.10.24+dfsg1 is (20, 10, 24)."""
    match = re.match(r"^\D{0,3}(\d+(?:\.\d+)*)", str(text or ""))
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


def arch_of(info):
    arch = (info.get("os") or {}).get("arch") or ""
    return ARCHES.get(arch, arch)


def distribution_of(info):
    """Distribution and release as the table knows them; Raspberry Pi OS of 32 bits is raspbian, of 64 bits Debian."""
    system = info.get("os") or {}
    name = str(system.get("id") or "").lower()
    if name == "debian" and system.get("raspbian") and arch_of(info) == "armhf":
        name = "raspbian"
    return name, str(system.get("version_id") or "")


def supported(info):
    return distribution_of(info) in DISTRIBUTION


def _engine(info):
    docker = info.get("docker") or {}
    return bool(docker.get("present")) and docker.get("kind", "engine") in ("engine", None)


def _repository(info):
    name, release = distribution_of(info)
    codename = (info.get("os") or {}).get("codename") or CODENAMES.get((name, release), "")
    return {
        "key_url": "{0}/{1}/gpg".format(REPOSITORY, name),
        "line": "deb [arch={0} signed-by={1}] {2}/{3} {4} stable".format(
            arch_of(info), KEYRING, REPOSITORY, name, codename
        ),
    }


def _insecure_registry(host):
    """The registry that the daemon has to trust without TLS, if there is one."""
    return host.registry.split("/")[0] if host.registry and host.registry_insecure else None


def _daemon(host, info):
    """The keys that are missing in daemon.json, and the merged file where there are any."""
    wanted = {}
    if _insecure_registry(host):
        wanted["insecure-registries"] = [_insecure_registry(host)]
    current = (info.get("docker") or {}).get("daemon") or {}
    merged = dict(current)
    for key, value in wanted.items():
        held = list(current.get(key) or [])
        merged[key] = held + [item for item in value if item not in held]
    if merged == current:
        return {}, []
    content = json.dumps(merged, indent=2, sort_keys=True) + "\n"
    missing = {key: merged[key] for key in wanted}
    return missing, [
        {
            "path": DAEMON,
            "content": content,
            "owner": 0,
            "group": 0,
            "mode": "0644",
            "seed": False,
            "sensitive": False,
            "backup": True,
        }
    ]


def plan(host, info):
    """The part C(docker) of a host's plan; nothing to do where the host was not looked at."""
    found = {
        "install": False,
        "packages": [],
        "source": "distribution",
        "repository": {},
        "daemon": {},
        "start": False,
        "reload": False,
        "files": [],
    }
    if not info:
        return found
    docker = info.get("docker") or {}
    present = info.get("packages") or {}
    own = DISTRIBUTION.get(distribution_of(info))
    vendor = str(docker.get("package") or "")
    from_docker = vendor.startswith("docker-ce") or bool(present.get("docker-ce"))
    from_docker = from_docker or (not docker.get("present") and not own)
    wanted = []
    if not docker.get("present"):
        found["install"] = True
        wanted += DOCKER if from_docker else own or []
    else:
        if not docker.get("compose"):
            compose = [item for item in (DOCKER if from_docker else own or DOCKER) if "compose" in item]
            wanted += compose
            from_docker = from_docker or not own
        if docker.get("cli") is False and own and "docker-cli" in own:
            wanted.append("docker-cli")
        found["start"] = not docker.get("running")
    if not info.get("requests"):
        wanted += LIBRARIES
    found["packages"] = [package for package in wanted if not present.get(package)]
    if from_docker and any(package in DOCKER for package in found["packages"]):
        found["source"] = "docker"
        found["repository"] = _repository(info)
    found["daemon"], found["files"] = _daemon(host, info)
    # A run that was killed between writing the file and the reload left the daemon with its old settings.
    known = docker.get("insecure_registries")
    registry = _insecure_registry(host)
    found["reload"] = bool(docker.get("running") and registry and known is not None and registry not in known)
    return found
