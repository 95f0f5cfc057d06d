# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an *arr app holds, as the options that bring it about: the way back from the API to C(settings.resources) of the inventory.

A new object is made here as C(runner) would make it, and only where the app has something else is it told. Nothing is written.
"""
from __future__ import annotations

import re

from ansible_collections.homelab.media.plugins.module_utils import resource as resources
from ansible_collections.homelab.media.plugins.module_utils import shapes
from ansible_collections.homelab.media.plugins.module_utils.arr import KINDS
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.resource import CATEGORY_FIELDS, camel, identity_of, nearest, same, snake
from ansible_collections.homelab.media.plugins.module_utils.runner import Converger

# Keys of providers that are options of the module; of the kinds of the second table all others are below C(settings).
OPTIONS = {
    "download_client": ("enable", "priority", "removeCompletedDownloads", "removeFailedDownloads"),
    "indexer": ("enable", "enableRss", "enableAutomaticSearch", "enableInteractiveSearch", "priority"),
    "import_list": ("enableAutomaticAdd", "enabled", "enableAuto", "rootFolderPath"),
    "application": ("syncLevel",),
    "metadata": ("enable",),
}
WITH_SETTINGS = ("download_client", "indexer", "import_list", "notification")
# What is computed by the app, or describes its code.
COMPUTED = re.compile(r"^(id|name|fields|tags|implementation|implementationName|configContract|infoLink|message|presets|protocol|definitionName|description"
                      r"|language|encoding|privacy|indexerUrls|legacyUrls|added|sortName|capabilities|supports.*|listType|listOrder|minRefreshInterval"
                      r"|testCommand|link|status)$")
# Settings that the container's environment, its image or the plan decide.
NOT_OURS = {"config_host": ("api_key", "bind_address", "branch", "enable_ssl", "instance_name", "launch_browser", "password_confirmation", "port",
                            "ssl_cert_path", "ssl_cert_password", "ssl_port", "update_automatically", "update_mechanism", "update_script_path", "url_base")}
# Settings whose value in a fresh app is not empty, so that an empty one says something.
NOT_EMPTY = ("backup_folder", "certification_country", "chmod_folder", "extra_file_extensions")
# Secrets that the catalog knows already; what is found must not be called so.
RESERVED = ("api_key", "password", "username")
# Fields of an application that the synchronisation of indexers sets, and its options.
SYNCED = {"fields": ("apiKey", "baseUrl", "prowlarrUrl"), "options": ("sync_level",)}


class Pending:
    """A secret that has no name yet.

    :param kind: Of the resource that holds it.
    :param title: What the resource is called.
    :param option: The field or option that it is the value of.
    :param part: Which of several in one field.
    """

    def __init__(self, kind, title, option, part=""):
        self.kind = kind
        self.title = title
        self.option = option
        self.part = part


class NoLedger:
    """A ledger that remembers nothing: nothing is pushed here."""

    def knows(self, key, value):
        return False


def slug(text):
    """A text as part of a variable's name."""
    return re.sub(r"[^a-z0-9]+", "_", str(text).lower()).strip("_")


def empty(value):
    return value in (None, "", [])


class Exporter:
    """Reads one app.

    :param client: A client that is connected.
    """

    def __init__(self, client):
        self.client = client
        self.worker = Converger(client, NoLedger(), {}, True)
        self.left_out = []

    def export(self, names=None):
        """Kind to a list of resources, or to a mapping of settings.

        :param names: Kinds, or C(None) for all that the app has.
        :raises MediaError: when there is no such kind, or the app does not answer.
        """
        known = [kind.name for kind in KINDS.values() if self.client.app in kind.apps]
        self.labels = {item["id"]: item.get("label") for item in self.client.read("tag")}
        found = {}
        for name in names or known:
            if name not in known:
                raise MediaError("{0}: there is no kind of resource {1}; {2}".format(self.client.name, name, nearest(name, known)))
            kind = KINDS[name]
            told = self.settings(kind, self.client.read(kind.path)) if kind.singleton else self.objects(kind)
            if told:
                found[name] = told
        return found

    # ----------------------------------------------------------------------------------------------------------------------------
    def settings(self, kind, item):
        """The settings of a section."""
        if not isinstance(item, dict):
            raise MediaError("{0}: {1}: the app does not tell what is there".format(self.client.name, kind.title))
        told = {}
        for key, value in item.items():
            option = snake(key)
            if key == "id" or option in NOT_OURS.get(kind.name, ()) or value is None or isinstance(value, dict):
                continue
            if option in kind.secrets:
                if not empty(value):
                    told[option] = Pending(kind.name, option, option)
                continue
            choices = kind.choices.get(option)
            if choices and isinstance(value, int) and not isinstance(value, bool) and value < len(choices):
                value = choices[value]
            if empty(value) and option not in NOT_EMPTY:
                continue
            told[option] = value
        if kind.name == "config_host" and str(told.get("authentication_method", "none")).lower() == "none":
            # Nobody is to open a page by copying what an old install was like.
            for option in ("authentication_method", "authentication_required"):
                told.pop(option, None)
        return told

    def objects(self, kind):
        """The objects of a kind, in an order that does not depend on their ids."""
        present = self.client.read(kind.path)
        if not isinstance(present, list):
            raise MediaError("{0}: {1}: the app does not tell what is there".format(self.client.name, kind.title))
        seen, found = set(), []
        for item in present:
            if kind.name == "indexer" and str(item.get("name", "")).endswith(" (Prowlarr)"):
                continue
            title = self.title(kind, item)
            # By labels: an id may be one of a tag that is gone.
            key = title if kind.name == "delay_profile" else identity_of(kind, item, camel)
            if kind.name != "delay_profile" and any(empty(item.get(camel(part))) for part in kind.identity):
                self.left_out.append("{0} with the id {1}: it has no {2}".format(kind.title, item.get("id"), " or no ".join(kind.identity)))
                continue
            if key in seen:
                self.left_out.append("{0} {1}: there are several of that name, of which one is told".format(kind.title, title))
                continue
            seen.add(key)
            try:
                told = getattr(self, "of_" + kind.name, self.provider if kind.provider else None)(kind, item, present)
            except (MediaError, AttributeError, KeyError, TypeError, ValueError) as error:
                self.left_out.append("{0} {1}: it is not what is expected ({2})".format(kind.title, title, error))
                continue
            if told:
                found.append((item.get("order", 0) if kind.name == "delay_profile" else 0, title.lower(), told))
        return [told for order, title, told in sorted(found, key=lambda entry: entry[:2])]

    def title(self, kind, item):
        if kind.name == "delay_profile":
            return ",".join(self.tags(item)) or "default"
        return " ".join(str(item.get(camel(part), "")) for part in kind.identity)

    def tags(self, item, key="tags"):
        return sorted(str(self.labels[number]) for number in item.get(key) or [] if number in self.labels)

    def named(self, kind, option, item):
        """The name that stands for an id; C(None) where there is none."""
        key, path, shown = kind.lookups[option]
        return next((other.get(shown) for other in self.client.read(path) if other.get("id") == item.get(key)), None)

    # ----------------------------------------------------------------------------------------------------------------------------
    def fresh(self, kind, item, wish, present):
        """The object that a new one begins with; empty when the app does not tell."""
        try:
            if not kind.create:
                schema = self.client.read(kind.path + "/schema")
                return next((entry for entry in schema if entry.get("implementation") == item.get("implementation")), {})
            template = self.worker.template(kind, wish, present, kind.title)
            shape = shapes.SHAPES.get(kind.name)
            wanted = shape(dict(wish), template, self.worker, kind.title, True) if shape else dict(wish)
            payload = resources.plan(kind, None, {key: value for key, value in wanted.items() if key != "tags"}, kind.title, None, template).payload
        except MediaError:
            return {}
        alike = all(payload.get(key) == item.get(key) for key in ("implementation", "configContract"))
        return payload if alike else {}

    def provider(self, kind, item, present):
        """A client, an indexer, a notification and the like."""
        wish = {"name": item["name"]}
        if kind.create:
            # A definition of Prowlarr's is one of many of one implementation.
            definition = item.get("definitionName") if item.get("implementation") == "Cardigann" else None
            wish["implementation"] = definition or item["implementation"]
        fresh = self.fresh(kind, item, dict(wish), present)
        told, settings = dict(wish), {}
        if kind.name == "notification":
            told["events"] = sorted(snake(key) for key, value in item.items() if value is True and key.startswith("on") and key[2:3].isupper())
        if self.tags(item):
            told["tags"] = self.tags(item)
        looked_up = {key: option for option, (key, path, shown) in kind.lookups.items()}
        for key, value in item.items():
            if COMPUTED.match(key) or kind.name == "notification" and key.startswith("on") and key[2:3].isupper():
                continue
            if key in looked_up:
                name = self.named(kind, looked_up[key], item)
                if name is not None:
                    told[looked_up[key]] = name
            elif fresh and key not in fresh and key not in kind.nullable:
                # Nothing that a new one could be given.
                continue
            elif not same(value, fresh.get(key)) and value is not None:
                if key in OPTIONS.get(kind.name, ()):
                    told[snake(key)] = value
                elif kind.name in WITH_SETTINGS:
                    settings[snake(key)] = value
        if settings:
            told["settings"] = settings
        fields = self.fields(kind, item, fresh)
        if fields:
            told["fields"] = fields
        return told

    def fields(self, kind, item, fresh):
        """The fields that differ from those of a new one, secrets without their values."""
        begin = {entry["name"]: entry.get("value") for entry in fresh.get("fields") or []}
        told = {}
        for entry in item.get("fields") or []:
            name, value = entry["name"], entry.get("value")
            if entry.get("type") == "info":
                continue
            if resources.is_secret_field(entry):
                if not empty(value):
                    told[name] = self.secret(kind, item["name"], name, value)
            elif same(value, begin.get(name), ordered=entry.get("type") == "keyValueList"):
                continue
            elif not empty(value):
                told[name] = value
            elif isinstance(begin.get(name), list) or entry.get("type") not in resources.NO_SECRET_TYPES:
                told[name] = [] if isinstance(begin.get(name), list) else ""
        return told

    @staticmethod
    def secret(kind, title, name, value):
        """What stands for a secret: a name for each value in a list of pairs, as headers are."""
        if isinstance(value, list):
            return [dict(pair, value=Pending(kind.name, title, name, pair.get("key", number))) if isinstance(pair, dict)
                    else Pending(kind.name, title, name, number) for number, pair in enumerate(value)]
        return Pending(kind.name, title, name)

    # ----------------------------------------------------------------------------------------------------------------------------
    def of_tag(self, kind, item, present):
        return {"label": item["label"]}

    def of_root_folder(self, kind, item, present):
        told = {"path": item["path"].rstrip("/") or "/"}
        if self.client.app == "lidarr":
            told["name"] = item.get("name")
            for option in kind.lookups:
                told[option] = self.named(kind, option, item)
            for option in ("default_monitor_option", "default_new_item_monitor_option"):
                told[option] = item.get(camel(option))
            told["default_tags"] = self.tags(item, "defaultTags") or None
        return {key: value for key, value in told.items() if value is not None}

    def of_remote_path_mapping(self, kind, item, present):
        return {"host": item["host"], "remote_path": item["remotePath"], "local_path": item["localPath"]}

    def of_metadata(self, kind, item, present):
        told = self.provider(kind, item, present)
        return told if set(told) - {"name"} else None

    def of_delay_profile(self, kind, item, present):
        told = {"tags": self.tags(item)}
        if "items" in item:
            # Lidarr 3: one item for each protocol, the preferred one first.
            for place, entry in enumerate(item["items"]):
                protocol = "usenet" if "usenet" in entry["protocol"].lower() else "torrent"
                told["enable_" + protocol], told[protocol + "_delay"] = entry["allowed"], entry["delay"]
                if place == 0:
                    told["preferred_protocol"] = protocol
        for option in ("enable_usenet", "enable_torrent", "preferred_protocol", "usenet_delay", "torrent_delay", "bypass_if_highest_quality",
                       "bypass_if_above_custom_format_score", "minimum_custom_format_score"):
            if item.get(camel(option)) is not None:
                told.setdefault(option, item[camel(option)])
        return told

    def of_custom_format(self, kind, item, present):
        told = {"name": item["name"]}
        if item.get("includeCustomFormatWhenRenaming"):
            told["include_custom_format_when_renaming"] = True
        told["specifications"] = []
        for entry in item.get("specifications") or []:
            found = {"name": entry["name"], "implementation": entry["implementation"]}
            found.update({key: True for key in ("negate", "required") if entry.get(key)})
            found["fields"] = {field["name"]: field.get("value") for field in entry.get("fields") or [] if not empty(field.get("value"))}
            told["specifications"].append(found)
        return told

    def of_quality_profile(self, kind, item, present):
        told = {"name": item["name"], "upgrade_allowed": item.get("upgradeAllowed"), "qualities": [], "formats": {}}
        for entry in reversed(item["items"]):
            if not entry.get("allowed"):
                continue
            name = shapes.name_of(entry)
            told["qualities"].append(name if entry.get("quality") else {
                "name": name, "qualities": [shapes.name_of(inner) for inner in reversed(entry["items"])]})
            if shapes.number_of(entry) == item.get("cutoff"):
                told["cutoff"] = name
        scores = sorted((entry["name"], entry["score"]) for entry in item.get("formatItems") or [] if entry.get("score"))
        told["formats"] = dict(scores)
        for option in ("min_format_score", "cutoff_format_score", "min_upgrade_format_score"):
            told[option] = item.get(camel(option))
        if item.get("language"):
            told["language"] = item["language"].get("name")
        return {key: value for key, value in told.items() if value not in (None, {})}


# --------------------------------------------------------------------------------------------------------------------------------

def without(found, wired):
    """What was found, without what something else makes: its options, and a resource of which nothing else is left.

    :param found: Kind to a list of resources, or to a mapping of settings.
    :param wired: Resources as C(media_wiring) takes them.
    """
    found = {name: dict(told) if isinstance(told, dict) else list(told) for name, told in found.items()}
    for wish in wired or []:
        name = wish.get("resource")
        if wish.get("state", "present") != "present":
            continue
        if name == "indexer_sync":
            for entry in wish.get("applications") or []:
                fields = list(SYNCED["fields"]) + (["syncCategories"] if entry.get("categories") is not None else [])
                options = [option for option in SYNCED["options"] + ("tags",) if entry.get(option) is not None]
                strip(found, "application", {"name": entry.get("name")}, fields, options)
        elif name in found:
            fields = set(wish.get("fields") or {})
            if wish.get("category") is not None:
                fields |= set(CATEGORY_FIELDS)
            strip(found, name, wish, fields, set(wish))
    return {name: told for name, told in found.items() if told}


def strip(found, name, wish, fields, options):
    """Take options and fields away from the resource that a wish means."""
    kind, told = KINDS[name], found.get(name)
    if not told:
        return
    if kind.singleton:
        inner = wish.get("settings") or {}
        gone = {snake(key) for key in list(options) + list(inner)}
        found[name] = {key: value for key, value in told.items() if key not in gone}
        return
    kept = []
    for item in told:
        if identity_of(kind, item) == identity_of(kind, wish):
            left = {key: value for key, value in item.items() if key not in options or key in kind.identity + ("implementation", "fields", "settings")}
            for key, gone in (("fields", fields), ("settings", {snake(option) for option in wish.get("settings") or {}})):
                left[key] = {inner: value for inner, value in (item.get(key) or {}).items() if inner not in gone}
            item = {key: value for key, value in left.items() if key not in ("fields", "settings") or value}
            if not set(item) - set(kind.identity) - {"implementation"}:
                continue
        kept.append(item)
    found[name] = kept


def pending_in(value):
    """All secrets without a name in a value, in order."""
    if isinstance(value, Pending):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [found for item in value for found in pending_in(item)]
    return []


def name_secrets(found, instance):
    """Give every secret a name that people recognise, after the resource where it is the only one there.

    :param instance: Name of the instance.
    :return: C(found) with references, and a list of the secrets.
    """
    groups = {}
    for secret in pending_in(found):
        groups.setdefault((secret.kind, secret.title), []).append(secret)
    names, taken, listed = {}, set(), []
    for (kind, title), secrets in groups.items():
        stem = slug(title) or kind
        if stem in taken or stem in RESERVED or stem[0].isdigit():
            stem = "{0}_{1}".format(kind, stem)
        taken.add(stem)
        for secret in secrets:
            name = stem if len(secrets) == 1 else "_".join(part for part in (stem, slug(snake(secret.option)), slug(secret.part)) if part)
            if (kind, secret.option) == ("config_host", "password"):
                # The login, which the catalog knows.
                name = "password"
            number, first = 1, name
            while name in names.values():
                number += 1
                name = "{0}_{1}".format(first, number)
            names[id(secret)] = name
            listed.append({"name": name, "secret": "{0}.{1}".format(instance, name), "resource": kind,
                           "of": "" if KINDS[kind].singleton else title, "option": secret.option})

    def replaced(value):
        if isinstance(value, Pending):
            return {"secret": "{0}.{1}".format(instance, names[id(value)])}
        if isinstance(value, dict):
            return {key: replaced(item) for key, item in value.items()}
        return [replaced(item) for item in value] if isinstance(value, list) else value

    return replaced(found), listed


def export(client, instance, names=None, wired=None):
    """Everything that is there, as C(settings.resources) of an instance.

    :param client: A client that is connected.
    :param instance: Name of the instance, for the names of secrets.
    :param names: Kinds, or C(None) for all that the app has.
    :param wired: Resources that something else makes.
    :return: C({resources, secrets, left_out}).
    """
    exporter = Exporter(client)
    found = without(exporter.export(names), wired)
    told, secrets = name_secrets(found, instance)
    return {"resources": told, "secrets": secrets, "left_out": exporter.left_out}
