# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How releases of Gluetun tell the port that the provider forwards.

The reconciler is installed with a copy of this file, so it needs nothing but the standard library.
"""
from __future__ import annotations

# By age, newest first: the second one up to v3.40.
FORWARDED = ("/v1/portforward", "/v1/openvpn/portforwarded")
# What a release answers for a route that it does not have, or that the key has no right to.
NO_ROUTE = (301, 308, 400, 401, 404)


def ports_of(answer):
    """The forwarded ports in an answer of any release.

    :param answer: C({"port": 1}), C({"ports": [1, 2]}), or both; 0, an empty list and C(null) mean none.
    :return: A list of numbers; the first one is what a program with one port takes.
    """
    if not isinstance(answer, dict):
        return []
    found = list(answer.get("ports") or []) or [answer.get("port")]
    return [port for port in found if isinstance(port, int) and not isinstance(port, bool) and port]
