# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prowlarr's indexers in the apps: made, proved, renewed, and told clearly when an app is down."""
from __future__ import annotations

import pytest
from runs import run_module


@pytest.fixture
def fleet(arr, world):
    """Prowlarr with an indexer, and the three apps."""
    apps = {kind: arr(kind, api_key=(kind[0] * 4 + "0123") * 4) for kind in ("prowlarr", "sonarr", "radarr", "lidarr")}
    prowlarr = apps["prowlarr"]
    connection = {"url": prowlarr.proxy.url, "api_key": prowlarr.api_key, "state_root": world.state, "wait_timeout": 3}
    made = run_module("arr_indexer", dict(connection, name="Tracker", implementation="Torznab", fields={
        "baseUrl": world.torznab.url, "apiPath": "/api", "apiKey": world.torznab.api_key}))
    assert made.get("changed"), made
    applications = [{"name": kind.capitalize(), "app": kind, "url": apps[kind].url, "check_url": apps[kind].proxy.url, "api_key": apps[kind].api_key}
                    for kind in ("sonarr", "radarr", "lidarr")]
    apps["options"] = dict(connection, prowlarr_url=prowlarr.url, applications=applications)
    return apps


def names(handle):
    return [item["name"] for item in handle.api("GET", "indexer").json()]


def writes(fleet):
    return [item for kind in ("prowlarr", "sonarr", "radarr", "lidarr") for item in fleet[kind].proxy.writes()]


def clear(fleet):
    for kind in ("prowlarr", "sonarr", "radarr", "lidarr"):
        fleet[kind].proxy.clear()


def test_steps(fleet, world):
    options = fleet["options"]
    clear(fleet)
    checked = run_module("arr_indexer_sync", options, check=True)
    assert checked.get("changed"), checked
    assert not writes(fleet) and names(fleet["sonarr"]) == []
    made = run_module("arr_indexer_sync", options)
    assert made.get("changed"), made
    assert made["indexer_sync"] == {"Sonarr": ["Tracker (Prowlarr)"], "Radarr": ["Tracker (Prowlarr)"], "Lidarr": ["Tracker (Prowlarr)"]}
    for kind in ("sonarr", "radarr", "lidarr"):
        assert names(fleet[kind]) == ["Tracker (Prowlarr)"]
        assert fleet[kind].api_key not in made["_text"]
    clear(fleet)
    again = run_module("arr_indexer_sync", options)
    assert again["changed"] is False and not writes(fleet), again
    # Somebody deletes it in an app: seen and repaired.
    fleet["radarr"].api("DELETE", "indexer/{0}".format(fleet["radarr"].api("GET", "indexer").json()[0]["id"]))
    clear(fleet)
    assert run_module("arr_indexer_sync", options, check=True)["changes"][0]["fields"] == ["indexers of Radarr"]
    assert not writes(fleet)
    repaired = run_module("arr_indexer_sync", options)
    assert repaired["changed"] and names(fleet["radarr"]) == ["Tracker (Prowlarr)"]
    assert run_module("arr_indexer_sync", options)["changed"] is False


def test_an_app_that_is_down_is_named_and_the_others_get_their_indexers(fleet):
    options = fleet["options"]
    fleet["radarr"].faults({"drop": {"path": ".*"}})
    result = run_module("arr_indexer_sync", options)
    assert result["failed"] and "Radarr" in result["msg"] and "no connection" in result["msg"], result["msg"]
    assert names(fleet["sonarr"]) == names(fleet["lidarr"]) == ["Tracker (Prowlarr)"]
    fleet["radarr"].faults({})
    assert run_module("arr_indexer_sync", options)["changed"]
    assert names(fleet["radarr"]) == ["Tracker (Prowlarr)"]


def test_a_wrong_app_behind_an_address_is_told(fleet):
    options = dict(fleet["options"])
    options["applications"] = [dict(options["applications"][0], url=fleet["radarr"].url, check_url=fleet["radarr"].url, api_key=fleet["radarr"].api_key)]
    assert "Radarr answers there, and Sonarr is expected" in run_module("arr_indexer_sync", options)["msg"]


def test_a_changed_key_and_url_are_pushed_everywhere(fleet):
    options = fleet["options"]
    run_module("arr_indexer_sync", options)
    fleet["prowlarr"].proxy.clear()
    moved = dict(options, prowlarr_url=options["prowlarr_url"].replace("127.0.0.1", "localhost"))
    result = run_module("arr_indexer_sync", moved)
    assert result.get("changed"), result
    assert any("forceSync\": true" in item["body"] for item in fleet["prowlarr"].proxy.writes())
    assert run_module("arr_indexer_sync", moved)["changed"] is False


def test_the_download_client_of_synced_indexers(fleet, world):
    options = fleet["options"]
    sonarr = fleet["sonarr"]
    made = run_module("arr_download_client", {
        "url": sonarr.url, "api_key": sonarr.api_key, "state_root": world.state, "name": "qBittorrent", "implementation": "QBittorrent", "category": "tv",
        "fields": {"host": "127.0.0.1", "port": world.qbittorrent.port, "username": "media", "password": world.qbittorrent.password}})
    assert made.get("changed"), made
    options["applications"] = [dict(options["applications"][0], download_client={"torrent": "qBittorrent"})]
    result = run_module("arr_indexer_sync", options)
    assert result.get("changed"), result
    assert sonarr.api("GET", "indexer").json()[0]["downloadClientId"] == made["download_client"]["id"]
    assert run_module("arr_indexer_sync", options)["changed"] is False
    options["applications"][0]["download_client"] = "Deluge"
    assert "no download client Deluge; there are qBittorrent" in run_module("arr_indexer_sync", options)["msg"]
