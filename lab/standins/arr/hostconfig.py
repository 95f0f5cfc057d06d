# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""config.xml, the environment that overrides it, the one user, and the resource ``config/host``."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import re
import uuid
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ..common import write_atomically
from .errors import Failed, Invalid, between, not_empty, rule

METHODS = ("None", "Basic", "Forms", "External")
REQUIRED = ("Enabled", "DisabledForLocalAddresses")
MECHANISMS = ("BuiltIn", "Script", "External", "Apt", "Docker")

# element of config.xml -> (key of config/host, type or values, default, key in the environment)
ELEMENTS = {
    "BindAddress": ("bindAddress", str, "*", "SERVER__BINDADDRESS"),
    "Port": ("port", int, None, "SERVER__PORT"),
    "SslPort": ("sslPort", int, None, "SERVER__SSLPORT"),
    "EnableSsl": ("enableSsl", bool, False, "SERVER__ENABLESSL"),
    "LaunchBrowser": ("launchBrowser", bool, True, "APP__LAUNCHBROWSER"),
    "ApiKey": ("apiKey", str, None, "AUTH__APIKEY"),
    "AuthenticationMethod": ("authenticationMethod", METHODS, "None", "AUTH__METHOD"),
    "AuthenticationRequired": ("authenticationRequired", REQUIRED, "Enabled", "AUTH__REQUIRED"),
    "AnalyticsEnabled": ("analyticsEnabled", bool, True, "LOG__ANALYTICSENABLED"),
    "LogLevel": ("logLevel", str, "debug", "LOG__LEVEL"),
    "LogSizeLimit": ("logSizeLimit", int, 1, "LOG__SIZELIMIT"),
    "ConsoleLogLevel": ("consoleLogLevel", str, "", "LOG__CONSOLELEVEL"),
    "Branch": ("branch", str, None, "UPDATE__BRANCH"),
    "SslCertPath": ("sslCertPath", str, "", "SERVER__SSLCERTPATH"),
    "SslCertPassword": ("sslCertPassword", str, "", "SERVER__SSLCERTPASSWORD"),
    "UrlBase": ("urlBase", str, "", "SERVER__URLBASE"),
    "InstanceName": ("instanceName", str, None, "APP__INSTANCENAME"),
    "UpdateAutomatically": ("updateAutomatically", bool, False, "UPDATE__AUTOMATICALLY"),
    "UpdateMechanism": ("updateMechanism", MECHANISMS, "BuiltIn", "UPDATE__MECHANISM"),
    "UpdateScriptPath": ("updateScriptPath", str, "", "UPDATE__SCRIPTPATH"),
    "TrustCgnatIpAddresses": ("trustCgnatIpAddresses", bool, False, "AUTH__TRUSTCGNATIPADDRESSES"),
    "Theme": ("theme", str, "auto", "APP__THEME"),
}
WRITTEN = (
    "BindAddress",
    "Port",
    "SslPort",
    "EnableSsl",
    "LaunchBrowser",
    "ApiKey",
    "AuthenticationMethod",
    "AuthenticationRequired",
    "Branch",
    "LogLevel",
    "SslCertPath",
    "SslCertPassword",
    "UrlBase",
    "InstanceName",
)
KEYS = {key: element for element, (key, *_rest) in ELEMENTS.items()}
# The part of config/host that lives in the database.
STORED = {
    "applicationUrl": "",
    "proxyEnabled": False,
    "proxyType": "http",
    "proxyHostname": "",
    "proxyPort": 8080,
    "proxyUsername": "",
    "proxyPassword": "",
    "proxyBypassFilter": "",
    "proxyBypassLocalAddresses": True,
    "certificateValidation": "enabled",
    "backupFolder": "Backups",
    "backupInterval": 7,
    "backupRetention": 28,
}
ORDER = (
    "bindAddress",
    "port",
    "sslPort",
    "enableSsl",
    "launchBrowser",
    "authenticationMethod",
    "authenticationRequired",
    "analyticsEnabled",
    "username",
    "password",
    "passwordConfirmation",
    "logLevel",
    "logSizeLimit",
    "consoleLogLevel",
    "branch",
    "apiKey",
    "sslCertPath",
    "sslCertPassword",
    "urlBase",
    "instanceName",
    "applicationUrl",
    "updateAutomatically",
    "updateMechanism",
    "updateScriptPath",
    "proxyEnabled",
    "proxyType",
    "proxyHostname",
    "proxyPort",
    "proxyUsername",
    "proxyPassword",
    "proxyBypassFilter",
    "proxyBypassLocalAddresses",
    "certificateValidation",
    "backupFolder",
    "backupInterval",
    "backupRetention",
    "historyCleanupDays",
    "trustCgnatIpAddresses",
)


class ConfigFile:
    """config.xml: read once at start, written when something changes, shadowed by the environment."""

    def __init__(self, app, directory, environment=None):
        self.app = app
        self.path = Path(directory) / "config.xml"
        prefix = app.kind.upper() + "__"
        environment = os.environ if environment is None else environment
        self.environment = {
            key.upper()[len(prefix) :]: value for key, value in environment.items() if key.upper().startswith(prefix)
        }
        self.elements = self._read()
        self.login = None
        if "Username" in self.elements and app.imports_login:
            self.login = (self.elements["Username"], self.elements.get("Password", ""))
        self.elements = {key: value for key, value in self.elements.items() if key in ELEMENTS}
        if not self.elements.get("ApiKey") and not self.environment.get("AUTH__APIKEY"):
            self.elements["ApiKey"] = uuid.uuid4().hex
        for element in WRITTEN:
            if element not in self.elements and element != "ApiKey":
                self.elements[element] = str(self._default(element))
        self.write()

    def _read(self):
        if not self.path.exists():
            return {}
        try:
            root = ElementTree.fromstring(self.path.read_text(encoding="utf-8"))
        except ElementTree.ParseError as error:
            raise SystemExit(
                f"{self.path} is corrupt: {error}. Please delete the config file and {self.app.name} will recreate it."
            ) from None
        return {child.tag: (child.text or "").strip() for child in root}

    def write(self):
        lines = [f"  <{name}>{escape(value)}</{name}>" for name, value in self.elements.items()]
        write_atomically(self.path, "<Config>\n" + "\n".join(lines) + "\n</Config>\n")

    def _default(self, element):
        own = {
            "Port": self.app.port,
            "SslPort": self.app.ssl_port,
            "Branch": self.app.branch,
            "InstanceName": self.app.name,
            "ApiKey": "",
        }
        return own.get(element, ELEMENTS[element][2])

    def value(self, element):
        """What counts: the environment, then the file, then the default."""
        _key, kind, _default, name = ELEMENTS[element]
        given = self.environment.get(name)
        if given is not None and given != "":
            if isinstance(kind, tuple):
                if given in kind:  # exact spelling, or it is ignored without a word
                    return self._adjusted(element, given)
            else:
                value = parse(kind, given)
                if value is not None:
                    return self._adjusted(element, value)
        text = self.elements.get(element)
        if text is not None:
            if isinstance(kind, tuple):
                found = next((name for name in kind if name.lower() == text.lower()), None)
                return self._adjusted(element, found or self._default(element))
            value = parse(kind, text)
            if value is not None:
                return self._adjusted(element, value)
        return self._adjusted(element, self._default(element))

    def _adjusted(self, element, value):
        if element == "UrlBase":
            trimmed = value.strip().strip("/")
            return "/" + trimmed if trimmed else ""
        if element in ("LogLevel", "Branch", "ConsoleLogLevel"):
            return value.lower()
        if element == "AuthenticationMethod" and value == "Basic" and not self.app.basic:
            return "Forms"
        if element == "InstanceName" and self.app.name.lower() not in value.lower():
            return self.app.name
        return value

    def set(self, element, value):
        self.elements[element] = str(value)
        self.write()


def parse(kind, text):
    if kind is bool:
        return {"true": True, "false": False}.get(str(text).strip().lower())
    if kind is int:
        return int(text) if str(text).strip().lstrip("-").isdigit() else None
    return str(text)


class Users:
    """The one user: plain text is never kept and never compared by the API."""

    def __init__(self, database):
        self.database = database

    def find(self):
        return self.database.data["user"]

    def upsert(self, username, password):
        with self.database.lock:
            user = self.find() or {}
            if user.get("password") != password:
                salt = os.urandom(16)
                user = {"password": self._hash(password, salt), "salt": base64.b64encode(salt).decode()}
            self.database.data["user"] = {**user, "username": username.lower()}
            self.database.save()

    def check(self, username, password):
        user = self.find()
        if not user or not username or user["username"] != username.lower():
            return False
        return user["password"] == self._hash(password or "", base64.b64decode(user["salt"]))

    @staticmethod
    def _hash(password, salt):
        return base64.b64encode(hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 10000, 32)).decode()


class HostConfig:
    """The singleton ``config/host``: a PUT replaces all of it, and what is missing becomes 0, false or none."""

    def __init__(self, app, file, database, users, binder):
        self.app, self.file, self.database, self.users, self.binder = app, file, database, users, binder

    def get(self):
        stored = {
            **STORED,
            **({"historyCleanupDays": 30} if self.app.kind == "prowlarr" else {}),
            **self.database.data["config"].get("host", {}),
        }
        user = self.users.find() or {}
        shown = {}
        for key in ORDER:
            if key in KEYS:
                value = self.file.value(KEYS[key])
                shown[key] = value[0].lower() + value[1:] if isinstance(ELEMENTS[KEYS[key]][1], tuple) else value
            elif key in stored:
                shown[key] = stored[key]
        shown.update(
            username=user.get("username", ""),
            password=user.get("password", ""),
            passwordConfirmation="",
            trustCgnatIpAddresses=False,
            id=1,
        )
        return {key: shown[key] for key in (*ORDER, "id") if key in shown}

    def put(self, body):
        new = self.binder.bind("HostConfigResource", body)
        failures = self._validate(new)
        if failures:
            raise Invalid(failures)
        self._save_file(new)
        with self.database.lock:
            stored = self.database.data["config"].setdefault("host", {})
            for key in (*STORED, "historyCleanupDays"):
                if new.get(key) is not None:
                    stored[key] = new[key]
            self.database.save()
        if (new["username"] or "").strip() and (new["password"] or "").strip():
            self.users.upsert(new["username"], new["password"])
        return self.get()

    def _save_file(self, new):
        """Key after key, as the application does it: a null string stops it half way with a 500."""
        for key in ORDER:
            if key not in KEYS or key in ("apiKey", "theme"):
                continue
            element = KEYS[key]
            kind = ELEMENTS[element][1]
            value = new.get(key)
            if value is None:
                raise Failed(
                    500, "Object reference not set to an instance of an object.", "System.NullReferenceException"
                )
            if isinstance(kind, tuple):
                value = next(name for name in kind if name.lower() == value.lower())
            if value != self.file.value(element):
                self.file.set(element, value)

    def _validate(self, new):
        failures = []
        if new["bindAddress"] not in ("*", "localhost") and not is_address(new["bindAddress"]):
            failures.append(
                rule("BindAddress", "Must contain wildcard (*), 'localhost' or a valid IP address", new["bindAddress"])
            )
        if not 1 <= new["port"] <= 65535:
            failures.append(between("Port", new["port"], 1, 65535))
            failures.append(rule("Port", "The specified condition was not met for 'Port'.", new["port"]))
        if new["urlBase"] and "://" in new["urlBase"]:
            failures.append(
                rule("UrlBase", "Must be a valid URL path (ie: '/base')", new["urlBase"], "RegularExpressionValidator")
            )
        failures += self._validate_login(new)
        failures += self._validate_name(new["instanceName"])
        if new["enableSsl"]:
            if not 1 <= new["sslPort"] <= 65535:
                failures.append(between("SslPort", new["sslPort"], 1, 65535))
            if new["sslPort"] == new["port"]:
                failures.append(
                    rule(
                        "SslPort",
                        f"'Ssl Port' must not be equal to '{new['port']}'.",
                        new["sslPort"],
                        "NotEqualValidator",
                    )
                )
            if not new["sslCertPath"] or not os.path.isfile(new["sslCertPath"]):
                failures.append(rule("SslCertPath", "Valid SSL certificate file path required", new["sslCertPath"]))
        if not 1 <= new["logSizeLimit"] <= 10:
            failures.append(between("LogSizeLimit", new["logSizeLimit"], 1, 10))
        if not (new["branch"] or "").strip():
            failures.append(
                rule(
                    "Branch",
                    f"Branch name is required, '{self.app.branch}' is the default",
                    new["branch"],
                    "NotEmptyValidator",
                )
            )
        for key, high in (("backupInterval", 7), ("backupRetention", 90)):
            if not 1 <= new[key] <= high:
                failures.append(between(key[0].upper() + key[1:], new[key], 1, high))
        return failures

    def _validate_login(self, new):
        failures = []
        method = new["authenticationMethod"]
        if method == "basic" and not self.app.basic:
            return [
                rule(
                    "AuthenticationMethod",
                    "'Basic' is no longer supported, switch to 'Forms' instead.",
                    method,
                    "NotEqualValidator",
                    comparisonValue="basic",
                    comparisonProperty="",
                )
            ]
        if method in ("basic", "forms"):
            for key in ("username", "password"):
                if not (new[key] or "").strip():
                    failures.append(not_empty(key.capitalize(), new[key]))
        user = self.users.find()
        unchanged = user and user["password"] == new["password"]
        if (
            not unchanged
            and new["password"] != new["passwordConfirmation"]
            and (new["password"] or new["passwordConfirmation"])
        ):
            failures.append(rule("PasswordConfirmation", "Must match Password", new["passwordConfirmation"]))
        return failures

    def _validate_name(self, name):
        own = self.app.name.lower()
        if self.app.kind == "sonarr":
            if not name or not re.search(f"^{own}|{own}$", name.lower()):
                return [
                    rule("InstanceName", f"Must start or end with {self.app.name}", name, "RegularExpressionValidator")
                ]
        elif name and own not in name.lower():
            return [rule("InstanceName", f"Must contain {self.app.name}", name, "RegularExpressionValidator")]
        return []


def is_address(text):
    try:
        ipaddress.ip_address(text or "")
    except ValueError:
        return False
    return True
