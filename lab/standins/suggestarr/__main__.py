# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.suggestarr``: the port comes from SUGGESTARR_PORT."""
from __future__ import annotations

import os
import sys

from ..kit import arguments, run
from . import VERSION, Wrong, create_app


def main():
    options = arguments("suggestarr", "/app/config/config_files", int(os.environ.get("SUGGESTARR_PORT") or 5000), __doc__).parse_args()
    try:
        flask = create_app(options.config)
    except Wrong as error:
        print(f"ERROR {error}", file=sys.stderr, flush=True)
        sys.exit(3)
    run("SuggestArr", VERSION, flask, options.config, options.host, options.port)


if __name__ == "__main__":
    main()
