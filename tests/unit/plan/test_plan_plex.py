# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wired in Plex and Maintainerr: with a token, without one, with 4K instances, with Plex on another host."""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import inventory, shipped_catalog

A, B = "ct-docker-01", "ct-media-01"
SERVICES = {"plex": {}, "sonarr": {}, "radarr": {}, "radarr4k": {"app": "radarr", "variant": "4k", "port": 7879}, "lidarr": {}, "qbittorrent": {}}


def wired(raw):
    found = plan.full(raw, {}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    return {app["name"]: app for host in found["hosts"].values() for app in host["wiring"]["apps"]}


def one(services, **variables):
    return wired({B: inventory(services, **variables)})


def given(services, **settings):
    return dict(services, plex={"secrets": {"token": "a-plex-token"}, "settings": settings})


def test_nothing_of_plex_without_a_token():
    apps = one(dict(SERVICES, maintainerr={}))
    assert "plex" not in apps
    assert [item["resource"] for item in apps["maintainerr"]["resources"]] == ["maintainerr_server"] * 3


def test_libraries_by_the_instances():
    plex = one(given(SERVICES))["plex"]
    libraries = {item["name"]: item for item in plex["resources"] if item["resource"] == "plex_library"}
    assert {name: (item["type"], item["folders"]) for name, item in libraries.items()} == {
        "TV": ("show", ["/data/tv"]), "Movies": ("movie", ["/data/movies"]), "Movies 4K": ("movie", ["/data/movies-4k"]),
        "Music": ("artist", ["/data/music"])}
    assert all(item["keep_folders"] and item["state"] == "present" for item in libraries.values())
    assert plex["token"] == {"secret": "plex.token"} and plex["url"] == "http://127.0.0.1:32400"
    # The instances link to Plex and are linked by it; the order of the two is of no matter.
    assert plex["needs"] == []


def test_preferences():
    apps = one(given(SERVICES, friendly_name="Den", lan_networks=["192.168.1.0/24"], preferences={"OnDeckWindow": 8}))
    server = apps["plex"]["resources"][0]
    assert server == {"resource": "plex_server", "state": "present", "plex_tv_url": "https://plex.tv", "friendly_name": "Den",
                      "lan_networks": ["192.168.1.0/24"], "settings": {"OnDeckWindow": 8}}
    assert one(given(SERVICES))["plex"]["resources"][0] == {"resource": "plex_server", "state": "present", "plex_tv_url": "https://plex.tv"}
    # In a network of its own, its address in there is of no use to people.
    bridge = one(given(SERVICES, network="bridge"))["plex"]["resources"][0]
    assert len(bridge["custom_connections"]) == 1 and bridge["custom_connections"][0].endswith(":32400")


def test_maintainerr_links():
    apps = wired({A: inventory(dict({key: value for key, value in SERVICES.items() if key != "plex"}, maintainerr={}, seerr={}), address="10.0.0.5"),
                  B: inventory(dict(given({}), tautulli={}), address="10.0.0.6")})
    resources = apps["maintainerr"]["resources"]
    connection = resources[0]
    assert connection["resource"] == "maintainerr_plex" and connection["plex_token"] == {"secret": "plex.token"}
    assert connection["plex_url"] == "http://10.0.0.6:32400" and connection["manual_mode"]
    links = {item["name"]: (item["kind"], item["server_url"], item["server_api_key"]) for item in resources[1:]}
    assert links == {
        "Sonarr": ("sonarr", "http://sonarr:8989", {"secret": "sonarr.api_key"}), "Radarr": ("radarr", "http://radarr:7878", {"secret": "radarr.api_key"}),
        "Radarr (radarr4k)": ("radarr", "http://radarr4k:7879", {"secret": "radarr4k.api_key"}),
        "Seerr": ("seerr", "http://seerr:5055", {"secret": "seerr.api_key"}), "Tautulli": ("tautulli", "http://10.0.0.6:8181", {"secret": "tautulli.api_key"})}


def test_a_server_that_went():
    services = dict(SERVICES, maintainerr={}, radarr4k={"app": "radarr", "variant": "4k", "state": "absent"})
    gone = [item for item in one(services)["maintainerr"]["resources"] if item["state"] == "absent"]
    assert len(gone) == 1 and gone[0] == {"resource": "maintainerr_server", "state": "absent", "kind": "radarr", "name": gone[0]["name"]}
