# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.tautulli``: config.ini below the directory, TAUTULLI_<KEY> from the environment."""
from __future__ import annotations

from ..kit import arguments, restart_process, run
from .service import VERSION, create_app


def main():
    options = arguments("tautulli", "/config", None, __doc__).parse_args()
    flask = create_app(options.config, restart=lambda: restart_process("standins.tautulli"))
    config = flask.tautulli.config
    run("Tautulli", VERSION, flask, options.config, options.host, options.port or int(config.get("http_port")), before_end=config.save)


if __name__ == "__main__":
    main()
