# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the contract tests of the *arr stand-ins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

from standins import testing  # noqa: E402


@pytest.fixture
def arr(tmp_path):
    """Start stand-ins in threads: ``arr("radarr", url_base="x")``."""
    started = []

    def start(kind, **options):
        directory = options.pop("directory", tmp_path)
        handle = testing.start_arr_in_thread(kind, directory, **options)
        started.append(handle)
        return handle

    yield start
    for handle in started:
        handle.stop()


@pytest.fixture
def arr_process(tmp_path):
    """Start stand-ins in processes of their own, for restarts and the environment."""
    started = []

    def start(kind, **options):
        directory = options.pop("directory", tmp_path)
        handle = testing.start_arr(kind, directory, **options)
        started.append(handle)
        return handle

    yield start
    for handle in started:
        handle.stop()


@pytest.fixture
def qbittorrent():
    with testing.start_qbittorrent() as handle:
        yield handle


@pytest.fixture
def sabnzbd():
    with testing.start_sabnzbd() as handle:
        yield handle


@pytest.fixture
def nzbget():
    with testing.start_nzbget() as handle:
        yield handle


@pytest.fixture
def torznab():
    with testing.start_torznab() as handle:
        yield handle


@pytest.fixture
def sink():
    """Answers 200 to everything: webhooks, ntfy, FlareSolverr's question."""

    def application(environ, start_response):
        testing.read(environ)
        return testing.respond(start_response, 200, {"status": "ok", "solution": {"status": 200}})

    with testing.start_wsgi(application) as handle:
        yield handle
