# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What its settings are and what is said about values that do not fit."""
from __future__ import annotations

import re

SERVERS = ["plex", "jellyfin", "emby"]
STRINGS = ("applicationTitle applicationUrl apikey locale plex_name plex_hostname plex_auth_token plex_machine_id jellyfin_url jellyfin_api_key "
           "jellyfin_user_id jellyfin_server_name emby_url emby_api_key emby_user_id emby_server_name seerr_url seerr_api_key tmdb_api_key "
           "tvdb_api_key tautulli_url tautulli_api_key streamystats_url tracearr_url tracearr_api_key tracearr_server_id download_client_url "
           "download_client_username download_client_password collection_handler_job_cron rules_handler_job_cron radarr_exclusion_tag "
           "sonarr_exclusion_tag").split()
BOOLEANS = ("download_client_delete_data radarr_tag_exclusions radarr_untag_on_unexclude sonarr_tag_exclusions "
            "sonarr_untag_on_unexclude").split()
SECRETS = ("plex_auth_token jellyfin_api_key emby_api_key seerr_api_key tmdb_api_key tvdb_api_key tautulli_api_key tracearr_api_key "
           "download_client_password").split()


def defaults():
    values = dict.fromkeys(["seerr_url"])
    values.update(locale="en", media_server_type=None, plex_name=None, plex_hostname=None, plex_port=32400, plex_ssl=None, plex_auth_token=None,
                  plex_machine_id=None, plex_manual_mode=0)
    values.update(dict.fromkeys("jellyfin_url jellyfin_api_key jellyfin_user_id jellyfin_server_name emby_url emby_api_key emby_user_id "
                                "emby_server_name seerr_api_key tmdb_api_key tvdb_api_key".split()))
    values.update(metadata_provider_preference="tmdb_primary")
    values.update(dict.fromkeys("tautulli_url tautulli_api_key streamystats_url tracearr_url tracearr_api_key tracearr_server_id "
                                "download_client_url download_client_username download_client_password".split()))
    values.update(download_client_delete_data=True, download_client_fallback_ratio=0.5, collection_handler_job_cron="0 0-23/12 * * *",
                  rules_handler_job_cron="0 0-23/8 * * *", radarr_tag_exclusions=False, radarr_exclusion_tag="dnd",
                  radarr_untag_on_unexclude=False, sonarr_tag_exclusions=False, sonarr_exclusion_tag="dnd", sonarr_untag_on_unexclude=False)
    return values


def masked(value):
    if not value:
        return value
    return f"{value[:3]}...{value[-3:]}" if len(value) > 6 else "*" * len(value)


def kind(value, given=True):
    if not given:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "array", dict: "object"}.get(type(value), "object")


def wrong_type(expected, path, value, given=True):
    return {"expected": expected, "code": "invalid_type", "path": path, "message": f"Invalid input: expected {expected}, received {kind(value, given)}"}


def option(values, path):
    said = "|".join(f'"{value}"' for value in values)
    return {"code": "invalid_value", "values": values, "path": path, "message": f"Invalid option: expected one of {said}"}


def text(body, key, empty=None):
    """The problem with one text that must be there, or nothing."""
    if not isinstance(body.get(key), str):
        return [wrong_type("string", [key], body.get(key), key in body)]
    if empty and not body[key]:
        return [{"origin": "string", "code": "too_small", "minimum": 1, "inclusive": True, "path": [key], "message": empty}]
    return []


def url(body, key):
    problems = text(body, key)
    if not problems and not re.match(r"^https?://", body[key].strip()):
        problems = [{"code": "custom", "path": [key], "message": "Must start with http:// or https://"}]
    return problems


def settings(body):
    """All problems of a body of settings."""
    if not isinstance(body, dict):
        return [wrong_type("object", [], body, body is not None)]
    problems = []
    for key in STRINGS:
        if key in body and not isinstance(body[key], str):
            problems.append(wrong_type("string", [key], body[key]))
    for key, low, high in (("plex_port", 1, 65535), ("plex_ssl", 0, 1), ("plex_manual_mode", 0, 1)):
        if key in body:
            value = body[key]
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                problems.append(wrong_type("number", [key], value))
            elif value < low:
                problems.append({"origin": "number", "code": "too_small", "minimum": low, "inclusive": True, "path": [key],
                                 "message": f"Too small: expected number to be >={low}"})
            elif value > high:
                problems.append({"origin": "number", "code": "too_big", "maximum": high, "inclusive": True, "path": [key],
                                 "message": f"Too big: expected number to be <={high}"})
    for key in BOOLEANS:
        if key in body and not isinstance(body[key], bool):
            problems.append(wrong_type("boolean", [key], body[key]))
    if "media_server_type" in body and body["media_server_type"] not in SERVERS:
        problems.append(option(SERVERS, ["media_server_type"]))
    return problems


def cron(value):
    """Five fields that are fields."""
    parts = str(value).split()
    return len(parts) == 5 and all(re.fullmatch(r"[\d*,/\-?LW#]+|[A-Za-z]{3}(-[A-Za-z]{3})?", part) for part in parts)
