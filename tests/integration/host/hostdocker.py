# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tiny image, made of this machine's own programs so that nothing has to be downloaded, and names that are only a test's."""
from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

# Each worker of a parallel run has names, an image and a subnet of its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
PREFIX = f"h6test-{WORKER}-"
IMAGE = f"homelab-media-test/tiny-{WORKER}"
SUBNET = f"172.31.{200 + int(WORKER[2:]) % 50}.0/24"
PROGRAMS = ("sh", "sleep", "env", "cat", "touch")


def docker(*arguments, check=True, text=None):
    """A Docker command's output."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, input=text, check=False)
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def root_filesystem():
    """A tar archive with a few programs and the libraries that they need."""
    wanted = set()
    for name in PROGRAMS:
        path = shutil.which(name)
        wanted.add((path, f"bin/{name}"))
        for library in re.findall(r"(/\S+)", subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout):
            wanted.add((library, library.lstrip("/")))
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in ("tmp", "etc"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
        for path, name in sorted(wanted):
            archive.add(Path(path).resolve(), arcname=name)
    return stream.getvalue()


def inspect(name):
    """What Docker tells of a container."""
    return json.loads(docker("container", "inspect", name))[0]
