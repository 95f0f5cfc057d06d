# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Download clients: sign in, look at the settings, see to the category."""

from __future__ import annotations

import re

from ..errors import setting
from . import net

CATEGORY = {"tv": "tvCategory", "movie": "movieCategory", "music": "musicCategory", "": "category"}
IMPORTED = {"tv": "tvImportedCategory", "movie": "movieImportedCategory", "music": "musicImportedCategory"}
PRIORITIES = {
    "tv": ("recentTvPriority", "olderTvPriority"),
    "movie": ("recentMoviePriority", "olderMoviePriority"),
    "music": ("recentMusicPriority", "olderMusicPriority"),
    "": ("priority",),
}
ABORTED = "Test was aborted due to an error: {error}"


def test(service, row):
    testers = {
        "QBittorrent": qbittorrent,
        "Sabnzbd": sabnzbd,
        "Nzbget": nzbget,
        "Transmission": transmission,
        "TorrentBlackhole": nothing,
        "UsenetBlackhole": nothing,
        "Pneumatic": nothing,
    }
    return testers.get(row["implementation"], unsupported)(service, row["settings"])


def nothing(_service, _values):
    return []


def unsupported(_service, values):
    """A client that the lab does not have: at best its port answers, and that proves nothing."""
    if not net.is_open(values.get("host"), values.get("port") or 0):
        return [setting("host", "Unable to connect", detail="Connection refused")]
    return [setting("", ABORTED.format(error="the stand-in does not speak the protocol of this client"))]


# qBittorrent


def qbittorrent(service, values):
    base = net.base_url(values)
    try:
        headers, failures = qbittorrent_login(service, base, values)
        if failures:
            return failures
        preferences = net.request("GET", f"{base}/api/v2/app/preferences", headers=headers)
        preferences = preferences.json() if preferences.status_code == 200 else {}
        failures = qbittorrent_preferences(service, values, preferences)
        return failures or qbittorrent_categories(service, base, values, headers)
    except net.Unreachable as error:
        return [setting("host", "Unable to connect to qBittorrent", detail=str(error))]
    except ValueError as error:
        return [setting("", ABORTED.format(error=error))]


def qbittorrent_login(service, base, values):
    """(headers for the next requests, failures). A program without this API looks like a wrong login."""
    refused = [
        setting(
            "username",
            "Authentication Failure",
            detail=f"Check the credentials and whether {service.app.name}'s host may use qBittorrent.",
        )
    ]
    if values.get("apiKey"):
        headers = {"Authorization": f"Bearer {values['apiKey']}"}
        answer = net.request("GET", f"{base}/api/v2/app/webapiVersion", headers=headers)
        return headers, [] if answer.status_code == 200 else refused
    first = net.request("GET", f"{base}/api/v2/app/webapiVersion")
    if first.status_code == 200 and re.match(r"^2\.\d+", first.text):
        return {}, []  # no login asked for: a trusted subnet
    host = values.get("host")
    cookies = {}
    if service.app.keeps_sessions:
        # The session of an earlier login goes along, and qBittorrent says "Ok." to whatever comes with it.
        with service.cookie_lock:
            cookies = dict(service.cookies.get(host, {}))
    answer = net.request(
        "POST",
        f"{base}/api/v2/auth/login",
        cookies=cookies,
        data={"username": values.get("username") or "", "password": values.get("password") or ""},
    )
    if answer.status_code not in (200, 204) or answer.text not in ("Ok.", ""):
        return {}, refused
    cookies.update(answer.cookies.get_dict())
    if service.app.keeps_sessions:
        with service.cookie_lock:
            service.cookies[host] = cookies
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    answer = net.request("GET", f"{base}/api/v2/app/webapiVersion", headers=headers)
    return headers, [] if answer.status_code == 200 else refused


def qbittorrent_preferences(service, values, preferences):
    ratio = preferences.get("max_ratio_enabled") or preferences.get("max_seeding_time_enabled")
    if ratio and preferences.get("max_ratio_act") in (1, 3):
        return [setting("", "qBittorrent is configured to remove torrents when they reach their Share Ratio Limit")]
    first = any(values.get(key) == 1 for key in PRIORITIES[service.app.media])
    if first and not preferences.get("queueing_enabled"):
        name = PRIORITIES[service.app.media][0]
        return [setting(name, "Queueing not enabled", detail="Torrent Queueing is off in qBittorrent's settings.")]
    return []


def qbittorrent_categories(service, base, values, headers):
    """Missing categories are made: a test of a download client writes."""
    media = service.app.media
    wanted = [(key, values.get(key)) for key in (CATEGORY[media], IMPORTED.get(media)) if key and values.get(key)]
    if not wanted:
        return []
    known = net.request("GET", f"{base}/api/v2/torrents/categories", headers=headers).json()
    for _key, category in wanted:
        if category not in known:
            net.request("POST", f"{base}/api/v2/torrents/createCategory", headers=headers, data={"category": category})
    known = net.request("GET", f"{base}/api/v2/torrents/categories", headers=headers).json()
    return [
        setting(key, "Configuration of label failed", detail="The label could not be added to qBittorrent.")
        for key, category in wanted
        if category not in known
    ]


# SABnzbd


def sabnzbd(service, values):
    base = net.base_url(values)
    failures = []
    answer, error = sabnzbd_call(base, values, "version")
    if error:
        failures.append(setting("host", "Unable to connect to SABnzbd", detail=error))
    elif not re.match(r"^\d+\.\d+|^develop$", str(answer.get("version", ""))):
        failures.append(setting("version", f"Unknown version: {answer.get('version')}"))
    answer, error = sabnzbd_call(base, values, "get_config")
    if error:
        return failures + [setting("", ABORTED.format(error=error))]
    if answer.get("error"):
        name = "apiKey" if "API Key" in answer["error"] else "username"
        return failures + [setting(name, answer["error"])]
    config = answer.get("config", {})
    if config.get("misc", {}).get("pre_check") in (1, True, "1"):
        failures.append(setting("", "Disable 'Check before download' option in SABnzbd"))
    return failures + sabnzbd_category(service, values, config)


def sabnzbd_call(base, values, mode):
    """(answer, error text): the address of a failure carries the key, as it does in reality."""
    parameters = {"mode": mode}
    if values.get("apiKey"):
        parameters["apikey"] = values["apiKey"]
    else:
        parameters.update(ma_username=values.get("username") or "", ma_password=values.get("password") or "")
    parameters["output"] = "json"
    shown = f"{base}/api?" + "&".join(f"{key}={value}" for key, value in parameters.items())
    try:
        answer = net.request("GET", f"{base}/api", params=parameters)
    except net.Unreachable as error:
        return None, f"Unable to connect to SABnzbd, {error}"
    if answer.status_code != 200:
        reason = f"{answer.status_code}:{answer.reason.title().replace(' ', '')}"
        return None, f"Unable to connect to SABnzbd, HTTP request failed: [{reason}] [GET] at [{shown}]"
    try:
        return answer.json(), None
    except ValueError:
        return None, f"Unable to parse the answer of SABnzbd at [{shown}]"


def sabnzbd_category(service, values, config):
    key = CATEGORY[service.app.media]
    wanted = values.get(key)
    if not wanted:
        return []
    found = next((item for item in config.get("categories", []) if item.get("name") == wanted), None)
    if found is None:
        return [
            setting(
                key,
                "Category does not exist",
                detail="Create the category in SABnzbd first.",
                link=net.base_url(values) + "/config/categories/",
            )
        ]
    if str(found.get("dir", "")).endswith("*"):
        return [
            setting(
                key,
                "Enable Job folders",
                detail=f"The folder of the category ends with '*' in SABnzbd, so "
                f"{service.app.name} cannot import from it.",
            )
        ]
    misc = config.get("misc", {})
    sorting = {"tv": ("enable_tv_sorting", "tv_categories"), "movie": ("enable_movie_sorting", "movie_categories")}
    switch, covered = sorting.get(service.app.media, ("", ""))
    if misc.get(switch) in (1, True, "1") and (not misc.get(covered) or wanted in misc.get(covered)):
        return [setting(key, "Disable Sorting for this category", detail="SABnzbd sorts this category itself.")]
    return []


# NZBGet


def nzbget(service, values):
    base = net.base_url(values)
    failures = []
    try:
        answer = nzbget_call(base, values, "version")
        number = re.match(r"^(\d+)", str(answer))
        if not number or int(number.group(1)) < 12:
            failures.append(setting("", f"NZBGet version too low, need 12.0 or higher, reported {answer}"))
    except PermissionError:
        failures.append(setting("username", "Authentication Failure"))
    except (net.Unreachable, ValueError) as error:
        failures.append(setting("host", "Unable to connect to NZBGet", detail=str(error)))
    try:
        options = {item["Name"]: item["Value"] for item in nzbget_call(base, values, "config")}
    except PermissionError:
        return failures + [
            setting("", ABORTED.format(error="Authentication failed for NzbGet, please check your settings"))
        ]
    except (net.Unreachable, ValueError, KeyError, TypeError) as error:
        return failures + [setting("", ABORTED.format(error=f"Unable to connect to NzbGet. {error}"))]
    key = CATEGORY[service.app.media]
    names = {value for name, value in options.items() if re.fullmatch(r"Category\d+\.Name", name)}
    if values.get(key) and values[key] not in names:
        failures.append(
            setting(key, "Category does not exist", detail="Create the category in NZBGet first.", link=base)
        )
    if str(options.get("KeepHistory", "")) == "0":
        failures.append(setting("", "NZBGet setting KeepHistory should be greater than 0"))
    return failures


def nzbget_call(base, values, method):
    auth = (values.get("username") or "", values.get("password") or "") if values.get("username") else None
    answer = net.request(
        "POST", f"{base}/jsonrpc", auth=auth, json={"method": method, "params": [], "id": 1, "jsonrpc": "2.0"}
    )
    if answer.status_code == 401:
        raise PermissionError
    if answer.status_code != 200:
        raise ValueError(f"HTTP request failed: [{answer.status_code}]")
    body = answer.json()
    if body.get("error"):
        raise ValueError(f"Error response received from NZBGet: {body['error'].get('message')}")
    return body.get("result")


# Transmission


def transmission(_service, values):
    url = net.base_url(values, "transmission").rstrip("/") + "/rpc"
    auth = (values.get("username") or "", values.get("password") or "") if values.get("username") else None
    headers = {}
    try:
        for _attempt in range(2):
            answer = net.request("POST", url, auth=auth, headers=headers, json={"method": "session-get"})
            if answer.status_code != 409:
                break
            headers["X-Transmission-Session-Id"] = answer.headers.get("X-Transmission-Session-Id", "")
        if answer.status_code == 401:
            return [setting("username", "Authentication Failure")]
        if answer.status_code != 200 or answer.json().get("result") != "success":
            return [setting("host", "Unable to connect to Transmission", detail=f"HTTP {answer.status_code}")]
    except net.Unreachable as error:
        return [setting("host", "Unable to connect to Transmission", detail=str(error))]
    except ValueError:
        return [setting("host", "Unable to connect to Transmission", detail="The answer is not JSON")]
    return []
