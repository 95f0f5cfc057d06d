# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep what lives behind a VPN gateway in order, while nobody runs a playbook.

Two duties: qBittorrent listens on the port that the provider forwards, also after its own restart, of which the gateway knows nothing, and a gateway that
got no port asks again; and what shares the gateway's network namespace follows it when the gateway was restarted or made anew. Docker's events say when
to look; a slow poll finds what happened meanwhile. What somebody stopped stays stopped.

Needs Python 3.9 and its standard library. It is installed beside copies of the collection's own module_utils, so that a run and this program
decide alike.
"""
from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from docker_cli import COMPOSE_ENVIRONMENT, Docker, compose_up, describe, last_line
from forwarding import FORWARDED, NO_ROUTE, ports_of
from stack import LABEL_PROJECT, is_ours, redact, repair
from turns import CONTAINERS, RECONCILER, began, turn

CONFIG = "/var/lib/homelab-media/reconciler.json"
SOCKET = "/var/run/docker.sock"
# Seconds between two looks while something is going on, and for how long after an event.
FAST, ALERT = 2, 60
# Seconds that a call may take: to a neighbour; to Docker; until a container stopped and started again; of Compose.
NEAR, ENGINE, RESTART, COMPOSE = 5, 30, 120, 300
# Seconds for which something may be wrong before it is told: most of it is a program that starts.
PATIENCE = 30
# Seconds that a namespace has to be stale: whoever restarts a gateway often goes on with its dependents at once. Twice that where Compose may do so.
SETTLE = 2
# Seconds for which a gateway that works may be without a forwarded port, and those of a call that ends or begins its tunnel.
NO_PORT, TUNNEL = 120, 60
LARGEST = 4 << 20
EVENTS = ("start", "health_status")


class Problem(Exception):
    """What cannot be done, in one sentence without a secret."""


def say(sentence):
    """One line for the journal."""
    print(sentence, flush=True)


class Unix(http.client.HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def exchange(connection, what, method, path, headers=None, body=None):
    """Send a request and read the whole answer.

    :param what: What is being done, for the sentence.
    :return: Status, headers, content.
    :raises Problem: when nothing or no HTTP answers.
    """
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read(LARGEST)
    except (OSError, http.client.HTTPException) as error:
        raise Problem("{0}: {1}".format(what, getattr(error, "strerror", None) or str(error) or type(error).__name__)) from None
    finally:
        connection.close()
    return answer.status, answer.headers, content


class Engine:
    """Docker's API, as far as it is needed here."""

    def __init__(self, path):
        self.path = path
        self._root = None

    def _prefix(self):
        """The version that the Engine speaks: paths without one are on their way out."""
        if self._root is None:
            dummy, headers, dummy_content = exchange(Unix(self.path, ENGINE), "asking Docker at {0}".format(self.path), "GET", "/_ping")
            version = headers.get("Api-Version")
            self._root = "/v" + version if version else ""
        return self._root

    def container(self, name):
        """A container as C(docker_cli.describe) tells it, or none."""
        what = "looking at the container {0}".format(name)
        path = "{0}/containers/{1}/json".format(self._prefix(), urllib.parse.quote(name, safe=""))
        try:
            status, dummy, content = exchange(Unix(self.path, ENGINE), what, "GET", path)
        except Problem:
            # Another Engine may come up in its place.
            self._root = None
            raise
        if status == 404:
            return None
        if status != 200:
            raise Problem("{0}: Docker answers {1}".format(what, status))
        return describe(json.loads(content))

    def restart(self, identity):
        """Restart a container.

        :return: Whether that worked.
        """
        try:
            status = exchange(Unix(self.path, RESTART), "restarting a container", "POST", "{0}/containers/{1}/restart".format(self._prefix(), identity))[0]
        except Problem:
            return False
        return status == 204

    def events(self):
        """What happens to containers, from now on, as C((event, container)); the first one is C(("", "")): from here on nothing is missed.

        :raises Problem: when the stream cannot be had; it ends with the Engine.
        """
        asked = {"type": ["container"], "event": list(EVENTS)}
        connection = Unix(self.path, ENGINE)
        try:
            connection.request("GET", "{0}/events?filters={1}".format(self._prefix(), urllib.parse.quote(json.dumps(asked))))
            answer = connection.getresponse()
            if answer.status != 200:
                raise Problem("listening to Docker: it answers {0}".format(answer.status))
            # From here on silence is no fault; when the Engine ends, so does the stream.
            connection.sock.settimeout(None)
            yield "", ""
            for line in answer:
                event = json.loads(line)
                yield str(event.get("Action") or event.get("status")), str(((event.get("Actor") or {}).get("Attributes") or {}).get("name"))
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            raise Problem("listening to Docker at {0}: {1}".format(self.path, getattr(error, "strerror", None) or type(error).__name__)) from None
        finally:
            self._root = None
            connection.close()


class Composer:
    """Makes services anew by Docker Compose."""

    def __init__(self):
        self._docker = Docker(self._run)

    @staticmethod
    def _run(command):
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMPOSE, check=False,
                                  env=dict(os.environ, **COMPOSE_ENVIRONMENT))
        except subprocess.TimeoutExpired:
            return 124, "", "no end after {0} seconds".format(COMPOSE)
        except OSError as error:
            return 127, "", str(error)
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def up(self, project, directory, services):
        """Bring services up.

        :return: An empty text, or what went wrong.
        """
        code, output, errors = self._docker.call(*compose_up(project, directory, services))
        return redact(last_line(errors or output)) if code else ""


class Pace:
    """How often something may be tried: at once at first, then more and more slowly.

    :param window: Seconds within which tries are counted.
    :param free: How many go without a pause between them.
    :param pause: Seconds of the first pause, which doubles.
    :param longest: Seconds of the longest one.
    """

    def __init__(self, window=900, free=3, pause=15, longest=300):
        self._window, self._free, self._pause, self._longest = window, free, pause, longest
        self._times = {}

    def allows(self, name, now):
        times = [at for at in self._times.get(name, ()) if now - at < self._window]
        return len(times) < self._free or now - times[-1] >= min(self._longest, self._pause * 2 ** (len(times) - self._free))

    def note(self, name, now):
        self._times = {key: times for key, times in self._times.items() if now - times[-1] < self._window}
        self._times.setdefault(name, []).append(now)


class Duty:
    """One thing that is looked after, again and again.

    C(every) is the number of seconds between two looks, C(names) are the containers whose events matter.
    """

    every = 30
    names = ()

    def look(self, act=True):
        """One look, and what it takes to put things right.

        :param act: Whether to do it, or only to say what would be done.
        :return: Whether the next look should not be far.
        :raises Problem: with what is in the way.
        """
        raise NotImplementedError


class Namespaces(Duty):
    """Dependents of a gateway live in the network namespace that it has now.

    :param gateway: An entry of the configuration.
    :param settle: Seconds for which a namespace has to be stale.
    """

    def __init__(self, gateway, engine, composer, settle=SETTLE, clock=time.monotonic, lock=CONTAINERS):
        self.gateway, self.engine, self.composer, self.settle, self.clock, self.lock = gateway, engine, composer, settle, clock, lock
        self.names = [gateway["name"]] + [entry["name"] for entry in gateway["dependents"]]
        self.every = gateway.get("every", 30)
        self._since, self._pace = {}, Pace()

    def stale(self):
        """The dependents that need a repair.

        :return: C({name: (container, action, reason, key of the pace)}), and whether there may be more soon.
        """
        name = self.gateway["name"]
        gateway = self.engine.container(name)
        if gateway is None or not is_ours(gateway, name):
            return {}, False
        found, soon, now = {}, False, self.clock()
        for entry in self.gateway["dependents"]:
            container = self.engine.container(entry["name"])
            # One that is missing, foreign, or about to move is for the next run.
            ours = container is not None and is_ours(container, entry["name"]) and container["labels"].get(LABEL_PROJECT) == entry["project"]
            needs = repair(container, gateway, name) if ours else None
            if not needs:
                self._since.pop(entry["name"], None)
                continue
            key = (container["id"], container["started_at"], gateway["id"], gateway["started_at"])
            before = self._since.get(entry["name"])
            if before is None or before[0] != key:
                before = self._since[entry["name"]] = (key, now)
            # Compose itself goes on with the dependents when a gateway that it made anew is healthy: only from then on it counts.
            if needs[0] == "recreate" and gateway["health"] == "starting" and self.settle:
                before = self._since[entry["name"]] = (key, now)
            if now - before[1] < self.settle * (2 if needs[0] == "recreate" else 1):
                soon = True
                continue
            # Each start of a gateway that is healthy deserves a repair; one that starts again and again does not get healthy.
            pace = (entry["name"],) + (key[2:] if gateway["health"] in ("healthy", None) else ())
            if self._pace.allows(pace, now):
                found[entry["name"]] = (container,) + needs + (pace,)
        return found, soon

    def look(self, act=True):
        found, soon = self.stale()
        if not found:
            return soon
        if not act:
            for name, (dummy, action, reason, dummy_pace) in found.items():
                say("would {0} {1}: {2}".format(action, name, reason))
            return soon
        with turn(self.lock) as mine:
            if not mine:
                # A run works on the containers; it sees the same.
                return True
            # A run, or somebody else, may have been faster.
            found, dummy = self.stale()
            self._repair(found)
        return True

    def _repair(self, found):
        for entry in found.values():
            self._pace.note(entry[3], self.clock())
        again = {name: entry for name, entry in found.items() if entry[1] == "restart"}
        anew = {name: entry[2] for name, entry in found.items() if entry[1] != "restart"}
        with ThreadPoolExecutor(4) as pool:
            done = dict(zip(again, pool.map(lambda entry: self.engine.restart(entry[0]["id"]), again.values())))
        for name, worked in done.items():
            if worked:
                say("restarted {0}: {1}".format(name, again[name][2]))
            else:
                anew[name] = again[name][2]
        places = {}
        for entry in self.gateway["dependents"]:
            if entry["name"] in anew:
                places.setdefault((entry["project"], entry["directory"]), []).append(entry["name"])
        failed = []
        for (project, directory), services in places.items():
            if not self.composer.up(project, directory, services):
                outcome = dict.fromkeys(services, "")
            else:
                # One by one, so that one that cannot start keeps no other one from it.
                outcome = {name: self.composer.up(project, directory, [name]) for name in services}
            for name, message in outcome.items():
                if message:
                    failed.append("making {0} anew: {1}".format(name, message))
                else:
                    say("made {0} anew: {1}".format(name, anew[name]))
        if failed:
            raise Problem("; ".join(failed) + "; run the playbook, or look at 'docker compose up' in its project")


class Qbittorrent:
    """The Web API of one qBittorrent, as far as it is about the port.

    Facts: up to 5.1 a login is answered 200 with C(Ok.) or C(Fails.), from 5.2 on 204 or 401, with a cookie of any name; 403 is a missing login or
    a ban; any preferences are answered 200, so only reading back tells. Five wrong logins ban the address, which is that of everybody who comes
    through a published port: so a refused one is not tried again until the program was started anew.
    """

    def __init__(self, entry):
        self.name, self.port, self._username, self._password = entry["name"], entry["port"], entry["username"], entry["password"]
        self._cookie, self._refused, self._start = None, None, None

    def at(self, address, start):
        """Where it is now.

        :param start: What tells one start of the program from another one.
        """
        self._address = address
        if self._start != start:
            self._cookie, self._refused, self._start = None, None, start

    def _send(self, what, method, path, form=None):
        headers = {"Cookie": self._cookie} if self._cookie else {}
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(form)
        return exchange(http.client.HTTPConnection(self._address, self.port, timeout=NEAR), what, method, "/api/v2/" + path, headers, body)

    def _log_in(self):
        what = "logging in to {0}".format(self.name)
        if self._refused:
            raise Problem(self._refused)
        self._cookie = None
        status, headers, content = self._send(what, "POST", "auth/login", {"username": self._username, "password": self._password})
        if status == 204 or status == 200 and content.strip() != b"Fails.":
            self._cookie = (headers.get("Set-Cookie") or "").partition(";")[0] or None
            return
        if status in (200, 401, 403):
            self._refused = "{0}: it refuses user name and password ({1}); give them under secrets in the inventory and run the playbook".format(what, status)
            raise Problem(self._refused)
        raise Problem("{0}: it answers {1}".format(what, status))

    def ask(self, what, method, path, form=None):
        """A request with a login, which ends with the program's start and after an hour."""
        status, dummy, content = self._send(what, method, path, form)
        if status == 403:
            self._log_in()
            status, dummy, content = self._send(what, method, path, form)
        if status != 200:
            raise Problem("{0}: it answers {1}".format(what, status))
        return content

    def preferences(self):
        what = "reading the port of {0}".format(self.name)
        try:
            found = json.loads(self.ask(what, "GET", "app/preferences"))
        except ValueError:
            found = None
        if not isinstance(found, dict) or "listen_port" not in found:
            raise Problem("{0}: what answers there is not qBittorrent".format(what))
        return found


class ForwardedPort(Duty):
    """qBittorrent listens on the port that the provider forwards.

    Looks often: the port may change without any event of Docker, and so may qBittorrent be started anew inside of its container.

    Facts: Gluetun's internal/portforward at v3.41.3: a request for a port that fails when the tunnel has come up is logged, and not made again before the
    tunnel comes up anew. So that is brought about, which also chooses another server, where there are several.

    :param gateway: An entry of the configuration that has C(torrent).
    """

    def __init__(self, gateway, engine, clock=time.monotonic, lock=CONTAINERS):
        self.gateway, self.engine, self.clock, self.lock = gateway, engine, clock, lock
        self.client = Qbittorrent(gateway["torrent"])
        self.names = [gateway["name"], self.client.name]
        self.every = gateway.get("often", 5)
        self.patience = gateway.get("patience", NO_PORT)
        self._routes = list(FORWARDED)
        # Of which start of the gateway: since when it has no port, and whether its tunnel was ended here and did not begin again yet.
        self._without, self._ended = (None, 0), None
        self._pace = Pace(window=86400, free=1, pause=5 * self.patience, longest=30 * self.patience)

    def _control(self, what, address, method, path, body=None, timeout=NEAR):
        """A request to the control server.

        :return: Status and content.
        """
        connection = http.client.HTTPConnection(address, self.gateway["port"], timeout=timeout)
        headers = dict({"X-API-Key": self.gateway["api_key"]}, **({"Content-Type": "application/json"} if body else {}))
        status, dummy, content = exchange(connection, what, method, path, headers, body)
        return status, content

    def forwarded(self, address):
        """The forwarded port; 0 when there is none, or none yet."""
        what = "reading the forwarded port of {0}".format(self.gateway["name"])
        for path in list(self._routes):
            status, content = self._control(what, address, "GET", path)
            if status == 200:
                # The route that this release has is asked first from now on.
                self._routes.sort(key=lambda one, known=path: one != known)
                try:
                    return (ports_of(json.loads(content)) or [0])[0]
                except ValueError:
                    raise Problem("{0}: the answer of its control server is no JSON".format(what)) from None
            if status not in NO_ROUTE:
                raise Problem("{0}: its control server answers {1}".format(what, status))
        raise Problem("{0}: its control server refuses the key; run the playbook, which gives both the same one".format(what))

    def _tunnel(self, what, address, wanted):
        status, dummy = self._control(what, address, "PUT", "/v1/vpn/status", json.dumps({"status": wanted}), TUNNEL)
        if status != 200:
            raise Problem("{0}: its control server answers {1}; look at 'docker logs {2}'".format(what, status, self.gateway["name"]))

    def _connect_anew(self, gateway, address):
        """End the tunnel of a gateway that works and has had no port for long, and let it begin again."""
        what = "connecting {0} anew, since it has no forwarded port".format(self.gateway["name"])
        now, start = self.clock(), (gateway["id"], gateway["started_at"])
        if self._ended != start:
            if gateway["health"] not in ("healthy", None) or self._without[0] != start:
                self._without = (start, now)
                return
            if now - self._without[1] < self.patience or not self._pace.allows(start, now):
                return
            status, content = self._control(what, address, "GET", "/v1/vpn/status")
            if status != 200 or b'"running"' not in content:
                # Who ended it wants it so.
                self._without = (start, now)
                return
        with turn(self.lock) as mine:
            if not mine:
                return
            if self._ended != start:
                self._pace.note(start, now)
                self._ended = start
                self._tunnel(what, address, "stopped")
            self._tunnel(what, address, "running")
            self._ended = None
        say("connected {0} anew: it had no forwarded port for {1} seconds, and asks for one only then; if it gets none, look at 'docker logs {0}'".format(
            self.gateway["name"], round(now - self._without[1])))
        self._without = (start, self.clock())

    def look(self, act=True):
        gateway, client = self.engine.container(self.gateway["name"]), self.engine.container(self.client.name)
        if not gateway or not client or gateway["state"] != "running" or client["state"] != "running":
            return False
        if repair(client, gateway, self.gateway["name"]):
            # It cannot be reached there until it is put back into the namespace.
            return True
        address = next(iter(gateway["addresses"].values()), None)
        if not address:
            raise Problem("asking {0}: the container has no address".format(self.gateway["name"]))
        port = self.forwarded(address)
        if not port:
            if act:
                self._connect_anew(gateway, address)
            return False
        self._without = (None, 0)
        self.client.at(address, (client["id"], client["started_at"]))
        # As the gateway's own command does it, which does not know when qBittorrent is started anew.
        wanted = {"listen_port": port, "random_port": False, "current_network_interface": self.gateway["interface"]}
        before = self.client.preferences()
        if all(before.get(key, value) == value for key, value in wanted.items()):
            return False
        if not act:
            say("would let {0} listen on {1}, the port that {2} forwards".format(self.client.name, port, self.gateway["name"]))
            return False
        what = "setting the port of {0}".format(self.client.name)
        self.client.ask(what, "POST", "app/setPreferences", {"json": json.dumps(wanted)})
        after = self.client.preferences()
        if any(after.get(key, value) != value for key, value in wanted.items()):
            raise Problem("{0}: it was told {1} and has {2}".format(what, port, after.get("listen_port")))
        say("{0} listens on {1} of {2} now, the port that {3} forwards; it was {4} of {5}".format(
            self.client.name, port, self.gateway["interface"], self.gateway["name"], before.get("listen_port"),
            before.get("current_network_interface") or "any interface"))
        return False


class Worker(threading.Thread):
    """Does one duty until the end."""

    def __init__(self, duty, stopping, clock=time.monotonic):
        super().__init__(daemon=True)
        self.duty, self._stopping, self._clock = duty, stopping, clock
        self._wake = threading.Event()
        self._alert = clock() + ALERT
        self._problem = (None, 0, False)   # the sentence, since when, whether it was told

    def wake(self):
        """Look at once, and often for a while."""
        self._alert = self._clock() + ALERT
        self._wake.set()

    def stop(self):
        self._wake.set()

    def once(self):
        """One look; a problem is told when it lasts."""
        now = self._clock()
        try:
            soon = self.duty.look()
            self._problem = (None, 0, False)
        except Problem as problem:
            sentence, since, told = self._problem
            if sentence != str(problem):
                # Another sentence about the same trouble does not begin it anew.
                sentence, since, told = str(problem), since if sentence else now, False
            if not told and now - since >= PATIENCE:
                say(sentence)
                told = True
            self._problem = (sentence, since, told)
            soon = False
        return FAST if soon or now < self._alert else self.duty.every

    def run(self):
        while not self._stopping.is_set():
            try:
                pause = self.once()
            except Exception as error:   # a fault of ours in one duty must not end the others
                say("internal error in {0}: {1} in line {2}".format(
                    type(self.duty).__name__, type(error).__name__, error.__traceback__.tb_lineno))
                pause = self.duty.every
            self._wake.wait(pause)
            self._wake.clear()


def listen(engine, workers, stopping):
    """Pass Docker's events on to the duties that they concern, for ever."""
    while not stopping.is_set():
        try:
            for event, name in engine.events():
                for worker in workers:
                    if not event or name in worker.duty.names:
                        worker.wake()
        except Problem:
            # The duties tell it, as they cannot reach Docker either.
            pass
        stopping.wait(FAST)


def read(path):
    """The configuration.

    :raises Problem: when it cannot be used.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            config = json.load(stream)
    except OSError as error:
        raise Problem("reading {0}: {1}; run the playbook, which writes it".format(path, error.strerror)) from None
    except ValueError:
        raise Problem("reading {0}: it is no JSON; run the playbook, which writes it".format(path)) from None
    try:
        for gateway in config["gateways"]:
            names = [gateway["name"]] + [entry[key] for entry in gateway["dependents"] for key in ("name", "project", "directory")]
            if gateway.get("torrent"):
                names += [gateway["api_key"], gateway["interface"]] + [gateway["torrent"][key] for key in ("name", "username", "password")]
                names += [str(int(gateway["port"])), str(int(gateway["torrent"]["port"]))]
            if not all(isinstance(name, str) and name for name in names):
                raise ValueError
    except (KeyError, TypeError, ValueError):
        raise Problem("reading {0}: something is missing in it; run the playbook, which writes it".format(path)) from None
    return config


def duties(config, **options):
    """What there is to do, by the configuration."""
    engine, composer = Engine(config.get("socket") or SOCKET), Composer()
    found = []
    for gateway in config["gateways"]:
        if gateway["dependents"]:
            found.append(Namespaces(gateway, engine, composer, **options))
        if gateway.get("torrent"):
            found.append(ForwardedPort(gateway, engine))
    return engine, found


def one_pass(config, act):
    """Look at everything once.

    :return: The exit code: 1 when something was in the way.
    """
    code = 0
    for duty in duties(config, settle=0)[1]:
        try:
            duty.look(act)
        except Problem as problem:
            say(str(problem))
            code = 1
    return code


def reside(config):
    """Do all duties until the end is asked for."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *dummy: stopping.set())
    engine, found = duties(config)
    workers = [Worker(duty, stopping) for duty in found]
    for worker in workers:
        worker.start()
    threading.Thread(target=listen, args=(engine, workers, stopping), daemon=True).start()
    say("looking after {0}".format(", ".join(gateway["name"] for gateway in config["gateways"])))
    stopping.wait()
    for worker in workers:
        worker.stop()
    # A repair that goes on may end.
    end = time.monotonic() + 20
    for worker in workers:
        worker.join(max(0, end - time.monotonic()))
    return 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--config", default=CONFIG, help="where the configuration is")
    parser.add_argument("--once", action="store_true", help="look once, put right what has to be, and end")
    parser.add_argument("--check", action="store_true", help="look once, say what would be put right, and end")
    options = parser.parse_args(arguments)
    try:
        config = read(options.config)
    except Problem as problem:
        say(str(problem))
        return 2
    if options.once or options.check:
        return one_pass(config, not options.check)
    lock = config.get("lock") or RECONCILER
    with turn(lock) as mine:
        if not mine:
            say("it runs already")
            return 3
        began(lock)
        return reside(config)


if __name__ == "__main__":
    sys.exit(main())
