# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""config.yaml: read leniently (a wrong value becomes the default without a word), written in full at every start."""
from __future__ import annotations

import copy
import json
import re
import secrets
from pathlib import Path

import yaml

from ..common import write_atomically

HERE = Path(__file__).resolve().parent
SYNC = [15, 60, 180, 360, 720, 1440, 10080, 52560000]
TIMEOUTS = [60, 120, 180, 240, 300, 600]
UPDATES = ["Manually", "Daily", "Weekly"]
CHOICES = {"auth.type": [None, "basic", "form"], "general.page_size": [25, 50, 100, 250, 500, 1000],
           "sonarr.http_timeout": TIMEOUTS, "radarr.http_timeout": TIMEOUTS, "sonarr.series_sync": SYNC, "radarr.movies_sync": SYNC,
           "sonarr.full_update": UPDATES, "radarr.full_update": UPDATES, "backup.frequency": ["Manually", "Daily", "Weekly"]}
LISTS = {"enabled_providers", "enabled_integrations", "excluded_tags", "excluded_series_types", "exclude", "included_codecs",
         "path_mappings", "path_mappings_movie", "remove_profile_tags", "language_equals", "blacklisted_languages", "blacklisted_providers"}
# Keys whose text is never taken for a number.
TEXTS = {"password", "f_password", "hashed_password", "chmod", "username", "f_username"}
EITHER = {"general.serie_default_profile", "general.movie_default_profile", "proxy.port"}


class Invalid(ValueError):
    """A value that the validators refuse; the text names it, value included."""


def defaults(directory):
    text = (HERE / "settings.json").read_text(encoding="utf-8").replace("{config}", str(directory))
    return json.loads(text)


def kind_of(section, key, default):
    if f"{section}.{key}" in EITHER:
        return (int, str)
    if default is None:
        return (type(None), str)
    return (type(default),)


def check(section, key, value, default):
    """Raise ``Invalid`` in the words of the validators."""
    name = f"{section}.{key}"
    kinds = kind_of(section, key, default)
    fits = isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)
    if not fits and not (default is None and value is None):
        label = str(kinds if len(kinds) > 1 else kinds[0])
        raise Invalid(f"{name} must is_type_of {label} but it is {value}")
    if name in CHOICES and value not in CHOICES[name]:
        raise Invalid(f"{name} must is_in {CHOICES[name]} but it is {value}")
    if key == "port" and isinstance(value, int):
        for word, wrong in (("gte 1", value < 1), ("lte 65535", value > 65535)):
            if wrong:
                raise Invalid(f"{name} must {word} but it is {value}")
    if key in ("excluded_tags", "remove_profile_tags") and not all(isinstance(item, str) and re.match(r"^[a-z0-9_-]+$", item) for item in value):
        raise Invalid(f"{name} invalid for validate_tags({value})")


def lenient(value, default):
    """Quoted numbers and booleans of a file are taken for what they say."""
    if isinstance(value, str):
        if isinstance(default, bool) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if isinstance(default, int) and not isinstance(default, bool) and re.fullmatch(r"\d+", value):
            return int(value)
    return value


class Config:
    def __init__(self, directory):
        self.path = Path(directory) / "config" / "config.yaml"
        self.defaults = defaults(directory)
        self.values = self._read()
        if not self.values["auth"]["apikey"] and not self.given_empty_key:
            self.values["auth"]["apikey"] = secrets.token_hex(16)
        base = self.values["general"]["base_url"].strip("/")
        self.values["general"]["base_url"] = f"/{base}" if base else ""
        self.values["general"].setdefault("flask_secret_key", secrets.token_hex(16))
        self.save()

    def _read(self):
        values = copy.deepcopy(self.defaults)
        given = {}
        if self.path.exists():
            try:
                given = yaml.safe_load(self.path.read_text(encoding="utf-8")) or {}
            except yaml.YAMLError as error:
                print(f"config.yaml cannot be read: {' '.join(str(error).split())}", flush=True)
        self.given_empty_key = isinstance(given.get("auth"), dict) and given["auth"].get("apikey") == ""
        for section, content in given.items() if isinstance(given, dict) else ():
            if not isinstance(content, dict):
                continue
            held = values.setdefault(section, {})
            for key, value in content.items():
                if key not in self.defaults.get(section, {}):
                    held[key] = value                   # what is not known is kept
                    continue
                value = lenient(value, self.defaults[section][key])
                try:
                    check(section, key, value, self.defaults[section][key])
                except Invalid:
                    if section == "auth" and key == "apikey":
                        held[key] = ""                  # a new random one
                    continue
                held[key] = value
        return values

    def save(self):
        write_atomically(self.path, "---\n" + yaml.safe_dump(self.values, sort_keys=True, allow_unicode=True, default_flow_style=False))

    def reload(self):
        """Back to what the file says (after a refused change)."""
        key = self.values["general"].get("flask_secret_key")
        self.values = self._read()
        self.values["general"].setdefault("flask_secret_key", key)
