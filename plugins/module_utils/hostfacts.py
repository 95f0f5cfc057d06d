# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is: read from /proc, /etc and a few commands, never changing anything."""
from __future__ import annotations

import json
import os
import platform
import pwd
import re
import socket
import stat
import struct

NETWORK_PREFIXES = ("127.",)


def read(path, size=-1):
    """The text of a file, or of its beginning; empty when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(size)
    except OSError:
        return ""


def os_release(text):
    """/etc/os-release as a dict."""
    found = {}
    for line in text.splitlines():
        key, sign, value = line.partition("=")
        if sign and not key.startswith("#"):
            found[key.strip()] = value.strip().strip("\"'")
    return found


def system(root="/"):
    """Distribution and architecture."""
    release = os_release(read(os.path.join(root, "etc/os-release")))
    return {
        "id": release.get("ID", ""),
        "version_id": release.get("VERSION_ID", ""),
        "codename": release.get("VERSION_CODENAME", ""),
        "arch": platform.machine(),
        "raspbian": os.path.exists(os.path.join(root, "etc/rpi-issue")),
    }


def mounts(text):
    """/proc/self/mounts as a list of C({target, device, fstype, options}), the last mount of a target last."""
    found = []
    for line in text.splitlines():
        parts = line.split()
        if len(parts) >= 4:
            target = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), parts[1])
            found.append({"target": target, "device": parts[0], "fstype": parts[2], "options": parts[3].split(",")})
    return found


def fstab_targets(text):
    """Where /etc/fstab mounts something."""
    return {line.split()[1].rstrip("/") or "/" for line in text.splitlines()
            if line.strip() and not line.lstrip().startswith("#") and len(line.split()) > 1}


def describe_path(path, mounted, fstab):
    """What is at a path, or at its nearest directory where it does not exist yet."""
    path = os.path.normpath(path)
    place = path
    while not os.path.exists(place) and place != "/":
        place = os.path.dirname(place)
    real = os.path.realpath(place)
    best = None
    for mount in mounted:
        target = mount["target"].rstrip("/") or "/"
        if real == target or real.startswith(target if target == "/" else target + "/"):
            if best is None or len(target) >= len(best["target"].rstrip("/")):
                best = mount
    found = {"exists": place == path, "mount": os.path.ismount(path), "fstab": path in fstab, "fstype": best["fstype"] if best else None,
             "source": best["device"] if best else None, "device": None, "free_bytes": None, "uid": None, "gid": None, "mode": None,
             "writable": None}
    try:
        info, space = os.stat(place), os.statvfs(place)
    except OSError:
        return found
    found.update(device=info.st_dev, free_bytes=space.f_bavail * space.f_frsize, uid=info.st_uid, gid=info.st_gid,
                 mode="{0:04o}".format(stat.S_IMODE(info.st_mode)), writable=not bool(space.f_flag & os.ST_RDONLY))
    return found


def _address(text):
    """An address of /proc/net/{tcp,udp}: hexadecimal words in the host's byte order."""
    raw = bytes.fromhex(text)
    if len(raw) == 4:
        return socket.inet_ntop(socket.AF_INET, raw[::-1])
    words = struct.unpack("<4I", raw)
    packed = struct.pack(">4I", *words)
    if packed[:12] == b"\0" * 10 + b"\xff\xff":
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)


def sockets(text, proto):
    """Listening sockets of one table: C({port, proto, address, inode})."""
    found = []
    for line in text.splitlines()[1:]:
        parts = line.split()
        if len(parts) < 10:
            continue
        address, colon, port = parts[1].partition(":")
        # 0A is LISTEN; an unconnected UDP socket has the state 07.
        if parts[3] == ("0A" if proto == "tcp" else "07"):
            found.append({"port": int(port, 16), "proto": proto, "address": _address(address), "inode": parts[9]})
    return found


def owners(inodes, proc="/proc"):
    """Inode of a socket to the number of a process that holds it."""
    found = {}
    for pid in os.listdir(proc):
        if not pid.isdigit() or len(found) == len(inodes):
            continue
        try:
            handles = os.listdir(os.path.join(proc, pid, "fd"))
        except OSError:
            continue
        for handle in handles:
            try:
                target = os.readlink(os.path.join(proc, pid, "fd", handle))
            except OSError:
                continue
            if target.startswith("socket:[") and target[8:-1] in inodes:
                found[target[8:-1]] = pid
    return found


def container_id(pid, proc="/proc"):
    """The id of the container that a process runs in, by its control group; C(None) outside of one."""
    match = re.search(r"(?:docker[/-]|/)([0-9a-f]{64})(?:\.scope)?$", read(os.path.join(proc, str(pid), "cgroup")), re.M)
    return match.group(1) if match else None


def listening(ports, proc="/proc"):
    """Who listens on the ports that are asked for.

    :param ports: Pairs of port and protocol.
    """
    found = []
    for proto in ("tcp", "udp"):
        for table in (proto, proto + "6"):
            found += [entry for entry in sockets(read(os.path.join(proc, "net", table)), proto) if (entry["port"], proto) in ports]
    pids = owners({entry["inode"] for entry in found}, proc) if found else {}
    told = []
    for entry in found:
        pid = pids.get(entry["inode"])
        told.append({"port": entry["port"], "proto": entry["proto"], "address": entry["address"],
                     "process": read(os.path.join(proc, pid, "comm")).strip() or None if pid else None, "container": None,
                     "container_id": container_id(pid, proc) if pid else None})
    return told


def routes(text):
    """Networks of /proc/net/route in CIDR notation, without the default route."""
    found = []
    for line in text.splitlines()[1:]:
        parts = line.split()
        if len(parts) < 8 or parts[1] == "00000000":
            continue
        target = socket.inet_ntoa(struct.pack("<I", int(parts[1], 16)))
        found.append("{0}/{1}".format(target, bin(int(parts[7], 16)).count("1")))
    return sorted(set(found))


def user_name(uid):
    try:
        return pwd.getpwuid(int(uid)).pw_name
    except (KeyError, ValueError):
        return None


def tun(path="/dev/net/tun"):
    """The tunnel device: there, and the right one."""
    try:
        info = os.stat(path)
    except OSError:
        return {"exists": False, "char": False}
    return {"exists": True, "char": stat.S_ISCHR(info.st_mode) and os.major(info.st_rdev) == 10 and os.minor(info.st_rdev) == 200}


def daemon_json(path="/etc/docker/daemon.json"):
    """The daemon's configuration, empty when there is none or it cannot be read."""
    try:
        data = json.loads(read(path) or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def memory():
    match = re.search(r"^MemTotal:\s+(\d+)", read("/proc/meminfo"), re.M)
    return int(match.group(1)) * 1024 if match else None
