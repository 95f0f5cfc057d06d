# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins of the apps, and what they connect to."""
from __future__ import annotations

import types

import pytest
from standins import testing


@pytest.fixture
def arr(tmp_path):
    """Start stand-ins in threads: C(arr("radarr")). Each has a proxy that remembers what passed."""
    started = []

    def start(kind, **options):
        name = options.pop("name", kind)
        handle = testing.start_arr_in_thread(kind, tmp_path / name, **options)
        handle.proxy = testing.recording_proxy(handle.url)
        started.extend((handle.proxy, handle))
        return handle

    yield start
    for handle in started:
        handle.stop()


def accept(environ, start_response):
    """A webhook's receiver."""
    testing.read(environ)
    return testing.respond(start_response, 200, {})


@pytest.fixture
def world(tmp_path):
    """What resources refer to: a directory for media, a directory for downloads, download clients, an indexer."""
    media, downloads = tmp_path / "media", tmp_path / "downloads"
    media.mkdir()
    downloads.mkdir()
    found = types.SimpleNamespace(media=str(media), downloads=str(downloads), other=str(tmp_path), state=str(tmp_path / "state"))
    with testing.start_qbittorrent(username="media", password="correct horse battery") as found.qbittorrent, \
            testing.start_torznab(api_key="torznab-key-4711") as found.torznab, testing.start_wsgi(accept) as found.hook:
        yield found
