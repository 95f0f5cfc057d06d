# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the services that are wanted and the containers that are there: a pure decision, the same in check mode."""
from __future__ import annotations

import re
from dataclasses import dataclass

LABEL_INSTANCE = "homelab.media.instance"
LABEL_DIGEST = "homelab.media.digest"
LABEL_PROJECT = "com.docker.compose.project"
NAMESPACE_ERRORS = ("cannot join network", "No such container")
# What `docker compose up` brings about, and what takes a plain Docker command.
BY_COMPOSE = ("create", "recreate", "adopt", "move", "start")


@dataclass(frozen=True)
class Action:
    """One thing to do with one service, and why."""

    project: str
    service: str
    action: str   # create recreate adopt move start restart stop remove
    reason: str


def instant(text):
    """A time of Docker's as a tuple that compares: it cuts trailing zeros of the fraction, so text does not."""
    match = re.match(r"^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?", str(text or ""))
    if not match:
        return ()
    return tuple(int(part) for part in match.groups()[:6]) + ((match.group(7) or "").ljust(9, "0")[:9],)


def is_ours(container, name):
    return (container.get("labels") or {}).get(LABEL_INSTANCE) == name


def decide(projects, containers, digests, adopt=(), absent=()):
    """Compare what is wanted with what is there.

    :param projects: C({name, services: [{name, container, image, state, netns, gateway}]}).
    :param containers: Name to container as C(docker_cli.describe) tells it.
    :param digests: Instance to the digest it should carry.
    :param adopt: Names of foreign containers that may be replaced.
    :param absent: C({container, project, reason}) to remove.
    :return: The actions in order, and the problems as C((service, sentence)).
    """
    actions, problems = [], []
    for entry in absent:
        container = containers.get(entry["container"])
        if container is None or entry.get("reason") == "moved":
            continue
        if is_ours(container, entry["container"]):
            actions.append(Action(entry["project"], entry["container"], "remove", "state is absent"))
        else:
            problems.append((entry["container"], "the container {0} is not ours and is left alone; remove it yourself".format(entry["container"])))
    for project in projects:
        renewed = set()
        gateways = [service for service in project["services"] if service.get("gateway")]
        others = [service for service in project["services"] if not service.get("gateway")]
        for service in gateways + others:
            action, reason = _one(project["name"], service, containers, digests, adopt, renewed)
            if action == "foreign":
                problems.append((service["name"], reason))
            elif action:
                actions.append(Action(project["name"], service["name"], action, reason))
                if service.get("gateway") and action in BY_COMPOSE + ("restart",):
                    renewed.add(service["name"])
    return actions, problems


def _one(project, service, containers, digests, adopt, renewed):
    """What to do with one service."""
    name = service["container"]
    container = containers.get(name)
    wanted = service.get("state", "started")
    if container is None:
        return ("create", "there is no container") if wanted == "started" else (None, "")
    if not is_ours(container, name):
        if name in adopt:
            return ("adopt", "takes over its configuration") if wanted == "started" else (None, "")
        return "foreign", "a container named {0} is there and is not ours; stop and remove it, or set adopt: true".format(name)
    running = container.get("state") in ("running", "restarting")
    if wanted == "stopped":
        return ("stop", "state is stopped") if running else (None, "")
    labels = container.get("labels") or {}
    if labels.get(LABEL_PROJECT) not in (None, project):
        return "move", "moves from the project {0}".format(labels.get(LABEL_PROJECT))
    if container.get("image") != service["image"]:
        return "recreate", "the image is {0}".format(service["image"])
    if labels.get(LABEL_DIGEST) != digests.get(service["name"]):
        return "recreate", "its configuration changed"
    if service.get("netns"):
        stale = _namespace(container, containers.get(service["netns"]), service["netns"] in renewed, service["netns"])
        if stale:
            return stale
    if not running:
        if any(text in container.get("error", "") for text in NAMESPACE_ERRORS):
            return "recreate", "its network namespace is gone"
        return "start", "it does not run"
    return None, ""


def _namespace(container, gateway, renewed, name):
    """Whether a dependent still lives in its gateway's network namespace, which every start of the gateway makes anew."""
    if renewed:
        return "recreate", "{0} is started anew".format(name)
    if gateway is None:
        return None
    mode = container.get("network_mode") or ""
    if mode != "container:{0}".format(gateway.get("id")):
        return "recreate", "it is not in the network namespace of {0}".format(name)
    if gateway.get("state") == "running" and container.get("state") == "running" \
            and instant(container.get("started_at")) < instant(gateway.get("started_at")):
        return "restart", "{0} was restarted, its network namespace is a new one".format(name)
    return None
