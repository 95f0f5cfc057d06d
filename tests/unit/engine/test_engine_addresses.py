# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a container is reached whose port is not published."""
from __future__ import annotations

import pytest

from ansible_collections.homelab.media.plugins.module_utils.addresses import at

WHERE = {"sonarr": "172.19.0.5", "six": "fd00::5"}


@pytest.mark.parametrize("url, container, expected", [
    ("http://127.0.0.1:8989/sonarr", None, "http://127.0.0.1:8989/sonarr"),
    ("http://sonarr:8989/sonarr", "sonarr", "http://172.19.0.5:8989/sonarr"),
    ("http://gateway:8989", "sonarr", "http://172.19.0.5:8989"),
    ("http://six:8989/x", "six", "http://[fd00::5]:8989/x"),
    ("http://radarr:7878", "radarr", None),
])
def test_a_containers_own_address(url, container, expected):
    assert at(url, container, WHERE) == expected
