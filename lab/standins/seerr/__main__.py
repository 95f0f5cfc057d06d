# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.seerr``: PORT, HOST and CONFIG_DIRECTORY come from the environment, as in the image."""
from __future__ import annotations

import os

from ..kit import arguments, run
from ..seerr.service import create_app


def main():
    options = arguments("seerr", os.environ.get("CONFIG_DIRECTORY") or "/app/config",
                        int(os.environ.get("PORT") or 5055), __doc__).parse_args()
    flask = create_app(options.config, seerr=True)
    run(flask.service.product, flask.service.version, flask, options.config, os.environ.get("HOST") or options.host, options.port)


if __name__ == "__main__":
    main()
