# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bazarr: its API, and what it is to hold.

Facts, as seen on a real 1.5.2 and in its sources (api/system/settings.py, app/config.py, app/ui.py): settings are told in clear, and are written as a
form of which only the keys that are sent change; a JSON body is answered 204 and ignored; languages and profiles of a form are stored even when the
rest of it is refused with 406, so they go alone; a form with the address of a Sonarr or Radarr that nobody answers at is stored and never answered.
"""
from __future__ import annotations

import copy
import hashlib
import json
import re

from ansible_collections.homelab.media.plugins.module_utils import documents
from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS, nearest, yes_or_no
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker

SETTINGS = "system/settings"
LANGUAGES = "system/languages"
PROFILES = "system/languages/profiles"
# Options of a link, and the keys of its section.
LINK = {"host": "ip", "port": "port", "base_url": "base_url", "ssl": "ssl", "api_key": "apikey"}
# The cutoff that any language reaches.
ANY = 65535
# Needed by new items of a profile from 1.5.3 on, and unknown before.
AUDIO_ONLY = "audio_only_include"
# Secrets that are not called so; addresses of notifications hold tokens.
SECRET_KEYS = re.compile(r"^(hashed_password|f_password|url)$")
# Empty keys would let anybody in, and another one would shut this run out.
OWN_KEY = ("auth", "apikey")
# Changes that are made to subtitles.
MODS = ("general", "subzero_mods")


class BazarrClient(ApiClient):
    """The API of one Bazarr.

    :param api_key: Its key.
    """

    root = "/api"

    def __init__(self, url, api_key, **options):
        super().__init__(url, headers={"X-API-KEY": api_key}, secrets=[api_key], **options)

    def connect(self):
        """Wait until it answers, and make sure that it is Bazarr.

        :return: What it says about itself.
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        try:
            answer = self.patient("GET", "/api/system/status")
        except MediaError as error:
            if error.status == 404:
                raise MediaError("connecting to {0} at {1}: there is no API of Bazarr, so another app lives there; correct the URL".format(
                    self.name, self.url), 404) from None
            raise
        status = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(status, dict) or not status.get("bazarr_version"):
            raise MediaError("connecting to {0} at {1}: what answers there is not Bazarr; correct the URL".format(self.name, self.url))
        self.app, self.version = "bazarr", status["bazarr_version"]
        return status

    def post(self, form):
        """Send a form to the settings.

        :param form: Key to text, or to a list of texts for a repeated key.
        """
        self.forget(SETTINGS)
        self.request("POST", "/api/" + SETTINGS, form=form)


def base_url(value):
    """A base URL as Bazarr spells it when it uses it: a slash before it, and none behind it."""
    return "/" + str(value or "").strip("/")


def encoded(value):
    """A value as it goes into the form; a list is a repeated key, and an empty one a single empty text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [",".join(map(str, item)) if isinstance(item, list) else str(item) for item in value] or [""]
    return "null" if value is None else str(value)


def like(value, have, where):
    """A wanted value in the type that the app has.

    :raises MediaError: when that is not possible.
    """
    try:
        if isinstance(have, bool):
            return yes_or_no(value)
        if isinstance(have, int) and not isinstance(value, bool):
            return int(value)
    except (TypeError, ValueError):
        raise MediaError("{0} takes {1}; correct it".format(where, "true or false" if isinstance(have, bool) else "a number")) from None
    if isinstance(have, list) and not isinstance(value, list):
        return [value]
    return str(value) if isinstance(have, str) and not isinstance(value, (dict, list, str)) else value


def secret_paths(settings):
    """Dotted paths of the settings that hold a secret."""
    found = []
    for section, keys in settings.items():
        for key in keys if isinstance(keys, dict) else ():
            if OPEN_SECRETS.search(key) or SECRET_KEYS.search(key):
                found.append("{0}.{1}".format(section, key))
    return found


def item_key(item):
    """How a language of a profile is called in C(cutoff): C(en), C(en:hi) or C(en:forced)."""
    return item["language"] + (":forced" if item["forced"] else ":hi" if item["hi"] else "")


def truth(value):
    """Of what profiles hold as a text."""
    return str(value).lower() == "true"


def profile_of(entry):
    """A languages profile in the words of the module."""
    items = [{"language": item["language"], "forced": truth(item["forced"]), "hi": truth(item["hi"]), "audio_exclude": truth(item["audio_exclude"])}
             for item in entry["items"]]
    cutoff = ""
    if entry.get("cutoff") == ANY:
        cutoff = "any"
    else:
        for item, kept in zip(entry["items"], items):
            if entry.get("cutoff") is not None and item["id"] == entry["cutoff"]:
                cutoff = item_key(kept)
    return {"id": entry["profileId"], "name": entry["name"], "languages": items, "cutoff": cutoff, "must_contain": entry.get("mustContain") or [],
            "must_not_contain": entry.get("mustNotContain") or [], "original_format": bool(entry.get("originalFormat")), "tag": entry.get("tag") or ""}


class BazarrWorker(Worker):
    """All work on one Bazarr."""

    links = ("sonarr", "radarr")

    # -- settings

    def settings(self, fresh=False):
        """The settings, with base URLs in one spelling."""
        found = copy.deepcopy(self.client.read(SETTINGS, fresh))
        for section in ("general", "sonarr", "radarr"):
            if "base_url" in found.get(section, {}):
                found[section]["base_url"] = base_url(found[section]["base_url"])
        return found

    def do_settings(self, wish):
        """Sections of the settings, the links, the providers, languages and notifications."""
        current = self.settings()
        changes = [self._languages(wish["languages"])] if wish.get("languages") is not None else []
        wanted = {}
        for section, keys in (wish.get("settings") or {}).items():
            self._known(section, current, "there is no section")
            for key, value in (keys or {}).items():
                self._known(key, current[section], "there is no setting of {0} called".format(section))
                if (section, key) == OWN_KEY:
                    raise MediaError("{0}: the API key stays as it is, since this run needs it; change it on the page Settings > General".format(self.where))
                if value is not None:
                    wanted.setdefault(section, {})[key] = self._value(section, key, value, current[section][key])
        for app in ("sonarr", "radarr"):
            if wish.get(app):
                self._link(app, wish[app], wanted, current)
        self._providers(wish.get("providers"), wanted, current)
        self._login(wish.get("login") or {}, wanted)
        for kind in ("series", "movies"):
            if wish.get("default_profile_" + kind) is not None:
                self._default(kind, wish["default_profile_" + kind], wanted)
        changes.append(self._settle("settings", "settings", wanted, current))
        if wish.get("notifications"):
            changes.append(self._notifications(wish["notifications"]))
        return self._together("settings", "settings", changes)

    def do_sonarr(self, wish):
        """The link to Sonarr."""
        return self._one_link("sonarr", wish)

    def verify(self, wishes, options):
        """Bazarr itself asks Sonarr and Radarr, with the keys that it holds."""
        held, found = self.settings(fresh=True), []
        for app in dict.fromkeys(wish["resource"] for wish in wishes if wish["resource"] in self.links and wish.get("state", "present") == "present"):
            if not held["general"]["use_" + app]:
                found.append((app, "failed", "Bazarr does not use {0}; run site.yml".format(app.capitalize())))
                continue
            self.client.secrets.add(str(held[app].get("apikey") or ""))
            try:
                self._probe(held, {"settings-general-use_" + app: "true"})
                found.append((app, "ok", "Bazarr gets through to it"))
            except MediaError as error:
                found.append((app, "failed", str(error)))
        return found

    def do_radarr(self, wish):
        """The link to Radarr."""
        return self._one_link("radarr", wish)

    def _one_link(self, app, wish):
        wanted, current = {}, self.settings()
        if wish.get("state") == "absent":
            wanted["general"] = {"use_" + app: False}
        else:
            self._link(app, wish, wanted, current)
        return self._settle(app, self.title(app, wish), wanted, current)

    def _link(self, app, wish, wanted, current):
        keys = wanted.setdefault(app, {})
        for option, key in LINK.items():
            if wish.get(option) is not None:
                keys[key] = self._value(app, key, wish[option], current[app][key])
        wanted.setdefault("general", {})["use_" + app] = wish.get("enabled") is not False

    def _value(self, section, key, value, have):
        if key == "base_url":
            return base_url(value)
        where = "{0}: {1}.{2}".format(self.where, section, key)
        return like(value, have, where)

    def _known(self, name, known, words):
        if name not in known:
            raise MediaError("{0}: {1} {2}; {3}".format(self.where, words, name, nearest(name, known)))

    def _providers(self, providers, wanted, current):
        if providers is None:
            return
        names = []
        for provider in providers:
            name, fields = provider["name"], provider.get("fields") or {}
            names.append(name)
            if fields:
                self._known(name, current, "there are no settings of a provider")
            for key, value in fields.items():
                self._known(key, current[name], "there is no setting of {0} called".format(name))
                if value is not None:
                    wanted.setdefault(name, {})[key] = self._value(name, key, value, current[name][key])
        wanted.setdefault("general", {})["enabled_providers"] = names

    @staticmethod
    def _login(login, wanted):
        for option, key in (("method", "type"), ("username", "username"), ("password", "password")):
            if login.get(option) is not None:
                wanted.setdefault("auth", {})[key] = login[option]

    def _default(self, kind, name, wanted):
        profiles = self.client.read(PROFILES)
        number = next((entry["profileId"] for entry in profiles if entry["name"].lower() == name.lower()), None)
        if number is None and name:
            raise MediaError("{0}: there is no languages profile {1}; {2}".format(self.where, name, nearest(name, [entry["name"] for entry in profiles])))
        prefix = "serie" if kind == "series" else "movie"
        wanted.setdefault("general", {}).update({prefix + "_default_enabled": bool(name), prefix + "_default_profile": number if name else ""})

    def _settle(self, kind, name, wanted, current):
        """Merge, and post what differs."""
        plain = wanted.get("auth", {}).get("password")
        if plain:
            # Kept as an MD5 sum, which is made of whatever is sent.
            wanted["auth"]["password"] = hashlib.md5(str(plain).encode(), usedforsecurity=False).hexdigest()
            self.client.secrets.add(str(plain))
        if wanted.get("auth", {}).get("type") == "none":
            # A missing value would mean that it is kept.
            wanted["auth"]["type"] = ""
        for path in secret_paths(wanted):
            section, _dot, key = path.partition(".")
            if isinstance(current[section].get(key), str) and current[section][key]:
                self.client.secrets.add(current[section][key])

        def write(payload):
            form = {}
            for section, keys in wanted.items():
                for key in keys:
                    value = payload[section][key]
                    if value == current[section].get(key):
                        continue
                    if (section, key) == MODS:
                        form.update(self._mods(current[section][key], value))
                    else:
                        value = plain if (section, key) == ("auth", "password") else None if (section, key) == ("auth", "type") and not value else value
                        form["settings-{0}-{1}".format(section, key)] = encoded(value)
            self._probe(payload, form)
            try:
                self.client.post(form)
            except MediaError as error:
                if error.status or error.unreachable:
                    raise
                # Stored, as the documentation of this file says; only the answer is missing.
                return self._unanswered(error, wanted)
            return None

        secrets = secret_paths(wanted)
        done = self.settle(kind, name, current, wanted, write, read_back=lambda: self.settings(fresh=True), secrets=secrets,
                           ordered=("general.path_mappings", "general.path_mappings_movie", "general.enabled_providers"))
        done["object"] = {section: {key: value for key, value in done["object"].get(section, {}).items() if key in keys} for section, keys in wanted.items()}
        return done

    def _mods(self, have, wanted):
        """The form for changes of subtitles, which takes one by one what is to be added or removed; added twice, one is there twice."""
        have, wanted = ([str(mod) for mod in mods if mod] for mods in (have, wanted))
        form = {"subzero-" + mod: "true" if mod in wanted else "false" for mod in set(have) ^ set(wanted) if not mod.startswith("color")}
        colors = [[mod for mod in mods if mod.startswith("color")] for mods in (have, wanted)]
        if colors[0] != colors[1]:
            if colors[0] and colors[1]:
                # One that takes the place of another one leaves half a colour behind.
                self.client.post({"subzero-color": ""})
            form["subzero-color"] = "".join(colors[1][:1])
        return form

    def _probe(self, payload, form):
        """Let Bazarr itself ask Sonarr or Radarr before it is told to connect to it.

        :raises MediaError: when it cannot be reached from there, or refuses the key.
        """
        for app in ("sonarr", "radarr"):
            keys = ["settings-{0}-{1}".format(app, key) for key in LINK.values()] + ["settings-general-use_" + app]
            held = payload[app]
            if not payload["general"]["use_" + app] or not form.keys() & set(keys):
                continue
            base = base_url(held["base_url"]).rstrip("/")
            address = "{0}:{1}{2}".format(held["ip"], held["port"], base)
            try:
                answer = self.client.request("GET", "/test/{0}/{1}/api/v3/system/status".format("https" if held["ssl"] else "http", address),
                                             params={"apikey": held["apikey"]})
            except MediaError:
                # A version without this page: then it shows when it is saved.
                continue
            if isinstance(answer, dict) and answer.get("status") is False:
                said = str(answer.get("error") or "")
                if answer.get("code") == 401:
                    raise MediaError("{0} refuses the API key; give the one of its Settings > General".format(app.capitalize()))
                if answer.get("code"):
                    raise MediaError("{0} does not answer as expected at {1} ({2}); correct host, port and base_url".format(
                        app.capitalize(), address, answer["code"]))
                raise MediaError("Bazarr does not reach {0} at {1} ({2}); start it, or correct host and port".format(
                    app.capitalize(), address, "name not known" if "resol" in said.lower() else "timeout" if "timed out" in said.lower() else "no connection"))

    def _unanswered(self, error, wanted):
        left = documents.merge(self.settings(fresh=True), wanted)
        if left.after:
            raise error
        return None

    def _together(self, kind, name, changes):
        """One result of several."""
        before, after, found = {}, {}, {}
        for change in changes:
            before.update(change["before"])
            after.update(change["after"])
            found.update(change["object"])
        return self.change(kind, name, "update" if after or before else None, before, after, found)

    # -- languages

    def _enabled(self):
        return [item["code2"] for item in self.client.read(LANGUAGES) if item["enabled"]]

    def _languages(self, codes):
        """Enable exactly these languages, and those of the profiles."""
        known = [item["code2"] for item in self.client.read(LANGUAGES)]
        for code in codes:
            # Unknown codes are left out without a word, and all others disabled.
            if code not in known:
                raise MediaError("{0}: there is no language {1}, codes have two letters; {2}".format(self.where, code, nearest(code, known)))
        used = {item["language"] for entry in self.client.read(PROFILES) for item in entry["items"]}
        return self._enable(sorted(set(codes) | used & set(known)))

    def _enable(self, codes):
        def write(payload):
            self.client.post({"languages-enabled": payload["languages"] or [""]})
            self.client.forget(LANGUAGES)

        return self.settle("settings", "settings", {"languages": sorted(self._enabled())}, {"languages": codes}, write,
                           read_back=lambda: {"languages": sorted(self._enabled())})

    def do_languages_profile(self, wish):
        """A profile, by its name. The app takes all profiles at once and removes those that are missing, so the others go with it."""
        profiles = self.client.read(PROFILES, fresh=True)
        name = wish["name"]
        entry = next((item for item in profiles if item["name"].lower() == name.lower()), None)
        if wish.get("state") == "absent":
            return self._remove(name, entry, profiles)
        current = profile_of(entry) if entry else None
        wanted = {key: wish[key] for key in ("name", "cutoff", "must_contain", "must_not_contain", "original_format", "tag") if wish.get(key) is not None}
        if wish.get("languages") is not None:
            wanted["languages"] = [{"language": item["language"], "forced": bool(item.get("forced")), "hi": bool(item.get("hi")),
                                    "audio_exclude": bool(item.get("audio_exclude"))} for item in wish["languages"]]
        elif current is None:
            raise MediaError("{0}: a new one needs languages; give them".format(self.where))
        self._check(wanted, current)

        def write(payload):
            made = self._entry(payload, entry, profiles)
            everything = [made if item is entry else item for item in profiles] + ([] if entry else [made])
            self.client.post({"languages-profiles": json.dumps(everything)})
            return None

        def read_back():
            found = self.client.read(PROFILES, fresh=True)
            return next((profile_of(item) for item in found if item["name"].lower() == name.lower()), {})

        done = self.settle("languages_profile", name, current, wanted, write, read_back=read_back,
                           ordered=("languages", "must_contain", "must_not_contain"))
        used = {item["language"] for item in wanted.get("languages") or []}
        enabled = self._enabled()
        if used - set(enabled):
            extra = self._enable(sorted(used | set(enabled)))
            action = done["action"] or "update"
            done = dict(done, action=action, fields=sorted(set(done["fields"]) | {"enabled_languages"}),
                        before=dict(done["before"], enabled_languages=extra["before"].get("languages")),
                        after=dict(done["after"], enabled_languages=extra["after"].get("languages")))
        return done

    def _check(self, wanted, current):
        known = [item["code2"] for item in self.client.read(LANGUAGES)]
        languages = wanted.get("languages", (current or {}).get("languages", []))
        for item in wanted.get("languages", []):
            if item["language"] not in known:
                raise MediaError("{0}: there is no language {1}, codes have two letters; {2}".format(
                    self.where, item["language"], nearest(item["language"], known)))
            if item["forced"] and item["hi"]:
                raise MediaError("{0}: {1} is either forced or hi; list it twice to have both".format(self.where, item["language"]))
        cutoff = wanted.get("cutoff", (current or {}).get("cutoff", ""))
        keys = [item_key(item) for item in languages]
        if cutoff not in ["", "any"] + keys:
            raise MediaError("{0}: the cutoff {1} is none of its languages; there are any, {2}".format(self.where, cutoff, ", ".join(keys)))

    def _entry(self, profile, entry, profiles):
        """A profile in the app's words. Languages that stay keep their number."""
        before = {item_key(kept): item for item, kept in zip((entry or {}).get("items", []), profile_of(entry)["languages"] if entry else [])}
        numbers = re.match(r"\D*(\d+)\.(\d+)\.(\d+)", str(self.client.version))
        newer = numbers is None or tuple(int(part) for part in numbers.groups()) >= (1, 5, 3)
        items, free = [], max([item["id"] for item in before.values()] or [0]) + 1
        for language in profile["languages"]:
            item = dict(before.get(item_key(language)) or ({AUDIO_ONLY: "False"} if newer else {}))
            if "id" not in item:
                item["id"], free = free, free + 1
            item.update({"language": language["language"], **{key: str(bool(language[key])) for key in ("forced", "hi", "audio_exclude")}})
            items.append(item)
        cutoff = ANY if profile.get("cutoff") == "any" else next(
            (item["id"] for item, language in zip(items, profile["languages"]) if item_key(language) == profile.get("cutoff")), None)
        made = dict(entry or {}, profileId=entry["profileId"] if entry else max([item["profileId"] for item in profiles] or [0]) + 1, name=profile["name"],
                    items=items, cutoff=cutoff, mustContain=profile.get("must_contain") or [], mustNotContain=profile.get("must_not_contain") or [],
                    originalFormat=int(bool(profile.get("original_format"))))
        if profile.get("tag") or "tag" in made:
            made["tag"] = profile.get("tag") or None
        return made

    def _remove(self, name, entry, profiles):
        if entry is None:
            return self.change("languages_profile", name, None)
        general = self.settings()["general"]
        for prefix, what in (("serie", "series"), ("movie", "movies")):
            if general.get(prefix + "_default_enabled") and str(general.get(prefix + "_default_profile")) == str(entry["profileId"]):
                raise MediaError("{0}: it is the default of new {1}; give these another default first".format(self.where, what))
        if not self.check_mode:
            self.client.post({"languages-profiles": json.dumps([item for item in profiles if item is not entry])})
            if any(item["profileId"] == entry["profileId"] for item in self.client.read(PROFILES, fresh=True)):
                raise MediaError("{0}: the app answered that it saved it, but the profile is still there; look into the app's log".format(self.where))
        return self.change("languages_profile", name, "delete", before=profile_of(entry))

    # -- notifications

    def _notifications(self, wishes):
        """Addresses of Apprise by the names that the app has for the services; what is not named stays."""
        def read(fresh=False):
            return {item["name"]: {"enabled": bool(item["enabled"]), "url": item["url"] or ""} for item in
                    self.client.read(SETTINGS, fresh)["notifications"]["providers"]}

        current, wanted = read(), {}
        for item in wishes:
            self._known(item["name"], current, "there is no notification service")
            wanted[item["name"]] = {"enabled": item.get("enabled") is not False, "url": item.get("url")}

        def write(payload):
            self.client.post({"notifications-providers": [json.dumps(dict(payload[name], name=name)) for name in wanted]})

        done = self.settle("settings", "notifications", {"notifications": current}, {"notifications": wanted},
                           lambda payload: write(payload["notifications"]), read_back=lambda: {"notifications": read(fresh=True)},
                           secrets=["notifications.{0}.url".format(name) for name in wanted])
        done["object"] = {"notifications": {name: value for name, value in done["object"]["notifications"].items() if name in wanted}}
        return done


def shown(settings):
    """Settings without their secrets, as C(bazarr_info) tells them."""
    found = documents.hidden(settings, secret_paths(settings))
    for item in found.get("notifications", {}).get("providers", []):
        if item.get("url"):
            item["url"] = HIDDEN
    return found


def inspect(client):
    """Settings, languages and profiles of one Bazarr, which is connected to."""
    return {"settings": shown(client.read(SETTINGS)), "languages": [item["code2"] for item in client.read(LANGUAGES) if item["enabled"]],
            "languages_profiles": [profile_of(entry) for entry in client.read(PROFILES)]}
