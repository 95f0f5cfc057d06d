# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which apps a later pass of the wiring takes up again."""
from __future__ import annotations

import pytest

from ansible_collections.homelab.media.plugins.filter.wiring import left_to_wire

APPS = [{"name": "plex"}, {"name": "seerr"}]
WRONG = {"pass": 1, "changed": False, "problems": [{"app": "seerr", "message": "Plex is not claimed"}]}
MADE = {"pass": 1, "changed": True, "problems": []}


@pytest.mark.parametrize("own, others, number, names", [
    ([], [], 1, ["plex", "seerr"]),
    ([WRONG], [[WRONG], [MADE]], 2, ["seerr"]),
    ([dict(WRONG, problems=[], waiting=[{"app": "seerr", "hosts": ["b"], "services": ["plex"], "messages": ["no Plex"]}])], [[MADE]], 2, ["seerr"]),
    ([WRONG], [[WRONG]], 2, []),
    ([MADE], [[WRONG], [MADE]], 2, []),
    ([], [[], [MADE]], 2, []),
    ([WRONG, dict(WRONG, **{"pass": 2})], [[MADE, dict(MADE, **{"pass": 2})], [WRONG]], 3, ["seerr"]),
    ([WRONG, dict(WRONG, **{"pass": 2})], [[MADE], [WRONG]], 3, []),
    ([WRONG], [[MADE, dict(MADE, **{"pass": 2})], [WRONG]], 3, []),
])
def test_passes(own, others, number, names):
    assert [app["name"] for app in left_to_wire(APPS, own, others, number)] == names
