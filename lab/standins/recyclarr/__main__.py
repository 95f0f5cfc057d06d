# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.recyclarr [sync [-i NAME] [-p]]``: one run, or the schedule when nothing is asked for."""
from __future__ import annotations

import os
import sys

from ..kit import arguments, end_on_signals
from . import VERSION, Schedule, loop, sync


def main():
    parser = arguments("recyclarr", os.environ.get("RECYCLARR_CONFIG_DIR") or "/config", None, __doc__)
    parser.add_argument("command", nargs="?", choices=["sync"])
    parser.add_argument("kind", nargs="?", choices=["sonarr", "radarr"])
    parser.add_argument("-i", "--instance", action="append", default=[])
    parser.add_argument("-p", "--preview", action="store_true")
    parser.add_argument("--version", action="version", version=VERSION)
    options = parser.parse_args()
    if os.environ.get("RECYCLARR_APP_DATA"):
        print("[FTL] RECYCLARR_APP_DATA is not supported any more: use RECYCLARR_CONFIG_DIR and RECYCLARR_DATA_DIR", flush=True)
        sys.exit(1)
    data = os.environ.get("RECYCLARR_DATA_DIR")
    if options.command == "sync":
        sys.exit(sync(options.config, data, options.instance, options.preview))
    end_on_signals()
    text = os.environ.get("CRON_SCHEDULE") or "@daily"
    try:
        schedule = Schedule(text)
    except (ValueError, KeyError):
        print(f"level=fatal msg=\"bad crontab line: {text}\"", flush=True)
        sys.exit(1)
    print(f"Recyclarr {VERSION} (stand-in): schedule {text}", flush=True)
    loop(schedule, lambda: sync(options.config, data))


if __name__ == "__main__":
    main()
