# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries: what may be asked for, and a scan that really looks into the folders."""
from __future__ import annotations

import os
import re
import time
import uuid
from pathlib import Path

from .. import titles
from ..common import Store
from .preferences import FOLDER, SECTION, SHOW, coerce

TYPES = {"movie": 1, "show": 2, "season": 3, "episode": 4, "artist": 8, "album": 9, "track": 10, "photo": 13}
NUMBERS = {str(number): name for name, number in TYPES.items()}
VIDEO = {".mkv", ".mp4", ".avi", ".m4v", ".ts"}
MODERN = re.compile(r"^[a-z]{2,3}-[A-Z]{2}$|^xn$")
LEGACY_SCANNERS = {"Plex Movie Scanner", "Plex Series Scanner", "Plex Music Scanner", "Plex Photo Scanner", "Plex Video Files Scanner"}
AGENTS = {"movie": [("tv.plex.agents.movie", "Plex Movie"), ("tv.plex.agents.none", "Personal Media"), ("com.plexapp.agents.none", "Personal Media")],
          "show": [("tv.plex.agents.series", "Plex Series"), ("com.plexapp.agents.none", "Personal Media Shows")],
          "artist": [("tv.plex.agents.music", "Plex Music"), ("com.plexapp.agents.none", "Personal Media Artists")],
          "photo": [("com.plexapp.agents.none", "Personal Media")]}
ART = {"movie": "movie", "show": "show", "artist": "artist", "photo": "photo"}


# What a real server reads in the video itself is here in the name of the file.
RESOLUTIONS = ((r"2160p|\b4k\b|\buhd\b", "4k"), (r"1080[pi]", "1080"), (r"720p", "720"), (r"576[pi]", "576"), (r"480[pi]", "480"))
PIXELS = {"4k": (3840, 2160), "1080": (1920, 1080), "720": (1280, 720), "576": (720, 576), "480": (720, 480)}


class Refused(Exception):
    """400 with these reasons."""


def resolution(file):
    """As in ``Media``: 4k, 1080 and so on."""
    name = Path(file).name.lower()
    return next((found for pattern, found in RESOLUTIONS if re.search(pattern, name)), "1080")


def trimmed(path):
    return path.rstrip("/") or "/"


class Library:
    def __init__(self, directory):
        self.store = Store(Path(directory) / FOLDER / "standin-library.json",
                           lambda: {"sections": {}, "items": {}, "next": 1, "location": 1, "key": 1})

    @property
    def sections(self):
        return self.store.data["sections"]

    # -- sections

    def check(self, kind, agent, scanner, language, locations):
        reasons = []
        if not agent or not re.match(r"^(tv\.plex|com\.plexapp)\.agents\.|^org\.|^com\.", agent):
            reasons.append("'agent' is missing or invalid")
        modern = bool(agent and agent.startswith("tv.plex."))
        if not language or (modern and not MODERN.match(language)) or (not modern and not re.match(r"^[a-z]{2}$|^xn$", language)):
            reasons.append("'language' is invalid")
        if not reasons and scanner and modern == (scanner in LEGACY_SCANNERS):
            if agent != "com.plexapp.agents.none" or scanner not in LEGACY_SCANNERS:
                reasons.append("new scanner needs to be paired with new agent")
        if kind not in ("movie", "show", "artist", "photo"):
            reasons.append("'type' is missing or invalid")
        if reasons:
            raise Refused(reasons)
        if not locations or not all(os.path.isdir(path) for path in locations):
            raise Refused([])

    def _locations(self, paths, held=()):
        known = {item["path"]: item for item in held}
        found = []
        for path in dict.fromkeys(trimmed(path) for path in paths):
            if path in known:
                found.append(known[path])
            else:
                found.append({"id": self.store.data["location"], "path": path})
                self.store.data["location"] += 1
        return found

    def add(self, name, kind, agent, scanner, language, locations, prefs):
        kind = NUMBERS.get(kind, kind)
        self.check(kind, agent, scanner, language, locations)
        if not name:
            raise Refused(["'name' is missing"])
        with self.store.lock:
            key = str(self.store.data["key"])
            self.store.data["key"] += 1
            stamp = int(time.time())
            self.sections[key] = {"key": key, "type": kind, "title": name, "agent": agent, "scanner": scanner or "", "language": language,
                                  "uuid": str(uuid.uuid4()), "createdAt": stamp, "updatedAt": stamp, "scannedAt": stamp, "changed": 0,
                                  "locations": self._locations(locations), "prefs": {}}
            self.set_prefs(key, prefs)
            self.store.save()
        return self.sections[key]

    def edit(self, key, wanted, prefs):
        section = self.sections[key]
        if not wanted.get("agent"):
            raise Refused(["'agent' is missing or invalid"])
        locations = wanted.get("locations")
        self.check(section["type"], wanted["agent"], wanted.get("scanner") or section["scanner"], wanted.get("language") or section["language"],
                   locations if locations else [item["path"] for item in section["locations"] if os.path.isdir(item["path"])] or ["/"])
        with self.store.lock:
            section["agent"] = wanted["agent"]
            for name, key_ in (("name", "title"), ("scanner", "scanner"), ("language", "language")):
                if wanted.get(name):
                    section[key_] = wanted[name]
            if locations:
                section["locations"] = self._locations(locations, section["locations"])
            section["updatedAt"] = int(time.time())
            self.set_prefs(key, prefs)
            self.store.save()

    def known_prefs(self, kind):
        return {**SECTION, **(SHOW if kind == "show" else {})}

    def set_prefs(self, key, prefs):
        section = self.sections[key]
        known = self.known_prefs(section["type"])
        for name, value in prefs.items():
            if name in known:
                section["prefs"][name] = coerce(known[name][0], value)
        self.store.save()

    def remove(self, key):
        with self.store.lock:
            del self.sections[key]
            self.store.data["items"] = {number: item for number, item in self.store.data["items"].items() if item["section"] != key}
            self.store.save()

    def shown(self, section, new=False):
        art = ART[section["type"]]
        row = {"allowSync": True, "art": f"/:/resources/{art}-fanart.jpg",
               "composite": f"/library/sections/{section['key']}/composite/{section['updatedAt']}", "filters": True, "refreshing": False,
               "thumb": f"/:/resources/{art}.png", "key": section["key"], "type": section["type"], "title": section["title"],
               "agent": section["agent"], "scanner": section["scanner"], "language": section["language"], "uuid": section["uuid"],
               "updatedAt": section["updatedAt"], "createdAt": section["createdAt"], "scannedAt": section["scannedAt"], "content": True,
               "directory": True, "contentChangedAt": section["changed"], "hidden": section["prefs"].get("hidden", 0),
               "Location": section["locations"]}
        if new:
            for name in ("allowSync", "filters", "refreshing", "scannedAt"):
                del row[name]
        return row

    # -- what is in them

    def scan(self, key, path=None):
        section = self.sections[key]
        with self.store.lock:
            found = {}
            for location in section["locations"]:
                for folder, _folders, files in os.walk(location["path"]):
                    for name in sorted(files):
                        if Path(name).suffix.lower() in VIDEO:
                            found[os.path.join(folder, name)] = location["path"]
            inside = (lambda file: file.startswith(path.rstrip("/") + "/")) if path else (lambda file: True)
            items = self.store.data["items"]
            for number in [number for number, item in items.items() if item["section"] == key and item.get("file")
                           and inside(item["file"]) and item["file"] not in found]:
                del items[number]
            known = {item["file"] for item in items.values() if item.get("file")}
            for file, root in found.items():
                if file not in known and inside(file):
                    self._take(section, file, root)
            parents = {item.get("parent") for item in items.values()}
            for number in [number for number, item in items.items() if item["section"] == key and item["type"] in ("show", "season")]:
                if int(number) not in parents:
                    items.pop(number, None)
            section["scannedAt"] = int(time.time())
            section["changed"] += 1
            self.store.save()

    def _new(self, **values):
        number = self.store.data["next"]
        self.store.data["next"] += 1
        stamp = int(time.time())
        self.store.data["items"][str(number)] = {"key": number, "addedAt": stamp, "updatedAt": stamp, **values}
        return number

    def _parent(self, section, kind, title, parent=None, **values):
        for item in self.store.data["items"].values():
            if item["section"] == section["key"] and item["type"] == kind and item["title"] == title and item.get("parent") == parent:
                return item["key"]
        return self._new(section=section["key"], type=kind, title=title, parent=parent, **values)

    def _take(self, section, file, root):
        parts = Path(file).relative_to(root).parts
        label = parts[0] if len(parts) > 1 else Path(parts[-1]).stem
        guids = [f"{name}://{value}" for name, value in re.findall(r"\{(tmdb|imdb|tvdb)-(\w+)\}", label)]
        plain = re.sub(r"\s*[\[{].*?[\]}]", "", label).strip()
        match = re.match(r"^(.*?)[ .]\((\d{4})\)", plain) or re.match(r"^(.*?)[ .](\d{4})(?:[ .]|$)", plain)
        title, year = (match[1].replace(".", " "), int(match[2])) if match else (plain, None)
        # The agent knows the titles of the lab.
        known = titles.by_name(title, year, {"movie": "movie", "show": "tv"}.get(section["type"]))
        if known:
            title, year, guids = known.title, known.year, known.guids
        size = os.path.getsize(file)
        if section["type"] == "movie":
            self._new(section=section["key"], type="movie", title=title, year=year, guids=guids, file=file, size=size)
        elif section["type"] == "show":
            episode = re.search(r"[sS](\d+)((?:-?[eE]\d+)+)", parts[-1])
            if episode:
                show = self._parent(section, "show", title, year=year, guids=guids)
                season = self._parent(section, "season", f"Season {int(episode[1])}", show, index=int(episode[1]))
                for number in re.findall(r"\d+", episode[2]):
                    self._new(section=section["key"], type="episode", title=f"Episode {int(number)}", parent=season, index=int(number),
                              file=file, size=size)

    def items(self, key, kind):
        return [item for item in self.everything() if item["section"] == key and item["type"] == kind]

    def everything(self):
        """All items; a scan may add to them meanwhile."""
        return list(self.store.data["items"].values())

    def item(self, number):
        return self.store.data["items"].get(str(number))

    def children(self, number):
        return [item for item in self.everything() if item.get("parent") == int(number)]

    def metadata(self, item, guids=True):
        section = self.sections[item["section"]]
        row = {"ratingKey": str(item["key"]), "key": f"/library/metadata/{item['key']}" + ("/children" if item["type"] in ("show", "season") else ""),
               "guid": f"plex://{item['type']}/{uuid.uuid5(uuid.NAMESPACE_URL, section['uuid'] + str(item['key'])).hex[:24]}",
               "type": item["type"], "title": item["title"], "year": item.get("year"), "index": item.get("index"),
               "addedAt": item["addedAt"], "updatedAt": item["updatedAt"], "librarySectionTitle": section["title"],
               "librarySectionID": int(section["key"]), "librarySectionKey": f"/library/sections/{section['key']}"}
        parent = self.item(item["parent"]) if item.get("parent") else None
        if parent:
            row.update(parentRatingKey=str(parent["key"]), parentTitle=parent["title"], parentIndex=parent.get("index"))
            above = self.item(parent["parent"]) if parent.get("parent") else None
            if above:
                row.update(grandparentRatingKey=str(above["key"]), grandparentTitle=above["title"])
        if item.get("file"):
            sharp = resolution(item["file"])
            row["Media"] = [{"id": item["key"], "videoResolution": sharp, "width": PIXELS[sharp][0], "height": PIXELS[sharp][1],
                             "container": Path(item["file"]).suffix[1:],
                             "Part": [{"id": item["key"], "key": f"/library/parts/{item['key']}/0/file", "file": item["file"], "size": item["size"]}]}]
        if item["type"] in ("show", "season"):
            below = self.children(item["key"])
            row.update(childCount=len(below), leafCount=len(below) if item["type"] == "season" else sum(len(self.children(one["key"])) for one in below))
        if guids and item.get("guids"):
            row["Guid"] = [{"id": value} for value in item["guids"]]
        return row
