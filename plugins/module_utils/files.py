# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing files safely: old or new content after a crash or on a full disk, never a part of it."""
from __future__ import annotations

import errno
import os
import stat
import tempfile


class FileProblem(Exception):
    """What could not be done with which file, and why, in one sentence."""


def explain(action, path, error):
    """A sentence for an operating system's error."""
    hints = {
        errno.ENOSPC: "no space is left there; make room and run again",
        errno.EDQUOT: "the disk quota is used up; make room and run again",
        errno.EROFS: "the filesystem is read-only; mount it with write access",
        errno.EACCES: "permission denied; run with become",
        errno.EPERM: "the operation is not permitted (a network share may forbid it)",
        errno.ENOTDIR: "a part of the path is a file; move it away",
        errno.EISDIR: "it is a directory; move it away",
    }
    return FileProblem("{0} {1}: {2}".format(action, path, hints.get(error.errno, os.strerror(error.errno or 0))))


def observe(path):
    """What is at a path: C(None), or C({content, owner, group, mode}); a directory or a symlink is refused.

    :raises FileProblem: when something else than a regular file is there.
    """
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explain("reading", path, error) from error
    if stat.S_ISLNK(info.st_mode):
        raise FileProblem("writing {0}: it is a symbolic link to {1}; replace it by a file, or move it away".format(path, os.readlink(path)))
    if not stat.S_ISREG(info.st_mode):
        raise FileProblem("writing {0}: it is no regular file; move it away".format(path))
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise explain("reading", path, error) from error
    return {"content": content, "owner": info.st_uid, "group": info.st_gid, "mode": stat.S_IMODE(info.st_mode)}


def write(path, content, owner=None, group=None, mode=0o644):
    """Write a file atomically: a temporary one beside it, forced to disk, then renamed.

    :raises FileProblem: with nothing changed.
    """
    directory = os.path.dirname(path)
    temporary = None
    try:
        os.makedirs(directory, mode=0o755, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=directory, prefix=".{0}.".format(os.path.basename(path)))
        with os.fdopen(handle, "wb") as stream:
            if owner is not None and (owner, group) != (os.geteuid(), os.getegid()):
                os.fchown(stream.fileno(), owner, group)
            os.fchmod(stream.fileno(), mode)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise explain("writing", path, error) from error


def set_attributes(path, owner, group, mode):
    """Owner, group and mode of a file that keeps its content.

    :raises FileProblem: when it is not allowed.
    """
    try:
        os.chown(path, owner, group)
        os.chmod(path, mode)
    except OSError as error:
        raise explain("setting owner and mode of", path, error) from error
