# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recyclarr, which has no API: one sync, run in its container, when what it is to bring about has changed.

Facts, of Recyclarr 8.7.1: SyncCommand.cs, LogSetup.cs (C([INF] instance: text)), BaseCommandSettings.cs (it logs where there is no terminal). Its exit
code is 0 also where an instance was left out because of its configuration, so the output is what counts: CompositeSyncPipeline.cs ends each with
C(Completed at).
"""
from __future__ import annotations

import json
import re
import subprocess
import time

from ansible_collections.homelab.media.plugins.module_utils.docker_cli import Docker, describe, last_line
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker, texts_of

# Seconds for a sync. The first one clones the guides, maybe through a tunnel.
SYNC = 300
# Seconds for Docker to tell about a container.
ASK = 60
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LINE = re.compile(r"^\[(ERR|FTL|WRN)\]\s*(\S.*)$", re.M)
COMPLETED = re.compile(r"^\[INF\]\s*(.+?): Completed at\b", re.M)
NO_PROGRAM = (126, 127)
# Of C(timeout), as GNU and as BusyBox have it.
TOO_LONG = (124, 143)


def execute(command, timeout=ASK):
    """Run a command like C(AnsibleModule.run_command), which threads cannot share, and with a limit in seconds."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return TOO_LONG[0], "", "no answer within {0} seconds".format(timeout)
    except OSError as error:
        return NO_PROGRAM[1], "", str(error)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def judge(code, output, instances):
    """What a sync did.

    :param output: Everything that it said.
    :param instances: The names of those that it was to bring up to date.
    :return: The instances that are done, and what it complains about, empty when nothing is wrong.
    """
    text = COLOUR.sub("", output).replace("\r", "")
    complaints = [message.strip() for level, message in LINE.findall(text) if level != "WRN" or "invalid" in message.lower()]
    done = set(COMPLETED.findall(text)) - {name for name in instances if any(message.startswith(name + ":") for message in complaints)}
    missing = [name for name in instances if name not in done]
    if code or complaints or missing:
        said = "; ".join(dict.fromkeys(complaints)) or (last_line(text) if code else "it left out {0}".format(" and ".join(missing)))
        return done, " ".join(said.split())[:400]
    return done, ""


class RecyclarrClient:
    """The program in its container; the same to a worker as a C(client.ApiClient).

    :param url: C(docker://) and the name of the container.
    """

    def __init__(self, url, app=None, name=None, validate_certs=True, ca_path=None, timeout=30, wait_timeout=120):
        self.url = url
        self.container = url.rpartition("/")[2]
        self.app = app
        self.name = self.key = name or self.container
        self.timeout = timeout
        self.wait_timeout = wait_timeout
        self.secrets = set()
        self.requests = 0
        self.docker = Docker(execute)

    def connect(self):
        """Wait until its container runs.

        :raises MediaError: when it does not.
        """
        deadline = time.monotonic() + self.wait_timeout
        what = "connecting to {0}".format(self.name)
        while True:
            code, output, errors = self.docker.call("container", "inspect", self.container)
            if code and "no such container" not in errors.lower():
                raise MediaError("{0}: {1}; look whether Docker runs".format(what, last_line(errors or output).rstrip(".")), unreachable=True)
            found = json.loads(output) if not code else []
            state = describe(found[0])["state"] if found else None
            if state == "running":
                return state
            if time.monotonic() + 1 > deadline:
                raise MediaError("{0}: its container {1} {2}; see 'docker logs {1}'".format(
                    what, self.container, "is {0}".format(state) if state else "is not there"), unreachable=True)
            time.sleep(1)

    def sync(self, instances, where):
        """Bring instances up to date.

        :param instances: Their names, as in its configuration.
        :raises MediaError: with what it said; C(links) tells which are done.
        """
        self.requests += 1
        # The limit holds inside of the container too, where nobody else would end it.
        only = [word for name in instances for word in ("--instance", name)]
        code, output, errors = self.docker.call("exec", "--env", "NO_COLOR=1", self.container, "timeout", SYNC, "recyclarr", "sync", *only,
                                                timeout=SYNC + 30)
        done, said = judge(code, output + "\n" + errors, instances)
        if not said:
            return
        if code in TOO_LONG:
            said = "it did not end within {0} seconds".format(SYNC)
        problem = MediaError("{0} did not work: {1}; correct its settings, or see 'docker exec {2} recyclarr sync'".format(
            where, said.rstrip("."), self.container))
        problem.links = [(name, "changed" if name in done else "failed") for name in instances]
        raise problem


class RecyclarrWorker(Worker):
    """What Recyclarr brings into the apps."""

    links = ("recyclarr_sync",)

    def do_recyclarr_sync(self, wish):
        """One run for all instances, unless the last one that worked was for the same.

        :param wish: C(instances), each with C(name), and everything that its configuration says of it.
        """
        instances = sorted(wish["instances"], key=lambda item: item["name"])
        names = [item["name"] for item in instances]
        self.client.secrets.update(texts_of([item.get("api_key") for item in instances]))
        key, value = "|".join((self.client.key, "recyclarr_sync", "", "instances")), json.dumps(instances, sort_keys=True)
        if self.ledger.knows(key, value):
            return dict(self.change("recyclarr_sync", "recyclarr_sync", None), links=[(name, "ok") for name in names])
        if not self.check_mode:
            self.client.sync(names, self.where)
            self.ledger.record(key, value)
        done = self.change("recyclarr_sync", "recyclarr_sync", "update", {}, {"instances": names}, {"instances": names})
        return dict(done, links=[(name, "changed") for name in names])
