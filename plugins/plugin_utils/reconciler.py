# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resident reconciler of a host: its files, and whether it has to be started anew or removed."""

from __future__ import annotations

import functools
import json
import pathlib
import posixpath

from ansible_collections.homelab.media.plugins.plugin_utils import topology, values, vpn

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = "homelab-media-reconciler.service"
UNIT_PATH = "/etc/systemd/system/" + UNIT
PLACE = "/usr/local/lib/homelab-media"
# The program, and what it shares with the modules.
SOURCES = {
    "reconciler.py": "roles/gluetun/files/reconciler.py",
    "docker_cli.py": "plugins/module_utils/docker_cli.py",
    "forwarding.py": "plugins/module_utils/forwarding.py",
    "stack.py": "plugins/module_utils/stack.py",
    "turns.py": "plugins/module_utils/turns.py",
}
INTERFACE = "tun0"


@functools.lru_cache(maxsize=None)
def _source(path):
    return (ROOT / path).read_text(encoding="utf-8")


def config_path(host):
    return posixpath.join(host.state_root, "reconciler.json")


def wanted(model, host):
    """The gateways that something depends on, with what does."""
    rendered = model.rendered(host)
    found = []
    for gateway in rendered:
        members = sorted(
            (member for member in topology.members(gateway) if member in rendered) if gateway.entry["gateway"] else (),
            key=lambda member: member.name,
        )
        if members:
            found.append((gateway, members))
    return found


def _secret(instance, name):
    return values.token({"secret": "{0}.{1}".format(instance.name, name)}, "json")


def _entry(gateway, members, directory):
    """What the reconciler knows of a gateway."""
    found = {
        "name": gateway.name,
        "dependents": [{"name": member.name, "project": member.project, "directory": directory(member)} for member in members],
    }
    clients = [client for client in vpn.torrent_clients(gateway) if client in members] if gateway.entry.get("vpn") else []
    if clients and gateway.settings.get("port_forwarding"):
        found["port"] = gateway.port
        found["api_key"] = _secret(gateway, "control_api_key")
        found["interface"] = INTERFACE
        # The one that the gateway's own command tells as well.
        found["torrent"] = {
            "name": clients[0].name,
            "port": clients[0].port,
            "username": _secret(clients[0], "username"),
            "password": _secret(clients[0], "password"),
        }
    return found


def configuration(gateways, directory):
    """The text of the configuration; the token of a secret brings its own quotes."""
    text = json.dumps({"gateways": [_entry(gateway, members, directory) for gateway, members in gateways]}, indent=2, ensure_ascii=False)
    return text.replace('"' + values.TOKEN_OPEN, values.TOKEN_OPEN).replace(values.TOKEN_CLOSE + '"', values.TOKEN_CLOSE) + "\n"


def _file(path, content, mode="0644"):
    return {"path": path, "content": content, "owner": 0, "group": 0, "mode": mode, "seed": False, "sensitive": mode == "0600", "backup": False}


def plan(model, host, info, directory):
    """The reconciler's part of a host's plan.

    :param info: What media_host_info told, with C(reconciler); or none.
    :param directory: A function that tells the directory of an instance's project.
    :return: The files, and C({unit, files, wanted, restart, remove}): the paths whose change needs a restart, whether it has to be started although
        nothing changed, and the paths to remove when it is not needed any more.
    """
    seen = (info or {}).get("reconciler") or {}
    gateways = wanted(model, host)
    files = []
    if gateways:
        files = [_file(posixpath.join(PLACE, name), _source(path)) for name, path in SOURCES.items()]
        files.append(_file(UNIT_PATH, _source("roles/gluetun/files/" + UNIT).replace("@CONFIG@", config_path(host)).replace("@PLACE@", PLACE)))
        files.append(_file(config_path(host), configuration(gateways, directory), "0600"))
    return files, {
        "unit": UNIT,
        "wanted": bool(gateways),
        "files": [entry["path"] for entry in files],
        "restart": bool(gateways) and not (seen.get("current") and seen.get("enabled")),
        "remove": [] if gateways or not seen.get("installed") else [config_path(host), UNIT_PATH, PLACE],
    }
