# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintainerr 2 and 3: its connection to Plex, the apps that it asks and tells, its rules.

Facts: Maintainerr's source at v3.24.0, v2.27.0 and v2.19.0 (settings, rules and collections modules, the enums of packages/contracts), and what servers
of 3.24.0 and 2.27.0 answered: failures are 200 or 201 with code 0, what Plex says of its libraries is remembered for five minutes. Since 3.0 a live
connection to Plex is not renewed when its settings change, and C(test/plex) needs no token.
"""
from __future__ import annotations

import json
import re
import time
from urllib.parse import urlsplit

from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError, redact
from ansible_collections.homelab.media.plugins.module_utils.resource import nearest, yes_or_no
from ansible_collections.homelab.media.plugins.module_utils.seerr import SeerrClient
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker, link_name

# Seconds: with an address that answers nothing, Maintainerr tries four times for 30 seconds before it answers itself.
PLEX_TIMEOUT = 150
# Statuses by which the list of libraries says that Plex is not connected (400, 403), or not reached.
UNSET, DOWN = (400, 403), (500, 502, 503)
DAY = 86400
SERVERS = ("radarr", "sonarr")
# What the servers of requests are called, which is one place since 3.0 and was two before.
REQUESTS = ("seerr", "jellyseerr", "overseerr")
KINDS = SERVERS + REQUESTS + ("tautulli",)
CRONS = ("collection_handler_job_cron", "rules_handler_job_cron")
LEVELS = ("movie", "show", "season", "episode")
ACTIONS = ("delete", "unmonitor_and_delete", "unmonitor_and_delete_existing", "unmonitor", "nothing", "delete_show_if_empty", "unmonitor_show_if_empty",
           "change_quality_profile")
# Of the first generation.
OLD_ACTIONS = 5
# Kinds of server whose properties are listed even where Plex is the one that is used.
OTHERS = ("Jellyfin", "Emby")
COMPARISONS = ("bigger", "smaller", "equals", "not_equals", "contains", "before", "after", "in_last", "in_next", "not_contains", "contains_partial",
               "not_contains_partial", "contains_all", "not_contains_all", "count_equals", "count_not_equals", "count_bigger", "count_smaller", "exists",
               "not_exists")
ALONE = ("exists", "not_exists")
OPERATORS = ("and", "or")
NUMBER, DATE, TEXT, BOOL, TEXT_LIST = range(5)
NO_CRON = "{0}: {1} is no schedule; write five fields of cron, such as 0 5 * * *"
TYPES = {NUMBER: "a number", DATE: "a day such as 2025-12-31, or {days: 90}", TEXT: "a text", BOOL: "true or false", TEXT_LIST: "a text or a list of texts"}


class MaintainerrClient(ApiClient):
    """The API of one Maintainerr. It knows no credentials."""

    root = "/api"

    def connect(self):
        """Wait until the app answers, and make sure that it is one whose API is known.

        :return: C({version}).
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        try:
            version = self.patient("GET", "/api/settings/version")
        except MediaError as error:
            if error.status != 404:
                raise
            version = None
        match = re.match(r"^(\d+)\.(\d+)\.", version) if isinstance(version, str) else None
        if not match:
            raise MediaError("connecting to {0} at {1}: what answers there is no Maintainerr; correct the URL".format(self.name, self.url))
        self.version = version
        # A build that was given no version calls itself 0.0.0.
        if int(match[1]) not in (0, 2, 3):
            raise MediaError("connecting to {0} at {1}: it is Maintainerr {2}, and 2 and 3 are supported; use one of these".format(
                self.name, self.url, version))
        return {"version": version}

    @property
    def old(self):
        """Whether it is of the first generation, which knows Plex only."""
        return self.version.startswith("2.")

    @property
    def schedules(self):
        """Whether a group has a schedule of its own, which came in 2.25."""
        return not self.old or int(self.version.split(".")[1]) >= 25

    def _decode(self, response, what):
        if response.status_code == 400:
            try:
                errors = response.json().get("errors")
            except (AttributeError, ValueError):
                errors = None
            if isinstance(errors, list):
                raise MediaError("{0}: {1} (400)".format(what, redact("; ".join("{0}: {1}".format(
                    ".".join(str(part) for part in item.get("path") or []), item.get("message")) for item in errors if isinstance(item, dict)),
                    self.secrets)), 400)
        if response.status_code == 401:
            raise MediaError("{0}: something asks for a login (401), which Maintainerr does not; give the address of the app itself".format(what), 401)
        text = (response.text or "").strip()
        if response.status_code < 300 and text and not text.startswith("<"):
            # Some answers are texts, and some JSON calls itself a page.
            try:
                return response.json()
            except ValueError:
                return text if len(text) < 300 else super()._decode(response, what)
        return super()._decode(response, what)

    def tell(self, method, path, body=None):
        """A request whose answer says in C(code) whether it was done.

        :raises MediaError: with what the app said, when it was not.
        """
        said = self.refusal(self.write(method, path, body))
        if said:
            raise MediaError("{0} {1} at {2}, {3}: {4}".format(method, path, self.name, self.url, said))

    def refusal(self, answer):
        """What an answer says went wrong; C(None) for one that says that it was done."""
        if isinstance(answer, dict) and str(answer.get("code", answer.get("status"))) in ("1", "OK"):
            return None
        said = answer.get("message") or answer.get("result") if isinstance(answer, dict) else None
        return redact(said if isinstance(said, str) and said else "refused without a reason; look into the app's log", self.secrets)

    def libraries(self):
        """What libraries Maintainerr sees, or saw within five minutes: list of C({id, title, type}).

        :raises MediaError: with a status of UNSET before its connection is complete, of DOWN when Plex gives none.
        """
        rows = self.read("plex/libraries" if self.old else "media-server/libraries", fresh=True)
        return [{"id": str(row.get("id") or row.get("key")), "title": row.get("title"), "type": row.get("type")} for row in rows or []]

    def constants(self):
        """What rules can look at, by application."""
        return [app for app in (self.read("rules/constants") or {}).get("applications") or [] if app["name"] not in OTHERS]


def address(url, where):
    """Host, port and whether it is TLS, of a URL.

    :raises MediaError: for what is none.
    """
    parts = urlsplit(url if "://" in url else "none:")
    try:
        port = parts.port
    except ValueError:
        parts = urlsplit("none:")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise MediaError("{0}: {1} is no URL of Plex; write it as http://host:32400".format(where, url))
    return {"host": parts.hostname.lower(), "port": port or (443 if parts.scheme == "https" else 32400), "ssl": parts.scheme == "https"}


def same_mask(stored, token):
    """Whether what is told of a token, all or its ends, goes with one."""
    if not stored:
        return False
    return stored in (token, "{0}...{1}".format(token[:3], token[-3:])) or set(stored) == {"*"} and len(stored) == len(token)


def whole(url):
    """A URL as Maintainerr stores it."""
    return url.strip().rstrip("/")


class MaintainerrWorker(Worker):
    """All work on one Maintainerr in one run."""

    links = ("maintainerr_plex", "maintainerr_server")

    @classmethod
    def title(cls, kind, wish):
        """How a resource is called."""
        if kind == "maintainerr_server":
            return link_name(wish) or str(wish.get("kind") or kind)
        return "Plex" if kind == "maintainerr_plex" else link_name(wish) or kind

    # -- Plex

    def do_maintainerr_plex(self, wish):
        """The connection to Plex, which is looked at in the end through what only a working one shows.

        :param wish: C(plex_url), C(plex_token), C(name), C(manual_mode), C(replace).
        """
        client = self.client
        token = wish["plex_token"]
        client.secrets.add(token)
        settings = client.read("settings", fresh=True)
        kind = None if client.old else settings.get("media_server_type")
        if kind not in (None, "", "plex") and not wish.get("replace"):
            raise MediaError("{0}: it is connected to {1}, and a switch to Plex would remove its collections and exclusions; set replace: true if that is "
                             "meant".format(self.where, kind.capitalize()))
        wanted = dict(address(wish["plex_url"], self.where), name=wish.get("name") or settings.get("plex_name") or "Plex")
        have = {"host": settings.get("plex_hostname"), "port": int(settings.get("plex_port") or 0), "ssl": bool(settings.get("plex_ssl")),
                "name": settings.get("plex_name")}
        if "plex_manual_mode" in settings and wish.get("manual_mode") is not None:
            wanted["manual_mode"], have["manual_mode"] = bool(wish["manual_mode"]), bool(settings["plex_manual_mode"])
        if not client.old:
            wanted["type"], have["type"] = "plex", kind or None
        before = {key: have[key] for key in wanted if have[key] != wanted[key]}
        after = {key: wanted[key] for key in before}
        stored = settings.get("plex_auth_token")
        ledger = "|".join((client.key, "maintainerr_plex", "token"))
        problem = None
        if not same_mask(stored, token) or stored != token and not self.ledger.knows(ledger, token) and not self._token_works():
            before["token"], after["token"] = HIDDEN if stored else None, HIDDEN + " (new)"
        elif not before or set(before) <= {"name", "manual_mode"}:
            # The settings say what is wanted; whether that is what is used shows only here.
            problem = self._trouble()
            if problem:
                before["connection"], after["connection"] = "broken", "working"
        if after and not self.check_mode:
            lost = False
            try:
                self._connect(settings, wanted, token, reconnect=bool(set(after) - {"name", "manual_mode"}), switch=kind != "plex")
                problem = self._trouble()
            except MediaError as error:
                problem, lost = str(error), error.unreachable
                if "no answer within" in problem:
                    # Before 3.0 it waits for Plex as long as the connection is open.
                    problem = "Plex gives Maintainerr no answer at this address; look whether the address is right, and whether Plex is stuck"
            if problem:
                raise MediaError("{0}: {1}{2}".format(self.where, self._put_back(settings, have, token, after), problem), unreachable=lost)
            left = client.read("settings", fresh=True)
            if (left.get("plex_hostname"), int(left.get("plex_port") or 0), bool(left.get("plex_ssl"))) != (wanted["host"], wanted["port"], wanted["ssl"]):
                raise MediaError("{0}: the app answered that it saved it, but has {1}:{2} for the address; set manual_mode: true, so that it does not take "
                                 "another one from plex.tv".format(self.where, left.get("plex_hostname"), left.get("plex_port")))
        if not self.check_mode:
            self.ledger.record(ledger, token)
        action = None if not after else "update" if stored else "create"
        return self.change("maintainerr_plex", "Plex", action, before, after, dict(wanted))

    def _connect(self, settings, wanted, token, reconnect, switch):
        """Store the connection in the only order that works: kind of server, token, address."""
        client = self.client
        timeout, client.timeout = client.timeout, max(client.timeout, PLEX_TIMEOUT)
        try:
            if client.old:
                client.tell("POST", "settings/plex/token", {"plex_auth_token": token})
                self._store_address(settings, wanted)
                return
            if switch:
                client.tell("POST", "settings/media-server/switch", {"targetServerType": "plex"})
            if reconnect:
                # The client of the old address would live on until a restart; without its token it goes.
                if settings.get("plex_auth_token"):
                    client.tell("DELETE", "settings/plex/auth")
                client.tell("POST", "settings/plex/token", {"plex_auth_token": token})
            self._store_address(settings, wanted)
        finally:
            client.timeout = timeout

    def _store_address(self, settings, wanted):
        host = wanted["host"] or ""
        body = {"plex_name": wanted["name"] or "", "plex_hostname": "https://" + host if wanted["ssl"] else host, "plex_port": wanted["port"] or 32400,
                "plex_ssl": int(wanted["ssl"])}
        if self.client.old:
            # All of it at once, and with both schedules, which it takes for missing otherwise.
            body.update({key: settings[key] for key in CRONS})
        elif "manual_mode" in wanted:
            body["plex_manual_mode"] = int(wanted["manual_mode"])
        self.client.tell("POST" if self.client.old else "PATCH", "settings", body)

    def _put_back(self, settings, have, token, after):
        """Connect again to what was connected before, as far as that is known.

        :param have: The connection that was stored before.
        :param token: The token that did not work.
        :param after: What was changed.
        :return: The begin of a sentence that goes on with what the problem is.
        """
        client, stored = self.client, settings.get("plex_auth_token")
        if set(after) <= {"connection"}:
            return ""
        # Since 3.0 the token from before is not told, and a switch to Plex has removed what was there.
        before = stored if client.old else token if "token" not in after else None
        if set(after) <= {"name", "manual_mode"} or have.get("type", "plex") not in (None, "plex") or stored and not before:
            return "it is stored, but "
        try:
            if not stored:
                self._store_address(settings, have)
                client.tell("DELETE", "settings/plex/auth")
                return "it is not kept, because "
            self._connect(settings, have, before, reconnect=True, switch=False)
        except MediaError:
            return "it is stored, but "
        return "it is left as it was, because "

    def _asked(self, path):
        """The answer of a check, as C(code), message and whether something was not reached."""
        timeout, self.client.timeout = self.client.timeout, max(self.client.timeout, PLEX_TIMEOUT)
        try:
            answer = self.client.read(path, fresh=True)
        finally:
            self.client.timeout = timeout
        return answer if isinstance(answer, dict) else {}

    def _token_works(self):
        """Whether the stored token is a valid one, which an old Maintainerr cannot tell, and none without plex.tv."""
        if self.client.old:
            return True
        answer = self._asked("settings/test/plex/auth")
        return answer.get("code") == 1 or bool(answer.get("unreachable"))

    def _trouble(self):
        """What does not work of the connection; C(None) when it does.

        That a server answers needs no token, so what counts is that its libraries are seen; these are remembered, so both are asked, libraries first,
        because that makes a connection that is not there yet.
        """
        client, seen = self.client, False
        timeout, client.timeout = client.timeout, max(client.timeout, PLEX_TIMEOUT)
        try:
            # A server may have no libraries yet, but never no users.
            seen = bool(client.libraries() or client.read("plex/users" if client.old else "media-server/users", fresh=True))
        except MediaError as error:
            if error.unreachable:
                raise
        finally:
            client.timeout = timeout
        reached = self._asked("settings/test/plex").get("code") == 1
        if seen and reached:
            return None
        if not reached:
            return "Maintainerr does not reach Plex at this address{0}; look whether Plex runs, and whether the address is one that Maintainerr can use".format(
                " with this token" if client.old else "")
        if not self._token_works():
            return "plex.tv refuses the token; give the token of the account that owns the server"
        return "Plex refuses the token at this address; give the token of the account that owns the server"

    # -- Radarr, Sonarr, Seerr, Tautulli

    def do_maintainerr_server(self, wish):
        """Radarr and Sonarr by name, of which there may be several; the others by their kind.

        :param wish: C(kind), C(name), C(server_url), C(server_api_key), C(check_url), C(state).
        """
        kind = wish["kind"]
        if kind not in KINDS:
            raise MediaError("{0}: there is no kind of server {1}; {2}".format(self.where, kind, nearest(kind, KINDS)))
        if wish.get("state", "present") == "present" and not (wish.get("server_url") and wish.get("server_api_key")):
            raise MediaError("{0}: server_url and server_api_key are needed; give both".format(self.where))
        if wish.get("server_api_key"):
            self.client.secrets.add(wish["server_api_key"])
        return self._listed(kind, wish) if kind in SERVERS else self._single(kind, wish)

    def _listed(self, kind, wish):
        client, name = self.client, wish.get("name") or kind.capitalize()
        path = "settings/" + kind
        rows = client.read(path, fresh=True) or []
        client.secrets.update(row["apiKey"] for row in rows if row.get("apiKey"))
        found = [row for row in rows if row.get("serverName") == name]
        if len(found) > 1:
            raise MediaError("{0}: there are {1} of this name; remove all but one in Maintainerr".format(self.where, len(found)))
        if wish.get("state") == "absent":
            if found and not self.check_mode:
                self._delete("{0}/{1}".format(path, found[0]["id"]))
            return self.change("maintainerr_server", name, "delete" if found else None, self._told(found[0]) if found else {}, {})
        url = whole(wish["server_url"]).lower()
        # One with another name at the same address is the same server.
        found = found or [row for row in rows if whole(str(row.get("url"))).lower() == url][:1]
        held = found[0] if found else None
        body = {"serverName": name, "url": url, "apiKey": wish["server_api_key"]}

        def write(payload):
            self._test(kind, body)
            body_of = {key: payload[key] for key in body}
            client.tell("PUT" if held else "POST", "{0}/{1}".format(path, held["id"]) if held else path, body_of)

        def read_back():
            return next((row for row in client.read(path, fresh=True) or [] if row.get("serverName") == name), {})

        current = dict(held, url=whole(str(held["url"])).lower()) if held else None
        return self.settle("maintainerr_server", name, current, body, write, read_back, secrets=("apiKey",))

    def _single(self, kind, wish):
        client = self.client
        if kind in REQUESTS:
            # Two places before 3.0, for either ancestor of Seerr.
            slot = ("jellyseerr" if kind == "seerr" else kind) if client.old else "seerr"
        else:
            slot = kind
        path, name = "settings/" + slot, self.title("maintainerr_server", wish)
        held = client.read(path, fresh=True)
        held = held if isinstance(held, dict) and held.get("url") else None
        if held and held.get("api_key"):
            client.secrets.add(held["api_key"])
        if wish.get("state") == "absent":
            if held and not self.check_mode:
                self._delete(path)
            return self.change("maintainerr_server", name, "delete" if held else None, self._told(held) if held else {}, {})
        if kind in REQUESTS and wish.get("check_url") and not held and self._nobody(wish):
            return dict(self.change("maintainerr_server", name, None), links=[(name, "missing")])
        body = {"url": whole(wish["server_url"]), "api_key": wish["server_api_key"]}

        def write(payload):
            self._test(slot, body)
            client.tell("POST", path, {key: payload[key] for key in body})

        current = dict(held, url=whole(held["url"])) if held else None
        return self.settle("maintainerr_server", name, current, body, write, lambda: client.read(path, fresh=True), secrets=("api_key",))

    def _nobody(self, wish):
        """Whether a Seerr takes no key yet, since nobody has signed in; of one that does not answer that is not known."""
        seerr = SeerrClient(wish["check_url"], wish["server_api_key"], name=wish.get("name") or wish["kind"].capitalize(), timeout=self.client.timeout,
                            wait_timeout=0 if self.check_mode else self.client.wait_timeout)
        try:
            seerr.connect()
        except MediaError:
            # What is wrong with it, Maintainerr's own test tells.
            return False
        return not seerr.authorized and not seerr.claimed

    def verify(self, wishes, options):
        """Plex's libraries as Maintainerr sees them, and its own test of every other server, which stores nothing."""
        found = []
        for wish in wishes:
            kind, name = wish.get("kind"), self.title(wish["resource"], wish)
            if wish["resource"] not in self.links or wish.get("state", "present") == "absent":
                continue
            if wish["resource"] == "maintainerr_plex":
                said = self._trouble()
            elif options.get("check_mode"):
                found.append((name, "skipped", "its test is a request of its own, which check mode does not make"))
                continue
            else:
                said = self._verified(kind, wish.get("name") or kind.capitalize())
            found.append((name, "failed" if said else "ok", said or "Maintainerr gets through to it"))
        return found

    def _verified(self, kind, name):
        """What does not work of a server that is stored; C(None) when it does."""
        slot, key = kind, "apiKey"
        if kind in SERVERS:
            held = next((row for row in self.client.read("settings/" + kind, fresh=True) or [] if row.get("serverName") == name), None)
        else:
            key = "api_key"
            if kind in REQUESTS:
                slot = ("jellyseerr" if kind == "seerr" else kind) if self.client.old else "seerr"
            held = self.client.read("settings/" + slot, fresh=True)
        if not isinstance(held, dict) or not held.get("url"):
            return "Maintainerr has no such server; run site.yml"
        self.client.secrets.add(str(held.get(key) or ""))
        try:
            self._test(slot, {name: held[name] for name in ("serverName", "url", key) if name in held})
        except MediaError as error:
            if error.unreachable:
                raise
            return str(error)
        return None

    def _test(self, kind, body):
        """What Maintainerr saves, it does not try; so it is asked to before.

        :raises MediaError: with what it said.
        """
        said = self.client.refusal(self.client.write("POST", "settings/test/" + kind, body))
        if said:
            raise MediaError("Maintainerr does not get through to {0} ({1}); look whether it runs, and correct server_url or server_api_key".format(
                body["url"], "no further word" if said == "Failure" else said.rstrip(".")))

    def _delete(self, path):
        answer = self.client.write("DELETE", path)
        if not isinstance(answer, dict) or answer.get("code") != 1:
            answer = answer if isinstance(answer, dict) else {}
            used = (answer.get("data") or {}).get("collectionsInUse") or []
            names = [str(item.get("title") or item.get("name") or item.get("id")) if isinstance(item, dict) else str(item) for item in used]
            raise MediaError("{0}: {1}{2}; take it out of those rules first".format(
                self.where, answer.get("message") or "refused without a reason", " ({0})".format(", ".join(names)) if names else ""))

    @staticmethod
    def _told(row):
        return {key: HIDDEN if key in ("apiKey", "api_key") else value for key, value in row.items()}

    # -- rules

    def do_maintainerr_rule(self, wish):
        """One group of rules by its name.

        :param wish: The options of the module C(maintainerr_rule).
        """
        client, name = self.client, wish["name"]
        rows = [row for row in client.read("rules", fresh=True) or [] if row.get("name") == name]
        if len(rows) > 1:
            raise MediaError("{0}: there are {1} of this name; remove all but one in Maintainerr".format(self.where, len(rows)))
        held = self._readable(rows[0]) if rows else None
        if wish.get("state") == "absent":
            if held and not self.check_mode:
                client.tell("DELETE", "rules/{0}".format(rows[0]["id"]))
            return self.change("maintainerr_rule", name, "delete" if held else None, held or {}, {})
        if not held and not (wish.get("library") and wish.get("rules")):
            raise MediaError("{0}: a new group needs library and rules; give both".format(self.where))
        rules = None
        if wish.get("rules") is not None:
            known = self._applications()
            rules = [self._rule(rule, place, known) for place, rule in enumerate(wish["rules"])]
        wanted = self._wanted(wish, rules)
        current = dict(held) if held else {}
        before = {key: current.get(key) for key, value in wanted.items() if current.get(key) != value}
        after = {key: wanted[key] for key in before}
        if after and not self.check_mode:
            # A schedule that is none would be stored.
            if after.get("schedule") and client.refusal(client.write("POST", "settings/cron/validate", {"schedule": after["schedule"]})):
                raise MediaError(NO_CRON.format(self.where, after["schedule"]))
            # Rules that are not given are sent as they are.
            self._store(name, dict(current, **wanted), rows[0] if rows else None, rules if rules is not None else self._stored(rows[0]))
            found = [row for row in client.read("rules", fresh=True) or [] if row.get("name") == name]
            current = self._readable(found[0]) if found else {}
            left = sorted(key for key, value in wanted.items() if current.get(key) != value)
            if left:
                raise MediaError("{0}: the app answered that it saved it, but {1} did not change; look into the app's log".format(self.where, ", ".join(left)))
        return self.change("maintainerr_rule", name, ("update" if held else "create") if after else None, before, after, current)

    def _applications(self):
        """Spoken name of a property, such as C(plex.addDate), to its numbers and its description."""
        return {"{0}.{1}".format(app["name"], row["name"]).lower(): ([app["id"], row["id"]], "{0}.{1}".format(app["name"].lower(), row["name"]), row)
                for app in self.client.constants() for row in app.get("props") or []}

    def _property(self, name, known):
        key = str(name).lower()
        if key not in known:
            # Names of the server of requests changed with the app; Seerr is in the place of Jellyseerr before 3.0.
            app, _dot, rest = key.partition(".")
            key = next((other + "." + rest for other in REQUESTS if app in REQUESTS and other + "." + rest in known), key)
        if key not in known:
            kind = key.partition(".")[0]
            if kind in KINDS and not any(other.partition(".")[0] in (REQUESTS if kind in REQUESTS else (kind,)) for other in known):
                raise MediaError("{0}: rules cannot look at {1}, because Maintainerr has no {2}; add it first".format(self.where, name, kind.capitalize()))
            raise MediaError("{0}: rules cannot look at {1}; {2}".format(self.where, name, nearest(name, [entry[1] for entry in known.values()])))
        return known[key]

    def _rule(self, rule, place, known):
        """One rule as the app stores it."""
        if not isinstance(rule, dict) or not rule.get("first") or not rule.get("action"):
            raise MediaError("{0}: rule {1} needs first and action; give both".format(self.where, place + 1))
        rule = {key: value for key, value in rule.items() if value is not None}
        extra = set(rule) - {"first", "action", "value", "second", "operator", "section", "path", "user"}
        if extra:
            raise MediaError("{0}: a rule has no {1}; there are first, action, value, second, operator, section, path, user".format(
                self.where, ", ".join(sorted(extra))))
        numbers, _name, row = self._property(rule["first"], known)
        kind, action = int(row["type"]["key"]), str(rule["action"]).lower()
        possible = [COMPARISONS[number] for number in row["type"].get("possibilities") or [] if number < len(COMPARISONS)]
        if action not in possible:
            raise MediaError("{0}: {1} cannot be compared by {2}; {3}".format(self.where, rule["first"], rule["action"], nearest(action, possible)))
        found = {"operator": None, "action": COMPARISONS.index(action), "firstVal": numbers, "section": int(rule.get("section") or 0)}
        if place:
            operator = str(rule.get("operator") or "and").lower()
            if operator not in OPERATORS:
                raise MediaError("{0}: operator is and or or, not {1}".format(self.where, rule["operator"]))
            found["operator"] = OPERATORS.index(operator)
        for option, key in (("path", "arrDiskPath"), ("user", "username")):
            if rule.get(option):
                found[key] = str(rule[option])
        if action in ALONE:
            return found
        if rule.get("second"):
            found["lastVal"] = self._property(rule["second"], known)[0]
        elif rule.get("value") is None:
            raise MediaError("{0}: {1} {2} needs value or second; give one".format(self.where, rule["first"], action))
        else:
            found["customVal"] = self._value(rule, kind, action)
        return found

    def _value(self, rule, kind, action):
        """A value as the app stores it: its type and a text."""
        value = rule["value"]
        try:
            if isinstance(value, dict):
                if set(value) != {"days"} or kind != DATE:
                    raise ValueError(value)
                return {"ruleTypeId": NUMBER, "value": str(round(float(value["days"]) * DAY))}
            if kind == NUMBER or action.startswith("count_"):
                if isinstance(value, bool):
                    raise ValueError(value)
                number = float(value)
                return {"ruleTypeId": NUMBER, "value": str(int(number) if number == int(number) else number)}
            if kind == BOOL:
                return {"ruleTypeId": BOOL, "value": "1" if yes_or_no(value) else "0"}
            if kind == DATE:
                time.strptime(str(value)[:10], "%Y-%m-%d")
                return {"ruleTypeId": DATE, "value": str(value)[:10]}
            if isinstance(value, list):
                if kind != TEXT_LIST:
                    raise ValueError(value)
                return {"ruleTypeId": TEXT, "value": json.dumps([str(item) for item in value], ensure_ascii=False)}
            return {"ruleTypeId": TEXT, "value": str(value)}
        except (TypeError, ValueError):
            raise MediaError("{0}: {1} is compared with {2}, not with {3}".format(
                self.where, rule["first"], TYPES[NUMBER if action.startswith("count_") else kind], json.dumps(value, default=str))) from None

    @staticmethod
    def _plain_rule(rule):
        """A rule that the app told, in the form of C(_rule)."""
        def number(value):
            return None if value in (None, "") else int(value)

        found = {"operator": number(rule.get("operator")), "action": int(rule["action"]), "firstVal": [int(item) for item in rule["firstVal"]],
                 "section": int(rule.get("section") or 0)}
        if rule.get("lastVal"):
            found["lastVal"] = [int(item) for item in rule["lastVal"]]
        if rule.get("customVal"):
            found["customVal"] = {"ruleTypeId": int(rule["customVal"]["ruleTypeId"]), "value": str(rule["customVal"]["value"])}
        for key in ("arrDiskPath", "username"):
            if rule.get(key):
                found[key] = rule[key]
        return found

    def _speak(self, rules):
        """Rules as people write them, for results and comparison."""
        known = self._applications().values()
        names = {tuple(numbers): name for numbers, name, _row in known}
        dates = {tuple(numbers) for numbers, _name, row in known if int(row["type"]["key"]) == DATE}
        spoken = []
        for place, rule in enumerate(rules):
            found = {"first": names.get(tuple(rule["firstVal"]), rule["firstVal"]), "action": COMPARISONS[rule["action"]]}
            if place:
                found["operator"] = OPERATORS[rule["operator"] or 0]
            if "lastVal" in rule:
                found["second"] = names.get(tuple(rule["lastVal"]), rule["lastVal"])
            if "customVal" in rule:
                kind, value = rule["customVal"]["ruleTypeId"], rule["customVal"]["value"]
                if kind == BOOL:
                    value = value in ("1", "true")
                elif kind == NUMBER and tuple(rule["firstVal"]) in dates:
                    days = float(value) / DAY
                    value = {"days": int(days) if days == int(days) else days}
                found["value"] = value
            if rule["section"]:
                found["section"] = rule["section"]
            for option, key in (("path", "arrDiskPath"), ("user", "username")):
                if key in rule:
                    found[option] = rule[key]
            spoken.append(found)
        return spoken

    def _library(self, name):
        try:
            rows = self.client.libraries()
        except MediaError as error:
            if error.status in UNSET:
                raise MediaError("{0}: Maintainerr is not connected to Plex yet; connect it first".format(self.where)) from None
            if error.status in DOWN:
                raise MediaError("{0}: Maintainerr gets no libraries from Plex; look whether Plex runs, and at the connection to it".format(
                    self.where)) from None
            raise
        found = [row for row in rows if row["title"] == name or row["id"] == str(name)]
        if not found:
            raise MediaError("{0}: Maintainerr sees no library {1}, and looks for new ones every five minutes; {2}".format(
                self.where, name, nearest(name, [row["title"] for row in rows]) if rows else "it sees none at all, so look at its connection to Plex"))
        return found[0]

    def _server(self, kind, name):
        rows = self.client.read("settings/" + kind, fresh=True) or []
        found = [row for row in rows if row.get("serverName") == name]
        if not found:
            raise MediaError("{0}: Maintainerr has no {1} {2}; {3}".format(self.where, kind.capitalize(), name, nearest(
                name, [row.get("serverName") for row in rows])))
        return found[0]["id"]

    def _wanted(self, wish, rules):
        """The wish, in the terms of C(_readable)."""
        client = self.client
        found = {}
        if wish.get("library") is not None:
            library = self._library(wish["library"])
            found["library"] = library["id"]
            level = wish.get("level") or ("movie" if library["type"] == "movie" else "show")
            if (level == "movie") != (library["type"] == "movie"):
                raise MediaError("{0}: level {1} does not go with the library {2}, which holds {3}s; correct either".format(
                    self.where, level, library["title"], library["type"]))
            found["level"] = level
        elif wish.get("level"):
            found["level"] = wish["level"]
        if rules is not None:
            found["rules"] = self._speak(rules)
        if wish.get("action") is not None:
            if wish["action"] not in ACTIONS:
                raise MediaError("{0}: there is no action {1}; {2}".format(self.where, wish["action"], nearest(wish["action"], ACTIONS)))
            if client.old and ACTIONS.index(wish["action"]) >= OLD_ACTIONS:
                raise MediaError("{0}: Maintainerr {1} has no action {2}; use 3.x, or another action".format(self.where, client.version, wish["action"]))
            found["action"] = wish["action"]
        for kind in SERVERS:
            if wish.get(kind) is not None:
                found[kind] = self._server(kind, wish[kind])
        for option in ("description", "active", "delete_after_days", "list_exclusions", "force_request_removal", "show_on_home", "show_on_recommended",
                       "keep_logs_months"):
            if wish.get(option) is not None:
                found[option] = wish[option]
                if option in ("delete_after_days", "keep_logs_months") and wish[option] < 0:
                    raise MediaError("{0}: {1} is 0 or more, not {2}".format(self.where, option, wish[option]))
        for option, known in (("tag", not client.old), ("schedule", client.schedules)):
            if wish.get(option) is not None:
                if not known:
                    raise MediaError("{0}: Maintainerr {1} knows no {2} for one group; leave it out, or use 3.x".format(self.where, client.version, option))
                found[option] = wish[option]
        if found.get("schedule") and len(found["schedule"].split()) != 5:
            raise MediaError(NO_CRON.format(self.where, found["schedule"]))
        return found

    @staticmethod
    def _stored(row):
        """The rules of a group as the app stores them, which it does as texts."""
        rules = [json.loads(item["ruleJson"]) if isinstance(item.get("ruleJson"), str) else item for item in row.get("rules") or []]
        return [rule for rule in rules if isinstance(rule, dict) and rule.get("firstVal")]

    def _readable(self, row):
        """A group as the app tells it, in the terms of the module."""
        client, collection = self.client, row.get("collection") or {}
        rules = [self._plain_rule(rule) for rule in self._stored(row)]
        level = row.get("dataType")
        if isinstance(level, int) or str(level).isdigit():
            level = LEVELS[int(level) - 1]
        number = int(collection.get("arrAction") or 0)
        found = {"id": row["id"], "library": str(row.get("libraryId")), "level": level, "rules": self._speak(rules),
                 "action": ACTIONS[number] if number < len(ACTIONS) else number, "description": row.get("description") or "",
                 "active": bool(row.get("isActive")), "delete_after_days": collection.get("deleteAfterDays"),
                 "list_exclusions": bool(collection.get("listExclusions")),
                 "force_request_removal": bool(collection.get("forceOverseerr" if client.old else "forceSeerr")),
                 "show_on_home": bool(collection.get("visibleOnHome")), "show_on_recommended": bool(collection.get("visibleOnRecommended")),
                 "keep_logs_months": collection.get("keepLogsForMonths"), "radarr": collection.get("radarrSettingsId"),
                 "sonarr": collection.get("sonarrSettingsId")}
        if not client.old:
            found["tag"] = bool(collection.get("tagInArr"))
        if client.schedules:
            found["schedule"] = row.get("ruleHandlerCronSchedule") or ""
        return found

    def _store(self, name, group, held, rules):
        """Write a group, completely; what the module has no option for stays as the app told it."""
        client = self.client
        collection = (held or {}).get("collection") or {}
        numbers = client.old
        body = {
            "name": name,
            "description": group.get("description") or "",
            "libraryId": int(group["library"]) if numbers else group["library"],
            "dataType": LEVELS.index(group["level"]) + 1 if numbers else group["level"],
            "isActive": group.get("active", True),
            "useRules": True,
            "arrAction": ACTIONS.index(group.get("action", "delete")),
            "listExclusions": group.get("list_exclusions", False),
            "forceOverseerr" if numbers else "forceSeerr": group.get("force_request_removal", False),
            "radarrSettingsId": group.get("radarr"),
            "sonarrSettingsId": group.get("sonarr"),
            "notifications": (held or {}).get("notifications") or [],
            "rules": rules,
            "collection": {
                "visibleOnRecommended": group.get("show_on_recommended", False),
                "visibleOnHome": group.get("show_on_home", False),
                "deleteAfterDays": group.get("delete_after_days"),
                "manualCollection": collection.get("manualCollection", False),
                "manualCollectionName": collection.get("manualCollectionName") or "",
                "keepLogsForMonths": group.get("keep_logs_months", 6),
            },
        }
        for key in ("tautulliWatchedPercentOverride", "radarrQualityProfileId", "sonarrQualityProfileId", "cleanupLeftoverFolders", "sportarrSettingsId",
                    "sportarrQualityProfileId"):
            if collection.get(key) is not None:
                body[key] = collection[key]
        for key in ("sortTitle", "mediaServerSort", "overlayEnabled", "overlayTemplateId"):
            if collection.get(key) is not None:
                body["collection"][key] = collection[key]
        if not numbers:
            body["tagInArr"] = group.get("tag", False)
        if client.schedules:
            body["ruleHandlerCronSchedule"] = group.get("schedule") or None
        if held:
            body["id"] = held["id"]
        client.tell("PUT" if held else "POST", "rules", body)


def inspect(client):
    """Everything that the module C(maintainerr_info) tells, without secrets.

    :param client: A C(MaintainerrClient) that is connected.
    """
    settings = client.read("settings")
    client.secrets.update(value for key, value in settings.items() if isinstance(value, str) and value and re.search("token|api_?key|password", key))
    worker = MaintainerrWorker(client, None)
    try:
        libraries = client.libraries()
    except MediaError as error:
        # Before Plex is connected.
        if error.status not in UNSET + DOWN:
            raise
        libraries = []
    return {
        "settings": {key: HIDDEN if value and re.search("token|api_?key|password", key) else value for key, value in settings.items()},
        "libraries": libraries,
        "servers": {kind: [{"id": row["id"], "name": row["serverName"], "url": row["url"]} for row in client.read("settings/" + kind) or []]
                    for kind in SERVERS},
        "properties": {name: [COMPARISONS[number] for number in row["type"].get("possibilities") or [] if number < len(COMPARISONS)]
                       for _numbers, name, row in worker._applications().values()},
        "rules": [dict(worker._readable(row), name=row["name"]) for row in client.read("rules") or []],
    }
