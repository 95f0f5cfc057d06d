# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for provider settings that need no network: what ``Settings.Validate`` says in the real applications."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from .errors import setting

HOST = re.compile(r"^[-_a-z0-9.]+$|^\[?[0-9a-f:]+\]?$", re.IGNORECASE)
HOST_CLIENTS = {
    "QBittorrent",
    "Sabnzbd",
    "Nzbget",
    "Transmission",
    "Vuze",
    "Deluge",
    "RTorrent",
    "UTorrent",
    "Hadouken",
    "NzbVortex",
    "Flood",
    "Aria2",
    "TorrentDownloadStation",
    "UsenetDownloadStation",
    "TorrentFreeboxDownload",
    "PlexServer",
    "MediaBrowser",
    "Xbmc",
    "Subsonic",
    "SynologyIndexer",
}
NEEDED = {
    "Ntfy": ("topics",),
    "Gotify": ("server", "appToken"),
    "Telegram": ("botToken", "chatId"),
    "Pushover": ("apiKey",),
    "PushBullet": ("apiKey",),
    "Prowl": ("apiKey",),
    "Simplepush": ("key",),
    "Apprise": ("serverUrl",),
    "Email": ("server", "from"),
    "CustomScript": ("path",),
    "Notifiarr": ("apiKey",),
    "FlareSolverr": ("host",),
    "Http": ("host",),
    "Socks4": ("host",),
    "Socks5": ("host",),
    "MediaBrowser": ("apiKey",),
}
URLS = {
    "Webhook": ("url",),
    "Discord": ("webHookUrl",),
    "Slack": ("webHookUrl",),
    "Torznab": ("baseUrl",),
    "Newznab": ("baseUrl",),
    "Sonarr": ("prowlarrUrl", "baseUrl"),
    "Radarr": ("prowlarrUrl", "baseUrl"),
    "Lidarr": ("prowlarrUrl", "baseUrl"),
    "Readarr": ("prowlarrUrl", "baseUrl"),
    "Whisparr": ("prowlarrUrl", "baseUrl"),
    "Mylar": ("prowlarrUrl", "baseUrl"),
    "LazyLibrarian": ("prowlarrUrl", "baseUrl"),
    "SonarrImport": ("baseUrl",),
    "RadarrImport": ("baseUrl",),
    "LidarrImport": ("baseUrl",),
}
KEYS = ("Sonarr", "Radarr", "Lidarr", "Readarr", "Whisparr", "Mylar", "LazyLibrarian")


def settings_failures(app, kind, entry, row):
    name, values = entry["implementation"], row["settings"]
    failures = []
    if name in HOST_CLIENTS and kind in ("downloadclient", "notification"):
        failures += address(values)
    category = next(
        (
            field["name"]
            for field in entry["fields"]
            if field["name"] in ("tvCategory", "movieCategory", "musicCategory", "category")
        ),
        None,
    )
    if kind == "downloadclient":
        failures += client_rules(app, name, values, category)
    for key in NEEDED.get(name, ()):
        if values.get(key) in (None, "", []):
            failures.append(setting(key, f"'{key[:1].upper() + key[1:]}' must not be empty.", values.get(key)))
    for key in URLS.get(name, ()):
        if not is_url(values.get(key)):
            failures.append(setting(key, f"Invalid Url: '{values.get(key) or ''}'", values.get(key)))
    if kind == "applications" and name in KEYS and not values.get("apiKey"):
        failures.append(setting("apiKey", "'Api Key' must not be empty.", values.get("apiKey")))
    if kind == "indexer" and app.kind != "prowlarr" and name in ("Newznab", "Torznab"):
        if not values.get("categories") and not values.get("animeCategories"):
            failures.append(setting("", "'Categories' must be provided"))
    if (
        kind == "indexer"
        and app.kind == "prowlarr"
        and entry["extra"].get("protocol") == "usenet"
        and entry["extra"].get("supportsRedirect")
        and not row["top"].get("redirect")
    ):
        failures.append(
            {
                key: value
                for key, value in setting("Redirect", "Redirect must be enabled for Usenet indexers").items()
                if key != "isWarning"
            }
        )
    return failures


def address(values):
    failures = []
    host = values.get("host")
    if not (host or "").strip():
        failures.append(setting("host", "'Host' must not be empty.", host))
    if not HOST.match(host or ""):
        failures.append(setting("host", "must be valid Host without http://", host))
    port = values.get("port")
    if port is not None and not 1 <= port <= 65535:
        failures.append(setting("port", f"'Port' must be between 1 and 65535. You entered {port}.", port))
    base = values.get("urlBase")
    if base and ("://" in base or not re.match(r"^[-_a-z0-9./]*$", base, re.IGNORECASE)):
        failures.append(setting("urlBase", "must be valid URL base", base))
    return failures


def client_rules(app, name, values, category):
    failures = []
    value = values.get(category) if category else None
    if name == "QBittorrent":
        for key in [key for key in values if key and key.lower().endswith("category")]:
            text = values[key] or ""
            if "\\" in text or "//" in text or text.startswith("/") or text.endswith("/"):
                failures.append(setting(key, "Can not contain '\\', '//', or start/end with '/'", text))
        if values.get("apiKey") and (values.get("username") or values.get("password")):
            failures.append(setting("apiKey", "Cannot be combined with username and password", values["apiKey"]))
    if name in ("Transmission", "Vuze"):
        directory = values.get(category.replace("ategory", "irectory").replace("C", "D") if category else "", None)
        if value and not re.match(r"^\.?[-a-z]*$", value, re.IGNORECASE):
            failures.append(setting(category, "Allowed characters a-z and -", value))
        if value and directory:
            failures.append(setting(category, "Cannot use Category and Directory", value))
    if name == "Deluge" and value and not re.match(r"^[-a-z0-9]*$", value, re.IGNORECASE):
        failures.append(setting(category, "Allowed characters a-z, 0-9 and -", value))
    if name == "Sabnzbd":
        if not values.get("apiKey") and not (values.get("username") and values.get("password")):
            failures.append(
                setting("apiKey", "API Key is required when username/password are not configured", values.get("apiKey"))
            )
    if name in ("Sabnzbd", "RTorrent") and not value:
        failures.append(setting(category, "A category is recommended", value or "", warning=True))
    if name == "Nzbget":
        if values.get("username") and not values.get("password"):
            failures.append(setting("password", "'Password' must not be empty.", values.get("password")))
        if values.get("password") and not values.get("username"):
            failures.append(setting("username", "'Username' must not be empty.", values.get("username")))
    if name.endswith("Blackhole") or name == "Pneumatic":
        for key in ("torrentFolder", "nzbFolder", "watchFolder", "strmFolder"):
            if key in values and (app.kind != "prowlarr" or key != "watchFolder"):
                path = values[key]
                if not path or not path.startswith("/"):
                    failures.append(setting(key, f"Invalid Path: '{path or ''}'", path))
                elif not os.path.isdir(path):
                    failures.append(setting(key, "Folder does not exist", path))
    return failures


def is_url(text):
    try:
        parts = urlsplit(text or "")
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
