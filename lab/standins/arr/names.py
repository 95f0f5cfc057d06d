# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: of releases, which are read, and of folders and files, which are made from the templates of ``config/naming``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from ..titles import plain

VIDEO = (".mkv", ".mp4", ".avi", ".m4v", ".ts")
SOURCES = (
    (r"\bweb[ .-]?dl\b", "WEBDL"),
    (r"\bweb[ .-]?rip\b", "WEBRip"),
    (r"\bremux\b", "Remux"),
    (r"\bblu[ .-]?ray\b|\bbdrip\b", "Bluray"),
    (r"\bweb\b", "WEBDL"),
    (r"\bhdtv\b", "HDTV"),
)
ENGLISH = [{"id": 1, "name": "English"}]


@dataclass(frozen=True)
class Parsed:
    """What the name of a release says; ``episodes`` is empty for a film and for a whole season."""

    title: str
    year: int = 0
    season: int = 0
    episodes: tuple = ()
    quality: str = "Unknown"
    group: str = ""


def parse(name):
    """A release's name read, or nothing when it is neither a film with a year nor an episode or a season."""
    quality, group = quality_of(name), re.search(r"-([A-Za-z0-9]+)$", name)
    group = group.group(1) if group else ""
    match = re.match(r"(.+?)[ ._-]+s(\d{1,2})((?:[ ._-]?e\d{1,3})*)(?:[ ._-]|$)", name, re.IGNORECASE)
    if match:
        numbers = tuple(int(number) for number in re.findall(r"\d+", match.group(3)))
        return Parsed(plain(match.group(1)), 0, int(match.group(2)), numbers, quality, group)
    match = re.match(r"(.+?)[ ._(-]+((?:19|20)\d\d)(?:[ ._)-]|$)", name)
    return Parsed(plain(match.group(1)), int(match.group(2)), quality=quality, group=group) if match else None


def quality_of(name):
    """Its quality, by the name that the quality definitions have."""
    resolution = re.search(r"\b(480|576|720|1080|2160)p\b", name, re.IGNORECASE)
    source = next((found for pattern, found in SOURCES if re.search(pattern, name, re.IGNORECASE)), "")
    if not resolution:
        return "SDTV" if source == "HDTV" else "Unknown"
    return f"{source or 'HDTV'}-{resolution.group(1)}p"


def videos(path):
    """The films in a download: itself, or what is in it, without samples."""
    if os.path.isfile(path):
        return [path] if path.lower().endswith(VIDEO) else []
    found = [os.path.join(place, file) for place, _inner, files in os.walk(path) for file in files]
    return sorted(file for file in found if file.lower().endswith(VIDEO) and "sample" not in os.path.basename(file).lower())


def fill(template, values):
    """A template such as ``{Movie Title} ({Release Year})``; what is not known stays empty, with what surrounds it inside its braces.

    :param values: By token in lower case without separators, such as C(movietitle).
    """

    def one(match):
        before, token, digits, after = match.groups()
        value = values.get(re.sub(r"[^a-z]", "", token.lower()), "")
        if isinstance(value, int) and digits:
            value = f"{value:0{len(digits)}}"
        text = without_colons(str(value))
        return before + (text.replace(" ", ".") if "." in token else text) + after if text else ""

    filled = re.sub(r"\{([- ._\[(]*)([A-Za-z][A-Za-z ._-]*?)(?::(0+))?([- ._\])]*)\}", one, template or "")
    filled = re.sub(r'[\\/<>|*?"]', "", without_colons(filled))
    return re.sub(r"\s+", " ", re.sub(r"\(\s*\)|\[\s*\]", "", filled)).strip(" -._")


def without_colons(text):
    """The replacement that is called smart."""
    return text.replace(": ", " - ").replace(":", "-")


def clean(title):
    """As in ``cleanTitle``."""
    return re.sub(r"[^a-z0-9]|\b(a|an|the)\b", "", title.lower())


def slug(title):
    return plain(title).replace(" ", "-")


def sort_title(title):
    return re.sub(r"^(the|a|an) ", "", title.lower())
