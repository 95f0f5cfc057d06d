# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""settings.json as the real ones keep it, and the users in db/db.sqlite3, where people seed them by SQL."""
from __future__ import annotations

import base64
import copy
import hashlib
import json
import secrets
import sqlite3
import threading
import time
import uuid
from pathlib import Path

from ..common import write_atomically
from ..kit import iso
from .defaults import settings

COLUMNS = """id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, email VARCHAR NOT NULL UNIQUE, plexUsername VARCHAR, jellyfinUsername VARCHAR,
username VARCHAR, password VARCHAR, resetPasswordGuid VARCHAR, recoveryLinkExpirationDate DATE, userType INTEGER NOT NULL DEFAULT 1,
plexId INTEGER, jellyfinUserId VARCHAR, plexToken VARCHAR, permissions INTEGER NOT NULL DEFAULT 0, avatar VARCHAR NOT NULL,
movieQuotaLimit INTEGER, movieQuotaDays INTEGER, tvQuotaLimit INTEGER, tvQuotaDays INTEGER,
createdAt DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%S.000Z','now')),
updatedAt DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%S.000Z','now'))"""


def merge(old, new):
    """lodash's merge: objects are merged, everything else replaces."""
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(old[key], value)
        else:
            old[key] = copy.deepcopy(value)
    return old


def hashed(password, salt=None):
    salt = salt or secrets.token_hex(8)
    return salt + "$" + hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 10000).hex()


class Settings:
    def __init__(self, directory, seerr, environment):
        self.path = Path(directory) / "settings.json"
        self.lock = threading.RLock()
        existed = self.path.exists()
        self.data = settings(seerr)
        if existed:
            merge(self.data, json.loads(self.path.read_text(encoding="utf-8") or "{}"))
        before = json.dumps(self.data, sort_keys=True)
        self.data.setdefault("clientId", str(uuid.uuid4()))
        self.data.setdefault("vapidPublic", base64.urlsafe_b64encode(secrets.token_bytes(65)).decode().rstrip("="))
        self.data.setdefault("vapidPrivate", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="))
        self.fixed_key = environment.get("API_KEY") if seerr else None
        if not self.data["main"].get("apiKey"):
            self.data["main"]["apiKey"] = self.fixed_key or self.new_key()
        elif self.fixed_key:
            self.data["main"]["apiKey"] = self.fixed_key        # in memory; the file follows with the next save
            before = json.dumps(self.data, sort_keys=True) if existed else before
        if not existed or before != json.dumps(self.data, sort_keys=True):
            self.save()

    def new_key(self):
        return self.fixed_key or base64.b64encode(f"{int(time.time() * 1000)}{uuid.uuid4()}".encode()).decode()

    def save(self):
        with self.lock:
            write_atomically(self.path, json.dumps(self.data, indent=1, ensure_ascii=False))


class Users:
    def __init__(self, directory):
        self.path = Path(directory) / "db" / "db.sqlite3"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.execute(f"CREATE TABLE IF NOT EXISTS user ({COLUMNS})")

    def _open(self):
        database = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        database.row_factory = sqlite3.Row
        return database

    def _ask(self, text, *values):
        database = self._open()
        try:
            return [dict(row) for row in database.execute(text, values)]
        finally:
            database.close()

    def all(self):
        return self._ask("SELECT * FROM user ORDER BY id")

    def get(self, **wanted):
        key, value = next(iter(wanted.items()))
        rows = self._ask(f"SELECT * FROM user WHERE {key} = ?", value)
        return rows[0] if rows else None

    def add(self, **values):
        names = ", ".join(values)
        self._ask(f"INSERT INTO user({names}) VALUES({', '.join('?' * len(values))})", *values.values())
        return self._ask("SELECT * FROM user ORDER BY id DESC LIMIT 1")[0]

    def change(self, number, **values):
        values["updatedAt"] = iso()
        self._ask("UPDATE user SET " + ", ".join(f"{name} = ?" for name in values) + " WHERE id = ?", *values.values(), number)
        return self.get(id=number)

    def remove(self, number):
        self._ask("DELETE FROM user WHERE id = ?", number)
