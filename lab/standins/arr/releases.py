# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Searching for releases: the application's own indexers are asked, what they find is judged, the best goes to a download client."""

from __future__ import annotations

import email.utils
import sys
import threading
import time

from . import names
from .contacts import indexers, net
from .errors import Failed, Invalid, not_found, rule
from .system import stamp

RSS, AUTOMATIC, INTERACTIVE = "enableRss", "enableAutomaticSearch", "enableInteractiveSearch"
KEPT = 1800          # seconds that a found release can be grabbed by hand


class Releases:
    """``GET`` and ``POST release``, and what the search commands do."""

    def __init__(self, service):
        self.service, self.db, self.library = service, service.db, service.library
        self.lock, self.found = threading.Lock(), {}
        service.router.add("GET", "release", self.list)
        service.router.add("POST", "release", self.post)

    # Asking

    def ask(self, how, item=None, units=()):
        """The releases of all indexers that take part; an indexer that fails is left out, with a line in the log.

        :param how: Which of the three switches of an indexer counts.
        """
        found = {}
        for row in self.db.rows("indexer"):
            if not row["top"].get(how) or row["implementation"] not in ("Torznab", "Newznab") or not shares(row["tags"], item):
                continue
            try:
                for release in self._ask(row, item, units):
                    found.setdefault(release["guid"], release)
            except (net.Unreachable, indexers.Refused) as error:
                print(f"indexer {row['name']}: {error}", file=sys.stderr, flush=True)
        return list(found.values())

    def _ask(self, row, item, units):
        kind = "movie" if self.library.table == "movie" else "tvsearch"
        searches = [{"t": kind}]
        if item:
            modes = {mode.tag.removesuffix("-search"): (mode.get("supportedParams") or "").split(",")
                     for part in indexers.ask(row["settings"], t="caps").findall("searching") for mode in part if mode.get("available") == "yes"}
            searches = self.library.criteria(item, units, modes)
        categories = [*(row["settings"].get("categories") or []), *(row["settings"].get("animeCategories") or [])]
        for search in searches:
            root = indexers.ask(row["settings"], cat=",".join(str(number) for number in categories), extended=1, offset=0, limit=100, **search)
            for entry in root.iter("item"):
                yield read(entry, row)

    # Judging

    def judge(self, release, how, wanted=None):
        """The release with what is wrong with it; ``wanted`` is the (item, units) that was searched for."""
        parsed = names.parse(release["title"])
        hit = self.library.match(parsed) if parsed else None
        quality = self.library.quality(parsed.quality if parsed else "Unknown")
        rejections = []
        if hit is None or (wanted and hit[0]["id"] != wanted[0]["id"]):
            rejections.append("Unknown Movie. Unable to match to an existing movie" if self.library.table == "movie" else "Unknown Series")
            hit = None
        elif wanted and wanted[1] and not {unit["id"] for unit in hit[1]} & {unit["id"] for unit in wanted[1]}:
            rejections.append("Wrong episode")
        if release["protocol"] == "torrent" and release["seeders"] < release["minimum"]:
            rejections.append(f"Not enough seeders: {release['seeders']}. Minimum seeders: {release['minimum']}")
        place = -1
        if hit:
            item, units = hit
            profile = self.library.profile(item)
            place = rank(profile, quality["quality"]["id"])
            if place < 0:
                rejections.append(f"{quality['quality']['name']} v1 is not wanted in profile")
            rejections += self._have(profile, units, place)
            if how != INTERACTIVE:
                if not any(self.library.monitored(item, unit) for unit in units):
                    rejections.append("Movie is not monitored" if self.library.table == "movie" else "Episode is not monitored")
                if not self.service.downloads.client_for(release, item):
                    rejections.append(f"No enabled download client takes {release['protocol']}")
        return {**release, "parsed": parsed, "quality": quality, "hit": hit, "rank": place, "rejections": rejections}

    def _have(self, profile, units, place):
        """What we have already, on disk or on its way, may be good enough."""
        waiting = [grab for grab in self.service.downloads.waiting() if {unit["id"] for unit in units} & set(grab["unitIds"])]
        if any(rank(profile, grab["quality"]["quality"]["id"]) >= place for grab in waiting):
            return ["Release in queue is of equal or higher preference"]
        for unit in units:
            file = self.db.row(self.library.files, self.library.file_id(unit)) if self.library.file_id(unit) else None
            if file is None:
                continue
            have = rank(profile, file["quality"]["quality"]["id"])
            if not profile["upgradeAllowed"]:
                return ["Existing file on disk and Quality Profile does not allow upgrades"]
            if have >= rank(profile, profile["cutoff"]):
                return ["Existing file on disk meets cutoff"]
            if have >= place:
                return ["Existing file on disk is of equal or higher preference"]
        return []

    def best(self, judged):
        """In the order of preference: quality, whole seasons, seeders."""
        return sorted(judged, key=lambda one: (one["rank"], len(one["hit"][1]) if one["hit"] else 0, one["seeders"]), reverse=True)

    # Commands

    def search(self, item, units):
        """Search for one film, or for episodes of one series; grab the best for each. How many were grabbed."""
        judged = [self.judge(release, AUTOMATIC, (item, units)) for release in self.ask(AUTOMATIC, item, units)]
        return self._grab_best(judged)

    def feed(self):
        """What is new everywhere, as after an RSS synchronisation."""
        return self._grab_best([self.judge(release, RSS) for release in self.ask(RSS)])

    def _grab_best(self, judged):
        taken, count = set(), 0
        for release in self.best([one for one in judged if not one["rejections"]]):
            numbers = {unit["id"] for unit in release["hit"][1]}
            if numbers & taken:
                continue
            try:
                self.service.downloads.grab(release)
            except (net.Unreachable, Failed, ValueError) as error:
                print(f"grab {release['title']}: {error}", file=sys.stderr, flush=True)
                continue
            taken |= numbers
            count += 1
        return count

    # By hand

    def list(self, call):
        item, units = self._asked(call.query)
        judged = self.best([self.judge(release, INTERACTIVE, (item, units) if item else None)
                            for release in self.ask(INTERACTIVE if item else RSS, item, units)])
        with self.lock:
            self.found = {key: kept for key, kept in self.found.items() if time.monotonic() - kept[0] < KEPT}
            self.found.update({(one["indexerId"], one["guid"]): (time.monotonic(), one) for one in judged})
        return 200, [self.show(one, place) for place, one in enumerate(judged)]

    def _asked(self, query):
        library = self.library
        if library.table == "movie" and query.get("movieid"):
            item = self.db.row("movie", int(query["movieid"]))
        elif query.get("seriesid"):
            item = self.db.row("series", int(query["seriesid"]))
        elif query.get("episodeid"):
            unit = self.db.row("episode", int(query["episodeid"]))
            if unit is None:
                raise not_found("Episode", query["episodeid"])
            return self.db.row("series", unit["seriesId"]), [unit]
        else:
            return None, []
        if item is None:
            raise not_found(library.model, query.get("movieid") or query.get("seriesid"))
        season = query.get("seasonnumber")
        return item, [unit for unit in library.units(item) if season is None or str(unit.get("seasonNumber")) == season]

    def post(self, call):
        body = call.body if isinstance(call.body, dict) else {}
        failures = []
        if not body.get("guid"):
            failures.append(rule("Guid", "'Guid' must not be empty.", body.get("guid"), "NotEmptyValidator"))
        if not body.get("indexerId"):
            failures.append(rule("IndexerId", "'Indexer Id' must be greater than '0'.", body.get("indexerId"), "GreaterThanValidator"))
        if failures:
            raise Invalid(failures)
        with self.lock:
            kept = self.found.get((body["indexerId"], body["guid"]))
        text = "Couldn't find requested release in cache, cache timeout probably expired."
        if kept is None:
            raise Failed(404, text, "Radarr.Http.REST.NotFoundException", text)
        release = kept[1]
        if release["hit"] is None:
            text = "Unable to find matching movie" if self.library.table == "movie" else "Unable to find matching series and episodes"
            raise Failed(404, text, "Radarr.Http.REST.NotFoundException", text)
        try:
            self.service.downloads.grab(release)
        except (net.Unreachable, ValueError) as error:
            text = f"Getting release from indexer failed: {error}"
            raise Failed(409, text, "Http.Exceptions.ApiException", text) from None
        return 200, self.show(release, 0)

    def show(self, one, place):
        parsed, hit = one["parsed"], one["hit"]
        age = max(0.0, time.time() - one["published"])
        shown = {
            "guid": one["guid"], "quality": one["quality"], "customFormats": [], "customFormatScore": 0, "qualityWeight": one["rank"],
            "age": int(age // 86400), "ageHours": age / 3600, "ageMinutes": age / 60, "size": one["size"], "indexerId": one["indexerId"],
            "indexer": one["indexer"], "releaseGroup": parsed.group if parsed else "", "title": one["title"], "sceneSource": False,
            "languages": names.ENGLISH, "approved": not one["rejections"], "temporarilyRejected": False, "rejected": bool(one["rejections"]),
            "rejections": one["rejections"], "publishDate": stamp(one["published"]),
            "downloadUrl": one["link"], "infoUrl": one["guid"], "downloadAllowed": hit is not None, "releaseWeight": place, "seeders": one["seeders"],
            "leechers": 0, "protocol": one["protocol"], "indexerFlags": 0}
        if self.library.table == "movie":
            return {**shown, "movieTitles": [parsed.title] if parsed else [], **({"mappedMovieId": hit[0]["id"]} if hit else {})}
        if parsed:
            shown.update(seriesTitle=parsed.title, seasonNumber=parsed.season, episodeNumbers=list(parsed.episodes),
                         fullSeason=bool(parsed.season and not parsed.episodes))
        return {**shown, "episodeRequested": hit is not None, **({"mappedSeriesId": hit[0]["id"]} if hit else {})}


def shares(tags, item):
    """Whether something with these tags is for the item: without tags it is for all."""
    return not tags or item is None or bool(set(tags) & set(item["tags"]))


def read(entry, row):
    """One item of a feed."""
    attributes = {node.get("name"): node.get("value") for node in entry.iter() if node.tag.endswith("}attr")}
    enclosure = entry.find("enclosure")
    link = (enclosure.get("url") if enclosure is not None else None) or entry.findtext("link") or ""
    published = email.utils.parsedate_to_datetime(entry.findtext("pubDate")).timestamp() if entry.findtext("pubDate") else time.time()
    protocol = "torrent" if row["implementation"] == "Torznab" else "usenet"
    minimum = row["settings"].get("minimumSeeders")
    return {"guid": entry.findtext("guid") or link, "title": entry.findtext("title") or "", "link": link,
            "size": int(entry.findtext("size") or (enclosure.get("length") if enclosure is not None else 0) or 0), "published": published,
            "seeders": int(attributes.get("seeders") or 0), "minimum": 1 if minimum is None else minimum, "indexerId": row["id"], "indexer": row["name"],
            "protocol": protocol}


def rank(profile, number):
    """The place of a quality, or of a group of qualities, among those that a profile allows; -1 when it does not."""
    for place, entry in enumerate((profile or {}).get("items") or []):
        inside = [item["quality"]["id"] for item in entry.get("items") or [] if item.get("quality")]
        own = entry["quality"]["id"] if entry.get("quality") else entry.get("id")
        if number == own or number in inside:
            return place if entry["allowed"] else -1
    return -1
