# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converging resources: reads, decides with C(resource.plan), writes, and reads back what the app made of it."""
from __future__ import annotations

import time

from ansible_collections.homelab.media.plugins.module_utils import arr_verify
from ansible_collections.homelab.media.plugins.module_utils import resource as resources
from ansible_collections.homelab.media.plugins.module_utils.arr import FORMS, KINDS, LIDARR_FORMS, LINKS, NO_UPDATE
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError, redact
from ansible_collections.homelab.media.plugins.module_utils.resource import camel, nearest
from ansible_collections.homelab.media.plugins.module_utils.shapes import SHAPES
from ansible_collections.homelab.media.plugins.module_utils.sync import sync_indexers
from ansible_collections.homelab.media.plugins.module_utils.usage import ORDER, USAGE
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker, resolve, texts_of

# How the apps word that what they connect to does not listen (DownloadClientBase.cs and the clients' proxies).
NOT_UP_YET = ("unable to connect", "connection refused", "cannot connect", "name or service not known", "name does not resolve", "no route to host")

# What of the host settings makes up the login.
LOGIN = ("authentication_method", "authentication_required", "username", "password")


def has_login(host):
    """Whether host settings ask everybody for a login, or leave that to a proxy."""
    method = str(host.get("authenticationMethod")).lower()
    return method == "external" or method in ("forms", "basic") and bool(host.get("username") and host.get("password"))


class Converger(Worker):
    """All work on one app in one run.

    :param client: A connected client.
    :param ledger: What was pushed before.
    :param secrets: Name to value, for references.
    :param check_mode: Decide, and write nothing.
    """

    links = LINKS

    def __init__(self, client, ledger, secrets=None, check_mode=False):
        super().__init__(client, ledger, secrets, check_mode)
        self.pending_tags = {}
        # What this run makes, or in check mode would make: path and name.
        self.pending = set()

    @classmethod
    def kinds(cls):
        return list(KINDS) + ["indexer_sync"]

    @classmethod
    def title(cls, kind, wish):
        kind = KINDS.get(kind)
        if kind is None:
            return ""
        return ("" if kind.singleton else " ".join(str(wish.get(part, "")) for part in kind.identity)) or kind.name

    def verify(self, wishes, options):
        return arr_verify.verify(self.client, wishes, options)

    # ----------------------------------------------------------------------------------------------------------------------------
    def converge(self, wish):
        """Bring one resource about.

        :param wish: C(resource) (the kind), C(state), and the options of the module of that kind.
        :return: C({resource, name, action, fields, before, after, object}).
        """
        wish = dict(wish)
        named = wish.pop("resource", None)
        if named == "indexer_sync":
            return sync_indexers(self, resolve(wish, self.secrets, self.client.name))
        kind = KINDS.get(named)
        if kind is None:
            raise MediaError("{0}: there is no kind of resource {1}; {2}".format(self.client.name, named, nearest(named, self.kinds())))
        # Settings that one app has and another has not.
        wish.update({resources.snake(key): value for key, value in (wish.pop("settings", None) or {}).items()})
        absent = wish.get("state", "present") == "absent"
        name = self.name_of(kind, wish)
        self.where = where = "{0}: {1}{2}".format(self.client.name, kind.title, "" if kind.singleton else " " + name)
        if self.client.app not in kind.apps:
            raise MediaError("{0}: {1} has none; it is for {2}".format(where, self.client.app.capitalize(), ", ".join(kind.apps)))
        wish = resolve(wish, self.secrets, where)
        present = self.client.read(kind.path)
        desired = self.with_ids(kind, wish, where, absent)
        current = self.current(kind, present, desired, where)
        if current is not None and not absent:
            self.guard_implementation(wish, current, where)
        template = None if absent or current is not None else self.template(kind, wish, present, where)
        known_keys = None
        if not template and not kind.singleton and isinstance(present, list):
            forms = dict(FORMS, **LIDARR_FORMS) if self.client.app == "lidarr" else FORMS
            known_keys = {key for item in present for key in item} | set(forms.get(kind.name, ()))
        prefix = "|".join((self.client.key, kind.name, name.lower(), ""))
        if kind.name == "config_host":
            if desired.pop("keep_login", False) and has_login(current):
                desired = {key: value for key, value in desired.items() if key not in LOGIN}
            self.guard_login(desired, current, where)
            # In check mode nothing is posted, not even where it stores nothing.
            if desired.get("password") and not self.check_mode:
                self.probe_password(desired, current, prefix)

        def decide(found, known):
            shape = None if absent else SHAPES.get(kind.name)
            wanted = dict(desired) if shape is None else shape(dict(desired), found or template or {}, self, where, found is None)
            return resources.plan(kind, found, wanted, where, known, template, known_keys)

        change = decide(current, lambda field, value: self.ledger.knows(prefix + field, self.seal(kind, field, value, current)))
        for value in change.pushed.values():
            self.client.secrets.update(texts_of(value))
        if change.action == "update" and (not kind.update or (kind.name, self.client.app) in NO_UPDATE):
            raise MediaError("{0}: {1} cannot change {2} of one that is there; remove it first".format(
                where, self.client.app.capitalize(), ", ".join(sorted(change.after))))
        if change.action in ("create", "delete") and not kind.create:
            raise MediaError("{0}: these are part of the app and cannot be made or removed; {1}".format(
                where, nearest(name, [item.get("name") for item in present])))
        written = None
        if change.action == "create":
            self.pending.add((kind.path, name.lower()))
        if change.action and not self.check_mode:
            written = self.write(kind, change, desired, where, decide)
            self.client.forget(kind.path)
            for path in ("qualityprofile", "qualityprofile/schema") if kind.name == "custom_format" else ():
                # The app puts every format into every profile.
                self.client.forget(path)
            if change.action == "delete":
                self.ledger.forget(prefix)
        if not self.check_mode:
            # Also what was found unchanged: a ledger that was lost knows it again.
            for field, value in change.pushed.items():
                self.ledger.record(prefix + field, self.seal(kind, field, value, written if written is not None else current))
        found = written if change.action and not self.check_mode else change.payload
        before, after = self.shown(kind, change.before, {}), self.shown(kind, change.after, wish)
        return {"resource": kind.name, "name": name, "action": change.action, "fields": sorted(before.keys() | after.keys()), "before": before, "after": after,
                "object": self.public(kind, found if change.action != "delete" else {})}

    @staticmethod
    def name_of(kind, wish):
        """How a resource is called in messages and in the ledger."""
        if kind.singleton:
            return kind.name
        parts = [wish.get(name) for name in kind.identity]
        if any(part in (None, "") for part in parts):
            raise MediaError("{0} needs {1}".format(kind.title, " and ".join(kind.identity)))
        return " ".join((",".join(sorted(map(str, part))) or "default") if isinstance(part, list) else str(part) for part in parts)

    @staticmethod
    def guard_login(desired, current, where):
        """Never write settings that would open the web page to everybody without anybody asking for it."""
        if not current.get("authenticationMethod"):
            raise MediaError("{0}: the app does not tell how it authenticates, so nothing is written".format(where))
        if str(desired.get("authentication_method") or current["authenticationMethod"]).lower() in ("forms", "basic") \
                and not (current.get("username") and current.get("password")) and not (desired.get("username") and desired.get("password")):
            raise MediaError("{0}: no login is set yet, so username and password are needed".format(where))

    @staticmethod
    def guard_implementation(wish, current, where):
        """An implementation cannot be changed, and the one that is there is not what is wanted."""
        wanted, there = wish.get("implementation"), [current.get(key) for key in ("implementation", "implementationName", "definitionName")]
        if wanted and current.get("implementation") and str(wanted).lower() not in [str(name).lower() for name in there + [current.get("name")]]:
            raise MediaError("{0}: it is there as {1}, and {2} is wanted; remove it first, or take another name".format(where, there[0], wanted))

    @staticmethod
    def seal(kind, field, value, current):
        """What the ledger remembers of a secret: with the object that it went into, so that one made anew gets it again; a login with its stored
        hash, so that a change in the app shows."""
        current = current or {}
        return "{0}\0{1}".format(value, current.get("password", "") if field in kind.hashed else current.get("id", ""))

    @staticmethod
    def current(kind, found, desired, where):
        """The object as it is."""
        if not isinstance(found, dict if kind.singleton else list):
            raise MediaError("{0}: the app does not tell what is there".format(where))
        return found if kind.singleton else resources.find(kind, found, desired, where)

    def template(self, kind, wish, present, where):
        """What a new object begins with: for a provider the app's own description of its implementation."""
        if kind.schema:
            return self.client.read(kind.schema)
        if kind.name == "delay_profile":
            model = next((item for item in present if not item.get("tags")), {})
            return self.client.read("delayprofile/schema") if "items" in model else {key: value for key, value in model.items() if key != "order"}
        if not kind.provider or not kind.create:
            return None
        schema = self.client.read(kind.path + "/schema")
        wanted = wish.get("implementation")
        if not wanted:
            raise MediaError("{0}: it is not there yet, so implementation is needed; there are {1}".format(
                where, ", ".join(sorted({item.get("implementation", "") for item in schema}))))
        for keys in (("definitionName",), ("implementation", "implementationName"), ("name",)):
            found = [entry for entry in schema if str(wanted).lower() in [str(entry.get(key, "")).lower() for key in keys]]
            generic = [entry for entry in found if str(entry.get("name", "")).lower() == "generic " + str(wanted).lower()]
            found = generic or found
            if len(found) > 1 and found[0].get("implementation") == "Cardigann":
                raise MediaError("{0}: there are {1} definitions of {2}; name one of them, such as {3}".format(
                    where, len(found), wanted, ", ".join(str(item.get("definitionName") or item.get("name")) for item in found[:5])))
            if found:
                return found[0]
        raise MediaError("{0}: there is no implementation {1}; {2}".format(where, wanted, nearest(
            wanted, {item.get("definitionName") or item.get("implementation") for item in schema})))

    # ----------------------------------------------------------------------------------------------------------------------------
    def with_ids(self, kind, wish, where, absent=False):
        """The wish with ids in the place of names; for one that goes, only of what identifies it."""
        desired = dict(wish)
        for option, (key, path, shown) in kind.lookups.items():
            name = desired.pop(option, None)
            if name is not None and not absent:
                desired[key] = self.id_of(path, shown, name, option, where)
        if kind.provider and desired.get("implementation"):
            # Only the schema's own spelling is stored; on an existing provider it cannot be changed.
            desired.pop("implementation")
        for option in ("tags", "default_tags"):
            if desired.get(option) is not None:
                desired[option] = sorted(self.tag_id(label, not absent) for label in desired[option])
        for option in ("remote_path", "local_path"):
            if kind.name == "remote_path_mapping" and desired.get(option):
                desired[option] = desired[option].rstrip("/\\") + ("\\" if "\\" in desired[option] else "/")
        return desired

    def id_of(self, path, shown, name, option, where):
        items = self.client.read(path)
        if name == "":
            return 0
        if self.check_mode and (path, str(name).lower()) in self.pending:
            return -1
        for item in items:
            if str(item.get(shown, "")).lower() == str(name).lower():
                return item["id"]
        raise MediaError("{0}: there is no {1} {2}; {3}".format(where, option.replace("_", " "), name, nearest(name, [item.get(shown) for item in items])))

    def tag_id(self, label, make=True):
        """The id of a tag, which is made when it is missing; in check mode a missing one has a negative number."""
        label = str(label).lower()
        for item in self.client.read("tag"):
            if str(item.get("label", "")).lower() == label:
                return item["id"]
        if self.check_mode or not make:
            return self.pending_tags.setdefault(label, -1 - len(self.pending_tags))
        try:
            made = self.client.write("POST", "tag", {"label": label})
        except MediaError as error:
            # Somebody else made it in the meantime.
            made = next((item for item in self.client.read("tag", fresh=True) if item.get("label") == label), None) if error.status == 409 else None
            if made is None:
                raise
        self.client.forget("tag")
        return made["id"]

    def shown(self, kind, values, wish):
        """Before or after for a person: names in the place of ids.

        :param wish: What was asked for, since in check mode some of it is not there yet.
        """
        shown = dict(values)
        for option, (key, path, title) in kind.lookups.items():
            if key in shown:
                names = {item["id"]: item.get(title) for item in self.client.read(path)}
                number = shown.pop(key)
                shown[option] = names.get(number, wish.get(option, number or None))
        for option in ("tags", "default_tags"):
            if option in shown:
                labels = {item["id"]: item.get("label") for item in self.client.read("tag")}
                labels.update({number: label for label, number in self.pending_tags.items()})
                shown[option] = sorted(str(labels.get(number, number)) for number in shown[option] or [])
        return shown

    def probe_password(self, desired, current, prefix):
        """Without a ledger entry, ask the login page whether the password is the one already: it stores nothing."""
        key, sealed = prefix + "password", self.seal(KINDS["config_host"], "password", desired["password"], current)
        username = desired.get("username") or current.get("username")
        if not self.ledger.knows(key, sealed) and current.get("password") and current.get("authenticationMethod") == "forms" and username \
                and self.client.login_works(username, desired["password"]):
            self.ledger.record(key, sealed)

    # ----------------------------------------------------------------------------------------------------------------------------
    def write(self, kind, change, desired, where, decide):
        """Send a change and check that the app took it."""
        force = {"forceSave": "true"} if desired.get("force_save") else None
        body = change.payload
        if "password" in change.pushed and kind.name == "config_host":
            body = dict(body, passwordConfirmation=change.pushed["password"])
        try:
            if change.action == "delete":
                self.client.write("DELETE", "{0}/{1}".format(kind.path, body["id"]))
                return {}
            if change.action == "create":
                answer = self.patiently(kind, lambda: self.create(kind, body, force))
            else:
                answer = self.patiently(kind, lambda: self.client.write("PUT", "{0}/{1}".format(kind.path, body["id"]), body, force))
        except MediaError as error:
            raise MediaError("{0}: {1}".format(where, redact(error, texts_of(list(change.pushed.values())))), error.status, error.unreachable) from None
        if not isinstance(answer, dict):
            answer = resources.find(kind, self.client.read(kind.path, fresh=True), desired, where) or {}
        left = decide(answer, lambda field, value: True)
        if left.after:
            raise MediaError("{0}: the app answered that it saved it, but {1} did not change; an environment variable of the container may set it".format(
                where, ", ".join(sorted(left.after))))
        return answer

    def patiently(self, kind, send):
        """Repeat what failed because the other app, which this one connects to when it saves, is not up yet."""
        while True:
            try:
                return send()
            except MediaError as error:
                if not kind.provider or error.status not in (400, 500) or time.monotonic() > self.deadline \
                        or not any(text in str(error).lower() for text in NOT_UP_YET):
                    raise
            time.sleep(2)

    def create(self, kind, body, force):
        """POST; the apps test an enabled provider even when told not to, so one that cannot be reached is made disabled and enabled then."""
        if not force or not kind.provider:
            return self.client.write("POST", kind.path, body)
        off = {"syncLevel": "disabled"} if kind.enable == "syncLevel" else {"tags": []} if kind.enable == "tags" else {
            key: False for key in body if key in ("enabled", kind.enable) or key.startswith("enable") and body[key] is True
            or kind.enable == "on" and key.startswith("on") and key[2:3].isupper()}
        made = self.client.write("POST", kind.path, dict(body, **off))
        try:
            return self.client.write("PUT", "{0}/{1}".format(kind.path, made["id"]), dict(body, id=made["id"]), force)
        except MediaError:
            # Half of it would be worse than none.
            self.client.write("DELETE", "{0}/{1}".format(kind.path, made["id"]))
            raise

    def purge(self, wishes, purge, outcome):
        """Purge the kinds of which something is described here; not after a failure, since what failed may be what takes a place over."""
        for name in ORDER:
            options = purge.get(name) or {}
            described = any(wish.get("resource") == name and wish.get("state", "present") == "present" for wish in wishes)
            if options.get("enabled") and described and self.client.app in KINDS[name].apps and not outcome["problems"]:
                changes, kept = purge_kind(self, KINDS[name], wishes, options.get("ignore") or ())
                outcome["changes"] += changes
                outcome["kept"] += kept

    @staticmethod
    def public(kind, found):
        """The object after the run without secrets, and with fields as a plain mapping."""
        found = {key: value for key, value in (found or {}).items() if key not in ("presets", "unmappedFolders", "apiKey", "passwordConfirmation")}
        for name in kind.secrets:
            if found.get(camel(name)):
                found[camel(name)] = HIDDEN
        if isinstance(found.get("fields"), list):
            found["fields"] = {entry["name"]: HIDDEN if resources.is_secret_field(entry) and entry.get("value") else entry.get("value")
                               for entry in found["fields"]}
        return found


def inspect(client, names=None):
    """Everything that is there, without secrets.

    :param names: Kinds, or C(None) for all that the app has.
    """
    found = {}
    labels = {item["id"]: item.get("label") for item in client.read("tag")}
    for name in names or [kind.name for kind in KINDS.values() if client.app in kind.apps]:
        kind = KINDS.get(name)
        if kind is None or client.app not in kind.apps:
            raise MediaError("{0}: there is no kind of resource {1}; {2}".format(
                client.name, name, nearest(name, [kind.name for kind in KINDS.values() if client.app in kind.apps])))
        items = client.read(kind.path)
        shown = [Converger.public(kind, item) for item in (items if isinstance(items, list) else [items])]
        for item in shown:
            if isinstance(item.get("tags"), list):
                item["tags"] = [labels.get(number, number) for number in item["tags"]]
        found[name] = shown if isinstance(items, list) else shown[0]
    return found


def unnamed_of(kind, present, wishes, ignore=()):
    """Objects that no wish names, for purge; what the app or Prowlarr keeps itself is no such object.

    :param wishes: With ids in the place of the names of tags.
    """
    named = {resources.identity_of(kind, wish) for wish in wishes}
    kept = {str(entry).lower() for entry in ignore}
    found = []
    for item in present if kind.create else ():
        key = resources.identity_of(kind, item, camel)
        synced = kind.name == "indexer" and str(item.get("name", "")).endswith(" (Prowlarr)")
        if key not in named and not synced and key != ((),) and not any(str(part).lower() in kept for part in key):
            found.append(item)
    return found


def purge_kind(worker, kind, wishes, ignore):
    """Remove what no wish names and nothing needs.

    :return: Results as of C(Converger.converge), and what was left, with the reason.
    """
    client, changes, kept = worker.client, [], []
    mine = [worker.with_ids(kind, wish, kind.title, absent=True) for wish in wishes if wish.get("resource") == kind.name]
    labels = {item["id"]: item.get("label") for item in client.read("tag")} if "tags" in kind.identity else {}
    for item in unnamed_of(kind, client.read(kind.path), mine, ignore):
        wish = {part: item.get(camel(part)) for part in kind.identity}
        if labels:
            wish["tags"] = [labels.get(number, number) for number in wish["tags"]]
        reason = USAGE[kind.name](item, client.read, client.app) if kind.name in USAGE else None
        if reason:
            kept.append({"app": client.name, "resource": kind.name, "name": worker.name_of(kind, wish), "reason": reason})
        else:
            changes.append(worker.converge(dict(wish, resource=kind.name, state="absent")))
            if not worker.check_mode:
                # Who uses what may be another now.
                client.forget("tag/detail")
    return changes, kept
