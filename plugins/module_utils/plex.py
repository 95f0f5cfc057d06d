# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plex Media Server: its owner, its preferences, its libraries.

Facts: the API description at developer.plex.tv/pms (paths, C(agent) required by a library's PUT, C(location) replacing the list), the start-up
scripts of plexinc/pms-docker (claim), python-plexapi and its tests on real servers (C(starting up) as a 400, pairs of agent and scanner).
"""
from __future__ import annotations

import base64
import contextlib
import re
import time
import uuid
from urllib.parse import urlsplit

from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError, redact
from ansible_collections.homelab.media.plugins.module_utils.resource import nearest, yes_or_no
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker

PLEX_TV = "https://plex.tv"
# Seconds: the server asks plex.tv while it is claimed; a library is deleted with all that is known of its items before the answer comes.
CLAIM_TIMEOUT, DELETE_TIMEOUT = 90, 300
# Seconds that a server that was just claimed may refuse its owner.
SETTLE = 60

# Type of a library to number, agent, scanner of a new one.
KINDS = {
    "movie": (1, "tv.plex.agents.movie", "Plex Movie"),
    "show": (2, "tv.plex.agents.series", "Plex TV Series"),
    "artist": (8, "tv.plex.agents.music", "Plex Music"),
    "photo": (13, "com.plexapp.agents.none", "Plex Photo Scanner"),
}
# Options that have names of their own, and the preference behind each.
NAMED = {
    "friendly_name": "FriendlyName",
    "allowed_networks": "allowedNetworks",
    "lan_networks": "LanNetworksBandwidth",
    "custom_connections": "customConnections",
    "remote_access": "PublishServerOnPlexOnlineKey",
    "relay": "RelayEnabled",
    "transcoder_temp_dir": "TranscoderTempDirectory",
}
LISTS = {"allowedNetworks", "LanNetworksBandwidth", "customConnections"}
# Those after which the server has to tell plex.tv anew where it is.
PUBLISHED = {"customConnections", "LanNetworksBandwidth", "PublishServerOnPlexOnlineKey", "ManualPortMappingMode", "ManualPortMappingPort"}
READ_ONLY = {"MachineIdentifier", "ProcessedMachineIdentifier", "AnonymousMachineIdentifier", "CertificateUUID", "PlexOnlineToken", "PlexOnlineMail",
             "PlexOnlineUsername", "PlexOnlineHome"}
TYPES = {"bool": "true or false", "int": "a whole number", "double": "a number", "text": "a text"}
STARTING_UP = "the server is still starting up"


def product_headers():
    """How this client calls itself; the same on every run, so that plex.tv lists one device."""
    return {"X-Plex-Client-Identifier": str(uuid.uuid5(uuid.NAMESPACE_DNS, "homelab.media")), "X-Plex-Product": "homelab.media",
            "X-Plex-Version": "1", "X-Plex-Platform": "Ansible"}


def reasons(text):
    """What an error page of Plex says: the lines behind the page, or else its title."""
    after = text.rpartition("</html>")[2] if "</html>" in text.lower() else text
    if after.strip():
        return "; ".join(line.strip() for line in after.splitlines() if line.strip())[:300]
    title = re.search(r"<title>(.*?)</title>", text, re.S | re.I)
    return title[1].strip() if title else "an error without a message"


class PlexTv(ApiClient):
    """plex.tv, asked with an account's token.

    :param token: The account's.
    """

    def __init__(self, url, token, **options):
        super().__init__(url or PLEX_TV, headers=dict(product_headers(), **{"X-Plex-Token": token}), secrets=[token], name="plex.tv", **options)
        # Out to the Internet a proxy of the environment may be the only way.
        self._session.trust_env = self.url.startswith("https://")

    def _decode(self, response, what):
        if response.status_code in (401, 422):
            raise MediaError("{0}: the token of the account is not valid ({1}); sign in to Plex again and give the new token".format(
                what, response.status_code), 401)
        if response.status_code == 429:
            raise MediaError("{0}: too many requests (429); try again in some minutes".format(what), 429)
        return super()._decode(response, what)

    def connect(self):
        """The account of the token.

        :raises MediaError: with status 401 for a token that is not valid.
        """
        return self.request("GET", "/api/v2/user")

    def claim_token(self):
        """A token to claim one server with; it lives four minutes."""
        answer = self.request("GET", "/api/claim/token.json")
        token = answer.get("token") if isinstance(answer, dict) else None
        if not token:
            raise MediaError("asking plex.tv for a claim token: the answer has none; try again, or claim the server in its web page")
        self.secrets.add(token)
        return token


class PlexClient(ApiClient):
    """The API of one Plex Media Server.

    :param token: Token of the account that owns the server, or is to. Never part of a URL.
    """

    def __init__(self, url, token=None, **options):
        super().__init__(url, headers=product_headers(), secrets=[token], **options)
        self.token = token
        self.claimed = None
        self.machine = None

    def connect(self):
        """Wait until the server answers, and find out whether it has an owner.

        :return: C({claimed, machineIdentifier, version}).
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        answer = self.patient("GET", "/identity")
        found = answer.get("MediaContainer") if isinstance(answer, dict) else None
        if not isinstance(found, dict) or not found.get("machineIdentifier"):
            raise MediaError("connecting to {0} at {1}: what answers there is no Plex Media Server; correct the URL".format(self.name, self.url))
        self.version, self.machine = found.get("version"), found["machineIdentifier"]
        self.claimed = found.get("claimed") in (True, 1, "1", "true")
        parts = urlsplit(self.url)
        for name in ("X-Plex-Token", "Host"):
            self._session.headers.pop(name, None)
        if self.claimed and self.token:
            self._session.headers["X-Plex-Token"] = self.token
        elif not self.claimed and re.search(r"[A-Za-z]", parts.hostname or "") and ":" not in parts.hostname:
            # Without an owner the server takes a caller that uses a name for a stranger, as a guard against DNS rebinding.
            self._session.headers["Host"] = "localhost:{0}".format(parts.port or 32400)
        return found

    @contextlib.contextmanager
    def slow(self, seconds):
        """Requests that may take longer."""
        before, self.timeout = self.timeout, max(self.timeout, seconds)
        try:
            yield
        finally:
            self.timeout = before

    def request(self, method, path, body=None, params=None, form=None):
        """One request, repeated while the server answers that it is still starting, which it does with 400."""
        deadline = time.monotonic() + self.wait_timeout
        while True:
            try:
                return super().request(method, path, body, params, form)
            except MediaError as error:
                if error.status != 400 or STARTING_UP not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def _decode(self, response, what):
        status = response.status_code
        if status == 401 and not self.claimed:
            raise MediaError("{0}: the server has no owner yet and takes this host for a stranger (401); use its address on the same host or subnet, "
                             "such as http://127.0.0.1:32400, in the URL".format(what), 401)
        if status == 401:
            raise MediaError("{0}: {1} (401); give the token of the account that owns the server".format(
                what, "the token is refused" if self.token else "the server has an owner, and no token is given"), 401)
        if status == 403:
            raise MediaError("{0}: the token is of an account that does not own the server (403); give the token of the owner".format(what), 403)
        if status >= 400 and status != 503:
            raise MediaError("{0}: {1} ({2})".format(what, redact(reasons(response.text or ""), self.secrets), status), status)
        return super()._decode(response, what)

    def container(self, path, params=None):
        """What is in the container that a path answers with."""
        answer = self.request("GET", path, params=params)
        found = answer.get("MediaContainer") if isinstance(answer, dict) else None
        if not isinstance(found, dict):
            raise MediaError("reading {0} at {1}, {2}: the answer is none of Plex; correct the URL".format(path, self.name, self.url))
        return found

    def settings(self, path="/:/prefs", params=None):
        """Name to description of every setting of a kind."""
        return {row["id"]: row for row in self.container(path, params).get("Setting") or []}

    def libraries(self):
        """All libraries; a list that Plex leaves out is an empty one."""
        return self.container("/library/sections").get("Directory") or []


def plain(row):
    """The value of a setting, in the type that it has."""
    return typed(row, row.get("value"))


def typed(row, value):
    """A value as a setting's type wants it.

    :raises ValueError: when it is none.
    """
    kind = row.get("type")
    if kind == "bool":
        return yes_or_no(value)
    if kind == "int":
        if isinstance(value, bool):
            raise ValueError(value)
        return int(str(value).strip() or 0)
    if kind == "double":
        return float(value or 0)
    if row["id"] in LISTS:
        parts = value if isinstance(value, list) else str("" if value is None else value).split(",")
        return ",".join(str(part).strip() for part in parts if str(part).strip())
    if isinstance(value, (dict, list, bool)):
        raise ValueError(value)
    return "" if value is None else str(value)


def choices(row):
    """Value to what it is called, of a setting that takes no other."""
    return dict(part.partition(":")[::2] for part in (row.get("enumValues") or "").split("|") if part)


def equal(row, left, right):
    """Whether two values of a setting mean the same; the order of networks and addresses has no meaning."""
    if row["id"] in LISTS:
        return sorted(left.split(",")) == sorted(right.split(","))
    return left == right


def desired(known, wanted, where, what):
    """Settings checked against what the server knows, with values in their types.

    :param known: What C(PlexClient.settings) returns.
    :param wanted: Name to value; C(None) means: leave it.
    :param what: How a setting is called in messages.
    :raises MediaError: for a name that is not known, one that cannot be set, and a value that does not fit.
    """
    found = {}
    for name, value in wanted.items():
        if value is None:
            continue
        if name in READ_ONLY:
            raise MediaError("{0}: {1} {2} is read-only; leave it out".format(where, what, name))
        if name not in known:
            raise MediaError("{0}: this server has no {1} {2}; {3}".format(where, what, name, nearest(name, known)))
        row = known[name]
        try:
            value = typed(row, value)
        except (TypeError, ValueError):
            value = str(value)
            match = [key for key, title in choices(row).items() if title.lower() == value.lower()]
            if not match:
                raise MediaError("{0}: {1} {2} takes {3}, not {4}".format(where, what, name, TYPES.get(row.get("type"), "another value"), value)) from None
            value = typed(row, match[0])
        allowed = choices(row)
        if allowed and str(value) not in allowed:
            match = [key for key, title in allowed.items() if title and title.lower() == str(value).lower()]
            if not match:
                raise MediaError("{0}: {1} {2} takes {3}, not {4}".format(
                    where, what, name, ", ".join("{0} ({1})".format(key, title) if title else key for key, title in allowed.items()), value))
            value = typed(row, match[0])
        found[name] = value
    return found


def differing(known, wanted):
    """Those settings that are not as wanted: name to value as it is, and name to value as it is to be."""
    names = [name for name, value in wanted.items() if not equal(known[name], plain(known[name]), value)]
    return {name: plain(known[name]) for name in names}, {name: wanted[name] for name in names}


def sent(value):
    """A value as a query has it."""
    return ("1" if value else "0") if isinstance(value, bool) else str(value)


def shown(library):
    """A library as a result tells it."""
    return {"key": str(library.get("key", "")), "name": library.get("title"), "type": library.get("type"), "agent": library.get("agent"),
            "scanner": library.get("scanner"), "language": library.get("language"), "uuid": library.get("uuid"),
            "folders": [item.get("path") for item in library.get("Location") or []]}


def trimmed(folder):
    """A folder as Plex stores it."""
    return str(folder).rstrip("/") or "/"


class PlexWorker(Worker):
    """All work on one Plex Media Server in one run."""

    # -- the server

    def do_plex_server(self, wish):
        """Its owner and its preferences.

        :param wish: C(plex_tv_url), the options of C(NAMED), C(settings).
        """
        before, after = {}, {}
        if not self.client.claimed and self.client.token:
            before["claimed"], after["claimed"] = False, True
            if not self.check_mode:
                self._claim(wish.get("plex_tv_url"))
        known = self._preferences(wish.get("plex_tv_url"))
        wanted = dict(wish.get("settings") or {})
        for option, name in NAMED.items():
            if wish.get(option) is not None:
                wanted[name] = wish[option]
        try:
            wanted = desired(known, wanted, self.where, "preference")
            old, new = differing(known, wanted)
            if new and not self.check_mode:
                self.client.request("PUT", "/:/prefs", params={name: sent(value) for name, value in new.items()})
                known = self.client.settings()
                left = differing(known, new)[1]
                if left:
                    raise MediaError("{0}: the server answered that it saved it, but {1} did not change; look into the server's log".format(
                        self.where, ", ".join(sorted(left))))
                if PUBLISHED & set(new) and self.client.claimed:
                    self.client.request("PUT", "/myplex/refreshReachability")
        except MediaError as error:
            if after and not self.check_mode:
                error.changes = [self.change("plex_server", "plex_server", "update", before, after)]
            raise
        restart = sorted(name for name in new if "restart is required" in "{0} {1}".format(
            known[name].get("label"), known[name].get("summary")).lower())
        before.update(old)
        after.update(new)
        found = {"claimed": bool(self.client.claimed or after.get("claimed")), "machine_identifier": self.client.machine, "version": self.client.version,
                 "friendly_name": new.get("FriendlyName", known.get("FriendlyName", {}).get("value")), "restart_required": restart}
        return self.change("plex_server", "plex_server", "update" if after else None, before, after, found)

    def _tv(self, url):
        client = self.client
        return PlexTv(url, client.token, timeout=client.timeout)

    def _claim(self, url):
        """Give the server the account of the token as its owner, with a claim token that is fetched now since it lives only minutes.

        :raises MediaError: when plex.tv or the server refuses.
        """
        client = self.client
        tv = self._tv(url)
        claim = tv.claim_token()
        client.secrets.add(claim)
        refused = None
        with client.slow(CLAIM_TIMEOUT):
            try:
                client.request("POST", "/myplex/claim", params={"token": claim})
            except MediaError as error:
                # An answer may get lost on the way, so the server itself is asked what it came to.
                refused = error
        client.connect()
        if not client.claimed:
            raise MediaError("{0}: the server does not take the claim{1}; look whether the server can reach plex.tv, and run this on the server's host "
                             "or subnet".format(self.where, ": {0}".format(refused) if refused else ""))
        deadline = time.monotonic() + min(SETTLE, client.wait_timeout)
        while True:
            try:
                client.settings()
                return
            except MediaError as error:
                if error.status not in (401, 403) or time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def _preferences(self, url):
        """The preferences; where they are refused, plex.tv tells whether the token or its account is the wrong one."""
        client = self.client
        try:
            return client.settings()
        except MediaError as error:
            if error.status != 401 or not client.claimed or not client.token:
                raise
        try:
            self._tv(url).connect()
        except MediaError as error:
            if error.status == 401:
                raise
            raise MediaError("{0}: the server refuses the token (401), and plex.tv cannot be asked why; give the token of the account that owns the "
                             "server".format(self.where), 401) from None
        raise MediaError("{0}: the server belongs to another account than that of the token; give the token of its owner, or sign the server out in "
                         "its settings first".format(self.where), 401)

    # -- libraries

    def _find(self, name):
        """The library of a name; case matters only where two differ in nothing else."""
        rows = self.client.libraries()
        found = [row for row in rows if row.get("title") == name] or [row for row in rows if str(row.get("title")).strip().lower() == name.strip().lower()]
        if len(found) > 1:
            raise MediaError("{0}: there are {1} libraries of this name; rename all but one in Plex".format(self.where, len(found)))
        return found[0] if found else None

    def do_plex_library(self, wish):
        """One library by its name; media files are never touched.

        :param wish: C(name), C(state), C(type), C(folders), C(keep_folders), C(agent), C(scanner), C(language), C(settings), C(refresh).
        """
        client, name = self.client, wish["name"]
        library = self._find(name)
        if wish.get("state", "present") == "absent":
            if library and not self.check_mode:
                with client.slow(DELETE_TIMEOUT):
                    client.request("DELETE", "/library/sections/{0}".format(library["key"]))
                if self._find(name):
                    raise MediaError("{0}: the server answered that it removed it, but it is still there; look into the server's log".format(self.where))
            told = shown(library) if library else {}
            return self.change("plex_library", name, "delete" if library else None, told, {})
        if wish.get("type") and wish["type"] not in KINDS:
            raise MediaError("{0}: a library has no type {1}; {2}".format(self.where, wish["type"], nearest(wish["type"], KINDS)))
        if library is None:
            return self._create(wish)
        return self._edit(wish, library)

    def _create(self, wish):
        client, name = self.client, wish["name"]
        kind, folders = wish.get("type"), [trimmed(item) for item in wish.get("folders") or []]
        if not kind or not folders:
            raise MediaError("{0}: a new library needs type and folders; give both".format(self.where))
        number, agent, scanner = KINDS[kind]
        agent = wish.get("agent") or agent
        after = {"type": kind, "folders": folders, "agent": agent, "scanner": wish.get("scanner") or scanner,
                 "language": wish.get("language") or ("en-US" if agent.startswith("tv.plex.") else "en")}
        settings = {}
        if wish.get("settings"):
            # Looked at before anything is made, so that a misspelt one leaves nothing half made.
            known = client.settings("/library/sections/prefs", {"type": number, "agent": agent})
            settings = desired(known, wish["settings"], self.where, "setting")
            settings = differing(known, settings)[1]
        told = dict(after, **settings)
        if self.check_mode:
            return self.change("plex_library", name, "create", {}, told, {})
        self._see(folders)
        client.request("POST", "/library/sections", params=[("name", name), ("type", kind), ("agent", agent), ("scanner", after["scanner"]),
                                                            ("language", after["language"])] + [("location", item) for item in folders])
        library = self._find(name)
        if library is None:
            raise MediaError("{0}: the server answered that it made it, but it is not there; look into the server's log".format(self.where))
        try:
            self._prefer(library["key"], settings)
            self._compare(library, after)
        except MediaError as error:
            error.changes = [self.change("plex_library", name, "create", {}, after)]
            raise
        return self.change("plex_library", name, "create", {}, told, shown(library))

    def _edit(self, wish, library):
        client, name = self.client, wish["name"]
        have = shown(library)
        if wish.get("type") and wish["type"] != have["type"]:
            raise MediaError("{0}: it is a library of type {1}, and Plex cannot make it {2}; give this one another name, or remove the other with "
                             "state: absent".format(self.where, have["type"], wish["type"]))
        after = {key: wish[key] for key in ("agent", "scanner", "language") if wish.get(key) and wish[key] != have[key]}
        if wish.get("folders"):
            folders = list(dict.fromkeys(trimmed(item) for item in wish["folders"]))
            if wish.get("keep_folders"):
                folders = have["folders"] + [item for item in folders if item not in have["folders"]]
            if sorted(folders) != sorted(have["folders"]):
                after["folders"] = folders
        settings = {}
        if wish.get("settings"):
            settings = desired(client.settings("/library/sections/{0}/prefs".format(library["key"])), wish["settings"], self.where, "setting")
        before = {key: have[key] for key in after}
        if after and not self.check_mode:
            self._see([item for item in after.get("folders", ()) if item not in have["folders"]])
            query = [("agent", after.get("agent", have["agent"]))] + [(key, after[key]) for key in ("scanner", "language") if key in after]
            client.request("PUT", "/library/sections/{0}".format(library["key"]), params=query + [("location", item) for item in after.get("folders", ())])
            library = self._find(name)
            self._compare(library, after)
        try:
            old, new = self._prefer(library["key"], settings)
        except MediaError as error:
            if after and not self.check_mode:
                error.changes = [self.change("plex_library", name, "update", before, after)]
            raise
        before.update(old)
        if (after or new) and wish.get("refresh") and not self.check_mode:
            client.request("GET", "/library/sections/{0}/refresh".format(library["key"]))
        after = dict(after, **new)
        return self.change("plex_library", name, "update" if after else None, before, after, shown(library))

    def _prefer(self, key, wanted):
        """The settings of one library: as they are, and as they are to be, of those that differ."""
        if not wanted:
            return {}, {}
        path = "/library/sections/{0}/prefs".format(key)
        known = self.client.settings(path)
        old, new = differing(known, wanted)
        if new and not self.check_mode:
            self.client.request("PUT", path, params={name: sent(value) for name, value in new.items()})
            left = differing(self.client.settings(path), new)[1]
            if left:
                raise MediaError("{0}: the server answered that it saved it, but {1} did not change; look into the server's log".format(
                    self.where, ", ".join(sorted(left))))
        return old, new

    def _compare(self, library, after):
        """Whether the server took what it said that it took."""
        found = shown(library)
        left = [key for key, value in after.items() if (sorted(found[key]) != sorted(value) if key == "folders" else found[key] != value)]
        if left:
            raise MediaError("{0}: the server answered that it saved it, but {1} did not change; look into the server's log".format(
                self.where, ", ".join(sorted(left))))

    def _see(self, folders):
        """Whether the server sees folders, since it refuses others without saying why.

        :raises MediaError: naming the first that it does not.
        """
        for folder in folders:
            parent = folder.rpartition("/")[0] or "/"
            path = "/services/browse/" + base64.b64encode(parent.encode()).decode()
            try:
                rows = self.client.container(path, {"includeFiles": "0"}).get("Path") or []
            except MediaError as error:
                if error.status != 404:
                    # Not every server lets its folders be looked at; then its own answer has to do.
                    continue
                rows = []
            if folder != "/" and folder not in [trimmed(row.get("path") or "") for row in rows]:
                raise MediaError("{0}: the server sees no folder {1}; make it, mount it into the container, and give its path as it is in there".format(
                    self.where, folder))


def inspect(client):
    """Everything that the module C(plex_info) tells.

    :param client: A C(PlexClient) that is connected.
    :return: C(libraries) and C(preferences).
    """
    return {"libraries": [shown(row) for row in client.libraries()],
            "preferences": {name: plain(row) for name, row in client.settings().items() if name not in READ_ONLY}}
