# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to prove: from the inventory to the part C(verify) of a host's plan."""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import GLUETUN, HEALTHY, inventory, shipped_catalog

A, B = "ct-docker-01", "ct-media-01"
FORWARDING = {"settings": {"provider": "protonvpn", "port_forwarding": True}, "secrets": GLUETUN["secrets"]}


def verify(services, others=None, host=B):
    raw = {B: inventory(services)}
    if others:
        raw[A] = inventory(others, address="192.168.1.13")
    found = plan.full(raw, {B: HEALTHY}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    return found["hosts"][host]["verify"]


def names(spec):
    return {entry["container"]: entry["names"] for entry in spec["names"]}


def test_a_host_behind_a_gateway():
    spec = verify({"gluetun": FORWARDING, "qbittorrent": {"via": "gluetun"}, "sonarr": {"via": "gluetun"}, "nzbget": {}, "prowlarr": {}})
    assert spec["gateways"][0]["container"] == "gluetun" and spec["gateways"][0]["url"].endswith(":8000")
    assert spec["gateways"][0]["dependents"] == ["qbittorrent", "sonarr"] and spec["gateways"][0]["api_key"] == {"secret": "gluetun.control_api_key"}
    assert spec["dependents"] == [{"name": name, "gateway": "gluetun"} for name in ("qbittorrent", "sonarr")]
    assert spec["torrents"] == [{"name": "qbittorrent", "gateway": "gluetun", "interface": "tun0", "forwarded": True}]
    assert {(entry["path"], entry["target"]) for entry in spec["proof"]} == {
        ("/mnt/media/downloads/torrents", "/mnt/media/tv"), ("/mnt/media/downloads/usenet", "/mnt/media/tv")}
    assert spec["stopped"] == []


def test_names_are_those_that_are_really_called():
    spec = verify({"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sonarr": {"via": "gluetun"}, "nzbget": {}, "prowlarr": {}})
    # Within a namespace it is localhost; Prowlarr calls Sonarr by its gateway's name, and Sonarr calls Prowlarr back.
    assert names(spec) == {"prowlarr": ["gluetun"], "sonarr": ["nzbget", "prowlarr"]}
    # Other hosts have an address that needs no resolving.
    assert names(verify({"sonarr": {}, "nzbget": {}}, others={"seerr": {}}, host=A)) == {}


def test_apps_have_their_links_by_name_and_no_setting():
    spec = verify({"sonarr": {}, "nzbget": {}})
    sonarr = next(entry for entry in spec["apps"] if entry["name"] == "sonarr")
    assert sonarr["api_key"] == {"secret": "sonarr.api_key"} and "resources" not in sonarr
    assert {"resource": "download_client", "state": "present", "name": "NZBGet"} in sonarr["links"]
    assert {"resource": "root_folder", "state": "present", "path": "/data/tv"} in sonarr["links"]
    assert not any("fields" in link or "password" in link for entry in spec["apps"] for link in entry["links"])


def test_what_is_stopped_is_only_told():
    spec = verify({"gluetun": FORWARDING, "qbittorrent": {"via": "gluetun", "state": "stopped"}, "sonarr": {"via": "gluetun"}, "nzbget": {"state": "stopped"}})
    assert spec["stopped"] == ["qbittorrent", "nzbget"] and spec["torrents"] == [] and names(spec) == {}
    assert [entry["name"] for entry in spec["dependents"]] == ["sonarr"] and spec["gateways"][0]["dependents"] == ["sonarr"]
    assert not {"qbittorrent", "nzbget"} & {entry["name"] for entry in spec["apps"]}


def test_without_a_gateway_there_is_no_address_to_compare():
    spec = verify({"sonarr": {}, "qbittorrent": {}})
    assert (spec["gateways"], spec["dependents"], spec["torrents"]) == ([], [], [])
