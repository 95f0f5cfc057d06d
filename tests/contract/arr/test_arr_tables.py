# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract tables: what the applications answer, case by case, run against the stand-ins.

A case is a list of steps on a fresh instance of every application it names. A step is one request and what has
to come back::

    - {call: POST tag, body: {label: x}, status: 201, is: {label: x}, save: {tag: id}}

``provider`` makes the body of a new provider from the application's own schema, ``edit`` reads a resource and
changes it, ``expect`` is one of the body shapes of the contract (A, B, C, empty, text ...).
Words in braces are filled in: addresses of the download clients, the application's own words, saved values.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
import yaml
from standins import testing

APPS = ("sonarr", "radarr", "lidarr", "prowlarr")
LIBRARIES = APPS[:3]
TABLES = sorted((Path(__file__).parent / "tables").glob("*.yml"))
WORDS = {
    "sonarr": {"media": "tv", "category": "tvCategory", "Category": "TvCategory", "key": "ApiKey"},
    "radarr": {"media": "movies", "category": "movieCategory", "Category": "MovieCategory", "key": "ApiKey"},
    "lidarr": {"media": "music", "category": "musicCategory", "Category": "MusicCategory", "key": "ApiKey"},
    "prowlarr": {"media": "x", "category": "category", "Category": "Category", "key": ""},
}


def cases():
    for path in TABLES:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in table:
            apps = case.get("apps", "all")
            for app in apps if isinstance(apps, list) else {"all": APPS, "libraries": LIBRARIES}[apps]:
                yield pytest.param(app, case, id="-".join((path.stem, app, case["title"].replace(" ", "_")[:60])))


@pytest.fixture(scope="module")
def programs():
    """The programs around the applications, one of each for all cases."""
    started = {
        "qbittorrent": testing.start_qbittorrent(),
        "sabnzbd": testing.start_sabnzbd(),
        "nzbget": testing.start_nzbget(categories=("tv", "movies", "music", "x", "Prowlarr")),
        "torznab": testing.start_torznab(),
        "empty": testing.start_torznab(categories=(8000,)),
        "sink": testing.start_wsgi(
            lambda environ, start: (
                testing.read(environ),
                testing.respond(start, 200, {"status": "ok", "solution": {"status": 200}}),
            )[1]
        ),
        "plex": testing.start_wsgi(plex),
    }
    yield started
    for handle in started.values():
        handle.stop()


def plex(environ, start_response):
    if environ.get("HTTP_X_PLEX_TOKEN") != "plex-token":
        return testing.respond(start_response, 401, "", "text/html")
    return testing.respond(
        start_response,
        200,
        {"MediaContainer": {"Directory": [{"type": "show"}, {"type": "movie"}, {"type": "artist"}]}},
    )


class Run:
    """One case on one application."""

    def __init__(self, server, app, tmp_path, programs):
        self.server, self.app, self.programs = server, app, programs
        media = tmp_path / "media"
        for name in ("tv", "movies", "music", "x"):
            (media / name).mkdir(parents=True, exist_ok=True)
        self.words = {
            **WORDS[app],
            "root": str(media),
            "url": server.url,
            "own_key": server.api_key,
            "app": app,
            "App": app.capitalize(),
            "library": str(media / WORDS[app]["media"]),
        }
        for name, handle in programs.items():
            self.words.update({f"{name}.port": handle.port, f"{name}.url": handle.url})
        programs["qbittorrent"].state["failures"] = 0

    def fill(self, value):
        if isinstance(value, str):
            whole = re.fullmatch(r"\{([\w.]+)\}", value)
            if whole:
                return self.words.get(whole.group(1), value)
            return re.sub(r"\{([\w.]+)\}", lambda match: str(self.words.get(match.group(1), match.group(0))), value)
        if isinstance(value, dict):
            return {self.fill(key): self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return value

    def body(self, step):
        if "provider" in step:
            return self.provider(self.fill(step["provider"]))
        if "edit" in step:
            return self.edit(self.fill(step["edit"]))
        return self.fill(step.get("body"))

    def provider(self, wanted):
        schema = self.server.api("GET", wanted.pop("kind") + "/schema").json()
        implementation, preset = wanted.pop("implementation"), wanted.pop("preset", None)
        body = next(
            item for item in schema if item["implementation"] == implementation and preset in (None, item.get("name"))
        )
        return self.change(body, wanted)

    def edit(self, wanted):
        answer = self.server.api("GET", wanted.pop("of"))
        assert answer.status_code == 200, answer.text
        return self.change(answer.json(), wanted)

    def change(self, body, wanted):
        body = copy.deepcopy(body)
        for name in wanted.pop("without", []):
            body.pop(name, None)
        for name in wanted.pop("without_fields", []):
            body["fields"] = [item for item in body["fields"] if item["name"] != name]
        fields = wanted.pop("fields", {})
        if isinstance(fields, list):  # exactly these
            body["fields"], fields = fields, {}
        for name, value in fields.items():
            found = next((item for item in body["fields"] if item["name"] == name), None)
            if found is None:
                body["fields"].append({"name": name, "value": value})
            else:
                found["value"] = value
        body.update(wanted)
        return body

    def step(self, step):
        method, _space, path = self.fill(step["call"]).partition(" ")
        options = {"headers": dict(self.fill(step.get("headers", {})))}
        if "raw" in step:
            options["data"] = step["raw"]
        answer = self.server.api(method, path, self.body(step), **options)
        where = f"{method} {path}: HTTP {answer.status_code} {answer.text[:600]}"
        assert answer.status_code == step["status"], where
        self.look(step, answer, where)

    def look(self, step, answer, where):
        shape = step.get("expect")
        body = None
        if answer.content and "json" in answer.headers.get("Content-Type", ""):
            body = answer.json()
        if shape == "empty":
            assert answer.content == b"", where
        elif shape == "A":
            assert isinstance(body, list) and all("propertyName" in item for item in body), where
        elif shape == "B":
            assert {"type", "title", "status", "traceId"} <= set(body), where
        elif shape == "C":
            assert {"message"} <= set(body) and "X-Application-Version" not in answer.headers, where
        if "failures" in step:
            found = [[item["propertyName"], item.get("errorCode")] for item in body]
            assert found == self.fill(step["failures"]), where
        if "says" in step:
            assert self.fill(step["says"]) in answer.text, where
        if "is" in step:
            self.holds(self.fill(step["is"]), body, where)
        if "not" in step:
            assert not any(body.get(key) == value for key, value in step["not"].items()), where
        if "fields_are" in step:
            values = {item["name"]: item.get("value") for item in body["fields"]}
            self.holds(self.fill(step["fields_are"]), values, where)
        if "lacks" in step:
            assert not set(step["lacks"]) & set(body), where
        if "count" in step:
            assert len(body) == step["count"], where
        if "names" in step:
            assert [item["name"] for item in body] == self.fill(step["names"]), where
        for name, key in step.get("save", {}).items():
            self.words[name] = body[key]

    @staticmethod
    def holds(expected, body, where):
        for key, value in expected.items():
            assert (body.get(key) if isinstance(body, dict) else None) == value, f"{key}: {value!r} expected; {where}"


@pytest.mark.parametrize("app, case", list(cases()))
def test_case(app, case, arr, tmp_path, programs):
    server = arr(app, **case.get("start", {}))
    run = Run(server, app, tmp_path, programs)
    for step in case["steps"]:
        run.step(step)
