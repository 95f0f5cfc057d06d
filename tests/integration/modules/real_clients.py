# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real qBittorrent, SABnzbd and NZBGet of Debian, unpacked once into .cache and run from there, each in namespaces of its own."""
from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
import requests
import runs
from recipes import SUITE
from standins import testing

PACKAGES = ("qbittorrent-nox", "nzbget", "sabnzbdplus", "unrar")
CACHE = runs.ROOT / ".cache" / "download-clients-{0}".format(hashlib.sha256(" ".join((SUITE,) + PACKAGES).encode()).hexdigest()[:12])
LOGIN = ("media", "c0rrect-horse-4711")
KEY = "0123456789abcdef0123456789abcdef"
NZB_KEY = "fedcba9876543210fedcba9876543210"
# Its own mounts and processes: what it starts ends with it, and nothing of it is left mounted.
START = """set -e
mkdir -p "$2/data"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/config"
mount --bind "$2/data" "$1/data"
root="$1"
shift 2
exec chroot "$root" "$@"
"""


def root():
    """What makes a command one of root."""
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def programs():
    """The directory with the unpacked packages; made once, which takes a minute."""
    if (CACHE / "done").exists():
        return CACHE / "root"
    problem = None
    if not shutil.which("mmdebstrap") or not shutil.which("unshare"):
        problem = "the real download clients need mmdebstrap and unshare"
    elif root() and subprocess.run([*root(), "true"], capture_output=True, check=False).returncode:
        problem = "the real download clients need root, or sudo that asks for nothing"
    if problem and os.environ.get("CI"):
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (CACHE / "done").exists():
            subprocess.run([*root(), "rm", "-rf", "--one-file-system", str(CACHE / "root")], check=True)
            subprocess.run([*root(), "mmdebstrap", "--quiet", "--variant=minbase", "--components=main,contrib,non-free", "--include=" + ",".join(PACKAGES),
                            "--customize-hook=mkdir -p $1/config $1/data", SUITE, str(CACHE / "root")], check=True, timeout=900)
            (CACHE / "done").touch()
    return CACHE / "root"


def inside(directory, command):
    """A command that is run with C(directory) as C(/config)."""
    return [*root(), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/config", "XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/config", "LANG=C.UTF-8",
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", START, "sh", str(programs()), str(directory), *command]


class Program:
    """One of them.

    :param directory: Its configuration.
    :param command: What is run, with C(/config) as that directory.
    """

    def __init__(self, directory, port, command):
        self.directory, self.port, self.command = directory, port, command
        self.url = "http://127.0.0.1:{0}".format(port)
        self.process = None
        self.proxy = testing.recording_proxy(self.url)
        # A login changes nothing.
        self.proxy.writes = lambda: [item for item in self.proxy.seen() if item["method"] not in ("GET", "HEAD") and "/auth/login" not in item["path"]]
        self.start()

    def start(self):
        command = inside(self.directory, self.command)
        with (self.directory / "output.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(requests.exceptions.ConnectionError):
                requests.get(self.url, timeout=10)
                return
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError((self.directory / "output.log").read_text())
            time.sleep(0.2)

    def stop(self):
        if root():
            subprocess.run([*root(), "kill", "-9", "--", "-{0}".format(self.process.pid)], check=False, capture_output=True)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.proxy.stop()


def qbittorrent_line(password):
    """The line of its file that holds a password."""
    salt = os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 100000, dklen=64)
    return 'WebUI\\Password_PBKDF2="@ByteArray({0}:{1})"'.format(base64.b64encode(salt).decode(), base64.b64encode(key).decode())


def start_qbittorrent(directory, local=False, prefix=(), **lines):
    """qBittorrent.

    :param local: Whether it lets its own machine in without a login, and listens on all addresses.
    :param prefix: A command that runs it, such as one that changes the user.
    """
    port = testing.free_port()
    (directory / "qBittorrent").mkdir(parents=True)
    text = ["[LegalNotice]", "Accepted=true", "[Network]", "PortForwardingEnabled=false", "[BitTorrent]", "Session\\DHTEnabled=false",
            "Session\\LSDEnabled=false", "[Preferences]", "WebUI\\Username=" + LOGIN[0], qbittorrent_line(LOGIN[1]), "WebUI\\HostHeaderValidation=false",
            "WebUI\\Address=" + ("*" if local else "127.0.0.1"), "WebUI\\LocalHostAuth=" + ("false" if local else "true")]
    (directory / "qBittorrent" / "qBittorrent.conf").write_text("\n".join(text + ["{0}={1}".format(*item) for item in lines.items()]) + "\n")
    return Program(directory, port, [*prefix, "qbittorrent-nox", "--webui-port={0}".format(port)])


def start_sabnzbd(directory):
    directory.mkdir(parents=True)
    port = testing.free_port()
    (directory / "sabnzbd.ini").write_text(
        "__version__ = 19\n__encoding__ = utf-8\n[misc]\nhost = 127.0.0.1\nport = {0}\napi_key = {1}\nnzb_key = {2}\nauto_browser = 0\ncheck_new_rel = 0\n"
        "enable_broadcast = 0\nhost_whitelist = first.example.org,\n".format(port, KEY, NZB_KEY))
    return Program(directory, port, ["sabnzbdplus", "--config-file", "/config", "--server", "127.0.0.1:{0}".format(port), "--browser", "0", "--console"])


def start_nzbget(directory):
    (directory / "downloads").mkdir(parents=True)
    port = testing.free_port()
    text = (programs() / "usr/share/nzbget/nzbget.conf").read_text()
    for name, value in (("MainDir", "/config/downloads"), ("ControlIP", "127.0.0.1"), ("ControlPort", port), ("ControlUsername", LOGIN[0]),
                        ("ControlPassword", LOGIN[1]), ("UpdateCheck", "none"), ("SecurePort", testing.free_port())):
        text = re.sub("(?m)^{0}=.*$".format(name), "{0}={1}".format(name, value), text)
    (directory / "nzbget.conf").write_text(text)
    return Program(directory, port, ["nzbget", "-s", "-c", "/config/nzbget.conf", "-o", "OutputMode=log"])


COMMANDS = {"qbittorrent": ["qbittorrent-nox"], "nzbget": ["nzbget", "-s", "-c", "/config/nzbget.conf", "-o", "OutputMode=log"],
            "sabnzbd": ["sabnzbdplus", "--config-file", "/config", "--server", "127.0.0.1", "--browser", "0", "--console"]}
STARTS = {"qbittorrent": start_qbittorrent, "sabnzbd": start_sabnzbd, "nzbget": start_nzbget}
