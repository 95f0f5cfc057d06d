"""The full plan: addresses, projects, files, secrets, wiring; and what happens when something moves."""
from __future__ import annotations

import json
import re

import pytest
import yaml

from ansible_collections.homelab.media.plugins.plugin_utils import plan, values

from .conftest import GLUETUN, HEALTHY, ROOT, inventory, shipped_catalog
from .test_plan_host import container, host

A, B = "ct-docker-01", "ct-media-01"


def full(raw, infos=None):
    found = plan.full(raw, infos or {}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    return found["hosts"]


def one(services, info=None, **variables):
    return full({B: inventory(services, **variables)}, {B: info} if info else {})[B]


def compose_of(found, project):
    path = "/{0}/compose.yml".format(project)
    return yaml.safe_load(next(entry["content"] for entry in found["files"] if entry["path"].endswith(path)))


def file_of(found, ending):
    return next(entry for entry in found["files"] if entry["path"].endswith(ending))


def app_of(found, name):
    return next(app for app in found["wiring"]["apps"] if app["name"] == name)


def client_of(found, app, name):
    return next(item for item in app_of(found, app)["resources"] if item["resource"] == "download_client" and item["name"] == name)


# From where to where, in which situation -> the host name and port in the download client of Sonarr.
ADDRESSES = {
    "same namespace": ({"gluetun": GLUETUN, "sonarr": {"via": "gluetun"}, "qbittorrent": {"via": "gluetun"}}, ("localhost", 8080)),
    "from the bridge into a namespace": ({"gluetun": GLUETUN, "sonarr": {}, "qbittorrent": {"via": "gluetun"}}, ("gluetun", 8080)),
    "from a namespace to the bridge": ({"gluetun": GLUETUN, "sonarr": {"via": "gluetun"}, "qbittorrent": {}}, ("qbittorrent", 8080)),
    "bridge": ({"sonarr": {}, "qbittorrent": {}}, ("qbittorrent", 8080)),
    "changed port": ({"sonarr": {}, "qbittorrent": {"port": 8090}}, ("qbittorrent", 8090)),
    "between two namespaces": ({"gluetun": GLUETUN, "vpn": dict(GLUETUN, app="gluetun"), "sonarr": {"via": "gluetun"}, "qbittorrent": {"via": "vpn"}},
                               ("vpn", 8080)),
    "own name": ({"sonarr": {}, "torrents": {"app": "qbittorrent"}}, ("torrents", 8080)),
}


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_address_of_a_client(name):
    services, (host_name, port) = ADDRESSES[name]
    found = one(services)
    client = next(item for item in app_of(found, "sonarr")["resources"] if item["resource"] == "download_client")
    assert (client["fields"]["host"], client["fields"]["port"]) == (host_name, port)
    assert client["category"] == "tv"


def test_address_on_another_host():
    hosts = full({A: inventory({"sonarr": {}}, address="192.168.1.11"), B: inventory({"qbittorrent": {}, "sabnzbd": {"port": 8085, "bind": "192.168.1.12"}})})
    assert client_of(hosts[A], "sonarr", "qBittorrent")["fields"]["host"] == "192.168.1.12"
    assert client_of(hosts[A], "sonarr", "SABnzbd")["fields"]["port"] == 8085
    assert hosts[A]["secrets"]["remote"] == {B: ["qbittorrent.password", "qbittorrent.username", "sabnzbd.api_key"]}
    assert hosts[B]["secrets"]["export"] == {A: ["qbittorrent.password", "qbittorrent.username", "sabnzbd.api_key"]}
    assert not [spec for spec in hosts[A]["secrets"]["specs"] if spec["name"].startswith("qbittorrent")]


def test_a_loopback_port_opens_only_for_the_host_that_needs_it():
    services = {A: inventory({"flaresolverr": {}}, address="192.168.1.11"), B: inventory({"prowlarr": {}})}
    found = full(services)[A]
    assert compose_of(found, "homelab-torrent")["services"]["flaresolverr"]["ports"] == ["127.0.0.1:8191:8191", "192.168.1.11:8191:8191"]
    alone = one({"flaresolverr": {}})
    assert compose_of(alone, "homelab-torrent")["services"]["flaresolverr"]["ports"] == ["127.0.0.1:8191:8191"]


def test_plex_on_the_host_network_is_reached_by_the_hosts_address():
    found = one({"gluetun": GLUETUN, "plex": {}, "tautulli": {"via": "gluetun"}})
    tautulli = compose_of(found, "homelab-torrent")["services"]["tautulli"]
    assert tautulli["environment"]["TAUTULLI_PMS_IP"] == "192.168.1.12"
    without = full({B: inventory({"plex": {}, "tautulli": {}}, address=None)})[B]
    assert compose_of(without, "homelab-plex")["services"]["tautulli"]["environment"]["TAUTULLI_PMS_IP"] == "172.19.0.1"


def test_clients_are_declared_once_and_reach_every_app_in_its_category():
    found = one({"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sabnzbd": {"port": 8085}, "nzbget": {}, "nzbget-2": {"app": "nzbget", "port": 6790},
                 "sonarr": {"via": "gluetun"}, "radarr": {}, "radarr-4k": {"app": "radarr", "variant": "4k", "port": 7879, "url_base": "movies-4k"},
                 "sonarr-4k": {"app": "sonarr", "variant": "4k", "port": 8990}, "lidarr": {}})
    expected = {"sonarr": "tv", "radarr": "movies", "radarr-4k": "movies-4k", "sonarr-4k": "tv-4k", "lidarr": "music"}
    for name, category in expected.items():
        clients = [item for item in app_of(found, name)["resources"] if item["resource"] == "download_client"]
        assert [item["name"] for item in clients] == ["qBittorrent", "SABnzbd", "NZBGet", "NZBGet 2"]
        assert {item["category"] for item in clients} == {category} and all(item["enable"] for item in clients)
    assert app_of(found, "radarr-4k")["url"] == "http://127.0.0.1:7879/movies-4k"
    assert client_of(found, "radarr", "NZBGet 2")["fields"]["port"] == 6790
    assert client_of(found, "radarr", "SABnzbd")["fields"] == {"host": "sabnzbd", "port": 8085, "useSsl": False, "urlBase": "",
                                                               "apiKey": {"secret": "sabnzbd.api_key"}}
    folders = {app["name"]: [item["path"] for item in app["resources"] if item["resource"] == "root_folder"] for app in found["wiring"]["apps"]}
    assert folders["radarr-4k"] == ["/data/movies-4k"] and folders["sonarr"] == ["/data/tv"] and folders["lidarr"] == ["/data/music"]
    lidarr = next(item for item in app_of(found, "lidarr")["resources"] if item["resource"] == "root_folder")
    assert lidarr["name"] == "Music" and lidarr["default_quality_profile"] == "Any" and lidarr["default_metadata_profile"] == "Standard"


def test_links_can_be_said():
    found = one({"sonarr": {"links": {"download_clients": ["sabnzbd"]}}, "sabnzbd": {}, "qbittorrent": {"port": 8081}})
    assert [item["name"] for item in app_of(found, "sonarr")["resources"] if item["resource"] == "download_client"] == ["SABnzbd"]


def test_every_arr_gets_its_login_and_prowlarr_too():
    found = one({"sonarr": {}, "prowlarr": {}, "flaresolverr": {}, "sabnzbd": {}})
    for name in ("sonarr", "prowlarr"):
        login = app_of(found, name)["resources"][0]
        assert login["resource"] == "config_host" and login["authentication_method"] == "forms"
        assert login["password"] == {"secret": "admin.password"}
        assert "<AuthenticationMethod>Forms</AuthenticationMethod>" in file_of(found, name + "/config.xml")["content"]
    tag = {"resource": "tag", "state": "present", "label": "flaresolverr", "targets": [{"name": "flaresolverr"}]}
    assert tag in app_of(found, "prowlarr")["resources"]


def test_indexers_reach_every_app_by_the_address_that_each_sees():
    raw = {"gluetun": GLUETUN, "prowlarr": {"via": "gluetun"}, "sonarr": {"via": "gluetun"}, "radarr-4k": {"app": "radarr", "variant": "4k", "port": 7879,
           "url_base": "/r4"}, "flaresolverr": {"via": "gluetun"}, "lidarr": {"state": "absent"}}
    prowlarr = app_of(one(raw), "prowlarr")
    sync = next(item for item in prowlarr["resources"] if item["resource"] == "indexer_sync")
    by_name = {item["name"]: item for item in sync["applications"]}
    assert by_name["Sonarr"] == {
        "name": "Sonarr", "app": "sonarr", "url": "http://localhost:8989", "check_url": "http://127.0.0.1:8989",
        "prowlarr_url": "http://localhost:9696", "api_key": {"secret": "sonarr.api_key"}, "sync_level": "fullSync"}
    assert (by_name["Radarr 4K"]["url"], by_name["Radarr 4K"]["prowlarr_url"]) == ("http://radarr-4k:7879/r4", "http://gluetun:9696")
    proxy = next(item for item in prowlarr["resources"] if item["resource"] == "indexer_proxy")
    assert proxy["fields"]["host"] == "http://localhost:8191/" and proxy["tags"] == ["flaresolverr"]
    assert {"resource": "application", "state": "absent", "name": "Lidarr"} in prowlarr["resources"]
    assert prowlarr["needs"] == ["flaresolverr", "radarr-4k", "sonarr"]


def test_an_app_of_another_host_is_looked_into_at_its_address():
    found = full({"a": inventory({"prowlarr": {}}, address="192.168.1.2"), "b": inventory({"sonarr": {}, "sabnzbd": {}}, address="192.168.1.3")})
    sync = next(item for item in app_of(found["a"], "prowlarr")["resources"] if item["resource"] == "indexer_sync")
    assert sync["applications"][0]["check_url"] == "http://192.168.1.3:8989"
    assert (sync["applications"][0]["url"], sync["applications"][0]["prowlarr_url"]) == ("http://192.168.1.3:8989", "http://192.168.1.2:9696")


def test_a_link_tells_whom_it_needs_and_where_that_answers():
    found = full({"a": inventory({"prowlarr": {"links": {"apps": ["radarr", "sonarr"]}}, "radarr": {}}, address="192.168.1.2"),
                  "b": inventory({"sonarr": {"port": 8990}, "sabnzbd": {}}, address="192.168.1.3")})
    sync = next(item for item in app_of(found["a"], "prowlarr")["resources"] if item["resource"] == "indexer_sync")
    assert sync["targets"] == [{"name": "radarr"}, {"name": "sonarr", "host": "b", "url": "http://192.168.1.3:8990"}]
    client = next(item for item in app_of(found["a"], "radarr")["resources"] if item["resource"] == "download_client")
    assert client["targets"] == [{"name": "sabnzbd", "host": "b", "url": "http://192.168.1.3:8080"}]
    assert all("targets" not in item for item in app_of(found["a"], "radarr")["resources"] if item["resource"] == "root_folder")


def test_hosts_of_two_layouts_get_a_path_mapping_and_those_of_one_do_not():
    def mappings(layout):
        found = full({"a": inventory({"sonarr": {}}, address="192.168.1.2"),
                      "b": inventory({"sabnzbd": {}, "qbittorrent": {"port": 8081}}, address="192.168.1.3", layout=layout)})
        return [item for item in app_of(found["a"], "sonarr")["resources"] if item["resource"] == "remote_path_mapping"]

    assert mappings("default") == []
    assert sorted((item["host"], item["remote_path"], item["local_path"]) for item in mappings("trash")) == [
        ("192.168.1.3", "/data/torrents", "/data/downloads/torrents"), ("192.168.1.3", "/data/usenet/complete", "/data/downloads/usenet")]


def test_an_adopted_app_keeps_its_login_unless_another_one_is_given():
    def login(described):
        return app_of(one({"sonarr": dict(described, links={"download_clients": []})}), "sonarr")["resources"][0]

    assert login({})["keep_login"] is False
    assert login({"adopt": True})["keep_login"] is True
    given = login({"adopt": True, "secrets": {"username": "me", "password": "given-password"}})
    assert (given["keep_login"], given["username"], given["password"]) == (False, {"secret": "sonarr.username"}, {"secret": "sonarr.password"})


def test_order_of_wiring_has_no_circle():
    everything = {name: {} for name in shipped_catalog() if name not in ("seerr", "gluetun")}
    everything["qbittorrent"] = {"port": 8081}
    apps = one(everything)["wiring"]["apps"]
    names, done = {app["name"] for app in apps}, set()
    for _round in apps:
        done |= {app["name"] for app in apps if not set(app["needs"]) & names - done}
    assert done == names and "prowlarr" in done


def test_purge_of_the_inventory_reaches_the_wiring():
    found = one({"sonarr": {}, "sabnzbd": {}}, purge={"download_client": {"enabled": True, "ignore": ["Mine"]}})
    assert found["wiring"]["purge"] == {"download_client": {"enabled": True, "ignore": ["Mine"]}}


def test_ports_of_dependents_are_on_the_gateway_only():
    found = one({"gluetun": GLUETUN, "sonarr": {"via": "gluetun"}, "qbittorrent": {"via": "gluetun", "port": 8090}})
    services = compose_of(found, "homelab-torrent")["services"]
    assert services["gluetun"]["ports"] == ["8090:8090", "8989:8989"]
    for name in ("sonarr", "qbittorrent"):
        assert "ports" not in services[name] and "networks" not in services[name]
        assert services[name]["network_mode"] == "service:gluetun"
        assert services[name]["depends_on"] == {"gluetun": {"condition": "service_healthy"}}
    assert services["qbittorrent"]["environment"]["WEBUI_PORT"] == "8090"
    assert "8090/api/v2" not in json.dumps(services["gluetun"]["environment"])


def test_the_forwarded_port_goes_to_the_torrent_client():
    gluetun = {"settings": {"provider": "protonvpn", "port_forwarding": True}}
    found = one({"gluetun": gluetun, "qbittorrent": {"via": "gluetun", "port": 8090}})
    environment = compose_of(found, "homelab-torrent")["services"]["gluetun"]["environment"]
    assert environment["VPN_PORT_FORWARDING"] == "on"
    assert "http://127.0.0.1:8090/api/v2/app/setPreferences" in environment["VPN_PORT_FORWARDING_UP_COMMAND"]
    assert '\\"listen_port\\":{{PORT}}' in environment["VPN_PORT_FORWARDING_UP_COMMAND"]


def test_a_port_that_is_fixed_inside_changes_outside_only():
    found = one({"bazarr": {"port": 6800}})
    assert compose_of(found, "homelab-torrent")["services"]["bazarr"]["ports"] == ["6800:6767"]


def test_port_and_path_flow_into_probe_environment_and_url():
    found = one({"sonarr": {"port": 9000, "url_base": "tv/"}})
    service = compose_of(found, "homelab-torrent")["services"]["sonarr"]
    assert service["healthcheck"]["test"] == ["CMD", "curl", "-fsS", "http://localhost:9000/tv/ping"]
    assert service["environment"]["SONARR__SERVER__PORT"] == "9000" and service["environment"]["SONARR__SERVER__URLBASE"] == "/tv"
    assert service["ports"] == ["9000:9000"]
    assert found["summary"][0]["url"] == "http://192.168.1.12:9000/tv"


def test_dollars_are_escaped_for_compose():
    found = one({"sonarr": {"env": {"A": "a$b${HOME}#'\"\\ é"}, "labels": {"x": "$y"}}})
    service = compose_of(found, "homelab-torrent")["services"]["sonarr"]
    assert service["environment"]["A"] == "a$$b$${HOME}#'\"\\ é" and service["labels"]["x"] == "$$y"
    assert "a$b${HOME}" in found["digests"]["sonarr"]["model"]


def test_variables_may_be_secrets():
    found = one({"sonarr": {"env": {"TOKEN": {"secret": "api_key"}}}})
    assert "TOKEN=\u27e6secret:sonarr.api_key|env\u27e7" in file_of(found, "sonarr.env")["content"]
    assert "TOKEN" not in compose_of(found, "homelab-torrent")["services"]["sonarr"]["environment"]


def test_secrets_are_references_in_root_only_files():
    found = one({"gluetun": dict(GLUETUN, secrets={"wireguard_private_key": "PRIVATEKEY" + 33 * "A" + "="}), "qbittorrent": {"via": "gluetun"}, "sonarr": {},
                 "sabnzbd": {"port": 8085}, "bazarr": {}, "tautulli": {}, "recyclarr": {}, "unpackerr": {}})
    assert "PRIVATEKEY" not in json.dumps(found)
    for entry in found["files"]:
        names = values.secret_names(entry["content"])
        if names:
            assert entry["sensitive"] and entry["mode"] == "0600", entry["path"]
        if entry["path"].endswith("compose.yml"):
            assert not names
    specs = {spec["name"] for spec in found["secrets"]["specs"]}
    used = set().union(*[values.secret_names(entry["content"]) for entry in found["files"]], values.secret_names(found["wiring"]["apps"]))
    assert used <= specs, used - specs
    assert "host.digest_key" in specs


def test_every_filter_is_one_that_the_host_knows():
    tokens = pytest.importorskip("ansible_collections.homelab.media.plugins.module_utils.tokens")
    found = one({name: {} for name in shipped_catalog() if name not in ("gluetun", "sabnzbd", "overseerr")})
    used = {match.group(2) for entry in found["files"] for match in values.TOKEN.finditer(entry["content"])}
    assert used <= set(tokens.FILTERS) and set(values.FILTERS) <= set(tokens.FILTERS)


def test_only_what_needs_a_restart_counts():
    found = one({"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sonarr": {}, "recyclarr": {}})
    assert found["digests"]["sonarr"]["files"] == ["/opt/homelab-media/homelab-torrent/sonarr.env"]
    assert found["digests"]["qbittorrent"]["files"] == []
    assert found["digests"]["recyclarr"]["files"] == []
    assert found["digests"]["gluetun"]["files"] == ["/opt/homelab-media/homelab-torrent/gluetun.env", "/var/lib/homelab-media-configs/gluetun/auth/config.toml"]


def test_the_plan_is_stable():
    raw = {B: inventory({"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sonarr": {}, "prowlarr": {}})}
    assert json.dumps(full(raw)) == json.dumps(full(raw))
    assert json.dumps(full(raw)) == json.dumps(full(raw, {B: HEALTHY}))


def test_skeleton_of_the_default_layout():
    found = one({"sonarr": {}, "radarr-4k": {"app": "radarr", "variant": "4k"}, "qbittorrent": {}, "sabnzbd": {"port": 8085}})["storage"]
    paths = {entry["path"]: entry for entry in found["directories"]}
    for path in ("", "/tv", "/movies", "/movies-4k", "/music", "/downloads", "/downloads/torrents/tv", "/downloads/torrents/movies-4k",
                 "/downloads/usenet/movies-4k", "/downloads/usenet/incomplete"):
        assert paths["/mnt/media" + path]["mode"] == "02775" and paths["/mnt/media" + path]["owner"] == 1000
    assert "/mnt/media/tv-4k" not in paths
    assert paths["/var/lib/homelab-media-configs/qbittorrent/qBittorrent"]["mode"] == "0750"
    assert {"path": "/mnt/media/downloads/torrents", "uid": 1000, "gid": 1000, "target": "/mnt/media/tv", "target_uid": 1000,
            "target_gid": 1000} in found["proof"]


def test_skeleton_of_the_other_layout():
    found = one({"sonarr": {}, "qbittorrent": {}, "sabnzbd": {"port": 8085}}, layout="trash", data_root="/data")
    paths = [entry["path"] for entry in found["storage"]["directories"]]
    for path in ("/data/media/tv", "/data/torrents/tv", "/data/usenet/complete/tv", "/data/usenet/incomplete"):
        assert path in paths
    assert [item["path"] for item in app_of(found, "sonarr")["resources"] if item["resource"] == "root_folder"] == ["/data/media/tv"]
    assert "Session\\DefaultSavePath=/data/torrents" in file_of(found, "qBittorrent.conf")["content"]


def test_a_host_without_media_gets_no_media_tree():
    found = one({"tautulli": {}, "seerr": {}})
    assert found["storage"]["data_root"] == "" and found["storage"]["proof"] == []
    assert [entry["path"] for entry in found["storage"]["directories"]] == ["/var/lib/homelab-media-configs/seerr", "/var/lib/homelab-media-configs/tautulli"]


def test_hardware_transcoding():
    on = compose_of(one({"plex": {"settings": {"hardware_transcoding": True}}}), "homelab-plex")["services"]["plex"]
    off = compose_of(one({"plex": {}}), "homelab-plex")["services"]["plex"]
    assert on["devices"] == ["/dev/dri:/dev/dri"] and "devices" not in off
    assert off["network_mode"] == "host" and "ports" not in off


def test_registry_and_image_overrides():
    found = one({"sonarr": {"image": "ghcr.io/hotio/sonarr", "version": "release-4.0.20"}}, registry="registry.lan:5000/")
    assert found["projects"][0]["services"][0]["image"] == "registry.lan:5000/ghcr.io/hotio/sonarr:release-4.0.20"


# --- what moves ----------------------------------------------------------------------------------------------------------------

def test_absent_removes_the_container_and_its_links():
    found = one({"sonarr": {}, "sabnzbd": {}, "qbittorrent": {"port": 8081, "state": "absent"}}, host(containers={"qbittorrent": container(
        "lscr.io/linuxserver/qbittorrent:5.1.4", name="qbittorrent")}))
    assert found["absent"] == [{"container": "qbittorrent", "project": "homelab-torrent", "reason": "state"}]
    assert client_of(found, "sonarr", "qBittorrent")["state"] == "absent"
    assert client_of(found, "sonarr", "SABnzbd")["state"] == "present"
    assert "qbittorrent" not in compose_of(found, "homelab-torrent")["services"]


def test_a_moved_project_leaves_the_old_one():
    found = one({"sonarr": {"project": "tv"}}, host(containers={"sonarr": container()}))
    assert found["absent"] == [{"container": "sonarr", "project": "homelab-torrent", "reason": "moved"}]
    assert [project["name"] for project in found["projects"]] == ["tv"]


def test_onto_the_gateway_links_are_repointed():
    before = one({"gluetun": GLUETUN, "qbittorrent": {}, "sonarr": {}})
    after = one({"gluetun": GLUETUN, "qbittorrent": {"via": "gluetun"}, "sonarr": {}})
    assert client_of(before, "sonarr", "qBittorrent")["fields"]["host"] == "qbittorrent"
    assert client_of(after, "sonarr", "qBittorrent")["fields"]["host"] == "gluetun"
    assert after["absent"] == []


def test_a_stopped_client_is_left_as_it_is():
    found = one({"sonarr": {}, "sabnzbd": {"state": "stopped"}})
    assert not [item for item in app_of(found, "sonarr")["resources"] if item["resource"] == "download_client"]
    assert found["projects"][0]["services"][1]["state"] == "stopped" or found["projects"][0]["services"][0]["state"] == "stopped"


def test_adoption_takes_over_configuration_and_mounts():
    foreign = container("lscr.io/linuxserver/sonarr:4.0.15", ours=False, mounts=[
        {"source": "/home/me/sonarr", "destination": "/config"}, {"source": "/srv/tv", "destination": "/tv"},
        {"source": "/mnt/media", "destination": "/data"}])
    services = {"sonarr": {"adopt": True}, "sabnzbd": {}}
    found = one(services, host(containers={"sonarr": foreign}))
    service = compose_of(found, "homelab-torrent")["services"]["sonarr"]
    assert service["volumes"] == ["/home/me/sonarr:/config", "/mnt/media:/data", "/srv/tv:/tv"]
    assert found["adopt"] == [{"container": "sonarr", "config_dir": "/home/me/sonarr"}]
    assert [item["keep_login"] for item in app_of(found, "sonarr")["resources"] if item["resource"] == "config_host"] == [True]
    spec = next(spec for spec in found["secrets"]["specs"] if spec["name"] == "sonarr.api_key")
    assert spec["adopt"] == [{"path": "/home/me/sonarr/config.xml", "format": "xml", "key": "ApiKey"}]
    assert not [entry for entry in found["storage"]["directories"] if "sonarr" in entry["path"]]
    # The next run sees our own container with the same mounts, and plans the same.
    again = one(services, host(containers={"sonarr": container(mounts=foreign["mounts"])}))
    assert again["adopt"] == [] and again["digests"] == found["digests"] and again["files"] == found["files"]


def test_an_adopted_torrent_client_asks_for_its_password():
    foreign = container("lscr.io/linuxserver/qbittorrent:5.0.0", ours=False, name="qbittorrent")
    found = plan.full({B: inventory({"qbittorrent": {"adopt": True, "secrets": {"password": "x" * 9}}})}, {B: host(containers={"qbittorrent": foreign})},
                      shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    spec = next(spec for spec in found["hosts"][B]["secrets"]["specs"] if spec["name"] == "qbittorrent.password")
    assert spec["format"] == "plain" and spec["required"]


def test_the_common_login_reaches_what_can_follow_it():
    services = {"nzbget": {}, "qbittorrent": {}}
    fresh = {spec["name"]: spec for spec in one(services, HEALTHY)["secrets"]["specs"]}
    later = {spec["name"]: spec for spec in one(services, host(containers={
        name: container("x/{0}:1".format(name), name=name) for name in services}))["secrets"]["specs"]}
    assert fresh["nzbget.password"]["adopt"] and not later["nzbget.password"]["adopt"]
    assert fresh["nzbget.password"]["fallback"] == "admin.password" and "sticky" not in fresh["nzbget.password"]
    # qBittorrent gets a changed login by the wiring.
    assert fresh["qbittorrent.password"]["fallback"] == "admin.password" and "sticky" not in fresh["qbittorrent.password"]


def test_a_password_with_a_variable_in_it():
    found = plan.full({B: inventory({"nzbget": {}}, admin={"password": "a${HOME}bcdef"})}, {}, shipped_catalog())
    spec = next(spec for spec in found["hosts"][B]["secrets"]["specs"] if spec["name"] == "nzbget.password")
    assert "fallback" not in spec and any("${name}" in item["message"] for item in found["findings"])


# --- the examples --------------------------------------------------------------------------------------------------------------

def example(name):
    folder = ROOT / "inventory" / "example" / name
    common = yaml.safe_load((folder / "group_vars" / "all.yml").read_text(encoding="utf-8"))
    raw = {}
    for path in sorted((folder / "host_vars").glob("*.yml")):
        raw[path.stem] = {"variables": dict(common, **yaml.safe_load(path.read_text(encoding="utf-8"))), "undefined": {}}
    found = plan.full(raw, {}, shipped_catalog())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    return found["hosts"]


def test_example_one_host():
    found = example("one_host")["homelab"]
    projects = {project["name"]: sorted(service["name"] for service in project["services"]) for project in found["projects"]}
    assert projects == {
        "homelab-torrent": ["bazarr", "flaresolverr", "gluetun", "prowlarr", "qbittorrent", "radarr", "recyclarr", "sonarr", "unpackerr"],
        "homelab-plex": ["plex", "tautulli"], "homelab-services": ["maintainerr", "seerr"]}
    torrent = compose_of(found, "homelab-torrent")["services"]
    assert {re.sub("^.*:", "", port) for port in torrent["gluetun"]["ports"]} == {"8080", "8989", "7878", "9696", "6767", "8191"}
    for name in projects["homelab-torrent"]:
        assert torrent[name].get("network_mode") == (None if name == "gluetun" else "service:gluetun")
    environment = torrent["gluetun"]["environment"]
    assert environment["FIREWALL_OUTBOUND_SUBNETS"] == "192.168.1.0/24,172.19.0.0/16"
    assert environment["WIREGUARD_MTU"] == "1280" and environment["VPN_PORT_FORWARDING"] == "on" and environment["VPN_SERVICE_PROVIDER"] == "protonvpn"
    plex = compose_of(found, "homelab-plex")
    assert plex["services"]["plex"]["network_mode"] == "host"
    assert plex["services"]["tautulli"]["ports"] == ["8787:8787"]
    services = compose_of(found, "homelab-services")["services"]
    assert services["seerr"]["ports"] == ["5055:5055"] and services["maintainerr"]["ports"] == ["127.0.0.1:6246:6246"]
    assert found["networks"] == [{"name": "homelab_media_network", "subnet": "172.19.0.0/16"}]
    assert compose_of(found, "homelab-services")["networks"] == {"homelab_media_network": {"name": "homelab_media_network", "external": True}}
    assert "/var/lib/homelab-media-configs/seerr:/app/config" in services["seerr"]["volumes"]
    assert "/mnt/media:/data" in torrent["sonarr"]["volumes"]
    assert client_of(found, "sonarr", "qBittorrent")["fields"]["host"] == "localhost"


def test_example_two_hosts():
    hosts = example("two_hosts")
    media = hosts["ct-media-01"]
    torrent = compose_of(media, "homelab-torrent")["services"]
    assert torrent["qbittorrent"]["network_mode"] == "service:gluetun" and "network_mode" not in torrent["sabnzbd"]
    assert torrent["sabnzbd"]["ports"] == ["8085:8085"]
    assert client_of(media, "radarr", "qBittorrent")["fields"]["host"] == "gluetun"
    assert client_of(media, "radarr", "SABnzbd")["fields"]["host"] == "sabnzbd"
    row = hosts["ct-docker-01"]["summary"][0]
    assert row["service"] == "overseerr" and "servers: sonarr@ct-media-01, radarr@ct-media-01" in row["links"]
    assert "plex: plex@ct-media-01" in row["links"]
