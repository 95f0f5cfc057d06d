# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: plain Debian hosts in containers, and a registry with the images of the catalog.

    lab.py up                        build what is missing, start registry and hosts
    lab.py build                     build the images only
    lab.py status                    what is there
    lab.py clean [HOST ...]          empty hosts of everything that site.yml made, but keep their Docker Engine and pulled images
    lab.py reset [HOST ...]          throw hosts away (images and caches stay); the next `up` starts them fresh
    lab.py down                      remove containers, images, networks, volumes and a dockerd that we started; packages stay
    lab.py host NAME                 one more host, fresh; prints how to reach it as inventory variables
    lab.py exec HOST -- COMMAND ...  run a command on a host as root
    lab.py registry-tag APP VERSION  publish an app's image under another version too

Only the standard library is used, since this runs before anything is installed. Packages that are missing come from the distribution.
HOMELAB_LAB_NAME and HOMELAB_LAB_NET (`homelab-lab`, `172.30.77`) make a second lab beside the first; the two share their images.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import recipes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STATE = Path(os.environ.get("HOMELAB_LAB_STATE") or HERE / ".state")

NAME = os.environ.get("HOMELAB_LAB_NAME") or "homelab-lab"
NET = os.environ.get("HOMELAB_LAB_NET") or "172.30.77"
SUBNET = NET + ".0/24"
REGISTRY = "{0}.2:5000".format(NET)
PROVIDER = NET + ".3"
PROVIDER_STATE = "http://{0}:8080/state".format(PROVIDER)
# What the lab runs beside its hosts; no host may be called so.
PARTS = ("registry", "vpn")
# Every engine trusts a registry on a loopback address, so no setting of this machine is touched; and on this one nobody else listens.
PUSH = "127.0.0.{0}:5000".format(NET.rpartition(".")[2])
HOSTS = {
    "ct-docker-01": {"address": NET + ".11", "user": "root"},
    "ct-media-01": {"address": NET + ".12", "user": "media"},
}
EXTRA = range(20, 100)
# Tells that the Engine of this machine was started by a lab. Below /run it goes with the process when the machine restarts.
STARTED = Path("/run/homelab-lab-engine")
LOCK = "/run/lock/homelab-lab.lock"

# CAP_SYS_RESOURCE may be missing where the lab itself runs in a container, and --privileged asks for it: so every other one, by name.
CAPABILITIES = (
    "AUDIT_CONTROL BLOCK_SUSPEND DAC_READ_SEARCH IPC_LOCK IPC_OWNER LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE NET_ADMIN NET_BROADCAST "
    "SYSLOG SYS_ADMIN SYS_BOOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_TIME SYS_TTY_CONFIG WAKE_ALARM").split()
# The classic builder: the other one is a plugin that Debian's package does not bring.
CLASSIC = {"DOCKER_BUILDKIT": "0"}


class LabError(Exception):
    """What could not be done, with what to do about it, in one sentence."""


# --------------------------------------------------------------------------------------------------------------------------------
# Commands

def say(text):
    """Progress goes to the error output: what a command was asked for is all that it prints."""
    print("lab: " + text, file=sys.stderr, flush=True)


def sudo(command, environment=None):
    """The command as root: as it is for root, through sudo for everybody else."""
    command = (["env"] + ["{0}={1}".format(*item) for item in environment.items()] if environment else []) + list(command)
    return command if os.geteuid() == 0 else ["sudo", "-n"] + command


def ensure_root():
    if os.geteuid() == 0:
        return
    if shutil.which("sudo") is None:
        raise LabError("the lab needs root and there is no sudo: run it as root")
    if subprocess.run(["sudo", "-n", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
        raise LabError("sudo wants a password: run `sudo -v` in this terminal first, and then this again")


def run(command, what, remedy="run it again, and if that repeats, look at it by hand", timeout=900, environment=None):
    """Run a command as root and return what it printed; ``what`` names the step in the error, ``remedy`` what to do then.

    :raises LabError: when it ends with an error, with the last line it said.
    """
    try:
        done = subprocess.run(sudo(command, environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout, check=False)
    except FileNotFoundError:
        raise LabError("{0}: there is no program {1}: install it".format(what, command[0])) from None
    except subprocess.TimeoutExpired:
        raise LabError("{0}: no end after {1} seconds: {2}".format(what, timeout, remedy)) from None
    if done.returncode:
        raise LabError("{0}: {1}: {2}".format(what, last_line(done.stderr) or last_line(done.stdout) or "no output", remedy))
    return done.stdout.decode(errors="replace")


def last_line(output):
    """The last line of an output that says something, without the full stop that a sentence around it would double."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].rstrip(".:") if lines else ""


def docker(*command, what=None, **options):
    return run(("docker",) + command, what or "docker " + command[0], **options)


def try_docker(*command):
    """What the command printed, or nothing when it failed."""
    with contextlib.suppress(LabError):
        return docker(*command, timeout=120)
    return None


# --------------------------------------------------------------------------------------------------------------------------------
# What the machine needs

def missing_packages(answers):
    """The packages of the distribution that this machine lacks for a lab."""
    wanted = {"docker": "docker.io", "mmdebstrap": "mmdebstrap", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
    if not answers:
        # iptables is only recommended by docker.io, and dockerd does not start without it.
        wanted.update(dockerd="docker.io", iptables="iptables")
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    found = {package for tool, package in wanted.items() if shutil.which(tool, path=path) is None}
    if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        found.add("debian-archive-keyring")
    return sorted(found)


def has_candidate(policy):
    """Whether what apt-cache said of a package names a version that can be installed."""
    return "Candidate: " in policy and "Candidate: (none)" not in policy


def install(packages):
    if shutil.which("apt-get") is None:
        raise LabError("the lab needs {0}, and this machine has no apt: install them by hand".format(", ".join(packages)))
    say("installing {0} from the distribution's packages".format(", ".join(packages)))
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    remedy = "check that this machine reaches its Debian mirror (`apt-get update`), then run it again"
    run(["apt-get", "update", "-qq"], "reading the package lists", remedy, environment=quiet)
    # Debian 13 has the client in a package of its own, Debian 12 and Ubuntu do not know that name.
    if "docker.io" in packages and has_candidate(run(["apt-cache", "policy", "docker-cli"], "reading the package lists")):
        packages = packages + ["docker-cli"]
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends"] + packages, "installing " + ", ".join(packages), remedy, environment=quiet)


def engine_answers():
    with contextlib.suppress(FileNotFoundError, subprocess.TimeoutExpired):
        return subprocess.run(sudo(["docker", "version", "--format", "{{.Server.Version}}"]), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=30).returncode == 0
    return False


def ensure_engine():
    """A Docker Engine on this machine: the one that runs, else one that is started here, and stopped by ``down``."""
    ensure_root()
    STATE.mkdir(parents=True, exist_ok=True)
    answers = engine_answers()
    packages = missing_packages(answers)
    if packages:
        install(packages)
    if answers:
        return
    # Written first: a run that is killed now must not leave an Engine that nobody stops.
    run(["touch", str(STARTED)], "noting that the lab starts Docker")
    log = STATE / "dockerd.log"
    if engine_answers():
        say("Docker has been started by its package")
        return
    if Path("/run/systemd/system").is_dir():
        run(["systemctl", "start", "docker"], "starting Docker", "see `journalctl -u docker`")
    else:
        say("starting dockerd, as no init system does")
        with open(log, "ab") as stream:
            subprocess.Popen(sudo(["dockerd"]), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True)
    if not wait_for(engine_answers, 60):
        raise LabError("Docker does not start on this machine: {0}: see {1}".format(
            last_line(log.read_bytes()) if log.exists() else "no message", log if log.exists() else "`journalctl -u docker`"))


def wait_for(condition, seconds, pause=0.3):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def stop_engine():
    """Stop the Engine if a lab started it."""
    if not STARTED.exists():
        return
    if Path("/run/systemd/system").is_dir():
        run(["systemctl", "stop", "docker.socket", "docker.service"], "stopping Docker")
    else:
        with contextlib.suppress(OSError, ValueError):
            pid = int(Path("/var/run/docker.pid").read_text(encoding="ascii"))
            # The file of a dockerd that was killed stays, and its number may be another process's by now.
            if Path("/proc/{0}/comm".format(pid)).read_text(encoding="ascii").strip() == "dockerd":
                run(["kill", str(pid)], "stopping dockerd")
                wait_for(lambda: not Path("/proc/{0}".format(pid)).exists(), 60)
    run(["rm", "-f", str(STARTED)], "removing " + str(STARTED))
    say("stopped the Docker Engine that the lab had started")


# --------------------------------------------------------------------------------------------------------------------------------
# Images

def here():
    """Every image of this machine's Engine: name with tag -> id."""
    lines = docker("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def table_of_images():
    try:
        return recipes.load(recipes.catalog_names(ROOT / "catalog"))
    except recipes.RecipeError as error:
        raise LabError(str(error)) from None


def build():
    """Build what is not there yet. Returns the table of images with their ids."""
    table = table_of_images()
    have = here()
    todo = recipes.to_build(table, have)
    if todo:
        say("building {0} of {1} images: {2}".format(len(todo), len(table), ", ".join(todo)))
        done = {}
        # Workers take the images in order, and each comes after the one it is built from: nobody waits for one that never starts.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for name in todo:
                done[name] = pool.submit(build_one, name, table, done.get(table[name].get("from")))
        failed = [str(future.exception()) for future in done.values() if future.exception()]
        if failed:
            raise LabError(failed[0])
        have = here()
        remove_old(table, have)
    for recipe in table.values():
        recipe["id"] = have[recipe["built"]]
    return table


def build_one(name, table, parent):
    recipe = table[name]
    if parent is not None:
        parent.result()
    start = time.monotonic()
    remedy = "check that this machine reaches its Debian mirror, then run it again"
    if recipe.get("from"):
        work = STATE / "build" / name
        shutil.rmtree(work, ignore_errors=True)
        recipes.stage(recipe, work / "rootfs")
        text = "FROM {0}\n{1}".format(table[recipe["from"]]["built"], recipes.dockerfile(recipe))
        (work / "Dockerfile").write_text(text, encoding="utf-8")
        docker("build", "-q", "-t", recipe["built"], str(work), what="building the image " + name, remedy=remedy, environment=CLASSIC)
        shutil.rmtree(work, ignore_errors=True)
    else:
        pipeline = "set -o pipefail; mmdebstrap --quiet --variant=minbase --include={0} {1} - | docker import - {2} >/dev/null".format(
            ",".join(recipe["packages"]), recipes.SUITE, recipe["built"])
        run(["bash", "-c", pipeline], "building the image " + name, remedy)
    if time.monotonic() - start > 10:
        say("built {0} in {1:.0f} s".format(name, time.monotonic() - start))


def remove_old(table, have):
    """Remove images of the lab that no recipe makes any more; those in use stay until the next time."""
    current = {recipe["built"] for recipe in table.values()}
    ours = [name for name in have if name.startswith(recipes.IMAGES + "/")]
    old = [name for name in ours if name not in current] + leftovers(ours)
    if old:
        try_docker("rmi", *old)


def leftovers(ours):
    """Images without a name that a killed build has left: they lie on the same first layer as images of the lab."""
    nameless = docker("images", "-q", "--no-trunc", "--filter", "dangling=true").split()
    if not nameless or not ours:
        return []
    first = [line.split() for line in docker("inspect", "--type", "image", "-f", "{{.Id}} {{index .RootFS.Layers 0}}", *ours, *nameless).splitlines()]
    layers = {layer for _identity, layer in first[:len(ours)]}
    return [identity for identity, layer in first[len(ours):] if layer in layers]


def published(tag):
    """The digests that the registry has for a name with tag: of the image and of its manifest."""
    name, _colon, version = tag.rpartition(":")
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"}
    request = urllib.request.Request("http://{0}/v2/{1}/manifests/{2}".format(PUSH, name, version), headers=accept)
    try:
        with DIRECT.open(request, timeout=10) as answer:
            return {answer.headers.get("Docker-Content-Digest"), json.load(answer).get("config", {}).get("digest")}
    except (OSError, ValueError):
        return set()


# No proxy of the environment between this machine and itself.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def registry_answers():
    with contextlib.suppress(OSError), DIRECT.open("http://{0}/v2/".format(PUSH), timeout=2) as answer:
        return answer.status == 200
    return False


def publish(table):
    """Push the apps' images into the registry under their real names: those that it does not have as they are now."""
    new = [recipe for recipe in table.values() if recipe.get("tag") and recipe["id"] not in published(recipe["tag"])]
    if new:
        say("publishing {0} images".format(len(new)))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda recipe: push(recipe["built"], recipe["tag"]), new))
    return bool(new)


def push(image, tag):
    target = "{0}/{1}".format(PUSH, tag)
    docker("tag", image, target)
    docker("push", "-q", target, what="publishing " + tag, remedy="see `docker logs {0}-registry`".format(NAME))
    docker("rmi", target)


def registry_tag(app, version):
    """Publish an app's image under another version too: tests of upgrades and downgrades want one."""
    with locked():
        ensure_engine()
        if not registry_answers():
            raise LabError("the registry does not run: run `lab.py up` first")
        table = build()
        if not table.get(app, {}).get("tag"):
            raise LabError("there is no app {0}: name one of {1}".format(app, ", ".join(name for name in table if table[name].get("tag"))))
        tag = "{0}:{1}".format(table[app]["tag"].rpartition(":")[0], version)
        work = STATE / "build" / (app + "-other")
        work.mkdir(parents=True, exist_ok=True)
        (work / "Dockerfile").write_text('FROM {0}\nENV STANDIN_VERSION="{1}"\nLABEL org.opencontainers.image.version="{1}"\n'.format(
            table[app]["built"], version), encoding="utf-8")
        image = docker("build", "-q", str(work), what="building {0} {1}".format(app, version), environment=CLASSIC).strip()
        push(image, tag)
    print("{0}/{1}".format(REGISTRY, tag))


# --------------------------------------------------------------------------------------------------------------------------------
# Registry and hosts

def container_of(host):
    return "{0}-{1}".format(NAME, host)


def inspect(container):
    """(status, image id) of a container, or two nothings."""
    text = try_docker("inspect", "--type", "container", "-f", "{{.State.Status}} {{.Image}}", container)
    return tuple(text.split()) if text else (None, None)


def ensure_network():
    if try_docker("network", "inspect", NAME) is None:
        docker("network", "create", "--subnet", SUBNET, NAME, what="creating the network {0}".format(SUBNET),
               remedy="set HOMELAB_LAB_NET to three other numbers if something here uses these addresses (and inventory/lab to the same)")


def ensure_container(container, image, options, command=(), volumes=()):
    """Start a container of this image; one of another image is replaced, its ``volumes`` with it. True when something was started."""
    status, used = inspect(container)
    if status is not None and used != image["id"]:
        say("starting {0} afresh, as its image has changed".format(container))
        docker("rm", "-f", container)
        for volume in volumes:
            docker("volume", "rm", "-f", volume)
        status = None
    if status == "running":
        return False
    if status is None:
        docker("run", "-d", "--name", container, *options, image["built"], *command, what="starting " + container)
    else:
        docker("start", container, what="starting " + container)
    return True


def ensure_registry(table):
    ensure_container(container_of("registry"), table["registry"], [
        "--network", NAME, "--ip", REGISTRY.rpartition(":")[0], "-p", PUSH + ":5000", "-v", container_of("registry") + ":/var/lib/docker-registry",
        "--restart", "unless-stopped"])
    if not wait_for(registry_answers, 30):
        raise LabError("the registry does not answer on {0}: see `docker logs {1}`".format(PUSH, container_of("registry")))


def provider_answers():
    with contextlib.suppress(OSError), DIRECT.open(PROVIDER_STATE, timeout=2) as answer:
        return answer.status == 200
    return False


def ensure_provider(table):
    """The VPN provider: WireGuard, what is behind it, and its control, on the lab's network only."""
    ensure_container(container_of("vpn"), table["vpn-provider"], [
        "--network", NAME, "--ip", PROVIDER, "--cap-add", "NET_ADMIN", "--cap-add", "SYS_ADMIN", "--device", "/dev/net/tun",
        "--sysctl", "net.ipv4.ip_forward=1", "--restart", "unless-stopped"])
    if not wait_for(provider_answers, 30):
        raise LabError("the VPN provider does not answer on {0}: see `docker logs {1}`".format(PROVIDER, container_of("vpn")))


def ensure_key():
    key = STATE / "id_ed25519"
    if not key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", NAME, "-f", str(key)], check=True, stdin=subprocess.DEVNULL)
    return (STATE / "id_ed25519.pub").read_text(encoding="utf-8").strip()


# What a person does after installing Debian: a user who may use sudo, a key to log in with. And what a container needs to be a host.
PREPARE = """set -e
mount -o remount,rw /proc/sys
id media >/dev/null 2>&1 || useradd -m -u 1000 -s /bin/bash media
echo 'media ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/media
rm -f /etc/apt/apt.conf.d/docker-clean
echo 'Binary::apt::APT::Keep-Downloaded-Packages "true";' > /etc/apt/apt.conf.d/99keep
for home in /root /home/media; do
    install -d -m 700 $home/.ssh
    grep -qxF "$1" $home/.ssh/authorized_keys 2>/dev/null || echo "$1" >> $home/.ssh/authorized_keys
    chmod 600 $home/.ssh/authorized_keys
done
chown -R media:media /home/media/.ssh
mkdir -p /run/sshd
ssh-keygen -A >/dev/null
"""


def ensure_host(name, host, table, key):
    container = container_of(name)
    volume = container + "-docker"
    options = ["--network", NAME, "--ip", host["address"], "--hostname", name, "--cgroupns=host", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw",
               "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined", "--device-cgroup-rule", "a *:* rwm",
               "--device", "/dev/net/tun", "--tmpfs", "/run", "--tmpfs", "/run/lock", "-e", "container=docker",
               # Not overlay on overlay; and packages that are downloaded once.
               "-v", volume + ":/var/lib/docker", "-v", container + "-apt:/var/cache/apt/archives"]
    for capability in CAPABILITIES:
        options += ["--cap-add", capability]
    started = ensure_container(container, table["host"], options, ["/lib/systemd/systemd"], [volume])
    # Without a start it still may be the lab of another checkout, which has another key.
    if started or not login(host)[0]:
        docker("exec", container, "bash", "-c", PREPARE, "prepare", key, what="preparing the host " + name,
               remedy="`lab.py reset {0}` and `lab.py up` start it afresh".format(name))
    answer = []
    if not wait_for(lambda: answer.append(login(host)) or answer[-1][0], 30):
        raise LabError("the host {0} does not answer over SSH: {1}: `lab.py reset {0}` and `lab.py up` start it afresh".format(name, answer[-1][1]))


def login(host):
    done = subprocess.run(["ssh", "-i", str(STATE / "id_ed25519"), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                           "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=5",
                           "{0}@{1}".format(host["user"], host["address"]), "true"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return done.returncode == 0, last_line(done.stderr) or "no message"


def extra_hosts():
    """The hosts that are there beside the two of the lab: name -> address."""
    found = {}
    names = (try_docker("ps", "-a", "--filter", "name=^{0}-".format(NAME), "--format", "{{.Names}}") or "").split()
    for container in names:
        name = container[len(NAME) + 1:]
        if name not in PARTS and name not in HOSTS:
            text = '{{with index .NetworkSettings.Networks "' + NAME + '"}}{{.IPAMConfig.IPv4Address}}{{end}}'
            found[name] = docker("inspect", "-f", text, container).strip()
    return found


@contextlib.contextmanager
def locked():
    """One at a time on this machine: two runs at once would build the same images, and take each other's away as old ones."""
    STATE.mkdir(parents=True, exist_ok=True)
    try:
        # Whoever came first made it, and that may have been root.
        handle = os.open(LOCK, os.O_RDONLY)
    except FileNotFoundError:
        handle = os.open(LOCK, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another lab.py to end")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def up():
    with locked():
        ensure_engine()
        table = build()
        ensure_network()
        ensure_registry(table)
        ensure_provider(table)
        key = ensure_key()
        with concurrent.futures.ThreadPoolExecutor(len(HOSTS) + 1) as pool:
            new = pool.submit(publish, table)
            for done in [pool.submit(ensure_host, name, host, table, key) for name, host in HOSTS.items()]:
                done.result()
        if new.result():
            for name in HOSTS:
                drop_outdated(name, {recipe["tag"]: recipe["id"] for recipe in table.values() if recipe.get("tag")})
    say("up: " + ", ".join("{0} ({1}@{2})".format(name, host["user"], host["address"]) for name, host in HOSTS.items()))


def add_host(name, user):
    """One more host, fresh: an older one of that name is thrown away."""
    if name in HOSTS or name in PARTS:
        raise LabError("{0} is a part of the lab: give the new host another name".format(name))
    with locked():
        ensure_engine()
        table = build()
        ensure_network()
        ensure_registry(table)
        ensure_provider(table)
        publish(table)
        remove_hosts([name])
        taken = set(extra_hosts().values())
        free = [address for address in ("{0}.{1}".format(NET, number) for number in EXTRA) if address not in taken]
        if not free:
            raise LabError("the lab has no address left: remove hosts with `lab.py reset NAME`")
        ensure_host(name, {"address": free[0], "user": user}, table, ensure_key())
    print(json.dumps({"ansible_host": free[0], "ansible_user": user, "ansible_ssh_private_key_file": str(STATE / "id_ed25519")}))


def remove_hosts(names):
    for name in names:
        if inspect(container_of(name))[0]:
            docker("rm", "-f", "-v", container_of(name))
        docker("volume", "rm", "-f", container_of(name) + "-docker")
        if name not in HOSTS:
            docker("volume", "rm", "-f", container_of(name) + "-apt")


def known(names):
    every = list(HOSTS) + list(extra_hosts())
    wrong = [name for name in names if name not in every]
    if wrong:
        raise LabError("the lab has no host {0}: name one of {1}".format(wrong[0], ", ".join(every)))
    return names or every


def reset(names):
    ensure_root()
    if not engine_answers():
        say("no Docker Engine runs here, so there are no hosts")
        return
    with locked():
        chosen = known(names)
        remove_hosts(chosen)
    say("{0} are gone; `lab.py up` starts fresh ones".format(", ".join(chosen)) if len(chosen) > 1 else chosen[0] + " is gone")


CLEAN = """
if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
  docker ps -aq | xargs -r docker rm -f -v >/dev/null
  docker network ls --filter type=custom -q | xargs -r docker network rm >/dev/null
  docker volume ls -q | xargs -r docker volume rm -f >/dev/null
fi
rm -rf /opt/homelab-media /var/lib/homelab-media /var/lib/homelab-media-configs /mnt/media /srv/compose /srv/appdata
"""


def clean(names):
    ensure_root()
    table = table_of_images()
    have = here()
    for name in known(names):
        if inspect(container_of(name))[0] != "running":
            say("{0} does not run, so it stays as it is".format(name))
            continue
        docker("exec", container_of(name), "bash", "-c", CLEAN, what="emptying " + name, remedy="`lab.py reset {0}` throws it away".format(name))
        drop_outdated(name, {recipe["tag"]: have.get(recipe["built"]) for recipe in table.values() if recipe.get("tag")})


def drop_outdated(host, current):
    """Remove images that a host has pulled and that have been built anew under the same name since; no host would pull them again by itself."""
    pulled = try_docker("exec", container_of(host), "docker", "images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}") or ""
    old = []
    for line in pulled.splitlines():
        image, _space, identity = line.partition(" ")
        tag = image[len(REGISTRY) + 1:]
        if image.startswith(REGISTRY + "/") and tag in current and current[tag] != identity:
            old.append(image)
    if old:
        # Those that a container uses are refused, and rightly.
        try_docker("exec", container_of(host), "docker", "rmi", *old)


def down():
    ensure_root()
    if engine_answers():
        with locked():
            containers = docker("ps", "-aq", "--filter", "name=^{0}-".format(NAME)).split()
            if containers:
                docker("rm", "-f", "-v", *containers)
            volumes = docker("volume", "ls", "-q", "--filter", "name=^{0}-".format(NAME)).split()
            if volumes:
                docker("volume", "rm", "-f", *volumes)
            if try_docker("network", "inspect", NAME) is not None:
                docker("network", "rm", NAME)
            images = [name for name in here() if name.startswith((recipes.IMAGES + "/", PUSH + "/")) and not name.endswith(":<none>")]
            users = docker("ps", "-a", "--format", "{{.Image}}").split()
            shared = any(image.startswith(recipes.IMAGES + "/") for image in users)
            if images and not shared:
                docker("rmi", "-f", *leftovers(images), *images)
            say("containers, networks and volumes of the lab are removed, " + ("its images not: another lab uses them" if shared else "and its images"))
    else:
        say("no Docker Engine runs here, so there is nothing to remove")
        shared = False
    if not shared:
        stop_engine()
    shutil.rmtree(STATE, ignore_errors=True)


def status():
    ensure_root()
    if not engine_answers():
        say("no Docker Engine runs here; `lab.py up` starts the lab")
        return
    table = table_of_images()
    have = here()
    say("images: {0} of {1} built".format(sum(recipe["built"] in have for recipe in table.values()), len(table)))
    say("registry {0}: {1}".format(REGISTRY, inspect(container_of("registry"))[0] or "not there"))
    say("VPN provider {0}: {1}".format(PROVIDER, inspect(container_of("vpn"))[0] or "not there"))
    hosts = dict({name: host["address"] for name, host in HOSTS.items()}, **extra_hosts())
    for name, address in hosts.items():
        say("{0} {1}: {2}".format(name, address, inspect(container_of(name))[0] or "not there"))


def execute(host, words):
    ensure_root()
    words = words[1:] if words[:1] == ["--"] else words
    if not words:
        raise LabError("no command: write it after --, as in `lab.py exec {0} -- docker ps`".format(host))
    if inspect(container_of(host))[0] != "running":
        raise LabError("the host {0} does not run: `lab.py up` starts the lab".format(host))
    return subprocess.run(sudo(["docker", "exec", "-i", container_of(host)] + words), check=False).returncode


def parse(arguments=None):
    parser = argparse.ArgumentParser(prog="lab.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in ("up", "build", "status", "down"):
        commands.add_parser(name)
    for name in ("clean", "reset"):
        commands.add_parser(name).add_argument("hosts", nargs="*", metavar="HOST")
    host = commands.add_parser("host")
    host.add_argument("name")
    host.add_argument("--user", choices=["root", "media"], default="root")
    inside = commands.add_parser("exec")
    inside.add_argument("host")
    inside.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    other = commands.add_parser("registry-tag", aliases=["alias"])
    other.add_argument("app")
    other.add_argument("version")
    return parser.parse_args(arguments)


def main(arguments=None):
    chosen = parse(arguments)
    try:
        if NAME.startswith("homelab-lab-"):
            raise LabError("HOMELAB_LAB_NAME may not start with homelab-lab-, which is how the parts of the first lab are called: take another name")
        if chosen.command in ("clean", "reset"):
            {"clean": clean, "reset": reset}[chosen.command](chosen.hosts)
        elif chosen.command == "host":
            add_host(chosen.name, chosen.user)
        elif chosen.command == "exec":
            return execute(chosen.host, chosen.words)
        elif chosen.command in ("registry-tag", "alias"):
            registry_tag(chosen.app, chosen.version)
        elif chosen.command == "build":
            with locked():
                ensure_engine()
                build()
        else:
            {"up": up, "down": down, "status": status}[chosen.command]()
    except LabError as error:
        print("lab: " + str(error), file=sys.stderr)
        return 1
    except PermissionError as error:
        print("lab: {0} belongs to somebody else: run this as the user who made it, or remove {1}".format(error.filename, STATE), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: stopped; the next run goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
