#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: media_storage
short_description: Create the skeleton of the data tree and prove that hardlinks work
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Creates directories and sets owner, group and mode of exactly these directories. Nothing below them is looked at or changed.
  - Refuses to write below a data root that should be a mount and is not one, so that a share that is down does not fill the root disk.
  - Where the filesystem refuses a change of owner (root_squash, CIFS), goes on with a warning if the app's user can work there.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  data_root:
    description: Root of the data tree on the host. Empty on a host without media.
    type: str
    default: ""
  mount_required:
    description: Whether O(data_root) has to be a mount.
    type: bool
    default: false
  directories:
    description: The directories, each with C(path), numeric C(owner) and C(group), and octal C(mode).
    type: list
    elements: dict
    required: true
  proof:
    description:
      - Hardlinks to prove, each with C(path), C(uid), C(gid) of the download and C(target), C(target_uid), C(target_gid) of the library.
      - A file is made as the one user, linked as the other, its inode compared, and both are removed.
    type: list
    elements: dict
    default: []
  prove:
    description: When to prove them. V(changed) when something was created or set in this run. Never in check mode.
    type: str
    choices: [changed, always, never]
    default: changed
"""

EXAMPLES = r"""
- name: Create the library and prove hardlinks into it
  homelab.media.media_storage:
    data_root: /mnt/media
    directories:
      - {path: /mnt/media, owner: 1000, group: 1000, mode: "02775"}
      - {path: /mnt/media/downloads, owner: 1000, group: 1000, mode: "02775"}
      - {path: /mnt/media/movies, owner: 1000, group: 1000, mode: "02775"}
    proof:
      - {path: /mnt/media/downloads, uid: 1000, gid: 1000, target: /mnt/media/movies, target_uid: 1000, target_gid: 1000}
"""

RETURN = r"""
proofs:
  description: What was proven, one entry for each of O(proof).
  type: list
  elements: dict
  returned: always
  sample: [{path: /mnt/media/downloads, target: /mnt/media/movies, hardlink: true}]
"""

import os
import stat

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils.files import FileProblem, explain


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
            message = error.strerror or str(error)
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
    """Prove one hardlink.

    :raises FileProblem: when it does not work, saying which of the steps.
    """
    source = os.path.join(entry["path"], ".homelab-media-proof-{0}".format(os.getpid()))
    target = os.path.join(entry["target"], ".homelab-media-proof-{0}".format(os.getpid()))

    def make():
        with open(source, "x", encoding="utf-8") as stream:
            stream.write("hardlink proof")

    def link():
        os.link(source, target)

    try:
        message = as_user(entry["uid"], entry["gid"], make)
        if message:
            raise FileProblem("the download client's user {0}:{1} cannot write to {2}: {3}; give the directory to that user or group".format(
                entry["uid"], entry["gid"], entry["path"], message))
        message = as_user(entry["target_uid"], entry["target_gid"], link)
        if message:
            raise FileProblem("user {0}:{1} cannot hardlink from {2} to {3}: {4}; both have to be one filesystem and writable for its group".format(
                entry["target_uid"], entry["target_gid"], entry["path"], entry["target"], message))
        if os.stat(source).st_ino != os.stat(target).st_ino:
            raise FileProblem("a hardlink from {0} to {1} is a copy; put both on one filesystem".format(entry["path"], entry["target"]))
    finally:
        for path in (source, target):
            try:
                os.unlink(path)
            except OSError:
                pass


def current(path):
    """What is at the path of a directory: C(None), or its owner, group and mode."""
    try:
        info = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explain("looking at", path, error) from error
    if not stat.S_ISDIR(info.st_mode):
        raise FileProblem("creating the directory {0}: there is a file of that name; move it away".format(path))
    return {"owner": info.st_uid, "group": info.st_gid, "mode": "{0:05o}".format(stat.S_IMODE(info.st_mode))}


def usable(path, uid, gid):
    """Whether a user can create files in a directory."""
    def attempt():
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(13, "permission denied")
    return as_user(uid, gid, attempt) is None


def converge(entry, warn, check_mode):
    """Create one directory or set its attributes.

    :return: The diff's before and after, both empty when there is nothing to do.
    """
    path = entry["path"]
    wanted = {"owner": int(entry["owner"]), "group": int(entry["group"]), "mode": "{0:05o}".format(int(entry["mode"], 8))}
    have = current(path)
    if have == wanted:
        return {}, {}
    if not check_mode:
        try:
            if have is None:
                os.makedirs(path, mode=0o755, exist_ok=True)
            if have is None or (have["owner"], have["group"]) != (wanted["owner"], wanted["group"]):
                os.chown(path, wanted["owner"], wanted["group"])
            os.chmod(path, int(wanted["mode"], 8))
        except OSError as error:
            if have is None and not os.path.isdir(path) or not usable(path, wanted["owner"], wanted["group"]):
                raise explain("creating the directory" if have is None else "setting owner and mode of", path, error) from error
            warn("{0}: the filesystem refuses {1}:{2} {3} ({4}), but that user can write there; going on".format(
                path, wanted["owner"], wanted["group"], wanted["mode"], error.strerror))
            if have is not None:
                return {}, {}
    before = {"state": "absent"} if have is None else {key: value for key, value in have.items() if value != wanted[key]}
    after = dict(wanted, state="directory") if have is None else {key: wanted[key] for key in before}
    return before, after


def main():
    module = AnsibleModule(
        argument_spec={
            "data_root": {"type": "str", "default": ""},
            "mount_required": {"type": "bool", "default": False},
            "directories": {"type": "list", "elements": "dict", "required": True},
            "proof": {"type": "list", "elements": "dict", "default": []},
            "prove": {"type": "str", "choices": ["changed", "always", "never"], "default": "changed"},
        },
        supports_check_mode=True,
    )
    params = module.params
    result = {"changed": False, "diff": [], "proofs": []}
    try:
        if params["mount_required"] and not os.path.ismount(params["data_root"]):
            raise FileProblem("the data root {0} is not mounted, and media_data_mount says that it has to be; mount it and run again".format(
                params["data_root"]))
        for entry in params["directories"]:
            before, after = converge(entry, module.warn, module.check_mode)
            if before or after:
                result["changed"] = True
                result["diff"].append({"before_header": entry["path"], "after_header": entry["path"], "before": before, "after": after})
        if not module.check_mode and (params["prove"] == "always" or params["prove"] == "changed" and result["changed"]):
            for entry in params["proof"]:
                prove(entry)
                result["proofs"].append({"path": entry["path"], "target": entry["target"], "hardlink": True})
    except FileProblem as error:
        module.fail_json(msg=str(error), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
