# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's indexer finds, and the peer that really serves it: releases of the shared titles, generated, with a torrent each.

A film comes as a directory with a file, an episode as a file, a season as a directory with its episodes; each of them in 1080p and 2160p.
"""
from __future__ import annotations

import functools
import random
import re
from dataclasses import dataclass

from .. import titles, torrents

SIZES = {1080: 1_500_000, 2160: 3_000_000}         # bytes of a file
CATEGORIES = {("movie", 1080): (2000, 2040), ("movie", 2160): (2000, 2045), ("tv", 1080): (5000, 5040), ("tv", 2160): (5000, 5045)}


@dataclass(frozen=True)
class Release:
    """Something to download. ``files`` are their names; ``season`` and ``episode`` are 0 where there is none."""

    name: str
    title: titles.Title
    resolution: int
    files: tuple
    season: int = 0
    episode: int = 0

    @property
    def directory(self):
        return not self.episode

    @property
    def size(self):
        return len(self.files) * SIZES[self.resolution]

    @property
    def categories(self):
        return CATEGORIES[self.title.kind, self.resolution]

    def contents(self):
        """[(file, bytes)], the same at every call and in every process."""
        return [(file, random.Random(file).randbytes(SIZES[self.resolution])) for file in self.files]

    def torrent(self, announce):
        return torrents.make(self.name if self.directory else self.files[0], self.contents(), announce, self.directory)


def dotted(text):
    return ".".join(re.findall(r"[A-Za-z0-9]+", text))


@functools.cache
def releases():
    """All of them."""
    found = []
    for title in titles.ALL:
        for resolution in SIZES:
            tail = f"{resolution}p.WEB-DL.x264-LAB"
            if title.kind == "movie":
                name = f"{dotted(title.title)}.{title.year}.{tail}"
                found.append(Release(name, title, resolution, (name + ".mkv",)))
                continue
            for season, count in title.seasons:
                names = [f"{dotted(title.title)}.S{season:02}E{episode:02}.{tail}" for episode in range(1, count + 1)]
                files = [name + ".mkv" for name in names]
                found.append(Release(f"{dotted(title.title)}.S{season:02}.{tail}", title, resolution, tuple(files), season))
                found += [Release(name, title, resolution, (file,), season, place) for place, (name, file) in enumerate(zip(names, files), 1)]
    return tuple(found)


def search(words="", imdb="", tmdb=0, tvdb=0, season=0, episode=0, kind=None):
    """What an indexer finds; a season alone finds its packs and its episodes. Everything without any condition."""
    wanted = titles.plain(words).split()
    found = []
    for release in releases():
        title = release.title
        spoken = titles.plain(release.name).split() + titles.plain(title.named).split()
        if (kind in (None, title.kind) and all(word in spoken for word in wanted) and imdb.lower().removeprefix("tt") in ("", title.imdb[2:])
                and int(tmdb or 0) in (0, title.tmdb) and int(tvdb or 0) in (0, title.tvdb) and int(season or 0) in (0, release.season)
                and int(episode or 0) in (0, release.episode)):
            found.append(release)
    return found
