# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the contract tests of the stand-ins around the *arr applications."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

import apps_runner  # noqa: E402


@pytest.fixture
def app(tmp_path):
    """Start stand-ins in processes: ``app("seerr", environment={...}, files={...})``."""
    started = []

    def start(name, run=True, **options):
        process = apps_runner.Process(name, options.pop("directory", tmp_path / name), **options)
        started.append(process)
        return process.start() if run else process.spawn()

    yield start
    for process in started:
        process.stop()


@pytest.fixture(scope="module")
def arrs(tmp_path_factory):
    started = apps_runner.peers(tmp_path_factory.mktemp("arrs"))
    yield started
    for handle in started.values():
        handle.stop()


@pytest.fixture(scope="module")
def plex(tmp_path_factory):
    """An unclaimed Plex with one library of films."""
    directory = tmp_path_factory.mktemp("plex")
    films = directory / "films"
    films.mkdir()
    process = apps_runner.Process("plex", directory / "config").start()
    process.films = films
    yield process
    process.stop()
