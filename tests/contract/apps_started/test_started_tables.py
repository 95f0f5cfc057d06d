# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract tables of the apps around the *arr applications, run against each stand-in in a process of its own.

A table is ``{app, cases}``; a case is ``{title, environment, files, steps}`` and starts on an empty config directory. A step is one
request and what has to come back: ``{call: GET /x, headers, body|form|raw, status, kind, has, is, text, lacks, location, save}``;
``{restart: true}`` ends the process with SIGTERM and starts it on what it left. ``<word>`` is filled in: keys, addresses, saved values.
"""
from __future__ import annotations

from pathlib import Path

import apps_runner
import pytest
import yaml
from standins.testing import free_port

TABLES = sorted((Path(__file__).parent / "tables").glob("*.yml"))


def cases():
    for path in TABLES:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name in table["app"] if isinstance(table["app"], list) else [table["app"]]:
            for case in table["cases"]:
                if name in case.get("apps", [name]):
                    yield pytest.param(name, case, id=f"{name}-{case['title'].replace(' ', '_')}")


@pytest.mark.parametrize(("name", "case"), list(cases()))
def test_the_app_answers_as_described(name, case, app, arrs, plex, tmp_path):
    words = {"key": apps_runner.KEY, "dead": free_port(), "tmp": str(tmp_path), "plex_port": plex.port, "films": str(plex.films)}
    for kind, handle in arrs.items():
        words.update({kind + "_port": handle.port, kind + "_url": handle.url, kind + "_key": handle.api_key})
    process = app(name, environment=apps_runner.filled(case.get("environment") or {}, words),
                  files=apps_runner.filled(case.get("files") or {}, words), probe=case.get("probe"))
    for step in case["steps"]:
        apps_runner.run_step(process, step, words)
