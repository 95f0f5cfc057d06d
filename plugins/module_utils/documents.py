# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nested settings, merged: what is named changes, all else stays. Nothing here talks to a server."""
from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field

from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN
from ansible_collections.homelab.media.plugins.module_utils.resource import same

# How apps show a secret that they do not tell: a row of asterisks, with or without the last characters.
MASKED = re.compile(r"^\*{3,}")


@dataclass
class Merged:
    """What a merge comes to.

    :param payload: The complete object.
    :param before: Dotted path to value of what differs, as it is; secrets hidden.
    :param after: The same as it will be.
    :param secrets: Dotted path to value of every secret that is wanted.
    """

    payload: dict
    before: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)
    secrets: dict = field(default_factory=dict)


def masked(value):
    """Whether a value is how an app hides one."""
    return isinstance(value, str) and bool(MASKED.match(value))


def merge(current, wanted, secrets=(), ordered=(), known=None):
    """Lay wanted keys over an object.

    :param current: The object as it is, C(None) when there is none.
    :param wanted: What to set, nested as the object is; a mapping is merged, everything else replaced. C(None) means: leave it.
    :param secrets: Dotted paths whose values are secrets.
    :param ordered: Dotted paths of lists in which the order matters.
    :param known: Asks the ledger whether a masked secret is the one wanted: C(path, value) to bool.
    :return: A C(Merged).
    """
    merged = Merged(copy.deepcopy(current) if current else {})
    _overlay(merged, merged.payload, wanted, "", frozenset(secrets), frozenset(ordered), known or (lambda path, value: False))
    return merged


def _overlay(merged, target, wanted, prefix, secrets, ordered, known):
    for key, value in wanted.items():
        path = prefix + str(key)
        have = target.get(key)
        if value is None:
            continue
        if isinstance(value, dict) and path not in secrets and (value or not isinstance(have, dict)):
            if not isinstance(have, dict):
                have = target[key] = {}
            _overlay(merged, have, value, path + ".", secrets, ordered, known)
        elif path in secrets:
            if value in ("", {}, []):
                continue
            merged.secrets[path] = value
            if known(path, value) if masked(have) else same(have, value, ordered=True):
                continue
            merged.before[path], merged.after[path] = HIDDEN if have else None, HIDDEN + " (new)"
            target[key] = value
        elif not same(have, value, ordered=path in ordered):
            merged.before[path], merged.after[path] = have, value
            target[key] = copy.deepcopy(value)


def hidden(found, secrets=()):
    """An object as it may be shown, with its secrets hidden.

    :param secrets: Dotted paths.
    """
    if not isinstance(found, dict):
        return {}
    shown = copy.deepcopy(found)
    for path in secrets:
        *parents, last = path.split(".")
        place = shown
        for part in parents:
            place = place.get(part) if isinstance(place, dict) else None
        if isinstance(place, dict) and place.get(last) not in (None, ""):
            place[last] = HIDDEN
    return shown
