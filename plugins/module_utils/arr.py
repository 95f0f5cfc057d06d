# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of Sonarr, Radarr, Lidarr and Prowlarr as data. A kind is an entry here and a module with its documentation."""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.module_utils.resource import Kind

LIBRARY = ("sonarr", "radarr", "lidarr")
ALL = LIBRARY + ("prowlarr",)
PATH = ("path",)

KINDS = {kind.name: kind for kind in (
    Kind("tag", "tag", ALL, "the tag", identity=("label",), fold={"label": ("case",)}, update=False),
    Kind("root_folder", "rootfolder", LIBRARY, "the root folder", identity=("path",), fold={"path": PATH},
         lookups={"default_quality_profile": ("defaultQualityProfileId", "qualityprofile", "name"),
                  "default_metadata_profile": ("defaultMetadataProfileId", "metadataprofile", "name")}),
    Kind("download_client", "downloadclient", ALL, "the download client", provider=True,
         defaults={"enable": True, "priority": 1, "remove_completed_downloads": True, "remove_failed_downloads": True}),
    Kind("remote_path_mapping", "remotepathmapping", LIBRARY, "the remote path mapping", identity=("host", "remote_path"),
         fold={"host": ("case",), "remote_path": PATH, "local_path": PATH}),
    Kind("notification", "notification", ALL, "the notification", provider=True, enable=""),
    Kind("application", "applications", ("prowlarr",), "the application", provider=True, enable="syncLevel",
         defaults={"sync_level": "fullSync"}),
    Kind("indexer_proxy", "indexerproxy", ("prowlarr",), "the indexer proxy", provider=True, enable="tags"),
    Kind("config_host", "config/host", ALL, "the host settings", identity=(), secrets=("password", "proxy_password", "ssl_cert_password"),
         fold={"username": ("case",), "url_base": ("base",)}),
    Kind("config_media_management", "config/mediamanagement", LIBRARY, "the media management settings", identity=()),
    Kind("config_naming", "config/naming", LIBRARY, "the naming settings", identity=()),
    Kind("config_download_client", "config/downloadclient", LIBRARY, "the download client settings", identity=()),
    Kind("config_indexer", "config/indexer", LIBRARY, "the indexer settings", identity=()),
    Kind("config_ui", "config/ui", ALL, "the settings of the web interface", identity=()),
)}
# Objects of these kinds cannot be changed where the app has no PUT for them.
NO_UPDATE = {("root_folder", "sonarr"), ("root_folder", "radarr")}
# Kinds that make or hold a link to another app, for the summary.
LINKS = ("download_client", "application", "indexer_proxy", "notification", "root_folder")
