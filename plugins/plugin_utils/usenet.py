# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""News servers: described once in C(media_usenet_servers), for every Usenet client of the host."""

from __future__ import annotations

import re

from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean
from ansible_collections.homelab.media.plugins.plugin_utils.schema import Mismatch, coerce
from ansible_collections.homelab.media.plugins.plugin_utils.values import is_secret

VARIABLE = "media_usenet_servers"
# What both clients take: SABnzbd cuts connections to 500 and priorities to 99, and its own API answers with hosts in lower case.
OPTIONS = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"]},
    "host": {"type": "address"},
    "port": {"type": "port"},
    "ssl": {"type": "bool"},
    "username": {"type": "any"},
    "password": {"type": "any"},
    "connections": {"type": "int", "min": 1, "max": 500},
    "priority": {"type": "int", "min": 0, "max": 99},
    "enabled": {"type": "bool"},
    "optional": {"type": "bool"},
    "retention": {"type": "int", "min": 0, "max": 100000},
}
SECRETS = ("username", "password")
# It is a section of a file in one client, a line in the other one, and a part of the names of secrets.
NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9 ._-]*[A-Za-z0-9])?$")


def secret_name(server, option):
    """The full name of a secret of a server; no service can be called like that."""
    return "{0}.{1}.{2}".format(VARIABLE, server, option)


def _server(findings, host, entry, path):
    """One server with its options coerced; C(None) when it has no name to be known by."""
    if not isinstance(entry, dict):
        findings.error(host, path, "A news server must be a mapping.", "Write its name, host, username and password below each other.")
        return None
    found = {}
    for option, value in entry.items():
        where = "{0}.{1}".format(path, option)
        if option not in OPTIONS:
            findings.error(host, where, "A news server has no option '{0}'.".format(option), did_you_mean(option, OPTIONS, "options"))
            continue
        if value is None:
            continue
        try:
            found[option] = coerce(value, OPTIONS[option], where)
        except Mismatch as error:
            findings.error(host, where, "This {0}.".format(error.message), error.remedy or "Correct the value.")
    found.setdefault("state", "present")
    if not NAME.match(found.get("name", "")):
        if "name" in found or entry.get("name") is None:
            findings.error(
                host,
                path + ".name",
                "A news server needs a name, by which it is found again.",
                "Use letters, digits, spaces, '.', '_' and '-', beginning and ending with a letter or digit.",
            )
        return None
    if "host" in found:
        found["host"] = found["host"].lower()
    elif found["state"] == "present" and entry.get("host") is None:
        findings.error(host, path + ".host", "This news server has no address.", "Set host to the name that your provider tells.")
    return found


def read(findings, host, value, given):
    """The servers that are described; what is wrong becomes findings.

    :param host: Its name.
    :param value: The variable, a list.
    :param given: Called with key, name and value of each secret; tells whether it has one.
    :return: A list of dicts with the options that are set, secrets as references.
    """
    servers, seen = [], {}
    for number, entry in enumerate(value):
        path = "{0}[{1}]".format(VARIABLE, number)
        server = _server(findings, host, entry, path)
        if server is None:
            continue
        same = seen.setdefault(server["name"].lower(), path)
        if same != path:
            findings.error(host, path + ".name", "This news server has the name of {0}.".format(same), "Give each a name of its own.")
            continue
        for option in SECRETS:
            secret = server.pop(option, None)
            if is_secret(secret):
                server[option] = {"secret": str(secret["secret"])}
            elif given("{0}.{1}".format(path, option), secret_name(server["name"], option), secret):
                server[option] = {"secret": secret_name(server["name"], option)}
        server["path"] = path
        servers.append(server)
    return servers


def view(host):
    """The servers as the catalog sees them: every option, C(none) where nothing is said; C(expands) where the password holds C(${)."""
    return [
        dict(
            {option: server.get(option) for option in OPTIONS},
            expands=any(is_secret(server.get(option)) and server[option]["secret"] in host.expanding for option in SECRETS),
        )
        for server in host.usenet_servers
    ]


def check(model, host):
    """What can be said of the servers only when all secrets are known."""
    for server in host.usenet_servers:
        if server["state"] == "absent":
            continue
        for option in SECRETS:
            if is_secret(server.get(option)) and not _there(host, server[option]["secret"]):
                model.findings.error(
                    host.name,
                    "{0}.{1}".format(server["path"], option),
                    "There is no secret '{0}'.".format(server[option]["secret"]),
                    did_you_mean(server[option]["secret"], sorted(host.given), "secrets") if host.given else "Define it in media_secrets.",
                )
        # What is not defined is told already.
        lacking = [option for option in SECRETS if not server.get(option) and "{0}.{1}".format(server["path"], option) not in host.undefined]
        if len(lacking) == 1:
            model.findings.error(
                host.name,
                "{0}.{1}".format(server["path"], lacking[0]),
                "This news server has a {0} and no {1}.".format(next(option for option in SECRETS if option not in lacking), lacking[0]),
                "Give both, best from a vault, or none.",
            )


def _there(host, name):
    """Whether a secret has a value on a host, or will have one."""
    owner, dummy, short = name.partition(".")
    if name in host.given:
        return True
    if owner == "admin":
        return short in SECRETS
    instance = host.instances.get(owner)
    return bool(instance and instance.present and short in instance.entry["secrets"] and instance.entry["secrets"][short].get("format") != "plain")
