# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Seerr asks of others: Radarr and Sonarr (with its hour-long cache), Plex, plex.tv, Tautulli."""
from __future__ import annotations

import re
from xml.etree import ElementTree

import requests

from ..kit import Unreachable, fetch, moment, plex_tv


class Arr:
    """Radarr or Sonarr behind an entry of the settings."""

    def __init__(self, kind, entry, cache):
        self.kind, self.cache = kind, cache
        self.key = entry.get("apiKey", "")
        self.url = f"{'https' if entry.get('useSsl') else 'http'}://{entry.get('hostname')}:{entry.get('port')}" \
                   f"{entry.get('baseUrl') or ''}/api/v3"

    def ask(self, method, path, body=None, **query):
        try:
            answer = fetch(method, self.url + path, params={"apikey": self.key, **query}, json=body, timeout=10,
                           headers={"Accept": "application/json"})
            if answer.status_code >= 300:
                raise Unreachable(str(answer.status_code))
            return answer.json()
        except (requests.exceptions.RequestException, ValueError) as error:
            raise Unreachable(type(error).__name__) from None

    def _list(self, path):
        value = self.ask("GET", path)
        if not isinstance(value, list):
            raise Unreachable("not a list")
        return value

    def profiles(self):
        return self.cache.get(self.url + "/qualityProfile", lambda: self._list("/qualityProfile"))

    def folders(self):
        return self.cache.get(self.url + "/rootfolder", lambda: self._list("/rootfolder"))

    def tags(self):
        return self._list("/tag")

    def languages(self):
        return self.cache.get(self.url + "/languageprofile", lambda: self._list("/languageprofile"))

    def status(self):
        value = self.ask("GET", "/system/status")
        if not isinstance(value, dict):
            raise Unreachable("not an object")
        return value

    def _lookup(self, path, term):
        rows = self.ask("GET", path, term=term)
        if not isinstance(rows, list) or not rows:
            raise Unreachable(f"{term} not found")
        return rows[0]

    def add_movie(self, title, entry, wish, tags):
        """The movie in Radarr: as it is when it has its file or is monitored, else monitored or added."""
        search = not entry.get("preventSearch")
        profile = wish["profileId"] or entry["activeProfileId"]
        wanted = {"title": title.title, "qualityProfileId": profile, "profileId": profile, "titleSlug": str(title.tmdb),
                  "minimumAvailability": entry["minimumAvailability"], "tmdbId": title.tmdb, "year": title.year,
                  "rootFolderPath": wish["rootFolder"] or entry["activeDirectory"], "monitored": True, "tags": tags,
                  "addOptions": {"searchForMovie": search}}
        held = self._lookup("/movie/lookup", f"tmdb:{title.tmdb}")
        if held.get("hasFile") or (held.get("id") and held.get("monitored")):
            return held
        if held.get("id"):
            found = self.ask("PUT", "/movie", {**held, **wanted, "tags": sorted({*held.get("tags", []), *tags})})
            if search:
                self.ask("POST", "/command", {"name": "MoviesSearch", "movieIds": [found["id"]]})
            return found
        return self.ask("POST", "/movie", wanted)

    def add_series(self, title, entry, wish, tags):
        """The series in Sonarr, with the requested seasons monitored."""
        search, wanted = not entry.get("preventSearch"), {season["seasonNumber"] for season in wish["seasons"]}
        held = self._lookup("/series/lookup", f"tvdb:{title.tvdb}")
        if held.get("id"):
            seasons = [{**season, "monitored": season["monitored"] or season["seasonNumber"] in wanted} for season in held["seasons"]]
            found = self.ask("PUT", "/series", {**held, "monitored": True, "seasons": seasons, "tags": sorted({*held.get("tags", []), *tags})})
            episodes = [item["id"] for item in self.ask("GET", "/episode", seriesId=found["id"])
                        if item["seasonNumber"] in wanted and not item["monitored"]]
            if episodes:
                self.ask("PUT", "/episode/monitor", {"episodeIds": episodes, "monitored": True})
            if search:
                self.ask("POST", "/command", {"name": "MissingEpisodeSearch", "seriesId": found["id"]})
            return found
        seasons = [{"seasonNumber": season["seasonNumber"], "monitored": season["seasonNumber"] in wanted} for season in held["seasons"]]
        return self.ask("POST", "/series", {
            "tvdbId": title.tvdb, "title": title.title, "qualityProfileId": wish["profileId"] or entry["activeProfileId"],
            **{name: value for name, value in (("languageProfileId", entry.get("activeLanguageProfileId")),) if value},
            "seasons": seasons, "tags": tags, "seasonFolder": entry.get("enableSeasonFolders", False), "monitored": True,
            "rootFolderPath": wish["rootFolder"] or entry["activeDirectory"], "seriesType": entry.get("seriesType") or "standard",
            "addOptions": {"ignoreEpisodesWithFiles": True, "searchForMissingEpisodes": search}})

    def refresh_downloads(self):
        self.ask("POST", "/command", {"name": "RefreshMonitoredDownloads"})
        self.ask("GET", "/queue", includeEpisode="true")


class Plex:
    """A Plex server, asked with the token of user 1."""

    def __init__(self, entry, token, product, client):
        self.url = f"{'https' if entry.get('useSsl') else 'http'}://{entry.get('ip')}:{entry.get('port')}"
        self.headers = {"Accept": "application/json", "X-Plex-Token": token or "", "X-Plex-Client-Identifier": client,
                        "X-Plex-Product": product, "X-Plex-Device-Name": product, "X-Plex-Platform": product}

    def ask(self, path, **headers):
        try:
            answer = fetch("GET", self.url + path, headers={**self.headers, **headers}, timeout=10)
            if answer.status_code >= 300:
                raise Unreachable(str(answer.status_code))
            return answer.json()["MediaContainer"]
        except (requests.exceptions.RequestException, ValueError, KeyError, TypeError) as error:
            raise Unreachable(type(error).__name__) from None

    def status(self):
        return self.ask("/")

    def libraries(self):
        return [{"id": str(item["key"]), "name": item["title"], "type": item["type"]}
                for item in self.ask("/library/sections").get("Directory", [])
                if item.get("type") in ("movie", "show") and item.get("agent") != "com.plexapp.agents.none"]

    def recently_added(self, library, since):
        """Films or episodes added since then (seconds since 1970)."""
        kind = 4 if library["type"] == "show" else 1
        return self.ask(f"/library/sections/{library['id']}/all?type={kind}&sort=addedAt%3Adesc&addedAt%3E%3E={since}",
                        **{"X-Plex-Container-Start": "0", "X-Plex-Container-Size": "500"}).get("Metadata", [])

    def contents(self, library):
        """All films or series, fifty at a time."""
        found = []
        while True:
            part = self.ask(f"/library/sections/{library['id']}/all?includeGuids=1",
                            **{"X-Plex-Container-Start": str(len(found)), "X-Plex-Container-Size": "50"}).get("Metadata", [])
            found += part
            if len(part) < 50:
                return found

    def metadata(self, key, children=False):
        return self.ask(f"/library/metadata/{key}" + ("?includeChildren=1" if children else ""))["Metadata"][0]

    def children(self, key):
        return self.ask(f"/library/metadata/{key}/children").get("Metadata", [])

    def ids(self, row):
        """``{"tmdb": 1, "tvdb": 2}`` of an item, which is asked for again where a list does not tell."""
        rows = row.get("Guid") or self.metadata(row["ratingKey"]).get("Guid") or []
        return {match[1]: int(match[2]) for item in rows if (match := re.match(r"^(tmdb|tvdb)://(\d+)$", item["id"]))}


def account(token):
    """The plex.tv account of a token."""
    try:
        answer = fetch("GET", plex_tv("/users/account.json"), timeout=10,
                       headers={"Accept": "application/json", "X-Plex-Token": token})
        if answer.status_code != 200:
            raise Unreachable(str(answer.status_code))
        return answer.json()["user"]
    except (requests.exceptions.RequestException, ValueError, KeyError) as error:
        raise Unreachable(type(error).__name__) from None


def _tree(path, token):
    try:
        answer = fetch("GET", plex_tv(path), timeout=10, headers={"Accept": "application/json", "X-Plex-Token": token or ""})
        if answer.status_code != 200:
            raise Unreachable(str(answer.status_code))
        return ElementTree.fromstring(answer.content)
    except (requests.exceptions.RequestException, ElementTree.ParseError) as error:
        raise Unreachable(type(error).__name__) from None


def flag(value):
    return value in ("1", "true")


def devices(token, product, client):
    """The account's servers, each connection tried."""
    found = []
    for device in _tree("/api/resources?includeHttps=1", token):
        if "server" not in device.get("provides", "").split(","):
            continue
        connections = []
        for item in device.findall("Connection"):
            entry = {"protocol": item.get("protocol"), "address": item.get("address"), "port": int(item.get("port")),
                     "uri": item.get("uri"), "local": flag(item.get("local"))}
            try:
                Plex({"ip": entry["address"], "port": entry["port"], "useSsl": entry["protocol"] == "https"},
                     token, product, client).status()
                entry.update(status=200, message="OK")
            except Unreachable as error:
                entry.update(status=500, message=str(error))
            connections.append(entry)
        found.append({**{name: device.get(name, "") for name in ("name", "product", "productVersion", "platform",
                                                                 "platformVersion", "device", "clientIdentifier")},
                      "createdAt": moment(device.get("createdAt")), "lastSeenAt": moment(device.get("lastSeenAt")),
                      "provides": device.get("provides", "").split(","), "owned": flag(device.get("owned")),
                      "accessToken": device.get("accessToken", ""), "publicAddress": device.get("publicAddress", ""),
                      **{name: flag(device.get(name)) for name in ("publicAddressMatches", "httpsRequired", "synced", "relay",
                                                                   "dnsRebindingProtection", "natLoopbackSupported",
                                                                   "presence", "home")}, "connection": connections})
    return found


def friends(token):
    return [{"id": item.get("id"), "title": item.get("title"), "username": item.get("username") or item.get("title"),
             "email": item.get("email", ""), "thumb": item.get("thumb", ""), "home": item.get("home", "0")}
            for item in _tree("/api/users", token).findall("User")]


def tautulli(entry):
    """Its version, or Unreachable; older than 2.9 is refused by the caller."""
    url = f"{'https' if entry.get('useSsl') else 'http'}://{entry.get('hostname')}:{entry.get('port')}{entry.get('urlBase') or ''}/api/v2"
    try:
        answer = fetch("GET", url, params={"apikey": entry.get("apiKey") or "", "cmd": "get_tautulli_info"}, timeout=10)
        return answer.json()["response"]["data"]["tautulli_version"]
    except (requests.exceptions.RequestException, ValueError, KeyError, TypeError) as error:
        raise Unreachable(type(error).__name__) from None
