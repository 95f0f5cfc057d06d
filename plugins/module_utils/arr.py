# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of Sonarr, Radarr, Lidarr and Prowlarr as data. A kind is an entry here and a module with its documentation."""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.module_utils.resource import Kind

LIBRARY = ("sonarr", "radarr", "lidarr")
ALL = LIBRARY + ("prowlarr",)
PATH = ("path",)

# Values of settings that the apps store unchecked, or know by number only.
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
HOST_CHOICES = {
    "authentication_method": ("none", "basic", "forms", "external"),
    "authentication_required": ("enabled", "disabledForLocalAddresses"),
    "log_level": LEVELS,
    "console_log_level": LEVELS + ("",),
    "proxy_type": ("http", "socks4", "socks5"),
    "certificate_validation": ("enabled", "disabledForLocalAddresses", "disabled"),
    "update_mechanism": ("builtIn", "script", "external", "apt", "docker"),
}
NAMING_CHOICES = {
    "colon_replacement_format": ("delete", "dash", "spaceDash", "spaceDashSpace", "smart", "custom"),
    "multi_episode_style": ("extend", "duplicate", "repeat", "scene", "range", "prefixedRange"),
}
PROFILE = ("qualityProfileId", "qualityprofile", "name")


def _config(name, path, apps, title, **options):
    return Kind("config_" + name, "config/" + path, apps, title, identity=(), **options)


KINDS = {kind.name: kind for kind in (
    Kind("tag", "tag", ALL, "the tag", identity=("label",), fold={"label": ("case",)}, update=False),
    Kind("root_folder", "rootfolder", LIBRARY, "the root folder", identity=("path",), fold={"path": PATH},
         lookups={"default_quality_profile": ("defaultQualityProfileId", "qualityprofile", "name"),
                  "default_metadata_profile": ("defaultMetadataProfileId", "metadataprofile", "name")}),
    Kind("download_client", "downloadclient", ALL, "the download client", provider=True,
         defaults={"enable": True, "priority": 1, "remove_completed_downloads": True, "remove_failed_downloads": True}),
    Kind("remote_path_mapping", "remotepathmapping", LIBRARY, "the remote path mapping", identity=("host", "remote_path"),
         fold={"host": ("case",), "remote_path": PATH, "local_path": PATH}),
    Kind("notification", "notification", ALL, "the notification", provider=True, enable="on"),
    Kind("application", "applications", ("prowlarr",), "the application", provider=True, enable="syncLevel",
         defaults={"sync_level": "fullSync"}),
    Kind("indexer", "indexer", ALL, "the indexer", provider=True,
         lookups={"app_profile": ("appProfileId", "appprofile", "name"), "download_client": ("downloadClientId", "downloadclient", "name")},
         defaults={"enable": True, "enable_rss": True, "enable_automatic_search": True, "enable_interactive_search": True, "priority": 25}),
    Kind("indexer_proxy", "indexerproxy", ("prowlarr",), "the indexer proxy", provider=True, enable="tags"),
    Kind("import_list", "importlist", LIBRARY, "the import list", provider=True, enable="enableAutomaticAdd", nullable=("rootFolderPath",),
         lookups={"quality_profile": PROFILE, "metadata_profile": ("metadataProfileId", "metadataprofile", "name")}),
    Kind("metadata", "metadata", LIBRARY, "the metadata consumer", provider=True, create=False),
    Kind("delay_profile", "delayprofile", LIBRARY, "the delay profile", identity=("tags",),
         defaults={"enable_usenet": True, "enable_torrent": True, "preferred_protocol": "usenet", "usenet_delay": 0, "torrent_delay": 0},
         choices={"preferred_protocol": ("usenet", "torrent")}),
    Kind("custom_format", "customformat", LIBRARY, "the custom format", fold={"name": ()}, ordered=("specifications",)),
    Kind("quality_profile", "qualityprofile", LIBRARY, "the quality profile", schema="qualityprofile/schema", ordered=("items", "formatItems")),
    _config("host", "host", ALL, "the host settings", secrets=("password", "proxy_password", "ssl_cert_password"), hashed=("password",),
            fold={"username": ("case",), "url_base": ("base",)}, choices=HOST_CHOICES),
    _config("media_management", "mediamanagement", LIBRARY, "the media management settings", nullable=("scriptImportPath", "recycleBin", "chownGroup")),
    _config("naming", "naming", LIBRARY, "the naming settings", choices=NAMING_CHOICES, nullable=("customColonReplacementFormat",)),
    _config("download_client", "downloadclient", LIBRARY, "the download client settings"),
    _config("indexer", "indexer", LIBRARY, "the indexer settings"),
    _config("import_list", "importlist", ("sonarr", "radarr"), "the import list settings"),
    _config("metadata", "metadata", ("radarr",), "the metadata settings"),
    _config("metadata_provider", "metadataprovider", ("lidarr",), "the metadata provider settings", nullable=("metadataSource",)),
    _config("development", "development", ("prowlarr",), "the development settings"),
    _config("ui", "ui", ALL, "the settings of the web interface"),
)}
# Keys of a new object of which the app gives no form.
FORMS = {
    "tag": ("label",),
    "remote_path_mapping": ("host", "remotePath", "localPath"),
    "root_folder": ("path",),
    "custom_format": ("name", "includeCustomFormatWhenRenaming", "specifications"),
}
LIDARR_FORMS = {"root_folder": FORMS["root_folder"] + (
    "name", "defaultQualityProfileId", "defaultMetadataProfileId", "defaultMonitorOption", "defaultNewItemMonitorOption", "defaultTags")}
# Objects of these kinds cannot be changed where the app has no PUT for them.
NO_UPDATE = {("root_folder", "sonarr"), ("root_folder", "radarr")}
# Kinds that make or hold a link to another app, for the summary.
LINKS = ("download_client", "application", "indexer_proxy", "indexer_sync", "notification", "root_folder")
