# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof that a deployed host does what its plan says: addresses, tunnel, ports, namespaces, links, hardlinks, names. Every check yields rows.

A row is C({check, where, verdict, reason}) with the verdict C(ok), C(failed) or C(skipped); the reason says what was seen, or what to do.
"""
from __future__ import annotations

import ipaddress
import re
import subprocess

from ansible_collections.homelab.media.plugins.module_utils.addresses import at
from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient
from ansible_collections.homelab.media.plugins.module_utils.docker_cli import DockerProblem, describe, last_line
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError, hidden_values, redact
from ansible_collections.homelab.media.plugins.module_utils.families import credentials_of, family_of
from ansible_collections.homelab.media.plugins.module_utils.files import FileProblem
from ansible_collections.homelab.media.plugins.module_utils.gluetun import GluetunClient, inspect
from ansible_collections.homelab.media.plugins.module_utils.hardlinks import prove
from ansible_collections.homelab.media.plugins.module_utils.qbittorrent import PREFERENCES
from ansible_collections.homelab.media.plugins.module_utils.stack import instant
from ansible_collections.homelab.media.plugins.module_utils.worker import ODD, resolve

OK, FAILED, SKIPPED = "ok", "failed", "skipped"
ADDRESS, INSIDE, INTERFACE, PORT = "public address", "public address inside", "tunnel interface", "forwarded port"
NAMESPACE, APP, LINK, HARDLINK, NAMES, STATE = "network namespace", "app", "link", "hardlink", "names", "state"
# Seconds that one command inside a container may take.
PATIENCE = 30
# What asks for an address, whichever of them an image has. The last argument is the URL.
ASKING = (
    ("curl", "-fsSL", "-m", "15"),
    ("wget", "-q", "-O", "-", "-T", "15"),
    ("python3", "-c", "import sys, urllib.request; print(urllib.request.build_opener().open(sys.argv[1], timeout=15).read(500).decode())"),
)
# What resolves a name as the programs of the image do.
RESOLVING = (
    ("getent", "hosts"),
    ("python3", "-c", "import socket, sys; print(socket.getaddrinfo(sys.argv[1], None)[0][4][0])"),
)
# How Docker answers for a program that the image does not have: not executable, not found.
NO_PROGRAM = (126, 127)


def row(check, where, verdict, reason=""):
    """One line of the table."""
    return {"check": check, "where": where, "verdict": verdict, "reason": reason}


def run_command(command, timeout=PATIENCE):
    """A command's code, output and errors; it ends after C(timeout) seconds."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return 124, "", "no answer within {0} seconds".format(timeout)
    except OSError as error:
        return 127, "", error.strerror or type(error).__name__
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def address_in(text):
    """The first IP address in an answer, whether it is plain text or JSON; empty when there is none."""
    for word in re.findall(r"[0-9A-Fa-f:.]{3,}", str(text)):
        try:
            return str(ipaddress.ip_address(word.strip(".")))
        except ValueError:
            continue
    return ""


class PlainClient(ApiClient):
    """Something on the internet that tells its caller's address, in text or JSON."""

    def connect(self):
        """The address that it sees.

        :raises MediaError: when it does not answer, or with something else.
        """
        what = "asking {0} for the host's own public address".format(self.url)
        response = self._send("GET", "", None, None, what)
        found = address_in(response.text[:500]) if response.status_code == 200 else ""
        if not found:
            raise MediaError("{0}: it answers with no address ({1})".format(what, response.status_code))
        return found


def own_address(url, timeout):
    """The public address of the host itself.

    :return: The address and an empty text, or an empty text and why it is not known.
    """
    try:
        return PlainClient(url, timeout=timeout, wait_timeout=0).connect(), ""
    except MediaError as error:
        return "", str(error)


def compared(check, where, seen, own, whose):
    """Whether an address that others see is another one than the host's.

    :param whose: What has the address, for the sentence.
    """
    if seen == own:
        return row(check, where, FAILED, "{0} has the host's own public address {1}, so it does not go through the tunnel; stop it, and run site.yml".format(
            whose, own))
    return row(check, where, OK, "{0}, and the host has {1}".format(seen, own))


class Verifier:
    """All checks of one host.

    :param spec: From the plan: C(gateways), C(dependents), C(torrents), C(apps), C(proof), C(names), C(stopped).
    :param docker: A C(docker_cli.Docker) whose runner takes a command only.
    :param where: Container to its own address, for those that publish no port.
    :param params: The module's options.
    :param check_mode: Nothing is written, and nobody else is made to write.
    """

    def __init__(self, spec, docker, where, params, check_mode=False):
        self.spec, self.docker, self.where, self.params, self.check_mode = spec, docker, where, params, check_mode
        self.secrets = params.get("secrets") or {}
        self.hide = hidden_values(self.secrets)
        self.told = {}
        self.own, self.unknown = "", ""

    def guarded(self, check, where, action, *arguments):
        """The rows of one check; every way to fail is a row."""
        try:
            found = action(*arguments)
        except MediaError as error:
            found = [row(check, where, FAILED, str(error))]
        except DockerProblem as error:
            found = [row(check, where, FAILED, str(error))]
        except ODD as error:
            found = [row(check, where, FAILED, "it answers what is not expected ({0}: {1}); look whether its version is one that is supported".format(
                type(error).__name__, error))]
        return [dict(entry, reason=redact(entry["reason"], self.hide)) for entry in found]

    def client(self, entry, url, family, app):
        """A client of an app of the plan.

        :raises MediaError: when its container does not run, or a credential is not known.
        """
        name = entry["name"]
        url = at(url, entry.get("container"), self.where)
        if url is None:
            raise MediaError("connecting to {0}: its container {1} does not run; see 'docker logs {1}'".format(name, entry["container"]))
        return family.client(url, app=app, name=name, timeout=self.params["timeout"], wait_timeout=self.params["wait_timeout"],
                             **credentials_of(entry, family, self.secrets, "connecting to {0}".format(name)))

    # -- the gateway

    def prepare(self):
        """What several checks need, asked once: the host's own address, and what each gateway tells."""
        if not self.spec.get("gateways"):
            return []
        self.own, self.unknown = own_address(self.params["ip_url"], min(self.params["timeout"], 20))
        for entry in self.spec["gateways"]:
            try:
                url = at(entry["url"], entry.get("container"), self.where)
                if url is None:
                    raise MediaError("connecting to {0}: its container does not run; see 'docker logs {0}'".format(entry["name"]))
                key = resolve(entry["api_key"], self.secrets, "connecting to {0}".format(entry["name"])) if entry.get("api_key") else None
                client = GluetunClient(url, key, app="gluetun", name=entry["name"], timeout=self.params["timeout"], wait_timeout=self.params["wait_timeout"])
                status = client.connect()
                self.told[entry["name"]] = dict(inspect(client), status=status["status"])
            except MediaError as error:
                self.told[entry["name"]] = error
            except ODD as error:
                self.told[entry["name"]] = MediaError("{0}: its control server answers what is not expected ({1})".format(entry["name"], type(error).__name__))
        return []

    def gateway_says(self, name):
        """What a gateway told.

        :raises MediaError: when it did not.
        """
        told = self.told.get(name)
        if isinstance(told, MediaError):
            raise told
        return told or {"public_ip": "", "port": 0, "status": "unknown"}

    def public_address(self, entry):
        """What the control server says that the world sees."""
        name, told = entry["name"], self.gateway_says(entry["name"])
        if told["status"] != "running" or not told["public_ip"]:
            return [row(ADDRESS, name, FAILED, "the tunnel is not up (it is {0}, and the gateway knows no public address); see 'docker logs {1}'".format(
                told["status"], name))]
        if not self.own:
            return [row(ADDRESS, name, FAILED, "the gateway has {0}, and what the host has is not known: {1}; name another service with verify_ip_url".format(
                told["public_ip"], self.unknown))]
        return [compared(ADDRESS, name, told["public_ip"], self.own, "the gateway")]

    def address_inside(self, entry):
        """What the world sees of a dependent, asked from inside: the namespace is one, so the first container that can ask speaks for all."""
        name, url = entry["name"], self.params["ip_url_inside"] or self.params["ip_url"]
        if not self.own:
            return [row(INSIDE, name, SKIPPED, "what the host has is not known")]
        for container in list(entry.get("dependents") or []) + [name]:
            for program in ASKING:
                code, output, errors = self.docker.call("exec", container, *program, url)
                if code in NO_PROGRAM:
                    continue
                if "is not running" in errors or "No such container" in errors:
                    break
                found = address_in(output[:500])
                if code or not found:
                    return [row(INSIDE, container, FAILED, "asking {0} from inside of {1}: {2}; look whether the tunnel is up, or name another service with "
                                "verify_ip_url_inside".format(url, container, last_line(errors or output) if code else "it answers with no address"))]
                return [compared(INSIDE, container, found, self.own, container)]
        return [row(INSIDE, name, SKIPPED, "no container behind {0} runs that has curl, wget or python3".format(name))]

    # -- torrents

    def torrent(self, entry):
        """The interface that a torrent client is bound to, and the port that it listens on."""
        name = entry["name"]
        app = next((app for app in self.spec["apps"] if app["name"] == name), None)
        if app is None:
            return [row(INTERFACE, name, SKIPPED, "nothing is wired in it, so its login is not known")]
        client = self.client(app, app["url"], family_of(app["app"], name), app["app"])
        client.connect()
        preferences = client.read(PREFERENCES)
        bound, wanted = preferences.get("current_network_interface") or "", entry["interface"]
        found = [row(INTERFACE, name, OK, bound) if bound == wanted else row(
            INTERFACE, name, FAILED, "it is bound to {0} and not to {1}; set Options > Advanced > Network interface, or run site.yml".format(
                bound or "any interface", wanted))]
        if entry.get("forwarded"):
            found += self.guarded(PORT, name, self.forwarded_port, entry, preferences)
        return found

    def forwarded_port(self, entry, preferences):
        """Whether a torrent client listens where the provider forwards to."""
        name, told = entry["name"], self.gateway_says(entry["gateway"])
        port, listens = told["port"], preferences.get("listen_port")
        if not port:
            return [row(PORT, name, FAILED, "the provider forwards no port to {0}; look into 'docker logs {0}' whether its server forwards any".format(
                entry["gateway"]))]
        if listens != port or preferences.get("random_port"):
            return [row(PORT, name, FAILED, "it listens on {0}, and the provider forwards {1}; see 'docker logs {2}' for the command that hands it over".format(
                "a random port" if preferences.get("random_port") else listens, port, entry["gateway"]))]
        return [row(PORT, name, OK, str(port))]

    # -- containers

    def namespaces(self):
        """Whether every dependent lives in its gateway's namespace, in the current one, and nowhere else."""
        wanted = self.spec.get("dependents") or []
        if not wanted:
            return []
        names = sorted({entry["name"] for entry in wanted} | {entry["gateway"] for entry in wanted})
        seen = {item["Name"].lstrip("/"): describe(item) for item in self.docker.inspect("container", names)}
        return [row(NAMESPACE, entry["name"], *namespace(entry, seen)) for entry in wanted]

    def names(self, entry):
        """Whether the names that an app is to call resolve inside of its container."""
        container, missing = entry["container"], []
        for name in entry["names"]:
            for program in RESOLVING:
                code, output, errors = self.docker.call("exec", container, *program, name)
                if code in NO_PROGRAM:
                    continue
                if "is not running" in errors or "No such container" in errors:
                    return [row(NAMES, container, FAILED, "its container does not run; see 'docker logs {0}'".format(container))]
                if code or not output.strip():
                    missing.append(name)
                break
            else:
                return [row(NAMES, container, SKIPPED, "its image has neither getent nor python3")]
        if missing:
            return [row(NAMES, container, FAILED, "{0} {1} not resolve inside of it; look whether {2}, and at the DNS settings of its gateway".format(
                " and ".join(missing), "does" if len(missing) == 1 else "do", "that container runs" if len(missing) == 1 else "those containers run"))]
        return [row(NAMES, container, OK, ", ".join(entry["names"]))]

    # -- apps

    def app(self, entry):
        """Whether an app lets us in, and whether its links work by its own word."""
        name, family = entry["name"], family_of(entry["app"], entry["name"])
        client = self.client(entry, entry["url"], family, entry["app"])
        client.connect()
        found = [row(APP, name, OK, "answers, and takes its {0}".format("key" if "api_key" in family.needs else "login") if family.needs else "answers")]
        wishes = [resolve(wish, self.secrets, name) for wish in entry.get("links") or []]
        worker = family.worker(client, None, self.secrets, self.check_mode)
        try:
            links = worker.verify(wishes, dict(self.params, check_mode=self.check_mode))
        except MediaError as error:
            links = [(LINK, FAILED, str(error))]
        hide = client.secrets
        return found + [row(LINK, "{0} > {1}".format(name, link), verdict, redact(reason, hide)) for link, verdict, reason in links]

    # -- storage

    def hardlink(self, entry):
        """Whether a hardlink works from a download directory to a library, made by those who will make it."""
        where = "{path} > {target}".format(**entry)
        users = "{uid}:{gid}, {target_uid}:{target_gid}".format(**entry)
        if self.check_mode:
            return [row(HARDLINK, where, SKIPPED, "a file would have to be made, which check mode does not")]
        try:
            prove(entry)
        except FileProblem as error:
            return [row(HARDLINK, where, FAILED, str(error))]
        return [row(HARDLINK, where, OK, "as {0}".format(users))]

    def tasks(self):
        """All checks that can run side by side, each a function without arguments that returns rows."""
        spec, found = self.spec, []

        def add(check, where, action, *arguments):
            found.append(lambda: self.guarded(check, where, action, *arguments))

        for entry in spec.get("gateways") or []:
            add(ADDRESS, entry["name"], self.public_address, entry)
            add(INSIDE, entry["name"], self.address_inside, entry)
        for entry in spec.get("torrents") or []:
            add(INTERFACE, entry["name"], self.torrent, entry)
        add(NAMESPACE, "docker", self.namespaces)
        for entry in spec.get("apps") or []:
            add(APP, entry["name"], self.app, entry)
        for entry in spec.get("names") or []:
            add(NAMES, entry["container"], self.names, entry)
        return found

    def last(self):
        """What is not run side by side: the proofs have one file name, and fork."""
        found = []
        for entry in self.spec.get("proof") or []:
            found += self.guarded(HARDLINK, entry["path"], self.hardlink, entry)
        return found + [row(STATE, name, SKIPPED, "it is stopped, as the inventory says") for name in self.spec.get("stopped") or []]


def namespace(entry, seen):
    """Whether a dependent is in the current network namespace of its gateway and publishes nothing itself.

    :param seen: Name to container, as C(docker_cli.describe) tells it.
    :return: Verdict and reason.
    """
    name, holder = entry["name"], entry["gateway"]
    container, gateway = seen.get(name), seen.get(holder)
    if container is None or gateway is None:
        return FAILED, "there is no container {0}; run site.yml".format(name if container is None else holder)
    mode = container["network_mode"] or ""
    if mode != "container:{0}".format(gateway["id"]):
        held = "a namespace that is gone" if mode.startswith("container:") else "the network {0}".format(", ".join(sorted(container["addresses"])) or mode)
        return FAILED, "it holds {0} and not the namespace of {1}; stop it, and run site.yml".format(held, holder)
    if container["addresses"] or container["ports"]:
        return FAILED, "it has a network or a published port of its own beside {0}; stop it, and run site.yml".format(holder)
    for one, state in ((holder, gateway["state"]), (name, container["state"])):
        if state != "running":
            return FAILED, "{0} is {1}; see 'docker logs {0}'".format(one, state)
    if instant(container["started_at"]) < instant(gateway["started_at"]):
        return FAILED, "{0} was restarted after it, so its namespace is one that is gone; run site.yml".format(holder)
    return OK, "that of {0}".format(holder)
