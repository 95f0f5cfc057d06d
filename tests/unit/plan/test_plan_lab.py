# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of the lab plans without an error, and has what the request flows need."""
from __future__ import annotations

import pytest
import yaml
from standins.vpn_provider import internet

from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import ROOT, shipped_catalog

LAB = ROOT / "inventory" / "lab"


def planned(order=list):
    shared = yaml.safe_load((LAB / "group_vars" / "all.yml").read_text())
    raw = {path.stem: {"variables": {**shared, **yaml.safe_load(path.read_text())}, "undefined": {}} for path in (LAB / "host_vars").glob("*.yml")}
    for host in raw.values():
        services = host["variables"]["media_services"]
        host["variables"]["media_services"] = {name: services[name] for name in order(services)}
    return plan.full(raw, {}, shipped_catalog())


def test_the_lab_plans_without_findings():
    found = planned()
    assert [item for item in found["findings"] if item["severity"] != "info"] == []


def test_prowlarr_gets_the_indexer_behind_the_tunnel():
    apps = planned()["hosts"]["ct-media-01"]["wiring"]["apps"]
    prowlarr = next(app for app in apps if app["name"] == "prowlarr")
    indexers = [item for item in prowlarr["resources"] if item["resource"] == "indexer"]
    assert [item["name"] for item in indexers] == ["Lab indexer"]
    assert indexers[0]["fields"]["baseUrl"] == f"http://{internet.INDEXER}:{internet.INDEXER_PORT}"
    # The key that the indexer asks for is the one that the inventory holds.
    values = yaml.safe_load((LAB / "host_vars" / "ct-media-01.yml").read_text())["media_services"]["prowlarr"]
    assert values["secrets"]["lab_indexer"] == internet.INDEXER_KEY
    names = [item["resource"] for item in prowlarr["resources"]]
    assert names.index("indexer") < names.index("indexer_sync")


@pytest.mark.parametrize("order", [sorted, lambda services: reversed(list(services))], ids=["sorted", "reversed"])
def test_services_in_another_order_change_nothing(order):
    plain, other = planned()["hosts"], planned(order)["hosts"]
    for name, host in plain.items():
        assert files_of(host) == files_of(other[name])
        assert host["digests"] == other[name]["digests"]


def files_of(host):
    return {entry["path"]: entry["content"] for entry in host["files"]}
