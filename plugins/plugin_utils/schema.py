# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas of what people and catalog files may write, and the coercion of values against them."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean

TRUE = ("true", "yes", "on")
FALSE = ("false", "no", "off")
NAME = re.compile(r"^[a-z][a-z0-9-]*$")


class Mismatch(Exception):
    """A value that does not fit its schema; the text is a phrase, such as 'must be a number, not yes'."""

    def __init__(self, message, remedy=None, path=""):
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.path = path


def _kind(value):
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, (int, float)):
        return "a number"
    return "'{0}'".format(str(value)[:60])


def _bool(value):
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in TRUE + FALSE:
        return value.strip().lower() in TRUE
    raise Mismatch("must be true or false, not {0}".format(_kind(value)))


def _int(value):
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.match(r"^-?[0-9]{1,18}$", value.strip()):
        return int(value)
    raise Mismatch("must be a whole number, not {0}".format(_kind(value)))


def _str(value):
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise Mismatch("must be text, not {0}".format(_kind(value)))


def _path(value):
    value = _str(value)
    if not value.startswith("/") or ".." in value.split("/") or ":" in value or "\n" in value or not value.strip("/"):
        raise Mismatch("must be an absolute path without '..' and ':', not {0}".format(_kind(value)))
    return "/" + "/".join(part for part in value.split("/") if part)


def _port(value):
    value = _int(value)
    if not 1 <= value <= 65535:
        raise Mismatch("must be a port from 1 to 65535, not {0}".format(value))
    return value


def _id(value):
    value = _int(value)
    if not 0 <= value <= 4294967294:
        raise Mismatch("must be a user or group number, not {0}".format(value))
    return value


def _url_base(value):
    value = _str(value).strip().strip("/")
    if not value:
        return ""
    if not re.match(r"^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$", value):
        raise Mismatch("must be a path such as /sonarr, not {0}".format(_kind(value)))
    return "/" + value


def _cidr(value):
    try:
        network = ipaddress.ip_network(_str(value).strip(), strict=False)
    except ValueError as error:
        raise Mismatch("must be a network such as 172.19.0.0/16, not {0}".format(_kind(value))) from error
    return str(network)


def _bind(value):
    value = _str(value).strip()
    if value in ("loopback", "all", "none"):
        return value
    try:
        address = ipaddress.ip_address(value)
    except ValueError as error:
        raise Mismatch("must be loopback, all, none or an IP address, not {0}".format(_kind(value))) from error
    if address.is_unspecified:
        return "all"
    return "loopback" if value == "127.0.0.1" else str(address)


def _address(value):
    value = _str(value).strip()
    if not re.match(r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$", value):
        raise Mismatch("must be an IP address or a host name without scheme and port, not {0}".format(_kind(value)))
    return value


def _name(value):
    value = _str(value)
    if not NAME.match(value):
        raise Mismatch(
            "must be lower-case letters, digits and '-', starting with a letter, not {0}".format(_kind(value))
        )
    return value


def _umask(value):
    text = str(value) if not isinstance(value, bool) else ""
    if not re.match(r"^[0-7]{1,4}$", text):
        raise Mismatch("must be an octal mask such as '002', not {0}".format(_kind(value)))
    return text.zfill(3)


def _list(value):
    if isinstance(value, list):
        return value
    if isinstance(value, str) and value:
        return [item.strip() for item in value.split(",") if item.strip()]
    raise Mismatch("must be a list, not {0}".format(_kind(value)))


def _dict(value):
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    raise Mismatch("must be a mapping, not {0}".format(_kind(value)))


TYPES = {
    "bool": _bool,
    "int": _int,
    "str": _str,
    "path": _path,
    "port": _port,
    "id": _id,
    "url_base": _url_base,
    "cidr": _cidr,
    "bind": _bind,
    "address": _address,
    "name": _name,
    "umask": _umask,
    "list": _list,
    "dict": _dict,
    "any": lambda value: value,
}


def coerce(value, spec, path=""):
    """Give a value the type of its specification; raises Mismatch with the place and a phrase."""
    kind = spec.get("type", "str")
    try:
        value = TYPES[kind](value)
    except Mismatch as error:
        error.path = error.path or path
        raise
    if kind == "list" and "elements" in spec:
        value = [
            coerce(item, {"type": spec["elements"], "choices": spec.get("choices")}, "{0}[{1}]".format(path, number))
            for number, item in enumerate(value)
        ]
    elif kind == "dict" and spec.get("elements"):
        value = {key: coerce(item, {"type": spec["elements"]}, "{0}.{1}".format(path, key)) for key, item in value.items()}
    elif kind == "dict" and "options" in spec:
        for key in value:
            if key not in spec["options"]:
                raise Mismatch("has no option '{0}'".format(key), did_you_mean(key, spec["options"], "options"), path)
        value = {key: coerce(item, spec["options"][key], "{0}.{1}".format(path, key)) for key, item in value.items()}
    elif spec.get("choices"):
        match = [choice for choice in spec["choices"] if str(choice).lower() == str(value).lower()]
        if not match:
            raise Mismatch("cannot be '{0}'".format(value), did_you_mean(value, spec["choices"], "values"), path)
        value = match[0]
    if kind == "int":
        low, high = spec.get("min"), spec.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            raise Mismatch("must be from {0} to {1}, not {2}".format(low, high, value), None, path)
    return value
