# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry for every module and app: what is created, and what is edited. The six steps are generated from it."""
from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.homelab.media.plugins.module_utils.arr import ALL, LIBRARY

SECRET = "sw0rdfish-%s-0815"
PROFILE = {"sonarr": "HD-1080p", "radarr": "HD-1080p", "lidarr": "Lossless"}
QUALITIES = {"sonarr": ["Bluray-1080p", "WEBDL-1080p", "HDTV-1080p"], "radarr": ["Bluray-1080p", "WEBDL-1080p", "HDTV-1080p"],
             "lidarr": ["FLAC", "ALAC", "MP3-320"]}
EVENT = {"sonarr": "on_series_delete", "radarr": "on_movie_delete", "lidarr": "on_album_delete", "prowlarr": "on_health_restored"}


@dataclass
class Case:
    """What a module makes of one app.

    :param create: Options of the first step.
    :param edit: Options of the edit, over those of the first step.
    :param collection: Where the API tells it.
    :param secrets: Values that must not be seen anywhere.
    :param kind: C(resource), C(singleton) (no delete) or C(info).
    :param before: Runs of modules that have to be there first.
    """

    module: str
    app: str
    create: dict
    edit: dict
    collection: str = ""
    secrets: list = field(default_factory=list)
    kind: str = "resource"
    before: list = field(default_factory=list)

    @property
    def name(self):
        return "{0}-{1}".format(self.module, self.app)


def tag(app, world):
    return Case("arr_tag", app, {"label": "kids"}, {}, "tag")


def root_folder(app, world):
    if app == "lidarr":
        return Case("arr_root_folder", app, {"path": world.media, "name": "Music", "default_quality_profile": "Any", "default_metadata_profile": "Standard"},
                    {"default_quality_profile": "Lossless"}, "rootfolder")
    return Case("arr_root_folder", app, {"path": world.media + "/"}, {}, "rootfolder")


def download_client(app, world):
    return Case("arr_download_client", app, {
        "name": "qBittorrent", "implementation": "qbittorrent", "category": "media", "tags": ["anime"] if app != "radarr" else [],
        "fields": {"host": "127.0.0.1", "port": world.qbittorrent.port, "username": "media", "password": world.qbittorrent.password}},
        {"priority": 3, "fields": {"initialState": "Stopped"}}, "downloadclient", [world.qbittorrent.password])


def remote_path_mapping(app, world):
    return Case("arr_remote_path_mapping", app, {"host": "nas", "remote_path": "/downloads", "local_path": world.downloads},
                {"local_path": world.media}, "remotepathmapping")


def notification(app, world):
    secret = SECRET % "notification"
    return Case("arr_notification", app, {
        "name": "Apprise", "implementation": "Apprise", "events": [], "settings": {"include_health_warnings": False},
        "fields": {"serverUrl": "http://127.0.0.1:9", "configurationKey": "c0nfiguration", "authUsername": "me", "authPassword": secret}},
        {"settings": {"include_health_warnings": True}, "fields": {"notificationType": "Warning"}}, "notification", [secret, "c0nfiguration"])


def notification_events(app, world):
    secret = SECRET % "webhook"
    return Case("arr_notification", app, {
        "name": "Hook", "implementation": "Webhook", "events": ["on_grab"],
        "fields": {"url": world.hook.url, "method": "POST", "username": "me", "password": secret}},
        {"events": ["on_health_issue", EVENT[app]]}, "notification", [secret])


def application(app, world):
    return Case("arr_application", app, {
        "name": "Sonarr", "implementation": "Sonarr", "sync_level": "disabled",
        "fields": {"prowlarrUrl": "http://127.0.0.1:1", "baseUrl": "http://127.0.0.1:2", "apiKey": SECRET % "application"}},
        {"tags": ["tv"], "fields": {"syncCategories": [5000, 5040]}}, "applications", [SECRET % "application"])


def indexer(app, world):
    create = {"name": "Indexer", "implementation": "Torznab", "priority": 30,
              "fields": {"baseUrl": world.torznab.url, "apiPath": "/api", "apiKey": world.torznab.api_key}}
    if app == "prowlarr":
        create["enable"] = False
    else:
        create.update(enable_rss=False, enable_automatic_search=False, enable_interactive_search=False)
    return Case("arr_indexer", app, create, {"priority": 31, "tags": ["slow"]}, "indexer", [world.torznab.api_key])


def indexer_proxy(app, world):
    return Case("arr_indexer_proxy", app, {"name": "Proxy", "implementation": "Http", "fields": {
        "host": "127.0.0.1", "port": 1, "username": "me", "password": SECRET % "proxy"}}, {"fields": {"port": 2}}, "indexerproxy", [SECRET % "proxy"])


def import_list(app, world):
    secret = SECRET % "list"
    implementation = {"sonarr": "SonarrImport", "radarr": "RadarrImport", "lidarr": "LidarrImport"}[app]
    create = {"name": "Other", "implementation": implementation, "root_folder_path": world.media, "quality_profile": PROFILE[app],
              "fields": {"baseUrl": "http://127.0.0.1:9", "apiKey": secret}}
    create.update({"enabled": False, "enable_auto": False} if app == "radarr" else {"enable_automatic_add": False})
    folder = {"path": world.media}
    if app == "lidarr":
        create["metadata_profile"] = "Standard"
        folder.update(name="Music", default_quality_profile="Any", default_metadata_profile="Standard")
    edit = {"settings": {"monitor": "none"} if app == "radarr" else {"should_monitor": "none" if app == "sonarr" else "entireArtist"}}
    return Case("arr_import_list", app, create, edit, "importlist", [secret], before=[("arr_root_folder", folder)])


def metadata(app, world):
    return Case("arr_metadata", app, {"name": "Kodi (XBMC) / Emby", "enable": True},
                {"fields": {{"sonarr": "seriesImages", "radarr": "movieImages", "lidarr": "artistImages"}[app]: False}}, "metadata", kind="singleton")


def delay_profile(app, world):
    return Case("arr_delay_profile", app, {"tags": ["anime"], "preferred_protocol": "torrent", "usenet_delay": 60}, {"torrent_delay": 5}, "delayprofile")


def default_delay_profile(app, world):
    return Case("arr_delay_profile", app, {"tags": [], "preferred_protocol": "torrent"}, {"bypass_if_highest_quality": False}, "delayprofile", kind="singleton")


def custom_format(app, world):
    x265 = {"name": "x265", "implementation": "ReleaseTitleSpecification", "negate": False, "required": True, "fields": {"value": "[xh]265"}}
    return Case("arr_custom_format", app, {"name": "x265", "specifications": [x265]},
                {"specifications": [x265, {"name": "Group", "implementation": "ReleaseGroupSpecification", "negate": True, "fields": {"value": "^EVIL$"}}]},
                "customformat")


def guide_format(app, world):
    return Case("arr_custom_format", app, {"name": "Big", "definition": {
        "trash_id": "0123456789abcdef", "trash_scores": {"default": 5}, "name": "Big", "includeCustomFormatWhenRenaming": True,
        "specifications": [{"name": "Size", "implementation": "SizeSpecification", "negate": False, "required": False, "fields": {"min": 1, "max": 9}}]}},
        {"include_custom_format_when_renaming": False}, "customformat")


def quality_profile(app, world):
    names = QUALITIES[app]
    return Case("arr_quality_profile", app, {
        "name": "Mine", "upgrade_allowed": True, "qualities": names[:2], "cutoff": names[0], "formats": {"x265": -5}},
        {"qualities": [names[2], {"name": "Both", "qualities": names[:2]}], "cutoff": "Both", "formats": {"x265": 10}}, "qualityprofile",
        before=[("arr_custom_format", custom_format(app, world).create)])


def config(section, create, edit, **options):
    def case(app, world):
        return Case("arr_config", app, dict({"section": section, "settings": create}, **options), {"settings": edit},
                    "config/" + section.replace("_", ""), [options["password"]] if "password" in options else [], kind="singleton")
    return case


config_host = config("host", {"authentication_method": "forms", "authenticationRequired": "enabled"}, {"log_level": "debug", "backup_retention": 30},
                     username="Admin", password=SECRET % "login")
config_ui = config("ui", {"theme": "dark"}, {"enable_color_impaired_mode": True})
config_media = config("media_management", {"delete_empty_folders": True}, {"minimum_free_space_when_importing": 200, "recycle_bin_cleanup_days": "3"})
config_downloads = config("download_client", {"enable_completed_download_handling": False}, {"auto_redownload_failed": False})
config_indexer = config("indexer", {"minimum_age": 5}, {"retention": 3000})
config_import_list = config("import_list", {"list_sync_level": "logOnly"}, {"listSyncLevel": "keepAndUnmonitor"})
config_metadata = config("metadata", {"certification_country": "gb"}, {"certification_country": "ca"})
config_metadata_provider = config("metadata_provider", {"write_audio_tags": "newFiles"}, {"scrub_audio_tags": True})
config_development = config("development", {"log_sql": True}, {"log_sql": False})


def config_naming(app, world):
    word = {"sonarr": "episodes", "radarr": "movies", "lidarr": "tracks"}[app]
    return config("naming", {"rename_" + word: True, "colon_replacement_format": "spaceDash"}, {"replace_illegal_characters": False})(app, world)


def info(app, world):
    return Case("arr_info", app, {}, {}, kind="info")


CASES = [(case, app) for case, apps in (
    (tag, ALL), (root_folder, LIBRARY), (download_client, ALL), (remote_path_mapping, LIBRARY), (notification, ALL), (application, ("prowlarr",)),
    (notification_events, ALL), (indexer, ALL), (indexer_proxy, ("prowlarr",)), (import_list, LIBRARY), (metadata, LIBRARY), (delay_profile, LIBRARY),
    (default_delay_profile, LIBRARY), (custom_format, LIBRARY), (guide_format, LIBRARY), (quality_profile, LIBRARY), (config_host, ALL), (config_ui, ALL),
    (config_media, LIBRARY), (config_naming, LIBRARY), (config_downloads, LIBRARY), (config_indexer, LIBRARY),
    (config_import_list, ("sonarr", "radarr")), (config_metadata, ("radarr",)), (config_metadata_provider, ("lidarr",)),
    (config_development, ("prowlarr",)), (info, ALL)) for app in apps]
# Lidarr 3 differs where protocols are named.
CASES += [(case, "lidarr3") for case in (download_client, indexer, delay_profile, default_delay_profile, quality_profile)]
# Modules with a test of their own, in the file that is named.
ELSEWHERE = {"arr_indexer_sync": "test_indexer_sync.py", "arr_export": "test_export.py"}
