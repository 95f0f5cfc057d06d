# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plex-Trakt-Sync: what it needs before it watches, and that it connects to Plex; it syncs nothing.

As in 0.35.17: config.yml is made when it is missing, tokens are in .pytrakt.json, .env and servers.yml, and a login asks a terminal.
"""
from __future__ import annotations

import json
from pathlib import Path

import requests
import yaml

from ..kit import fetch

VERSION = "0.35.17"
DEFAULTS = "# The defaults.\nplex:\n  timeout: 30\nwatch:\n  add_collection: false\n"


class Failed(Exception):
    """The command ends with 1."""


def configuration(directory):
    """config.yml, over the defaults."""
    path = Path(directory) / "config.yml"
    if not path.exists():
        path.write_text(DEFAULTS, encoding="utf-8")
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise Failed("Unable to parse " + str(path) + ": " + " ".join(str(error).split())) from None
    if not isinstance(found, dict):
        raise Failed("Unable to parse " + str(path))
    return found


def environment(directory):
    """The keys of .env."""
    path = Path(directory) / ".env"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {key.strip(): value.strip().strip("'\"") for key, _sign, value in pairs}


def server(directory):
    """The URLs and the token of the server that is watched."""
    known = environment(directory)
    path = Path(directory) / "servers.yml"
    servers = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("servers") or {} if path.exists() else {}
    if not servers:
        if known.get("PLEX_TOKEN") and known.get("PLEX_BASEURL"):
            return [known["PLEX_BASEURL"]], known["PLEX_TOKEN"]
        raise Failed("Program requested terminal, No terminal is connected: EOF when reading a line")
    name = known.get("PLEX_SERVER") or next(iter(servers))
    if name not in servers:
        raise Failed("Server with name " + str(name) + " is not defined")
    return servers[name].get("urls") or [], servers[name].get("token")


def trakt(directory):
    """Refuses without a token of Trakt."""
    path = Path(directory) / ".pytrakt.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not found.get("OAUTH_TOKEN"):
        raise Failed("Program requested terminal, No terminal is connected: EOF when reading a line")


def connect(directory):
    """The name of the server that answers."""
    urls, token = server(directory)
    for url in urls:
        print("INFO     Connecting with url: " + url + ", timeout 30 seconds", flush=True)
        try:
            answer = fetch("GET", url.rstrip("/") + "/", headers={"X-Plex-Token": token or "", "Accept": "application/json"}, timeout=30)
        except (requests.exceptions.RequestException, ValueError) as error:
            print("ERROR    " + type(error).__name__, flush=True)
            continue
        if answer.status_code == 200:
            return answer.json()["MediaContainer"]["friendlyName"]
        print("ERROR    (" + str(answer.status_code) + ") unauthorized", flush=True)
    raise Failed("No more methods to connect. Giving up")
