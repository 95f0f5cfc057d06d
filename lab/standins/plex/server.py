# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plex Media Server 1.43: claim, settings, libraries, with the differences between XML and JSON."""
from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import re
import secrets
import socket
import struct
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import requests
from flask import request, send_file

from ..kit import catch_all, fetch, plex_tv
from .library import AGENTS, NUMBERS, TYPES, Library, Refused
from .preferences import KNOWN, Invalid, Preferences, coerce, setting
from .render import answer, nothing, page, wants_json
from .tv import PlexTv

VERSION = "1.43.0.10467-2b1ba6e69"
DIRECTORIES = ("activities butler channels clients devices diagnostics hubs library livetv media metadata music neighborhood playQueues "
               "player playlists resources search server servers statistics system transcode updater user").split()
ADMIN = (("POST", r"^/library/sections"), ("PUT", r"^/library/sections"), ("DELETE", r"^/library/sections"), ("GET", r"^/library/sections/\w+/refresh"),
         ("PUT", r"^/:/prefs"), ("GET", r"^/:/prefs"), ("GET", r"^/status/sessions"), ("GET", r"^/accounts"), ("DELETE", r"^/myplex"))


def own_networks():
    """The subnets this machine is in, from the kernel's routes; without them the loopback."""
    found = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
    try:
        with open("/proc/net/route", encoding="ascii") as stream:
            for line in list(stream)[1:]:
                parts = line.split()
                if parts[2] == "00000000" and parts[7] != "00000000":
                    words = [socket.inet_ntoa(struct.pack("<L", int(value, 16))) for value in (parts[1], parts[7])]
                    found.append(ipaddress.ip_network("/".join(words), strict=False))
    except (OSError, IndexError, ValueError):
        pass
    return found


def own_addresses():
    """Addresses at which others may find this server."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            return [probe.getsockname()[0]]
    except OSError:
        return ["127.0.0.1"]


class Server:
    def __init__(self, config_dir, port=32400, tv=None, environment=None):
        environment = environment if environment is not None else os.environ
        self.port = port
        self.preferences = Preferences(config_dir)
        self.library = Library(config_dir)
        # Without STANDIN_PLEX_TV the half of plex.tv in here is asked: one process is a whole Plex.
        self.tv = tv or PlexTv(Path(config_dir))
        self.remote = bool(environment.get("STANDIN_PLEX_TV"))
        self.strict_host = environment.get("STANDIN_PLEX_STRICT_HOST", "1") == "1"
        self.unknown_preference = int(environment.get("STANDIN_PLEX_UNKNOWN_PREFERENCE", "400"))
        self.transient, self.known_tokens = set(), {}
        self.lock = threading.RLock()
        self._claim_from_environment(environment.get("PLEX_CLAIM"))
        self._publish()

    # -- plex.tv

    @property
    def token(self):
        return self.preferences.values.get("PlexOnlineToken") or ""

    @property
    def machine(self):
        return self.preferences.values["ProcessedMachineIdentifier"]

    def _headers(self, token=None):
        headers = {"X-Plex-Client-Identifier": self.machine, "X-Plex-Product": "Plex Media Server", "X-Plex-Version": "1.1",
                   "X-Plex-Provides": "server", "X-Plex-Platform": "Linux", "X-Plex-Platform-Version": "1.0",
                   "X-Plex-Device-Name": "PlexMediaServer", "X-Plex-Device": "Linux", "Accept": "application/json"}
        return {**headers, "X-Plex-Token": token} if token else headers

    def _exchange(self, claim):
        """The server's token for a claim token, or nothing."""
        if not self.remote:
            from flask import Flask
            with Flask("claim").test_request_context("/api/claim/exchange?token=" + claim, headers=self._headers()):
                response = self.tv._exchange(claim)
                content, status = response.get_data(), response.status_code
        else:
            try:
                response = fetch("POST", plex_tv("/api/claim/exchange"), params={"token": claim}, headers=self._headers(), timeout=30)
                content, status = response.content, response.status_code
            except requests.exceptions.RequestException as error:
                print(f"claiming failed: plex.tv cannot be reached ({type(error).__name__})", flush=True)
                return None
        if status != 200:
            print(f"claiming failed: plex.tv answered {status}", flush=True)
            return None
        return ElementTree.fromstring(content).findtext("authentication-token")

    def account(self, token):
        """The plex.tv account of a token; remembered for a minute."""
        if not token:
            return None
        if not self.remote:
            return self.tv.account(token)
        held = self.known_tokens.get(token)
        if held and time.monotonic() - held[0] < 60:
            return held[1]
        account = None
        try:
            response = fetch("GET", plex_tv("/users/account.json"), headers=self._headers(token), timeout=10)
            account = response.json()["user"] if response.status_code == 200 else None
        except (requests.exceptions.RequestException, ValueError, KeyError):
            return None
        self.known_tokens[token] = (time.monotonic(), account)
        return account

    def _claim_from_environment(self, claim):
        # The image looks for the mere name, so an empty attribute counts as claimed.
        if claim and "PlexOnlineToken" not in self.preferences.values:
            self.claim(claim)

    def claim(self, claim):
        token = self._exchange(claim)
        if not token:
            return False
        account = self.account(token) or {}
        with self.lock:
            self.preferences.values.update(PlexOnlineToken=token, PlexOnlineUsername=account.get("username", ""),
                                           PlexOnlineMail=account.get("email", ""), PlexOnlineHome="0")
            self.preferences.save()
        self._publish()
        return True

    def _publish(self):
        if not self.token:
            return
        facts = {"name": self.name(), "version": VERSION,
                 "connections": [{"protocol": "http", "address": address, "port": self.port, "uri": f"http://{address}:{self.port}",
                                  "local": True, "relay": False, "IPv6": False} for address in own_addresses()]}
        for url in [part for part in self.preferences.get("customConnections").split(",") if part]:
            match = re.match(r"^(https?)://([^:/]+)(?::(\d+))?", url)
            if match:
                port = int(match[3] or (443 if match[1] == "https" else 80))
                facts["connections"].append({"protocol": match[1], "address": match[2], "port": port, "uri": url, "local": False,
                                             "relay": False, "IPv6": False})
        if not self.remote:
            self.tv.publish(self.machine, self.token, **facts)
            return

        def tell():
            try:
                fetch("POST", plex_tv("/__publish__"), json={"machine": self.machine, "token": self.token, **facts}, timeout=10)
            except requests.exceptions.RequestException:
                pass

        threading.Thread(target=tell, daemon=True).start()

    def name(self):
        return self.preferences.get("FriendlyName") or socket.gethostname()

    # -- the door

    def answer(self):
        path = request.path
        if path.startswith("/__plextv__") or request.host.split(":")[0] in ("plex.tv", "clients.plex.tv", "www.plex.tv"):
            inside = path[len("/__plextv__"):] if path.startswith("/__plextv__") else path
            if inside == "/__publish__":
                facts = request.get_json(force=True)
                self.tv.publish(facts.pop("machine"), facts.pop("token"), **facts)
                return nothing()
            return self.tv.answer(inside or "/")
        if path == "/identity":
            return answer({"size": 0, "apiVersion": "1.1.1", "claimed": bool(self.token), "machineIdentifier": self.machine, "version": VERSION})
        rights = self._rights()
        if rights is None:
            return page(401, "Unauthorized")
        if rights == "user" and any(request.method == method and re.search(pattern, path) for method, pattern in ADMIN) and \
                not (request.method == "GET" and path == "/library/sections"):
            return page(403, "Forbidden")
        try:
            return self._route(path)
        except Refused as error:
            return page(400, "Bad Request", error.args[0])

    def _rights(self):
        """``admin``, ``user`` or nothing."""
        token = request.headers.get("X-Plex-Token") or request.args.get("X-Plex-Token") or ""
        try:
            caller = ipaddress.ip_address(request.remote_addr)
        except ValueError:
            return None
        if not self.token:
            listed = self._listed("allowedNetworks")
            networks = [ipaddress.ip_network("127.0.0.0/8"), *listed] if listed else own_networks()
            return "admin" if self._known_host() and any(caller in network for network in networks) else None
        if token and (token == self.token or token in self.transient):
            return "admin"
        account = self.account(token)
        if account:
            owner = self.account(self.token)
            return "admin" if owner and account["id"] == owner["id"] else "user"
        if not token and any(caller in network for network in self._listed("allowedNetworks")):
            return "admin"
        return None

    def _known_host(self):
        """A name in the Host header makes a caller a stranger, as against DNS rebinding."""
        host = request.host.rsplit(":", 1)[0].strip("[]") if not request.host.endswith("]") else request.host.strip("[]")
        if not self.strict_host or host == "localhost" or host.endswith(".plex.direct"):
            return True
        try:
            ipaddress.ip_address(host)
            return True
        except ValueError:
            return False

    def _listed(self, name):
        found = []
        for part in self.preferences.get(name).split(","):
            try:
                found.append(ipaddress.ip_network(part, strict=False))
            except ValueError:
                pass
        return found

    def _route(self, path):
        method = request.method
        simple = {("GET", "/"): self.root, ("GET", "/:/prefs"): self.prefs, ("PUT", "/:/prefs"): self.prefs_put,
                  ("GET", "/:/prefs/get"): self.prefs_one, ("PUT", "/:/prefs/set"): self.prefs_put,
                  ("POST", "/myplex/claim"): self.myplex_claim, ("GET", "/myplex/account"): self.myplex_account,
                  ("DELETE", "/myplex/account"): self.myplex_remove, ("PUT", "/myplex/refreshReachability"): self.reachability,
                  ("GET", "/library"): self.library_root, ("GET", "/library/sections"): self.sections,
                  ("GET", "/library/sections/all"): self.sections,
                  ("POST", "/library/sections"): self.section_add, ("POST", "/library/sections/all"): self.section_add,
                  ("GET", "/library/sections/prefs"): self.section_prefs_new,
                  ("GET", "/activities"): self.activities, ("GET", "/accounts"): self.accounts, ("GET", "/system/agents"): self.agents,
                  ("GET", "/status/sessions"): self.empty, ("GET", "/status/sessions/history/all"): self.empty, ("GET", "/clients"): self.empty,
                  ("GET", "/devices"): self.empty, ("GET", "/butler"): self.empty, ("GET", "/search"): self.search, ("GET", "/hubs/search"): self.empty,
                  ("GET", "/servers"): self.servers, ("GET", "/media/providers"): self.empty, ("GET", "/livetv/dvrs"): self.empty,
                  ("GET", "/security/token"): self.security_token, ("POST", "/security/token"): self.security_token,
                  ("PUT", "/updater/check"): nothing, ("GET", "/updater/status"): self.updater, ("GET", "/library/recentlyAdded"): self.recent}
        handler = simple.get((method, path.rstrip("/") or "/"))
        if handler:
            return handler()
        for wanted, pattern, handler in (
                ("PUT", r"^/library/sections/(\d+)$", self.section_edit), ("DELETE", r"^/library/sections/(\d+)$", self.section_remove),
                ("GET", r"^/library/sections/(\d+)$", self.section_one),
                ("GET POST DELETE", r"^/library/sections/(\d+|all)/refresh$", self.refresh), ("POST DELETE", r"^/library/sections/(refresh)$", self.refresh),
                ("GET", r"^/library/sections/(\d+)/prefs$", self.section_prefs), ("PUT", r"^/library/sections/(\d+)/prefs$", self.section_prefs_put),
                ("PUT", r"^/library/sections/(\d+)/(?:emptyTrash|analyze)$", self.touch),
                ("GET", r"^/library/sections/(\d+)/(?:all|unwatched|newest|recentlyAdded)$", self.section_all),
                ("GET", r"^/library/sections/(\d+)/(?:collections|label|filters|sorts|onDeck)$", self.section_empty),
                ("GET", r"^/library/metadata/([\d,]+)$", self.metadata), ("GET", r"^/library/metadata/(\d+)/(children|allLeaves)$", self.metadata_children),
                ("PUT", r"^/library/metadata/(\d+)/(?:refresh|analyze|prefs)$", self.metadata_touch),
                ("GET HEAD", r"^/library/parts/(\d+)/\d+/file(?:\.\w+)?$", self.part),
                ("GET", r"^/services/browse(?:/(.*))?$", self.browse)):
            match = re.match(pattern, path)
            if match:
                if method in wanted.split():
                    return handler(*match.groups())
                if pattern.endswith(("/refresh$", "prefs)$")):
                    return page(405, "Method Not Allowed")
        return page(404, "Not Found")

    # -- the server

    def root(self):
        return answer({"size": len(DIRECTORIES), "allowCameraUpload": True, "allowChannelAccess": True,
                       "allowMediaDeletion": self.preferences.get("allowMediaDeletion") or None, "allowSharing": True, "allowSync": True,
                       "allowTuners": True, "backgroundProcessing": True, "certificate": True, "companionProxy": True, "countryCode": "deu",
                       "diagnostics": "logs,databases,streaminglogs", "eventStream": True, "friendlyName": self.name(), "hubSearch": True,
                       "itemClusters": True, "livetv": 7, "machineIdentifier": self.machine, "mediaProviders": True, "multiuser": True,
                       "musicAnalysis": 2, "myPlex": True, "myPlexMappingState": "mapped" if self.token else "unknown",
                       "myPlexSigninState": "ok" if self.token else "none", "myPlexSubscription": bool(self.token),
                       "myPlexUsername": self.preferences.values.get("PlexOnlineMail") or None, "offlineTranscode": 1,
                       "ownerFeatures": "webhooks", "platform": "Linux", "platformVersion": "13", "pluginHost": True, "pushNotifications": False,
                       "readOnlyLibraries": False, "streamingBrainABRVersion": 3, "streamingBrainVersion": 2, "sync": True,
                       "transcoderActiveVideoSessions": 0, "transcoderAudio": True, "transcoderLyrics": True, "transcoderPhoto": True,
                       "transcoderSubtitles": True, "transcoderVideo": True, "transcoderVideoBitrates": "64,96,208,320,720,1500,2000",
                       "transcoderVideoQualities": "0,1,2,3,4,5,6", "transcoderVideoResolutions": "128,128,160,240,320,480,768",
                       "updatedAt": int(time.time()), "updater": True, "version": VERSION, "voiceSearch": True,
                       "Directory": [{"count": 1, "key": name, "title": name} for name in DIRECTORIES]})

    def prefs(self):
        rows = self.preferences.rows(wants_json())
        return answer({"size": len(rows), "Setting": rows})

    def prefs_one(self):
        rows = [row for row in self.preferences.rows(wants_json()) if row["id"] == request.args.get("id")]
        return answer({"size": 1, "Setting": rows}) if rows else page(404, "Not Found")

    def prefs_put(self):
        wanted = {name: value for name, value in request.args.items() if not name.startswith("X-Plex-") and name}
        unknown = [name for name in wanted if name not in KNOWN]
        if unknown and self.unknown_preference != 200:
            return page(400, "Bad Request", ["Attempt to set a preferences that doesn't exist"])
        try:
            self.preferences.put({name: value for name, value in wanted.items() if name in KNOWN})
        except (Invalid, ValueError):
            return page(400, "Bad Request")
        self._publish()
        return nothing()

    def _myplex(self):
        account = self.account(self.token) or {}
        return {"authToken": self.token, "username": account.get("email") or self.preferences.values.get("PlexOnlineMail", ""),
                "mappingState": "mapped" if self.token else "unknown", "mappingError": "", "signInState": "ok" if self.token else "none",
                "publicAddress": "203.0.113.1", "publicPort": self.port, "privateAddress": own_addresses()[0], "privatePort": self.port,
                "subscriptionFeatures": "webhooks", "subscriptionActive": bool(self.token), "subscriptionState": "Active" if self.token else "Unknown"}

    def myplex_claim(self):
        if self.token:
            return page(400, "Bad Request")
        if not self.claim(request.args.get("token", "")):
            return page(401, "Unauthorized")
        return answer(self._myplex(), root="MyPlex")

    def myplex_account(self):
        return answer(self._myplex(), root="MyPlex")

    def myplex_remove(self):
        if not self.remote:
            self.tv.remove(self.machine)
        for name in ("PlexOnlineToken", "PlexOnlineHome", "PlexOnlineMail", "PlexOnlineUsername"):
            self.preferences.values.pop(name, None)
        self.preferences.save()
        return nothing()

    def reachability(self):
        self._publish()
        return nothing()

    def security_token(self):
        token = "transient-" + secrets.token_hex(16)
        self.transient.add(token)
        return answer({"size": 0, "token": token})

    def empty(self):
        return answer({"size": 0})

    def servers(self):
        return answer({"size": 1, "Server": [{"name": self.name(), "host": own_addresses()[0], "address": own_addresses()[0], "port": self.port,
                                              "machineIdentifier": self.machine, "version": VERSION}]})

    def updater(self):
        return answer({"size": 0, "canInstall": False, "checkedAt": int(time.time()), "status": 0})

    def activities(self):
        return answer({"size": 1, "Activity": [{"uuid": self.preferences.values["AnonymousMachineIdentifier"], "type": "butler", "cancellable": False,
                                                "userID": 1, "title": "Butler", "subtitle": "", "progress": 0}]})

    def accounts(self):
        owner = self.account(self.token)
        rows = [{"id": 0, "key": "/accounts/0", "name": ""}]
        if owner:
            rows.append({"id": 1, "key": "/accounts/1", "name": owner["username"]})
            if not self.remote:
                rows += [{"id": item["id"], "key": f"/accounts/{item['id']}", "name": item["username"]}
                         for item in self.tv.store.data["accounts"].values() if item["id"] in owner.get("friends", [])]
        fixed = {"defaultAudioLanguage": "en", "autoSelectAudio": True, "defaultSubtitleLanguage": "en", "subtitleMode": 1, "thumb": ""}
        return answer({"size": len(rows), "identifier": "com.plexapp.system.accounts", "Account": [{**row, **fixed} for row in rows]})

    def agents(self):
        wanted = NUMBERS.get(request.args.get("mediaType", ""))
        languages = [{"code": code} for code in ("en-US", "de-DE", "fr-FR", "es-ES")]
        if wanted:
            rows = [{"identifier": name, "name": title, "hasPrefs": True, "hasAttribution": True, "primary": place == 0, "Language": languages}
                    for place, (name, title) in enumerate(AGENTS.get(wanted, []))]
        else:
            rows = [{"identifier": name, "name": title, "hasPrefs": True, "hasAttribution": True,
                     "MediaType": [{"mediaType": TYPES[kind], "name": kind, "Language": languages}]} for kind, items in AGENTS.items() for name, title in items]
        return answer({"size": len(rows), "Agent": rows})

    def browse(self, encoded=None):
        try:
            folder = base64.b64decode(encoded, validate=True).decode() if encoded else None
        except (binascii.Error, UnicodeDecodeError):
            return page(400, "Bad Request")
        if folder is None:
            return answer({"size": 1, "Path": [{"key": "/services/browse/Lw==", "title": "/", "path": "/", "home": False, "network": False}]})
        if not os.path.isdir(folder):
            return page(404, "Not Found")
        paths, files = [], []
        for entry in sorted(os.scandir(folder), key=lambda item: item.name):
            row = {"key": "/services/browse/" + base64.b64encode(entry.path.encode()).decode(), "title": entry.name, "path": entry.path}
            if entry.is_dir():
                paths.append({**row, "home": False, "network": False})
            elif request.args.get("includeFiles", "1") == "1":
                files.append(row)
        return answer({"size": len(paths) + len(files), "Path": paths, "File": files})

    # -- libraries

    def library_root(self):
        return answer({"size": 3, "allowSync": False, "art": "/:/resources/library-art.png", "content": "", "identifier": "com.plexapp.plugins.library",
                       "mediaTagPrefix": "/system/bundle/media/flags/", "mediaTagVersion": 1, "title1": "Plex Library", "title2": "",
                       "Directory": [{"key": "sections", "title": "Library Sections"}, {"key": "recentlyAdded", "title": "Recently Added Content"},
                                     {"key": "onDeck", "title": "On Deck Content"}]})

    def sections(self):
        rows = [self.library.shown(section) for section in self.library.sections.values()]
        return answer({"size": len(rows), "allowSync": False, "title1": "Plex Library", "Directory": rows})

    def _prefs_of_query(self):
        return {match[1]: value for name, value in request.args.items() if (match := re.match(r"^prefs\[(\w+)\]$", name))}

    def section_add(self):
        query = request.args
        locations = query.getlist("location") or query.getlist("locations")
        section = self.library.add(query.get("name"), query.get("type"), query.get("agent"), query.get("scanner"), query.get("language"),
                                   locations, self._prefs_of_query())
        self._scan(section["key"])
        return answer({"size": 1, "Directory": [self.library.shown(section, new=True)]}, 201)

    def _section(self, key):
        return key in self.library.sections

    def section_one(self, key):
        return answer({"size": 1, "Directory": [self.library.shown(self.library.sections[key])]}) if self._section(key) else page(404, "Not Found")

    def section_edit(self, key):
        if not self._section(key):
            return page(404, "Not Found")
        query = request.args
        self.library.edit(key, {"agent": query.get("agent"), "name": query.get("name"), "scanner": query.get("scanner"),
                                "language": query.get("language"), "locations": query.getlist("location")}, self._prefs_of_query())
        return nothing()

    def section_remove(self, key):
        if not self._section(key):
            return page(404, "Not Found")
        self.library.remove(key)
        return nothing()

    def _scan(self, key, path=None):
        threading.Thread(target=self.library.scan, args=(key, path), daemon=True).start()

    def refresh(self, key):
        if request.method == "DELETE":
            return nothing()
        if key in ("all", "refresh"):
            for wanted in list(self.library.sections):
                self._scan(wanted)
            return nothing()
        if not self._section(key):
            return page(404, "Not Found")
        path = request.args.get("path")
        roots = [item["path"] for item in self.library.sections[key]["locations"]]
        if path and not any(path == root or path.startswith(root.rstrip("/") + "/") for root in roots):
            print(f"'{path}' was not inside any known section location, skipping", flush=True)
            return nothing()
        self._scan(key, path)
        return nothing()

    def touch(self, key):
        return nothing() if self._section(key) else page(404, "Not Found")

    def _prefs_rows(self, kind, values):
        return [setting(name, type_, default, values.get(name, default), "", False, False, choices, wants_json())
                for name, (type_, default, choices) in self.library.known_prefs(kind).items()]

    def section_prefs(self, key):
        if not self._section(key):
            return page(404, "Not Found")
        section = self.library.sections[key]
        rows = self._prefs_rows(section["type"], section["prefs"])
        return answer({"size": len(rows), "Setting": rows})

    def section_prefs_new(self):
        rows = self._prefs_rows(NUMBERS.get(request.args.get("type", ""), "movie"), {})
        return answer({"size": len(rows), "Setting": rows})

    def section_prefs_put(self, key):
        if not self._section(key):
            return page(404, "Not Found")
        known = self.library.known_prefs(self.library.sections[key]["type"])
        wanted = {name: value for name, value in request.args.items() if not name.startswith("X-Plex-") and name not in ("agent", "")}
        if any(name not in known for name in wanted) and self.unknown_preference != 200:
            return page(400, "Bad Request", ["Attempt to set a preferences that doesn't exist"])
        try:
            for name, value in wanted.items():
                coerce(known.get(name, ("text",))[0], value)
        except (Invalid, ValueError):
            return page(400, "Bad Request")
        self.library.set_prefs(key, wanted)
        return nothing()

    def _page(self, rows, extra):
        start = int(request.headers.get("X-Plex-Container-Start") or request.args.get("X-Plex-Container-Start") or 0)
        size = request.headers.get("X-Plex-Container-Size") or request.args.get("X-Plex-Container-Size")
        part = rows[start:start + int(size)] if size is not None else rows[start:]
        guids = request.args.get("includeGuids") == "1"
        return answer({"size": len(part), "totalSize": len(rows), "offset": start, "allowSync": True, **extra,
                       "Metadata": [self.library.metadata(item, guids) for item in part]},
                      headers={"X-Plex-Container-Start": str(start), "X-Plex-Container-Total-Size": str(len(rows))})

    def section_all(self, key):
        if not self._section(key):
            return page(404, "Not Found")
        section = self.library.sections[key]
        rows = self.library.items(key, NUMBERS.get(request.args.get("type", ""), section["type"]))
        for name, value in request.args.items():
            if name in ("addedAt>>", "addedAt>"):
                rows = [item for item in rows if item["addedAt"] >= int(value or 0)]
            elif name == "title":
                rows = [item for item in rows if value.lower() in item["title"].lower()]
        if request.args.get("sort", "").startswith("addedAt:desc") or request.path.endswith("/recentlyAdded"):
            rows = sorted(rows, key=lambda item: -item["addedAt"])
        return self._page(rows, {"librarySectionID": int(key), "librarySectionTitle": section["title"], "librarySectionUUID": section["uuid"],
                                 "title1": section["title"], "viewGroup": section["type"]})

    def section_empty(self, key):
        return answer({"size": 0, "totalSize": 0}) if self._section(key) else page(404, "Not Found")

    def recent(self):
        rows = [item for item in self.library.everything() if item["type"] in ("movie", "season")]
        return self._page(sorted(rows, key=lambda item: -item["addedAt"]), {})

    def search(self):
        wanted = (request.args.get("query") or "").lower()
        return self._page([item for item in self.library.everything() if item["type"] in ("movie", "show")
                           and wanted in item["title"].lower()], {})

    def metadata(self, numbers):
        rows = [self.library.item(number) for number in numbers.split(",")]
        if None in rows:
            return page(404, "Not Found")
        shown = [self.library.metadata(item) for item in rows]
        if request.args.get("includeChildren") == "1":
            for item, row in zip(rows, shown):
                children = [self.library.metadata(child) for child in self.library.children(item["key"])]
                if children:
                    row["Children"] = {"size": len(children), "Metadata": children}
        return answer({"size": len(shown), "allowSync": True, "identifier": "com.plexapp.plugins.library", "Metadata": shown})

    def metadata_children(self, number, kind):
        if not self.library.item(number):
            return page(404, "Not Found")
        rows = self.library.children(number)
        if kind == "allLeaves":
            rows = [leaf for item in rows for leaf in (self.library.children(item["key"]) or [item])]
        return self._page(rows, {})

    def part(self, number):
        """The film itself, as a player gets it: whole, or the range it asks for."""
        item = self.library.item(number)
        if not item or not os.path.isfile(item.get("file") or ""):
            return page(404, "Not Found")
        return send_file(os.path.abspath(item["file"]), mimetype="video/x-matroska", conditional=True)

    def metadata_touch(self, number):
        return nothing() if self.library.item(number) else page(404, "Not Found")


def create_app(config_dir, port=32400, tv=None, environment=None):
    server = Server(config_dir, port, tv, environment)
    flask = catch_all(server.answer)
    flask.server = server
    return flask
