# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small router: what the API knows, which methods it takes, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass
class Call:
    """One request as a handler sees it."""

    method: str
    path: str
    query: dict
    body: object = None
    root: str = ""  # scheme://host of the request
    headers: dict = field(default_factory=dict)

    def flag(self, name):
        return str(self.query.get(name.lower(), "")).lower() == "true"


class Router:
    def __init__(self):
        self.routes = []

    def add(self, method, pattern, handler, reads_body=None):
        """Register a handler; ``{name}`` in the pattern is a number, ``{name:word}`` a word."""
        expression = re.sub(r"\{(\w+):word\}", r"(?P<\1>[^/]+)", pattern)
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>-?\\d+)", expression)
        if reads_body is None:
            reads_body = method in ("POST", "PUT")
        self.routes.append((method, re.compile("^" + expression + "/?$", re.IGNORECASE), handler, reads_body))

    def find(self, method, path):
        """(handler, parameters, reads_body) or (None, allowed methods, None)."""
        allowed = set()
        for known, expression, handler, reads_body in self.routes:
            match = expression.match(path)
            if not match:
                continue
            if known == method:
                arguments = {
                    key: int(value) if re.fullmatch(r"-?\d+", value) else value
                    for key, value in match.groupdict().items()
                }
                return handler, arguments, reads_body
            allowed.add(known)
        return None, sorted(allowed), None
