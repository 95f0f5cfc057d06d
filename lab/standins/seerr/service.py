# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seerr 3 and Overseerr 1.34: one API in two generations, with the traps of both."""
from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import os
import re
import secrets
import smtplib
import threading
import time
from datetime import timedelta

import requests
from flask import Response, request

from ..kit import Cache, Unreachable, as_json, as_text, catch_all, iso, now
from . import defaults, flow, notify, peers
from .store import Settings, Users, hashed, merge

ADMIN = 2
PREFIX = "/api/v1"
FORBIDDEN = {"status": 403, "error": "You do not have permission to access this endpoint"}
# Parameters of the query by path, and those that only Seerr has.
QUERY = {"/settings/plex/library": ("sync", "enable"), "/settings/logs": ("take", "skip", "filter", "search"), "/user": ("take", "skip", "sort"),
         "/request": ("take", "skip", "filter", "sort", "requestedBy"), "/search": ("query", "page", "language"), "/movie/{movieId}": ("language",),
         "/tv/{tvId}": ("language",), "/media": ("take", "skip", "filter", "sort")}
MORE_QUERY = {"/user": ("q", "includeIds"), "/request": ("sortDirection", "mediaType")}
USER_SETTINGS = ("movieQuotaLimit", "movieQuotaDays", "tvQuotaLimit", "tvQuotaDays")


class Answer(Exception):
    """An answer other than the handler's own."""

    def __init__(self, status, value):
        super().__init__(status)
        self.response = as_json(value, status)


def message(status, text):
    return Answer(status, {"message": text})


class Service(flow.Doors):
    def __init__(self, config_dir, seerr=True, environment=None, die=None):
        self.seerr, self.directory = seerr, config_dir
        self.product, self.version = ("Seerr", "3.1.0") if seerr else ("Overseerr", "1.34.0")
        self.settings = Settings(config_dir, seerr, environment if environment is not None else os.environ)
        self.users = Users(config_dir)
        self.flow = flow.Flow(self, config_dir)
        self.caches = {"radarr": Cache(), "sonarr": Cache()}
        self.sessions = {}
        self.restart_required = False
        self.running = set()
        self.die = die or (lambda: os._exit(1))
        # Seerr starts its jobs when there is somebody to do them for, Overseerr always.
        self.jobs_started = not seerr or bool(self.users.all())
        self.sync = {"running": False, "progress": 0, "total": 0}
        self.routes = [(method, template, re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "$"),
                        public, admin, schema, self._handler(name))
                       for method, template, public, admin, schema, name in table(seerr)]
        threading.Thread(target=self._clock, daemon=True).start()

    def _handler(self, name):
        method, _colon, agent = name.partition(":")
        handler = getattr(self, method)
        return (lambda body: handler(body, agent)) if agent else handler

    # -- the door

    refused = Answer

    def answer(self):
        try:
            return self._answer()
        except Answer as stop:
            return stop.response

    def _answer(self):
        path = request.path
        if not (path == PREFIX or path.startswith(PREFIX + "/")):
            return self._page(path)
        inside = path[len(PREFIX):]
        inside = inside.rstrip("/") if inside != "/" else inside
        body = self._body()
        found = [(route, route[2].match(inside)) for route in self.routes]
        found = [(route, match) for route, match in found if match]
        if not found:
            raise Answer(404, {"message": "not found", "errors": [{"path": path, "message": "not found"}]})
        method = "GET" if request.method == "HEAD" else request.method
        route, match = next(((route, match) for route, match in found if route[0] == method), (None, None))
        if route is None:
            text = f"{request.method} method not allowed"
            raise Answer(405, {"message": text, "errors": [{"path": path, "message": text}]})
        _method, template, _pattern, public, admin, schema, handler = route
        session = request.cookies.get("connect.sid")
        key = request.headers.get("X-Api-Key")
        if method != "GET" and self._csrf() and not self._csrf_passed():
            raise message(403, "invalid csrf token")
        if not public and not key and not session:
            text = "cookie 'connect.sid' required"
            raise Answer(401, {"message": text, "errors": [{"path": PREFIX + template, "message": text}]})
        parameters = match.groupdict()
        self._check_query(template)
        self._check(parameters, schema, body)
        user = self._user(key, session)
        if not public and (user is None or (admin and not user["permissions"] & ADMIN)):
            raise Answer(403, FORBIDDEN)
        request.user = user
        result = handler(body, **{name: number(value) for name, value in parameters.items()})
        if isinstance(result, Response):
            response = result
        elif isinstance(result, tuple):
            response = as_json(*result) if result[0] is not None else Response("", result[1])
        else:
            response = as_json(result)
        if self._csrf() and method == "GET":
            response.headers.add("Set-Cookie", "_csrf=lab; Path=/; HttpOnly; Secure; SameSite=Strict")
            response.headers.add("Set-Cookie", f"XSRF-TOKEN={self._token()}; Path=/; Secure; SameSite=Strict")
        return response

    def _page(self, path):
        if path in ("/login", "/setup"):
            return as_text(f"<!DOCTYPE html><html><head><title>{self.product}</title></head><body><div id=\"__next\"></div></body></html>")
        if path.startswith(("/_next/", "/logo", "/favicon")):
            return as_text("Not Found", 404)
        target = "/login" if self.settings.data["public"]["initialized"] else "/setup"
        return as_text("", 307, Location=target)

    def _body(self):
        text = request.get_data()
        if not text or request.mimetype != "application/json":
            return None
        try:
            return json.loads(text)
        except ValueError as error:
            if not text.strip().startswith((b"{", b"[")) or text.rstrip().endswith((b":", b",", b"{", b"[")):
                raise message(400, "Unexpected end of JSON input") from None
            raise message(400, f"Expected property name or '}}' in JSON at position {getattr(error, 'pos', 1)}") from None

    def _csrf(self):
        return self.settings.data["network" if self.seerr else "main"].get("csrfProtection")

    def _token(self):
        return hashlib.sha1(self.settings.data["clientId"].encode()).hexdigest()[:27]

    def _csrf_passed(self):
        return request.cookies.get("_csrf") and hmac.compare_digest(request.headers.get("X-XSRF-TOKEN", ""), self._token())

    def _check(self, parameters, schema, body):
        """Path and body against the API description, all problems in one answer."""
        problems = []
        for name, value in parameters.items():
            if name in ("radarrId", "sonarrId", "userId") and not re.fullmatch(r"-?\d+", value):
                problems.append((f".params.{name}", f"request.params.{name}", "should be integer", "type"))
        if schema is not None:
            required, optional, read_only = schema
            if body is None and request.mimetype != "application/json":
                text = f"unsupported media type {request.content_type or 'undefined'}"
                raise Answer(415, {"message": text, "errors": [{"path": request.path, "message": text}]})
            body = body if isinstance(body, dict) else {}
            problems += [(f".body.{name}", "request.body", f"should have required property '{name}'", "required")
                         for name in required if name not in body]
            problems += [(f".body.{name}", f"request.body.{name}", f"should be {kind}", "type")
                         for name, kind in {**required, **optional}.items() if name in body and not fits(body[name], kind)]
            problems += [(f".body.{name}", f"request.body.{name}", "is read-only", "readOnly") for name in read_only if name in body]
        if problems:
            raise Answer(400, {"message": ", ".join(f"{subject} {text}" for _path, subject, text, _code in problems),
                               "errors": [{"path": path, "message": text, "errorCode": f"{code}.openapi.validation"}
                                          for path, _subject, text, code in problems]})

    def _check_query(self, template):
        """Parameters of the query that the description does not know, or that have no value."""
        known = QUERY.get(template, ()) + (MORE_QUERY.get(template, ()) if self.seerr else ())
        for name, value in request.args.items():
            text = f"Unknown query parameter '{name}'" if name not in known else f"Empty value found for query parameter '{name}'"
            if name not in known or not value:
                raise Answer(400, {"message": text, "errors": [{"path": f".query.{name}", "message": text}]})

    def _user(self, key, session):
        if key and hmac.compare_digest(key.encode(), self.settings.data["main"]["apiKey"].encode()):
            wanted = request.headers.get("X-API-User")
            if wanted is not None and not re.fullmatch(r"\d+", wanted.strip()):
                self._unhandled()
            return self.users.get(id=int(wanted) if wanted else 1)
        if session and session in self.sessions:
            return self.users.get(id=self.sessions[session])
        return None

    def _unhandled(self):
        """An unhandled rejection: Seerr never answers that request, Overseerr's process ends."""
        if not self.seerr:
            self.die()
        time.sleep(3600)
        raise message(500, "gone")

    def _login(self, user, fresh=False, token=False):
        session = "s:" + secrets.token_urlsafe(24)
        self.sessions[session] = user["id"]
        response = as_json(self._own(user, fresh, token))
        response.set_cookie("connect.sid", session, httponly=True, path="/", samesite="Lax")
        return response

    def _shown(self, user, token=False, settings=False):
        row = {"permissions": user["permissions"], "warnings": []}
        row.update({name: user[name] for name in ("id", "email", "plexUsername", "jellyfinUsername", "username",
                                                  "recoveryLinkExpirationDate", "userType", "plexId", "jellyfinUserId")})
        row.update(avatar=user["avatar"])
        if self.seerr:
            row.update(avatarETag=None, avatarVersion=None)
        else:
            del row["jellyfinUsername"], row["jellyfinUserId"]
        row.update({name: user[name] for name in (*USER_SETTINGS, "createdAt", "updatedAt")})
        if token:
            row["plexToken"] = user["plexToken"]
        if settings:
            row["settings"] = None
        row.update(requestCount=self.flow.requests_of(user), displayName=user["username"] or user["plexUsername"] or user["email"])
        return row

    def _own(self, user, fresh=False, token=False):
        """What a change of users answers: less than a list of users; less still of one just made."""
        row = self._shown(user, token=token)
        for name in ("email", "plexId", *(("requestCount", "displayName") if fresh else ())):
            row.pop(name, None)
        return row

    # -- status and first run

    def status(self, _body):
        return {"version": self.version, "commitTag": "local", "updateAvailable": False, "commitsBehind": 0,
                "restartRequired": self.restart_required}

    def appdata(self, _body):
        return {"appData": True, "appDataPath": "/app/config", **({"appDataPermissions": True} if self.seerr else {})}

    def public(self, _body):
        data = self.settings.data
        main = data["main"]
        names = ["applicationTitle", "applicationUrl", "hideAvailable", "localLogin", "partialRequestsEnabled", "cacheImages",
                 "locale", "newPlexLogin", "originalLanguage"]
        if self.seerr:
            names += ["hideBlocklisted", "mediaServerLogin", "discoverRegion", "streamingRegion", "mediaServerType",
                      "enableSpecialEpisodes", "youtubeUrl"]
        else:
            names += ["region"]
        agents = data["notifications"]["agents"]
        email = agents["email"]
        shown = {"initialized": data["public"]["initialized"], **{name: main.get(name) for name in names},
                 "movie4kEnabled": any(item.get("is4k") and item.get("isDefault") for item in data["radarr"]),
                 "series4kEnabled": any(item.get("is4k") and item.get("isDefault") for item in data["sonarr"]),
                 "vapidPublic": data["vapidPublic"], "enablePushRegistration": bool(agents["webpush"].get("enabled")),
                 "emailEnabled": bool(email.get("enabled"))}
        if self.seerr:
            shown.update(jellyfinExternalHost="", jellyfinForgotPasswordUrl="",
                         userEmailRequired=bool((email.get("options") or {}).get("userEmailRequired")))
        return shown

    def auth_plex(self, body):
        token = body["authToken"]
        try:
            account = peers.account(token)
        except Unreachable:
            raise message(500, "Unable to authenticate.") from None
        fresh = False
        user = self.users.get(plexId=int(account["id"])) or self.users.get(email=account["email"].lower())
        values = {"plexToken": token, "plexId": int(account["id"]), "plexUsername": account["username"],
                  "avatar": account.get("thumb") or ""}
        if user is None:
            if self.users.all():
                raise message(403, "Access denied.")
            user = self.users.add(email=account["email"].lower(), permissions=ADMIN, userType=1, **values)
            if self.seerr:
                self.settings.data["main"]["mediaServerType"] = 1
                self.settings.save()
            self.jobs_started = fresh = True
        else:
            user = self.users.change(user["id"], **values)
        return self._login(user, fresh, token=not self.seerr)

    def auth_local(self, body):
        user = self.users.get(email=body["email"].lower())
        if not user or not user["password"] or not self.settings.data["main"]["localLogin"]:
            raise message(403, "Access denied.")
        if hashed(body["password"], user["password"].partition("$")[0]) != user["password"]:
            raise message(403, "Access denied.")
        response = self._login(user)
        response.set_data(json.dumps({"permissions": 0, "warnings": [], "id": user["id"], "requestCount": 0,
                                      "displayName": user["email"]}))
        return response

    def auth_me(self, _body):
        return self._shown(request.user, settings=True)

    def auth_logout(self, _body):
        self.sessions.pop(request.cookies.get("connect.sid"), None)
        return {"status": "ok"}

    def initialize(self, _body):
        self.settings.data["public"]["initialized"] = True
        self.settings.save()
        return {"initialized": True}

    # -- main settings

    def main_get(self, _body):
        return self.settings.data["main"]

    def main_post(self, body):
        merge(self.settings.data["main"], body)
        self.settings.save()
        return self.settings.data["main"]

    def regenerate(self, _body):
        self.settings.data["main"]["apiKey"] = self.settings.new_key()
        self.settings.save()
        return self.settings.data["main"]

    def network_get(self, _body):
        return self.settings.data["network"]

    def network_post(self, body):
        before = copy.deepcopy(self.settings.data["network"])
        merge(self.settings.data["network"], body)
        self.settings.save()
        self.restart_required |= before != self.settings.data["network"]
        return self.settings.data["network"]

    def metadatas(self, body):
        if request.method == "PUT":
            merge(self.settings.data["metadataSettings"], body or {})
            self.settings.save()
        return self.settings.data["metadataSettings"]

    # -- Radarr and Sonarr

    def _entries(self, kind):
        return self.settings.data[kind]

    def _find(self, kind, wanted):
        for place, entry in enumerate(self._entries(kind)):
            if entry["id"] == wanted:
                return place
        missing = {"message": "Settings instance not found"}
        raise Answer(404, missing if kind == "radarr" else {"status": "404", **missing})

    def _one_default(self, kind, entry):
        if entry.get("isDefault"):
            for other in self._entries(kind):
                if other["id"] != entry["id"] and other.get("is4k") == entry.get("is4k"):
                    other["isDefault"] = False

    def servers(self, kind):
        return self._entries(kind)

    def server_post(self, kind, body):
        with self.settings.lock:
            entries = self._entries(kind)
            entry = {**body, "id": entries[-1]["id"] + 1 if entries else 0}
            self._one_default(kind, entry)
            entries.append(entry)
            self.settings.save()
        return entry, 201

    def server_put(self, kind, body, wanted):
        with self.settings.lock:
            place = self._find(kind, wanted)
            entry = {**body, "id": wanted}
            self._one_default(kind, entry)
            self._entries(kind)[place] = entry
            self.settings.save()
        return entry

    def server_delete(self, kind, wanted):
        with self.settings.lock:
            entry = self._entries(kind).pop(self._find(kind, wanted))
            self.settings.save()
        return entry

    def server_test(self, kind, body):
        arr = peers.Arr(kind, body, self.caches[kind])
        try:
            base = body.get("baseUrl") or ""
            try:
                base = arr.status().get("urlBase", base)
            except Unreachable:
                if kind == "sonarr":
                    raise
            answer = {"profiles": arr.profiles(), "rootFolders": [{"id": item["id"], "path": item["path"]} for item in arr.folders()]}
            if kind == "sonarr":
                answer["languageProfiles"] = None if self.seerr else arr.languages()
            answer.update(tags=arr.tags(), urlBase=base)
        except (Unreachable, KeyError, TypeError):
            raise message(500, f"Failed to connect to {kind.capitalize()}") from None
        return answer

    def radarr_list(self, _body):
        return self.servers("radarr")

    def sonarr_list(self, _body):
        return self.servers("sonarr")

    def radarr_post(self, body):
        return self.server_post("radarr", body)

    def sonarr_post(self, body):
        return self.server_post("sonarr", body)

    def radarr_put(self, body, radarrId):
        return self.server_put("radarr", body, radarrId)

    def sonarr_put(self, body, sonarrId):
        return self.server_put("sonarr", body, sonarrId)

    def radarr_delete(self, _body, radarrId):
        return self.server_delete("radarr", radarrId)

    def sonarr_delete(self, _body, sonarrId):
        return self.server_delete("sonarr", sonarrId)

    def radarr_test(self, body):
        return self.server_test("radarr", body)

    def sonarr_test(self, body):
        return self.server_test("sonarr", body)

    def radarr_profiles(self, _body, radarrId):
        entry = self._entries("radarr")[self._find("radarr", radarrId)]
        try:
            return [named(item) for item in peers.Arr("radarr", entry, self.caches["radarr"]).profiles()]
        except Unreachable:
            return self._unhandled()

    def _service(self, kind, entry):
        shown = {"id": entry["id"], "name": entry["name"], "is4k": entry["is4k"], "isDefault": entry["isDefault"],
                 "activeDirectory": entry["activeDirectory"], "activeProfileId": entry["activeProfileId"]}
        if kind == "sonarr":
            shown.update({name: entry[name] for name in ("activeAnimeProfileId", "activeAnimeDirectory",
                                                         "activeLanguageProfileId", "activeAnimeLanguageProfileId") if name in entry})
        shown["activeTags"] = entry.get("tags", [])
        return shown

    def service_radarr(self, _body):
        return [self._service("radarr", entry) for entry in self._entries("radarr")]

    def service_sonarr(self, _body):
        return [self._service("sonarr", entry) for entry in self._entries("sonarr")]

    def service_radarr_one(self, _body, radarrId):
        return self._service_one("radarr", radarrId, "Radarr server with provided ID  does not exist.")

    def service_sonarr_one(self, _body, sonarrId):
        return self._service_one("sonarr", sonarrId, "Sonarr server with provided ID does not exist.")

    def _service_one(self, kind, wanted, missing):
        entry = next((item for item in self._entries(kind) if item["id"] == wanted), None)
        if entry is None:
            raise message(404, missing)
        arr = peers.Arr(kind, entry, self.caches[kind])
        shown = self._service(kind, entry)
        if kind == "sonarr":
            shown["activeAnimeTags"] = entry.get("animeTags", [])
        try:
            answer = {"server": shown, "profiles": [named(item) for item in arr.profiles()],
                      "rootFolders": [{name: item.get(name) for name in ("id", "freeSpace", "path", "totalSpace")}
                                      for item in arr.folders()]}
            if kind == "sonarr":
                answer["languageProfiles"] = None if self.seerr else arr.languages()
            answer["tags"] = arr.tags()
            return answer
        except Unreachable as error:
            if kind == "sonarr":
                raise message(500, f"[Sonarr] Failed to retrieve profiles: {error}") from None
            return self._unhandled()

    # -- Plex and Tautulli

    def _owner_token(self):
        owner = self.users.get(id=1)
        return owner["plexToken"] if owner else None

    def _plex(self):
        return peers.Plex(self.settings.data["plex"], self._owner_token(), self.product, self.settings.data["clientId"])

    def plex_get(self, _body):
        return self.settings.data["plex"]

    def plex_post(self, body):
        plex = self.settings.data["plex"]
        plex.update(body)                   # before the test, and there it stays when the test fails
        try:
            if not self._owner_token():
                raise Unreachable("no token")
            status = self._plex().status()
        except Unreachable:
            raise message(500, "Unable to connect to Plex.") from None
        plex.update(machineId=status["machineIdentifier"], name=status["friendlyName"])
        self.settings.save()
        return plex

    def plex_library(self, _body):
        plex = self.settings.data["plex"]
        if request.args.get("sync"):
            held = {item["id"]: item for item in plex["libraries"]}
            try:
                plex["libraries"] = [{**held.get(item["id"], {}), "id": item["id"], "name": item["name"],
                                      "enabled": held.get(item["id"], {}).get("enabled", False), "type": item["type"]}
                                     for item in self._plex().libraries()]
            except Unreachable:
                plex["libraries"] = []
        enabled = (request.args.get("enable") or "").split(",")
        plex["libraries"] = [{**item, "enabled": item["id"] in enabled} for item in plex["libraries"]]
        self.settings.save()
        return plex["libraries"]

    def plex_sync_get(self, _body):
        return self.sync

    def plex_sync_post(self, body):
        libraries = [item for item in self.settings.data["plex"]["libraries"] if item["enabled"]]
        if (body or {}).get("start"):
            self.sync = {"running": True, "progress": 0, "total": 0}
            answer = dict(self.sync)
            self.sync = {"running": False, "progress": 0, "total": 0, "libraries": libraries,
                         **({"currentLibrary": libraries[0]} if libraries else {})}
            return answer
        self.sync["running"] = False
        return self.sync

    def plex_devices(self, _body):
        try:
            if not self._owner_token():
                raise Unreachable("no token")
            return peers.devices(self._owner_token(), self.product, self.settings.data["clientId"])
        except Unreachable:
            raise message(500, "Unable to retrieve Plex server list.") from None

    def plex_users(self, _body):
        known = {user["plexId"] for user in self.users.all()}
        try:
            return [item for item in peers.friends(self._owner_token()) if int(item["id"]) not in known]
        except Unreachable:
            raise message(500, "Unable to retrieve unimported Plex users.") from None

    def tautulli_get(self, _body):
        return self.settings.data["tautulli"]

    def tautulli_post(self, body):
        held = self.settings.data["tautulli"]
        held.update(body)
        if held.get("hostname"):
            try:
                version = peers.tautulli(held)
                if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < (2, 9):
                    raise Unreachable(version)
            except Unreachable:
                raise message(500, "Unable to connect to Tautulli.") from None
        self.settings.save()
        return held

    # -- jobs

    def _job(self, wanted):
        for job in defaults.jobs(self.seerr):
            if job[0] == wanted and self.jobs_started:
                schedule = self.settings.data["jobs"][wanted]["schedule"]
                return {"id": job[0], "name": job[1], "type": job[2], "interval": job[3], "cronSchedule": schedule,
                        "nextExecutionTime": iso(now() + timedelta(minutes=1)).replace("Z", "+00:00"), "running": wanted in self.running}
        raise message(404, "Job not found.")

    def jobs_list(self, _body):
        return [self._job(job[0]) for job in defaults.jobs(self.seerr)] if self.jobs_started else []

    def job_run(self, _body, jobId):
        job = self._job(jobId)
        threading.Thread(target=self._work, args=(jobId,), daemon=True).start()
        return {**job, "running": True} if job["type"] == "process" else job

    def job_cancel(self, _body, jobId):
        self.running.discard(jobId)
        return self._job(jobId)

    def job_schedule(self, body, jobId):
        self._job(jobId)
        parts = str((body or {}).get("schedule", "")).split()
        if len(parts) not in (5, 6) or not all(re.fullmatch(r"[\d*/,\-?LW#a-zA-Z]+", part) and re.search(r"[\d*?]", part) for part in parts):
            raise message(400, "Invalid job schedule.")
        self.settings.data["jobs"][jobId]["schedule"] = body["schedule"]
        self.settings.save()
        return self._job(jobId)

    def _clock(self):
        while True:
            time.sleep(60 - time.time() % 60)
            if self.jobs_started:
                self._work("download-sync")
                if int(time.time() // 60) % 5 == 0:
                    self._work("plex-recently-added-scan")

    def _work(self, job):
        self.running.add(job)
        try:
            if job == "download-sync":
                for kind in ("radarr", "sonarr"):
                    for entry in self._entries(kind):
                        if entry.get("syncEnabled"):
                            try:
                                peers.Arr(kind, entry, self.caches[kind]).refresh_downloads()
                            except Unreachable:
                                pass
            elif job in ("radarr-scan", "sonarr-scan"):
                self.flow.scan_arr(job.partition("-")[0])
            elif job in ("plex-recently-added-scan", "plex-full-scan"):
                self.flow.scan_plex(recent=job == "plex-recently-added-scan")
            elif job == "availability-sync":
                self.flow.sync_availability()
        finally:
            self.running.discard(job)

    # -- notifications

    def agent_get(self, _body, agent):
        entry = copy.deepcopy(self._agents()[self._agent(agent)])
        if agent == "webhook" and isinstance((entry.get("options") or {}).get("jsonPayload"), str):
            text = entry["options"]["jsonPayload"]
            try:
                entry["options"]["jsonPayload"] = json.loads(base64.b64decode(text, validate=True))
            except ValueError:
                pass                        # the stock payload is shown as text
        return entry

    def _agents(self):
        return self.settings.data["notifications"]["agents"]

    def _agent(self, agent):
        if agent not in self._agents():
            raise Answer(404, {"message": "not found", "errors": [{"path": request.path, "message": "not found"}]})
        return agent

    def agent_post(self, body, agent):
        self._agent(agent)
        entry = copy.deepcopy(body or {})
        if agent == "webhook":
            options = entry.get("options") or {}
            try:
                json.loads(options.get("jsonPayload"))
            except (ValueError, TypeError):
                text = str(options.get("jsonPayload"))
                raise message(500, f"Unexpected token '{text[1:2] if text else ''}', \"{text}\" is not valid JSON") from None
            shown = {"jsonPayload": base64.b64encode(options["jsonPayload"].encode()).decode()}
            shown.update({name: options[name] for name in ("webhookUrl", "authHeader", "customHeaders") if name in options})
            if self.seerr:
                shown["supportVariables"] = bool(options.get("supportVariables", False))
            entry = {**{name: entry[name] for name in ("enabled", "embedPoster", "types") if name in entry}, "options": shown}
        self._agents()[agent] = entry
        self.settings.save()
        return entry

    def agent_test(self, body, agent):
        self._agent(agent)
        options = (body or {}).get("options") or {}
        title = defaults.AGENTS[agent][0]
        try:
            if agent == "email":
                with smtplib.SMTP(options.get("smtpHost") or "", int(options.get("smtpPort") or 587), timeout=10) as server:
                    server.noop()
            elif agent != "webpush":
                notify.post(agent, options, notify.TEST)
        except (requests.exceptions.RequestException, OSError, ValueError, KeyError, smtplib.SMTPException):
            raise message(500, f"Failed to send {title} notification.") from None
        return None, 204

    # -- users

    def user_list(self, _body):
        take, skip = int(request.args.get("take", 10)), int(request.args.get("skip", 0))
        rows = self.users.all()
        return {"pageInfo": {"pages": -(-len(rows) // take), "pageSize": take, "results": len(rows), "page": -(-skip // take) + 1},
                "results": [self._shown(user) for user in rows[skip:skip + take]]}

    def _existing(self, number_):
        user = self.users.get(id=number_)
        if user is None:
            raise message(404, "User not found.")
        return user

    def user_get(self, _body, userId):
        return self._shown(self._existing(userId), settings=True)

    def user_post(self, body):
        email = (body.get("email") or body.get("username") or "").lower()
        if self.users.get(email=email):
            raise Answer(409, {"message": "User already exists with submitted email.", "errors": ["USER_EXISTS"]})
        if not body.get("password") and not self._agents()["email"].get("enabled"):
            raise message(500, "Email notifications must be enabled")
        digest = hashlib.md5(email.encode(), usedforsecurity=False).hexdigest()
        user = self.users.add(email=email, username=body.get("username"), userType=2,
                              password=hashed(body["password"]) if body.get("password") else None,
                              permissions=int(body.get("permissions", self.settings.data["main"]["defaultPermissions"])),
                              avatar=f"https://gravatar.com/avatar/{digest}?default=mm&size=200")
        return self._own(user, fresh=True), 201

    def user_put(self, body, userId):
        self._existing(userId)
        values = {name: body[name] for name in ("username", "permissions") if name in body}
        return self._shown(self.users.change(userId, **values))

    def user_delete(self, _body, userId):
        user = self._existing(userId)
        if userId == 1:
            raise message(405, "This account cannot be deleted.")
        self.users.remove(userId)
        self.flow.forget(user)
        return {**self._own(user), "requests": []}

    def user_main(self, body, userId):
        user = self._existing(userId)
        if request.method == "POST":
            values = {name: body[name] for name in ("username", "email", *USER_SETTINGS) if name in (body or {})}
            user = self.users.change(userId, **values) if values else user
        return {name: user[name] for name in ("username", "email", *USER_SETTINGS)}

    def user_password(self, body, userId):
        self._existing(userId)
        if len((body or {}).get("newPassword") or "") < 8:
            raise message(400, "Password must be at least 8 characters long.")
        self.users.change(userId, password=hashed(body["newPassword"]))
        return None, 204

    def user_permissions(self, body, userId):
        user = self._existing(userId)
        if request.method == "POST":
            user = self.users.change(userId, permissions=int(body["permissions"]))
        return {"permissions": user["permissions"]}

    def user_import(self, body):
        wanted = (body or {}).get("plexIds")
        made = []
        try:
            friends = peers.friends(self._owner_token())
        except Unreachable:
            raise message(500, "Unable to import users.") from None
        for item in friends:
            if (wanted is None or item["id"] in [str(value) for value in wanted]) and not self.users.get(plexId=int(item["id"])):
                made.append(self.users.add(email=item["email"].lower(), plexUsername=item["username"], plexId=int(item["id"]), userType=1,
                                           permissions=self.settings.data["main"]["defaultPermissions"], avatar=item["thumb"]))
        return [self._shown(user) for user in made], 201

    # -- the rest

    def about(self, _body):
        return {"version": self.version, "totalMediaItems": len(self.flow.media), "totalRequests": len(self.flow.requests), "appDataPath": "/app/config"}

    def cache(self, _body):
        rows = []
        for name, title in defaults.CACHES:
            held = self.caches.get(name)
            stats = held.stats if held else {"hits": 0, "misses": 0}
            rows.append({"id": name, "name": title, "stats": {**stats, "keys": len(held.entries) if held else 0, "ksize": 0, "vsize": 0}})
        images = {"tmdb": {"size": 0, "imageCount": 0}}
        if self.seerr:
            return {"apiCaches": rows, "imageCache": {**images, "avatar": {"size": 0, "imageCount": 0}}, "dnsCache": {}}
        return {"apiCaches": rows, "imageCache": images}

    def cache_flush(self, _body, cacheId):
        if cacheId not in dict(defaults.CACHES):
            raise message(404, "Cache not found.")
        if cacheId in self.caches:
            self.caches[cacheId].flush()
        return None, 204

    def logs(self, _body):
        take = int(request.args.get("take", 25))
        return {"pageInfo": {"pages": 0, "pageSize": take, "results": 0, "page": 1}, "results": []}

    def discover(self, _body):
        return [{"id": place, "type": place, "order": place - 1, "isBuiltIn": True, "enabled": True, "title": None, "data": None,
                 "createdAt": iso(), "updatedAt": iso()} for place in range(1, 13)]

    def override_rules(self, _body):
        return []


def named(item):
    return {"id": item["id"], "name": item["name"]}


def number(value):
    return int(value) if re.fullmatch(r"-?\d+", value) else value


def fits(value, kind):
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "object": dict, "array": list}[kind])


def table(seerr):
    """(method, path, public, needs ADMIN, (required, optional, read-only) of the body, handler)."""
    main = {**defaults.MAIN, **(defaults.MAIN_SEERR if seerr else defaults.MAIN_OVERSEERR)}
    text = defaults.STRING
    rows = [
        ("GET", "/status", True, False, None, "status"), ("GET", "/status/appdata", True, False, None, "appdata"),
        ("GET", "/settings/public", True, False, None, "public"),
        ("POST", "/auth/plex", True, False, ({"authToken": text}, {}, ()), "auth_plex"),
        ("POST", "/auth/local", True, False, ({"email": text, "password": text}, {}, ()), "auth_local"),
        ("GET", "/auth/me", False, False, None, "auth_me"), ("POST", "/auth/logout", True, False, None, "auth_logout"),
        ("POST", "/settings/initialize", False, True, None, "initialize"),
        ("GET", "/settings/main", False, True, None, "main_get"),
        ("POST", "/settings/main", False, True, ({}, main, ("apiKey",)), "main_post"),
        ("POST", "/settings/main/regenerate", False, True, None, "regenerate"),
        ("GET", "/settings/plex", False, True, None, "plex_get"),
        ("POST", "/settings/plex", False, True, (*defaults.PLEX, ("name", "machineId", "libraries")), "plex_post"),
        ("GET", "/settings/plex/library", False, True, None, "plex_library"),
        ("GET", "/settings/plex/sync", False, True, None, "plex_sync_get"),
        ("POST", "/settings/plex/sync", False, True, None, "plex_sync_post"),
        ("GET", "/settings/plex/devices/servers", False, True, None, "plex_devices"),
        ("GET", "/settings/plex/users", False, True, None, "plex_users"),
        ("GET", "/settings/tautulli", False, True, None, "tautulli_get"),
        ("POST", "/settings/tautulli", False, True, (*defaults.TAUTULLI, ()), "tautulli_post"),
        ("GET", "/settings/jobs", False, True, None, "jobs_list"),
        ("POST", "/settings/jobs/{jobId}/run", False, True, None, "job_run"),
        ("POST", "/settings/jobs/{jobId}/cancel", False, True, None, "job_cancel"),
        ("POST", "/settings/jobs/{jobId}/schedule", False, True, None, "job_schedule"),
        ("GET", "/settings/about", False, True, None, "about"), ("GET", "/settings/logs", False, True, None, "logs"),
        ("GET", "/settings/cache", False, True, None, "cache"), ("GET", "/settings/discover", False, False, None, "discover"),
        ("POST", "/settings/cache/{cacheId}/flush", False, True, None, "cache_flush"),
        ("GET", "/user", False, True, None, "user_list"),
        ("POST", "/user", False, True, ({}, {"email": text, "username": text, "permissions": defaults.NUMBER}, ()), "user_post"),
        ("POST", "/user/import-from-plex", False, True, None, "user_import"),
        ("GET", "/user/{userId}", False, True, None, "user_get"),
        ("PUT", "/user/{userId}", False, True, ({}, {"permissions": defaults.NUMBER}, ("email", "id")), "user_put"),
        ("DELETE", "/user/{userId}", False, True, None, "user_delete"),
        ("GET", "/user/{userId}/settings/main", False, True, None, "user_main"),
        ("POST", "/user/{userId}/settings/main", False, True, None, "user_main"),
        ("POST", "/user/{userId}/settings/password", False, True, None, "user_password"),
        ("GET", "/user/{userId}/settings/permissions", False, True, None, "user_permissions"),
        ("POST", "/user/{userId}/settings/permissions", False, True, ({"permissions": defaults.NUMBER}, {}, ()), "user_permissions"),
        *flow.rows(text, defaults.NUMBER, defaults.BOOLEAN),
        ("GET", "/settings/radarr/{radarrId}/profiles", False, True, None, "radarr_profiles"),
    ]
    for kind, shape in (("radarr", defaults.RADARR), ("sonarr", defaults.SONARR)):
        one = "{%sId}" % kind
        rows += [("GET", f"/settings/{kind}", False, True, None, f"{kind}_list"),
                 ("POST", f"/settings/{kind}", False, True, (*shape, ("id",)), f"{kind}_post"),
                 ("POST", f"/settings/{kind}/test", False, True, (*defaults.SERVER_TEST, ()), f"{kind}_test"),
                 ("PUT", f"/settings/{kind}/{one}", False, True, (*shape, ("id",)), f"{kind}_put"),
                 ("DELETE", f"/settings/{kind}/{one}", False, True, None, f"{kind}_delete"),
                 ("GET", f"/service/{kind}", False, False, None, f"service_{kind}"),
                 ("GET", f"/service/{kind}/{one}", False, False, None, f"service_{kind}_one")]
    names = "|".join(name for name in defaults.AGENTS if name != ("lunasea" if seerr else "ntfy"))
    rows += [("GET", "/settings/notifications/{agent}", False, True, None, "agent_get"),
             ("POST", "/settings/notifications/{agent}", False, True, ({}, defaults.AGENT, ()), "agent_post"),
             ("POST", "/settings/notifications/{agent}/test", False, True, ({}, defaults.AGENT, ()), "agent_test")]
    if seerr:
        rows += [("GET", "/settings/network", False, True, None, "network_get"),
                 ("POST", "/settings/network", False, True, ({}, defaults.NETWORK, ()), "network_post"),
                 ("GET", "/settings/metadatas", False, True, None, "metadatas"),
                 ("PUT", "/settings/metadatas", False, True, None, "metadatas"),
                 ("GET", "/overrideRule", False, True, None, "override_rules")]
    # An agent that is not known is a path that is not known.
    return [(row[0], row[1].replace("{agent}", name), *row[2:5], row[5] + ":" + name) if "{agent}" in row[1] else row
            for row in rows for name in (names.split("|") if "{agent}" in row[1] else [None])]


def create_app(config_dir, seerr=True, environment=None, die=None):
    service = Service(config_dir, seerr, environment, die)
    flask = catch_all(service.answer)
    flask.service = service
    return flask
