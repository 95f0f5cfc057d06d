# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For random objects and wishes: what is applied is a fixed point, and what is not named stays."""
from __future__ import annotations

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.homelab.media.plugins.module_utils.arr import KINDS
from ansible_collections.homelab.media.plugins.module_utils.resource import MASK, is_secret_field, plan

CLIENT = KINDS["download_client"]
TEXT = st.text("abcXYZ09/.-_ ", max_size=8)
NAMES = ["host", "port", "useSsl", "username", "password", "apiKey", "initialState", "categories", "newThing"]
OPTIONS = [{"value": number, "name": name} for number, name in enumerate(["Started", "Force Started", "Stopped"])]
TYPES = {
    "host": ({"type": "textbox"}, TEXT),
    "port": ({"type": "number"}, st.integers(0, 70000)),
    "useSsl": ({"type": "checkbox"}, st.booleans()),
    "username": ({"type": "textbox", "privacy": "userName"}, TEXT),
    "password": ({"type": "password", "privacy": "password"}, TEXT),
    "apiKey": ({"type": "textbox", "privacy": "apiKey"}, TEXT),
    "initialState": ({"type": "select", "selectOptions": OPTIONS}, st.sampled_from([0, 1, 2, "Started", "stopped", "forcestarted"])),
    "categories": ({"type": "select", "selectOptions": OPTIONS}, st.lists(st.sampled_from([0, 1, 2]), max_size=3, unique=True)),
    "newThing": ({"type": "unheardOf"}, st.lists(st.integers(), max_size=2)),
}
STORED = {name: strategy for name, (_entry, strategy) in TYPES.items()}
STORED["initialState"] = st.sampled_from([0, 1, 2])


@st.composite
def objects(draw):
    fields = []
    for name in NAMES:
        entry = dict(TYPES[name][0], name=name, order=len(fields))
        value = draw(st.one_of(st.none(), STORED[name]))
        if value is not None:
            entry["value"] = MASK if entry.get("privacy") in ("password", "apiKey") and value else value
        fields.append(entry)
    return {"id": 1, "name": "client", "implementation": "X", "enable": draw(st.booleans()), "priority": draw(st.integers(1, 50)),
            "tags": draw(st.lists(st.integers(1, 9), max_size=3, unique=True)), "unknownKey": draw(st.one_of(TEXT, st.dictionaries(TEXT, TEXT, max_size=2))),
            "fields": fields}


@st.composite
def wishes(draw):
    wish = {"name": "client"}
    for name, strategy in (("enable", st.booleans()), ("priority", st.integers(1, 50)), ("tags", st.lists(st.integers(1, 9), max_size=3, unique=True))):
        if draw(st.booleans()):
            wish[name] = draw(strategy)
    named = draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True))
    if named:
        wish["fields"] = {name: draw(TYPES[name][1]) for name in named}
    return wish


def stored(payload):
    """What the app makes of an object that it is sent: it masks its secrets."""
    kept = copy.deepcopy(payload)
    for entry in kept["fields"]:
        if entry.get("privacy") in ("password", "apiKey") and entry.get("value"):
            entry["value"] = MASK
    return kept


@settings(max_examples=150, deadline=None)
@given(objects(), wishes())
def test_a_second_plan_is_empty_and_unnamed_keys_stay(current, wish):
    ledger = {}

    def known(name, value):
        return ledger.get(name) == value
    original = copy.deepcopy(current)
    first = plan(CLIENT, current, wish, known_secret=known)
    again = plan(CLIENT, current, wish, known_secret=known)
    # Deciding has no memory of its own, so check mode decides the same.
    assert (first.action, first.payload, first.after) == (again.action, again.payload, again.after)
    assert current == original
    sent = first.payload
    for key in set(original) - set(wish) - {"fields"}:
        assert sent[key] == original[key]
    named = set(wish.get("fields") or {})
    for entry, was in zip(sent["fields"], original["fields"]):
        if entry["name"] not in named:
            assert entry == was
    for entry in sent["fields"]:
        assert not (is_secret_field(entry) and entry.get("value") == MASK and entry["name"] in first.pushed and first.action == "update"
                    and "fields." + entry["name"] in first.after)
    ledger.update(first.pushed)
    second = plan(CLIENT, stored(sent) if first.action else current, wish, known_secret=known)
    assert second.action is None, (second.before, second.after)


@settings(max_examples=150, deadline=None)
@given(objects(), wishes())
def test_what_is_created_is_a_fixed_point(template, wish):
    template.pop("id")
    ledger = {}
    made = plan(CLIENT, None, wish, template=template)
    ledger.update(made.pushed)
    assert all(entry.get("value") != MASK for entry in made.payload["fields"])
    assert plan(CLIENT, dict(stored(made.payload), id=1), wish, known_secret=lambda name, value: ledger.get(name) == value).action is None
