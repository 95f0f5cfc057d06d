# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that the lab's test goes through (``tests/lab/flow_steps.py``), without the lab: all of them, and with a link missing up to there."""
from __future__ import annotations

import flow_stack
import pytest
from flow_steps import BREAKS, CASES, INDEXER, VICTIM, Flow, Stopped, World


@pytest.fixture
def world(tmp_path, monkeypatch):
    stack = flow_stack.Stack(tmp_path, monkeypatch)
    found = World(stack.places)
    yield found
    found.stop()
    stack.stop()


def test_the_indexer_is_everywhere(world):
    for name in flow_stack.ARRS:
        assert [item["name"] for item in world.arr(name, "indexer")] == [INDEXER + " (Prowlarr)"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_all_steps_in_order(world, case):
    flow = Flow(world, case)
    assert flow.beyond("requested") == {}, "nothing is there before"
    flow.run()
    if case.rows == "series":
        flow.run(steps=flow.second_round())
    world.tidy(case)
    again = Flow(world, case)
    assert again.row() is None and again.shown() == {} and not again.torrents()
    again.run()


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.take.__name__)
def test_a_missing_link_is_named_by_the_step_that_needs_it(world, broken):
    broken.take(world)
    flow = Flow(world, VICTIM)
    with pytest.raises(Stopped) as stopped:
        flow.run(3)
    assert stopped.value.step.key == broken.stops, str(stopped.value)
    assert broken.because in stopped.value.reason, str(stopped.value)
    assert set(flow.beyond(broken.stops)) == broken.still
