# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module reaches an app; its credentials are with the module, or in another fragment."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description: Base URL of the app, with port and URL base, such as V(http://127.0.0.1:6767/base).
    type: str
    required: true
  validate_certs:
    description: Whether the certificate of an HTTPS URL has to be trusted.
    type: bool
    default: true
  ca_path:
    description: A file with certificates to trust.
    type: path
  timeout:
    description: Seconds to wait for one answer.
    type: int
    default: 30
  wait_timeout:
    description: Seconds to wait for an app that is still starting.
    type: int
    default: 120
  state_root:
    description:
      - Directory of the ledger, a file of salted hashes that only its owner can read, by which a new secret is told from one that was pushed already.
      - V(/var/lib/homelab-media) for root when omitted, and for others C(homelab-media) in E(XDG_STATE_HOME) or in C(~/.local/state).
    type: path
requirements:
  - requests (Python library on the managed host)
"""
