# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintainerr 2.19, as far as it is another one: Plex only, nothing masked, nothing in parts, numbers where 3 has words."""
from __future__ import annotations

import requests
from flask import Response

from ..kit import fetch
from .service import DONE, FAILURE, OK, RULES, Maintainerr, nest, nok, schema

GONE = ("settings_patch", "test_auth", "switch_preview", "switch", "health", "live", "metadata_get", "metadata_post", "media_server", "media_type",
        "media_libraries", "media_users", "other_server_get", "other_server_post", "execute_one")
NEW_SETTINGS = ("media_server_type", "plex_manual_mode", "jellyfin_url", "jellyfin_api_key", "emby_url", "emby_api_key", "seerr_url", "seerr_api_key")


class Old(Maintainerr):
    """2.19.0 by its API."""

    def _connect(self):
        """Always anew, and by a request that takes the token."""
        self.client = None
        held = self.settings
        if not self.is_set_up():
            return
        url = f"{'https' if held['plex_ssl'] else 'http'}://{held['plex_hostname']}:{held['plex_port']}"
        self.client = {"url": url, "token": held["plex_auth_token"]}

    def is_set_up(self):
        return all(self.settings[key] for key in ("plex_hostname", "plex_name", "plex_port", "plex_auth_token"))

    def settings_get(self):
        return {key: value for key, value in self.settings.items() if key not in NEW_SETTINGS}

    def settings_post(self, body):
        if not isinstance(body, dict) or not all(schema.cron(body.get(key) or "") for key in ("collection_handler_job_cron", "rules_handler_job_cron")):
            return nok(FAILURE)
        wanted = {key: value for key, value in body.items() if key in self.settings and key not in ("id", "clientId", *NEW_SETTINGS)}
        host = str(wanted.get("plex_hostname") or self.settings["plex_hostname"] or "").lower()
        secure = host.startswith("https://") or int(wanted.get("plex_port") or self.settings["plex_port"]) == 443
        wanted["plex_ssl"] = int(secure)
        wanted["plex_hostname"] = host.replace("https://", "").replace("http://", "")
        self.settings.update(wanted)
        self.settings["plex_port"] = int(self.settings["plex_port"])
        self.store.save()
        self._connect()
        return OK

    def token_post(self, body):
        self.settings["plex_auth_token"] = (body or {}).get("plex_auth_token")
        self.store.save()
        return OK

    def token_delete(self):
        return nok({})

    def test_plex(self):
        try:
            answer = fetch("GET", self.client["url"] + "/", timeout=30, verify=False,
                           headers={"Accept": "application/json", "X-Plex-Token": self.client["token"]})
            return {**OK, "message": answer.json()["MediaContainer"]["version"]}
        except (requests.exceptions.RequestException, ValueError, KeyError, TypeError):
            return nok(FAILURE)

    def plex_libraries(self):
        return (self._plex("/library/sections") or {}).get("Directory", []) if self.client else []

    def plex_users(self):
        return (self._plex("/accounts") or {}).get("Account", []) if self.client else []

    @staticmethod
    def _slot(name):
        if name == "seerr":
            raise nest(404, "Cannot GET /api/settings/seerr")
        return name

    def slot_get(self, name):
        name = self._slot(name)
        return {"api_key": self.settings.get(f"{name}_api_key"), "url": self.settings.get(f"{name}_url")}

    def constants(self):
        """No comparison of presence, and the applications of then."""
        found = super().constants()
        for application in found["applications"]:
            for row in application["props"]:
                row["type"]["possibilities"] = [number for number in row["type"]["possibilities"] if number < 18]
        return {"applications": [item for item in found["applications"] if item["id"] < 3]}

    def _rule(self, rule):
        shown = super()._rule(rule)
        shown.update(libraryId=int(rule["libraryId"]), dataType=int(rule["dataType"]))
        shown.pop("ruleHandlerCronSchedule")
        held = shown["collection"]
        held["forceOverseerr"] = held.pop("forceSeerr")
        held.update(libraryId=int(rule["libraryId"]), type=int(rule["dataType"]))
        held.pop("tagInArr")
        return shown

    def _checked_rule(self, body, editing=False):
        known = {str(item.get("key")) for item in self.plex_libraries()}
        numbers = {row["id"]: {item[0] for item in row["props"]} for row in RULES["applications"]}
        if str(body.get("libraryId")) not in known or not isinstance(body.get("dataType"), int) or \
                any(item["firstVal"][1] not in numbers.get(item["firstVal"][0], ()) for item in body["rules"]):
            return None
        return {"name": body["name"], "description": body.get("description", ""), "libraryId": str(body["libraryId"]), "isActive": body.get("isActive", True),
                "useRules": body.get("useRules", True), "dataType": body["dataType"], "arrAction": body.get("arrAction", 0),
                "listExclusions": body.get("listExclusions", False), "forceSeerr": body.get("forceOverseerr", False),
                "radarrSettingsId": body.get("radarrSettingsId"), "sonarrSettingsId": body.get("sonarrSettingsId"),
                "collection": body.get("collection") or {}, "rules": body.get("rules") or [], "notifications": body.get("notifications") or []}

    def rules_post(self, body):
        return super().rules_post(body) if self._checked_rule(body) else Response("", 201)

    def rules_put(self, body):
        return super().rules_put(body) if self._checked_rule(body) else Response("", 200)

    def rule_delete(self, wanted):
        if self._find_rule(wanted) is None:
            return {**DONE, "code": 0, "result": "Delete Failed", "message": "Delete Failed"}
        return super().rule_delete(wanted)
