# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prowlarr's applications: the application itself tries an indexer of ours, so both directions count."""

from __future__ import annotations

import copy

from ..errors import setting
from . import net

API = {"Lidarr": "v1", "Readarr": "v1", "LazyLibrarian": "v1", "Mylar": "v1"}
MINIMUM = {"Sonarr": (3, 0, 5), "Lidarr": (1, 0, 2)}
SUFFIX = " (Prowlarr)"
ANIME = "animeCategories"


class Remote:
    """One application as Prowlarr talks to it."""

    def __init__(self, row):
        self.row = row
        self.kind = row["implementation"]
        self.values = row["settings"]
        self.url = (self.values.get("baseUrl") or "").rstrip("/") + "/api/" + API.get(self.kind, "v3") + "/"
        self.prowlarr = (self.values.get("prowlarrUrl") or "").rstrip("/")

    def ask(self, method, path, body=None, **parameters):
        return net.request(
            method,
            self.url + path,
            json=body,
            params=parameters,
            allow_redirects=method == "GET",
            headers={"X-Api-Key": self.values.get("apiKey") or "", "Accept": "application/json"},
        )

    def build(self, schema, indexer, key):
        """The indexer as the application gets it: its own Newznab or Torznab, pointing back to us.

        ``indexer``: id, name, protocol, enabled flags, priority, categories, minimum seeders.
        """
        name = "Newznab" if indexer["protocol"] == "usenet" else "Torznab"
        body = copy.deepcopy(next(entry for entry in schema if entry["implementation"] == name))
        body.pop("presets", None)
        body.update(name=indexer["name"] + SUFFIX, priority=indexer["priority"], **indexer["flags"])
        wanted = {
            "baseUrl": f"{self.prowlarr}/{indexer['id']}/",
            "apiPath": "/api",
            "apiKey": key,
            "categories": self.supported("syncCategories", indexer),
        }
        if self.kind == "Sonarr":
            wanted[ANIME] = self.supported("animeSyncCategories", indexer)
        if name == "Torznab":
            wanted.update(
                {
                    "minimumSeeders": indexer["seeders"],
                    "seedCriteria.seedRatio": indexer["ratio"],
                    "seedCriteria.seedTime": indexer["time"],
                    "rejectBlocklistedTorrentHashesWhileGrabbing": self.values.get(
                        "syncRejectBlocklistedTorrentHashesWhileGrabbing"
                    )
                    or False,
                }
            )
        fields = {field["name"]: field for field in body["fields"]}
        if self.kind == "Sonarr" and ANIME not in fields:
            raise LookupError("Object reference not set to an instance of an object.")
        for key, value in wanted.items():
            if key in fields:
                fields[key].pop("value", None)
                if value is not None:
                    fields[key]["value"] = value
        return body

    def supported(self, setting_name, indexer):
        chosen = self.values.get(setting_name) or []
        return [number for number in chosen if number in indexer["categories"]]


def test(service, row):
    remote = Remote(row)
    kind = remote.kind
    cannot = f"Unable to complete application test, cannot connect to {kind}. "
    try:
        answer = remote.ask("GET", "indexer/schema")
        failure = refused(kind, answer)
        if failure:
            return [failure]
        try:
            schema = answer.json()
        except ValueError:
            return [
                setting(
                    "baseUrl",
                    "Unable to parse JSON response from application. Unexpected character "
                    "encountered while parsing value: <. Path '', line 0, position 0.",
                )
            ]
        version = answer.headers.get("X-Application-Version", "")
        if kind in MINIMUM and numbers(version) < MINIMUM[kind]:
            wanted = ".".join(str(part) for part in MINIMUM[kind])
            return [setting("", f"{kind} version should be at least {wanted}. Version reported is {version}")]
        everything = [*remote.values.get("syncCategories", []), *(remote.values.get("animeSyncCategories") or [])]
        body = remote.build(
            schema,
            {
                "id": 0,
                "name": "Test",
                "protocol": "usenet",
                "priority": 25,
                "seeders": 1,
                "ratio": None,
                "time": None,
                "categories": everything,
                "flags": {"enableRss": True, "enableAutomaticSearch": True, "enableInteractiveSearch": True},
            },
            service.api_key,
        )
        answer = remote.ask("POST", "indexer/test", body)
        failure = refused(kind, answer)
        return [failure] if failure else []
    except net.Unreachable as error:
        return [setting("baseUrl", cannot + str(error))]
    except (LookupError, StopIteration, TypeError):
        return [setting("baseUrl", cannot + "Object reference not set to an instance of an object.")]


def refused(kind, answer):
    """What an answer of the application says about the settings."""
    code = answer.status_code
    if code in (200, 201):
        return None
    if code == 401:
        return setting("apiKey", "API Key is invalid")
    if code == 400:
        return setting("prowlarrUrl", f"Prowlarr URL is invalid, {kind} cannot connect to Prowlarr")
    if code in (301, 302, 303, 307, 308):
        return setting(
            "baseUrl", f"{kind} URL is invalid, Prowlarr cannot connect to {kind} - are you missing a URL base?"
        )
    return setting(
        "baseUrl",
        f"Unable to complete application test, cannot connect to {kind}. HTTP request failed: [{code}:{answer.reason}]",
    )


def numbers(version):
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
