# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate answers against an application's OpenAPI document (3.0, as the applications write it)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema

# What real servers answer although their own documents do not say so.
KNOWN = {
    ("prowlarr", "ApplicationResource"): {"enable": {"type": "boolean"}},
    ("*", "HealthResource"): {"wikiUrl": {"type": "string"}},
}
OPEN = ("Command",)  # command bodies carry their own keys


class Document:
    def __init__(self, directory, app):
        document = json.loads((Path(directory) / f"{app}.openapi.json").read_text(encoding="utf-8"))
        components = {name: convert(schema) for name, schema in document["components"]["schemas"].items()}
        for (kind, name), properties in KNOWN.items():
            if kind in (app, "*") and name in components:
                components[name].setdefault("properties", {}).update(properties)
        for name in OPEN:
            components[name].pop("additionalProperties", None)
        self.components = components
        self.paths = []
        for path, operations in document["paths"].items():
            pattern = re.compile("^" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$")
            self.paths.append((path.count("{"), pattern, operations))
        self.paths.sort(key=lambda item: item[0])
        self.validated = 0

    def schema(self, method, path):
        path = path.split("?")[0].rstrip("/") or "/"
        for _count, pattern, operations in self.paths:
            if pattern.match(path) and method.lower() in operations:
                content = operations[method.lower()]["responses"].get("200", {}).get("content", {})
                return content.get("application/json", {}).get("schema")
        return None

    def errors(self, method, path, body):
        """What the document has against an answer; None when it says nothing about this one."""
        schema = self.schema(method, path)
        if schema is None or path.split("?")[0].endswith("/bulk"):
            return None
        self.validated += 1
        whole = {**convert(schema), "components": {"schemas": self.components}}
        validator = jsonschema.Draft7Validator(whole)
        return [
            f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in validator.iter_errors(body)
        ][:5]


def convert(schema):
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [convert(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: {name: convert(item) for name, item in value.items()} if key == "properties" else convert(value)
        for key, value in schema.items()
        if key not in ("nullable", "format", "example")
    }
    if schema.get("nullable") and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    return result
