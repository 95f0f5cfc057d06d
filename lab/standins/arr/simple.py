# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources without providers: tags, root folders, remote path mappings, application profiles."""

from __future__ import annotations

import os
import re
import shutil

from .apps import SYSTEM_FOLDERS
from .errors import Failed, Invalid, Problem, greater, not_empty, not_found, rule

TAG_USERS = {
    "sonarr": {
        "delayProfileIds": "delayprofile",
        "importListIds": "importlist",
        "notificationIds": "notification",
        "restrictionIds": "releaseprofile",
        "indexerIds": "indexer",
        "downloadClientIds": "downloadclient",
        "autoTagIds": "autotagging",
        "seriesIds": "series",
    },
    "radarr": {
        "delayProfileIds": "delayprofile",
        "importListIds": "importlist",
        "notificationIds": "notification",
        "releaseProfileIds": "releaseprofile",
        "indexerIds": "indexer",
        "downloadClientIds": "downloadclient",
        "autoTagIds": "autotagging",
        "movieIds": "movie",
    },
    "lidarr": {
        "delayProfileIds": "delayprofile",
        "importListIds": "importlist",
        "notificationIds": "notification",
        "restrictionIds": "releaseprofile",
        "artistIds": None,
        "indexerIds": "indexer",
        "downloadClientIds": "downloadclient",
        "autoTagIds": "autotagging",
    },
    "prowlarr": {
        "notificationIds": "notification",
        "indexerIds": "indexer",
        "indexerProxyIds": "indexerproxy",
        "applicationIds": "applications",
    },
}


def missing(service, model, number):
    """GET of an unknown id: problem details in some applications, a message in the others."""
    return Problem(404) if service.app.missing_is_problem else not_found(model, number)


def unique_violation(table, column):
    return Failed(
        409,
        f"constraint failed\nUNIQUE constraint failed: {table}.{column}",
        "System.Data.SQLite.SQLiteException (0x80004005)",
    )


class Tags:
    def __init__(self, service):
        self.service, self.db = service, service.db

    def list(self, call):
        return 200, sorted(self.db.rows("tag"), key=lambda tag: tag["label"].lower())

    def get(self, call, number):
        tag = self.db.row("tag", number)
        if tag is None:
            raise missing(self.service, "Tag", number)
        return 200, tag

    def detail(self, call, number=None):
        used = self.service.tags_in_use()
        details = []
        for tag in self.list(call)[1]:
            shown = {"label": tag["label"]}
            for key, table in TAG_USERS[self.service.app.kind].items():
                shown[key] = used.get(table, {}).get(tag["id"], [])
            details.append({**shown, "id": tag["id"]})
        if number is None:
            return 200, details
        found = next((item for item in details if item["id"] == number), None)
        if found is None:
            raise missing(self.service, "Tag", number)
        return 200, found

    def _validate(self, body):
        tag = self.service.binder.bind("TagResource", body)
        label, pattern = tag["label"], self.service.app.tag_pattern
        if pattern and not (label or "").strip():
            raise Invalid([not_empty("Label", label)])
        if pattern not in ("", "+") and not re.match(pattern, label, re.IGNORECASE):
            raise Invalid(
                [
                    rule(
                        "Label",
                        "Allowed characters a-z, 0-9 and -",
                        label,
                        "RegularExpressionValidator",
                        regularExpression=pattern,
                    )
                ]
            )
        return tag

    def post(self, call):
        """An existing label is returned; the look-up sees the case, the database does not."""
        tag = self._validate(call.body)
        label = tag["label"] or ""
        for known in self.db.rows("tag"):
            if known["label"] == label:
                return 201, known
        with self.db.lock:  # whoever made it since the look-up wins; the others get the database's refusal
            if any(known["label"] == label.lower() for known in self.db.rows("tag")):
                raise unique_violation("Tags", "Label")
            row = self.db.insert("tag", {"label": label.lower()})
        return 201, {"label": row["label"], "id": row["id"]}

    def put(self, call, number=0):
        tag = self._validate(call.body)
        number = tag["id"] or number
        label = (tag["label"] or "").lower()
        with self.db.lock:
            if any(known["label"] == label and known["id"] != number for known in self.db.rows("tag")):
                raise unique_violation("Tags", "Label")
            if not self.db.update("tag", number, {"label": label}):
                raise not_found("Tag", number)
        return 202, {"label": label, "id": number}

    def delete(self, call, number):
        tag = self.db.row("tag", number)
        if tag is None:
            raise not_found("Tag", number)
        if any(number in numbers for numbers in self.service.tags_in_use().values()):
            raise Failed(
                409,
                f"Tag with ID {number} '{tag['label']}' cannot be deleted since it's still in use",
                "NzbDrone.Core.Datastore.ModelConflictException",
            )
        self.db.delete("tag", number)
        return 200, None


class RootFolders:
    """Root folders: the directory is really looked at."""

    def __init__(self, service):
        self.service, self.db = service, service.db
        self.profiles = service.app.root_folders == "profiles"

    def _show(self, row):
        path = row["path"]
        accessible = os.path.isdir(path) and os.access(path, os.R_OK | os.X_OK)
        shown = {key: value for key, value in row.items() if key not in ("id", "path")}
        shown = (
            {"path": path, "accessible": accessible}
            if not self.profiles
            else {
                "name": row["name"],
                "path": path,
                **{key: shown[key] for key in shown if key.startswith("default")},
                "accessible": accessible,
            }
        )
        if accessible:
            usage = shutil.disk_usage(path)
            shown["freeSpace"] = usage.free
            if self.profiles:
                shown["totalSpace"] = usage.total
        if not self.profiles:
            shown["unmappedFolders"] = [
                {"name": name, "path": os.path.join(path, name), "relativePath": name}
                for name in (sorted(os.listdir(path)) if accessible else [])
                if os.path.isdir(os.path.join(path, name)) and os.path.join(path, name) not in self._mapped()
            ]
        return {**shown, "id": row["id"]}

    def _mapped(self):
        """The folders of what is in the library."""
        library = self.service.library
        return {row["path"] for row in self.db.rows(library.table)} if library else set()

    def list(self, call):
        return 200, [self._show(row) for row in self.db.rows("rootfolder")]

    def get(self, call, number):
        row = self.db.row("rootfolder", number)
        if row is None:
            raise missing(self.service, "RootFolder", number)
        return 200, self._show(row)

    def _validate(self, folder, number=None):
        failures = path_failures(folder["path"], self.service, writable=True)
        clean = (folder["path"] or "").rstrip("/")
        if number is None and any(row["path"] == clean for row in self.db.rows("rootfolder")):
            failures = [
                rule(
                    "Path",
                    f"Path '{folder['path']}' is already configured as a root folder",
                    folder["path"],
                    "RootFolderValidator",
                    path=folder["path"],
                )
            ]
        if self.profiles:
            if not folder["name"]:
                failures.append(not_empty("Name", folder["name"]))
            for key, table in (
                ("defaultMetadataProfileId", "metadataprofile"),
                ("defaultQualityProfileId", "qualityprofile"),
            ):
                name = key[:1].upper() + key[1:]
                if folder[key] <= 0:
                    failures.append(greater(name, folder[key]))
                elif self.db.row(table, folder[key]) is None:
                    kind = "Metadata" if "Metadata" in name else "Quality"
                    failures.append(
                        rule(name, f"{kind} Profile does not exist", folder[key], f"{kind}ProfileExistsValidator")
                    )
        if failures:
            raise Invalid(failures)

    def _row(self, folder):
        row = {"path": folder["path"].rstrip("/") or "/"}
        if self.profiles:
            row.update({key: folder[key] for key in folder if key.startswith("default")}, name=folder["name"])
            row["defaultTags"] = row.get("defaultTags") or []
        return row

    def post(self, call):
        folder = self.service.binder.bind("RootFolderResource", call.body)
        with self.db.lock:
            self._validate(folder)
            row = self.db.insert("rootfolder", self._row(folder))
        return 201, self._show(row)

    def put(self, call, number=0):
        folder = self.service.binder.bind("RootFolderResource", call.body)
        number = folder["id"] or number
        self._validate(folder, number)
        if not self.db.update("rootfolder", number, self._row(folder)):
            raise not_found("RootFolder", number)
        return 202, self._show(self.db.row("rootfolder", number))

    def delete(self, call, number):
        self.db.delete("rootfolder", number)
        return 200, None


def path_failures(path, service, writable=False):
    """What is wrong with a directory as a root folder, in the words of the validators."""
    if not path or not path.startswith("/"):
        return [rule("Path", f"Invalid Path: '{path or ''}'", path or "", "PathValidator", path=path or "")]
    clean = path.rstrip("/") or "/"
    for folder in SYSTEM_FOLDERS:
        if clean == folder or clean.startswith(folder + "/"):
            relation = "set to" if clean == folder else "child of"
            return [
                rule(
                    "Path",
                    f"Path '{path}' is {relation} system folder {folder}",
                    path,
                    "SystemFolderValidator",
                    path=path,
                    systemFolder=folder,
                    relationship=relation,
                )
            ]
    if clean == service.config_dir or clean.startswith(service.config_dir + "/"):
        return [
            rule(
                "Path",
                f"Path '{path}' cannot be an ancestor of the start up folder",
                path,
                "StartupFolderValidator",
                path=path,
            )
        ]
    if not os.path.isdir(clean):
        return [rule("Path", f"Path '{path}' does not exist", path, "PathExistsValidator", path=path)]
    if writable and not os.access(clean, os.W_OK | os.X_OK):
        return [
            rule(
                "Path",
                f"Folder '{path}' is not writable by user '{os.geteuid()}'",
                path,
                "FolderWritableValidator",
                path=path,
                user=str(os.geteuid()),
            )
        ]
    return []


class RemotePathMappings:
    def __init__(self, service):
        self.service, self.db = service, service.db
        self.strict = service.app.kind != "sonarr"

    def list(self, call):
        return 200, self.db.rows("remotepathmapping")

    def get(self, call, number):
        row = self.db.row("remotepathmapping", number)
        if row is None:
            raise missing(self.service, "RemotePathMapping", number)
        return 200, row

    def _bind(self, call, number=None):
        mapping = self.service.binder.bind("RemotePathMappingResource", call.body)
        if self.service.app.kind == "radarr":
            for key in ("remotePath", "localPath"):
                mapping[key] = (mapping[key] or "").strip()
        failures = []
        if not (mapping["host"] or "").strip():
            failures.append(not_empty("Host", mapping["host"]))
        remote, local = mapping["remotePath"], mapping["localPath"]
        if not (remote or "").strip():
            failures.append(not_empty("RemotePath", remote))
        elif self.strict and remote != remote.strip():
            failures.append(rule("RemotePath", "Remote Path must not have a leading or trailing space", remote))
        if not local or not local.startswith("/"):
            failures.append(rule("LocalPath", f"Invalid Path: '{local or ''}'", local, "PathValidator", path=local))
        elif self.strict and (local.rstrip("/") or "/") in (*SYSTEM_FOLDERS, "/"):
            failures.append(
                rule(
                    "LocalPath",
                    f"Path '{local}' is set to system folder {local}",
                    local,
                    "SystemFolderValidator",
                    path=local,
                )
            )
        elif not os.path.isdir(local):
            failures.append(
                rule("LocalPath", f"Path '{local}' does not exist", local, "PathExistsValidator", path=local)
            )
        if failures:
            raise Invalid(failures)
        row = {"host": mapping["host"], "remotePath": remote, "localPath": local}
        if any(
            known["host"] == row["host"]
            and known["remotePath"].rstrip("/\\") == remote.rstrip("/\\")
            and known["id"] != number
            for known in self.db.rows("remotepathmapping")
        ):
            raise Failed(500, "RemotePath already configured.")
        return mapping["id"], row

    def post(self, call):
        with self.db.lock:
            _number, row = self._bind(call)
            for key in ("remotePath", "localPath"):
                row[key] = as_directory(row[key])
            return 201, self.db.insert("remotepathmapping", row)

    def put(self, call, number=0):
        number = (call.body.get("id") if isinstance(call.body, dict) else 0) or number
        _number, row = self._bind(call, number)
        if not self.db.update("remotepathmapping", number, row):
            raise not_found("RemotePathMapping", number)
        return 202, {**row, "id": number}

    def delete(self, call, number):
        if not self.db.delete("remotepathmapping", number) and self.service.app.kind == "lidarr":
            raise not_found("RemotePathMapping", number)
        return 200, None


def as_directory(path):
    """With a trailing separator of its own kind (Windows paths keep theirs)."""
    mark = "\\" if "\\" in path and "/" not in path else "/"
    return path.rstrip(mark) + mark


class AppProfiles:
    """Prowlarr's application profiles: names are unique in the database only."""

    DEFAULT = {
        "name": "Standard",
        "enableRss": True,
        "enableAutomaticSearch": True,
        "enableInteractiveSearch": True,
        "minimumSeeders": 1,
    }

    def __init__(self, service):
        self.service, self.db = service, service.db
        if not self.db.rows("appprofile"):
            self.db.insert("appprofile", self.DEFAULT)

    def list(self, call):
        return 200, self.db.rows("appprofile")

    def schema(self, call):
        return 200, {**self.DEFAULT, "name": ""}

    def get(self, call, number):
        row = self.db.row("appprofile", number)
        if row is None:
            raise not_found("AppSyncProfile", number)
        return 200, row

    def _bind(self, call, number=None):
        profile = self.service.binder.bind("AppProfileResource", call.body)
        if not (profile["name"] or "").strip():
            raise Invalid([not_empty("Name", profile["name"])])
        number = number or profile["id"]
        if any(row["name"] == profile["name"] and row["id"] != number for row in self.db.rows("appprofile")):
            raise unique_violation("AppSyncProfiles", "Name")
        profile.pop("id")
        return profile

    def post(self, call):
        with self.db.lock:
            return 201, self.db.insert("appprofile", self._bind(call))

    def put(self, call, number=0):
        number = call.body.get("id") or number if isinstance(call.body, dict) else number
        with self.db.lock:
            profile = self._bind(call, number)
            if not self.db.update("appprofile", number, profile):
                raise not_found("AppSyncProfile", number)
        return 202, {**profile, "id": number}

    def delete(self, call, number):
        used = any(row.get("appProfileId") == number for row in self.db.rows("indexer"))
        rows = self.db.rows("appprofile")
        if used or (len(rows) == 1 and rows[0]["id"] == number):
            raise Failed(500, f"Profile [{number}] is in use.", "NzbDrone.Core.Profiles.ProfileInUseException")
        self.db.delete("appprofile", number)
        return 200, {}


def routes(router, path, resource, put=True):
    """The usual five routes of a resource."""
    router.add("GET", path, resource.list)
    router.add("POST", path, resource.post)
    router.add("GET", path + "/{number}", resource.get)
    router.add("DELETE", path + "/{number}", resource.delete)
    if put:
        router.add("PUT", path, resource.put)
        router.add("PUT", path + "/{number}", resource.put)


def install(service):
    router = service.router
    tags = Tags(service)
    router.add("GET", "tag/detail", tags.detail)
    router.add("GET", "tag/detail/{number}", tags.detail)
    routes(router, "tag", tags)
    if service.app.root_folders != "none":
        routes(router, "rootfolder", RootFolders(service), put=service.app.root_folders == "profiles")
        routes(router, "remotepathmapping", RemotePathMappings(service))
    else:
        profiles = AppProfiles(service)
        router.add("GET", "appprofile/schema", profiles.schema)
        routes(router, "appprofile", profiles)
