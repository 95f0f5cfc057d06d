# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider settings: from the ``fields`` of a body to stored values and back, masks included."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from .errors import Failed

MASK = "********"
MASKED = ("password", "apiKey")
DATA = Path(__file__).parent / "data"


@functools.cache
def load(name):
    """A data file; shared, so nobody may change what it returns."""
    return json.loads((DATA / name).read_text(encoding="utf-8"))


CHOICES = load("choices.json")


class Settings:
    """The settings class of one implementation."""

    def __init__(self, fields, lenient_bool=False):
        self.fields = fields
        self.lenient_bool = lenient_bool

    def defaults(self):
        return {field["name"]: json.loads(json.dumps(field.get("default", zero(field["is"])))) for field in self.fields}

    def refuse_unknown(self, given):
        """Sites described by a definition file know no other fields than theirs."""
        known = {field["name"] for field in self.fields}
        unknown = next((item.get("name") for item in given if item.get("name") not in known), None)
        if unknown is not None:
            raise Failed(500, f"Unknown Cardigann setting {unknown}", "System.ArgumentOutOfRangeException")

    def read(self, given, stored=None):
        """Stored values from a body: absent fields get their default, masks the stored secret.

        Names are matched exactly, the first match counts, anything else is ignored without a word.
        """
        values = self.defaults()
        for field in self.fields:
            item = next((item for item in given if item.get("name") == field["name"]), None)
            if item is None:
                continue
            value = convert(field["is"], item.get("value"), self.lenient_bool)
            if value == MASK and stored is not None and field.get("privacy") in MASKED:
                value = stored.get(field["name"])
            values[field["name"]] = value
        return values

    def show(self, values, masked=True):
        """The ``fields`` of an answer: in their order, secrets masked, no ``value`` where it is null."""
        return [self._show(order, field, values.get(field["name"]), masked) for order, field in enumerate(self.fields)]

    @staticmethod
    def _show(order, field, value, masked):
        shown = {"order": order, "name": field["name"], "label": field.get("label", field["name"])}
        if field.get("unit"):
            shown["unit"] = field["unit"]
        if masked and value not in (None, "") and field.get("privacy") in MASKED:
            value = MASK
        if value is not None:
            shown["value"] = value
        shown.update(type=field["type"], advanced=field.get("advanced", False))
        choices = field.get("choices")
        if choices is not None:
            pairs = CHOICES[choices] if isinstance(choices, str) else choices
            shown["selectOptions"] = [
                {"value": number, "name": name, "order": place} for place, (number, name) in enumerate(pairs)
            ]
        for key in ("selectOptionsProviderAction", "section", "hidden"):
            if field.get(key):
                shown[key] = field[key]
        shown.update(privacy=field.get("privacy", "normal"), isFloat=field.get("isFloat", False))
        return shown


def zero(kind):
    return {"int": 0, "bool": False, "float": 0.0}.get(kind)


def convert(kind, value, lenient_bool=False):
    """One value as the settings class takes it: numbers forgive, everything else is strict (500)."""
    if kind.startswith(("int", "float")) and not kind.endswith("[]"):
        return number(kind, value)
    if value is None:
        return [] if kind.endswith("[]") else zero(kind)
    if kind in ("int[]", "str[]"):
        return listing(kind, value)
    if kind == "bool":
        if isinstance(value, bool):
            return value
        if lenient_bool and value in (0, 1):
            return bool(value)
        raise misfit("System.Boolean")
    if kind == "str":
        if isinstance(value, str):
            return value
        raise misfit("System.String")
    if isinstance(value, (list, dict, str)):
        return value
    raise misfit("System.Object")


def number(kind, value):
    """Text or number; garbage is 0 without a word (null where the setting may be null)."""
    try:
        if value is None or isinstance(value, bool):
            raise ValueError
        return float(value) if kind.startswith("float") else int(str(value).strip())
    except (ValueError, TypeError):
        return None if kind.endswith("?") else zero(kind)


def listing(kind, value):
    """A JSON array or comma-separated text."""
    items = value if isinstance(value, list) else [part for part in str(value).split(",") if part != ""]
    if kind == "str[]":
        if not all(isinstance(item, str) for item in items):
            raise misfit("System.String")
        return items
    try:
        if any(isinstance(item, bool) for item in items):
            raise ValueError
        return [int(item) for item in items]
    except (ValueError, TypeError):
        raise Failed(500, "The requested operation requires an element of type 'Number'.") from None


def misfit(kind):
    return Failed(
        500,
        f"The JSON value could not be converted to {kind}. Path: $ | LineNumber: 0 | BytePositionInLine: 0.",
        "System.Text.Json.JsonException",
    )
