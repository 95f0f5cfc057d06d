# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converging resources: reads, decides with C(resource.plan), writes, and reads back what the app made of it."""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time

from ansible_collections.homelab.media.plugins.module_utils import resource as resources
from ansible_collections.homelab.media.plugins.module_utils.arr import KINDS, LINKS, NO_UPDATE
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError, redact
from ansible_collections.homelab.media.plugins.module_utils.resource import camel, folded, nearest

LOCKS = "/run/lock"
# How the apps word that what they connect to does not listen (DownloadClientBase.cs and the clients' proxies).
NOT_UP_YET = ("unable to connect", "connection refused", "cannot connect", "name or service not known", "name does not resolve", "no route to host")


def resolve(value, secrets, where):
    """Replace references to secrets, C({"secret": name}), by their values.

    :raises MediaError: for a secret that has no value here, which happens when its host could not be read.
    """
    if isinstance(value, dict):
        if set(value) == {"secret"}:
            name = value["secret"]
            if name not in secrets:
                raise MediaError("{0}: the secret {1} is not known here; bring its host into the run, or give it under media_secrets".format(where, name))
            return secrets[name]
        return {key: resolve(item, secrets, where) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, secrets, where) for item in value]
    return value


@contextlib.contextmanager
def one_writer(url, active=True):
    """Only one process of ours writes to an app at a time: the apps' databases do not keep names unique."""
    if not active or not os.path.isdir(LOCKS) or not os.access(LOCKS, os.W_OK):
        yield
        return
    path = os.path.join(LOCKS, "homelab-media-{0}.lock".format(hashlib.sha256(url.encode()).hexdigest()[:16]))
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class Converger:
    """All work on one app in one run.

    :param client: A connected client.
    :param ledger: What was pushed before.
    :param secrets: Name to value, for references.
    :param check_mode: Decide, and write nothing.
    """

    def __init__(self, client, ledger, secrets=None, check_mode=False):
        self.deadline = time.monotonic() + client.wait_timeout
        self.client = client
        self.ledger = ledger
        self.secrets = secrets or {}
        self.check_mode = check_mode
        self.pending_tags = {}

    # ----------------------------------------------------------------------------------------------------------------------------
    def converge(self, wish):
        """Bring one resource about.

        :param wish: C(resource) (the kind), C(state), and the options of the module of that kind.
        :return: C({resource, name, action, fields, before, after, object}).
        """
        wish = dict(wish)
        kind = KINDS.get(wish.pop("resource"))
        if kind is None:
            raise MediaError("{0}: there is no such kind of resource; {1}".format(self.client.name, nearest(wish, KINDS)))
        name = self.name_of(kind, wish)
        where = "{0}: {1}{2}".format(self.client.name, kind.title, "" if kind.singleton else " " + name)
        if self.client.app not in kind.apps:
            raise MediaError("{0}: {1} has none; it is for {2}".format(where, self.client.app.capitalize(), ", ".join(kind.apps)))
        wish = resolve(wish, self.secrets, where)
        current = self.current(kind, wish, where)
        desired = self.with_ids(kind, wish, where) if wish.get("state") != "absent" else wish
        prefix = "|".join((self.client.name, kind.name, name.lower(), ""))
        if kind.name == "config_host" and desired.get("password"):
            self.probe_password(desired, current, prefix)
        change = resources.plan(
            kind, current, desired, where, lambda field, value: self.ledger.knows(prefix + field, self.seal(kind, field, value, current)),
            self.template(kind, wish, where) if kind.provider and current is None and wish.get("state") != "absent" else None,
            None if current is None else set(current))
        self.client.secrets.update(str(value) for value in change.pushed.values())
        if change.action == "update" and (not kind.update or (kind.name, self.client.app) in NO_UPDATE):
            raise MediaError("{0}: {1} cannot change {2} of one that is there; remove it first".format(
                where, self.client.app.capitalize(), ", ".join(sorted(change.after))))
        written = None
        if change.action and not self.check_mode:
            written = self.write(kind, change, desired, where)
            self.client.forget(kind.path)
            if change.action == "delete":
                self.ledger.forget(prefix)
        if not self.check_mode:
            # Also what was found unchanged: a ledger that was lost knows it again.
            for field, value in change.pushed.items():
                self.ledger.record(prefix + field, self.seal(kind, field, value, written if written is not None else current))
        found = written if change.action and not self.check_mode else change.payload
        return {"resource": kind.name, "name": name, "action": change.action, "fields": sorted(set(change.before) | set(change.after)),
                "before": self.shown(change.before), "after": self.shown(change.after) if change.action != "delete" else {},
                "object": self.public(kind, found if change.action != "delete" else {})}

    @staticmethod
    def name_of(kind, wish):
        """How a resource is called in messages and in the ledger."""
        if kind.singleton:
            return kind.name
        for name in kind.identity:
            if not wish.get(name):
                raise MediaError("{0} needs {1}".format(kind.title, " and ".join(kind.identity)))
        return " ".join(str(wish[name]) for name in kind.identity)

    @staticmethod
    def seal(kind, field, value, current):
        """What the ledger remembers of a secret; a login together with its stored hash, so that a change in the app shows."""
        if kind.name == "config_host" and field == "password":
            return "{0}\0{1}".format(value, (current or {}).get("password", ""))
        return value

    def current(self, kind, wish, where):
        """The object as it is."""
        found = self.client.read(kind.path)
        if kind.singleton:
            if not isinstance(found, dict):
                raise MediaError("{0}: the app does not tell its settings".format(where))
            return found
        if not isinstance(found, list):
            raise MediaError("{0}: the app does not tell a list".format(where))
        return resources.find(kind, found, wish, where)

    def template(self, kind, wish, where):
        """The app's own description of an implementation, for a new provider."""
        schema = self.client.read(kind.path + "/schema")
        wanted = wish.get("implementation")
        if not wanted:
            raise MediaError("{0}: it is not there yet, so implementation is needed; there are {1}".format(
                where, ", ".join(sorted(item.get("implementation", "") for item in schema))))
        for entry in schema:
            if entry.get("implementation", "").lower() == str(wanted).lower() or entry.get("implementationName", "").lower() == str(wanted).lower():
                return entry
        raise MediaError("{0}: there is no implementation {1}; {2}".format(where, wanted, nearest(wanted, [item.get("implementation") for item in schema])))

    # ----------------------------------------------------------------------------------------------------------------------------
    def with_ids(self, kind, wish, where):
        """The wish with ids in the place of names."""
        desired = dict(wish)
        for option, (key, path, shown) in kind.lookups.items():
            name = desired.pop(option, None)
            if name is not None:
                desired[key] = self.id_of(path, shown, name, option, where)
        if kind.provider and desired.get("implementation"):
            # Only the schema's own spelling is stored; on an existing provider it cannot be changed.
            desired.pop("implementation")
        if desired.get("tags") is not None:
            desired["tags"] = sorted(self.tag_id(label) for label in desired["tags"])
        for option in ("remote_path", "local_path"):
            if kind.name == "remote_path_mapping" and desired.get(option):
                desired[option] = desired[option].rstrip("/\\") + ("\\" if "\\" in desired[option] else "/")
        return desired

    def id_of(self, path, shown, name, option, where):
        items = self.client.read(path)
        for item in items:
            if str(item.get(shown, "")).lower() == str(name).lower():
                return item["id"]
        raise MediaError("{0}: there is no {1} {2}; {3}".format(where, option.replace("_", " "), name, nearest(name, [item.get(shown) for item in items])))

    def tag_id(self, label):
        """The id of a tag, which is made when it is missing; in check mode a missing one has a negative number."""
        label = str(label).lower()
        for item in self.client.read("tag"):
            if str(item.get("label", "")).lower() == label:
                return item["id"]
        if self.check_mode:
            return self.pending_tags.setdefault(label, -1 - len(self.pending_tags))
        made = self.client.write("POST", "tag", {"label": label})
        self.client.forget("tag")
        return made["id"]

    def shown(self, values):
        """Before or after for a person: labels in the place of tag ids."""
        if "tags" not in values:
            return dict(values)
        labels = {item["id"]: item.get("label") for item in self.client.read("tag")}
        labels.update({number: label for label, number in self.pending_tags.items()})
        return dict(values, tags=sorted(str(labels.get(number, number)) for number in values["tags"] or []))

    def probe_password(self, desired, current, prefix):
        """Without a ledger entry, ask the login page whether the password is the one already: it stores nothing."""
        key, sealed = prefix + "password", "{0}\0{1}".format(desired["password"], current.get("password", ""))
        username = desired.get("username") or current.get("username")
        if not self.ledger.knows(key, sealed) and current.get("password") and current.get("authenticationMethod") == "forms" and username \
                and self.client.login_works(username, desired["password"]):
            self.ledger.record(key, sealed)

    # ----------------------------------------------------------------------------------------------------------------------------
    def write(self, kind, change, desired, where):
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
            raise MediaError(redact(error, change.pushed.values()), error.status, error.unreachable) from None
        if not isinstance(answer, dict):
            answer = resources.find(kind, self.client.read(kind.path, fresh=True), desired, where) or {}
        left = resources.plan(kind, answer, desired, where, lambda field, value: True)
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
        try:
            return self.client.write("POST", kind.path, body, force)
        except MediaError as error:
            if not (force and kind.provider and error.status == 400):
                raise
        off = {"syncLevel": "disabled"} if kind.enable == "syncLevel" else {"tags": []} if kind.enable == "tags" else {"enable": False}
        if kind.enable == "":
            off = {key: False for key in body if key.startswith("on") and key[2:3].isupper()}
        made = self.client.write("POST", kind.path, dict(body, **off))
        return self.client.write("PUT", "{0}/{1}".format(kind.path, made["id"]), dict(body, id=made["id"]), force)

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


def predicted(name, wish):
    """What would be made on an app that does not run yet, as far as that can be said without it."""
    wish = dict(wish)
    kind = KINDS.get(wish.pop("resource"))
    hidden = {key: value for key, value in wish.items() if key not in ("state", "force_save")}
    title = "" if kind is None or kind.singleton else " ".join(str(wish.get(part, "")) for part in kind.identity)
    return {"resource": kind.name if kind else "", "name": title or (kind.name if kind else ""), "action": "create",
            "fields": sorted(hidden), "before": {}, "after": without_secrets(hidden), "object": {}}


def without_secrets(value):
    """A wish with its references to secrets hidden."""
    if isinstance(value, dict):
        return HIDDEN if set(value) == {"secret"} else {key: without_secrets(item) for key, item in value.items()}
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def link_name(wish):
    """How a link is called in the summary."""
    return str(wish.get("name") or wish.get("path") or wish.get("label") or "")


def failed_links(app, wishes):
    """The links of an app of which nothing could be made."""
    return [{"app": app, "resource": wish["resource"], "name": link_name(wish), "state": "failed"} for wish in wishes
            if wish["resource"] in LINKS and wish.get("state", "present") == "present"]


def unnamed_of(kind, present, wishes, ignore=()):
    """Objects that no wish names, for purge."""
    names = {tuple(str(folded(wish.get(name), kind.fold.get(name, ("case",)))) for name in kind.identity) for wish in wishes}
    found = []
    for item in present:
        key = tuple(str(folded(item.get(camel(name)), kind.fold.get(name, ("case",)))) for name in kind.identity)
        if key not in names and not any(str(part).lower() in {str(entry).lower() for entry in ignore} for part in key):
            found.append(item)
    return found


def converge_app(client, wishes, ledger, secrets, check_mode, purge=None):
    """All resources of one app, one after the other; one that fails does not keep the others from it.

    :param purge: Kind to C({enabled, ignore}).
    :return: C(changes) with their C(before) and C(after), C(links), C(problems) as sentences, C(object), the last one after the run.
    """
    changes, links, problems, last = [], [], [], {}
    worker = Converger(client, ledger, secrets, check_mode)
    try:
        with one_writer(client.url, not check_mode):
            try:
                client.connect()
            except MediaError as error:
                if not (check_mode and error.unreachable):
                    raise
                wanted = [predicted(client.name, wish) for wish in wishes if wish.get("state", "present") == "present"]
                return {"changes": wanted, "links": [], "problems": []}
            for wish in wishes:
                link = {"app": client.name, "resource": wish["resource"], "name": link_name(wish), "state": "ok"}
                try:
                    done = worker.converge(wish)
                    last = done["object"]
                    if done["action"]:
                        changes.append(done)
                        link["state"] = "changed"
                except MediaError as error:
                    problems.append(str(error))
                    link["state"] = "failed"
                    if error.unreachable:
                        raise
                if wish["resource"] in LINKS and wish.get("state", "present") == "present":
                    links.append(link)
            for name, options in (purge or {}).items():
                if (options or {}).get("enabled") and name in KINDS and client.app in KINDS[name].apps and not KINDS[name].singleton:
                    kind = KINDS[name]
                    mine = [wish for wish in wishes if wish["resource"] == name]
                    for item in unnamed_of(kind, client.read(kind.path), mine, options.get("ignore") or ()):
                        try:
                            changes.append(worker.converge(dict({part: item.get(camel(part)) for part in kind.identity}, resource=name, state="absent")))
                        except MediaError as error:
                            problems.append(str(error))
    except MediaError as error:
        if str(error) not in problems:
            problems.append(str(error))
        done = {(link["resource"], link["name"]) for link in links}
        links += [link for link in failed_links(client.name, wishes) if (link["resource"], link["name"]) not in done]
    hide = set(client.secrets) | {str(value) for value in (secrets or {}).values()}
    return {"changes": changes, "links": links, "problems": [redact(text, hide) for text in problems], "object": last}
