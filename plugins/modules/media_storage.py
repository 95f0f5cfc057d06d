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

import errno
import os
import stat

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils.files import FileProblem, explain, guard, make_directories
from ansible_collections.homelab.media.plugins.module_utils.hardlinks import as_user, prove
from ansible_collections.homelab.media.plugins.module_utils.hostfacts import mounts, read

# Filesystems on which a change of owner may be refused, or taken and forgotten.
SHARES = ("nfs", "cifs", "smb", "fuse", "9p", "virtiofs", "vfat", "exfat", "ntfs", "ceph", "glusterfs")


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


def on_share(path, mounted):
    """Whether a directory is on a filesystem that may refuse owners and modes."""
    real = os.path.realpath(path)
    best = {"target": "", "fstype": ""}
    for mount in mounted:
        target = mount["target"].rstrip("/") or "/"
        if (real == target or real.startswith(target if target == "/" else target + "/")) and len(target) >= len(best["target"]):
            best = dict(mount, target=target)
    return best["fstype"].startswith(SHARES)


def apply(path, have, wanted):
    """Create a directory or set its attributes.

    :return: C(None), or the error of a filesystem that refuses them; some say yes and do nothing.
    """
    try:
        if have is None:
            make_directories(os.path.dirname(path))
            os.mkdir(path)
        now = current(path)
        if (now["owner"], now["group"]) != (wanted["owner"], wanted["group"]):
            os.chown(path, wanted["owner"], wanted["group"])
        # After a change of owner in any case, since that clears bits.
        os.chmod(path, int(wanted["mode"], 8))
    except OSError as error:
        if have is None and not os.path.isdir(path) or error.errno not in (errno.EPERM, errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
            raise explain("creating the directory" if have is None else "setting owner and mode of", path, error) from error
        return error
    return None if current(path) == wanted else OSError(errno.EPERM, "it says yes and keeps what it had")


def converge(entry, check_mode, mounted):
    """Create one directory or set its attributes.

    :return: The diff's before and after, both empty when there is nothing to do, and the message of a filesystem that refuses it.
    """
    path = os.path.normpath(entry["path"])
    try:
        wanted = {"owner": int(entry["owner"]), "group": int(entry["group"]), "mode": "{0:05o}".format(int(entry["mode"], 8))}
    except ValueError:
        raise FileProblem("creating the directory {0}: owner and group are numbers and the mode is octal like 02775".format(path)) from None
    guard(path, "creating the directory")
    have = current(path)
    if have == wanted:
        return {}, {}, None
    if have is not None and on_share(path, mounted) and check_mode and usable(path, wanted["owner"], wanted["group"]):
        # Whether the share takes them cannot be told without trying; that it has not so far says that it does not.
        return {}, {}, None
    refused = None if check_mode else apply(path, have, wanted)
    if refused:
        if not usable(path, wanted["owner"], wanted["group"]):
            raise FileProblem("{0} {1}: the filesystem refuses {2}:{3} {4} ({5}), and that user cannot write there; set them on the server of the "
                              "share, or mount it with these numbers".format(
                                  "creating the directory" if have is None else "setting owner and mode of",
                                  path, wanted["owner"], wanted["group"], wanted["mode"], refused.strerror))
        if have is not None:
            return {}, {}, refused.strerror
    before = {"state": "absent"} if have is None else {key: value for key, value in have.items() if value != wanted[key]}
    after = dict(wanted, state="directory") if have is None else {key: wanted[key] for key in before}
    return before, after, refused.strerror if refused else None


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
        mounted = mounts(read("/proc/self/mounts"))
        refused = {}
        for entry in params["directories"]:
            before, after, message = converge(entry, module.check_mode, mounted)
            if message:
                refused.setdefault(message, []).append(entry["path"])
            if before or after:
                result["changed"] = True
                result["diff"].append({"before_header": entry["path"], "after_header": entry["path"], "before": before, "after": after})
        for message, paths in refused.items():
            module.warn("The filesystem keeps its own owner or mode ({0}) on {1}, where the apps' user can write nevertheless; going on.".format(
                message, ", ".join(paths)))
        if not module.check_mode and (params["prove"] == "always" or params["prove"] == "changed" and result["changed"]):
            for entry in params["proof"]:
                prove(entry)
                result["proofs"].append({"path": entry["path"], "target": entry["target"], "hardlink": True})
    except FileProblem as error:
        module.fail_json(msg=str(error), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
