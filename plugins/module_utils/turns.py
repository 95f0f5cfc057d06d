# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks between a run and the resident reconciler, so that two never work on the same containers at once.

The reconciler is installed with a copy of this file, so it needs nothing but the standard library.
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import time

DIRECTORY = "/run/homelab-media"
# Held while containers are made anew or restarted.
CONTAINERS = DIRECTORY + "/containers.lock"
# Held by the reconciler as long as it runs.
RECONCILER = DIRECTORY + "/reconciler.lock"


@contextlib.contextmanager
def turn(path, seconds=0):
    """Hold a lock, which ends with the process at the latest.

    :param seconds: How long to wait for it.
    :return: Whether it is held; where no lock can be made at all, C(True): then nobody else has one either.
    """
    try:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield True
        return
    end = time.monotonic() + seconds
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = True
                break
            except OSError:
                held = False
                if time.monotonic() >= end:
                    break
                time.sleep(0.2)
        yield held
    finally:
        os.close(handle)


def taken(path):
    """Whether somebody holds a lock. Changes nothing."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(handle)


def began(path):
    """Note in a lock that is held that its holder begins now."""
    try:
        os.utime(path)
    except OSError:
        pass


def current(path, files):
    """Whether the holder of a lock runs, and began after its files were written."""
    try:
        begin = os.stat(path).st_mtime
        return taken(path) and all(os.stat(name).st_mtime <= begin for name in files)
    except OSError:
        return False
