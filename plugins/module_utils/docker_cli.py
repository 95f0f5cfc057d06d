# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker through its command line: works before anything of ours is installed, with every Engine from 20.10 on."""
from __future__ import annotations

import json
import os
import shutil

LABEL = "homelab.media."
SHOWN_LABELS = (LABEL, "com.docker.compose.")
# Settings of the user's shell that would let Compose remove, or complain about, what this collection does not know.
COMPOSE_ENVIRONMENT = {"COMPOSE_REMOVE_ORPHANS": "0", "COMPOSE_IGNORE_ORPHANS": "1", "COMPOSE_PROFILES": ""}


class DockerProblem(Exception):
    """What Docker could not do, with its own last line."""


def last_line(text):
    """The last line of an output that says something; progress bars and hints are not it."""
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def compose_up(project, directory, services):
    """The arguments of C(docker) that make some services of a project anew, without touching the others.

    They are made anew in any case: what differs was decided before, and Compose does not see a namespace that its gateway left.
    """
    return ["compose", "--ansi", "never", "--project-name", project, "--project-directory", directory,
            "-f", os.path.join(directory, "compose.yml"), "up", "--detach", "--no-deps", "--force-recreate"] + list(services)


class Docker:
    """The Docker command of a host.

    :param run: A function like C(AnsibleModule.run_command): takes a list, returns code, output, errors.
    """

    def __init__(self, run):
        self._run = run
        self.path = shutil.which("docker", path=os.environ.get("PATH", "") + ":/usr/local/bin:/usr/bin:/bin:/snap/bin")

    def call(self, *arguments, **options):
        """Run a command and return code, output, errors."""
        if self.path is None:
            return 127, "", "docker is not installed"
        return self._run([self.path] + [str(item) for item in arguments], **options)

    def ask(self, what, *arguments):
        """Run a command that has to work and return its output.

        :raises DockerProblem: with what was being done and Docker's answer.
        """
        code, output, errors = self.call(*arguments)
        if code:
            raise DockerProblem("{0}: {1}".format(what, last_line(errors or output)))
        return output

    def inspect(self, kind, names):
        """Inspect objects in one call; those that are not there are left out.

        :param kind: C(container), C(image) or C(network).
        :return: A list of what Docker tells of each.
        """
        if not names:
            return []
        code, output, errors = self.call(kind, "inspect", *names)
        try:
            return json.loads(output or "[]")
        except ValueError:
            raise DockerProblem("looking at the {0}s: {1}".format(kind, last_line(errors or output))) from None

    def info(self):
        """What C(docker info) tells: of the command only when the daemon does not answer, empty without a command."""
        dummy, output, dummy_errors = self.call("info", "--format", "{{json .}}")
        try:
            found = json.loads(output)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def containers(self):
        """All containers, running or not, by name.

        :raises DockerProblem: when the daemon does not answer.
        """
        names = self.ask("listing the containers", "ps", "-a", "--format", "{{.ID}}").split()
        return {item["Name"].lstrip("/"): item for item in self.inspect("container", names)}


def labels_of(container):
    """The labels of ours and of Compose; others are nobody's business."""
    labels = (container.get("Config") or {}).get("Labels") or {}
    return {key: value for key, value in labels.items() if key.startswith(SHOWN_LABELS)}


def describe(container):
    """A container as the plan sees it, without the values of its environment."""
    state = container.get("State") or {}
    config = container.get("Config") or {}
    host = container.get("HostConfig") or {}
    ports = []
    for inner, bindings in (host.get("PortBindings") or {}).items():
        number, slash, proto = inner.partition("/")
        for binding in bindings or []:
            ports.append({"target": int(number), "proto": proto or "tcp", "bind": binding.get("HostIp") or "0.0.0.0",
                          "published": int(binding.get("HostPort") or 0)})
    return {
        "id": container.get("Id"),
        "image": config.get("Image"),
        "image_id": container.get("Image"),
        "image_version_label": (config.get("Labels") or {}).get("org.opencontainers.image.version"),
        "state": state.get("Status"),
        "started_at": state.get("StartedAt"),
        "health": (state.get("Health") or {}).get("Status"),
        "error": state.get("Error") or "",
        "labels": labels_of(container),
        "network_mode": host.get("NetworkMode"),
        "ports": ports,
        "mounts": [{"source": mount.get("Source"), "destination": mount.get("Destination"), "rw": mount.get("RW", True)}
                   for mount in container.get("Mounts") or []],
        "variables": sorted(item.partition("=")[0] for item in config.get("Env") or []),
        "addresses": {name: network.get("IPAddress") for name, network in
                      ((container.get("NetworkSettings") or {}).get("Networks") or {}).items() if network.get("IPAddress")},
        "restart_count": container.get("RestartCount") or 0,
    }
