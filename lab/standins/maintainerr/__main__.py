# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.maintainerr``: UI_PORT, UI_HOSTNAME and BASE_PATH come from the environment, as in the image."""
from __future__ import annotations

import os

from ..kit import arguments, run
from .service import VERSION, create_app


def main():
    options = arguments("maintainerr", os.environ.get("DATA_DIR") or "/opt/data", int(os.environ.get("UI_PORT") or 6246), __doc__).parse_args()
    run("Maintainerr", VERSION, create_app(options.config), options.config, os.environ.get("UI_HOSTNAME") or options.host, options.port)


if __name__ == "__main__":
    main()
