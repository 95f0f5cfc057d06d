# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs in other generations of the same applications, as far as it is known.

Lidarr 3 took over its plugin branch: the protocol of a client or indexer is the name of a class, and a delay
profile has a name and one item per protocol instead of six separate values.
"""

from __future__ import annotations

from .errors import Failed, Invalid, not_empty, not_found, rule

CLASSES = {"torrent": "TorrentDownloadProtocol", "usenet": "UsenetDownloadProtocol"}


def protocol_class(protocol):
    return CLASSES.get(protocol, protocol)


def types(app, known):
    """The property types of an application at its version."""
    if not app.protocol_classes:
        return known
    changed = {name: dict(known[name]) for name in ("DownloadClientResource", "IndexerResource")}
    for properties in changed.values():
        properties["protocol"] = "str"
    changed["DelayProfileProtocolItemResource"] = {"name": "str", "protocol": "str", "allowed": "bool", "delay": "int"}
    changed["DelayProfileResource"] = {
        "id": "int",
        "name": "str",
        "items": "@DelayProfileProtocolItemResource[]",
        "bypassIfHighestQuality": "bool",
        "bypassIfAboveCustomFormatScore": "bool",
        "minimumCustomFormatScore": "int",
        "order": "int",
        "tags": "int[]",
    }
    return {**known, **changed}


class ItemisedDelayProfiles:
    """Delay profiles of Lidarr 3."""

    DEFAULT = {
        "name": "Default",
        "items": [
            {"name": "Usenet", "protocol": CLASSES["usenet"], "allowed": True, "delay": 0},
            {"name": "Torrent", "protocol": CLASSES["torrent"], "allowed": True, "delay": 0},
        ],
        "bypassIfHighestQuality": True,
        "bypassIfAboveCustomFormatScore": False,
        "minimumCustomFormatScore": 0,
        "order": 2147483647,
        "tags": [],
    }

    def __init__(self, service):
        self.service, self.db = service, service.db
        if not self.db.rows("delayprofile"):
            self.db.insert("delayprofile", self.DEFAULT)

    def list(self, call):
        return 200, self.db.rows("delayprofile")

    def schema(self, call):
        return 200, {**self.DEFAULT, "name": "", "order": 0}

    def get(self, call, number):
        row = self.db.row("delayprofile", number)
        if row is None:
            raise not_found("DelayProfile", number)
        return 200, row

    def _bind(self, body, number=None):
        profile = self.service.binder.bind("DelayProfileResource", body)
        number = profile.pop("id") or number or 0
        tags = profile["tags"] = sorted(set(profile["tags"] or []))
        failures = []
        if number == 1 and tags:
            failures.append(rule("Tags", "Collection Must Be Empty", tags, "EmptyCollectionValidator`1"))
        if number != 1 and not tags:
            failures.append(not_empty("Tags", tags))
        used = {tag for row in self.db.rows("delayprofile") if row["id"] != number for tag in row["tags"]}
        if used & set(tags):
            message = "One or more tags is used in another profile"
            failures.append(rule("Tags", message, tags, "DelayProfileTagInUseValidator"))
        if not any(item["allowed"] for item in profile["items"] or []):
            failures.append(rule("", "At least one protocol should be allowed", code=None))
        if failures:
            raise Invalid(failures)
        profile["name"] = profile["name"] or ""
        return number, profile

    def post(self, call):
        with self.db.lock:
            _number, profile = self._bind(call.body)
            profile["order"] = len(self.db.rows("delayprofile"))
            return 201, self.db.insert("delayprofile", profile)

    def put(self, call, number=0):
        with self.db.lock:
            number, profile = self._bind(call.body, number)
            if not self.db.update("delayprofile", number, profile):
                raise not_found("DelayProfile", number)
        return 202, {**profile, "id": number}

    def delete(self, call, number):
        if number == 1:
            message = "Cannot delete global delay profile"
            raise Failed(405, f"MethodNotAllowed: {message}", "Http.REST.MethodNotAllowedException", message)
        self.db.delete("delayprofile", number)
        return 200, None

    def reorder(self, call, number):
        if self.db.row("delayprofile", number) is None:
            raise not_found("DelayProfile", number)
        return 200, self.db.rows("delayprofile")
