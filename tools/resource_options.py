# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write plugins/plugin_utils/resource_options.py from the documentation of the modules of the *arr apps."""
from __future__ import annotations

import ast
import json
import pathlib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
TARGET = ROOT / "plugins" / "plugin_utils" / "resource_options.py"
# Modules that make no single resource, or are described otherwise.
OTHERS = ("config", "export", "indexer_sync", "info")
KEPT = ("type", "elements", "choices", "required")
HEAD = '''# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the resources of the *arr apps, by kind, as the documentation of the modules has them.

Made by tools/resource_options.py; a test compares it with the modules.
"""

from __future__ import annotations

OPTIONS = {
'''


def documentation(path):
    """The documentation that is a constant of a file, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            return yaml.safe_load(node.value.value)
    return {}


def options():
    """Kind to option to its type, elements, choices and whether it is required; the options of the connection are none of them."""
    found = {}
    for path in sorted((ROOT / "plugins" / "modules").glob("arr_*.py")):
        kind = path.stem[len("arr_"):]
        if kind in OTHERS:
            continue
        told = documentation(path)
        every = dict(told.get("options") or {})
        for fragment in told.get("extends_documentation_fragment") or []:
            name = fragment.rpartition(".")[2]
            if name in ("provider", "state"):
                for option, spec in documentation(ROOT / "plugins" / "doc_fragments" / (name + ".py"))["options"].items():
                    every.setdefault(option, spec)
        found[kind] = {option: {key: spec[key] for key in KEPT if spec.get(key)} for option, spec in sorted(every.items())}
    return found


def text():
    """The file."""
    lines = []
    for kind, every in sorted(options().items()):
        lines.append('    "{0}": {{'.format(kind))
        lines += ['        "{0}": {1},'.format(option, json.dumps(spec).replace("true", "True")) for option, spec in every.items()]
        lines.append("    },")
    return HEAD + "\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
