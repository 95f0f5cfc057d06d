# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""News servers: described once, in every client of the host; mistakes as findings; the login as a reference only."""
from __future__ import annotations

import json

import pytest

from ansible_collections.homelab.media.plugins.action import plan as action
from ansible_collections.homelab.media.plugins.filter.secrets import given_secrets
from ansible_collections.homelab.media.plugins.plugin_utils import plan

from .conftest import HEALTHY, inventory, shipped_catalog

MASKED = "*" * 8 + " []"
SERVER = {"name": "Provider", "host": "News.Example.ORG", "username": MASKED, "password": MASKED}
CLIENTS = {"sabnzbd": {"port": 8085}, "nzbget": {}, "nzbget-2": {"app": "nzbget", "port": 6790}}


def planned(servers, services=None, **variables):
    found = plan.full({"h": inventory(CLIENTS if services is None else services, usenet_servers=servers, **variables)}, {"h": HEALTHY}, shipped_catalog())
    return found, [item for item in found["findings"] if item["severity"] == "error"]


def servers_of(found, name):
    app = next(app for app in found["hosts"]["h"]["wiring"]["apps"] if app["name"] == name)
    return [item for item in app["resources"] if item["resource"] == "server"]


def test_declared_once_they_reach_every_client():
    found, errors = planned([SERVER, {"name": "block", "host": "b.example.org", "port": 443, "connections": "12", "priority": 1, "optional": "yes"}])
    assert errors == []
    login = {key: {"secret": "media_usenet_servers.Provider." + key} for key in ("username", "password")}
    assert servers_of(found, "sabnzbd") == [
        dict(login, resource="server", state="present", name="Provider", host="news.example.org"),
        {"resource": "server", "state": "present", "name": "block", "host": "b.example.org", "port": 443, "connections": 12, "priority": 1, "optional": True}]
    for name in ("nzbget", "nzbget-2"):
        assert servers_of(found, name) == [
            {"resource": "server", "state": "present", "name": "Provider", "host": "news.example.org", "server_username": login["username"],
             "server_password": login["password"]},
            {"resource": "server", "state": "present", "name": "block", "host": "b.example.org", "port": 443, "connections": 12, "level": 1, "optional": True}]
    specs = {spec["name"]: spec for spec in found["hosts"]["h"]["secrets"]["specs"]}
    assert specs["media_usenet_servers.Provider.password"] == {"name": "media_usenet_servers.Provider.password", "format": "plain", "adopt": [],
                                                               "required": False}


def test_only_hosts_with_a_client_get_the_login():
    raw = {"a": inventory({"sonarr": {}}, usenet_servers=[SERVER]), "b": inventory({"sabnzbd": {}}, address="192.168.1.13", usenet_servers=[SERVER])}
    hosts = plan.full(raw, {}, shipped_catalog())["hosts"]
    holds = {name: [spec["name"] for spec in hosts[name]["secrets"]["specs"] if spec["name"].startswith("media_usenet")] for name in hosts}
    assert holds == {"a": [], "b": ["media_usenet_servers.Provider.password", "media_usenet_servers.Provider.username"]}


def test_an_app_can_have_some_of_them_only():
    services = dict(CLIENTS, sabnzbd={"port": 8085, "settings": {"servers": []}}, nzbget={"settings": {"servers": ["block"]}})
    found, errors = planned([SERVER, {"name": "block", "host": "b.example.org"}], services)
    assert errors == []
    assert [[item["name"] for item in servers_of(found, name)] for name in CLIENTS] == [[], ["block"], ["Provider", "block"]]
    found, errors = planned([SERVER], {"sabnzbd": {"settings": {"servers": ["provder"]}}})
    assert [(item["key"], item["message"], item["remedy"]) for item in errors] == [
        ("media_services.sabnzbd.settings.servers", "There is no news server 'provder'.", "Did you mean 'Provider'?")]


def test_a_reference_and_a_removed_one():
    found, errors = planned([dict(SERVER, password={"secret": "usenet.it"}, username={"secret": "admin.username"}), {"name": "old", "state": "absent"}],
                            secrets={"usenet.it": MASKED})
    assert errors == []
    assert servers_of(found, "nzbget")[0]["server_password"] == {"secret": "usenet.it"} and servers_of(found, "nzbget")[1] == {
        "resource": "server", "state": "absent", "name": "old"}
    assert {"usenet.it", "admin.username"} <= {spec["name"] for spec in found["hosts"]["h"]["secrets"]["specs"]}


WRONG = [
    (["x"], "media_usenet_servers[0]", "A news server must be a mapping.", "Write its name"),
    ([{"host": "a.example.org"}], "media_usenet_servers[0].name", "A news server needs a name, by which it is found again.", "Use letters"),
    ([{"name": "a]b", "host": "a.example.org"}], "media_usenet_servers[0].name", "A news server needs a name, by which it is found again.", "Use letters"),
    ([{"name": "a"}], "media_usenet_servers[0].host", "This news server has no address.", "Set host"),
    ([{"name": "a", "host": "https://a.example.org"}], "media_usenet_servers[0].host", "This must be an IP address or a host name", "Correct"),
    ([{"name": "a", "host": "a.example.org", "conections": 3}], "media_usenet_servers[0].conections", "A news server has no option 'conections'.",
     "Did you mean 'connections'"),
    ([{"name": "a", "host": "a.example.org", "level": 3}], "media_usenet_servers[0].level", "A news server has no option 'level'.", "Valid options are"),
    ([{"name": "a", "host": "a.example.org", "connections": 501}], "media_usenet_servers[0].connections", "This must be from 1 to 500, not 501.", "Correct"),
    ([{"name": "a", "host": "a.example.org", "ssl": "maybe"}], "media_usenet_servers[0].ssl", "This must be true or false", "Correct"),
    ([{"name": "a", "host": "a.example.org"}, {"name": "A", "host": "b.example.org"}], "media_usenet_servers[1].name",
     "This news server has the name of media_usenet_servers[0].", "Give each"),
    ([{"name": "a", "host": "a.example.org", "username": MASKED}], "media_usenet_servers[0].password", "This news server has a username and no password.",
     "Give both"),
    ([{"name": "a", "host": "a.example.org", "username": MASKED, "password": "*** []"}], "media_usenet_servers[0].password",
     "This secret is shorter than 8 characters", "Choose"),
    ([dict(SERVER, password={"secret": "usenet.nowhere"})], "media_usenet_servers[0].password", "There is no secret 'usenet.nowhere'.", ""),
    ([dict(SERVER, password=["x"])], "media_usenet_servers[0].password", "This secret is not text.", "Give it as text"),
    ([dict(SERVER, password="${*******")], "media_services.nzbget.settings.servers", "NZBGet replaces '${name}' in every option, and the login at Provider",
     "Choose one without"),
    ({"a": {}}, "media_usenet_servers", "This must be a list, not a mapping.", "Correct"),
]


@pytest.mark.parametrize("servers, key, message, remedy", WRONG, ids=[row[1] + " " + row[2][:25] for row in WRONG])
def test_mistakes_are_findings(servers, key, message, remedy):
    dummy, errors = planned(servers)
    assert [item for item in errors if item["key"] == key and item["message"].startswith(message) and item["remedy"].startswith(remedy)], errors


def test_a_vault_that_is_not_there_is_told_once():
    raw = inventory({"sabnzbd": {}}, usenet_servers=[dict(SERVER, password=None)])
    raw["undefined"] = {"media_usenet_servers[0].password": "'vault_news' is undefined"}
    errors = [item for item in plan.static({"h": raw}, shipped_catalog())["findings"] if item["severity"] == "error"]
    assert [(item["key"], item["message"]) for item in errors] == [
        ("media_usenet_servers[0].password", "This value uses something that is not defined: 'vault_news' is undefined.")]


class Templar:
    """Knows one variable, which holds a list."""

    def template(self, value):
        return [dict(SERVER, password="n3ws-in-clear")] if value == "{{ all_of_them }}" else value


@pytest.mark.parametrize("value", [[dict(SERVER, password="n3ws-in-clear")], "{{ all_of_them }}", {"oops": dict(SERVER, password="n3ws-in-clear")}])
def test_the_plan_never_sees_a_password(value):
    reader = action.Reader(Templar())
    found = reader.read(value, "media_usenet_servers")
    assert "n3ws-in-clear" not in json.dumps(found) and "********" in json.dumps(found) and "News.Example.ORG" in json.dumps(found)
    assert reader.read([{"password": {"secret": "usenet.it"}}], "media_usenet_servers") == [{"password": {"secret": "usenet.it"}}]
    # A secret of a service that is itself called secret is one.
    assert "n3ws-in-clear" not in str(reader.read({"a": {"secrets": {"secret": "n3ws-in-clear"}}}, "media_services"))


def test_values_by_full_names():
    servers = [dict(SERVER, username="me", password="one\n"), dict(SERVER, name="b", username=None, password={"secret": "x.y"}), {"name": "c"}]
    assert given_secrets({}, {"x.y": "two"}, None, servers) == {
        "media_usenet_servers.Provider.username": "me", "media_usenet_servers.Provider.password": "one", "x.y": "two"}
    assert given_secrets({}, None, None, None) == {}
