# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check of a verification: green where all is well, and red, alone, when just that one thing is broken."""
from __future__ import annotations

import copy
import json
import os
import types

import pytest
import yaml
from runs import MODULES, run_module
from standins import testing

from ansible_collections.homelab.media.plugins.module_utils import verify
from ansible_collections.homelab.media.plugins.module_utils.docker_cli import Docker

KEY, CONTROL, PASSWORD = "0123456789abcdef0123456789abcdef", "c0ntrol-key-of-the-gateway", "correct horse battery"
OWN, TUNNEL = "192.0.2.10", "203.0.113.7"
EARLY, LATE = "2026-01-01T10:00:00.5Z", "2026-01-01T10:00:00.25Z"
GATEWAY = "a" * 64


def container(name, mode, address=None, ports=None, started=EARLY, status="running"):
    """A container as C(docker inspect) tells it."""
    return {"Name": "/" + name, "Id": GATEWAY if name == "gluetun" else name * 3, "State": {"Status": status, "StartedAt": started}, "Config": {},
            "HostConfig": {"NetworkMode": mode, "PortBindings": ports or {}},
            "NetworkSettings": {"Networks": {"homelab_media_network": {"IPAddress": address}} if address else {}}}


class Engine:
    """A Docker Engine that knows containers, programs in them, and names that these resolve."""

    def __init__(self):
        behind = "container:" + GATEWAY
        self.containers = {item["Name"].lstrip("/"): item for item in (
            container("gluetun", "homelab_media_network", "172.19.0.2", {"8989/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8989"}]}, LATE),
            container("qbittorrent", behind), container("radarr", behind))}
        self.programs, self.resolved, self.address, self.calls = {"curl", "getent"}, {"nzbget"}, TUNNEL, []

    def run(self, command):
        self.calls.append(command)
        what = command[1:]
        if what[:2] == ["container", "inspect"]:
            return 0, json.dumps([self.containers[name] for name in what[2:] if name in self.containers]), ""
        assert what[0] == "exec", command
        if self.containers.get(what[1], {}).get("State", {}).get("Status") != "running":
            return 1, "", "Error response from daemon: container {0} is not running".format(what[1])
        if what[2] not in self.programs:
            return 127, "", "OCI runtime exec failed: exec: \"{0}\": executable file not found in $PATH".format(what[2])
        if what[2] in ("curl", "wget"):
            return (0, self.address + "\n", "") if self.address else (28, "", "curl: (28) Connection timed out")
        name = what[-1]
        return (0, "172.19.0.5 " + name + "\n", "") if name in self.resolved else (2, "", "")

    def docker(self):
        found = Docker(self.run)
        found.path = "docker"
        return found


class Control:
    """A gateway's control server, and what tells the host its address."""

    def __init__(self):
        self.status, self.public, self.port, self.caller, self.writes = "running", TUNNEL, 40001, OWN, 0

    def __call__(self, environ, start_response):
        self.writes += environ["REQUEST_METHOD"] != "GET"
        path = environ["PATH_INFO"]
        if path == "/ip":
            return testing.respond(start_response, 200, self.caller.encode(), "text/plain")
        if environ.get("HTTP_X_API_KEY") != CONTROL:
            return testing.respond(start_response, 401, b"Unauthorized\n", "text/plain")
        return testing.respond(start_response, 200, json.dumps(
            {"/v1/vpn/status": {"status": self.status}, "/v1/publicip/ip": {"public_ip": self.public}, "/v1/portforward": {"port": self.port}}[path]).encode())


@pytest.fixture
def host(arr, tmp_path):
    """A host on which everything is well: a gateway with a forwarded port, qBittorrent and Radarr behind it."""
    (tmp_path / "media").mkdir()
    downloads, media = tmp_path / "media" / "downloads", tmp_path / "media" / "movies"
    downloads.mkdir()
    media.mkdir()
    control, hook = Control(), []

    def receive(environ, start_response):
        hook.append(testing.read(environ))
        return testing.respond(start_response, 200, {})

    with testing.start_wsgi(control) as gateway, testing.start_wsgi(receive) as receiver, testing.start_qbittorrent(
            username="media", password=PASSWORD, preferences={"listen_port": 40001, "current_network_interface": "tun0", "random_port": False}) as torrent:
        found = types.SimpleNamespace(control=control, hook=hook, torrent=torrent, engine=Engine(), radarr=arr("radarr", api_key=KEY), media=media,
                                      downloads=downloads)
        found.radarr.api("POST", "rootfolder", {"path": str(media)})
        links = [{"resource": "root_folder", "path": str(media)},
                 {"resource": "download_client", "name": "qBittorrent", "implementation": "QBittorrent", "category": "movies", "fields": {
                     "host": "127.0.0.1", "port": torrent.port, "username": "media", "password": {"secret": "qbittorrent.password"}}},
                 {"resource": "notification", "name": "Hook", "implementation": "Webhook", "events": ["on_grab"],
                  "fields": {"url": receiver.url, "method": "POST"}}]
        found.secrets = {"radarr.api_key": KEY, "qbittorrent.username": "media", "qbittorrent.password": PASSWORD, "gluetun.control_api_key": CONTROL}
        made = run_module("media_wiring", {"state_root": str(tmp_path / "state"), "secrets": found.secrets, "apps": [
            {"name": "radarr", "app": "radarr", "url": found.radarr.url, "api_key": {"secret": "radarr.api_key"}, "resources": links}]})
        assert made.get("problems") == [], made
        hook.clear()
        found.radarr.proxy.clear()
        user = {"uid": os.getuid(), "gid": os.getgid(), "target_uid": os.getuid(), "target_gid": os.getgid()}
        found.spec = {
            "gateways": [{"name": "gluetun", "url": gateway.url, "dependents": ["qbittorrent", "radarr"], "api_key": {"secret": "gluetun.control_api_key"}}],
            "dependents": [{"name": "qbittorrent", "gateway": "gluetun"}, {"name": "radarr", "gateway": "gluetun"}],
            "torrents": [{"name": "qbittorrent", "gateway": "gluetun", "interface": "tun0", "forwarded": True}],
            "apps": [{"name": "qbittorrent", "app": "qbittorrent", "url": torrent.url, "username": {"secret": "qbittorrent.username"},
                      "password": {"secret": "qbittorrent.password"}, "links": []},
                     {"name": "radarr", "app": "radarr", "url": found.radarr.proxy.url, "api_key": {"secret": "radarr.api_key"},
                      "links": [{key: link[key] for key in ("resource", "name", "path") if key in link} for link in links]}],
            "proof": [dict(user, path=str(downloads), target=str(media))],
            "names": [{"container": "radarr", "names": ["nzbget"]}],
            "stopped": [],
        }
        found.params = {"ip_url": gateway.url + "/ip", "ip_url_inside": "", "notifications": True, "timeout": 20, "wait_timeout": 0, "secrets": found.secrets}
        yield found


def rows(host, check=False, **params):
    """All rows of a verification."""
    verifier = verify.Verifier(host.spec, host.engine.docker(), {}, dict(host.params, **params), check)
    verifier.prepare()
    found = [entry for task in verifier.tasks() for entry in task()] + verifier.last()
    for secret in (KEY, CONTROL, PASSWORD):
        assert secret not in json.dumps(found)
    assert all("\n" not in entry["reason"] and "Traceback" not in entry["reason"] for entry in found)
    return found


GREEN = {("public address", "gluetun"), ("public address inside", "qbittorrent"), ("tunnel interface", "qbittorrent"), ("forwarded port", "qbittorrent"),
         ("network namespace", "qbittorrent"), ("network namespace", "radarr"), ("app", "qbittorrent"), ("app", "radarr"),
         ("link", "radarr > qBittorrent"), ("link", "radarr > Hook"), ("link", "radarr > {media}"), ("names", "radarr"), ("hardlink", "{downloads} > {media}")}


def test_everything_is_well(host):
    found = rows(host)
    assert {entry["verdict"] for entry in found} == {"ok"}, found
    assert {(entry["check"], entry["where"]) for entry in found} == {
        (check, where.format(media=host.media, downloads=host.downloads)) for check, where in GREEN}
    assert len(found) == len(GREEN) and len(host.hook) == 1
    # It left nothing behind, and stored nothing.
    assert os.listdir(host.media) == os.listdir(host.downloads) == [] and host.control.writes == 0
    assert {entry["path"] for entry in host.radarr.proxy.writes()} == {"/api/v3/downloadclient/testall", "/api/v3/notification/testall"}


def same_address(host):
    host.control.public = OWN


def tunnel_down(host):
    host.control.status, host.control.public = "stopped", ""


def leak(host):
    host.engine.address = OWN


def no_internet(host):
    host.engine.address = ""


def unbound(host):
    host.torrent.state["preferences"]["current_network_interface"] = ""


def another_port(host):
    host.torrent.state["preferences"]["listen_port"] = 6881


def random_port(host):
    host.torrent.state["preferences"]["random_port"] = True


def nothing_forwarded(host):
    host.control.port = 0


def other_network(host):
    host.engine.containers["radarr"] = container("radarr", "homelab_media_network", "172.19.0.9")


def gone_namespace(host):
    host.engine.containers["radarr"]["HostConfig"]["NetworkMode"] = "container:" + "b" * 64


def own_port(host):
    host.engine.containers["radarr"]["HostConfig"]["PortBindings"] = {"7878/tcp": [{"HostIp": "", "HostPort": "7878"}]}


def stale(host):
    host.engine.containers["gluetun"]["State"]["StartedAt"] = "2026-01-01T11:00:00Z"
    host.spec["dependents"] = host.spec["dependents"][1:]


def no_container(host):
    del host.engine.containers["radarr"]
    host.spec["names"] = []


def wrong_password(host):
    client = next(item for item in host.radarr.api("GET", "downloadclient").json())
    for entry in client["fields"]:
        if entry["name"] == "password":
            entry["value"] = "another one 4711"
    # With a session that is still valid any password works, in the real one too.
    host.torrent.state["sessions"].clear()
    host.radarr.api("PUT", "downloadclient/{0}?forceSave=true".format(client["id"]), client).raise_for_status()


def client_gone(host):
    client = next(item for item in host.radarr.api("GET", "downloadclient").json())
    host.radarr.api("DELETE", "downloadclient/{0}".format(client["id"]))


def folder_not_there(host):
    host.spec["apps"][1]["links"][0]["path"] = "/another"


def app_down(host):
    host.radarr.faults({"drop": {"path": ".*"}})
    host.spec["apps"][1]["links"] = []


def wrong_key(host):
    host.spec["apps"][1]["api_key"] = "f" * 32


def unknown_secret(host):
    host.spec["apps"][1]["api_key"] = {"secret": "another.api_key"}


def odd_answer(host):
    host.control.port = ["x"]
    host.control.public = ["x"]


def no_name(host):
    host.engine.resolved.clear()


def no_directory(host):
    os.rmdir(host.downloads)


LINK = "radarr > qBittorrent"
APP_ROWS = {("link", LINK), ("link", "radarr > Hook"), ("link", "radarr > {media}")}
BREAKS = [
    (same_address, "public address", "gluetun", "the host's own public address " + OWN),
    (tunnel_down, "public address", "gluetun", "the tunnel is not up (it is stopped"),
    (leak, "public address inside", "qbittorrent", "so it does not go through the tunnel"),
    (no_internet, "public address inside", "qbittorrent", "Connection timed out"),
    (unbound, "tunnel interface", "qbittorrent", "bound to any interface and not to tun0"),
    (another_port, "forwarded port", "qbittorrent", "it listens on 6881, and the provider forwards 40001"),
    (random_port, "forwarded port", "qbittorrent", "it listens on a random port"),
    (nothing_forwarded, "forwarded port", "qbittorrent", "the provider forwards no port to gluetun"),
    (other_network, "network namespace", "radarr", "it holds the network homelab_media_network"),
    (gone_namespace, "network namespace", "radarr", "it holds a namespace that is gone"),
    (own_port, "network namespace", "radarr", "a published port of its own"),
    (stale, "network namespace", "radarr", "gluetun was restarted after it"),
    (no_container, "network namespace", "radarr", "there is no container radarr"),
    (wrong_password, "link", LINK, "look whether it runs, and run site.yml for address and login"),
    (client_gone, "link", LINK, "the app has no such download client"),
    (folder_not_there, "link", "radarr > /another", "the app has no such root folder"),
    (app_down, "app", "radarr", "no connection"),
    (wrong_key, "app", "radarr", "the API key is wrong (401)"),
    (unknown_secret, "app", "radarr", "the secret another.api_key is not known here"),
    (no_name, "names", "radarr", "nzbget does not resolve inside of it"),
    (no_directory, "hardlink", "{downloads} > {media}", "cannot write to"),
]


@pytest.mark.parametrize("broken, check, where, reason", BREAKS, ids=[entry[0].__name__ for entry in BREAKS])
def test_one_thing_that_is_broken_shows_alone(host, broken, check, where, reason):
    broken(host)
    found = rows(host)
    red = [entry for entry in found if entry["verdict"] != "ok"]
    assert [(entry["check"], entry["where"], entry["verdict"]) for entry in red] == [
        (check, where.format(media=host.media, downloads=host.downloads), "failed")], found
    assert reason in red[0]["reason"]
    # An app that does not answer says nothing of its links; all others stay green.
    gone = GREEN - {(one["check"], one["where"].replace(str(host.downloads), "{downloads}").replace(str(host.media), "{media}")) for one in found}
    assert gone <= (APP_ROWS if check == "app" else {("network namespace", "qbittorrent"), ("names", "radarr"), ("link", "radarr > {media}")}), gone


def test_odd_answers_of_the_gateway_are_rows(host):
    odd_answer(host)
    red = {entry["check"]: entry["reason"] for entry in rows(host) if entry["verdict"] != "ok"}
    assert set(red) <= {"public address", "forwarded port"} and "forwarded port" in red


def test_the_gateway_with_a_wrong_key(host):
    host.spec["gateways"][0]["api_key"] = "not the key"
    red = {entry["check"]: entry for entry in rows(host) if entry["verdict"] != "ok"}
    assert set(red) == {"public address", "forwarded port"} and all("auth/config.toml" in entry["reason"] for entry in red.values())


def test_an_address_of_the_host_that_is_not_known_proves_nothing(host):
    host.control.caller = "<html>nothing here</html>"
    found = {entry["check"]: entry for entry in rows(host)}
    assert found["public address"]["verdict"] == "failed" and "verify_ip_url" in found["public address"]["reason"]
    assert found["public address inside"]["verdict"] == "skipped"


def test_an_image_without_programs_is_skipped_with_a_reason(host):
    host.engine.programs = set()
    red = {entry["check"]: entry for entry in rows(host) if entry["verdict"] != "ok"}
    assert {check: entry["verdict"] for check, entry in red.items()} == {"public address inside": "skipped", "names": "skipped"}
    assert "neither getent nor python3" in red["names"]["reason"] and "curl, wget or python3" in red["public address inside"]["reason"]
    host.engine.programs = {"wget", "python3"}
    assert {entry["verdict"] for entry in rows(host)} == {"ok"}


def test_what_is_disabled_or_stopped_is_skipped(host):
    client = next(item for item in host.radarr.api("GET", "downloadclient").json())
    host.radarr.api("PUT", "downloadclient/{0}?forceSave=true".format(client["id"]), dict(client, enable=False)).raise_for_status()
    host.spec["stopped"] = ["nzbget"]
    red = [(entry["where"], entry["verdict"]) for entry in rows(host) if entry["verdict"] != "ok"]
    assert red == [(LINK, "skipped"), ("nzbget", "skipped")]


def test_without_notifications_no_message_is_sent(host):
    red = [entry for entry in rows(host, notifications=False) if entry["verdict"] != "ok"]
    assert [(entry["where"], entry["verdict"]) for entry in red] == [("radarr > Hook", "skipped")] and host.hook == []


def test_check_mode_sends_reads_only_and_makes_no_file(host):
    before = os.stat(host.media).st_mtime_ns
    red = {(entry["check"], entry["verdict"]) for entry in rows(host, check=True) if entry["verdict"] != "ok"}
    assert red == {("link", "skipped"), ("hardlink", "skipped")}
    assert host.radarr.proxy.writes() == [] and host.hook == [] and os.stat(host.media).st_mtime_ns == before


def module(host, check=False, **options):
    """The module itself, on a host without containers."""
    spec = copy.deepcopy(host.spec)
    spec.update(dependents=[], names=[])
    return run_module("media_verify", dict(host.params, spec=spec, **options), check)


def test_the_module(host):
    # On this machine no container is behind the gateway, so nobody is asked from inside.
    result = module(host)
    assert result["changed"] is False and result["failures"] == 0, result
    assert {entry["verdict"] for entry in result["checks"] if entry["check"] != "public address inside"} == {"ok"}
    for secret in (KEY, CONTROL, PASSWORD):
        assert secret not in result["_text"]
    # A user name such as media is no secret, and would garble every path.
    assert "****" not in result["_text"] and "(secret)" not in result["_text"]
    wrong_password(host)
    result = module(host)
    assert result["failed"] and result["failures"] == 1 and result["msg"].startswith("link of " + LINK)
    result = module(host, on_problem="report")
    assert "failed" not in result and result["failures"] == 1
    checked = module(host, check=True)
    assert checked["failures"] == 0 and checked["changed"] is False


def test_a_part_that_is_not_known(host):
    host.spec["gateway"] = []
    result = module(host)
    assert result["failed"] and "spec has gateway" in result["msg"]


def test_every_returned_value_is_documented(host):
    text = (MODULES / "media_verify.py").read_text(encoding="utf-8")
    documented = yaml.safe_load(text.partition('RETURN = r"""')[2].partition('"""')[0])
    assert set(documented) == set(module(host)) - {"changed", "invocation", "_text"}


@pytest.mark.parametrize("text, address", [
    ("203.0.113.7\n", "203.0.113.7"), ('{"ip":"203.0.113.7"}', "203.0.113.7"), ('{"ip_addr": "2001:db8::1", "x": 1}', "2001:db8::1"), ("", ""),
    ("<html>face: add.</html>", ""), ("Current IP Address: 203.0.113.7.", "203.0.113.7")])
def test_addresses_in_answers(text, address):
    assert verify.address_in(text) == address
