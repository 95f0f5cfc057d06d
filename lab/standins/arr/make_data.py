# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Re-express facts about the real applications as the compact data files beside this program.

Run by hand when an application's version moves: ``python3 -m standins.arr.make_data FACTS``. FACTS is a
directory with ``specs/`` (OpenAPI documents, field tables) and ``recorded/`` (answers of real servers).
The stand-ins never read it. Help texts are left out: only names, types, defaults and choices are facts
that a client can depend on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

DATA = Path(__file__).parent / "data"
APPS = ("sonarr", "radarr", "lidarr", "prowlarr")
MASK = "********"
KINDS = (
    "downloadclient",
    "indexer",
    "notification",
    "importlist",
    "metadata",
    "applications",
    "indexerproxy",
    "customformat",
    "autotagging",
)
IN_FIELD_TABLES = {"customformat": "customformat_spec", "autotagging": "autotagging_spec"}
IN_CLIENT_TABLES = {
    "downloadclient": "downloadClients",
    "applications": "applications",
    "indexerproxy": "indexerProxies",
}
TYPES = {
    "string": "str",
    "int": "int",
    "int?": "int?",
    "bool": "bool",
    "double": "float",
    "double?": "float?",
    "IEnumerable<int>": "int[]",
    "IEnumerable<string>": "str[]",
    "DateTime": "any",
    "IEnumerable<KeyValuePair<string, string>>": "any",
}
NOT_EXTRA = {
    "name",
    "fields",
    "implementationName",
    "implementation",
    "configContract",
    "infoLink",
    "tags",
    "presets",
    "message",
    "id",
    "description",
    "capabilities",
}
# Radarr's and Prowlarr's notification schemas were not recorded: their events, as Sonarr names the same ones.
EVENTS = {
    "radarr": {
        "Grab": "Grab",
        "Download": "Download",
        "Upgrade": "Upgrade",
        "Rename": "Rename",
        "MovieAdded": "SeriesAdd",
        "MovieDelete": "SeriesDelete",
        "MovieFileDelete": "EpisodeFileDelete",
        "MovieFileDeleteForUpgrade": "EpisodeFileDeleteForUpgrade",
        "HealthIssue": "HealthIssue",
        "HealthRestored": "HealthRestored",
        "ApplicationUpdate": "ApplicationUpdate",
        "ManualInteractionRequired": "ManualInteractionRequired",
    },
    "prowlarr": {
        "Grab": "Grab",
        "HealthIssue": "HealthIssue",
        "HealthRestored": "HealthRestored",
        "ApplicationUpdate": "ApplicationUpdate",
    },
}
EXTRAS = {
    ("sonarr", "indexer"): {
        "enableRss": False,
        "enableAutomaticSearch": False,
        "enableInteractiveSearch": False,
        "supportsRss": True,
        "supportsSearch": True,
        "protocol": "torrent",
        "priority": 25,
        "seasonSearchMaximumSingleEpisodeAge": 0,
        "downloadClientId": 0,
    },
    ("sonarr", "importlist"): {
        "enableAutomaticAdd": False,
        "searchForMissingEpisodes": False,
        "shouldMonitor": "all",
        "monitorNewItems": "all",
        "qualityProfileId": 0,
        "seriesType": "standard",
        "seasonFolder": False,
        "listType": "program",
        "listOrder": 0,
        "minRefreshInterval": "00:05:00",
    },
}


def main(facts):
    facts = Path(facts)
    specs = {app: json.loads((facts / "specs" / f"{app}.openapi.json").read_text()) for app in APPS}
    recorded = {app: [json.loads(line) for line in (facts / "recorded" / f"{app}.jsonl").open()] for app in APPS}
    tables = {
        name: json.loads((facts / "specs" / f"{name}_fields.json").read_text())["apps"]
        for name in ("downloadclient", "provider")
    }
    DATA.mkdir(exist_ok=True)
    dump("types.json", {app: types_of(specs[app]) for app in APPS})
    choices = {}
    for kind in KINDS:
        found = {}
        for app in APPS:
            providers = providers_of(app, kind, tables, recorded[app], choices)
            if providers:
                found[app] = providers
        dump(f"{kind}.json", found, depth=2)
    dump("choices.json", choices)
    dump("profiles.json", {app: profiles_of(recorded[app]) for app in APPS[:3]}, depth=2)


def types_of(document):
    """The property types of every resource that the stand-ins bind, as short words."""
    components = document["components"]["schemas"]
    wanted = [name for name in components if name.endswith("Resource")] + ["Field", "DownloadClientCategory"]
    result, queue = {}, [name for name in wanted if name in components]
    while queue:
        name = queue.pop()
        if name in result:
            continue
        schema = components[name]
        if "enum" in schema:
            result[name] = schema["enum"]
            continue
        result[name] = {}
        for prop, value in schema.get("properties", {}).items():
            word, used = type_word(value, components)
            result[name][prop] = word
            if used:
                queue.append(used)
    return dict(sorted(result.items()))


def type_word(value, components):
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        return ("#" if "enum" in components[name] else "@") + name, name
    kind = value.get("type")
    nullable = "?" if value.get("nullable") else ""
    if kind == "array":
        word, used = type_word(value["items"], components)
        return word.rstrip("?") + "[]", used
    if value.get("format") == "date-time":
        return "any", None
    return {
        "integer": "int" + nullable,
        "number": "float" + nullable,
        "boolean": "bool" + nullable,
        "string": "str",
    }.get(kind, "any"), None


def providers_of(app, kind, tables, rows, choices):
    known = tables["downloadclient"][app].get(IN_CLIENT_TABLES.get(kind, ""), {})
    more = tables["provider"][app].get(IN_FIELD_TABLES.get(kind, kind), {})
    table = {**more, **known} if isinstance(more, dict) else known
    seen = recorded_schema(rows, kind)
    result = []
    if seen:
        for entry in seen:
            result.append(provider(app, kind, entry, table.get(entry["implementation"]), choices))
    else:
        for entry in sorted(
            table.values(), key=lambda item: (item.get("implementationName") or item["implementation"]).lower()
        ):
            result.append(provider(app, kind, None, entry, choices))
    if (app, kind) == ("prowlarr", "indexer"):
        result = generic_indexers(result)
    return result


def recorded_schema(rows, kind):
    wanted = f"/{kind}/schema"
    for row in rows:
        if row["method"] == "GET" and row["path"].endswith(wanted) and row["status"] == 200:
            return row["response"]
    if kind == "metadata":  # no schema was asked for, but the list holds every consumer at its defaults
        for row in rows:
            if row["method"] == "GET" and row["path"].endswith("/metadata") and row["status"] == 200:
                return row["response"]
    return None


def provider(app, kind, seen, table, choices):
    source = seen or table
    entry = {
        "implementation": source["implementation"],
        "implementationName": source.get("implementationName") or source["implementation"],
    }
    if source.get("configContract"):
        entry["configContract"] = source["configContract"]
    if seen and seen.get("name") is not None:
        entry["name"] = seen["name"]
    elif not seen and (
        kind in ("notification", "downloadclient") or source["implementation"] in ("Newznab", "Torznab")
    ):
        entry["name"] = ""
    if seen and kind == "metadata":
        entry["place"] = seen["id"]  # consumers get their ids in an order of their own
    if seen and seen.get("message"):
        entry["message"] = seen["message"]["type"]
    extra = {key: value for key, value in (seen or {}).items() if key not in NOT_EXTRA}
    if kind in ("customformat", "autotagging"):
        extra = {}
    elif not seen:
        extra = dict(EXTRAS.get((app, kind), {}))
        if table.get("protocol"):
            extra["protocol"] = table["protocol"]
        elif kind == "indexer":
            extra["protocol"] = "usenet" if source["implementation"] in ("Newznab", "Fanzub") else "torrent"
        if kind == "notification":
            extra = {"events": "sonarr"}
    if seen and (app, kind) == ("prowlarr", "indexer"):
        extra["categories"] = standard_categories(seen["capabilities"]["categories"])
        extra.pop("added", None)
    if extra:
        entry["extra"] = extra
    by_name = {field["name"]: field for field in (table or {}).get("fields", [])}
    entry["fields"] = [field(item, by_name.get(item["name"]), bool(seen), choices) for item in source["fields"]]
    return entry


def standard_categories(categories):
    numbers = []
    for category in categories:
        if category["id"] < 100000:
            numbers.append(category["id"])
        numbers += standard_categories(category.get("subCategories", []))
    return numbers


def field(item, table, was_seen, choices):
    """One field: name, type and what differs from the usual."""
    value = item.get("value" if was_seen else "default")
    if value == MASK:
        value = table.get("default") if table else ""
    result = {"name": item["name"], "type": item["type"], "is": value_type(item, table, value)}
    if value is not None:
        result["default"] = value
    if len(item.get("label") or "") <= 40:
        result["label"] = item.get("label")
    for key, usual in (("privacy", "normal"), ("advanced", False), ("isFloat", False)):
        if item.get(key, usual) != usual:
            result[key] = item[key]
    for key in ("unit", "section", "hidden", "selectOptionsProviderAction"):
        if item.get(key):
            result[key] = item[key]
    options = item.get("selectOptions")
    if isinstance(options, list):
        pairs = [[option["value"], option["name"]] for option in options]
        if len(pairs) > 12:
            name = next((key for key, known in choices.items() if known == pairs), None)
            if name is None:
                name = f"list{len(choices) + 1}"
                choices[name] = pairs
            result["choices"] = name
        else:
            result["choices"] = pairs
    return result


def value_type(item, table, value):
    if table and table.get("csharpType"):
        return TYPES.get(table["csharpType"], "any")
    kind = item["type"]
    if kind == "info":
        return "str"
    if kind == "checkbox":
        return "bool"
    if isinstance(value, list):
        return "int[]" if value and isinstance(value[0], int) else "str[]"
    if kind == "keyValueList":
        return "any"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if kind == "number":
        return "float?" if item.get("isFloat") else "int?"
    if kind == "select" and value is None:
        return "str[]" if item.get("selectOptionsProviderAction") else "int"
    return "str"


def generic_indexers(entries):
    """Newznab and Torznab are offered under their generic names too (the recording kept one preset of each)."""
    result = []
    for entry in entries:
        if entry["implementation"] in ("Newznab", "Torznab"):
            generic = json.loads(json.dumps(entry))
            generic["name"] = "Generic " + entry["implementation"]
            generic["extra"].update(categories=[], sortName=generic["name"].lower())
            for item in generic["fields"]:
                if item["name"] == "baseUrl":
                    item["default"] = ""
            result.append(generic)
        result.append(entry)
    return result + [cardigann(entries)]


def cardigann(entries):
    """One site that is described by a definition file, as most of them are; the recording kept none."""
    torznab = next(entry for entry in entries if entry["implementation"] == "Torznab")
    shared = [field for field in torznab["fields"] if "." in field["name"]]
    text = {"type": "textbox", "is": "str"}
    own = [
        {"name": "username", "label": "Username", **text},
        {"name": "cookie", "label": "Cookie", **text},
        {"name": "freeleech", "label": "Freeleech only", "type": "checkbox", "is": "bool", "default": False},
        {
            "name": "sort",
            "label": "Sort requested from site",
            "type": "select",
            "is": "int",
            "default": 0,
            "choices": [[0, "created"], [1, "seeders"], [2, "size"]],
        },
        {"name": "info_key", "label": "About the key", "type": "info", "is": "str", "default": "A remark"},
    ]
    extra = {**torznab["extra"], "definitionName": "labtracker", "sortName": "lab tracker", "privacy": "semiPrivate"}
    extra.update(indexerUrls=["https://tracker.example/"], supportsRedirect=True, categories=[2000, 2040, 5000, 5040])
    return {
        "implementation": "Cardigann",
        "implementationName": "Cardigann",
        "configContract": "CardigannSettings",
        "name": "Lab Tracker",
        "extra": extra,
        "fields": [
            {"name": "definitionFile", "hidden": "hidden", "default": "labtracker", **text},
            {"name": "baseUrl", "label": "Base Url", "default": "https://tracker.example/", **text},
            *shared,
            *own,
        ],
    }


def profiles_of(rows):
    """Quality definitions, the profiles of a fresh install and the profile schemas."""

    def answer(suffix):
        for row in rows:
            if row["method"] == "GET" and row["path"].endswith(suffix) and row["status"] == 200:
                return row["response"]
        return None

    schema = answer("/qualityprofile/schema")
    result = {
        "qualitydefinition": answer("/qualitydefinition"),
        "schema": schema,
        "qualityprofile": answer("/qualityprofile"),
        "metadataprofile": answer("/metadataprofile"),
        "metadataprofile_schema": answer("/metadataprofile/schema"),
        "delayprofile": answer("/delayprofile"),
    }
    for profile in [schema] + (result["qualityprofile"] or []):
        if profile:
            profile["formatItems"] = []
    return {key: value for key, value in result.items() if value}


def dump(name, content, depth=1):
    """JSON with one entry a line at the given depth: compact, and still readable in a diff."""

    def text(value, level, indent=""):
        if level == 0 or not isinstance(value, (dict, list)) or not value:
            return json.dumps(value, ensure_ascii=False)
        inner = indent + " "
        if isinstance(value, dict):
            parts = [f"{inner}{json.dumps(key)}: {text(item, level - 1, inner)}" for key, item in value.items()]
            return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
        return "[\n" + ",\n".join(inner + text(item, level - 1, inner) for item in value) + f"\n{indent}]"

    (DATA / name).write_text(text(content, depth + 1 if name == "types.json" else depth) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
