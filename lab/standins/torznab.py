# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Torznab and Newznab indexer for the lab: ``python3 -m standins.torznab --port 9117 --api-key KEY``.

It knows capabilities (``t=caps``, no key needed), searches (one release for every category it has) and the error
document for a wrong key, which comes with status 200 as usual for such sites.
"""

from __future__ import annotations

import argparse
from urllib.parse import parse_qs

from .arr.sync import caps, feed
from .common import plain, serve

CATEGORIES = (2000, 2040, 2045, 3000, 3010, 3040, 5000, 5030, 5040, 5045)


def create_app(api_key="idx-key-1234", categories=CATEGORIES):
    """A WSGI application."""

    def application(environ, start_response):
        values = {key: items[0] for key, items in parse_qs(environ["QUERY_STRING"]).items()}
        if not environ["PATH_INFO"].rstrip("/").endswith("/api"):
            body, status = "<html>indexer</html>", 404
        elif values.get("t") == "caps":
            body, status = caps(list(categories)), 200
        elif values.get("apikey") != api_key:
            body, status = '<error code="100" description="Invalid API key"/>', 200
        else:
            wanted = [int(part) for part in values.get("cat", "").split(",") if part.isdigit()]
            body = feed(
                [
                    (f"Release in {number}", [number])
                    for number in categories
                    if not wanted or number in wanted or number - number % 1000 in wanted
                ]
            )
            status = 200
        line, headers, content = plain(status, ('<?xml version="1.0"?>\n' + body).encode(), "application/xml")
        start_response(line, headers)
        return [content]

    return application


def main():
    parser = argparse.ArgumentParser(prog="standins.torznab", description=__doc__)
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=9117)
    parser.add_argument("--api-key", default="idx-key-1234")
    parser.add_argument("--config")
    options = parser.parse_args()
    serve(create_app(options.api_key), options.host, options.port, options.config)


if __name__ == "__main__":
    main()
