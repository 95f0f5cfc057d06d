#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""
from __future__ import annotations

DOCUMENTATION = r"""
module: summary
short_description: Print the closing report of a run
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Prints a table of every service with its host, URL, health and links, then what is worth knowing, where generated passwords are
    and what is left to do.
  - Runs on the controller only and reads what the roles P(homelab.media.stack#role) and P(homelab.media.wiring#role) registered on each host.
  - Fails when a service did not start or a link could not be made, so that the run ends with a non-zero exit code.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  plan:
    description: The plan that P(homelab.media.preflight#role) registered.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what runs, where, and what is left to do
  homelab.media.summary:
    plan: "{{ preflight_plan }}"
  run_once: true
"""

RETURN = r"""
problems:
  description: What went wrong on any host, a sentence each.
  type: list
  elements: str
  returned: always
  sample: ["ct-media-01: sonarr did not answer on http://127.0.0.1:8989 within 120 seconds"]
"""
