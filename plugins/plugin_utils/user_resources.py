# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources that people describe themselves, under C(settings.resources) of an *arr instance: checked, and put among those of the catalog.

The setting maps a kind to a list of resources, and the kinds of settings (C(config_naming)) to a mapping. The options are those of the module of
the kind. C({secret: sonarr.discord}) stands for a value under C(secrets) of the instance.
"""

from __future__ import annotations

from ansible_collections.homelab.media.plugins.module_utils.arr import KINDS
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS, identity_of, snake
from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean
from ansible_collections.homelab.media.plugins.plugin_utils.resource_options import OPTIONS
from ansible_collections.homelab.media.plugins.plugin_utils.schema import Mismatch, coerce
from ansible_collections.homelab.media.plugins.plugin_utils.values import is_secret

SETTING = "resources"
# What comes before what needs it. Only what has indexers can push them, and the login is the first thing that an app needs.
ORDER = (
    "config_host",
    "tag",
    "custom_format",
    "quality_profile",
    "root_folder",
    "remote_path_mapping",
    "download_client",
    "indexer_proxy",
    "indexer",
    "indexer_sync",
    "application",
    "import_list",
    "notification",
    "metadata",
    "delay_profile",
)
# Options that hold mappings, of which a person changes single keys.
NESTED = ("fields", "settings", "formats")
# What an application shares with the synchronisation, which makes it: field or option, and how that calls it.
SYNCED_FIELDS = {"baseUrl": "url", "prowlarrUrl": "prowlarr_url", "apiKey": "api_key", "syncCategories": "categories"}
SYNCED_OPTIONS = ("sync_level", "tags")
LEFT = object()


def kinds_of(app):
    """The kinds that an app has."""
    return [name for name, kind in KINDS.items() if app in kind.apps]


def described(instance):
    """What is described, by kind; nothing for what is no mapping."""
    found = instance.settings.get(SETTING)
    return found if isinstance(found, dict) else {}


def full_name(instance, name):
    """The full name of a secret that a person may have shortened."""
    name = str(name)
    return name if "." in name else "{0}.{1}".format(instance.name, name)


def referred(instance):
    """The full names of all secrets that the resources of an instance refer to."""
    return sorted({full_name(instance, name) for name in names_in(described(instance))})


def names_in(value):
    """The names in all references to secrets, which a person may have written in any way."""
    if is_secret(value):
        return [str(value["secret"])]
    if isinstance(value, dict):
        value = list(value.values())
    return [name for item in value for name in names_in(item)] if isinstance(value, list) else []


def free_secrets(instance):
    """The secrets of an instance that only its resources know, by short name."""
    prefix = instance.name + "."
    short = [name[len(prefix) :] for name in referred(instance) if name.startswith(prefix)]
    return [name for name in short if name not in instance.entry["secrets"]]


def known_secrets(instance):
    """The short names of all secrets that an instance may be given."""
    return list(instance.entry["secrets"]) + free_secrets(instance)


# --------------------------------------------------------------------------------------------------------------------------------
# Checks


class Checker:
    """The findings about the resources of one instance."""

    def __init__(self, findings, instance):
        self.findings = findings
        self.instance = instance
        self.title = instance.entry["title"]

    def error(self, path, message, remedy):
        self.findings.error(self.instance.host.name, path, message, remedy)

    def run(self):
        kinds = kinds_of(self.instance.app)
        for name, value in described(self.instance).items():
            path = "{0}.settings.{1}.{2}".format(self.instance.key, SETTING, name)
            if name not in kinds:
                if name in KINDS:
                    remedy = "Remove it, or describe it for {0}.".format(", ".join(KINDS[name].apps))
                else:
                    remedy = did_you_mean(name, kinds, "kinds")
                self.error(path, "{0} has no kind of resource '{1}'.".format(self.title, name), remedy)
            elif value is None:
                continue
            elif KINDS[name].singleton:
                self.config(name, value, path)
            else:
                self.list(KINDS[name], value, path)
        self.references()

    def list(self, kind, value, path):
        if not isinstance(value, list):
            self.error(path, "This must be a list of resources.", "Begin each with a hyphen.")
            return
        seen = {}
        for number, entry in enumerate(value):
            where = "{0}[{1}]".format(path, number)
            if not isinstance(entry, dict):
                self.error(where, "This must be a mapping of the options of arr_{0}.".format(kind.name), "Write its options below each other.")
                continue
            for option in entry:
                self.option(kind, option, entry[option], "{0}.{1}".format(where, option))
            missing = [option for option, spec in OPTIONS[kind.name].items() if spec.get("required") and entry.get(option) in (None, "")]
            if missing:
                self.error(where, "This has no {0}, by which it is found again.".format(" and no ".join(missing)), "Add it.")
                continue
            same = seen.setdefault(identity(kind, entry), where)
            if same != where:
                self.error(where, "This is the same one as {0}.".format(same), "Remove one of them, or give it another name.")

    def option(self, kind, option, value, path):
        specs = OPTIONS[kind.name]
        if option not in specs:
            self.error(path, "A resource of the kind {0} has no option '{1}'.".format(kind.name, option), did_you_mean(option, specs, "options"))
            return
        if is_secret(value):
            if option in kind.identity:
                self.error(path, "This is what the resource is found by, and no secret.", "Write it here.")
            elif specs[option]["type"] != "str":
                self.error(path, "A secret is a text, and this is none.", "Refer to it where the text belongs.")
            return
        if value is None:
            return
        try:
            value = coerce(value, spec_of(specs[option]), path)
        except Mismatch as error:
            self.error(error.path or path, "This {0}.".format(error.message), error.remedy or "Correct the value.")
            return
        if option in ("fields", "settings"):
            self.no_secrets(value, path)

    def config(self, name, value, path):
        if not isinstance(value, dict):
            self.error(path, "This must be a mapping of settings.", "Write name and value of each.")
            return
        for option, found in flat(value).items():
            where = "{0}.{1}".format(path, option)
            if isinstance(found, dict) and not is_secret(found):
                self.error(where, "A setting is a value or a list.", "Write name and value of each setting, without a level between.")
            elif option in KINDS[name].secrets:
                self.no_secrets({option: found}, path)
            if name != "config_host" and option in ("username", "password", "keep_login"):
                self.error(where, "The login belongs to config_host.", "Move it there.")
            elif option == "keep_login" and not isinstance(found, bool):
                self.error(where, "This must be true or false.", "Correct the value.")

    def no_secrets(self, values, path):
        """Text where a secret belongs would be part of the plan, and so of the output."""
        for name, value in values.items():
            if OPEN_SECRETS.search(str(name)) and has_text(value):
                self.error(
                    "{0}.{1}".format(path, name),
                    "This secret stands in the settings, from where it reaches the output.",
                    "Give it under secrets of {0}, and write {{secret: {0}.NAME}} here.".format(self.instance.name),
                )

    def references(self):
        host = self.instance.host
        for full in referred(self.instance):
            owner, dummy, short = full.partition(".")
            path = "{0}.settings.{1}".format(self.instance.key, SETTING)
            targets = {target.name: target for targets in self.instance.links.values() for target in targets}
            other = host.instances.get(owner) or targets.get(owner)
            if owner == "admin":
                known, names = short in ("username", "password"), ("username", "password")
            elif other is None:
                self.error(path, "The secret '{0}' is of no service here.".format(full), did_you_mean(owner, host.instances, "services"))
                continue
            else:
                names = known_secrets(other)
                known = short in names or other is self.instance
            if not known:
                self.error(path, "There is no secret '{0}'.".format(full), did_you_mean(short, names, "secrets"))


def check(model, host):
    """All findings about the resources that are described for the instances of a host."""
    for instance in host.instances.values():
        if SETTING in instance.entry["settings"]:
            Checker(model.findings, instance).run()


def has_text(value):
    """Whether there is any text in a value that is no reference to a secret."""
    if is_secret(value) or value is None or isinstance(value, bool):
        return False
    if isinstance(value, dict):
        # An entry of a list of pairs: its key is no secret.
        return any(has_text(item) for key, item in value.items() if key != "key")
    if isinstance(value, (list, tuple)):
        return any(has_text(item) for item in value)
    return value != ""


def spec_of(spec):
    """An option of a module as C(schema.coerce) takes it."""
    found = {"type": "any" if spec["type"] == "raw" else spec["type"], "choices": spec.get("choices")}
    if spec.get("elements") and spec["elements"] not in ("raw", "dict"):
        found["elements"] = spec["elements"]
    return found


def flat(entry):
    """Settings by their names in snake case, those below C(settings) among them."""
    inner = entry.get("settings")
    found = {key: value for key, value in entry.items() if key != "settings"}
    found.update(inner if isinstance(inner, dict) else {})
    return {snake(key): value for key, value in found.items()}


# --------------------------------------------------------------------------------------------------------------------------------
# What is to be made


def identity(kind, entry):
    """What identifies a resource, in a form that compares."""
    tags = entry.get("tags")
    labels = [str(tag).lower() for tag in tags] if isinstance(tags, list) else tags
    # As text, since a person may have written anything.
    return str(identity_of(kind, dict(entry, tags=labels)))


def usable(value, there, instance):
    """A value with full names of secrets; C(LEFT) for one that needs a secret that has no value."""
    if is_secret(value):
        full = full_name(instance, value["secret"])
        return {"secret": full} if there(full) else LEFT
    if isinstance(value, dict):
        found = {key: usable(item, there, instance) for key, item in value.items()}
        return LEFT if any(item is LEFT for item in found.values()) else found
    if isinstance(value, list):
        found = [usable(item, there, instance) for item in value]
        return LEFT if any(item is LEFT for item in found) else found
    return value


def kept(values, there, instance):
    """A mapping without what needs a secret that has no value, and without what has none at all: both are left as they are."""
    found = {key: usable(value, there, instance) for key, value in values.items() if value is not None}
    return {key: value for key, value in found.items() if value is not LEFT}


def wish(kind, entry, there, instance):
    """A resource for media_wiring, or none for what cannot be one, of which there is a finding."""
    if not isinstance(entry, dict):
        return None
    if kind.singleton:
        return dict({"resource": kind.name, "state": "present"}, **kept(flat(entry), there, instance))
    found = {"resource": kind.name, "state": "present"}
    for option, value in entry.items():
        spec = OPTIONS[kind.name].get(option)
        if spec is None or value is None or is_secret(value) and spec["type"] != "str":
            continue
        if option in NESTED and isinstance(value, dict):
            found[option] = kept(value, there, instance)
            continue
        value = usable(value, there, instance)
        if value is LEFT:
            continue
        if not is_secret(value):
            try:
                value = coerce(value, spec_of(spec))
            except Mismatch:
                continue
        found[option] = value
    if any(found.get(option) is None for option in kind.identity):
        return None
    return found


def wishes(instance, there):
    """The resources that are described for an instance, in the order in which they are made.

    :param there: Tells whether a secret, by its full name, has a value.
    """
    found = []
    for name in kinds_of(instance.app):
        value = described(instance).get(name)
        entries = [value] if KINDS[name].singleton else value if isinstance(value, list) else []
        found += [item for item in (wish(KINDS[name], entry, there, instance) for entry in entries) if item]
    return in_order(found)


def in_order(found):
    """Resources after those that they need; those that go the other way round, at the end."""
    ranks = {name: number for number, name in enumerate(ORDER)}

    def rank(resource):
        return ranks.get(resource["resource"], len(ranks))

    stay = [resource for resource in found if resource.get("state") != "absent"]
    go = [resource for resource in found if resource.get("state") == "absent"]
    return sorted(stay, key=rank) + sorted(go, key=rank, reverse=True)


def over(resource, own):
    """A resource of the catalog with a person's keys over it."""
    merged = dict(resource)
    for key, value in own.items():
        both = key in NESTED and isinstance(value, dict) and isinstance(resource.get(key), dict)
        merged[key] = dict(resource[key], **value) if both else value
    return merged


def synced(found, own):
    """Let the synchronisation, which makes an application, make it as a person wants it; otherwise the two would take turns."""
    for place, resource in enumerate(found):
        if resource["resource"] != "indexer_sync":
            continue
        applications = []
        for entry in resource.get("applications") or []:
            if str(entry.get("name")).lower() != str(own["name"]).lower():
                applications.append(entry)
            elif own["state"] != "absent":
                fields = own.get("fields") or {}
                # The synchronisation leaves out a slash at the end.
                fields.update({name: fields[name].rstrip("/") for name in ("baseUrl", "prowlarrUrl") if isinstance(fields.get(name), str)})
                changed = {key: fields[name] for name, key in SYNCED_FIELDS.items() if name in fields}
                changed.update({key: own[key] for key in SYNCED_OPTIONS if key in own})
                applications.append(dict(entry, **changed))
        found[place] = dict(resource, applications=applications)
    return [resource for resource in found if resource["resource"] != "indexer_sync" or resource["applications"]]


def merge(instance, context, found):
    """The resources of an instance: those of the catalog, and those that are described.

    :param context: The context of the instance.
    :param found: Those of the catalog.
    :return: C(found) as it is when nothing is described.
    """
    if SETTING not in instance.entry["settings"] or not described(instance):
        return found
    views = {target["name"]: target["secrets"] for targets in context["links"].values() for target in targets}
    views[instance.name] = context["me"]["secrets"]

    def there(full):
        owner, dummy, short = full.partition(".")
        return owner == "admin" or full in instance.host.given or bool(views.get(owner, {}).get(short))

    found = list(found)
    for own in wishes(instance, there):
        kind = KINDS[own["resource"]]
        for place, resource in enumerate(found):
            if resource["resource"] == kind.name and identity(kind, resource) == identity(kind, own):
                found[place] = over(resource, own)
                break
        else:
            found.append(own)
        if kind.name == "application":
            found = synced(found, own)
    return in_order(found)
