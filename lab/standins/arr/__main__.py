# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.arr --app sonarr --config DIR``: run one application until it is stopped."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading

from ..common import Lab, serve
from . import create_app
from .apps import APPS


def main():
    parser = argparse.ArgumentParser(prog="standins.arr", description=__doc__)
    parser.add_argument("--app", choices=sorted(APPS), required=True)
    parser.add_argument("--config", default="/config", help="directory of config.xml and of the database")
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, help="listen here instead of on the configured port")
    options = parser.parse_args()

    def restart():
        """Replace this process by a new one: connection refused for a moment, then everything read anew."""
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "standins.arr", *sys.argv[1:]])

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_arguments: os._exit(0))
    flask = create_app(options.app, options.config, restart=restart)
    service = flask.service
    address = service.file.value("BindAddress")
    host = options.host if address in ("*", "") else {"localhost": "127.0.0.1"}.get(address, address)
    port = options.port or service.port
    print(f"{service.app.name} {service.app.version} (stand-in) listens on {host}:{port}{service.url_base}", flush=True)
    serve(Lab(flask, options.config, handles_starting=True), host, port)


if __name__ == "__main__":
    main()
