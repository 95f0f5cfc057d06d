# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recyclarr's profiles after the first run, in the apps and in Seerr; the apps that have little to be wired."""
from __future__ import annotations

import json

import pytest
import requests
from conftest import ADDRESS, DOCKER, MEDIA

# Written by hand: what the guides call the profiles of each instance.
PROFILES = {"sonarr": "WEB-1080p", "sonarr-4k": "WEB-2160p", "radarr": "HD Bluray + WEB", "radarr-4k": "UHD Bluray + WEB"}
OTHER = "64fb5f9858489bdac2af690e27c8f42f"


def names(lab, instance):
    return [profile["name"] for profile in lab.api(instance, "qualityprofile")]


@pytest.mark.parametrize("instance", PROFILES)
def test_the_first_run_made_the_profiles(deployed, instance):
    assert PROFILES[instance] in names(deployed, instance)
    assert not set(PROFILES.values()) - {PROFILES[instance]} & set(names(deployed, instance))


def test_seerr_asks_for_them(deployed):
    settings = json.loads(deployed.sh(DOCKER, "cat /var/lib/homelab-media-configs/seerr/settings.json"))
    asked = {server["name"]: server["activeProfileName"] for kind in ("sonarr", "radarr") for server in settings[kind]}
    assert asked == {"Sonarr": "WEB-1080p", "Sonarr 4K": "WEB-2160p", "Radarr": "HD Bluray + WEB", "Radarr 4K": "UHD Bluray + WEB"}
    for kind in ("sonarr", "radarr"):
        for server in settings[kind]:
            instance = server["name"].lower().replace(" ", "-")
            held = {profile["name"]: profile["id"] for profile in deployed.api(instance, "qualityprofile")}
            assert server["activeProfileId"] == held[server["activeProfileName"]]


@pytest.mark.soak
def test_a_changed_setting_syncs_once_and_a_wrong_one_is_told(deployed):
    def with_profiles(*numbers):
        def change(variables):
            variables[MEDIA]["media_services"]["recyclarr"]["settings"] = {"instances": {"radarr": {
                "quality_definition": {"type": "movie"}, "quality_profiles": [{"trash_id": number} for number in numbers]}}}
        return deployed.inventory(change)

    more, wrong = with_profiles(OTHER), with_profiles("0" * 32)
    look = deployed.writes()
    check = deployed.site("--check", "--diff", "--limit", MEDIA, inventory=more)
    assert check.code == 0 and "recyclarr/recyclarr_sync" in check.output and deployed.writes() == look
    assert "UHD Bluray + WEB" not in names(deployed, "radarr")
    assert deployed.site("--limit", MEDIA, inventory=more).code == 0
    assert "UHD Bluray + WEB" in names(deployed, "radarr")
    assert deployed.site("--limit", MEDIA, inventory=more).total("changed") == 0
    run = deployed.site("--limit", MEDIA, inventory=wrong)
    assert run.code != 0 and "recyclarr sync did not work: radarr: Invalid trash_id" in run.output
    assert not any(value in run.output for name, value in deployed.secrets().items() if name.endswith("api_key"))
    assert deployed.site().code == 0 and deployed.site().total("changed") == 0


def test_suggestarr_has_its_administrator(deployed):
    url = "http://{0}:5000/api/auth/".format(ADDRESS[DOCKER])
    assert requests.get(url + "status", timeout=10).json()["auth_setup_complete"] is True
    login = {"username": "media", "password": "only-for-this-lab"}
    assert requests.post(url + "login", json=login, timeout=10).status_code == 200
    assert requests.post(url + "setup", json=login, timeout=10).status_code == 403


def test_cross_seed_is_in_its_client_and_links_beside_its_torrents(deployed):
    key = deployed.secrets()["cross-seed.api_key"]
    call = "docker exec cross-seed curl -s -o /dev/null -w '%{{http_code}}' -X POST -d infoHash={0} 'http://127.0.0.1:2468/api/webhook?apikey={1}'"
    assert deployed.sh(MEDIA, call.format("a" * 40, key)) == "204"
    assert deployed.sh(MEDIA, call.format("a" * 40, "another")) == "401"
    assert deployed.sh(MEDIA, "stat -c %u /mnt/media/downloads/torrents/cross-seed").strip() == "1000"
    # One login was enough: qBittorrent bans whoever fails five times.
    assert "Attempt" not in deployed.sh(MEDIA, "docker logs cross-seed 2>&1")


def test_the_others_run(deployed):
    assert requests.get("http://{0}:31337/".format(ADDRESS[MEDIA]), timeout=10).url.endswith("/token")
    assert deployed.sh(MEDIA, "docker inspect -f '{{.State.Status}} {{.RestartCount}}' plex-trakt-sync").split() == ["running", "0"]
    health = deployed.sh(MEDIA, "docker inspect -f '{{.State.Health.Status}}' cross-seed kitana").split()
    assert health == ["healthy", "healthy"]
