# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where containers are reached whose ports are not published: at their own addresses."""
from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from ansible_collections.homelab.media.plugins.module_utils.docker_cli import Docker, DockerProblem, describe


def addresses(module, names):
    """The own address of every container whose port is not published.

    :param module: An C(AnsibleModule).
    :param names: Of the containers; one that does not run is left out of what is returned.
    """
    if not names:
        return {}

    def run(command, **options):
        try:
            return module.run_command(command, handle_exceptions=False, **options)
        except OSError as error:
            return 127, "", str(error)

    docker = Docker(run)
    found = {}
    try:
        for item in docker.inspect("container", names):
            seen = describe(item)
            mode = seen["network_mode"] or ""
            if mode.startswith("container:"):
                seen = next((describe(other) for other in docker.inspect("container", [mode.partition(":")[2]])), seen)
            address = "127.0.0.1" if seen["network_mode"] == "host" else next(iter(seen["addresses"].values()), None)
            if address:
                found[item["Name"].lstrip("/")] = address
    except DockerProblem:
        pass
    return found


def at(url, container, where):
    """A URL with a container's own address in the place of its host; C(None) when it does not run."""
    if not container:
        return url
    if container not in where:
        return None
    parts = urlsplit(url)
    host = "[{0}]".format(where[container]) if ":" in where[container] else where[container]
    return urlunsplit(parts._replace(netloc=host if parts.port is None else "{0}:{1}".format(host, parts.port)))
