# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing files safely: old or new content after a crash or on a full disk, never a part of it."""
from __future__ import annotations

import errno
import os
import stat

# One fixed name, so that what a killed run left behind is used up by the next one and never piles up.
SUFFIX = ".homelab-media-new"


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
        errno.EEXIST: "there is something else of that name; move it away",
        errno.ENOTDIR: "a part of the path is a file; move it away",
        errno.EISDIR: "it is a directory; move it away",
    }
    return FileProblem("{0} {1}: {2}".format(action, path, hints.get(error.errno, os.strerror(error.errno or 0))))


def guard(path, action="writing"):
    """Refuse a way through a symbolic link by which another user could lead root to somebody else's files.

    Links of root, and links of a user into directories of the same user, are taken as they are meant.

    :raises FileProblem: for any other link.
    """
    place = path
    while not os.path.exists(place) and place != "/":
        place = os.path.dirname(place)
    owner = None
    step = "/"
    for name in path.split("/"):
        step = os.path.join(step, name)
        try:
            info = os.lstat(step)
        except OSError:
            return
        if stat.S_ISLNK(info.st_mode) and info.st_uid not in (0, os.geteuid()):
            owner = os.stat(place).st_uid if owner is None else owner
            if info.st_uid != owner:
                raise FileProblem("{0} {1}: {2} is a symbolic link of user {3} that leads to a directory of user {4}; make it a directory, or give "
                                  "the link to root with 'chown -h root'".format(action, path, step, info.st_uid, owner))


def observe(path):
    """What is at a path: C(None), or C({content, owner, group, mode}); a directory or a symlink is refused.

    :raises FileProblem: when something else than a regular file is there.
    """
    guard(os.path.dirname(path))
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explain("reading", path, error) from error
    if stat.S_ISLNK(info.st_mode):
        raise FileProblem("writing {0}: it is a symbolic link to {1}; replace it by a file, or move it away".format(path, os.readlink(path)))
    if stat.S_ISDIR(info.st_mode):
        raise FileProblem("writing {0}: it is a directory; move it away".format(path))
    if not stat.S_ISREG(info.st_mode):
        raise FileProblem("writing {0}: it is no regular file; move it away".format(path))
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise explain("reading", path, error) from error
    return {"content": content, "owner": info.st_uid, "group": info.st_gid, "mode": stat.S_IMODE(info.st_mode)}


def make_directories(path):
    """Make a directory and what is missing above it, mode 0755 whatever the umask.

    :raises OSError: as the system does.
    """
    if not os.path.isdir(path):
        make_directories(os.path.dirname(path))
        os.mkdir(path)
        os.chmod(path, 0o755)


def _create(path):
    """Open a file that only this process can know; whatever has its name is a leftover."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileExistsError:
        os.unlink(path)
        return os.open(path, flags, 0o600)


def write(path, content, owner=None, group=None, mode=0o644):
    """Write a file atomically: a temporary one beside it, forced to disk, then renamed.

    :raises FileProblem: with nothing changed.
    """
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, "." + name + SUFFIX)
    try:
        make_directories(directory)
        handle = _create(temporary)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                if owner is not None and (owner, group) != (os.geteuid(), os.getegid()):
                    os.fchown(stream.fileno(), owner, group)
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        # The new name has to survive a power cut as well; not every filesystem can promise it.
        try:
            handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError:
            pass
    except OSError as error:
        raise explain("writing", path, error) from error


def set_attributes(path, owner, group, mode):
    """Owner, group and mode of a file that keeps its content.

    :raises FileProblem: when it is not allowed.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            os.fchown(handle, owner, group)
            os.fchmod(handle, mode)
        finally:
            os.close(handle)
    except OSError as error:
        raise explain("setting owner and mode of", path, error) from error
