# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Working on one app, whichever it is: references to secrets, one writer at a time, problems as sentences, check mode, and objects that are merged.

The workers of the apps are subclasses of C(Worker); what they share is here.
"""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time

from ansible_collections.homelab.media.plugins.module_utils import documents
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError, hidden_values, redact
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS, nearest

# The first directory of these in which a lock can be made.
LOCKS = ("/run/lock", "/tmp")

# How an answer of another shape than the known one shows.
ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError)


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
def one_writer(url, wait):
    """Only one process of ours writes to an app at a time: the apps' databases do not keep names unique.

    :param wait: Seconds to wait for another one.
    :raises MediaError: when another one goes on for longer.
    """
    name = "homelab-media-{0}.lock".format(hashlib.sha256(url.encode()).hexdigest()[:16])
    handle = None
    for directory in LOCKS:
        try:
            handle = os.open(os.path.join(directory, name), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            break
        except OSError:
            # Another user's: then the two do not see each other, which is better than not to work at all.
            continue
    try:
        deadline = time.monotonic() + wait
        while handle is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise MediaError("connecting to {0}: another run has been writing to it for {1} seconds; wait until it ends".format(
                        url, wait)) from None
            time.sleep(0.1)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def texts_of(value):
    """All texts in a value, to be hidden."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    return [] if isinstance(value, bool) or value is None else [str(value)]


def without_secrets(value, name=""):
    """A wish with its references to secrets hidden, and all values that look like one."""
    if isinstance(value, dict):
        return HIDDEN if set(value) == {"secret"} else {key: without_secrets(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item, name) for item in value]
    return HIDDEN if value and not isinstance(value, bool) and OPEN_SECRETS.search(str(name)) else value


def link_name(wish):
    """How a link is called in the summary."""
    return str(wish.get("name") or wish.get("path") or wish.get("label") or "")


def links_of(worker, app, wishes, state):
    """Lines of the summary for those wishes that link an app to something.

    :param worker: The class of its worker.
    """
    return [{"app": app, "resource": wish["resource"], "name": link_name(wish), "state": state} for wish in wishes
            if wish.get("resource") in worker.links and wish.get("state", "present") == "present"]


class Worker:
    """All work on one app in one run.

    A subclass has a method C(do_<kind>) for every kind of resource, which takes the wish without C(resource), secrets resolved, and returns the
    result of C(change), C(settle) or the like.

    :param client: A client, not connected yet.
    :param ledger: What was pushed before.
    :param secrets: Name to value, for references.
    :param check_mode: Decide, and write nothing.
    """

    # Kinds that make or hold a link to another app, for the summary.
    links = ()
    # Kinds of which purge removes what nobody describes.
    purges = ()

    def __init__(self, client, ledger, secrets=None, check_mode=False):
        self.deadline = time.monotonic() + client.wait_timeout
        self.client = client
        self.ledger = ledger
        self.secrets = secrets or {}
        self.check_mode = check_mode
        self.where = client.name

    @classmethod
    def kinds(cls):
        """The names of the kinds of resources."""
        return sorted(name[3:] for name in dir(cls) if name.startswith("do_"))

    @classmethod
    def predicted(cls, name, wish):
        """What would be made on an app that does not run yet, as far as that can be said without it.

        :param name: The app's.
        """
        wish = dict(wish)
        kind = wish.pop("resource", "")
        wanted = {key: value for key, value in wish.items() if key not in ("state", "force_save", "keep", "targets") and value is not None}
        return {"resource": kind, "name": cls.title(kind, wish), "action": "create", "fields": sorted(wanted), "before": {},
                "after": without_secrets(wanted), "object": {}}

    @classmethod
    def title(cls, kind, wish):
        """How a resource is called; the kind itself for one of which there is only one."""
        return link_name(wish) or kind

    def converge(self, wish):
        """Bring one resource about.

        :param wish: C(resource) (the kind), C(state), and the options of the module of that kind.
        :return: C({resource, name, action, fields, before, after, object}).
        :raises MediaError: with one sentence for every way in which this goes wrong.
        """
        wish = dict(wish)
        kind = wish.pop("resource", None)
        work = getattr(self, "do_{0}".format(kind), None)
        if work is None:
            raise MediaError("{0}: there is no kind of resource {1}; {2}".format(self.client.name, kind, nearest(kind, self.kinds())))
        name = self.title(kind, wish)
        self.where = "{0}: {1}".format(self.client.name, kind.replace("_", " ") + ("" if name == kind else " " + name))
        return work(resolve(wish, self.secrets, self.where))

    def purge(self, wishes, purge, outcome):
        """Remove what no wish names; for apps that know no purge, nothing.

        :param purge: Kind to C({enabled, ignore}).
        :param outcome: What C(converge_app) returns, to be added to.
        """

    def verify(self, wishes, options):
        """Prove that the links of a connected app work, by what the app itself says; nothing is stored. For apps that tell nothing, no link.

        :param wishes: The resources that link it, by what identifies them.
        :param options: C(check_mode): send nothing but reads. C(notifications): whether messages may be sent.
        :return: A list of the link's name, C(ok), C(failed) or C(skipped), and what was seen or is to be done.
        """
        return []

    @staticmethod
    def change(kind, name, action, before=None, after=None, found=None):
        """The result of C(converge).

        :param action: C("create"), C("update"), C("delete") or C(None).
        :param before: Key to value of what differs, secrets hidden.
        :param found: The object after the run, secrets hidden.
        """
        before, after = before or {}, after or {}
        return {"resource": kind, "name": name, "action": action, "fields": sorted(before.keys() | after.keys()), "before": before, "after": after,
                "object": found or {}}

    def settle(self, kind, name, current, wanted, write, read_back=None, secrets=(), ordered=(), new=False):
        """Merge what is wanted over what is there, write where that differs, and look whether the app took it.

        :param current: The object as the app tells it, C(None) when there is none.
        :param wanted: The keys to set, spelled and nested as in C(current). What it does not name keeps its value.
        :param write: Called with the complete object when something differs, not in check mode; returns what the app then has, with its id.
        :param read_back: Called after C(write) in the place of its result, where the app's answer proves nothing.
        :param secrets: Dotted paths whose values are secrets. Where the app masks one, the ledger tells whether it is new.
        :param ordered: Dotted paths of lists whose order matters.
        :param new: Whether the object is being made, and C(current) is only the form that it begins with; so it is without C(current).
        :return: The result of C(change).
        :raises MediaError: when the app does not take it.
        """
        where, prefix = self.where, "|".join((self.client.key, kind, name.lower(), ""))

        def decide(found, known):
            return documents.merge(found, wanted, secrets=secrets, ordered=ordered, known=known)

        def seal(value, found):
            # An object that was removed and made anew has another id, and gets its secrets again.
            return "{0}\0{1}".format(value, "" if new and found is current else (found or {}).get("id", ""))

        merged = decide(current, lambda path, value: self.ledger.knows(prefix + path, seal(value, current)))
        for value in merged.secrets.values():
            self.client.secrets.update(texts_of(value))
        action = ("create" if new or current is None else "update") if merged.after else None
        found = current if not action else merged.payload
        if action and not self.check_mode:
            try:
                found = write(merged.payload)
            except MediaError as error:
                raise MediaError("{0}: {1}".format(where, redact(error, texts_of(list(merged.secrets.values())))), error.status, error.unreachable) from None
            if read_back is not None:
                found = read_back()
            if isinstance(found, dict):
                left = decide(found, lambda path, value: True)
                if left.after:
                    raise MediaError("{0}: the app answered that it saved it, but {1} did not change; look into the app's log".format(
                        where, ", ".join(sorted(left.after))))
        if not self.check_mode:
            # Also what was found unchanged: a ledger that was lost knows it again.
            for path, value in merged.secrets.items():
                self.ledger.record(prefix + path, seal(value, found))
        return self.change(kind, name, action, merged.before, merged.after, documents.hidden(found, secrets))


def converge_app(worker, wishes, purge=None):
    """All resources of one app, one after the other; one that fails does not keep the others from it.

    :param worker: A C(Worker) of the app.
    :param wishes: What C(Worker.converge) takes, each with C(targets) where it links to other apps.
    :param purge: Kind to C({enabled, ignore}).
    :return: C(changes) with their C(before) and C(after), C(links), C(problems) as sentences, C(targets) with the C(targets) of the wish that each of
      them is about, C(kept) by purge, C(object), the last one after the run.
    """
    outcome = {"changes": [], "links": [], "problems": [], "targets": [], "kept": [], "object": {}}
    client = worker.client
    targets = [wish.get("targets") or [] for wish in wishes]
    wishes = [{key: value for key, value in wish.items() if key != "targets"} for wish in wishes]
    todo = list(wishes)
    try:
        with contextlib.nullcontext() if worker.check_mode else one_writer(client.url, max(client.wait_timeout, 30)):
            try:
                client.connect()
            except MediaError as error:
                if not (worker.check_mode and error.unreachable):
                    raise
                return dict(outcome, changes=[worker.predicted(client.name, wish) for wish in wishes if wish.get("state", "present") == "present"])
            while todo:
                state, several = "ok", None
                try:
                    done = worker.converge(todo[0])
                    outcome["object"], several = done["object"], done.get("links")
                    if done["action"]:
                        outcome["changes"].append(done)
                        state = "changed"
                except MediaError as error:
                    outcome["changes"] += error.changes
                    if error.unreachable:
                        raise
                    outcome["problems"].append(str(error))
                    outcome["targets"].append(targets[len(wishes) - len(todo)])
                    state, several = "failed", error.links
                wish = todo.pop(0)
                outcome["links"] += links_of(type(worker), client.name, [wish], state) if several is None else [
                    {"app": client.name, "resource": wish["resource"], "name": name, "state": each} for name, each in several]
            worker.purge(wishes, purge or {}, outcome)
    except MediaError as error:
        outcome["problems"].append(str(error))
        outcome["links"] += links_of(type(worker), client.name, todo, "failed")
    except ODD as error:
        # One app that answers what nobody has seen yet must not keep the others from being wired.
        outcome["problems"].append("{0}: it answers what is not expected ({1}: {2}); look whether its version is one that is supported".format(
            worker.where, type(error).__name__, error))
        outcome["links"] += links_of(type(worker), client.name, todo, "failed")
    outcome["targets"] += [[]] * (len(outcome["problems"]) - len(outcome["targets"]))
    hide = set(client.secrets) | hidden_values(worker.secrets)
    outcome["problems"] = [redact(text, hide) for text in outcome["problems"]]
    return outcome
