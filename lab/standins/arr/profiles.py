# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quality, metadata, delay and release profiles, and the quality definitions."""

from __future__ import annotations

import copy
import time

from . import formats, generations
from .errors import Failed, Invalid, at_least, not_empty, not_found, rule
from .fields import CHOICES, load
from .simple import missing, routes, unique_violation

FACTS = load("profiles.json")
CACHE_SECONDS = 5


class QualityProfiles:
    def __init__(self, service):
        self.service, self.app, self.db = service, service.app, service.db
        self.facts = FACTS[self.app.kind]
        if not self.db.rows("qualityprofile"):
            for profile in self.facts["qualityprofile"]:
                self.db.insert("qualityprofile", {key: value for key, value in profile.items() if key != "id"})
        self.qualities = set(quality_numbers(self.facts["schema"]["items"]))

    def _names(self):
        return {row["id"]: row["name"] for row in self.db.rows("customformat")}

    def show(self, row):
        names = self._names()
        items = [
            {"format": item["format"], "name": names.get(item["format"], ""), "score": item["score"]}
            for item in row["formatItems"]
        ]
        return {**row, "items": [clean(item) for item in row["items"]], "formatItems": items}

    def list(self, call):
        return 200, [self.show(row) for row in self.db.rows("qualityprofile")]

    def get(self, call, number):
        row = self.db.row("qualityprofile", number)
        if row is None:
            raise missing(self.service, "QualityProfile", number)
        return 200, self.show(row)

    def schema(self, call):
        schema = copy.deepcopy(self.facts["schema"])
        schema["formatItems"] = [{"format": number, "name": name, "score": 0} for number, name in self._names().items()]
        return 200, schema

    def _bind(self, body, number=None):
        profile = self.service.binder.bind("QualityProfileResource", body)
        number = profile["id"] or number
        items = [clean(item) for item in profile["items"] or []]
        failures = []
        if not (profile["name"] or "").strip():
            failures.append(not_empty("Name", profile["name"]))
        if "minUpgradeFormatScore" in profile and profile["minUpgradeFormatScore"] < 1:
            failures.append(at_least("MinUpgradeFormatScore", profile["minUpgradeFormatScore"], 1))
        if not any(item.get("allowed") and profile["cutoff"] == item_number(item) for item in items):
            failures.append(
                rule(
                    "Cutoff", "Cutoff must be an allowed quality or group", profile["cutoff"], "ValidCutoffValidator`1"
                )
            )
        failures += self._check_items(items)
        given = [item["format"] for item in profile["formatItems"] or []]
        if sorted(given) != sorted(self._names()):
            failures.append(
                rule(
                    "FormatItems",
                    "All Custom Formats and no extra ones need to be present inside your "
                    "Profile! Try refreshing your browser.",
                    profile["formatItems"] or [],
                )
            )
        scores = [item["score"] for item in profile["formatItems"] or []]
        if scores and profile["minFormatScore"] > max(sum(score for score in scores if score > 0), max(scores)):
            failures.append(rule("", "Minimum Custom Format Score can never be satisfied", code=None))
        if failures:
            raise Invalid(failures)
        if any(row["name"] == profile["name"] and row["id"] != number for row in self.db.rows("qualityprofile")):
            raise unique_violation("QualityProfiles", "Name")
        row = {key: value for key, value in profile.items() if key != "id" and value is not None}
        row["items"] = items
        row["formatItems"] = [
            {"format": item["format"], "score": item["score"]} for item in profile["formatItems"] or []
        ]
        return number, row

    def _check_items(self, items):
        failures = []
        found = quality_numbers(items)
        if not any(item.get("allowed") for item in items):
            failures.append(rule("Items", "Must contain at least one allowed quality", items, "AllowedValidator`1"))
        groups = [item for item in items if not item.get("quality")]
        if any(not item.get("id") for item in groups):
            failures.append(rule("Items", "Groups must have an ID", items, "GroupItemValidator`1"))
        if any(not item.get("name") for item in groups):
            failures.append(rule("Items", "Groups must have a name", items, "GroupItemValidator`1"))
        if len(found) != len(set(found)):
            failures.append(rule("Items", "Qualities can only be used once", items, "UniqueQualityIdValidator`1"))
        if set(found) != self.qualities:
            failures.append(rule("Items", "Must contain all qualities", items, "AllQualitiesValidator`1"))
        return failures

    def post(self, call):
        with self.db.lock:
            _number, row = self._bind(call.body)
            return 201, self.show(self.db.insert("qualityprofile", row))

    def put(self, call, number=0):
        with self.db.lock:
            number, row = self._bind(call.body, number)
            if not self.db.update("qualityprofile", number, row):
                raise not_found("QualityProfile", number)
        return 202, self.show({**row, "id": number})

    def delete(self, call, number):
        row = self.db.row("qualityprofile", number)
        if row and (
            any(item["top"].get("qualityProfileId") == number for item in self.db.rows("importlist"))
            or any(item.get("defaultQualityProfileId") == number for item in self.db.rows("rootfolder"))
            or any(item["qualityProfileId"] == number for table in ("movie", "series") for item in self.db.rows(table))
        ):
            status, message = self.app.profile_in_use
            raise Failed(status, message.format(**row), "NzbDrone.Core.Profiles.Qualities.QualityProfileInUseException")
        self.db.delete("qualityprofile", number)
        return 200, None


def clean(item):
    """Items as they are shown: no id of 0, no empty name, groups with their qualities."""
    shown = {}
    if item.get("name"):
        shown["name"] = item["name"]
    if item.get("quality"):
        shown["quality"] = {key: value for key, value in item["quality"].items() if value is not None}
    shown["items"] = [clean(inner) for inner in item.get("items") or []]
    shown["allowed"] = bool(item.get("allowed"))
    if item.get("id"):
        shown["id"] = item["id"]
    return shown


def item_number(item):
    return item["quality"]["id"] if item.get("quality") else item.get("id")


def quality_numbers(items):
    numbers = []
    for item in items:
        numbers += [item["quality"]["id"]] if item.get("quality") else quality_numbers(item.get("items") or [])
    return numbers


class QualityDefinitions:
    """Definitions can be changed, not made. Sonarr and Radarr go on showing the old ones for 5 s after that."""

    def __init__(self, service):
        self.service, self.db = service, service.db
        self.caches = service.app.kind in ("sonarr", "radarr")
        self.cache = (0.0, None)
        if not self.db.rows("qualitydefinition"):
            for row in FACTS[service.app.kind]["qualitydefinition"]:
                self.db.insert("qualitydefinition", {key: value for key, value in row.items() if key != "id"})

    def list(self, call):
        if self.caches and self.cache[1] is not None and time.monotonic() - self.cache[0] < CACHE_SECONDS:
            return 200, self.cache[1]
        rows = self.db.rows("qualitydefinition")
        self.cache = (time.monotonic(), rows)
        return 200, rows

    def get(self, call, number):
        row = next((row for row in self.list(call)[1] if row["id"] == number), None)
        if row is None:
            raise missing(self.service, "QualityDefinition", number)
        return 200, row

    def _update(self, body, number=None):
        given = self.service.binder.bind("QualityDefinitionResource", body)
        number = given["id"] or number
        row = self.db.row("qualitydefinition", number)
        if row is None:
            raise not_found("QualityDefinition", number)
        for key in ("title", "minSize", "maxSize", "preferredSize"):
            row[key] = given[key]
        row = {key: value for key, value in row.items() if value is not None}
        self.db.update("qualitydefinition", number, row)
        return row

    def put(self, call, number=0):
        return 202, self._update(call.body, number)

    def put_all(self, call):
        if not isinstance(call.body, list):
            raise Invalid([rule("", "A list is required", code=None)])
        with self.db.lock:
            for item in call.body:
                self._update(item)
        return 202, self.db.rows("qualitydefinition")


class DelayProfiles:
    DEFAULT = {
        "enableUsenet": True,
        "enableTorrent": True,
        "preferredProtocol": "usenet",
        "usenetDelay": 0,
        "torrentDelay": 0,
        "bypassIfHighestQuality": True,
        "bypassIfAboveCustomFormatScore": False,
        "minimumCustomFormatScore": 0,
        "order": 2147483647,
        "tags": [],
    }

    def __init__(self, service):
        self.service, self.db = service, service.db
        if not self.db.rows("delayprofile"):
            self.db.insert("delayprofile", self.DEFAULT)

    def list(self, call):
        return 200, self.db.rows("delayprofile")

    def get(self, call, number):
        row = self.db.row("delayprofile", number)
        if row is None:
            raise missing(self.service, "DelayProfile", number)
        return 200, row

    def _bind(self, body, number=None):
        profile = self.service.binder.bind("DelayProfileResource", body)
        number = profile["id"] or number or 0
        tags = profile["tags"] = sorted(set(profile["tags"] or []))
        failures = []
        if number == 1 and tags:
            failures.append(rule("Tags", "Collection Must Be Empty", tags, "EmptyCollectionValidator`1"))
        if number != 1 and not tags:
            failures.append(not_empty("Tags", tags))
        used = {tag for row in self.db.rows("delayprofile") if row["id"] != number for tag in row["tags"]}
        if tags and (used & set(tags) or number == 1):
            failures.append(
                rule("Tags", "One or more tags is used in another profile", tags, "DelayProfileTagInUseValidator")
            )
        for key in ("usenetDelay", "torrentDelay"):
            if profile[key] < 0:
                failures.append(at_least(key[:1].upper() + key[1:], profile[key], 0))
        if not profile["enableUsenet"] and not profile["enableTorrent"]:
            failures.append(rule("", "Either Usenet or Torrent should be enabled", code=None))
        if failures:
            raise Invalid(failures)
        profile.pop("id")
        if profile["preferredProtocol"] == "unknown":
            profile["preferredProtocol"] = "usenet"
        return number, profile

    def post(self, call):
        with self.db.lock:
            _number, profile = self._bind(call.body)
            profile["order"] = len(self.db.rows("delayprofile"))
            return 201, self.db.insert("delayprofile", profile)

    def put(self, call, number=0):
        with self.db.lock:
            number, profile = self._bind(call.body, number)
            if not self.db.update("delayprofile", number, profile):
                raise not_found("DelayProfile", number)
        return 202, {**profile, "id": number}

    def delete(self, call, number):
        if number == 1:
            raise Failed(
                405,
                "MethodNotAllowed: Cannot delete global delay profile",
                "Http.REST.MethodNotAllowedException",
                "Cannot delete global delay profile",
            )
        self.db.delete("delayprofile", number)
        return 200, None

    def reorder(self, call, number):
        name = "afterid" if self.service.app.kind == "lidarr" else "after"
        after = int(call.query[name]) if str(call.query.get(name, "")).isdigit() else None
        with self.db.lock:
            moved = self.db.row("delayprofile", number)
            if moved is None:
                raise not_found("DelayProfile", number)
            rows = sorted(
                (row for row in self.db.rows("delayprofile") if row["id"] not in (1, number)),
                key=lambda row: row["order"],
            )
            place = next((index + 1 for index, row in enumerate(rows) if row["id"] == after), 0)
            rows.insert(place, moved)
            for order, row in enumerate(rows, 1):
                self.db.update("delayprofile", row["id"], {**row, "order": order})
        return 200, self.db.rows("delayprofile")


class ReleaseProfiles:
    def __init__(self, service):
        self.service, self.db = service, service.db

    def list(self, call):
        return 200, self.db.rows("releaseprofile")

    def get(self, call, number):
        row = self.db.row("releaseprofile", number)
        if row is None:
            raise missing(self.service, "ReleaseProfile", number)
        return 200, row

    def _bind(self, body):
        profile = self.service.binder.bind("ReleaseProfileResource", body)
        for key in ("required", "ignored"):
            value = profile[key]
            if value is None:
                profile[key] = []
            elif isinstance(value, str):
                profile[key] = [part for part in value.split(",") if part]
            elif not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise Failed(400, f"BadRequest: Invalid field type for {key}", "Http.REST.BadRequestException")
        failures = []
        if not profile["required"] and not profile["ignored"]:
            failures.append(rule("Required", "'Must contain' or 'Must not contain' is required", code=None))
        if profile["enabled"] and profile["indexerId"] and self.db.row("indexer", profile["indexerId"]) is None:
            failures.append(rule("IndexerId", "Indexer does not exist", code=None))
        if failures:
            raise Invalid(failures)
        profile["tags"] = sorted(set(profile["tags"] or []))
        number = profile.pop("id")
        return number, {key: value for key, value in profile.items() if value is not None}

    def post(self, call):
        return 201, self.db.insert("releaseprofile", self._bind(call.body)[1])

    def put(self, call, number=0):
        own, row = self._bind(call.body)
        number = own or number
        if not self.db.update("releaseprofile", number, row):
            raise not_found("ReleaseProfile", number)
        return 202, {**row, "id": number}

    def delete(self, call, number):
        self.db.delete("releaseprofile", number)
        return 200, None


class MetadataProfiles:
    """Lidarr only."""

    LISTS = {
        "primaryAlbumTypes": ("albumType", "Must have at least one allowed primary type"),
        "secondaryAlbumTypes": ("albumType", "Must have at least one allowed secondary type"),
        "releaseStatuses": ("releaseStatus", "Must have at least one allowed release status"),
    }

    def __init__(self, service):
        self.service, self.db = service, service.db
        self.facts = FACTS["lidarr"]
        if not self.db.rows("metadataprofile"):
            for profile in self.facts["metadataprofile"]:
                self.db.insert("metadataprofile", {key: value for key, value in profile.items() if key != "id"})

    def list(self, call):
        return 200, self.db.rows("metadataprofile")

    def schema(self, call):
        return 200, self.facts["metadataprofile_schema"]

    def get(self, call, number):
        row = self.db.row("metadataprofile", number)
        if row is None:
            raise missing(self.service, "MetadataProfile", number)
        return 200, row

    def _bind(self, body, number=None):
        profile = self.service.binder.bind("MetadataProfileResource", body)
        number = profile.pop("id") or number
        failures = []
        if not (profile["name"] or "").strip():
            failures.append(not_empty("Name", profile["name"]))
        for key, (inner, message) in self.LISTS.items():
            name = key[:1].upper() + key[1:]
            items = profile[key] = [{part: item[part] for part in (inner, "allowed")} for item in profile[key] or []]
            if not any(item["allowed"] for item in items):
                failures.append(rule(name, message, items))
            wanted = {item[inner]["id"] for item in self.facts["metadataprofile_schema"][key]}
            if {(item[inner] or {}).get("id") for item in items} != wanted:
                failures.append(rule(name, "Must contain all of them", items))
        if failures:
            raise Invalid(failures)
        if any(row["name"] == profile["name"] and row["id"] != number for row in self.db.rows("metadataprofile")):
            raise unique_violation("MetadataProfiles", "Name")
        return number, profile

    def post(self, call):
        with self.db.lock:
            return 201, self.db.insert("metadataprofile", self._bind(call.body)[1])

    def put(self, call, number=0):
        with self.db.lock:
            number, profile = self._bind(call.body, number)
            if not self.db.update("metadataprofile", number, profile):
                raise not_found("MetadataProfile", number)
        return 202, {**profile, "id": number}

    def delete(self, call, number):
        row = self.db.row("metadataprofile", number)
        if row and (
            row["name"] == "None"
            or any(item.get("defaultMetadataProfileId") == number for item in self.db.rows("rootfolder"))
            or any(item["top"].get("metadataProfileId") == number for item in self.db.rows("importlist"))
        ):
            raise Failed(
                400,
                f"Metadata profile [{row['name']}] is in use.",
                "NzbDrone.Core.Profiles.Metadata.MetadataProfileInUseException",
            )
        self.db.delete("metadataprofile", number)
        return 200, None


def install(service):
    router = service.router
    quality = QualityProfiles(service)
    router.add("GET", "qualityprofile/schema", quality.schema)
    routes(router, "qualityprofile", quality)
    definitions = QualityDefinitions(service)
    router.add("GET", "qualitydefinition", definitions.list)
    router.add("GET", "qualitydefinition/{number}", definitions.get)
    router.add("PUT", "qualitydefinition/update", definitions.put_all)
    router.add("PUT", "qualitydefinition/{number}", definitions.put)
    delay = (generations.ItemisedDelayProfiles if service.app.protocol_classes else DelayProfiles)(service)
    if service.app.protocol_classes:
        router.add("GET", "delayprofile/schema", delay.schema)
    router.add("PUT", "delayprofile/reorder/{number}", delay.reorder, reads_body=False)
    routes(router, "delayprofile", delay)
    routes(router, "releaseprofile", ReleaseProfiles(service))
    formats.install(service)
    languages = next(pairs for pairs in CHOICES.values() if [1, "English"] in pairs)
    shown = [{"id": number, "name": name, "nameLower": name.lower()} for number, name in languages]
    router.add("GET", "language", lambda call: (200, shown))
    if service.app.kind == "lidarr":
        metadata = MetadataProfiles(service)
        router.add("GET", "metadataprofile/schema", metadata.schema)
        routes(router, "metadataprofile", metadata)
