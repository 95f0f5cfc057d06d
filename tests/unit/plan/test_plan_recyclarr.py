# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recyclarr's place in the wiring: what it is asked for, where, and before whom."""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import inventory, shipped_catalog

A, B = "ct-docker-01", "ct-media-01"
APPS = {"sonarr": {}, "radarr": {}, "radarr-4k": {"app": "radarr", "variant": "4k", "port": 7879}, "prowlarr": {}}


def planned(raw):
    found = plan.full(raw, {}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    return found


def wired(raw):
    return {app["name"]: app for host in planned(raw)["hosts"].values() for app in host["wiring"]["apps"]}


def profiles(instance):
    return [profile["trash_id"] for profile in instance["holds"]["quality_profiles"]]


def test_one_sync_for_all_instances():
    found = wired({B: inventory(dict(APPS, recyclarr={"settings": {"instances": {"sonarr": {"quality_definition": {"type": "anime"}}}}}))})["recyclarr"]
    assert found["url"] == "docker://recyclarr" and "container" not in found and found["needs"] == ["radarr", "radarr-4k", "sonarr"]
    assert [item["resource"] for item in found["resources"]] == ["recyclarr_sync"]
    instances = {item["name"]: item for item in found["resources"][0]["instances"]}
    assert instances["sonarr"]["holds"] == {"quality_definition": {"type": "anime"}}
    assert instances["radarr"]["base_url"] == "http://radarr:7878" and instances["radarr"]["api_key"] == {"secret": "radarr.api_key"}
    assert profiles(instances["radarr"]) == ["d1d67249d3890e49bc12e275d989a7e9"]
    assert profiles(instances["radarr-4k"]) == ["64fb5f9858489bdac2af690e27c8f42f"]


def test_it_is_worked_on_in_its_own_container_behind_a_gateway_too():
    gluetun = {"settings": {"provider": "mullvad", "addresses": ["10.64.0.2/32"]}, "secrets": {"wireguard_private_key": "x" * 43 + "="}}
    found = wired({B: inventory(dict(APPS, gluetun=gluetun, recyclarr={"via": "gluetun"}))})["recyclarr"]
    assert found["url"] == "docker://recyclarr" and "container" not in found


def test_what_is_asked_for_is_what_is_written():
    found = planned({B: inventory(dict(APPS, recyclarr={}))})["hosts"][B]
    text = next(item["content"] for item in found["files"] if item["path"].endswith("/recyclarr.yml"))
    for instance in next(app for app in found["wiring"]["apps"] if app["name"] == "recyclarr")["resources"][0]["instances"]:
        assert "  {0}:\n    base_url: {1}\n".format(instance["name"], instance["base_url"]) in text
        assert all(number in text for number in profiles(instance))


def test_only_who_asks_for_the_profiles_waits_for_them():
    services = dict(APPS, recyclarr={}, seerr={"settings": {"quality_profiles": {"radarr": "HD Bluray + WEB"}, "quality_profile": "Any"}}, plex={}, bazarr={})
    apps = wired({B: inventory(services)})
    assert "recyclarr" in apps["seerr"]["needs"]
    assert [name for name, app in apps.items() if "recyclarr" in app["needs"]] == ["seerr"]
    servers = {item["name"]: item.get("quality_profile") for item in apps["seerr"]["resources"] if item["resource"] == "overseerr_server"}
    assert servers == {"Radarr": "HD Bluray + WEB", "Radarr 4K": None, "Sonarr": "Any"}


def test_one_on_another_host_is_not_waited_for_by_name():
    apps = wired({A: inventory({"seerr": {}}, address="10.0.0.5"), B: inventory(dict(APPS, recyclarr={}, plex={}), address="10.0.0.6")})
    assert "recyclarr" not in apps["seerr"]["needs"]


def test_what_is_stopped_is_not_synced():
    apps = wired({B: inventory(dict(APPS, sonarr={"state": "stopped"}, recyclarr={}))})
    assert [item["name"] for item in apps["recyclarr"]["resources"][0]["instances"]] == ["radarr", "radarr-4k"]
