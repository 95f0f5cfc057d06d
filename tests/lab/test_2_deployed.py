"""A deployed lab: what the apps themselves say, drift, storage, secrets."""
from __future__ import annotations

import pytest
import yaml
from conftest import ARRS, DOCKER, MEDIA

# Written by hand: how each app reaches each client, and what it puts there.
INSIDE = {"qBittorrent": ("localhost", 8080), "SABnzbd": ("localhost", 8085), "NZBGet": (None, 6789), "NZBGet 2": (None, 6790)}
OUTSIDE = {"qBittorrent": ("gluetun", 8080), "SABnzbd": ("gluetun", 8085), "NZBGet": ("nzbget", 6789), "NZBGet 2": ("nzbget-2", 6790)}
EXPECTED = {
    "sonarr": (INSIDE, "tvCategory", "tv", "/data/tv"),
    "radarr": (INSIDE, "movieCategory", "movies", "/data/movies"),
    "sonarr-4k": (OUTSIDE, "tvCategory", "tv-4k", "/data/tv-4k"),
    "radarr-4k": (OUTSIDE, "movieCategory", "movies-4k", "/data/movies-4k"),
    "lidarr": (OUTSIDE, "musicCategory", "music", "/data/music"),
}


@pytest.mark.parametrize("instance", EXPECTED)
def test_every_app_has_its_clients_and_its_root_folder(deployed, instance):
    clients, field, category, folder = EXPECTED[instance]
    found = {item["name"]: item for item in deployed.api(instance, "downloadclient")}
    assert set(found) == set(clients)
    for name, (host, port) in clients.items():
        fields = {entry["name"]: entry.get("value") for entry in found[name]["fields"]}
        assert found[name]["enable"] is True
        assert host in (None, fields["host"])
        assert (fields["port"], fields[field]) == (port, category)
        # The app's own test really logs in to the real program.
        deployed.api(instance, "downloadclient/test", "POST", found[name])
    assert [item["path"] for item in deployed.api(instance, "rootfolder")] == [folder]
    assert all(item["accessible"] for item in deployed.api(instance, "rootfolder"))


def test_keys_open_the_apps_and_nothing_else_does(deployed):
    for instance in ARRS:
        assert deployed.api(instance, "system/status")["authentication"] == "forms"
    assert len({deployed.secrets()[key] for _port, _base, _version, key in ARRS.values()}) == len(ARRS)


ROTATED = "0123456789abcdef0123456789abcdef"
HOSTILE = "p $ ${HOME} # ' \" \\ {{ é end"


def rotated(variables):
    variables[DOCKER]["media_services"]["tautulli"] = {"secrets": {"api_key": ROTATED}}


def test_a_rotated_secret_recreates_exactly_the_service_that_uses_it(deployed):
    before = deployed.containers(DOCKER)
    run = deployed.site("--diff", inventory=deployed.inventory(rotated))
    assert run.code == 0, run.output[-3000:]
    after = deployed.containers(DOCKER)
    assert {name for name in after if after[name] != before.get(name)} == {"tautulli"}
    assert ROTATED not in run.output


def test_hostile_characters_reach_a_container_intact_and_no_secret_shows(deployed):
    def add(variables):
        rotated(variables)
        variables[DOCKER]["media_services"]["tautulli"]["env"] = {"LAB_HOSTILE": {"secret": "admin.password"}}
        # Escaped for Ansible, which templates what an inventory says.
        variables[DOCKER]["media_admin"] = {"username": "media", "password": HOSTILE.replace("{{", "{{ '{{' }}")}

    inventory = deployed.inventory(add)
    # Without what it remembers, a run sends all that it cannot read back once more.
    deployed.sh(MEDIA, "rm -f /var/lib/homelab-media/ledger.json")
    run = deployed.site("-vvv", "--diff", inventory=inventory)
    assert run.code == 0, run.output[-3000:]
    assert deployed.sh(DOCKER, "docker exec tautulli printenv LAB_HOSTILE").rstrip("\n") == HOSTILE
    assert HOSTILE not in run.output and "${HOME} #" not in run.output
    for host, least in ((MEDIA, 8), (DOCKER, 2)):
        values = {name: value for name, value in deployed.secrets(host).items() if len(value) >= 8 and name != "admin.username"}
        assert len(values) > least
        assert [name for name, value in values.items() if value in run.output] == []
        own = "\n".join(value for value in values.values() if len(value) >= 12)
        readable = deployed.sh(host, "cat > /run/values <<'END'\n{0}\nEND\ngrep -rlFf /run/values /opt/homelab-media /var/lib/homelab-media /etc 2>/dev/null "
                                     "| xargs -r stat -c '%a %n' | grep -v '^[0-7]00 '; rm /run/values; true".format(own))
        assert readable == ""
        lines = deployed.sh(host, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
        assert not [name for name, value in values.items() if len(value) >= 12 and value in lines]
    assert deployed.site(inventory=inventory).total("changed") == 0
    # Back to an inventory that says nothing of the key: the next run takes it from the app.
    deployed.sh(DOCKER, "rm -f /var/lib/homelab-media/secrets.json")


def test_hardlinks_between_the_apps_users_and_an_untouched_library(deployed):
    deployed.sh(MEDIA, """
        mkdir -p /mnt/media/movies/old && cd /mnt/media/movies/old && for i in $(seq 1 10000); do echo $i > f$i; done
        chown -R 4321:4321 . && chmod -R u=rwX,go= .""")
    look = "find /mnt/media/movies/old -printf '%p %m %U:%G %T@ %i\\n' | sort | sha256sum"
    before = deployed.sh(MEDIA, look)
    deployed.sh(MEDIA, "rm -rf /mnt/media/tv-4k")
    run = deployed.site()
    assert run.code == 0, run.output[-3000:]
    assert deployed.sh(MEDIA, look) == before
    deployed.sh(MEDIA, "docker exec -u 1000:1000 qbittorrent sh -c 'echo film > /data/downloads/torrents/movies/film'")
    deployed.sh(MEDIA, "docker exec -u 1000:1000 radarr ln /data/downloads/torrents/movies/film /data/movies/film")
    inodes = deployed.sh(MEDIA, "stat -c %i /mnt/media/downloads/torrents/movies/film /mnt/media/movies/film").split()
    assert len(inodes) == 2 and inodes[0] == inodes[1]
    deployed.sh(MEDIA, "rm -r /mnt/media/movies/old /mnt/media/movies/film /mnt/media/downloads/torrents/movies/film")


def test_drift_of_one_field_is_named_and_mended_alone(deployed):
    client = next(item for item in deployed.api("radarr", "downloadclient") if item["name"] == "qBittorrent")
    deployed.api("radarr", "downloadclient/{0}?forceSave=true".format(client["id"]), "PUT", dict(client, priority=7))
    before, stored = deployed.look(), deployed.api("radarr", "downloadclient")
    check = deployed.site("--check", "--diff")
    assert check.code == 0
    assert check.total("changed") == 1
    assert "radarr/download_client/qBittorrent" in check.output
    changed = [line for line in check.output.splitlines() if line[:1] in "+-" and line[1:2] not in "+-"]
    assert [line.split()[1].strip('":') for line in changed] == ["priority", "priority"], changed
    assert deployed.api("radarr", "downloadclient") == stored
    assert deployed.look() == before
    run = deployed.site()
    assert run.total("changed") == 1
    after = next(item for item in deployed.api("radarr", "downloadclient") if item["name"] == "qBittorrent")
    assert after == client
    assert deployed.site().total("changed") == 0


def test_what_is_exported_brings_about_what_is_there(deployed, tmp_path):
    run = deployed.site("-e", "export_dir={0}".format(tmp_path / "export"), playbook="playbooks/export.yml")
    assert run.code == 0, run.output[-3000:]
    exported = {path.stem: yaml.safe_load(path.read_text())["media_services"][path.stem] for path in (tmp_path / "export" / MEDIA).glob("*.yml")}
    assert set(exported) == set(ARRS)
    assert exported["radarr"]["settings"]["resources"]

    def take(variables):
        services = variables[MEDIA]["media_services"]
        for name, described in exported.items():
            # Secrets that are not filled in stay what they are in the app.
            services[name] = dict(services[name], settings=dict(services[name].get("settings") or {}, **described["settings"]),
                                  secrets=dict.fromkeys(described.get("secrets") or {}, ""))

    # The copy lists the services in another order, which changes nothing either.
    applied = deployed.site(inventory=deployed.inventory(take))
    assert applied.code == 0, applied.output[-3000:]
    assert applied.total("changed") == 0, applied.output[-3000:]
