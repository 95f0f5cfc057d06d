#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: compose_stack
short_description: Bring the compose projects of a host up where something differs
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Compares the wanted services with the containers that are there, pulls images that are missing, and calls C(docker compose up) for
    the services that differ only. With nothing to do it asks Docker three times and changes nothing.
  - A service differs when its container is missing, stopped, of another image or project, when the digest label of M(homelab.media.media_files)
    differs, when it is among O(edited), or when it lives in a network namespace that its gateway left behind.
  - Gateways come up first; their dependents follow when they are healthy.
  - Containers that are not ours are never touched, except those named in O(adopt). Volumes and directories are never removed.
  - One service that does not start does not keep the others from it.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  projects:
    description: The projects, each with C(name), C(directory) (which holds C(compose.yml)) and C(services).
    type: list
    elements: dict
    required: true
  networks:
    description: Networks that the projects share, each with C(name) and C(subnet). Created when missing, never changed or removed.
    type: list
    elements: dict
    default: []
  absent:
    description: Containers of ours to remove, each with C(container), C(project) and C(reason).
    type: list
    elements: dict
    default: []
  adopt:
    description: Foreign containers to replace, each with C(container).
    type: list
    elements: dict
    default: []
  digests:
    description: Instance to digest, from M(homelab.media.media_files).
    type: dict
    default: {}
  edited:
    description:
      - Services whose definition was another one before this run, from M(homelab.media.media_files). The digest of a container does not tell
        that somebody edited C(compose.yml) and brought it up.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: Seconds to wait for a gateway to become healthy.
    type: int
    default: 120
  settle:
    description: Wait, up to O(wait_timeout) seconds, until no service is starting any more. Not in check mode.
    type: bool
    default: false
  on_problem:
    description: Whether a service that does not start fails the task, or is only told in RV(problems).
    type: str
    choices: [fail, report]
    default: fail
"""

EXAMPLES = r"""
- name: Bring a project up
  homelab.media.compose_stack:
    projects:
      - name: homelab-example
        directory: /opt/homelab-media/homelab-example
        services:
          - {name: sonarr, container: sonarr, image: "lscr.io/linuxserver/sonarr:4.0.19", state: started}
    digests:
      sonarr: 3f0c1bd2a6f54f7f8a6f0a8a3c9d1e2b
"""

RETURN = r"""
actions:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{project: homelab-torrent, service: sonarr, action: recreate, reason: its configuration changed}]
services:
  description: State and health of every service after the run.
  type: dict
  returned: always
  sample: {sonarr: {state: running, health: healthy, image: "lscr.io/linuxserver/sonarr:4.0.19"}}
down:
  description: Services that should run and do not, after the run. Empty in check mode.
  type: list
  elements: str
  returned: always
  sample: []
problems:
  description: What did not work, each with C(service) and C(message).
  type: list
  elements: dict
  returned: always
  sample: []
"""

import time
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils.docker_cli import (
    COMPOSE_ENVIRONMENT,
    Docker,
    DockerProblem,
    compose_up,
    describe,
    last_line,
)
from ansible_collections.homelab.media.plugins.module_utils.stack import BY_COMPOSE, LABEL_INSTANCE, STARTING, decide, is_leftover, redact
from ansible_collections.homelab.media.plugins.module_utils.turns import CONTAINERS, turn

# Seconds after which a gateway that is not even running will not come any more.
GIVE_UP = 10
# Seconds to wait until the reconciler is done with a repair.
LOCK_TIMEOUT = 60


class Stack:
    """One run over all projects of a host."""

    def __init__(self, module, docker):
        self.module = module
        self.params = module.params
        self.docker = docker
        self.problems = []
        self.waiting = set()   # services that are not started because their gateway is not up
        self.services = {service["name"]: dict(service, project=project["name"], directory=project["directory"])
                         for project in self.params["projects"] for service in project["services"]}

    def problem(self, service, message):
        self.problems.append({"service": service, "message": message})

    def observe(self):
        """The containers that matter here, in one inspect call."""
        names = [service["container"] for service in self.services.values()] + [entry["container"] for entry in self.params["absent"]]
        return {item["Name"].lstrip("/"): describe(item) for item in self.docker.inspect("container", sorted(set(names)))}

    def missing_networks(self):
        there = {item["Name"] for item in self.docker.inspect("network", [entry["name"] for entry in self.params["networks"]])}
        return [entry for entry in self.params["networks"] if entry["name"] not in there]

    def create_network(self, entry):
        self.docker.ask("creating the network {0} ({1})".format(entry["name"], entry["subnet"]), "network", "create", "--subnet", entry["subnet"],
                        "--label", "homelab.media.network={0}".format(entry["name"]), entry["name"])

    def pull(self, names):
        """Pull images that are not here yet, two at a time.

        :return: Services whose image could not be had.
        """
        images = sorted({self.services[name]["image"] for name in names})
        here = set()
        for item in self.docker.inspect("image", images):
            here.update(item.get("RepoTags") or [])
            here.update(item.get("RepoDigests") or [])
        # An image of Docker Hub's library is inspected under a shorter name than it is asked for.
        wanted = [image for image in images if image not in here and not self.docker.inspect("image", [image])]

        def one(image):
            code, output, errors = self.docker.call("pull", "-q", image)
            return image, "" if code == 0 else redact(last_line(errors or output))

        failed = {}
        with ThreadPoolExecutor(2) as pool:
            for image, message in pool.map(one, wanted):
                if message:
                    failed[image] = message
        left = [name for name in names if self.services[name]["image"] in failed]
        for name in left:
            image = self.services[name]["image"]
            self.problem(name, "pulling {0}: {1}; check image, version and media_registry, then run again".format(image, failed[image]))
        return left

    def compose(self, project, directory, services):
        """``docker compose up`` for some services, without touching the others."""
        return self.docker.call(*compose_up(project, directory, services), environ_update=COMPOSE_ENVIRONMENT)

    def up(self, names):
        """Bring services up, project by project; where that fails, one by one, to find the one that it fails for.

        :return: Those that did not come up.
        """
        failed = {}
        for project in self.params["projects"]:
            mine = [service["name"] for service in project["services"] if service["name"] in names]
            if not mine or self.compose(project["name"], project["directory"], mine)[0] == 0:
                continue
            # Twice, since one may have waited for a port that another one gave up meanwhile.
            for dummy in (1, 2):
                failed.update({name: "" for name in mine})
                for name in mine:
                    code, output, errors = self.compose(project["name"], project["directory"], [name])
                    if code:
                        failed[name] = redact(last_line(errors or output))
                    else:
                        del failed[name]
                mine = [name for name in mine if name in failed]
        for name, message in failed.items():
            self.problem(name, "starting {0}: {1}; correct it and run again".format(name, message))
        return set(failed)

    def start(self, names, command):
        """Start or restart containers as they are; those that cannot be any more are made anew.

        :param command: C(start) or C(restart).
        :return: Those that did not come up.
        """
        def one(name):
            container = self.services[name]["container"]
            if command == "start":
                # No harm where it is not paused: the answer is not looked at.
                self.docker.call("unpause", container)
            code, dummy, dummy_errors = self.docker.call(command, container)
            return name if code else None

        with ThreadPoolExecutor(4) as pool:
            failed = [name for name in pool.map(one, names) if name]
        return self.up(failed)

    def leftovers(self):
        """Containers that a killed run was about to rename; Compose would go on with them under the wrong name."""
        listed = self.docker.ask("listing the containers", "ps", "-a", "--filter", "label=" + LABEL_INSTANCE, "--format", "{{.Names}}").split()
        return sorted(item["Name"].lstrip("/") for item in self.docker.inspect("container", [name for name in listed if "_" in name])
                      if is_leftover(item["Name"].lstrip("/"), describe(item)))

    def wait_healthy(self, gateways):
        """Wait until gateways are healthy; not for long on one that does not even run.

        :return: Those that did not become so.
        """
        begin = time.monotonic()
        waiting = set(gateways)
        state = {}
        while waiting:
            spent = time.monotonic() - begin
            seen = {item["Name"].lstrip("/"): describe(item) for item in
                    self.docker.inspect("container", sorted(self.services[name]["container"] for name in waiting))}
            for name in sorted(waiting):
                container = seen.get(self.services[name]["container"]) or {}
                state[name] = container.get("health") if container.get("state") == "running" else container.get("state") or "missing"
                if container.get("state") == "running" and container.get("health") in ("healthy", None):
                    waiting.discard(name)
            if not waiting or spent > self.params["wait_timeout"] \
                    or spent > GIVE_UP and not any(state[name] in ("starting", "unhealthy", "restarting") for name in waiting):
                break
            time.sleep(0.5)
        for name in sorted(waiting):
            self.problem(name, "the gateway {0} is {1} after {2} seconds, so nothing behind it was started{3}".format(
                name, state.get(name), int(time.monotonic() - begin), self.last_words(self.services[name]["container"])))
        return waiting

    def last_words(self, container):
        """The end of a container's log, without secrets, and where to find the rest."""
        hidden = [item.partition("=")[2] for entry in self.docker.inspect("container", [container])
                  for item in (entry.get("Config") or {}).get("Env") or []]
        code, output, errors = self.docker.call("logs", "--tail", "5", container)
        line = redact(last_line(errors.rstrip() or output), hidden) if code == 0 and (errors + output).strip() else ""
        return "{0}; see 'docker logs {1}'".format(", its log ends with: " + line if line else "", container)

    def remove(self, name, foreign=False):
        """Remove a container; its volumes and directories stay. An adopted app gets the time to close its database.

        :return: Whether it is gone.
        """
        self.docker.call("stop", "--time", "60" if foreign else "30", name)
        code, output, errors = self.docker.call("rm", "--force", name)
        # One that was made to remove itself is on its way out already.
        for dummy in range(20):
            if not self.docker.inspect("container", [name]):
                return True
            time.sleep(0.5)
        self.problem(name, "removing the container {0}: {1}; remove it yourself and run again".format(name, redact(last_line(errors or output))))
        return False

    def leaves_namespace(self, name, containers):
        """Whether a service moves onto or off a gateway: its ports move along, so the old container has to let go of them first."""
        container = containers.get(self.services[name]["container"])
        return container is not None and bool(self.services[name].get("netns")) != (container["network_mode"] or "").startswith("container:")

    def clear(self, name, action, containers):
        """Remove what stands in the way of a service that is to come up.

        :return: Whether nothing does any more.
        """
        if action in ("adopt", "move") or self.leaves_namespace(name, containers):
            return self.remove(self.services[name]["container"], foreign=action == "adopt")
        return True

    def apply(self, actions, containers):
        """Do what was decided, gateways before all others, and their dependents when they are healthy.

        What does not work for one service does not keep the others from it.

        :param containers: What was there before.
        """
        todo = {action.service: action.action for action in actions}
        for name, action in todo.items():
            if action == "remove":
                self.remove(name)
            elif action == "stop":
                code, output, errors = self.docker.call("stop", self.services[name]["container"])
                if code:
                    self.problem(name, "stopping {0}: {1}".format(name, redact(last_line(errors or output))))
        coming = [name for name, action in todo.items() if action in BY_COMPOSE]
        if coming:
            for name in self.leftovers():
                self.remove(name)
            left = set(self.pull(coming))
            coming = [name for name in coming if name not in left and self.clear(name, todo[name], containers)]

        def bring(names):
            """Bring services up by what was decided for each; those that did not come up."""
            return self.up([name for name in names if name in coming]) \
                | self.start([name for name in names if todo[name] == "start"], "start") \
                | self.start([name for name in names if todo[name] == "restart"], "restart")

        ready = coming + [name for name, action in todo.items() if action in ("start", "restart")]
        failed = bring([name for name in ready if self.services[name].get("gateway")])
        bring([name for name in ready if not self.services[name].get("netns") and not self.services[name].get("gateway")])
        dependents = [name for name in ready if self.services[name].get("netns")]
        gateways = {self.services[name]["netns"] for name in dependents if self.services[name]["netns"] in self.services}
        down = self.wait_healthy(gateways - failed) | gateways & failed
        self.waiting = {name for name in dependents if self.services[name]["netns"] in down}
        bring([name for name in dependents if name not in self.waiting])

    def settle(self):
        """Wait until the health of every service is known."""
        deadline = time.monotonic() + self.params["wait_timeout"]
        while True:
            containers = self.observe()
            if not any(container["health"] == "starting" and container["state"] == "running" for container in containers.values()) \
                    or time.monotonic() > deadline:
                return containers
            time.sleep(1)

    def verify(self, actions):
        """A container that was started and does not stay up is a problem."""
        told = {entry["service"] for entry in self.problems} | self.waiting
        names = [action for action in actions if action.action in STARTING and action.service not in told]
        if names:
            # Most of those that cannot run end within the first second.
            time.sleep(1)
        after = self.observe()
        for action in names:
            name = self.services[action.service]["container"]
            container = after.get(name) or {}
            # The count goes on when a container is started again, and begins anew with a new one.
            again = container.get("restart_count") and action.action in BY_COMPOSE
            if container.get("state") != "running" or again:
                self.problem(action.service, "{0} does not stay up: it is {1}{2}".format(
                    action.service, "restarted again and again" if again else container.get("state", "missing"),
                    self.last_words(name) if container else ""))
        return after


def shown(containers, service):
    """A service for the diff, in a word or two."""
    container = containers.get(service)
    return "absent" if container is None else "{0}, {1}".format(container.get("state"), container.get("image"))


def main():
    module = AnsibleModule(
        argument_spec={
            "projects": {"type": "list", "elements": "dict", "required": True},
            "networks": {"type": "list", "elements": "dict", "default": []},
            "absent": {"type": "list", "elements": "dict", "default": []},
            "adopt": {"type": "list", "elements": "dict", "default": []},
            "digests": {"type": "dict", "default": {}},
            "edited": {"type": "list", "elements": "str", "default": []},
            "wait_timeout": {"type": "int", "default": 120},
            "settle": {"type": "bool", "default": False},
            "on_problem": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
        },
        supports_check_mode=True,
    )

    def run(command, **options):
        try:
            return module.run_command(command, handle_exceptions=False, **options)
        except OSError as error:
            return 127, "", str(error)

    docker = Docker(run)
    stack = Stack(module, docker)
    result = {"changed": False, "actions": [], "services": {}, "down": [], "problems": stack.problems, "diff": {"before": {}, "after": {}}}
    try:
        code, output, errors = docker.call("version", "--format", "{{.Server.Version}}")
        if code and not module.check_mode:
            raise DockerProblem("asking Docker: {0}; start it and run again".format(last_line(errors or output)))
        containers = stack.observe() if code == 0 else {}
        networks = stack.missing_networks() if code == 0 else module.params["networks"]
        actions, problems = decide(module.params["projects"], containers, module.params["digests"],
                                   {entry["container"] for entry in module.params["adopt"]}, module.params["absent"], module.params["edited"])
        for service, message in problems:
            stack.problem(service, message)
        result["actions"] = [dict(vars(action)) for action in actions]
        result["changed"] = bool(actions or networks)
        for entry in networks:
            result["diff"]["before"][entry["name"]] = "absent"
            result["diff"]["after"][entry["name"]] = "network {0}".format(entry["subnet"])
        for action in actions:
            result["diff"]["before"][action.service] = shown(containers, action.service)
            result["diff"]["after"][action.service] = "{0}: {1}".format(action.action, action.reason)
        if not module.check_mode:
            for entry in networks:
                stack.create_network(entry)
            if actions:
                # The reconciler may be about to repair what this run makes anew.
                with turn(CONTAINERS, LOCK_TIMEOUT):
                    stack.apply(actions, containers)
                    containers = stack.verify(actions)
        if module.params["settle"] and not module.check_mode:
            containers = stack.settle()
        result["services"] = {name: {key: containers[service["container"]].get(key) for key in ("state", "health", "image")}
                              for name, service in stack.services.items() if service["container"] in containers}
        if not module.check_mode:
            result["down"] = sorted(name for name, service in stack.services.items() if service.get("state", "started") == "started"
                                    and (containers.get(service["container"]) or {}).get("state") != "running")
    except DockerProblem as error:
        stack.problem("docker", str(error))
        if module.params["on_problem"] == "fail":
            module.fail_json(msg=str(error), **result)
    if stack.problems and module.params["on_problem"] == "fail":
        module.fail_json(msg="; ".join(entry["message"] for entry in stack.problems), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
