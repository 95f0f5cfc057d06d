# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FlareSolverr: really fetches the pages it is asked for; nothing here needs a browser."""
from __future__ import annotations

import time
import uuid

import requests
from flask import Flask, request

from ..kit import as_json, fetch

VERSION = "3.5.0"
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
JSON = "application/json"
# The lab has no Internet: what others fetch to see whether the solver works is answered from here.
KNOWN_PAGES = {"https://prowlarr.servarr.com/v1/ping": "{\"ping\": \"pong\"}"}


class Refused(Exception):
    """Why a command was not carried out."""


class Solver:
    def __init__(self):
        self.sessions = {}

    def command(self, body):
        name = body.get("cmd")
        if not name:
            raise Refused("Request parameter 'cmd' is mandatory.")
        if "headers" in body or "userAgent" in body:
            print("parameters headers and userAgent are not used any more", flush=True)
        if name == "sessions.create":
            session = body.get("session") or str(uuid.uuid4())
            fresh = session not in self.sessions
            self.sessions.setdefault(session, {})
            return {"message": "Session created successfully." if fresh else "Session already exists.", "session": session}
        if name == "sessions.list":
            return {"message": "", "sessions": list(self.sessions)}
        if name == "sessions.destroy":
            if body.get("session") not in self.sessions:
                raise Refused("The session doesn't exist.")
            del self.sessions[body["session"]]
            return {"message": "The session has been removed."}
        if name in ("request.get", "request.post"):
            return self._request(name.rpartition(".")[2].upper(), body)
        raise Refused(f"Request parameter 'cmd' = '{name}' is invalid.")

    @staticmethod
    def _request(method, body):
        if not body.get("url"):
            raise Refused(f"Request parameter 'url' is mandatory in 'request.{method.lower()}' command.")
        if method == "GET" and body.get("postData") is not None:
            raise Refused("Cannot use 'postBody' when sending a GET request.")
        if method == "POST" and body.get("postData") is None:
            raise Refused("Request parameter 'postData' is mandatory in 'request.post' command.")
        if method == "GET" and body["url"] in KNOWN_PAGES:
            return {"message": "Challenge not detected!", "solution": {
                "url": body["url"], "status": 200, "cookies": [], "userAgent": USER_AGENT, "headers": {},
                "response": KNOWN_PAGES[body["url"]]}}
        seconds = max(int(body.get("maxTimeout") or 60000), 1) / 1000
        headers = {"User-Agent": USER_AGENT}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        cookies = {item["name"]: item["value"] for item in body.get("cookies") or []}
        try:
            answer = fetch(method, body["url"], data=body.get("postData"), headers=headers, cookies=cookies, timeout=seconds)
        except requests.exceptions.Timeout:
            raise Refused(f"Error solving the challenge. Timeout after {seconds} seconds.") from None
        except (requests.exceptions.RequestException, ValueError) as error:
            name = "net::ERR_NAME_NOT_RESOLVED" if "resolve" in str(error) or "Name or service" in str(error) else \
                "net::ERR_CONNECTION_REFUSED"
            raise Refused(f"Error solving the challenge. Message: unknown error: {name}") from None
        cookies = [{"name": item.name, "value": item.value, "domain": item.domain, "path": item.path}
                   for item in answer.cookies]
        solution = {"url": answer.url, "status": 200, "cookies": cookies, "userAgent": USER_AGENT}
        if not body.get("returnOnlyCookies"):
            # The real one reports 200 and no headers, because a browser tells it neither.
            solution.update(headers={}, response=answer.text)
        return {"message": "Challenge not detected!", "solution": solution}


def create_app(config_dir=None):
    flask = Flask("flaresolverr", static_folder=None)
    solver = Solver()

    @flask.get("/")
    def index():
        return as_json({"msg": "FlareSolverr is ready!", "version": VERSION, "userAgent": USER_AGENT}, content_type=JSON)

    @flask.get("/health")
    def health():
        return as_json({"status": "ok"}, content_type=JSON)

    @flask.post("/v1")
    def version_one():
        begun = int(time.time() * 1000)
        body = request.get_json(force=True, silent=True)
        try:
            if not isinstance(body, dict):
                raise Refused("The body is not a JSON object.")
            answer, status = {"status": "ok", **solver.command(body)}, 200
        except Refused as error:
            answer, status = {"status": "error", "message": f"Error: {error}"}, 500
        answer.update(startTimestamp=begun, endTimestamp=int(time.time() * 1000), version=VERSION)
        return as_json(answer, status, content_type=JSON)

    @flask.errorhandler(404)
    def not_found(_error):
        return as_json({"error": "Not found: '" + request.path + "'", "status_code": 404}, 404, content_type=JSON)

    @flask.errorhandler(405)
    def not_allowed(_error):
        return as_json({"error": "Method not allowed.", "status_code": 405}, 405, content_type=JSON)

    return flask
