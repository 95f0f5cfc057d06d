# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overseerr in the place of Seerr, there and back: the same inventory but for the name."""
from __future__ import annotations

import json

import pytest
import requests
from conftest import ADDRESS, DOCKER

pytestmark = pytest.mark.soak
SERVERS = {("radarr", "Radarr", False), ("radarr", "Radarr 4K", True), ("sonarr", "Sonarr", False), ("sonarr", "Sonarr 4K", True)}


def ask(lab, app, path):
    """The API of the request app, with its key."""
    answer = requests.get("http://{0}:5055/api/v1/{1}".format(ADDRESS[DOCKER], path), timeout=30,
                          headers={"X-Api-Key": lab.secrets(DOCKER)[app + ".api_key"]})
    answer.raise_for_status()
    return answer.json()


def wired(lab, app):
    """Everything that a person would have clicked together."""
    assert ask(lab, app, "settings/public")["initialized"] is True
    rows = [(kind, row) for kind in ("radarr", "sonarr") for row in ask(lab, app, "settings/" + kind)]
    assert {(kind, row["name"], row["is4k"]) for kind, row in rows} == SERVERS
    assert all(row["isDefault"] for _kind, row in rows), "one for each kind and resolution"
    libraries = {row["name"]: row["enabled"] for row in ask(lab, app, "settings/plex")["libraries"]}
    assert {name for name, enabled in libraries.items() if enabled} == {"Movies", "Movies 4K", "TV", "TV 4K"}
    # Without a login of its own, Maintainerr listens to its host only.
    known = json.loads(lab.sh(DOCKER, "docker exec maintainerr curl -fsS -m 30 http://127.0.0.1:6246/api/settings/seerr"))
    assert known["api_key"] == lab.secrets(DOCKER)[app + ".api_key"]


def test_overseerr_in_the_place_of_seerr(deployed):
    def swap(variables):
        services = variables[DOCKER]["media_services"]
        services["overseerr"] = services["seerr"]
        services["seerr"] = {"state": "absent"}

    def back(variables):
        variables[DOCKER]["media_services"]["overseerr"] = {"state": "absent"}

    def converged(change, app, gone):
        where = deployed.inventory(change)
        run = deployed.site(inventory=where)
        assert run.code == 0, run.output[-4000:]
        found = deployed.containers(DOCKER)
        assert app in found and gone not in found
        wired(deployed, app)
        again = deployed.site(inventory=where)
        assert again.code == 0 and again.total("changed") == 0, again.output[-3000:]

    try:
        converged(swap, "overseerr", "seerr")
    finally:
        converged(back, "seerr", "overseerr")
