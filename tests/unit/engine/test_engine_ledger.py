# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: remembers that a secret was pushed, and tells nothing about it."""
from __future__ import annotations

import stat

import pytest

from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger


def test_it_remembers_across_runs_without_the_value(tmp_path):
    path = tmp_path / "ledger.json"
    first = Ledger(str(path))
    assert not first.knows("a|b", "hunter2")
    first.record("a|b", "hunter2")
    first.save()
    assert Ledger(str(path)).knows("a|b", "hunter2") and not Ledger(str(path)).knows("a|b", "hunter3")
    assert "hunter2" not in path.read_text() and stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"entries": []}'])
def test_a_broken_ledger_is_a_lost_one(tmp_path, content):
    path = tmp_path / "ledger.json"
    path.write_text(content)
    ledger = Ledger(str(path))
    assert not ledger.knows("a", "b")
    ledger.record("a", "b")
    ledger.save()
    assert Ledger(str(path)).knows("a", "b")


def test_nothing_new_is_not_written(tmp_path):
    path = tmp_path / "ledger.json"
    ledger = Ledger(str(path))
    ledger.save()
    assert not path.exists()


def test_forgetting_a_resource(tmp_path):
    ledger = Ledger(None)
    ledger.record("app|kind|x|password", "1")
    ledger.record("app|kind|y|password", "1")
    ledger.forget("app|kind|x|")
    assert not ledger.knows("app|kind|x|password", "1") and ledger.knows("app|kind|y|password", "1")


def test_a_ledger_that_cannot_be_written_is_a_sentence(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    ledger = Ledger(str(blocked / "ledger.json"))
    ledger.record("a", "b")
    with pytest.raises(MediaError):
        ledger.save()
