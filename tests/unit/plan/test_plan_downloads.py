# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the wiring wants of the download clients: folders, names, categories, the tunnel; and less of adopted ones."""
from __future__ import annotations

import pytest

from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import GLUETUN, HEALTHY, inventory, shipped_catalog

A, B = "ct-docker-01", "ct-media-01"
ARRS = {"sonarr": {}, "radarr-4k": {"app": "radarr", "variant": "4k", "port": 7879}, "lidarr": {"settings": {"category": "tunes"}}}


def wired(name, services, others=None, **variables):
    """The resources of one app."""
    raw = {B: inventory(services, **variables)}
    if others:
        raw[A] = inventory(others, address="192.168.1.13")
    found = plan.full(raw, {B: HEALTHY}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    apps = {app["name"]: app for app in found["hosts"][B]["wiring"]["apps"]}
    return apps[name]["resources"]


def of(resources, kind):
    return [resource for resource in resources if resource["resource"] == kind]


def settings(resources, kind):
    """All settings of the resources of a kind, laid over each other."""
    merged = {}
    for resource in of(resources, kind):
        merged.update(resource.get("settings") or {})
    return merged


def test_qbittorrent_follows_the_inventory():
    found = wired("qbittorrent", dict(ARRS, qbittorrent={"settings": {"torrent_port": 51413, "preferences": {"max_active_downloads": 3}}}))
    wanted = settings(found, "preferences")
    assert wanted == {"web_ui_username": {"secret": "qbittorrent.username"}, "web_ui_password": {"secret": "qbittorrent.password"},
                      "save_path": "/data/downloads/torrents", "random_port": False, "listen_port": 51413, "max_active_downloads": 3}
    assert of(found, "preferences")[0]["container"] == "qbittorrent"
    paths = {resource["name"]: resource["save_path"] for resource in of(found, "category")}
    # What every Sonarr, Radarr and Lidarr calls it by, and where it looks for it.
    assert {"tv", "movies-4k", "tunes"} <= set(paths)
    assert all(path == "/data/downloads/torrents/" + name for name, path in paths.items())


def test_behind_a_gateway_it_is_bound_to_the_tunnel_and_keeps_the_forwarded_port():
    wanted = settings(wired("qbittorrent", {"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}}), "preferences")
    assert wanted["current_network_interface"] == "tun0" and "listen_port" not in wanted


def test_apps_on_another_host_bring_their_categories():
    found = wired("sabnzbd", {"sabnzbd": {}}, others={"sonarr": {"settings": {"category": "series"}}})
    assert {"name": "series", "dir": "series"}.items() <= of(found, "category")[-1].items()


def test_sabnzbd_answers_to_every_name_it_is_called_by():
    found = wired("sabnzbd", {"gluetun": GLUETUN, "sabnzbd": {"via": "gluetun", "settings": {"config": {"misc": {"pre_check": 1}}}}})
    names = of(found, "config")[0]["host_whitelist"]
    assert {"sabnzbd", "gluetun", B} <= set(names)
    folders = of(found, "config")[1]["settings"]["misc"]
    assert (folders["complete_dir"], folders["download_dir"]) == ("/data/downloads/usenet", "/data/downloads/usenet/incomplete")
    assert folders["permissions"] == "775" and folders["password"] == {"secret": "sabnzbd.password"}
    assert of(found, "config")[2]["settings"] == {"misc": {"pre_check": 1}}


def test_nzbget_has_folders_of_its_own_and_categories():
    found = wired("nzbget-2", dict(ARRS, **{"nzbget-2": {"app": "nzbget", "settings": {"options": {"KeepHistory": 7}}}}))
    wanted = settings(found, "config")
    assert wanted["InterDir"] == "/data/downloads/usenet/incomplete/nzbget-2" and wanted["KeepHistory"] == 7
    assert {"tunes": "/data/downloads/usenet/tunes"}.items() <= {item["name"]: item["dest_dir"] for item in of(found, "category")}.items()


@pytest.mark.parametrize("app, secrets", [("qbittorrent", {"password": "*" * 12}), ("sabnzbd", {}), ("nzbget", {})])
def test_an_adopted_client_gets_categories_only(app, secrets):
    found = wired(app, {app: {"adopt": True, "config_dir": "/opt/" + app, "secrets": secrets}, "sonarr": {}})
    assert [item["name"] for item in of(found, "category")] == ["tv"] and all(item["keep"] is True for item in of(found, "category"))
    assert [item for item in found if item["resource"] != "category"] == (
        [{"resource": "config", "state": "present", "host_whitelist": ["192.168.1.12", B, "sabnzbd"]}] if app == "sabnzbd" else [])


@pytest.mark.parametrize("app, option", [("qbittorrent", {"preferences": {"proxy_password": "x"}}), ("sabnzbd", {"config": {"prowl": {"prowl_apikey": "x"}}}),
                                         ("nzbget", {"options": {"ControlPassword": "x"}})])
def test_secrets_have_no_place_in_settings(app, option):
    found = plan.full({B: inventory({app: {"settings": option}})}, {B: HEALTHY}, shipped_catalog())
    assert "A setting is no place for a secret." in str(found["findings"])
