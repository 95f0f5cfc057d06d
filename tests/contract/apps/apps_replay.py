# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay recorded pairs of real servers against the stand-ins, in their order, one instance for each scene of a recording."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

import requests
from apps_peers import Peers, serve, stop
from standins.bazarr.service import create_app as create_bazarr
from standins.maintainerr.service import create_app as create_maintainerr
from standins.seerr.service import create_app as create_seerr
from standins.tautulli.service import create_app as create_tautulli

HOST = "127.0.0.1"
# What depends on the moment, the machine or the version of a peer.
VOLATILE = {"apiKey", "apikey", "vapidPublic", "createdAt", "updatedAt", "lastSeenAt", "machineId", "version", "productVersion", "platformVersion",
            "clientIdentifier", "nextExecutionTime", "accessToken", "avatar", "uptimeSeconds", "timestamp", "clientId", "plex_machine_id", "time",
            "lastScan", "guid", "addedAt", "ids", "addDate", "thumb", "message_", "start_time", "python_version", "operating_system", "platform",
            "database_engine", "database_migration", "bazarr_version", "next_run_in", "next_run_time", "machine_identifier", "token", "uuid",
            "pms_version", "pms_name", "pms_identifier", "pms_uuid", "jwt_secret", "tautulli_platform_release", "tautulli_platform_version",
            "tautulli_platform_linux_distro", "tautulli_platform_device_name", "tautulli_python_version", "tautulli_commit", "tautulli_install_type",
            "latency", "cache_dir", "backup_dir", "export_dir", "log_dir", "https_cert", "https_key", "newsletter_dir", "interface", "pms_url",
            "publicAddress", "hits", "misses", "keys", "ksize", "vsize", "errorCode", "count", "folder", "http_port", "themoviedb_apikey", "ruleJson",
            "totalMediaItems", "memory", "pages", "results_", "device", "address", "uri", "connection", "displayName_", "id_", "pms_port"}


@dataclass
class Outcome:
    same: list = field(default_factory=list)
    shaped: list = field(default_factory=list)
    skipped: list = field(default_factory=list)
    wrong: list = field(default_factory=list)


def load(directory, app, version=None):
    with (directory / f"{app}.jsonl").open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    return [row for row in rows if version is None or row["version"] == version]


def shape_differences(expected, actual, path=""):
    """Missing and unknown members, other types; lists are compared by their first element."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected.keys() - actual.keys():
            yield f"{path}.{key} is missing"
        for key in actual.keys() - expected.keys():
            yield f"{path}.{key} is not known"
        for key in expected.keys() & actual.keys():
            yield from shape_differences(expected[key], actual[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if expected and actual:
            yield from shape_differences(expected[0], actual[0], f"{path}[]")
    elif expected is None or actual is None:
        return
    elif isinstance(expected, (int, float)) != isinstance(actual, (int, float)) or isinstance(expected, bool) != isinstance(actual, bool) \
            or isinstance(expected, str) != isinstance(actual, str):
        yield f"{path} is {type(actual).__name__} instead of {type(expected).__name__}"


def value_differences(expected, actual, path=""):
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected.keys() & actual.keys() - VOLATILE:
            yield from value_differences(expected[key], actual[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path}: {len(actual)} instead of {len(expected)}"
        for place, (one, other) in enumerate(zip(expected, actual)):
            yield from value_differences(one, other, f"{path}[{place}]")
    elif expected != actual:
        yield f"{path}: {actual!r} instead of {expected!r}"


class Replayer:
    """One recording; a subclass says how its app is started and which scene a pair belongs to."""

    app = ""
    port = 0
    skipped = ()            # (number of the pair, or part of its note or path; reason)
    plex_ports = (32400,)
    arr_ports = ((8989, "Sonarr", "4.0.10.2544"), (7878, "Radarr", "5.14.0.9383"))

    def __init__(self, rows, directory, monkeypatch):
        self.rows, self.directory = rows, directory
        self.peers = Peers(directory, plex_ports=self.plex_ports, arr_ports=self.arr_ports)
        self.address = self.peers.address
        monkeypatch.setenv("STANDIN_PLEX_TV", self.peers.plex_tv)
        self.scene, self.server, self.cookies = None, None, {}

    def close(self):
        if self.server:
            stop(self.server)
        self.peers.close()

    def move(self, value):
        """The recording's address becomes that of the test."""
        return json.loads(json.dumps(value).replace(HOST, self.address)) if value is not None else None

    def run(self):
        outcome = Outcome()
        for index, row in enumerate(self.rows):
            reason = next((why for part, why in self.skipped
                           if part == index or isinstance(part, str) and (part in row["note"] or part in (row["path"] or ""))), None)
            if reason or (row["status"] is None and not self.hangs(row)):
                outcome.skipped.append((index, row["note"] or row["path"], reason or "never answered"))
                continue
            scene = self.scene_of(index, row)
            if scene != self.scene:
                if self.server:
                    stop(self.server)
                self.scene = scene
                self.server = serve(self.start(scene), self.address, self.port)
            self.before(row)
            self.compare(index, row, self.ask(row), outcome)
        return outcome

    def hangs(self, _row):
        return False

    def before(self, row):
        """What happened before this pair."""

    def scene_of(self, _index, _row):
        return "one"

    def headers(self, row):
        return {key: value for key, value in (row.get("request_headers") or {}).items() if key.lower() != "content-type"}

    def ask(self, row):
        headers = self.headers(row)
        options = {"headers": headers, "allow_redirects": False, "timeout": 1 if row["status"] is None else 30}
        kind = (row.get("request_headers") or {}).get("Content-Type")
        wanted = self.move(row["request"])
        if isinstance(wanted, dict) and set(wanted) <= {"form", "json", "raw"} and self.app in ("bazarr", "tautulli"):
            options["data" if "form" in wanted else "json"] = wanted.get("form", wanted.get("json"))
        elif isinstance(wanted, str) or (wanted is None and kind and self.app not in ("bazarr", "tautulli")):
            options["data"] = (wanted if wanted is not None else "{}").encode()
            headers["Content-Type"] = kind or "application/json"
        elif wanted is not None:
            options["json"] = wanted
        with requests.Session() as session:
            session.trust_env = False
            try:
                return session.request(row["method"], f"http://{self.address}:{self.port}{self.move(row['path'])}", **options)
            except requests.exceptions.Timeout:
                return None

    def compare(self, index, row, answer, outcome):
        title = f"{index} {row['method']} {row['path']} ({row['note']})"
        if answer is None:
            (outcome.same if row["status"] is None else outcome.wrong).append(title + (": no answer" if row["status"] else ""))
            return
        self.remember(row, answer)
        if answer.status_code != row["status"]:
            outcome.wrong.append(f"{title}: {answer.status_code} instead of {row['status']}: {answer.text[:200]}")
            return
        expected = self.move(row["response"])
        try:
            actual = answer.json()
        except ValueError:
            actual = answer.text or None
        if expected in ("", None) and actual in ("", None):
            outcome.same.append(title)
            return
        if isinstance(expected, str) and not isinstance(actual, (dict, list)):
            # Pages and sentences are not compared, only that there are some.
            (outcome.same if bool(expected) == bool(actual) else outcome.wrong).append(title + f": {actual!r}"[:200])
            return
        wrong = list(shape_differences(expected, actual))
        wrong = [text for text in wrong if not any(text.startswith(known) or known in text for known in self.tolerated(row))]
        if wrong:
            outcome.wrong.append(f"{title}: " + "; ".join(wrong)[:600])
            return
        different = list(value_differences(expected, actual))
        if different:
            outcome.shaped.append(f"{title}: " + "; ".join(different)[:600])
        else:
            outcome.same.append(title)

    def tolerated(self, _row):
        return ()

    def remember(self, row, answer):
        pass


class SeerrReplayer(Replayer):
    app, port = "seerr", 5055
    skipped = (("settings/logs", "the log of the recording"), ("after an hour", "takes an hour"))
    FIRST, SECOND = "MTc5NTE1NTU5MzYwNWUxYmQ4MTBjLWY1ODEtNDg2Ny05YjE5LWUxYWFhNzQ5MzNlZg==", \
        "MTc5NTE1NTcxNDYwMTYxZGY0NGU4LTcwOTYtNGRjMC04NWI2LTBhMjYwOGIwZTIxNw=="
    SCENES = {"testkey": "probe", "k1": "csrf", FIRST: "first", SECOND: "first"}

    def hangs(self, _row):
        return True

    def scene_of(self, index, row):
        headers = row["request_headers"]
        key = headers.get("X-Api-Key") or headers.get("X-API-KEY")
        if row["note"].startswith("seeded instance (no"):
            return "seeded"
        if row["note"].startswith("seeded instance (API_KEY"):
            return "environment"
        if "real Next UI" in row["note"]:
            return "page"
        if index > 261 and self.scene in ("probe", "page", "first"):
            return self.scene if self.scene != "first" else "probe"
        return self.SCENES.get(key, self.scene or "first")

    def start(self, scene):
        directory = self.directory / ("seeded" if scene == "environment" else scene)
        directory.mkdir(exist_ok=True)
        key = {"first": self.FIRST, "seeded": "presetkey123", "environment": "presetkey123", "csrf": "k1"}.get(scene, "testkey")
        path = directory / "settings.json"
        if not path.exists():
            settings = {"main": {"apiKey": key}, "public": {"initialized": scene != "first"}}
            if scene != "first":
                settings["main"]["mediaServerType"] = 1
            if scene == "csrf":
                settings["network"] = {"csrfProtection": True}
            path.write_text(json.dumps(settings))
        flask = create_seerr(directory, environment={"API_KEY": "envkey456"} if scene == "environment" else {}, die=lambda: None)
        if scene != "first" and not flask.service.users.all():
            flask.service.users.add(id=1, email="admin@example.org", username="admin", plexUsername="admin", permissions=2, userType=1, avatar="x",
                                    plexToken=None if scene == "seeded" else "plex-token-valid")
        if scene == "environment":
            flask.service.users.change(1, plexToken="plex-token-valid")
        if scene in ("environment", "seeded"):
            flask.service.jobs_started = False
        return flask

    def headers(self, row):
        found = super().headers(row)
        for name, value in found.items():
            if name == "Cookie":
                found[name] = "; ".join(f"{key}={text}" for key, text in self.cookies.items()) if "bogus" not in value else "connect.sid=s%3Abogus"
            if name == "X-Api-Key" and value == self.SECOND and self.cookies.get("key"):
                found[name] = self.cookies["key"]
        return found

    def remember(self, row, answer):
        if answer.cookies.get("connect.sid"):
            self.cookies = {**self.cookies, "connect.sid": answer.cookies["connect.sid"]}
        if row["path"].endswith("/regenerate") and answer.ok:
            self.cookies["key"] = answer.json()["apiKey"]

    def tolerated(self, row):
        # Errors of another recording's JSON parser and fields that one SQL seed had.
        return (".settings",) if "seeded" in row["note"] else (".lastScan",)


class MaintainerrReplayer(Replayer):
    app, port = "maintainerr", 6246
    skipped = (("/notifications/agents", "the lists of notification agents are not kept"), ("/notifications/types", "the lists are not kept"),
               ("/tasks/", "tasks are not run"),
               ("POST GET-body back verbatim", "the order of a hundred nulls"))

    def before(self, row):
        down = "Plex and plex.tv down" in row["note"]
        if down and self.peers.plex_server:
            stop(self.peers.plex_server)
            self.peers.servers.remove(self.peers.plex_server)
            self.peers.plex_server = None
        elif not down and not self.peers.plex_server:
            self.peers.plex_server = serve(self.peers.plex, self.address, 32400)
            self.peers.servers.append(self.peers.plex_server)

    def scene_of(self, index, row):
        if "second fresh install" in row["note"]:
            return "second"
        return "third" if row["note"] == "prep" else self.scene or "first"

    def start(self, scene):
        key = "MTc5NTE1NTcxNDYwMTYxZGY0NGU4LTcwOTYtNGRjMC04NWI2LTBhMjYwOGIwZTIxNw=="
        if not hasattr(self, "seerr"):
            directory = self.directory / "seerr"
            directory.mkdir()
            (directory / "settings.json").write_text(json.dumps({"main": {"apiKey": key}, "public": {"initialized": True}}))
            self.seerr = create_seerr(directory, environment={})
            self.seerr.service.users.add(id=1, email="a@example.org", permissions=2, userType=1, avatar="x")
            self.peers.servers.append(serve(self.seerr, self.address, 5055))
        return create_maintainerr(self.directory / scene, environment={})

    def tolerated(self, row):
        # The recording's Plex knew three identifiers of each film.
        return (".providerIds",) if "content" in row["path"] else ()


class BazarrReplayer(Replayer):
    app, port = "bazarr", 6767
    arr_ports = ((18989, "Sonarr", "4.0.10.2544"), (17878, "Radarr", "5.14.0.9383"))
    skipped = (("/api/swagger.json", "the document is not kept"), ("/api/episodes", "episodes are not kept"), (10, "answered without the built UI"),
               (7, "answered without the built UI"), (8, "answered without the built UI"),
               ("/api/webhooks/sonarr?", "webhook of 1.5.2; the stand-in is newer"), ("unknown id: 200", "webhook of 1.5.2"),
               ("Sonarr Connect webhook body", "webhook of 1.5.2"), ("not an int", "webhook of 1.5.2"), (135, "webhook of 1.5.2"),
               (190, "the file behind it is not kept"), (167, "the live state of SignalR"), ("before restart", "needs a new process"),
               ("after connecting", "a cached state of a minute"), ("dead Sonarr", "the live state of SignalR"), ("Sonarr dead", "the live state"),
               ("empty ip accepted", "an empty address is this machine"))

    def hangs(self, _row):
        return True

    def scene_of(self, _index, row):
        return row["version"]

    def start(self, scene):
        path = self.directory / scene / "config" / "config.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        extra = f"  use_radarr: true\nradarr: {{ip: {self.address}, port: 17878, apikey: arrkey-valid}}\n" if "beta" in scene else \
            "analytics: {enabled: false}\n"
        path.write_text(f"auth: {{apikey: bazarrkey-valid}}\ngeneral:\n  ip: {self.address}\n  auto_update: false\n" + extra)
        return create_bazarr(path.parent.parent, retry=0.05)

    def tolerated(self, row):
        if row["path"].startswith(("/api/series", "/api/movies")):
            return ("is missing", "is not known")           # what a library holds is not kept
        return (".package_version",)


class TautulliReplayer(Replayer):
    app, port = "tautulli", 8182
    plex_ports = (32402,)
    KEY = "0123456789abcdef0123456789abcdef"
    skipped = (("/restart_import_config", "a page of the UI"), ("get_server_list", "asks plex.tv, not modelled"),
               ("cmd=get_newsletter_config", "newsletters are kept in outline"), ("set_newsletter_config", "newsletters are kept in outline"),
               ("get_newsletters", "newsletters are kept in outline"),
               ("env removed", "the key of that file is not known"))

    def scene_of(self, index, row):
        note = row["note"]
        if index == 109:
            return "preset"
        for part, scene in (("first run", "fresh"), ("liveness, no auth", "fresh"), ("config.ini preset, Plex reachable", "preset"),
                            ("all by TAUTULLI_* env", "env"),
                            ("first_run_complete=0", "unfinished"), ("bad Plex token", "badtoken"), ("dead Plex", "dead"),
                            ("not 32 characters", "shortkey"),
                            ("web auth on", "login"), ("web auth ON", "login"), ("basic auth", "basic"), ("http_root", "root"), ("wizard 1", "wizard"),
                            ("plain http_password, http_hashed", "plain"), ("plain http_password with", "hashing"), ("pre-hashed", "login"),
                            ("web auth off", "preset"), ("good token", "good"),
                            ("after a stopped edit", "preset"), ("GET not allowed", "preset"), ("wrong password", "login")):
            if part in note:
                return scene
        return self.scene or "fresh"

    def start(self, scene):
        from standins.tautulli.service import hashed
        directory = self.directory / scene
        directory.mkdir(exist_ok=True)
        lines = ["[General]", f"api_key = {'shortkey' if scene == 'shortkey' else self.KEY}"]
        environment = {}
        if scene not in ("fresh", "unfinished", "wizard", "env"):
            lines.append("first_run_complete = 1")
        if scene in ("login", "basic"):
            lines += ["http_username = admin", f"http_password = {hashed('plainpw', hashlib.md5(b'x').hexdigest())}"]
        if scene == "basic":
            lines.append("http_basic_auth = 1")
        if scene in ("plain", "hashing"):
            lines += ["http_username = admin", "http_password = plainpw", f"http_hashed_password = {int(scene == 'plain')}"]
        if scene == "root":
            lines.append("http_root = /tautulli")
        if scene not in ("fresh", "wizard", "env"):
            token = "bad" if scene == "badtoken" else "plex-token-valid"
            lines += ["[PMS]", f"pms_ip = {self.address}", f"pms_port = {1 if scene == 'dead' else 32402}", f"pms_token = {token}", "pms_identifier = 0123"]
        if scene == "env":
            environment = {"TAUTULLI_API_KEY": self.KEY, "TAUTULLI_PMS_IP": self.address, "TAUTULLI_PMS_PORT": "32402",
                           "TAUTULLI_PMS_TOKEN": "plex-token-valid", "TAUTULLI_FIRST_RUN_COMPLETE": "1"}
            lines = []
        path = directory / "config.ini"
        if not path.exists():
            path.write_text("\n".join(lines) + "\n")
        flask = create_tautulli(directory, environment=environment)
        self.csrf = flask.tautulli.csrf
        if flask.tautulli.config.get("first_run_complete"):
            flask.tautulli.learn()
        return flask

    def headers(self, row):
        found = super().headers(row)
        if "X-CSRF-Token" in found:
            found["X-CSRF-Token"] = self.csrf
        if "Cookie" in found:
            found["Cookie"] = "; ".join(f"{key}={text}" for key, text in self.cookies.items())
        return found

    def remember(self, row, answer):
        self.cookies.update(answer.cookies)

    def tolerated(self, row):
        if "get_settings" in row["path"]:
            return (".get_file_sizes_hold", ".interface_list", ".launch_browser", ".interface")
        if "get_notifier_config" in row["path"]:
            return (".config_options", ".actions")
        return (".select_options", "is not known")


REPLAYERS = {"seerr": SeerrReplayer, "maintainerr": MaintainerrReplayer, "bazarr": BazarrReplayer, "tautulli": TautulliReplayer}
VERSIONS = {"maintainerr": "3.24.0"}
