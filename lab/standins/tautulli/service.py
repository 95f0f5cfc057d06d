# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tautulli's API v2 (every error is a 400), the pages that save settings, and the connection to Plex."""
from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from xml.etree import ElementTree

import requests
from flask import request

from ..common import Store
from ..kit import as_json, as_text, catch_all, fetch
from .config import SECRET, Config

VERSION = "v2.17.2"
JSON = "application/json;charset=UTF-8"
COMMANDS = ("add_newsletter_config add_notifier_config arnold backup_config backup_db delete_all_library_history delete_newsletter "
            "delete_notifier docs docs_md edit_library edit_user get_activity get_apikey get_date_formats get_geoip_lookup get_history "
            "get_home_stats get_libraries get_libraries_table get_library get_library_names get_logs get_metadata get_newsletter_config "
            "get_newsletters get_notifier_config get_notifier_parameters get_notifiers get_pms_update get_recently_added "
            "get_server_friendly_name get_server_id get_server_identity get_server_info get_server_list get_server_pref "
            "get_servers_info get_settings get_tautulli_info get_user get_user_names get_users import_config notify refresh_libraries_list "
            "refresh_users_list restart server_status set_newsletter_config set_notifier_config sql status update update_check").split()
SUBJECT = {"incl_subject": 1}
CARD = {"incl_subject": 1, "incl_card": 0, "incl_description": 1, "incl_thumbnail": 0, "incl_pmslink": 0}
LOOKUPS = {"movie_provider": "", "tv_provider": "", "music_provider": ""}
# agent id -> (name, label, config with defaults), as a real 2.17.2 tells them
AGENTS = {6: ("pushbullet", "Pushbullet", {"api_key": "", "device_id": "", "channel_tag": "", **SUBJECT, "incl_poster": 0}),
          7: ("pushover", "Pushover", {"api_token": "", "key": "", "html_support": 1, "sound": "", "priority": 0, "retry": 30, "expire": 3600,
                                       "incl_url": 1, **SUBJECT, "incl_poster": 0, **LOOKUPS}),
          10: ("email", "Email", {"from_name": "Tautulli", "from": "", "to": [], "cc": [], "bcc": [], "smtp_server": "", "smtp_port": 465,
                                  "smtp_user": "", "smtp_password": "", "tls": 2, "html_support": 1}),
          12: ("ifttt", "IFTTT", {"key": "", "event": "tautulli", "value3": ""}),
          13: ("telegram", "Telegram", {"bot_token": "", "chat_id": "", "disable_web_preview": 0, "silent_notification": 0, "html_support": 1,
                                        **SUBJECT, "incl_poster": 0}),
          14: ("slack", "Slack", {"hook": "", "channel": "", "username": "", "icon_emoji": "", "color": "", **CARD, **LOOKUPS}),
          15: ("scripts", "Script", {"script_folder": "", "script": "", "timeout": 30}),
          17: ("browser", "Browser", {"auto_hide_delay": 5}),
          18: ("join", "Join", {"api_key": "", "device_names": [], "priority": 2, **SUBJECT, "incl_poster": 0, **LOOKUPS}),
          20: ("discord", "Discord", {"hook": "", "username": "", "avatar_url": "", "color": "", "tts": 0, **CARD, **LOOKUPS}),
          21: ("remoteapp", "Tautulli Remote App", {"device_id": "", "priority": 3, "notification_type": 0}),
          22: ("groupme", "GroupMe", {"access_token": "", "bot_id": "", **SUBJECT, "incl_poster": 0}),
          23: ("mqtt", "MQTT", {"broker": "", "port": 1883, "protocol": "MQTTv311", "username": "", "password": "", "clientid": "tautulli",
                                "topic": "", "qos": 1, "retain": 0, "keep_alive": 60, "as_json": 0}),
          24: ("zapier", "Zapier", {"hook": "", **LOOKUPS}),
          25: ("webhook", "Webhook", {"hook": "", "method": "POST"}),
          27: ("lunasea", "LunaSea", {"hook": "", "profile": "", **SUBJECT}),
          28: ("microsoftteams", "Microsoft Teams", {"hook": "", **SUBJECT, "incl_card": 0, "incl_description": 1, "incl_pmslink": 0, "poster_size": 2,
                                                     **LOOKUPS}),
          29: ("gotify", "Gotify", {"host": "", "app_token": "", "priority": 0, **SUBJECT, "incl_poster": 0, "incl_url": 1, **LOOKUPS}),
          30: ("ntfy", "ntfy", {"host": "", "access_token": "", "topic": "", "priority": "default", **SUBJECT, "incl_description": 1,
                                "incl_poster": 0, "incl_url": 0, "incl_pmslink": 0, **LOOKUPS})}
ACTIONS = ("on_play on_stop on_pause on_resume on_change on_buffer on_error on_intro on_credits on_commercial on_watched on_created "
           "on_extdown on_intdown on_extup on_intup on_pmsupdate on_concurrent on_newdevice on_plexpyupdate on_plexpydbcorrupt "
           "on_tokenexpired").split()
SPLIT = ("home_sections", "home_stats_cards", "home_library_cards")
UNCONDITIONAL = {"parameter": "", "operator": "", "value": [], "type": None}
CHECKBOXES = ("api_enabled check_github launch_browser launch_startup group_history_tables week_start_monday log_blacklist "
              "notify_consecutive monitor_pms_updates refresh_libraries_on_startup refresh_users_on_startup newsletter_self_hosted "
              "allow_guest_access cache_images http_proxy http_plex_admin enable_https").split()


class Refused(Exception):
    """An error of the API: 400 with this message."""


class Plex:
    """The configured Plex server, asked in XML."""

    def __init__(self, config):
        self.config = config

    @property
    def url(self):
        return f"{'https' if self.config.get('pms_ssl') else 'http'}://{self.config.get('pms_ip')}:{self.config.get('pms_port')}"

    def ask(self, path, url=None, token=True):
        headers = {"X-Plex-Client-Identifier": self.config.get("pms_uuid"), "X-Plex-Product": "Tautulli"}
        if token:
            headers["X-Plex-Token"] = self.config.get("pms_token")
        try:
            answer = fetch("GET", (url or self.url) + path, headers=headers, timeout=15, verify=False)
            return ElementTree.fromstring(answer.content) if answer.status_code == 200 else None
        except (requests.exceptions.RequestException, ElementTree.ParseError):
            return None


class Tautulli:
    def __init__(self, config_dir, environment=None, restart=None):
        self.config = Config(config_dir, environment)
        self.store = Store(self.config.path.parent / "tautulli.json", lambda: {"notifiers": {}, "newsletters": {}, "libraries": {}, "next": 1})
        self.plex = Plex(self.config)
        self.restart = restart
        self.sessions, self.csrf = {}, secrets.token_hex(20)
        if self.config.fresh and self.config.get("http_password") and not self.config.get("http_hashed_password"):
            self.config.put("http_password", hashed(self.config.get("http_password")))
            self.config.put("http_hashed_password", 1)
            self.config.save()
        if self.config.get("first_run_complete"):
            threading.Thread(target=self.learn, daemon=True).start()

    @property
    def root(self):
        base = str(self.config.get("http_root")).strip("/")
        return f"/{base}" if base else ""

    def learn(self):
        """At start the server's name, version and address are filled in."""
        root = self.plex.ask("/")
        self.config.put("pms_url", self.plex.url)
        if root is not None:
            for key, name in (("pms_name", "friendlyName"), ("pms_version", "version"), ("pms_platform", "platform"),
                              ("pms_identifier", "machineIdentifier")):
                if key != "pms_identifier" or not self.config.get(key):
                    self.config.put(key, root.get(name, ""))
            self.config.put("pms_plexpass", int(root.get("myPlexSubscription", "0") == "1"))
            self._libraries()
        else:
            self.config.put("pms_name", "")
            self.config.put("pms_version", "")
            self.config.put("pms_platform", "")
        self.config.save()

    # -- the door

    def answer(self):
        path = request.path
        if self.root:
            if path != self.root and not path.startswith(self.root + "/"):
                return self._go(f"{request.host_url.rstrip('/')}{self.root}{path}")
            path = path[len(self.root):] or "/"
        path = path.rstrip("/") or "/"
        if path == "/api/v2":
            return self._api()
        if path == "/api/v1":
            return as_json({"response": {"result": "error", "message": "Please use the /api/v2 endpoint.", "data": {}}}, content_type=JSON)
        if path == "/status" and "check" not in request.args:
            return as_json({"result": "success", "message": "Ok"}, content_type="application/json")
        pages = {"/status": ("GET", self.page_status), "/": ("GET", self.page_home), "/home": ("GET", self.page_home),
                 "/welcome": ("GET", self.page_home), "/get_server_id": ("GET", self.page_server_id),
                 "/save_pms_token": ("POST", self.page_token), "/configUpdate": ("POST", self.page_config), "/auth/signin": ("POST", self.signin),
                 "/auth/login": ("GET", self.page_home)}
        if path not in pages:
            return failure(404, "Not Found", f"The path '{path}' was not found.")
        method, handler = pages[path]
        if request.method != method and request.method != "HEAD":
            return failure(405, "Method Not Allowed", "Specified method is invalid for this resource")
        if not path.startswith("/auth/") and self.config.get("http_password"):
            if self.config.get("http_basic_auth"):
                return failure(401, "Unauthorized", "You are not authorized to access that resource")
            if not any(request.cookies.get(f"tautulli_token_{key}") == token for key, token in self.sessions.items()):
                return self._go(f"{request.host_url.rstrip('/')}{self.root}/auth/logout?redirect_uri={path}")
        if method == "POST":
            given = request.headers.get("X-Api-Key") == self.config.get("api_key")
            if not given and request.headers.get("X-CSRF-Token") != self.csrf:
                return failure(403, "Forbidden", "Request forbidden -- authorization will not help")
        return handler()

    @staticmethod
    def _go(target):
        return as_text(f'This resource can be found at <a href="{target}">{target}</a>.', 303, "text/html;charset=utf-8", Location=target)

    def page_status(self):
        return as_json({"result": "success", "message": "Database ok", "integrity_check": "ok"}, content_type="application/json")

    def page_home(self):
        if request.path.rstrip("/") == self.root and not self.config.get("first_run_complete"):
            return self._go(f"{request.host_url.rstrip('/')}{self.root}/welcome")
        return as_text(f'<!doctype html>\n<html lang="en">\n<head>\n<meta name="csrf-token" content="{self.csrf}">\n<title>Tautulli</title>\n</head>'
                       "<body></body></html>\n")

    def page_server_id(self):
        return as_json({"identifier": self._probe()}, content_type=JSON)

    def page_token(self):
        self.config.put("pms_token", request.form.get("token", ""))
        self.config.put("pms_client_id", request.form.get("client_id", ""))
        self.config.save()
        return as_json(None, content_type=JSON)

    def page_config(self):
        form = {key: value for key, value in request.form.items() if key in self.config.section_of and key != "pms_token"}
        if request.form.get("first_run"):
            form["first_run_complete"] = 1
        else:
            # A box that is not sent is a box that is not ticked; whatever is sent for one ticks it.
            form.update({key: int(key in request.form) for key in CHECKBOXES})
        for key, value in form.items():
            if key == "http_password" and value:
                value = hashed(value)
            self.config.put(key, value.split(",") if key in SPLIT and value else value)
        self.config.save()
        self.learn()
        return as_json({"result": "success", "message": "Settings saved."}, content_type=JSON)

    def signin(self):
        stored = str(self.config.get("http_password"))
        if stored and not stored.startswith("PBKDF2$"):
            return failure(500, "Internal Server Error", "The server encountered an unexpected condition which prevented it from fulfilling the request.")
        if request.form.get("username") != self.config.get("http_username") or not verified(request.form.get("password", ""), stored):
            return as_json({"status": "error", "message": "Invalid credentials."}, 401, JSON)
        key, token = secrets.token_hex(5), secrets.token_urlsafe(30)
        self.sessions[key] = token
        response = as_json({"status": "success", "token": token, "uuid": key}, content_type=JSON)
        response.set_cookie(f"tautulli_session_{key}", secrets.token_hex(20))
        response.set_cookie(f"tautulli_token_{key}", token, httponly=True, samesite="lax")
        return response

    # -- API v2

    def _api(self):
        values = request.values
        try:
            key = str(self.config.get("api_key"))
            if not self.config.get("api_enabled"):
                raise Refused("API not enabled")
            if len(key) != 32:
                raise Refused("API key not generated correctly")
            if "apikey" not in values:
                raise Refused("Parameter apikey is required")
            if not hmac.compare_digest(values["apikey"].encode(), key.encode()):
                raise Refused("Invalid apikey")
            known = ", ".join(sorted(COMMANDS))
            if not values.get("cmd"):
                raise Refused(f"Parameter cmd is required. Possible commands are: {known}")
            handler = getattr(self, "cmd_" + values["cmd"], None)
            if values["cmd"] not in COMMANDS or handler is None or values["cmd"] == "get_apikey":
                raise Refused(f"Unknown command: {values['cmd']}. Possible commands are: {known}")
            data, text = handler(values)
            return self._reply("success", text, data)
        except Refused as error:
            return self._reply("error", error.args[0], {}, 400)

    @staticmethod
    def _reply(result, text, data, status=200):
        return as_json({"response": {"result": result, "message": text, "data": data}}, status, JSON)

    def cmd_status(self, values):
        return ({"integrity_check": "ok"}, "Database ok") if values.get("check") == "database" else ({}, "Ok")

    def cmd_get_tautulli_info(self, _values):
        return {"tautulli_install_type": "docker", "tautulli_version": VERSION, "tautulli_branch": "master", "tautulli_commit": "",
                "tautulli_platform": "Linux", "tautulli_platform_release": "6.x", "tautulli_platform_version": "", "tautulli_platform_linux_distro": "",
                "tautulli_platform_device_name": "tautulli", "tautulli_python_version": "3.13"}, None

    def cmd_get_server_info(self, _values):
        shown = {key: self.config.get(key) for key in ("pms_name", "pms_version", "pms_platform", "pms_ip", "pms_port", "pms_ssl", "pms_url",
                                                       "pms_url_manual", "pms_identifier", "pms_plexpass")}
        shown["pms_version"] = str(shown["pms_version"]).partition("-")[0]
        return shown, None

    def cmd_get_server_identity(self, _values):
        if not self.config.get("first_run_complete"):
            return {}, None
        root = self.plex.ask("/identity", token=False)
        return ({} if root is None else {"machine_identifier": root.get("machineIdentifier"), "version": root.get("version")}), None

    def cmd_server_status(self, _values):
        if not self.config.get("first_run_complete"):
            return {"connected": None}, None
        return {"connected": self.plex.ask("/library/sections") is not None}, None

    def _probe(self):
        host, port = request.values.get("hostname"), request.values.get("port")
        if not host or not port:
            return None
        scheme = "https" if request.values.get("ssl") in ("1", "true") else "http"
        root = self.plex.ask("/identity", f"{scheme}://{host}:{port}", token=False)
        return root.get("machineIdentifier") if root is not None else None

    def cmd_get_server_id(self, _values):
        return {"identifier": self._probe()}, None

    def cmd_get_server_friendly_name(self, _values):
        root = self.plex.ask("/:/prefs/get?id=FriendlyName") if self.config.get("first_run_complete") else None
        return (root[0].get("value", "") if root is not None and len(root) else ""), None

    def cmd_get_server_pref(self, values):
        root = self.plex.ask("/:/prefs/get?id=" + values.get("pref", "")) if self.config.get("first_run_complete") else None
        return (root[0].get("value", "") if root is not None and len(root) else ""), None

    def cmd_get_server_list(self, _values):
        return [], None

    def cmd_get_servers_info(self, _values):
        root = self.plex.ask("/servers")
        return ([dict(item.attrib) for item in root] if root is not None else []), None

    def cmd_get_pms_update(self, _values):
        return {}, None

    def cmd_update_check(self, _values):
        return {"update": False}, "Tautulli is up to date."

    def cmd_get_settings(self, values):
        sections = copy.deepcopy(self.config.sections)          # what the file says, never the environment
        for section in sections.values():
            for key in SECRET:
                if key in section:
                    section[key] = None
        if values.get("key"):
            if values["key"] not in sections:
                raise Refused(None)
            return sections[values["key"]], None
        return sections, None

    def _libraries(self):
        root = self.plex.ask("/library/sections") if self.config.get("first_run_complete") else None
        rows = []
        for item in (root if root is not None else []):
            count = self.plex.ask(f"/library/sections/{item.get('key')}/all?X-Plex-Container-Start=0&X-Plex-Container-Size=0")
            row = {"section_id": item.get("key"), "section_name": item.get("title"), "section_type": item.get("type"), "agent": item.get("agent"),
                   "thumb": item.get("thumb", ""), "art": item.get("art", ""), "count": count.get("totalSize", "0") if count is not None else "0",
                   "is_active": 1}
            if item.get("type") in ("show", "artist"):
                row.update(parent_count="0", child_count="0")
            rows.append(row)
            self.store.data["libraries"].setdefault(row["section_id"], {"keep_history": 1, "do_notify": 1, "do_notify_created": 1})
        return rows

    def cmd_get_libraries(self, _values):
        return self._libraries(), None

    def cmd_get_library_names(self, _values):
        return [{"section_id": int(row["section_id"]), "section_name": row["section_name"], "section_type": row["section_type"],
                 "agent": row["agent"]} for row in self._libraries()], None

    def cmd_get_library(self, values):
        row = next((row for row in self._libraries() if row["section_id"] == values.get("section_id")), None)
        if row is None:
            return {}, None
        kept = self.store.data["libraries"][row["section_id"]]
        return {"row_id": int(row["section_id"]), "server_id": self.config.get("pms_identifier"), "section_id": int(row["section_id"]),
                "section_name": row["section_name"], "section_type": row["section_type"], "library_thumb": row["thumb"], "library_art": row["art"],
                "count": int(row["count"]), "parent_count": None, "child_count": None, "is_active": 1, **kept, "deleted_section": 0,
                "last_accessed": None}, None

    def cmd_edit_library(self, values):
        kept = self.store.data["libraries"].setdefault(values.get("section_id", ""), {})
        for key in ("keep_history", "do_notify", "do_notify_created"):
            if key in values:
                kept[key] = int(values[key])
        self.store.save()
        return "Successfully updated library.", None

    def cmd_get_users(self, _values):
        local = {"row_id": 1, "user_id": 0, "username": "Local", "friendly_name": "Local", "thumb": None, "email": None, "is_active": 1, "is_admin": 0,
                 "is_home_user": None, "is_allow_sync": None, "is_restricted": None, "do_notify": 0, "keep_history": 1, "allow_guest": 0,
                 "shared_libraries": [], "filter_all": None, "filter_movies": None, "filter_tv": None, "filter_music": None, "filter_photos": None}
        return [local], None

    def cmd_get_user_names(self, _values):
        return [{"user_id": 0, "friendly_name": "Local"}], None

    def cmd_get_activity(self, _values):
        if not self.config.get("first_run_complete"):
            return {}, None
        root = self.plex.ask("/status/sessions")
        if root is None:
            return {}, None
        return {"stream_count": root.get("size", "0"), "sessions": [], "stream_count_direct_play": 0, "stream_count_direct_stream": 0,
                "stream_count_transcode": 0, "total_bandwidth": 0, "lan_bandwidth": 0, "wan_bandwidth": 0}, None

    def cmd_get_history(self, _values):
        return {"recordsFiltered": 0, "recordsTotal": 0, "data": [], "draw": 1, "filter_duration": "0", "total_duration": "0"}, None

    def cmd_get_recently_added(self, _values):
        return {"recently_added": []}, None

    def cmd_refresh_libraries_list(self, _values):
        return True, None

    def cmd_refresh_users_list(self, _values):
        return True, None

    def cmd_backup_config(self, _values):
        self.config.save()              # writes over whatever somebody edited meanwhile
        return True, None

    def cmd_backup_db(self, _values):
        return True, None

    def cmd_sql(self, _values):
        raise Refused("SQL not enabled for the API.")

    def cmd_restart(self, _values):
        self.config.save()
        if self.restart:
            threading.Timer(0.3, self.restart).start()
        return {}, "Restarting Tautulli"

    def cmd_import_config(self, _values):
        return {}, "Config import has started. Check the logs to monitor any problems. Tautulli will restart automatically."

    # -- notifiers

    def cmd_get_notifier_parameters(self, _values):
        names = ("tautulli_version", "server_name", "server_version", "action", "username", "title", "library_name", "media_type", "year")
        return [{"name": name.replace("_", " ").title(), "type": "str", "value": name} for name in names], None

    def _notifier(self, number, agent):
        name, label, config = AGENTS[agent]
        return {"id": number, "agent_id": agent, "agent_name": name, "agent_label": label, "friendly_name": "",
                "custom_conditions": [dict(UNCONDITIONAL)], "custom_conditions_logic": "",
                "config": copy.deepcopy(config), "actions": dict.fromkeys(ACTIONS, 0),
                "notify_text": {action: {"subject": "" if name in ("scripts", "webhook") else "Tautulli ({server_name})", "body": ""}
                                for action in ACTIONS}}

    def cmd_get_notifiers(self, _values):
        return [{**{key: item[key] for key in ("id", "agent_id", "agent_name", "agent_label", "friendly_name")}, "last_triggered": None,
                 "last_success": None, "active": int(any(item["actions"].values()))} for item in self.store.data["notifiers"].values()], None

    def cmd_add_notifier_config(self, values):
        agent = values.get("agent_id", "")
        if not agent.isdigit() or int(agent) not in AGENTS:
            raise Refused("Failed to add notification agent.")
        number = self.store.data["next"]
        self.store.data["next"] += 1
        self.store.data["notifiers"][str(number)] = self._notifier(number, int(agent))
        self.store.save()
        return {"notifier_id": number}, "Added notification agent."

    def cmd_get_notifier_config(self, values):
        item = self.store.data["notifiers"].get(values.get("notifier_id", ""))
        if item is None:
            return {}, None
        options = [{"label": key.replace("_", " ").title(), "value": value, "name": f"{item['agent_name']}_{key}", "description": "",
                    "input_type": "text"} for key, value in item["config"].items()]
        return {**item, "config_options": options}, None

    def cmd_set_notifier_config(self, values):
        agent, number = values.get("agent_id", ""), values.get("notifier_id", "")
        if not agent.isdigit() or int(agent) not in AGENTS or not number.isdigit():
            raise Refused("Failed to save notification agent.")
        # An id that is not there is made.
        item = self.store.data["notifiers"].setdefault(number, self._notifier(int(number), int(agent)))
        self.store.data["next"] = max(self.store.data["next"], int(number) + 1)
        defaults = AGENTS[int(agent)][2]
        conditions = self._conditions(values["custom_conditions"]) if "custom_conditions" in values else [dict(UNCONDITIONAL)]
        item["config"] = {key: self._cast(values.get(f"{item['agent_name']}_{key}"), default) for key, default in defaults.items()}
        # What is not sent is reset, but for the triggers and their texts.
        item.update(friendly_name=values.get("friendly_name", ""), custom_conditions=conditions or [dict(UNCONDITIONAL)],
                    custom_conditions_logic=values.get("custom_conditions_logic", ""))
        for action in ACTIONS:
            if action in values:
                item["actions"][action] = int(values[action])
            for part in ("subject", "body"):
                if f"{action}_{part}" in values:
                    item["notify_text"][action][part] = values[f"{action}_{part}"]
        self.store.save()
        return {}, "Saved notification agent."

    @staticmethod
    def _cast(text, default):
        if text is None:
            return copy.deepcopy(default)
        if isinstance(default, list):
            return json.loads(text) if text.startswith("[") else [part.strip() for part in text.split(",") if part.strip()]
        return type(default)(text)

    @staticmethod
    def _conditions(text):
        """What it takes of conditions; a parameter that it does not know makes it refuse all."""
        types = {"title": "str", "username": "str", "library_name": "str", "media_type": "str", "action": "str", "year": "int"}
        found = []
        for condition in json.loads(text):
            parameter = condition.get("parameter", "")
            if parameter and parameter not in types:
                raise Refused("Failed to save notification agent.")
            value = condition.get("value") or []
            found.append({"parameter": parameter, "operator": condition.get("operator", "") if parameter else "",
                          "value": value if isinstance(value, list) else [value], "type": types.get(parameter)})
        return found

    def cmd_delete_notifier(self, values):
        self.store.data["notifiers"].pop(values.get("notifier_id", ""), None)
        self.store.save()
        return {}, "Notifier deleted successfully."

    def cmd_notify(self, values):
        item = self.store.data["notifiers"].get(values.get("notifier_id", ""))
        url = (item or {}).get("config", {}).get("hook") or (item or {}).get("config", {}).get("host")
        try:
            body = values.get("body", "")
            fetch(item["config"].get("method", "POST"), url, data=body, timeout=10, headers={"Content-Type": "application/json"}).raise_for_status()
        except (requests.exceptions.RequestException, TypeError, ValueError):
            raise Refused("Notification failed.") from None
        return {}, "Notification sent."

    def cmd_get_newsletters(self, _values):
        return [{"id": int(number), **item} for number, item in self.store.data["newsletters"].items()], None

    def cmd_add_newsletter_config(self, values):
        if not values.get("agent_id", "").isdigit():
            raise Refused("Failed to add newsletter agent.")
        number = len(self.store.data["newsletters"]) + 1
        self.store.data["newsletters"][str(number)] = {"agent_id": int(values["agent_id"]), "agent_name": "recently_added", "friendly_name": "", "active": 0}
        self.store.save()
        return {"newsletter_id": number}, "Added newsletter."

    def cmd_get_newsletter_config(self, values):
        item = self.store.data["newsletters"].get(values.get("newsletter_id", ""))
        return ({"id": int(values["newsletter_id"]), **item, "config": {}} if item else {}), None

    def cmd_delete_newsletter(self, values):
        self.store.data["newsletters"].pop(values.get("newsletter_id", ""), None)
        self.store.save()
        return {}, "Newsletter deleted successfully."


def failure(status, title, text):
    return as_json({"status": f"{status} {title}", "message": text, "error": True}, status, "application/json")


def hashed(password, salt=None):
    salt = salt or base64.b64encode(secrets.token_bytes(16)).decode()
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 600000, dklen=24)
    return f"PBKDF2$sha256$600000${salt}${base64.b64encode(key).decode()}"


def verified(password, stored):
    parts = re.fullmatch(r"PBKDF2\$sha256\$600000\$([^$]+)\$(.+)", stored)
    return bool(parts) and hmac.compare_digest(hashed(password, parts[1]).encode(), stored.encode())


def create_app(config_dir, environment=None, restart=None):
    tautulli = Tautulli(config_dir, environment, restart)
    flask = catch_all(tautulli.answer)
    flask.tautulli = tautulli
    flask.started = time.time()
    return flask
