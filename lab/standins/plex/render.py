# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One answer, two forms: XML unless JSON is asked for, with the types of each."""
from __future__ import annotations

import json
from xml.sax.saxutils import quoteattr

from flask import Response, request

PROTOCOL = {"X-Plex-Protocol": "1.0"}
UNAUTHORIZED = ("<html><head><script>window.location = window.location.href.match(/(^.+\\/)[^\\/]*$/)[1] + 'web/index.html';</script>"
                "<title>Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>")


def page(status, title, reasons=()):
    text = UNAUTHORIZED if status == 401 else \
        f"<html><head><title>{title}</title></head><body><h1>{status} {title}</h1></body></html>" + "\n".join(reasons)
    return Response(text, status, headers=PROTOCOL, content_type="text/html")


def nothing(status=200):
    return Response("", status, headers=PROTOCOL, content_type="text/html")


def wants_json():
    return "application/json" in request.headers.get("Accept", "") and "xml" not in request.headers.get("Accept", "")


def text(value):
    if value is True or value is False:
        return "1" if value else "0"
    return str(value)


def element(name, node, depth=0):
    """Scalars become attributes, lists child elements."""
    attributes = "".join(f" {key}={quoteattr(text(value))}" for key, value in node.items()
                         if not isinstance(value, (list, dict)) and value is not None)
    children = [element(key, item) for key, value in node.items() if isinstance(value, list) for item in value]
    children += [element(key, value) for key, value in node.items() if isinstance(value, dict)]
    return f"<{name}{attributes}>\n" + "\n".join(children) + ("\n" if children else "") + f"</{name}>" if children or not depth \
        else f"<{name}{attributes} />"


def answer(node, status=200, root="MediaContainer", headers=None):
    if wants_json():
        body, kind = json.dumps({root: cleaned(node)}, ensure_ascii=False), "application/json"
    else:
        body = '<?xml version="1.0" encoding="UTF-8"?>\n' + element(root, renamed(node)) + "\n"
        kind = "text/xml;charset=utf-8"
    return Response(body, status, headers={**PROTOCOL, **(headers or {})}, content_type=kind)


def cleaned(node):
    """JSON: absent members instead of empty lists."""
    if isinstance(node, dict):
        return {key: cleaned(value) for key, value in node.items() if value is not None and value != []}
    return [cleaned(item) for item in node] if isinstance(node, list) else node


def renamed(node):
    """XML: ``Metadata`` is Video, Directory or Track by its type."""
    if not isinstance(node, dict):
        return node
    found = {}
    for key, value in node.items():
        if key == "Metadata":
            for item in value:
                name = {"movie": "Video", "episode": "Video", "clip": "Video", "track": "Track"}.get(item.get("type"), "Directory")
                found.setdefault(name, []).append(renamed(item))
        else:
            found[key] = [renamed(item) for item in value] if isinstance(value, list) else value
    return found
