# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.cross_seed daemon``: reads config.js below CONFIG_DIR."""
from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ..common import write_atomically
from ..kit import end_on_signals, run
from . import VERSION, Failed, create_app, validate
from .config import Unreadable, check, read


def main():
    parser = argparse.ArgumentParser(prog="cross-seed", description=__doc__)
    parser.add_argument("command", choices=["daemon"])
    parser.add_argument("--config", default=os.environ.get("CONFIG_DIR") or "/config")
    parser.add_argument("--port", type=int, help="listen here instead of on the configured port")
    options = parser.parse_args()
    end_on_signals()
    try:
        if not os.access(options.config, os.R_OK | os.W_OK):
            raise Failed("cross-seed does not have R/W permissions on your config directory.")
        path = Path(options.config) / "config.js"
        if not path.exists():
            write_atomically(path, "module.exports = {\n\ttorznab: [],\n\tuseClientTorrents: true,\n\taction: \"inject\",\n};\n")
        print(f"info: cross-seed v{VERSION}\ninfo: Validating your configuration...", flush=True)
        config, wrong = check(read(path.read_text(encoding="utf-8")))
        if wrong:
            raise Failed("\n".join(wrong) + "\nYour configuration is invalid, please see the errors above for details.")
        validate(config, options.config)
    except (Failed, Unreadable, OSError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    print("info: Your configuration is valid!", flush=True)
    run("cross-seed", VERSION, create_app(config), options.config, config["host"] or "0.0.0.0", options.port or config["port"] or 2468)


if __name__ == "__main__":
    main()
