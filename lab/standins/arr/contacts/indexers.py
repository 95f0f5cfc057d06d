# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Newznab and Torznab: capabilities and a first page, fetched for real."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from ..errors import Invalid, setting
from ..fields import CHOICES, load
from . import net

SEARCH = {"sonarr": "tvsearch", "radarr": "movie", "lidarr": "music", "prowlarr": "search"}
FIRST_CUSTOM = 100000


def _category_names():
    """Numbers and names of the standard categories, from the choices of Prowlarr's applications."""
    for entry in load("applications.json")["prowlarr"]:
        for field in entry["fields"]:
            if field["name"] == "syncCategories":
                choices = field["choices"]
                return dict(CHOICES[choices] if isinstance(choices, str) else choices)
    return {}


NAMES = _category_names()


def capabilities(numbers, modes=None):
    """The ``capabilities`` of a Prowlarr indexer: the tree of its categories and what can be searched."""
    tree = {}
    for number in numbers:
        parent = number - number % 1000
        entry = tree.setdefault(parent, {"id": parent, "name": NAMES.get(parent, str(parent)), "subCategories": []})
        if number != parent:
            entry["subCategories"].append({"id": number, "name": NAMES.get(number, str(number)), "subCategories": []})
    modes = modes or {}
    return {
        "limitsMax": 100,
        "limitsDefault": 100,
        "categories": list(tree.values()),
        "supportsRawSearch": False,
        "searchParams": ["q"],
        **{key + "SearchParams": modes.get(key, []) for key in ("tv", "movie", "music", "book")},
    }


def category_numbers(found):
    numbers = []
    for category in found.get("categories", []):
        if category["id"] < FIRST_CUSTOM:
            numbers.append(category["id"])
            numbers += [inner["id"] for inner in category["subCategories"]]
    return numbers


class Refused(Exception):
    """The indexer answered, but with an error."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


def ask(values, **parameters):
    """One call of the indexer's API; the parsed XML."""
    base = (values.get("baseUrl") or "").rstrip("/") + "/" + (values.get("apiPath") or "/api").strip("/")
    if values.get("apiKey"):
        parameters["apikey"] = values["apiKey"]
    answer = net.request("GET", base, params=parameters, allow_redirects=True)
    if answer.status_code in (401, 403):
        raise Refused(100, "Invalid API key")
    if answer.status_code >= 400:
        raise Refused(900, f"HTTP request failed: [{answer.status_code}:{answer.reason}] [GET]")
    try:
        root = ElementTree.fromstring(answer.content)
    except ElementTree.ParseError:
        raise Refused(900, "Unable to parse the answer as XML") from None
    if root.tag == "error":
        raise Refused(int(root.get("code") or 900), root.get("description") or "")
    return root


def read_capabilities(root):
    """Standard categories as a tree; each one again as a category of the site, numbered from 100000 on."""
    numbers, modes, own = [], {}, {}
    for category in root.iter("category"):
        inner = [*category.findall("subcat"), category]
        numbers += [int(item.get("id") or 0) for item in inner]
        own[int(category.get("id") or 0)] = [
            {"id": FIRST_CUSTOM + int(item.get("id") or 0), "name": item.get("name") or "", "subCategories": []}
            for item in inner
        ]
    searching = root.find("searching")
    for mode in searching if searching is not None else []:
        if mode.get("available") == "yes":
            modes[mode.tag.replace("-search", "").replace("audio", "music")] = list(
                re.sub(r"id$", "Id", name) for name in (mode.get("supportedParams") or "").split(",")
            )
    found = capabilities(numbers, modes)
    found["categories"] = [item for parent in found["categories"] for item in (parent, *own.get(parent["id"], []))]
    return found


def learn(row):
    """Prowlarr fetches the capabilities of a generic indexer on every save; without them it is not saved."""
    try:
        return read_capabilities(ask(row["settings"], t="caps"))
    except net.Unreachable as error:
        raise Invalid(
            [unreachable("Unable to connect to indexer. Check DNS settings and the connection. {error}", error)]
        ) from None
    except Refused as error:
        raise Invalid([setting("", refused_text("prowlarr", error))]) from None


def unreachable(text, error):
    said = str(error)
    return setting("", text.format(error=said), detail=said.split(" (", maxsplit=1)[0])


def refused_text(kind, error):
    if 100 <= error.code < 200:
        return (
            "Indexer returned result for RSS URL, Credentials appears to be invalid. Response: " + error.text
            if kind == "prowlarr"
            else "Invalid API Key"
        )
    return f"Unable to connect to indexer. {error.text}"


def test(service, row):
    """Capabilities, then the first page: an empty one fails as well."""
    kind, values = service.app.kind, row["settings"]
    if row["implementation"] not in ("Newznab", "Torznab"):
        return foreign(service, values)
    try:
        found = category_numbers(read_capabilities(ask(values, t="caps")))
        parameters = {"t": SEARCH[kind], "extended": "1", "limit": "100", "offset": "0"}
        wanted = set(found)
        if kind != "prowlarr":
            chosen = list(values.get("categories") or []) + list(values.get("animeCategories") or [])
            parameters["cat"] = ",".join(str(number) for number in chosen)
            wanted = set(chosen)
        items = ask(values, **parameters).findall(".//item")
    except net.Unreachable as error:
        return [unreachable(service.app.cannot_connect, error)]
    except Refused as error:
        name = "apiKey" if 100 <= error.code < 200 and kind != "prowlarr" else ""
        return [setting(name, refused_text(kind, error))]
    if any(wanted & item_categories(item) for item in items):
        return []
    if kind == "prowlarr":
        return [setting("", "Query successful, but no results were returned from your indexer.")]
    return [
        setting("", "Query successful, but no results in the configured categories were returned from your indexer.")
    ]


def item_categories(item):
    numbers = {int(node.text) for node in item.findall("category") if (node.text or "").isdigit()}
    for node in item.iter():
        if node.tag.endswith("}attr") and node.get("name") == "category" and (node.get("value") or "").isdigit():
            numbers.add(int(node.get("value")))
    return numbers


def foreign(service, values):
    """An indexer that is not in the lab: asked all the same, and never a success."""
    try:
        answer = net.request("GET", values.get("baseUrl") or values.get("feedUrl") or "http://localhost:9/", timeout=5)
    except net.Unreachable as error:
        return [unreachable(service.app.cannot_connect, error)]
    return [setting("", f"Unable to connect to indexer. HTTP {answer.status_code}")]
