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
HIDDEN = "(secret)"
NAMESPACE_ERRORS = ("cannot join network", "No such container")
# What `docker compose up` brings about. A start or restart of the same container is a plain Docker command.
BY_COMPOSE = ("create", "recreate", "adopt", "move")
STARTING = BY_COMPOSE + ("start", "restart")


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


def is_leftover(name, container):
    """Whether a container is what a killed C(docker compose up) left of one of ours: made anew, but not named yet."""
    instance = (container.get("labels") or {}).get(LABEL_INSTANCE)
    return bool(instance) and re.match(r"^[0-9a-f]{12}_" + re.escape(instance) + "$", name) is not None


def decide(projects, containers, digests, adopt=(), absent=(), edited=()):
    """Compare what is wanted with what is there.

    :param projects: C({name, services: [{name, container, image, state, netns, gateway}]}).
    :param containers: Name to container as C(docker_cli.describe) tells it.
    :param digests: Instance to the digest it should carry.
    :param adopt: Names of foreign containers that may be replaced.
    :param absent: C({container, project, reason}) to remove.
    :param edited: Services whose definition was another one, so that their containers may have been made from that.
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
        renewed = {}
        gateways = [service for service in project["services"] if service.get("gateway")]
        others = [service for service in project["services"] if not service.get("gateway")]
        for service in gateways + others:
            action, reason = _one(project["name"], service, containers, digests, adopt, renewed, edited)
            if action == "foreign":
                problems.append((service["name"], reason))
            elif action:
                actions.append(Action(project["name"], service["name"], action, reason))
                if service.get("gateway") and action in STARTING:
                    renewed[service["name"]] = action
    return actions, problems


def _one(project, service, containers, digests, adopt, renewed, edited):
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
    if service["name"] in edited:
        return "recreate", "somebody else changed its definition in compose.yml"
    if service.get("netns"):
        stale = _namespace(container, containers.get(service["netns"]), renewed.get(service["netns"]), service["netns"])
        if stale:
            return stale
    if not running:
        if any(text in container.get("error", "") for text in NAMESPACE_ERRORS):
            return "recreate", "its network namespace is gone"
        return "start", "it does not run"
    return None, ""


def _namespace(container, gateway, renewed, name):
    """Whether a dependent still lives in its gateway's network namespace, which every start of the gateway makes anew.

    The dependent holds the gateway's id since it was created. With the same id a restart joins the new namespace; with another one
    Docker cannot start it at all, so that it has to be made anew.

    :param renewed: What is done with the gateway in this run.
    """
    if renewed in BY_COMPOSE:
        return "recreate", "{0} is made anew".format(name)
    if gateway is None:
        return None
    mode = container.get("network_mode") or ""
    if mode != "container:{0}".format(gateway.get("id")):
        return "recreate", "it is not in the network namespace of {0}".format(name)
    if renewed and container.get("state") == "running":
        return "restart", "{0} is started, its network namespace is a new one".format(name)
    if gateway.get("state") == "running" and container.get("state") == "running" \
            and instant(container.get("started_at")) < instant(gateway.get("started_at")):
        return "restart", "{0} was restarted, its network namespace is a new one".format(name)
    return None


def repair(container, gateway, name):
    """What brings a dependent back into the network namespace of its gateway, while nobody changes anything.

    What its user stopped stays stopped; what Docker could not start, because there was no namespace to join, does not.

    :param container: The dependent as C(docker_cli.describe) tells it.
    :param gateway: The gateway likewise, or none.
    :param name: The gateway's name.
    :return: C((action, reason)), where the action is C(restart) or C(recreate), or none.
    """
    if not gateway or gateway.get("state") != "running":
        return None
    if container.get("state") not in ("running", "restarting"):
        failed = any(text in container.get("error", "") for text in NAMESPACE_ERRORS)
        return ("recreate", "Docker could not start it without {0}".format(name)) if failed else None
    return _namespace(container, gateway, None, name)


HEX = re.compile(r"\b[0-9a-fA-F]{32,}\b")
LOGIN = re.compile(r"://[^/@\s]+@")
NAMED = re.compile(r"""(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|[a-z_]*key)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|\S+)""")
# What Compose says of an environment file that it cannot read holds the line itself.
PARSING = re.compile(r"(unexpected character|unterminated quoted value|in variable name|invalid template|invalid interpolation format).*", re.S)


def redact(text, values=()):
    """A line of somebody else's output without what may be a secret.

    :param values: Values that must not be seen, such as those of a container's environment.
    """
    for value in sorted({str(value) for value in values}, key=len, reverse=True):
        if len(value) >= 6:
            text = text.replace(value, HIDDEN)
    text = PARSING.sub(r"\1", text)
    text = LOGIN.sub("://{0}@".format(HIDDEN), text)
    text = NAMED.sub(r"\1" + HIDDEN, text)
    return HEX.sub(HIDDEN, text)[:300]
