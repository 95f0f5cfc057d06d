# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler as a process, as it is installed: with a Docker that a test makes up, a control server of either generation, and a qBittorrent."""
from __future__ import annotations

import contextlib
import http.server
import json
import os
import queue
import random
import signal
import socketserver
import stat
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest
import real_clients
import requests
from standins import testing

from ansible_collections.homelab.media.plugins.plugin_utils import reconciler as planned

KEY = "c0ntrol-key-0815-4711"
LOGIN = real_clients.LOGIN
# Seconds within which the port has to be right.
PROMISE = 10
COMPOSE = """#!/bin/sh
echo "$@" >> "{log}"
exec {python} -c 'import urllib.request; urllib.request.urlopen("{url}", b"x", 10)'
"""


def stamp(number):
    """A time of Docker's."""
    return "2026-01-01T10:{0:02d}:{1:02d}.5Z".format(*divmod(number, 60))


class FakeDocker:
    """The part of Docker's API that is asked, on a socket of its own, with containers that a test changes."""

    def __init__(self, path):
        self.path, self.clock, self.asked, self.streams, self.containers = path, 0, [], [], {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *dummy):
                pass

            def answer(self, status, content=b"", **headers):
                self.send_response(status)
                for name, value in dict(headers, Content_Length=len(content)).items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.end_headers()
                if content:
                    self.wfile.write(content)

            def do_GET(self):
                path, dummy, query = self.path.partition("?")
                outer.asked.append(self.path)
                if path == "/_ping":
                    return self.answer(200, b"OK", Api_Version="1.44")
                if path == "/v1.44/events":
                    outer.filters = json.loads(urllib.parse.parse_qs(query)["filters"][0])
                    return self.stream()
                name = path.split("/")[-2]
                if path == "/v1.44/containers/{0}/json".format(name) and name in outer.containers:
                    return self.answer(200, json.dumps(outer.containers[name]).encode())
                return self.answer(404, b'{"message": "no"}')

            def do_POST(self):
                outer.asked.append("POST " + self.path)
                identity = self.path.split("/")[-2]
                for name, entry in list(outer.containers.items()):
                    if entry["Id"] == identity and self.path == "/v1.44/containers/{0}/restart".format(identity):
                        outer.start(name)
                        return self.answer(204)
                return self.answer(404, b"{}")

            def stream(self):
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                events = queue.Queue()
                outer.streams.append(events)
                with contextlib.suppress(OSError):
                    while True:
                        event = events.get()
                        if event is None:
                            self.wfile.write(b"0\r\n\r\n")
                            break
                        line = json.dumps(event).encode() + b"\n"
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                        self.wfile.flush()
                self.close_connection = True

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

            def get_request(self):
                return super().get_request()[0], ("local", 0)

        self.server = Server(str(path), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, name, mode="net", health="healthy", identity=None):
        """A container of ours, as Docker tells it."""
        self.clock += 1
        self.containers[name] = {
            "Id": identity or "id-{0}-{1}".format(name, self.clock), "Name": "/" + name, "Config": {
                "Labels": {"homelab.media.instance": name, "com.docker.compose.project": "homelab-torrent"}},
            "State": {"Status": "running", "StartedAt": stamp(self.clock), "Error": "", "Health": {"Status": health}},
            "HostConfig": {"NetworkMode": mode}, "NetworkSettings": {"Networks": {"net": {"IPAddress": "127.0.0.1"}} if mode == "net" else {}}}
        self.tell(name)

    def join(self, name, gateway="gluetun"):
        self.add(name, "container:" + self.containers[gateway]["Id"])

    def start(self, name, tell=True):
        self.clock += 1
        self.containers[name]["State"]["StartedAt"] = stamp(self.clock)
        self.containers[name]["State"]["Status"] = "running"
        if tell:
            self.tell(name)

    def tell(self, name, event="start"):
        for stream in self.streams:
            stream.put({"Type": "container", "Action": event, "Actor": {"ID": "x", "Attributes": {"name": name}}})

    def hang_up(self):
        """End all streams of events, as a restart of the Engine does."""
        streams, self.streams = self.streams, []
        for stream in streams:
            stream.put(None)

    def stop(self):
        self.hang_up()
        self.server.shutdown()
        self.server.server_close()


class Control:
    """The control server of a gateway.

    :param generation: C(v3.40), C(v3.41.1) or C(v3.41.3): the route and the form of its answer.
    """

    def __init__(self, generation):
        self.port, self.asked, self.status, self.told, self.after = 0, [], "running", [], 0
        # How many of the next requests to begin or end the tunnel do not work.
        self.failing = 0
        self.route = "/v1/openvpn/portforwarded" if generation == "v3.40" else "/v1/portforward"
        self.both = generation == "v3.41.3"
        self.handle = testing.start_wsgi(self.answer)
        self.number = int(self.handle.url.rpartition(":")[2])

    def answer(self, environ, start_response):
        if environ.get("HTTP_X_API_KEY") == KEY and environ["PATH_INFO"] == "/v1/vpn/status":
            return self.tunnel(environ, start_response)
        self.asked.append(environ["PATH_INFO"])
        if environ.get("HTTP_X_API_KEY") != KEY or environ["PATH_INFO"] != self.route:
            return testing.respond(start_response, 401, "Unauthorized", "text/plain")
        return testing.respond(start_response, 200, dict({"port": self.port}, **({"ports": [self.port] if self.port else None} if self.both else {})))

    def tunnel(self, environ, start_response):
        """As in Gluetun, a port is asked for when the tunnel begins."""
        if environ["REQUEST_METHOD"] == "PUT":
            wanted = json.loads(testing.read(environ))["status"]
            self.told.append(wanted)
            if wanted == "running" and self.failing:
                self.failing -= 1
                return testing.respond(start_response, 500, "no", "text/plain")
            self.status, self.port = wanted, self.after if wanted == "running" else 0
            return testing.respond(start_response, 200, {"outcome": wanted})
        return testing.respond(start_response, 200, {"status": self.status})


class Real:
    """Debian's qBittorrent, which forgets its port when it starts, as the image starts it."""

    def __init__(self, directory):
        self.program = real_clients.start_qbittorrent(directory)
        self.program.command.append("--torrenting-port=6881")
        self.port = self.program.port
        self.session = requests.Session()
        self.restart()

    def restart(self):
        self.kill()
        self.program.start()
        assert self.session.post(self.program.url + "/api/v2/auth/login", data=dict(zip(("username", "password"), LOGIN)), timeout=10).status_code in (200, 204)

    def kill(self):
        subprocess.run([*real_clients.root(), "kill", "-9", "--", "-{0}".format(self.program.process.pid)], check=True)
        self.program.process.wait()

    def preferences(self):
        return self.session.get(self.program.url + "/api/v2/app/preferences", timeout=10).json()

    def stop(self):
        self.program.stop()


class StandIn:
    """The stand-in of qBittorrent, where the real one cannot be had."""

    def __init__(self, dummy):
        self.handle = testing.start_qbittorrent(*LOGIN)
        self.port = int(self.handle.url.rpartition(":")[2])

    def restart(self):
        self.handle.state["sessions"].clear()
        self.handle.state["failures"] = 0
        self.handle.state["preferences"]["listen_port"] = 6881

    def preferences(self):
        return dict(self.handle.state["preferences"])

    def stop(self):
        self.handle.stop()


class Resident:
    """The program, installed in a directory as a run installs it."""

    def __init__(self, directory, docker, config):
        self.directory, self.docker = directory, docker
        (directory / "lib").mkdir()
        for name, path in planned.SOURCES.items():
            (directory / "lib" / name).write_text((planned.ROOT / path).read_text())
        self.config = directory / "reconciler.json"
        self.config.write_text(json.dumps(dict(config, socket=str(docker.path), lock=str(directory / "lock"))))
        self.process = None

    def command(self, *arguments):
        # As the unit starts it: nothing but what lies beside it.
        return [sys.executable, "-EsB", str(self.directory / "lib" / "reconciler.py"), "--config", str(self.config), *arguments]

    def environment(self):
        return dict(os.environ, PATH="{0}:{1}".format(self.directory / "bin", os.environ["PATH"]))

    def once(self, *arguments):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, timeout=60, env=self.environment())

    def start(self):
        with (self.directory / "journal").open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=subprocess.STDOUT, env=self.environment())

    def journal(self):
        return (self.directory / "journal").read_text()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def until(condition, seconds=PROMISE):
    """Wait for something; how long it took."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, "not within {0} s".format(seconds)
        time.sleep(0.05)
    return time.monotonic() - begin


@pytest.fixture
def world(tmp_path, request):
    """A gateway with a forwarded port, qBittorrent and Sonarr behind it; everything is looked after by a resident that is not started yet."""
    with contextlib.ExitStack() as stack:
        options = {"generation": "v3.41.3", "client": StandIn, **getattr(request, "param", {})}
        docker = FakeDocker(tmp_path / "docker.sock")
        stack.callback(docker.stop)
        control = Control(options["generation"])
        stack.callback(control.handle.stop)
        client = options["client"](tmp_path / "client")
        stack.callback(client.stop)
        docker.add("gluetun")
        docker.join("qbittorrent")
        docker.join("sonarr")
        project = {"project": "homelab-torrent", "directory": str(tmp_path / "project")}
        resident = Resident(tmp_path, docker, {"gateways": [{
            "name": "gluetun", "port": control.number, "api_key": KEY, "interface": "tun0",
            "dependents": [dict(project, name="qbittorrent"), dict(project, name="sonarr")],
            "torrent": {"name": "qbittorrent", "port": client.port, "username": LOGIN[0], "password": LOGIN[1]}}]})

        def made_anew(environ, start_response):
            testing.read(environ)
            for name in (tmp_path / "compose.log").read_text().splitlines()[-1].rpartition("--force-recreate ")[2].split():
                docker.join(name)
            return testing.respond(start_response, 200, b"")

        compose = testing.start_wsgi(made_anew)
        stack.callback(compose.stop)
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "docker").write_text(COMPOSE.format(log=tmp_path / "compose.log", python=sys.executable, url=compose.url))
        (tmp_path / "bin" / "docker").chmod(stat.S_IRWXU)
        stack.callback(resident.stop)
        resident.control, resident.client = control, client
        yield resident


def right(world, port):
    """Whether qBittorrent has a port."""
    with contextlib.suppress(requests.exceptions.RequestException, ValueError):
        return world.client.preferences()["listen_port"] == port
    return False


def changes(world, count, seed):
    """Change the port again and again, and restart qBittorrent at random moments; how long it took each time."""
    dice, took = random.Random(seed), []
    world.start()
    for number in range(count):
        port = 40000 + number
        world.control.port = port
        how = dice.choice(["only", "restart", "restart", "inside", "twice"])
        if how != "only":
            # Also while the new port is being set.
            time.sleep(dice.random() * 3)
            world.client.restart()
            if how == "twice":
                world.docker.start("qbittorrent")
                time.sleep(dice.random())
                world.client.restart()
            if how != "inside":
                # What is supervised in its container may start anew without Docker knowing.
                world.docker.start("qbittorrent")
        took.append((until(lambda port=port: right(world, port)), how))
    print("seconds until the port was right:", took)
    assert world.client.preferences()["current_network_interface"] == "tun0"
    assert world.process.poll() is None
    return took


@pytest.mark.parametrize("world", [{"client": Real}], indirect=True)
def test_twenty_changes_with_restarts_of_the_real_one_at_random_moments(world):
    changes(world, 20, 4711)
    journal = world.journal()
    assert "qbittorrent listens on 40019 of tun0 now, the port that gluetun forwards; it was " in journal
    assert "internal error" not in journal and "Traceback" not in journal
    assert LOGIN[1] not in journal and KEY not in journal


@pytest.mark.parametrize("world", [{"generation": name} for name in ("v3.40", "v3.41.1", "v3.41.3")], indirect=True,
                         ids=["v3.40", "v3.41.1", "v3.41.3"])
def test_each_generation_of_the_gateway(world):
    changes(world, 3, 815)
    # Found out once, and not asked for the other one again.
    assert world.control.asked[-1] == world.control.route
    assert len([path for path in world.control.asked if path != world.control.route]) == (1 if world.control.route.startswith("/v1/openvpn") else 0)


def test_no_port_is_no_reason_to_touch_anything(world):
    assert world.once("--once").returncode == 0
    assert world.client.preferences()["listen_port"] == 6881


def impatient(world):
    config = json.loads(world.config.read_text())
    config["gateways"][0].update(patience=2, often=0.2)
    world.config.write_text(json.dumps(config))


def test_a_gateway_that_got_no_port_is_connected_anew(world):
    impatient(world)
    world.control.after = 40007
    world.start()
    until(lambda: right(world, 40007))
    assert world.control.told == ["stopped", "running"]
    assert "connected gluetun anew: it had no forwarded port for 2 seconds, and asks for one only then" in world.journal()
    time.sleep(3)
    assert world.control.told == ["stopped", "running"]


def test_it_is_not_connected_anew_all_the_time(world):
    impatient(world)
    world.start()
    until(lambda: world.control.told == ["stopped", "running"])
    begin = time.monotonic()
    until(lambda: len(world.control.told) == 4, 20)
    # The first pause is five times the patience.
    assert time.monotonic() - begin > 8


def test_a_tunnel_that_was_ended_begins_again_although_the_first_request_failed(world):
    impatient(world)
    world.control.after, world.control.failing = 40007, 2
    world.start()
    until(lambda: right(world, 40007))
    assert world.control.told == ["stopped", "running", "running", "running"]


@pytest.mark.parametrize("state", ["stopped by somebody", "not healthy"])
def test_what_somebody_ended_and_what_does_not_work_is_not_connected_anew(world, state):
    impatient(world)
    if state == "not healthy":
        world.docker.containers["gluetun"]["State"]["Health"]["Status"] = "unhealthy"
    else:
        world.control.status = "stopped"
    world.start()
    time.sleep(5)
    assert world.control.told == []


def test_check_says_and_once_does_it(world):
    world.control.port = 40001
    world.docker.start("gluetun")
    done = world.once("--check")
    assert done.stdout.splitlines() == [
        "would restart qbittorrent: gluetun was restarted, its network namespace is a new one",
        "would restart sonarr: gluetun was restarted, its network namespace is a new one"]
    assert not [path for path in world.docker.asked if path.startswith("POST")] and world.client.preferences()["listen_port"] == 6881
    done = world.once("--once")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3, done.stdout + done.stderr
    assert world.client.preferences()["listen_port"] == 40001
    again = world.once("--once")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_dependents_follow_a_gateway_that_was_restarted_or_made_anew(world):
    world.control.port = 40001
    world.start()
    until(lambda: right(world, 40001))
    assert world.docker.filters == {"type": ["container"], "event": ["start", "health_status"]}
    world.docker.start("gluetun")
    begun = world.docker.containers["gluetun"]["State"]["StartedAt"]
    until(lambda: all(world.docker.containers[name]["State"]["StartedAt"] > begun for name in ("qbittorrent", "sonarr")))
    world.docker.add("gluetun", health="starting")
    time.sleep(5)
    assert not (world.directory / "compose.log").exists(), "Compose may be waiting for its health, and goes on then"
    world.docker.containers["gluetun"]["State"]["Health"]["Status"] = "healthy"
    world.docker.tell("gluetun", "health_status: healthy")
    mode = "container:" + world.docker.containers["gluetun"]["Id"]
    until(lambda: all(world.docker.containers[name]["HostConfig"]["NetworkMode"] == mode for name in ("qbittorrent", "sonarr")))
    project = world.directory / "project"
    assert (world.directory / "compose.log").read_text().splitlines() == [
        "compose --ansi never --project-name homelab-torrent --project-directory {0} -f {0}/compose.yml up --detach --no-deps --force-recreate "
        "qbittorrent sonarr".format(project)]
    until(lambda: "made sonarr anew: it is not in the network namespace of gluetun" in world.journal())


def test_what_somebody_stopped_stays_stopped_and_what_docker_could_not_start_does_not(world):
    states = world.docker.containers
    states["sonarr"]["State"].update(Status="exited", Error="")
    states["qbittorrent"]["State"].update(Status="exited", Error="cannot join network of a non running container: 0123")
    world.start()
    until(lambda: states["qbittorrent"]["State"]["Status"] == "running")
    time.sleep(3)
    assert states["sonarr"]["State"]["Status"] == "exited"
    assert (world.directory / "compose.log").read_text().endswith("--force-recreate qbittorrent\n")


def test_the_engine_restarts(world):
    world.control.port = 40001
    world.start()
    until(lambda: right(world, 40001))
    world.docker.hang_up()
    world.docker.start("gluetun")
    begun = world.docker.containers["gluetun"]["State"]["StartedAt"]
    until(lambda: world.docker.containers["sonarr"]["State"]["StartedAt"] > begun)
    until(lambda: world.docker.streams)


def test_a_wrong_password_is_tried_once_and_told_without_it(world):
    world.control.port = 40001
    config = json.loads(world.config.read_text())
    config["gateways"][0]["torrent"]["password"] = "wr0ng-horse"
    world.config.write_text(json.dumps(config))
    done = world.once("--once")
    assert done.returncode == 1 and done.stdout == (
        "logging in to qbittorrent: it refuses user name and password (200); give them under secrets in the inventory and run the playbook\n")
    world.start()
    time.sleep(7)
    # Five would ban everybody who comes by the same address.
    assert world.client.handle.state["failures"] == 2
    world.docker.start("qbittorrent")
    until(lambda: world.client.handle.state["failures"] == 3)


@pytest.mark.parametrize("change, sentence", [
    (lambda config: config["gateways"][0].update(api_key="other"),
     "reading the forwarded port of gluetun: its control server refuses the key; run the playbook, which gives both the same one\n"),
    (lambda config: config["gateways"][0].update(port=testing.free_port()), "reading the forwarded port of gluetun: Connection refused\n"),
    (lambda config: config["gateways"][0]["torrent"].update(port=testing.free_port()), "reading the port of qbittorrent: Connection refused\n"),
])
def test_what_is_in_the_way_is_told_in_a_sentence(world, change, sentence):
    world.control.port = 40001
    config = json.loads(world.config.read_text())
    change(config)
    world.config.write_text(json.dumps(config))
    done = world.once("--once")
    assert (done.returncode, done.stdout, done.stderr) == (1, sentence, "")


def test_without_docker_it_waits_and_ends_when_it_is_asked_to(world):
    world.docker.stop()
    done = world.once("--once")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    world.start()
    until(lambda: "looking after gluetun" in world.journal())
    second = world.once()
    assert (second.returncode, second.stdout) == (3, "it runs already\n")
    world.process.send_signal(signal.SIGTERM)
    assert world.process.wait(5) == 0
    assert world.journal() == "looking after gluetun\n"
