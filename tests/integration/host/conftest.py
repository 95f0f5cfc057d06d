# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker Engine with one tiny image, and a clean place on it for each test."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hostdocker import IMAGE, PREFIX, docker, root_filesystem  # noqa: E402


@pytest.fixture(scope="session")
def engine():
    """The Engine's version; tests that need one are skipped where there is none, or no Compose v2."""
    for command in (["docker", "version", "--format", "{{.Server.Version}}"], ["docker", "compose", "version", "--short"]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no Docker here")
        if done.returncode:
            pytest.skip(f"'{' '.join(command)}' does not work here: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


@pytest.fixture(scope="session")
def image(engine):
    """A tiny image under two tags."""
    archive = root_filesystem()
    subprocess.run(["docker", "import", "--change", "CMD sleep 3600", "-", IMAGE + ":1"], input=archive, capture_output=True, check=True)
    docker("tag", IMAGE + ":1", IMAGE + ":2")
    yield IMAGE
    docker("rmi", "--force", IMAGE + ":1", IMAGE + ":2", check=False)


@pytest.fixture
def cleanup():
    """Removes this test's containers and networks before and after, whatever became of it."""
    def clean():
        names = [name for name in docker("ps", "-a", "--format", "{{.Names}}").split() if PREFIX in name]
        if names:
            docker("rm", "--force", "--volumes", *names)
        for name in docker("network", "ls", "--format", "{{.Name}}").split():
            if name.startswith(PREFIX):
                docker("network", "rm", name)
    clean()
    yield
    clean()
