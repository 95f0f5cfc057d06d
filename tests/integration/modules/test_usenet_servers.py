# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""News servers of the inventory, from C(media_usenet_servers) to the real SABnzbd and NZBGet."""
from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import real_clients
import requests
import yaml
from real_clients import KEY, LOGIN
from runs import ROOT, run_module

from ansible_collections.homelab.media.plugins.filter.secrets import given_secrets
from ansible_collections.homelab.media.plugins.plugin_utils import catalog, plan

PASSWORD, OTHER = "n3wsfish-provider-0815", "n3wsfish-provider-4712"
CREDENTIALS = {"sabnzbd": {"api_key": KEY}, "nzbget": dict(zip(("username", "password"), LOGIN))}
FIRST = {"name": "provider", "host": "News.Example.org", "username": "somebody", "password": PASSWORD, "connections": 20, "enabled": False}
SECOND = {"name": "block account", "host": "block.example.org", "ssl": False, "priority": 1, "optional": True, "enabled": False}
# What each calls it.
NAMES = {"sabnzbd": {"on": "enable", "ssl": "ssl", "priority": "priority"}, "nzbget": {"on": "active", "ssl": "encryption", "priority": "level"}}


@pytest.fixture(params=["sabnzbd", "nzbget"])
def app(request):
    return request.param


@pytest.fixture
def program(app, tmp_path):
    one = real_clients.STARTS[app](tmp_path / app)
    yield one
    one.stop()


def wiring(app, servers, settings=None):
    """The entry of media_wiring that the plan has for an app, with nothing but news servers, and the values of all secrets."""
    variables = {"media_address": "192.168.1.12", "media_usenet_servers": servers, "media_secrets": {"usenet.block": OTHER},
                 "media_services": {app: {"settings": settings or {}, "secrets": CREDENTIALS[app]}}}
    found = plan.full({"here": {"variables": variables, "undefined": {}}}, {}, catalog.load())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    host = found["hosts"]["here"]
    entry = next(entry for entry in host["wiring"]["apps"] if entry["name"] == app)
    given = given_secrets(variables["media_services"], variables["media_secrets"], {}, servers)
    known = {spec["name"] for spec in host["secrets"]["specs"]}
    assert PASSWORD not in str(found) and OTHER not in str(found)
    return dict(entry, resources=[item for item in entry["resources"] if item["resource"] == "server"]), {
        name: value for name, value in given.items() if name in known}


def held(program, app):
    """The servers that a program has, by name: options in lower case to texts."""
    session = requests.Session()
    session.trust_env = False
    if app == "sabnzbd":
        found = session.get(program.url + "/api", params={"mode": "get_config", "output": "json", "apikey": KEY}, timeout=10).json()["config"]
        return {item["displayname"]: {key: str(value) for key, value in item.items()} for item in found.get("servers") or []}
    session.auth = LOGIN
    servers = {}
    for item in session.get(program.url + "/jsonrpc/loadconfig", timeout=10).json()["result"]:
        block, dot, key = item["Name"].lower().partition(".")
        if block.startswith("server") and dot:
            servers.setdefault(block, {})[key] = {"yes": "1", "no": "0"}.get(item["Value"].lower(), item["Value"])
    return {item["name"]: item for item in servers.values()}


def test_six_steps(app, program, tmp_path):
    def wire(servers, check=False, settings=None):
        entry, secrets = wiring(app, servers, settings)
        program.proxy.clear()
        done = run_module("media_wiring", {"apps": [dict(entry, url=program.proxy.url)], "secrets": secrets, "state_root": str(tmp_path / "state"),
                                           "wait_timeout": 10}, check)
        assert not done.get("failed"), done["msg"]
        shown = dict(done, invocation=None)
        assert not [secret for secret in (PASSWORD, OTHER, KEY, LOGIN[1]) if secret in str(shown)]
        assert not [item for item in program.proxy.seen() if PASSWORD in item["path"] or OTHER in item["path"]]
        return done

    before = held(program, app)
    # 1: create, a check of it first
    promised = wire([FIRST, SECOND], check=True)
    assert promised["changed"] and not program.proxy.writes() and held(program, app) == before
    made = wire([FIRST, SECOND])
    assert made["changes"] == promised["changes"] and made["diff"] == promised["diff"] and program.proxy.writes()
    found, names = held(program, app), NAMES[app]
    first, second = found["provider"], found["block account"]
    assert (first["host"], first["port"], first[names["ssl"]], first["username"]) == ("news.example.org", "563", "1", "somebody")
    assert (first["connections"], first[names["on"]], second[names["on"]]) == ("20", "0", "0")
    assert (second["port"], second[names["ssl"]], second[names["priority"]], second["optional"], second["connections"]) == ("119", "0", "1", "1", "8")
    assert (second.get("username", ""), second.get("password", "")) == ("", "") and first["password"] != ""
    # 2: again
    again = wire([FIRST, SECOND])
    assert not again["changed"] and again["diff"] == [] and not program.proxy.writes()
    # What nobody describes is left as a person sets it.
    # 3: check of an edit
    edited = [dict(FIRST, connections=7, password=OTHER, retention=3000), dict(SECOND, username="somebody-else", password={"secret": "usenet.block"})]
    checked = wire(edited, check=True)
    assert not program.proxy.writes() and held(program, app) == found
    passwords = {"password", "server_password"}
    assert [sorted(set(change["fields"]) - passwords - {"username", "server_username"}) for change in checked["changes"]] == [["connections", "retention"], []]
    assert all(set(change["fields"]) & passwords for change in checked["changes"])
    # 4: the edit
    changed = wire(edited)
    assert changed["changes"] == checked["changes"] and changed["diff"] == checked["diff"]
    assert held(program, app)["provider"]["connections"] == "7"
    if app == "nzbget":
        assert held(program, app)["provider"]["password"] == held(program, app)["block account"]["password"] == OTHER
    # 5: again
    assert not wire(edited)["changed"] and not program.proxy.writes()
    # One that an app is not to have any more, or is not described any more, stays; another one is not touched.
    assert not wire(edited[:1])["changed"] and not wire(edited, settings={"servers": ["block account"]})["changed"]
    # 6: delete, and once more
    gone = [edited[0], {"name": "Block Account", "state": "absent"}]
    assert wire(gone, check=True)["changed"] and not program.proxy.writes()
    assert [change["action"] for change in wire(gone)["changes"]] == ["delete"] and set(held(program, app)) == {"provider"}
    assert not wire(gone)["changed"] and not program.proxy.writes()


def test_what_a_person_set_stays(app, program, tmp_path):
    options = dict(CREDENTIALS[app], url=program.url, state_root=str(tmp_path / "state"), wait_timeout=10)
    # As a person makes it, without a name of its own.
    if app == "sabnzbd":
        theirs = {"name": "news.example.org", "host": "news.example.org", "port": 8080, "connections": 33, "enabled": False}
        assert run_module("sabnzbd_server", dict(options, **theirs))["changed"]
    else:
        path = program.directory / "nzbget.conf"
        theirs = {"Host": "news.example.org", "Port": "8080", "Connections": "33", "Active": "no"}
        path.write_text(re.sub("(?m)^Server1\\.(Host|Port|Connections|Active)=.*$", lambda line: "Server1.{0}={1}".format(line[1], theirs[line[1]]),
                               path.read_text()))
        assert run_module("nzbget_config", dict(options, settings={"KeepHistory": 12}))["changed"], "it loads its file again"
    entry, secrets = wiring(app, [{key: FIRST[key] for key in ("name", "host", "username", "password")}, dict(SECOND, host="news.example.org")])
    apps = {"apps": [dict(entry, url=program.url)], "secrets": secrets, "state_root": str(tmp_path / "state"), "wait_timeout": 10}
    done = run_module("media_wiring", apps)
    assert [change["action"] for change in done["changes"]] == ["update", "create"], done
    found = held(program, app)
    assert set(found) == {"provider", "block account"}
    assert (found["provider"]["port"], found["provider"]["connections"], found["provider"][NAMES[app]["on"]]) == ("8080", "33", "0")
    assert not run_module("media_wiring", apps)["changed"]


PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - homelab.media.plan: {stage: full}
      register: preflight_plan
    - ansible.builtin.import_role: {name: homelab.media.secrets}
      vars: {secrets_plan: "{{ preflight_plan.hosts.here.secrets }}"}
    - homelab.media.media_wiring:
        apps: "{{ preflight_plan.hosts.here.wiring.apps }}"
        secrets: "{{ secrets_values }}"
        state_root: "{{ media_state_root }}"
        wait_timeout: 10
"""


def play(tmp_path, *options):
    command = [str(ROOT / ".venv" / "bin" / "ansible-playbook") if (ROOT / ".venv").exists() else "ansible-playbook",
               "-i", str(tmp_path / "inventory"), str(tmp_path / "play.yml"), "--diff", "-vvv", *options]
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".collections"), ANSIBLE_NOCOLOR="1")
    environment.pop("ANSIBLE_CONFIG", None)
    done = subprocess.run(command, cwd=str(tmp_path), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300, check=False)
    return done.returncode, done.stdout


def test_an_inventory_reaches_both_and_no_secret_is_seen(tmp_path):
    """Plan, secrets and wiring as a play runs them, the variable once as a list and once as a template that gives one."""
    programs = {name: real_clients.STARTS[name](tmp_path / name) for name in CREDENTIALS}
    try:
        servers = [dict(FIRST, password="{{ vault_news }}"), dict(SECOND, username="somebody-else", password={"secret": "usenet.block"})]
        variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "media_state_root": str(tmp_path / "state"),
                     "media_address": "127.0.0.1", "vault_news": PASSWORD, "media_secrets": {"usenet.block": OTHER}, "media_usenet_servers": servers,
                     "media_services": {name: {"port": one.port, "adopt": True, "secrets": CREDENTIALS[name]} for name, one in programs.items()}}
        (tmp_path / "play.yml").write_text(PLAYBOOK)
        for number, given in enumerate((servers, "{{ vault_servers }}")):
            inventory = {"all": {"hosts": {"here": dict(variables, media_usenet_servers=given, vault_servers=servers)}}}
            (tmp_path / "inventory").write_text(yaml.safe_dump(inventory))
            code, output = play(tmp_path)
            assert code == 0, output[-3000:]
            assert not [secret for secret in (PASSWORD, OTHER, KEY, LOGIN[1]) if secret in output]
            assert ('"changed": true' in output.rpartition("media_wiring")[2]) is (number == 0), output[-3000:]
        for name, one in programs.items():
            assert set(held(one, name)) == {"provider", "block account"}
        assert held(programs["nzbget"], "nzbget")["provider"]["password"] == PASSWORD
        assert os.stat(str(tmp_path / "state" / "secrets.json")).st_mode & 0o777 == 0o600
    finally:
        for one in programs.values():
            one.stop()
