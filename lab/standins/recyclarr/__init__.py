# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recyclarr: loads its configuration strictly, talks to every app with its key, makes the profiles that are asked for.

The guides themselves are not here. A profile's ``trash_id`` that is known below becomes a quality profile of that
name, made from the app's own schema, which is what others (Seerr) look for; custom formats are not made.
"""
from __future__ import annotations

import os
import re
import sys
import time
from datetime import datetime
from pathlib import Path

import requests
import yaml

from ..kit import fetch

VERSION = "8.7.1"
KINDS = ("sonarr", "radarr")
KEYS = {"base_url", "api_key", "delete_old_custom_formats", "custom_formats", "custom_format_groups", "quality_definition",
        "quality_profiles", "media_naming", "media_management", "include"}
SIZES = {"sonarr": {"series", "anime"}, "radarr": {"movie", "anime", "sqp-streaming", "sqp-uhd"}}
# trash_id -> (kind, name of the profile, its qualities with the one of the cutoff first)
PROFILES = {"72dae194fc92bf828f32cde7744e51a1": ("sonarr", "WEB-1080p", ["WEBDL-1080p", "WEBRip-1080p"]),
            "d1498e7d189fbe6c7110ceaabb7473e6": ("sonarr", "WEB-2160p", ["WEBDL-2160p", "WEBRip-2160p"]),
            "d1d67249d3890e49bc12e275d989a7e9": ("radarr", "HD Bluray + WEB", ["Bluray-1080p", "WEBDL-1080p", "WEBRip-1080p", "Bluray-720p"]),
            "64fb5f9858489bdac2af690e27c8f42f": ("radarr", "UHD Bluray + WEB", ["Bluray-2160p", "WEBDL-2160p", "WEBRip-2160p"])}
# Templates of its own collection -> what they say.
TEMPLATES = {"sonarr": {"sonarr-quality-definition-series": {"quality_definition": {"type": "series"}},
                        "sonarr-v4-quality-profile-web-1080p": {"quality_profiles": [{"trash_id": "72dae194fc92bf828f32cde7744e51a1"}]},
                        "sonarr-v4-quality-profile-web-2160p": {"quality_profiles": [{"trash_id": "d1498e7d189fbe6c7110ceaabb7473e6"}]}},
             "radarr": {"radarr-quality-definition-movie": {"quality_definition": {"type": "movie"}},
                        "radarr-quality-profile-hd-bluray-web": {"quality_profiles": [{"trash_id": "d1d67249d3890e49bc12e275d989a7e9"}]},
                        "radarr-quality-profile-uhd-bluray-web": {"quality_profiles": [{"trash_id": "64fb5f9858489bdac2af690e27c8f42f"}]}}}
MACROS = {"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
          "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *"}


class Failed(Exception):
    """The run ends with 1."""


class Bad(Exception):
    """Something in the configuration; the run goes on without it and still ends with 0."""


def say(level, text):
    print(f"[{level}] {text}", flush=True)


def load(directory):
    """[(kind, name, settings)] of recyclarr.yml and configs/*.yml; what is wrong is logged and left out."""
    directory = Path(directory)
    secrets = read_secrets(directory)
    instances, seen = [], {}
    files = [path for path in (directory / "recyclarr.yml", directory / "recyclarr.yaml") if path.exists()]
    files += sorted((directory / "configs").glob("*.y*ml")) if (directory / "configs").is_dir() else []
    if not files:
        say("ERR", "No configuration YAML files found")
    for path in files:
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), loader(secrets)) or {}
            if not isinstance(content, dict):
                raise Bad("the document is not a mapping")
        except (yaml.YAMLError, Bad, OSError) as error:
            say("ERR", f"{path.name}: {one_line(error)}")
            continue
        for kind, group in content.items():
            if kind not in KINDS:
                say("ERR", f"{path.name}: Property '{kind}' not found")
                continue
            for name, settings in (group or {}).items():
                try:
                    check(kind, settings)
                    settings = included(kind, settings)
                except Bad as error:
                    say("ERR", f"{path.name}: {name}: {error}")
                    continue
                if name in seen:
                    say("ERR", f"Duplicate instance name: {name}")
                    seen[name] = False
                    continue
                seen[name] = True
                instances.append((kind, name, settings))
    return [item for item in instances if seen[item[1]]]


def read_secrets(directory):
    for name in ("secrets.yml", "secrets.yaml"):
        if (directory / name).exists():
            try:
                return yaml.safe_load((directory / name).read_text(encoding="utf-8")) or {}
            except yaml.YAMLError as error:
                say("ERR", f"{name}: {one_line(error)}")
            except OSError as error:
                say("ERR", f"{name}: {error.strerror}")
    return {}


def loader(secrets):
    """A YAML loader with ``!secret`` and ``!env_var NAME default``."""
    class Loader(yaml.SafeLoader):
        pass

    def secret(_loader, node):
        if node.value not in secrets:
            raise Bad(f"No secret defined for: {node.value}")
        return secrets[node.value]

    def variable(_loader, node):
        name, _space, default = node.value.partition(" ")
        value = os.environ.get(name) or default.strip().strip("'\"")
        if not value:
            raise Bad(f"Env Var is not set: {name}")
        return value

    Loader.add_constructor("!secret", secret)
    Loader.add_constructor("!env_var", variable)
    return Loader


def one_line(error):
    return " ".join(str(error).split())


def check(kind, settings):
    if not isinstance(settings, dict):
        raise Bad("the instance is not a mapping")
    for key in settings:
        if key not in KEYS:
            raise Bad(f"Property '{key}' not found")
    if not str(settings.get("base_url") or "").startswith(("http://", "https://")):
        raise Bad("'base_url' is required and must be a valid URL")
    if not isinstance(settings.get("api_key"), str) or not settings["api_key"]:
        raise Bad("'api_key' is required")
    definition = settings.get("quality_definition")
    if definition is not None and not (isinstance(definition, dict) and definition.get("type")):
        raise Bad("'quality_definition' needs a type")
    for key in ("quality_profiles", "custom_formats"):
        if not isinstance(settings.get(key) or [], list):
            raise Bad(f"'{key}' is a list")


def included(kind, settings):
    """An instance with what its includes say; its own word goes before theirs, and lists are put together."""
    found = {key: value for key, value in settings.items() if key != "include"}
    for entry in settings.get("include") or []:
        if not isinstance(entry, dict) or set(entry) - {"template", "config"} or len(entry) != 1:
            raise Bad("Include type is not supported")
        name = str(entry.get("template") or "").lower()
        if name not in TEMPLATES[kind]:
            # Files of the user's are not read here.
            raise Bad(f"Unable to find include template with name '{entry.get('template') or entry.get('config')}'")
        for key, value in TEMPLATES[kind][name].items():
            found[key] = value + (found.get(key) or []) if isinstance(value, list) else found.get(key) or value
    return found


class App:
    """One Sonarr or Radarr, asked with its key."""

    def __init__(self, kind, name, settings):
        self.kind, self.name, self.settings = kind, name, settings
        self.base = settings["base_url"].rstrip("/") + "/api/v3/"

    def ask(self, method, path, body=None):
        try:
            answer = fetch(method, self.base + path, json=body, allow_redirects=False, timeout=30,
                           headers={"X-Api-Key": self.settings["api_key"], "User-Agent": f"recyclarr/{VERSION}"})
        except (requests.exceptions.RequestException, ValueError) as error:
            raise Failed(f"{self.name}: cannot connect to {self.settings['base_url']} ({type(error).__name__})") from None
        if answer.status_code == 401:
            raise Failed(f"{self.name}: Reason: Recyclarr was unauthorized. Check your API key")
        if answer.status_code >= 300:
            raise Failed(f"{self.name}: HTTP {answer.status_code} for {method} {path}")
        try:
            return answer.json()
        except ValueError:
            raise Failed(f"{self.name}: {self.settings['base_url']} does not answer as the app's API does") from None

    def sync(self, preview=False):
        status = self.ask("GET", "system/status")
        if str(status.get("appName", "")).lower() != self.kind:
            raise Failed(f"{self.name}: {status.get('appName')} answers where {self.kind.capitalize()} was expected")
        self.ask("GET", "customformat")
        changed = 0
        definition = self.settings.get("quality_definition")
        if definition:
            if definition["type"] not in SIZES[self.kind]:
                raise Failed(f"{self.name}: The specified quality definition type does not exist: {definition['type']}")
            self.ask("GET", "qualitydefinition")
        for profile in self.settings.get("quality_profiles") or []:
            changed += self.profile(profile, preview)
        return changed

    def profile(self, wanted, preview):
        name = wanted.get("name")
        allowed = []
        if wanted.get("trash_id"):
            kind, title, allowed = PROFILES.get(wanted["trash_id"], (None, None, None))
            if kind != self.kind:
                say("WRN", f"{self.name}: Invalid trash_id: {wanted['trash_id']}")
                return 0
            name = name or title
        if not name:
            say("WRN", f"{self.name}: Invalid quality profile: it has neither a name nor a trash_id")
            return 0
        if any(item["name"].lower() == name.lower() for item in self.ask("GET", "qualityprofile")):
            return 0
        allowed = allowed or [item.get("name") for item in wanted.get("qualities") or [] if item.get("enabled", True)]
        if not allowed:
            say("WRN", f"{self.name}: Invalid quality profile {name}: it is not in the app and lists no qualities")
            return 0
        body = self.ask("GET", "qualityprofile/schema")
        body["name"], body["upgradeAllowed"] = name, True
        for item in body["items"]:
            names = [(inner.get("quality") or {}).get("name") for inner in item.get("items") or []]
            names.append((item.get("quality") or {}).get("name") or item.get("name"))
            item["allowed"] = any(label in allowed for label in names)
            for inner in item.get("items") or []:
                inner["allowed"] = item["allowed"]
            if allowed[0] in names:
                body["cutoff"] = item.get("id") or (item.get("quality") or {}).get("id")
        if not preview:
            self.ask("POST", "qualityprofile", body)
        say("INF", f"{self.name}: Created 1 Profiles: {name}")
        return 1


def sync(directory, data=None, only=(), preview=False):
    """One run over all instances; the exit code."""
    for name in ("state", "logs"):
        try:
            (Path(data or directory) / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            say("ERR", f"{name}: {error.strerror}")
            return 1
    code = 0
    for kind, name, settings in load(directory):
        if only and name not in only:
            continue
        say("INF", f"===========================================\nProcessing {kind.capitalize()} Server: [{name}]\n"
                   "===========================================")
        try:
            App(kind, name, settings).sync(preview)
        except Failed as error:
            say("ERR", str(error))
            code = 1
            continue
        say("INF", f"{name}: Completed at {datetime.now():%Y-%m-%d %H:%M:%S}")
    return code


def field(text, low, high):
    """The numbers of one cron field."""
    names = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
    names.update({name: number for number, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
                                                              "oct", "nov", "dec"), 1)})
    found = set()
    for part in text.lower().split(","):
        span, _slash, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        else:
            match = re.fullmatch(r"(\w+)(?:-(\w+))?", span)
            if not match:
                raise ValueError(text)
            first, last = (names[item] if item in names else int(item) if item else None for item in match.groups())
            last = last if last is not None else (high if step else first)
        if first < low or last > high or first > last or (step and int(step) < 1):
            raise ValueError(text)
        found.update(range(first, last + 1, int(step or 1)))
    return found


class Schedule:
    """A cron expression of five fields, or of six with the seconds in front."""

    def __init__(self, text):
        parts = MACROS.get(text.strip(), text).split()
        if len(parts) not in (5, 6):
            raise ValueError(text)
        seconds = parts.pop(0) if len(parts) == 6 else "0"
        self.fields = [field(seconds, 0, 59)] + [field(part, low, high) for part, (low, high) in
                                                 zip(parts, ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7)))]
        self.any_day, self.any_weekday = parts[2] in ("*", "?"), parts[4] in ("*", "?")

    def matches(self, moment):
        second, minute, hour, day, month, weekday = self.fields
        if not (moment.second in second and moment.minute in minute and moment.hour in hour and moment.month in month):
            return False
        on_day, on_weekday = moment.day in day, {moment.isoweekday() % 7, moment.isoweekday()} & weekday
        if self.any_day or self.any_weekday:
            return (self.any_day or on_day) and (self.any_weekday or bool(on_weekday))
        return on_day or bool(on_weekday)


def loop(schedule, run):
    """Run whenever the schedule says so, until the process is stopped."""
    last = None
    while True:
        moment = datetime.now().replace(microsecond=0)
        if moment != last and schedule.matches(moment):
            last = moment
            run()
        last = moment if last is None or moment > last else last
        time.sleep(0.5)
        sys.stdout.flush()
