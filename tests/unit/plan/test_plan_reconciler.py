# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan installs to stay resident: where, with what configuration, and when it goes again."""
from __future__ import annotations

import json

import pytest

from ansible_collections.homelab.media.plugins.module_utils import tokens
from ansible_collections.homelab.media.plugins.plugin_utils import plan, reconciler, values

from .conftest import GLUETUN, HEALTHY, inventory, shipped_catalog

HOST = "ct-media-01"
FORWARDING = {"settings": {"provider": "protonvpn", "port_forwarding": True}, "secrets": GLUETUN["secrets"]}
RUNS = {"installed": True, "enabled": True, "current": True}
CONFIG = "/var/lib/homelab-media/reconciler.json"
PLACES = {CONFIG, "/etc/systemd/system/homelab-media-reconciler.service"} | {
    "/usr/local/lib/homelab-media/" + name for name in ("reconciler.py", "docker_cli.py", "forwarding.py", "stack.py", "turns.py")}


def planned(services, seen=None, **variables):
    """A host's part about the reconciler, and its files."""
    info = dict(HEALTHY, reconciler=seen) if seen else HEALTHY
    found = plan.full({HOST: inventory(services, **variables)}, {HOST: info}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    host = found["hosts"][HOST]
    files = {entry["path"]: entry for entry in host["files"] if "reconciler" in entry["path"] or entry["path"].startswith("/usr/local")}
    return host["reconciler"], files, host


def configuration(files, path=CONFIG):
    names = values.secret_names(files[path]["content"])
    return json.loads(tokens.resolve(files[path]["content"], {name: "va\"lue of " + name for name in names}))


def test_nothing_without_a_gateway_and_nothing_without_dependents():
    for services in ({"sonarr": {}}, {"gluetun": FORWARDING, "sonarr": {}}):
        kept, files, dummy = planned(services)
        assert files == {}
        assert kept == {"unit": "homelab-media-reconciler.service", "wanted": False, "files": [], "restart": False, "remove": []}


def test_files_are_written_with_all_others_and_only_the_configuration_holds_secrets():
    kept, files, host = planned({"gluetun": FORWARDING, "qbittorrent": {"via": "gluetun"}}, RUNS)
    assert set(files) == PLACES == set(kept["files"])
    assert {path for path, entry in files.items() if values.has_secret(entry["content"])} == {CONFIG}
    assert (files[CONFIG]["mode"], files[CONFIG]["owner"], files[CONFIG]["sensitive"]) == ("0600", 0, True)
    assert {entry["mode"] for path, entry in files.items() if path != CONFIG} == {"0644"}
    assert kept["wanted"] and not kept["restart"] and kept["remove"] == []
    # No container depends on them.
    assert not [path for spec in host["digests"].values() for path in spec["files"] if path in PLACES]
    unit = files["/etc/systemd/system/homelab-media-reconciler.service"]["content"]
    assert "ExecStart=/usr/bin/python3 -EsB /usr/local/lib/homelab-media/reconciler.py --config /var/lib/homelab-media/reconciler.json\n" in unit
    assert "@" not in unit.replace("@system-service", "")


def test_configuration_of_a_gateway_with_port_forwarding():
    dummy, files, dummy_host = planned({"gluetun": FORWARDING, "sonarr": {"via": "gluetun"}, "torrents": {"app": "qbittorrent", "via": "gluetun", "port": 8090},
                                        "radarr": {}})
    project = {"project": "homelab-torrent", "directory": "/opt/homelab-media/homelab-torrent"}
    assert configuration(files) == {"gateways": [{
        "name": "gluetun", "dependents": [dict(project, name="sonarr"), dict(project, name="torrents")],
        "port": 8000, "api_key": "va\"lue of gluetun.control_api_key", "interface": "tun0",
        "torrent": {"name": "torrents", "port": 8090, "username": "va\"lue of torrents.username", "password": "va\"lue of torrents.password"}}]}


def test_two_gateways_one_of_them_without_port_forwarding_and_directories_of_its_own():
    dummy, files, dummy_host = planned(
        {"gluetun": GLUETUN, "vpn-2": dict(FORWARDING, app="gluetun", project="second"), "sonarr": {"via": "gluetun"}, "qbittorrent": {"via": "vpn-2"}},
        state_root="/srv/state", compose_root="/srv/compose")
    found = configuration(files, "/srv/state/reconciler.json")["gateways"]
    assert [(entry["name"], "torrent" in entry, "api_key" in entry) for entry in found] == [("gluetun", False, False), ("vpn-2", True, True)]
    assert found[1]["dependents"] == [{"name": "qbittorrent", "project": "second", "directory": "/srv/compose/second"}]
    assert "--config /srv/state/reconciler.json" in files["/etc/systemd/system/homelab-media-reconciler.service"]["content"]


@pytest.mark.parametrize("seen, restart", [(None, True), (RUNS, False), (dict(RUNS, current=False), True), (dict(RUNS, enabled=False), True)])
def test_it_is_started_when_it_does_not_run_as_it_should(seen, restart):
    assert planned({"gluetun": GLUETUN, "sonarr": {"via": "gluetun"}}, seen)[0]["restart"] is restart


def test_it_goes_with_the_last_dependent():
    kept, files, dummy = planned({"gluetun": GLUETUN, "sonarr": {}}, RUNS)
    assert files == {} and not kept["wanted"] and not kept["restart"]
    assert kept["remove"] == [CONFIG, "/etc/systemd/system/homelab-media-reconciler.service", "/usr/local/lib/homelab-media"]


def test_what_is_installed_needs_nothing_of_ansible():
    for path in reconciler.SOURCES.values():
        text = (reconciler.ROOT / path).read_text()
        assert "ansible_collections" not in text and "\u27e6secret" not in text.replace("\\u27e6", ""), path
