# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reconciler decides, given what Docker tells; it is loaded from the files that a run installs, and from nothing else."""
from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time

import pytest

from ansible_collections.homelab.media.plugins.module_utils import turns
from ansible_collections.homelab.media.plugins.module_utils.stack import repair
from ansible_collections.homelab.media.plugins.plugin_utils import reconciler as planned

OLD, NOW, LATER = "2026-01-01T10:00:00.5Z", "2026-01-01T10:00:00.500000001Z", "2026-01-01T10:00:01Z"
NAMES = [name.partition(".")[0] for name in planned.SOURCES]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    place = tmp_path_factory.mktemp("lib")
    for name, path in planned.SOURCES.items():
        (place / name).write_text((planned.ROOT / path).read_text())
    before = {name: sys.modules.pop(name, None) for name in NAMES}
    sys.path.insert(0, str(place))
    found = importlib.import_module("reconciler")
    assert found.__file__.startswith(str(place))
    yield found
    sys.path.remove(str(place))
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module:
            sys.modules[name] = module


def container(name, state="running", started=NOW, mode="net", error="", ours=True, project="p", health="healthy"):
    labels = {"homelab.media.instance": name if ours else "x", "com.docker.compose.project": project}
    return {"id": "id-" + name, "labels": labels, "state": state, "started_at": started, "network_mode": mode, "error": error, "health": health,
            "addresses": {"net": "127.0.0.1"}}


JOINED = "container:id-gw"
LOST = "cannot join network of a non running container: 0123"


@pytest.mark.parametrize("gateway, dependent, expected", [
    (container("gw"), container("a", mode=JOINED, started=LATER), None),
    (container("gw"), container("a", mode=JOINED, started=OLD), "restart"),
    (container("gw"), container("a", mode="container:id-gone", started=LATER), "recreate"),
    (container("gw"), container("a", mode=JOINED, state="exited", started=OLD), None),
    (container("gw"), container("a", mode="container:id-gone", state="exited", started=OLD), None),
    (container("gw"), container("a", mode="container:id-gone", state="paused", started=OLD), None),
    (container("gw"), container("a", mode=JOINED, state="exited", error=LOST), "recreate"),
    (container("gw"), container("a", mode="container:id-gone", state="exited", error="No such container: id-gone"), "recreate"),
    (container("gw"), container("a", mode=JOINED, state="exited", error="OCI runtime create failed"), None),
    (container("gw", state="exited"), container("a", mode=JOINED, started=OLD), None),
    (container("gw", state="exited"), container("a", mode="container:id-gone", started=OLD), None),
    (container("gw", state="restarting"), container("a", mode=JOINED, state="exited", error=LOST), None),
    (None, container("a", mode="container:id-gone"), None),
])
def test_repair(gateway, dependent, expected):
    assert (repair(dependent, gateway, "gw") or (None,))[0] == expected


class Host:
    """An Engine and a Compose with what a test says; every change is noted."""

    def __init__(self, *containers):
        self.containers = {item["labels"]["homelab.media.instance"]: item for item in containers}
        self.done, self.broken = [], set()

    def container(self, name):
        return self.containers.get(name)

    def restart(self, identity):
        self.done.append("restart " + identity)
        return "restart" not in self.broken

    def up(self, project, directory, services):
        self.done.append("up {0} {1}: {2}".format(project, directory, " ".join(services)))
        return "it is broken" if self.broken & set(services) else ""


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def namespaces(program, tmp_path, host, names=("a", "b"), settle=2):
    clock = Clock()
    gateway = {"name": "gw", "dependents": [{"name": name, "project": "p", "directory": "/d/p"} for name in names]}
    return program.Namespaces(gateway, host, host, settle=settle, clock=clock, lock=str(tmp_path / "lock")), clock


def test_what_is_well_is_left_alone(program, tmp_path):
    host = Host(container("gw"), container("a", mode=JOINED, started=LATER), container("b", mode=JOINED, state="exited", started=OLD))
    duty, dummy = namespaces(program, tmp_path, host)
    assert duty.look() is False and host.done == []


def test_a_restarted_gateway_is_followed_after_a_moment(program, tmp_path, capsys):
    host = Host(container("gw", started=LATER, health="starting"), container("a", mode=JOINED), container("b", mode=JOINED))
    duty, clock = namespaces(program, tmp_path, host)
    assert duty.look() is True and host.done == []
    clock.now += 1.9
    assert duty.look() is True and host.done == []
    clock.now += 0.2
    assert duty.look() is True
    assert sorted(host.done) == ["restart id-a", "restart id-b"]
    assert capsys.readouterr().out.splitlines() == [
        "restarted {0}: gw was restarted, its network namespace is a new one".format(name) for name in "ab"]


def test_a_gateway_made_anew_is_followed_when_its_health_is_known(program, tmp_path):
    host = Host(container("gw", health="starting"), container("a", mode="container:old"), container("b", mode="container:old"))
    duty, clock = namespaces(program, tmp_path, host)
    duty.look()
    clock.now += 60
    assert duty.look() is True and host.done == []
    host.containers["gw"]["health"] = "unhealthy"
    clock.now += 3.9
    assert duty.look() is True and host.done == []
    clock.now += 0.2
    duty.look()
    assert host.done == ["up p /d/p: a b"]


@pytest.mark.parametrize("dependent", [
    container("a", mode="container:old", ours=False), container("a", mode="container:old", project="other"), None], ids=["foreign", "elsewhere", "missing"])
def test_what_is_not_ours_is_left_alone(program, tmp_path, dependent):
    host = Host(container("gw"))
    host.containers["a"] = dependent
    duty, dummy = namespaces(program, tmp_path, host, names=("a",), settle=0)
    assert duty.look() is False and host.done == []


def test_a_foreign_gateway_is_left_alone(program, tmp_path):
    host = Host(container("a", mode="container:old"))
    host.containers["gw"] = container("gw", ours=False)
    assert namespaces(program, tmp_path, host, settle=0)[0].look() is False and host.done == []


def test_what_cannot_be_restarted_is_made_anew(program, tmp_path):
    host = Host(container("gw", started=LATER), container("a", mode=JOINED))
    host.broken = {"restart"}
    namespaces(program, tmp_path, host, settle=0)[0].look()
    assert host.done == ["restart id-a", "up p /d/p: a"]


def test_one_that_cannot_start_keeps_no_other_one_from_it(program, tmp_path, capsys):
    host = Host(container("gw"), container("a", mode="container:old"), container("b", mode="container:old"))
    host.broken = {"a"}
    with pytest.raises(program.Problem, match="making a anew: it is broken; run the playbook"):
        namespaces(program, tmp_path, host, settle=0)[0].look()
    assert host.done == ["up p /d/p: a b", "up p /d/p: a", "up p /d/p: b"]
    assert capsys.readouterr().out == "made b anew: it is not in the network namespace of gw\n"


def test_repairs_that_do_not_help_become_rare(program, tmp_path):
    host = Host(container("gw"), container("a", mode="container:old"))
    duty, clock = namespaces(program, tmp_path, host, settle=0)
    for dummy in range(600):
        duty.look()
        clock.now += 1
    assert 5 <= len(host.done) <= 8, "3 at once, then after 15, 30, 60, 120, 240 seconds"


@pytest.mark.parametrize("health, expected", [("healthy", 20), ("unhealthy", 3)])
def test_each_start_of_a_healthy_gateway_is_followed_but_not_each_of_one_that_fails_again_and_again(program, tmp_path, health, expected):
    host = Host(container("gw", health=health), container("a", mode=JOINED, started="2026-01-01T09:00:00Z"))
    duty, clock = namespaces(program, tmp_path, host, settle=0)
    for number in range(20):
        host.containers["gw"]["started_at"] = "2026-01-01T10:00:{0:02d}Z".format(number)
        duty.look()
        clock.now += 0.5
    assert len(host.done) == expected


def test_while_a_run_works_on_the_containers_nothing_is_done(program, tmp_path):
    host = Host(container("gw"), container("a", mode="container:old"))
    duty, dummy = namespaces(program, tmp_path, host, settle=0)
    with turns.turn(str(tmp_path / "lock")) as mine:
        assert mine and duty.look() is True and host.done == []
    duty.look()
    assert host.done == ["up p /d/p: a"]


def test_check_only_tells(program, tmp_path, capsys):
    host = Host(container("gw"), container("a", mode="container:old"))
    namespaces(program, tmp_path, host, settle=0)[0].look(act=False)
    assert host.done == [] and capsys.readouterr().out == "would recreate a: it is not in the network namespace of gw\n"


class Wrong:
    every, names = 30, ["a"]

    def __init__(self, program):
        self.sentence, self.problem = "something is wrong", program.Problem

    def look(self, act=True):
        if self.sentence:
            raise self.problem(self.sentence)
        return False


def test_a_problem_is_told_once_and_only_when_it_lasts(program, capsys):
    import threading
    clock, duty = Clock(), Wrong(program)
    worker = program.Worker(duty, threading.Event(), clock)
    assert worker.once() == program.FAST, "a program that has just begun looks often"
    clock.now += 29
    worker.once()
    assert capsys.readouterr().out == ""
    clock.now += 32
    assert [worker.once(), worker.once()] == [30, 30]
    assert capsys.readouterr().out == "something is wrong\n"
    duty.sentence = None
    worker.once()
    duty.sentence = "something is wrong"
    worker.once()
    assert capsys.readouterr().out == ""
    worker.wake()
    assert worker.once() == program.FAST


GATEWAY = {"name": "gw", "dependents": [{"name": "a", "project": "p", "directory": "/d"}], "port": 8000, "api_key": "k", "interface": "tun0",
           "torrent": {"name": "a", "port": 8080, "username": "u", "password": "p"}}


@pytest.mark.parametrize("content, expected", [
    (None, "reading {0}: No such file or directory; run the playbook, which writes it"),
    ("{", "reading {0}: it is no JSON; run the playbook, which writes it"),
    ("[]", "reading {0}: something is missing in it; run the playbook, which writes it"),
    (json.dumps({"gateways": [dict(GATEWAY, api_key="")]}), "reading {0}: something is missing in it; run the playbook, which writes it"),
    (json.dumps({"gateways": [dict(GATEWAY, torrent={"name": "a"})]}), "reading {0}: something is missing in it; run the playbook, which writes it"),
    (json.dumps({"gateways": [dict(GATEWAY, dependents=[{"name": "a"}])]}), "reading {0}: something is missing in it; run the playbook, which writes it"),
])
def test_a_configuration_that_cannot_be_used(program, tmp_path, capsys, content, expected):
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)
    assert program.main(["--config", str(path)]) == 2
    assert capsys.readouterr().out == expected.format(path) + "\n"


def test_duties_of_a_configuration(program):
    plain = {"name": "other", "dependents": GATEWAY["dependents"]}
    kinds = [type(duty).__name__ for duty in program.duties({"gateways": [GATEWAY, plain]})[1]]
    assert kinds == ["Namespaces", "ForwardedPort", "Namespaces"]


def test_a_lock_is_held_by_one_and_tells_whether_its_holder_is_younger_than_its_files(tmp_path):
    path, file = str(tmp_path / "dir" / "lock"), tmp_path / "file"
    file.write_text("x")
    assert not turns.taken(path) and not turns.current(path, [str(file)])
    with turns.turn(path) as mine:
        assert mine and turns.taken(path)
        with turns.turn(path, 0.1) as other:
            assert not other
        os.utime(file, (time.time() + 5, time.time() + 5))
        turns.began(path)
        assert not turns.current(path, [str(file)]), "written after it began"
        os.utime(file, (time.time() - 5, time.time() - 5))
        assert turns.current(path, [str(file)]) and not turns.current(path, [str(file), str(tmp_path / "missing")])
    assert not turns.taken(path) and not turns.current(path, [str(file)])


def test_where_no_lock_can_be_made_nobody_waits(tmp_path):
    (tmp_path / "file").write_text("")
    with contextlib.ExitStack() as stack:
        assert stack.enter_context(turns.turn(str(tmp_path / "file" / "lock"), 60))
