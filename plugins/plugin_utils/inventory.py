# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory as plain data: the users' variables, coerced and checked, as hosts and instances."""

from __future__ import annotations

import copy
import difflib
import posixpath
from dataclasses import dataclass, field

from ansible_collections.homelab.media.plugins.plugin_utils import usenet, user_resources
from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean
from ansible_collections.homelab.media.plugins.plugin_utils.schema import NAME, Mismatch, coerce
from ansible_collections.homelab.media.plugins.plugin_utils.secret_marks import SHORTEST, length, marks_of

VARIABLES = {
    "media_data_root": {"type": "path", "default": "/mnt/media"},
    "media_data_mount": {"type": "bool", "default": False},
    "media_config_root": {"type": "path", "default": "/var/lib/homelab-media-configs"},
    "media_compose_root": {"type": "path", "default": "/opt/homelab-media"},
    "media_state_root": {"type": "path", "default": "/var/lib/homelab-media"},
    "media_layout": {"type": "str", "choices": ["default", "trash"], "default": "default"},
    "media_uid": {"type": "id", "default": 1000},
    "media_gid": {"type": "id", "default": 1000},
    "media_umask": {"type": "umask", "default": "002"},
    "media_timezone": {"type": "str", "default": "Etc/UTC"},
    "media_network": {"type": "dict", "default": {}, "options": {"name": {"type": "str"}, "subnet": {"type": "cidr"}}},
    "media_address": {"type": "address", "default": None},
    "media_registry": {"type": "str", "default": ""},
    "media_registry_insecure": {"type": "bool", "default": False},
    "media_secrets": {"type": "dict", "default": {}},
    "media_admin": {
        "type": "dict",
        "default": {},
        "options": {"username": {"type": "any"}, "password": {"type": "any"}},
    },
    "media_purge": {"type": "dict", "default": {}},
    "media_catalog_paths": {"type": "list", "elements": "str", "default": []},
    "media_usenet_servers": {"type": "list", "default": []},
    "media_services": {"type": "dict", "default": {}},
}
NETWORK = {"name": "homelab_media_network", "subnet": "172.19.0.0/16"}

INSTANCE = {
    "app": {"type": "name"},
    "variant": {"type": "str"},
    "via": {"type": "str"},
    "project": {"type": "name"},
    "state": {"type": "str", "choices": ["started", "stopped", "absent"]},
    "image": {"type": "str"},
    "version": {"type": "str"},
    "port": {"type": "port"},
    "bind": {"type": "bind"},
    "url_base": {"type": "url_base"},
    "config_dir": {"type": "path"},
    "env": {"type": "dict"},
    "volumes": {"type": "list", "elements": "str"},
    "devices": {"type": "list", "elements": "str"},
    "labels": {"type": "dict"},
    "uid": {"type": "id"},
    "gid": {"type": "id"},
    "links": {"type": "dict"},
    "settings": {"type": "dict"},
    "secrets": {"type": "dict"},
    "adopt": {"type": "bool"},
}
SHORTEST_SECRET = SHORTEST


@dataclass
class Instance:
    """One entry of media_services, with everything that can be known before the topology."""

    name: str
    host: "Host"
    entry: dict
    title: str
    variant: str | None = None
    via: str | None = None
    project: str = ""
    state: str = "started"
    image: str = ""
    version: str = ""
    port: int | None = None  # what the app listens on, inside its network namespace
    published: int | None = None  # what the host listens on
    bind: str = "none"
    url_base: str = ""
    config_dir: str | None = None
    env: dict = field(default_factory=dict)
    volumes: list = field(default_factory=list)
    devices: list = field(default_factory=list)
    labels: dict = field(default_factory=dict)
    uid: int = 1000
    gid: int = 1000
    link_wishes: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    given: set = field(default_factory=set)
    adopt: bool = False
    taken_over: bool = False  # adopted, and there: its directories are left as they are
    owned: bool = False  # a container of ours is there already
    described: set = field(default_factory=set)  # keys that the user wrote
    network: str = "bridge"
    links: dict = field(default_factory=dict)  # need -> targets
    gone_links: dict = field(default_factory=dict)  # need -> targets with state absent
    linked_from: list = field(default_factory=list)
    remote: bool = False  # another host needs its port
    category: str | None = None
    root_folders: list = field(default_factory=list)
    extra_mounts: list = field(default_factory=list)

    @property
    def app(self):
        return self.entry["app"]

    @property
    def key(self):
        return "media_services.{0}".format(self.name)

    @property
    def present(self):
        return self.state != "absent"

    @property
    def running(self):
        return self.state == "started"

    @property
    def dns_name(self):
        return self.name

    @property
    def gateway(self):
        """The gateway instance whose network namespace this one shares, or none."""
        return self.host.instances.get(self.via) if self.via else None


@dataclass
class Host:
    """A host with media_services."""

    name: str
    instances: dict = field(default_factory=dict)
    undefined: dict = field(default_factory=dict)
    given: set = field(default_factory=set)
    expanding: set = field(default_factory=set)  # given secrets that hold ${
    marks: dict = field(default_factory=dict)  # given secrets whose form is known
    data_root: str = "/mnt/media"
    data_mount: bool = False
    config_root: str = ""
    compose_root: str = ""
    state_root: str = ""
    layout: str = "default"
    uid: int = 1000
    gid: int = 1000
    umask: str = "002"
    timezone: str = "Etc/UTC"
    network: dict = field(default_factory=dict)
    address: str | None = None
    registry: str = ""
    registry_insecure: bool = False
    purge: dict = field(default_factory=dict)
    usenet_servers: list = field(default_factory=list)

    def present(self):
        return [instance for instance in self.instances.values() if instance.present]


def title_of(entry, name):
    """A name for people that starts with the app's own name: nzbget-2 is 'NZBGet 2', radarr-4k is 'Radarr 4K'."""
    app = entry["app"]
    if name == app:
        return entry["title"]
    if name.startswith(app + "-"):
        rest = name[len(app) + 1 :].replace("-", " ")
        return "{0} {1}".format(entry["title"], rest.upper() if len(rest) <= 3 else rest.title())
    return "{0} ({1})".format(entry["title"], name)


def _check_secret(findings, host, key, value):
    """Whether a secret is given; what can be seen of it without telling it is checked."""
    if value is None:
        return False
    if isinstance(value, (dict, list)):
        findings.error(host, key, "This secret is not text.", "Give it as text, from a vault.")
    elif 0 < length(value) < SHORTEST_SECRET and not key.endswith(("username", "_user")):
        findings.error(
            host,
            key,
            "This secret is shorter than {0} characters, too short to be kept out of the output.".format(
                SHORTEST_SECRET
            ),
            "Choose a longer one.",
        )
    return value not in (None, "")


def _note(host, name, value):
    """Note what checks ask about a secret: whether some app would take it for a reference to a variable, and its form."""
    if "${" in str(value):
        host.expanding.add(name)
    marks = marks_of(value)
    if marks is not None:
        host.marks[name] = marks


def _coerced(findings, host, key, value, spec):
    """The coerced value and whether it fits."""
    try:
        return coerce(value, spec, key), True
    except Mismatch as error:
        findings.error(host, error.path or key, "This {0}.".format(error.message), error.remedy or "Correct the value.")
        return None, False


def _settings(findings, instance, wished):
    schema = instance.entry["settings"]
    settings = {}
    for key, spec in schema.items():
        settings[key] = copy.deepcopy(spec.get("default"))
    for key, value in wished.items():
        path = "{0}.settings.{1}".format(instance.key, key)
        if key not in schema:
            findings.error(
                instance.host.name,
                path,
                "{0} has no setting '{1}'.".format(instance.entry["title"], key),
                did_you_mean(key, schema, "settings"),
            )
            continue
        value, fits = _coerced(findings, instance.host.name, path, value, schema[key])
        if fits:
            settings[key] = value
    return settings


def _instance(findings, catalog, host, name, data):
    key = "media_services.{0}".format(name)
    if not isinstance(name, str) or not NAME.match(name):
        findings.error(
            host.name,
            key,
            "The name '{0}' does not fit: it becomes the container's and the DNS name.".format(name),
            "Use lower-case letters, digits and '-', starting with a letter.",
        )
        return None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        findings.error(
            host.name,
            key,
            "The description of '{0}' must be a mapping.".format(name),
            "Write {0}: {{}} for all defaults.".format(name),
        )
        return None
    values = {}
    for option, value in data.items():
        path = "{0}.{1}".format(key, option)
        if option not in INSTANCE:
            findings.error(
                host.name,
                path,
                "A service has no option '{0}'.".format(option),
                did_you_mean(option, INSTANCE, "options"),
            )
            continue
        if value is None:
            continue
        value, fits = _coerced(findings, host.name, path, value, INSTANCE[option])
        if fits:
            values[option] = value
    app = values.get("app", name)
    if app not in catalog:
        place = key + ".app" if "app" in values else key
        findings.error(
            host.name, place, "The catalog has no app '{0}'.".format(app), did_you_mean(app, catalog, "apps")
        )
        return None
    entry = catalog[app]
    instance = Instance(name=name, host=host, entry=entry, title=title_of(entry, name), described=set(values))
    instance.uid, instance.gid = host.uid, host.gid
    if entry["user"]["convention"] == "fixed":
        instance.uid, instance.gid = entry["user"].get("uid", 0), entry["user"].get("gid", 0)
        for option in ("uid", "gid"):
            if option in values and values[option] != getattr(instance, option):
                findings.error(
                    host.name,
                    "{0}.{1}".format(key, option),
                    "The image of {0} runs as a fixed user.".format(entry["title"]),
                    "Remove {0}.".format(option),
                )
    else:
        instance.uid, instance.gid = values.get("uid", host.uid), values.get("gid", host.gid)
    instance.variant = values.get("variant")
    if instance.variant and instance.variant not in entry["variants"]:
        findings.error(
            host.name,
            key + ".variant",
            "{0} has no variant '{1}'.".format(entry["title"], instance.variant),
            did_you_mean(instance.variant, entry["variants"], "variants"),
        )
        instance.variant = None
    instance.via = values.get("via")
    instance.project = values.get("project", entry["project"])
    instance.state = values.get("state", "started")
    instance.image = values.get("image", entry["image"])
    instance.version = values.get("version", entry["version"])
    instance.config_dir = values.get("config_dir")
    instance.volumes = values.get("volumes", [])
    instance.devices = values.get("devices", [])
    instance.labels = dict(values.get("labels", {}))
    instance.env = dict(values.get("env", {}))
    instance.link_wishes = values.get("links", {})
    instance.adopt = values.get("adopt", False)
    port = entry.get("port")
    if port:
        instance.published = values.get("port", port["number"])
        instance.port = instance.published if port.get("inside", True) else port["number"]
        default = "all" if port.get("people") and port.get("login") else "loopback"
        instance.bind = values.get("bind", port.get("bind", default))
        instance.url_base = values.get("url_base", "")
        if instance.url_base and not port.get("url_base"):
            findings.error(
                host.name, key + ".url_base", "{0} cannot live under a path.".format(entry["title"]), "Remove url_base."
            )
            instance.url_base = ""
    else:
        for option in ("port", "bind", "url_base"):
            if option in values:
                findings.error(
                    host.name,
                    "{0}.{1}".format(key, option),
                    "{0} has no port.".format(entry["title"]),
                    "Remove {0}.".format(option),
                )
    instance.settings = _settings(findings, instance, values.get("settings", {}))
    for option in ("env", "labels"):
        for item in list(getattr(instance, option)):
            if not isinstance(item, str) or not item or "=" in item or "\n" in item:
                findings.error(
                    host.name,
                    "{0}.{1}".format(key, option),
                    "'{0}' cannot be a name here.".format(item),
                    "Correct the name.",
                )
                del getattr(instance, option)[item]
    for secret, value in values.get("secrets", {}).items():
        path = "{0}.secrets.{1}".format(key, secret)
        known = user_resources.known_secrets(instance)
        if secret not in known:
            findings.error(
                host.name,
                path,
                "{0} has no secret '{1}'.".format(entry["title"], secret),
                did_you_mean(secret, known, "secrets"),
            )
        elif _check_secret(findings, host.name, path, value):
            instance.given.add("{0}.{1}".format(name, secret))
            _note(host, "{0}.{1}".format(name, secret), value)
    return instance


def check_variable(findings, host, key):
    """Report a variable that is most likely a misspelt one of ours; the prefix alone is nobody's property."""
    close = difflib.get_close_matches(key, VARIABLES, n=1, cutoff=0.86)
    if key not in VARIABLES and close:
        findings.error(host, key, "There is no variable '{0}'.".format(key), "Did you mean '{0}'?".format(close[0]))


def _host(findings, catalog, name, variables, undefined):
    host = Host(name=name, undefined=undefined)
    values = {}
    for key, spec in VARIABLES.items():
        value = copy.deepcopy(spec["default"])
        if variables.get(key) is not None and key not in undefined:
            given, fits = _coerced(findings, name, key, variables[key], spec)
            if fits:
                value = given
        values[key] = value
    for key in variables:
        if key.startswith("media_") and key not in VARIABLES:
            check_variable(findings, name, key)
    for key, message in undefined.items():
        findings.error(
            name,
            key,
            "This value uses something that is not defined: {0}.".format(message.rstrip(".")),
            "Define it, or correct its name.",
        )
    for option in (
        "data_root",
        "data_mount",
        "config_root",
        "compose_root",
        "state_root",
        "layout",
        "uid",
        "gid",
        "umask",
        "timezone",
        "address",
        "registry",
        "registry_insecure",
        "purge",
    ):
        setattr(host, option, values["media_" + option])
    host.registry = host.registry.rstrip("/")
    host.network = dict(NETWORK, **{key: value for key, value in values["media_network"].items() if value})
    for secret, value in values["media_secrets"].items():
        if _check_secret(findings, name, "media_secrets.{0}".format(secret), value):
            host.given.add(str(secret))
            _note(host, str(secret), value)
    for secret, value in values["media_admin"].items():
        if _check_secret(findings, name, "media_admin.{0}".format(secret), value):
            host.given.add("admin.{0}".format(secret))
            _note(host, "admin.{0}".format(secret), value)

    def given(key, full, value):
        if not _check_secret(findings, name, key, value):
            return False
        host.given.add(full)
        _note(host, full, value)
        return True

    host.usenet_servers = usenet.read(findings, name, values["media_usenet_servers"], given)
    for instance_name, data in values["media_services"].items():
        if "media_services.{0}".format(instance_name) in undefined:
            continue
        instance = _instance(findings, catalog, host, instance_name, data)
        if instance:
            host.instances[instance_name] = instance
            if instance.config_dir is None:
                instance.config_dir = posixpath.join(host.config_root, instance_name)
            host.given |= instance.given
    for secret in sorted(host.given):
        owner, dot, short = secret.partition(".")
        if owner in ("admin", "host"):
            continue
        instance = host.instances.get(owner)
        known = user_resources.known_secrets(instance) if instance else ()
        if instance and short not in known:
            findings.error(
                name,
                "media_secrets.{0}".format(secret),
                "{0} has no secret '{1}'.".format(instance.entry["title"], short),
                did_you_mean(short, known, "secrets"),
            )
        elif instance:
            instance.given.add(secret)
    return host


def read(findings, catalog, inventory):
    """Turn C({host: {"variables": {...}, "undefined": {key: message}}}) into hosts; what is wrong becomes findings."""
    hosts = {}
    for name in sorted(inventory):
        variables = inventory[name].get("variables") or {}
        undefined = inventory[name].get("undefined") or {}
        hosts[name] = _host(findings, catalog, name, variables, undefined)
    return hosts
