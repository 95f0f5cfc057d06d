# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bazarr's API: settings as a form, languages and notifiers in a database, Sonarr and Radarr really asked."""
from __future__ import annotations

import copy
import hashlib
import json
import re
import secrets
import threading
import time
from pathlib import Path

import requests
from flask import Response, request

from ..common import Store
from ..kit import as_json, as_text, catch_all, fetch
from .config import HERE, LISTS, TEXTS, Config, Invalid, check

VERSION = "1.6.0"
JSON = "application/json"
UNAUTHORIZED = {"message": "The server could not verify that you are authorized to access the URL requested. You either supplied the "
                           "wrong credentials (e.g. a bad password), or your browser doesn't understand how to supply the credentials "
                           "required."}
ERROR = {"message": "Internal Server Error"}
CONNECTION = {"ip", "port", "base_url", "ssl", "apikey"}
PROVIDERS = {"addic7ed", "animetosho", "avistaz", "betaseries", "bsplayer", "cinemaz", "embeddedsubtitles", "gestdown", "hdbits", "hosszupuska",
             "jimaku", "karagarga", "ktuvit", "legendasdivx", "legendasnet", "napiprojekt", "napisy24", "opensubtitles", "opensubtitlescom",
             "podnapisi", "regielive", "soustitreseu", "subdl", "subf2m", "subssabbz", "subs4free", "subs4series", "subscenter", "subsro",
             "subsunacs", "subsynchro", "subtis", "subtitrarinoi", "subtitulamostv", "supersubtitles", "titlovi", "titrari", "titulky",
             "turkcealtyaziorg", "tvsubtitles", "whisperai", "wizdom", "xsubs", "yavkanet", "yifysubtitles", "zimuku"}
TASKS = [("update_release", "Update Release Info", "every 3 hours", False), ("check_health", "Check Health", "every 6 hours", False),
         ("update_announcements", "Update Announcements File", "every 6 hours", False), ("cache_cleanup", "Cache Maintenance", "every 24 hours", False),
         ("backup", "Backup Database and Configuration File", "every Sunday at 3:00", False),
         ("update_series", "Sync with Sonarr", "every 60 minutes", "sonarr"), ("update_movies", "Sync with Radarr", "every 60 minutes", "radarr"),
         ("wanted_search_missing_subtitles_series", "Search for Missing Series Subtitles", "every 6 hours", "sonarr"),
         ("wanted_search_missing_subtitles_movies", "Search for Missing Movies Subtitles", "every 6 hours", "radarr"),
         ("update_all_episodes", "Index All Episode Subtitles from Disk", "every day at 4:00", "sonarr"),
         ("update_all_movies", "Index All Movie Subtitles from Disk", "every day at 4:00", "radarr"),
         ("upgrade_subtitles", "Upgrade Previously Downloaded Subtitles", "every 12 hours", "sonarr")]
PROFILE = ("profileId", "name", "cutoff", "items", "mustContain", "mustNotContain", "originalFormat")


class Bazarr:
    def __init__(self, config_dir, restart=None, retry=5):
        self.directory = Path(config_dir)
        self.config = Config(config_dir)
        self.base_url = self.config.values["general"]["base_url"]
        names = json.loads((HERE / "names.json").read_text(encoding="utf-8"))
        self.languages, self.notifiers = names["languages"], names["notifiers"]
        self.store = Store(self.directory / "db" / "bazarr.json",
                           lambda: {"enabled": [], "profiles": [], "notifiers": {}, "series": [], "movies": []})
        self.versions, self.sessions = {}, set()
        self.restart, self.retry, self.started = restart, retry, time.time()
        self.lock = threading.RLock()
        # The database is on disk as soon as the app is up.
        self.store.save()

    def __getitem__(self, section):
        return self.config.values[section]

    # -- the door

    def answer(self):
        path = request.path
        if self.base_url:
            if path == self.base_url:
                return as_text("<!doctype html>\n<title>Redirecting...</title>\n", 308, Location=self.base_url + "/")
            if not path.startswith(self.base_url + "/"):
                return as_text("<!doctype html>\n<title>Redirecting...</title>\n", 302, Location=self.base_url)
            path = path[len(self.base_url):]
        if path.startswith("/test/"):
            return self._test(path[len("/test/"):])
        if not path.startswith("/api/"):
            return self._page(path)
        if path == "/api/":
            return self._html()
        routes = {"/api/system/ping": {"GET": self.ping}, "/api/system/status": {"GET": self.status}, "/api/system/health": {"GET": self.health},
                  "/api/system/settings": {"GET": self.settings_get, "POST": self.settings_post}, "/api/system": {"POST": self.system},
                  "/api/system/languages": {"GET": self.languages_get}, "/api/system/languages/profiles": {"GET": self.profiles_get},
                  "/api/system/tasks": {"GET": self.tasks_get, "POST": self.tasks_post}, "/api/system/releases": {"GET": self.nothing},
                  "/api/system/announcements": {"GET": self.nothing}, "/api/system/notifications": {"PATCH": self.no_content},
                  "/api/system/account": {"POST": self.account}, "/api/providers": {"GET": self.providers}, "/api/badges": {"GET": self.badges},
                  "/api/series": {"GET": self.series_get, "POST": self.series_post}, "/api/movies": {"GET": self.movies_get, "POST": self.movies_post},
                  "/api/webhooks/sonarr": {"POST": self.webhook}, "/api/webhooks/radarr": {"POST": self.webhook},
                  "/api/webhooks/plex": {"POST": self.no_content}, "/api/swagger.json": {"GET": self.swagger}}
        if path not in routes:
            return self._html()                 # the page of the UI, with 200
        handler = routes[path].get(request.method)
        if path not in ("/api/system/ping", "/api/system/account", "/api/swagger.json") and not self._key():
            return as_json(UNAUTHORIZED, 401, JSON)
        if handler is None:
            return as_json({"message": "The method is not allowed for the requested URL."}, 405, JSON)
        return handler()

    def _key(self):
        wanted = self["auth"]["apikey"]
        given = [request.headers.get("X-API-KEY"), request.args.get("apikey"), request.form.get("apikey")]
        return any(value is not None and secrets.compare_digest(value.encode(), wanted.encode()) for value in given)

    def _html(self):
        # The page hands the key to the browser; without a login, to everybody.
        shown = self["auth"]["apikey"] if self["auth"]["type"] != "form" or request.cookies.get("session") in self.sessions else ""
        script = f'<script>window.Bazarr = {{"baseUrl":"{self.base_url}","apiKey":"{shown}","hasUpdate":false,"canUpdate":false}};</script>'
        return as_text(f"<!doctype html>\n<html lang=\"en\">\n  <head>\n    <title>Bazarr</title>\n    <base href=\"{self.base_url}/\" />\n"
                       f"  </head>\n  <body>\n    <div id=\"root\"></div>\n    {script}\n  </body>\n</html>\n")

    def _page(self, _path):
        if self["auth"]["type"] == "basic":
            login = request.authorization
            if not login or login.username != self["auth"]["username"] or md5(login.password or "") != self["auth"]["password"]:
                return as_text("Unauthorized", 401, WWW_Authenticate='Basic realm="Login Required"')
        return self._html()

    # -- simple answers

    @staticmethod
    def nothing():
        return as_json({"data": []}, content_type=JSON)

    @staticmethod
    def no_content():
        return Response("", 204)

    @staticmethod
    def ping():
        return as_json({"status": "OK"}, content_type=JSON)

    @staticmethod
    def swagger():
        return as_json({"swagger": "2.0", "basePath": "/api", "paths": {}}, content_type=JSON)

    def status(self):
        shown = {f"{kind}_version": self.version(kind) for kind in ("sonarr", "radarr")}
        return as_json({"data": {"bazarr_version": VERSION, "package_version": "", **shown, "operating_system": "Linux", "python_version": "3.12",
                                 "database_engine": "Sqlite 3.46.1", "database_migration": "standin", "bazarr_directory": "/app/bazarr",
                                 "bazarr_config_directory": "/config", "start_time": self.started, "timezone": "Etc/UTC"}}, content_type=JSON)

    def health(self):
        used = {item.get("profileId") for item in self.store.data["series"] + self.store.data["movies"]} - {None}
        problems = [] if self.store.data["profiles"] and used else [
            {"object": "Missing languages profile", "issue": "You must create at least one languages profile and assign it to your content."}]
        return as_json({"data": problems}, content_type=JSON)

    def badges(self):
        return as_json({"episodes": 0, "movies": 0, "providers": 0, "status": int(not self.store.data["profiles"]), "sonarr_signalr": "",
                        "radarr_signalr": "", "announcements": 0}, content_type=JSON)

    def providers(self):
        rows = [{"name": name, "status": "Good", "retry": "-"} for name in self["general"]["enabled_providers"]
                if isinstance(name, str) and name in PROVIDERS]
        return as_json({"data": rows}, content_type=JSON)

    def system(self):
        action = request.args.get("action") or request.form.get("action")
        if not action:
            text = 'Action to perform from ["shutdown", "restart"] Missing required parameter in the JSON body or the post body or the query string'
            return as_json({"errors": {"action": text}, "message": "Input payload validation failed"}, 400, JSON)
        if action in ("restart", "shutdown") and self.restart:
            threading.Timer(0.3, self.restart, args=(action,)).start()
        elif action == "restart":
            self.config = Config(self.directory)
            self.base_url = self["general"]["base_url"]
        return Response("", 204)

    def account(self):
        if request.args.get("action") == "login" and self["auth"]["type"] == "form":
            if request.form.get("username") == self["auth"]["username"] and md5(request.form.get("password") or "") == self["auth"]["password"]:
                session = secrets.token_hex(16)
                self.sessions.add(session)
                response = Response("", 204)
                response.set_cookie("session", session, httponly=True)
                return response
            return as_json("Authentication failed", 403, JSON)
        return Response("", 204)

    # -- Sonarr and Radarr

    def url(self, kind):
        held = self[kind]
        base = "/" + str(held["base_url"]).strip("/")
        return f"{'https' if held['ssl'] else 'http'}://{held['ip'] or 'localhost'}:{held['port']}{base if base != '/' else ''}"

    def ask(self, kind, path, **query):
        return fetch("GET", self.url(kind) + path, params={"apikey": self[kind]["apikey"], **query}, timeout=self[kind]["http_timeout"],
                     headers={"User-Agent": f"Bazarr/{VERSION}"}, verify=False)

    def version(self, kind):
        if not self["general"][f"use_{kind}"]:
            return ""
        known = self.versions.get(kind)
        if known and time.monotonic() - known[0] < 60 and known[2] == (self.url(kind), self[kind]["apikey"]):
            return known[1]
        found = "unknown"
        for path in ("/api/system/status", "/api/v3/system/status"):
            try:
                answer = self.ask(kind, path)
                found = answer.json()["version"] if answer.status_code == 200 else "unknown"
            except (requests.exceptions.RequestException, ValueError, KeyError, TypeError):
                continue
            if found != "unknown":
                break
        self.versions[kind] = (time.monotonic(), found, (self.url(kind), self[kind]["apikey"]))
        return found

    def wait_for(self, kind):
        """The client of SignalR is started inside of the request: as long as nobody answers, neither does this one."""
        while True:
            try:
                fetch("POST", self.url(kind) + "/signalr/messages/negotiate", params={"access_token": self[kind]["apikey"]}, timeout=10, verify=False)
                return
            except (requests.exceptions.RequestException, ValueError):
                time.sleep(self.retry)

    def sync(self, kind):
        try:
            answer = self.ask(kind, "/api/v3/series" if kind == "sonarr" else "/api/v3/movie")
            rows = answer.json() if answer.status_code == 200 else []
        except (requests.exceptions.RequestException, ValueError):
            return
        name, key = ("series", "sonarrSeriesId") if kind == "sonarr" else ("movies", "radarrId")
        held = {item[key]: item for item in self.store.data[name]}
        general = self["general"]
        prefix = "serie" if kind == "sonarr" else "movie"
        default = general[f"{prefix}_default_profile"] if general[f"{prefix}_default_enabled"] else None
        self.store.data[name] = [{key: row["id"], "title": row.get("title", ""), "path": row.get("path", ""), "monitored": row.get("monitored", False),
                                  "tags": [], "year": str(row.get("year", "")), "profileId": held.get(row["id"], {"profileId": default or None})["profileId"]}
                                 for row in rows if isinstance(row, dict)]
        self.store.save()

    def _test(self, target):
        scheme, _slash, rest = target.partition("/")
        if scheme not in ("http", "https"):
            return as_json({"code": 0, "error": "Unsupported protocol", "status": False}, content_type=JSON)
        url = f"{scheme}://{rest}"
        try:
            answer = fetch("GET", url, params=request.args, timeout=5, verify=False, allow_redirects=False)
        except (requests.exceptions.RequestException, ValueError) as error:
            return as_json({"error": repr(error), "status": False}, content_type=JSON)
        code, said = answer.status_code, None
        if code == 200:
            try:
                return as_json({"code": 200, "status": True, "version": answer.json()["version"]}, content_type=JSON)
            except (ValueError, KeyError, TypeError):
                said = "Error Occurred. Check your settings."
        elif code == 401:
            said = "Access Denied. Check API key."
        elif code == 404:
            said = "Cannot get version. Maybe unsupported legacy API call?"
        elif 300 <= code < 400:
            said = "Wrong URL Base."
        return as_json({"code": code, "error": said or answer.reason, "status": False}, content_type=JSON)

    def _rows(self, name):
        return as_json({"data": self.store.data[name], "total": len(self.store.data[name])}, content_type=JSON)

    def series_get(self):
        return self._rows("series")

    def movies_get(self):
        return self._rows("movies")

    def _assign(self, name, key, argument):
        values = request.values
        for wanted, profile in zip(values.getlist(argument), values.getlist("profileid")):
            for item in self.store.data[name]:
                if str(item[key]) == wanted:
                    item["profileId"] = int(profile) if profile.isdigit() else None
        self.store.save()
        return Response("", 204)

    def series_post(self):
        return self._assign("series", "sonarrSeriesId", "seriesid")

    def movies_post(self):
        return self._assign("movies", "radarrId", "radarrid")

    def webhook(self):
        body = request.get_json(silent=True)
        if body is None:
            return as_json({"message": "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."}, 415, JSON)
        if "eventType" not in body:
            return as_json({"errors": {"eventType": "'eventType' is a required property"}, "message": "Input payload validation failed"}, 400, JSON)
        if body["eventType"] == "Test":
            return as_json("Received test hook, skipping database search.", content_type=JSON)
        if not body.get("movieFile") and not body.get("episodeFiles"):
            return as_json("No movie file ID found in the webhook request. Nothing to do.", content_type=JSON)
        return as_json("Finished processing subtitles.", content_type=JSON)

    def tasks_get(self):
        rows = [{"interval": interval, "job_id": name, "job_running": False, "name": title, "next_run_in": "in 5 hours", "next_run_time": "in 5 hours"}
                for name, title, interval, kind in TASKS if not kind or self["general"][f"use_{kind}"]]
        return as_json({"data": rows}, content_type=JSON)

    def tasks_post(self):
        wanted = request.values.get("taskid")
        if not wanted:
            text = "Task id of the task to run Missing required parameter in the JSON body or the post body or the query string"
            return as_json({"errors": {"taskid": text}, "message": "Input payload validation failed"}, 400, JSON)
        if wanted not in {task[0] for task in TASKS}:
            return as_json(ERROR, 500, JSON)
        for name, kind in (("update_series", "sonarr"), ("update_movies", "radarr")):
            if wanted == name and self["general"][f"use_{kind}"]:
                threading.Thread(target=self.sync, args=(kind,), daemon=True).start()
        return Response("", 204)

    # -- languages

    def languages_get(self):
        return as_json([{"name": name, "code2": two, "code3": three, "enabled": two in self.store.data["enabled"]}
                        for name, two, three in self.languages], content_type=JSON)

    def profiles_get(self):
        return as_json(self.store.data["profiles"], content_type=JSON)

    # -- settings

    def settings_get(self):
        shown = copy.deepcopy(self.config.values)
        shown["general"].pop("flask_secret_key", None)
        shown["notifications"] = {"providers": [{"enabled": False, "url": None, **self.store.data["notifiers"].get(name, {}), "name": name}
                                                for name in self.notifiers]}
        return as_json(shown, content_type=JSON)

    def settings_post(self):
        form = {name: request.form.getlist(name) for name in request.form}
        form.pop("apikey", None)
        try:
            with self.lock:
                touched = self._take(form)
        except Invalid as error:
            self.config.reload()
            return as_json(str(error), 406, JSON)
        except (KeyError, ValueError, TypeError):
            return as_json(ERROR, 500, JSON)
        for kind in touched:
            if self["general"][f"use_{kind}"]:
                self.wait_for(kind)
                threading.Thread(target=self.sync, args=(kind,), daemon=True).start()
        return Response("", 204)

    def _take(self, form):
        # These three are stored before anything else is looked at.
        if "languages-enabled" in form:
            known = {two for _name, two, _three in self.languages}
            self.store.data["enabled"] = [code for code in form["languages-enabled"] if code in known]
            self.store.save()
        if "languages-profiles" in form:
            profiles = json.loads(form["languages-profiles"][0])
            self.store.data["profiles"] = [{**{key: profile[key] for key in PROFILE}, "tag": profile.get("tag")} for profile in profiles]
            self.store.save()
        for text in form.get("notifications-providers", []):
            value = json.loads(text)
            entry = {"enabled": bool(value["enabled"]), "url": value["url"]}
            if value["name"] in self.notifiers:
                self.store.data["notifiers"][value["name"]] = entry
                self.store.save()
        touched = set()
        for name, texts in form.items():
            if name.startswith("subzero-"):
                self._subzero(name.partition("-")[2], texts[0])
            if not name.startswith("settings-"):
                continue
            parts = name.split("-")[1:]
            section, key = parts[0], parts[-1]
            held = self[section]
            default = self.config.defaults.get(section, {})
            for middle in parts[1:-1]:
                held, default = held[middle], default[middle]
            value = self._value(key, texts)
            if key in default:
                check(".".join(parts[:-1]), key, value, default[key])
            if section == "auth" and key == "password" and value != held["password"]:
                value = md5(value)
            held[key] = value
            if section in ("sonarr", "radarr") and key in CONNECTION:
                touched.add(section)
            if section == "general" and key in ("use_sonarr", "use_radarr"):
                touched.add(key.partition("_")[2])
        self.config.save()
        return touched

    @staticmethod
    def _value(key, texts):
        if key in LISTS:
            values = [] if texts == [""] else list(texts)
            if key.startswith("path_mappings"):
                return [value.split(",") for value in values]
            return [json.loads(value) if value.startswith("[") else value for value in values]
        if key == "subzero_mods":
            mods = [] if texts == [""] else list(texts)
            if len(mods) != 1:
                raise Invalid(f"general.subzero_mods must is_type_of <class 'str'> but it is {mods}")
            return mods[0].split(",")
        if len(texts) > 1:
            return list(texts)
        text = texts[0]
        if key in TEXTS:
            return text
        if text in ("null", "None", "undefined"):
            return None
        if text in ("true", "false"):
            return text == "true"
        return int(text) if re.fullmatch(r"\d+", text) else text

    def _subzero(self, name, text):
        """Adding twice adds twice, and one color in the place of another leaves a bare "color" behind; that is how it is."""
        mods = self["general"]["subzero_mods"]
        value = text not in ("false", "", "null", "None", "undefined")
        if name in mods and not value:
            mods.remove(name)
        elif value:
            mods.append(name)
        if name == "color":
            before = [mod for mod in mods if mod.startswith("color")][:1]
            mods[:] = mods[:mods.index(before[0])] + mods[mods.index(before[0]) + 1:] if before else mods
            if value:
                mods.append(text)


def md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def create_app(config_dir, restart=None, retry=5):
    bazarr = Bazarr(config_dir, restart, retry)
    flask = catch_all(bazarr.answer)
    flask.bazarr = bazarr
    return flask
