# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""References in files become values in the notation around them, and every notation gives the value back."""
from __future__ import annotations

import base64
import configparser
import hashlib
import json
import re
import urllib.parse
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.homelab.media.plugins.module_utils import tokens

HOSTILE = ["$ ${HOME} # ' \" \\ {{ é", " spaces at both ends ", "<&>\"'", "]]>", "%s %(x)s", "a: b", "- x", "日本 🎉", "\u27e6secret:other|raw\u27e7",
           "\u27e6digest:app\u27e7", "null", "*x", "!x", "\u0085x\u2028y\ufeff", "12345678", "yes"]
PRINTABLE = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=40)


def token(how, name="app.key"):
    return f"\u27e6secret:{name}|{how}\u27e7"


def through(how, value):
    return tokens.resolve(token(how), {"app.key": value})


@pytest.mark.parametrize("value", HOSTILE)
def test_each_notation_gives_a_value_back(value):
    assert through("raw", value) == value
    assert json.loads(through("json", value)) == value
    assert yaml.safe_load("key: " + through("yaml", value)) == {"key": value}
    assert ElementTree.fromstring(f"<a b=\"{through('xml', value)}\">{through('xml', value)}</a>").attrib["b"] == value
    assert ElementTree.fromstring(f"<a>{through('xml', value)}</a>").text == value
    assert urllib.parse.unquote(through("url", value)) == value
    assert through("md5", value) == hashlib.md5(value.encode()).hexdigest()


@given(PRINTABLE)
def test_yaml_json_and_xml_give_any_text_back(value):
    assert json.loads(through("json", value)) == value
    if all(ord(char) < 0x10000 and char not in "\ufffe\uffff" and not 0xfdd0 <= ord(char) <= 0xfdef for char in value):
        assert yaml.safe_load("key: " + through("yaml", value)) == {"key": value}
        assert ElementTree.fromstring(f"<a>{through('xml', value)}</a>").text == value


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=40))
def test_a_value_stays_on_one_line_of_an_environment_file(value):
    try:
        line = through("env", value)
    except tokens.TokenProblem as problem:
        assert "control character" in str(problem)
        return
    assert not re.search(r"[\n\r]", line)
    assert line[0] == line[-1] and line[0] in "'\""


def test_an_ini_value_is_read_back():
    parser = configparser.RawConfigParser()
    parser.read_string("[x]\nkey = " + through("ini", "a b 'c' $x"))
    assert parser["x"]["key"] == "a b 'c' $x"


@pytest.mark.parametrize("how, value, problem", [
    ("ini", "a\nb", "holds a line break or a control character, which this file cannot carry"),
    ("env", "a\x00b", "holds a control character, which an environment file cannot carry"),
    ("xml", "a\x07b", "holds a control character, which an XML file cannot carry"),
    ("rot13", "abc", "is wanted in an unknown notation"),
])
def test_what_a_notation_cannot_carry_is_one_sentence_without_the_value(how, value, problem):
    with pytest.raises(tokens.TokenProblem) as raised:
        through(how, value)
    assert str(raised.value) == "the secret app.key " + problem


def test_a_secret_without_a_value_is_named():
    with pytest.raises(tokens.TokenProblem, match="the secret app.key has no value"):
        tokens.resolve(token("raw"), {})


def test_the_password_hash_is_what_qbittorrent_checks():
    salt, key = re.fullmatch(r"@ByteArray\((.+):(.+)\)", through("qbt_pbkdf2", "pass word é")).groups()
    assert base64.b64decode(key) == hashlib.pbkdf2_hmac("sha512", "pass word é".encode(), base64.b64decode(salt), 100000)
    assert len(base64.b64decode(salt)) == 16


def test_values_that_look_like_references_stay_what_they_are():
    text = token("raw") + " \u27e6digest:app\u27e7"
    assert tokens.resolve(text, {"app.key": "\u27e6digest:app\u27e7"}, {"app": "abc"}) == "\u27e6digest:app\u27e7 abc"
    assert tokens.resolve(text, {"app.key": "x"}) == "x \u27e6digest:app\u27e7"
    assert tokens.resolve(text, {}, {"app": "abc"}, hide=True) == "(secret) abc"


@pytest.mark.parametrize("other", [("key2", "model", ["a"]), ("key", "model2", ["a"]), ("key", "model", ["b"]), ("key", "model", ["a", ""]),
                                   ("key", "model", [])])
def test_a_digest_changes_with_each_of_its_parts(other):
    assert tokens.digest("key", "model", ["a"]) == tokens.digest("key", "model", ["a"])
    assert tokens.digest("key", "model", ["a"]) != tokens.digest(*other)
    assert re.fullmatch("[0-9a-f]{32}", tokens.digest(*other))
