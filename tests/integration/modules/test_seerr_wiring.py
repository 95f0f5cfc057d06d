# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seerr and Overseerr wired in one run, as the plan says it: from an app without a user to one with everything; again; with purge; without a token."""
from __future__ import annotations

import pytest
import runs
import seerr_apps
from seerr_apps import KEY, OWNER

from ansible_collections.homelab.media.plugins.modules import media_wiring
from ansible_collections.homelab.media.plugins.plugin_utils import catalog, plan

HOST = "ct-media-01"
SERVICES = {"sonarr": {}, "radarr": {}, "radarr4k": {"app": "radarr", "variant": "4k", "port": 7879}, "tautulli": {}}


@pytest.fixture(params=["seerr", "overseerr"])
def world(request, arr, tmp_path, monkeypatch):
    found = seerr_apps.World(request.param, arr, tmp_path)
    monkeypatch.setenv("STANDIN_PLEX_TV", found.plex.tv)
    for name in ("radarr", "radarr4k", "sonarr"):
        path = tmp_path / f"media-{name}"
        path.mkdir()
        getattr(found, name).api("POST", "rootfolder", {"path": str(path)})
    yield found
    assert not getattr(found.handle, "died", None)
    found.stop()


def wire(world, token=True, check=False, settings=None, purge=None, changed=None):
    """What media_wiring does with the app's part of the plan, at the addresses of the test.

    :param changed: Values of secrets by name, other than the usual ones.
    """
    plex = {"secrets": {"token": OWNER}} if token else {}
    variables = {"media_address": "192.168.1.12", "media_services": {**SERVICES, "plex": plex, world.app: {"settings": settings or {}}}}
    found = plan.full({HOST: {"variables": variables, "undefined": {}}}, {}, catalog.load())
    entry = next(item for item in found["hosts"][HOST]["wiring"]["apps"] if item["name"] == world.app)
    names = {"Radarr": "radarr", "Radarr (radarr4k)": "radarr4k", "Sonarr": "sonarr", "Plex": "plex", "Tautulli": "tautulli"}
    for resource in entry["resources"]:
        if resource.get("hostname"):
            peer = getattr(world, names[resource["name"]])
            resource.update(hostname="127.0.0.1", port=peer.port)
            # Its container is none of this host's.
            resource.pop("check_container", None)
            assert ("check_url" in resource) == (resource["resource"] != "overseerr_tautulli")
            if "check_url" in resource:
                resource["check_url"] = peer.url
            if "root_folder" in resource:
                resource["root_folder"] = str(world.directory / f"media-{names[resource['name']]}")
            if resource["resource"] == "overseerr_plex" and resource["all_libraries"]:
                resource["libraries"] = ["Movies", "TV Shows"]
    secrets = {f"{world.app}.api_key": KEY, "plex.token": OWNER, "tautulli.api_key": world.tautulli.api_key,
               **{f"{name}.api_key": getattr(world, name).api_key for name in ("radarr", "radarr4k", "sonarr")}, **(changed or {})}
    world.proxy.clear()
    result = runs.run_module("media_wiring", {
        "apps": [dict(entry, url=world.proxy.url, container=None)], "secrets": secrets, "purge": purge or {}, "state_root": str(world.state), "timeout": 20,
        "wait_timeout": 5, "on_problem": "report"}, check)
    assert not result.get("failed"), result.get("msg")
    for secret in set(secrets.values()):
        assert secret not in result["_text"].partition('"invocation"')[0]
    return result


def test_everything_from_nothing(world):
    promised = wire(world, check=True)
    assert promised["problems"] == [] and promised["changed"] and not world.writes()
    made = wire(world, settings={"default_permissions": ["request", "create_issues"]})
    assert made["problems"] == [] and {(link["resource"], link["state"]) for link in made["links"]} == {
        ("overseerr_plex", "changed"), ("overseerr_tautulli", "changed"), ("overseerr_server", "changed")}
    assert world.api("GET", "settings/public")["initialized"] and world.api("GET", "settings/public")["movie4kEnabled"]
    assert {row["name"]: (row["is4k"], row["isDefault"], row["activeProfileName"]) for row in world.api("GET", "settings/radarr")} == {
        "Radarr": (False, True, "HD-1080p"), "Radarr (radarr4k)": (True, True, "Ultra-HD")}
    assert world.api("GET", "settings/sonarr")[0]["isDefault"] and world.api("GET", "settings/tautulli")["hostname"] == "127.0.0.1"
    assert all(row["enabled"] for row in world.api("GET", "settings/plex")["libraries"])
    again = wire(world, settings={"default_permissions": ["request", "create_issues"]})
    assert not again["changed"] and again["problems"] == [] and not world.writes() and {link["state"] for link in again["links"]} == {"ok"}


def test_a_library_that_was_deleted_and_made_anew(world):
    wire(world)
    seerr_apps.make_anew(world.plex, "Movies")
    promised = wire(world, check=True)
    assert promised["problems"] == [] and not world.writes()
    made = wire(world)
    assert made["problems"] == [] and made["diff"] == promised["diff"]
    assert [(item["resource"], item["fields"]) for item in made["changes"]] == [("overseerr_plex", ["library_ids"])]
    again = wire(world)
    assert not again["changed"] and again["problems"] == [] and not world.writes()


def test_one_run_after_a_rotation_repairs_the_app(world):
    wire(world)
    new = {"plex.token": "plex-token-rotated-0815"}
    seerr_apps.rotate(world.plex, OWNER, new["plex.token"])
    promised = wire(world, check=True, changed=new)
    made = wire(world, changed=new)
    assert made["problems"] == promised["problems"] == [] and made["diff"] == promised["diff"]
    assert [(item["resource"], item["fields"]) for item in made["changes"]] == [("overseerr_setup", ["plex_token"])]
    assert world.api("GET", "settings/plex/users") is not None, "the app gets through to plex.tv"
    again = wire(world, changed=new)
    assert not again["changed"] and again["problems"] == [] and not world.writes()


def test_one_run_follows_a_radarr_with_another_address_and_key(world, arr):
    wire(world)
    old = world.radarr.api_key
    world.radarr = arr("radarr", name="radarr-moved", api_key="fedcba9876543210" * 2)
    world.radarr.api("POST", "rootfolder", {"path": str(world.directory / "media-radarr")})
    promised = wire(world, check=True)
    assert not world.writes()
    made = wire(world)
    assert made["problems"] == [] and made["diff"] == promised["diff"] and old not in made["_text"]
    assert [(item["resource"], item["name"], item["fields"]) for item in made["changes"]] == [("overseerr_server", "Radarr", ["apiKey", "port"])]
    row = next(row for row in world.api("GET", "settings/radarr") if row["name"] == "Radarr")
    assert (row["port"], row["apiKey"], row["isDefault"]) == (world.radarr.port, world.radarr.api_key, True)
    again = wire(world)
    assert not again["changed"] and again["problems"] == [] and not world.writes()


def test_what_publishes_no_port_is_looked_into_at_its_containers_own_address():
    wish = {"resource": "overseerr_server", "check_url": "http://127.0.0.1:7878/radarr", "check_container": "radarr"}
    nested = {"resource": "indexer_sync", "applications": [wish, {"check_url": "http://192.168.1.12:8989", "check_container": None}]}
    assert media_wiring.containers_of([{"container": "seerr", "resources": [wish, {"resource": "overseerr_settings"}]}]) == ["radarr", "seerr"]
    assert media_wiring.containers_of([{"resources": [nested]}]) == ["radarr"]
    there = {"resource": "overseerr_server", "check_url": "http://172.18.0.5:7878/radarr"}
    assert media_wiring.located(wish, {"radarr": "172.18.0.5"}) == there
    assert media_wiring.located(nested, {"radarr": "172.18.0.5"})["applications"] == [there, {"check_url": "http://192.168.1.12:8989"}]
    # One that does not run is looked for where the plan says, and told to be down by what is done with it.
    assert media_wiring.located(wish, {}) == dict(there, check_url="http://127.0.0.1:7878/radarr")


def test_without_a_token_it_is_left_out(world):
    result = wire(world, token=False)
    assert result["problems"] == [] and not result["changed"] and not world.writes()
    assert {link["state"] for link in result["links"]} == {"missing"} and len(result["links"]) == 4
    # A person has signed in on the page: the servers are wired.
    world.sign_in()
    result = wire(world, token=False)
    assert result["problems"] == [] and {link["state"] for link in result["links"]} == {"changed"}
    assert len(world.api("GET", "settings/radarr")) == 2 and world.api("GET", "settings/plex")["ip"] == ""


def test_purge(world):
    wire(world)
    entry = {key: value for key, value in world.api("GET", "settings/radarr")[0].items() if key != "id"}
    for name in ("Old", "Kept"):
        world.api("POST", "settings/radarr", {**entry, "name": name, "isDefault": False})
    assert not wire(world)["changed"]
    rules = {"overseerr_server": {"enabled": True, "ignore": ["Kept"]}}
    assert [item["name"] for item in wire(world, purge=rules, check=True)["changes"]] == ["Old"] and not world.writes()
    assert [item["action"] for item in wire(world, purge=rules)["changes"]] == ["delete"]
    assert sorted(row["name"] for row in world.api("GET", "settings/radarr")) == ["Kept", "Radarr", "Radarr (radarr4k)"]


def test_one_that_fails_does_not_keep_the_others_from_it(world):
    wire(world)
    world.radarr.faults({"fail": {"status": 503, "path": ".*"}})
    result = wire(world, purge={"overseerr_server": {"enabled": True, "ignore": []}})
    assert len(result["problems"]) == 1 and "does not reach Radarr" in result["problems"][0]["message"]
    assert {link["name"]: link["state"] for link in result["links"]} == {
        "Plex": "ok", "Tautulli": "ok", "Sonarr": "ok", "Radarr": "failed", "Radarr (radarr4k)": "ok"}


def test_two_that_are_to_be_the_default(world):
    world.sign_in()
    servers = [{"resource": "overseerr_server", **world.server("radarr", name=name), "is_default": True} for name in ("A", "B")]
    world.proxy.clear()
    result = runs.run_module("media_wiring", {
        "apps": [{"name": "requests", "app": world.app, "url": world.proxy.url, "api_key": {"secret": "k"}, "resources": servers}], "secrets": {"k": KEY},
        "state_root": str(world.state), "wait_timeout": 5, "on_problem": "report"})
    assert len(result["problems"]) == 1 and "there is only one" in result["problems"][0]["message"]
    assert [row["name"] for row in world.api("GET", "settings/radarr")] == ["A"]
