# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_stack on a real Engine: what it makes, what it leaves alone, and what it repairs."""
from __future__ import annotations

import json
import os
import shutil
import signal
import time

import pytest
from hostdocker import IMAGE, PREFIX, SUBNET, docker, inspect
from hostruns import both, run, start

PING = {"test": ["CMD", "cat", "/tmp/ready"], "interval": "300ms", "retries": 3, "start_period": "30s"}


class Project:
    """A compose project that can be described anew for every run."""

    def __init__(self, directory, name=PREFIX + "one"):
        self.name, self.directory = name, directory / name
        self.services, self.bodies, self.digests = {}, {}, {}

    def service(self, short, digest="d1", tag="1", command="exec sleep 3600", gateway=False, netns=None, state="started", **body):
        name = PREFIX + short
        self.digests[name] = digest
        self.services[name] = {"name": name, "container": name, "image": f"{IMAGE}:{tag}", "state": state, "gateway": gateway,
                               "netns": PREFIX + netns if netns else None, "config_dir": "/nowhere"}
        self.bodies[name] = dict({
            "image": f"{IMAGE}:{tag}", "container_name": name, "command": ["sh", "-c", command], "init": True,
            "network_mode": f"service:{PREFIX}{netns}" if netns else "none",
            "labels": {"homelab.media.instance": name, "homelab.media.digest": digest}}, **body)
        return self

    def write(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "compose.yml").write_text(json.dumps({"name": self.name, "services": self.bodies}), encoding="utf-8")
        return {"name": self.name, "directory": str(self.directory), "services": list(self.services.values())}

    def options(self, **more):
        return dict({"projects": [self.write()], "digests": self.digests, "on_problem": "report", "wait_timeout": 20}, **more)


def gateway_project(directory):
    """A gateway that is healthy after a moment, two dependents, and one service beside them."""
    return Project(directory).service("gw", gateway=True, command="sleep 0.5; echo > /tmp/ready; exec sleep 3600", healthcheck=PING) \
        .service("dep1", netns="gw").service("dep2", netns="gw").service("solo")


def ids(*short):
    return {name: (inspect(PREFIX + name)["Id"], inspect(PREFIX + name)["State"]["StartedAt"]) for name in short}


def actions(result):
    return {entry["service"][len(PREFIX):]: entry["action"] for entry in result["actions"]}


def in_gateway(name):
    """Whether a container sees the very network namespace of the gateway."""
    def namespace(container):
        return os.readlink("/proc/{0}/ns/net".format(inspect(PREFIX + container)["State"]["Pid"]))
    return namespace(name) == namespace("gw")


pytestmark = pytest.mark.usefixtures("image", "cleanup")


def test_first_run_rerun_and_check_mode(tmp_path):
    options = gateway_project(tmp_path).options(networks=[{"name": PREFIX + "net", "subnet": SUBNET}])
    first = both("compose_stack", options)
    assert first["problems"] == []
    assert actions(first) == {"gw": "create", "dep1": "create", "dep2": "create", "solo": "create"}
    assert first["down"] == []
    assert in_gateway("dep1") and in_gateway("dep2")
    assert json.loads(docker("network", "inspect", PREFIX + "net"))[0]["IPAM"]["Config"] == [{"Subnet": SUBNET}]
    before = ids("gw", "dep1", "dep2", "solo")
    again = both("compose_stack", options)
    assert not again["changed"] and again["actions"] == [] and again["problems"] == []
    assert again["services"][PREFIX + "gw"] == {"state": "running", "health": "healthy", "image": IMAGE + ":1"}
    assert ids("gw", "dep1", "dep2", "solo") == before


def test_check_mode_makes_nothing(tmp_path):
    result = run("compose_stack", gateway_project(tmp_path).options(networks=[{"name": PREFIX + "net", "subnet": SUBNET}]), check=True)
    assert result["changed"] and len(result["actions"]) == 4
    assert PREFIX not in docker("ps", "-a", "--format", "{{.Names}}") and PREFIX not in docker("network", "ls", "--format", "{{.Name}}")


def test_only_what_differs_is_made_anew(tmp_path):
    project = gateway_project(tmp_path)
    run("compose_stack", project.options())
    before = ids("gw", "dep1", "dep2", "solo")
    project.service("solo", digest="d2").service("dep1", netns="gw", tag="2")
    changed = both("compose_stack", project.options())
    assert actions(changed) == {"solo": "recreate", "dep1": "recreate"} and changed["problems"] == []
    after = ids("gw", "dep1", "dep2", "solo")
    assert {name for name in before if before[name] != after[name]} == {"solo", "dep1"}
    assert inspect(PREFIX + "dep1")["Config"]["Image"] == IMAGE + ":2" and in_gateway("dep1")


@pytest.mark.parametrize("disturb, expected", [
    (["restart", "-t", "1", PREFIX + "gw"], {"dep1": "restart", "dep2": "restart"}),
    (["kill", PREFIX + "gw"], {"gw": "start", "dep1": "restart", "dep2": "restart"}),
    (["rm", "-f", PREFIX + "gw"], {"gw": "create", "dep1": "recreate", "dep2": "recreate"}),
    (["stop", "-t", "1", PREFIX + "dep1"], {"dep1": "start"}),
    (["pause", PREFIX + "solo"], {"solo": "start"}),
    (["rm", "-f", PREFIX + "dep2"], {"dep2": "create"}),
])
def test_a_disturbed_stack_is_repaired_in_one_run(tmp_path, disturb, expected):
    options = gateway_project(tmp_path).options()
    run("compose_stack", options)
    docker(*disturb)
    result = both("compose_stack", options)
    assert (actions(result), result["problems"], result["down"]) == (expected, [], [])
    assert in_gateway("dep1") and in_gateway("dep2")
    assert not both("compose_stack", options)["changed"]


def test_a_gateway_made_anew_elsewhere_takes_its_dependents_along(tmp_path):
    project = gateway_project(tmp_path)
    run("compose_stack", project.options())
    docker("compose", "-p", project.name, "-f", str(project.directory / "compose.yml"), "up", "-d", "--no-deps", "--force-recreate", PREFIX + "gw")
    result = both("compose_stack", project.options())
    assert actions(result) == {"dep1": "recreate", "dep2": "recreate"} and result["problems"] == []
    assert in_gateway("dep1") and in_gateway("dep2")


def test_a_changed_gateway_takes_its_dependents_along(tmp_path):
    project = gateway_project(tmp_path)
    run("compose_stack", project.options())
    project.service("gw", digest="d2", gateway=True, command="echo > /tmp/ready; exec sleep 3600", healthcheck=PING)
    result = both("compose_stack", project.options())
    assert actions(result) == {"gw": "recreate", "dep1": "recreate", "dep2": "recreate"} and result["problems"] == []
    assert in_gateway("dep1") and in_gateway("dep2")


def test_dependents_of_a_sick_gateway_are_not_started(tmp_path):
    project = gateway_project(tmp_path).service("gw", gateway=True, healthcheck=dict(PING, start_period="0s"))
    result = run("compose_stack", project.options(wait_timeout=6))
    assert [entry["service"] for entry in result["problems"]] == [PREFIX + "gw"]
    assert "unhealthy" in result["problems"][0]["message"] and "nothing behind it was started" in result["problems"][0]["message"]
    assert result["down"] == [PREFIX + "dep1", PREFIX + "dep2"]
    project.service("gw", gateway=True, command="echo > /tmp/ready; exec sleep 3600", healthcheck=PING, digest="d2")
    assert run("compose_stack", project.options())["down"] == []


def test_one_that_cannot_run_does_not_keep_the_others_from_it(tmp_path):
    project = Project(tmp_path).service("good").service("crash", command="echo password=correct-horse-4711 now >&2; sleep 0.2; exit 3") \
        .service("loop", command="exit 1", restart="always") \
        .service("broken", command="exec sleep 3600", volumes=["/proc/nowhere/x:/x"])
    project.services[PREFIX + "nopull"] = dict(project.services[PREFIX + "good"], name=PREFIX + "nopull", container=PREFIX + "nopull",
                                               image="127.0.0.1:9/none/such:1")
    project.bodies[PREFIX + "nopull"] = dict(project.bodies[PREFIX + "good"], image="127.0.0.1:9/none/such:1", container_name=PREFIX + "nopull")
    result = run("compose_stack", project.options())
    told = {entry["service"][len(PREFIX):]: entry["message"] for entry in result["problems"]}
    assert set(told) == {"crash", "loop", "broken", "nopull"}
    assert told["nopull"].startswith("pulling 127.0.0.1:9/none/such:1: ") and "media_registry" in told["nopull"]
    assert told["crash"].startswith(f"{PREFIX}crash does not stay up: it is exited, its log ends with: password=(secret) now")
    assert told["broken"].startswith(f"starting {PREFIX}broken: ")
    assert "correct-horse" not in result["_text"]
    assert all("\n" not in message for message in told.values())
    assert inspect(PREFIX + "good")["State"]["Running"]
    failed = run("compose_stack", project.options(on_problem="fail"))
    assert failed["failed"] and "pulling" in failed["msg"]


def test_a_file_that_compose_cannot_read_is_told_without_its_content(tmp_path):
    project = Project(tmp_path).service("good").service("bad", env_file=["bad.env"])
    project.write()
    (project.directory / "bad.env").write_text("KEY!='correct-horse-4711\n", encoding="utf-8")
    result = run("compose_stack", project.options())
    assert result["problems"] and "correct-horse" not in result["_text"]


def test_a_foreign_container_is_left_alone_or_adopted(tmp_path):
    docker("run", "-d", "--name", PREFIX + "app", "--init", "-v", f"{tmp_path}:/config", IMAGE + ":1", "sleep", "3600")
    mine = inspect(PREFIX + "app")["Id"]
    project = Project(tmp_path).service("app").service("other")
    result = both("compose_stack", project.options())
    assert actions(result) == {"other": "create"} and "adopt: true" in result["problems"][0]["message"]
    assert inspect(PREFIX + "app")["Id"] == mine
    adopted = both("compose_stack", project.options(adopt=[{"container": PREFIX + "app", "config_dir": str(tmp_path)}]))
    assert actions(adopted) == {"app": "adopt"} and adopted["problems"] == []
    assert inspect(PREFIX + "app")["Id"] != mine and tmp_path.is_dir()
    assert not both("compose_stack", project.options(adopt=[{"container": PREFIX + "app"}]))["changed"]


def test_adopting_one_that_removes_itself(tmp_path):
    docker("run", "-d", "--rm", "--name", PREFIX + "app", "--init", IMAGE + ":1", "sleep", "3600")
    result = run("compose_stack", Project(tmp_path).service("app").options(adopt=[{"container": PREFIX + "app"}]))
    assert (actions(result), result["problems"], result["down"]) == ({"app": "adopt"}, [], [])


def test_moving_to_another_project_and_away(tmp_path):
    one = Project(tmp_path).service("app").service("stays")
    run("compose_stack", one.options())
    two = Project(tmp_path, PREFIX + "two").service("app")
    del one.services[PREFIX + "app"], one.bodies[PREFIX + "app"]
    options = one.options()
    options["projects"].append(two.write())
    options["digests"] = dict(one.digests, **two.digests)
    before = ids("stays")
    result = both("compose_stack", options)
    assert actions(result) == {"app": "move"} and result["problems"] == []
    assert inspect(PREFIX + "app")["Config"]["Labels"]["com.docker.compose.project"] == PREFIX + "two"
    assert ids("stays") == before
    gone = both("compose_stack", one.options(absent=[{"container": PREFIX + "app", "project": PREFIX + "two", "reason": "state"}]))
    assert actions(gone) == {"app": "remove"} and PREFIX + "app" not in docker("ps", "-a", "--format", "{{.Names}}").split()
    assert not both("compose_stack", one.options(absent=[{"container": PREFIX + "app", "project": PREFIX + "two", "reason": "state"}]))["changed"]


def test_absent_spares_what_is_not_ours(tmp_path):
    docker("run", "-d", "--name", PREFIX + "app", "--init", IMAGE + ":1", "sleep", "3600")
    result = both("compose_stack", {"projects": [], "on_problem": "report",
                                    "absent": [{"container": PREFIX + "app", "project": "x", "reason": "state"}]})
    assert not result["changed"] and "not ours" in result["problems"][0]["message"]
    assert inspect(PREFIX + "app")["State"]["Running"]


def test_stopped_and_started_again(tmp_path):
    project = Project(tmp_path).service("app")
    run("compose_stack", project.options())
    mine = inspect(PREFIX + "app")["Id"]
    project.service("app", state="stopped")
    assert actions(both("compose_stack", project.options())) == {"app": "stop"}
    again = both("compose_stack", project.options())
    assert not again["changed"] and again["down"] == []
    project.service("app")
    assert actions(both("compose_stack", project.options())) == {"app": "start"}
    assert inspect(PREFIX + "app")["Id"] == mine


def test_what_a_killed_compose_left_is_cleared(tmp_path):
    project = Project(tmp_path).service("app")
    run("compose_stack", project.options())
    # Between making the new container and renaming it, the old one is gone already.
    docker("rename", PREFIX + "app", "0123456789ab_" + PREFIX + "app")
    docker("kill", "0123456789ab_" + PREFIX + "app")
    result = both("compose_stack", project.options())
    assert (actions(result), result["problems"], result["down"]) == ({"app": "create"}, [], [])
    assert "0123456789ab_" not in docker("ps", "-a", "--format", "{{.Names}}")


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 2.5])
def test_a_killed_run_is_completed_by_the_next(tmp_path, seconds):
    project = gateway_project(tmp_path)
    run("compose_stack", project.options())
    project.service("gw", digest="d2", gateway=True, command="echo > /tmp/ready; exec sleep 3600", healthcheck=PING).service("solo", digest="d2")
    process = start("compose_stack", project.options())
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    result = run("compose_stack", project.options())
    assert (result["problems"], result["down"]) == ([], [])
    assert in_gateway("dep1") and in_gateway("dep2")
    again = both("compose_stack", project.options())
    assert not again["changed"]


def test_with_nothing_to_do_it_asks_docker_three_times(tmp_path):
    options = Project(tmp_path).service("app").options(networks=[{"name": PREFIX + "net", "subnet": SUBNET}])
    run("compose_stack", options)
    counter = tmp_path / "bin"
    counter.mkdir()
    (counter / "docker").write_text(f"#!/bin/sh\necho \"$*\" >> {tmp_path}/asked\nexec {shutil.which('docker')} \"$@\"\n", encoding="utf-8")
    (counter / "docker").chmod(0o755)
    result = run("compose_stack", options, environment={"PATH": f"{counter}:{os.environ['PATH']}"})
    assert not result["changed"]
    assert len((tmp_path / "asked").read_text(encoding="utf-8").splitlines()) == 3


def test_without_an_engine_check_mode_predicts_and_a_run_says_so(tmp_path):
    environment = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    options = Project(tmp_path).service("app").options()
    assert actions(run("compose_stack", options, check=True, environment=environment)) == {"app": "create"}
    result = run("compose_stack", options, environment=environment)
    assert "asking Docker: " in result["problems"][0]["message"]
