# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens in rendered files: the references to secrets and digests that become values on the host only.

C(⟦secret:NAME|FILTER⟧) stands for a secret in the notation of the file around it, C(⟦digest:INSTANCE⟧) for a service's digest.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import urllib.parse

TOKEN = re.compile("\u27e6(secret|digest):([^|\u27e7]+)(?:\\|([a-z0-9_]+))?\u27e7")
HIDDEN = "(secret)"
# Line breaks and tabs have a notation in most places, the rest has not.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class TokenProblem(Exception):
    """A token that cannot be resolved; the text names the secret, never its value."""


def env(value):
    r"""A value for a compose C(env_file), read back exactly by Compose v2 and newer (compose-go, dotenv/parser.go).

    Single quotes keep everything literal, but they carry no single quote, and a backslash before one would escape it; then double
    quotes are used, in which Compose understands a few backslash escapes and expands C($).

    :raises TokenProblem: for a control character other than a line break or a tab, which no notation carries through.
    """
    if CONTROL.search(value):
        raise TokenProblem("holds a control character, which an environment file cannot carry")
    if not re.search(r"['\\\n\r\t]", value):
        return "'{0}'".format(value)
    for char, escape in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(char, escape)
    return '"{0}"'.format(value)


def xml(value):
    """Text of an XML element or attribute; white space other than a blank would be normalised, so it is written as a reference.

    :raises TokenProblem: for a control character, for which XML 1.0 has no notation at all.
    """
    if CONTROL.search(value):
        raise TokenProblem("holds a control character, which an XML file cannot carry")
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&apos;"),
                         ("\n", "&#10;"), ("\r", "&#13;"), ("\t", "&#9;")):
        value = value.replace(char, entity)
    return value


def ini(value):
    """A value of an INI file; a line break would begin another option.

    :raises TokenProblem: for a line break or another control character.
    """
    if re.search(r"[\n\r]", value) or CONTROL.search(value):
        raise TokenProblem("holds a line break or a control character, which this file cannot carry")
    return value


def quoted(value):
    """A JSON string that is a YAML scalar as well: what YAML takes for a line break, or for nothing printable, is escaped."""
    return UNPRINTABLE.sub(lambda match: "\\u{0:04x}".format(ord(match.group())), json.dumps(value, ensure_ascii=False))


def qbt_pbkdf2(value, salt=None):
    """qBittorrent's stored password (base/utils/password.cpp): PBKDF2 with SHA-512, 100000 rounds, a salt of 16 bytes."""
    salt = os.urandom(16) if salt is None else salt
    derived = hashlib.pbkdf2_hmac("sha512", value.encode(), salt, 100000)
    return "@ByteArray({0}:{1})".format(base64.b64encode(salt).decode(), base64.b64encode(derived).decode())


FILTERS = {
    "raw": str,
    "env": env,
    "xml": xml,
    "ini": ini,
    "json": quoted,
    "yaml": quoted,
    "url": lambda value: urllib.parse.quote(value, safe=""),
    "md5": lambda value: hashlib.md5(value.encode(), usedforsecurity=False).hexdigest(),
    "qbt_pbkdf2": qbt_pbkdf2,
}


def missing(text, secrets):
    """The names of secrets that a text needs and that have no value."""
    return sorted({match.group(2) for match in TOKEN.finditer(text) if match.group(1) == "secret" and match.group(2) not in secrets})


def without(text, secrets):
    """A text without the lines that need a secret that has no value."""
    return "".join(line for line in text.splitlines(keepends=True) if not missing(line, secrets))


def resolve(text, secrets, digests=None, hide=False):
    """Replace the tokens of a text, in one pass: a value that looks like a token stays what it is.

    :param secrets: Name to value.
    :param digests: Instance to digest; without them, digest tokens stay.
    :param hide: Put C((secret)) in the place of every secret, for diffs.
    :raises TokenProblem: for a secret that has no value, or one that the file cannot carry.
    """

    def one(match):
        kind, name, how = match.groups()
        if kind == "digest":
            return match.group(0) if digests is None else str(digests.get(name, ""))
        if hide:
            return HIDDEN
        if name not in secrets:
            raise TokenProblem("the secret {0} has no value".format(name))
        try:
            return FILTERS[how or "raw"](str(secrets[name]))
        except KeyError:
            raise TokenProblem("the secret {0} is wanted in an unknown notation".format(name)) from None
        except TokenProblem as error:
            raise TokenProblem("the secret {0} {1}".format(name, error)) from None

    return TOKEN.sub(one, text)


def digest(key, model, contents):
    """The digest of a service: changes with its model and with every file whose change needs a restart.

    :param key: The host's own key, so that nothing about a secret can be learned from the digest.
    """
    parts = [model] + list(contents)
    return hmac.new(key.encode(), "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:32]
