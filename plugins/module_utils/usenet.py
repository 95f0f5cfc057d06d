# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a news server that is new begins with, in either client; their own would be without TLS."""
from __future__ import annotations


def new_server(ssl=None):
    """Options of a new server where nothing else is said.

    :param ssl: Whether it is reached by TLS, C(None) for nothing said.
    :return: C(ssl), C(port), C(connections), C(enabled).
    """
    ssl = True if ssl is None else ssl
    return {"ssl": ssl, "port": 563 if ssl else 119, "connections": 8, "enabled": True}
