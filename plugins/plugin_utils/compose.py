# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The compose model: every service of a host as data, its files, and the rendered compose file of each project."""

from __future__ import annotations

import json
import posixpath

import yaml

from ansible_collections.homelab.media.plugins.plugin_utils import context as contexts
from ansible_collections.homelab.media.plugins.plugin_utils import storage, topology, values, vpn

LABEL = "homelab.media."
LOGGING = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
HEALTH = {"interval": "15s", "timeout": "10s", "retries": 5, "start_period": "60s"}
ORDER = (
    "image",
    "container_name",
    "init",
    "user",
    "network_mode",
    "networks",
    "depends_on",
    "cap_add",
    "cap_drop",
    "security_opt",
    "devices",
    "group_add",
    "environment",
    "env_file",
    "ports",
    "volumes",
    "tmpfs",
    "entrypoint",
    "command",
    "healthcheck",
    "labels",
    "logging",
    "restart",
)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


class _Quoted(str):
    """Text that is always quoted, so that no reader takes 8080:8080 or on for something else."""


_Dumper.add_representer(
    _Quoted, lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", str(data), style='"')
)


def image_of(instance, registry=None):
    """The image reference, pinned, from the mirror where there is one."""
    registry = instance.host.registry if registry is None else registry
    if "@" in instance.version:
        reference = instance.image + instance.version
    elif instance.version.startswith("sha256:"):
        reference = "{0}@{1}".format(instance.image, instance.version)
    else:
        reference = "{0}:{1}".format(instance.image, instance.version)
    return "{0}/{1}".format(registry, reference) if registry else reference


def _environment(env, instance, context):
    found = {"TZ": instance.host.timezone}
    convention = instance.entry["user"]["convention"]
    if convention == "puid":
        found.update({"PUID": instance.uid, "PGID": instance.gid, "UMASK": instance.host.umask})
    found.update(values.render(env, instance.entry["env"], context))
    if instance.entry.get("env_template"):
        try:
            more = yaml.safe_load(values.render_file(env, instance.entry["env_template"], context)) or {}
        except yaml.YAMLError as error:
            raise values.ValueProblem(
                "the template {0} does not give YAML".format(instance.entry["env_template"])
            ) from error
        found.update(more if isinstance(more, dict) else {})
    own = instance.env
    if instance.entry.get("vpn"):
        found.update(vpn.environment(instance, context["me"]["secrets"], context["outbound_subnets"]))
        own = vpn.user_env(instance)[0]
    for key, value in own.items():
        if isinstance(value, dict) and set(value) == {"secret"}:
            name = str(value["secret"])
            value = {"secret": name if "." in name else "{0}.{1}".format(instance.name, name)}
        found[key] = value
    plain, hidden = {}, {}
    for key, value in found.items():
        if value is None:
            continue
        if values.is_secret(value):
            value = values.token(value, "env")
        value = (
            value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict) else values.text_of(value)
        )
        (hidden if values.has_secret(value) else plain)[key] = value
    return plain, hidden


def _files(env, instance, context, project_dir):
    """The files of an instance for media_files, its mounts, and the paths whose change needs a restart."""
    files, mounts, restart = [], [], []
    for spec in instance.entry["files"]:
        if "when" in spec and not values.render(env, spec["when"], context):
            continue
        relative = values.render(env, spec["path"], context)
        if spec.get("place", "config") == "project":
            path = posixpath.join(project_dir, "{0}.d".format(instance.name), relative)
        else:
            path = posixpath.join(instance.config_dir, relative)
        content = values.render_file(env, spec["template"], context)
        owner, group = (instance.uid, instance.gid) if spec.get("owner", "app") == "app" else (0, 0)
        secret = values.has_secret(content)
        seed = bool(spec.get("seed", False))
        files.append(
            {
                "path": path,
                "content": content,
                "owner": owner,
                "group": group,
                "mode": spec.get("mode", "0600" if secret else "0640"),
                "seed": seed,
                "sensitive": bool(spec.get("sensitive", secret)),
                "backup": False,
            }
        )
        if spec.get("mount"):
            mounts.append("{0}:{1}:ro".format(path, spec["mount"]))
        if spec.get("restart", not seed):
            restart.append(path)
    return files, mounts, restart


def _ports(env, instance, context):
    """What an instance publishes, wherever it is published: on itself or on its gateway."""
    found = []
    for bind in topology.binds(instance):
        found.append(
            {
                "bind": bind,
                "published": instance.published,
                "target": instance.port,
                "protocol": "tcp",
                "instance": instance.name,
                "name": "port",
            }
        )
    for spec in instance.entry["ports"]:
        spec = values.render(env, spec, context)
        number = spec.get("number")
        publish = spec.get("publish", "all")
        if not number or publish == "none" or (instance.gateway is not None and not spec.get("via", False)):
            continue
        found.append(
            {
                "bind": "127.0.0.1" if publish == "loopback" else "0.0.0.0",
                "published": number,
                "target": spec.get("target", number),
                "protocol": spec.get("protocol", "tcp"),
                "instance": instance.name,
                "name": spec.get("name", "port"),
            }
        )
    return found


def inner_ports(env, instance, context):
    """The ports an instance listens on inside its network namespace, as (port, protocol, what)."""
    found = []
    if instance.port is not None:
        found.append((instance.port, "tcp", "port"))
    for spec in instance.entry["ports"]:
        spec = values.render(env, spec, context)
        if spec.get("number"):
            found.append((spec.get("target", spec["number"]), spec.get("protocol", "tcp"), spec.get("name", "port")))
    for number in instance.entry["reserved_ports"]:
        if number != instance.port:
            found.append((number, "tcp", "reserved"))
    return found


def _health(env, instance, context):
    probe = values.render(env, instance.entry["probe"], context)
    if not probe or probe.get("image"):
        return None
    found = {"test": ["CMD"] + [values.text_of(item) for item in probe["command"]]}
    for key, default in HEALTH.items():
        found[key] = probe.get(key, default)
    return found


def _volumes(env, instance, context, mounts):
    found = []
    if instance.entry.get("config"):
        found.append("{0}:{1}".format(instance.config_dir, instance.entry["config"]))
    if storage.sees_media(instance):
        mode = ":ro" if instance.entry["media"] == "read_only" else ""
        found.append("{0}:{1}{2}".format(instance.host.data_root, storage.MOUNT, mode))
    found += values.render(env, instance.entry["volumes"], context) + mounts
    found += instance.extra_mounts + instance.volumes
    return found


def service(env, hosts, instance, project_dir):
    """One service: the compose mapping, its files, and what decides about a restart."""
    context = contexts.build(env, hosts, instance)
    plain, hidden = _environment(env, instance, context)
    files, mounts, restart = _files(env, instance, context, project_dir)
    model = {
        "image": image_of(instance),
        "container_name": instance.name,
        "restart": "unless-stopped",
        "logging": LOGGING,
    }
    if instance.entry["user"]["convention"] == "user":
        model["user"] = "{0}:{1}".format(instance.uid, instance.gid)
    if instance.gateway is not None:
        model["network_mode"] = "service:{0}".format(instance.gateway.name)
        model["depends_on"] = {instance.gateway.name: {"condition": "service_healthy"}}
    elif instance.network == "host":
        model["network_mode"] = "host"
    else:
        model["networks"] = [instance.host.network["name"]]
    if plain:
        model["environment"] = {key: plain[key] for key in sorted(plain)}
    if hidden:
        path = posixpath.join(project_dir, "{0}.env".format(instance.name))
        content = "".join("{0}={1}\n".format(key, hidden[key]) for key in sorted(hidden))
        files.append(
            {
                "path": path,
                "content": content,
                "owner": 0,
                "group": 0,
                "mode": "0600",
                "seed": False,
                "sensitive": True,
                "backup": False,
            }
        )
        restart.append(path)
        model["env_file"] = ["./{0}.env".format(instance.name)]
    model["volumes"] = _volumes(env, instance, context, mounts)
    extra = values.render(env, instance.entry["compose"], context)
    for key, value in extra.items():
        model[key] = model[key] + value if isinstance(value, list) and isinstance(model.get(key), list) else value
    if instance.devices:
        model["devices"] = list(model.get("devices", [])) + [
            item for item in instance.devices if item not in model.get("devices", [])
        ]
    health = _health(env, instance, context)
    if health:
        model["healthcheck"] = health
    labels = {str(key): values.text_of(value) for key, value in instance.labels.items()}
    labels.update({LABEL + "instance": instance.name, LABEL + "app": instance.app, LABEL + "version": instance.version})
    model["labels"] = labels
    if not model["volumes"]:
        del model["volumes"]
    return {
        "model": model,
        "files": files,
        "restart": sorted(restart),
        "ports": _ports(env, instance, context),
        "inner": inner_ports(env, instance, context),
        "context": context,
    }


def port_text(port):
    suffix = "/udp" if port["protocol"] == "udp" else ""
    prefix = (
        ""
        if port["bind"] == "0.0.0.0"
        else "{0}:".format("[{0}]".format(port["bind"]) if ":" in port["bind"] else port["bind"])
    )
    return "{0}{1}:{2}{3}".format(prefix, port["published"], port["target"], suffix)


def place_ports(instances, services):
    """Put published ports where they belong: a dependent's on its gateway, none on the host network."""
    placed = {}
    for instance in instances:
        holder = (instance.gateway or instance).name
        if (instance.gateway or instance).network == "host":
            continue
        placed.setdefault(holder, []).extend(services[instance.name]["ports"])
    for name, ports in placed.items():
        if ports and name in services:
            services[name]["model"]["ports"] = sorted(
                {port_text(port) for port in ports}, key=lambda item: (item.split(":")[-1], item)
            )


def escape(data):
    """Compose reads a dollar sign as the start of a variable."""
    if isinstance(data, str):
        return data.replace("$", "$$")
    if isinstance(data, dict):
        return {key: escape(value) for key, value in data.items()}
    if isinstance(data, list):
        return [escape(item) for item in data]
    return data


def ordered(model):
    keys = [key for key in ORDER if key in model] + sorted(key for key in model if key not in ORDER)
    return {key: model[key] for key in keys}


def _quote(key, data):
    if isinstance(data, dict):
        return {item: _quote(key, value) for item, value in data.items()}
    if isinstance(data, list):
        return [_quote(key, item) for item in data]
    return (
        _Quoted(data)
        if isinstance(data, str) and key in ("ports", "environment", "labels", "healthcheck", "user", "logging")
        else data
    )


def block(model):
    """A part of a compose file as YAML text."""
    data = {key: _quote(key, value) for key, value in model.items()}
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=4096)


def canonical(model):
    """The text that decides whether a service differs."""
    return json.dumps(model, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def render_project(env, host, name, instances, services):
    """The compose file of a project, readable, with the digest of each service as a label; the same in whatever order the inventory lists them."""
    blocks = []
    for instance in sorted(instances, key=lambda one: (not one.entry["gateway"], one.name)):
        model = dict(services[instance.name]["model"])
        model["labels"] = dict(model["labels"])
        model["labels"][LABEL + "digest"] = "{0}digest:{1}{2}".format(
            values.TOKEN_OPEN, instance.name, values.TOKEN_CLOSE
        )
        model["labels"] = {key: model["labels"][key] for key in sorted(model["labels"])}
        blocks.append({"name": instance.name, "title": instance.title, "body": block(ordered(escape(model)))})
    needs_network = any("networks" in services[instance.name]["model"] for instance in instances)
    return values.render_file(
        env,
        "compose.yml.j2",
        {"project": name, "services": blocks, "network": host.network["name"] if needs_network else ""},
    )
