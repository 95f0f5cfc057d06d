# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preferences.xml as the real one keeps it, and what is known of its settings."""
from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from ..common import write_atomically

FOLDER = Path("Library") / "Application Support" / "Plex Media Server"
BEHAVIOUR = "never:never|scheduled:as a scheduled task|asap:as a scheduled task and when media is added"
# id -> (type, default, group, hidden, advanced, choices)
KNOWN = {
    "FriendlyName": ("text", "", "general", False, False, None),
    "allowedNetworks": ("text", "", "network", False, True, None),
    "LanNetworksBandwidth": ("text", "", "network", False, True, None),
    "customConnections": ("text", "", "network", False, True, None),
    "PublishServerOnPlexOnlineKey": ("bool", False, "", True, False, None),
    "RelayEnabled": ("bool", True, "network", False, True, None),
    "ManualPortMappingMode": ("bool", False, "", True, False, None),
    "ManualPortMappingPort": ("int", 32400, "", True, False, None),
    "PreferredNetworkInterface": ("text", "", "network", False, True, ":Any"),
    "secureConnections": ("int", 1, "network", False, False, "0:Required|1:Preferred|2:Disabled"),
    "GdmEnabled": ("bool", True, "network", False, True, None),
    "DlnaEnabled": ("bool", False, "dlna", False, False, None),
    "EnableIPv6": ("bool", False, "network", False, False, None),
    "WebHooksEnabled": ("bool", True, "network", False, True, None),
    "TranscoderTempDirectory": ("text", "", "transcoder", False, True, None),
    "HardwareAcceleratedCodecs": ("bool", False, "transcoder", False, False, None),
    "HardwareAcceleratedEncoders": ("bool", True, "transcoder", False, False, None),
    "TranscoderQuality": ("int", 0, "transcoder", False, False,
                          "0:Automatic|1:Prefer higher speed encoding|2:Prefer higher quality encoding|3:Make my CPU hurt"),
    "TranscoderThrottleBuffer": ("int", 60, "transcoder", False, True, None),
    "FSEventLibraryUpdatesEnabled": ("bool", False, "library", False, False, None),
    "FSEventLibraryPartialScanEnabled": ("bool", False, "library", False, True, None),
    "ScheduledLibraryUpdatesEnabled": ("bool", False, "library", False, False, None),
    "ScheduledLibraryUpdateInterval": ("int", 3600, "library", False, False, "900|1800|3600|7200|21600|43200|86400"),
    "autoEmptyTrash": ("bool", True, "library", False, False, None),
    "allowMediaDeletion": ("bool", True, "library", False, True, None),
    "OnDeckWindow": ("int", 16, "library", False, True, None),
    "DatabaseCacheSize": ("int", 40, "library", False, True, None),
    "AcceptedEULA": ("bool", False, "", True, False, None),
    "sendCrashReports": ("bool", True, "general", False, False, None),
    "logDebug": ("bool", True, "general", False, True, None),
    "LogVerbose": ("bool", False, "general", False, True, None),
    "logTokens": ("bool", False, "network", False, True, None),
    "enableHttpPipelining": ("bool", True, "network", False, True, None),
    "ArticleStrings": ("text", "the,das,der,a,an,el,la", "", True, False, None),
    "butlerUpdateChannel": ("text", "16", "general", False, False, "16:Public|8:Plex Pass"),
    "ButlerStartHour": ("int", 2, "butler", False, False, None),
    "ButlerEndHour": ("int", 5, "butler", False, False, None),
    "ButlerTaskBackupDatabase": ("bool", True, "butler", False, False, None),
    "cinemaTrailersPrerollID": ("text", "", "extras", False, False, None),
    "LoudnessThreshold": ("double", 0.5, "", True, False, None),
    **{f"{name}Behavior": ("text", default, "library", False, False, BEHAVIOUR) for name, default in (
        ("GenerateBIF", "never"), ("GenerateChapterThumb", "scheduled"), ("LoudnessAnalysis", "scheduled"),
        ("GenerateIntroMarker", "asap"), ("GenerateCreditsMarker", "asap"), ("GenerateVAD", "never"), ("MusicAnalysis", "scheduled"))},
}
RESTART = {"logTokens", "ArticleStrings", "enableHttpPipelining"}
# What a library may be told; one set serves, the real ones differ by agent.
SECTION = {
    "hidden": ("int", 0, "0:Include in home screen and global search|1:Exclude from home screen|2:Exclude from home screen and global search"),
    "enableCinemaTrailers": ("bool", True, None), "country": ("text", "US", None), "originalTitles": ("bool", False, None),
    "localizedArtwork": ("bool", True, None), "useLocalAssets": ("bool", True, None), "respectTags": ("bool", False, None),
    "useExternalExtras": ("bool", True, None), "skipNonTrailerExtras": ("bool", False, None), "useRedbandTrailers": ("bool", False, None),
    "includeExtrasWithLocalizedSubtitles": ("bool", False, None), "includeAdultContent": ("bool", False, None),
    "autoCollectionThreshold": ("int", 0, "0:Disabled|1:1|2:2|3:3|4:4"), "ratingsSource": ("text", "rottentomatoes", "rottentomatoes|imdb|themoviedb"),
    "enableBIFGeneration": ("bool", True, None), "collectionMode": ("int", 2, "0:Disabled|1:Hide|2:Show"),
    "enableIntroMarkerGeneration": ("bool", True, None), "enableCreditsMarkerGeneration": ("bool", True, None),
    "augmentWithProviderContent": ("bool", True, None)}
SHOW = {"episodeSort": ("text", "-1", "-1:Library default|0:Oldest first|1:Newest first"),
        "showOrdering": ("text", "tmdbAiring", "tmdbAiring|aired|dvd|absolute"), "useSeasonTitles": ("bool", False, None),
        "flattenSeasons": ("text", "-1", "-1:Library default|0:Hide|1:Show")}


class Invalid(ValueError):
    """A value that does not fit the setting's type."""


def coerce(kind, value):
    if kind == "bool":
        if str(value).lower() not in ("0", "1", "true", "false"):
            raise Invalid(value)
        return str(value).lower() in ("1", "true")
    if kind == "int":
        return int(value)
    return float(value) if kind == "double" else value


def setting(name, kind, default, value, group="", hidden=False, advanced=False, choices=None, json_form=False):
    def shown(item):
        if kind == "double" or (kind != "bool" and not json_form):
            return f"{item:g}" if isinstance(item, float) else str(item)
        if kind == "bool" and not json_form:
            return "true" if item else "false"
        return item

    row = {"id": name, "label": name, "summary": "A server restart is required." if name in RESTART else "", "type": kind,
           "default": shown(default), "value": shown(value), "hidden": hidden, "advanced": advanced, "group": group}
    if choices:
        row["enumValues"] = choices
    return row


class Preferences:
    """Attributes of the root of Preferences.xml; read once, at the start."""

    def __init__(self, directory):
        self.path = Path(directory) / FOLDER / "Preferences.xml"
        self.values = {}
        if self.path.exists():
            self.values = dict(ElementTree.parse(self.path).getroot().attrib)
        before = dict(self.values)
        self.values.setdefault("MachineIdentifier", str(uuid.uuid4()))
        if not self.values.get("ProcessedMachineIdentifier"):
            text = self.values["MachineIdentifier"] + "- Plex Media Server"
            self.values["ProcessedMachineIdentifier"] = hashlib.sha1(text.encode()).hexdigest()
        self.values.setdefault("AnonymousMachineIdentifier", str(uuid.uuid4()))
        if before != self.values:
            self.save()

    def save(self):
        attributes = " ".join(f"{name}={quoteattr(value)}" for name, value in self.values.items())
        write_atomically(self.path, f'<?xml version="1.0" encoding="utf-8"?>\n<Preferences {attributes}/>\n', 0o600)

    def get(self, name):
        kind, default = KNOWN[name][:2]
        return coerce(kind, self.values[name]) if name in self.values else default

    def put(self, wanted):
        """All or nothing: a bad value changes nothing."""
        new = {}
        for name, value in wanted.items():
            value = coerce(KNOWN[name][0], value)
            new[name] = ("1" if value else "0") if isinstance(value, bool) else str(value)
        self.values.update(new)
        self.save()

    def rows(self, json_form):
        rows = [setting(name, kind, default, self.get(name), group, hidden, advanced, choices, json_form)
                for name, (kind, default, group, hidden, advanced, choices) in KNOWN.items()]
        extra = {"MachineIdentifier": self.values["MachineIdentifier"], "PlexOnlineMail": self.values.get("PlexOnlineMail", "")}
        return rows + [setting(name, "text", "", value, "", True, False, None, json_form) for name, value in extra.items()]
