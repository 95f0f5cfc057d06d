# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that bring secrets together; the tasks that use them carry no_log."""
from __future__ import annotations

from ansible.errors import AnsibleFilterError


def given_secrets(services, extra=None, admin=None, servers=None):
    """The secrets that the inventory gives, by their full names.

    :param services: C(media_services) of one host; each may hold C(secrets), a dict of short name to value.
    :param extra: C(media_secrets), a dict of full name (C(radarr.api_key)) to value; it wins.
    :param admin: C(media_admin), whose C(username) and C(password) are C(admin.username) and C(admin.password).
    :param servers: C(media_usenet_servers), a list of dicts, whose C(username) and C(password) are C(media_usenet_servers.NAME.password) and so on.
    :return: A dict of full name to value, without empty values.
    """
    if not isinstance(services, dict):
        raise AnsibleFilterError("given_secrets needs media_services, a dict of instance to its description")
    given = {}
    for key in ("username", "password"):
        given["admin." + key] = (admin or {}).get(key)
    for instance, service in services.items():
        for key, value in ((service or {}).get("secrets") or {}).items():
            given["{0}.{1}".format(instance, key)] = value
    for server in servers or []:
        for key in ("username", "password"):
            value = server.get(key)
            if value is not None and not isinstance(value, dict):
                # What stands below C(|) in a vault file ends with a line feed.
                given["media_usenet_servers.{0}.{1}".format(server.get("name"), key)] = str(value).strip()
    given.update(extra or {})
    return {str(key): str(value) for key, value in given.items() if value not in (None, "")}


def secret_values(own, remote, hostvars, delegated=None):
    """The values that one host works with: its own and those that its links to other hosts need.

    A host that could not be read leaves its names out; the wiring names the links that miss them.

    :param own: The result of M(homelab.media.media_secrets) on this host.
    :param remote: From the plan: host to the names needed from it.
    :param hostvars: Ansible's C(hostvars), for the results of the hosts in this run.
    :param delegated: Results of the delegated reads of hosts outside of this run.
    :return: A dict of full name to value.
    """
    values = {}
    sources = {}
    for result in (delegated or {}).get("results") or []:
        sources[result.get("item")] = result.get("secrets") or {}
    for host, names in (remote or {}).items():
        found = sources.get(host)
        if found is None and host in hostvars:
            found = (hostvars[host].get("secrets_own") or {}).get("secrets")
        for name in names:
            if name in (found or {}):
                values[name] = found[name]
    values.update((own or {}).get("secrets") or {})
    return values


class FilterModule:
    """Filters of homelab.media."""

    def filters(self):
        return {"given_secrets": given_secrets, "secret_values": secret_values}
