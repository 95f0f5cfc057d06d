# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of qBittorrent, SABnzbd and NZBGet against the real programs, with a proxy that counts what is written."""
from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import uuid
from urllib.parse import parse_qs

import pytest
import real_clients
import requests
import test_output
from plex_steps import Steps, take
from real_clients import KEY, LOGIN, NZB_KEY
from runs import MODULES, run_module
from standins import testing

from ansible_collections.homelab.media.plugins.module_utils import tokens
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger
from ansible_collections.homelab.media.plugins.module_utils.worker import converge_app
from ansible_collections.homelab.media.plugins.plugin_utils import catalog, plan

SECRET = "sw0rdfish-downloads-0815"
CREDENTIALS = {"qbittorrent": dict(zip(("username", "password"), LOGIN)), "sabnzbd": {"api_key": KEY}, "nzbget": dict(zip(("username", "password"), LOGIN))}
NAMES = sorted(path.stem for app in CREDENTIALS for path in MODULES.glob(app + "_*.py"))
NEWS = {"host": "news.example.org", "port": 563, "connections": 4, "enabled": False}

STEPS = [
    Steps("qbittorrent_preferences", {"settings": {"save_path": "/config/torrents/", "max_ratio_enabled": True, "max_ratio": 2.5, "dl_limit": "1048576",
                                                   "proxy_password": SECRET, "bypass_auth_subnet_whitelist": ["10.9.0.0/24", "10.8.0.0/24"]}},
          {"settings": {"save_path": "/config/torrents", "max_active_downloads": "9", "listen_port": 51413, "schedule_from_hour": 7}},
          ["listen_port", "max_active_downloads", "schedule_from_hour"], secrets=[SECRET]),
    Steps("qbittorrent_category", {"name": "tv", "save_path": "/config/torrents/tv/"},
          {"save_path": "/config/torrents/series", "download_path": "/config/part"},
          ["download_path", "download_path_enabled", "save_path"], gone={"name": "tv"}),
    Steps("sabnzbd_config", {"settings": {"misc": {"complete_dir": "/config/done/", "pre_check": True, "password": SECRET, "cleanup_list": [".nfo"]}},
                             "host_whitelist": ["gluetun"]},
          {"settings": {"misc": {"complete_dir": "/config/done", "pre_check": "no", "bandwidth_perc": "70"}, "logging": {"log_level": 2}}},
          ["logging.log_level", "misc.bandwidth_perc", "misc.pre_check"], secrets=[SECRET]),
    Steps("sabnzbd_category", {"name": "TV-4k", "dir": "tv-4k"},
          {"dir": "series/", "priority": 1, "pp": "2"}, ["dir", "pp", "priority"], gone={"name": "tv-4k"}),
    Steps("sabnzbd_server", dict(NEWS, name="provider", ssl=True, username="me", password=SECRET), {"connections": 7, "notes": "fast"},
          ["connections", "notes"], gone={"name": "provider"}, secrets=[SECRET]),
    Steps("nzbget_config", {"settings": {"keephistory": 41, "DirectUnpack": True, "AddPassword": SECRET}},
          {"settings": {"KEEPHISTORY": "42", "directunpack": "yes", "ParIgnoreExt": [".sfv", ".nzb"]}}, ["KeepHistory", "ParIgnoreExt"], secrets=[SECRET]),
    Steps("nzbget_category", {"name": "tv", "dest_dir": "/config/downloads/tv"}, {"dest_dir": "/config/downloads/series/", "aliases": ["TV*", "Series*"]},
          ["aliases", "dest_dir"], gone={"name": "TV"}),
    Steps("nzbget_server", dict(NEWS, name="provider", encryption=True, server_username="me", server_password=SECRET), {"connections": 7, "level": 1},
          ["connections", "level"], gone={"name": "provider"}, secrets=[SECRET]),
]
INFO = ("qbittorrent_info", "sabnzbd_info", "nzbget_info")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The three programs, each started when it is asked for."""
    started = {}

    def get(app):
        if app not in started:
            started[app] = real_clients.STARTS[app](tmp_path_factory.mktemp(app) / app)
        return started[app]

    yield get
    for one in started.values():
        one.stop()


@pytest.fixture
def own(tmp_path):
    """A program that a test has for itself."""
    started = []

    def get(app, **options):
        started.append(real_clients.STARTS[app](tmp_path / app, **options))
        return started[-1]

    yield get
    for one in started:
        one.stop()


def app_of(module):
    return module.partition("_")[0]


def held(program, app, credentials=None):
    """All that a program holds, without what changes by itself."""
    session = requests.Session()
    session.trust_env = False
    if app == "qbittorrent":
        login = dict(CREDENTIALS[app], **(credentials or {}))
        session.post(program.url + "/api/v2/auth/login", data=login, timeout=10)
        return [session.get(program.url + "/api/v2/" + path, timeout=10).json() for path in ("app/preferences", "torrents/categories")]
    if app == "sabnzbd":
        return session.get(program.url + "/api", params={"mode": "get_config", "output": "json", "apikey": KEY}, timeout=10).json()["config"]
    session.auth = LOGIN
    return {item["Name"]: item["Value"] for item in session.get(program.url + "/jsonrpc/loadconfig", timeout=10).json()["result"]}


def run(program, tmp_path, module, options, check=False, url=None):
    common = {"url": url or program.url, "state_root": str(tmp_path / "state"), "wait_timeout": 5, "timeout": 20}
    return run_module(module, {**common, **CREDENTIALS[app_of(module)], **options}, check)


@pytest.mark.parametrize("steps", STEPS, ids=[steps.module for steps in STEPS])
def test_six_steps(program, tmp_path, steps):
    app = app_of(steps.module)
    one = program(app)
    common = dict(CREDENTIALS[app], url=one.proxy.url, state_root=str(tmp_path / "state"), wait_timeout=10)
    take(steps, one.proxy, common, secrets=[LOGIN[1]] if app != "sabnzbd" else [], state=lambda: held(one, app))


def test_every_module_has_its_steps():
    assert set(NAMES) == {steps.module for steps in STEPS} | set(INFO)


@pytest.mark.parametrize("module", INFO)
def test_info_reads_only_and_tells_no_secret(program, tmp_path, module):
    one = program(app_of(module))
    one.proxy.clear()
    found = run(one, tmp_path, module, {}, url=one.proxy.url)
    assert not found["changed"] and not one.proxy.writes() and found["status"]["version"] and found["categories"] is not None
    assert not any(secret in found["_text"] for secret in (LOGIN[1], KEY, NZB_KEY, SECRET))


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_is_the_specification(name, monkeypatch):
    test_output.test_the_documentation_is_the_specification(name, monkeypatch)


def test_no_secret_is_seen(program, tmp_path):
    tasks = []
    for steps in STEPS:
        app = app_of(steps.module)
        tasks.append({"homelab.media." + steps.module: {**CREDENTIALS[app], **steps.create, "url": program(app).url, "state_root": str(tmp_path / "state")}})
    code, output = test_output.playbook(tmp_path, tasks, "-vvv", "--diff")
    assert code == 0, output[-3000:]
    assert [secret for secret in (SECRET, LOGIN[1], KEY) if secret in output] == []


# What the programs take without a word, or refuse: one sentence, and nothing else.
REFUSED = [
    ("qbittorrent_preferences", {"settings": {"save_pth": "/x"}}, "there is no preference save_pth; did you mean save_path"),
    ("qbittorrent_preferences", {"settings": {"listen_port": 70000}}, "listen_port is a port up to 65535, not 70000"),
    ("qbittorrent_preferences", {"settings": {"listen_port": 1024, "random_port": True}}, "listen_port and random_port exclude each other"),
    ("qbittorrent_preferences", {"settings": {"max_connec": "many"}}, "max_connec takes a number"),
    ("qbittorrent_preferences", {"settings": {"dl_limit": 1000}}, "saved dl_limit, but has 1024 in the place of 1000"),
    ("qbittorrent_preferences", {"settings": {"torrent_content_layout": "Nope"}}, "but has 'Original' in the place of 'Nope'"),
    ("qbittorrent_preferences", {"settings": {"web_ui_password": "abc"}}, "a password 6; give longer ones"),
    ("qbittorrent_category", {"name": "a//b"}, "Incorrect category name (409)"),
    ("qbittorrent_category", {"name": "new", "download_path_enabled": True}, "set download_path"),
    ("sabnzbd_config", {"settings": {"misk": {}}}, "there is no section misk; did you mean misc?"),
    ("sabnzbd_config", {"settings": {"misc": {"pre_chek": 1}}}, "there is no keyword of misc called pre_chek; did you mean pre_check"),
    ("sabnzbd_config", {"settings": {"misc": {"bandwidth_perc": 500}}}, "it does not take 500 for misc.bandwidth_perc, and has"),
    ("sabnzbd_config", {"settings": {"misc": {"download_dir": "/proc/x"}}}, "it does not take '/proc/x' for misc.download_dir"),
    ("sabnzbd_config", {"settings": {"misc": {"api_key": "x" * 32}}}, "the API key stays as it is"),
    ("sabnzbd_config", {"settings": {"servers": {}}}, "use the module sabnzbd_server"),
    ("sabnzbd_category", {"name": "new", "script": "nope.sh"}, "there is no script nope.sh"),
    ("sabnzbd_category", {"name": "*", "state": "absent"}, "the default category cannot be removed"),
    ("sabnzbd_server", {"name": "new"}, "a new server needs an address; set host"),
    ("sabnzbd_server", dict(NEWS, name="new", connections=5000), "it does not take 5000 for connections, and has"),
    ("nzbget_config", {"settings": {"KepHistory": 1}}, "there is no option KepHistory; did you mean KeepHistory"),
    ("nzbget_config", {"settings": {"Category1.Name": "x"}}, "use the module nzbget_category"),
    ("nzbget_server", {"name": "new"}, "a new server needs an address; set host"),
]


@pytest.mark.parametrize("module, options, words", REFUSED)
def test_what_is_refused_ends_in_one_sentence(program, tmp_path, module, options, words):
    found = run(program(app_of(module)), tmp_path, module, options)
    assert found["failed"] and words in found["msg"] and "\n" not in found["msg"] and not found["changed"], found["msg"]


@pytest.mark.parametrize("app, other", [("qbittorrent", "sabnzbd"), ("qbittorrent", "nzbget"), ("sabnzbd", "qbittorrent"), ("sabnzbd", "nzbget"),
                                        ("nzbget", "qbittorrent"), ("nzbget", "sabnzbd")])
def test_another_app_at_the_address(program, tmp_path, app, other):
    found = run(None, tmp_path, app + "_info", {}, url=program(other).url)
    title = {"qbittorrent": "qBittorrent", "sabnzbd": "SABnzbd", "nzbget": "NZBGet"}[app]
    assert "what answers there is not {0}; correct the URL".format(title) in found["msg"]


@pytest.mark.parametrize("module, options, words", [
    ("sabnzbd_info", {"api_key": NZB_KEY}, "the API key is wrong (403); give the API key of Config > General, not the NZB key"),
    ("nzbget_info", {"password": "wrong-one"}, "user name or password is wrong (401)")])
def test_wrong_credentials(program, tmp_path, module, options, words):
    one = program(app_of(module))
    found = run_module(module, {**CREDENTIALS[app_of(module)], **options, "url": one.url, "state_root": str(tmp_path), "wait_timeout": 5})
    assert words in found["msg"] and not any(str(value) in found["_text"] for value in options.values())


def test_sabnzbd_refuses_host_names_with_a_sentence(program, tmp_path):
    one = program("sabnzbd")
    before = held(one, "sabnzbd")["misc"]["host_whitelist"]
    assert run(one, tmp_path, "sabnzbd_config", {"host_whitelist": ["Second.example.org"]})["changed"]
    assert held(one, "sabnzbd")["misc"]["host_whitelist"] == before + ["second.example.org"] and "first.example.org" in before
    client = FAMILIES["sabnzbd"].client(one.url, KEY)
    client._session.headers["Host"] = "unknown.example.org"
    outcome = converge_app(FAMILIES["sabnzbd"].worker(client, Ledger()), [{"resource": "config", "host_whitelist": ["x"]}])
    assert "it refuses the host name that it is called by (403); add it to host_whitelist" in outcome["problems"][0]


# -- qBittorrent's logins

def test_the_password_changes_and_the_task_can_run_again(own, tmp_path):
    one = own("qbittorrent")
    task = {"settings": {"web_ui_password": SECRET, "web_ui_username": "somebody"}}
    promised = run(one, tmp_path, "qbittorrent_preferences", task, check=True)
    assert promised["changed"] and run(one, tmp_path, "qbittorrent_info", {})["preferences"]["web_ui_username"] == LOGIN[0]
    first = run(one, tmp_path, "qbittorrent_preferences", task)
    assert first["changes"] == promised["changes"] and SECRET not in first["_text"]
    # The same task, with a login that is no longer right.
    again = run(one, tmp_path, "qbittorrent_preferences", task)
    assert not again.get("failed") and not again["changed"]
    other = run(one, tmp_path, "qbittorrent_category", {"name": "tv"})
    assert "user name or password is wrong" in other["msg"]
    assert held(one, "qbittorrent", {"username": "somebody", "password": SECRET})[0]["web_ui_username"] == "somebody"


def test_a_ban_is_told_as_one(own, tmp_path):
    one = own("qbittorrent")
    for dummy in range(5):
        found = run(one, tmp_path, "qbittorrent_info", {"password": "wrong-one"})
    assert "banned" in run(one, tmp_path, "qbittorrent_info", {})["msg"] or "banned" in found["msg"]


def own_address():
    """An address of this machine that is not the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


def test_a_lost_password_is_set_from_inside_the_container(own, tmp_path, monkeypatch):
    one = own("qbittorrent", local=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    # `docker exec -i qbittorrent ...` runs what follows where qBittorrent is, which is here.
    (tools / "docker").write_text("#!/bin/sh\necho \"$@\" >> '{0}/calls'\nshift 3\nunset http_proxy\nexec \"$@\"\n".format(tmp_path))
    (tools / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", "{0}:{1}".format(tools, os.environ["PATH"]))
    monkeypatch.delenv("WEBUI_PORT", raising=False)
    url = "http://{0}:{1}".format(own_address(), one.port)
    family, wish = FAMILIES["qbittorrent"], {"resource": "preferences", "container": "qbittorrent",
                                             "settings": {"web_ui_username": "media", "web_ui_password": SECRET, "queueing_enabled": False}}
    rest = {"resource": "category", "name": "tv", "save_path": "/config/tv"}

    def work(check=False):
        return converge_app(family.worker(family.client(url, "media", SECRET, wait_timeout=5), Ledger(), {}, check), [dict(wish), dict(rest)])

    promised = work(check=True)
    assert [change["resource"] for change in promised["changes"]] == ["preferences"] and not (tmp_path / "calls").exists()
    done = work()
    assert done["problems"] == [] and [change["action"] for change in done["changes"]] == ["update", "create"]
    assert SECRET not in (tmp_path / "calls").read_text() and SECRET not in json.dumps(done["changes"])
    assert work()["changes"] == []


class Newer:
    """qBittorrent 5.2 as its sources have it: 204 and 401 for a login, a cookie of another name, an API key."""

    def __init__(self):
        self.sessions, self.preferences = set(), {"queueing_enabled": True, "random_port": False}

    def __call__(self, environ, start_response):
        path, form = environ["PATH_INFO"], {key: value[0] for key, value in parse_qs(testing.read(environ).decode()).items()}
        if path == "/api/v2/auth/login":
            if (form.get("username"), form.get("password")) != LOGIN:
                return testing.respond(start_response, 401, "", "text/plain")
            self.sessions.add(uuid.uuid4().hex)
            return testing.respond(start_response, 204, "", "text/plain", Set_Cookie="QBT_SID_8080={0}; path=/".format(sorted(self.sessions)[-1]))
        cookie = re.search("QBT_SID_8080=(\\w+)", environ.get("HTTP_COOKIE", ""))
        if not (cookie and cookie.group(1) in self.sessions) and environ.get("HTTP_AUTHORIZATION") != "Bearer qbt_" + "k" * 28:
            return testing.respond(start_response, 401 if environ.get("HTTP_AUTHORIZATION") else 403, "", "text/plain")
        if path == "/api/v2/app/setPreferences":
            self.preferences.update(json.loads(form["json"]))
            return testing.respond(start_response, 204, "", "text/plain")
        if path == "/api/v2/app/preferences":
            return testing.respond(start_response, 200, self.preferences)
        return testing.respond(start_response, 200, "v5.2.3" if path.endswith("/version") else "2.15.1", "text/plain")


@pytest.mark.parametrize("credentials, words", [({"username": LOGIN[0], "password": LOGIN[1]}, None), ({"api_key": "qbt_" + "k" * 28}, None),
                                                ({"username": LOGIN[0], "password": "wrong-one"}, "user name or password is wrong"),
                                                ({"api_key": "qbt_" + "x" * 28}, "the API key is wrong")])
def test_the_logins_of_newer_versions(tmp_path, credentials, words):
    with testing.start_wsgi(Newer()) as handle:
        task = dict(credentials, url=handle.url, state_root=str(tmp_path), wait_timeout=5, settings={"queueing_enabled": False})
        found = run_module("qbittorrent_preferences", task)
        if words:
            assert words in found["msg"]
            return
        assert found["changed"], found
        assert not run_module("qbittorrent_preferences", task)["changed"]


def test_a_port_that_qbittorrent_does_not_know(own, tmp_path):
    one = own("qbittorrent")
    assert run(one, tmp_path, "qbittorrent_preferences", {"settings": {"web_ui_host_header_validation_enabled": True}})["changed"]
    client = FAMILIES["qbittorrent"].client(one.url, *LOGIN)
    client._session.headers["Host"] = "127.0.0.1:28080"
    outcome = converge_app(FAMILIES["qbittorrent"].worker(client, Ledger()), [{"resource": "category", "name": "tv"}])
    assert "it refuses the address that it is called by (401); publish the port under the number that it listens on" in outcome["problems"][0]


# -- NZBGet's file

def test_nzbget_keeps_every_option_and_goes_back_from_what_it_does_not_like(own, tmp_path):
    one = own("nzbget")
    before = held(one, "nzbget")
    comments = [line for line in (one.directory / "nzbget.conf").read_text().splitlines() if line.startswith("#")]
    for settings, words in (({"ArticleCache": "lots"}, 'Invalid value for option "ArticleCache"'), ({"MainDir": "/proc/nope"}, "could not create directory")):
        found = run(one, tmp_path, "nzbget_config", {"settings": settings})
        assert words in found["msg"] and "the former options hold again" in found["msg"] and not found["changed"]
        assert held(one, "nzbget") == before
    info = run(one, tmp_path, "nzbget_info", {})
    assert info["complaints"] == []
    assert run(one, tmp_path, "nzbget_config", {"settings": {"KeepHistory": 9}})["changed"]
    assert held(one, "nzbget") == dict(before, KeepHistory="9")
    assert [line for line in (one.directory / "nzbget.conf").read_text().splitlines() if line.startswith("#")] == comments


def test_nzbget_restarts_once_for_many_resources_and_leaves_no_gap(own, tmp_path):
    one = own("nzbget")
    client = FAMILIES["nzbget"].client(one.proxy.url, *LOGIN)
    wishes = [{"resource": "config", "settings": {"KeepHistory": 8}}, {"resource": "category", "name": "tv", "dest_dir": "/config/downloads/tv"},
              {"resource": "category", "name": "Series", "state": "absent"}, {"resource": "category", "name": "music", "dest_dir": "/nope", "keep": True}]
    outcome = converge_app(FAMILIES["nzbget"].worker(client, Ledger()), wishes)
    assert outcome["problems"] == [] and [change["action"] for change in outcome["changes"]] == ["update", "create", "delete"]
    assert sum('"reload"' in item["body"] for item in one.proxy.writes()) == 1
    options = held(one, "nzbget")
    assert [options["Category{0}.Name".format(number)] for number in (1, 2, 3, 4)] == ["Movies", "Music", "Software", "tv"]
    assert "Category5.Name" not in options and options.get("Category2.DestDir", "") == ""


def test_nzbget_goes_on_with_a_new_login(own, tmp_path):
    one = own("nzbget")
    found = run(one, tmp_path, "nzbget_config", {"settings": {"ControlPassword": SECRET}})
    assert found["changed"] and SECRET not in found["_text"], found
    assert not run(one, tmp_path, "nzbget_config", {"settings": {"ControlPassword": SECRET}, "password": SECRET})["changed"]


# -- a fresh install, and what becomes of it

def planned(app, port, category="tv"):
    """The files of an app and what the wiring wants of it, with a Sonarr that uses a category."""
    services = {app: {"port": port}, "sonarr": {"settings": {"category": category}}}
    found = plan.full({"here": {"variables": {"media_address": "192.168.1.12", "media_services": services}, "undefined": {}}}, {}, catalog.load())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    host = found["hosts"]["here"]
    return host["files"], next(entry for entry in host["wiring"]["apps"] if entry["name"] == app)


@pytest.mark.parametrize("app", sorted(CREDENTIALS))
def test_a_fresh_install_is_as_the_wiring_wants_it_and_follows(tmp_path, app):
    """The files of the plan before the first start, then its wiring: nothing to do but for a password that nobody can read."""
    port = testing.free_port()
    files, entry = planned(app, port)
    secrets = {app + ".username": "media", app + ".password": LOGIN[1], app + ".api_key": KEY, app + ".nzb_key": NZB_KEY}
    directory = tmp_path / app
    directory.mkdir()
    for item in files:
        if "/{0}/".format(app) in item["path"] or item["path"].endswith("start.sh"):
            target = directory / item["path"].rpartition("/{0}/".format(app) if item["seed"] else "/")[2]
            target.parent.mkdir(exist_ok=True)
            target.write_text(tokens.resolve(item["content"], secrets))
    if app == "nzbget":
        begin = ["env", "NZBGET_USER=media", "NZBGET_PASS=" + LOGIN[1], "PUID=0", "PGID=0", "/bin/sh", "/config/start.sh"]
        # It ends where the image would start the program.
        assert "neither" in subprocess.run(real_clients.inside(directory, begin), capture_output=True, text=True, check=False).stderr
    command = real_clients.COMMANDS[app] + (["--webui-port={0}".format(port), "--torrenting-port=6881"] if app == "qbittorrent" else [])
    one = real_clients.Program(directory, port, command)
    ledger = Ledger()
    # qBittorrent lets its own machine in without a login, which a host with a published port is not.
    url = "http://{0}:{1}".format(own_address(), port) if app == "qbittorrent" else one.url

    def wire(entry):
        family = FAMILIES[app]
        client = family.client(url, **{key: secrets[entry[key]["secret"]] for key in family.needs}, timeout=20)
        done = converge_app(family.worker(client, ledger, secrets), entry["resources"])
        assert done["problems"] == []
        return [field for change in done["changes"] for field in change["fields"]]

    try:
        assert wire(entry) == (["misc.password"] if app == "sabnzbd" else [])
        assert wire(entry) == []
        entry = planned(app, port, category="series")[1]
        assert "name" in wire(entry) and wire(entry) == []
        if app == "sabnzbd":
            secrets["sabnzbd.password"] = SECRET
            assert wire(entry) == ["misc.password"] and wire(entry) == []
    finally:
        one.stop()
