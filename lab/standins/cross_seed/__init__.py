# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cross-seed: refuses wrong settings at once, tries six times to get into its client and its apps, and then answers; it matches nothing.

As in 6.13.7 (startup.ts, server.ts): it does not listen before everything was tried, and minutes lie between the tries.
"""
from __future__ import annotations

import os
import time
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from flask import Flask, request

from ..kit import as_text, fetch
from .config import CLIENT

VERSION = "6.13.7"
TRIES, PAUSE = 6, 60
TEXT = "text/plain"


class Failed(Exception):
    """It ends with 1."""


def directories(config, place):
    """Makes what it writes to.

    :param place: Its own directory.
    """
    wanted = [("outputDir", config["outputDir"] or os.path.join(place, "cross-seeds"))]
    wanted += [(f"linkDir{number}", path) for number, path in enumerate(config["linkDirs"])]
    for name, path in wanted:
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise Failed(f"{name}: {path}: {error.strerror}") from None
        if not os.access(path, os.R_OK | os.W_OK):
            raise Failed(f"Your {name}, {path}, is not writable")


def client(entry):
    """Logs in to a qBittorrent and makes its tag.

    :raises Failed: when that does not work.
    """
    parts = urlsplit(CLIENT.match(entry)[2])
    if not entry.startswith("qbittorrent:"):
        return
    base = f"{parts.scheme}://{parts.hostname}:{parts.port or 80}{parts.path.rstrip('/')}/api/v2"
    label = f"[qbittorrent@{parts.hostname}:{parts.port}]"
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(base + "/auth/login", data={"username": unquote(parts.username or ""), "password": unquote(parts.password or "")}, timeout=10)
            if not answer.ok:
                raise Failed(f"{label} qBittorrent login failed with code {answer.status_code}")
            if not session.cookies:
                raise Failed(f"{label} qBittorrent login failed: Invalid username or password")
            version = session.post(base + "/app/version", timeout=10)
            if not version.ok:
                raise Failed(f"{label} qBittorrent login failed: Unable to retrieve version")
            session.post(base + "/torrents/createTags", data={"tags": "cross-seed"}, timeout=10)
    except (requests.exceptions.RequestException, ValueError) as error:
        raise Failed(f"{label} qBittorrent login failed: {type(error).__name__}") from None
    print(f"info: {label} Logged in to {version.text} successfully", flush=True)


def arr(name, url):
    """Asks a Sonarr or Radarr with its key."""
    parts = urlsplit(url)
    key = parse_qs(parts.query).get("apikey")
    if not key:
        raise Failed(f"{name} url does not specify an apikey")
    place = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    try:
        answer = fetch("GET", place + "/api", headers={"X-Api-Key": key[0]}, timeout=30, allow_redirects=False)
        if answer.status_code != 200:
            raise ValueError(answer.status_code)
        current = answer.json().get("current")
    except (requests.exceptions.RequestException, ValueError, AttributeError):
        raise Failed(f"Could not contact {name} at {place}") from None
    if not current:
        raise Failed(f"Failed to establish a connection to {name} URL: {place}")


def torznab(urls):
    """Says which indexers do not answer, which is no reason to end."""
    for url in urls:
        parts = urlsplit(url)
        if not parts.path.endswith("/api") or "apikey" not in parse_qs(parts.query):
            raise Failed("Torznab url must have a path ending in /api, and an apikey")
        try:
            answer = fetch("GET", url + "&t=caps", timeout=10)
            good = answer.status_code == 200 and "<caps" in answer.text
        except (requests.exceptions.RequestException, ValueError):
            good = False
        if not good:
            print(f"warn: Failed to reach {parts.netloc}{parts.path}", flush=True)


def validate(config, place):
    """Everything before it listens.

    :raises Failed: with what it says last.
    """
    directories(config, place)
    torznab(config["torznab"])
    for number in range(TRIES):
        try:
            for name in ("sonarr", "radarr"):
                for url in config[name] or []:
                    arr(name.capitalize(), url)
            for entry in config["torrentClients"]:
                client(entry)
            return
        except Failed as error:
            last = number + 1 == TRIES
            print(f"error: Attempt {number + 1}/{TRIES} failed{'' if last else f', retrying in {PAUSE}s'}: {error}", flush=True)
            if last:
                raise
        time.sleep(PAUSE)


def create_app(config):
    flask = Flask("cross-seed", static_folder=None)
    endpoints = {"/api/announce": "POST", "/api/webhook": "POST", "/api/job": "POST", "/api/ping": "GET", "/api/status": "GET"}

    @flask.route("/", defaults={"path": ""}, methods=["GET", "HEAD", "POST", "PUT", "DELETE"])
    @flask.route("/<path:path>", methods=["GET", "HEAD", "POST", "PUT", "DELETE"])
    def everything(path):
        path = "/" + path
        if path not in endpoints:
            return as_text(f"Unknown endpoint: {path}", 404, TEXT)
        if request.method != endpoints[path]:
            return as_text(f"Method {request.method} not allowed for {path}", 405, TEXT)
        if path == "/api/ping":
            return as_text("OK", 200, TEXT)
        if (request.headers.get("X-Api-Key") or request.args.get("apikey")) != config["apiKey"]:
            return as_text("Specify the API key in an X-Api-Key header or an apikey query param.", 401, TEXT)
        if path == "/api/status":
            return as_text("OK", 200, TEXT)
        data = request.get_json(silent=True) if request.is_json else request.form.to_dict()
        data = data if isinstance(data, dict) else {}
        if path == "/api/webhook":
            good = (len(str(data.get("infoHash") or "")) == 40) != bool(data.get("path") and os.path.exists(str(data["path"])))
            return as_text("", 204, TEXT) if good else as_text("A valid infoHash or an accessible path must be provided", 400, TEXT)
        if path == "/api/job":
            if data.get("name") not in ("rss", "search", "updateIndexerCaps", "inject", "cleanup"):
                return as_text("Job name must be one of cleanup, inject, rss, search, updateIndexerCaps", 400, TEXT)
            if data["name"] in ("rss", "search") and not config[data["name"] + "Cadence"]:
                return as_text(f"{data['name']}: unable to run, disabled in config", 404, TEXT)
            return as_text(f"{data['name']}: running ahead of schedule", 200, TEXT)
        missing = [name for name in ("name", "guid", "link", "tracker") if not data.get(name)]
        return as_text("Missing required params: " + ", ".join(missing), 400, TEXT) if missing else as_text("", 204, TEXT)

    return flask
