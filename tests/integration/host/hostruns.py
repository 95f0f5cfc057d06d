# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the host modules as a host does: a process of their own, arguments on standard input, one JSON answer."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACKAGE = "ansible_collections.homelab.media.plugins.modules."
START = ("import importlib, sys; from ansible.module_utils import basic; basic._ANSIBLE_PROFILE = 'legacy'; "
         "basic._ANSIBLE_ARGS = sys.stdin.buffer.read(); importlib.import_module(sys.argv.pop()).main()")


def start(name, arguments, check=False, environment=None, prefix=()):
    """A module's process, with its arguments still to come."""
    text = json.dumps({"ANSIBLE_MODULE_ARGS": dict(arguments, _ansible_check_mode=check, _ansible_diff=True)})
    process = subprocess.Popen([*prefix, sys.executable, "-c", START, PACKAGE + name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, PYTHONPATH=str(ROOT / ".collections"), **(environment or {})))
    process.stdin.write(text)
    process.stdin.close()
    process.stdin = None
    return process


def run(name, arguments, check=False, environment=None, prefix=()):
    """The answer of a module; C(_text) is everything that it printed."""
    output, errors = start(name, arguments, check, environment, prefix).communicate(timeout=300)
    try:
        result = json.loads(output)
    except ValueError:
        raise AssertionError(f"{name} printed no JSON:\n{output}\n{errors}") from None
    assert "Traceback" not in output + errors, output + errors
    result["_text"] = output + errors
    return result


def both(name, arguments, **options):
    """The answers of check mode and of the real run, which have to predict and do the same."""
    predicted = run(name, arguments, check=True, **options)
    done = run(name, arguments, **options)
    assert predicted["changed"] == done["changed"]
    assert predicted.get("diff") == done.get("diff")
    return done
