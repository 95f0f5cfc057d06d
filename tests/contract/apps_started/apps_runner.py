# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a stand-in as its image does (a process, its environment, its config directory) and run steps against it."""
from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import requests
from standins import testing
from standins.testing import LAB, free_port

KEY = "0123456789abcdef0123456789abcdef"
# What answers first, without any key: the place that the health probes of the images and of the catalog ask.
PROBE = {
    "plex": "/identity", "seerr": "/api/v1/status", "overseerr": "/api/v1/status", "maintainerr": "/api/health/ready",
    "tautulli": "/status", "bazarr": "/api/system/ping", "flaresolverr": "/health", "unpackerr": "/metrics",
    "suggestarr": "/api/health/live", "kitana": "/token", "cross_seed": "/api/ping", "plextraktsync": None, "gluetun": None, "recyclarr": None,
}


class Process:
    """A stand-in in a process of its own; ``url`` where it answers, ``output()`` what it has printed."""

    def __init__(self, name, directory, environment=None, files=None, arguments=(), probe=None):
        self.name, self.config = name, Path(directory)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config.mkdir(parents=True, exist_ok=True)
        for path, text in (files or {}).items():
            place = self.config / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        self.log = self.config.parent / (self.config.name + ".log")
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith(("TAUTULLI_", "UN_", "VPN_", "WIREGUARD_", "OPENVPN_", "PLEX_", "API_KEY", "PORT", "HOST"))}
        # Nobody is to be asked beyond this machine: plex.tv does not answer unless a test says who plays it.
        self.environment.update(PYTHONPATH=str(LAB), PYTHONUNBUFFERED="1", STANDIN_PLEX_TV="http://127.0.0.1:9")
        self.environment.update({name: str(value) for name, value in (environment or {}).items()})
        self.arguments = list(arguments)
        self.probe = probe or PROBE[name]
        self.process = None

    def spawn(self):
        command = [sys.executable, "-m", "standins." + self.name, "--config", str(self.config), *self.arguments]
        if self.name not in ("recyclarr", "plextraktsync"):
            command += ["--port", str(self.port)]
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(command, env=self.environment, stdout=stream, stderr=subprocess.STDOUT)
        return self

    def start(self, timeout=30):
        self.spawn()
        deadline = time.monotonic() + timeout
        while self.probe:
            try:
                requests.get(self.url + self.probe, timeout=5, allow_redirects=False)
                break
            except requests.exceptions.ConnectionError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} does not answer: {self.output()}") from None
                time.sleep(0.03)
        return self

    def wait_for(self, text, timeout=15):
        deadline = time.monotonic() + timeout
        while text not in self.output():
            assert time.monotonic() < deadline, f"{text!r} is not in: {self.output()}"
            time.sleep(0.05)

    def ended(self, timeout=20):
        return self.process.wait(timeout)

    def output(self):
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def stop(self):
        """SIGTERM, as ``docker stop``; what it leaves behind has to be whole."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        return self

    def restart(self):
        return self.stop().start()

    def requests(self):
        return requests.get(self.url + "/__requests__", timeout=5).json()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()


def filled(value, words):
    """The value with ``<name>`` replaced; a text that is nothing but one keeps the type of what it stands for."""
    if isinstance(value, dict):
        return {filled(key, words): filled(item, words) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, words) for item in value]
    if isinstance(value, str):
        whole = re.fullmatch(r"<(\w+)>", value)
        if whole and whole[1] in words:
            return words[whole[1]]
        return re.sub(r"<(\w+)>", lambda found: str(words.get(found[1], found[0])), value)
    return value


def pick(value, path):
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def covers(found, wanted, where="answer"):
    """Every key that is wanted is there with that value; lists count in full; ``~text`` is a pattern."""
    if isinstance(wanted, dict):
        assert isinstance(found, dict), f"{where} is no object: {found!r}"
        for key, value in wanted.items():
            assert key in found, f"{where}.{key} is missing in {sorted(found)}"
            covers(found[key], value, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(found, list) and len(found) == len(wanted), f"{where}: {found!r} instead of {wanted!r}"
        for place, value in enumerate(wanted):
            covers(found[place], value, f"{where}[{place}]")
    elif isinstance(wanted, str) and wanted.startswith("~"):
        assert re.search(wanted[1:], str(found)), f"{where}: {found!r} does not match {wanted[1:]!r}"
    else:
        assert found == wanted and isinstance(found, bool) == isinstance(wanted, bool), f"{where}: {found!r} instead of {wanted!r}"


KINDS = {"json": "application/json", "html": "text/html", "text": "text/plain", "xml": "xml"}


def run_step(process, step, words):
    """One request and what has to come back."""
    step = filled(step, words)
    if "restart" in step:
        process.restart()
        return
    method, _blank, path = step["call"].partition(" ")
    options = {"timeout": step.get("timeout", 30), "allow_redirects": False, "headers": dict(step.get("headers") or {})}
    if "body" in step:
        options["json"] = step["body"]
    elif "form" in step:
        options["data"] = dict(step["form"])
    elif "raw" in step:
        options["data"] = step["raw"].encode()
    answer = requests.request(method, process.url + path, **options)
    where = f"{step['call']}: {answer.status_code} {answer.text[:400]!r}"
    assert answer.status_code == step.get("status", 200), where
    if "kind" in step:
        wanted = step["kind"]
        if wanted == "empty":
            assert answer.content == b"", where
        else:
            assert KINDS[wanted] in answer.headers.get("Content-Type", ""), f"{answer.headers.get('Content-Type')} of {where}"
    if "text" in step:
        assert step["text"] in answer.text, where
    if "location" in step:
        assert step["location"] in answer.headers.get("Location", ""), f"{answer.headers.get('Location')} of {where}"
    if "has" in step:
        covers(answer.json(), step["has"], step["call"])
    if "is" in step:
        assert answer.json() == step["is"], where
    if "lacks" in step:
        for text in step["lacks"] if isinstance(step["lacks"], list) else [step["lacks"]]:
            assert text not in answer.text, where
    for name, path_ in (step.get("save") or {}).items():
        words[name] = pick(answer.json(), path_)
    assert "defect of the stand-in" not in answer.text


def peers(tmp_path):
    """The *arr applications that the others are asked to look at."""
    return {kind: testing.start_arr_in_thread(kind, tmp_path) for kind in ("sonarr", "radarr")}
