# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Torznab and Newznab indexer for the lab: ``python3 -m standins.torznab --port 9117 --api-key KEY``.

It knows capabilities (``t=caps``, no key needed), searches and the error document for a wrong key, which comes with status 200 as usual for such
sites. A search without conditions finds a release without a torrent in every category. With a shelf it finds the releases of ``seeder`` besides, by
words, IMDb, TMDB or TheTVDB number, season and episode, and serves their torrent files to whoever has the key.
"""

from __future__ import annotations

import argparse
from urllib.parse import parse_qs, quote

from . import seeder
from .arr.sync import caps, feed
from .common import plain, serve
from .seeder.peer import Shelf

CATEGORIES = (2000, 2040, 2045, 3000, 3010, 3040, 5000, 5030, 5040, 5045)
MODES = {"tv": ["q", "tvdbid", "season", "ep"], "movie": ["q", "imdbid", "tmdbid"], "music": ["q"]}
KINDS = {"movie": "movie", "tvsearch": "tv"}
CONDITIONS = ("q", "imdbid", "tmdbid", "tvdbid", "season", "ep")


def number(values, name):
    text = values.get(name, "")
    return int(text) if text.isdigit() else 0


def found(values, shelf, root, api_key):
    """The releases of a search as items of a feed."""
    wanted = seeder.search(values.get("q", ""), values.get("imdbid", ""), number(values, "tmdbid"), number(values, "tvdbid"),
                           number(values, "season"), number(values, "ep"), KINDS.get(values.get("t")))
    items = []
    for release in wanted:
        _data, info_hash = shelf.torrent(release)
        link = f"{root}/torrent/{quote(release.name)}.torrent?apikey={quote(api_key)}"
        title = release.title
        known = {"tvdbid": title.tvdb} if title.tvdb else {"tmdbid": title.tmdb}
        more = {"size": release.size, "link": link, "guid": f"{root}/details/{info_hash}", "type": "application/x-bittorrent",
                "attributes": {"infohash": info_hash, "peers": 11, "imdbid": title.imdb[2:], **known}}
        items.append((release.name, release.categories, more))
    return items


def create_app(api_key="idx-key-1234", categories=CATEGORIES, shelf=None):
    """A WSGI application; with a shelf it has torrents."""

    def search(values, root):
        wanted = [int(part) for part in values.get("cat", "").split(",") if part.isdigit()]
        items = found(values, shelf, root, api_key) if shelf else []
        if not shelf or not any(values.get(name) for name in CONDITIONS):
            items += [(f"Release in {category}", [category]) for category in categories]
        return feed([item for item in items if not wanted or any(one in wanted or one - one % 1000 in wanted for one in item[1])])

    def torrent(name):
        release = next((item for item in seeder.releases() if item.name == name), None)
        return shelf.torrent(release)[0] if release else None

    def application(environ, start_response):
        values = {key: items[0] for key, items in parse_qs(environ["QUERY_STRING"]).items()}
        root, path = f"http://{environ.get('HTTP_HOST', 'localhost')}", environ["PATH_INFO"]
        status, kind = 200, "application/xml"
        if shelf and path.startswith("/torrent/") and values.get("apikey") == api_key and torrent(path[9:].removesuffix(".torrent")):
            body, kind = torrent(path[9:].removesuffix(".torrent")), "application/x-bittorrent"
        elif not path.rstrip("/").endswith("/api"):
            body, status = "<html>indexer</html>", 404
        elif values.get("t") == "caps":
            body = caps(list(categories), MODES if shelf else None)
        elif values.get("apikey") != api_key:
            body = '<error code="100" description="Invalid API key"/>'
        else:
            body = search(values, root)
        content = body if isinstance(body, bytes) else ('<?xml version="1.0"?>\n' + body).encode()
        line, headers, content = plain(status, content, kind)
        start_response(line, headers)
        return [content]

    return application


def main():
    parser = argparse.ArgumentParser(prog="standins.torznab", description=__doc__)
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=9117)
    parser.add_argument("--api-key", default="idx-key-1234")
    parser.add_argument("--announce", help="tracker of the torrents; without it there are none")
    parser.add_argument("--config")
    options = parser.parse_args()
    serve(create_app(options.api_key, shelf=Shelf(options.announce) if options.announce else None), options.host, options.port, options.config)


if __name__ == "__main__":
    main()
