# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-ins answer as the real servers were seen to: recorded pairs are replayed, where there are any."""

from __future__ import annotations

import apps_replay
import pytest

# At most so many pairs have the right status and shape but other values, and so many are left out for a reason.
OTHER_VALUES = {"seerr": 10, "maintainerr": 22, "bazarr": 10, "tautulli": 27}
LEFT_OUT = {"seerr": 1, "maintainerr": 4, "bazarr": 17, "tautulli": 9}


@pytest.mark.parametrize("app", sorted(apps_replay.REPLAYERS))
def test_recorded_pairs(app, facts, tmp_path, monkeypatch):
    rows = apps_replay.load(facts / "recorded", app, apps_replay.VERSIONS.get(app))
    replayer = apps_replay.REPLAYERS[app](rows, tmp_path, monkeypatch)
    try:
        outcome = replayer.run()
    finally:
        replayer.close()
    print(f"{app}: {len(rows)} pairs, {len(outcome.same)} the same, {len(outcome.shaped)} the same status and shape, {len(outcome.skipped)} left out")
    for line in outcome.shaped:
        print("  other values:", line)
    for index, note, reason in outcome.skipped:
        print(f"  left out: {index} {note}: {reason}")
    assert not outcome.wrong, f"{len(outcome.wrong)} wrong\n" + "\n".join(outcome.wrong)
    assert len(outcome.shaped) <= OTHER_VALUES[app]
    assert len(outcome.skipped) <= LEFT_OUT[app]
