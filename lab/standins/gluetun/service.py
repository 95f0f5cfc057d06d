# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gluetun: strict settings, tunnel and kill switch, DNS, health with restarts, forwarded port, control server with roles."""
from __future__ import annotations

import base64
import hmac
import http.client
import json
import os
import shlex
import socket
import subprocess
import threading
import time
from pathlib import Path

from flask import request

from ..kit import as_json, as_text, catch_all
from . import dns, natpmp, network
from .settings import ROUTES

VERSION = "v3.41.3"
PORT = 5914                 # what is forwarded where there is no provider that could be asked
# Seconds. The lab's clock is faster than the real one, which looks every 60 and renews every 45.
CHECK, RENEW, LEASE, START = 5, 5, 60, 6
SHUTDOWN, DOWN = 5, 60      # how long a command may take at the end of the program, and otherwise


def log(text):
    print(text, flush=True)


class Gateway:
    """The VPN as the control server shows it, and the thread that keeps it up.

    :param tunnel: A tunnel of :mod:`network`, or nothing to leave the network alone.
    :param firewall: Where forwarded ports are opened.
    """

    def __init__(self, settings, tunnel=None, firewall=None):
        self.settings, self.tunnel, self.firewall = settings, tunnel, firewall
        self.wanted = "running"
        self.status = "stopped"
        self.port = 0
        self.given = PORT
        self.public_ip = ""
        self.failure = "healthcheck did not run yet"
        self.broken = None                  # a reason set by the lab
        self.wake = threading.Event()       # something changed: look now
        self.lock = threading.RLock()
        self.resolver = None
        self.command = None                 # the UP command that runs
        self.asked, self.lost = False, False    # whether this session has asked for a port in vain, and whether it had one

    # The loop

    def start(self):
        threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self):
        pause = 1
        while True:
            self.wake.clear()
            if self.wanted != "running":
                self.wake.wait()
                continue
            try:
                self._session()
                pause = 1
            except network.Unable as error:
                log(f"ERROR [vpn] {error}")
                self.failure, self.status = str(error), "crashed"
                self.wake.wait(pause)
                pause = min(pause * 2, 15)
            finally:
                self._end()

    def _session(self):
        """One life of the tunnel: up, checked, kept; returns when it has to end."""
        self.asked = self.lost = False
        if self.tunnel:
            self.tunnel.up()
        self.status = "running"
        if not self.tunnel or not self.tunnel.real:
            time.sleep(float(os.environ.get("STANDIN_VPN_DELAY", "0.3")))
            self.public_ip, self.failure = "203.0.113.7", None
        elif not self._started():
            log("INFO [healthcheck] restarting VPN because it failed to pass the startup healthcheck")
            if self.settings["health"]["restart"]:
                return
        else:
            self.failure = None
        self._dns()
        if self.tunnel and self.tunnel.real:
            self.public_ip = self._public_ip()
            log(f"INFO [ip getter] Public IP address is {self.public_ip or 'not known'}")
        log("INFO [vpn] the tunnel is up")
        while self._keep():
            pass

    def _keep(self):
        """Forward the port and look at the tunnel; False ends the session."""
        self._forwarding()
        self.wake.wait(min(CHECK, RENEW))
        if self.wanted != "running":
            return False
        self.wake.clear()
        if not self.tunnel or not self.tunnel.real or self._small_check():
            return True
        self.failure = "periodic check: no answer through the tunnel"
        log(f"INFO [healthcheck] {self.failure}")
        return not self.settings["health"]["restart"]

    def _end(self):
        self.forward(0)
        self.public_ip = ""
        if self.tunnel:
            self.tunnel.down()
        self.status = "stopped" if self.wanted != "running" else "starting"

    def disconnect(self):
        self.wanted = "stopped"
        self.wake.set()
        self._wait(lambda: self.status == "stopped")

    def connect(self):
        self.wanted = "running"
        self.wake.set()
        self._wait(lambda: self.status == "running")

    def restart(self):
        self.disconnect()
        self.connect()

    @staticmethod
    def _wait(condition, limit=70):
        end = time.monotonic() + limit
        while not condition() and time.monotonic() < end:
            time.sleep(0.01)

    # Health

    def _started(self):
        """Whether a connection to one of the targets comes about soon enough; a refused look-up or connection is tried again."""
        end = time.monotonic() + START
        targets = self.settings["health"]["targets"]
        while time.monotonic() < end and self.wanted == "running":
            for host, port in targets:
                address = self._address(host)
                try:
                    if address:
                        socket.create_connection((address, port), 1).close()
                        return True
                except OSError as error:
                    self.failure = f"startup check: dialing {host}:{port}: {error}"
            time.sleep(0.05)
        self.failure = self.failure or "startup check: no target answers"
        return False

    def _small_check(self):
        health = self.settings["health"]
        if health["kind"] == "dns":
            good = any(self._address(host) for host, _port in health["targets"])
        else:
            pings = [self.settings["endpoint_ip"]] if health["pings"] == ["0.0.0.0"] else health["pings"]
            good = any(network.ping(address, wait) for wait in (0.5, 1, 2) for address in pings)
        if good and self.failure:
            self.failure = None
        return good

    def unhealthy(self):
        """Why the last look at the tunnel failed, or nothing; a VPN that somebody has stopped stays what it was."""
        return self.broken or self.failure

    # DNS and the public address

    def _address(self, host):
        try:
            socket.inet_aton(host)
            return host
        except OSError:
            wanted = self.settings["dns"]
            # Who keeps the container's name server depends on it, the health of the tunnel included.
            return dns.resolve(host, (dns.DOCKER, 53) if wanted["keep"] else wanted["upstream"], 1)

    def _dns(self):
        """The namespace asks the server in here from now on; the first time only, since the server outlives the tunnel."""
        wanted = self.settings["dns"]
        if self.resolver or wanted["keep"] or not self.tunnel or not self.tunnel.real:
            return
        try:
            if wanted["enabled"]:
                dns.Server(wanted["upstream"], wanted["exempt"]).start()
            dns.use("127.0.0.1" if wanted["enabled"] else wanted["upstream"][0])
            self.resolver = True
        except OSError as error:
            raise network.Unable(f"DNS server: {error.strerror}") from None

    def _public_ip(self):
        """As ipinfo.io sees it; what goes wrong costs only the answer."""
        address = self._address("ipinfo.io")
        if not address:
            return ""
        connection = http.client.HTTPConnection(address, 80, timeout=2)
        try:
            connection.request("GET", "/json", headers={"Host": "ipinfo.io"})
            return json.loads(connection.getresponse().read()).get("ip", "")
        except (OSError, ValueError, http.client.HTTPException):
            return ""
        finally:
            connection.close()

    # The forwarded port

    def _forwarding(self):
        """Ask for the port, or renew it. A port that changed ends the forwarding before it begins anew.

        As in the real one: who gets no port at the start of a tunnel does not ask again before the next one, who has lost it does; and while the UP
        command runs, nobody renews.
        """
        forwarding = self.settings["forwarding"]
        if not forwarding["enabled"]:
            return
        if forwarding["provider"] == "private internet access" and self.settings["name"] == "custom" and not forwarding["server"]:
            log("panic: server name cannot be empty")
            os._exit(2)
        if not self.tunnel or not self.tunnel.real:
            self.forward(self.given)
            return
        if forwarding["provider"] != "protonvpn":
            log(f"ERROR [port forwarding] the lab has no {forwarding['provider']} that forwards ports")
            return
        if self.asked or self.command and self.command.poll() is None:
            return
        first = not self.port
        try:
            address = self.tunnel.gateway()
            if first:
                log(f"INFO [port forwarding] gateway external IPv4 address is {natpmp.public_address(address)}")
            port = natpmp.map_port(address, LEASE, self.port, lambda text: log(f"WARN [port forwarding] {text}"))
        except natpmp.Refused as error:
            log(f"ERROR [port forwarding] {error}")
            self.asked = first and not self.lost
            self.lost = not first or self.lost
            self.forward(0)
            if not first:
                self._forwarding()
            return
        self.lost = False
        self.forward(port)

    def forward(self, port, limit=DOWN):
        """Hand a port on: firewall, status file, the user's command; 0 takes it back."""
        forwarding = self.settings["forwarding"]
        with self.lock:
            before = self.port
            if port == before or not (forwarding["enabled"] or before):
                return
            if before:
                self._stop_command(limit < DOWN)
                self._run(forwarding["down"], before, limit)
                self._open("forbid", before)
            self.port = port
            if port:
                log(f"INFO [port forwarding] port forwarded is {port}")
                self._open("allow", port)
            self._write(str(port) if port else "")
            if port and forwarding["up"]:
                threading.Thread(target=self._run, args=(forwarding["up"], port, None), daemon=True).start()

    def _open(self, action, port):
        if self.firewall:
            try:
                getattr(self.firewall, action)(port)
            except network.Unable as error:
                log(f"ERROR [port forwarding] {error}")

    def _write(self, text):
        path = Path(self.settings["forwarding"]["file"])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="ascii")
            path.chmod(0o644)
            os.chown(path, self.settings["puid"], self.settings["pgid"])
        except OSError as error:
            log(f"ERROR [port forwarding] writing port file: {error.strerror}")

    def _stop_command(self, now):
        """The UP command comes to its end before the port goes; only the end of the program ends it too."""
        running = self.command
        if running and running.poll() is None:
            if now:
                running.kill()
            running.wait()

    def _run(self, command, port, limit):
        """Run a command of the user, split as a shell splits, without a shell; what goes wrong is only logged."""
        if not command:
            return
        try:
            words = shlex.split(command.replace("{{PORTS}}", str(port)).replace("{{PORT}}", str(port))
                                .replace("{{VPN_INTERFACE}}", self.settings["interface"]))
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        except (OSError, ValueError, IndexError) as error:
            log(f"ERROR [port forwarding] running the command: {type(error).__name__}")
            return
        if limit is None:
            self.command = process
        try:
            process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            log(f"ERROR [port forwarding] running the command: no end after {limit} s")
            return
        log(f"ERROR [port forwarding] running the command: exit status {process.returncode}" if process.returncode
            else "INFO [port forwarding] the command has run")

    def shut_down(self):
        self.wanted = "stopped"
        self.forward(0, SHUTDOWN)


def allowed(settings, method, path):
    for role in settings["roles"]:
        if (method, path) not in role["routes"]:
            continue
        if role["auth"] == "none":
            return True
        if role["auth"] == "apikey":
            given = request.headers.get("X-API-Key") or request.args.get("api_key") or ""
            if hmac.compare_digest(given.encode(), role["apikey"].encode()):
                return True
        if role["auth"] == "basic":
            wanted = "Basic " + base64.b64encode(f"{role['username']}:{role['password']}".encode()).decode()
            if hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted.encode()):
                return True
    return False


def create_app(gateway):
    """The control server; ``/__vpn__`` is the lab's own: ``{"port": 5914, "broken": "no handshake"}``, or ``{"check": true}`` to look now."""
    settings = gateway.settings

    def answer():
        method, path = request.method, request.path
        if path == "/__vpn__":
            return lab()
        if path not in {known for _method, known in ROUTES}:
            return as_text("Not Found\n", 404, "text/plain; charset=utf-8")
        if (method, path) not in ROUTES:
            return as_text("Method Not Allowed\n", 405, "text/plain; charset=utf-8")
        if not allowed(settings, method, path):
            return as_text("Unauthorized\n", 401, "text/plain; charset=utf-8")
        return serve(method, path)

    def lab():
        if request.method in ("POST", "PUT"):
            wanted = request.get_json(force=True)
            gateway.broken = wanted.get("broken", gateway.broken)
            if "port" in wanted:
                gateway.given = int(wanted["port"])
                gateway.forward(gateway.given)
            if wanted.get("check"):
                gateway.wake.set()
        return as_json({"status": gateway.status, "port": gateway.port, "broken": gateway.broken})

    def serve(method, path):
        if path == "/v1/version":
            return plain({"version": VERSION, "commit": "stand-in", "created": ""})
        if path in ("/v1/vpn/status", "/v1/openvpn/status"):
            if method == "GET":
                return plain({"status": gateway.status if settings["type"] == "openvpn" or "vpn" == path.split("/")[2] else "stopped"})
            wanted = (request.get_json(force=True, silent=True) or {}).get("status")
            if wanted not in ("running", "stopped"):
                return as_text(f"invalid status: {wanted or ''}: possible values are: stopped, running\n", 400, "text/plain; charset=utf-8")
            if wanted == gateway.status:
                return plain({"outcome": f"already {wanted}"})
            (gateway.connect if wanted == "running" else gateway.disconnect)()
            return plain({"outcome": wanted})
        if path in ("/v1/openvpn/portforwarded", "/openvpn/portforwarded"):
            code, word = (301, "Moved Permanently") if path.startswith("/v1") else (308, "Permanent Redirect")
            return as_text(f'<a href="/v1/portforward">{word}</a>.\n\n', code, Location="/v1/portforward")
        if path == "/v1/portforward":
            return plain({"port": gateway.port, "ports": [gateway.port] if gateway.port else []})
        if path == "/v1/publicip/ip":
            place = {"region": "North Holland", "country": "Netherlands", "city": "Amsterdam", "location": "52.3740,4.8897",
                     "organization": "AS64500 Lab", "postal_code": "1012", "timezone": "Europe/Amsterdam"}
            return plain({"public_ip": gateway.public_ip, **(place if gateway.public_ip else {})})
        if path == "/v1/dns/status" or path == "/v1/updater/status":
            return plain({"status": "running" if "dns" in path else "completed"})
        if path.endswith("settings"):
            return plain({"type": settings["type"], "provider": {"name": settings["name"]}})
        gateway.restart()
        return plain({"outcome": "restarted"})

    return catch_all(answer)


def plain(value):
    return as_text(json.dumps(value, separators=(",", ":")) + "\n", 200, "text/plain; charset=utf-8")


def health_app(gateway):
    def answer():
        reason = gateway.unhealthy()
        if reason:
            return as_text(reason + "\n", 500, "text/plain; charset=utf-8")
        return as_text("", 200, "text/plain; charset=utf-8")

    return catch_all(answer)
