# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the API's shape of a resource is not one that a person would write: names, best first, in the place of nested lists.

A function here takes the wish, the object that is there (or the one that a new one begins with) and the worker that reads collections, and
returns the wish in the API's terms. What is so already it leaves out, and so nothing is written.
"""
from __future__ import annotations

import copy

from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.resource import camel, coerce, nearest, snake


def notification(wish, model, worker, where, new):
    """The option C(events): those named are on, all others are off."""
    events = wish.pop("events", None)
    if events is None:
        return wish
    known = [key for key in model if key.startswith("on") and key[2:3].isupper()]
    wanted = [camel(name) for name in events]
    for key in wanted:
        if key not in known:
            raise MediaError("{0}: there is no event {1}; {2}".format(where, snake(key), nearest(snake(key), [snake(item) for item in known])))
    return dict(wish, **{snake(key): key in wanted for key in known})


def indexer(wish, model, worker, where, new):
    """What a new indexer of Prowlarr cannot be without."""
    if new and "appProfileId" in model:
        if wish.get("appProfileId") is None:
            wish["appProfileId"] = min(item["id"] for item in worker.client.read("appprofile"))
        if model.get("supportsRedirect") and "usenet" in str(model.get("protocol", "")).lower():
            wish.setdefault("redirect", True)
    return wish


def root_folder(wish, model, worker, where, new):
    """What Lidarr wants to know about a new root folder."""
    if not new or worker.client.app != "lidarr":
        return wish
    for option, key, path in (("default_quality_profile", "defaultQualityProfileId", "qualityprofile"),
                              ("default_metadata_profile", "defaultMetadataProfileId", "metadataprofile")):
        if wish.get(key) is None:
            raise MediaError("{0}: Lidarr wants {1} for a new one; there are {2}".format(
                where, option, ", ".join(sorted(str(item.get("name")) for item in worker.client.read(path)))))
    return dict({"name": wish["path"].rstrip("/").rpartition("/")[2] or "/"}, **{key: value for key, value in wish.items() if value is not None})


def delay_profile(wish, model, worker, where, new):
    """Lidarr 3 keeps one item for each protocol, the preferred one first, where the others have six values."""
    if "items" not in model:
        return wish
    items = copy.deepcopy(model["items"])
    preferred = wish.pop("preferred_protocol", None)
    for item in items:
        protocol = "usenet" if "usenet" in item["protocol"].lower() else "torrent"
        for option, key in (("enable_" + protocol, "allowed"), (protocol + "_delay", "delay")):
            value = wish.pop(option, None)
            if value is not None:
                item[key] = value
    if preferred:
        items.sort(key=lambda item: str(preferred).lower() not in item["protocol"].lower())
    return dict(wish, items=items) if new or items != model["items"] else wish


def custom_format(wish, model, worker, where, new):
    """Specifications with their fields as a mapping, as in the JSON files of the TRaSH guides."""
    definition = wish.pop("definition", None) or {}
    for key in ("specifications", "includeCustomFormatWhenRenaming"):
        if key in definition:
            wish.setdefault(snake(key), definition[key])
    wanted = wish.pop("specifications", None)
    if wanted is None:
        return wish
    schema = {entry["implementation"]: entry for entry in worker.client.read("customformat/schema")}
    built = [_specification(item, schema, where) for item in wanted]
    if not new and [_plain(item) for item in model.get("specifications") or []] == [_plain(item) for item in built]:
        return wish
    return dict(wish, specifications=built)


def _specification(item, schema, where):
    name, found = item.get("implementation"), None
    for key, entry in schema.items():
        if str(name).lower() in (key.lower(), key.lower().replace("specification", ""), entry.get("implementationName", "").lower()):
            found = copy.deepcopy(entry)
    if found is None:
        raise MediaError("{0}: there is no specification {1}; {2}".format(where, name, nearest(name, schema)))
    found.pop("presets", None)
    fields = item.get("fields") or {}
    if isinstance(fields, list):
        fields = {entry["name"]: entry.get("value") for entry in fields}
    names = [entry["name"] for entry in found["fields"]]
    for key in fields:
        # The guides name a field that other apps know by another schema; what this app does not know it would drop silently.
        if key not in names:
            raise MediaError("{0}: the specification {1} has no field {2}; {3}".format(where, item.get("name"), key, nearest(key, names)))
    for entry in found["fields"]:
        if entry["name"] in fields:
            entry["value"] = coerce(entry, fields[entry["name"]], where)
    return dict(found, name=item.get("name") or found["implementationName"], negate=bool(item.get("negate")), required=bool(item.get("required")))


def _plain(item):
    return (item["name"], item["implementation"], bool(item.get("negate")), bool(item.get("required")),
            {entry["name"]: entry.get("value") for entry in item["fields"] if entry.get("value") not in (None, "")})


def quality_profile(wish, model, worker, where, new):
    """Qualities best first by name, with groups, the cutoff by name, and scores by the names of custom formats."""
    items = model["items"]
    wanted = wish.pop("qualities", None)
    if wanted is not None:
        shape = [(entry, None) if isinstance(entry, str) else (entry.get("name"), sorted(entry.get("qualities") or [])) for entry in wanted]
        if new or shape != shape_of(items):
            items = wish["items"] = _items(items, wanted, where)
    allowed = {name_of(item): number_of(item) for item in items if item.get("allowed")}
    cutoff = wish.pop("cutoff", None)
    if cutoff is not None:
        by_name = {name.lower(): number for name, number in allowed.items()}
        if str(cutoff).lower() not in by_name:
            raise MediaError("{0}: the cutoff {1} is none of the allowed qualities; {2}".format(where, cutoff, nearest(cutoff, allowed)))
        wish["cutoff"] = by_name[str(cutoff).lower()]
    elif new and allowed:
        wish["cutoff"] = [number_of(item) for item in items if item.get("allowed")][-1]
    scores = wish.pop("formats", None)
    if scores:
        wish["formatItems"] = _scores(model.get("formatItems") or [], scores, worker, where)
    language = wish.pop("language", None)
    if language is not None:
        known = {item["name"]: item["id"] for item in worker.client.read("language")}
        found = next((name for name in known if name.lower() == str(language).lower()), None)
        if found is None:
            raise MediaError("{0}: there is no language {1}; {2}".format(where, language, nearest(language, known)))
        if "language" not in model:
            raise MediaError("{0}: profiles have a language in Radarr only; leave language out".format(where))
        if (model["language"] or {}).get("id") != known[found]:
            wish["language"] = {"id": known[found], "name": found}
    if "formatItems" in wish and wish["formatItems"] == model.get("formatItems"):
        del wish["formatItems"]
    return wish


def name_of(item):
    return item["quality"]["name"] if item.get("quality") else item.get("name")


def number_of(item):
    return item["quality"]["id"] if item.get("quality") else item.get("id")


def shape_of(items):
    """The allowed qualities and groups, best first."""
    return [(name_of(item), None if item.get("quality") else sorted(name_of(inner) for inner in item["items"]))
            for item in reversed(items) if item.get("allowed")]


def _items(items, wanted, where):
    """Every quality once: those not allowed first, in their order, and then those allowed, the best one last."""
    singles, groups = {}, {}
    for item in items:
        if item.get("quality"):
            singles[name_of(item)] = item
        else:
            groups[name_of(item)] = item
            singles.update({name_of(inner): inner for inner in item["items"]})
    left = dict(singles)

    def take(name):
        if name not in left:
            problem = "is named twice" if name in singles else "is not there"
            raise MediaError("{0}: the quality {1} {2}; {3}".format(where, name, problem, nearest(name, left)))
        return dict(left.pop(name), allowed=True)

    numbers = {item["id"] for item in groups.values()}
    allowed = []
    for entry in wanted:
        if isinstance(entry, str) and entry in groups and entry not in left:
            entry = {"name": entry, "qualities": [name_of(inner) for inner in reversed(groups[entry]["items"])]}
        if isinstance(entry, str):
            allowed.append(take(entry))
            continue
        number = groups[entry["name"]]["id"] if entry["name"] in groups else max(numbers | {999}) + 1
        numbers.add(number)
        allowed.append({"id": number, "name": entry["name"], "allowed": True, "items": [take(name) for name in reversed(entry.get("qualities") or [])]})
    return [dict(item, allowed=False) for item in left.values()] + allowed[::-1]


def _scores(items, scores, worker, where):
    known = {item["name"].lower(): item["name"] for item in items}
    wanted, coming = {}, []
    for name, score in scores.items():
        if str(name).lower() in known:
            wanted[str(name).lower()] = int(score)
        elif worker.check_mode and ("customformat", str(name).lower()) in worker.pending:
            coming.append({"format": 0, "name": name, "score": int(score)})
        else:
            raise MediaError("{0}: there is no custom format {1}; {2}".format(where, name, nearest(name, known.values())))
    return [dict(item, score=wanted.get(item["name"].lower(), item["score"])) for item in items] + coming


SHAPES = {"notification": notification, "indexer": indexer, "root_folder": root_folder, "delay_profile": delay_profile, "custom_format": custom_format,
          "quality_profile": quality_profile}
