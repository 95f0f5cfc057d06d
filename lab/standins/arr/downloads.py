# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads: handed to qBittorrent, watched there, imported by hardlink when they are complete; the queue and the history."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time

from .. import torrents
from . import names
from .contacts import clients, net
from .errors import Failed, not_found
from .providers import now
from .releases import shares

COMPLETE = ("uploading", "stalledUP", "pausedUP", "stoppedUP", "queuedUP", "forcedUP")
STATES = {"metaDL": "queued", "forcedMetaDL": "queued", "queuedDL": "queued", "checkingDL": "queued", "checkingResumeData": "queued", "pausedDL": "paused",
          "stoppedDL": "paused", "error": "warning", "missingFiles": "warning", "stalledDL": "warning"}
PATIENCE = 10           # looks until a torrent that was never seen counts as taken away


class Downloads:
    """What was sent to a download client and is not at its end yet. Only qBittorrent is spoken to."""

    def __init__(self, service):
        self.service, self.db, self.library = service, service.db, service.library
        self.interval = float(service.environment.get("STANDIN_POLL_INTERVAL") or 2)
        self.lock, self.looking = threading.Lock(), threading.Lock()
        self.wake, self.thread = threading.Event(), None
        self.torrents, self.problems, self.headers, self.absent = {}, {}, {}, {}
        router = service.router
        router.add("GET", "queue", self.queue)
        router.add("GET", "queue/details", self.details)
        router.add("GET", "queue/status", self.status)
        router.add("DELETE", "queue/{number}", self.delete)
        router.add("GET", "history", self.history)
        router.add("GET", f"history/{self.library.table}", self.history_of)
        router.add("GET", "wanted/missing", self.missing)
        router.add("GET", "wanted/cutoff", lambda call: (200, page(call, [])))
        if self.waiting():
            self.watch()

    # Clients

    def client_for(self, release, item):
        """The download client of a release: the one of its indexer, else the first by priority; nothing when there is none."""
        indexer = self.db.row("indexer", release["indexerId"]) or {"top": {}}
        wanted = indexer["top"].get("downloadClientId")
        entries = self.service.providers["downloadclient"]
        found = [row for row in self.db.rows("downloadclient")
                 if row["top"].get("enable") and entries.entry(row["implementation"])["extra"].get("protocol") == release["protocol"]
                 and shares(row["tags"], item) and (not wanted or row["id"] == wanted)]
        return min(found, key=lambda row: row["top"].get("priority", 1), default=None)

    def call(self, client, method, path, **options):
        """One request to qBittorrent, signed in; ValueError when it refuses."""
        base = net.base_url(client["settings"])
        for attempt in (1, 2):
            headers = self.headers.get(client["id"])
            if headers is None:
                headers, failures = clients.qbittorrent_login(self.service, base, client["settings"])
                if failures:
                    raise ValueError(f"{client['name']}: {failures[0]['errorMessage']}")
                self.headers[client["id"]] = headers
            answer = net.request(method, f"{base}/api/v2/{path}", headers=headers, **options)
            if answer.status_code != 403 or attempt == 2:
                break
            self.headers.pop(client["id"], None)
        if answer.status_code >= 400:
            raise ValueError(f"{client['name']}: {path}: HTTP {answer.status_code}")
        return answer

    def category(self, client):
        return client["settings"].get(clients.CATEGORY[self.service.app.media]) or ""

    # To the client

    def grab(self, release):
        """Fetch the torrent and hand it over. ValueError, net.Unreachable or Failed when that does not work."""
        item, units = release["hit"]
        client = self.client_for(release, item)
        if client is None or client["implementation"] != "QBittorrent":
            text = f"{release['protocol']} Download client isn't configured yet"
            raise Failed(500, text, "NzbDrone.Core.Download.Clients.DownloadClientUnavailableException")
        content, link = self._fetch(release["link"])
        number = torrents.info_hash(content) if content else torrents.magnet_hash(link)
        if not number:
            raise ValueError("the link leads to no torrent")
        self._add(client, release, content, link)
        self._begin(release, client, number.upper(), item, units)

    def _fetch(self, link):
        """(the torrent file, "") or (nothing, the magnet link)."""
        for _hop in range(5):
            if link.startswith("magnet:"):
                return None, link
            answer = net.request("GET", link)
            if answer.status_code in (301, 302, 303, 307, 308):
                link = answer.headers.get("Location", "")
                continue
            if answer.status_code != 200:
                raise ValueError(f"HTTP {answer.status_code}")
            return answer.content, ""
        raise ValueError("too many redirections")

    def _add(self, client, release, content, link):
        values = client["settings"]
        stopped = "true" if values.get("initialState") == 2 else "false"
        form = {"category": self.category(client), "paused": stopped, "stopped": stopped}
        indexer = (self.db.row("indexer", release["indexerId"]) or {"settings": {}})["settings"]
        if indexer.get("seedCriteria.seedRatio") is not None:
            form["ratioLimit"] = str(indexer["seedCriteria.seedRatio"])
        if indexer.get("seedCriteria.seedTime") is not None:
            form["seedingTimeLimit"] = str(indexer["seedCriteria.seedTime"])
        if values.get("sequentialOrder"):
            form["sequentialDownload"] = "true"
        if values.get("firstAndLast"):
            form["firstLastPiecePrio"] = "true"
        if values.get("contentLayout") in (1, 2):
            form["contentLayout"] = {1: "Original", 2: "Subfolder"}[values["contentLayout"]]
        files = {"torrents": (release["title"] + ".torrent", content, "application/x-bittorrent")} if content else {}
        if not content:
            form["urls"] = link
        # Without a file the form would not be multipart, which is how the torrents come.
        answer = self.call(client, "POST", "torrents/add", data=form, files=files or {"urls": (None, link)})
        if answer.text.strip() == "Fails.":
            raise ValueError(f"{client['name']} did not take the torrent")

    def _begin(self, release, client, number, item, units):
        facts = {"downloadId": number, "itemId": item["id"], "unitIds": [unit["id"] for unit in units], "title": release["title"],
                 "group": release["parsed"].group if release["parsed"] else "", "indexer": release["indexer"], "clientId": client["id"],
                 "client": client["name"], "quality": release["quality"], "size": release["size"], "added": now(), "imported": False,
                 "protocol": release["protocol"]}
        with self.db.lock:
            for old in self.db.rows("grab"):
                if old["downloadId"] == number:
                    self.db.delete("grab", old["id"])
            grab = self.db.insert("grab", facts)
        for unit in units:
            self.remember("grabbed", grab, item, unit, {
                "indexer": release["indexer"], "nzbInfoUrl": release["guid"], "releaseGroup": grab["group"], "downloadClient": client["implementation"],
                "downloadClientName": client["name"], "size": str(release["size"]), "downloadUrl": release["link"], "guid": release["guid"],
                "protocol": "2" if release["protocol"] == "torrent" else "1", "torrentInfoHash": number})
        self.service.events.grabbed(item, units, grab)
        self.watch()

    # Watching

    def waiting(self):
        return [row for row in self.db.rows("grab") if not row["imported"]]

    def forget(self, item):
        """Nothing is waited for any more on behalf of a title that is gone."""
        for grab in self.waiting():
            if grab["itemId"] == item:
                self.db.delete("grab", grab["id"])

    def watch(self):
        """Look every two seconds (the real one: every minute) for as long as something is on its way."""
        with self.lock:
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._watch, daemon=True)
                self.thread.start()
        self.wake.set()

    def _watch(self):
        while self.waiting():
            self.wake.clear()
            try:
                self.look()
            except Exception as error:  # as in reality: a line in the log, and the next look
                print(f"downloads: {error!r}", file=sys.stderr, flush=True)
            self.wake.wait(self.interval)

    def look(self):
        """Ask the clients once, and import what is complete."""
        with self.looking:
            waiting = self.waiting()
            for number in {grab["clientId"] for grab in waiting}:
                client = self.db.row("downloadclient", number)
                mine = [grab for grab in waiting if grab["clientId"] == number]
                try:
                    answer = self.call(client, "GET", "torrents/info", params={"category": self.category(client)}) if client else None
                    found = {one["hash"].upper(): one for one in answer.json()} if answer else {}
                except (net.Unreachable, ValueError) as error:
                    for grab in mine:
                        self.problems[grab["downloadId"]] = [str(error)]
                    continue
                for grab in mine:
                    self._one(client, grab, found.get(grab["downloadId"]))

    def _one(self, client, grab, torrent):
        number = grab["downloadId"]
        if torrent is None:
            # It was there, and somebody took it away; or that was done before we looked.
            self.absent[number] = self.absent.get(number, 0) + 1
            if self.torrents.pop(number, None) or self.absent[number] > PATIENCE:
                self.absent.pop(number)
                self.db.delete("grab", grab["id"])
            return
        self.absent.pop(number, None)
        self.torrents[number] = torrent
        self.problems.pop(number, None)
        if torrent.get("progress", 0) < 1 or torrent.get("state") not in COMPLETE or not self._handles():
            return
        try:
            self.bring(client, grab, torrent)
        except OSError as error:
            self.problems[number] = [f"Import failed, path does not exist or is not accessible: {error.filename or error}"]
        except ValueError as error:
            self.problems[number] = [str(error)]

    def _handles(self):
        return self.library.config("downloadclient")["enableCompletedDownloadHandling"]

    def local(self, client, path):
        """A path of the client as we see it, by the longest remote path mapping of its host."""
        host = (client["settings"].get("host") or "").lower()
        fitting = [row for row in self.db.rows("remotepathmapping")
                   if row["host"].lower() == host and (path.rstrip("/") + "/").startswith(row["remotePath"].rstrip("/") + "/")]
        if not fitting:
            return path
        best = max(fitting, key=lambda row: len(row["remotePath"]))
        return os.path.join(best["localPath"], path[len(best["remotePath"].rstrip("/")):].lstrip("/"))

    # Importing

    def bring(self, client, grab, torrent):
        """Bring the files of a download into the library. ValueError says what is in the way."""
        item = self.db.row(self.library.table, grab["itemId"])
        if item is None:
            raise ValueError("The title of this download is not in the library any more")
        source = self.local(client, torrent.get("content_path") or os.path.join(torrent.get("save_path", ""), torrent.get("name", "")))
        if not os.path.exists(source):
            raise ValueError(f"No files found are eligible for import in {source}")
        root = self.library.root_of(item["path"])
        if not os.path.isdir(root):
            raise ValueError(f"Root folder '{root}' does not exist.")
        done = []
        for file in names.videos(source):
            units = self.library.units_in(item, os.path.basename(file))
            if units:
                done.append(self._file(client, grab, torrent, item, units, file))
        if not done:
            raise ValueError(f"No files found are eligible for import in {source}")
        self._end(client, grab, torrent)
        self.service.events.complete(item, done, grab)

    def _file(self, client, grab, torrent, item, units, source):
        relative = self.library.destination(item, units, source, grab["quality"])
        target = os.path.join(item["path"], relative)
        old = [row for row in self.library.files_of(item) if row["id"] in [self.library.file_id(unit) for unit in units]]
        self._place(source, target)
        row, _replaced = self.library.add_file(item, units, relative, os.path.getsize(target), grab["quality"],
                                               os.path.splitext(os.path.basename(source))[0], grab["group"])
        for other in old:
            path = os.path.join(item["path"], other["relativePath"])
            if path != target and os.path.isfile(path):
                os.unlink(path)
        for unit in units:
            self.remember("downloadFolderImported", grab, item, unit, {
                "fileId": str(row["id"]), "droppedPath": source, "importedPath": target, "downloadClient": client["implementation"],
                "downloadClientName": client["name"], "releaseGroup": grab["group"], "size": str(row["size"])})
        self.service.events.imported(item, units, row, grab, bool(old))
        return row, units

    def _place(self, source, target):
        """A hardlink, so that the client goes on seeding; a copy only where that cannot be."""
        config = self.library.config("mediamanagement")
        made = [folder for folder in (os.path.dirname(os.path.dirname(target)), os.path.dirname(target)) if not os.path.isdir(folder)]
        os.makedirs(os.path.dirname(target), exist_ok=True)
        partial = target + ".partial~"
        if os.path.exists(partial):
            os.unlink(partial)
        try:
            if not config["copyUsingHardlinks"]:
                raise OSError("hardlinks are off")
            os.link(source, partial)
        except OSError:
            shutil.copyfile(source, partial)
        os.replace(partial, target)
        if os.path.exists(partial):             # both are the same file: then nothing was renamed
            os.unlink(partial)
        if config["setPermissionsLinux"]:
            mode = int(config["chmodFolder"], 8)
            for folder in made:
                os.chmod(folder, mode)
            os.chmod(target, mode & 0o666)

    def _end(self, client, grab, torrent):
        self.db.update("grab", grab["id"], {**grab, "imported": True})
        self.torrents.pop(grab["downloadId"], None)
        after = client["settings"].get(clients.IMPORTED.get(self.service.app.media)) or ""
        if after and after != torrent.get("category"):
            self.call(client, "POST", "torrents/setCategory", data={"hashes": torrent["hash"], "category": after})

    # The queue

    def records(self):
        found = []
        for grab in self.waiting():
            torrent, problems = self.torrents.get(grab["downloadId"], {}), self.problems.get(grab["downloadId"], [])
            complete = torrent.get("progress", 0) >= 1 and torrent.get("state") in COMPLETE
            left, eta = torrent.get("amount_left", grab["size"]), torrent.get("eta", 8640000)
            client = self.db.row("downloadclient", grab["clientId"])
            shown = {
                "languages": names.ENGLISH, "quality": grab["quality"], "customFormats": [], "customFormatScore": 0, "size": torrent.get("size", grab["size"]),
                "title": torrent.get("name", grab["title"]), "added": grab["added"],
                "status": "completed" if complete else STATES.get(torrent.get("state", "queuedDL"), "downloading"),
                "trackedDownloadStatus": "warning" if problems else "ok", "trackedDownloadState": "importPending" if complete else "downloading",
                "statusMessages": [{"title": grab["title"], "messages": problems}] if problems else [], "downloadId": grab["downloadId"],
                "protocol": grab["protocol"], "downloadClient": grab["client"],
                "downloadClientHasPostImportCategory": bool(client and client["settings"].get(clients.IMPORTED.get(self.service.app.media))),
                "indexer": grab["indexer"], "sizeleft": left}
            if torrent.get("content_path") and client:
                shown["outputPath"] = self.local(client, torrent["content_path"])
            if 0 <= eta < 8640000:
                shown["timeleft"] = time.strftime("%H:%M:%S", time.gmtime(eta))
                shown["estimatedCompletionTime"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + eta))
            for place, number in enumerate(grab["unitIds"]):
                unit = self.library.unit(number)
                if unit is not None:
                    found.append({**self.owner(grab["itemId"], unit), **shown, "id": grab["id"] * 100 + place})
        return found

    def owner(self, item, unit):
        """The ids that a record of the queue or the history carries."""
        if self.library.table == "movie":
            return {"movieId": item}
        return {"seriesId": item, "episodeId": unit["id"], "seasonNumber": unit["seasonNumber"]}

    def _with(self, call, records):
        library, found = self.library, []
        for record in records:
            item = self.db.row(library.table, record[library.owner])
            more = {library.table: library.show(item)} if item and call.flag("include" + library.table) else {}
            if call.flag("includeEpisode") and record.get("episodeId") and library.unit(record["episodeId"]):
                more["episode"] = library.show_episode(library.unit(record["episodeId"]))
            found.append({**record, **more})
        return found

    def queue(self, call):
        answer = page(call, self.records(), "timeleft", "ascending")
        return 200, {**answer, "records": self._with(call, answer["records"])}

    def details(self, call):
        name = self.library.owner
        wanted = call.query.get(name.lower())
        return 200, self._with(call, [record for record in self.records() if wanted in (None, str(record[name]))])

    def status(self, call):
        records = self.records()
        warnings = any(record["trackedDownloadStatus"] == "warning" for record in records)
        return 200, {"totalCount": len(records), "count": len(records), "unknownCount": 0, "errors": False, "warnings": warnings, "unknownErrors": False,
                     "unknownWarnings": False, "id": 1}

    def delete(self, call, number):
        grab = self.db.row("grab", number // 100)
        if grab is None or grab["imported"]:
            raise not_found("Queue", number)
        client = self.db.row("downloadclient", grab["clientId"])
        if client and str(call.query.get("removefromclient", "true")).lower() == "true":
            try:
                self.call(client, "POST", "torrents/delete", data={"hashes": grab["downloadId"].lower(), "deleteFiles": "true"})
            except (net.Unreachable, ValueError) as error:
                raise Failed(500, str(error)) from None
        self.db.delete("grab", grab["id"])
        self.torrents.pop(grab["downloadId"], None)
        return 200, {}

    # The history

    def remember(self, what, grab, item, unit, data):
        self.db.insert("history", {**self.owner(item["id"], unit), "sourceTitle": grab["title"], "languages": names.ENGLISH, "quality": grab["quality"],
                                   "customFormats": [], "customFormatScore": 0, "qualityCutoffNotMet": False, "date": now(),
                                   "downloadId": grab["downloadId"], "eventType": what, "data": data})

    def history(self, call):
        rows = list(reversed(self.db.rows("history")))
        wanted = call.query.get("eventtype")
        kinds = {"1": "grabbed", "3": "downloadFolderImported"}
        if wanted:
            rows = [row for row in rows if row["eventType"] == kinds.get(wanted, wanted)]
        if call.query.get("downloadid"):
            rows = [row for row in rows if row["downloadId"] == call.query["downloadid"].upper()]
        answer = page(call, rows, "date", "descending")
        return 200, {**answer, "records": self._with(call, answer["records"])}

    def history_of(self, call):
        wanted = call.query.get(self.library.owner.lower())
        return 200, [row for row in reversed(self.db.rows("history")) if str(row[self.library.owner]) == wanted]

    def missing(self, call):
        library, found = self.library, []
        for item in self.db.rows(library.table):
            units = [unit for unit in library.units(item) if library.monitored(item, unit) and not library.file_id(unit)]
            found += [library.show(unit) if library.table == "movie" else library.show_episode(unit) for unit in units]
        return 200, page(call, found)


def page(call, records, key="id", direction="default"):
    """One page of a list, as the resources with pages answer."""
    def number(name, default):
        text = str(call.query.get(name) or "")
        return int(text) if text.isdigit() and int(text) else default

    current, size = number("page", 1), number("pagesize", 10)
    return {"page": current, "pageSize": size, "sortKey": call.query.get("sortkey", key), "sortDirection": call.query.get("sortdirection", direction),
            "totalRecords": len(records), "records": records[(current - 1) * size:current * size]}
