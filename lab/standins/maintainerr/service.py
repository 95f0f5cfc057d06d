# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintainerr's API."""
from __future__ import annotations

import base64
import copy
import json
import os
import re
import threading
import time
import uuid
from pathlib import Path

import requests
from flask import Response, request

from ..common import Store
from ..kit import Cache, Unreachable, as_json, as_text, catch_all, fetch, iso, moment, now, plex_tv
from . import schema

VERSION = "3.24.0"
OK = {"status": "OK", "code": 1, "message": "Success"}
FAILURE = "Failure"
DONE = {"code": 1, "result": "Success", "message": "Success"}
KEEP = 300                          # seconds that answers of Plex are remembered
REFUSED = "Connection refused. Verify host, port, and that the service is running."
SLOTS = ("seerr", "overseerr", "jellyseerr", "tautulli")
PLEX_SERVER = ("plex_name", "plex_hostname", "plex_port", "plex_ssl")
RULES = json.loads((Path(__file__).resolve().parent / "rules.json").read_text(encoding="utf-8"))


def nok(text, **more):
    return {"status": "NOK", "code": 0, **more, "message": text}


class Problem(Exception):
    def __init__(self, status, value):
        super().__init__(status)
        self.status, self.value = status, value


def nest(status, text):
    names = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict", 500: "Internal Server Error", 502: "Bad Gateway",
             503: "Service Unavailable"}
    return Problem(status, {"message": text, "error": names[status], "statusCode": status})


class Maintainerr:
    def __init__(self, config_dir, environment=None):
        environment = environment if environment is not None else os.environ
        base = (environment.get("BASE_PATH") or "").strip("/")
        self.base = f"/{base}" if base else ""
        self.version_text = VERSION
        self.routes = ROUTES
        self.store = Store(Path(config_dir) / "maintainerr.json", self._fresh)
        self.store.save()
        self.started = time.monotonic()
        self.client = None              # the live connection to Plex: {url, token}; it stays when settings change
        self.cache = {"radarr": Cache(), "sonarr": Cache()}
        self.remembered = {}            # answers of Plex by path: (when, what)
        self.lock = threading.RLock()
        self._connect()

    @staticmethod
    def _fresh():
        key = base64.b64encode(f"Maintainerr{int(time.time() * 1000)}{uuid.uuid4()})".encode()).decode()
        return {"settings": {"id": 1, "clientId": str(uuid.uuid4()), "applicationTitle": "Maintainerr", "applicationUrl": "localhost",
                             "apikey": key, **schema.defaults()},
                "radarr": [], "sonarr": [], "rules": [], "exclusions": [], "notifications": [],
                "next": {"radarr": 1, "sonarr": 1, "rules": 1, "exclusions": 1, "notifications": 1}}

    @property
    def settings(self):
        return self.store.data["settings"]

    # -- the door

    def answer(self):
        path = request.path
        if self.base:
            if path != self.base and not path.startswith(self.base + "/"):
                return as_text("Not Found", 404)
            path = path[len(self.base):] or "/"
        if not path.startswith("/api"):
            return as_text("<!doctype html>\n<html lang=\"en\"><head><title>Maintainerr</title></head><body><div id=\"root\"></div></body></html>\n")
        try:
            return self._route(path[len("/api"):].rstrip("/") or "/")
        except Problem as error:
            return as_json(error.value, error.status)

    def _route(self, path):
        for method, pattern, name in self.routes:
            match = re.match(pattern, path)
            if match and request.method in (method, "HEAD" if method == "GET" else method):
                body = self._body(path)
                groups = [self._number(value) if key.startswith("id") else value for key, value in match.groupdict().items()]
                result = getattr(self, name)(*groups, **({"body": body} if method != "GET" and method != "DELETE" else {}))
                if isinstance(result, Response):
                    return result
                status = 201 if method == "POST" else 200
                return as_json(result, status) if result is not None else Response("", status)
        raise nest(404, f"Cannot {request.method} {self.base}/api{path if path != '/' else ''}")

    @staticmethod
    def _number(value):
        if not re.fullmatch(r"-?\d+", value):
            raise nest(400, "Validation failed (numeric string is expected)")
        return int(value)

    def _body(self, path):
        text = request.get_data()
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError:
            raise nest(404, f"Cannot {request.method} {self.base}/api{path}") from None

    @staticmethod
    def _checked(problems):
        if problems:
            raise Problem(400, {"statusCode": 400, "message": "Validation failed", "errors": problems})

    # -- health and app

    def health(self):
        return {"status": "ok", "uptimeSeconds": int(time.monotonic() - self.started), "database": "ok", "timestamp": iso()}

    def live(self):
        return {"status": "ok", "uptimeSeconds": int(time.monotonic() - self.started), "timestamp": iso()}

    def app_status(self):
        return as_text(json.dumps({"status": 1, "version": self.version_text, "commitTag": "stable", "updateAvailable": False}))

    def timezone(self):
        return as_text("UTC")

    def version(self):
        return as_text(self.version_text)

    def generate(self):
        return as_text(self._fresh()["settings"]["apikey"])

    def cron_validate(self, body):
        self._checked(schema.text(body or {}, "schedule"))
        return OK if schema.cron(body["schedule"]) else nok(FAILURE)

    # -- settings

    def settings_get(self):
        return {key: schema.masked(value) if key in schema.SECRETS else value for key, value in self.settings.items()}

    def settings_post(self, body):
        return self._save(body)

    def settings_patch(self, body):
        return self._save(body)

    def _save(self, body):
        self._checked(schema.settings(body))
        wanted = {key: value for key, value in body.items() if key in self.settings and key not in ("id", "clientId")}
        for key in ("collection_handler_job_cron", "rules_handler_job_cron"):
            if key in wanted and not schema.cron(wanted[key]):
                return nok("Update failed, invalid CRON value was found")
        with self.lock:
            if "plex_hostname" in wanted:
                host = wanted["plex_hostname"].strip().lower()
                for prefix, ssl in (("https://", 1), ("http://", 0)):
                    if host.startswith(prefix):
                        host, wanted["plex_ssl"] = host[len(prefix):], ssl
                wanted["plex_hostname"] = host.rstrip("/")
                if wanted.get("plex_port", self.settings["plex_port"]) == 443:
                    wanted["plex_ssl"] = 1
            changed = any(key in wanted and wanted[key] != self.settings[key] for key in PLEX_SERVER)
            if changed and self.settings["media_server_type"] == "plex" and not self.settings["plex_auth_token"]:
                return nok("Authenticate with Plex before saving Plex server settings.")
            if changed and wanted.get("plex_auth_token") and not self.settings["plex_auth_token"]:
                return nok("Authenticate with Plex before saving Plex server settings.")
            self.settings.update(wanted)
            self._infer_type()
            self.store.save()
            self._connect()
        return OK

    def _infer_type(self):
        if self.settings["plex_auth_token"] and not self.settings["media_server_type"]:
            self.settings["media_server_type"] = "plex"

    def is_set_up(self):
        held = self.settings
        if held["media_server_type"] != "plex":
            return False
        return all(held[key] for key in ("plex_hostname", "plex_name", "plex_port", "plex_auth_token"))

    def _connect(self):
        """A client that is not there is made; one that is there is left alone."""
        if self.client or not self.is_set_up():
            return
        held = self.settings
        self.remembered.clear()
        for address in self._addresses():
            identity = self._identity(address["url"])
            if identity:
                if address.get("found"):
                    held.update(address["found"])
                held["plex_machine_id"] = identity["machineIdentifier"]
                self.client = {"url": address["url"], "token": held["plex_auth_token"]}
                self.store.save()
                return

    def _addresses(self):
        held = self.settings
        yield {"url": f"{'https' if held['plex_ssl'] else 'http'}://{held['plex_hostname']}:{held['plex_port']}"}
        if held["plex_manual_mode"] or not held["plex_machine_id"]:
            return
        # Looks the server up at plex.tv and writes what it finds over what was set.
        for server in self._resources():
            if server["clientIdentifier"] == held["plex_machine_id"]:
                for item in server.get("connections", []):
                    yield {"url": item["uri"], "found": {"plex_hostname": item["address"], "plex_port": item["port"],
                                                         "plex_ssl": int(item["protocol"] == "https")}}

    def _tv(self, path):
        return fetch("GET", plex_tv(path), timeout=10, headers={"Accept": "application/json", "X-Plex-Token": self.settings["plex_auth_token"] or "",
                                                                "X-Plex-Client-Identifier": self.settings["clientId"]})

    def _resources(self):
        try:
            answer = self._tv("/api/v2/resources?includeHttps=1")
            return [item for item in answer.json() if "server" in item.get("provides", "")] if answer.status_code == 200 else []
        except (requests.exceptions.RequestException, ValueError):
            return []

    def _identity(self, url):
        for attempt in range(3):
            try:
                answer = fetch("GET", url + "/identity", headers={"Accept": "application/json"}, timeout=30, verify=False)
                return answer.json()["MediaContainer"] if answer.status_code == 200 else None
            except (requests.exceptions.RequestException, ValueError, KeyError, TypeError):
                time.sleep(0.2 * (attempt + 1) if attempt < 2 else 0)
        return None

    def _plex(self, path):
        """An answer of the live client, or nothing; what it answered is told for five minutes, whatever has become of it."""
        when, held = self.remembered.get(path, (0, None))
        if held is not None and time.monotonic() - when < KEEP:
            return held
        try:
            answer = fetch("GET", self.client["url"] + path, timeout=30, verify=False,
                           headers={"Accept": "application/json", "X-Plex-Token": self.client["token"], "X-Plex-Container-Start": "0",
                                    "X-Plex-Container-Size": "120"})
            held = answer.json()["MediaContainer"] if answer.status_code == 200 else None
        except (requests.exceptions.RequestException, ValueError, KeyError, TypeError):
            return None
        if held is not None:
            self.remembered[path] = (time.monotonic(), held)
        return held

    def token_post(self, body):
        body = body if isinstance(body, dict) else {}
        self._checked(schema.text(body, "plex_auth_token", "Plex auth token is required"))
        self.settings["plex_auth_token"] = body["plex_auth_token"]
        self._infer_type()
        self.store.save()
        return OK

    def token_delete(self):
        with self.lock:
            self.settings["plex_auth_token"], self.client = None, None
            self.remembered.clear()
            self.store.save()
        return OK

    def test_plex(self):
        if not self.settings["plex_auth_token"]:
            return nok("Authenticate with Plex before testing the connection.")
        identity = self._identity(self.client["url"]) if self.client else None
        return {**OK, "message": identity["version"]} if identity else nok(FAILURE)

    def test_auth(self):
        if not self.settings["plex_auth_token"]:
            return nok("Authenticate with Plex before validating the connection.")
        try:
            status = self._tv("/users/account.json").status_code
        except requests.exceptions.RequestException:
            status = 0
        if status == 200:
            return OK
        if status in (401, 403, 422):
            return nok("Stored Plex credentials are invalid. Re-authenticate with Plex.")
        return nok("plex.tv could not be reached, the stored token was not looked at.", unreachable=True)

    def test_setup(self):
        return as_json(self.is_set_up())

    def devices(self):
        found = []
        for server in self._resources():
            connections = []
            for item in server.get("connections", []):
                begun = time.monotonic()
                if self._identity(item["uri"]):
                    connections.append({key: item.get(key) for key in ("protocol", "address", "port", "uri", "local")}
                                       | {"status": 200, "latency": int((time.monotonic() - begun) * 1000)})
            shown = {key: value for key, value in server.items() if key not in ("connections", "ownerId", "sourceTitle")}
            found.append({**shown, "provides": server["provides"].split(","), "connection": connections})
        return found

    # -- the kind of media server

    def switch_preview(self, target):
        if target not in schema.SERVERS:
            raise nest(400, "Validation failed (enum string is expected)")
        answer = {"currentServerType": self.settings["media_server_type"], "targetServerType": target, "dataToBeCleared": self._cleared(),
                  "dataToBeKept": {"generalSettings": True, "radarrSettings": len(self.store.data["radarr"]),
                                   "sonarrSettings": len(self.store.data["sonarr"]), "sportarrSettings": 0,
                                   "seerrSettings": bool(self.settings["seerr_url"]), "tautulliSettings": bool(self.settings["tautulli_url"]),
                                   "notificationSettings": True}}
        if self.settings["media_server_type"]:
            answer["ruleMigration"] = {"canMigrate": False, "totalGroups": len(self.store.data["rules"]), "totalRules": 0, "migratableRules": 0,
                                       "skippedRules": 0, "skippedDetails": []}
        return answer

    def _cleared(self):
        return {"collections": len(self.store.data["rules"]), "collectionMedia": 0, "exclusions": len(self.store.data["exclusions"]),
                "collectionLogs": 0}

    def switch(self, body):
        body = body if isinstance(body, dict) else {}
        target, current = body.get("targetServerType"), self.settings["media_server_type"]
        if target not in schema.SERVERS:
            self._checked([schema.option(schema.SERVERS, ["targetServerType"])])
        if target == current:
            return nok(f"Already using {target} as media server")
        cleared = self._cleared()
        if current is None:
            self.settings["media_server_type"] = target
            self.store.save()
            return {**OK, "message": f"Successfully set {target} as media server", "clearedData": cleared}
        # Collections, exclusions and the old server's credentials go.
        self.store.data["exclusions"] = []
        for rule in self.store.data["rules"]:
            rule["isActive"] = False
        names = {"plex": (*PLEX_SERVER, "plex_auth_token")}.get(current, [key for key in self.settings if key.startswith(f"{current}_")])
        self.settings.update(dict.fromkeys(names), media_server_type=target)
        self.client = None
        self.store.save()
        answer = {**OK, "message": f"Successfully switched from {current} to {target}", "clearedData": cleared}
        if body.get("migrateRules"):
            answer["message"] += ". 0 of 0 rules migrated. Rule groups have been deactivated and need library re-assignment."
            answer["ruleMigration"] = {"totalRules": 0, "migratedRules": 0, "skippedRules": 0, "fullyMigratedGroups": 0,
                                       "partiallyMigratedGroups": 0, "skippedGroups": 0, "skippedDetails": []}
        return answer

    # -- Radarr and Sonarr

    def _entry(self, body):
        body = body if isinstance(body, dict) else {}
        self._checked(schema.text(body, "serverName", "Server name is required") + schema.url(body, "url") + schema.text(body, "apiKey"))
        return {"serverName": body["serverName"], "url": body["url"].strip().lower().rstrip("/"), "apiKey": body["apiKey"]}

    def arr_list(self, kind):
        return self.store.data[kind]

    def arr_post(self, kind, body):
        entry = self._entry(body)
        with self.lock:
            entry["id"] = self.store.data["next"][kind]
            self.store.data["next"][kind] += 1
            self.store.data[kind].append({"id": entry["id"], **entry})
            self.store.save()
        return {"data": entry, **OK}

    def arr_put(self, kind, wanted, body):
        entry = {"id": wanted, **self._entry(body)}
        with self.lock:
            rows = self.store.data[kind]
            held = next((row for row in rows if row["id"] == wanted), None)
            if held:
                held.update(entry)
            else:
                rows.append(entry)              # an unknown one is made
                rows.sort(key=lambda row: row["id"])
                self.store.data["next"][kind] = max(self.store.data["next"][kind], wanted + 1)
            self.store.save()
        return {"data": entry, **OK}

    def arr_delete(self, kind, wanted):
        with self.lock:
            used = [rule["name"] for rule in self.store.data["rules"] if rule.get(f"{kind}SettingsId") == wanted]
            if used:
                return {**nok("Cannot delete setting with associated collections"), "data": {"collectionsInUse": used}}
            if not any(row["id"] == wanted for row in self.store.data[kind]):
                return {**nok(FAILURE), "data": None}
            self.store.data[kind] = [row for row in self.store.data[kind] if row["id"] != wanted]
            self.store.save()
        return OK

    def arr_test(self, kind, body):
        entry = self._entry(body)
        try:
            # A redirect is followed, so a missing URL base passes.
            answer = fetch("GET", entry["url"] + "/api/v3/system/status", params={"apikey": entry["apiKey"]}, timeout=5)
            status = answer.json() if answer.status_code == 200 else {}
            if not status.get("version"):
                return nok(FAILURE)
        except (requests.exceptions.RequestException, ValueError, AttributeError):
            return nok(FAILURE)
        if str(status.get("appName", "")).lower() != kind:
            return nok(f"Unexpected application name returned: {status.get('appName')}")
        return {**OK, "message": status["version"]}

    def _arr_rows(self, kind, wanted, path):
        entry = next((row for row in self.store.data[kind] if row["id"] == wanted), None)
        if entry is None:
            return []

        def ask():
            try:
                answer = fetch("GET", entry["url"] + path, params={"apikey": entry["apiKey"]}, timeout=5)
                rows = answer.json()
            except (requests.exceptions.RequestException, ValueError) as error:
                raise Unreachable(type(error).__name__) from None
            if answer.status_code != 200 or not isinstance(rows, list):
                raise Unreachable(str(answer.status_code))
            return rows

        try:
            return self.cache[kind].get((wanted, entry["url"], path), ask)
        except Unreachable:
            return []

    def arr_profiles(self, kind, wanted):
        return [{"id": row["id"], "name": row["name"]} for row in self._arr_rows(kind, wanted, "/api/v3/qualityprofile")]

    def arr_diskspace(self, kind, wanted):
        return self._arr_rows(kind, wanted, "/api/v3/diskspace")

    def arr_folders(self, kind, wanted):
        return self._arr_rows(kind, wanted, "/api/v3/rootfolder")

    # -- Seerr and Tautulli

    @staticmethod
    def _slot(name):
        return "seerr" if name in ("overseerr", "jellyseerr") else name

    def slot_get(self, name):
        name = self._slot(name)
        return {"api_key": self.settings[f"{name}_api_key"], "url": self.settings[f"{name}_url"]}

    def _slot_body(self, body):
        body = body if isinstance(body, dict) else {}
        self._checked(schema.url(body, "url") + schema.text(body, "api_key"))
        return body["url"].strip().rstrip("/"), body["api_key"]

    def slot_post(self, name, body):
        url, key = self._slot_body(body)
        name = self._slot(name)
        self.settings.update({f"{name}_url": url, f"{name}_api_key": key})
        self.store.save()
        return OK

    def slot_delete(self, name):
        name = self._slot(name)
        self.settings.update({f"{name}_url": None, f"{name}_api_key": None})
        self.store.save()
        return OK

    def slot_test(self, name, body):
        url, key = self._slot_body(body)
        strange = "Failure, an unexpected response was returned. The URL is likely incorrect."
        try:
            if name != "tautulli":
                answer = fetch("GET", url + "/api/v1/settings/about", headers={"X-Api-Key": key}, timeout=10)
                if answer.status_code in (401, 403):
                    return nok("Invalid API key")
                version = answer.json().get("version")
            else:
                answer = fetch("GET", url + "/api/v2", params={"apikey": key, "cmd": "get_tautulli_info"}, timeout=10)
                if answer.status_code in (401, 403):
                    return nok("Invalid API key")
                if answer.status_code == 400:
                    # What Tautulli itself says of a wrong key.
                    return nok(answer.json()["response"]["message"])
                version = answer.json()["response"]["data"].get("tautulli_version")
        except requests.exceptions.ConnectionError:
            return nok(REFUSED)
        except (requests.exceptions.RequestException, ValueError, KeyError, TypeError, AttributeError):
            return nok(strange)
        return {**OK, "message": version} if version else nok(strange)

    def other_server_get(self, name):
        return {f"{name}_url": self.settings[f"{name}_url"], f"{name}_api_key": self.settings[f"{name}_api_key"],
                f"{name}_user_id": self.settings[f"{name}_user_id"]}

    def other_server_post(self, name, body):
        body = body if isinstance(body, dict) else {}
        self._checked(schema.url(body, f"{name}_url") + schema.text(body, f"{name}_api_key"))
        try:
            fetch("GET", body[f"{name}_url"].rstrip("/") + "/System/Info", timeout=5, headers={"X-Emby-Token": body[f"{name}_api_key"]}).raise_for_status()
        except (requests.exceptions.RequestException, ValueError):
            return nok(REFUSED)
        self.settings.update({key: body[key] for key in (f"{name}_url", f"{name}_api_key", f"{name}_user_id") if key in body})
        self.store.save()
        return OK

    def metadata_get(self):
        return {"preference": self.settings["metadata_provider_preference"]}

    def metadata_post(self, body):
        values = ["tmdb_primary", "tvdb_primary"]
        if (body or {}).get("preference") not in values:
            self._checked([schema.option(values, ["preference"])])
        self.settings["metadata_provider_preference"] = body["preference"]
        self.store.save()
        return OK

    def download_client(self):
        held = self.settings
        return {**{key: held[key] or "" for key in ("download_client_url", "download_client_username", "download_client_password")},
                "download_client_delete_data": held["download_client_delete_data"], "download_client_fallback_ratio": held["download_client_fallback_ratio"]}

    def tracearr(self):
        return {"url": self.settings["tracearr_url"], "api_key": self.settings["tracearr_api_key"], "server_id": self.settings["tracearr_server_id"]}

    def streamystats(self):
        if self.settings["media_server_type"] != "jellyfin":
            raise nest(403, "Streamystats is only available when Jellyfin is the active media server.")
        return {"url": self.settings["streamystats_url"]}

    def log_settings(self):
        return {"level": "info", "max_size": 20, "max_files": 7}

    # -- the media server's content

    def _media(self):
        if not self.is_set_up():
            raise nest(403, "Forbidden resource")
        self._connect()
        if not self.client:
            raise nest(503, "plex adapter failed to initialize")

    def media_server(self):
        self._media()
        identity = self._identity(self.client["url"]) or {}
        return {"machineId": identity.get("machineIdentifier"), "version": identity.get("version")}

    def media_type(self):
        self._media()
        return {"type": self.settings["media_server_type"]}

    def media_libraries(self):
        self._media()
        found = self._plex("/library/sections")
        return [{"id": str(item["key"]), "title": item["title"], "type": item["type"], "agent": item.get("agent")}
                for item in (found or {}).get("Directory", []) if item["type"] in ("movie", "show")]

    def media_users(self):
        self._media()
        found = self._plex("/accounts")
        return [{"id": str(item["id"]), "name": item.get("name", "")} for item in (found or {}).get("Account", [])]

    def media_content(self, key):
        self._media()
        found = self._plex(f"/library/sections/{key}/all?includeGuids=1") or {}
        rows = [self._item(item) for item in found.get("Metadata", [])]
        limit = int(request.args.get("limit") or 30)
        start = (int(request.args.get("page") or 1) - 1) * limit
        return {"items": rows[start:start + limit], "totalSize": len(rows), "offset": start, "limit": limit}

    @staticmethod
    def _item(item):
        guids = {}
        for row in item.get("Guid", []):
            name, _colon, value = row["id"].partition("://")
            guids.setdefault(name, []).append(value)
        return {"id": item["ratingKey"], "title": item["title"], "guid": item.get("guid"), "type": item["type"], "addedAt": moment(item.get("addedAt")),
                "updatedAt": moment(item.get("updatedAt")), "providerIds": guids, "mediaSources": [], "library": {}, "year": item.get("year"),
                "ratings": [], "genres": [], "actors": []}

    def media_meta(self, key):
        self._media()
        found = (self._plex(f"/library/metadata/{key}") or {}).get("Metadata")
        return self._item(found[0]) if found else None

    def media_empty(self, **_names):
        self._media()
        return []

    # -- rules and collections

    def constants(self):
        applications = []
        for application in RULES["applications"]:
            if not self._configured(application["name"].lower()):
                continue
            props = [{"id": row[0], "name": row[1], "humanName": row[1], "mediaType": row[2],
                      "type": {"key": row[3], "possibilities": RULES["types"][row[3]][0], "humanName": RULES["types"][row[3]][1]},
                      **({"showType": row[4]} if len(row) > 4 else {})} for row in application["props"]]
            applications.append({**application, "props": props})
        return {"applications": applications}

    def _configured(self, name):
        """Whether rules can look at an application; the other kinds of media server are always there."""
        return bool(self.store.data[name]) if name in ("radarr", "sonarr") else name not in SLOTS or bool(self.settings[f"{name}_url"])

    def rules_list(self):
        rows = self.store.data["rules"]
        if request.args.get("activeOnly") == "true":
            rows = [rule for rule in rows if rule["isActive"]]
        if request.args.get("libraryId"):
            rows = [rule for rule in rows if rule["libraryId"] == request.args["libraryId"]]
        return [self._rule(rule) for rule in rows]

    def _rule(self, rule):
        shown = {key: rule[key] for key in ("id", "name", "description", "libraryId", "isActive")}
        shown.update(collectionId=rule["id"], useRules=rule["useRules"], dataType=rule["dataType"],
                     ruleHandlerCronSchedule=rule.get("ruleHandlerCronSchedule"), rules=self._rule_rows(rule), notifications=rule["notifications"],
                     collection=self._collection(rule))
        return shown

    @staticmethod
    def _rule_rows(rule):
        return [{"id": rule["firstRule"] + place, "ruleJson": json.dumps(item, separators=(",", ":")), "ruleGroupId": rule["id"],
                 "section": item.get("section", 0), "isActive": True} for place, item in enumerate(rule["rules"])]

    def _collection(self, rule):
        extra = rule.get("collection") or {}
        return {"id": rule["id"], "mediaServerId": None, "mediaServerType": self.settings["media_server_type"], "libraryId": rule["libraryId"],
                "title": rule["name"], "description": rule["description"], "isActive": rule["isActive"], "arrAction": rule["arrAction"],
                "visibleOnRecommended": extra.get("visibleOnRecommended", False), "visibleOnHome": extra.get("visibleOnHome", False),
                "deleteAfterDays": extra.get("deleteAfterDays"), "manualCollection": extra.get("manualCollection", False),
                "manualCollectionName": extra.get("manualCollectionName", ""), "listExclusions": rule["listExclusions"],
                "cleanupLeftoverFolders": False, "forceSeerr": rule["forceSeerr"], "type": rule["dataType"],
                "keepLogsForMonths": extra.get("keepLogsForMonths", 6), "addDate": rule["addDate"], "handledMediaAmount": 0,
                "lastDurationInSeconds": 0, "tautulliWatchedPercentOverride": extra.get("tautulliWatchedPercentOverride"),
                "radarrSettingsId": rule.get("radarrSettingsId"), "sonarrSettingsId": rule.get("sonarrSettingsId"), "sportarrSettingsId": None,
                "sortTitle": extra.get("sortTitle"), "mediaServerSort": None, "totalSizeBytes": None, "handledMediaSizeBytes": 0,
                "overlayEnabled": False, "overlayTemplateId": None, "radarrQualityProfileId": rule.get("radarrQualityProfileId"),
                "sonarrQualityProfileId": rule.get("sonarrQualityProfileId"), "sportarrQualityProfileId": None,
                "tagInArr": bool(rule.get("tagInArr", False))}

    def _checked_rule(self, body, editing=False):
        failed = nest(500, "Failed to save the rule group")
        if not isinstance(body, dict) or not body.get("libraryId"):
            raise failed
        known = {application["id"]: {row[0] for row in application["props"]} for application in RULES["applications"]}
        for place, item in enumerate(body.get("rules") or []):
            first = item.get("firstVal") or [None, None]
            if first[0] in known and first[1] not in known[first[0]] or first[0] not in known:
                raise nest(400, "First value is not available for this server")
            if place and item.get("operator") is None:
                raise nest(400, "Operator is required for every rule after the first")
            for number, kind in ((1, "radarr"), (2, "sonarr")):
                if first[0] == number and body.get(f"{kind}SettingsId") is None:
                    raise nest(400, f"{kind.capitalize()} rules require a {kind.capitalize()} server to be selected")
        days = (body.get("collection") or {}).get("deleteAfterDays")
        if days is not None and (not isinstance(days, int) or not 0 <= days <= 36500):
            raise nest(400, "Take action after days must be a whole number between 0 and 36500")
        if not self.settings["media_server_type"]:
            raise failed
        if not self.is_set_up():
            raise nest(503, "plex is selected but credentials are not yet configured.")
        if not self.client:
            raise nest(503, "plex adapter failed to initialize")
        libraries = {item["id"] for item in self.media_libraries()}
        if not libraries:
            raise nest(502, "No libraries could be read from the media server. Check its connection in the settings.")
        if str(body["libraryId"]) not in libraries:
            raise nest(400, f"Library {body['libraryId']} does not exist on the media server")
        for kind in ("radarr", "sonarr"):
            wanted = body.get(f"{kind}SettingsId")
            if wanted is not None and not any(str(row["id"]) == str(wanted) for row in self.store.data[kind]):
                raise nest(500, "Failed to create/update collection" if editing else "Failed to create collection")
        if not body.get("name"):
            raise nest(500, "Failed to create collection")
        return {"name": body["name"], "description": body.get("description", ""), "libraryId": str(body["libraryId"]),
                "isActive": body.get("isActive", True), "useRules": body.get("useRules", True), "dataType": body.get("dataType", "movie"),
                "arrAction": body.get("arrAction", 0), "listExclusions": body.get("listExclusions", False), "forceSeerr": body.get("forceSeerr", False),
                "tagInArr": body.get("tagInArr", False), "radarrSettingsId": _integer(body.get("radarrSettingsId")),
                "sonarrSettingsId": _integer(body.get("sonarrSettingsId")), "radarrQualityProfileId": body.get("radarrQualityProfileId"),
                "sonarrQualityProfileId": body.get("sonarrQualityProfileId"), "ruleHandlerCronSchedule": body.get("ruleHandlerCronSchedule"),
                "collection": copy.deepcopy(body.get("collection") or {}), "rules": copy.deepcopy(body.get("rules") or []),
                "notifications": body.get("notifications") or []}

    def rules_post(self, body):
        rule = self._checked_rule(body)
        with self.lock:
            rule["id"] = self.store.data["next"]["rules"]
            rule["firstRule"] = self.store.data["next"].get("ruleRows", 1)
            self.store.data["next"]["ruleRows"] = rule["firstRule"] + len(rule["rules"])
            rule["addDate"] = now().strftime("%Y-%m-%d %H:%M:%S")
            self.store.data["next"]["rules"] += 1
            self.store.data["rules"].append(rule)
            self.store.save()
        return DONE

    def _find_rule(self, wanted):
        return next((rule for rule in self.store.data["rules"] if rule["id"] == wanted), None)

    def rules_put(self, body):
        if not isinstance(body, dict) or not body.get("id"):
            raise nest(400, "A rule group id is required")
        held = self._find_rule(body["id"])
        if held is None:
            raise nest(404, "Rule group not found")
        held.update(self._checked_rule(body, editing=True))
        held["firstRule"] = self.store.data["next"]["ruleRows"]
        self.store.data["next"]["ruleRows"] += len(held["rules"])
        self.store.save()
        return DONE

    def rules_count(self):
        return len(self.store.data["rules"])

    def rule_get(self, wanted):
        rule = self._find_rule(wanted)
        return self._rule(rule) if rule else None

    def rule_of_collection(self, wanted):
        shown = self.rule_get(wanted)
        if shown:
            del shown["rules"]
        return shown

    def rule_rows(self, wanted):
        rule = self._find_rule(wanted)
        return self._rule_rows(rule) if rule else []

    def rule_delete(self, wanted):
        self.store.data["rules"] = [rule for rule in self.store.data["rules"] if rule["id"] != wanted]
        self.store.save()
        return DONE

    def execute_status(self):
        return {"processingQueue": False, "executingRuleGroupId": None, "pendingRuleGroupIds": [], "queue": []}

    def execute_all(self, body):
        if not self.store.data["rules"]:
            raise nest(409, "No rule groups found. Create a rule group first.")
        for cache in self.cache.values():
            cache.flush()

    def execute_one(self, wanted, body):
        if self._find_rule(wanted) is None:
            raise nest(404, "Rule group not found")
        for cache in self.cache.values():
            cache.flush()

    def execute_stop(self, body):
        return Response("", 200)

    def exclusions(self):
        wanted = request.args.get("mediaServerId")
        return [row for row in self.store.data["exclusions"] if wanted in (None, row["mediaServerId"])]

    def exclusion_post(self, body):
        number = self.store.data["next"]["exclusions"]
        self.store.data["next"]["exclusions"] += 1
        self.store.data["exclusions"].append({"id": number, "mediaServerId": str(body["mediaId"]), "ruleGroupId": body.get("ruleGroupId"),
                                              "parent": str(body["mediaId"]), "type": (body.get("context") or {}).get("type", "movie")})
        self.store.save()
        return DONE

    def collections(self):
        return [{**self._collection(rule), "media": [], "mediaCount": 0} for rule in self.store.data["rules"]]

    def collection_get(self, wanted):
        rule = self._find_rule(wanted)
        return self._collection(rule) if rule else None

    def empty_list(self):
        return []

    def handle(self, body):
        return None

    def schedule(self, body):
        return {"code": 1, "message": "Task Collection Handler updated successfully"}

    def notification_add(self, body):
        entry = {**(body or {}), "id": (body or {}).get("id") or self.store.data["next"]["notifications"]}
        if not (body or {}).get("id"):
            self.store.data["next"]["notifications"] += 1
        self.store.data["notifications"] = [row for row in self.store.data["notifications"] if row["id"] != entry["id"]] + [entry]
        self.store.save()
        return {"code": 1, "status": "OK", "message": "Success"}

    def notifications(self):
        return self.store.data["notifications"]

    def notification_delete(self, wanted):
        self.store.data["notifications"] = [row for row in self.store.data["notifications"] if row["id"] != wanted]
        self.store.save()
        return {"code": 1, "result": "success"}


def _integer(value):
    return int(value) if value is not None else None


ID = r"(?P<id>[^/]+)"
KIND = r"(?P<kind>radarr|sonarr)"
SLOT = r"(?P<name>seerr|overseerr|jellyseerr|tautulli)"
OTHER = r"(?P<name>jellyfin|emby)"
ROUTES = [(method, "^" + pattern + "$", name) for method, pattern, name in (
    ("GET", "/health", "health"), ("GET", "/health/ready", "health"), ("GET", "/health/live", "live"), ("GET", "/app/status", "app_status"),
    ("GET", "/app/timezone", "timezone"), ("GET", "/settings", "settings_get"), ("POST", "/settings", "settings_post"),
    ("PATCH", "/settings", "settings_patch"), ("GET", "/settings/version", "version"), ("GET", "/settings/api/generate", "generate"),
    ("POST", "/settings/cron/validate", "cron_validate"), ("POST", "/settings/plex/token", "token_post"), ("DELETE", "/settings/plex/auth", "token_delete"),
    ("GET", "/settings/plex/devices/servers", "devices"), ("GET", "/settings/test/plex", "test_plex"), ("GET", "/settings/test/plex/auth", "test_auth"),
    ("GET", "/settings/test/setup", "test_setup"), ("GET", "/settings/media-server/switch/preview/(?P<target>[^/]+)", "switch_preview"),
    ("POST", "/settings/media-server/switch", "switch"), ("POST", f"/settings/test/{KIND}", "arr_test"), ("GET", f"/settings/{KIND}", "arr_list"),
    ("POST", f"/settings/{KIND}", "arr_post"), ("PUT", f"/settings/{KIND}/{ID}", "arr_put"), ("DELETE", f"/settings/{KIND}/{ID}", "arr_delete"),
    ("GET", f"/servarr/{KIND}/{ID}/profiles", "arr_profiles"), ("GET", f"/servarr/{KIND}/{ID}/diskspace", "arr_diskspace"),
    ("GET", f"/servarr/{KIND}/{ID}/rootfolders", "arr_folders"), ("POST", f"/settings/test/{SLOT}", "slot_test"),
    ("GET", f"/settings/{SLOT}", "slot_get"), ("POST", f"/settings/{SLOT}", "slot_post"), ("DELETE", f"/settings/{SLOT}", "slot_delete"),
    ("GET", f"/settings/{OTHER}", "other_server_get"), ("POST", f"/settings/{OTHER}", "other_server_post"),
    ("POST", f"/settings/{OTHER}/test", "other_server_post"),
    ("GET", "/settings/metadata-provider", "metadata_get"), ("POST", "/settings/metadata-provider", "metadata_post"),
    ("GET", "/settings/download-client", "download_client"), ("GET", "/settings/tracearr", "tracearr"), ("GET", "/settings/streamystats", "streamystats"),
    ("GET", "/logs/settings", "log_settings"), ("GET", "/media-server", "media_server"), ("GET", "/media-server/type", "media_type"),
    ("GET", "/media-server/libraries", "media_libraries"), ("GET", "/media-server/users", "media_users"),
    ("GET", "/media-server/library/(?P<key>[^/]+)/content", "media_content"), ("GET", "/media-server/library/[^/]+/collections", "media_empty"),
    ("GET", "/media-server/meta/(?P<key>[^/]+)", "media_meta"), ("GET", "/media-server/search/[^/]+", "media_empty"),
    ("GET", "/rules", "rules_list"), ("POST", "/rules", "rules_post"), ("PUT", "/rules", "rules_put"), ("GET", "/rules/count", "rules_count"),
    ("GET", "/rules/constants", "constants"), ("GET", "/rules/exclusion", "exclusions"), ("POST", "/rules/exclusion", "exclusion_post"),
    ("GET", "/rules/execute/status", "execute_status"), ("POST", "/rules/execute", "execute_all"), ("POST", "/rules/execute/stop", "execute_stop"),
    ("GET", f"/rules/collection/{ID}", "rule_of_collection"), ("GET", f"/rules/{ID}/rules", "rule_rows"), ("POST", f"/rules/{ID}/execute", "execute_one"),
    ("GET", f"/rules/{ID}", "rule_get"), ("DELETE", f"/rules/{ID}", "rule_delete"), ("GET", "/collections", "collections"),
    ("GET", "/collections/media", "empty_list"), ("GET", f"/collections/collection/{ID}", "collection_get"), ("POST", "/collections/handle", "handle"),
    ("PUT", "/collections/schedule/update", "schedule"), ("GET", "/notifications/configurations", "notifications"),
    ("POST", "/notifications/configuration/add", "notification_add"), ("DELETE", f"/notifications/configuration/{ID}", "notification_delete"))]


def create_app(config_dir, environment=None):
    """C(STANDIN_VERSION) of 2 makes it one of the first generation."""
    version = (environment if environment is not None else os.environ).get("STANDIN_VERSION") or VERSION
    kind, routes = Maintainerr, ROUTES
    if version.startswith("2."):
        from .old import GONE, Old

        kind = Old
        routes = [row for row in ROUTES if row[2] not in GONE] + [("GET", f"^/plex/{name}$", f"plex_{name}") for name in ("libraries", "users")]
    maintainerr = kind(config_dir, environment)
    maintainerr.routes, maintainerr.version_text = routes, version
    flask = catch_all(maintainerr.answer)
    flask.maintainerr = maintainerr
    return flask
