# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gluetun: strict settings, control server with roles, health server, forwarded port, kill switch; no tunnel yet."""
from __future__ import annotations

import base64
import hmac
import json
import os
import shlex
import subprocess
import threading
import time
from pathlib import Path

from flask import request

from ..kit import as_json, as_text, catch_all
from .settings import ROUTES

VERSION = "v3.41.3"
PORT = 5914                 # what the stand-in of a provider forwards


class Gateway:
    """The state that the control server shows: VPN status, forwarded port, health."""

    def __init__(self, settings, tunnel=None, state=None):
        self.settings, self.tunnel = settings, tunnel
        self.status = "running"
        self.port = 0
        self.checked = False
        self.broken = None                  # a reason set by the lab: the tunnel is said to be down
        self.lock = threading.Lock()
        self.state = state

    def connect(self):
        """The tunnel comes up: the port is asked for, the command of the user runs."""
        with self.lock:
            self.status = "running"
        time.sleep(float(os.environ.get("STANDIN_VPN_DELAY", "0.3")))
        self.checked = True
        if self.settings["forwarding"]["enabled"]:
            self.forward(self.port or PORT)

    def disconnect(self):
        self.forward(0)
        self.status = "stopped"

    def forward(self, port):
        forwarding = self.settings["forwarding"]
        if not forwarding["enabled"] and not self.port:
            return
        with self.lock:
            before, self.port = self.port, port
        try:
            path = Path(forwarding["file"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(port) if port else "", encoding="ascii")
            path.chmod(0o644)
            os.chown(path, self.settings["puid"], self.settings["pgid"])
        except OSError as error:
            print(f"ERROR [port forwarding] writing port file: {error.strerror}", flush=True)
        command = forwarding["up"] if port else forwarding["down"]
        if command and port != before:
            self._run(command, port or before)

    def _run(self, command, port):
        words = shlex.split(command.replace("{{PORTS}}", str(port)).replace("{{PORT}}", str(port))
                            .replace("{{VPN_INTERFACE}}", self.settings["interface"]))

        def work():
            try:
                done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
                if done.returncode:
                    print(f"ERROR [port forwarding] running the command: exit status {done.returncode}", flush=True)
                else:
                    print("INFO [port forwarding] the command has run", flush=True)
            except (OSError, subprocess.TimeoutExpired) as error:
                print(f"ERROR [port forwarding] running the command: {type(error).__name__}", flush=True)

        threading.Thread(target=work, daemon=True).start()

    def unhealthy(self):
        """Why the tunnel does not work, or nothing."""
        if not self.checked:
            return "healthcheck did not run yet"
        if self.status != "running":
            return "the VPN is stopped"
        return self.broken


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
    """The control server; ``/__vpn__`` is the lab's own: ``{"port": 5914, "broken": "no handshake"}``."""
    settings = gateway.settings

    def answer():
        method, path = request.method, request.path.rstrip("/") or "/"
        if path == "/__vpn__":
            return lab()
        if path not in {known for _method, known in ROUTES}:
            return as_text("404 page not found\n", 404, "text/plain; charset=utf-8")
        if (method, path) not in ROUTES:
            return as_text("", 405, "text/plain; charset=utf-8")
        if not allowed(settings, method, path):
            return as_text("Unauthorized\n", 401, "text/plain; charset=utf-8")
        return serve(method, path)

    def lab():
        if request.method in ("POST", "PUT"):
            wanted = request.get_json(force=True)
            gateway.broken = wanted.get("broken", gateway.broken)
            if "port" in wanted:
                gateway.forward(int(wanted["port"]))
        return as_json({"status": gateway.status, "port": gateway.port, "broken": gateway.broken})

    def serve(method, path):
        if path == "/v1/version":
            return plain({"version": VERSION, "commit": "stand-in", "build_date": "", "created": ""})
        if path in ("/v1/vpn/status", "/v1/openvpn/status"):
            if method == "GET":
                return plain({"status": gateway.status})
            wanted = (request.get_json(force=True, silent=True) or {}).get("status")
            if wanted not in ("running", "stopped"):
                return as_text(f"status is not valid: {wanted}\n", 400, "text/plain; charset=utf-8")
            if wanted == gateway.status:
                return plain({"outcome": f"already {wanted}"})
            (gateway.connect if wanted == "running" else gateway.disconnect)()
            return plain({"outcome": wanted})
        if path in ("/v1/portforward", "/v1/openvpn/portforwarded", "/openvpn/portforwarded"):
            return plain({"port": gateway.port, "ports": [gateway.port] if gateway.port else []})
        if path == "/v1/publicip/ip":
            address = "203.0.113.7" if gateway.status == "running" else ""
            return plain({"public_ip": address, "country": "Netherlands", "city": "Amsterdam"} if address else {"public_ip": ""})
        if path == "/v1/dns/status" or path == "/v1/updater/status":
            return plain({"status": "running" if "dns" in path else "completed"})
        if path.endswith("settings"):
            return plain({"type": settings["type"], "provider": {"name": settings["name"]}})
        gateway.disconnect()
        gateway.connect()
        return plain({"outcome": "restarted"})

    return catch_all(answer)


def plain(value):
    return as_text(json.dumps(value, separators=(",", ":")) + "\n", 200, "application/json")


def health_app(gateway):
    def answer():
        reason = gateway.unhealthy()
        if reason:
            return as_text(reason + "\n", 500, "text/plain; charset=utf-8")
        return as_text("", 200, "text/plain; charset=utf-8")

    return catch_all(answer)
