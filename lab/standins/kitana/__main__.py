# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.kitana -B 0.0.0.0:31337 -P [-p /base]``: its options are all that it knows."""
from __future__ import annotations

import argparse
import os

from ..kit import run
from . import VERSION, create_app


def main():
    parser = argparse.ArgumentParser(prog="kitana.py", description=__doc__)
    parser.add_argument("-B", "--bind", default="0.0.0.0:31337", metavar="HOST:PORT")
    parser.add_argument("-p", "--prefix", default="/")
    parser.add_argument("-P", "--behind-proxy", nargs="?", const=True, default=False)
    parser.add_argument("-A", "--global-token")
    parser.add_argument("-t", "--timeout", type=int, default=5)
    parser.add_argument("--config", default="/app/data", help="directory of its sessions")
    parser.add_argument("--port", type=int, help="listen here instead of on the bound port")
    options = parser.parse_args()
    host, _colon, port = options.bind.rpartition(":") if ":" in options.bind else (options.bind, "", "31337")
    sessions = os.path.join(options.config, "sessions")
    try:
        os.makedirs(sessions, exist_ok=True)
    except OSError:
        print(f"{sessions} doesn't exist and couldn't be created", flush=True)
    config = options.config if os.access(options.config, os.W_OK) else None
    run("Kitana", VERSION, create_app(options.prefix, sessions), config, host, options.port or int(port))


if __name__ == "__main__":
    main()
