# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging nested settings, and settling them on an app that may not take them."""
from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.homelab.media.plugins.module_utils import documents, worker
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError
from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger

MASK = "**********"
LEAF = st.one_of(st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=3))
NESTED = st.recursive(st.dictionaries(st.sampled_from("abcd"), LEAF, max_size=4),
                      lambda inner: st.dictionaries(st.sampled_from("abcd"), st.one_of(LEAF, inner), max_size=4), max_leaves=12)


@pytest.mark.parametrize("current, wanted, options, before, after", [
    ({"a": 1, "b": 2}, {"a": 1}, {}, {}, {}),
    ({"a": 1, "b": 2}, {"a": 3}, {}, {"a": 1}, {"a": 3}),
    ({"a": {"x": 1, "y": 2}}, {"a": {"x": 5}}, {}, {"a.x": 1}, {"a.x": 5}),
    ({}, {"a": {"x": 5}}, {}, {"a.x": None}, {"a.x": 5}),
    ({"a": 1}, {"a": None}, {}, {}, {}),
    ({"a": [1, 2]}, {"a": [2, 1]}, {}, {}, {}),
    ({"a": [1, 2]}, {"a": [2, 1]}, {"ordered": ["a"]}, {"a": [1, 2]}, {"a": [2, 1]}),
    ({"a": True}, {"a": 1}, {}, {"a": True}, {"a": 1}),
    ({"p": "old"}, {"p": "fresh"}, {"secrets": ["p"]}, {"p": HIDDEN}, {"p": HIDDEN + " (new)"}),
    ({"p": ""}, {"p": "fresh"}, {"secrets": ["p"]}, {"p": None}, {"p": HIDDEN + " (new)"}),
    ({"p": "same"}, {"p": "same"}, {"secrets": ["p"]}, {}, {}),
    ({"p": MASK}, {"p": "pushed"}, {"secrets": ["p"], "known": lambda path, value: value == "pushed"}, {}, {}),
    ({"p": MASK}, {"p": "other"}, {"secrets": ["p"], "known": lambda path, value: value == "pushed"}, {"p": HIDDEN}, {"p": HIDDEN + " (new)"}),
    ({"p": MASK}, {"p": ""}, {"secrets": ["p"]}, {}, {}),
])
def test_merging(current, wanted, options, before, after):
    merged = documents.merge(current, wanted, **options)
    assert (merged.before, merged.after) == (before, after)


@given(NESTED, NESTED)
def test_a_second_merge_finds_nothing_and_what_is_not_named_stays(current, wanted):
    whole = copy.deepcopy(current)
    merged = documents.merge(current, wanted)
    assert current == whole
    assert not documents.merge(merged.payload, wanted).after
    assert {key: value for key, value in merged.payload.items() if key not in wanted} == {
        key: value for key, value in current.items() if key not in wanted}


class Client:
    """What a worker needs to know of a client."""

    def __init__(self):
        self.url, self.name, self.key, self.wait_timeout, self.secrets = "http://app", "app", "app", 1, set()


class App(worker.Worker):
    """An app that holds one object, and may not take everything."""

    stubborn = ()

    def __init__(self, held, **options):
        super().__init__(Client(), options.pop("ledger", None) or Ledger(None), **options)
        self.held, self.writes = held, []

    def put(self, payload):
        self.writes.append(payload)
        self.held = {key: value for key, value in payload.items() if key not in self.stubborn}
        return dict(self.held, password=MASK) if "password" in self.held else self.held

    def do_thing(self, wish):
        shown = dict(self.held, password=MASK) if self.held.get("password") else self.held
        return self.settle("thing", "thing", shown, wish, self.put, secrets=["password"])


def test_a_masked_secret_is_pushed_once_also_after_the_ledger_is_lost():
    app = App({"id": 1, "password": "before"})
    first, second = (app.converge({"resource": "thing", "password": "geheim-0815"}) for _count in range(2))
    assert (first["action"], second["action"], len(app.writes)) == ("update", None, 1)
    assert app.held["password"] == "geheim-0815"
    app.ledger = Ledger(None)
    assert [app.converge({"resource": "thing", "password": "geheim-0815"})["action"] for _count in range(2)] == ["update", None]
    assert "geheim-0815" not in str(first)


def test_check_mode_writes_nothing_and_says_the_same():
    app = App({"id": 1, "size": 1})
    dry = App({"id": 1, "size": 1}, check_mode=True)
    wish = {"resource": "thing", "size": 2, "password": "geheim-0815"}
    said = [each.converge(wish) for each in (dry, app)]
    assert [{key: entry[key] for key in ("action", "fields", "before", "after")} for entry in said][0] == {
        key: said[1][key] for key in ("action", "fields", "before", "after")}
    assert (dry.writes, len(app.writes)) == ([], 1)


def test_what_the_app_did_not_take_is_an_error():
    app = App({"id": 1, "size": 1})
    app.stubborn = ("size",)
    with pytest.raises(MediaError, match="thing: the app answered that it saved it, but size did not change"):
        app.converge({"resource": "thing", "size": 2})


def test_an_unknown_kind_names_those_that_are_there():
    with pytest.raises(MediaError, match="there is no kind of resource thin; did you mean thing"):
        App({}).converge({"resource": "thin"})
