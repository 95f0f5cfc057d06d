"""The catalog: complete, and open to what others add."""
from __future__ import annotations

import pytest
import yaml

from ansible_collections.homelab.media.plugins.plugin_utils import catalog as catalogs
from ansible_collections.homelab.media.plugins.plugin_utils import plan, values

from .conftest import ROOT, inventory, shipped_catalog

APPS = ["bazarr", "cross-seed", "flaresolverr", "gluetun", "kitana", "lidarr", "maintainerr", "nzbget", "overseerr", "plex", "plex-trakt-sync", "prowlarr",
        "qbittorrent", "radarr", "recyclarr", "sabnzbd", "seerr", "sonarr", "suggestarr", "tautulli", "unpackerr"]
HOMEPAGE = """
app: homepage
title: Homepage
image: ghcr.io/gethomepage/homepage
version: v1.2.0
project: homelab-edge
user: {convention: user}
config: /app/config
port: {number: 3000, login: false, people: true}
probe: {command: [wget, -qO-, "http://127.0.0.1:{{ me.port }}/api/healthcheck"]}
env: {PORT: "{{ me.port }}", WIDGETS: "{{ links.apps | map(attribute='name') | join(' ') }}", KEY: "{{ me.secrets.token }}"}
files: [{template: homepage.yml.j2, path: services.yml, seed: true}]
secrets: {token: {format: hex32}}
settings: {theme: {type: str, default: dark, choices: [dark, light]}}
needs: {apps: {offers: arr, many: true}}
"""


def test_all_apps_are_there():
    assert sorted(shipped_catalog()) == APPS and shipped_catalog().findings == []


@pytest.mark.parametrize("app", APPS)
def test_entry_is_complete(app):
    entry = shipped_catalog()[app]
    assert entry["version"] not in ("latest", "") and ":" not in entry["image"]
    assert entry["arches"] and entry["project"] in ("homelab-torrent", "homelab-plex", "homelab-services")
    assert (ROOT / "catalog" / (app + ".yml")).is_file()
    assert entry["probe"] or app in ("recyclarr", "plex-trakt-sync")
    for name, spec in entry["settings"].items():
        assert spec.get("description") or name == "allow_downgrade", name
    for name, spec in entry["secrets"].items():
        assert spec.get("description"), name
    for resource in entry["wiring"]:
        assert resource["resource"]


def test_probes_are_commands_without_a_shell():
    services = {name: {} for name in APPS if name not in ("overseerr",)}
    services["gluetun"] = {"settings": {"provider": "protonvpn"}}
    services["sabnzbd"] = {"port": 8085}
    model = plan.Model({"h": inventory(services)}, shipped_catalog())
    model.render()
    for name, found in model.services["h"].items():
        test = found["model"].get("healthcheck", {}).get("test")
        if test:
            assert test[0] == "CMD" and all(isinstance(item, str) for item in test), name


def test_a_service_is_one_file(tmp_path):
    (tmp_path / "homepage.yml").write_text(HOMEPAGE, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "homepage.yml.j2").write_text("theme: {{ settings.theme }}\n", encoding="utf-8")
    raw = {"h": inventory({"homepage": {"settings": {"theme": "light"}}, "sonarr": {}, "sabnzbd": {}}, catalog_paths=[str(tmp_path)])}
    found = plan.full(raw, {})
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    files = {entry["path"]: entry for entry in found["hosts"]["h"]["files"]}
    compose = yaml.safe_load(files["/opt/homelab-media/homelab-edge/compose.yml"]["content"])
    assert compose["services"]["homepage"]["environment"]["WIDGETS"] == "sonarr"
    assert compose["services"]["homepage"]["ports"] == ["127.0.0.1:3000:3000"]
    assert files["/var/lib/homelab-media-configs/homepage/services.yml"]["content"] == "theme: light\n"
    assert "homepage.token" in files["/opt/homelab-media/homelab-edge/homepage.env"]["content"]


@pytest.mark.parametrize("text,message", [
    ("app: x\ntitle: X\nimage: i\nversion: 1\nprobee: {}\n", "no key 'probee'"),
    ("app: x\ntitle: X\nversion: 1\n", "lacks the key 'image'"),
    ("app: x\n- y", "cannot be read"),
    ("- 1", "must be a mapping"),
    ("app: x\ntitle: X\nimage: i\nversion: 1\nneeds: {a: {many: true}}\n", "names neither"),
    ("app: x\ntitle: X\nimage: i\nversion: 1\nport: {number: high}\n", "whole number"),
])
def test_a_broken_file_is_a_finding(tmp_path, text, message):
    (tmp_path / "x.yml").write_text(text, encoding="utf-8")
    catalog = catalogs.load([str(tmp_path)])
    assert [item for item in catalog.findings if message in item["message"]], catalog.findings
    assert "sonarr" in catalog


@pytest.mark.parametrize("line", ["env: {A: \"{{ nope }}\"}", "env: {A: \"{{ me.nope.x }}\"}", "env: {A: \"{{ 1 / 0 }}\"}",
                                  "files: [{template: nope.j2, path: x}]",
                                  "env: {A: \"{% if %}\"}", "wiring: [{resource: tag, options: {label: \"{{ nope }}\"}}]"])
def test_a_broken_value_is_a_finding(tmp_path, line):
    (tmp_path / "x.yml").write_text("app: x\ntitle: X\nimage: i\nversion: '1'\nport: {number: 1}\n" + line, encoding="utf-8")
    found = plan.full({"h": inventory({"x": {}}, catalog_paths=[str(tmp_path)])}, {})
    assert [item for item in found["findings"] if "does not work here" in item["message"]]


def test_values_keep_their_type():
    env = values.environment()
    context = {"port": 8080, "none": None, "name": {"secret": "a.b"}}
    rendered = values.render(env, {"a": "{{ port }}", "b": "x{{ port }}", "c": "{{ none }}", "d": "{{ name }}", "e": ["{{ none }}", 1]}, context)
    assert rendered == {"a": 8080, "b": "x8080", "d": {"secret": "a.b"}, "e": [1]}
