# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token of Plex."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  token:
    description:
      - Token of the Plex account that owns the server, or that is to own it. It goes into a header, never into a URL.
      - Needed for a server that has an owner, unless its own list of networks lets the managed host in.
    type: str
"""
