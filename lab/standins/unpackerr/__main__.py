# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.unpackerr``: everything comes from ``UN_*``; exits 1 on what the real one refuses."""
from __future__ import annotations

import os
import sys
import time

from ..kit import arguments, end_on_signals, run
from . import VERSION, Poller, Wrong, create_app, read


def main():
    options = arguments("unpackerr", "/config", None, __doc__).parse_args()
    print(f"[INFO] Unpackerr v{VERSION} (stand-in) Starting! PID: {os.getpid()}", flush=True)
    try:
        settings = read(os.environ)
    except Wrong as error:
        print(f"[ERROR] {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    poller = Poller(settings)
    poller.start()
    if not settings["WEBSERVER_METRICS"] and not options.port:
        end_on_signals()
        while True:
            time.sleep(3600)
    address, _colon, port = settings["WEBSERVER_LISTEN_ADDR"].rpartition(":")
    config = options.config if os.path.isdir(options.config) and os.access(options.config, os.W_OK) else None
    run("Unpackerr", VERSION, create_app(settings, poller.started), config, address or "0.0.0.0", options.port or int(port))


if __name__ == "__main__":
    main()
