# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a limited run puts off."""
from __future__ import annotations

import socket

import pytest

from ansible_collections.homelab.media.plugins.module_utils.waiting import answers, put_off

UP, DOWN = "http://b:1", "http://b:2"
FAR_UP, FAR_DOWN = {"name": "sonarr", "host": "b", "url": UP}, {"name": "plex", "host": "b", "url": DOWN}
IN_THE_RUN = {"name": "radarr", "host": "a2", "url": DOWN}


def outcome(*problems):
    return {"problems": [text for text, targets in problems], "targets": [targets for text, targets in problems]}


@pytest.mark.parametrize("outcomes, waiting, left", [
    # Nothing wrong, and what is wrong with an app that answers, or on a host that is in the run.
    ({"seerr": outcome()}, [], {"seerr": []}),
    ({"seerr": outcome(("key", [FAR_UP]))}, [], {"seerr": ["key"]}),
    ({"seerr": outcome(("gone", [IN_THE_RUN]))}, [], {"seerr": ["gone"]}),
    # What comes after it may need it, what comes before does not.
    ({"seerr": outcome(("disk", []), ("plex", [FAR_DOWN]), ("signed out", []))}, [("seerr", "plex", ["plex", "signed out"])], {"seerr": ["disk"]}),
    # One that does not answer is enough for a resource with several.
    ({"prowlarr": outcome(("sync", [FAR_UP, FAR_DOWN]))}, [("prowlarr", "plex", ["sync"])], {"prowlarr": []}),
    # An app that waits makes those of its own host wait, however they are listed.
    ({"tautulli": outcome(("seerr", [{"name": "maintainerr"}])), "maintainerr": outcome(("plex", [{"name": "seerr"}])),
      "seerr": outcome(("plex", [FAR_DOWN]))},
     [("maintainerr", "plex", ["plex"]), ("seerr", "plex", ["plex"]), ("tautulli", "plex", ["seerr"])], {"tautulli": [], "maintainerr": [], "seerr": []}),
    # Also where it was known already that the later one waits for the same.
    ({"maintainerr": outcome(("seerr", [{"name": "seerr"}]), ("plex", [FAR_DOWN])), "seerr": outcome(("plex", [FAR_DOWN]))},
     [("maintainerr", "plex", ["seerr", "plex"]), ("seerr", "plex", ["plex"])], {"maintainerr": [], "seerr": []}),
    # One of the same name on another host does not.
    ({"bazarr": outcome(("seerr", [{"name": "seerr", "host": "a2", "url": UP}])), "seerr": outcome(("plex", [FAR_DOWN]))},
     [("seerr", "plex", ["plex"])], {"bazarr": ["seerr"], "seerr": []}),
])
def test_table(outcomes, waiting, left):
    found = put_off(outcomes, {"b"}, lambda url: url == UP)
    assert sorted((entry["app"], *entry["services"], entry["messages"]) for entry in found) == waiting
    assert all(entry["hosts"] == ["b"] for entry in found)
    assert {app: entry["problems"] for app, entry in outcomes.items()} == left


def test_each_address_is_tried_once():
    tried = []
    put_off({"x": outcome(("1", [FAR_DOWN]), ("2", [FAR_DOWN])), "y": outcome(("3", [FAR_DOWN]))}, {"b"}, tried.append)
    assert tried == [DOWN]


def test_whether_something_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = "http://127.0.0.1:{0}/base".format(server.getsockname()[1])
        assert answers(url)
    assert not answers(url)
    assert not answers("http://") and not answers("http://127.0.0.1:none")
