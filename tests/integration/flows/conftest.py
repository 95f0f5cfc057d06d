# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the helpers of these tests are imported from."""
from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The steps that the test on the lab goes through are gone through here as well.
for place in (HERE.parents[1] / "lab", HERE):
    if str(place) not in sys.path:
        sys.path.append(str(place))
