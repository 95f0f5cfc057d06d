# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NZBGet: its JSON-RPC, and the options of its file.

Facts, as seen on a real 21.0: names of options compare without regard to case (the file has C(ControlIP), the API C(ControlIp)); C(saveconfig)
replaces all options by the list that it is sent, and keeps comments; nothing holds before C(reload), which answers at once and restarts the program;
an option that it does not know, or a value that it does not like, is told in its log only, and pauses all downloads; C(loadconfig) has the options of
the file, C(config) those in effect with ${names} replaced; categories and servers are numbered blocks without a gap.
"""
from __future__ import annotations

import base64
import copy
import re
import time

from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient
from ansible_collections.homelab.media.plugins.module_utils.documents import hidden
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS, nearest, yes_or_no
from ansible_collections.homelab.media.plugins.module_utils.usenet import new_server
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker

BLOCK = re.compile(r"^(category|server|feed|task)(\d+)\.(.+)$", re.I)
# The server of a configuration that nobody has touched; it makes place for the first one.
EXAMPLE = "my.newsserver.com"
# A run could not go on with another one of these.
LOGIN = ("controlusername", "controlpassword")
CATEGORY = {"name": "Name", "dest_dir": "DestDir", "unpack": "Unpack", "extensions": "Extensions", "aliases": "Aliases"}
SERVER = {"name": "Name", "enabled": "Active", "host": "Host", "port": "Port", "server_username": "Username",
          "server_password": "Password", "encryption": "Encryption",
          "connections": "Connections", "level": "Level", "group": "Group", "optional": "Optional", "join_group": "JoinGroup", "cipher": "Cipher",
          "retention": "Retention", "ip_version": "IpVersion", "cert_verification": "CertVerification", "notes": "Notes"}
# Its clock of uptime counts whole seconds.
SETTLED = 3
# Seconds for a restart of the program.
RELOAD = 60


class NzbgetClient(ApiClient):
    """The JSON-RPC of one NZBGet.

    :param username: C(ControlUsername).
    :param password: C(ControlPassword).
    """

    def __init__(self, url, username, password, **options):
        super().__init__(url, secrets=[password], **options)
        self.log_in(username, password)

    def log_in(self, username, password):
        """Use a login from now on."""
        token = base64.b64encode("{0}:{1}".format(username, password).encode()).decode()
        self.secrets.update((password, token))
        self._session.headers["Authorization"] = "Basic " + token

    def connect(self):
        """Wait until it answers, and make sure that it is NZBGet.

        :return: C(version).
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        try:
            version = self.patient("GET", "/jsonrpc/version")
        except MediaError as error:
            if error.status in (400, 403, 404, 405, 500):
                raise self._foreign() from None
            raise
        version = version.get("result") if isinstance(version, dict) else None
        if not isinstance(version, str):
            raise self._foreign()
        self.app, self.version = "nzbget", version
        return {"version": version}

    def _foreign(self):
        return MediaError("connecting to {0} at {1}: what answers there is not NZBGet; correct the URL".format(self.name, self.url))

    def _decode(self, response, what):
        if response.status_code == 401:
            if "nzbget" not in response.headers.get("WWW-Authenticate", "").lower():
                raise self._foreign()
            raise MediaError("{0}: user name or password is wrong (401); give ControlUsername and ControlPassword".format(what), 401)
        return super()._decode(response, what)

    def ask(self, method, *arguments):
        """The result of a method that only reads."""
        return self._result(method, self.request("GET", "/jsonrpc/" + method, params=[("", item) for item in arguments] or None))

    def tell(self, method, *arguments):
        """The result of a method that changes something."""
        return self._result(method, self.request("POST", "/jsonrpc", {"method": method, "params": list(arguments), "id": 1}))

    def _result(self, method, answer):
        if not isinstance(answer, dict) or "result" not in answer:
            problem = answer.get("error") if isinstance(answer, dict) else None
            raise MediaError("{0} at {1}: {2} was answered with {3}; look whether this login may do that".format(
                self.name, self.url, method, problem.get("message") if isinstance(problem, dict) else "no result"))
        return answer["result"]

    def options(self):
        """The options of its file, in their order: a list of C({Name, Value})."""
        return [{"Name": item["Name"], "Value": item["Value"]} for item in self.ask("loadconfig")]

    def in_effect(self):
        """The options in effect, by name in lower case."""
        return {item["Name"].lower(): item["Value"] for item in self.ask("config")}

    def reload(self):
        """Restart the program with the options of its file, and wait until it is back.

        :raises MediaError: when it does not come back.
        """
        before = self.ask("status")["UpTimeSec"]
        if before < SETTLED:
            time.sleep(SETTLED - before)
        begin = time.monotonic()
        self.tell("reload")
        while True:
            time.sleep(0.2)
            passed = time.monotonic() - begin
            try:
                if self.ask("status")["UpTimeSec"] < min(passed + 1, SETTLED):
                    return
            except MediaError as error:
                if not error.unreachable and error.status not in (502, 503):
                    raise
            if passed > RELOAD:
                raise MediaError("{0} at {1}: it did not come back within {2} seconds after it was told to load its configuration; look into its log".format(
                    self.name, self.url, RELOAD))

    def complaints(self):
        """What it said about its options since it was started: name in lower case to its words."""
        found = {}
        for entry in self.ask("log", 0, 100):
            match = re.search(r'(?:Invalid option|Invalid value for option|Error in option)\s+"([^"]+)"', entry.get("Text", ""))
            if match and entry.get("Kind") in ("ERROR", "WARNING"):
                found[match.group(1).lower()] = entry["Text"].partition(": ")[2] or entry["Text"]
        return found


def text_of(value):
    """A value as it stands in the file."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def shape(value):
    """A text in the form in which it is compared: truth values in one spelling, no slash at the end, no spaces behind commas."""
    text = str(value)
    if text.lower() in ("yes", "no", "true", "false", "on", "off"):
        return "yes" if yes_or_no(text) else "no"
    return re.sub(r"\s*([,;])\s*", r"\1 ", text.rstrip("/") or text)


def blocks(options, kind):
    """The numbered blocks of a kind, in order: C({number, fields}), the fields by name in lower case."""
    found = {}
    for item in options:
        match = BLOCK.match(item["Name"])
        if match and match.group(1).lower() == kind:
            found.setdefault(int(match.group(2)), {})[match.group(3).lower()] = item["Value"]
    return [{"number": number, "fields": found[number]} for number in sorted(found)]


def without(options, kind, number):
    """The options without a block; those behind it move up, since a gap ends what NZBGet reads."""
    found = []
    for item in options:
        match = BLOCK.match(item["Name"])
        if match and match.group(1).lower() == kind and int(match.group(2)) >= number:
            if int(match.group(2)) == number:
                continue
            item = {"Name": "{0}{1}.{2}".format(match.group(1), int(match.group(2)) - 1, match.group(3)), "Value": item["Value"]}
        found.append(item)
    return found


def put(options, name, value):
    """Set an option, which comes last when it is new."""
    for item in options:
        if item["Name"].lower() == name.lower():
            item["Value"] = value
            return
    options.append({"Name": name, "Value": value})


class NzbgetWorker(Worker):
    """All work on one NZBGet. What is saved holds after a restart of the program, of which there is one at the end."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._options = self._original = None
        # Names in lower case of what was saved, and the login that holds afterwards.
        self._saved, self._login = set(), {}

    def options(self):
        """A copy of the options of its file."""
        if self._options is None:
            self._options = self.client.options()
        return copy.deepcopy(self._options)

    def _save(self, options):
        """Write the file, with every option that it had, and look whether that is what it has."""
        before = {item["Name"].lower(): item["Value"] for item in self.options()}
        if self._original is None:
            self._original = self.options()
        self.client.tell("saveconfig", options)
        self._options = None
        after = {item["Name"].lower(): item["Value"] for item in options}
        if {item["Name"].lower(): item["Value"] for item in self.options()} != after:
            raise MediaError("NZBGet answered that it saved its options, but has other ones; look whether it may write its file")
        self._saved.update(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        self._login.update({name: after[name] for name in LOGIN if after.get(name) != before.get(name)})

    def purge(self, wishes, purge, outcome):
        """At the end: load what was saved; when NZBGet does not like it, go back, since it would not download any more."""
        if not self._saved or self.check_mode:
            return
        self.where = self.client.name
        again = self._login and {name: self.client.in_effect().get(name, "") for name in LOGIN}
        self._restart(self._login and dict(again, **self._login))
        touched = self._touched()
        complaints = {name: words for name, words in self.client.complaints().items() if name in touched}
        if not complaints:
            return
        self.client.tell("saveconfig", self._original)
        self._restart(again)
        self.ledger.forget(self.client.key + "|")
        outcome["changes"] = [done for done in outcome["changes"] if done["resource"] not in self.kinds()]
        raise MediaError("{0}: NZBGet says {1}, so the former options hold again; correct them".format(self.client.name, "; ".join(
            "no to " + name if OPEN_SECRETS.search(name) else words for name, words in sorted(complaints.items()))))

    def _touched(self):
        """What was saved, and what is made of that: names in lower case."""
        found = set(self._saved)
        values = {item["Name"].lower(): item["Value"].lower() for item in self.options()}
        while True:
            more = {name for name, value in values.items() if any("${" + other + "}" in value for other in found)} - found
            if not more:
                return found
            found |= more

    def _restart(self, login):
        """Let it load its file, after which another login may hold."""
        if not login:
            self.client.reload()
            return
        before = self.client.ask("status")["UpTimeSec"]
        time.sleep(max(SETTLED - before, 0))
        self.client.tell("reload")
        self.client.log_in(login["controlusername"], login["controlpassword"])
        self.client.secrets.add(login["controlpassword"])
        end = time.monotonic() + RELOAD
        while True:
            time.sleep(0.5)
            try:
                self.client.ask("version")
                return
            except MediaError as error:
                if not (error.unreachable or error.status in (401, 502, 503)) or time.monotonic() > end:
                    raise

    # -- options

    def do_config(self, wish):
        """Any options but those of categories and servers."""
        options = self.options()
        names = {item["Name"].lower(): item["Name"] for item in options}
        effect = self.client.in_effect()
        wanted = {}
        for name, value in (wish.get("settings") or {}).items():
            match = BLOCK.match(name)
            if match and match.group(1).lower() in ("category", "server"):
                raise MediaError("{0}: {1} is of a {2}; use the module nzbget_{2}".format(self.where, name, match.group(1).lower()))
            if isinstance(value, dict):
                raise MediaError("{0}: {1} takes a text; correct it".format(self.where, name))
            if not match and ":" not in name and name.lower() not in names and name.lower() not in effect:
                raise MediaError("{0}: there is no option {1}; {2}".format(self.where, name, nearest(name, names.values())))
            if value is not None:
                wanted[names.get(name.lower(), name)] = shape(text_of(value))
        current = {item["Name"]: shape(item["Value"]) for item in options if item["Name"] in wanted}

        def write(payload):
            for name in wanted:
                if payload[name] != current.get(name):
                    put(options, name, payload[name])
            self._save(options)
            return payload

        done = self.settle("config", "config", current, wanted, write, secrets=[name for name in wanted if OPEN_SECRETS.search(name)])
        done["object"] = {name: HIDDEN if value and OPEN_SECRETS.search(name) else value for name, value in done["object"].items()}
        return done

    # -- blocks

    def _block(self, kind, fields, wish, current, options, secrets=(), number=None):
        """Bring a block about.

        :param fields: Option of the module to the name in the file.
        :param current: One of C(blocks), C(None) for a new one.
        :param number: Of a new one that takes the place of another one; the next number unless it is given.
        """
        where = kind.capitalize()
        have = None if current is None else {option: shape(current["fields"][name.lower()]) for option, name in fields.items()
                                             if name.lower() in current["fields"]}
        wanted = {option: shape(text_of(wish[option])) for option in fields if wish.get(option) is not None}
        number = current["number"] if current else number or len(blocks(options, kind)) + 1

        def write(payload):
            for option in wanted:
                if have is None or payload[option] != have.get(option):
                    put(options, "{0}{1}.{2}".format(where, number, fields[option]), payload[option])
            self._save(options)
            return payload

        done = self.settle(kind, wish["name"], have, wanted, write, secrets=secrets)
        if self.check_mode and done["action"]:
            # What comes next has to find this number taken.
            for option, value in wanted.items():
                put(options, "{0}{1}.{2}".format(where, number, fields[option]), value)
            self._options = options
        return done

    def _remove(self, kind, name, current, options):
        if current is None:
            return self.change(kind, name, None)
        if self.check_mode:
            self._options = without(options, kind, current["number"])
        else:
            self._save(without(options, kind, current["number"]))
            self.ledger.forget("|".join((self.client.key, kind, name.lower(), "")))
        before = hidden({key: value for key, value in current["fields"].items() if value}, ["password"])
        return self.change(kind, name, "delete", before=before)

    def do_category(self, wish):
        """A category, by its name."""
        options = self.options()
        current = next((item for item in blocks(options, "category") if item["fields"].get("name", "").lower() == wish["name"].lower()), None)
        if wish.get("state") == "absent":
            return self._remove("category", wish["name"], current, options)
        if current is not None and wish.get("keep"):
            return self.change("category", wish["name"], None, found=current["fields"])
        return self._block("category", CATEGORY, dict(wish, name=current["fields"]["name"] if current else wish["name"]), current, options)

    def do_server(self, wish):
        """A news server, by its name or host."""
        options = self.options()
        found = blocks(options, "server")
        current = next((item for item in found if item["fields"].get("name", "").lower() == wish["name"].lower()), None)
        hosts = [str(wish.get("host") or wish["name"]).lower()]
        if current is None:
            current = next((item for item in found if not item["fields"].get("name") and item["fields"].get("host", "").lower() in hosts), None)
        if wish.get("state") == "absent":
            return self._remove("server", wish["name"], current, options)
        if current is None:
            if not wish.get("host"):
                raise MediaError("{0}: a new server needs an address; set host".format(self.where))
            example = next((item["number"] for item in found if item["fields"].get("host", "").lower() == EXAMPLE), None)
            wish = {key: value for key, value in wish.items() if value is not None}
            new = new_server(wish.get("encryption"))
            wish = dict({"enabled": True, "encryption": new["ssl"], "port": new["port"], "connections": new["connections"]}, **wish)
            if example:
                # It has a login, of nobody.
                for item in options:
                    if item["Name"].lower() in ("server{0}.username".format(example), "server{0}.password".format(example)):
                        item["Value"] = ""
            return self._block("server", SERVER, wish, None, options, secrets=("server_password",), number=example)
        return self._block("server", SERVER, wish, current, options, secrets=("server_password",))


def inspect(client):
    """What C(nzbget_info) returns."""
    options = client.options()
    status = client.ask("status")

    def shown(kind):
        return [{name: HIDDEN if value and OPEN_SECRETS.search(name) else value for name, value in item["fields"].items()} for item in blocks(options, kind)]

    return {"options": {item["Name"]: HIDDEN if item["Value"] and OPEN_SECRETS.search(item["Name"]) else item["Value"] for item in options},
            "categories": shown("category"), "servers": shown("server"),
            "paused": bool(status.get("DownloadPaused")), "complaints": sorted(name for name in client.complaints())}
