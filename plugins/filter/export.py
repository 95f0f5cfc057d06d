# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the export: which apps it is about, and its files. None of them sees a secret."""
from __future__ import annotations

import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.homelab.media.plugins.module_utils.arr import ALL
from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean
from ansible_collections.homelab.media.plugins.plugin_utils.plain import plain

TEMPLATE = ("{{", "{%", "{#")


class Template(str):
    """Text that Ansible is to compute."""


class Dumper(yaml.SafeDumper):
    """YAML as people write it, in which only C(Template) is a template."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data):
        return True


def _text(dumper, value):
    if any(mark in value for mark in TEMPLATE):
        return dumper.represent_scalar("!unsafe", value, style='"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", value)


Dumper.add_representer(str, _text)
Dumper.add_representer(Template, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"'))


def _dump(data):
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=160)


def export_apps(hosts, host, services=None):
    """The apps of a host that can be exported.

    :param hosts: The part C(hosts) of the plan.
    :param host: Name of the host.
    :param services: Names of the wanted services, a list or with commas between; all when empty.
    :return: Entries of C(wiring.apps) of the host's plan.
    :raises AnsibleFilterError: for a service that no host has, or that is none of these apps.
    """
    if isinstance(services, str):
        services = [name.strip() for name in services.split(",") if name.strip()]
    every = {name: [app for app in found["wiring"]["apps"] if app["app"] in ALL] for name, found in hosts.items()}
    names = {app["name"] for apps in every.values() for app in apps}
    for name in services or []:
        if name not in names:
            raise AnsibleFilterError("export_services: there is no running Sonarr, Radarr, Lidarr or Prowlarr called '{0}'. {1}".format(
                name, did_you_mean(name, names, "services")))
    return [app for app in every.get(host, []) if not services or app["name"] in services]


def _vault_names(results):
    """Host, instance and secret to the name of a variable; the host is part of it where two hosts have an instance of that name."""
    owners = {}
    for found in results:
        owners.setdefault(found["item"]["name"], set()).add(found["host"])
    names = {}
    for found in results:
        instance = found["item"]["name"]
        parts = [found["host"]] if len(owners[instance]) > 1 else []
        for secret in found["secrets"]:
            name = "_".join(["vault"] + parts + [instance, secret["name"]])
            names[found["host"], instance, secret["name"]] = "".join(char if char.isalnum() else "_" for char in name)
    return names


def _results(results):
    return [found for found in plain(results) if not found.get("problems")]


def export_documents(results):
    """The files with the variables.

    :param results: Of M(homelab.media.arr_export) with an app of the plan as C(item), each with the C(host) it is of.
    :return: A list of C(path) and C(content).
    """
    results, files = _results(results), []
    names = _vault_names(results)
    for found in results:
        app, host = found["item"], found["host"]
        status = found.get("status") or {}
        service = {} if app["name"] == app["app"] else {"app": app["app"]}
        service["settings"] = {"resources": found["resources"]}
        if found["secrets"]:
            service["secrets"] = {secret["name"]: Template("{{ " + names[host, app["name"], secret["name"]] + " }}") for secret in found["secrets"]}
        lines = ["---", "# {0} on {1}: {2} {3}, as it is. Put this into the entry of that name in the host's media_services.".format(
            app["name"], host, status.get("appName", app["app"]), status.get("version", "")).replace(" ,", ",")]
        lines += ["# Not told: {0}.".format(" ".join(text.split()).rstrip(".")) for text in found["left_out"]]
        files.append({"path": "{0}/{1}.yml".format(host, app["name"]),
                      "content": "\n".join(lines) + "\n" + _dump({"media_services": {app["name"]: service}})})
    return files


def export_vault(results):
    """The file with a placeholder for every secret that cannot be read.

    :param results: As for C(export_documents).
    """
    results = _results(results)
    names, lines, seen = _vault_names(results), [], set()
    for found in results:
        for secret in found["secrets"]:
            name = names[found["host"], found["item"]["name"], secret["name"]]
            if name not in seen:
                seen.add(name)
                of = "{0} {1}".format(secret["resource"].replace("_", " "), secret["of"]).strip()
                lines.append("# {0} on {1}, {2}: {3}\n{4}: \"\"".format(found["item"]["name"], found["host"], " ".join(of.split()), secret["option"], name))
    head = "---\n# Fill in what the apps are to have, and encrypt it with ansible-vault. What stays empty is left as it is in the app.\n"
    return head + ("\n".join(lines) + "\n" if lines else "{}\n")


class FilterModule:
    """Filters of homelab.media."""

    def filters(self):
        return {"export_apps": export_apps, "export_documents": export_documents, "export_vault": export_vault}
