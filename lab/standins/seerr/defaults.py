# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Seerr and Overseerr start with, and the types that their API checks."""
from __future__ import annotations

import copy
import json

JOBS = [("plex-recently-added-scan", "Plex Recently Added Scan", "process", "minutes", "0 */5 * * * *"),
        ("plex-full-scan", "Plex Full Library Scan", "process", "hours", "0 0 3 * * *"),
        ("plex-refresh-token", "Plex Refresh Token", "process", "fixed", "0 0 5 * * *"),
        ("plex-watchlist-sync", "Plex Watchlist Sync", "process", "seconds", "0 */3 * * * *"),
        ("radarr-scan", "Radarr Scan", "process", "hours", "0 0 4 * * *"),
        ("sonarr-scan", "Sonarr Scan", "process", "hours", "0 30 4 * * *"),
        ("availability-sync", "Media Availability Sync", "process", "hours", "0 0 5 * * *"),
        ("download-sync", "Download Sync", "command", "seconds", "0 * * * * *"),
        ("download-sync-reset", "Download Sync Reset", "command", "hours", "0 0 1 * * *"),
        ("image-cache-cleanup", "Image Cache Cleanup", "process", "hours", "0 0 5 * * *")]
TAGS_JOB = ("process-blocklisted-tags", "Process Blocklisted Tags", "process", "days", "0 30 1 */7 * *")
CACHES = [("tmdb", "The Movie Database API"), ("radarr", "Radarr API"), ("sonarr", "Sonarr API"), ("rt", "Rotten Tomatoes API"),
          ("imdb", "IMDB Radarr Proxy"), ("github", "GitHub API"), ("plexguid", "Plex GUID"), ("plextv", "Plex TV"),
          ("plexwatchlist", "Plex Watchlist"), ("tvdb", "The TVDB API")]

NUMBER, STRING, BOOLEAN, OBJECT, ARRAY = "number", "string", "boolean", "object", "array"
RADARR = ({"name": STRING, "hostname": STRING, "port": NUMBER, "apiKey": STRING, "useSsl": BOOLEAN, "activeProfileId": NUMBER,
           "activeProfileName": STRING, "activeDirectory": STRING, "is4k": BOOLEAN, "minimumAvailability": STRING, "isDefault": BOOLEAN},
          {"baseUrl": STRING, "externalUrl": STRING, "syncEnabled": BOOLEAN, "preventSearch": BOOLEAN})
SONARR = ({"name": STRING, "hostname": STRING, "port": NUMBER, "apiKey": STRING, "useSsl": BOOLEAN, "activeProfileId": NUMBER,
           "activeProfileName": STRING, "activeDirectory": STRING, "is4k": BOOLEAN, "enableSeasonFolders": BOOLEAN, "isDefault": BOOLEAN},
          {"baseUrl": STRING, "externalUrl": STRING, "syncEnabled": BOOLEAN, "preventSearch": BOOLEAN,
           "activeLanguageProfileId": NUMBER, "activeAnimeProfileId": NUMBER, "activeAnimeLanguageProfileId": NUMBER,
           "activeAnimeProfileName": STRING, "activeAnimeDirectory": STRING})
SERVER_TEST = ({"hostname": STRING, "port": NUMBER, "apiKey": STRING, "useSsl": BOOLEAN}, {"baseUrl": STRING})
PLEX = ({"ip": STRING, "port": NUMBER}, {"useSsl": BOOLEAN, "webAppUrl": STRING})
TAUTULLI = ({}, {"hostname": STRING, "port": NUMBER, "useSsl": BOOLEAN, "apiKey": STRING, "externalUrl": STRING})
MAIN = {"appLanguage": STRING, "applicationTitle": STRING, "applicationUrl": STRING, "hideAvailable": BOOLEAN,
        "partialRequestsEnabled": BOOLEAN, "localLogin": BOOLEAN, "newPlexLogin": BOOLEAN, "defaultPermissions": NUMBER}
MAIN_SEERR = {"mediaServerType": NUMBER, "enableSpecialEpisodes": BOOLEAN}
MAIN_OVERSEERR = {"trustProxy": BOOLEAN, "csrfProtection": BOOLEAN}
NETWORK = {"csrfProtection": BOOLEAN, "forceIpv4First": BOOLEAN, "trustProxy": BOOLEAN, "proxy": OBJECT, "dnsCache": OBJECT}
AGENT = {"enabled": BOOLEAN, "types": NUMBER, "options": OBJECT}
# agent -> (name in messages, has embedPoster true, options)
AGENTS = {"discord": ("Discord", True, {"webhookUrl": "", "webhookRoleId": "", "enableMentions": True}),
          "slack": ("Slack", True, {"webhookUrl": ""}),
          "telegram": ("Telegram", True, {"botAPI": "", "chatId": "", "messageThreadId": "", "sendSilently": False}),
          "pushbullet": ("Pushbullet", False, {"accessToken": ""}),
          "pushover": ("Pushover", True, {"accessToken": "", "userToken": "", "sound": ""}),
          "webhook": ("webhook", True, {"webhookUrl": "", "jsonPayload": None, "supportVariables": False}),
          "webpush": ("web push", True, {}),
          "gotify": ("Gotify", False, {"url": "", "token": "", "priority": 0}),
          "ntfy": ("ntfy", True, {"url": "", "topic": ""}),
          "lunasea": ("LunaSea", True, {"webhookUrl": ""}),
          "email": ("email", True, {"userEmailRequired": False, "emailFrom": "", "smtpHost": "", "smtpPort": 587, "secure": False,
                                    "ignoreTls": False, "requireTls": False, "allowSelfSigned": False, "senderName": ""})}


def payload():
    """The webhook's stock payload: names of fields and their templates follow one pattern."""
    def fields(*names):
        return {name: "{{%s}}" % name for name in names}

    reporter = ("email", "username", "avatar", "settings_discordId", "settings_telegramChatId")
    return {**fields("notification_type", "event", "subject", "message", "image"),
            "{{media}}": {"media_type": "{{media_type}}", "tmdbId": "{{media_tmdbid}}", "tvdbId": "{{media_tvdbid}}",
                          "status": "{{media_status}}", "status4k": "{{media_status4k}}"},
            "{{request}}": fields("request_id", *(f"requestedBy_{name}" for name in reporter)),
            "{{issue}}": fields("issue_id", "issue_type", "issue_status", *(f"reportedBy_{name}" for name in reporter)),
            "{{comment}}": fields("comment_message", *(f"commentedBy_{name}" for name in reporter)), "{{extra}}": []}


def agents(seerr):
    found = {}
    for name, (_title, poster, options) in AGENTS.items():
        if name == ("lunasea" if seerr else "ntfy"):
            continue
        entry = {"enabled": False, "types": 0, "options": copy.deepcopy(options)}
        if name in ("webpush", "email"):
            del entry["types"]
        if seerr:
            entry["embedPoster"] = poster
        elif name == "discord":
            entry["options"] = {"webhookUrl": "", "enableMentions": True}
        if name == "email":
            entry["options"]["senderName"] = "Seerr" if seerr else "Overseerr"
        if name == "webhook":
            entry["options"]["jsonPayload"] = json.dumps(payload(), indent=2)
            if not seerr:
                del entry["options"]["supportVariables"]
        found[name] = entry
    return found


def settings(seerr):
    main = {"apiKey": "", "applicationTitle": "Seerr" if seerr else "Overseerr", "applicationUrl": "", "cacheImages": False,
            "defaultPermissions": 32, "defaultQuotas": {"movie": {}, "tv": {}}, "hideAvailable": False, "localLogin": True,
            "newPlexLogin": True, "originalLanguage": "", "partialRequestsEnabled": True, "locale": "en"}
    if seerr:
        main.update(hideBlocklisted=False, mediaServerLogin=True, discoverRegion="", streamingRegion="", blocklistedTags="",
                    blocklistedTagsLimit=50, mediaServerType=4, enableSpecialEpisodes=False, youtubeUrl="")
    else:
        main.update(csrfProtection=False, trustProxy=False, region="")
    data = {"main": main, "plex": {"name": "", "ip": "", "port": 32400, "useSsl": False, "libraries": []}, "tautulli": {},
            "radarr": [], "sonarr": [], "public": {"initialized": False}, "notifications": {"agents": agents(seerr)},
            "jobs": {job[0]: {"schedule": job[4]} for job in jobs(seerr)}}
    if seerr:
        data["network"] = {"csrfProtection": False, "forceIpv4First": False, "trustProxy": False,
                           "proxy": {"enabled": False, "hostname": "", "port": 8080, "useSsl": False, "user": "", "password": "",
                                     "bypassFilter": "", "bypassLocalAddresses": True},
                           "dnsCache": {"enabled": False, "forceMinTtl": 0, "forceMaxTtl": -1}, "apiRequestTimeout": 10000}
        data["metadataSettings"] = {"tv": "tmdb", "anime": "tmdb"}
    return data


def jobs(seerr):
    return JOBS + ([TAGS_JOB] if seerr else [])
