"""Static preflight, as a table: what a person may get wrong, and the sentence that tells."""
from __future__ import annotations

import pytest

from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import GLUETUN, inventory, shipped_catalog

A, B = "ct-docker-01", "ct-media-01"
SUB = "media_services."


def one(services, **variables):
    return {B: inventory(services, **variables)}


CASES = {
    # name: (inventory, host, key, part of the message, part of the remedy)
    "unknown app": (one({"sonar": {}}), B, SUB + "sonar", "no app 'sonar'", "'sonarr'"),
    "unknown app by option": (one({"tv": {"app": "sonnar"}}), B, SUB + "tv.app", "no app 'sonnar'", "'sonarr'"),
    "unknown option": (one({"sonarr": {"prot": 1}}), B, SUB + "sonarr.prot", "no option 'prot'", "'port'"),
    "unknown setting": (one({"plex": {"settings": {"hardware_transcodin": True}}}), B, SUB + "plex.settings.hardware_transcodin",
                        "no setting", "'hardware_transcoding'"),
    "unknown secret": (one({"sonarr": {"secrets": {"apikey": "a" * 32}}}), B, SUB + "sonarr.secrets.apikey", "no secret", "'api_key'"),
    "unknown link": (one({"sonarr": {"links": {"download_client": []}}}), B, SUB + "sonarr.links.download_client", "no link", "'download_clients'"),
    "unknown variant": (one({"sonarr": {"variant": "8k"}}), B, SUB + "sonarr.variant", "no variant '8k'", "4k"),
    "unknown provider": (one({"gluetun": {"settings": {"provider": "protonvpm"}}}), B, SUB + "gluetun.settings.provider", "cannot be", "'protonvpn'"),
    "unknown variable": ({B: dict(inventory({"sonarr": {}}), variables={"media_services": {"sonarr": {}}, "media_data_rot": "/x"})}, B,
                         "media_data_rot", "no variable", "'media_data_root'"),
    "bad name": (one({"Sonarr": {}}), B, SUB + "Sonarr", "does not fit", "lower-case"),
    "bad state": (one({"sonarr": {"state": "present"}}), B, SUB + "sonarr.state", "cannot be 'present'", "absent"),
    "port is no number": (one({"sonarr": {"port": "many"}}), B, SUB + "sonarr.port", "whole number", "Correct"),
    "port out of range": (one({"sonarr": {"port": 70000}}), B, SUB + "sonarr.port", "1 to 65535", "Correct"),
    "relative path": (one({"sonarr": {}}, data_root="media"), B, "media_data_root", "absolute path", "Correct"),
    "services is a list": ({B: {"variables": {"media_services": ["sonarr"]}, "undefined": {}}}, B, "media_services", "must be a mapping", "Correct"),
    "service is text": (one({"sonarr": "yes"}), B, SUB + "sonarr", "must be a mapping", "sonarr: {}"),
    "undefined": ({B: {"variables": {"media_services": {"sonarr": {"port": None}}}, "undefined": {"media_services.sonarr.port": "'x' is undefined"}}},
                  B, "media_services.sonarr.port", "'x' is undefined", "Define it"),
    "short secret": (one({"sonarr": {"secrets": {"api_key": "short"}}}), B, SUB + "sonarr.secrets.api_key", "shorter than 8", "longer"),
    "short admin password": (one({"sonarr": {}}, admin={"password": "abc"}), B, "media_admin.password", "shorter than 8", "longer"),
    "one port on a host": (one({"sonarr": {}, "radarr": {"port": 8989}}), B, SUB + "radarr.port", "published on port 8989/tcp", "another port"),
    "one port in a namespace": (one({"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sabnzbd": {"via": "gluetun"}}), B,
                                SUB + "sabnzbd.port", "port 8080/tcp inside the network namespace of 'gluetun'", "another port"),
    "the gateway's own port": (one({"gluetun": GLUETUN, "sonarr": {"via": "gluetun", "port": 8000}}), B, SUB + "sonarr.port",
                               "port 8000/tcp inside", "another port"),
    "fixed port in a namespace": (one({"gluetun": GLUETUN, "bazarr": {"via": "gluetun"}, "bazarr-4k": {"app": "bazarr", "variant": "4k", "via":
                                  "gluetun", "port": 6768}}), B, SUB + "bazarr-4k.port", "port 6767/tcp inside", "cannot change inside"),
    "plex against a published port": (one({"plex": {}, "sonarr": {"port": 32400}}), B, SUB + "sonarr.port", "32400/tcp", "another port"),
    "via nothing": (one({"gluetun": GLUETUN, "sonarr": {"via": "gluetn"}}), B, SUB + "sonarr.via", "no gateway 'gluetn'", "'gluetun'"),
    "via no gateway": (one({"sonarr": {"via": "radarr"}, "radarr": {}}), B, SUB + "sonarr.via", "not a gateway", "Add one"),
    "via another host": ({A: inventory({"gluetun": GLUETUN}, address="192.168.1.11"), B: inventory({"sonarr": {"via": "gluetun"}})}, B,
                         SUB + "sonarr.via", "no gateway 'gluetun' on this host", "cannot be shared"),
    "via an absent gateway": (one({"gluetun": dict(GLUETUN, state="absent"), "sonarr": {"via": "gluetun"}}), B, SUB + "sonarr.via", "absent", "Remove via"),
    "stopped gateway": (one({"gluetun": dict(GLUETUN, state="stopped"), "sonarr": {"via": "gluetun"}}), B, SUB + "sonarr.state", "stopped",
                        "start the gateway"),
    "other project than the gateway": (one({"gluetun": GLUETUN, "sonarr": {"via": "gluetun", "project": "mine"}}), B, SUB + "sonarr.project",
                                       "belongs to its project", "Remove project"),
    "link to nothing": (one({"sonarr": {"links": {"download_clients": ["qbitorrent"]}}, "qbittorrent": {}}), B,
                        SUB + "sonarr.links.download_clients", "not there", "'qbittorrent'"),
    "link to the wrong kind": (one({"sonarr": {"links": {"download_clients": ["radarr"]}}, "radarr": {}}), B, SUB + "sonarr.links.download_clients",
                               "cannot serve", "another"),
    "link to an absent one": (one({"sonarr": {"links": {"download_clients": ["sabnzbd"]}}, "sabnzbd": {"state": "absent"}}), B,
                              SUB + "sonarr.links.download_clients", "absent", "another"),
    "ambiguous link": (one({"tautulli": {}, "plex-a": {"app": "plex", "settings": {"network": "bridge"}},
                            "plex-b": {"app": "plex", "port": 32401, "settings": {"network": "bridge"}}}), B, SUB + "tautulli.links.plex",
                       "nothing says which", "links.plex"),
    "link on two hosts": ({A: inventory({"plex": {}}, address="192.168.1.11"), B: inventory({"plex": {}}),
                           "c": inventory({"tautulli": {"links": {"plex": "plex"}}}, address="192.168.1.13")}, "c", SUB + "tautulli.links.plex",
                          "ct-docker-01 and ct-media-01", "plex@ct-docker-01"),
    "no address": ({A: inventory({"seerr": {}}, address="192.168.1.11"), B: inventory({"sonarr": {}, "plex": {}}, address=None)}, B,
                   "media_address", "no media_address", "Set media_address"),
    "loopback for another host": ({A: inventory({"seerr": {}}, address="192.168.1.11"), B: inventory({"sonarr": {"bind": "loopback"}})}, B,
                                  SUB + "sonarr.bind", "not open to other hosts", "Remove bind"),
    "same name on both hosts": ({A: inventory({"unpackerr": {"links": {"apps": ["sonarr@ct-media-01"]}}, "sonarr": {}}, address="192.168.1.11"),
                                 B: inventory({"sonarr": {}})}, A, SUB + "unpackerr.links.apps", "both hosts", "another name"),
    "twin without variant": (one({"radarr": {}, "radarr-4k": {"app": "radarr", "port": 7879}}), B, SUB + "radarr-4k.variant",
                             "share the root folder /data/movies", "variant: 4k"),
    "twin with the other's folder": (one({"radarr": {}, "radarr-4k": {"app": "radarr", "variant": "4k", "port": 7879, "settings":
                                     {"root_folders": ["/data/movies"]}}}), B, SUB + "radarr-4k.settings.root_folders", "share the root folder",
                                     "root_folders"),
    "twin with the other's category": (one({"sabnzbd": {}, "radarr": {}, "radarr-4k": {"app": "radarr", "variant": "4k", "port": 7879, "settings":
                                       {"category": "movies"}}}), B, SUB + "radarr-4k.settings.category", "share the category", "category"),
    "root folder outside": (one({"sonarr": {"settings": {"root_folders": ["/tv"]}}}), B, SUB + "sonarr.settings.root_folders", "not below /data", "/mnt/media"),
    "root folder in the downloads": (one({"sonarr": {"settings": {"root_folders": ["/data/downloads/torrents"]}}}), B,
                                     SUB + "sonarr.settings.root_folders", "holds the downloads", "of its own"),
    "split tree": (one({"sonarr": {"volumes": ["/mnt/disk2/tv:/data/tv"]}}), B, SUB + "sonarr.volumes", "splits the media tree", "below /mnt/media"),
    "second path": (one({"sonarr": {"volumes": ["/mnt/media/downloads:/downloads"]}}), B, SUB + "sonarr.volumes", "second path", "below /data"),
    "unreadable volume": (one({"sonarr": {"volumes": ["books"]}}), B, SUB + "sonarr.volumes", "not source:target", "/srv/books"),
    "hidden configuration": (one({"sonarr": {"volumes": ["/srv/x:/config"]}}), B, SUB + "sonarr.volumes", "hides", "config_dir"),
    "odd device": (one({"plex": {"devices": ["dri"]}}), B, SUB + "plex.devices", "not a path", "/dev/dri"),
    "other user and group": (one({"sonarr": {"uid": 2000, "gid": 2000}}), B, SUB + "sonarr.gid", "neither user nor group", "1000"),
    "root": (one({"sonarr": {"uid": 0}}), B, SUB + "sonarr.uid", "as root", "ordinary"),
    "mask without group": (one({"sonarr": {}}, umask="027"), B, "media_umask", "takes rights from the group", "002"),
    "user of a fixed image": (one({"flaresolverr": {"uid": 2000}}), B, SUB + "flaresolverr.uid", "fixed user", "Remove"),
    "shared configuration": (one({"sonarr": {"config_dir": "/srv/c"}, "radarr": {"config_dir": "/srv/c"}}), B, SUB + "radarr.config_dir", "share", "its own"),
    "no path for this app": (one({"qbittorrent": {"url_base": "/qb"}}), B, SUB + "qbittorrent.url_base", "under a path", "Remove"),
    "no port at all": (one({"recyclarr": {"port": 1}, "sonarr": {}}), B, SUB + "recyclarr.port", "no port", "Remove"),
    "secret as variable": (one({"sonarr": {"env": {"SONARR__AUTH__APIKEY": "x"}}}), B, SUB + "sonarr.env.SONARR__AUTH__APIKEY",
                           "from a secret", "secrets.api_key"),
    "unknown secret in env": (one({"sonarr": {"env": {"X": {"secret": "nope"}}}}), B, SUB + "sonarr.env.X", "no secret 'sonarr.nope'", "media_secrets"),
    "host inside the bridge": (one({"sonarr": {}}, address="172.19.0.4"), B, "media_network.subnet", "host's own address", "not in use"),
    "odd subnet": (one({"sonarr": {}}, network={"subnet": "172.19.0.0/33"}), B, "media_network.subnet", "must be a network", "Correct"),
    "registry with a scheme": (one({"sonarr": {}}, registry="https://r.lan"), B, "media_registry", "not a registry", "without a scheme"),
    "image with a tag": (one({"sonarr": {"image": "x y"}}), B, SUB + "sonarr.image", "not an image", "without its tag"),
    "no provider": (one({"gluetun": {}}), B, SUB + "gluetun.settings.provider", "no VPN provider", "Set"),
    "forwarding that cannot be": (one({"gluetun": {"settings": {"provider": "mullvad", "port_forwarding": True, "addresses": ["10.1.1.1/32"]}}}), B,
                                  SUB + "gluetun.settings.port_forwarding", "forwards no port", "Turn port_forwarding off"),
    "network inside the tunnel": (one({"gluetun": dict(GLUETUN, settings={"provider": "protonvpn", "outbound_subnets": ["10.0.0.0/8"]})}), B,
                                  SUB + "gluetun.settings.outbound_subnets", "overlaps with the tunnel", "narrower"),
    "everything around the tunnel": (one({"gluetun": dict(GLUETUN, settings={"provider": "protonvpn", "outbound_subnets": ["0.0.0.0/0"]})}), B,
                                     SUB + "gluetun.settings.outbound_subnets", "around the tunnel", "LAN only"),
    "purge of an odd shape": (one({"sonarr": {}}, purge={"download_client": {"enabled": "sometimes"}}), B, "media_purge.download_client", "neither", "enabled"),
    "purge of an unknown kind": (one({"sonarr": {}}, purge={"download_clint": {}}), B, "media_purge.download_clint", "no kind", "'download_client'"),
    "catalog directory": (one({"sonarr": {}}, catalog_paths=["/nowhere/at/all"]), "", "media_catalog_paths", "no catalog directory", "Create it"),
}

WARNINGS = {
    "no login for several hosts": ({A: inventory({"sonarr": {}}, address="192.168.1.11", admin={}), B: inventory({"radarr": {}}, admin={})}, A,
                                   "media_admin.password", "each host makes one of its own", "media_admin.password"),
    "end of life": (one({"overseerr": {}, "plex": {}, "sonarr": {}}), B, SUB + "overseerr", "end of life", "Seerr"),
    "unpinned": (one({"sonarr": {"version": "latest"}, "sabnzbd": {}}), B, SUB + "sonarr.version", "not pinned", "4.0.19"),
    "torrents in the open": (one({"gluetun": GLUETUN, "qbittorrent": {}}), B, SUB + "qbittorrent.via", "not behind the gateway", "via"),
    "nobody to talk to": (one({"seerr": {}}), B, SUB + "seerr.links.plex", "finds no plex", "links.plex"),
    "no login": (one({"maintainerr": {"bind": "all"}, "plex": {}}), B, SUB + "maintainerr.bind", "no login", "proxy"),
}


def found(raw):
    own = any("media_catalog_paths" in host["variables"] for host in raw.values())
    return plan.static(raw, None if own else shipped_catalog())["findings"]


@pytest.mark.parametrize("name", sorted(CASES))
def test_error(name):
    raw, host, key, message, remedy = CASES[name]
    errors = [item for item in found(raw) if item["severity"] == "error"]
    match = [item for item in errors if item["host"] == host and item["key"] == key and message in item["message"]]
    assert match, errors
    assert remedy in match[0]["remedy"]
    assert match[0]["message"].endswith(".") and match[0]["remedy"].endswith((".", "?")), match[0]


@pytest.mark.parametrize("name", sorted(WARNINGS))
def test_warning(name):
    raw, host, key, message, remedy = WARNINGS[name]
    assert not [item for item in found(raw) if item["severity"] == "error"]
    match = [item for item in found(raw) if item["host"] == host and item["key"] == key and message in item["message"]]
    assert match and remedy in match[0]["remedy"], found(raw)


def test_each_mistake_is_told_once():
    raw = one({"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sabnzbd": {"via": "gluetun"}})
    assert len([item for item in found(raw) if item["severity"] == "error"]) == 1


def test_all_mistakes_of_all_hosts_are_told_at_once():
    raw = {A: inventory({"ser": {}}, address="192.168.1.11"), B: inventory({"sonarr": {"via": "gluetn"}, "radarr": {"port": 0}})}
    errors = [item for item in found(raw) if item["severity"] == "error"]
    assert {item["host"] for item in errors} == {A, B} and len(errors) == 3


GOOD = {
    "everything by default": one({"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sonarr": {"via": "gluetun"}, "radarr": {},
                                  "prowlarr": {}, "plex": {}, "seerr": {}, "tautulli": {}, "maintainerr": {}}),
    "two clients, two ports in a namespace": one({"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sabnzbd": {"via": "gluetun", "port": "8085"}}),
    "the same port on two hosts": {A: inventory({"tautulli": {}, "plex": {}}, address="192.168.1.11"),
                                   B: inventory({"plex": {}, "tautulli-b": {"app": "tautulli"}})},
    "two gateways": one({"gluetun": GLUETUN, "gluetun-2": dict(GLUETUN, app="gluetun"), "qbittorrent": {"via": "gluetun"},
                         "sonarr": {"via": "gluetun-2"}, "sabnzbd": {"via": "gluetun-2", "port": 8081}}),
    "twins": one({"sabnzbd": {}, "radarr": {}, "radarr-4k": {"app": "radarr", "variant": "4k", "port": 7879}, "bazarr": {}, "sonarr": {},
                  "sonarr-4k": {"app": "sonarr", "variant": "4k", "port": 8990},
                  "bazarr-4k": {"app": "bazarr", "variant": "4k", "port": 6768}}),
    "one group, own users": one({"sonarr": {"uid": 13001}, "qbittorrent": {"uid": 13002}}),
    "an extra library": one({"sonarr": {"volumes": ["/srv/books:/books:ro"]}, "sabnzbd": {}}),
    "no link wanted": one({"seerr": {"links": {"plex": [], "servers": []}}}),
    "an address of its own": one({"sonarr": {"bind": "192.168.1.12"}, "radarr": {"bind": "127.0.0.1"}, "sabnzbd": {}}),
    "other layout": one({"sonarr": {}, "qbittorrent": {}}, layout="trash"),
    "numbers as text": one({"sonarr": {"port": "8990"}, "qbittorrent": {}}, uid="1001", gid="1001", umask="0002"),
}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_no_error(name):
    assert [item for item in found(GOOD[name]) if item["severity"] == "error"] == []
