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


class TokenProblem(Exception):
    """A token that cannot be resolved; the text names the secret, never its value."""


def env(value):
    r"""A value for a compose C(env_file), read back exactly by Compose v2.

    Single quotes keep everything literal but a single quote itself; then double quotes are used, in which Compose
    understands backslash escapes and expands C($) (compose-go, dotenv/parser.go).

    :raises TokenProblem: for a control character, which no notation carries through.
    """
    if any(ord(char) < 32 for char in value):
        raise TokenProblem("holds a control character, which an environment file cannot carry")
    if "'" not in value and "\\" not in value:
        return "'{0}'".format(value)
    return '"{0}"'.format(value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$"))


def xml(value):
    """Text of an XML element or attribute."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&apos;")):
        value = value.replace(char, entity)
    return value


def ini(value):
    """A value of an INI file; a line break would begin another option.

    :raises TokenProblem: for a line break.
    """
    if "\n" in value or "\r" in value:
        raise TokenProblem("holds a line break, which this file cannot carry")
    return value


def quoted(value):
    """A JSON string, which is a YAML scalar as well."""
    return json.dumps(value, ensure_ascii=False)


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
    "md5": lambda value: hashlib.md5(value.encode()).hexdigest(),
    "qbt_pbkdf2": qbt_pbkdf2,
}


def resolve(text, secrets, digests=None, hide=False):
    """Replace the tokens of a text.

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
