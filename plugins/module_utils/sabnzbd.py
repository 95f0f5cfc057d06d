# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SABnzbd: its API, and what it is to hold.

Facts, as seen on a real 4.5.0 and in its sources (sabnzbd/api.py, config.py, interface.py): every mode answers 200, errors included, except for a
wrong key and a refused host name, which are 403 as text; C(version) needs no key; C(set_config) takes one keyword of a section at a time, tells what
it then has, and keeps the former value when it does not like the new one; truth values are 1 and 0, any other text is 0; numbers are cut to what is
allowed; passwords are masked by asterisks; C(del_config) answers success for what does not exist; names of categories are in lower case.
"""
from __future__ import annotations

import re

from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient, looks_like_html
from ansible_collections.homelab.media.plugins.module_utils.documents import hidden, masked
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError, redact
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS, nearest, yes_or_no
from ansible_collections.homelab.media.plugins.module_utils.usenet import new_server
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker, texts_of

# Sections with entries of their own.
ENTRIES = {"categories": "sabnzbd_category", "servers": "sabnzbd_server"}
OTHER_ENTRIES = ("rss", "sorters")
# Secrets that are not called so.
SECRET_KEYS = re.compile(r"^(nzb_key|email_pwd|apprise_urls|apprise_target_.*|socks5_proxy_url|unrar_parameters)$")
NO_SECRET = re.compile(r"_enable$|^password_file$")
# Extensions are kept without their dot.
EXTENSIONS = ("cleanup_list", "unwanted_extensions", "quick_check_ext_ignore", "ext_rename_ignore")
# The run needs it.
OWN_KEY = ("misc", "api_key")


class SabnzbdClient(ApiClient):
    """The API of one SABnzbd.

    :param api_key: Its key; not the one that may only add downloads.
    """

    def __init__(self, url, api_key, **options):
        super().__init__(url, secrets=[api_key], **options)
        self.api_key = api_key

    def connect(self):
        """Wait until it answers, and make sure that it is SABnzbd and that the key is right.

        :return: C(version).
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        try:
            answer = self.patient("GET", "/api", params={"mode": "version", "output": "json"})
        except MediaError as error:
            if error.status in (401, 404, 405, 500):
                raise self._foreign() from None
            raise
        version = answer.get("version") if isinstance(answer, dict) else None
        if not version or not isinstance(self.ask("get_config"), dict):
            raise self._foreign()
        self.app, self.version = "sabnzbd", version
        return {"version": version}

    def _foreign(self):
        return MediaError("connecting to {0} at {1}: what answers there is not SABnzbd; correct the URL".format(self.name, self.url))

    def _decode(self, response, what):
        text = " ".join((response.text or "").split())
        if response.status_code == 403 and "API Key" in text:
            raise MediaError("{0}: the API key is wrong (403); give the API key of Config > General, not the NZB key".format(what), 403)
        if response.status_code == 403 and "ostname" in text:
            raise MediaError("{0}: it refuses the host name that it is called by (403); add it to host_whitelist in Config > Special, or use the "
                             "IP address".format(what), 403)
        if response.status_code == 403 and not looks_like_html(response) or "External internet access" in text:
            raise MediaError("{0}: {1} (403)".format(what, redact(text[:200], self.secrets)), 403)
        found = super()._decode(response, what)
        if isinstance(found, dict) and found.get("status") is False and found.get("error"):
            raise MediaError("{0}: {1}".format(what, redact(found["error"], self.secrets)), response.status_code)
        return found

    def ask(self, mode, fresh=False, **values):
        """What a mode that only reads answers; remembered for the run."""
        if fresh or mode not in self._cache:
            self._cache[mode] = self.request("GET", "/api", params=dict(values, mode=mode, output="json", apikey=self.api_key))
        return self._cache[mode]

    def config(self, fresh=False):
        """The whole configuration, by section."""
        return self.ask("get_config", fresh)["config"]

    def tell(self, mode, **values):
        """Change something; a secret goes into the body, never into the address."""
        self._cache.clear()
        return self.request("POST", "/api", form=dict(values, mode=mode, output="json", apikey=self.api_key))


def is_secret(key):
    """Whether a keyword holds a secret."""
    return bool((OPEN_SECRETS.search(key) or SECRET_KEYS.search(key)) and not NO_SECRET.search(key))


def shape(key, value):
    """A value in the form in which it is compared: truth values as numbers, directories without a slash at the end."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list) and key in EXTENSIONS:
        return [str(item).lstrip(".").lower() for item in value]
    if isinstance(value, str) and key.endswith("dir"):
        return value.rstrip("/") or value
    return value


def like(value, have, where):
    """A wanted value in the type that SABnzbd has.

    :raises MediaError: when that is not possible.
    """
    if isinstance(have, list):
        return [str(item) for item in value] if isinstance(value, list) else [part.strip() for part in str(value).split(",") if part.strip()]
    if isinstance(value, list) and isinstance(have, str):
        return ", ".join(map(str, value))
    if isinstance(value, (list, dict)):
        raise MediaError("{0} takes {1}; correct it".format(where, "a number" if isinstance(have, (int, float)) else "a text"))
    if isinstance(have, (int, float)):
        try:
            number = float(str(value))
            return int(number) if number == int(number) else number
        except ValueError:
            pass
        try:
            return int(yes_or_no(value))
        except ValueError:
            raise MediaError("{0} takes a number, or true or false; correct it".format(where)) from None
    return str(int(value)) if isinstance(value, bool) else str(value)


def encoded(value):
    """A value as it goes into the form."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


class SabnzbdWorker(Worker):
    """All work on one SABnzbd."""

    # -- sections of the configuration

    def do_config(self, wish):
        """Keywords of any section but those of entries, and names that may be called by."""
        current = self.sections()
        wanted = {}
        for section, keys in (wish.get("settings") or {}).items():
            if section in ENTRIES:
                raise MediaError("{0}: {1} are described one by one; use the module {2}".format(self.where, section, ENTRIES[section]))
            self._known(section, current, "there is no section")
            for key, value in (keys or {}).items():
                self._known(key, current[section], "there is no keyword of {0} called".format(section))
                if (section, key) == OWN_KEY:
                    raise MediaError("{0}: the API key stays as it is, since this run needs it; change it in Config > General".format(self.where))
                if value is not None:
                    kept = like(value, current[section][key], "{0}: {1}.{2}".format(self.where, section, key))
                    wanted.setdefault(section, {})[key] = shape(key, kept)
        if wish.get("host_whitelist"):
            misc = wanted.setdefault("misc", {})
            names = list(misc.get("host_whitelist", current["misc"].get("host_whitelist") or []))
            misc["host_whitelist"] = names + [name for name in dict.fromkeys(map(str.lower, wish["host_whitelist"]))
                                              if name not in [other.lower() for other in names]]
        secrets = ["{0}.{1}".format(section, key) for section, keys in wanted.items() for key in keys if is_secret(key)]
        self.client.secrets.update(text for path in secrets for text in texts_of(_at(current, path)) if not masked(text))

        def write(payload):
            for section, keys in wanted.items():
                for key in keys:
                    value = payload[section][key]
                    if value != current[section][key]:
                        self._set(section, key, value)

        done = self.settle("config", "config", current, wanted, write, read_back=lambda: self.sections(fresh=True), secrets=secrets)
        done["object"] = {section: {key: value for key, value in done["object"].get(section, {}).items() if key in keys} for section, keys in wanted.items()}
        return done

    def sections(self, fresh=False):
        """The sections that hold keywords."""
        return {section: {key: shape(key, value) for key, value in keys.items()} for section, keys in self.client.config(fresh).items()
                if isinstance(keys, dict) and section not in OTHER_ENTRIES}

    def _set(self, section, key, value):
        answer = self.client.tell("set_config", section=section, keyword=key, value=encoded(value))
        have = shape(key, answer["config"][section][key])
        if have == value or masked(have) or str(have) == str(value):
            return
        if is_secret(key):
            raise MediaError("it does not take {0}.{1}; correct the value".format(section, key))
        raise MediaError("it does not take {0!r} for {1}.{2}, and has {3!r}; correct the value{4}".format(
            value, section, key, have, ", and see whether it may write there" if key.endswith("_dir") else ""))

    def _known(self, name, known, words):
        if name not in known:
            raise MediaError("{0}: {1} {2}; {3}".format(self.where, words, name, nearest(name, known)))

    # -- entries

    def _entry(self, section, name, fresh=False):
        return next((entry for entry in self.client.config(fresh).get(section) or []
                     if name.lower() in (str(entry.get("name")).lower(), str(entry.get("displayname", "")).lower())), None)

    def _settle_entry(self, kind, section, name, wanted, current, secrets=()):
        """Merge an entry, and send it as a whole."""
        keyword = current["name"] if current else name
        wanted = {key: value if value is None else shape(key, value) for key, value in wanted.items()}

        def write(payload):
            # Masked secrets are what it has, and the answer of a row of asterisks would be stored as the password by a version that does not know it.
            values = {key: encoded(value) for key, value in payload.items() if not (key in secrets and masked(value)) and key not in ("name", "newzbin")}
            answer = self.client.tell("set_config", section=section, keyword=keyword, **values)["config"][section][0]
            for key in sorted(key for key, value in wanted.items() if value is not None and key not in secrets):
                if str(shape(key, answer.get(key))) != str(payload[key]):
                    raise MediaError("it does not take {0!r} for {1}, and has {2!r}; correct the value".format(payload[key], key, answer.get(key)))

        def found():
            return self._shaped(self._entry(section, keyword, fresh=True)) or {}

        return self.settle(kind, name, self._shaped(current), dict({"name": keyword}, **wanted), write, read_back=found, secrets=secrets)

    @staticmethod
    def _shaped(entry):
        return entry and {key: shape(key, value) for key, value in entry.items()}

    def _remove(self, kind, section, name, current):
        if current is None:
            return self.change(kind, name, None)
        if not self.check_mode:
            self.client.tell("del_config", section=section, keyword=current["name"])
            if self._entry(section, current["name"], fresh=True):
                raise MediaError("{0}: SABnzbd answered that it removed it, but it is still there; look into its log".format(self.where))
            self.ledger.forget("|".join((self.client.key, kind, name.lower(), "")))
        return self.change(kind, name, "delete", before=hidden({key: value for key, value in current.items() if value not in ("", None)}, ["password"]))

    def do_category(self, wish):
        """A category with its directory and how its jobs are worked on."""
        name = wish["name"].lower()
        current = self._entry("categories", name)
        if wish.get("state") == "absent":
            if name == "*":
                raise MediaError("{0}: the default category cannot be removed; name another one".format(self.where))
            return self._remove("category", "categories", name, current)
        if current is not None and wish.get("keep"):
            return self.change("category", name, None, found=current)
        script = wish.get("script")
        if script and script not in ("None", "Default"):
            self._known(script, self.client.ask("get_scripts").get("scripts") or [], "there is no script")
        wanted = {key: wish.get(key) for key in ("dir", "pp", "script", "priority", "order")}
        if wanted["pp"] == "default":
            wanted["pp"] = ""
        return self._settle_entry("category", "categories", name, wanted, current)

    def do_server(self, wish):
        """A news server."""
        name = wish["name"]
        current = self._entry("servers", name)
        if wish.get("state") == "absent":
            return self._remove("server", "servers", name, current)
        wish = {key: value for key, value in wish.items() if value is not None}
        if current is None and not wish.get("host"):
            raise MediaError("{0}: a new server needs an address; set host".format(self.where))
        if current is None:
            # One that a person made without a name is called by its host; a second one there would use up the account's connections.
            current = next((entry for entry in self.client.config().get("servers") or []
                            if str(entry.get("displayname") or entry.get("name")).lower() == wish["host"].lower()), None)
            wish = dict({} if current else new_server(wish.get("ssl")), displayname=name, **wish)
        wanted = {key: value for key, value in wish.items() if key not in ("name", "state", "enabled")}
        wanted["enable"] = wish.get("enabled")
        return self._settle_entry("server", "servers", name, wanted, current, secrets=("password",))


def _at(sections, path):
    section, dot, key = path.partition(".")
    return sections.get(section, {}).get(key)


def inspect(client):
    """What C(sabnzbd_info) returns."""
    found = client.config()
    sections = {section: {key: HIDDEN if is_secret(key) and value else value for key, value in keys.items()} for section, keys in found.items()
                if isinstance(keys, dict)}
    return {"settings": sections, "categories": found.get("categories") or [],
            "servers": [hidden(entry, ["password"]) for entry in found.get("servers") or []],
            # Only what is said: behind it there may be a traceback.
            "warnings": [redact(str(entry.get("text") if isinstance(entry, dict) else entry).partition("\n")[0], client.secrets)
                         for entry in client.ask("warnings").get("warnings") or []]}
