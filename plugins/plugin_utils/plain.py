# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain Python data from the values of Ansible, which come lazy, tagged or wrapped, depending on the version."""

from __future__ import annotations


def plain(value):
    """A value, and all in it, as plain Python data; what is none of the usual types as its text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__add__(value, 0)
    if isinstance(value, float):
        return float.__add__(value, 0.0)
    if hasattr(value, "items"):
        return {
            plain(key) if isinstance(key, (str, int, float, bool)) else str(key): plain(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    # Vaulted values and dates: their text. Jinja's undefined objects raise here, as they should.
    return str.__str__(str(value))
