# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seerr 3 and Overseerr 1.34: first run, settings, Plex, Tautulli, servers, notifications, jobs.

Facts, as seen on real servers and in their sources (server/routes/auth.ts, server/routes/settings): the key acts as user 1, so before somebody has
signed in a right key is refused as a wrong one is. Radarr and Sonarr entries are stored unlooked at; C(/test) keeps profiles and root folders for an
hour and takes a Radarr for a Sonarr; making one the default unsets the other of the same resolution. What Plex or Tautulli did not confirm stays in
memory and is written with the next save of anything. C(GET /settings/plex/library) writes: without C(enable) it disables every library, and with
C(sync) it empties the list when Plex is down. It knows a library by its key, and a scan ends at the first one that Plex no longer has. Never
called, since they hang the one and end the other: C(/settings/radarr/{id}/profiles), C(/service/{radarr,sonarr}/{id}), C(/settings/cache), a header
C(X-API-User).
"""
from __future__ import annotations

import contextlib
import json
import re

from ansible_collections.homelab.media.plugins.module_utils import documents
from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient, ArrClient
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError, redact
from ansible_collections.homelab.media.plugins.module_utils.plex import PlexClient
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS, nearest, number, same, yes_or_no
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker

PRODUCTS = {"seerr": "Seerr", "overseerr": "Overseerr"}
SERVERS = ("radarr", "sonarr")
# server/lib/permissions.ts; the last two are Seerr's.
PERMISSIONS = {
    "admin": 1, "manage_settings": 2, "manage_users": 3, "manage_requests": 4, "request": 5, "vote": 6, "auto_approve": 7, "auto_approve_movie": 8,
    "auto_approve_tv": 9, "request_4k": 10, "request_4k_movie": 11, "request_4k_tv": 12, "request_advanced": 13, "request_view": 14,
    "auto_approve_4k": 15, "auto_approve_4k_movie": 16, "auto_approve_4k_tv": 17, "request_movie": 18, "request_tv": 19, "manage_issues": 20,
    "view_issues": 21, "create_issues": 22, "auto_request": 23, "auto_request_movie": 24, "auto_request_tv": 25, "recent_view": 26,
    "watchlist_view": 27, "manage_blocklist": 28, "view_blocklist": 30,
}
# server/lib/notifications/index.ts.
TYPES = {"media_pending": 1, "media_approved": 2, "media_available": 3, "media_failed": 4, "media_declined": 6, "media_auto_approved": 7,
         "issue_created": 8, "issue_comment": 9, "issue_resolved": 10, "issue_reopened": 11, "media_auto_requested": 12}
AGENTS = ("discord", "email", "gotify", "lunasea", "ntfy", "pushbullet", "pushover", "slack", "telegram", "webhook", "webpush")
# Those of one product only.
ONLY = {"ntfy": "seerr", "lunasea": "overseerr"}
# Options of agents that the app knows and does not list while they are empty.
AGENT_OPTIONS = {
    "discord": ("botUsername", "botAvatarUrl", "webhookUrl", "webhookRoleId", "enableMentions"),
    "email": ("authUser", "authPass", "pgpPrivateKey", "pgpPassword"),
    "ntfy": ("authMethodUsernamePassword", "username", "password", "authMethodToken", "token", "priority"),
    "pushbullet": ("channelTag",),
    "pushover": ("sound",),
    "lunasea": ("profileName",),
    "telegram": ("botUsername", "messageThreadId"),
    "webhook": ("authHeader", "customHeaders", "supportVariables"),
}
# Options that hold a secret and are not called so.
SECRET_OPTIONS = re.compile(r"botAPI|authPass|authHeader|pgp|customHeaders", re.I)
# Options of the main settings, by key.
MAIN = {
    "application_title": "applicationTitle", "application_url": "applicationUrl", "locale": "locale", "hide_available": "hideAvailable",
    "partial_requests": "partialRequestsEnabled", "local_login": "localLogin", "new_plex_login": "newPlexLogin", "cache_images": "cacheImages",
    "original_language": "originalLanguage", "region": "region", "discover_region": "discoverRegion", "streaming_region": "streamingRegion",
    "special_episodes": "enableSpecialEpisodes",
}
# Where a setting is: with Seerr they have a page of their own.
NETWORK = {"trust_proxy": "trustProxy", "csrf_protection": "csrfProtection"}
READ_ONLY = {"apiKey": "it is taken from API_KEY or settings.json", "mediaServerType": "it follows the first sign-in"}
AVAILABILITY = {"announced": "announced", "in_cinemas": "inCinemas", "released": "released"}
# What a server has that is not said, so that leaving it out is no difference.
SILENT = {"useSsl": False, "is4k": False, "isDefault": False, "syncEnabled": False, "preventSearch": False, "tagRequests": False}
# Profiles of a new server, by whether it is for 4K; the first that there is when there is none of the name.
PROFILE = {False: "HD-1080p", True: "Ultra-HD"}
NOBODY = "nobody has signed in yet, so it has no administrator whom the key could act for"
SIGN_IN = "give a Plex token to overseerr_setup, or sign in with a browser"


def bits(names, known, where, what):
    """A number with a bit for every name.

    :param known: Name to the place of its bit.
    :raises MediaError: for a name that there is none of.
    """
    total = 0
    for name in names:
        if name not in known:
            raise MediaError("{0}: there is no {1} {2}; {3}".format(where, what, name, nearest(name, known)))
        total |= 1 << known[name]
    return total


def names_of(total, known):
    """The names of the bits of a number; bits without one as a number of their own."""
    found = [name for name, place in known.items() if (total or 0) & 1 << place]
    rest = (total or 0) - sum(1 << known[name] for name in found)
    return found + ([rest] if rest else [])


def like(value, have, where):
    """A value in the type of the one that is there.

    :raises MediaError: when that is not possible.
    """
    try:
        if isinstance(have, bool):
            return yes_or_no(value)
        if isinstance(have, (int, float)):
            return number(value)
    except ValueError as error:
        raise MediaError("{0} {1}; correct it".format(where, error)) from None
    return str(value) if isinstance(have, str) and not isinstance(value, (bool, dict, list)) else value


class SeerrClient(ApiClient):
    """The API of one Seerr or Overseerr; which of them, its own answer says.

    :param api_key: Its key.
    """

    root = "/api/v1"
    wrong_key = "give the key of Settings > General"

    def __init__(self, url, api_key, **options):
        super().__init__(url, headers={"X-Api-Key": str(api_key)}, secrets=[api_key], **options)
        self.authorized = self.initialized = False
        self.public = {}
        self._guarded = False

    def connect(self):
        """Wait until it answers, find out which of the two it is, and whether it takes the key.

        A key that is refused is no error yet: on the first run there is nobody whom it could act for.

        :return: C({product, version, initialized, administrator}).
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        where = "connecting to {0} at {1}".format(self.name, self.url)
        foreign = "{0}: what answers there is neither Seerr nor Overseerr; correct the URL".format(where)
        expected = self.app
        try:
            status = self.patient("GET", self.root + "/status")
            self.public = self.request("GET", self.root + "/settings/public")
        except MediaError as error:
            if error.status in (401, 403, 404, 405):
                raise MediaError(foreign, error.status) from None
            raise
        if not isinstance(status, dict) or "commitTag" not in status or not isinstance(self.public, dict) or "initialized" not in self.public:
            raise MediaError(foreign)
        found = "seerr" if "mediaServerType" in self.public else "overseerr"
        self.version = str(status.get("version") or "")
        if found == "seerr" and self.version[:2] in ("1.", "2."):
            raise MediaError("{0}: Jellyseerr {1} answers there; bring it up to Seerr 3".format(where, self.version))
        if expected in PRODUCTS and found != expected:
            raise MediaError("{0}: {1} answers there, and {2} is expected; correct the URL".format(where, PRODUCTS[found], PRODUCTS[expected]))
        self.app, self.initialized = found, bool(self.public["initialized"])
        self._cache.clear()
        try:
            self.read("settings/main")
            self.authorized = True
        except MediaError as error:
            if error.status != 403:
                raise
            self.authorized = False
        return {"product": PRODUCTS[found], "version": self.version, "initialized": self.initialized, "administrator": self.authorized,
                "restart_required": bool(status.get("restartRequired"))}

    @property
    def product(self):
        return PRODUCTS.get(self.app, "the app")

    @property
    def claimed(self):
        """Whether somebody has surely signed in before; Overseerr says so only when the first run was finished."""
        return self.initialized or self.public.get("mediaServerType", 4) != 4

    def refused(self, where):
        """The error of a key that is not taken."""
        if self.claimed:
            return MediaError("{0}: {1} at {2} refuses the API key (403); {3}".format(where, self.product, self.url, self.wrong_key), 403)
        return MediaError("{0}: {1} at {2} refuses the API key (403), since {3}; {4}, and if somebody has, {5}".format(
            where, self.product, self.url, NOBODY, SIGN_IN, self.wrong_key), 403)

    def request(self, method, path, body=None, params=None, form=None):
        try:
            return super().request(method, path, body, params, form)
        except MediaError as error:
            if error.status != 403 or "csrf" not in str(error) or self._guarded:
                raise
        self._pass_guard()
        return super().request(method, path, body, params, form)

    def _pass_guard(self):
        """Take the cookies of the CSRF guard. They are for HTTPS only, so they are sent by hand."""
        self._guarded = True
        cookies = self._send("GET", self.root + "/status", None, None, "reading {0}/status at {1}".format(self.root, self.url)).cookies.get_dict()
        if cookies.get("_csrf") and cookies.get("XSRF-TOKEN"):
            self._session.headers.update({"Cookie": "_csrf={0}; XSRF-TOKEN={1}".format(cookies["_csrf"], cookies["XSRF-TOKEN"]),
                                          "X-XSRF-TOKEN": cookies["XSRF-TOKEN"]})

    def _decode(self, response, what):
        if response.status_code == 403:
            text = response.text or ""
            if "csrf" in text:
                raise MediaError("{0}: its CSRF protection refuses what is no browser (403: invalid csrf token); switch it off in Settings".format(what), 403)
            if "permission" in text:
                raise MediaError("{0}: the API key is refused (403); {1}".format(what, self.wrong_key), 403)
        return super()._decode(response, what)

    def sign_in(self, token):
        """Sign in with a Plex account, which makes it the administrator when there is none.

        :return: The user.
        """
        self.secrets.add(token)
        try:
            return self.write("POST", "auth/plex", {"authToken": token})
        finally:
            # What follows is done with the key, as ever.
            self._session.cookies.clear()


class SeerrWorker(Worker):
    """All work on one Seerr or Overseerr."""

    links = ("overseerr_plex", "overseerr_server", "overseerr_tautulli")
    purges = ("overseerr_server",)

    def __init__(self, client, ledger, secrets=None, check_mode=False):
        super().__init__(client, ledger, secrets, check_mode)
        # What is to come of the first run, in check mode; that it waits for a person.
        self.promised = self.waiting = False
        # The token that is, or in check mode would be, the administrator's by now.
        self._given = None
        self._defaults = {}
        self._tests = {}

    def converge(self, wish):
        kind = wish.get("resource")
        if kind != "overseerr_setup" and not self.client.authorized and kind in self.kinds():
            name = self.title(kind, wish)
            if self.waiting:
                return dict(self.change(kind, name, None), links=[(name, "missing")] if kind in self.links else None)
            if self.promised:
                return self.predicted(self.client.name, wish) if wish.get("state", "present") == "present" else self.change(kind, name, None)
            raise self.client.refused("{0}: {1}".format(self.client.name, kind.replace("_", " ") + ("" if name == kind else " " + name)))
        return super().converge(wish)

    @classmethod
    def title(cls, kind, wish):
        return str(wish.get("name") or wish.get("agent") or wish.get("job") or wish.get("label") or kind)

    def _put(self, path, body):
        """POST settings, and read them anew the next time."""
        self.client.forget(path)
        return self.client.write("POST", path, body)

    # -- first run

    def do_overseerr_setup(self, wish):
        """The first administrator, by a Plex token, a token that has changed since, and the end of the first run."""
        client, token, before, after = self.client, wish.get("plex_token"), {}, {}
        pushed = "|".join((client.key, "overseerr_setup", "plex_token"))
        if token:
            client.secrets.add(token)
        if not client.authorized:
            if client.claimed:
                raise client.refused(self.where)
            if not token:
                self.waiting = True
                return self.change("overseerr_setup", "overseerr_setup", None, found={"administrator": False, "initialized": False})
            before["administrator"], after["administrator"] = False, True
            if self.check_mode:
                self.promised = True
            else:
                self._claim(token)
        elif token and self._outdated(pushed, token):
            before["plex_token"], after["plex_token"] = HIDDEN, HIDDEN + " (new)"
            if not self.check_mode:
                self._renew(token)
            self._given = token
        if token and not self.check_mode:
            self.ledger.record(pushed, token)
        if wish.get("initialize", True) and not client.initialized:
            before["initialized"], after["initialized"] = False, True
            if not self.check_mode:
                self._initialize()
        return self.change("overseerr_setup", "overseerr_setup", "update" if after else None, before, after,
                           {"administrator": client.authorized or self.promised, "initialized": client.initialized or "initialized" in after})

    def _claim(self, token):
        client = self.client
        try:
            user = client.sign_in(token)
        except MediaError as error:
            if error.status == 500:
                raise MediaError("{0}: {1} could not sign in with the Plex token; look whether the token is right, and whether {1} reaches plex.tv".format(
                    self.where, client.product), 500) from None
            if error.status == 403:
                raise MediaError("{0}: {1} has an administrator already, who is not the account of the Plex token (403); {2}".format(
                    self.where, client.product, client.wrong_key), 403) from None
            raise
        if not isinstance(user, dict) or user.get("id") != 1:
            raise MediaError("{0}: somebody else had set up {1} before, so that the account of the Plex token is a user like others; {2}".format(
                self.where, client.product, client.wrong_key))
        client.connect()
        if not client.authorized:
            raise MediaError("{0}: the administrator is signed in, but {1} refuses the API key (403); {2}".format(
                self.where, client.product, client.wrong_key), 403)

    def _outdated(self, pushed, token):
        """Whether the administrator's token, which is never told, is another one; of one that was not pushed from here it counts that it works."""
        if self.client.public.get("mediaServerType", 1) not in (1, 4) or token == self._given or self.ledger.knows(pushed, token):
            return False
        return self.ledger.holds(pushed) or not self._token_works()

    def _token_works(self):
        """Whether plex.tv takes the token that the app has."""
        try:
            self.client.read("settings/plex/users", fresh=True)
        except MediaError as error:
            if error.unreachable:
                raise
            return False
        return True

    def _renew(self, token):
        """Sign in again, by which the app keeps the new token of an account that it knows."""
        client = self.client
        another = ("{0}: the Plex token is of another account than the administrator of {1}, so that {1} keeps its old token; give the token of the "
                   "administrator's account").format(self.where, client.product)
        try:
            user = client.sign_in(token)
        except MediaError as error:
            if error.status == 403:
                raise MediaError(another, 403) from None
            if error.status == 500:
                raise MediaError("{0}: {1} could not sign in with the new Plex token; look whether the token is right, whether {1} reaches plex.tv, and "
                                 "whether its settings allow to sign in with Plex".format(self.where, client.product), 500) from None
            raise
        if not isinstance(user, dict) or user.get("id") != 1:
            raise MediaError(another)

    def _initialize(self):
        client = self.client
        if client.public.get("mediaServerType", 1) == 1 and not client.read("settings/plex", fresh=True).get("machineId"):
            raise MediaError("{0}: the first run is not finished, since no Plex server is connected yet; connect it with overseerr_plex".format(self.where))
        client.write("POST", "settings/initialize", {})
        client.connect()
        if not client.initialized:
            raise MediaError("{0}: the app answered that the first run is finished, but it is not; look into the app's log".format(self.where))

    # -- settings

    def do_overseerr_settings(self, wish):
        """The main settings, and with Seerr those of the network."""
        client = self.client
        main = client.read("settings/main", fresh=True)
        network = client.read("settings/network", fresh=True) if client.app == "seerr" else {}
        current, wanted = {"main": main, "network": network}, {"main": {}, "network": {}}
        client.secrets.update(text for text in ((network.get("proxy") or {}).get("password"),) if text)
        for option, key in MAIN.items():
            if wish.get(option) is not None:
                self._want(wanted["main"], main, key, wish[option], option)
        for option, key in NETWORK.items():
            if wish.get(option) is not None:
                part = "network" if client.app == "seerr" else "main"
                self._want(wanted[part], current[part], key, wish[option], option)
        if wish.get("default_permissions") is not None:
            wanted["main"]["defaultPermissions"] = bits(wish["default_permissions"], PERMISSIONS, self.where, "permission")
        for option, key in (("movie_quota", "movie"), ("tv_quota", "tv")):
            quota = {name: value for name, value in (("quotaLimit", (wish.get(option) or {}).get("limit")),
                                                     ("quotaDays", (wish.get(option) or {}).get("days"))) if value is not None}
            if quota:
                wanted["main"].setdefault("defaultQuotas", {})[key] = quota
                # No limit is none, however it is written.
                for name in quota:
                    main.setdefault("defaultQuotas", {}).setdefault(key, {}).setdefault(name, 0)
        for key, value in (wish.get("settings") or {}).items():
            if value is not None:
                part = "network" if key in network else "main"
                self._want(wanted[part], dict(network, **main) if part == "main" else network, key, value, key)
        wanted = {part: values for part, values in wanted.items() if values}
        secrets = ["main.apiKey", "network.proxy.password"]

        def write(payload):
            for part, values in wanted.items():
                body = {key: payload[part][key] for key in values if payload[part][key] != current[part].get(key)}
                if body:
                    self._put("settings/" + part, body)
            return None

        def read_back():
            return {part: client.read("settings/" + part, fresh=True) for part in wanted}

        done = self.settle("overseerr_settings", "overseerr_settings", current, wanted, write, read_back=read_back, secrets=secrets)
        for side in ("before", "after"):
            if "main.defaultPermissions" in done[side]:
                done[side]["main.defaultPermissions"] = names_of(done[side]["main.defaultPermissions"], PERMISSIONS)
        return done

    def _want(self, wanted, current, key, value, option):
        if key in READ_ONLY:
            raise MediaError("{0}: {1} is read-only, since {2}; leave it out".format(self.where, key, READ_ONLY[key]))
        if key not in current:
            raise MediaError("{0}: {1} {2} has no setting {3}; {4}".format(
                self.where, self.client.product, self.client.version, option, nearest(key, [name for name in current if name not in READ_ONLY])))
        if isinstance(value, dict) and isinstance(current[key], dict):
            value = {name: like(item, current[key].get(name), "{0}: {1}.{2}".format(self.where, option, name)) for name, item in value.items()}
        wanted[key] = like(value, current[key], "{0}: {1}".format(self.where, option))

    # -- Plex and Tautulli

    def _tried(self, path, body, old, prefix=""):
        """Save a connection, which the app tries; when that fails, put back what it had, since it keeps in memory what it could not confirm.

        :param old: What to put back.
        :param prefix: What the error begins with.
        """
        try:
            return self._put(path, body)
        except MediaError as error:
            with contextlib.suppress(MediaError):
                # It tries the old one too, and fails where that is down or empty; in memory it has it then all the same.
                self._put(path, old)
            if error.status is not None and error.status < 500:
                raise
            where = "{0}://{1}:{2}".format("https" if body.get("useSsl") else "http", body.get("ip") or body.get("hostname"), body.get("port"))
            what, hint = {"settings/plex": ("Plex", "or whether the administrator's Plex login has run out: then sign in again"),
                          "settings/tautulli": ("Tautulli", "and whether the key is right and its version is 2.9 or later")}[path]
            raise MediaError("{0}{1} does not reach {2} at {3}, so it is as it was ({4}); look whether it runs and is reached there from the app, {5}".format(
                prefix, self.client.product, what, where, str(error).rpartition(": ")[2], hint), error.status) from None

    def do_overseerr_plex(self, wish):
        """The Plex server, and which of its libraries count."""
        client, name = self.client, self.title("overseerr_plex", wish)
        if wish.get("state") == "absent":
            # There is no switch for it, and without Plex the app does nothing.
            return self.change("overseerr_plex", name, None)
        current = dict({"useSsl": False, "webAppUrl": ""}, **client.read("settings/plex", fresh=True))
        connection = {key: wish[option] for option, key in (("hostname", "ip"), ("port", "port"), ("use_ssl", "useSsl"), ("web_app_url", "webAppUrl"))
                      if wish.get(option) is not None}
        if not connection.get("ip", current["ip"]):
            raise MediaError("{0}: a new connection needs a hostname; give it".format(self.where))
        target = dict({key: current[key] for key in ("ip", "port", "useSsl", "webAppUrl")}, **connection)
        moved = [key for key in target if not same(target[key], current[key])]
        if not current.get("machineId"):
            moved = moved or ["ip"]
        before, after = {key: current[key] for key in moved}, {key: target[key] for key in moved}
        old = {key: current[key] for key in target}
        if moved and not self.check_mode:
            current.update(self._tried("settings/plex", target, old, self.where + ": "))
        names, everything = wish.get("libraries"), wish.get("all_libraries")
        if names is not None or everything:
            was = have = current["libraries"]
            unknown = not have or bool(names and set(names) - {row["name"] for row in have}) or bool(wish.get("sync"))
            # In check mode what Plex has is what a sync would bring.
            plex = self._in_plex(wish) if have and (self.check_mode or not unknown) else None
            counted = {row["name"] for row in [*was, *(plex or [])]} if everything else set(names)
            if plex is not None and ids_of(was, counted) != ids_of(plex, counted):
                unknown = True
            if unknown and not self.check_mode:
                # Proves that Plex answers, since the list is emptied when it does not.
                if not moved:
                    self._tried("settings/plex", target, old, self.where + ": ")
                have = self._sync(was)
            elif unknown and plex is not None:
                have = [dict(row, enabled=any(row["id"] == other["id"] and other["enabled"] for other in was)) for row in plex]
            if unknown:
                left, right = ids_of(was, counted), ids_of(have, counted)
                for each in sorted(key for key in left if left[key] != right.get(key)):
                    before.setdefault("library_ids", {})[each] = ", ".join(left[each])
                    after.setdefault("library_ids", {})[each] = ", ".join(right.get(each, []))
            self._enable(was, have, names, everything, before, after)
        if not self.check_mode:
            current = client.read("settings/plex", fresh=True)
        return self.change("overseerr_plex", name, "update" if after else None, before, after,
                           {key: current.get(key) for key in ("name", "ip", "port", "useSsl", "webAppUrl", "machineId", "libraries")})

    def _libraries(self, ids, sync=False):
        """Enable those libraries and no other; a GET that writes."""
        path = "{0}/settings/plex/library".format(self.client.root)
        self.client.forget("settings/plex")
        # An empty list is refused, and none is the same.
        return self.client.request("GET", path, params=dict({"sync": "true"} if sync else {}, **({"enable": ",".join(ids)} if ids else {})))

    def _sync(self, have):
        found = self._libraries([row["id"] for row in have if row["enabled"]], sync=True)
        if not found and have:
            raise MediaError("{0}: Plex told no libraries, and {1} lost its list by that; look whether Plex runs, and run again".format(
                self.where, self.client.product))
        return found

    def _in_plex(self, wish):
        """The libraries as Plex tells them, of the kinds that the app lists; C(None) when nobody said where to ask, or in check mode it cannot be asked."""
        if not wish.get("check_url"):
            return None
        if wish.get("plex_token"):
            self.client.secrets.add(wish["plex_token"])
        plex = PlexClient(wish["check_url"], wish.get("plex_token"), name="Plex", timeout=self.client.timeout,
                          wait_timeout=0 if self.check_mode else self.client.wait_timeout)
        try:
            plex.connect()
            rows = plex.libraries()
        except MediaError as error:
            if self.check_mode:
                return None
            raise MediaError("{0}: the libraries of Plex are not known, {1}".format(self.where, error), error.status) from None
        return [{"id": str(row["key"]), "name": row["title"]} for row in rows
                if row.get("type") in ("movie", "show") and row.get("agent") != "com.plexapp.agents.none"]

    def _enable(self, was, have, names, everything, before, after):
        """Let the libraries count that are wanted, and no others.

        :param was: The app's list at first.
        :param have: The same after a sync.
        """
        if self.check_mode and everything and not have:
            before["libraries"], after["libraries"] = [], ["all that Plex has"]
            return
        for each in () if everything or self.check_mode else names:
            if each not in {row["name"] for row in have}:
                raise MediaError("{0}: Plex has no library {1} of movies or series; {2}".format(self.where, each, nearest(each, [row["name"] for row in have])))
        wanted = sorted({row["name"] for row in have} if everything else set(names))
        is_on = sorted(row["name"] for row in was if row["enabled"])
        ids = {row["id"] for row in have if row["name"] in wanted}
        pending = {row["id"] for row in have if row["enabled"]} != ids
        # One that was made anew counts again, which is told by its id.
        if sorted(set(is_on)) != wanted or (pending and "library_ids" not in after):
            before["libraries"], after["libraries"] = is_on, wanted
        if self.check_mode or not pending:
            return
        found = self._libraries(sorted(ids))
        if {row["id"] for row in found if row["enabled"]} != ids:
            raise MediaError("{0}: the app answered that it saved it, but libraries did not change; look into the app's log".format(self.where))

    def do_overseerr_tautulli(self, wish):
        """The connection to Tautulli."""
        client, name = self.client, self.title("overseerr_tautulli", wish)
        current = dict({"hostname": "", "port": 8181, "useSsl": False, "urlBase": "", "externalUrl": ""}, **client.read("settings/tautulli", fresh=True))
        if wish.get("state") == "absent":
            if current["hostname"] and not self.check_mode:
                self._put("settings/tautulli", {"hostname": ""})
                # Without a host it is not written; with the next save of anything it is.
                self._put("settings/main", {})
                if client.read("settings/tautulli", fresh=True).get("hostname"):
                    raise MediaError("{0}: the app answered that it removed it, but it is still there; look into the app's log".format(self.where))
            return self.change("overseerr_tautulli", name, "delete" if current["hostname"] else None,
                               {"hostname": current["hostname"]} if current["hostname"] else {})
        wanted = {key: wish[option] for option, key in (("hostname", "hostname"), ("port", "port"), ("use_ssl", "useSsl"), ("base_url", "urlBase"),
                                                        ("tautulli_api_key", "apiKey"), ("external_url", "externalUrl")) if wish.get(option) is not None}
        if not wanted.get("hostname", current["hostname"]):
            raise MediaError("{0}: a new connection needs hostname and tautulli_api_key; give both".format(self.where))
        wanted["urlBase"] = base_of(wanted["urlBase"]) if "urlBase" in wanted else None

        def write(payload):
            return self._tried("settings/tautulli", payload, dict({"apiKey": ""}, **current))

        # None is written as its absence, for the connection that is made.
        return self.settle("overseerr_tautulli", name, current, wanted, write, read_back=lambda: client.read("settings/tautulli", fresh=True),
                           secrets=("apiKey",), new=not current["hostname"])

    # -- Radarr and Sonarr

    def _servers(self, kind):
        found = self.client.read("settings/" + kind, fresh=True)
        self.client.secrets.update(row["apiKey"] for row in found if row.get("apiKey"))
        return found

    def do_overseerr_server(self, wish):
        """A Radarr or Sonarr, by its name."""
        kind, name = wish["kind"], wish["name"]
        if kind not in SERVERS:
            raise MediaError("{0}: kind is one of {1}, not {2}; correct it".format(self.where, ", ".join(SERVERS), kind))
        rows = self._servers(kind)
        mine = [row for row in rows if row.get("name") == name]
        if wish.get("state") == "absent":
            return self._remove(kind, name, mine)
        if len(mine) > 1:
            raise MediaError("{0}: there are {1} {2} servers of this name, since {3} does not keep names unique; rename or remove all but one".format(
                self.where, len(mine), kind.capitalize(), self.client.product))
        current = mine[0] if mine else None
        if not current and wish.get("adopt") and wish.get("server_api_key"):
            # The key is the server's own, so it is the same one under another name.
            same_key = [row for row in rows if row.get("apiKey") == str(wish["server_api_key"]) and bool(row.get("is4k")) == bool(wish.get("is_4k"))]
            current = same_key[0] if len(same_key) == 1 else None
        wanted = self._address(kind, wish, current)
        for option, key in (("external_url", "externalUrl"), ("is_4k", "is4k"), ("sync", "syncEnabled"), ("prevent_search", "preventSearch"),
                            ("tag_requests", "tagRequests")):
            if wish.get(option) is not None:
                wanted[key] = wish[option]
        if not current:
            wanted = dict({"is4k": False, "syncEnabled": True, "preventSearch": False, "tagRequests": False}, **wanted)
        entry = dict(SILENT, **current) if current else None
        others = self._default(kind, wish, wanted, rows, current)
        self._choose(kind, wish, wanted, entry or {})

        def write(payload):
            body = {key: value for key, value in payload.items() if key != "id" and value is not None}
            self.client.forget("settings/" + kind)
            if current:
                return self.client.write("PUT", "settings/{0}/{1}".format(kind, current["id"]), body)
            made.append(self.client.write("POST", "settings/" + kind, body)["id"])
            return None

        made = []

        def read_back():
            number_ = current["id"] if current else made[0]
            return next((row for row in self._servers(kind) if row["id"] == number_), {})

        done = self.settle("overseerr_server", name, entry, wanted, write, read_back=read_back, secrets=("apiKey",))
        if others:
            done["before"]["default"], done["after"]["default"] = others, name
            done["fields"] = sorted(set(done["fields"]) | {"default"})
        return done

    def _remove(self, kind, name, rows):
        if rows and not self.check_mode:
            for row in rows:
                self.client.forget("settings/" + kind)
                self.client.write("DELETE", "settings/{0}/{1}".format(kind, row["id"]))
            if any(row.get("name") == name for row in self._servers(kind)):
                raise MediaError("{0}: the app answered that it removed it, but it is still there; look into the app's log".format(self.where))
            self.ledger.forget("|".join((self.client.key, "overseerr_server", name.lower(), "")))
        return self.change("overseerr_server", name, "delete" if rows else None, {"name": name, "hostname": rows[0].get("hostname")} if rows else {})

    def _address(self, kind, wish, current):
        """Name and address of a server, as they are wanted."""
        wanted = {"name": wish["name"]}
        for option, key in (("hostname", "hostname"), ("port", "port"), ("use_ssl", "useSsl"), ("server_api_key", "apiKey"), ("base_url", "baseUrl")):
            if wish.get(option) is not None:
                wanted[key] = base_of(wish[option]) if option == "base_url" else wish[option]
            elif not current and option in ("hostname", "port", "server_api_key"):
                raise MediaError("{0}: a new {1} needs hostname, port and server_api_key; give them".format(self.where, kind.capitalize()))
        if "/" in wanted.get("hostname", "") or re.search(r"[^:]:[0-9]+$", wanted.get("hostname", "")):
            raise MediaError("{0}: hostname is a name or an address without scheme, port and path, not {1}; correct it".format(self.where, wanted["hostname"]))
        if not current:
            wanted.setdefault("useSsl", False)
        return wanted

    def _default(self, kind, wish, wanted, rows, current):
        """Whether it is the default of its kind and resolution.

        :return: The names of those that will no longer be.
        """
        place = (kind, bool(wanted.get("is4k", (current or {}).get("is4k"))))
        others = [row["name"] for row in rows if row.get("isDefault") and row is not current and (kind, bool(row.get("is4k"))) == place]
        claim = wish.get("is_default")
        if claim is None:
            if not current:
                wanted["isDefault"] = not others
            return []
        wanted["isDefault"] = claim
        if not claim:
            return []
        rival = self._defaults.setdefault(place, wish["name"])
        if rival != wish["name"]:
            raise MediaError("{0}: {1} is to be the default {2} server{3} too, and there is only one; leave is_default out of one of them".format(
                self.where, rival, kind.capitalize(), " for 4K" if place[1] else ""))
        return others

    def verify(self, wishes, options):
        """Its own test of every Radarr and Sonarr that it holds; it has none of Plex and Tautulli that stores nothing."""
        found = []
        for wish in wishes:
            kind, name = wish.get("kind"), wish.get("name") or wish["resource"]
            if wish["resource"] not in self.links or wish.get("state", "present") == "absent":
                continue
            if wish["resource"] != "overseerr_server":
                found.append((name, "skipped", "{0} has no test of it that stores nothing".format(self.client.product)))
            elif options.get("check_mode"):
                found.append((name, "skipped", "its test is a request of its own, which check mode does not make"))
            else:
                held = next((row for row in self._servers(kind) if row.get("name") == name), None)
                if held is None:
                    found.append((name, "failed", "{0} has no such server; run site.yml".format(self.client.product)))
                    continue
                try:
                    self._ask(kind, held, {})
                    found.append((name, "ok", "{0} gets through to it".format(self.client.product)))
                except MediaError as error:
                    if error.unreachable:
                        raise
                    found.append((name, "failed", str(error)))
        return found

    def _ask(self, kind, target, wish):
        """Profiles, root folders and tags, as the app reads them from the server; C(None) in check mode when that is not possible.

        :raises MediaError: when the server is not reached, or is another app.
        """
        body = {key: target.get(key) or empty for key, empty in (("hostname", ""), ("port", 0), ("apiKey", ""), ("useSsl", False), ("baseUrl", ""))}
        place = json.dumps([kind, body], sort_keys=True)
        if place not in self._tests:
            url = "{0}://{1}:{2}{3}".format("https" if body["useSsl"] else "http", body["hostname"], body["port"], body["baseUrl"])
            self.client.secrets.add(body["apiKey"])
            if not self.check_mode:
                # What it knows may be an hour old.
                self.client.write("POST", "settings/cache/{0}/flush".format(kind))
            try:
                found = self.client.write("POST", "settings/{0}/test".format(kind), body)
            except MediaError as error:
                if error.unreachable or error.status not in (500, None):
                    raise
                if self.check_mode:
                    return None
                raise MediaError("{0}: {1} does not reach {2} at {3}{4}".format(
                    self.where, self.client.product, kind.capitalize(), url, self._why(kind, wish.get("check_url") or url, body["apiKey"])), 500) from None
            # The two look alike to the app. Only Radarr's profiles have a language.
            profiles = found.get("profiles") or []
            answers = "radarr" if any("language" in row for row in profiles) else "sonarr"
            if any("items" in row for row in profiles) and answers != kind:
                raise MediaError("{0}: {1} answers at {2}, and {3} is expected; correct kind, hostname or port".format(
                    self.where, answers.capitalize(), url, kind.capitalize()))
            self._tests[place] = found
        return self._tests[place]

    def _why(self, kind, url, key):
        """Half a sentence with the cause, since the app says none: asked from here, where it may not be reachable at all."""
        probe = ArrClient(url, key, app=kind, timeout=5, wait_timeout=0)
        try:
            probe.connect()
        except MediaError as error:
            if error.unreachable and ("resolution" in str(error) or "not known" in str(error)):
                return "; look whether it runs and is reached by that name from the app, and whether API key, base_url and use_ssl are right"
            return ", and from here: {0}".format(redact(error, [key]))
        return ", although it answers from here; give the address by which the app reaches it"

    def _choose(self, kind, wish, wanted, current):
        """Profiles, root folders and tags by name. A server that has them keeps those of which nothing is said."""
        found = self._ask(kind, dict(current, **wanted), wish)
        anime = wish.get("anime") or {}
        if found is None:
            self._unresolved(kind, wish, wanted, current)
            return
        is_4k = bool(wanted.get("is4k", current.get("is4k")))
        # What is made before this in a run is not there in check mode.
        promised = (wish.get("promised") or []) if self.check_mode else []
        self._profile(found, wish.get("quality_profile"), wanted, current, "active", PROFILE[is_4k], "quality_profile" in promised)
        self._folder(found, wish.get("root_folder"), wanted, current, "active", "root_folder" in promised)
        if wish.get("tags") is not None:
            wanted["tags"] = self._tags(found, wish["tags"])
        if kind == "radarr":
            if wish.get("minimum_availability") or not current:
                wanted["minimumAvailability"] = AVAILABILITY[wish.get("minimum_availability") or "released"]
            return
        if wish.get("season_folders") is not None or not current:
            wanted["enableSeasonFolders"] = wish.get("season_folders") is not False
        for key, value, default in (("seriesType", wish.get("series_type"), "standard"), ("animeSeriesType", anime.get("series_type"), "anime")):
            if value or not current:
                wanted[key] = value or default
        self._language(found, wish.get("language_profile"), wanted, current, "active")
        if anime.get("quality_profile"):
            self._profile(found, anime["quality_profile"], wanted, current, "activeAnime")
        if anime.get("root_folder"):
            self._folder(found, anime["root_folder"], wanted, current, "activeAnime")
        if anime.get("tags") is not None:
            wanted["animeTags"] = self._tags(found, anime["tags"])
        if anime.get("language_profile"):
            self._language(found, anime["language_profile"], wanted, current, "activeAnime")

    @staticmethod
    def _unresolved(kind, wish, wanted, current):
        """In check mode, with a server that does not answer yet: what is said, by name."""
        for value, key in ((wish.get("quality_profile"), "activeProfileName"), (wish.get("root_folder"), "activeDirectory")):
            if value:
                wanted[key] = value
        if wish.get("minimum_availability") and kind == "radarr":
            wanted["minimumAvailability"] = AVAILABILITY[wish["minimum_availability"]]
        if not current:
            wanted.setdefault("activeProfileName", PROFILE[bool(wanted.get("is4k"))])

    def _profile(self, found, name, wanted, current, prefix, default=None, promised=False):
        rows = found.get("profiles") or []
        key = prefix + "Profile"
        if not name:
            if any(row["id"] == current.get(key + "Id") for row in rows):
                return
            if not rows:
                raise MediaError("{0}: the server has no quality profile; make one".format(self.where))
            # The one of the name that it had, the usual one, or else any.
            chosen = next((row for wish in (current.get(key + "Name"), default) for row in rows if row["name"] == wish), rows[0])
        else:
            chosen = next((row for row in rows if row["name"] == name), None) or next((row for row in rows if row["name"].lower() == name.lower()), None)
            if not chosen and promised:
                wanted[key + "Name"] = name
                return
            if not chosen:
                raise MediaError("{0}: the server has no quality profile {1}; {2}".format(self.where, name, nearest(name, [row["name"] for row in rows])))
        wanted[key + "Id"], wanted[key + "Name"] = chosen["id"], chosen["name"]

    def _folder(self, found, path, wanted, current, prefix, promised=False):
        paths = [row["path"] for row in found.get("rootFolders") or []]
        key = prefix + "Directory"
        if not path:
            if current.get(key):
                return
            if not paths:
                raise MediaError("{0}: the server has no root folder; make one".format(self.where))
            wanted[key] = paths[0]
            return
        chosen = [item for item in paths if item.rstrip("/") == path.rstrip("/")] or ([path] if promised else [])
        if not chosen:
            raise MediaError("{0}: the server has no root folder {1}; {2}".format(self.where, path, nearest(path, paths)))
        if str(current.get(key) or "").rstrip("/") != path.rstrip("/"):
            wanted[key] = chosen[0]

    def _tags(self, found, names):
        known = {str(row["label"]).lower(): row["id"] for row in found.get("tags") or []}
        for name in names:
            if str(name).lower() not in known:
                raise MediaError("{0}: the server has no tag {1}; {2}".format(self.where, name, nearest(name, known)))
        return [known[str(name).lower()] for name in names]

    def _language(self, found, name, wanted, current, prefix):
        """A language profile, which Sonarr 3 has, and Sonarr 4 for Overseerr's sake."""
        rows, key = found.get("languageProfiles") or [], prefix + "LanguageProfileId"
        if not name:
            if rows and not current:
                wanted[key] = rows[0]["id"]
            return
        if not rows:
            raise MediaError("{0}: this Sonarr has no language profiles; leave language_profile out".format(self.where))
        chosen = [row["id"] for row in rows if row["name"].lower() == name.lower()]
        if not chosen:
            raise MediaError("{0}: the server has no language profile {1}; {2}".format(self.where, name, nearest(name, [row["name"] for row in rows])))
        wanted[key] = chosen[0]

    def purge(self, wishes, purge, outcome):
        """Remove servers that no wish names; not after a failure, since what failed may be what takes a place over."""
        options = purge.get("overseerr_server") or {}
        mine = [wish for wish in wishes if wish.get("resource") == "overseerr_server"]
        if not options.get("enabled") or outcome["problems"] or not self.client.authorized \
                or not any(wish.get("state", "present") == "present" for wish in mine):
            return
        for kind in SERVERS:
            named = {wish["name"] for wish in mine if wish["kind"] == kind}
            for name in dict.fromkeys(row["name"] for row in self._servers(kind)):
                if name not in named and name not in (options.get("ignore") or ()):
                    outcome["changes"].append(self.converge({"resource": "overseerr_server", "kind": kind, "name": name, "state": "absent"}))

    # -- notifications and jobs

    def do_overseerr_notification(self, wish):
        """An agent, of which there is always one of each kind."""
        client, agent = self.client, wish["agent"]
        if agent not in AGENTS or ONLY.get(agent, client.app) != client.app:
            raise MediaError("{0}: {1} has no agent {2}; {3}".format(
                self.where, client.product, agent, nearest(agent, [name for name in AGENTS if ONLY.get(name, client.app) == client.app])))
        path = "settings/notifications/" + agent
        current = self._agent(path)
        wanted = {}
        if wish.get("enabled") is not None:
            wanted["enabled"] = wish["enabled"]
        if wish.get("embed_poster") is not None:
            if client.app != "seerr":
                raise MediaError("{0}: Overseerr has no embed_poster; leave it out".format(self.where))
            wanted["embedPoster"] = wish["embed_poster"]
        if wish.get("types") is not None:
            if agent == "email" or agent == "webpush":
                raise MediaError("{0}: every user chooses the types of {1}; leave types out".format(self.where, agent))
            wanted["types"] = bits(TYPES if wish["types"] == ["all"] else wish["types"], TYPES, self.where, "type")
        options = {key: value for key, value in (wish.get("fields") or {}).items() if value is not None}
        known = current.get("options") or {}
        for key, value in options.items():
            if known and key not in known and key not in AGENT_OPTIONS.get(agent, ()):
                raise MediaError("{0}: there is no option {1}; {2}".format(self.where, key, nearest(key, set(known) | set(AGENT_OPTIONS.get(agent, ())))))
            options[key] = self._payload(value) if key == "jsonPayload" else like(value, known.get(key), "{0}: {1}".format(self.where, key))
        if options:
            wanted["options"] = options
        secrets = ["options." + key for key in set(options) | set(known) if is_secret(key)]
        client.secrets.update(str(known[key]) for key in known if is_secret(key) and known[key] and not isinstance(known[key], (dict, list)))
        # The template is one value: what is not in it is to go.
        template = options.get("jsonPayload")
        if isinstance(template, dict):
            options["jsonPayload"] = json.dumps(template, indent=2, sort_keys=True)
            known["jsonPayload"] = json.dumps(known.get("jsonPayload"), indent=2, sort_keys=True)

        def write(payload):
            payload = json.loads(json.dumps(payload))
            held = payload.get("options") or {}
            if agent == "webhook" and not isinstance(held.get("jsonPayload"), str):
                held["jsonPayload"] = json.dumps(held.get("jsonPayload", {}))
            if wish.get("test"):
                client.write("POST", path + "/test", dict(payload, enabled=True))
            client.forget(path)
            client.write("POST", path, payload)

        def read_back():
            found = self._agent(path)
            if isinstance(template, dict):
                found["options"]["jsonPayload"] = json.dumps(found["options"].get("jsonPayload"), indent=2, sort_keys=True)
            return found

        done = self.settle("overseerr_notification", agent, current, wanted, write, read_back=read_back, secrets=secrets)
        for side in ("before", "after"):
            if "types" in done[side]:
                done[side]["types"] = names_of(done[side]["types"], TYPES)
        return done

    def _agent(self, path):
        """An agent as it is; an emptied one with what the app needs to run it."""
        found = json.loads(json.dumps(self.client.read(path, fresh=True) or {}))
        found.setdefault("enabled", False)
        found.setdefault("options", {})
        template = found["options"].get("jsonPayload")
        if isinstance(template, str):
            with contextlib.suppress(ValueError):
                found["options"]["jsonPayload"] = json.loads(template)
        return found

    def _payload(self, value):
        """A webhook's template, decoded."""
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise MediaError("{0}: jsonPayload is no JSON ({1}); correct it".format(self.where, error)) from None
        if not isinstance(found, dict):
            raise MediaError("{0}: jsonPayload is a mapping; correct it".format(self.where))
        return found

    def do_overseerr_job(self, wish):
        """The schedule of a job."""
        client, wanted = self.client, wish["job"]
        jobs = client.read("settings/jobs", fresh=True)
        if not jobs:
            raise MediaError("{0}: {1} has not started its jobs, since it had no users when it started; restart it".format(self.where, client.product))
        found = next((row for row in jobs if wanted.lower() in (row["id"], row["name"].lower())), None)
        if found is None:
            raise MediaError("{0}: there is no job {1}; {2}".format(self.where, wanted, nearest(wanted, [row["id"] for row in jobs])))
        schedule = " ".join(str(wish["schedule"]).split())
        if len(schedule.split()) != 6:
            raise MediaError("{0}: schedule has six fields, seconds first, such as 0 30 4 * * *; correct {1}".format(self.where, schedule))
        shown = ("id", "name", "cronSchedule", "interval", "nextExecutionTime")

        def write(payload):
            client.forget("settings/jobs")
            client.write("POST", "settings/jobs/{0}/schedule".format(found["id"]), {"schedule": payload["cronSchedule"]})

        return self.settle("overseerr_job", found["id"], {key: found.get(key) for key in shown}, {"cronSchedule": schedule}, write,
                           read_back=lambda: next(({key: row.get(key) for key in shown} for row in client.read("settings/jobs", fresh=True)
                                                   if row["id"] == found["id"]), {}))


def base_of(path):
    """A URL base as the apps want it: empty, or with a slash before and none behind."""
    return "/" + str(path).strip("/") if str(path).strip("/") else ""


def ids_of(rows, names):
    """The ids of the libraries of those names, by name, sorted."""
    found = {}
    for row in rows:
        if row["name"] in names:
            found[row["name"]] = sorted([*found.get(row["name"], []), str(row["id"])])
    return found


def is_secret(key):
    """Whether an option of an agent holds a secret."""
    return bool(OPEN_SECRETS.search(key) or SECRET_OPTIONS.search(key)) and not key.startswith("authMethod")


def inspect(client):
    """Everything that the module C(overseerr_info) tells, of an app that is connected to; secrets hidden, and nothing before the first run."""
    if not client.authorized:
        if client.claimed:
            raise client.refused("reading its settings")
        return {"settings": {}, "network": {}, "plex": {}, "tautulli": {}, "servers": [], "notifications": {}, "jobs": []}
    agents = {}
    for agent in AGENTS:
        if ONLY.get(agent, client.app) == client.app:
            found = client.read("settings/notifications/" + agent) or {}
            agents[agent] = documents.hidden(found, ["options." + key for key in found.get("options") or {} if is_secret(key)])
            if "types" in agents[agent]:
                agents[agent]["types"] = names_of(agents[agent]["types"], TYPES)
    network = client.read("settings/network") if client.app == "seerr" else {}
    main = documents.hidden(client.read("settings/main"), ["apiKey"])
    main["defaultPermissions"] = names_of(main.get("defaultPermissions"), PERMISSIONS)
    return {"settings": main, "network": documents.hidden(network, ["proxy.password"]), "plex": client.read("settings/plex"),
            "tautulli": documents.hidden(client.read("settings/tautulli"), ["apiKey"]),
            "servers": [dict(documents.hidden(row, ["apiKey"]), kind=kind) for kind in SERVERS for row in client.read("settings/" + kind)],
            "notifications": agents, "jobs": client.read("settings/jobs")}
