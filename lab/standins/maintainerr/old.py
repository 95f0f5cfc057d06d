# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintainerr 2.27, as far as it is another one: Plex only, nothing masked, numbers where 3 has words.

Written from what a server of 2.27.0 answered; with an earlier version, what came since is left out.
"""
from __future__ import annotations

import requests
from flask import Response

from ..kit import fetch
from .service import FAILURE, OK, RULES, Maintainerr, Problem, nest, nok, schema

GONE = ("test_auth", "switch_preview", "switch", "health", "live", "metadata_get", "metadata_post", "media_server", "media_type",
        "media_libraries", "media_users", "media_content", "media_meta", "media_empty", "other_server_get", "other_server_post", "download_client",
        "tracearr", "streamystats")
HELD = ("id", "clientId", "applicationTitle", "applicationUrl", "apikey", "locale", "overseerr_url", "overseerr_api_key", "plex_name", "plex_hostname",
        "plex_port", "plex_ssl", "plex_auth_token", "tautulli_url", "tautulli_api_key", "jellyseerr_url", "jellyseerr_api_key",
        "collection_handler_job_cron", "rules_handler_job_cron")
CRONS = ("collection_handler_job_cron", "rules_handler_job_cron")
DONE = {"code": 1, "result": "Success"}
LEVELS = {"movie": 1, "show": 2, "season": 3, "episode": 4}
# The last property of each application; what has a higher number came with 3.
LAST = {0: 42, 1: 22, 2: 27, 3: 6, 4: 8}
COMPARISONS = 18


def failed(result):
    return {"code": 0, "result": result}


class Old(Maintainerr):
    """2.27.0 by its API."""

    def _newer_than(self, minor):
        return int(self.version_text.split(".")[1]) >= minor

    def _connect(self):
        """Always anew; that nothing answers there makes no difference."""
        self.client = None
        self.remembered.clear()
        held = self.settings
        if held["plex_hostname"] and held["plex_auth_token"]:
            url = f"{'https' if held['plex_ssl'] else 'http'}://{held['plex_hostname']}:{held['plex_port']}"
            self.client = {"url": url, "token": held["plex_auth_token"]}

    def is_set_up(self):
        return all(self.settings[key] for key in ("plex_hostname", "plex_name", "plex_port", "plex_auth_token"))

    def settings_get(self):
        return {key: self.settings.get(key) for key in HELD}

    def settings_post(self, body):
        """What is missing of the schedules is wrong; what is missing of the address means no TLS."""
        body = body if isinstance(body, dict) else {}
        if not all(schema.cron(body.get(key) or "") for key in CRONS):
            return nok("Update failed, invalid CRON value was found")
        wanted = {key: value for key, value in body.items() if key in HELD and key not in ("id", "clientId") and value is not None}
        host = wanted.get("plex_hostname")
        wanted["plex_ssl"] = int("https://" in (host or "").lower() or wanted.get("plex_port") == 443)
        if host is not None:
            wanted["plex_hostname"] = host.lower().replace("https://", "").replace("http://", "")
        self.settings.update(wanted)
        self.store.save()
        self._connect()
        return OK

    def settings_patch(self, body):
        return self.settings_post({**self.settings, **(body or {})})

    def token_post(self, body):
        body = body or {}
        if "plex_auth_token" not in body:
            return nok("Failed")
        self.settings["plex_auth_token"] = body["plex_auth_token"]
        self.store.save()
        return OK

    def test_plex(self):
        """By a request that takes the token, and is not remembered."""
        try:
            answer = fetch("GET", self.client["url"] + "/", timeout=30, verify=False,
                           headers={"Accept": "application/json", "X-Plex-Token": self.client["token"]})
            return {**OK, "message": answer.json()["MediaContainer"]["version"]}
        except (requests.exceptions.RequestException, ValueError, KeyError, TypeError):
            return nok(FAILURE)

    def _of_plex(self, path, what):
        if not self.client:
            if not self._newer_than(20):
                return None
            raise nest(400, "Plex is not configured yet. Please finish the Plex setup before using this endpoint.")
        found = self._plex(path)
        if found is None and self._newer_than(20):
            raise nest(500, f"Could not fetch Plex {what}")
        return found

    def plex_libraries(self):
        found = self._of_plex("/library/sections", "libraries")
        return None if found is None else [row for row in found.get("Directory", []) if row["type"] in ("movie", "show")]

    def plex_users(self):
        found = self._of_plex("/accounts", "users")
        return None if found is None else found.get("Account", [])

    # -- Radarr and Sonarr, Overseerr and Jellyseerr

    def _entry(self, body):
        """Nothing is looked at but whether there is a URL."""
        body = body if isinstance(body, dict) else {}
        return {"serverName": body.get("serverName"), "url": str(body.get("url")).lower(), "apiKey": body.get("apiKey")}

    def arr_post(self, kind, body):
        return super().arr_post(kind, body) if (body or {}).get("url") else nok(FAILURE)

    def arr_put(self, kind, wanted, body):
        return super().arr_put(kind, wanted, body) if (body or {}).get("url") else nok(FAILURE)

    def arr_delete(self, kind, wanted):
        answer = super().arr_delete(kind, wanted)
        if isinstance(answer.get("data"), dict):
            used = [rule for rule in self.store.data["rules"] if rule.get(f"{kind}SettingsId") == wanted]
            answer["data"]["collectionsInUse"] = [self._collection(rule) for rule in used]
        return answer

    @staticmethod
    def _slot(name):
        if name == "seerr":
            raise nest(404, "Cannot GET /api/settings/seerr")
        return name

    def slot_get(self, name):
        name = self._slot(name)
        return {"api_key": self.settings.get(f"{name}_api_key"), "url": self.settings.get(f"{name}_url")}

    def slot_test(self, name, body):
        """As since 3.0, with the words of axios where nothing answers."""
        url, key = self._slot_body(body)
        strange = nok("Failure, an unexpected response was returned. The URL is likely incorrect.")
        path, options = ("/api/v2", {"params": {"apikey": key, "cmd": "get_tautulli_info"}}) if name == "tautulli" else (
            "/api/v1/settings/about", {"headers": {"X-Api-Key": key}})
        try:
            answer = fetch("GET", url + path, timeout=10, **options)
        except requests.exceptions.RequestException:
            return nok(f"Failure: connect ECONNREFUSED {url.partition('://')[2]}")
        try:
            found = answer.json()
        except ValueError:
            found = {}
        said = found.get("response") or {} if name == "tautulli" else {}
        if answer.status_code >= 400 and not (answer.status_code == 400 and said.get("message")):
            denied = answer.status_code == 403 and name != "tautulli"
            return nok("Invalid API key" if denied else f"Failure, received response: {answer.status_code} {answer.reason}.")
        version = (said.get("data") or {}).get("tautulli_version") if name == "tautulli" else found.get("version")
        return {**OK, "message": version} if version else nok(said["message"]) if said.get("message") else strange

    # -- rules

    def constants(self):
        """No comparison of presence, no other media servers, and two places of requests."""
        applications = []
        for application in super().constants()["applications"]:
            if application["id"] in LAST:
                application["props"] = [row for row in application["props"] if row["id"] <= LAST[application["id"]]]
                for row in application["props"]:
                    row["type"]["possibilities"] = [number for number in row["type"]["possibilities"] if number < COMPARISONS]
                    if "showType" in row:
                        row["showType"] = [LEVELS[level] for level in row["showType"]]
                applications.append(application)
        requests_app = next((item for item in applications if item["name"] == "Seerr"), None)
        if requests_app:
            applications.remove(requests_app)
            applications += [{**requests_app, "id": number, "name": name} for number, name in ((3, "Overseerr"), (5, "Jellyseerr"))
                             if self.settings.get(f"{name.lower()}_url")]
        return {"applications": sorted(applications, key=lambda item: item["id"])}

    def _configured(self, name):
        if name == "seerr":
            return bool(self.settings.get("overseerr_url") or self.settings.get("jellyseerr_url"))
        return super()._configured(name)

    def _rule(self, rule):
        shown = super()._rule(rule)
        shown.update(libraryId=int(rule["libraryId"]), dataType=int(rule["dataType"]))
        if not self._newer_than(25):
            shown.pop("ruleHandlerCronSchedule")
        return shown

    def _collection(self, rule):
        held = super()._collection(rule)
        held.update(libraryId=int(rule["libraryId"]), type=int(rule["dataType"]), plexId=None, forceOverseerr=held.pop("forceSeerr"))
        new = ("mediaServerId", "mediaServerType", "cleanupLeftoverFolders", "sportarrSettingsId", "mediaServerSort", "totalSizeBytes",
               "handledMediaSizeBytes", "overlayEnabled", "overlayTemplateId", "radarrQualityProfileId", "sonarrQualityProfileId",
               "sportarrQualityProfileId", "tagInArr")
        return {key: value for key, value in held.items() if key not in new}

    def _refused(self, body):
        """What it says of rules that it does not take; an empty answer for what it stumbles over."""
        if not isinstance(body, dict) or not isinstance(body.get("rules"), list):
            return Response("")
        known = {application["id"]: {row[0]: row[3] for row in application["props"] if row[0] <= LAST[application["id"]]}
                 for application in RULES["applications"] if application["id"] in LAST}
        known[5] = known[3]
        for item in body["rules"]:
            first, second = (item.get("firstVal") or [None, None]), item.get("lastVal")
            if first[1] not in known.get(first[0], {}) or second and second[1] not in known.get(second[0], {}):
                return failed("Unexpected error occurred")
            if not second and not item.get("customVal"):
                return failed("No second value found")
            if int(item["action"]) not in RULES["types"][known[first[0]][first[1]]][0] or int(item["action"]) >= COMPARISONS:
                return failed("Action is not supported on type")
            for number, name in ((1, "Radarr"), (2, "Sonarr")):
                if number in (first[0], (second or first)[0]) and body.get(f"{name.lower()}SettingsId") is None:
                    return failed(f"{name} rules require a {name} server to be selected")
        try:
            libraries = {str(item["key"]) for item in self.plex_libraries() or []}
        except Problem:                         # no connection, or none that answers
            libraries = set()
        return None if str(body.get("libraryId")) in libraries and body.get("name") else Response("")

    def _checked_rule(self, body, editing=False):
        return {"name": body["name"], "description": body.get("description", ""), "libraryId": str(body["libraryId"]), "isActive": body.get("isActive", True),
                "useRules": body.get("useRules", True), "dataType": body["dataType"], "arrAction": body.get("arrAction", 0),
                "listExclusions": body.get("listExclusions", False), "forceSeerr": body.get("forceOverseerr", False),
                "radarrSettingsId": body.get("radarrSettingsId"), "sonarrSettingsId": body.get("sonarrSettingsId"),
                "ruleHandlerCronSchedule": body.get("ruleHandlerCronSchedule"), "collection": body.get("collection") or {}, "rules": body["rules"],
                "notifications": body.get("notifications") or []}

    def rules_post(self, body):
        refused = self._refused(body)
        if refused is None:
            super().rules_post(body)
            return DONE
        if isinstance(refused, Response):
            refused.status_code = 201
        return refused

    def rules_put(self, body):
        refused = self._refused(body)
        if refused is None and self._find_rule(body.get("id")) is None:
            return Response("")
        if refused is None:
            super().rules_put(body)
            return DONE
        return refused

    def rule_delete(self, wanted):
        if self._find_rule(wanted) is None:
            return failed("Delete Failed")
        super().rule_delete(wanted)
        return DONE
