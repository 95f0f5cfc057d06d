# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of an application: tables of rows with ids that are never used twice, and settings."""

from __future__ import annotations

import copy

from ..common import Store


class Database:
    """Everything an application remembers, in ``<config>/<app>.db.json``."""

    def __init__(self, path):
        self.store = Store(path, {"tables": {}, "config": {}, "user": None, "mappings": []})
        self.lock = self.store.lock
        self.fresh = not self.store.existed

    @property
    def data(self):
        return self.store.data

    def save(self):
        self.store.save()

    def _table(self, name):
        return self.data["tables"].setdefault(name, {"next": 1, "rows": []})

    def rows(self, table):
        with self.lock:
            return copy.deepcopy(self._table(table)["rows"])

    def row(self, table, number):
        with self.lock:
            found = next((row for row in self._table(table)["rows"] if row["id"] == number), None)
            return copy.deepcopy(found)

    def insert(self, table, row):
        with self.lock:
            content = self._table(table)
            row = {**copy.deepcopy(row), "id": content["next"]}
            content["next"] += 1
            content["rows"].append(row)
            self.save()
            return copy.deepcopy(row)

    def update(self, table, number, row):
        """Replace a row; returns whether there was one."""
        with self.lock:
            rows = self._table(table)["rows"]
            for index, known in enumerate(rows):
                if known["id"] == number:
                    rows[index] = {**copy.deepcopy(row), "id": number}
                    self.save()
                    return True
            return False

    def delete(self, table, number):
        with self.lock:
            content = self._table(table)
            before = len(content["rows"])
            content["rows"] = [row for row in content["rows"] if row["id"] != number]
            if len(content["rows"]) == before:
                return False
            self.save()
            return True
