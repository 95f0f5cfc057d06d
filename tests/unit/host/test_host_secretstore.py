# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which value a secret gets, and what is read from the files of an existing install."""
from __future__ import annotations

import os
import re

import pytest

from ansible_collections.homelab.media.plugins.module_utils.secretstore import generate, read_existing, settle, to_store

NEW = "new-" + "0" * 28


def one(spec, given=None, stored=None, existing=None):
    """The value and its source."""
    spec = dict({"name": "app.key", "format": "hex32", "adopt": [{"path": "/x", "format": "xml", "key": "ApiKey"}]}, **spec)
    values, sources, missing, problems = settle([spec], {"app.key": given} if given else {}, {"app.key": stored} if stored else {},
                                                lambda source: existing, lambda form: None if form == "plain" else NEW)
    return values.get("app.key"), sources.get("app.key"), missing, problems


@pytest.mark.parametrize("spec, given, stored, existing, expected", [
    ({}, None, None, None, (NEW, "generated")),
    ({}, None, None, "existing-key", ("existing-key", "adopted")),
    ({}, None, {"value": "stored-key", "source": "generated"}, "existing-key", ("stored-key", "store")),
    ({}, None, {"value": "stored-key", "source": "adopted"}, "existing-key", ("stored-key", "store")),
    ({}, "given-key", {"value": "stored-key", "source": "generated"}, "existing-key", ("given-key", "given")),
    # Taken out of the inventory again: what the app has counts, then a new one.
    ({}, None, {"value": "stored-key", "source": "given"}, "existing-key", ("existing-key", "adopted")),
    ({"sticky": True}, None, {"value": "stored-key", "source": "given"}, "existing-key", ("stored-key", "store")),
    ({"default": "the-default"}, None, None, None, ("the-default", "default")),
    ({"default": "the-default"}, None, None, "existing-key", ("existing-key", "adopted")),
])
def test_the_order_of_sources(spec, given, stored, existing, expected):
    value, source, missing, problems = one(spec, given, stored, existing)
    assert (value, source) == expected
    assert missing == (["app.key"] if source == "generated" else [])
    assert problems == []


def test_a_value_that_only_its_owner_knows_is_asked_for():
    assert one({"format": "plain", "required": True, "adopt": []})[3] == [
        "the secret app.key is not given: set media_services.app.secrets.key, best in a vault file"]
    assert one({"format": "plain", "adopt": []}) == (None, None, [], [])


def test_a_short_secret_is_a_problem_but_a_name_is_not():
    assert "fewer than 8 characters" in one({}, "short")[3][0] and "short;" not in one({}, "short")[3][0]
    assert one({"format": "plain"}, "ann")[3] == []


def test_a_fallback_follows_its_source():
    specs = [{"name": "admin.password", "format": "password"}, {"name": "app.password", "format": "password", "fallback": "admin.password"}]
    stored = {"app.password": {"value": "old-password", "source": "fallback"}}
    values, sources, missing, problems = settle(specs, {"admin.password": "new-password"}, stored, lambda source: None)
    assert values["app.password"] == "new-password" and sources["app.password"] == "fallback"
    kept = to_store(dict(stored, other={"value": "kept", "source": "given"}), values, sources)
    assert kept["app.password"]["value"] == "new-password" and kept["other"]["value"] == "kept"


@pytest.mark.parametrize("form, pattern", [("hex32", "[0-9a-f]{32}"), ("password", "[A-Za-z0-9]{24}"), ("qbt_key", "qbt_[A-Za-z0-9]{28}")])
def test_generated_values(form, pattern):
    assert re.fullmatch(pattern, generate(form)) and generate(form) != generate(form)
    assert generate("plain") is None


@pytest.mark.parametrize("form, key, text, expected", [
    ("xml", "ApiKey", "<Config>\n  <ApiKey>abc&amp;d</ApiKey>\n</Config>", "abc&d"),
    ("xml", "ApiKey", "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><Config><ApiKey>abc</ApiKey></Config>", "abc"),
    ("xml", "ApiKey", "<Config><ApiKey></ApiKey></Config>", None),
    ("xml", "ApiKey", "<Config><ApiKey>cut off", None),
    ("xml", "ApiKey", "<!DOCTYPE x [<!ENTITY a 'b'>]><Config><ApiKey>&a;</ApiKey></Config>", None),
    ("xml", "@PlexOnlineToken", "<Preferences PlexOnlineToken=\"abc\"/>", "abc"),
    ("ini", "misc.api_key", "[misc]\napi_key = abc\n[[x]]\napi_key = no\n", "abc"),
    ("ini", "misc.api_key", "[other]\napi_key = no\n[misc]\n# api_key = no\napi_key=\"abc\"\n", "abc"),
    ("ini", "misc.password", "[misc]\npassword = \"\"\"a'b\"c\"\"\"\n", "a'b\"c"),
    ("ini", "Preferences.WebUI\\Username", "[Preferences]\nWebUI\\Port=1\nWebUI\\Username=ann\n", "ann"),
    ("ini", "misc.api_key", "[misc]\napi_key = \"\"\n", None),
    ("json", "main.apiKey", "{\"main\": {\"apiKey\": \"abc\"}}", "abc"),
    ("json", "main.apiKey", "{\"main\": {\"apiKey\": {\"x\": 1}}}", None),
    ("json", "main.apiKey", "{\"main\": []}", None),
    ("json", "main.apiKey", "{", None),
    ("yaml", "auth.apikey", "---\nanalytics:\n  apikey: no\nauth:\n  type: null\n  apikey: abc # mine\nother: 1\n", "abc"),
    ("yaml", "auth.apikey", "auth:\n  inner:\n    apikey: no\n  apikey: 'a''b'\n", "a'b"),
    ("yaml", "auth.apikey", "auth:\n  apikey: \"a\\\"\\u00e9 # b\"  # c\n", "a\"é # b"),
    ("yaml", "auth.apikey", "auth:\n  apikey: ''\n", None),
    ("yaml", "auth.apikey", "auth:\n  apikey: # none\n", None),
    ("yaml", "auth.apikey", "auth:\n  apikey: ~\n", None),
    ("yaml", "auth.apikey", "auth:\n  apikey: |\n    abc\n", None),
    ("yaml", "auth.apikey", "apikey: no\nauth: {}\n", None),
    ("yaml", "auth.apikey", "auth:\n    apikey: 12345678\n", "12345678"),
    ("kv", "ControlPassword", "# ControlPassword=no\nControlUsername=x\nControlPassword=a=b#c\n", "a=b#c"),
    ("toml", "server.apikey", "apikey = 'no'\n[server]\napikey = \"abc\"\n", "abc"),
])
def test_reading_what_an_install_has(tmp_path, form, key, text, expected):
    (tmp_path / "file").write_text(text, encoding="utf-8")
    assert read_existing({"path": str(tmp_path / "file"), "format": form, "key": key}) == expected


def test_reading_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "", "missing"):
        assert read_existing({"path": str(tmp_path / name), "format": "kv", "key": "x"}) is None
    with pytest.raises(ValueError, match="there is no format exe, only ini, json"):
        read_existing({"path": "/x", "format": "exe", "key": "x"})
