# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider contract: download clients, indexers, notifications, applications and their like.

One engine for all kinds; a kind is an entry in ``KINDS``, an implementation a line in ``data/<kind>.json``.
Connection tests happen outside any lock, as in the real applications: two creators of one name at the same
moment both succeed.
"""

from __future__ import annotations

import copy
import datetime
from dataclasses import dataclass

from . import contacts, generations
from .errors import Failed, Invalid, between, greater, not_empty, not_found, rule
from .fields import Settings, load
from .rules import settings_failures
from .simple import missing

BASE = (
    "id",
    "name",
    "fields",
    "implementationName",
    "implementation",
    "configContract",
    "infoLink",
    "message",
    "tags",
    "presets",
)
READ_ONLY = {
    "protocol",
    "listType",
    "listOrder",
    "minRefreshInterval",
    "indexerUrls",
    "legacyUrls",
    "definitionName",
    "description",
    "language",
    "encoding",
    "privacy",
    "capabilities",
    "sortName",
    "status",
    "testCommand",
    "link",
}
INHERITED = {
    "radarr": {
        "onMovieAdded": "onSeriesAdd",
        "onMovieDelete": "onSeriesDelete",
        "onMovieFileDelete": "onEpisodeFileDelete",
        "onMovieFileDeleteForUpgrade": "onEpisodeFileDeleteForUpgrade",
    },
    "prowlarr": {},
}


@dataclass(frozen=True)
class Kind:
    name: str
    component: str
    model: str
    priority: bool = False  # has a priority from 1 to 50
    bulk: bool = True


KINDS = {
    "downloadclient": Kind("downloadclient", "DownloadClientResource", "DownloadClientDefinition", priority=True),
    "indexer": Kind("indexer", "IndexerResource", "IndexerDefinition", priority=True),
    "notification": Kind("notification", "NotificationResource", "NotificationDefinition", bulk=False),
    "importlist": Kind("importlist", "ImportListResource", "ImportListDefinition"),
    "metadata": Kind("metadata", "MetadataResource", "MetadataDefinition", bulk=False),
    "applications": Kind("applications", "ApplicationResource", "ApplicationDefinition"),
    "indexerproxy": Kind("indexerproxy", "IndexerProxyResource", "IndexerProxyDefinition", bulk=False),
}


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Providers:
    """All routes of one kind of provider."""

    def __init__(self, service, kind):
        self.service, self.app, self.db, self.kind = service, service.app, service.db, kind
        self.catalog = self._catalog()
        self.known = {}
        for entry in self.catalog:
            self.known.setdefault(entry["implementation"].lower(), entry)
        self.contracts = {entry["configContract"].lower() for entry in self.catalog}
        self._forget_unknown()
        if kind.name == "metadata" and not self.db.rows("metadata"):
            for entry in sorted(self.catalog, key=lambda item: item.get("place", 0)):
                self.db.insert("metadata", self._fresh_row(entry, entry.get("name") or entry["implementationName"]))

    def _catalog(self):
        everything = load(self.kind.name + ".json")
        entries = everything.get(self.app.kind, [])
        if self.kind.name != "notification":
            return entries
        by_name = {entry["implementation"]: entry["extra"] for entry in everything["sonarr"]}
        result = []
        for entry in entries:
            if entry.get("extra", {}).get("events"):
                entry = {**entry, "extra": self._events(by_name.get(entry["implementation"]))}
            result.append(entry)
        return result

    def _events(self, model):
        """Events of an application whose schema was not recorded, after Sonarr's for the same program."""
        names = [
            name
            for name in self.service.binder.types[self.kind.component]
            if name.startswith(("on", "include")) and name != "onlyTest"
        ]
        events = {name: False for name in names}
        for name in names:
            if name.startswith("on"):
                same = INHERITED[self.app.kind].get(name, name)
                events["supportsOn" + name[2:]] = bool((model or {}).get("supportsOn" + same[2:], True))
        return events

    def _forget_unknown(self):
        """At start rows of unknown implementations are removed: this is what ends a poisoned list."""
        for row in self.db.rows(self.kind.name):
            if row["implementation"].lower() not in self.known:
                self.db.delete(self.kind.name, row["id"])

    def _fresh_row(self, entry, name):
        return {
            "name": name,
            "implementation": entry["implementation"],
            "configContract": entry["configContract"],
            "tags": [],
            "settings": self.settings(entry).defaults(),
            "top": {key: value for key, value in entry.get("extra", {}).items() if self._writable(key)},
        }

    def settings(self, entry):
        return Settings(entry["fields"], lenient_bool=self.app.kind == "prowlarr")

    @staticmethod
    def _writable(key):
        return key not in READ_ONLY and not key.startswith("supports")

    # Reading

    def entry(self, implementation, name=None):
        """The catalogue entry of an implementation; an unknown one is the server's own exception."""
        found = self.known.get((implementation or "").lower())
        if found is None:
            raise Failed(500, "Value cannot be null. (Parameter 'serviceType')", "System.ArgumentNullException")
        return found

    def show(self, row, masked=True):
        entry = self.entry(row["implementation"])
        shown = {}
        for key, value in entry.get("extra", {}).items():
            if key != "categories" or self.app.kind != "prowlarr" or self.kind.name != "indexer":
                shown[key] = row["top"].get(key, value)
        for key, value in row["top"].items():
            shown.setdefault(key, value)
        if self.kind.name == "applications":
            shown["enable"] = shown.get("syncLevel") != "disabled"
        if self.app.protocol_classes and shown.get("protocol"):
            shown["protocol"] = generations.protocol_class(shown["protocol"])
        if self.app.kind == "prowlarr" and self.kind.name == "indexer":
            shown.update(self._indexer_facts(row, entry))
        return {
            **shown,
            "name": row["name"],
            "fields": self.settings(entry).show(row["settings"], masked),
            **self._about(entry, row["implementation"]),
            "tags": sorted(row["tags"] or []),
            "id": row["id"],
        }

    def _about(self, entry, implementation):
        page = "supported-indexers" if (self.app.kind, self.kind.name) == ("prowlarr", "indexer") else "supported"
        about = {
            "implementationName": entry["implementationName"],
            "implementation": implementation,
            "configContract": entry["configContract"],
            "infoLink": f"https://wiki.servarr.com/{self.app.kind}/{page}#{entry['implementation'].lower()}",
        }
        if entry.get("message"):
            about["message"] = {"message": f"A remark about {entry['implementationName']}", "type": entry["message"]}
        return about

    def _indexer_facts(self, row, entry):
        """What Prowlarr knows of an indexer: of a generic one only while it is enabled and was reached."""
        generic = entry["implementation"] in ("Newznab", "Torznab")
        facts = {
            "sortName": row["name"].lower(),
            "added": row["top"].get("added", "0001-01-01T00:00:00Z"),
            "indexerUrls": entry["extra"].get("indexerUrls", [""]),
            "capabilities": contacts.indexers.capabilities(entry["extra"].get("categories", [])),
        }
        if generic:
            reached = row["top"].get("enable") and row.get("capabilities")
            facts["indexerUrls"] = [row["settings"].get("baseUrl") or ""] if reached else [""]
            facts["capabilities"] = row["capabilities"] if reached else contacts.indexers.capabilities([])
        return facts

    def list(self, call):
        return 200, sorted(
            (self.show(row) for row in self.db.rows(self.kind.name)), key=lambda row: row["name"].lower()
        )

    def get(self, call, number):
        row = self.db.row(self.kind.name, number)
        if row is None:
            raise missing(self.service, self.kind.model, number)
        return 200, self.show(row)

    def schema(self, call):
        result = []
        for entry in self.catalog:
            row = {**self._fresh_row(entry, entry.get("name")), "id": 0}
            shown = self.show(row)
            shown.pop("id")
            result.append({**shown, "presets": []})
        return 200, result

    # Writing

    def enabled(self, row):
        top, name = row["top"], self.kind.name
        if name == "notification":
            return any(value is True for key, value in top.items() if key.startswith("on"))
        if name == "applications":
            return top.get("syncLevel") != "disabled"
        if name == "indexerproxy":
            return bool(row["tags"])
        if name == "importlist":
            return bool(top.get("enabled") if self.app.kind == "radarr" else top.get("enableAutomaticAdd"))
        if name == "indexer" and self.app.kind != "prowlarr":
            return any(top.get(key) for key in ("enableRss", "enableAutomaticSearch", "enableInteractiveSearch"))
        return bool(top.get("enable"))

    def _definition(self, body, existing, number=None):
        """A row from a body, after the rules that always hold."""
        resource = self.service.binder.bind(self.kind.component, body)
        if self.kind.name == "applications" and not isinstance(body.get("enable", False), bool):
            resource["enable"] = False
        own = resource["id"] or (number or 0)
        self._check_rules(resource, own if number is None or resource["id"] else number, number)
        if (resource["configContract"] or "").lower() not in self.contracts:
            raise Failed(500, "Value can not be null. (Parameter 'targetType')", "System.ArgumentNullException")
        entry = self.known.get((resource["implementation"] or "").lower())
        contract = next(
            known for known in self.catalog if known["configContract"].lower() == resource["configContract"].lower()
        )
        if entry is not None and entry["configContract"].lower() != contract["configContract"].lower():
            raise Failed(
                500,
                f"Unable to cast object of type '{contract['configContract']}' to type '{entry['configContract']}'.",
                "System.InvalidCastException",
            )
        if contract["implementation"] == "Cardigann":
            self.settings(contract).refuse_unknown(resource["fields"])
        settings = self.settings(contract).read(resource["fields"], existing["settings"] if existing else None)
        top = {key: value for key, value in resource.items() if key not in BASE and self._writable(key)}
        if self.app.kind == "prowlarr" and self.kind.name == "indexer" and existing is None:
            top["added"] = now()
        top.pop("enable", None) if self.kind.name == "applications" else None
        tags = list(dict.fromkeys(resource["tags"] or []))
        return own, {
            "name": resource["name"],
            "implementation": resource["implementation"],
            "configContract": contract["configContract"],
            "tags": tags,
            "settings": settings,
            "top": top,
        }

    def _check_rules(self, resource, own, route):
        failures = []
        name = resource["name"]
        if not (name or "").strip():
            failures.append(not_empty("Name", name))
        elif any(row["name"].lower() == name.lower() and row["id"] != own for row in self.db.rows(self.kind.name)):
            failures.append(rule("Name", "Should be unique", name))
        for key in ("implementation", "configContract"):
            if not (resource[key] or "").strip():
                failures.append(not_empty(key[:1].upper() + key[1:], resource[key]))
        if resource["fields"] is None:
            failures.append(rule("Fields", "'Fields' must not be empty.", None, "NotNullValidator"))
        if route is not None and own <= 0:
            failures.append(greater("Id", own))
        if self.kind.priority and self.app.checks_priority and not 1 <= resource["priority"] <= 50:
            failures.append(between("Priority", resource["priority"], 1, 50))
        failures += self._check_references(resource)
        if failures:
            raise Invalid(failures)

    def _check_references(self, resource):
        failures = []
        if self.kind.name == "indexer":
            client = resource.get("downloadClientId") or 0
            if client and self.db.row("downloadclient", client) is None:
                failures.append(
                    rule("DownloadClientId", "Download Client does not exist", client, "DownloadClientExistsValidator")
                )
            if "appProfileId" in resource:
                profile = resource["appProfileId"]
                if profile <= 0:
                    failures.append(greater("AppProfileId", profile))
                elif self.db.row("appprofile", profile) is None:
                    failures.append(
                        rule("AppProfileId", "App profile does not exist", profile, "AppProfileExistsValidator")
                    )
        if self.kind.name == "importlist":
            folder = resource["rootFolderPath"]
            if not folder or not folder.startswith("/"):
                failures.append(rule("RootFolderPath", f"Invalid Path: '{folder or ''}'", folder, "PathValidator"))
            elif all(row["path"] != folder.rstrip("/") for row in self.db.rows("rootfolder")):
                failures.append(
                    rule(
                        "RootFolderPath", f"Root folder '{folder}' does not exist", folder, "RootFolderExistsValidator"
                    )
                )
            for key, table in (("qualityProfileId", "qualityprofile"), ("metadataProfileId", "metadataprofile")):
                if key in resource and self.db.row(table, resource[key]) is None:
                    kind = "Quality" if table == "qualityprofile" else "Metadata"
                    failures.append(
                        rule(
                            key[:1].upper() + key[1:],
                            f"{kind} Profile does not exist",
                            resource[key],
                            f"{kind}ProfileExistsValidator",
                        )
                    )
        return failures

    def _validate_settings(self, row, warnings):
        entry = self.entry(row["implementation"])
        failures = settings_failures(self.app, self.kind.name, entry, row)
        failures = [item for item in failures if warnings or not item.get("isWarning")]
        if failures:
            raise Invalid(failures)

    def _test(self, row, warnings=True):
        failures = contacts.test(self.service, self.kind.name, row)
        failures = [item for item in failures if warnings or not item.get("isWarning")]
        if failures:
            raise Invalid(failures)

    def post(self, call):
        """A forced POST still tests: force only lets warnings pass."""
        _own, row = self._definition(call.body, None)
        if self.enabled(row):
            warnings = not call.flag("forceSave")
            self._validate_settings(row, warnings)
            self._test(row, warnings)
        self._learn(row)
        row = self.db.insert(self.kind.name, row)
        self._changed("added", row)
        return 201, self.show(row)

    def put(self, call, number=None):
        body = call.body
        given = body.get("id") if isinstance(body, dict) else None
        if number is None:
            number = given if isinstance(given, int) else 0
        existing = self.db.row(self.kind.name, number)
        if existing is None and number > 0:
            raise missing(self.service, self.kind.model, number)
        own, row = self._definition(body, existing, number)
        changed = {**row, "id": number} != {key: value for key, value in existing.items() if key != "capabilities"}
        forced = call.flag("forceSave")
        if self.enabled(row):
            self._validate_settings(row, warnings=not forced)
            if not forced and (changed or self.app.retests_always):
                self._test(row)
        self._learn(row)
        if not self.db.update(self.kind.name, own, row):
            raise missing(self.service, self.kind.model, own)
        if changed or self.app.writes_always:
            self._changed("updated", {**row, "id": own})
        return 202, self.show({**row, "id": own})

    def _learn(self, row):
        """Prowlarr fetches the capabilities of a generic indexer whenever it saves an enabled one, forced or not."""
        if self.app.kind == "prowlarr" and self.kind.name == "indexer" and self.enabled(row):
            if row["implementation"] in ("Newznab", "Torznab"):
                row["capabilities"] = contacts.indexers.learn(row)

    def delete(self, call, number):
        row = self.db.row(self.kind.name, number)
        self.db.delete(self.kind.name, number)
        if row:
            self._changed("deleted", row)
        return 200, {}

    def _changed(self, what, row):
        if self.service.sync:
            self.service.sync.provider_changed(self.kind.name, what, copy.deepcopy(row))

    def test(self, call):
        number = call.body.get("id", 0) if isinstance(call.body, dict) else 0
        existing = self.db.row(self.kind.name, number) if isinstance(number, int) and number > 0 else None
        _own, row = self._definition(call.body, existing)
        self._validate_settings(row, warnings=not call.flag("forceTest"))
        self._test(row)
        return 200, "{}"

    def test_all(self, call):
        result = []
        for row in self.db.rows(self.kind.name):
            if not self.enabled(row):
                continue
            entry = self.entry(row["implementation"])
            failures = settings_failures(self.app, self.kind.name, entry, row)
            failures = failures or contacts.test(self.service, self.kind.name, row)
            result.append({"id": row["id"], "isValid": not failures, "validationFailures": failures})
        return (200 if all(item["isValid"] for item in result) else 400), result

    def bulk(self, call):
        body = call.body if isinstance(call.body, dict) else {}
        numbers = body.get("ids") or []
        if not numbers:
            raise Failed(
                400, "BadRequest: ids must be provided", "Http.REST.BadRequestException", "ids must be provided"
            )
        if call.method == "DELETE":
            for number in numbers:
                self.delete(call, number)
            return 200, {}
        shown = []
        for number in numbers:
            row = self.db.row(self.kind.name, number)
            if row is None:
                raise not_found(self.kind.model, number)
            row["top"].update({key: value for key, value in body.items() if key in row["top"] and value is not None})
            tags = body.get("tags")
            if tags is not None:
                mode = body.get("applyTags", "add")
                row["tags"] = {
                    "replace": list(tags),
                    "remove": [tag for tag in row["tags"] if tag not in tags],
                    "add": list(dict.fromkeys(row["tags"] + list(tags))),
                }[mode]
            self.db.update(self.kind.name, number, row)
            self._changed("updated", row)
            shown.append(self.show(row))
        return 202, shown

    def action(self, call, name):
        self.service.binder.bind(self.kind.component, call.body)
        return 200, {"options": []}


def install(service):
    found = {}
    for name in service.app.kinds:
        kind = KINDS[name]
        providers = found[name] = Providers(service, kind)
        router = service.router
        router.add("GET", f"{name}/schema", providers.schema)
        router.add("POST", f"{name}/test", providers.test)
        router.add("POST", f"{name}/testall", providers.test_all, reads_body=False)
        router.add("POST", f"{name}/action/{{name:word}}", providers.action)
        if kind.bulk:
            router.add("PUT", f"{name}/bulk", providers.bulk)
            router.add("DELETE", f"{name}/bulk", providers.bulk, reads_body=True)
        router.add("GET", name, providers.list)
        router.add("POST", name, providers.post)
        router.add("PUT", name, providers.put)
        router.add("GET", f"{name}/{{number}}", providers.get)
        router.add("PUT", f"{name}/{{number}}", providers.put)
        router.add("DELETE", f"{name}/{{number}}", providers.delete)
    return found
