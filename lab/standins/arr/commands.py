# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command queue: accepted, run by one thread, remembered until the process ends."""

from __future__ import annotations

import queue
import re
import threading
import time
import uuid

from .errors import Failed, not_found
from .system import stamp

PARAMETERS = {
    "ApplicationIndexerSync": {"forceSync": False},
    "MoviesSearch": {"movieIds": []},
    "RefreshMovie": {"movieIds": []},
    "SeriesSearch": {"seriesId": 0},
    "SeasonSearch": {"seriesId": 0, "seasonNumber": 0},
    "EpisodeSearch": {"episodeIds": []},
    "MissingEpisodeSearch": {"seriesId": None},
    "RefreshSeries": {"seriesId": None},
}
STANDARD = {"requiresDiskAccess": False, "isExclusive": False, "isTypeExclusive": False}


class Commands:
    def __init__(self, service):
        self.service = service
        self.known = {name.lower(): name for name in service.app.commands}
        self.entries = {}
        self.lock = threading.Lock()
        self.queue = queue.Queue()
        self.count = 0
        self.worker = None

    def post(self, call):
        body = call.body if isinstance(call.body, dict) else {}
        given = {key.lower(): value for key, value in body.items()}
        name = self.known.get(str(given.get("name") or "").lower())
        if name is None:
            raise Failed(500, "Sequence contains no matching element")
        return 201, self._enqueue(name, given, call.headers.get("User-Agent", ""))

    def start(self, name, **parameters):
        """A command of the application itself, such as the search after a film was added."""
        return self._enqueue(name, {key.lower(): value for key, value in parameters.items()}, "", "unspecified")

    def _enqueue(self, name, given, agent, trigger="manual"):
        own = {key: given.get(key.lower(), value) for key, value in PARAMETERS.get(name, {}).items()}
        with self.lock:
            for entry in self.entries.values():
                if (
                    entry["name"] == name
                    and entry["status"] in ("queued", "started")
                    and all(entry["body"].get(key) == value for key, value in own.items())
                ):
                    return dict(entry)  # an equal command that waits or runs is the answer
            self.count += 1
            entry = {
                "name": name,
                "commandName": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name),
                "body": {
                    **own,
                    "sendUpdatesToClient": True,
                    **STANDARD,
                    "updateScheduledTask": True,
                    "name": name,
                    "trigger": trigger,
                    "suppressMessages": not own,
                },
                "priority": "normal",
                "status": "queued",
                "result": "unknown",
                "queued": stamp(time.time()),
                "trigger": trigger,
                "clientUserAgent": agent,
                "sendUpdatesToClient": True,
                "updateScheduledTask": True,
                "id": self.count,
            }
            if self.service.app.kind == "prowlarr":
                entry.pop("result")
                entry["body"]["completionMessage"] = "Completed"
            else:
                entry["body"]["isLongRunning"] = False
            if self.service.app.kind == "lidarr":
                entry.pop("clientUserAgent")
            else:
                entry["body"]["clientUserAgent"] = agent
            self.entries[self.count] = entry
            answer = dict(entry)
            if self.worker is None:
                self.worker = threading.Thread(target=self._work, daemon=True)
                self.worker.start()
        self.queue.put(answer["id"])
        return answer

    def _work(self):
        while True:
            entry = self.entries[self.queue.get()]
            begun = time.time()
            self._update(entry, status="started", started=stamp(begun), stateChangeTime=stamp(begun))
            try:
                self._run(entry)
                outcome = {"status": "completed"}
                if "completionMessage" in entry["body"]:
                    outcome["message"] = entry["body"]["completionMessage"]
                if "result" in entry:
                    outcome["result"] = "successful"
            except Exception as error:  # a command that fails says so in its entry
                outcome = {"status": "failed", "message": "Failed", "exception": str(error)}
            ended = time.time()
            self._update(
                entry,
                ended=stamp(ended),
                stateChangeTime=stamp(ended),
                duration=time.strftime("%H:%M:%S", time.gmtime(ended - begun))
                + f".{int((ended - begun) % 1 * 10**7):07d}",
                **outcome,
            )

    def _update(self, entry, **values):
        with self.lock:
            entry.update(values)

    def _run(self, entry):
        name, body, service = entry["name"], entry["body"], self.service
        if name == "ResetApiKey":
            service.file.set("ApiKey", uuid.uuid4().hex)
        elif name == "ApplicationIndexerSync":
            service.sync.everything(force=bool(body.get("forceSync")))
        elif not service.library:
            return
        elif name in ("RefreshMonitoredDownloads", "ProcessMonitoredDownloads"):
            service.downloads.look()
        elif name == "RssSync":
            service.releases.feed()
        elif name in ("RefreshMovie", "RescanMovie", "RefreshSeries", "RescanSeries"):
            for item in self._items(body):
                service.library.refresh(item)
        elif name.endswith("Search"):
            self._search(name, body)

    def _items(self, body):
        """What a command is about; without an id everything."""
        wanted = body.get("movieIds") or ([body["seriesId"]] if body.get("seriesId") else None)
        return [item for item in self.service.db.rows(self.service.library.table) if wanted is None or item["id"] in wanted]

    def _search(self, name, body):
        """Automatic searches are for what is monitored; those for what is missing leave out what is there."""
        library = self.service.library
        items = self._items(body)
        if name == "EpisodeSearch":
            owners = {row["seriesId"] for row in self.service.db.rows("episode") if row["id"] in body["episodeIds"]}
            items = [item for item in items if item["id"] in owners]
        for item in items:
            units = [unit for unit in library.units(item) if library.monitored(item, unit) or name == "MoviesSearch"]
            if name == "SeasonSearch":
                units = [unit for unit in units if unit["seasonNumber"] == body["seasonNumber"]]
            if name == "EpisodeSearch":
                units = [unit for unit in units if unit["id"] in body["episodeIds"]]
            if "Missing" in name:
                units = [unit for unit in units if not library.file_id(unit)]
            if units:
                self.service.releases.search(item, units)

    def list(self, call):
        with self.lock:
            return 200, [dict(entry) for entry in self.entries.values()]

    def get(self, call, number):
        with self.lock:
            entry = self.entries.get(number)
            if entry is None:
                raise not_found("Command", number)
            return 200, dict(entry)

    def delete(self, call, number):
        return 200, None


def install(service):
    commands = Commands(service)
    service.router.add("GET", "command", commands.list)
    service.router.add("POST", "command", commands.post)
    service.router.add("GET", "command/{number}", commands.get)
    service.router.add("DELETE", "command/{number}", commands.delete)
    return commands
