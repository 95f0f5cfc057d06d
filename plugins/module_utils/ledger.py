# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secrets were last pushed where: salted hashes, since the apps mask what they hold.

Without an entry a secret counts as new and is pushed once.
"""
from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets as random_source
import threading

from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.files import FileProblem, write


class Ledger:
    """A root-only JSON file of C({salt, entries}); in memory only when there is no path.

    :param path: The file, or C(None).
    """

    def __init__(self, path=None):
        self.path = path
        self._lock = threading.Lock()
        self._data = {"salt": random_source.token_hex(16), "entries": {}}
        self._dirty = False
        if path and os.path.exists(path):
            try:
                with open(path, encoding="utf-8") as stream:
                    data = json.load(stream)
                if isinstance(data.get("entries"), dict) and data.get("salt"):
                    self._data = data
            except (OSError, ValueError, AttributeError):
                # A lost ledger costs one push of each secret; a run that stops for it would cost more.
                self._dirty = True

    def _hash(self, key, value):
        return hmac.new(self._data["salt"].encode(), "{0}\0{1}".format(key, value).encode(), hashlib.sha256).hexdigest()

    def knows(self, key, value):
        """Whether this value was the last one pushed under the key."""
        return hmac.compare_digest(self._data["entries"].get(key, ""), self._hash(key, value))

    def record(self, key, value):
        """Remember that a value was pushed."""
        with self._lock:
            entry = self._hash(key, value)
            if self._data["entries"].get(key) != entry:
                self._data["entries"][key] = entry
                self._dirty = True

    def forget(self, prefix):
        """Drop what was pushed to a resource that is gone."""
        with self._lock:
            for key in [key for key in self._data["entries"] if key.startswith(prefix)]:
                del self._data["entries"][key]
                self._dirty = True

    def save(self):
        """Write the file when something is new.

        :raises MediaError: when it cannot be written.
        """
        with self._lock:
            if not self._dirty or not self.path:
                return
            try:
                write(self.path, json.dumps(self._data, indent=1, sort_keys=True).encode(), mode=0o600)
            except FileProblem as error:
                raise MediaError(str(error)) from None
            self._dirty = False
