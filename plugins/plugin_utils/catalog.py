# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog: one YAML file per app that says what the app is, what it offers and what it needs."""

from __future__ import annotations

import os

import jinja2
import yaml

from ansible_collections.homelab.media.plugins.plugin_utils.findings import Findings, did_you_mean
from ansible_collections.homelab.media.plugins.plugin_utils.schema import Mismatch, coerce

# libyaml's loader is ten times faster and not everywhere.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BUILT_IN = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "catalog")

ADOPT = {
    "type": "dict",
    "options": {
        "path": {"type": "str"},
        "format": {"type": "str", "choices": ["xml", "ini", "json", "yaml", "kv"]},
        "key": {"type": "str"},
    },
}
SECRET = {
    "type": "dict",
    "options": {
        "format": {"type": "str", "choices": ["hex32", "password", "plain"]},
        "required": {"type": "any"},
        "adopt": {"type": "list"},
        "default": {"type": "str"},
        "fallback": {"type": "str"},
        "when": {"type": "any"},
        "description": {"type": "str"},
        "adopt_required": {"type": "bool"},
        "expands": {"type": "bool"},
        "sticky": {"type": "bool"},
    },
}
SETTING = {
    "type": "dict",
    "options": {
        "type": {"type": "str"},
        "default": {"type": "any"},
        "choices": {"type": "list"},
        "elements": {"type": "str"},
        "description": {"type": "str"},
        "min": {"type": "int"},
        "max": {"type": "int"},
    },
}
FILE = {
    "type": "dict",
    "options": {
        "template": {"type": "str"},
        "path": {"type": "str"},
        "seed": {"type": "bool"},
        "place": {"type": "str", "choices": ["config", "project"]},
        "mount": {"type": "str"},
        "mode": {"type": "str"},
        "owner": {"type": "str", "choices": ["app", "root"]},
        "restart": {"type": "bool"},
        "sensitive": {"type": "bool"},
        "when": {"type": "any"},
    },
}
NEED = {
    "type": "dict",
    "options": {
        "offers": {"type": "str"},
        "apps": {"type": "list", "elements": "str"},
        "many": {"type": "bool"},
        "both_ways": {"type": "bool"},
        "variant": {"type": "str", "choices": ["any", "same"]},
        "when": {"type": "any"},
        "ordered": {"type": "bool"},
        "after": {"type": "list", "elements": "str"},
        "required": {"type": "bool"},
    },
}
WIRING = {
    "type": "dict",
    "options": {
        "resource": {"type": "str"},
        "each": {"type": "str"},
        "when": {"type": "any"},
        "options": {"type": "dict"},
        "loop": {"type": "any"},
        "absent": {"type": "bool"},
        "gone": {"type": "bool"},
        "list": {
            "type": "dict",
            "options": {"option": {"type": "str"}, "each": {"type": "str"}, "item": {"type": "dict"}},
        },
    },
}

SCHEMA = {
    "app": {"type": "name"},
    "title": {"type": "str"},
    "summary": {"type": "str"},
    "image": {"type": "str"},
    "version": {"type": "str"},
    "arches": {"type": "list", "elements": "str"},
    "project": {"type": "name"},
    "network": {"type": "str"},
    "user": {
        "type": "dict",
        "options": {
            "convention": {"type": "str", "choices": ["puid", "user", "fixed"]},
            "uid": {"type": "id"},
            "gid": {"type": "id"},
        },
    },
    "config": {"type": "str"},
    "media": {"type": "any"},
    "port": {
        "type": "dict",
        "options": {
            "number": {"type": "port"},
            "inside": {"type": "bool"},
            "url_base": {"type": "bool"},
            "login": {"type": "bool"},
            "people": {"type": "bool"},
            "bind": {"type": "bind"},
            "path": {"type": "str"},
        },
    },
    "ports": {"type": "list"},
    "reserved_ports": {"type": "list", "elements": "port"},
    "gateway": {"type": "bool"},
    "tun": {"type": "bool"},
    "vpn": {"type": "str", "choices": ["gluetun"]},
    "probe": {"type": "dict"},
    "env": {"type": "dict"},
    "env_template": {"type": "str"},
    "compose": {"type": "dict"},
    "volumes": {"type": "list"},
    "directories": {"type": "list"},
    "secrets": {"type": "dict"},
    "files": {"type": "list"},
    "settings": {"type": "dict"},
    "variants": {"type": "list", "elements": "str"},
    "media_kind": {"type": "name"},
    "offers": {"type": "dict"},
    "needs": {"type": "dict"},
    "wiring": {"type": "list"},
    "checks": {"type": "list"},
    "eol": {"type": "dict", "options": {"successor": {"type": "str"}, "reason": {"type": "str"}}},
}
REQUIRED = ("app", "title", "image", "version")
COMMON_SETTINGS = {"allow_downgrade": {"type": "bool", "default": False}}


class Catalog(dict):
    """App name to its entry, with the Jinja loader of the templates beside the files."""

    def __init__(self):
        super().__init__()
        self.loader = None
        self.env = None
        self.findings = Findings()


def _nested(entry, where):
    for key, spec in (("secrets", SECRET), ("settings", SETTING), ("needs", NEED)):
        for name, value in entry.get(key, {}).items():
            entry[key][name] = coerce(value if value is not None else {}, spec, "{0}.{1}.{2}".format(where, key, name))
    for key, spec in (("files", FILE), ("wiring", WIRING)):
        entry[key] = [
            coerce(value, spec, "{0}.{1}[{2}]".format(where, key, number))
            for number, value in enumerate(entry.get(key, []))
        ]
    for name, secret in entry.get("secrets", {}).items():
        secret["adopt"] = [
            coerce(item, ADOPT, "{0}.secrets.{1}.adopt".format(where, name)) for item in secret.get("adopt", [])
        ]


def check_entry(data, where, filename):
    """Check one catalog file's content and fill in what it leaves out; raises Mismatch."""
    if not isinstance(data, dict):
        raise Mismatch("must be a mapping that describes one app", None, where)
    for key in data:
        if key not in SCHEMA:
            raise Mismatch("has no key '{0}'".format(key), did_you_mean(key, SCHEMA, "keys"), where)
    for key in REQUIRED:
        if key not in data:
            raise Mismatch("lacks the key '{0}'".format(key), "Add it to {0}.".format(filename), where)
    entry = {key: coerce(value, SCHEMA[key], "{0}.{1}".format(where, key)) for key, value in data.items()}
    entry.setdefault("summary", entry["title"])
    entry.setdefault("arches", ["amd64", "arm64"])
    entry.setdefault("project", "homelab-services")
    entry.setdefault("network", "bridge")
    entry.setdefault("user", {"convention": "puid"})
    entry["user"].setdefault("convention", "puid")
    entry.setdefault("media", False)
    for key in ("probe", "env", "compose", "secrets", "settings", "offers", "needs"):
        entry.setdefault(key, {})
    for key in ("ports", "reserved_ports", "volumes", "directories", "files", "variants", "wiring", "checks"):
        entry.setdefault(key, [])
    entry.setdefault("gateway", False)
    entry.setdefault("tun", False)
    _nested(entry, where)
    for name, need in entry["needs"].items():
        if not need.get("offers") and not need.get("apps"):
            raise Mismatch(
                "names neither 'offers' nor 'apps'", "Say what the link looks for.", "{0}.needs.{1}".format(where, name)
            )
    for key, spec in COMMON_SETTINGS.items():
        entry["settings"].setdefault(key, dict(spec))
    return entry


def load(paths=()):
    """Read the catalog that the collection ships and the directories that the user adds.

    A later directory wins over an earlier one, so that a user may replace an entry. Problems are findings, never
    exceptions.
    """
    catalog = Catalog()
    folders = []
    for folder in [BUILT_IN] + list(paths):
        if not os.path.isdir(folder):
            catalog.findings.error(
                "",
                "media_catalog_paths",
                "There is no catalog directory {0}.".format(folder),
                "Create it or remove it from media_catalog_paths.",
            )
            continue
        folders.append(folder)
        for filename in sorted(os.listdir(folder)):
            if not filename.endswith((".yml", ".yaml")):
                continue
            where = "catalog/{0}".format(filename)
            try:
                with open(os.path.join(folder, filename), encoding="utf-8") as handle:
                    entry = check_entry(yaml.load(handle, Loader=LOADER), where, filename)
            except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
                catalog.findings.error(
                    "",
                    where,
                    "The catalog file {0} cannot be read: {1}.".format(
                        os.path.join(folder, filename), " ".join(str(error).split())
                    ),
                    "Repair the file.",
                )
                continue
            except Mismatch as error:
                catalog.findings.error(
                    "",
                    error.path or where,
                    "In the catalog file {0}, this {1}.".format(filename, error.message),
                    error.remedy or "Repair the file.",
                )
                continue
            catalog[entry["app"]] = entry
    catalog.loader = jinja2.FileSystemLoader(
        [os.path.join(folder, place) for folder in reversed(folders) for place in ("templates", "")]
    )
    return catalog
