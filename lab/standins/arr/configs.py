# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The singletons ``config/*``."""

from __future__ import annotations

import re

from .errors import Failed, Invalid, at_least, rule

COMPONENTS = {
    "ui": "UiConfigResource",
    "downloadclient": "DownloadClientConfigResource",
    "indexer": "IndexerConfigResource",
    "importlist": "ImportListConfigResource",
    "metadata": "MetadataConfigResource",
    "metadataprovider": "MetadataProviderConfigResource",
    "mediamanagement": "MediaManagementConfigResource",
    "naming": "NamingConfigResource",
    "development": "DevelopmentConfigResource",
}
# Naming is a row of its own: a missing text is empty there; the other settings keep what they have.
REPLACES_TEXT = ("naming",)
DERIVED = {
    "lidarr": ("includeArtistName", "includeAlbumTitle", "includeQuality", "replaceSpaces", "separator", "numberStyle")
}
EPISODE = r"\{season(:0+)?\}.*\{episode(:0+)?\}|\{Original[ ._-](Title|Filename)\}"
# property -> (needs one of, message, validator)
TEMPLATES = {
    "standardEpisodeFormat": (
        EPISODE,
        "Must contain season and episode numbers OR Original Title",
        "ValidStandardEpisodeFormatValidator",
    ),
    "dailyEpisodeFormat": (
        EPISODE + r"|\{Air[ ._-]Date\}",
        "Must contain Air Date OR Season and Episode OR Original Title",
        "ValidDailyEpisodeFormatValidator",
    ),
    "animeEpisodeFormat": (
        EPISODE + r"|\{absolute(:0+)?\}",
        "Must contain Absolute Episode number OR Season and Episode OR Original Title",
        "ValidAnimeEpisodeFormatValidator",
    ),
    "seriesFolderFormat": (r"\{Series[ ._-](Clean)?Title", "Must contain series title", "RegularExpressionValidator"),
    "seasonFolderFormat": (r"\{season(:0+)?\}", "Must contain season number", "RegularExpressionValidator"),
    "specialsFolderFormat": (r".", "Must not be empty", "NotEmptyValidator"),
    "standardMovieFormat": (
        r"\{Movie[ ._-](Clean)?(Original)?Title.*\{Release[ ._-]Year\}"
        r"|\{Original[ ._-](Title|Filename)\}",
        "Must contain either movie title and release year OR Original Title/Filename",
        "ValidMovieFormatValidator",
    ),
    "movieFolderFormat": (
        r"\{Movie[ ._-](Clean)?(Original)?Title",
        "Must contain movie title",
        "ValidMovieFolderFormatValidator",
    ),
    "standardTrackFormat": (
        r"\{track(:0+)?\}.*\{Track[ ._-](Clean)?Title|\{Track[ ._-](Clean)?Title.*\{track(:0+)?\}"
        r"|\{Original[ ._-](Title|Filename)\}",
        "Must contain Track Title and Track numbers OR Original Title",
        "ValidStandardTrackFormatValidator",
    ),
    "multiDiscTrackFormat": (
        r"\{track(:0+)?\}.*\{Track[ ._-](Clean)?Title|\{Original[ ._-](Title|Filename)\}",
        "Must contain Track Title and Track numbers OR Original Title",
        "ValidStandardTrackFormatValidator",
    ),
    "artistFolderFormat": (r"\{Artist[ ._-](Clean)?Name", "Must contain artist name", "RegularExpressionValidator"),
}
MINIMUM = {
    "recycleBinCleanupDays": 0,
    "minimumFreeSpaceWhenImporting": 100,
    "minimumAge": 0,
    "retention": 0,
    "maximumSize": 0,
    "rssSyncInterval": 0,
    "checkForFinishedDownloadInterval": 1,
}


class Singleton:
    def __init__(self, service, name):
        self.service, self.name = service, name
        self.defaults = service.app.configs[name]

    def get(self, _call=None, number=1):
        stored = self.service.db.data["config"].get(self.name, {})
        return 200, {**self.defaults, **stored, "id": 1}

    def put(self, call, number=1):
        new = self.service.binder.bind(COMPONENTS[self.name], call.body)
        failures = self._validate(new)
        if failures:
            raise Invalid(failures)
        derived = DERIVED.get(self.service.app.kind, ()) if self.name == "naming" else ()
        with self.service.db.lock:
            stored = self.service.db.data["config"].setdefault(self.name, {})
            for key, value in new.items():
                if key == "id" or key in derived or key not in self.defaults:
                    continue
                if value is None and self.name not in REPLACES_TEXT:
                    continue
                stored[key] = value
            if self.name == "ui" and new.get("theme"):
                self.service.file.set("Theme", new["theme"])
            self.service.db.save()
        return 202, self.get()[1]

    def _validate(self, new):
        failures = []
        for key, value in new.items():
            name = key[:1].upper() + key[1:]
            if key in MINIMUM and value is not None and value < MINIMUM[key]:
                failures.append(at_least(name, value, MINIMUM[key]))
            if self.name == "naming" and key in TEMPLATES:
                pattern, message, code = TEMPLATES[key]
                if not re.search(pattern, value or "", re.IGNORECASE):
                    failures.append(rule(name, message, value, code))
        if new.get("useScriptImport") and not new.get("scriptImportPath"):
            failures.append(rule("ScriptImportPath", "Invalid Path: ''", new.get("scriptImportPath"), "PathValidator"))
        if (
            self.name == "mediamanagement"
            and not re.fullmatch(r"[0-7]{3,4}", new.get("chmodFolder") or "")
            and new.get("setPermissionsLinux")
        ):
            failures.append(
                rule(
                    "ChmodFolder",
                    "Must contain a valid Unix permissions octal",
                    new.get("chmodFolder"),
                    "FolderChmodValidator",
                )
            )
        return failures


def install(service):
    router = service.router
    host = service.host
    router.add("GET", "config/host", lambda call: (200, host.get()))
    router.add("GET", "config/host/{number}", lambda call, number: (200, host.get()))
    for pattern in ("config/host/{number}", "config/host"):
        router.add("PUT", pattern, lambda call, number=1: (202, host.put(call.body)))
    found = {}
    for name in service.app.configs:
        singleton = found[name] = Singleton(service, name)
        router.add("GET", f"config/{name}", singleton.get)
        router.add("GET", f"config/{name}/{{number}}", singleton.get)
        router.add("PUT", f"config/{name}/{{number}}", singleton.put)
        router.add("PUT", f"config/{name}", singleton.put)
    if "naming" in service.app.configs:
        router.add("GET", "config/naming/examples", lambda call: (200, {}))
    return found


def refuse_zero(call, number):
    """An explicit 0 in the route is refused before anything else."""
    if number <= 0:
        raise Failed(
            400,
            f"BadRequest: {number} is not a valid ID",
            "Http.REST.BadRequestException",
            f"{number} is not a valid ID",
        )
