#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""
from __future__ import annotations

DOCUMENTATION = r"""
module: verify_summary
short_description: Print what was proven on each host
version_added: 0.2.0
author: homelab.media contributors (@homelab-media)
description:
  - Prints a table of all checks that M(homelab.media.media_verify) made, a row each, with verdict and reason.
  - Runs on the controller only. Fails when a check failed, or a host was not checked, so that the run ends with a non-zero exit code.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  variable:
    description: The variable that each host's result is registered in.
    type: str
    default: verify_result
"""

EXAMPLES = r"""
- name: Show what was proven
  homelab.media.verify_summary:
  run_once: true
"""

RETURN = r"""
failures:
  description: Every check that failed, a sentence each.
  type: list
  elements: str
  returned: always
  sample: ["ct-media-01: network namespace of qbittorrent: it holds the network bridge and not the namespace of gluetun; stop it, and run site.yml"]
"""
