# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-ins answer as the real servers were seen to: every recorded pair is replayed, where there are any.

Each answer is also held against the application's OpenAPI document.
"""

from __future__ import annotations

import arr_openapi
import arr_replay
import pytest

APPS = ("sonarr", "radarr", "lidarr", "prowlarr")
# At most so many pairs may be left out, each for a reason in arr_replay.SKIPPED.
LEFT_OUT = {"sonarr": 2, "radarr": 4, "lidarr": 3, "prowlarr": 2}


@pytest.mark.parametrize("app", APPS)
def test_recorded_pairs(app, facts, tmp_path):
    rows = arr_replay.load(facts / "recorded", app)
    document = arr_openapi.Document(facts / "specs", app)
    replayer = arr_replay.Replayer(app, rows, tmp_path, document)
    try:
        outcome = replayer.run()
    finally:
        replayer.close()
    print(f"{app}: {len(rows)} pairs, {len(outcome.same)} the same, {len(outcome.shaped)} the same status and shape")
    for index, note, reason in outcome.skipped:
        print(f"  left out: {index} {note}: {reason}")
    print(f"  {document.validated} answers fit the OpenAPI document")
    assert document.validated > 60
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert len(outcome.skipped) <= LEFT_OUT[app]
    assert len(outcome.same) + len(outcome.shaped) + len(outcome.skipped) == len(rows)
