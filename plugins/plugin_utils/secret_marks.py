# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks may know of a secret without having it: the marks of its form."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re

SHORTEST = 8
# A masked secret is stars and its marks.
MASK = re.compile(r"^((?:\*|\*\*|\$\{)\**)(?: \[([a-z ]*)\])?$")
ACCOUNT = re.compile(r"^(i|ivpn)(-[a-zA-Z0-9]{4}){3}$")


def wireguard_key(text):
    """Whether a text is a WireGuard key: 32 bytes in base64."""
    try:
        return len(text) == 44 and len(base64.b64decode(text.encode(), validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def in_pem(text):
    """Whether a text holds a block in PEM."""
    found = re.search(r"^-----BEGIN ([^-\n]+)-----[ \t]*\n(?:[\w-]+:.*\n)*(.*?)^-----END \1-----", text.replace("\r\n", "\n"), re.DOTALL | re.MULTILINE)
    try:
        return bool(found and base64.b64decode("".join(found.group(2).split()).encode(), validate=True))
    except (binascii.Error, ValueError):
        return False


def names_a_server(text):
    """Whether Gluetun finds a server in a configuration of OpenVPN: the host of every C(remote) line that it reads is an IP address.

    It reads no further than to the line with which it has both an address and a protocol.
    """
    address = protocol = False
    for line in text.split("\n"):
        line = line.partition("#")[0].strip()
        words = line.split()
        if line.startswith("proto "):
            protocol = True
        elif line.startswith("remote "):
            try:
                ipaddress.ip_address(words[1])
            except ValueError:
                return False
            address, protocol = True, protocol or len(words) > 3
        if address and protocol:
            break
    return address


# Only forms that some rule asks for; none of them tells anything by which a value could be guessed.
MARKS = {
    "key": wireguard_key,
    "token": lambda text: len(text) > 44,
    "pmp": lambda text: text.endswith("+pmp"),
    "pem": in_pem,
    "remote": names_a_server,
    "account": lambda text: bool(ACCOUNT.match(text)),
}


def masked(value):
    """A stand-in for a secret that tells what the checks need: whether it is too short, holds a variable, and its marks."""
    text = str(value)
    stars = ("${" if "${" in text else "**"[: len(text)]) + "*" * (min(len(text), SHORTEST) - 2)
    return "{0} [{1}]".format(stars, " ".join(sorted(name for name, has in MARKS.items() if has(text))))


def marks_of(value):
    """The marks of a secret, masked or not; C(None) when the mask does not tell them, or it is a template still.

    :return: A set of names in C(MARKS).
    """
    if "{{" in str(value):
        return None
    found = MASK.match(str(value))
    if found:
        return None if found.group(2) is None else set(found.group(2).split())
    return {name for name, has in MARKS.items() if has(str(value))}


def length(value):
    """How long a secret is; one that is masked is no longer than C(SHORTEST)."""
    found = MASK.match(str(value))
    return len(found.group(1) if found else str(value))
