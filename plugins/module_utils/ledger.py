# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secrets were last pushed where: salted hashes, since the apps mask what they hold.

Without an entry a secret counts as new and is pushed once.
"""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets as random_source
import threading

from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.files import FileProblem, write

DEFAULT_ROOT = "/var/lib/homelab-media"


def ledger_of(root=None):
    """The path of the ledger.

    :param root: Its directory; the collection's state for root and one's own for others when there is none.
    """
    if not root:
        root = DEFAULT_ROOT if os.geteuid() == 0 else os.path.join(
            os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "homelab-media")
    return os.path.join(root, "ledger.json")


class Ledger:
    """A root-only JSON file of C({salt, entries}); in memory only when there is no path.

    :param path: The file, or C(None).
    """

    def __init__(self, path=None):
        self.path = path
        self._lock = threading.Lock()
        self._data = self._load() or {"salt": random_source.token_hex(16), "entries": {}}
        # What this run adds, and with None what it removes.
        self._changed = {}

    def _load(self):
        # A lost ledger costs one push of each secret; a run that stops for it would cost more.
        try:
            with open(self.path, encoding="utf-8") as stream:
                data = json.load(stream)
            if isinstance(data["entries"], dict) and data["salt"]:
                return {"salt": str(data["salt"]), "entries": {str(key): str(value) for key, value in data["entries"].items()}}
        except (OSError, ValueError, TypeError, KeyError):
            pass
        return None

    def _hash(self, key, value):
        return hmac.new(self._data["salt"].encode(), "{0}\0{1}".format(key, value).encode(), hashlib.sha256).hexdigest()

    def knows(self, key, value):
        """Whether this value was the last one pushed under the key."""
        return hmac.compare_digest(self._data["entries"].get(key, ""), self._hash(key, value))

    def holds(self, key):
        """Whether anything was pushed under the key."""
        return key in self._data["entries"]

    def record(self, key, value):
        """Remember that a value was pushed."""
        with self._lock:
            self._set(key, self._hash(key, value))

    def forget(self, prefix):
        """Drop what was pushed to a resource that is gone."""
        with self._lock:
            for key in [key for key in self._data["entries"] if key.startswith(prefix)]:
                self._set(key, None)

    def _set(self, key, entry):
        if self._data["entries"].get(key) == entry:
            return
        self._changed[key] = entry
        if entry is None:
            del self._data["entries"][key]
        else:
            self._data["entries"][key] = entry

    def save(self):
        """Write what is new; what another process wrote in the meantime stays.

        :raises MediaError: when it cannot be written.
        """
        with self._lock:
            if not self._changed or not self.path:
                return
            try:
                os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
                with self._alone():
                    latest = self._load()
                    entries = latest["entries"] if latest and latest["salt"] == self._data["salt"] else dict(self._data["entries"])
                    entries.update(self._changed)
                    entries = {key: entry for key, entry in entries.items() if entry is not None}
                    write(self.path, json.dumps({"salt": self._data["salt"], "entries": entries}, indent=1, sort_keys=True).encode(), mode=0o600)
            except (FileProblem, OSError) as error:
                raise MediaError("the ledger of pushed secrets cannot be kept, so the next run pushes them again: {0}".format(error)) from None
            self._changed = {}

    @contextlib.contextmanager
    def _alone(self):
        handle = os.open(self.path + ".lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
