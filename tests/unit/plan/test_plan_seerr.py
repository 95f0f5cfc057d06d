# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wired in Seerr and Overseerr: with a token of the Plex account and without, in HD and 4K, new and adopted."""
from __future__ import annotations

import pytest
import yaml

from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import ROOT, inventory, shipped_catalog

HOST = "ct-media-01"
SERVICES = {"sonarr": {}, "radarr": {}, "radarr4k": {"app": "radarr", "variant": "4k", "port": 7879}, "tautulli": {}}
TOKEN = {"secrets": {"token": "a-plex-token"}}


def wired(app, plex=None, others=(), **options):
    services = dict(SERVICES, plex=plex or {}, **dict.fromkeys(others, {}), **{app: options})
    found = plan.full({HOST: inventory(services)}, {}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    return next(entry for entry in found["hosts"][HOST]["wiring"]["apps"] if entry["name"] == app)


def kinds(entry):
    return [item["resource"].removeprefix("overseerr_") for item in entry["resources"]]


def test_what_is_changed_for_one_is_changed_for_the_other():
    seerr, overseerr = (yaml.safe_load((ROOT / "catalog" / "{0}.yml".format(app)).read_text()) for app in ("seerr", "overseerr"))
    assert all(seerr[key] == overseerr[key] for key in ("settings", "offers", "needs", "wiring"))


@pytest.mark.parametrize("app", ["seerr", "overseerr"])
def test_all_of_it_with_a_token(app):
    entry = wired(app, TOKEN)
    assert kinds(entry) == ["setup", "plex", "setup", "tautulli", "server", "server", "server"]
    assert entry["app"] == app and entry["api_key"] == {"secret": app + ".api_key"} and {"plex", "radarr", "sonarr", "tautulli"} <= set(entry["needs"])
    first, plex, last, tautulli = entry["resources"][:4]
    assert first["plex_token"] == last["plex_token"] == {"secret": "plex.token"} and first["initialize"] is False and "initialize" not in last
    assert plex["all_libraries"] is True and plex["libraries"] == ["TV", "Movies", "Movies 4K"] and plex["port"] == 32400
    assert tautulli["hostname"] == "tautulli" and tautulli["tautulli_api_key"] == {"secret": "tautulli.api_key"}


def test_servers_by_kind_and_resolution():
    servers = {item["name"]: item for item in wired("seerr", TOKEN, settings={"quality_profile": "WEB-1080p"})["resources"] if "server" in item["resource"]}
    assert {name: (item["kind"], item["hostname"], item["port"], item["is_4k"], item["root_folder"]) for name, item in servers.items()} == {
        "Sonarr": ("sonarr", "sonarr", 8989, False, "/data/tv"), "Radarr": ("radarr", "radarr", 7878, False, "/data/movies"),
        "Radarr (radarr4k)": ("radarr", "radarr4k", 7879, True, "/data/movies-4k")}
    assert [item.get("quality_profile") for item in servers.values()] == ["WEB-1080p", "WEB-1080p", None]
    # Nobody makes profiles here but the people of the apps.
    assert {tuple(item["promised"]) for item in servers.values()} == {("root_folder",)}
    # Which is the default, the app's own entries say.
    assert not any("is_default" in item for item in servers.values())


def test_profiles_of_recyclarr_are_there_when_they_are_needed():
    servers = [item for item in wired("seerr", TOKEN, ["recyclarr"])["resources"] if "server" in item["resource"]]
    assert all(item["promised"] == ["root_folder", "quality_profile"] for item in servers)


def test_without_a_token_nothing_of_plex():
    entry = wired("seerr")
    assert kinds(entry) == ["setup", "tautulli", "server", "server", "server"] and "plex_token" not in entry["resources"][0]


def test_an_adopted_app_keeps_what_people_chose():
    servers = [item for item in wired("seerr", TOKEN, adopt=True)["resources"] if "server" in item["resource"]]
    assert all(item["adopt"] and "root_folder" not in item for item in servers)


def test_settings():
    entry = wired("seerr", TOKEN, settings={"default_permissions": ["request"], "preferences": {"locale": "de"}, "libraries": ["Films"]})
    assert entry["resources"][-1] == {"resource": "overseerr_settings", "state": "present", "default_permissions": ["request"], "settings": {"locale": "de"}}
    assert entry["resources"][1]["libraries"] == ["Films"] and entry["resources"][1]["all_libraries"] is False


def test_a_server_that_went():
    services = dict(SERVICES, plex=TOKEN, seerr={}, radarr4k={"app": "radarr", "variant": "4k", "state": "absent"})
    found = plan.full({HOST: inventory(services, purge={"overseerr_server": True})}, {}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    entry = next(item for item in found["hosts"][HOST]["wiring"]["apps"] if item["name"] == "seerr")
    gone = [item for item in entry["resources"] if item["state"] == "absent"]
    assert gone == [{"resource": "overseerr_server", "state": "absent", "kind": "radarr", "name": gone[0]["name"]}]
    assert found["hosts"][HOST]["wiring"]["purge"]["overseerr_server"]["enabled"]
