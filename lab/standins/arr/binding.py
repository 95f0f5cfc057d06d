# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON bodies bound to the typed resources of an application, as its JSON reader does it.

Property names are matched without regard to case, unknown ones are dropped, a missing one gets the
default of its type (0, false, the first value of an enumeration, null), a wrong type is a 400.
"""

from __future__ import annotations

from .errors import Problem

CLR = {"int": "System.Int32", "bool": "System.Boolean", "float": "System.Double", "str": "System.String"}


class Binder:
    def __init__(self, types):
        self.types = types

    def bind(self, component, body, path="$"):
        """A dict with every property of the component; null ones are None."""
        if not isinstance(body, dict):
            raise self._misfit(component, path)
        given = {}
        for key, value in body.items():
            given[key.lower()] = value
        result = {}
        for name, word in self.types[component].items():
            if name.lower() in given:
                result[name] = self.value(word, given[name.lower()], f"{path}.{name}")
            else:
                result[name] = self.default(word)
        return result

    def default(self, word):
        if word == "int":
            return 0
        if word == "float":
            return 0.0
        if word == "bool":
            return False
        if word.startswith("#") and not word.endswith("[]"):
            return self.types[word[1:].rstrip("?")][0]
        return None

    def value(self, word, value, path):
        if word == "any":
            return value
        if word.endswith("[]"):
            if value is None:
                return None
            if not isinstance(value, list):
                raise self._misfit(f"System.Collections.Generic.List`1[{word[:-2].lstrip('@#')}]", path)
            return [self.value(word[:-2], item, f"{path}[{index}]") for index, item in enumerate(value)]
        if value is None:
            if word in ("int", "bool", "float") or word.startswith("#"):
                raise self._misfit(CLR.get(word, word.lstrip("#")), path)
            return None
        if word.startswith("@"):
            return self.bind(word[1:], value, path)
        if word.startswith("#"):
            return self._enum(word[1:].rstrip("?"), value, path)
        return self._plain(word.rstrip("?"), value, path)

    def _plain(self, word, value, path):
        fits = {
            "int": isinstance(value, int) and not isinstance(value, bool),
            "bool": isinstance(value, bool),
            "float": isinstance(value, (int, float)) and not isinstance(value, bool),
            "str": isinstance(value, str),
        }[word]
        if not fits:
            raise self._misfit(CLR[word], path)
        return value

    def _enum(self, name, value, path):
        names = self.types[name]
        if isinstance(value, bool):
            raise self._misfit(name, path)
        if isinstance(value, int) and 0 <= value < len(names):
            return names[value]
        for known in names:
            if isinstance(value, str) and known.lower() == value.lower():
                return known
        raise self._misfit(name, path)

    @staticmethod
    def _misfit(kind, path):
        return Problem(
            400,
            {
                path: [
                    f"The JSON value could not be converted to {kind}. Path: {path} | LineNumber: 0 | "
                    "BytePositionInLine: 0."
                ]
            },
        )


def without_nulls(value):
    """Nulls are not written, at any depth."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
