# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SuggestArr: its first user and logins, its settings as the file says them, its health; it suggests nothing.

As in 2.10.1: while there is no user every route is open, and the first one is made without a login, at most five tries an hour.
"""
from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from pathlib import Path

import requests
import yaml
from flask import Flask, request

from ..common import write_atomically
from ..kit import as_json, fetch

VERSION = "2.10.1"
SHORTEST, TRIES = 8, 5
PUBLIC = ("/api/health", "/api/auth/login", "/api/auth/refresh", "/api/auth/setup", "/api/auth/status", "/api/config/status", "/api/auth/logout")
JSON = "application/json"


class Wrong(Exception):
    """It does not start."""


class Settings:
    """config.yaml, which is made when it is missing; what it does not name is as by default."""

    DEFAULTS = {"TMDB_API_KEY": "", "SEER_API_URL": "", "SEER_TOKEN": "", "PLEX_TOKEN": "", "PLEX_API_URL": "", "SELECTED_SERVICE": "",
                "ALLOW_REGISTRATION": False}

    def __init__(self, directory):
        path = Path(directory) / "config.yaml"
        if not path.exists():
            write_atomically(path, "ALLOW_REGISTRATION: false\n")
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (yaml.YAMLError, OSError) as error:
            raise Wrong(f"config.yaml: {' '.join(str(error).split())}") from None
        if not isinstance(found, dict):
            raise Wrong("config.yaml: 'str' object has no attribute 'get'")
        self.values = {key: found.get(key, default) for key, default in self.DEFAULTS.items()}
        needed = ["TMDB_API_KEY", "SELECTED_SERVICE"] + (["PLEX_TOKEN", "PLEX_API_URL"] if self.values["SELECTED_SERVICE"] == "plex" else [])
        self.complete = bool(found["SETUP_COMPLETED"]) if "SETUP_COMPLETED" in found else all(self.values[key] for key in needed)


class Users:
    """Who may log in, in a file in the place of its database."""

    def __init__(self, directory):
        self.path = Path(directory) / "users.json"
        self.all = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        self.tokens = {}

    @staticmethod
    def digest(salt, password):
        return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 1000).hex()

    def add(self, name, password):
        salt = secrets.token_hex(8)
        self.all[name] = [salt, self.digest(salt, password)]
        write_atomically(self.path, json.dumps(self.all), 0o600)

    def token(self, name, password):
        salt, held = self.all.get(name, ["", ""])
        if not secrets.compare_digest(self.digest(salt, password), held):
            return None
        token = secrets.token_urlsafe(24)
        self.tokens[token] = name
        return token


def create_app(directory):
    flask = Flask("suggestarr", static_folder=None)
    settings, users = Settings(directory), Users(directory)
    tries = []

    def answer(body, status=200):
        return as_json(body, status, JSON)

    @flask.before_request
    def guard():
        path = request.path
        if not path.startswith("/api/") or not users.all or any(path == place or path.startswith(place + "/") for place in PUBLIC):
            return None
        token = request.headers.get("Authorization", "").partition("Bearer ")[2]
        return None if token in users.tokens else answer({"error": "Authentication required"}, 401)

    @flask.get("/api/auth/status")
    def status():
        return answer({"auth_setup_complete": bool(users.all), "app_setup_complete": settings.complete, "authenticated": False,
                       "allow_registration": bool(settings.values["ALLOW_REGISTRATION"])})

    @flask.post("/api/auth/setup")
    def setup():
        tries[:] = [moment for moment in tries if time.monotonic() - moment < 3600]
        if len(tries) >= TRIES:
            return answer({"error": "Too many requests — please try again later"}, 429)
        tries.append(time.monotonic())
        if users.all:
            return answer({"error": "Setup already completed"}, 403)
        body = request.get_json(silent=True) or {}
        name, password = str(body.get("username") or "").strip(), body.get("password") or ""
        if not name or not password:
            return answer({"error": "Username and password are required"}, 400)
        if len(name) > 64:
            return answer({"error": "Username must be 64 characters or fewer"}, 400)
        if len(password) < SHORTEST:
            return answer({"error": f"Password must be at least {SHORTEST} characters"}, 400)
        users.add(name, password)
        return answer({"message": "Admin account created"}, 201)

    @flask.post("/api/auth/login")
    def login():
        body = request.get_json(silent=True) or {}
        if not body.get("username") or not body.get("password"):
            return answer({"error": "Username and password are required"}, 400)
        token = users.token(body["username"], body["password"])
        if not token:
            return answer({"error": "Invalid credentials"}, 401)
        return answer({"access_token": token, "role": "admin", "username": body["username"]})

    @flask.get("/api/auth/me")
    def me():
        name = users.tokens.get(request.headers.get("Authorization", "").partition("Bearer ")[2])
        return answer({"username": name, "role": "admin"}) if name else answer({"error": "Authentication required"}, 401)

    @flask.get("/api/config/status")
    def configured():
        return answer({"setup_completed": settings.complete})

    @flask.get("/api/health/live")
    def live():
        return answer({"status": "ok"})

    @flask.get("/api/health/ready")
    def ready():
        # There is no TMDB here.
        found = {"status": "error", "db": "ok", "tmdb": "error" if settings.values["TMDB_API_KEY"] else "not_configured", "seer": "not_configured",
                 "llm": "not_configured"}
        if settings.values["SEER_API_URL"] and settings.values["SEER_TOKEN"]:
            try:
                told = fetch("GET", settings.values["SEER_API_URL"].rstrip("/") + "/api/v1/status", timeout=8,
                             headers={"X-Api-Key": settings.values["SEER_TOKEN"]})
                found["seer"] = "ok" if told.status_code == 200 else "error"
            except (requests.exceptions.RequestException, ValueError):
                found["seer"] = "error"
        return answer(found, 503)

    @flask.get("/")
    def page():
        return "<!DOCTYPE html><title>SuggestArr</title>"

    @flask.errorhandler(404)
    def not_found(_error):
        return answer({"error": "Not found"}, 404)

    os.makedirs(directory, exist_ok=True)
    return flask
