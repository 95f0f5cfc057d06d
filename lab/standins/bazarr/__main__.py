# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.bazarr``: everything comes from ``<config>/config/config.yaml``, which is made when absent."""
from __future__ import annotations

import os

from ..kit import arguments, restart_process, run
from .service import VERSION, create_app


def main():
    options = arguments("bazarr", "/config", None, __doc__).parse_args()

    def restart(action):
        if action == "shutdown":
            os._exit(0)
        restart_process("standins.bazarr")

    flask = create_app(options.config, restart)
    general = flask.bazarr["general"]
    host = options.host if general["ip"] in ("*", "") else general["ip"]
    run("Bazarr", VERSION, flask, options.config, host, options.port or general["port"])


if __name__ == "__main__":
    main()
