# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection tests: everything here really goes over the network to the other program."""

from __future__ import annotations

from . import applications, clients, indexers, notifications, proxies

TESTS = {
    "downloadclient": clients.test,
    "indexer": indexers.test,
    "notification": notifications.test,
    "applications": applications.test,
    "indexerproxy": proxies.test,
}


def test(service, kind, row):
    """The failures of a connection test, in order; none means that it passed."""
    tester = TESTS.get(kind)
    return tester(service, row) if tester else []
