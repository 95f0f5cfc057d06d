"""What is rendered is what its readers take: Compose, shells, and the parsers of the apps' files."""
from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
import yaml

from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import GLUETUN, inventory, shipped_catalog
from .test_plan_full import example, file_of, full, one

tokens = pytest.importorskip("ansible_collections.homelab.media.plugins.module_utils.tokens")
NASTY = "a$b ${HOME} # ' \" \\ {{ \u00e9 ; , <&> end"

LAB = {"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sabnzbd": {"via": "gluetun", "port": 8085}, "nzbget": {},
       "nzbget-2": {"app": "nzbget", "port": 6790},
       "prowlarr": {"via": "gluetun"}, "sonarr": {"via": "gluetun"}, "radarr-4k": {"app": "radarr", "variant": "4k", "port": 7879, "url_base": "/r4"},
       "lidarr": {}, "bazarr": {}, "unpackerr": {}, "recyclarr": {}, "plex": {"settings": {"hardware_transcoding": True}}, "tautulli": {}, "seerr": {},
       "maintainerr": {}, "flaresolverr": {}}


def resolved(found, value=NASTY):
    """Every file with its secrets in place, as the host would write it."""
    names = {match.group(2) for entry in found["files"] for match in tokens.TOKEN.finditer(entry["content"])}
    secrets = {name: "0123456789abcdef" * 2 if name.endswith("_key") else value for name in names}
    return {entry["path"]: tokens.resolve(entry["content"], secrets, {name: "0" * 32 for name in found["digests"]}) for entry in found["files"]}


def have_compose():
    return shutil.which("docker") is not None and subprocess.run(["docker", "compose", "version"], stdout=subprocess.DEVNULL,
                                                                 stderr=subprocess.DEVNULL, check=False).returncode == 0


def compose_config(found, project, tmp_path):
    directory = next(item["directory"] for item in found["projects"] if item["name"] == project)
    for path, content in resolved(found).items():
        if path.startswith(directory + "/"):
            target = tmp_path / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
    done = subprocess.run(["docker", "compose", "--project-directory", str(tmp_path / directory.lstrip("/")), "-f",
                           str(tmp_path / directory.lstrip("/") / "compose.yml"), "config", "--format", "json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, env={"PATH": os.environ["PATH"], "HOME": "/root"})
    assert done.returncode == 0 and "variable is not set" not in done.stderr, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not have_compose(), reason="there is no docker compose here")
def test_compose_reads_it(tmp_path):
    found = one(dict(LAB, sonarr={"via": "gluetun", "env": {"NASTY": NASTY}}))
    for project in found["projects"]:
        services = compose_config(found, project["name"], tmp_path)["services"]
        assert sorted(services) == sorted(service["name"] for service in project["services"])
        for service in services.values():
            assert service["labels"]["homelab.media.digest"] == "0" * 32
        if "sonarr" in services:
            assert services["sonarr"]["environment"]["NASTY"].replace("$$", "$") == NASTY
            assert services["nzbget"]["environment"]["NZBGET_PASS"].replace("$$", "$") == NASTY


@pytest.mark.skipif(not have_compose(), reason="there is no docker compose here")
@pytest.mark.parametrize("name", ["one_host", "two_hosts"])
def test_compose_reads_the_examples(name, tmp_path):
    for host_name, found in example(name).items():
        for project in found["projects"]:
            compose_config(found, project["name"], tmp_path / host_name)


def test_files_of_the_apps_carry_any_secret():
    found = one(LAB)
    files = resolved(found)

    def named(ending):
        return next(content for path, content in files.items() if path.endswith(ending))

    config = ElementTree.fromstring(named("/sonarr/config.xml"))
    assert config.find("Password").text == NASTY and config.find("AuthenticationMethod").text == "Forms"
    bazarr = yaml.safe_load(named("bazarr/config/config.yaml"))
    assert bazarr["auth"]["username"] == NASTY and re.match("^[0-9a-f]{32}$", bazarr["auth"]["password"])
    assert bazarr["sonarr"]["ip"] == "gluetun" and isinstance(bazarr["general"]["port"], int)
    assert yaml.safe_load(named("recyclarr/secrets.yml"))["radarr_4k_api_key"] == "0123456789abcdef" * 2
    assert json.loads(named("qBittorrent/categories.json"))["tv-4k"] == {"save_path": "/data/downloads/torrents/tv-4k"}
    qbittorrent = configparser.RawConfigParser(strict=True)
    qbittorrent.optionxform = str
    qbittorrent.read_string(named("qBittorrent/qBittorrent.conf"))
    assert qbittorrent["BitTorrent"]["Session\\Interface"] == "tun0" and qbittorrent["Preferences"]["WebUI\\Port"] == "8080"
    assert re.match(r'^"@ByteArray\([A-Za-z0-9+/=]{24}:[A-Za-z0-9+/=]{88}\)"$', qbittorrent["Preferences"]["WebUI\\Password_PBKDF2"])
    sabnzbd = named("sabnzbd.ini")
    assert 'password = """{0}"""'.format(NASTY) in sabnzbd and "host_whitelist = 192.168.1.12, ct-media-01, gluetun, sabnzbd," in sabnzbd
    assert "port = 8085" in sabnzbd and "permissions = 775" in sabnzbd


def test_a_torrent_client_outside_of_a_tunnel_is_not_bound_to_one():
    assert "Interface" not in file_of(one({"qbittorrent": {}}), "qBittorrent.conf")["content"]


NZBGET = """# an option
MainDir=~/downloads
ControlIP=0.0.0.0
ControlPort=6789
ControlUsername=nzbget
ControlPassword=tegbzn6789
Category1.Name=Movies
Category1.DestDir=
Category2.Name=Series
ParCheck=auto
"""


@pytest.mark.skipif(shutil.which("awk") is None, reason="there is no awk here")
def test_the_start_script_of_nzbget(tmp_path):
    script = file_of(one({"nzbget": {"port": 6800}}), "nzbget.d/start.sh")["content"]
    (tmp_path / "template").write_text(NZBGET, encoding="utf-8")
    entry = tmp_path / "entry"
    entry.write_text("#!/bin/sh\necho started ${NZBGET_PASS:-without}\n", encoding="utf-8")
    entry.chmod(0o755)
    script = script.replace("/config/", str(tmp_path) + "/").replace("/app/nzbget/share/nzbget/nzbget.conf", str(tmp_path / "template"))
    script = script.replace("/entrypoint.sh", str(entry))

    def start(password):
        done = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, env={
            "PATH": os.environ["PATH"], "NZBGET_USER": "media", "NZBGET_PASS": password, "PUID": str(os.getuid()), "PGID": str(os.getgid())})
        assert done.returncode == 0 and done.stdout == "started without\n", done.stderr
        lines = (tmp_path / "nzbget.conf").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line), lines

    options, lines = start(NASTY)
    assert options["ControlPassword"] == NASTY and options["ControlPort"] == "6800" and options["ParCheck"] == "auto"
    assert options["MainDir"] == "/data/downloads/usenet" and "# an option" in lines
    names = [options["Category{0}.Name".format(number)] for number in range(1, 6)]
    assert names == ["movies", "tv", "music", "movies-4k", "tv-4k"] and "Category6.Name" not in options
    assert options["Category2.DestDir"] == "/data/downloads/usenet/tv"
    # Later, what the user changed stays: an option, and a category of his own; the login follows.
    changed = (tmp_path / "nzbget.conf").read_text(encoding="utf-8").replace("ParCheck=auto", "ParCheck=force").replace(
        "MainDir=/data/downloads/usenet", "MainDir=/data/other")
    (tmp_path / "nzbget.conf").write_text(changed + "Category6.Name=Movies\nCategory6.DestDir=/data/own\n", encoding="utf-8")
    options, lines = start("another one")
    assert options["ParCheck"] == "force" and options["MainDir"] == "/data/other" and options["ControlPassword"] == "another one"
    assert options["Category6.Name"] == "Movies" and options["Category6.DestDir"] == "/data/own"
    before = sorted(lines)
    assert sorted(start("another one")[1]) == before
    assert oct((tmp_path / "nzbget.conf").stat().st_mode)[-3:] == "600"


def test_all_projects_of_all_hosts_have_their_file():
    for found in full({"a": inventory({"seerr": {}, "plex": {}}, address="10.0.0.1"), "b": inventory(LAB, address="10.0.0.2")}).values():
        paths = {entry["path"] for entry in found["files"]}
        assert {project["directory"] + "/compose.yml" for project in found["projects"]} <= paths
        assert len(paths) == len(found["files"])


def test_static_findings_do_not_depend_on_the_host():
    raw = {"h": inventory(LAB)}
    assert plan.static(raw, shipped_catalog())["findings"] == plan.full(raw, {}, shipped_catalog())["findings"]
