# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure decision: what a wish changes in an object, and above all what it leaves alone."""
from __future__ import annotations

import copy

import pytest

from ansible_collections.homelab.media.plugins.module_utils import resource
from ansible_collections.homelab.media.plugins.module_utils.arr import KINDS
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.resource import MASK, plan

CLIENT = KINDS["download_client"]
STATE = [{"value": 0, "name": "Started"}, {"value": 1, "name": "Force Started"}, {"value": 2, "name": "Stopped"}]


def client(**changes):
    return dict({
        "id": 7, "name": "qBittorrent", "implementation": "QBittorrent", "configContract": "QBittorrentSettings", "protocol": "torrent",
        "enable": True, "priority": 1, "tags": [1, 2], "keyOfANewVersion": {"a": [1]},
        "fields": [
            {"name": "host", "type": "textbox", "value": "localhost"},
            {"name": "port", "type": "textbox", "value": 8080},
            {"name": "useSsl", "type": "checkbox", "value": False},
            {"name": "username", "type": "textbox", "privacy": "userName", "value": "media"},
            {"name": "password", "type": "password", "privacy": "password", "value": MASK},
            {"name": "tvCategory", "type": "textbox", "value": "tv"},
            {"name": "initialState", "type": "select", "value": 0, "selectOptions": STATE},
            {"name": "fieldOfANewVersion", "type": "somethingNew", "value": {"b": 2}},
        ]}, **changes)


def value_of(payload, name):
    return next(entry.get("value") for entry in payload["fields"] if entry["name"] == name)


def test_a_partial_wish_changes_what_it_names_and_nothing_else():
    before = client()
    change = plan(CLIENT, copy.deepcopy(before), {"name": "qBittorrent", "priority": 2})
    assert change.action == "update"
    assert change.payload == dict(before, priority=2)
    assert (change.before, change.after) == ({"priority": 1}, {"priority": 2})
    assert change.pushed == {}


def test_the_object_that_was_read_is_not_touched():
    before = client()
    copied = copy.deepcopy(before)
    plan(CLIENT, before, {"name": "qBittorrent", "priority": 9, "fields": {"host": "other"}})
    assert before == copied


@pytest.mark.parametrize("wish", [
    {"name": "QBITTORRENT"},
    {"name": "qBittorrent", "priority": 1},
    {"name": "qBittorrent", "tags": [2, 1]},
    {"name": "qBittorrent", "category": "tv"},
    {"name": "qBittorrent", "fields": {"port": "8080"}},
    {"name": "qBittorrent", "fields": {"useSsl": "no"}},
    {"name": "qBittorrent", "fields": {"initialState": "started"}},
    {"name": "qBittorrent", "fields": {"initialState": "0"}},
])
def test_what_is_so_already_is_no_change(wish):
    assert plan(CLIENT, client(), wish).action is None


@pytest.mark.parametrize("field, wished, stored", [
    ("port", "9090", 9090),
    ("port", 9090.0, 9090),
    ("useSsl", "yes", True),
    ("useSsl", 1, True),
    ("initialState", "Stopped", 2),
    ("initialState", "force started", 1),
    ("initialState", 2, 2),
    ("host", 10, "10"),
    ("host", None, None),
    ("port", "", None),
])
def test_values_get_the_type_of_the_schema(field, wished, stored):
    change = plan(CLIENT, client(), {"name": "qBittorrent", "fields": {field: wished}})
    assert value_of(change.payload, field) == stored
    assert type(value_of(change.payload, field)) is type(stored)


@pytest.mark.parametrize("fields, words", [
    ({"hots": "x"}, ["no field hots", "did you mean host"]),
    ({"port": "garbage"}, ["port is a number", "garbage"]),
    ({"port": True}, ["port is a number"]),
    ({"port": "nan"}, ["port is a number"]),
    ({"useSsl": "perhaps"}, ["useSsl is yes or no", "perhaps"]),
    ({"initialState": "Stoped"}, ["initialState has no option Stoped", "Stopped (2)"]),
    ({"initialState": 9}, ["no option 9"]),
    ({"host": True}, ["host is text"]),
    ({"host": {"a": 1}}, ["host is text"]),
])
def test_wrong_fields_are_told_in_a_sentence(fields, words):
    with pytest.raises(MediaError) as error:
        plan(CLIENT, client(), {"name": "qBittorrent", "fields": fields}, "sonarr: the download client qBittorrent")
    for word in words + ["sonarr: the download client qBittorrent"]:
        assert word in str(error.value)


def test_the_value_of_a_secret_is_never_told():
    for wrong in ({"list": "hunter2hunter2"}, True):
        with pytest.raises(MediaError) as error:
            plan(CLIENT, client(), {"name": "qBittorrent", "fields": {"password": wrong}})
        assert "hunter2" not in str(error.value)


def test_an_unknown_setting_is_told_with_its_neighbours():
    with pytest.raises(MediaError, match="no setting prioritty; did you mean priority"):
        plan(CLIENT, client(), {"name": "qBittorrent", "prioritty": 3})


def test_lists_given_as_text_become_lists():
    entries = [{"name": "categories", "type": "select", "value": [5000], "selectOptions": [{"value": 5000, "name": "TV"}, {"value": 5030, "name": "TV/SD"}]},
               {"name": "topics", "type": "tag", "value": ["a"]}]
    merged, _before, after, _pushed = resource.merge_fields(entries, {"categories": "TV, 5030", "topics": "b,c"}, "x", lambda name, value: False)
    assert [entry["value"] for entry in merged] == [[5000, 5030], ["b", "c"]]
    assert set(after) == {"fields.categories", "fields.topics"}


# Secrets

def test_a_masked_secret_is_pushed_once():
    known = {}

    def ledger(name, value):
        return known.get(name) == value
    wish = {"name": "qBittorrent", "fields": {"password": "new password"}}
    first = plan(CLIENT, client(), wish, known_secret=ledger)
    assert first.action == "update" and first.pushed == {"password": "new password"}
    assert value_of(first.payload, "password") == "new password"
    assert "new password" not in str(first.before) + str(first.after)
    known.update(first.pushed)
    assert plan(CLIENT, client(), wish, known_secret=ledger).action is None
    # Rotated: once more, and no more after that.
    wish["fields"]["password"] = "rotated password"
    second = plan(CLIENT, client(), wish, known_secret=ledger)
    assert second.action == "update"
    known.update(second.pushed)
    assert plan(CLIENT, client(), wish, known_secret=ledger).action is None


def test_without_a_ledger_a_secret_is_pushed_again_and_known_then():
    wish = {"name": "qBittorrent", "fields": {"password": "old password"}}
    assert plan(CLIENT, client(), wish).pushed == {"password": "old password"}


def test_an_unnamed_secret_keeps_its_mask():
    change = plan(CLIENT, client(), {"name": "qBittorrent", "fields": {"host": "other"}})
    assert value_of(change.payload, "password") == MASK


def test_a_secret_that_is_shown_is_compared_and_hidden():
    discord = {"id": 1, "name": "d", "fields": [{"name": "webHookUrl", "type": "url", "value": "https://d/secret-one"}]}
    kind = KINDS["notification"]
    same = plan(kind, discord, {"name": "d", "fields": {"webHookUrl": "https://d/secret-one"}})
    assert same.action is None
    changed = plan(kind, discord, {"name": "d", "fields": {"webHookUrl": "https://d/secret-two"}})
    assert changed.action == "update" and "secret-" not in str(changed.before) + str(changed.after)


def test_a_mask_in_the_schema_is_not_stored():
    template = client(name="", tags=[])
    template.pop("id")
    change = plan(CLIENT, None, {"name": "new", "priority": 3}, template=template)
    assert change.action == "create" and value_of(change.payload, "password") == ""
    assert "id" not in change.payload and change.payload["priority"] == 3 and change.payload["enable"] is True


def test_a_secret_can_be_emptied_once():
    wish = {"name": "qBittorrent", "fields": {"password": ""}}
    change = plan(CLIENT, client(), wish)
    assert change.action == "update" and value_of(change.payload, "password") == ""
    assert plan(CLIENT, change.payload, wish).action is None


# Host settings

def host(**changes):
    return dict({"id": 1, "authenticationMethod": "forms", "username": "admin", "password": "hash==", "passwordConfirmation": "", "port": 8989,
                 "urlBase": "/sonarr", "logLevel": "info", "proxyPassword": "proxy secret", "launchBrowser": True, "apiKey": "k" * 32}, **changes)


def test_host_settings_keep_the_login_and_the_method():
    change = plan(KINDS["config_host"], host(), {"launch_browser": False})
    assert change.payload == host(launchBrowser=False)


@pytest.mark.parametrize("wish", [{"url_base": "sonarr/"}, {"username": "Admin"}, {"port": "8989"}, {"launch_browser": "yes"},
                                  {"proxy_password": "proxy secret"}])
def test_host_settings_that_mean_the_same(wish):
    assert plan(KINDS["config_host"], host(), wish).action is None


@pytest.mark.parametrize("wish, words", [
    ({"log_levle": "debug"}, "did you mean log_level"),
    ({"log_level": "loud"}, "log_level is one of"),
    ({"authentication_method": "form"}, "authentication_method is one of"),
    ({"port": "http"}, "port is a number"),
    ({"launch_browser": "perhaps"}, "launch_browser is yes or no"),
])
def test_host_settings_that_the_app_would_take_without_a_word(wish, words):
    with pytest.raises(MediaError, match=words):
        plan(KINDS["config_host"], host(), wish)


def test_a_proxy_password_changed_by_hand_is_set_back():
    change = plan(KINDS["config_host"], host(), {"proxy_password": "the right one"}, known_secret=lambda name, value: True)
    assert change.payload["proxyPassword"] == "the right one" and "right one" not in str(change.after)


# Identity

@pytest.mark.parametrize("kind, items, wish, found", [
    ("tag", [{"id": 1, "label": "kids"}], {"label": "Kids"}, 1),
    ("root_folder", [{"id": 2, "path": "/data/tv"}], {"path": "/data/tv/"}, 2),
    ("root_folder", [{"id": 2, "path": "/data/tv"}], {"path": "/data/TV"}, None),
    ("download_client", [{"id": 3, "name": "SABnzbd"}], {"name": "sabnzbd"}, 3),
    ("remote_path_mapping", [{"id": 4, "host": "NAS", "remotePath": "/d/"}], {"host": "nas", "remote_path": "/d"}, 4),
    ("custom_format", [{"id": 5, "name": "x265"}], {"name": "X265"}, None),
    ("delay_profile", [{"id": 1, "tags": []}, {"id": 6, "tags": [3, 1]}], {"tags": [1, 3]}, 6),
    ("delay_profile", [{"id": 1, "tags": []}, {"id": 6, "tags": [3, 1]}], {"tags": []}, 1),
])
def test_objects_are_found_by_what_identifies_them(kind, items, wish, found):
    result = resource.find(KINDS[kind], items, wish, "here")
    assert (result or {}).get("id") == found


def test_two_of_one_name_are_told_with_their_ids():
    with pytest.raises(MediaError, match=r"2 of that name \(ids 1, 2\)"):
        resource.find(CLIENT, [{"id": 1, "name": "x"}, {"id": 2, "name": "X"}], {"name": "x"}, "here")


@pytest.mark.parametrize("present, action", [(True, "delete"), (False, None)])
def test_absent(present, action):
    assert plan(CLIENT, client() if present else None, {"name": "qBittorrent", "state": "absent"}).action == action


@pytest.mark.parametrize("left, right, equal", [
    (None, "", True), ([], None, True), ([1, 2], [2, 1], True), ([1], [1, 1], False), (True, 1, False), (False, None, False), ("a", "A", False),
    ([{"a": 1}], [{"a": 1}], True)])
def test_what_counts_as_the_same(left, right, equal):
    assert resource.same(left, right) is equal
