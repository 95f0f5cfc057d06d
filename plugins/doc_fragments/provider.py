# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all providers have in common: clients, notifications, applications, proxies."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description: Its name, by which it is found again; upper and lower case do not matter.
    type: str
    required: true
  implementation:
    description: What it is, as the app calls it. Needed for a new one; an existing one keeps its own.
    type: str
  tags:
    description: Labels of its tags. Missing tags are made. All tags are replaced; when omitted they are kept.
    type: list
    elements: str
  fields:
    description:
      - Its settings by the names that the app's own schema uses. Fields that are not named keep their value.
      - Options of a selection may be given by label or by number.
      - A password or key is pushed once when it is new, since the app masks it afterwards.
    type: dict
  force_save:
    description: Save it although its connection test fails. A new one is made disabled first, since the apps test an enabled one anyway.
    type: bool
    default: false
"""
