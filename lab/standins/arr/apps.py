# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four applications as data: what each one is, has and starts with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class App:
    """Facts that differ from application to application."""

    kind: str
    name: str
    api: str  # version in the path
    version: str
    port: int
    ssl_port: int
    branch: str
    rfc: str  # which RFC its problem details link to
    migration: int
    runtime: tuple
    pascal_placeholders: bool = False  # spelling of the keys in formattedMessagePlaceholderValues
    imports_login: bool = True  # takes Username and Password from config.xml
    basic: bool = True  # whether authentication by Basic still exists
    missing_is_problem: bool = False  # GET of an unknown id: problem details, else a message
    tag_pattern: str = ""  # labels that it takes ("" = any, "+" = any but the empty one)
    checks_priority: bool = True  # priority 1 to 50
    retests_always: bool = False  # PUT of an unchanged provider tests it again
    writes_always: bool = False  # ... and writes it, with an event
    keeps_sessions: bool = False  # reuses the session cookie of qBittorrent, whatever the password
    protocol_classes: bool = False  # protocols are names of classes, and delay profiles have items
    media: str = ""  # prefix of its category fields
    root_folders: str = "plain"  # plain, profiles (Lidarr) or none
    profile_in_use: tuple = (400, "QualityProfile [{name}] is in use.")
    configs: dict = field(default_factory=dict)
    kinds: tuple = ()
    commands: tuple = ()
    cannot_connect: str = ""  # how its indexer test says "connection refused"


UI = {
    "firstDayOfWeek": 0,
    "calendarWeekColumnHeader": "ddd M/D",
    "shortDateFormat": "MMM D YYYY",
    "longDateFormat": "dddd, MMMM D YYYY",
    "timeFormat": "h(:mm)a",
    "showRelativeDates": True,
    "enableColorImpairedMode": False,
    "theme": "auto",
    "uiLanguage": 1,
}
MEDIA_MANAGEMENT = {
    "recycleBin": "",
    "recycleBinCleanupDays": 7,
    "downloadPropersAndRepacks": "preferAndUpgrade",
    "deleteEmptyFolders": False,
    "fileDate": "none",
    "rescanAfterRefresh": "always",
    "setPermissionsLinux": False,
    "chmodFolder": "755",
    "chownGroup": "",
    "skipFreeSpaceCheckWhenImporting": False,
    "minimumFreeSpaceWhenImporting": 100,
    "copyUsingHardlinks": True,
    "useScriptImport": False,
    "scriptImportPath": "",
    "importExtraFiles": False,
    "extraFileExtensions": "srt",
    "enableMediaInfo": True,
}
DOWNLOAD_CLIENT = {
    "downloadClientWorkingFolders": "_UNPACK_|_FAILED_",
    "enableCompletedDownloadHandling": True,
    "autoRedownloadFailed": True,
    "autoRedownloadFailedFromInteractiveSearch": True,
}
INDEXER = {"minimumAge": 0, "retention": 0, "maximumSize": 0, "rssSyncInterval": 15}
LIBRARY_KINDS = ("downloadclient", "indexer", "notification", "importlist", "metadata")
COMMANDS = (
    "ResetApiKey",
    "RefreshMonitoredDownloads",
    "RescanFolders",
    "CheckHealth",
    "Backup",
    "Housekeeping",
    "MessagingCleanup",
    "RssSync",
    "ApplicationUpdate",
    "ApplicationCheckUpdate",
    "ClearLog",
    "CleanUpRecycleBin",
    "DownloadedMoviesScan",
    "DeleteLogFiles",
    "ImportListSync",
    "ProcessMonitoredDownloads",
)
REFUSED = "Unable to connect to indexer, please check your DNS settings and ensure IPv6 is working or disabled. {error}"

APPS = {
    "sonarr": App(
        kind="sonarr",
        name="Sonarr",
        api="v3",
        version="4.0.19.2979",
        port=8989,
        ssl_port=9898,
        branch="main",
        rfc="rfc7231",
        migration=217,
        runtime=(".NET", "8.0.31"),
        missing_is_problem=True,
        checks_priority=False,
        media="tv",
        kinds=LIBRARY_KINDS,
        cannot_connect=REFUSED,
        commands=COMMANDS + ("RefreshSeries", "RescanSeries", "RenameSeries", "SeriesSearch", "SeasonSearch", "EpisodeSearch", "MissingEpisodeSearch"),
        configs={
            "ui": UI,
            "downloadclient": DOWNLOAD_CLIENT,
            "indexer": INDEXER,
            "importlist": {"listSyncLevel": "disabled", "listSyncTag": 0},
            "mediamanagement": {
                **MEDIA_MANAGEMENT,
                "autoUnmonitorPreviouslyDownloadedEpisodes": False,
                "createEmptySeriesFolders": False,
                "episodeTitleRequired": "always",
            },
            "naming": {
                "renameEpisodes": False,
                "replaceIllegalCharacters": True,
                "colonReplacementFormat": 4,
                "customColonReplacementFormat": "",
                "multiEpisodeStyle": 5,
                "standardEpisodeFormat": "{Series Title} - S{season:00}E{episode:00} - {Episode Title} {Quality Full}",
                "dailyEpisodeFormat": "{Series Title} - {Air-Date} - {Episode Title} {Quality Full}",
                "animeEpisodeFormat": "{Series Title} - S{season:00}E{episode:00} - {Episode Title} {Quality Full}",
                "seriesFolderFormat": "{Series Title}",
                "seasonFolderFormat": "Season {season}",
                "specialsFolderFormat": "Specials",
            },
        },
    ),
    "radarr": App(
        kind="radarr",
        name="Radarr",
        api="v3",
        version="6.0.3.10276",
        port=7878,
        ssl_port=9898,
        branch="master",
        rfc="rfc9110",
        migration=242,
        runtime=("netcore", "8.0.31"),
        missing_is_problem=True,
        basic=False,
        tag_pattern="^[a-z0-9-]+$",
        keeps_sessions=True,
        media="movie",
        kinds=LIBRARY_KINDS,
        cannot_connect=REFUSED,
        profile_in_use=(500, "QualityProfile [{id}] is in use."),
        commands=COMMANDS
        + ("RefreshMovie", "RescanMovie", "RenameMovie", "MoviesSearch", "MissingMoviesSearch", "RefreshCollections"),
        configs={
            "ui": {**UI, "movieRuntimeFormat": "hoursMinutes", "movieInfoLanguage": 1},
            "downloadclient": {**DOWNLOAD_CLIENT, "checkForFinishedDownloadInterval": 1},
            "indexer": {
                **INDEXER,
                "rssSyncInterval": 30,
                "preferIndexerFlags": False,
                "availabilityDelay": 0,
                "allowHardcodedSubs": False,
                "whitelistedHardcodedSubs": "",
            },
            "importlist": {"listSyncLevel": "disabled"},
            "metadata": {"certificationCountry": "us"},
            "mediamanagement": {
                **MEDIA_MANAGEMENT,
                "autoUnmonitorPreviouslyDownloadedMovies": False,
                "createEmptyMovieFolders": False,
                "autoRenameFolders": False,
                "pathsDefaultStatic": False,
            },
            "naming": {
                "renameMovies": False,
                "replaceIllegalCharacters": True,
                "colonReplacementFormat": "smart",
                "standardMovieFormat": "{Movie Title} ({Release Year}) {Quality Full}",
                "movieFolderFormat": "{Movie Title} ({Release Year})",
            },
        },
    ),
    "lidarr": App(
        kind="lidarr",
        name="Lidarr",
        api="v1",
        version="2.14.5.4824",
        port=8686,
        ssl_port=6868,
        branch="master",
        rfc="rfc7231",
        migration=80,
        runtime=("netcore", "10.0.12"),
        tag_pattern="+",
        keeps_sessions=True,
        retests_always=True,
        media="music",
        root_folders="profiles",
        kinds=LIBRARY_KINDS,
        cannot_connect=REFUSED,
        profile_in_use=(400, "Profile [{name}] is in use."),
        commands=COMMANDS + ("RefreshArtist", "RefreshAlbum", "ArtistSearch", "AlbumSearch", "MissingAlbumSearch"),
        configs={
            "ui": {
                **UI,
                "expandAlbumByDefault": False,
                "expandSingleByDefault": False,
                "expandEPByDefault": False,
                "expandBroadcastByDefault": False,
                "expandOtherByDefault": False,
            },
            "downloadclient": DOWNLOAD_CLIENT,
            "indexer": INDEXER,
            "metadataprovider": {
                "metadataSource": "",
                "writeAudioTags": "no",
                "scrubAudioTags": False,
                "embedCoverArt": True,
            },
            "mediamanagement": {
                **MEDIA_MANAGEMENT,
                "autoUnmonitorPreviouslyDownloadedTracks": False,
                "createEmptyArtistFolders": False,
                "watchLibraryForChanges": True,
                "allowFingerprinting": "newFiles",
            },
            "naming": {
                "renameTracks": False,
                "replaceIllegalCharacters": True,
                "colonReplacementFormat": 4,
                "standardTrackFormat": "{Album Title} ({Release Year})/{Artist Name} - {Album Title} - "
                "{track:00} - {Track Title}",
                "multiDiscTrackFormat": "{Album Title} ({Release Year})/{Medium Format} {medium:00}/{Artist Name} - "
                "{Album Title} - {track:00} - {Track Title}",
                "artistFolderFormat": "{Artist Name}",
                "includeArtistName": False,
                "includeAlbumTitle": False,
                "includeQuality": False,
                "replaceSpaces": False,
            },
        },
    ),
    "prowlarr": App(
        kind="prowlarr",
        name="Prowlarr",
        api="v1",
        version="2.3.5.5323",
        port=9696,
        ssl_port=6969,
        branch="master",
        rfc="rfc9110",
        migration=43,
        runtime=("netcore", "10.0.12"),
        pascal_placeholders=True,
        imports_login=False,
        basic=False,
        tag_pattern="^[a-z0-9-]+$",
        writes_always=True,
        retests_always=True,
        root_folders="none",
        kinds=("downloadclient", "indexer", "notification", "applications", "indexerproxy"),
        commands=(
            "ResetApiKey",
            "ApplicationIndexerSync",
            "CheckHealth",
            "Backup",
            "Housekeeping",
            "ClearLog",
            "MessagingCleanup",
            "ApplicationUpdate",
            "ApplicationCheckUpdate",
            "IndexerDefinitionUpdate",
            "CleanUpHistory",
            "ApplicationCheckUpdate",
        ),
        cannot_connect="Unable to connect to indexer. Check DNS settings and the connection. {error}",
        configs={
            "ui": {**UI, "uiLanguage": "en"},
            "downloadclient": {},
            "development": {
                "consoleLogLevel": "",
                "logSql": False,
                "logIndexerResponse": False,
                "logRotate": 50,
                "filterSentryEvents": True,
            },
        },
    ),
}

# Other generations of the same application: (kind, major version) -> what differs.
GENERATIONS = {
    ("radarr", 5): {"basic": True},
    ("prowlarr", 1): {"basic": True},
    ("lidarr", 3): {"protocol_classes": True},
}


def of_version(app, version):
    """The application at another version; three numbers of the usual one stand for all four."""
    if not version or app.version.startswith(version + "."):
        return app
    major = version.split(".")[0]
    differs = GENERATIONS.get((app.kind, int(major)), {}) if major.isdigit() else {}
    return replace(app, version=version, **differs)


SYSTEM_FOLDERS = ("/bin", "/boot", "/lib", "/sbin", "/proc", "/usr/bin")
