# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Radarr and Sonarr look after: films; series with their seasons and episodes; their files. What there is to look up is in ``titles``."""

from __future__ import annotations

import datetime
import os
import re
import shutil

from .. import titles
from . import names
from .errors import Failed, Invalid, greater, not_empty, not_found, rule
from .providers import now
from .simple import missing

IMAGES = "https://artworks.example.com/{kind}/{number}/{cover}.jpg"


def install(service):
    """The library of an application, or nothing where the lab's has none."""
    kinds = {"radarr": Films, "sonarr": Shows}
    return kinds[service.app.kind](service) if service.app.kind in kinds else None


class Library:
    """What both have in common. An item is a film or a series; a unit is what one file holds: a film, or an episode."""

    table = files = model = component = external = owner = ""

    def __init__(self, service):
        self.service, self.db, self.app = service, service.db, service.app
        router = service.router
        for method, path, handler in (
            ("GET", f"{self.table}/lookup", self.lookup),
            ("GET", self.table, self.list),
            ("POST", self.table, self.post),
            ("PUT", self.table, self.put),
            ("PUT", f"{self.table}/editor", self.edit),
            ("GET", f"{self.table}/{{number}}", self.get),
            ("PUT", f"{self.table}/{{number}}", self.put),
            ("DELETE", f"{self.table}/{{number}}", self.delete),
            ("GET", self.files, self.list_files),
            ("GET", f"{self.files}/{{number}}", self.get_file),
            ("DELETE", f"{self.files}/{{number}}", self.delete_file),
        ):
            router.add(method, path, handler)

    # What the applications differ in

    def source(self, text):
        """The title of ``titles`` that an identifier or words of a look-up mean, as a list."""
        raise NotImplementedError

    def show(self, row):
        raise NotImplementedError

    def facts(self, title):
        """What is known of a title that nobody has added."""
        raise NotImplementedError

    def units(self, item):
        raise NotImplementedError

    # Looking up

    def lookup(self, call):
        text = str(call.query.get("term") or "").strip()
        return 200, [self.looked_up(title) for title in self.source(text)]

    def looked_up(self, title):
        row = next((row for row in self.db.rows(self.table) if row[self.external] == self.number(title)), None)
        if row:
            return self.show(row)
        shown = self.facts(title)
        shown["folder"] = self.folder(title.title, title.year, title)
        return {**shown, "qualityProfileId": 0, "monitored": False, "added": "0001-01-01T00:00:00Z", "tags": [], **self.fresh()}

    def fresh(self):
        return {}

    def images(self, title):
        return [
            {"coverType": cover, "url": url, "remoteUrl": url}
            for cover in ("poster", "fanart")
            for url in [IMAGES.format(kind=self.table, number=self.number(title), cover=cover)]
        ]

    def number(self, title):
        return title.tmdb if self.external == "tmdbId" else title.tvdb

    def config(self, name):
        return self.service.configs[name].get()[1]

    # Reading

    def list(self, call):
        rows = self.db.rows(self.table)
        wanted = call.query.get(self.external.lower())
        if wanted is not None:
            rows = [row for row in rows if str(row[self.external]) == wanted]
        return 200, [self.show(row) for row in rows]

    def get(self, call, number):
        row = self.db.row(self.table, number)
        if row is None:
            raise missing(self.service, self.model, number)
        return 200, self.show(row)

    def root_of(self, path):
        """The root folder that a path lies in."""
        roots = [row["path"] for row in self.db.rows("rootfolder")]
        fitting = [root for root in roots if path == root or path.startswith(root.rstrip("/") + "/")]
        return max(fitting, key=len, default=os.path.dirname(path))

    # Writing

    def post(self, call):
        wanted = self.service.binder.bind(self.component, call.body)
        title = next((title for title in titles.ALL if wanted[self.external] and self.number(title) == wanted[self.external]), None)
        self._validate(wanted, None)
        if title is None:
            text = f"A {self.table} with this ID was not found."
            raise Invalid([rule(self.external[:1].upper() + self.external[1:], text, wanted[self.external], None)])
        with self.db.lock:
            self._validate(wanted, None)
            folder = self.folder(title.title, title.year, title)
            path = (wanted["path"] or os.path.join(wanted["rootFolderPath"], wanted.get("folder") or folder)).rstrip("/")
            row = self.db.insert(self.table, {**self.common(wanted), **self.made(wanted, title), "path": path, "added": now()})
        options = wanted["addOptions"] or {}
        self.added(row, title, options)
        self.service.events.added(row)
        self.service.commands.start(self.refresh_command, **{self.command_key: self.command_value(row)})
        if options.get(self.search_option):
            self.search(row)
        return 201, self.show(row)

    def common(self, wanted):
        return {
            "qualityProfileId": wanted["qualityProfileId"],
            "monitored": wanted["monitored"],
            "tags": sorted(set(wanted["tags"] or [])),
        }

    def _validate(self, wanted, number):
        failures = []
        profile = wanted["qualityProfileId"]
        if profile <= 0:
            failures.append(greater("QualityProfileId", profile))
        elif self.db.row("qualityprofile", profile) is None:
            failures.append(rule("QualityProfileId", "Quality Profile does not exist", profile, "QualityProfileExistsValidator"))
        path, root = wanted["path"], wanted["rootFolderPath"]
        if path or number is not None:
            if not (path or "").startswith("/"):
                failures.append(rule("Path", f"Invalid Path: '{path or ''}'", path or "", "PathValidator", path=path or ""))
            else:
                taken = [row for row in self.db.rows(self.table) if row["path"] == path.rstrip("/") and row["id"] != number]
                if taken:
                    text = f"Path '{path}' is already configured for an existing {self.table}"
                    failures.append(rule("Path", text, path, f"{self.model}PathValidator", path=path))
        elif not (root or "").startswith("/"):
            failures.append(rule("RootFolderPath", f"Invalid Path: '{root or ''}'", root or "", "PathValidator", path=root or ""))
        elif all(row["path"] != root.rstrip("/") for row in self.db.rows("rootfolder")):
            failures.append(rule("RootFolderPath", f"Root folder '{root}' does not exist", root, "RootFolderExistsValidator"))
        if number is None:
            name = self.external[:1].upper() + self.external[1:]
            if not (wanted["title"] or "").strip():
                failures.append(not_empty("Title", wanted["title"]))
            if not wanted[self.external]:
                failures.append(not_empty(name, 0) if self.table == "movie" else greater(name, 0))
            elif any(row[self.external] == wanted[self.external] for row in self.db.rows(self.table)):
                text = f"This {self.table} has already been added"
                failures.append(rule(name, text, wanted[self.external], f"{self.model}ExistsValidator"))
        if failures:
            raise Invalid(failures)

    def put(self, call, number=0):
        wanted = self.service.binder.bind(self.component, call.body)
        number = wanted["id"] or number
        with self.db.lock:
            row = self.db.row(self.table, number)
            if row is None:
                raise not_found(self.model, number)
            self._validate(wanted, number)
            path = wanted["path"].rstrip("/")
            if call.flag("moveFiles") and path != row["path"] and os.path.isdir(row["path"]):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                shutil.move(row["path"], path)
            row.update(self.common(wanted), path=path)
            self.changed(row, wanted)
            self.db.update(self.table, number, row)
        return 202, self.show(row)

    def edit(self, call):
        """Several at once: profile, monitoring, availability and tags."""
        body = call.body if isinstance(call.body, dict) else {}
        shown = []
        with self.db.lock:
            for number in body.get(self.table + "Ids") or []:
                row = self.db.row(self.table, number)
                if row is None:
                    raise not_found(self.model, number)
                row.update({key: body[key] for key in ("monitored", "qualityProfileId", "minimumAvailability") if key in row and body.get(key) is not None})
                given = set(body.get("tags") or [])
                if body.get("tags") is not None:
                    mode = body.get("applyTags", "add")
                    row["tags"] = sorted({"add": set(row["tags"]) | given, "remove": set(row["tags"]) - given, "replace": given}[mode])
                self.db.update(self.table, number, row)
                shown.append(self.show(row))
        return 202, shown

    def delete(self, call, number):
        row = self.db.row(self.table, number)
        if row is None:
            raise not_found(self.model, number)
        with self.db.lock:
            for file in self.files_of(row):
                self.db.delete(self.files, file["id"])
            self.removed(row)
            self.db.delete(self.table, number)
        if call.flag("deleteFiles") and os.path.isdir(row["path"]):
            shutil.rmtree(row["path"], ignore_errors=True)
        self.service.downloads.forget(number)
        self.service.events.deleted(row, call.flag("deleteFiles"))
        return 200, {}

    # Files

    def files_of(self, item):
        return [row for row in self.db.rows(self.files) if row[self.owner] == item["id"]]

    def show_file(self, row, item=None):
        item = item or self.db.row(self.table, row[self.owner]) or {"path": ""}
        return {**row, "path": os.path.join(item["path"], row["relativePath"])}

    def list_files(self, call):
        wanted = call.query.get(self.owner.lower())
        if wanted is None and f"{self.files}ids" not in call.query:
            text = f"{self.owner} or {self.files}Ids must be provided"
            raise Failed(400, f"BadRequest: {text}", "Http.REST.BadRequestException", text)
        return 200, [self.show_file(row) for row in self.db.rows(self.files) if wanted in (None, str(row[self.owner]))]

    def get_file(self, call, number):
        row = self.db.row(self.files, number)
        if row is None:
            raise missing(self.service, self.files, number)
        return 200, self.show_file(row)

    def delete_file(self, call, number):
        row = self.db.row(self.files, number)
        if row is None:
            raise not_found(self.files, number)
        path = self.show_file(row)["path"]
        if os.path.isfile(path):
            os.unlink(path)
        self.forget_file(row)
        return 200, {}

    def forget_file(self, row):
        self.db.delete(self.files, row["id"])

    def add_file(self, item, units, relative, size, quality, scene="", group=""):
        """A file that lies where it shall; the row, and the rows that it takes the place of."""
        old = [row for row in self.files_of(item) if row["relativePath"] == relative or row["id"] in [self.file_id(unit) for unit in units]]
        row = {
            self.owner: item["id"],
            "relativePath": relative,
            "size": size,
            "dateAdded": now(),
            "sceneName": scene,
            "releaseGroup": group,
            "languages": names.ENGLISH,
            "quality": quality,
            "customFormats": [],
            "customFormatScore": 0,
            "indexerFlags": 0,
            "qualityCutoffNotMet": False,
        }
        with self.db.lock:
            for other in old:
                self.forget_file(other)
            row = self.db.insert(self.files, {**row, **self.file_facts(units)})
            for unit in units:
                self.attach(unit, row["id"])
        return row, old

    def file_facts(self, units):
        return {}

    def quality(self, name):
        """A quality with its revision, by its name."""
        known = next((row["quality"] for row in self.db.rows("qualitydefinition") if row["quality"]["name"] == name), None)
        known = known or next(row["quality"] for row in self.db.rows("qualitydefinition") if row["quality"]["id"] == 0)
        return {"quality": known, "revision": {"version": 1, "real": 0, "isRepack": False}}

    def refresh(self, item):
        """Look at the disk: files that are gone are forgotten, files that came are taken in."""
        known = {row["relativePath"] for row in self.files_of(item)}
        for row in self.files_of(item):
            if not os.path.isfile(self.show_file(row, item)["path"]):
                self.forget_file(row)
        for path in names.videos(item["path"]):
            relative = os.path.relpath(path, item["path"])
            units = self.units_in(item, os.path.basename(path)) if relative not in known else []
            if units:
                self.add_file(item, units, relative, os.path.getsize(path), self.quality(names.quality_of(os.path.basename(path))))

    def profile(self, item):
        return self.db.row("qualityprofile", item["qualityProfileId"])


class Films(Library):
    """Radarr."""

    table, files, model, component, external, owner = "movie", "moviefile", "Movie", "MovieResource", "tmdbId", "movieId"
    refresh_command, command_key, search_option = "RefreshMovie", "movieIds", "searchForMovie"

    def __init__(self, service):
        router = service.router
        router.add("GET", "movie/lookup/tmdb", lambda call: self._one(titles.by_tmdb("movie", call.query.get("tmdbid") or 0)))
        router.add("GET", "movie/lookup/imdb", lambda call: self._one(self.by_imdb(call.query.get("imdbid"))))
        super().__init__(service)

    @staticmethod
    def by_imdb(text):
        return next((title for title in titles.MOVIES if title.imdb == text), None)

    def _one(self, title):
        if title is None:
            raise Failed(404, "Movie not found", "NzbDrone.Core.Exceptions.MovieNotFoundException")
        return 200, self.looked_up(title)

    def source(self, text):
        kind, _colon, value = text.partition(":")
        if kind.lower() in ("tmdb", "tmdbid"):
            found = titles.by_tmdb("movie", value) if value.strip().isdigit() else None
        elif kind.lower() in ("imdb", "imdbid") or re.fullmatch(r"tt\d+", text):
            found = self.by_imdb((value or text).strip())
        else:
            return [title for title in titles.search(text) if title.kind == "movie"]
        return [found] if found else []

    def command_value(self, row):
        return [row["id"]]

    def folder(self, title, year, known):
        values = {"movietitle": title, "moviecleantitle": title, "releaseyear": year, "tmdbid": known.tmdb, "imdbid": known.imdb}
        return names.fill(self.config("naming")["movieFolderFormat"], values)

    def fresh(self):
        return {"minimumAvailability": "released", "titleSlug": "", "hasFile": False, "movieFileId": 0, "sizeOnDisk": 0}

    def facts(self, title):
        premiere = f"{title.year}-01-01T00:00:00Z"
        return {
            "title": title.title,
            "originalTitle": title.title,
            "originalLanguage": names.ENGLISH[0],
            "alternateTitles": [],
            "secondaryYearSourceId": 0,
            "sortTitle": names.sort_title(title.title),
            "sizeOnDisk": 0,
            "status": "released",
            "overview": f"{title.named} exists only in the lab.",
            "inCinemas": premiere,
            "digitalRelease": premiere,
            "releaseDate": premiere,
            "images": self.images(title),
            "website": "",
            "year": title.year,
            "youTubeTrailerId": "",
            "studio": "Lab",
            "hasFile": False,
            "movieFileId": 0,
            "isAvailable": True,
            "runtime": title.minutes,
            "cleanTitle": names.clean(title.title),
            "imdbId": title.imdb,
            "tmdbId": title.tmdb,
            "titleSlug": str(title.tmdb),
            "genres": [],
            "keywords": [],
            "ratings": {},
            "popularity": 1.0,
        }

    def made(self, wanted, title):
        return {
            "tmdbId": title.tmdb,
            "title": title.title,
            "year": title.year,
            "minimumAvailability": wanted["minimumAvailability"],
            "movieFileId": 0,
            "addOptions": {key: value for key, value in (wanted["addOptions"] or {}).items() if value is not None},
        }

    def added(self, row, title, options):
        """Nothing more: a film is its own unit."""

    def changed(self, row, wanted):
        row["minimumAvailability"] = wanted["minimumAvailability"]

    def removed(self, row):
        """Nothing more."""

    def show(self, row):
        title = titles.by_tmdb("movie", row["tmdbId"])
        file = self.db.row(self.files, row["movieFileId"]) if row["movieFileId"] else None
        shown = {
            **self.facts(title),
            "path": row["path"],
            "qualityProfileId": row["qualityProfileId"],
            "hasFile": file is not None,
            "movieFileId": row["movieFileId"],
            "sizeOnDisk": file["size"] if file else 0,
            "monitored": row["monitored"],
            "minimumAvailability": row["minimumAvailability"],
            "folderName": row["path"],
            "rootFolderPath": self.root_of(row["path"]),
            "tags": row["tags"],
            "added": row["added"],
            "statistics": {"movieFileCount": 1 if file else 0, "sizeOnDisk": file["size"] if file else 0, "releaseGroups": []},
            "id": row["id"],
        }
        if file:
            shown["movieFile"] = self.show_file(file, row)
        return shown

    def search(self, row):
        self.service.commands.start("MoviesSearch", movieIds=[row["id"]])

    # Units

    def units(self, item):
        return [item]

    def units_in(self, item, _name):
        return [item]

    def unit(self, number):
        return self.db.row("movie", number)

    def monitored(self, item, unit):
        return item["monitored"]

    @staticmethod
    def file_id(unit):
        return unit["movieFileId"]

    def attach(self, unit, number):
        row = self.db.row("movie", unit["id"])
        if row:
            self.db.update("movie", unit["id"], {**row, "movieFileId": number})

    def forget_file(self, row):
        super().forget_file(row)
        item = self.db.row("movie", row["movieId"])
        if item and item["movieFileId"] == row["id"]:
            self.attach(item, 0)

    def match(self, parsed):
        """(film, [film]) that a release's name means, or nothing."""
        for item in self.db.rows("movie"):
            if titles.plain(item["title"]) == parsed.title and item["year"] == parsed.year and not parsed.season:
                return item, [item]
        return None

    def criteria(self, item, _units, modes):
        """Parameters of the searches, by what an indexer can be asked."""
        title = titles.by_tmdb("movie", item["tmdbId"])
        can = modes.get("movie", [])
        if "tmdbid" in can:
            return [{"t": "movie", "tmdbid": title.tmdb}]
        if "imdbid" in can:
            return [{"t": "movie", "imdbid": title.imdb.removeprefix("tt")}]
        return [{"t": "search", "q": title.title.replace(":", "") + f" {title.year}"}]

    def destination(self, item, units, source, quality):
        """Where a file goes, below the folder of its film."""
        stem, ending = os.path.splitext(os.path.basename(source))
        naming = self.config("naming")
        if naming["renameMovies"]:
            values = {"movietitle": item["title"], "moviecleantitle": item["title"], "releaseyear": item["year"], "tmdbid": item["tmdbId"],
                      "imdbid": titles.by_tmdb("movie", item["tmdbId"]).imdb, "qualityfull": quality["quality"]["name"],
                      "qualitytitle": quality["quality"]["name"], "originaltitle": stem, "originalfilename": stem}
            stem = names.fill(naming["standardMovieFormat"], values) or stem
        return stem + ending


class Shows(Library):
    """Sonarr."""

    table, files, model, component, external, owner = "series", "episodefile", "Series", "SeriesResource", "tvdbId", "seriesId"
    refresh_command, command_key, search_option = "RefreshSeries", "seriesId", "searchForMissingEpisodes"

    def __init__(self, service):
        super().__init__(service)
        router = service.router
        router.add("GET", "episode", self.list_episodes)
        router.add("PUT", "episode/monitor", self.monitor)
        router.add("GET", "episode/{number}", self.get_episode)
        router.add("PUT", "episode/{number}", self.put_episode)

    def source(self, text):
        kind, _colon, value = text.partition(":")
        value = value.strip()
        fields = {"tvdb": "tvdb", "tvdbid": "tvdb", "tmdb": "tmdb", "tmdbid": "tmdb", "imdb": "imdb", "imdbid": "imdb"}
        if kind.lower() in fields:
            return [title for title in titles.SERIES if str(getattr(title, fields[kind.lower()])) == value]
        return [title for title in titles.search(text) if title.kind == "tv"]

    def command_value(self, row):
        return row["id"]

    def folder(self, title, year, known):
        values = {"seriestitle": title, "seriescleantitle": title, "seriestitleyear": f"{title} ({year})", "seriescleantitleyear": f"{title} {year}",
                  "seriesyear": year, "tvdbid": known.tvdb, "imdbid": known.imdb, "tmdbid": known.tmdb}
        return names.fill(self.config("naming")["seriesFolderFormat"], values)

    def fresh(self):
        return {"seasonFolder": False, "monitorNewItems": "all"}

    def facts(self, title):
        premiere = f"{title.year}-01-01T00:00:00Z"
        return {
            "title": title.title,
            "alternateTitles": [],
            "sortTitle": names.sort_title(title.title),
            "status": "ended",
            "ended": True,
            "overview": f"{title.named} exists only in the lab.",
            "network": "Lab",
            "images": self.images(title),
            "originalLanguage": names.ENGLISH[0],
            "seasons": [{"seasonNumber": season, "monitored": True} for season, _count in title.seasons],
            "year": title.year,
            "useSceneNumbering": False,
            "runtime": title.minutes,
            "tvdbId": title.tvdb,
            "tvRageId": 0,
            "tvMazeId": 0,
            "tmdbId": title.tmdb,
            "firstAired": premiere,
            "lastAired": premiere,
            "seriesType": "standard",
            "cleanTitle": names.clean(title.title),
            "imdbId": title.imdb,
            "titleSlug": names.slug(title.title),
            "genres": [],
            "ratings": {"votes": 0, "value": 0},
            "languageProfileId": 1,
            "statistics": {"seasonCount": len(title.seasons), "episodeFileCount": 0, "episodeCount": 0, "totalEpisodeCount": 0, "sizeOnDisk": 0,
                           "percentOfEpisodes": 0},
        }

    def made(self, wanted, title):
        given = {item["seasonNumber"]: item["monitored"] for item in wanted["seasons"] or []}
        return {
            "tvdbId": title.tvdb,
            "title": title.title,
            "year": title.year,
            "seasonFolder": wanted["seasonFolder"],
            "monitorNewItems": wanted["monitorNewItems"],
            "seriesType": wanted["seriesType"],
            "seasons": [{"seasonNumber": season, "monitored": given.get(season, True)} for season, _count in title.seasons],
        }

    def added(self, row, title, options):
        """Its episodes; who adds it says which of them are wanted, by season or by a rule."""
        rule_ = options.get("monitor") or "unknown"
        seasons = [season for season, _count in title.seasons]
        wanted = {season["seasonNumber"]: season["monitored"] for season in row["seasons"]}
        by_rule = {"all": lambda season, number: True, "missing": lambda season, number: True, "none": lambda season, number: False,
                   "future": lambda season, number: False, "existing": lambda season, number: False, "recent": lambda season, number: False,
                   "firstSeason": lambda season, number: season == min(seasons), "lastSeason": lambda season, number: season == max(seasons),
                   "latestSeason": lambda season, number: season == max(seasons), "pilot": lambda season, number: (season, number) == (1, 1)}
        decide = by_rule.get(rule_, lambda season, number: wanted.get(season, True))
        day = datetime.datetime(title.year, 1, 1, 20, tzinfo=datetime.timezone.utc)
        with self.db.lock:
            for place, (season, number) in enumerate(title.episodes()):
                aired = day + datetime.timedelta(weeks=place)
                self.db.insert("episode", {
                    "seriesId": row["id"], "tvdbId": title.tvdb * 100 + place + 1, "episodeFileId": 0, "seasonNumber": season, "episodeNumber": number,
                    "title": f"Episode {number}", "airDate": aired.strftime("%Y-%m-%d"), "airDateUtc": aired.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "runtime": title.minutes, "monitored": decide(season, number), "absoluteEpisodeNumber": place + 1})
            if rule_ in by_rule:
                chosen = {season for season, number in title.episodes() if decide(season, number)}
                row["seasons"] = [{**season, "monitored": season["seasonNumber"] in chosen} for season in row["seasons"]]
                self.db.update("series", row["id"], row)

    def changed(self, row, wanted):
        row.update({key: wanted[key] for key in ("seasonFolder", "monitorNewItems", "seriesType")})
        given = {item["seasonNumber"]: item["monitored"] for item in wanted["seasons"] or []}
        before = {item["seasonNumber"]: item["monitored"] for item in row["seasons"]}
        row["seasons"] = [{**season, "monitored": given.get(season["seasonNumber"], season["monitored"])} for season in row["seasons"]]
        for unit in self.units(row):
            season = unit["seasonNumber"]
            if given.get(season, before[season]) != before[season]:
                self.db.update("episode", unit["id"], {**unit, "monitored": given[season]})

    def removed(self, row):
        for unit in self.units(row):
            self.db.delete("episode", unit["id"])

    def show(self, row):
        title = titles.by_tvdb(row["tvdbId"])
        units, files = self.units(row), self.files_of(row)
        seasons = []
        for season in row["seasons"]:
            number = season["seasonNumber"]
            inside = [unit for unit in units if unit["seasonNumber"] == number]
            seasons.append({**season, "statistics": statistics(inside, [file for file in files if file["seasonNumber"] == number])})
        return {
            **self.facts(title),
            "seasons": seasons,
            "path": row["path"],
            "qualityProfileId": row["qualityProfileId"],
            "seasonFolder": row["seasonFolder"],
            "monitored": row["monitored"],
            "monitorNewItems": row["monitorNewItems"],
            "seriesType": row["seriesType"],
            "rootFolderPath": self.root_of(row["path"]),
            "tags": row["tags"],
            "added": row["added"],
            "statistics": {"seasonCount": len(seasons), **statistics(units, files)},
            "id": row["id"],
        }

    def search(self, row):
        self.service.commands.start("MissingEpisodeSearch", seriesId=row["id"])

    # Episodes

    def show_episode(self, row, with_file=False):
        shown = {**row, "hasFile": bool(row["episodeFileId"]), "unverifiedSceneNumbering": False}
        file = self.db.row(self.files, row["episodeFileId"]) if with_file and row["episodeFileId"] else None
        if file:
            shown["episodeFile"] = self.show_file(file)
        return shown

    def list_episodes(self, call):
        series, wanted = call.query.get("seriesid"), [part for part in str(call.query.get("episodeids") or "").split(",") if part]
        if series is None and not wanted:
            text = "seriesId or episodeIds must be provided"
            raise Failed(400, f"BadRequest: {text}", "Http.REST.BadRequestException", text)
        season = call.query.get("seasonnumber")
        rows = [row for row in self.db.rows("episode") if series in (None, str(row["seriesId"])) and season in (None, str(row["seasonNumber"]))
                and (not wanted or str(row["id"]) in wanted)]
        return 200, [self.show_episode(row, call.flag("includeEpisodeFile")) for row in rows]

    def get_episode(self, call, number):
        row = self.db.row("episode", number)
        if row is None:
            raise missing(self.service, "Episode", number)
        return 200, {**self.show_episode(row, True), "series": self.show(self.db.row("series", row["seriesId"]))}

    def put_episode(self, call, number):
        row = self.db.row("episode", number)
        if row is None:
            raise not_found("Episode", number)
        row["monitored"] = bool((call.body or {}).get("monitored"))
        self.db.update("episode", number, row)
        return 202, self.show_episode(row)

    def monitor(self, call):
        body = call.body if isinstance(call.body, dict) else {}
        for number in body.get("episodeIds") or []:
            row = self.db.row("episode", number)
            if row:
                self.db.update("episode", number, {**row, "monitored": bool(body.get("monitored"))})
        return 202, [self.show_episode(row) for row in self.db.rows("episode") if row["id"] in (body.get("episodeIds") or [])]

    # Units

    def units(self, item):
        return [row for row in self.db.rows("episode") if row["seriesId"] == item["id"]]

    def units_in(self, item, name):
        parsed = names.parse(name)
        if parsed is None or not parsed.season:
            return []
        return [unit for unit in self.units(item) if unit["seasonNumber"] == parsed.season and unit["episodeNumber"] in parsed.episodes]

    def unit(self, number):
        return self.db.row("episode", number)

    def monitored(self, item, unit):
        return item["monitored"] and unit["monitored"]

    @staticmethod
    def file_id(unit):
        return unit["episodeFileId"]

    def file_facts(self, units):
        return {"seasonNumber": units[0]["seasonNumber"], "releaseType": "singleEpisode" if len(units) == 1 else "multiEpisode"}

    def attach(self, unit, number):
        row = self.db.row("episode", unit["id"])
        if row:
            self.db.update("episode", unit["id"], {**row, "episodeFileId": number})

    def forget_file(self, row):
        super().forget_file(row)
        for unit in self.db.rows("episode"):
            if unit["episodeFileId"] == row["id"]:
                self.attach(unit, 0)

    def match(self, parsed):
        """(series, episodes) that a release's name means, or nothing."""
        for item in self.db.rows("series"):
            if titles.plain(item["title"]) == parsed.title or titles.plain(f"{item['title']} {item['year']}") == parsed.title:
                inside = [unit for unit in self.units(item) if unit["seasonNumber"] == parsed.season]
                units = [unit for unit in inside if not parsed.episodes or unit["episodeNumber"] in parsed.episodes]
                return (item, units) if units and parsed.season else None
        return None

    def criteria(self, item, units, modes):
        """Parameters of the searches, by what an indexer can be asked: a season at once, or its only missing episode."""
        can = modes.get("tv", [])
        found = []
        for season in sorted({unit["seasonNumber"] for unit in units}):
            wanted = [unit["episodeNumber"] for unit in units if unit["seasonNumber"] == season]
            if {"season", "ep"} <= set(can):
                whose = {"tvdbid": item["tvdbId"]} if "tvdbid" in can else {"q": item["title"]}
                found.append({"t": "tvsearch", **whose, "season": season, **({"ep": wanted[0]} if len(wanted) == 1 else {})})
            else:
                found.append({"t": "search", "q": f"{item['title']} S{season:02}" + (f"E{wanted[0]:02}" if len(wanted) == 1 else "")})
        return found

    def destination(self, item, units, source, quality):
        """Where a file goes, below the folder of its series."""
        stem, ending = os.path.splitext(os.path.basename(source))
        naming, first = self.config("naming"), units[0]
        values = {"seriestitle": item["title"], "seriescleantitle": item["title"], "seriestitleyear": f"{item['title']} ({item['year']})",
                  "seriesyear": item["year"], "season": first["seasonNumber"], "episode": first["episodeNumber"], "episodetitle": first["title"],
                  "episodecleantitle": first["title"], "qualityfull": quality["quality"]["name"], "qualitytitle": quality["quality"]["name"],
                  "tvdbid": item["tvdbId"], "originaltitle": stem, "originalfilename": stem}
        if naming["renameEpisodes"]:
            stem = names.fill(naming["standardEpisodeFormat"], values) or stem
        folder = names.fill(naming["seasonFolderFormat" if first["seasonNumber"] else "specialsFolderFormat"], values) if item["seasonFolder"] else ""
        return os.path.join(folder, stem + ending)


def statistics(units, files):
    """Of a season or a series. Only episodes that are monitored or there count for the percentage."""
    there = [unit for unit in units if unit["episodeFileId"]]
    counted = [unit for unit in units if unit["monitored"] or unit["episodeFileId"]]
    return {
        "episodeFileCount": len(there),
        "episodeCount": len(counted),
        "totalEpisodeCount": len(units),
        "sizeOnDisk": sum(file["size"] for file in files),
        "releaseGroups": sorted({file["releaseGroup"] for file in files if file["releaseGroup"]}),
        "percentOfEpisodes": 100.0 * len(there) / len(counted) if counted else 0,
    }
