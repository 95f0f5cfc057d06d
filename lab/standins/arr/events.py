# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of the library, told to whoever a notification was set up for: Plex scans the folder, a webhook gets the story."""

from __future__ import annotations

import os
import sys

from .. import titles
from . import names
from .contacts import net

SECTION = {"radarr": "movie", "sonarr": "show"}


class Events:
    """Sends what happened. Who cannot be reached gets a line in the log and nothing else, as in reality."""

    def __init__(self, service):
        self.service, self.db, self.library = service, service.db, service.library
        self.films = service.app.kind == "radarr"

    # What happens

    def grabbed(self, item, units, grab):
        release = {"quality": grab["quality"]["quality"]["name"], "qualityVersion": 1, "releaseGroup": grab["group"], "releaseTitle": grab["title"],
                   "indexer": grab["indexer"], "size": grab["size"], "customFormatScore": 0, "customFormats": [], "languages": names.ENGLISH,
                   "indexerFlags": []}
        self._tell("onGrab", item, {"eventType": "Grab", **self._about(item, units), "release": release, **self._client(grab)})

    def imported(self, item, units, file, grab, upgrade):
        story = {"eventType": "Download", **self._about(item, units), self._file_key: self._file(item, file), "isUpgrade": upgrade,
                 "release": self._release(grab), **self._client(grab)}
        self._tell("onUpgrade" if upgrade else "onDownload", item, story, scan=True)

    def complete(self, item, done, grab):
        """All files of a download are there: an event of its own in Sonarr."""
        if self.films:
            return
        units = [unit for _file, inside in done for unit in inside]
        story = {"eventType": "Download", **self._about(item, units), "episodeFiles": [self._file(item, file) for file, _inside in done],
                 "release": self._release(grab), "fileCount": len(done), "destinationPath": item["path"], **self._client(grab)}
        self._tell("onImportComplete", item, story, scan=True)

    def added(self, item):
        name = "onMovieAdded" if self.films else "onSeriesAdd"
        self._tell(name, item, {"eventType": name[2:], **self._about(item, None)})

    def deleted(self, item, files):
        name = "onMovieDelete" if self.films else "onSeriesDelete"
        self._tell(name, item, {"eventType": name[2:], **self._about(item, None), "deletedFiles": files}, scan=files)

    # What is told of it

    _file_key = property(lambda self: "movieFile" if self.films else "episodeFile")

    def _about(self, item, units):
        common = {"id": item["id"], "title": item["title"], "year": item["year"], "tags": self._labels(item), "genres": [],
                  "originalLanguage": names.ENGLISH[0]}
        if self.films:
            title = titles.by_tmdb("movie", item["tmdbId"])
            facts = {"tmdbId": title.tmdb, "imdbId": title.imdb}
            return {"movie": {**common, "releaseDate": f"{title.year}-01-01", "folderPath": item["path"], **facts,
                              "overview": f"{title.named} exists only in the lab.", "images": []},
                    **({"remoteMovie": {**facts, "title": title.title, "year": title.year}} if units else {})}
        title = titles.by_tvdb(item["tvdbId"])
        about = {"series": {**common, "titleSlug": names.slug(title.title), "path": item["path"], "tvdbId": title.tvdb, "tvMazeId": 0, "tmdbId": title.tmdb,
                            "imdbId": title.imdb, "type": item["seriesType"], "images": []}}
        if units is not None:
            keys = ("id", "episodeNumber", "seasonNumber", "title", "airDate", "airDateUtc", "seriesId", "tvdbId")
            about["episodes"] = [{key: unit[key] for key in keys} for unit in units]
        return about

    def _labels(self, item):
        return [row["label"] for row in self.db.rows("tag") if row["id"] in item["tags"]]

    @staticmethod
    def _client(grab):
        return {"downloadClient": grab["client"], "downloadClientType": "qBittorrent", "downloadId": grab["downloadId"],
                "customFormatInfo": {"customFormats": [], "customFormatScore": 0}}

    @staticmethod
    def _release(grab):
        return {"releaseTitle": grab["title"], "indexer": grab["indexer"], "size": grab["size"], "indexerFlags": []}

    def _file(self, item, file):
        quality = file["quality"]["quality"]["name"]
        return {"id": file["id"], "relativePath": file["relativePath"], "path": os.path.join(item["path"], file["relativePath"]), "quality": quality,
                "qualityVersion": 1, "releaseGroup": file["releaseGroup"], "sceneName": file["sceneName"], "indexerFlags": "0", "size": file["size"],
                "dateAdded": file["dateAdded"], "languages": file["languages"]}

    # To whom

    def _tell(self, name, item, story, scan=False):
        for row in self.db.rows("notification"):
            tags = row["tags"] or []
            if not row["top"].get(name) or tags and not set(tags) & set(item["tags"]):
                continue
            try:
                if row["implementation"] == "Webhook":
                    self._webhook(row["settings"], story)
                elif row["implementation"] == "PlexServer" and scan:
                    self._plex(row["settings"], item["path"])
            except (net.Unreachable, ValueError) as error:
                print(f"notification {row['name']}: {error}", file=sys.stderr, flush=True)

    def _webhook(self, values, story):
        method = "PUT" if values.get("method") == 2 else "POST"
        auth = (values["username"], values.get("password") or "") if values.get("username") else None
        headers = {str(one.get("key")): str(one.get("value")) for one in values.get("headers") or []}
        body = {**story, "instanceName": self.service.file.value("InstanceName"),
                "applicationUrl": self.service.db.data["config"].get("host", {}).get("applicationUrl", "")}
        answer = net.request(method, values["url"], json=body, auth=auth, headers=headers)
        if answer.status_code >= 400:
            raise ValueError(f"HTTP {answer.status_code}")

    def _plex(self, values, path):
        """The sections whose locations hold the path are scanned there; where none does, all of the kind are."""
        if not values.get("updateLibrary", True):
            return
        base = net.base_url(values)
        headers = {"Accept": "application/json", "X-Plex-Token": values.get("authToken") or "", "X-Plex-Product": self.service.app.name,
                   "X-Plex-Client-Identifier": self.service.app.kind}
        answer = net.request("GET", base + "/library/sections", headers=headers)
        if answer.status_code != 200:
            raise ValueError(f"Plex: HTTP {answer.status_code}")
        kind = SECTION[self.service.app.kind]
        sections = [one for one in answer.json().get("MediaContainer", {}).get("Directory", []) if one.get("type") == kind]
        path = mapped(path, values.get("mapFrom"), values.get("mapTo"))
        hits = [one for one in sections if any(below(path, place.get("path", "")) for place in one.get("Location", []))]
        for section in hits or sections:
            answer = net.request("GET", f"{base}/library/sections/{section['key']}/refresh", headers=headers, params={"path": path} if hits else {})
            if answer.status_code >= 400:
                raise ValueError(f"Plex: HTTP {answer.status_code}")


def below(path, folder):
    folder = folder.rstrip("/")
    return path == folder or path.startswith(folder + "/")


def mapped(path, ours, theirs):
    """A path as Plex sees it."""
    if not ours or not theirs or not below(path, ours):
        return path
    return theirs.rstrip("/") + path[len(ours.rstrip("/")):]
