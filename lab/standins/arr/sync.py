# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prowlarr's half of the wiring: indexers pushed into the applications, and answers in an indexer's place."""

from __future__ import annotations

import base64
import copy
import json
import queue
import re
import sys
import threading
import time
from urllib.parse import urlencode, urljoin
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from flask import Response

from .contacts import indexers, net
from .contacts.applications import ANIME, SUFFIX, Remote

COMPARED = (
    "baseUrl",
    "apiPath",
    "categories",
    ANIME,
    "minimumSeeders",
    "seedCriteria.seedRatio",
    "seedCriteria.seedTime",
    "rejectBlocklistedTorrentHashesWhileGrabbing",
)
FLAGS = ("enableRss", "enableAutomaticSearch", "enableInteractiveSearch")
SETTING = "torrentBaseSettings."
ElementTree.register_namespace("newznab", "http://www.newznab.com/DTD/2010/feeds/attributes/")
ElementTree.register_namespace("torznab", "http://torznab.com/schemas/2015/feed")


class Sync:
    """One push after the other, ``STANDIN_SYNC_INTERVAL`` seconds apart (2 in reality, and by default).

    Whatever fails is dropped: nobody is told, nothing is tried again before the next synchronisation.
    """

    def __init__(self, service):
        self.service, self.db = service, service.db
        self.interval = float(service.environment.get("STANDIN_SYNC_INTERVAL") or 2)
        self.lock = threading.Lock()
        self.jobs = queue.Queue()
        self.pushed = 0.0
        threading.Thread(target=self._work, daemon=True).start()

    # What starts a synchronisation

    def provider_changed(self, kind, what, row):
        """Saving is answered first; the pushing follows."""
        if kind in ("applications", "indexer"):
            self.jobs.put((kind, what, row))

    def _work(self):
        while True:
            kind, what, row = self.jobs.get()
            try:
                with self.lock:
                    self._handle(kind, what, row)
            except Exception as error:  # as in reality, a log line is all that remains of it
                print(f"synchronisation after {kind} {what}: {error!r}", file=sys.stderr, flush=True)

    def _handle(self, kind, what, row):
        if kind == "applications":
            if what == "deleted":
                self._forget(lambda entry: entry["app"] == row["id"])
            elif self._level(row) != "disabled":
                self._synchronise([row], self.db.rows("indexer"))
            return
        applications = [
            app
            for app in self.db.rows("applications")
            if self._level(app) == "fullSync" or (what == "added" and self._level(app) != "disabled")
        ]
        if what == "deleted":
            for app in applications:
                self._attempt(self._remove, app, row["id"])
            return
        self._synchronise(applications, [row])

    def everything(self, force=False):
        """The command ApplicationIndexerSync: always completes, whoever was reached."""
        with self.lock:
            applications = [app for app in self.db.rows("applications") if self._level(app) != "disabled"]
            self._synchronise(applications, self.db.rows("indexer"), remove=True, force=force)

    @staticmethod
    def _level(app):
        return app["top"].get("syncLevel", "disabled")

    # The synchronisation

    def _synchronise(self, applications, rows, remove=False, force=False):
        for app in applications:
            self._attempt(self._one, app, sorted(rows, key=lambda row: row["name"].lower()), remove, force)

    @staticmethod
    def _attempt(action, *arguments):
        try:
            action(*arguments)
        except (net.Unreachable, LookupError, ValueError, StopIteration, TypeError) as error:
            print(f"an application was not brought up to date: {error!r}", file=sys.stderr, flush=True)

    def _one(self, app, rows, remove, force):
        remote = Remote(app)
        known = self._adopt(remote)
        schema = self._json(remote.ask("GET", "indexer/schema"))
        full = self._level(app) == "fullSync"
        for row in rows:
            if not self._wanted(app, row):
                continue
            mapping = next((entry for entry in self._mappings(app["id"]) if entry["indexer"] == row["id"]), None)
            if mapping is None:
                if row["top"].get("enable"):
                    self._attempt(self._add, remote, schema, row)
            elif full:
                self._attempt(self._update, remote, schema, row, mapping, known, force)
        if remove and full:
            existing = {row["id"] for row in self.db.rows("indexer")}
            for mapping in self._mappings(app["id"]):
                if mapping["indexer"] not in existing:
                    self._attempt(self._remove, app, mapping["indexer"])

    def _adopt(self, remote):
        """Indexers in the application that point to us are ours, even when the mapping was lost."""
        found = {}
        pattern = re.compile(re.escape(remote.prowlarr) + r"/(\d+)/?$")
        for item in self._json(remote.ask("GET", "indexer")):
            values = {field["name"]: field.get("value") for field in item["fields"]}
            match = pattern.match(values.get("baseUrl") or "")
            if match and values.get("apiKey"):
                found[item["id"]] = item
                number = int(match.group(1))
                if not any(entry["remote"] == item["id"] for entry in self._mappings(remote.row["id"])):
                    self._map(remote.row["id"], number, item["id"])
        return found

    @staticmethod
    def _json(answer):
        if answer.status_code >= 300:
            raise ValueError(f"{answer.request.method} {answer.url}: HTTP {answer.status_code}")
        return answer.json()

    def _wanted(self, app, row):
        """An application with tags takes only the indexers that share one."""
        return not app["tags"] or bool(set(app["tags"]) & set(row["tags"] or []))

    def _facts(self, row):
        shown = self.service.providers["indexer"].show(row)
        profile = self.db.row("appprofile", row["top"].get("appProfileId")) or {}
        values = row["settings"]
        seeders = values.get(SETTING + "appMinimumSeeders")
        return {
            "id": row["id"],
            "name": row["name"],
            "protocol": shown["protocol"],
            "priority": row["top"].get("priority", 25),
            "flags": {flag: bool(row["top"].get("enable") and profile.get(flag)) for flag in FLAGS},
            "seeders": profile.get("minimumSeeders", 1) if seeders is None else seeders,
            "ratio": values.get(SETTING + "seedRatio"),
            "time": values.get(SETTING + "seedTime"),
            "categories": set(indexers.category_numbers(shown["capabilities"])),
        }

    def _build(self, remote, schema, row):
        body = remote.build(schema, self._facts(row), self.service.api_key)
        values = {field["name"]: field.get("value") for field in body["fields"]}
        return body, bool(values.get("categories") or values.get(ANIME))

    def _push(self, remote, method, path, body):
        """One push; refused ones are forced once, as Prowlarr does."""
        wait = self.pushed + self.interval - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        answer = remote.ask(method, path, body)
        if answer.status_code == 400:
            answer = remote.ask(method, path, body, forceSave="true")
        self.pushed = time.monotonic()
        return self._json(answer)

    def _add(self, remote, schema, row):
        body, suitable = self._build(remote, schema, row)
        if suitable:
            made = self._push(remote, "POST", "indexer", body)
            self._map(remote.row["id"], row["id"], made["id"])

    def _update(self, remote, schema, row, mapping, known, force):
        current = known.get(mapping["remote"])
        if current is None:  # somebody deleted it there
            self._forget(lambda entry: entry == mapping)
            if row["top"].get("enable"):
                self._add(remote, schema, row)
            return
        if not row["top"].get("enable"):
            body, suitable = copy.deepcopy(current), True
            body.update(
                name=row["name"] + SUFFIX, priority=row["top"].get("priority", 25), **{flag: False for flag in FLAGS}
            )
        else:
            body, suitable = self._build(remote, schema, row)
        if not suitable:
            self._remove(remote.row, row["id"])
            return
        if self._same(body, current) and not force:
            return
        # Its download client and its tags belong to the application.
        body.update(id=current["id"], downloadClientId=current.get("downloadClientId", 0), tags=current.get("tags", []))
        self._push(remote, "PUT", f"indexer/{current['id']}", body)

    @staticmethod
    def _same(new, current):
        for key in ("name", "implementation", "priority", *FLAGS):
            if new.get(key) != current.get(key):
                return False
        ours = {field["name"]: field.get("value") for field in new["fields"]}
        theirs = {field["name"]: field.get("value") for field in current["fields"]}

        def plain(value):
            return sorted(value) if isinstance(value, list) else value

        return all(plain(ours.get(name)) == plain(theirs.get(name)) for name in COMPARED)

    def _remove(self, app, number):
        remote = Remote(app)
        for mapping in [entry for entry in self._mappings(app["id"]) if entry["indexer"] == number]:
            remote.ask("DELETE", f"indexer/{mapping['remote']}")
            self._forget(lambda entry, gone=mapping: entry == gone)

    # Which indexer is which over there

    def _mappings(self, app):
        with self.db.lock:
            return [dict(entry) for entry in self.db.data["mappings"] if entry["app"] == app]

    def _map(self, app, indexer, remote):
        with self.db.lock:
            self.db.data["mappings"].append({"app": app, "indexer": indexer, "remote": remote})
            self.db.save()

    def _forget(self, matches):
        with self.db.lock:
            self.db.data["mappings"] = [entry for entry in self.db.data["mappings"] if not matches(entry)]
            self.db.save()

    # In an indexer's place: /<id>/api

    def answer_as_indexer(self, path, arguments, root=""):
        """``/<id>/api`` and ``/<id>/download``; ``root`` is how the caller reaches us."""
        number = int(path.split("/")[1])
        if not path.endswith(("/api", "/download")):
            return Response("", 404)
        wanted = arguments.get("t")
        categories = [int(part) for part in (arguments.get("cat") or "").split(",") if part.isdigit()]
        if number == 0:  # the indexer of a connection test: everything, and one release
            if wanted == "caps":
                return xml(caps(sorted(indexers.NAMES)))
            return xml(feed([("Test Release", categories or [5000, 2000, 3000])]))
        row = self.db.row("indexer", number)
        if row is None:
            return Response('{"message":"Indexer not found"}', 404, content_type="application/json")
        if not row["top"].get("enable"):
            return xml('<error code="410" description="Indexer is disabled"/>', 410)
        if path.endswith("/download"):
            return self._download(row, arguments)
        if wanted == "caps":
            found = self.service.providers["indexer"].show(row)["capabilities"]
            modes = {mode: found[mode + "SearchParams"] for mode in ("tv", "movie", "music")}
            modes = {mode: [name.lower() for name in names] for mode, names in modes.items() if names}
            return xml(caps(indexers.category_numbers(found), modes))
        return self._search(row, arguments, root)

    def _search(self, row, arguments, root):
        values = row["settings"]
        base = (values.get("baseUrl") or "").rstrip("/") + "/" + (values.get("apiPath") or "/api").strip("/")
        parameters = {key: value for key, value in arguments.items() if key.lower() != "apikey"}
        if values.get("apiKey"):
            parameters["apikey"] = values["apiKey"]
        try:
            answer = net.request("GET", base, params=parameters)
        except net.Unreachable as error:
            return xml(f'<error code="900" description={quoteattr(str(error))}/>', 500)
        content = answer.content
        if answer.status_code == 200:
            content = self._through_us(content, f"{root}/{row['id']}/download")
        return Response(content, answer.status_code, content_type="application/rss+xml; charset=utf-8")

    def _through_us(self, content, address):
        """A feed whose links lead through us: an application may not reach the indexer, and the site's key is not its business."""
        try:
            tree = ElementTree.fromstring(content)
        except ElementTree.ParseError:
            return content
        for entry in tree.iter("item"):
            title = entry.findtext("title") or ""
            enclosure = entry.find("enclosure")
            link = (enclosure.get("url") if enclosure is not None else None) or entry.findtext("link")
            if not link:
                continue
            ours = f"{address}?" + urlencode({"apikey": self.service.api_key, "link": hide(link), "file": title})
            if enclosure is not None:
                enclosure.set("url", ours)
            if entry.find("link") is not None:
                entry.find("link").text = ours
        return ElementTree.tostring(tree, encoding="utf-8", xml_declaration=True)

    def _download(self, row, arguments):
        """What a link of ours leads to: the file itself, or where it is for whoever shall fetch it alone."""
        try:
            link = unhide(arguments.get("link") or "")
        except ValueError:
            return Response('{"message":"Failed to normalize provided link"}', 400, content_type="application/json")
        if link.startswith("magnet:") or row["top"].get("redirect"):
            return Response("", 301, headers={"Location": link})
        try:
            answer = net.request("GET", link)
            if answer.status_code in (301, 302, 303, 307, 308):
                target = urljoin(link, answer.headers.get("Location", ""))
                if target.startswith("magnet:"):
                    return Response("", 301, headers={"Location": target})
                answer = net.request("GET", target, allow_redirects=True)
        except net.Unreachable as error:
            return Response(json.dumps({"message": str(error)}), 500, content_type="application/json")
        if answer.status_code >= 400:
            text = f"Downloading torrent failed: HTTP {answer.status_code}"
            return Response(json.dumps({"message": text}), 500, content_type="application/json")
        kind = "application/x-bittorrent" if row["implementation"] != "Newznab" else "application/x-nzb"
        return Response(answer.content, 200, content_type=kind)


def hide(link):
    """A link inside a link (the real one encrypts it)."""
    return base64.urlsafe_b64encode(link.encode()).decode()


def unhide(text):
    """ValueError when it is none of ours."""
    link = base64.b64decode(text.encode(), altchars=b"-_", validate=True).decode()
    if not re.match(r"https?://|magnet:", link):
        raise ValueError(link)
    return link


def xml(text, status=200):
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?>\n' + text, status, content_type="application/xml; charset=utf-8"
    )


MODES = {"search": ["q"], "tv": ["q", "season", "ep"], "movie": ["q", "imdbid"], "music": ["q", "artist", "album"]}


def caps(numbers, modes=None):
    """A capabilities document; ``modes`` says what can be searched by, for ``tv``, ``movie`` and ``music``."""
    tree = {}
    for number in numbers:
        tree.setdefault(number - number % 1000, []).append(number)
    categories = "".join(
        f'<category id="{parent}" name={quoteattr(indexers.NAMES.get(parent, str(parent)))}>'
        + "".join(
            f'<subcat id="{number}" name={quoteattr(indexers.NAMES.get(number, str(number)))}/>'
            for number in inner
            if number != parent
        )
        + "</category>"
        for parent, inner in tree.items()
    )
    known = {**MODES, **(modes or {})}
    searching = "".join(
        f'<{tag} available="yes" supportedParams="{",".join(known[mode])}"/>'
        for tag, mode in (
            ("search", "search"),
            ("tv-search", "tv"),
            ("movie-search", "movie"),
            ("music-search", "music"),
            ("audio-search", "music"),
        )
    )
    return (
        f'<caps><server title="Prowlarr"/><limits default="100" max="100"/><searching>{searching}</searching>'
        f"<categories>{categories}</categories></caps>"
    )


def feed(releases):
    """A first page; each release is (title, categories) or (title, categories, what else is known of it)."""
    return (
        '<rss version="2.0" xmlns:newznab="http://www.newznab.com/DTD/2010/feeds/attributes/" '
        'xmlns:torznab="http://torznab.com/schemas/2015/feed"><channel><title>feed</title>'
        f"{''.join(item(number, *release) for number, release in enumerate(releases))}</channel></rss>"
    )


def item(number, title, categories, more=None):
    """One release; ``more``: size, link, guid, type of the file, further attributes."""
    more = more or {}
    size, link = more.get("size", 1000000000), escape(more.get("link", f"http://localhost/{number}"), {'"': "&quot;"})
    attributes = {**more.get("attributes", {}), "seeders": 10}
    return (
        f"<item><title>{escape(title)}</title><guid>{escape(more.get('guid', f'urn:{number}'))}</guid><size>{size}</size>"
        f"<link>{link}</link><pubDate>Sat, 01 Aug 2026 00:00:00 +0000</pubDate>"
        f'<enclosure url="{link}" length="{size}" type="{more.get("type", "application/x-nzb")}"/>'
        + "".join(
            f'<category>{category}</category><newznab:attr name="category" value="{category}"/>'
            f'<torznab:attr name="category" value="{category}"/>'
            for category in categories
        )
        + "".join(f'<torznab:attr name="{name}" value={quoteattr(str(value))}/>' for name, value in attributes.items())
        + "</item>"
    )
