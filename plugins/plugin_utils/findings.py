# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: what is wrong with a description, where, and what to do about it."""

from __future__ import annotations

import difflib

ERROR = "error"
WARNING = "warning"


class Findings(list):
    """A list of findings; each is a plain dict, because it travels through a registered result."""

    def add(self, severity, host, key, message, remedy):
        finding = {"severity": severity, "host": host or "", "key": key, "message": message, "remedy": remedy}
        if finding not in self:
            self.append(finding)

    def error(self, host, key, message, remedy):
        self.add(ERROR, host, key, message, remedy)

    def warning(self, host, key, message, remedy):
        self.add(WARNING, host, key, message, remedy)

    @property
    def errors(self):
        return [finding for finding in self if finding["severity"] == ERROR]


def nearest(name, options):
    """The valid names that look most like the given one, best first."""
    options = sorted(str(option) for option in options)
    found = difflib.get_close_matches(str(name).lower(), [option.lower() for option in options], n=3, cutoff=0.55)
    lower = {}
    for option in options:
        lower.setdefault(option.lower(), option)
    return [lower[match] for match in found]


def did_you_mean(name, options, kind="names"):
    """A remedy that names the nearest valid names, or all of them where nothing is near."""
    close = nearest(name, options)
    if close:
        return "Did you mean {0}?".format(" or ".join("'{0}'".format(item) for item in close))
    listed = sorted(str(option) for option in options)
    if not listed:
        return "Remove it."
    return "Valid {0} are {1}.".format(kind, ", ".join(listed))


def render_text(findings):
    """All findings as text for people: a line with the place and the sentence, a line with the remedy."""
    lines = []
    for finding in sorted(findings, key=lambda item: (item["severity"], item["host"], item["key"])):
        where = " ".join(part for part in (finding["host"], finding["key"]) if part)
        lines.append("{0}: {1}: {2}".format(finding["severity"].upper(), where, finding["message"]))
        lines.append("    -> {0}".format(finding["remedy"]))
    return "\n".join(lines)
