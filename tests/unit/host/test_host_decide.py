# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a container, given what is wanted and what is there."""
from __future__ import annotations

import pytest

from ansible_collections.homelab.media.plugins.module_utils.docker_cli import describe
from ansible_collections.homelab.media.plugins.module_utils.stack import decide, instant, is_leftover, redact

OLD, NOW, LATER = "2026-01-01T10:00:00.5Z", "2026-01-01T10:00:00.500000001Z", "2026-01-01T10:00:01Z"


def container(name, project="p", digest="d", image="i:1", state="running", started=NOW, mode="net", error="", ours=True):
    labels = {"homelab.media.instance": name, "homelab.media.digest": digest, "com.docker.compose.project": project} if ours else {}
    return {"id": "id-" + name, "labels": labels, "image": image, "state": state, "started_at": started, "network_mode": mode, "error": error}


def service(name, **more):
    return dict({"name": name, "container": name, "image": "i:1", "state": "started", "netns": None, "gateway": False}, **more)


def decided(services, containers, **more):
    actions, problems = decide([{"name": "p", "services": services}], {name: item for name, item in containers.items() if item},
                               {entry["name"]: "d" for entry in services}, **more)
    return {action.service: action.action for action in actions}, [message for dummy, message in problems]


@pytest.mark.parametrize("there, wanted, expected", [
    (container("a"), {}, {}),
    (None, {}, {"a": "create"}),
    (None, {"state": "stopped"}, {}),
    (container("a", digest="other"), {}, {"a": "recreate"}),
    (container("a", digest=None), {}, {"a": "recreate"}),
    (container("a", image="i:0"), {}, {"a": "recreate"}),
    (container("a", project="q"), {}, {"a": "move"}),
    (container("a", project="q", digest="other", state="exited"), {}, {"a": "move"}),
    (container("a", state="exited"), {}, {"a": "start"}),
    (container("a", state="created"), {}, {"a": "start"}),
    (container("a", state="paused"), {}, {"a": "start"}),
    (container("a", state="restarting"), {}, {}),
    (container("a", state="exited", digest="other"), {}, {"a": "recreate"}),
    (container("a"), {"state": "stopped"}, {"a": "stop"}),
    (container("a", state="restarting"), {"state": "stopped"}, {"a": "stop"}),
    (container("a", state="exited"), {"state": "stopped"}, {}),
    (container("a", state="exited", digest="other"), {"state": "stopped"}, {}),
    (container("a", state="exited", error="cannot join network of a non running container: x"), {}, {"a": "recreate"}),
])
def test_one_service(there, wanted, expected):
    assert decided([service("a", **wanted)], {"a": there}) == (expected, [])


@pytest.mark.parametrize("gateway, dependent, expected", [
    (container("gw"), container("dep", mode="container:id-gw", started=LATER), {}),
    (container("gw"), container("dep", mode="container:id-gw", started=OLD), {"dep": "restart"}),
    (container("gw", started=LATER), container("dep", mode="container:id-gw"), {"dep": "restart"}),
    (container("gw"), container("dep", mode="container:id-of-an-old-one", started=LATER), {"dep": "recreate"}),
    (container("gw"), container("dep", mode="bridge", started=LATER), {"dep": "recreate"}),
    (container("gw"), container("dep", mode="container:id-gw", state="exited", started=OLD), {"dep": "start"}),
    (container("gw"), container("dep", mode="container:id-old", state="exited", error="No such container: id-old"), {"dep": "recreate"}),
    (container("gw", state="exited"), container("dep", mode="container:id-gw", started=LATER), {"gw": "start", "dep": "restart"}),
    (container("gw", state="exited"), container("dep", mode="container:id-gw", state="exited"), {"gw": "start", "dep": "start"}),
    (container("gw", digest="other"), container("dep", mode="container:id-gw", started=LATER), {"gw": "recreate", "dep": "recreate"}),
    (container("gw", image="i:0"), container("dep", mode="container:id-gw", state="exited"), {"gw": "recreate", "dep": "recreate"}),
    (None, container("dep", mode="container:id-gw", started=LATER), {"gw": "create", "dep": "recreate"}),
    (container("gw"), None, {"dep": "create"}),
    (container("gw", project="q"), container("dep", project="q", mode="container:id-gw", started=LATER), {"gw": "move", "dep": "move"}),
])
def test_a_dependent_follows_its_gateway(gateway, dependent, expected):
    services = [service("dep", netns="gw"), service("gw", gateway=True)]
    assert decided(services, {"gw": gateway, "dep": dependent}) == (expected, [])


def test_gateways_come_first():
    actions, problems = decide([{"name": "p", "services": [service("dep", netns="gw"), service("gw", gateway=True)]}], {}, {})
    assert [action.service for action in actions] == ["gw", "dep"]


def test_a_foreign_container_is_a_problem_unless_it_may_be_adopted():
    there = {"a": container("a", ours=False)}
    assert decided([service("a")], there) == ({}, ["a container named a is there and is not ours; stop and remove it, or set adopt: true"])
    assert decided([service("a")], there, adopt={"a"}) == ({"a": "adopt"}, [])
    assert decided([service("a", state="stopped")], there, adopt={"a"}) == ({}, [])
    assert decided([service("a")], {"a": container("a")}, adopt={"a"}) == ({}, [])


def test_a_label_of_another_instance_is_foreign():
    assert decided([service("a")], {"a": dict(container("b"))})[1]


def test_absent_removes_ours_only():
    absent = [{"container": "a", "project": "p", "reason": "state"}, {"container": "b", "project": "p", "reason": "state"},
              {"container": "gone", "project": "p", "reason": "state"}, {"container": "c", "project": "p", "reason": "moved"}]
    containers = {"a": container("a"), "b": container("b", ours=False), "c": container("c")}
    assert decided([], containers, absent=absent) == ({"a": "remove"}, ["the container b is not ours and is left alone; remove it yourself"])


@pytest.mark.parametrize("earlier, later", [
    ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00.1Z"), ("2026-01-01T10:00:00.1Z", "2026-01-01T10:00:00.11Z"),
    ("2026-01-01T10:00:00.09Z", "2026-01-01T10:00:00.1Z"), ("0001-01-01T00:00:00Z", "2026-01-01T10:00:00Z"), ("", "2026-01-01T10:00:00Z"),
])
def test_times_compare_although_docker_cuts_their_zeros(earlier, later):
    assert instant(earlier) < instant(later)
    assert instant(later) == instant(later.replace("Z", "0Z") if "." in later else later.replace("Z", ".000Z"))


@pytest.mark.parametrize("name, instance, expected", [
    ("0123456789ab_sonarr", "sonarr", True), ("sonarr", "sonarr", False), ("my_sonarr", "sonarr", False), ("0123456789ab_sonarr", "radarr", False),
    ("0123456789ab_sonarr", None, False),
])
def test_leftovers_of_compose_are_known_by_name_and_label(name, instance, expected):
    assert is_leftover(name, {"labels": {"homelab.media.instance": instance} if instance else {}}) is expected


@pytest.mark.parametrize("line, shown", [
    ("port is already allocated", "port is already allocated"),
    ("login with hunter22x failed", "login with (secret) failed"),
    ("API_KEY=abc next", "API_KEY=(secret) next"),
    ('{"password": "a b", "x": 1}', '{"password": (secret), "x": 1}'),
    ("https://user:pass@example.org/x", "https://(secret)@example.org/x"),
    ("key 0123456789abcdef0123456789abcdef is wrong", "key (secret) is wrong"),
    ("failed to read /x/a.env: line 1: unexpected character \"!\" in variable name \"KEY!='x y'\"", "failed to read /x/a.env: line 1: unexpected character"),
])
def test_lines_of_others_are_shown_without_secrets(line, shown):
    assert redact(line, ["hunter22x", "", "1000"]) == shown


def test_a_container_is_described_without_the_values_of_its_environment():
    found = describe({"Id": "x", "Config": {"Env": ["KEY=hunter22x"], "Labels": {"homelab.media.app": "a", "traefik.x": "hunter22x"}},
                      "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "53/udp": None}}})
    assert "hunter22x" not in str(found)
    assert found["variables"] == ["KEY"] and found["labels"] == {"homelab.media.app": "a"}
    assert found["ports"] == [{"target": 80, "proto": "tcp", "bind": "0.0.0.0", "published": 8080}]


def test_what_somebody_edited_is_made_anew_and_a_gateway_takes_its_dependents_along():
    services = [service("gw", gateway=True), service("dep", netns="gw"), service("a"), service("b", state="stopped")]
    there = {"gw": container("gw"), "dep": container("dep", mode="container:id-gw", started=LATER), "a": container("a"), "b": container("b", state="exited")}
    assert decided(services, there, edited=["a"]) == ({"a": "recreate"}, [])
    assert decided(services, there, edited=["gw", "b"]) == ({"gw": "recreate", "dep": "recreate"}, [])
