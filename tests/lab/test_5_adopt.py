"""Adoption: somebody's own Sonarr, Radarr and qBittorrent, from their own compose file, with keys, login, clients and a library."""
from __future__ import annotations

import base64
import hashlib
import json

import pytest
import requests
import yaml
from conftest import ADDRESS, DOCKER, MEDIA, ROOT

# Molecule's scenario shows the short form of it.
pytestmark = pytest.mark.soak
KEYS = {"sonarr": "aaaabbbbccccddddeeeeffff00001111", "radarr": "2222333344445555666677778888999a"}
LOGIN = ("homer", "their-own-password")
COMPOSE = """
services:
  sonarr: {image: "172.30.77.2:5000/lscr.io/linuxserver/sonarr:4.0.19", container_name: sonarr, restart: unless-stopped, ports: ["8989:8989"],
           environment: {PUID: "1000", PGID: "1000"}, volumes: ["/srv/appdata/sonarr:/config", "/srv/library:/library"]}
  radarr: {image: "172.30.77.2:5000/lscr.io/linuxserver/radarr:RADARR", container_name: radarr, restart: unless-stopped, ports: ["7878:7878"],
           environment: {PUID: "1000", PGID: "1000"}, volumes: ["/srv/appdata/radarr:/config", "/srv/library:/library"]}
  qbittorrent: {image: "172.30.77.2:5000/lscr.io/linuxserver/qbittorrent:5.1.4", container_name: qbittorrent, restart: unless-stopped,
                ports: ["8080:8080"], environment: {PUID: "1000", PGID: "1000"}, volumes: ["/srv/appdata/qbittorrent:/config", "/srv/library:/library"]}
networks:
  default: {ipam: {config: [{subnet: 172.28.5.0/24}]}}
"""
CONFIG = ("<Config><Port>{0}</Port><ApiKey>{1}</ApiKey><AuthenticationMethod>Forms</AuthenticationMethod>"
          "<Username>{2}</Username><Password>{3}</Password></Config>")


def own_hash(password):
    """qBittorrent's notation, made here and not by the product."""
    salt = b"0123456789abcdef"
    return "@ByteArray({0}:{1})".format(*(base64.b64encode(item).decode() for item in (
        salt, hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 100000))))


def write(lab, path, text):
    lab.sh(MEDIA, "mkdir -p $(dirname {0}) && cat > {0} <<'END'\n{1}\nEND".format(path, text))


def ask(port, path, key, method="GET", body=None):
    answer = requests.request(method, "http://{0}:{1}/api/v3/{2}".format(ADDRESS[MEDIA], port, path), headers={"X-Api-Key": key}, json=body, timeout=30)
    assert answer.status_code < 300, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def theirs(deployed):
    """A host that somebody has been running for years."""
    radarr = yaml.safe_load((ROOT / "catalog/radarr.yml").read_text(encoding="utf-8"))["version"]
    deployed.command("clean", MEDIA)
    for app, port in (("sonarr", 8989), ("radarr", 7878)):
        write(deployed, "/srv/appdata/{0}/config.xml".format(app), CONFIG.format(port, KEYS[app], *LOGIN))
    write(deployed, "/srv/appdata/qbittorrent/qBittorrent/qBittorrent.conf", "\n".join([
        "[LegalNotice]", "Accepted=true", "[Preferences]", "WebUI\\Port=8080", "WebUI\\Username=" + LOGIN[0],
        'WebUI\\Password_PBKDF2="{0}"'.format(own_hash(LOGIN[1]))]))
    write(deployed, "/srv/compose/compose.yml", COMPOSE.replace("RADARR", radarr))
    deployed.sh(MEDIA, "mkdir -p /srv/library/shows/one && echo film > /srv/library/shows/one/episode.mkv && chown -R 1000:1000 /srv/library /srv/appdata "
                       "&& docker compose -f /srv/compose/compose.yml -p mine up -d")
    for app, port in (("sonarr", 8989), ("radarr", 7878)):
        for _attempt in range(60):
            try:
                if requests.get("http://{0}:{1}/ping".format(ADDRESS[MEDIA], port), timeout=2).status_code == 200:
                    break
            except requests.RequestException:
                pass
            deployed.sh(MEDIA, "sleep 0.5")
        schema = [item for item in ask(port, "downloadclient/schema", KEYS[app]) if item["implementation"] == "QBittorrent"][0]
        for entry in schema["fields"]:
            entry.update({"host": {"value": "qbittorrent"}, "username": {"value": LOGIN[0]}, "password": {"value": LOGIN[1]}}.get(entry["name"], {}))
        ask(port, "downloadclient", KEYS[app], "POST", dict(schema, name="My torrents", enable=True, priority=5))
        ask(port, "rootfolder", KEYS[app], "POST", {"path": "/library/shows"})
    yield deployed
    deployed.command("clean", MEDIA)


def inventory(lab, adopt, password=None):
    def change(variables):
        services = {name: {"adopt": True} if adopt else {} for name in ("sonarr", "radarr", "qbittorrent")}
        if password:
            services["qbittorrent"]["secrets"] = {"password": password}
        variables[MEDIA]["media_services"] = services
        variables[DOCKER]["media_services"] = {"tautulli": {}}

    return lab.inventory(change)


def state(lab):
    return lab.containers(), lab.sh(MEDIA, "find /srv/library /srv/compose -printf '%p %i %m %U:%G %T@\\n' | sort"), lab.look()[MEDIA]


def test_without_adopt_both_remedies_are_told_and_nothing_is_touched(theirs):
    before = state(theirs)
    run = theirs.site("--limit", MEDIA, inventory=inventory(theirs, adopt=False))
    assert run.code != 0
    for name in ("sonarr", "radarr", "qbittorrent"):
        line = next(line for line in run.output.splitlines() if "'{0}'".format(name) in line and "not ours" in line)
        assert "adopt: true" in run.output and "remove" in run.output, line
    assert state(theirs) == before


def test_an_unknown_password_is_asked_for(theirs):
    before = state(theirs)
    run = theirs.site("--limit", MEDIA, inventory=inventory(theirs, adopt=True))
    assert run.code != 0
    assert "secrets.password" in run.output
    assert state(theirs) == before


def test_adoption_keeps_keys_login_clients_and_library(theirs):
    library = "find /srv/library -printf '%p %i %m %U:%G\\n' | sort"
    before = theirs.sh(MEDIA, library)
    clients = {app: ask(port, "downloadclient", KEYS[app]) for app, port in (("sonarr", 8989), ("radarr", 7878))}
    chosen = inventory(theirs, adopt=True, password=LOGIN[1])
    run = theirs.site("--limit", MEDIA, inventory=chosen)
    assert run.code == 0, run.output[-4000:]
    assert theirs.sh(MEDIA, library) == before
    for app, port in (("sonarr", 8989), ("radarr", 7878)):
        found = {item["name"]: item for item in ask(port, "downloadclient", KEYS[app])}
        assert found["My torrents"] == clients[app][0]
        assert found["qBittorrent"]["enable"] is True
        assert "/library/shows" in [item["path"] for item in ask(port, "rootfolder", KEYS[app])]
        answer = requests.post("http://{0}:{1}/login".format(ADDRESS[MEDIA], port), data={"username": LOGIN[0], "password": LOGIN[1]}, timeout=10,
                               allow_redirects=False)
        assert "loginFailed" not in answer.headers["Location"]
    answer = requests.post("http://{0}:8080/api/v2/auth/login".format(ADDRESS[MEDIA]), data={"username": LOGIN[0], "password": LOGIN[1]}, timeout=10)
    assert answer.text == "Ok."
    labels = json.loads(theirs.sh(MEDIA, "docker inspect -f '{{json .Config.Labels}}' sonarr"))
    assert labels["homelab.media.instance"] == "sonarr"
    again = theirs.site("--limit", MEDIA, inventory=chosen)
    assert again.code == 0 and again.total("changed") == 0, again.output[-3000:]
