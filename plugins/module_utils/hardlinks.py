# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof that a hardlink works between two directories, made by the users of the apps that will make one."""
from __future__ import annotations

import os

from ansible_collections.homelab.media.plugins.module_utils.files import FileProblem

PROOF = ".homelab-media-proof"


def as_user(uid, gid, action):
    """Run an action in a child process with another user's rights.

    :return: C(None), or the message of what the child could not do.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        message = ""
        try:
            os.close(reader)
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
            os.umask(0o002)
            action()
        except OSError as error:
            message = (error.strerror or str(error)).lower()
        except Exception as error:  # the parent has to hear about anything
            message = str(error) or type(error).__name__
        os.write(writer, message.encode()[:500])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        message = stream.read()
    os.waitpid(child, 0)
    return message or None


def prove(entry):
    """Prove one hardlink. Everything is done as the apps' users: root may be nobody on a share.

    :raises FileProblem: when it does not work, saying which of the steps.
    """
    # One fixed name: what a killed run left behind is removed by the next one.
    source, target = os.path.join(entry["path"], PROOF), os.path.join(entry["target"], PROOF)
    maker, linker = (int(entry["uid"]), int(entry["gid"])), (int(entry["target_uid"]), int(entry["target_gid"]))

    def make():
        with open(source, "x", encoding="utf-8") as stream:
            stream.write("hardlink proof")

    def link():
        os.link(source, target)
        if os.lstat(source).st_ino != os.lstat(target).st_ino:
            raise OSError(0, "what is made is a copy")

    def clean():
        for path, user in ((target, linker), (source, maker)):
            as_user(*user, lambda path=path: os.unlink(path))
            try:
                os.unlink(path)
            except OSError:
                pass

    clean()
    try:
        message = as_user(*maker, make)
        if message:
            raise FileProblem("the download client's user {0}:{1} cannot write to {2}: {3}; give the directory to that user or group".format(
                *maker, entry["path"], message))
        message = as_user(*linker, link)
        if message:
            raise FileProblem("user {0}:{1} cannot hardlink from {2} to {3}: {4}; both have to be on one filesystem and writable for its group".format(
                *linker, entry["path"], entry["target"], message))
    finally:
        clean()
