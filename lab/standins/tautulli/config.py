# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""config.ini: read once, written in full at start, on every save and at the end; TAUTULLI_<KEY> wins and is never saved."""
from __future__ import annotations

import ast
import json
import os
import re
import secrets
from pathlib import Path

from ..common import write_atomically

HERE = Path(__file__).resolve().parent
SECRET = ("pms_token", "jwt_secret")


class Config:
    def __init__(self, directory, environment=None):
        self.path = Path(directory) / "config.ini"
        self.environment = environment if environment is not None else os.environ
        text = (HERE / "settings.json").read_text(encoding="utf-8").replace("{config}", str(directory))
        self.sections = json.loads(text)
        self.section_of = {key: section for section, values in self.sections.items() for key in values}
        self.fresh = True
        if self.path.exists():
            self._read(self.path.read_text(encoding="utf-8"))
        general = self.sections["General"]
        if not general["api_key"] and not self.override("api_key"):
            general["api_key"] = secrets.token_hex(16)
        for section, key in (("PMS", "pms_uuid"), ("Advanced", "jwt_secret")):
            self.sections[section][key] = self.sections[section][key] or secrets.token_hex(16)
        self.save()

    def _read(self, text):
        section = None
        for line in text.splitlines():
            line = line.strip()
            if line.startswith("[") and line.endswith("]"):
                section = line.strip("[]")
            elif "=" in line and not line.startswith("#") and section:
                key, _equals, value = (part.strip() for part in line.partition("="))
                key = key.lower()
                if key == "config_version":
                    self.fresh = False
                place = self.section_of.get(key)
                if place:
                    self.sections[place][key] = self._typed(value, self.sections[place][key])

    @staticmethod
    def _typed(value, default):
        if isinstance(default, list):
            parts = [part.strip().strip("'\"") for part in value.split(",")]
            return [part for part in parts if part]
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value.strip(value[0]) if not value.startswith('"""') else ast.literal_eval(value)
        if isinstance(default, int):
            return int(value) if re.fullmatch(r"-?\d+", value) else default
        return value

    def override(self, key):
        """The environment's value; an empty one is none."""
        return self.environment.get(f"TAUTULLI_{key.upper()}") or None

    def get(self, key):
        value = self.override(key)
        held = self.sections[self.section_of[key]][key]
        return self._typed(value, held) if value is not None else held

    def put(self, key, value):
        """Saved unless the environment says something about that key."""
        if self.override(key) is not None:
            print(f"{key} is set by the environment and is not saved", flush=True)
            return
        section = self.section_of[key]
        held = self.sections[section][key]
        self.sections[section][key] = int(value) if isinstance(held, int) and re.fullmatch(r"-?\d+", str(value)) else value

    def save(self):
        lines = []
        for section, values in self.sections.items():
            lines.append(f"[{section}]")
            for key, value in values.items():
                if isinstance(value, list):
                    value = ", ".join(str(item) for item in value) + ("," if len(value) < 2 else "")
                elif value == "":
                    value = '""'
                elif isinstance(value, str) and re.search(r"[,'\"#]|^\s|\s$", value):
                    value = f"'{value}'" if '"' in value else f'"{value}"'
                lines.append(f"{key} = {value}")
        write_atomically(self.path, "\n".join(lines) + "\n")
