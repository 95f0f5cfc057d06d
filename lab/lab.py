#!/usr/bin/env python3
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: two plain Debian hosts, each with its own Docker Engine to be, and a registry with the images of the catalog.

    lab.py up        build what is missing and start registry and hosts
    lab.py build     build the images only
    lab.py reset     throw the two hosts away (images and caches stay); the next `up` starts them fresh
    lab.py clean     empty the two hosts of everything that site.yml made, but keep their Docker Engine and pulled images
    lab.py down      remove containers, images, networks, volumes and a dockerd that we started
    lab.py status    what is there
    lab.py exec HOST -- COMMAND ...

Only the standard library is used, since this runs before anything is installed. Packages that are missing are installed from the
distribution (docker.io, mmdebstrap, openssh-client); they stay after `down`.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STATE = Path(os.environ.get("HOMELAB_LAB_STATE", HERE / ".state"))
IMAGES = HERE / "images"

PREFIX = "homelab-lab"
NETWORK = "homelab-lab"
SUBNET = "172.30.77.0/24"
REGISTRY_ADDRESS = "172.30.77.2"
REGISTRY = REGISTRY_ADDRESS + ":5000"
HOSTS = {
    "ct-docker-01": {"address": "172.30.77.11", "user": "root"},
    "ct-media-01": {"address": "172.30.77.12", "user": "media"},
}
SUITE = "trixie"

# CAP_SYS_RESOURCE may be missing where the lab itself runs in a container, and --privileged asks for it: so every other one, by name.
CAPABILITIES = (
    "AUDIT_CONTROL BLOCK_SUSPEND DAC_READ_SEARCH IPC_LOCK IPC_OWNER LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE NET_ADMIN NET_BROADCAST "
    "SYSLOG SYS_ADMIN SYS_BOOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_TIME SYS_TTY_CONFIG WAKE_ALARM").split()


class LabError(Exception):
    """What could not be done, with what to do about it, in one sentence."""


# --------------------------------------------------------------------------------------------------------------------------------
# Commands

def say(text):
    print("lab: " + text, flush=True)


def sudo(command):
    """The command as root: as it is for root, through sudo for everybody else."""
    if os.geteuid() == 0:
        return list(command)
    if shutil.which("sudo") is None:
        raise LabError("the lab needs root, and there is no sudo; run it as root")
    return ["sudo", "-n"] + list(command)


def run(command, what, timeout=900, check=True, **options):
    """Run a command as root and return what it printed; ``what`` names the step in the error.

    :raises LabError: when it ends with an error, with its last line.
    """
    options.setdefault("stdin", subprocess.DEVNULL)
    try:
        done = subprocess.run(sudo(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False, **options)
    except FileNotFoundError:
        raise LabError("{0}: {1} is not installed".format(what, command[0])) from None
    except subprocess.TimeoutExpired:
        raise LabError("{0}: no end after {1} seconds; run it again, and look at `{2}` by hand if that repeats".format(
            what, timeout, " ".join(command[:3]))) from None
    if check and done.returncode:
        lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["no output"]
        raise LabError("{0}: {1}".format(what, lines[-1]))
    return done.stdout.decode(errors="replace") if check else done


def docker(*command, what=None, **options):
    return run(("docker",) + command, what or "docker " + command[0], **options)


def docker_ok(*command):
    return docker(*command, check=False, timeout=60).returncode == 0


# --------------------------------------------------------------------------------------------------------------------------------
# What the machine needs

def apt_install(packages):
    """Install distribution packages that are missing, saying so in one line."""
    say("installing {0} from the distribution".format(", ".join(packages)))
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    prefix = ["env"] + ["{0}={1}".format(key, value) for key, value in environment.items()]
    run(prefix + ["apt-get", "update", "-qq"], "reading the package lists")
    run(prefix + ["apt-get", "install", "-y", "-qq", "--no-install-recommends"] + packages, "installing " + " ".join(packages))


def missing_packages():
    wanted = {"docker": "docker.io", "dockerd": "docker.io", "mmdebstrap": "mmdebstrap", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
    if engine_answers():
        del wanted["dockerd"]
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    found = {package for tool, package in wanted.items() if shutil.which(tool, path=path) is None}
    # iptables is only recommended by docker.io, and dockerd does not start without it.
    if "dockerd" in wanted and shutil.which("iptables", path=path) is None:
        found.add("iptables")
    return sorted(found)


def engine_answers():
    try:
        return subprocess.run(sudo(["docker", "version", "--format", "{{.Server.Version}}"]), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False, timeout=30).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False


def ensure_engine():
    """A Docker Engine on this machine: the one that runs, else one that is started here (and stopped by ``down``)."""
    packages = missing_packages()
    if packages:
        apt_install(packages)
    if engine_answers():
        return
    STATE.mkdir(parents=True, exist_ok=True)
    if Path("/run/systemd/system").is_dir():
        run(["systemctl", "start", "docker"], "starting Docker")
    else:
        log = open(STATE / "dockerd.log", "ab")
        process = subprocess.Popen(sudo(["dockerd"]), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        (STATE / "dockerd.pid").write_text(str(process.pid))
    for _ in range(60):
        if engine_answers():
            say("started a Docker Engine")
            return
        time.sleep(0.5)
    raise LabError("Docker does not start on this machine; see {0}".format(STATE / "dockerd.log"))


# --------------------------------------------------------------------------------------------------------------------------------
# Images

def catalog_images():
    """App to its image with version, from the catalog."""
    found = {}
    for path in sorted((ROOT / "catalog").glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        image = re.search(r"^image: *[\"']?([^\s\"'#]+)", text, re.M)
        version = re.search(r"^version: *[\"']?([^\s\"'#]+)", text, re.M)
        if image and version:
            found[path.stem] = "{0}:{1}".format(image.group(1), version.group(1))
    return found


def recipes():
    """Every image: its name, what it is built from, and the directory of its recipe."""
    table = json.loads((IMAGES / "recipes.json").read_text(encoding="utf-8"))
    names = catalog_images()
    for app, recipe in table.items():
        recipe["tag"] = names.get(app) if recipe.get("app", True) else "{0}/{1}".format(PREFIX, app)
    return table


def dockerfile(recipe, table, version):
    """The text of an image's Dockerfile."""
    lines = ["FROM {0}".format(table[recipe["from"]]["built"])]
    if recipe.get("components"):
        lines.append("RUN sed -i 's/ main$/ main {0}/' /etc/apt/sources.list".format(" ".join(recipe["components"])))
    if recipe.get("packages"):
        lines.append("RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {0} "
                     "&& rm -rf /var/lib/apt/lists/*".format(" ".join(recipe["packages"])))
    for source, target in recipe.get("copy", {}).items():
        lines.append("COPY {0} {1}".format(source, target))
    for command in recipe.get("run", []):
        lines.append("RUN " + command)
    environment = dict(recipe.get("env", {}))
    if recipe.get("app", True):
        environment["STANDIN_VERSION"] = version
        lines.append('LABEL org.opencontainers.image.version="{0}"'.format(version))
    for key, value in environment.items():
        lines.append('ENV {0}="{1}"'.format(key, value))
    if recipe.get("user"):
        lines.append("USER " + recipe["user"])
    for key in ("healthcheck", "entrypoint", "cmd"):
        if recipe.get(key):
            word = "HEALTHCHECK {0} CMD".format(recipe.get("health_options", "--interval=5s --timeout=5s --start-period=10s")) \
                if key == "healthcheck" else key.upper()
            lines.append("{0} {1}".format(word, json.dumps(recipe[key])))
    return "\n".join(lines) + "\n"


def tree_hash(paths):
    digest = hashlib.sha256()
    for path in sorted(paths):
        files = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file() and "__pycache__" not in item.parts)
        for item in files:
            digest.update(str(item.relative_to(HERE)).encode() + b"\0" + item.read_bytes() + b"\0")
    return digest.hexdigest()


def key_of(name, table, cache):
    """The cache key of an image: changes exactly when its recipe, its files, its version or its parent changes."""
    if name not in cache:
        recipe = {key: value for key, value in table[name].items() if key != "built"}
        parent = key_of(recipe["from"], table, cache) if recipe.get("from") else SUITE
        files = [HERE / source for source in recipe.get("copy", {})]
        text = json.dumps(recipe, sort_keys=True) + parent + tree_hash(files)
        cache[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return cache[name]


def bootstrap(name, recipe, target):
    """A base image from the distribution's packages."""
    include = ",".join(recipe["packages"])
    pipeline = "set -o pipefail; mmdebstrap --quiet --variant=minbase --include={0} {1} - | docker import {2} - {3} >/dev/null".format(
        include, SUITE, " ".join("--change '{0}'".format(change) for change in recipe.get("changes", [])), target)
    run(["bash", "-c", pipeline], "building the {0} image".format(name), timeout=600)


def build(push=True):
    """Build what is not there yet and publish it in the registry."""
    table = recipes()
    unnamed = sorted(name for name, recipe in table.items() if not recipe["tag"])
    if unnamed:
        raise LabError("the catalog has no image and version for {0}; add catalog/{1}.yml".format(", ".join(unnamed), unnamed[0]))
    keys = {}
    have = set(docker("images", "--format", "{{.Repository}}:{{.Tag}}").split())
    todo = []
    for name in table:
        table[name]["built"] = "{0}/{1}:{2}".format(PREFIX, name, key_of(name, table, keys))
        if table[name]["built"] not in have:
            todo.append(name)
    if todo:
        say("building {0}".format(", ".join(todo)))
    for level in levels(todo, table):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(build_one, name, table) for name in level]:
                done.result()
    return table


def levels(names, table):
    """The images in an order in which each comes after the one that it is built from, those of a level being independent."""
    depth = {}

    def of(name):
        if name not in depth:
            parent = table[name].get("from")
            depth[name] = of(parent) + 1 if parent else 0
        return depth[name]

    for name in names:
        of(name)
    return [[name for name in names if depth[name] == level] for level in sorted({depth[name] for name in names})]


def build_one(name, table):
    recipe = table[name]
    if not recipe.get("from"):
        bootstrap(name, recipe, recipe["built"])
        return
    version = (recipe["tag"] or "").rpartition(":")[2]
    work = STATE / "build" / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for source in recipe.get("copy", {}):
        target = work / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (HERE / source).is_dir():
            shutil.copytree(HERE / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(HERE / source, target)
    (work / "Dockerfile").write_text(dockerfile(recipe, table, version), encoding="utf-8")
    docker("build", "-q", "-t", recipe["built"], str(work), what="building the {0} image".format(name), env=dict(os.environ, DOCKER_BUILDKIT="0"))
    shutil.rmtree(work, ignore_errors=True)


def publish(table):
    """Push the images of the catalog into the registry under their real names, those that are new."""
    record = STATE / "published.json"
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    container = docker("inspect", "-f", "{{.Id}}", PREFIX + "-registry").strip()
    if known.get("registry") != container:
        known = {"registry": container}
    for name, recipe in table.items():
        if not recipe.get("app", True) or known.get(recipe["tag"]) == recipe["built"]:
            continue
        # The engine takes a registry on the loopback address for a trusted one; no setting of this machine is touched.
        target = "127.0.0.1:5000/" + recipe["tag"]
        docker("tag", recipe["built"], target)
        docker("push", "-q", target, what="publishing {0}".format(recipe["tag"]))
        docker("rmi", target)
        known[recipe["tag"]] = recipe["built"]
    record.write_text(json.dumps(known, indent=1), encoding="utf-8")


def alias(app, version):
    """Publish an app's image under another version too, as tests of upgrades and downgrades need it."""
    table = build()
    if app not in table or not table[app].get("app", True):
        raise LabError("there is no image of {0}".format(app))
    name = table[app]["tag"].rpartition(":")[0]
    work = STATE / "build" / (app + "-alias")
    work.mkdir(parents=True, exist_ok=True)
    (work / "Dockerfile").write_text('FROM {0}\nENV STANDIN_VERSION="{1}"\nLABEL org.opencontainers.image.version="{1}"\n'.format(
        table[app]["built"], version), encoding="utf-8")
    target = "127.0.0.1:5000/{0}:{1}".format(name, version)
    docker("build", "-q", "-t", target, str(work), what="building {0} {1}".format(app, version), env=dict(os.environ, DOCKER_BUILDKIT="0"))
    docker("push", "-q", target, what="publishing {0} {1}".format(app, version))
    docker("rmi", target)


# --------------------------------------------------------------------------------------------------------------------------------
# Registry and hosts

def state_of(container):
    found = docker("inspect", "-f", "{{.State.Status}} {{.Config.Image}}", container, check=False)
    return tuple(found.stdout.decode().split()) if found.returncode == 0 else (None, None)


def ensure_network():
    if not docker_ok("network", "inspect", NETWORK):
        docker("network", "create", "--subnet", SUBNET, NETWORK, what="creating the network {0} {1}".format(NETWORK, SUBNET))


def ensure_container(name, image, options, command=()):
    status, used = state_of(name)
    if status == "running" and used == image:
        return False
    if status == "exited" and used == image:
        docker("start", name)
        return True
    if status is not None:
        docker("rm", "-f", name)
    docker("run", "-d", "--name", name, *options, image, *command, what="starting " + name)
    return True


def ensure_registry(table):
    ensure_container(PREFIX + "-registry", table["registry"]["built"], [
        "--network", NETWORK, "--ip", REGISTRY_ADDRESS, "-p", "127.0.0.1:5000:5000", "-v", PREFIX + "-registry:/var/lib/docker-registry",
        "--restart", "unless-stopped"])


def ensure_key():
    key = STATE / "id_ed25519"
    if not key.exists():
        STATE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", PREFIX, "-f", str(key)], check=True, stdin=subprocess.DEVNULL)
    return (STATE / "id_ed25519.pub").read_text(encoding="utf-8").strip()


def host_options(name, host):
    options = ["--network", NETWORK, "--ip", host["address"], "--hostname", name, "--cgroupns=host", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw",
               "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined", "--device-cgroup-rule", "a *:* rwm",
               "--device", "/dev/net/tun", "--tmpfs", "/run", "--tmpfs", "/run/lock", "-e", "container=docker",
               "-v", "{0}-{1}-docker:/var/lib/docker".format(PREFIX, name), "-v", "{0}-{1}-apt:/var/cache/apt/archives".format(PREFIX, name)]
    for capability in CAPABILITIES:
        options += ["--cap-add", capability]
    return options


def ensure_host(name, host, table, key):
    container = "{0}-{1}".format(PREFIX, name)
    if ensure_container(container, table["host"]["built"], host_options(name, host), ["/lib/systemd/systemd"]):
        script = ("set -e; mount -o remount,rw /proc/sys; id media >/dev/null 2>&1 || useradd -m -u 1000 -s /bin/bash media; "
                  "echo 'media ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/media; rm -f /etc/apt/apt.conf.d/docker-clean; "
                  "for home in /root /home/media; do install -d -m 700 $home/.ssh; echo '{0}' > $home/.ssh/authorized_keys; "
                  "chmod 600 $home/.ssh/authorized_keys; done; chown -R media:media /home/media/.ssh; mkdir -p /run/sshd; "
                  "ssh-keygen -A >/dev/null").format(key)
        docker("exec", container, "bash", "-c", script, what="preparing the host " + name)
    for _ in range(100):
        answer = subprocess.run(["ssh"] + ssh_options() + ["{0}@{1}".format(host["user"], host["address"]), "true"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if answer.returncode == 0:
            return
        time.sleep(0.3)
    raise LabError("the host {0} does not answer over SSH: {1}; `make lab-reset` starts it afresh".format(
        name, (answer.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]))


def ssh_options():
    return ["-i", str(STATE / "id_ed25519"), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"]


def up():
    ensure_engine()
    table = build()
    ensure_network()
    ensure_registry(table)
    for _ in range(60):
        if docker_ok("exec", PREFIX + "-registry", "curl", "-fsS", "http://127.0.0.1:5000/v2/"):
            break
        time.sleep(0.5)
    else:
        raise LabError("the registry does not answer; see `docker logs {0}-registry`".format(PREFIX))
    publish(table)
    key = ensure_key()
    with concurrent.futures.ThreadPoolExecutor(len(HOSTS)) as pool:
        for done in [pool.submit(ensure_host, name, host, table, key) for name, host in HOSTS.items()]:
            done.result()
    say("up: " + ", ".join("{0} ({1}@{2})".format(name, host["user"], host["address"]) for name, host in HOSTS.items()))


def reset():
    for name in HOSTS:
        docker("rm", "-f", "-v", "{0}-{1}".format(PREFIX, name), check=False)
        docker("volume", "rm", "-f", "{0}-{1}-docker".format(PREFIX, name), check=False)
    say("the hosts are gone; `lab.py up` starts fresh ones")


CLEAN = """
if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
  docker ps -aq | xargs -r docker rm -f -v >/dev/null
  docker network ls --filter type=custom -q | xargs -r docker network rm >/dev/null
  docker volume ls -q | xargs -r docker volume rm -f >/dev/null
fi
rm -rf /opt/homelab-media /var/lib/homelab-media /var/lib/homelab-media-configs /mnt/media /srv/compose /srv/appdata
"""


def clean(names=None):
    for name in names or HOSTS:
        docker("exec", "{0}-{1}".format(PREFIX, name), "bash", "-c", CLEAN, what="cleaning " + name)


def down():
    if not engine_answers():
        say("nothing runs")
    else:
        names = docker("ps", "-aq", "--filter", "name=^{0}-".format(PREFIX)).split()
        if names:
            docker("rm", "-f", "-v", *names)
        for volume in docker("volume", "ls", "-q", "--filter", "name=^{0}-".format(PREFIX)).split():
            docker("volume", "rm", "-f", volume)
        docker("network", "rm", NETWORK, check=False)
        images = sorted(set(docker("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference={0}/*".format(PREFIX)).split()))
        if images:
            docker("rmi", "-f", *images)
        say("containers, images, networks and volumes of the lab are removed")
    pid = STATE / "dockerd.pid"
    if pid.exists():
        run(["pkill", "-F", str(pid)], "stopping the Docker Engine that the lab started", check=False)
        say("stopped the Docker Engine that the lab had started")
    shutil.rmtree(STATE, ignore_errors=True)


def status():
    if not engine_answers():
        say("no Docker Engine runs on this machine")
        return
    for name in [PREFIX + "-registry"] + ["{0}-{1}".format(PREFIX, host) for host in HOSTS]:
        say("{0}: {1}".format(name, state_of(name)[0] or "not there"))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="See the head of this file.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "build", "reset", "down", "status"):
        commands.add_parser(name)
    commands.add_parser("clean").add_argument("hosts", nargs="*", choices=list(HOSTS) + [[]])
    other = commands.add_parser("alias", help="publish an app's image under another version too")
    other.add_argument("app")
    other.add_argument("version")
    inside = commands.add_parser("exec", help="run a command on a host as root")
    inside.add_argument("host", choices=list(HOSTS))
    inside.add_argument("words", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "exec":
            words = chosen.words[1:] if chosen.words[:1] == ["--"] else chosen.words
            return subprocess.run(sudo(["docker", "exec", "-i", "{0}-{1}".format(PREFIX, chosen.host)] + words), check=False).returncode
        if chosen.command == "build":
            ensure_engine()
            build()
        elif chosen.command == "alias":
            alias(chosen.app, chosen.version)
        elif chosen.command == "clean":
            clean(chosen.hosts)
        else:
            {"up": up, "reset": reset, "down": down, "status": status}[chosen.command]()
    except LabError as error:
        print("lab: " + str(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
