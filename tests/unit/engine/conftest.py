# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of the *arr APIs without Ansible: the collection and the stand-ins on the path."""
from __future__ import annotations

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
for directory in (ROOT / ".collections", ROOT / "lab"):
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
