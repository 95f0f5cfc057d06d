# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpackerr: reads its environment strictly, asks every app for its queue for real, serves metrics when told to."""
from __future__ import annotations

import re
import threading
import time

import requests
from flask import Flask, Response

from ..kit import fetch

VERSION = "0.15.2"
KEY_LENGTH = 32
SHORTEST = 15.0                     # seconds; a shorter interval is raised to it
# app -> the API path of its queue
APPS = {"sonarr": "api/v3/queue", "radarr": "api/v3/queue", "lidarr": "api/v1/queue", "readarr": "api/v1/queue",
        "whisparr": "api/v3/queue"}
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
BOOLEANS = {"1": True, "t": True, "T": True, "TRUE": True, "true": True, "True": True,
            "0": False, "f": False, "F": False, "FALSE": False, "false": False, "False": False}
DURATIONS = ("INTERVAL", "START_DELAY", "RETRY_DELAY", "TIMEOUT", "DELETE_DELAY", "LOG_QUEUES")
NUMBERS = ("MAX_RETRIES", "PARALLEL", "LOG_FILES", "LOG_FILE_MB")
SWITCHES = ("DEBUG", "QUIET", "ACTIVITY", "ERROR_STDERR", "WEBSERVER_METRICS")


class Wrong(Exception):
    """What it would not start with."""


def duration(text):
    """A Go duration (``1m30s``) in seconds."""
    if text == "0":
        return 0.0
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.lstrip("+"):
        raise ValueError(f'time: invalid duration "{text}"')
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def expand(value):
    """``filepath:/run/secrets/x`` stands for the content of that file."""
    if not value.startswith("filepath:"):
        return value
    try:
        with open(value[len("filepath:"):], encoding="utf-8") as stream:
            return stream.read().strip()
    except OSError as error:
        raise Wrong(f"reading a filepath: {error}") from None


def read(environment, log=print):
    """The configuration of an environment, or ``Wrong``."""
    values = {key[3:]: expand(value) for key, value in environment.items() if key.startswith("UN_")}
    settings = {"INTERVAL": 120.0, "TIMEOUT": 10.0, "WEBSERVER_METRICS": False, "WEBSERVER_LISTEN_ADDR": "0.0.0.0:5656"}
    for names, convert, kind in ((DURATIONS, duration, "duration"), (NUMBERS, int, "number"), (SWITCHES, BOOLEANS.__getitem__, "bool")):
        for name in names:
            if values.get(name):
                try:
                    settings[name] = convert(values[name])
                except (ValueError, KeyError):
                    raise Wrong(f"environment variables: UN_{name}: '{values[name]}' is not a {kind}") from None
    for name in ("FILE_MODE", "DIR_MODE"):
        if values.get(name):
            if not re.fullmatch(r"[0-7]{3,4}", values[name]):
                raise Wrong(f"environment variables: UN_{name}: '{values[name]}' is not a mode")
            settings[name] = int(values[name], 8)
    address = values.get("WEBSERVER_LISTEN_ADDR")
    if address:
        if not re.fullmatch(r"[^\s]*:\d{1,5}", address):
            raise Wrong(f"listen tcp: address {address}: missing port in address")
        settings["WEBSERVER_LISTEN_ADDR"] = address
    settings["INTERVAL"] = max(settings["INTERVAL"], SHORTEST)
    settings["apps"] = [item for app in APPS for item in instances(app, values, log)]
    return settings


def instances(app, values, log):
    """The instances of one kind, numbered from 0; a gap in the numbers ends them."""
    found, number = [], 0
    while any(key.startswith(f"{app.upper()}_{number}_") for key in values):
        prefix = f"{app.upper()}_{number}_"
        number += 1
        url, key = values.get(prefix + "URL", ""), values.get(prefix + "API_KEY", "")
        if not url:
            log(f"[ERROR] Missing {app.capitalize()} URL in one of your configurations, skipped and ignored.", flush=True)
            continue
        if not url.startswith(("http://", "https://")):
            raise Wrong(f"{app} config: provided application URL is invalid: ({app}) {url}")
        if len(key) < KEY_LENGTH:
            raise Wrong(f"{app} config: {app} ({url}) provided application API Key is invalid, must be "
                        f"{KEY_LENGTH} characters, your key length: {len(key)}")
        try:
            timeout = duration(values.get(prefix + "TIMEOUT") or "10s")
        except ValueError as error:
            raise Wrong(f"environment variables: UN_{prefix}TIMEOUT: {error}") from None
        paths = [values[name] for name in sorted(values) if re.fullmatch(prefix + r"PATHS_\d+", name)]
        found.append({"app": app, "url": url.rstrip("/"), "key": key, "timeout": timeout, "paths": paths,
                      "queued": 0, "fetches": 0, "errors": 0, "last_error": None})
    return found


class Poller(threading.Thread):
    """Asks each app for its queue, again and again."""

    def __init__(self, settings):
        super().__init__(daemon=True)
        self.settings, self.started = settings, time.time()

    def run(self):
        while True:
            for item in self.settings["apps"]:
                self.poll(item)
            time.sleep(self.settings["INTERVAL"])

    def poll(self, item):
        title = item["app"].capitalize()
        url = f"{item['url']}/{APPS[item['app']]}"
        parameters = {"page": 1, "pageSize": 1000, "includeUnknownMovieItems": "true", "includeUnknownSeriesItems": "true"}
        item["fetches"] += 1
        try:
            answer = fetch("GET", url, params=parameters, headers={"X-Api-Key": item["key"], "Accept": "application/json"},
                           timeout=item["timeout"], allow_redirects=False)
            if answer.status_code != 200:
                raise ValueError(f"invalid status code, {answer.status_code} >= 300, {url}")
            item["queued"] = int(answer.json().get("totalRecords", 0))
            item["last_error"] = None
            print(f"[INFO] [{title}] Updated ({item['url']}): {item['queued']} Items Queued", flush=True)
        except (requests.exceptions.RequestException, ValueError, AttributeError) as error:
            item["errors"] += 1
            item["last_error"] = type(error).__name__
            print(f"[ERROR] {title} ({item['url']}): {error}".replace(item["key"], "********"), flush=True)


def create_app(settings, started=None):
    flask = Flask("unpackerr", static_folder=None)
    started = started or time.time()

    @flask.get("/")
    def index():
        return Response(f"<p>Unpackerr, v{VERSION} Up: {int(time.time() - started)}s</p>\n", content_type="text/html")

    @flask.get("/metrics")
    def metrics():
        lines = ["# TYPE unpackerr_uptime_seconds_total counter", f"unpackerr_uptime_seconds_total {time.time() - started:.1f}"]
        for name, key, kind in (("app_queue_fetch_total", "fetches", "counter"), ("app_queue_fetch_errors_total", "errors", "counter"),
                                ("app_queues_total", "queued", "gauge")):
            lines.append(f"# TYPE unpackerr_{name} {kind}")
            lines += [f'unpackerr_{name}{{app="{item["app"].capitalize()}",url="{item["url"]}"}} {item[key]}'
                      for item in settings["apps"]]
        return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")

    return flask
