# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tautulli: its API, the two pages that save settings, and what it is to hold.

Facts, as seen on a real 2.17.2 and in its sources (plexpy/api2.py, webserve.py, notifiers.py): every refusal of the API is a 400 with a message; no
command changes settings, so the form of the first-run wizard does, which changes only the keys that are sent (the form of the settings page sets
every box that is not sent to 0, the API's own switch among them); it takes the API key in a header, and the login where there is one. Values of
TAUTULLI_* in the environment win and are not told by C(get_settings), and a save of them is dropped. C(set_notifier_config) answers success for
notifiers that do not exist, and resets what is not sent; C(delete_notifier) always answers success.
"""
from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import re
import time

from ansible_collections.homelab.media.plugins.module_utils import documents
from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError, redact
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS, nearest, yes_or_no
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker

# plexpy/notifiers.py, AGENT_IDS.
AGENTS = {"boxcar": 9, "browser": 17, "discord": 20, "email": 10, "facebook": 16, "gotify": 29, "groupme": 22, "growl": 0, "ifttt": 12, "join": 18,
          "lunasea": 27, "microsoftteams": 28, "mqtt": 23, "ntfy": 30, "osx": 8, "plex": 3, "plexmobileapp": 26, "prowl": 1, "pushbullet": 6,
          "pushover": 7, "remoteapp": 21, "scripts": 15, "slack": 14, "telegram": 13, "twitter": 11, "webhook": 25, "xbmc": 2, "zapier": 24}
# Fields of agents that hold a secret and are not called so: addresses of hooks carry one.
SECRET_FIELDS = re.compile(r"^(hook|key|keys)$|_key$|access|bot_token", re.I)
# Settings that hold a secret and are not called so.
SECRET_SETTINGS = re.compile(r"_key$|http_password")
# What the links of Tautulli are called in its settings.
PLEX = {"host": "pms_ip", "port": "pms_port", "ssl": "pms_ssl", "identifier": "pms_identifier", "remote": "pms_is_remote"}
# Not changed here: with another key, or without its API, the app cannot be worked on.
OWN = ("api_key", "api_enabled", "pms_token", "first_run_complete", "jwt_secret", "id")
# Saving settings restarts the app's web server and its connection to Plex, which takes 14 to 19 seconds.
SAVING = 90
# Seconds in which it has to have connected to Plex.
CONNECTING = 20
WITHOUT = {"parameter": "", "operator": "", "value": []}


class TautulliClient(ApiClient):
    """The API of one Tautulli.

    :param api_key: Its key.
    :param username: User name of the web page's login, for changing settings where there is a login.
    :param password: Its password.
    """

    wrong_key = "give the key of Settings > Web Interface"

    def __init__(self, url, api_key, username=None, password=None, **options):
        super().__init__(url, headers={"X-Api-Key": api_key}, secrets=[api_key, password], **options)
        self.api_key, self.username, self.password = api_key, username, password

    def connect(self):
        """Wait until it answers, and make sure that it is Tautulli.

        :return: What it says about itself.
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        foreign = "connecting to {0} at {1}: what answers there is not Tautulli; correct the URL".format(self.name, self.url)
        try:
            found = self.patient("GET", "/api/v2", params={"apikey": self.api_key, "cmd": "get_tautulli_info"})
        except MediaError as error:
            # Some other app fails over a path that it does not know.
            if error.status in (404, 405) or error.status == 500 and "a web page" in str(error):
                raise MediaError(foreign, error.status) from None
            raise
        if not isinstance(found, dict) or not isinstance(found.get("response"), dict):
            raise MediaError(foreign)
        status = found["response"].get("data") or {}
        if not status.get("tautulli_version"):
            raise MediaError(foreign)
        self.app, self.version = "tautulli", status["tautulli_version"]
        return status

    def _decode(self, response, what):
        if response.status_code in (400, 401):
            try:
                message = response.json()["response"]["message"]
            except (ValueError, KeyError, TypeError):
                message = None
            if message and "apikey" in message.lower():
                raise MediaError("{0}: the API key is wrong; {1}".format(what, self.wrong_key), 401)
            if message:
                remedy = {"API not enabled": "; switch it on in Settings > Web Interface",
                          "API key not generated correctly": ", since it has not exactly 32 characters; generate a new one"}.get(message, "")
                message = message.partition(" Possible commands")[0]
                raise MediaError("{0}: {1}{2} ({3})".format(what, redact(message, self.secrets), remedy, response.status_code), response.status_code)
        return super()._decode(response, what)

    def ask(self, cmd, fresh=False, **values):
        """The data of a command that only reads; remembered for the run."""
        key = json.dumps([cmd, values], sort_keys=True)
        if fresh or key not in self._cache:
            self._cache[key] = self._call("GET", cmd, values)
        return self._cache[key]

    def tell(self, cmd, **values):
        """The data of a command that changes something."""
        self._cache.clear()
        return self._call("POST", cmd, values)

    def _call(self, method, cmd, values):
        values = dict(values, apikey=self.api_key, cmd=cmd)
        try:
            answer = self.request(method, "/api/v2", **({"params": values} if method == "GET" else {"form": values}))
        except MediaError as error:
            raise MediaError("{0} ({1})".format(error, cmd) if error.status else str(error), error.status, error.unreachable) from None
        found = answer.get("response") if isinstance(answer, dict) else None
        if not isinstance(found, dict) or found.get("result") != "success":
            raise MediaError("{0} at {1}: {2} was answered with {3}".format(
                self.name, self.url, cmd, (found or {}).get("message") or "no result"))
        return found.get("data")

    def page(self, path, form):
        """Send a form of the web page, logged in where that is needed."""
        self._cache.clear()
        before, self.timeout = self.timeout, max(self.timeout, SAVING)
        try:
            try:
                return self.request("POST", path, form=form)
            except MediaError as error:
                if error.status not in (301, 302, 303, 401):
                    raise
            self._sign_in()
            return self.request("POST", path, form=form)
        finally:
            self.timeout = before

    def _sign_in(self):
        where = "logging in to {0} at {1}".format(self.name, self.url)
        if not self.username or not self.password:
            raise MediaError("{0}: settings can only be changed with the login of its web page; give username and password".format(where), 401)
        if self.ask("get_settings").get("General", {}).get("http_basic_auth"):
            self._session.auth = (self.username, self.password)
            return
        try:
            self.request("POST", "/auth/signin", form={"username": self.username, "password": self.password, "remember_me": "0", "admin_login": "1"})
        except MediaError as error:
            if error.status == 401:
                raise MediaError("{0}: it refuses user name and password; correct them".format(where), 401) from None
            if error.status == 429:
                raise MediaError("{0}: there were too many wrong logins; wait some minutes, and correct user name and password".format(where), 429) from None
            raise


def verifies(password, stored):
    """Whether a stored hash is that of a password (plexpy/password.py): the text of the salt is hashed, not what it encodes."""
    parts = str(stored).split("$")
    if len(parts) != 5 or parts[0] != "PBKDF2" or not parts[2].isdigit():
        return False
    try:
        size = len(base64.b64decode(parts[4]))
        made = hashlib.pbkdf2_hmac(parts[1], password.encode(), parts[3].encode(), int(parts[2]), dklen=size)
    except (ValueError, TypeError):
        return False
    return hmac.compare_digest(base64.b64encode(made), parts[4].encode())


def is_secret(name):
    """Whether a setting holds a secret."""
    return bool(OPEN_SECRETS.search(name) or SECRET_SETTINGS.search(name)) and not name.endswith(("hashed_password", "_keys"))


def like(value, have, where):
    """A wanted value in the type that the app has: boxes are 0 and 1.

    :raises MediaError: when that is not possible.
    """
    try:
        if isinstance(have, int) and isinstance(value, (bool, str)):
            try:
                return int(value)
            except ValueError:
                return int(yes_or_no(value))
    except ValueError:
        raise MediaError("{0} takes a number, or true or false; correct it".format(where)) from None
    if isinstance(have, str) and isinstance(value, bool):
        return str(int(value))
    if isinstance(have, list) and not isinstance(value, list):
        return [value]
    return str(value) if isinstance(have, str) and not isinstance(value, (dict, list)) else value


class TautulliWorker(Worker):
    """All work on one Tautulli."""

    links = ("plex",)

    # -- settings

    def settings(self, fresh=False):
        """All settings by key, and of the connection to Plex those that are in force."""
        found = {key: value for section in self.client.ask("get_settings", fresh).values() if isinstance(section, dict) for key, value in section.items()}
        found.update({key: value for key, value in self.client.ask("get_server_info", fresh).items() if key in PLEX.values()})
        # A configuration that was made anew has another one, and gets its token again.
        found["id"] = found.get("pms_uuid")
        return found

    def do_plex(self, wish):
        """The connection to Plex."""
        if wish.get("state") == "absent":
            # There is no switch for it, and a Tautulli without Plex does nothing either.
            return self.change("plex", self.title("plex", wish), None)
        return self._settings("plex", self.title("plex", wish), {"plex": wish})

    def do_settings(self, wish):
        """The connection to Plex, the login, and whatever else is set."""
        return self._settings("settings", "settings", wish)

    def _settings(self, kind, name, wish):
        current, wanted = self.settings(), {}
        for key, value in (wish.get("settings") or {}).items():
            key = key.lower()
            if key not in current:
                raise MediaError("{0}: there is no setting {1}; {2}".format(self.where, key, nearest(key, current)))
            if key in OWN or key in ("http_username", "http_password"):
                raise MediaError("{0}: {1} is not changed this way; leave it out, or use plex and login".format(self.where, key))
            if value is not None:
                wanted[key] = like(value, current[key], "{0}: {1}".format(self.where, key))
        login, plex = wish.get("login") or {}, wish.get("plex") or {}
        for option, key in PLEX.items():
            if plex.get(option) is not None:
                wanted[key] = like(plex[option], current.get(key, 0), "{0}: {1}".format(self.where, option))
        if plex:
            self._identify(plex, current, wanted)
        if login.get("username"):
            wanted["http_username"] = login["username"]
        plain = login.get("password")
        if plain:
            self.client.secrets.add(plain)
            wanted["http_password"] = current["http_password"] if verifies(plain, current.get("http_password")) else plain
        if plex.get("token"):
            wanted["pms_token"] = plex["token"]
            # It is never told; a row of asterisks makes the ledger answer for it.
            current["pms_token"] = "***"
        self.client.secrets.update(current[key] for key in current if is_secret(key) and isinstance(current[key], str) and current[key] != "***")
        secrets = [key for key in wanted if is_secret(key)]

        def write(payload):
            token = payload["pms_token"] if plex.get("token") else "***"
            if token != "***":
                self.client.page("/save_pms_token", {"token": token, "client_id": str(current.get("pms_client_id") or "")})
            form = {key: payload[key] for key in wanted if key != "pms_token" and payload[key] != current.get(key)}
            self._save(form, token != "***", current)
            if plex:
                self._connected(payload)

        def read_back():
            found = dict(self.settings(fresh=True), **({"pms_token": "***"} if plex.get("token") else {}))
            if plain and verifies(plain, found.get("http_password")):
                found["http_password"] = wanted["http_password"]
            return found

        try:
            done = self.settle(kind, name, current, wanted, write, read_back=read_back, secrets=secrets, ordered=("home_sections", "home_stats_cards"))
        except MediaError as error:
            if "did not change" in str(error):
                raise MediaError("{0}; a variable TAUTULLI_* in the app's environment wins over what is saved".format(str(error).partition(";")[0])) from None
            if "it is saved" in str(error):
                left = documents.merge(current, wanted, secrets=secrets)
                error.changes = [self.change(kind, name, "update", left.before, left.after)]
            raise
        done["object"] = {key: done["object"].get(key) for key in wanted if key != "pms_token"}
        return done

    def _identify(self, plex, current, wanted):
        """Let Tautulli ask Plex who it is, since it takes no server without its identifier."""
        if plex.get("identifier") or not plex.get("host"):
            return
        moved = any(key in wanted and wanted[key] != current.get(key) for key in ("pms_ip", "pms_port"))
        if current.get("pms_identifier") and not moved:
            return
        found = self.client.ask("get_server_id", hostname=wanted["pms_ip"], port=wanted.get("pms_port", current.get("pms_port")),
                                ssl=int(bool(wanted.get("pms_ssl", current.get("pms_ssl")))))
        if isinstance(found, dict) and found.get("identifier"):
            wanted["pms_identifier"] = found["identifier"]
        else:
            raise MediaError("{0}: Tautulli does not reach Plex at {1}:{2}; start it, or correct host, port and ssl".format(
                self.where, wanted["pms_ip"], wanted.get("pms_port", current.get("pms_port"))))

    def _save(self, form, token, current):
        if not form and not token:
            return
        values = {key: ",".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in form.items()}
        if token or any(key in PLEX.values() for key in form):
            # The wizard's form connects to the server that it names.
            values = dict({key: str(current[key]) for key in ("pms_ip", "pms_port", "pms_ssl", "pms_identifier") if current.get(key) is not None}, **values)
        self.client.page("/configUpdate", dict(values, first_run="1"))

    def verify(self, wishes, options):
        """Whether Tautulli holds a connection to Plex."""
        if not any(wish["resource"] in self.links and wish.get("state", "present") == "present" for wish in wishes):
            return []
        if (self.client.ask("server_status", fresh=True) or {}).get("connected"):
            return [("plex", "ok", "Tautulli is connected to it")]
        return [("plex", "failed", "Tautulli is not connected to Plex; look whether Plex runs, and run site.yml for address and token")]

    def _connected(self, wanted):
        """Wait until it is connected to Plex.

        :raises MediaError: when it is not, so that the token is not taken for one that works.
        """
        deadline = time.monotonic() + CONNECTING
        while True:
            try:
                if (self.client.ask("server_status", fresh=True) or {}).get("connected"):
                    return
            except MediaError as error:
                # Its web server restarts.
                if not error.unreachable:
                    raise
            if time.monotonic() > deadline:
                raise MediaError("it is saved, but Tautulli is not connected to Plex at {0}:{1}; look whether Plex runs there, and whether the token is "
                                 "right".format(wanted["pms_ip"], wanted["pms_port"]))
            time.sleep(0.5)

    # -- notifiers

    def do_notifier(self, wish):
        """A notifier, by its name and agent."""
        name, agent = wish["name"], wish.get("agent")
        if agent is not None and agent not in AGENTS:
            raise MediaError("{0}: there is no agent {1}; {2}".format(self.where, agent, nearest(agent, AGENTS)))
        rows = [row for row in self.client.ask("get_notifiers", fresh=True) if str(row["friendly_name"]).lower() == name.lower()
                and agent in (None, row["agent_name"])]
        if wish.get("state") == "absent":
            return self._remove(name, rows)
        if not rows and agent is None:
            raise MediaError("{0}: a new one needs an agent; {1}".format(self.where, nearest("", AGENTS)))
        current = self._notifier(rows[0]["id"]) if rows else None
        fields = dict(wish.get("fields") or {})
        known = set(current["fields"]) if current else None
        self._fields(fields, known, self.where + ": ")
        wanted = dict({"name": name}, fields={key: value for key, value in fields.items() if value is not None})
        if agent:
            wanted["agent"] = agent
        if wish.get("triggers") is not None:
            wanted["triggers"] = sorted({trigger if trigger.startswith("on_") else "on_" + trigger for trigger in wish["triggers"]})
            self._triggers(wanted["triggers"])
        if wish.get("texts"):
            wanted["texts"] = {key if key.startswith("on_") else "on_" + key: {part: text for part, text in value.items() if text is not None}
                               for key, value in wish["texts"].items()}
        if wish.get("conditions") is not None:
            wanted["conditions"] = [self._condition(item) for item in wish["conditions"]]
        if wish.get("conditions_logic") is not None:
            wanted["conditions_logic"] = wish["conditions_logic"]
        secrets = ["fields." + key for key in fields if self._secret(key)]
        made = []

        def write(payload):
            if current:
                number = rows[0]["id"]
            else:
                number = self.client.tell("add_notifier_config", agent_id=AGENTS[agent])["notifier_id"]
                made.append(number)
            try:
                self._fields(fields, set(self._notifier(number)["fields"]))
                self._store(number, payload)
            except MediaError:
                if made:
                    # Nothing half made stays.
                    self.client.tell("delete_notifier", notifier_id=number)
                raise

        def read_back():
            return self._notifier((made or [rows[0]["id"] if rows else 0])[0])

        for key, value in (list(fields.items()) if current else []):
            if value is not None:
                wanted["fields"][key] = like(value, current["fields"][key], "{0}: {1}".format(self.where, key))
        if not current:
            wanted["fields"] = {key: int(value) if isinstance(value, bool) else value for key, value in wanted["fields"].items()}
        done = self.settle("notifier", name, current, wanted, write, read_back=read_back, secrets=secrets, ordered=("conditions",))
        done["object"].pop("known", None)
        return done

    @staticmethod
    def _fields(fields, known, where=""):
        for key in fields:
            if known is not None and key not in known:
                raise MediaError("{0}there is no field {1}; {2}".format(where, key, nearest(key, known)))

    def _triggers(self, triggers):
        rows = self.client.ask("get_notifiers")
        known = set(self._notifier(rows[0]["id"])["known"]) if rows else None
        for trigger in triggers if known else ():
            if trigger not in known:
                raise MediaError("{0}: there is no trigger {1}; {2}".format(self.where, trigger, nearest(trigger, known)))

    @staticmethod
    def _secret(key):
        return bool(OPEN_SECRETS.search(key) or SECRET_FIELDS.search(key))

    @staticmethod
    def _condition(item):
        value = item.get("value")
        return {"parameter": str(item["parameter"]).lower(), "operator": str(item["operator"]).lower(),
                "value": value if isinstance(value, list) else [] if value is None else [value]}

    def _notifier(self, number):
        """A notifier in the words of the module.

        :raises MediaError: when it is gone, for which the app answers success and nothing.
        """
        found = self.client.ask("get_notifier_config", fresh=True, notifier_id=number)
        if not found or "config" not in found:
            raise MediaError("reading notifier {0} of {1}: it is gone; run again".format(number, self.client.name))
        conditions = [{key: item[key] for key in WITHOUT} for item in found.get("custom_conditions") or []]
        fields = copy.deepcopy(found["config"])
        self.client.secrets.update(value for key, value in fields.items() if self._secret(key) and isinstance(value, str) and value)
        return {"id": found["id"], "name": found["friendly_name"], "agent": found["agent_name"], "fields": fields,
                "triggers": sorted(key for key, on in found["actions"].items() if on), "texts": found.get("notify_text") or {},
                "conditions": [item for item in conditions if item != WITHOUT], "conditions_logic": found.get("custom_conditions_logic") or "",
                "known": sorted(found["actions"])}

    def _store(self, number, wanted):
        """Send everything: what is not sent is reset, or stays, depending on what it is."""
        found = self._notifier(number)
        agent, form = found["agent"], {}
        for key, value in dict(found["fields"], **wanted.get("fields", {})).items():
            form["{0}_{1}".format(agent, key)] = json.dumps(value) if isinstance(value, (dict, list)) else "" if value is None else value
        triggers = wanted.get("triggers", found["triggers"])
        for trigger in set(triggers) - set(found["known"]):
            raise MediaError("there is no trigger {0}; {1}".format(trigger, nearest(trigger, found["known"])))
        form.update({trigger: int(trigger in triggers) for trigger in found["known"]})
        for trigger, texts in (wanted.get("texts") or {}).items():
            if texts != found["texts"].get(trigger):
                form.update({"{0}_{1}".format(trigger, part): text for part, text in texts.items()})
        form.update(friendly_name=wanted["name"], custom_conditions=json.dumps(wanted.get("conditions") or [WITHOUT]),
                    custom_conditions_logic=wanted.get("conditions_logic") or "")
        self.client.tell("set_notifier_config", notifier_id=number, agent_id=AGENTS[agent], **form)

    def _remove(self, name, rows):
        if not rows:
            return self.change("notifier", name, None)
        numbers = [row["id"] for row in rows]
        if not self.check_mode:
            for number in numbers:
                self.client.tell("delete_notifier", notifier_id=number)
            if any(row["id"] in numbers for row in self.client.ask("get_notifiers", fresh=True)):
                raise MediaError("{0}: the app answered that it removed it, but it is still there; look into the app's log".format(self.where))
            self.ledger.forget("|".join((self.client.key, "notifier", name.lower(), "")))
        return self.change("notifier", name, "delete", before={"name": name, "agent": rows[0]["agent_name"]})


def inspect(client):
    """The server, the settings and the notifiers of one Tautulli, which is connected to; secrets hidden."""
    settings = {key: value for section in client.ask("get_settings").values() if isinstance(section, dict) for key, value in section.items()}
    worker = TautulliWorker(client, None, check_mode=True)
    notifiers = []
    for row in client.ask("get_notifiers"):
        found = worker._notifier(row["id"])
        del found["known"]
        notifiers.append(documents.hidden(found, ["fields." + key for key in found["fields"] if worker._secret(key)]))
    return {"server": dict(client.ask("get_server_info"), connected=bool(client.ask("server_status").get("connected"))),
            "settings": {key: HIDDEN if is_secret(key) and value else value for key, value in settings.items()}, "notifiers": notifiers}
