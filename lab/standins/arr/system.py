# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status, restart, health and what else tells about the application itself."""

from __future__ import annotations

import datetime
import os
import shutil


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def install(service):
    router, app = service.router, service.app

    def status(call):
        shown = {
            "appName": app.name,
            "instanceName": service.file.value("InstanceName"),
            "version": app.version,
            "buildTime": "2026-01-01T00:00:00Z",
            "isDebug": False,
            "isProduction": True,
            "isAdmin": os.geteuid() == 0,
            "isUserInteractive": True,
            "startupPath": f"/app/{app.kind}/bin",
            "appData": service.config_dir,
            "osName": "debian",
            "osVersion": "13",
            "isNetCore": True,
            "isLinux": True,
            "isOsx": False,
            "isWindows": False,
            "isDocker": True,
            "mode": "console",
            "branch": service.file.value("Branch"),
            "authentication": service.authentication.lower(),
            "migrationVersion": app.migration,
            "urlBase": service.url_base,
            "runtimeVersion": app.runtime[1],
            "runtimeName": app.runtime[0],
            "startTime": stamp(service.started),
            "packageUpdateMechanism": "builtIn",
            "databaseVersion": "3.40.1",
            "databaseType": "sqLite",
        }
        return 200, shown

    def restart(call):
        service.restart()
        return 200, {"restarting": True}

    def health(call):
        found = []
        if len(service.api_key) < 20:
            found.append(
                {
                    "source": "ApiKeyValidationCheck",
                    "type": "warning",
                    "message": "Please update your API key to be at least 20 characters long.",
                    "wikiUrl": f"https://wiki.servarr.com/{app.kind}/system#invalid-api-key",
                }
            )
        if app.root_folders != "none":
            for row in service.db.rows("rootfolder"):
                if not os.path.isdir(row["path"]):
                    found.append(
                        {
                            "source": "RootFolderCheck",
                            "type": "error",
                            "message": f"Missing root folder: {row['path']}",
                            "wikiUrl": f"https://wiki.servarr.com/{app.kind}/system#missing-root-folder",
                        }
                    )
        return 200, found

    def disk_space(call):
        usage = shutil.disk_usage("/")
        return 200, [{"path": "/", "label": "", "freeSpace": usage.free, "totalSpace": usage.total}]

    router.add("GET", "system/status", status)
    router.add("POST", "system/restart", restart, reads_body=False)
    router.add("POST", "system/shutdown", lambda call: (200, {"shuttingDown": True}), reads_body=False)
    router.add("GET", "health", health)
    router.add("GET", "system/task", lambda call: (200, []))
    router.add("GET", "system/backup", lambda call: (200, []))
    router.add("GET", "update", lambda call: (200, []))
    router.add("GET", "log", lambda call: (200, empty_page(call)))
    if app.kind == "prowlarr":
        router.add("GET", "indexerstatus", lambda call: (200, []))
    if app.root_folders != "none":
        router.add("GET", "diskspace", disk_space)
        if app.kind == "sonarr":  # gone since version 4, still answered for old clients
            deprecated = {"id": 1, "name": "Deprecated", "upgradeAllowed": True, "cutoff": {"id": 1, "name": "English"}}
            router.add("GET", "languageprofile", lambda call: (200, [{**deprecated, "languages": []}]))
        if app.kind == "lidarr":  # the lab has no music
            for name in ("queue", "history", "wanted/missing"):
                router.add("GET", name, lambda call: (200, empty_page(call)))
            router.add("GET", "artist", lambda call: (200, []))
        router.add("GET", "blocklist", lambda call: (200, empty_page(call)))


def empty_page(call):
    return {"page": 1, "pageSize": 10, "sortKey": "id", "sortDirection": "default", "totalRecords": 0, "records": []}
