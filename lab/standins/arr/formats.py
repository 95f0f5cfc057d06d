# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom formats and auto tagging: named lists of specifications."""

from __future__ import annotations

import re

from .errors import Failed, Invalid, Problem, not_empty, not_found, rule
from .fields import Settings, load


class Specified:
    """A resource whose substance is a list of specifications."""

    def __init__(self, service, name, component, model):
        self.service, self.db = service, service.db
        self.name, self.component, self.model = name, component, model
        self.catalog = load(name + ".json")[service.app.kind]
        self.known = {entry["implementation"].lower(): entry for entry in self.catalog}

    def _about(self, entry):
        about = {"implementation": entry["implementation"], "implementationName": entry["implementationName"]}
        if self.name == "customformat":
            about["infoLink"] = f"https://wiki.servarr.com/{self.service.app.kind}/settings#custom-formats-2"
        return about

    def schema(self, call):
        shown = []
        for entry in self.catalog:
            settings = Settings(entry["fields"])
            item = {
                **self._about(entry),
                "negate": False,
                "required": False,
                "fields": settings.show(settings.defaults()),
            }
            shown.append({**item, "presets": []} if self.name == "customformat" else item)
        return 200, shown

    def show(self, row):
        specifications = []
        for item in row["specifications"]:
            entry = self.known[item["implementation"].lower()]
            specifications.append(
                {
                    "name": item["name"],
                    **self._about(entry),
                    "negate": item["negate"],
                    "required": item["required"],
                    "fields": Settings(entry["fields"]).show(item["settings"]),
                }
            )
        return {key: specifications if key == "specifications" else row[key] for key in row}

    def list(self, call):
        return 200, [self.show(row) for row in self.db.rows(self.name)]

    def get(self, call, number):
        row = self.db.row(self.name, number)
        if row is None:  # the real servers stumble here instead of saying 404
            raise Failed(500, "Object reference not set to an instance of an object.", "System.NullReferenceException")
        return 200, self.show(row)

    def _bind(self, body, number=None):
        resource = self.service.binder.bind(self.component, body)
        number = resource["id"] or number
        specifications = resource["specifications"]
        failures = []
        if not (resource["name"] or "").strip():
            failures.append(not_empty("Name", resource["name"]))
        elif any(row["name"] == resource["name"] and row["id"] != number for row in self.db.rows(self.name)):
            failures.append(rule("Name", "Must be unique.", resource["name"]))
        if "tags" in resource and not resource["tags"]:
            failures.append(not_empty("Tags", resource["tags"] or []))
        if not specifications:
            failures.append(not_empty("Specifications", specifications or []))
            failures.append(rule("", "Must contain at least one Condition", code=None))
        elif any(not (item["name"] or "").strip() for item in specifications):
            failures.append(rule("", "Condition name(s) cannot be empty or consist of only spaces", code=None))
        if failures:
            raise Invalid(failures)
        row = {key: value for key, value in resource.items() if key not in ("id", "specifications")}
        for key in ("includeCustomFormatWhenRenaming", "removeTagsAutomatically"):
            if key in row:
                row[key] = bool(row[key])
        row["specifications"] = [self._specification(item) for item in specifications]
        self._check_settings(row)
        return number, row

    def _specification(self, item):
        entry = self.known.get((item["implementation"] or "").lower())
        if entry is None:
            raise Failed(
                500, f"{item['implementation']} is not a valid specification implementation", "System.ArgumentException"
            )
        values = Settings(entry["fields"]).read(item["fields"] or [])
        if entry["implementation"] in (
            "ReleaseTitleSpecification",
            "ReleaseGroupSpecification",
            "EditionSpecification",
        ):
            try:
                re.compile(re.sub(r"\(\?<([A-Za-z])", r"(?P<\1", values.get("value") or ""))
            except re.error:
                raise Failed(
                    500,
                    "Exception has been thrown by the target of an invocation.",
                    "System.Reflection.TargetInvocationException",
                ) from None
        return {
            "name": item["name"],
            "implementation": entry["implementation"],
            "negate": item["negate"],
            "required": item["required"],
            "settings": values,
        }

    def _check_settings(self, row):
        failures = []
        for item in row["specifications"]:
            entry = self.known[item["implementation"].lower()]
            for field in entry["fields"]:
                if field["name"] == "value" and field["is"] in ("str", "str[]") and not item["settings"].get("value"):
                    failures.append(rule("", f"{entry['implementationName']}: 'Value' must not be empty.", code=None))
            low, high = item["settings"].get("min"), item["settings"].get("max")
            if low is not None and high is not None and "max" in item["settings"] and high <= low:
                failures.append(
                    rule("", f"{entry['implementationName']}: 'Max' must be greater than '{low}'.", code=None)
                )
        if failures:
            raise Invalid(failures)

    def post(self, call):
        with self.db.lock:
            _number, row = self._bind(call.body)
            row = self.db.insert(self.name, row)
            self._made(row)
        return 201, self.show({"id": row.pop("id"), **row})

    def put(self, call, number=0):
        with self.db.lock:
            number, row = self._bind(call.body, number)
            if not self.db.update(self.name, number, row):
                raise not_found(self.model, number)
        return 202, self.show({"id": number, **row})

    def delete(self, call, number):
        with self.db.lock:
            if not self.db.delete(self.name, number):
                if self.name == "customformat":
                    raise not_found(self.model, number)
                return 200, None
            self._gone(number)
        return 200, None

    def _made(self, row):
        """A new custom format enters every profile, at the front, with a score of 0."""
        if self.name == "customformat":
            for profile in self.db.rows("qualityprofile"):
                profile["formatItems"].insert(0, {"format": row["id"], "score": 0})
                self.db.update("qualityprofile", profile["id"], profile)

    def _gone(self, number):
        if self.name == "customformat":
            for profile in self.db.rows("qualityprofile"):
                profile["formatItems"] = [item for item in profile["formatItems"] if item["format"] != number]
                if not profile["formatItems"]:
                    profile.update(minFormatScore=0, cutoffFormatScore=0)
                self.db.update("qualityprofile", profile["id"], profile)

    def bulk(self, call):
        body = call.body if isinstance(call.body, dict) else {}
        numbers = body.get("ids") or []
        if call.method == "DELETE":
            for number in numbers:
                self.delete(call, number)
            return 200, {}
        shown = []
        for number in numbers:
            row = self.db.row(self.name, number)
            if row is None:
                raise Problem(404)
            if isinstance(body.get("includeCustomFormatWhenRenaming"), bool):
                row["includeCustomFormatWhenRenaming"] = body["includeCustomFormatWhenRenaming"]
                self.db.update(self.name, number, row)
            shown.append(self.show(row))
        return 202, shown


def install(service):
    from .simple import routes

    for name, component, model in (
        ("customformat", "CustomFormatResource", "CustomFormat"),
        ("autotagging", "AutoTaggingResource", "AutoTag"),
    ):
        resource = Specified(service, name, component, model)
        service.router.add("GET", name + "/schema", resource.schema)
        if name == "customformat":
            service.router.add("PUT", name + "/bulk", resource.bulk)
            service.router.add("DELETE", name + "/bulk", resource.bulk, reads_body=True)
        routes(service.router, name, resource)
