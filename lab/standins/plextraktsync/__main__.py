# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.plextraktsync watch|sync|login|info``."""
from __future__ import annotations

import argparse
import os
import sys
import time

from ..kit import end_on_signals
from . import VERSION, Failed, configuration, connect, trakt


def main():
    parser = argparse.ArgumentParser(prog="plextraktsync", description=__doc__)
    parser.add_argument("command", nargs="?", default="sync", choices=["watch", "sync", "login", "info"])
    parser.add_argument("--config", default=os.environ.get("PTS_CONFIG_DIR") or "/app/config")
    parser.add_argument("--version", action="version", version="PlexTraktSync " + VERSION)
    options = parser.parse_args()
    end_on_signals()
    try:
        configuration(options.config)
        if options.command == "info":
            print("PlexTraktSync Version: " + VERSION, flush=True)
            return
        trakt(options.config)
        name = connect(options.config)
    except Failed as error:
        print("Error: Error running " + options.command + " command: " + str(error), file=sys.stderr, flush=True)
        sys.exit(1)
    print("INFO     Server connected: " + name, flush=True)
    if options.command == "watch":
        print("INFO     Listening for events!", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
