# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay recorded request/response pairs of real servers against the stand-ins.

The pairs of one application are replayed in their order against one instance, because ids and contents follow
from what came before. Where the recording was made on another instance or after a step that it does not hold,
``SCENES`` says what to do first. Addresses and paths of the recording are replaced by those of the test.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests
from standins import testing

KEY = "0123456789abcdef0123456789abcdef"
ENVIRONMENT_KEY = "e" * 32
LOGIN = {"username": "admin", "password": "s3cret-pass", "passwordConfirmation": "s3cret-pass"}
PORTS = {"sonarr": 18989, "radarr": 17878, "lidarr": 18686, "prowlarr": 19696}
# Prose, and what only depends on the machine or the moment.
IGNORED = set(
    """
    helpText helpTextWarning helpLink placeholder description traceId label hint dividerAfter parentValue order
    selectOptions presets detailedDescription type_ customState formattedMessagePlaceholderValues nameLower
    unit additionalInfo attemptedValue started stateChangeTime clientUserAgent
    """.split()
)
VOLATILE = set(
    """
    freeSpace totalSpace startTime buildTime osName osVersion appData startupPath isAdmin runtimeVersion
    password queued started ended duration stateChangeTime clientUserAgent userHash added migrationVersion port
    sslPort databaseVersion analytics analyticsEnabled logLevel errorMessage message title errors wikiUrl
    minRefreshInterval status lastExecutionTime release branch trigger
    """.split()
)

# (application or None for all, part of the note) -> why the pair cannot be replayed out of its context
SKIPPED = {
    (None, "indexers that Prowlarr made here"): "made by the Prowlarr of the recording",
    (None, "test all indexers through Prowlarr"): "made by the Prowlarr of the recording",
    ("sonarr", "health"): "depends on the machine of the recording (paths of its download clients)",
    ("radarr", "health"): "depends on the machine of the recording (paths of its download clients)",
    (None, "disk space"): "depends on the disks of the recording",
    (None, "shortened"): "shortened by hand: no response of a server",
    (None, "create Generic Newznab, redirect on"): "its indexer had no release (a case of its own in the tables)",
}


@dataclass
class Outcome:
    """What came of one recording."""

    same: list = field(default_factory=list)  # status and every comparable value
    shaped: list = field(default_factory=list)  # status and shape
    skipped: list = field(default_factory=list)
    wrong: list = field(default_factory=list)


def load(directory, app):
    path = Path(directory) / f"{app}.jsonl"
    return [json.loads(line) for line in path.open(encoding="utf-8")]


class Replayer:
    def __init__(self, app, rows, tmp_path, document=None):
        self.app, self.rows, self.tmp = app, rows, Path(tmp_path)
        self.document = document
        self.outcome = Outcome()
        self.running = []
        self.scene = 0
        self.media = self.tmp / "data" / "media"
        for name in ("tv", "movies", "music"):
            (self.media / name).mkdir(parents=True, exist_ok=True)
        self.qbittorrent = self.keep(testing.start_qbittorrent())
        self.qbittorrent.state["failures"] = -1000
        self.nzbget = self.keep(
            testing.start_nzbget(
                categories=(
                    "tv-sonarr",
                    "movies",
                    "music",
                    "prowlarr",
                    "Movies",
                    "Music",
                    "Prowlarr",
                    "radarr",
                    "lidarr",
                )
            )
        )
        self.sabnzbd = self.keep(testing.start_sabnzbd(categories=("tv", "movies", "music", "prowlarr")))
        self.indexer = self.keep(
            testing.start_torznab(categories=(2000, 2040, 2045, 3000, 3010, 3040, 5000, 5040, 5045))
        )
        self.sink = self.keep(testing.start_wsgi(everything_fine))
        self.others = {}
        if app == "prowlarr":
            for other in ("sonarr", "radarr", "lidarr"):
                self.others[other] = self.keep(testing.start_arr(other, self.tmp, authentication="Forms"))
        self.server = None
        self.fresh()

    def keep(self, handle):
        self.running.append(handle)
        return handle

    def close(self):
        for handle in [*self.running, self.server]:
            handle.stop()

    # Scenes

    def fresh(self, authentication="Forms", env=None):
        if self.server:
            self.server.stop()
        self.scene += 1
        self.server = testing.start_arr(
            self.app, self.tmp / f"scene{self.scene}", authentication=authentication, env=env
        )
        self.key = KEY

    def host(self, **values):
        current = self.server.api("GET", "config/host").json()
        self.server.api("PUT", "config/host/1", {**current, **values}).raise_for_status()

    def post(self, path, body):
        answer = self.server.api("POST", path, self.translate(body))
        answer.raise_for_status()
        return answer.json()

    def with_secrets(self, body):
        """A recorded resource as it must have been sent: masks replaced by what the programs take."""
        secrets = {
            "password": {"QBittorrent": "adminadmin", "Nzbget": "tegbzn6789"}.get(body["implementation"], "x"),
            "apiKey": {"Sabnzbd": self.sabnzbd.api_key, "Torznab": self.indexer.api_key}.get(
                body["implementation"], KEY
            ),
        }
        fields = [
            {**item, "value": secrets[item["name"]]} if item.get("value") == "********" else item
            for item in body["fields"]
        ]
        return {key: value for key, value in {**body, "fields": fields}.items() if key != "id"}

    def recorded(self, note):
        return next(row for row in self.rows if row["note"] == note)

    def formats(self, *names):
        for name in names:
            self.post(
                "customformat",
                {
                    "name": name,
                    "specifications": [
                        {
                            "implementation": "ReleaseTitleSpecification",
                            "name": "x265",
                            "negate": False,
                            "required": False,
                            "fields": [{"name": "value", "value": "265"}],
                        }
                    ],
                },
            )

    def missing_steps(self, note):
        """Steps that the real servers were taken through without being recorded."""
        steps = {
            ("lidarr", "one download client"): self.first_client,
            ("lidarr", "now"): lambda: self.server.api(
                "PUT", "downloadclient/1", self.translate(self.recorded("now")["response"])
            ).raise_for_status(),
            ("lidarr", "delete a tag in use"): lambda: self.server.api(
                "PUT", "downloadclient/1", {**self.server.api("GET", "downloadclient/1").json(), "tags": [1]}
            ).raise_for_status(),
            ("lidarr", "download clients at the end"): self.last_clients,
            ("lidarr", "the list afterwards"): lambda: self.server.api(
                "POST",
                "downloadclient",
                {
                    **self.with_secrets(self.recorded("now")["response"]),
                    "name": "poison",
                    "enable": False,
                    "implementation": "Nonsense",
                },
            ),
            ("radarr", "quality profile schema with a format"): lambda: self.formats("HEVC", "hevc"),
            ("radarr", "profile after a new format"): lambda: self.formats("Second"),
            ("sonarr", "quality profile in use"): self.import_list,
            ("prowlarr", "test of an application that is down"): self.second_wiring,
            ("prowlarr", "test after it is back"): self.restart_radarr,
        }
        step = steps.get((self.app, note))
        if step:
            step()

    def first_client(self):
        """The client of the recording, and the deletions that made its successors numbers 4 to 6."""
        self.post("downloadclient", self.with_secrets(self.recorded("one download client")["response"]))
        for name in ("a", "b", "c"):
            spare = self.post(
                "downloadclient",
                {**self.with_secrets(self.recorded("one download client")["response"]), "name": name, "enable": False},
            )
            self.server.api("DELETE", f"downloadclient/{spare['id']}")

    def last_clients(self):
        known = {row["name"] for row in self.server.api("GET", "downloadclient").json()}
        for item in sorted(self.recorded("download clients at the end")["response"], key=lambda row: row["id"]):
            if item["name"] in known:
                self.server.api("PUT", f"downloadclient/{item['id']}?forceSave=true", self.translate(item))
            else:
                self.post("downloadclient", self.with_secrets(item))

    def restart_radarr(self):
        self.others["radarr"].restart()

    def import_list(self):
        schema = self.server.api("GET", "importlist/schema").json()
        body = next(item for item in schema if item["implementation"] == "SonarrImport")
        self.post("importlist", {**body, "name": "other", "rootFolderPath": "/data/media/tv", "qualityProfileId": 1})

    def second_wiring(self):
        """Another Prowlarr with three indexers and all three applications, one of which is down."""
        self.fresh()
        self.host(authenticationMethod="forms", **LOGIN)
        self.post("tag", {"label": "uhd"})
        body = next(row for row in self.rows if row["note"] == "create Generic Torznab")["request"]
        for name in ("lab", "lab 2", "lab 3"):
            self.post("indexer", {**body, "name": name})
        for name in ("Sonarr", "Radarr", "Lidarr"):
            self.post("applications", self.recorded(f"{name}: create")["request"])
        self.others["radarr"].process.kill()
        self.others["radarr"].process.wait()

    def again(self, **env):
        """Another start on the same state, with more in the environment."""
        directory = self.server.config_dir.parent
        port = self.server.port
        self.server.stop()
        self.server = testing.start_arr(self.app, directory, port=port, env=env)

    def prepare(self, row, before):
        note, previous = row["note"] or "", (before or {}).get("note") or ""
        self.missing_steps(note)
        prefix = self.app.upper() + "__"
        if note == "login right" and "set login" not in [item["note"] for item in self.rows[: self.rows.index(row)]]:
            self.host(authenticationMethod="forms", **LOGIN)
        elif note == "API without the URL base" and row["method"] == "GET":
            self.host(urlBase=self.app, **LOGIN)
            self.server.url = self.server._lab_url
            self.server.restart()
        elif "from config.xml while the environment" in note:
            self.server.url = self.server._lab_url
            (self.server.config_dir / "config.xml").write_text(
                re.sub(
                    "<UrlBase>.*?</UrlBase>", "<UrlBase></UrlBase>", (self.server.config_dir / "config.xml").read_text()
                )
            )
            name = "Fourk " + self.app.capitalize()
            self.again(
                **{
                    prefix + "AUTH__APIKEY": ENVIRONMENT_KEY,
                    prefix + "SERVER__URLBASE": "envbase",
                    prefix + "AUTH__METHOD": "forms",
                    prefix + "APP__INSTANCENAME": name,
                    prefix + "LOG__LEVEL": "debug",
                }
            )
        elif note == "key from the environment (32 x e), method forms in lower case":
            self.key = ENVIRONMENT_KEY
        elif note == "config/host authenticationMethod none":
            self.fresh()
            self.host(authenticationMethod="forms", **LOGIN)
        elif note == "select given as label":
            self.fresh()
        elif note.startswith("first start") and not previous.startswith("first start"):
            self.fresh(authentication=None)
        elif note.startswith("after the login was set") and not previous.startswith("after the login"):
            if previous != "first start: set the login":
                self.host(authenticationMethod="forms", **LOGIN)
        elif note.startswith("after a restart") and not previous.startswith("after a restart"):
            self.server.restart()

    # Translation between the recording and the test

    def translate(self, value, key=None):
        if isinstance(value, dict):
            result = {name: self.translate(item, name) for name, item in value.items()}
            if value.get("name") == "port" and "value" in value:
                result["value"] = {8080: self.qbittorrent.port, 6789: self.nzbget.port, 8090: self.sabnzbd.port}.get(
                    value["value"], value["value"]
                )
                if value["value"] == "8080":
                    result["value"] = str(self.qbittorrent.port)
            return result
        if isinstance(value, list):
            return [self.translate(item) for item in value]
        if key == "port" and value in (PORTS[self.app], 10000 + PORTS[self.app] - 10000, PORTS[self.app] + 30000):
            return self.server.port
        if (
            isinstance(value, str)
            and key in ("password", "passwordConfirmation")
            and re.fullmatch(r"[\w+/]{43}=", value)
        ):
            stored = json.loads((self.server.config_dir / f"{self.app}.db.json").read_text())
            return stored["user"]["password"]
        if isinstance(value, str):
            for old, new in self.addresses():
                value = value.replace(old, new)
        return value

    def addresses(self):
        pairs = [
            ("/data/media", str(self.media)),
            ("127.0.0.1:9098", f"127.0.0.1:{self.indexer.port}"),
            ("127.0.0.1:9099", f"127.0.0.1:{self.sink.port}"),
            ("127.0.0.1:8191", f"127.0.0.1:{self.sink.port}"),
            ("<key>", self.key),
            (f"127.0.0.1:{PORTS[self.app]}", f"127.0.0.1:{self.server.port}"),
        ]
        return pairs + [
            (f"127.0.0.1:{PORTS[name]}", f"127.0.0.1:{handle.port}") for name, handle in self.others.items()
        ]

    def back(self, value):
        text = json.dumps(value)
        for old, new in self.addresses():
            if old != "<key>":
                text = text.replace(new, old)
        for port, handle in ((8080, self.qbittorrent), (6789, self.nzbget), (8090, self.sabnzbd)):
            text = re.sub(rf"\b{handle.port}\b", str(port), text)
        return json.loads(text)

    # The replay

    def run(self):
        before = None
        for index, row in enumerate(self.rows):
            reason = self.reason(row)
            if reason:
                self.outcome.skipped.append((index, row["note"], reason))
            else:
                self.prepare(row, before)
                self.one(index, row)
            before = row
        return self.outcome

    def reason(self, row):
        for (app, part), why in SKIPPED.items():
            if app in (None, self.app) and (
                (row["note"] or "").startswith(part) or (part == "shortened" and "response_headers" not in row)
            ):
                return why
        return None

    def one(self, index, row):
        answer = self.send(row)
        recorded, got = row["response"], body_of(answer)
        label = f"{self.app}[{index}] {row['method']} {row['path']} ({row['note']})"
        if answer.status_code != row["status"]:
            self.outcome.wrong.append(f"{label}: {row['status']} expected, got {answer.status_code} {str(got)[:300]}")
            return
        wrong = compare_headers(row, answer)
        if self.document and answer.status_code < 300:
            path = re.sub("^/(envbase|" + self.app + ")/", "/", row["path"])
            wrong += self.document.errors(row["method"], path, got) or []
        got = self.back(got)
        if row["status"] == 400 and isinstance(recorded, list):
            wrong += compare_failures(recorded, got)
        else:
            wrong += compare(recorded, got, "$")
        if wrong:
            self.outcome.wrong.append(f"{label}: " + "; ".join(wrong[:6]))
        elif same(recorded, got):
            self.outcome.same.append(index)
        else:
            self.outcome.shaped.append(f"{label}: {difference(recorded, got)}")

    def send(self, row):
        headers = {name: value.replace("<key>", self.key) for name, value in row["request_headers"].items()}
        path = row["path"]
        if "/command/" in path:
            number = max(item["id"] for item in self.server.api("GET", "command").json())
            path = re.sub(r"\d+$", str(number), path)
            for _attempt in range(200):
                if self.server.api("GET", f"command/{number}").json()["status"] == "completed":
                    break
                time.sleep(0.05)
        body, data = row["request"], None
        if path.endswith("/login"):
            data = body
        elif isinstance(body, str):
            data = body.encode()
        elif body is not None:
            data = json.dumps(self.translate(body)).encode()
            headers["Content-Type"] = "application/json"
        return requests.request(
            row["method"], self.server._lab_url + path, headers=headers, data=data, timeout=60, allow_redirects=False
        )


def everything_fine(environ, start_response):
    """Takes webhooks, ntfy messages and FlareSolverr's question."""
    testing.read(environ)
    return testing.respond(start_response, 200, {"status": "ok", "solution": {"status": 200}})


def body_of(answer):
    try:
        return answer.json()
    except ValueError:
        return answer.text


def compare_headers(row, answer):
    wrong = []
    recorded = row["response_headers"]
    for name in ("content-type", "location", "allow", "x-application-version"):
        there, here = name in recorded, name in answer.headers
        if there != here:
            wrong.append(f"header {name}: {recorded.get(name)!r} expected, got {answer.headers.get(name)!r}")
    kind = recorded.get("content-type", "").split(";")[0]
    if kind and answer.headers.get("content-type", "").split(";")[0] != kind:
        wrong.append(f"content type {kind} expected, got {answer.headers.get('content-type')}")
    if "location" in recorded and "location" in answer.headers:
        # Commands are numbered together with the ones that an application gives itself.
        old, new = (
            re.sub(r"^https?://[^/]+", "", re.sub(r"(/command/)\d+", r"\1", item["location"]))
            for item in (recorded, answer.headers)
        )
        if old != new:
            wrong.append(f"location {old} expected, got {new}")
    return wrong


def compare_failures(recorded, got):
    """The same failures: property, kind of failure, warning or not, and the same keys."""

    def key(item):
        return item.get("propertyName"), item.get("errorCode"), item.get("isWarning")

    if not isinstance(got, list):
        return [f"a list of failures expected, got {str(got)[:200]}"]
    if sorted(map(str, map(key, recorded))) != sorted(map(str, map(key, got))):
        return [
            f"failures {[key(item) for item in recorded]} expected, got {[key(item) for item in got]} "
            f"{[item.get('errorMessage') for item in got]}"
        ]
    wrong = []
    for old in recorded:
        new = next(item for item in got if key(item) == key(old))
        differ = (set(old) ^ set(new)) - IGNORED
        if differ:
            wrong.append(f"keys of a failure differ: {sorted(differ)}")
    return wrong


def compare(recorded, got, path):
    """Differences in shape: types, keys, and lists of named things."""
    if isinstance(recorded, dict):
        if not isinstance(got, dict):
            return [f"{path}: an object expected, got {type(got).__name__}"]
        wrong = []
        for name in recorded:
            if name in IGNORED:
                continue
            if name not in got:
                wrong.append(f"{path}.{name} is missing")
            elif name != "errors":
                wrong += compare(recorded[name], got[name], f"{path}.{name}")
        extra = set(got) - set(recorded) - IGNORED
        return wrong + ([f"{path}: more keys than the real one: {sorted(extra)}"] if extra else [])
    if isinstance(recorded, list):
        return compare_lists(recorded, got, path)
    if isinstance(recorded, bool) or isinstance(got, bool):
        return [] if type(recorded) is type(got) else [f"{path}: {recorded!r} expected, got {got!r}"]
    if isinstance(recorded, (int, float)) and isinstance(got, (int, float)):
        return []
    return [] if type(recorded) is type(got) else [f"{path}: {recorded!r} expected, got {got!r}"]


def compare_lists(recorded, got, path):
    if not isinstance(got, list):
        return [f"{path}: a list expected, got {type(got).__name__}"]
    if not recorded or not isinstance(recorded[0], dict):
        return [] if bool(recorded) == bool(got) else [f"{path}: {str(recorded)[:80]} expected, got {str(got)[:80]}"]
    wrong = []
    for identity in ("id", "name", "implementation"):
        values = [str(item.get(identity)) for item in recorded]
        if all(item.get(identity) not in (None, "") for item in recorded) and len(set(values)) == len(values):
            others = {item.get(identity): item for item in got if isinstance(item, dict)}
            for item in recorded:
                if item[identity] in others:
                    wrong += compare(item, others[item[identity]], f"{path}[{item[identity]}]")
                else:
                    wrong.append(f"{path}: {item[identity]!r} is missing, there are {list(others)[:20]}")
            return wrong
    for index, (old, new) in enumerate(zip(recorded, got)):
        wrong += compare(old, new, f"{path}[{index}]")
    return wrong + ([] if len(recorded) == len(got) else [f"{path}: {len(recorded)} expected, got {len(got)}"])


def difference(recorded, got, path="$"):
    """The first comparable value that differs."""
    if isinstance(recorded, dict) and isinstance(got, dict):
        for name in set(recorded) - IGNORED - VOLATILE:
            found = difference(recorded[name], got.get(name), f"{path}.{name}")
            if found:
                return found
        return None
    if isinstance(recorded, list) and isinstance(got, list) and len(recorded) == len(got):
        return next(
            filter(
                None, (difference(old, new, f"{path}[{place}]") for place, (old, new) in enumerate(zip(recorded, got)))
            ),
            None,
        )
    return None if recorded == got else f"{path}: {str(recorded)[:120]} became {str(got)[:120]}"


def same(recorded, got):
    """Whether every comparable value is the same."""
    if isinstance(recorded, dict):
        return isinstance(got, dict) and all(
            name in got and same(recorded[name], got[name]) for name in recorded if name not in IGNORED | VOLATILE
        )
    if isinstance(recorded, list):
        return isinstance(got, list) and len(got) == len(recorded) and all(map(same, recorded, got))
    return recorded == got
