# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and passwords of a host: what was given, what an app already has, what was generated, and where they are kept."""
from __future__ import annotations

import json
import os
import re
import secrets as random_source
import stat
import string
from xml.etree import ElementTree

SHORTEST = 8
PLACEHOLDER = "(will be generated)"
STORE = "secrets.json"


def generate(form):
    """A new value: C(hex32) has 32 hexadecimal digits, C(password) 24 letters and digits, C(qbt_key) is a qBittorrent API key.

    :return: C(None) for a form that only its owner can give.
    """
    alphabet = string.ascii_letters + string.digits
    if form == "hex32":
        return random_source.token_hex(16)
    if form == "password":
        return "".join(random_source.choice(alphabet) for dummy in range(24))
    if form == "qbt_key":
        return "qbt_" + "".join(random_source.choice(alphabet) for dummy in range(28))
    return None


def _xml(text, key):
    if "<!DOCTYPE" in text:
        # None of the apps writes one, and entities can be made to grow without end.
        return None
    root = ElementTree.fromstring(text)
    if key.startswith("@"):
        return root.get(key[1:])
    found = root.find(key)
    return found.text if found is not None else None


def unquoted(value):
    """A value without the quotes around it, in which the file's own notation escapes nothing."""
    for quote in ('"""', "'''", '"', "'"):
        if len(value) >= 2 * len(quote) and value.startswith(quote) and value.endswith(quote):
            return value[len(quote):-len(quote)]
    return value


def _ini(text, key):
    r"""Section and option, C(section.option); options of some apps hold backslashes, and there may be more than one word before the sign."""
    section, dot, option = key.rpartition(".")
    current = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            current = line.strip("[]")
        elif current == section and "=" in line and not line.startswith(("#", ";")):
            name, sign, value = line.partition("=")
            if name.strip() == option:
                return unquoted(value.strip())
    return None


def _dotted(data, key):
    for part in key.split("."):
        if not isinstance(data, dict) or part not in data:
            return None
        data = data[part]
    return data


def _json(text, key):
    return _dotted(json.loads(text), key)


def _yaml(text, key):
    """A scalar at C(a.b) of a plain block mapping; the app writes no more than that, and PyYAML may be missing on the host."""
    path = []
    for line in text.splitlines():
        match = re.match(r"^( *)([^\s:#][^:]*):(?:\s+(.*))?$", line)
        if not match:
            continue
        depth = len(match.group(1))
        path = [item for item in path if item[0] < depth] + [(depth, match.group(2).strip().strip("'\""))]
        if [name for dummy, name in path] == key.split(".") and match.group(3):
            return _scalar(match.group(3).strip())
    return None


def _scalar(text):
    """A YAML scalar on one line; C(None) for null, and for what goes on in the next lines."""
    match = re.match(r"""^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')\s*(?:#.*)?$""", text)
    if match and match.group(1) is not None:
        try:
            return json.loads('"' + match.group(1) + '"')
        except ValueError:
            return match.group(1)
    if match:
        return match.group(2).replace("''", "'")
    text = re.sub(r"(^|\s)#.*", "", text).strip()
    return None if text in ("", "~", "null", "Null", "NULL") or text[0] in "|>&*!{[" else text


def _kv(text, key):
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if sign and name.strip() == key:
            return value.strip()
    return None


# A TOML file of simple tables reads like an INI file; C(key) is C(table.option) there too.
READERS = {"xml": _xml, "ini": _ini, "json": _json, "yaml": _yaml, "kv": _kv, "toml": _ini}


def read_existing(source):
    """The value that an existing install keeps in a file.

    The file belongs to the app, so that anything may be there: a pipe would wait for ever, a huge file would fill the memory.

    :param source: C({path, format, key}).
    :return: C(None) when there is no such file or key, or it is empty.
    :raises ValueError: for a format that nobody knows.
    """
    if source["format"] not in READERS:
        raise ValueError("reading {0}: there is no format {1}, only {2}".format(source["path"], source["format"], ", ".join(sorted(READERS))))
    try:
        handle = os.open(source["path"], os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, encoding="utf-8-sig", errors="replace") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            text = stream.read(4 * 1024 * 1024)
        value = READERS[source["format"]](text, source["key"])
    except (OSError, ValueError, ElementTree.ParseError, RecursionError):
        return None
    return str(value) if value not in (None, "") and not isinstance(value, (dict, list, bool)) else None


def settle(specs, given, stored, existing, make=generate):
    """Decide about every secret: the user's value, else what we keep, else what the app has, else a fallback, else a new one.

    What we keep comes before what the app has: it was adopted from there, or the app got it from us, and an app's own file
    may lag behind (an environment variable is not written back).

    :param specs: C(name), C(format), C(adopt) sources, C(default), C(fallback) (the name of another secret), C(required),
        C(sticky) (an app keeps the value it was first given, until the user gives another one).
    :param given: Values of the user.
    :param stored: C({name: {value, source}}) kept on the host.
    :param existing: A function from a source to the value that an app has.
    :return: C(values), C(sources), C(missing) (generated now), C(problems).
    """
    values, sources, missing, problems = {}, {}, [], []
    for spec in specs:
        name = spec["name"]
        if given.get(name):
            values[name], sources[name] = given[name], "given"
        elif name in stored and (spec.get("sticky") or stored[name].get("source") not in ("given", "fallback")):
            values[name], sources[name] = stored[name]["value"], "store"
        else:
            found = next((value for value in (existing(source) for source in spec.get("adopt") or []) if value), None)
            if found:
                values[name], sources[name] = found, "adopted"
            elif spec.get("fallback") in values:
                values[name], sources[name] = values[spec["fallback"]], "fallback"
            elif spec.get("default"):
                values[name], sources[name] = spec["default"], "default"
            else:
                value = make(spec.get("format", "hex32"))
                if value is not None:
                    values[name], sources[name] = value, "generated"
                    missing.append(name)
                elif spec.get("required"):
                    instance, dot, short = name.partition(".")
                    problems.append("the secret {0} is not given: set media_services.{1}.secrets.{2}, best in a vault file".format(
                        name, instance, short))
        if name in values and spec.get("format") != "plain" and len(values[name]) < SHORTEST:
            problems.append("the secret {0} has fewer than {1} characters: hiding it in output would garble everything; give a longer one".format(
                name, SHORTEST))
    return values, sources, missing, problems


def to_store(stored, values, sources):
    """What is to be kept: generated and adopted values, and what the user gave, so that other runs with --limit find it."""
    kept = dict(stored)
    for name, value in values.items():
        source = sources[name] if sources[name] != "store" else stored[name].get("source", "store")
        if source == "default":
            continue
        kept[name] = {"value": value, "source": source}
    return kept


def loose(state_root):
    """Whether others than its owner, which is this process's user, could read or write the store."""
    try:
        info = os.lstat(os.path.join(state_root, STORE))
        directory = os.stat(state_root)
    except OSError:
        return False
    return (stat.S_IMODE(info.st_mode), info.st_uid, stat.S_IMODE(directory.st_mode), directory.st_uid) != (0o600, os.geteuid(), 0o700, os.geteuid())


def load(state_root):
    """The store, or nothing where there is none yet.

    :raises ValueError: when it is there and cannot be read as one.
    """
    path = os.path.join(state_root, STORE)
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ValueError("reading the secrets in {0}: {1}; restore it from a backup, or remove it to have new ones adopted or generated".format(
            path, getattr(error, "strerror", None) or "it is no valid JSON")) from error
    if not isinstance(data, dict):
        raise ValueError("reading the secrets in {0}: it holds no mapping; restore it from a backup".format(path))
    return {name: entry for name, entry in data.items() if isinstance(entry, dict) and "value" in entry}
