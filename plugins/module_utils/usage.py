# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What purge has to leave, since something else still needs it.

Of all this the apps themselves refuse only tags and quality profiles: a client that is removed leaves its id in the indexers that name it, a
custom format its score in no profile, a root folder its library without a home. Each function takes an object and a reader of collections,
and returns why it stays, or C(None).
"""
from __future__ import annotations

LIBRARIES = {"sonarr": "series", "radarr": "movie", "lidarr": "artist"}


def _named(items):
    return ", ".join(str(item.get("name") or item.get("path")) for item in items)


def tag(item, read, app):
    detail = next((entry for entry in read("tag/detail") if entry.get("id") == item["id"]), {})
    users = sorted(key[:-3] for key, value in detail.items() if key.endswith("Ids") and value)
    return "it is a tag of {0}".format(", ".join(users)) if users else None


def download_client(item, read, app):
    users = [entry for entry in read("indexer") if entry.get("downloadClientId") == item["id"]]
    return "it is the client of the indexer {0}".format(_named(users)) if users else None


def remote_path_mapping(item, read, app):
    host = str(item.get("host", "")).lower()
    users = [entry for entry in read("downloadclient") if any(
        field["name"] == "host" and str(field.get("value", "")).lower() == host for field in entry.get("fields") or [])]
    return "the download client {0} has its host".format(_named(users)) if users else None


def root_folder(item, read, app):
    path = str(item.get("path", "")).rstrip("/") + "/"
    count = sum(str(entry.get("path", "")).startswith(path) for entry in read(LIBRARIES[app]))
    lists = [entry for entry in read("importlist") if str(entry.get("rootFolderPath", "")).rstrip("/") + "/" == path]
    if count:
        return "a part of the library ({0}) lies in it".format(count)
    return "it is the folder of the import list {0}".format(_named(lists)) if lists else None


def quality_profile(item, read, app):
    count = sum(entry.get("qualityProfileId") == item["id"] for entry in read(LIBRARIES[app]))
    users = [entry for entry in read("importlist") if entry.get("qualityProfileId") == item["id"]]
    users += [entry for entry in read("rootfolder") if entry.get("defaultQualityProfileId") == item["id"]]
    if count:
        return "a part of the library ({0}) has it".format(count)
    return "{0} has it".format(_named(users)) if users else None


def custom_format(item, read, app):
    users = [profile for profile in read("qualityprofile") if any(
        entry.get("format") == item["id"] and entry.get("score") for entry in profile.get("formatItems") or [])]
    return "the quality profile {0} gives it a score".format(_named(users)) if users else None


USAGE = {"tag": tag, "download_client": download_client, "remote_path_mapping": remote_path_mapping, "root_folder": root_folder,
         "quality_profile": quality_profile, "custom_format": custom_format}
# What others name is removed last.
ORDER = ("notification", "import_list", "application", "indexer_proxy", "indexer", "remote_path_mapping", "download_client", "delay_profile",
         "root_folder", "quality_profile", "custom_format", "tag")
