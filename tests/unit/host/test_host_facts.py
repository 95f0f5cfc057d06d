# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from /proc and /etc."""
from __future__ import annotations

import os

import pytest

from ansible_collections.homelab.media.plugins.module_utils import hostfacts

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TCP = HEADER + """   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
   2: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
"""
TCP6 = HEADER + """   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4714 1 0 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4715 1 0 100 0 0 10 0
"""
UDP = HEADER + "   0: 00000000:1A0A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4716 2 0 0\n"


def test_listening_sockets():
    assert [(item["port"], item["address"], item["inode"]) for item in hostfacts.sockets(TCP, "tcp")] == [
        (8080, "127.0.0.1", "4711"), (22, "0.0.0.0", "4712")]
    assert [(item["port"], item["address"]) for item in hostfacts.sockets(TCP6, "tcp")] == [(8080, "::1"), (80, "127.0.0.1")]
    assert [item["port"] for item in hostfacts.sockets(UDP, "udp")] == [6666]


def test_who_listens(tmp_path):
    container = "ab" * 32
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(TCP, encoding="utf-8")
    for pid, inode, name, group in (("77", "4711", "Plex", f"0::/system.slice/docker-{container}.scope\n"), ("78", "4712", "sshd", "0::/x\n")):
        (tmp_path / pid / "fd").mkdir(parents=True)
        os.symlink(f"socket:[{inode}]", tmp_path / pid / "fd" / "3")
        (tmp_path / pid / "comm").write_text(name + "\n", encoding="utf-8")
        (tmp_path / pid / "cgroup").write_text(group, encoding="utf-8")
    found = hostfacts.listening({(8080, "tcp"), (22, "tcp"), (6666, "udp")}, str(tmp_path))
    assert [(item["port"], item["process"], item["container_id"]) for item in found] == [(8080, "Plex", container), (22, "sshd", None)]
    assert [item["port"] for item in hostfacts.listening({(22, "tcp")}, str(tmp_path))] == [22]


@pytest.mark.parametrize("text, expected", [
    ("12:pids:/docker/" + "cd" * 32 + "\n0::/x\n", "cd" * 32), ("0::/system.slice/docker-" + "cd" * 32 + ".scope\n", "cd" * 32), ("0::/init.scope\n", None),
    ("", None)])
def test_the_container_of_a_process(tmp_path, text, expected):
    (tmp_path / "5").mkdir()
    (tmp_path / "5/cgroup").write_text(text, encoding="utf-8")
    assert hostfacts.container_id(5, str(tmp_path)) == expected


def test_routes_mounts_and_releases():
    table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" \
        "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\nbr0\t000013AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    assert hostfacts.routes(table) == ["172.19.0.0/16"]
    assert hostfacts.mounts("nas:/x /mnt/my\\040media nfs4 rw,hard 0 0\n")[0] == {
        "target": "/mnt/my media", "device": "nas:/x", "fstype": "nfs4", "options": ["rw", "hard"]}
    assert hostfacts.fstab_targets("# x /no nfs\n\nnas:/x  /mnt/media/ nfs4 defaults 0 0\n") == {"/mnt/media"}
    assert hostfacts.os_release("ID=debian\nVERSION_ID=\"13\"\n# X=1\n") == {"ID": "debian", "VERSION_ID": "13"}


def test_a_path_that_is_not_there_yet_is_described_by_what_is_above_it(tmp_path):
    found = hostfacts.describe_path(str(tmp_path / "a/b"), [{"target": "/", "device": "root", "fstype": "ext4", "options": []},
                                                            {"target": str(tmp_path), "device": "nas", "fstype": "nfs4", "options": []}], set())
    assert (found["exists"], found["fstype"], found["source"], found["device"]) == (False, "nfs4", "nas", os.stat(tmp_path).st_dev)
    assert found["free_bytes"] > 0 and found["writable"] is True


def test_what_cannot_be_read_is_empty(tmp_path):
    (tmp_path / "daemon.json").write_text("{", encoding="utf-8")
    assert hostfacts.daemon_json(str(tmp_path / "daemon.json")) == {}
    assert hostfacts.daemon_json(str(tmp_path / "none")) == {} and hostfacts.read(str(tmp_path)) == ""
    assert hostfacts.tun(str(tmp_path)) == {"exists": True, "char": False}
    assert hostfacts.tun(str(tmp_path / "none")) == {"exists": False, "char": False}
