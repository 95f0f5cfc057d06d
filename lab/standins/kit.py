# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-ins around the *arr applications share: start-up, JSON answers, HTTP to others.

``plex.tv`` is replaced by ``STANDIN_PLEX_TV`` (a base URL); without it the real name is used, as the real apps do.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from datetime import datetime, timezone

import requests
from flask import Flask, Response

from .common import Lab, serve

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def arguments(name, config, port, description):
    parser = argparse.ArgumentParser(prog=f"standins.{name}", description=description)
    parser.add_argument("--config", default=config, help=f"directory of its state (default {config})")
    parser.add_argument("--port", type=int, default=port, help="listen here instead of on the configured port")
    parser.add_argument("--host", default="0.0.0.0")
    return parser


def end_on_signals(before=None):
    """As process 1 of a container Python ignores SIGTERM unless told otherwise."""
    def end(_number, _frame):
        if before:
            before()
        os._exit(0)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)


def run(name, version, application, config, host, port, handles_starting=False, before_end=None):
    """Serve until the process is stopped."""
    end_on_signals(before_end)
    print(f"{name} {version} (stand-in) listens on {host}:{port}", flush=True)
    serve(Lab(application, config, handles_starting), host, port)


def restart_process(module):
    """Replace this process by a new one: everything is read anew, as after a restart of the app."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]])


def catch_all(answer):
    """A Flask application whose every request goes to ``answer()``: the routing of the real apps is not Flask's."""
    flask = Flask("standin", static_folder=None)

    @flask.route("/", defaults={"path": ""}, methods=METHODS, provide_automatic_options=False)
    @flask.route("/<path:path>", methods=METHODS, provide_automatic_options=False)
    def everything(path):
        return answer()

    return flask


def as_json(value, status=200, content_type="application/json; charset=utf-8", **headers):
    response = Response(json.dumps(value, ensure_ascii=False, separators=(",", ":")), status, content_type=content_type)
    for key, text in headers.items():
        response.headers[key.replace("_", "-")] = text
    return response


def as_text(text, status=200, content_type="text/html; charset=utf-8", **headers):
    response = Response(text, status, content_type=content_type)
    for key, value in headers.items():
        response.headers[key.replace("_", "-")] = value
    return response


def fetch(method, url, **options):
    """One request to another program, never through a proxy of the environment."""
    options.setdefault("timeout", 10)
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, **options)


def plex_tv(path):
    return os.environ.get("STANDIN_PLEX_TV", "https://plex.tv").rstrip("/") + path


def now():
    return datetime.now(timezone.utc)


def iso(moment=None):
    """2026-11-20T06:21:37.000Z"""
    return (moment or now()).strftime("%Y-%m-%dT%H:%M:%S.") + f"{(moment or now()).microsecond // 1000:03d}Z"


def moment(seconds):
    """The same of seconds since 1970."""
    return iso(datetime.fromtimestamp(int(seconds or 0), timezone.utc))


LIFETIME, FRESH = 3600, 10          # seconds; past FRESH the old answer is given and the new one fetched behind


class Unreachable(Exception):
    """Whatever went wrong: the real one makes no difference either."""


class Cache:
    """Answers by URL; the key of the app is not part of it, which is the trap."""

    def __init__(self):
        self.entries, self.stats = {}, {"hits": 0, "misses": 0}

    def get(self, name, ask):
        held = self.entries.get(name)
        if held and time.monotonic() - held[0] < LIFETIME:
            self.stats["hits"] += 1
            if time.monotonic() - held[0] > FRESH:
                threading.Thread(target=self._refresh, args=(name, ask), daemon=True).start()
            return held[1]
        self.stats["misses"] += 1
        value = ask()
        self.entries[name] = (time.monotonic(), value)
        return value

    def _refresh(self, name, ask):
        try:
            self.entries[name] = (time.monotonic(), ask())
        except Unreachable:
            pass

    def flush(self):
        self.entries.clear()
