# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources as data, and the pure decision between what is there and what is wanted.

Nothing here talks to a server. C(plan) takes the object as the API gave it and the wish as a person wrote it, and returns a C(Change)
with the complete object to send: what the wish does not name keeps its value, unknown keys included.
"""
from __future__ import annotations

import copy
import difflib
import re
from dataclasses import dataclass, field

from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError

MASK = "********"
SECRET_PRIVACY = ("password", "apiKey")
# Fields that the apps return in clear although they are secrets: notifications' tokens, and all logins of Prowlarr's own definitions.
OPEN_SECRETS = re.compile(r"password|passkey|api_?key|token|secret|cookie|rsskey|webhookurl|userkey|configurationkey|headers|statelessurls|^pin$", re.I)
NO_SECRET_TYPES = ("checkbox", "select", "number")
# Options that are no keys of the object.
NO_KEYS = ("state", "fields", "category", "force_save", "implementation")


@dataclass(frozen=True)
class Kind:
    """A kind of resource of the *arr apps.

    :param name: As in module and wiring names.
    :param path: Below the API root.
    :param apps: Which apps have it.
    :param identity: Options that identify one object; empty for a singleton.
    :param title: For messages.
    :param provider: Whether it has an implementation with fields.
    :param enable: Key that switches it on, when not C(enable).
    :param lookups: Option to C((key, path, shown key)): a name that stands for an id.
    :param fold: Options that compare without regard to case, slashes or both.
    :param secrets: Options of the object itself whose value is a secret.
    :param hashed: Those of them of which the app tells a hash only.
    :param choices: Option to its values, where the app takes nonsense, or numbers in the place of names.
    :param create: Whether objects can be made and removed.
    :param update: Whether an existing object can be changed.
    :param schema: Path of an object to begin a new one with; providers have one for each implementation.
    :param nullable: Keys that the app leaves out while they are empty.
    :param defaults: Options of a new object, where the app knows them.
    :param ordered: Keys whose lists keep their order; all others compare as sets.
    """

    name: str
    path: str
    apps: tuple
    title: str
    identity: tuple = ("name",)
    provider: bool = False
    enable: str = "enable"
    lookups: dict = field(default_factory=dict)
    fold: dict = field(default_factory=dict)
    secrets: tuple = ()
    hashed: tuple = ()
    choices: dict = field(default_factory=dict)
    create: bool = True
    update: bool = True
    schema: str = ""
    nullable: tuple = ()
    ordered: tuple = ()
    defaults: dict = field(default_factory=dict)

    @property
    def singleton(self):
        return not self.identity


@dataclass
class Change:
    """What to do about one resource.

    :param action: C("create"), C("update"), C("delete") or C(None).
    :param payload: The complete object to send.
    :param before: The keys that differ, as they are; secrets hidden.
    :param after: The keys that differ, as they will be; secrets hidden.
    :param pushed: Secrets that the payload carries: field to value.
    """

    action: str | None
    payload: dict | None = None
    before: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)
    pushed: dict = field(default_factory=dict)


def camel(name):
    """default_quality_profile_id as defaultQualityProfileId."""
    head, *rest = str(name).split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def nearest(name, known):
    """Half a sentence with the names that come closest."""
    close = difflib.get_close_matches(str(name), [str(item) for item in known], 3, 0.5)
    if close:
        return "did you mean {0}?".format(" or ".join(close))
    names = sorted(str(item) for item in known)
    return "there are {0}".format(", ".join(names[:30]) + (" ..." if len(names) > 30 else "")) if names else "there are none"


def folded(value, how):
    """A value for comparison: C(case), C(path) (no slash at the end) or both."""
    if not isinstance(value, str):
        return value
    if "path" in how:
        value = value.rstrip("/") or "/"
    if "base" in how:
        value = "/" + value.strip("/") if value.strip("/") else ""
    return value.lower() if "case" in how else value


def same(left, right, ordered=False):
    """Whether two values mean the same: a missing one is an empty one, lists of plain values are sets."""
    if left in (None, "", []) and right in (None, "", []):
        return True
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list) and not ordered and all(not isinstance(item, (dict, list)) for item in left + right):
        return sorted(map(str, left)) == sorted(map(str, right))
    return left == right


# --------------------------------------------------------------------------------------------------------------------------------
# Fields of providers

def is_secret_field(entry):
    """Whether a field holds a secret, as the app's own schema says, or as is known of those that it does not protect."""
    return entry.get("privacy") in SECRET_PRIVACY or entry.get("type") == "password" \
        or entry.get("type") not in NO_SECRET_TYPES and bool(OPEN_SECRETS.search(entry.get("name", "")))


def yes_or_no(value):
    """A truth value as YAML, Jinja and people write it.

    :raises ValueError: when it is none.
    """
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in ("true", "yes", "on", "1"):
        return True
    if text in ("false", "no", "off", "0"):
        return False
    raise ValueError("is yes or no")


def number(value, fraction=False):
    """A number, whole where it can be.

    :raises ValueError: when it is none.
    """
    if not isinstance(value, bool):
        try:
            found = float(value)
            whole = int(found)
        except (TypeError, ValueError, OverflowError):
            pass
        else:
            return whole if found == whole and not fraction else found
    raise ValueError("is a number")


def text(value):
    """A text.

    :raises ValueError: for what YAML made something else of.
    """
    if isinstance(value, (bool, list, dict)):
        raise ValueError("is text, in quotes where YAML reads something else,")
    return str(value)


def coerce(entry, value, where):
    """A value in the type that the app wants: a wrong one it stores as 0, or answers with an error of its own.

    :param entry: The field as the schema has it.
    :raises MediaError: when it does not fit.
    """
    kind, current, options = entry.get("type"), entry.get("value"), entry.get("selectOptions") or []
    if value is None:
        return None
    if isinstance(current, list) and not isinstance(value, list) and kind != "keyValueList":
        value = [part.strip() for part in str(value).split(",") if part.strip()]
    try:
        if kind == "select" and options:
            return [_choice(entry, options, item, where) for item in value] if isinstance(value, list) else _choice(entry, options, value, where)
        if kind == "checkbox":
            return yes_or_no(value)
        if kind == "number" or isinstance(current, (int, float)) and not isinstance(current, bool):
            return None if value == "" else number(value, entry.get("isFloat"))
        if kind in ("textbox", "password", "path", "filePath", "url") and not isinstance(current, (list, dict)):
            return text(value)
    except ValueError as error:
        raise MediaError("{0}: the field {1} {2} not {3!r}".format(
            where, entry["name"], str(error).rstrip(",") + ",", HIDDEN if is_secret_field(entry) else value)) from None
    return value


def like(name, have, value, choices, where):
    """A value for a key of the object itself, in the type of the one that is there.

    :param choices: The values that make sense, or C(None).
    :raises MediaError: when it does not fit.
    """
    if choices and isinstance(value, str):
        for place, choice in enumerate(choices):
            if choice.lower() == value.lower().replace("_", "").replace(" ", ""):
                return place if isinstance(have, int) else choice
        if not (isinstance(have, int) and value.isdigit()):
            raise MediaError("{0}: {1} is one of {2}, not {3}".format(where, name, ", ".join(choices), value))
    try:
        if isinstance(have, bool):
            return yes_or_no(value)
        if isinstance(have, (int, float)):
            return number(value)
        if isinstance(have, str):
            return text(value)
    except ValueError as error:
        raise MediaError("{0}: {1} {2} not {3!r}".format(where, name, str(error).rstrip(",") + ",", value)) from None
    return value


def _choice(entry, options, value, where):
    """The number of a select option, given by number or by label."""
    numbers = [option.get("value") for option in options]
    labels = {str(option.get("name")).lower().replace(" ", ""): option.get("value") for option in options}
    if value in numbers and not isinstance(value, bool):
        return value
    text = str(value).lower().replace(" ", "")
    if text in labels:
        return labels[text]
    if text.lstrip("-").isdigit() and int(text) in numbers:
        return int(text)
    # Categories of an application may go beyond what the list of this version shows.
    if entry.get("name", "").lower().endswith("categories") and text.isdigit():
        return int(text)
    raise MediaError("{0}: the field {1} has no option {2}; {3}".format(where, entry["name"], value, nearest(value, [
        "{0} ({1})".format(option.get("name"), option.get("value")) for option in options])))


CATEGORY_FIELDS = ("tvCategory", "movieCategory", "musicCategory", "category")


def with_category(fields, category, entries, where):
    """Put the app-neutral category where this app keeps it."""
    if category is None:
        return dict(fields or {})
    names = [name for name in CATEGORY_FIELDS if any(entry["name"] == name for entry in entries)]
    if not names:
        raise MediaError("{0}: this kind of client has no category; leave category out".format(where))
    return dict({names[0]: category}, **(fields or {}))


def merge_fields(entries, wanted, where, known_secret):
    """Overlay wished fields on the fields that are there.

    :param entries: The list of fields as the API gave it.
    :param wanted: Name to value.
    :param known_secret: Asks the ledger whether a secret was pushed already: C(name, value) to bool.
    :return: The new list, before and after of what differs, the secrets that are pushed, all secret values that were wished.
    """
    names = [entry["name"] for entry in entries]
    for name in wanted:
        if name not in names:
            raise MediaError("{0}: there is no field {1}; {2}".format(where, name, nearest(name, names)))
    merged, before, after, pushed = [], {}, {}, {}
    for entry in entries:
        entry = dict(entry)
        name = entry["name"]
        if name in wanted:
            value = coerce(entry, wanted[name], where)
            current = entry.get("value")
            if is_secret_field(entry) and value == MASK:
                raise MediaError("{0}: the field {1} is {2}, which is how the app hides it; give its value, or leave it out".format(where, name, MASK))
            if is_secret_field(entry) and value not in (None, ""):
                masked = current == MASK
                # A secret that is shown can be compared; one that is masked is compared with what was pushed last.
                unchanged = known_secret(name, value) if masked else same(current, value)
                if not unchanged:
                    before["fields." + name] = HIDDEN if current not in (None, "") else None
                    after["fields." + name] = HIDDEN + " (new)"
                    entry["value"] = value
                    pushed[name] = value
                elif not masked:
                    pushed[name] = value
            elif not same(current, value, ordered=entry.get("type") == "keyValueList"):
                hide = is_secret_field(entry)
                before["fields." + name] = HIDDEN if hide and current else current
                after["fields." + name] = HIDDEN if hide and value else value
                entry["value"] = value
        merged.append(entry)
    return merged, before, after, pushed


# --------------------------------------------------------------------------------------------------------------------------------
# Whole objects

def identity_of(kind, item, spelled=str):
    """What identifies an object, ready to compare.

    :param spelled: How its keys are spelled: C(camel) for what the API tells.
    """
    values = [folded(item.get(spelled(name)), kind.fold.get(name, ("case",) if name == "name" else ())) for name in kind.identity]
    return tuple(tuple(sorted(value)) if isinstance(value, list) else value for value in values)


def find(kind, current, desired, where):
    """The object that a wish means.

    :raises MediaError: when there are several, which these apps allow.
    """
    wish = identity_of(kind, desired)
    found = [item for item in current if identity_of(kind, item, camel) == wish]
    if len(found) > 1:
        raise MediaError("{0}: there are {1} of that name (ids {2}); delete all but one in the app's settings".format(
            where, len(found), ", ".join(str(item.get("id")) for item in found)))
    return found[0] if found else None


def plan(kind, current, desired, where="", known_secret=None, template=None, known_keys=None):
    """Decide about one resource.

    :param kind: Its table entry.
    :param current: The object as it is, C(None) when there is none.
    :param desired: The wish: options in snake case, names already replaced by ids; C(state), C(fields), C(category) as a person wrote them.
    :param known_secret: Asks the ledger: C(name, value) to bool.
    :param template: For a new provider, the schema's entry of its implementation.
    :param known_keys: Keys that the API knows, for objects that do not exist yet.
    :return: A C(Change).
    """
    known_secret = known_secret or (lambda name, value: False)
    if desired.get("state", "present") == "absent":
        if current is None:
            return Change(None)
        return Change("delete", dict(current), before={name: current.get(camel(name)) for name in kind.identity}, after={})
    payload = copy.deepcopy(current if current is not None else template) or {}
    payload.pop("presets", None)
    before, after, pushed = {}, {}, {}
    if current is None:
        payload.pop("id", None)
        for name, value in kind.defaults.items():
            # The schema's own answer says which of them this app knows; its values are those of an empty form.
            if template is None or camel(name) in payload:
                payload[camel(name)] = value
    if kind.provider:
        entries = payload.get("fields") or []
        wanted = with_category(desired.get("fields"), desired.get("category"), entries, where)
        if current is None:
            # The schema masks default passwords; sent back they would be stored as they read.
            for entry in entries:
                if entry.get("value") == MASK:
                    entry["value"] = ""
        payload["fields"], before, after, pushed = merge_fields(entries, wanted, where, known_secret)
    keys = set(payload) | set(known_keys or ())
    keys |= set(kind.nullable) if keys else set()
    for name, value in desired.items():
        if name in NO_KEYS or value is None:
            continue
        key = camel(name)
        if keys and key not in keys and not (kind.provider and key in ("name", "enable", "priority", "tags")):
            raise MediaError("{0}: there is no setting {1}; {2}".format(where, name, nearest(name, [snake(item) for item in keys - {"fields", "id"}])))
        have = payload.get(key)
        value = like(name, have, value, kind.choices.get(name), where)
        how = kind.fold.get(name, ())
        if name in kind.secrets:
            told = have not in (None, "", MASK) and name not in kind.hashed
            if value != "" and (have != value if told else have in (None, "") or not known_secret(name, value)):
                before[name], after[name] = HIDDEN if have else None, HIDDEN + " (new)"
                payload[key] = value
                pushed[name] = value
            continue
        if current is not None and name in kind.identity:
            continue
        if same(folded(have, how), folded(value, how), ordered=key in kind.ordered) and (current is not None or key in payload):
            continue
        before[name], after[name] = have, value
        payload[key] = value
    if current is None:
        return Change("create", payload, {}, dict(after), pushed)
    if not after:
        return Change(None, payload, pushed=pushed)
    return Change("update", payload, before, after, pushed)


def snake(name):
    """defaultQualityProfileId as default_quality_profile_id."""
    return "".join("_" + char.lower() if char.isupper() else char for char in str(name))
