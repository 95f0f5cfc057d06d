# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.plex``: PLEX_CLAIM is used on a start without an owner, as in the image."""
from __future__ import annotations

from ..kit import arguments, run
from .server import VERSION, create_app


def main():
    options = arguments("plex", "/config", 32400, __doc__).parse_args()
    run("Plex Media Server", VERSION, create_app(options.config, options.port), options.config, options.host, options.port)


if __name__ == "__main__":
    main()
