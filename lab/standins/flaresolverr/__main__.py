# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.flaresolverr``: PORT and HOST come from the environment, as in the image."""
from __future__ import annotations

import os

from ..kit import arguments, run
from . import VERSION, create_app


def main():
    options = arguments("flaresolverr", "/config", int(os.environ.get("PORT") or 8191), __doc__).parse_args()
    config = options.config if os.access(options.config, os.W_OK) else None
    run("FlareSolverr", VERSION, create_app(config), config, os.environ.get("HOST") or options.host, options.port)


if __name__ == "__main__":
    main()
