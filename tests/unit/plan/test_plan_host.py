"""Host preflight, as a table: what a host may be like, and the sentence that tells."""
from __future__ import annotations

import copy

import pytest

from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import GLUETUN, HEALTHY, inventory, shipped_catalog

B = "ct-media-01"
SUB = "media_services."
SERVICES = {"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sonarr": {}, "plex": {}}


def container(image="lscr.io/linuxserver/sonarr:4.0.19", ours=True, name="sonarr", **more):
    labels = {"homelab.media.instance": name, "homelab.media.version": image.rpartition(":")[2],
              "com.docker.compose.project": "homelab-torrent"} if ours else {}
    found = {"id": "1" * 64, "image": image, "state": "running", "labels": labels, "network_mode": "bridge", "ports": [],
             "mounts": [{"source": "/var/lib/homelab-media-configs/" + name, "destination": "/config"},
                        {"source": "/mnt/media", "destination": "/data"}]}
    found.update(more)
    return found


def host(**changes):
    found = copy.deepcopy(HEALTHY)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(found.get(key), dict):
            found[key].update(value)
        else:
            found[key] = value
    return found


def media_path(**changes):
    return {"paths": dict(HEALTHY["paths"], **{"/mnt/media": dict(HEALTHY["paths"]["/mnt/media"], **changes)})}


# name: (what differs on the host, variables, host's services, severity, key, part of the message, part of the remedy)
CASES = {
    "renamed key": ({"containers": {"prowlarr": container(name="prowlarr")},
                     "listening": [{"port": 9696, "proto": "tcp", "address": "127.0.0.1", "container": "prowlarr"}]},
                    {}, {"indexers": {"app": "prowlarr"}}, "error", SUB + "indexers.port", "held by the container 'prowlarr'",
                    "'prowlarr' with state: absent"),
    "renamed key behind a gateway": ({"containers": {
        "gluetun": container("qmcgaw/gluetun:v3.41.3", name="gluetun", id="2" * 64),
        "prowlarr": container(network_mode="container:" + "2" * 64, labels={"homelab.media.instance": "prowlarr", "homelab.media.app": "prowlarr"})}},
        {}, {"gluetun": GLUETUN, "indexers": {"app": "prowlarr", "via": "gluetun"}}, "error", SUB + "indexers.port", "namespace of 'gluetun'", "config_dir"),
    "port of a process": ({"listening": [{"port": 8989, "proto": "tcp", "process": "nginx", "container": None}]}, {}, {}, "error",
                          SUB + "sonarr.port", "8989/tcp is held by nginx", "another port"),
    "port of a container": ({"listening": [{"port": 8080, "proto": "tcp", "process": "docker-proxy", "container": "wiki"}]}, {}, {}, "error",
                            SUB + "qbittorrent.port", "the container 'wiki'", "adopt"),
    "port on the host's network": ({"listening": [{"port": 32400, "proto": "tcp", "process": "plexmediaserver", "container": None}]}, {}, {}, "error",
                                   SUB + "plex.port", "plexmediaserver", "Stop it"),
    "discovery port": ({"listening": [{"port": 1900, "proto": "udp", "process": "minidlna", "container": None}]}, {}, {}, "warning",
                       SUB + "plex", "discovery", "Stop it"),
    "name of a foreign container": ({"containers": {"sonarr": container(ours=False)}}, {}, {}, "error", SUB + "sonarr", "not ours", "adopt: true"),
    "subnet of another network": ({"networks": [{"name": "wiki_default", "subnets": ["172.19.0.0/16"]}]}, {}, {}, "error", "media_network.subnet",
                                  "overlaps with 172.19.0.0/16 of the Docker network wiki_default", "another"),
    "subnet of a route": ({"routes": ["172.16.0.0/12"]}, {}, {}, "error", "media_network.subnet", "overlaps with the route 172.16.0.0/12", "another"),
    "our network with another subnet": ({"networks": [{"name": "homelab_media_network", "subnets": ["172.25.0.0/16"]}]}, {}, {}, "error",
                                        "media_network.subnet", "exists with the subnet 172.25.0.0/16", "172.25.0.0/16"),
    "not mounted": (media_path(mount=False), {"data_mount": True}, {}, "error", "media_data_root", "not mounted", "Mount it"),
    "in fstab, not mounted": (media_path(mount=False, fstab=True), {}, {}, "error", "media_data_root", "not mounted", "Mount it"),
    "two filesystems": ({"paths": {"/mnt/media/downloads": {"exists": True, "device": 7}, "/mnt/media/downloads/torrents": {"exists": True, "device": 7}}},
                        {}, {}, "error", "media_data_root", "/mnt/media/downloads is on another filesystem", "one filesystem"),
    "no hardlinks": (media_path(fstype="exfat"), {}, {}, "error", "media_data_root", "exfat", "ext4"),
    "read-only": (media_path(writable=False), {}, {}, "error", "media_data_root", "cannot be written", "write access"),
    "foreign owner on a NAS": (media_path(fstype="nfs4", uid=99, gid=100, mode="0755"), {}, {}, "warning", "media_data_root", "99:100", "media_uid"),
    "foreign owner": (media_path(uid=1001, gid=1001), {}, {}, "warning", "media_uid", "1001:1001", "media_uid"),
    "system account": ({"uids": {"33": "www-data"}}, {"uid": 33}, {}, "warning", "media_uid", "www-data", "1000 or more"),
    "no tun": ({"tun": {"exists": False, "char": False}}, {}, {}, "error", SUB + "gluetun", "/dev/net/tun", "modprobe tun"),
    "architecture": ({"os": {"arch": "armv7l"}}, {}, {}, "error", SUB + "sonarr", "armhf", "amd64 or arm64"),
    "snap": ({"docker": {"kind": "snap"}}, {}, {}, "error", "docker", "snap", "Remove it"),
    "rootless": ({"docker": {"kind": "rootless"}}, {}, {}, "error", "docker", "rootless", "Remove it"),
    "podman": ({"docker": {"kind": "podman"}}, {}, {}, "error", "docker", "Podman", "Remove it"),
    "old engine": ({"docker": {"version": "19.03.8"}}, {}, {}, "error", "docker", "19.03.8 is too old", "20.10"),
    "silent daemon": ({"docker": {"api_ok": False}}, {}, {}, "error", "docker", "does not answer", "journalctl"),
    "unknown system": ({"docker": {"present": False, "kind": "none"}, "os": {"id": "arch", "version_id": ""}}, {}, {}, "error", "docker", "not known for arch",
                       "yourself"),
    "compose that recreates": ({"docker": {"compose": "5.2.1"}}, {}, {}, "warning", "docker", "recreates", "restarts"),
    "no space for images": ({"paths": {"/var/lib/docker": {"exists": True, "free_bytes": 10 ** 8}}}, {}, {}, "error", "docker", "Only 0.1 GiB", "Make room"),
    "little space for images": ({"paths": {"/var/lib/docker": {"exists": True, "free_bytes": 2 * 10 ** 9}}}, {}, {}, "warning", "docker", "GiB", "Make room"),
    "full disk": ({"paths": {"/var/lib/homelab-media-configs": {"exists": True, "free_bytes": 10 ** 6}}}, {}, {}, "error", "media_config_root",
                  "1 MiB", "Make room"),
    "older image": ({"containers": {"sonarr": container("lscr.io/linuxserver/sonarr:4.0.20")}}, {}, {}, "error", SUB + "sonarr.version",
                    "4.0.20 runs here, and 4.0.19 is older", "allow_downgrade"),
    "moved configuration": ({"containers": {"sonarr": container(mounts=[{"source": "/srv/old", "destination": "/config"}])}}, {}, {}, "error",
                            SUB + "sonarr.config_dir", "start afresh", "config_dir: /srv/old"),
    "gone": ({"containers": {"lidarr": container(name="lidarr")}}, {}, {}, "warning", SUB + "lidarr", "not in the inventory any more", "state: absent"),
    "unknown password": ({"containers": {"qbittorrent": container("qb:1", ours=False)}}, {}, {"qbittorrent": {"via": "gluetun", "adopt": True}},
                         "error", SUB + "qbittorrent.secrets.password", "cannot be read", "never overwritten"),
    "key of the provider": ({}, {}, {"gluetun": {"settings": {"provider": "protonvpn"}}}, "error", SUB + "gluetun.secrets.wireguard_private_key",
                            "which only you have", "vault"),
    "absent and foreign": ({"containers": {"lidarr": container(ours=False)}}, {}, {"lidarr": {"state": "absent"}}, "warning", SUB + "lidarr.state",
                           "not ours", "left alone"),
    "foreign address": ({"addresses": ["10.0.0.5"]}, {}, {}, "warning", "media_address", "not one of this host", "own address"),
}


def findings(changes, variables, services):
    raw = {B: inventory(dict(SERVICES, **services), **variables)}
    return plan.full(raw, {B: host(**changes)}, shipped_catalog())["findings"]


@pytest.mark.parametrize("name", sorted(CASES))
def test_finding(name):
    changes, variables, services, severity, key, message, remedy = CASES[name]
    found = findings(changes, variables, services)
    match = [item for item in found if item["severity"] == severity and item["key"] == key and message in item["message"]]
    assert match, found
    assert match[0]["host"] == B and remedy in match[0]["remedy"], match


@pytest.mark.parametrize("app, keeps", [("prowlarr", True), ("sonarr", False)])
def test_the_configuration_is_kept_only_where_the_same_app_takes_over(app, keeps):
    left = container(name="old", labels={"homelab.media.instance": "old", "homelab.media.app": app})
    found = findings({"containers": {"old": left}, "listening": [{"port": 9696, "proto": "tcp", "address": "127.0.0.1", "container": "old"}]},
                     {}, {"indexers": {"app": "prowlarr"}})
    remedy = next(item["remedy"] for item in found if item["key"] == SUB + "indexers.port")
    assert "'old' with state: absent" in remedy and ("config_dir" in remedy) is keeps


OURS = {name: container("x/{0}:1".format(name), name=name) for name in ("sonarr", "gluetun", "qbittorrent", "plex")}
GOOD = {
    "a plain host": {"docker": {"present": False, "kind": "none", "compose": None, "version": None}, "paths": {}, "requests": False},
    "a deployed host": {
        "containers": dict(OURS, gluetun=container("qmcgaw/gluetun:v3.41.3", name="gluetun", mounts=[
            {"source": "/var/lib/homelab-media-configs/gluetun", "destination": "/gluetun"}]), sonarr=container()),
        "listening": [{"port": 8989, "proto": "tcp", "process": "docker-proxy", "container": "sonarr"},
                      {"port": 8080, "proto": "tcp", "process": "docker-proxy", "container": "gluetun"},
                      {"port": 32400, "proto": "tcp", "process": "Plex Media Server", "container": None}],
        "networks": [{"name": "homelab_media_network", "subnets": ["172.19.0.0/16"]}], "routes": ["172.19.0.0/16", "192.168.1.0/24"]},
    "a port on another address": {"listening": [{"port": 53, "proto": "tcp", "process": "named", "container": None}]},
    "a longer version of the same": {"containers": {"sonarr": container("lscr.io/linuxserver/sonarr:4.0.19.2979")}},
    "an older version runs": {"containers": {"sonarr": container("lscr.io/linuxserver/sonarr:4.0.15")}},
    "another image of that name": {"containers": {"sonarr": container("ghcr.io/me/other:9.9")}},
    "nothing told": {},
}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_no_error(name):
    info = {} if name == "nothing told" else host(**GOOD[name])
    result = plan.full({B: inventory(SERVICES)}, {B: info} if info else {}, shipped_catalog())
    assert [item for item in result["findings"] if item["severity"] == "error"] == []


def test_a_downgrade_may_be_meant():
    found = findings({"containers": {"sonarr": container("lscr.io/linuxserver/sonarr:4.0.20")}}, {}, {"sonarr": {"settings": {"allow_downgrade": True}}})
    assert [item for item in found if item["severity"] == "error"] == []


DOCKER = {
    # system -> (install, packages, source, part of the repository line)
    ("debian", "13", "trixie", "x86_64", False): (["docker.io", "docker-cli", "docker-compose", "iptables", "python3-requests"], "distribution", None),
    ("debian", "13", "trixie", "aarch64", False): (["docker.io", "docker-cli", "docker-compose", "iptables", "python3-requests"], "distribution", None),
    ("debian", "13", "trixie", "aarch64", True): (["docker.io", "docker-cli", "docker-compose", "iptables", "python3-requests"], "distribution", None),
    ("debian", "12", "bookworm", "x86_64", False): (["docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin", "python3-requests"], "docker",
                                                    "arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] "
                                                    "https://download.docker.com/linux/debian bookworm stable"),
    ("debian", "12", "bookworm", "aarch64", True): (["docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin", "python3-requests"], "docker",
                                                    "arch=arm64 signed-by=/etc/apt/keyrings/docker.asc] "
                                                    "https://download.docker.com/linux/debian bookworm stable"),
    ("raspbian", "12", "bookworm", "armv7l", True): (["docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin", "python3-requests"], "docker",
                                                     "https://download.docker.com/linux/raspbian bookworm stable"),
    ("ubuntu", "22.04", "jammy", "x86_64", False): (["docker.io", "docker-compose-v2", "iptables", "python3-requests"], "distribution", None),
    ("ubuntu", "24.04", "noble", "aarch64", False): (["docker.io", "docker-compose-v2", "iptables", "python3-requests"], "distribution", None),
}


@pytest.mark.parametrize("system", sorted(DOCKER))
def test_docker_where_there_is_none(system):
    name, release, codename, arch, raspbian = system
    packages, source, line = DOCKER[system]
    info = host(os={"id": name, "version_id": release, "codename": codename, "arch": arch, "raspbian": raspbian}, requests=False,
                docker={"present": False, "running": False, "version": None, "kind": "none", "compose": None, "cli": None, "package": None})
    found = plan.full({B: inventory({"tautulli": {"image": "x/y"}})}, {B: info}, shipped_catalog())["hosts"][B]["docker"]
    assert found["install"] and found["packages"] == packages and found["source"] == source
    assert line in found["repository"]["line"] if line else found["repository"] == {}
    if line:
        assert found["repository"]["key_url"].startswith("https://download.docker.com/linux/")


@pytest.mark.parametrize("docker,requests,expected", [
    ({}, True, {"install": False, "packages": [], "start": False}),
    ({"running": False}, True, {"install": False, "packages": [], "start": True}),
    ({"compose": None}, True, {"install": False, "packages": ["docker-compose"], "source": "distribution"}),
    ({"compose": None, "package": "docker-ce"}, True, {"packages": ["docker-compose-plugin"], "source": "docker"}),
    ({}, False, {"install": False, "packages": ["python3-requests"], "source": "distribution"}),
])
def test_docker_that_is_there_is_left_alone(docker, requests, expected):
    found = plan.full({B: inventory({"tautulli": {}})}, {B: host(docker=docker, requests=requests)}, shipped_catalog())["hosts"][B]["docker"]
    assert {key: found[key] for key in expected} == expected


def test_the_daemon_file_is_merged():
    raw = {B: inventory({"tautulli": {}}, registry="registry.lan:5000", registry_insecure=True)}
    found = plan.full(raw, {B: host(docker={"daemon": {"log-driver": "local", "insecure-registries": ["old:1"]}})}, shipped_catalog())
    docker = found["hosts"][B]["docker"]
    assert docker["daemon"] == {"insecure-registries": ["old:1", "registry.lan:5000"]}
    assert '"log-driver": "local"' in docker["files"][0]["content"]
    again = plan.full(raw, {B: host(docker={"daemon": {"insecure-registries": ["registry.lan:5000"]}})}, shipped_catalog())
    assert again["hosts"][B]["docker"]["files"] == []
