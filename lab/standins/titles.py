# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The invented films and series that all stand-ins agree on: what TMDB, TheTVDB, an indexer and Plex know in the lab.

Seerr asks by ``tmdb``, Radarr by ``tmdb``, Sonarr by ``tvdb``, an indexer by words, Plex by the title and year of a folder.
"""
from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Title:
    """A film or a series; ``seasons`` is season number -> episodes, empty for a film. ``tvdb`` is 0 for a film."""

    kind: str                       # "movie" or "tv", as Seerr says it
    title: str
    year: int
    tmdb: int
    imdb: str
    tvdb: int = 0
    seasons: tuple = ()             # ((number, episodes), ...)
    minutes: int = 97

    @property
    def named(self):
        return f"{self.title} ({self.year})"

    @property
    def guids(self):
        """As Plex writes them."""
        found = [f"imdb://{self.imdb}", f"tmdb://{self.tmdb}"]
        return found + [f"tvdb://{self.tvdb}"] if self.tvdb else found

    def episodes(self):
        """(season, episode) of each episode."""
        return [(season, number) for season, count in self.seasons for number in range(1, count + 1)]


MOVIES = (Title("movie", "The Paper Lighthouse", 2019, 9100001, "tt9100001"),
          Title("movie", "Copper Rain", 2021, 9100002, "tt9100002"),
          Title("movie", "A Map of Quiet Rivers", 2023, 9100003, "tt9100003"))
SERIES = (Title("tv", "Harbour of Glass", 2020, 9200001, "tt9200001", 9300001, ((1, 2),), 42),
          Title("tv", "The Tin Orchard", 2022, 9200002, "tt9200002", 9300002, ((1, 2), (2, 2)), 42))
ALL = MOVIES + SERIES


def plain(text):
    """Words only, in lower case: how titles, folders and releases are compared."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def by_tmdb(kind, number):
    """The film or series of TMDB with this number, or nothing."""
    return next((title for title in ALL if title.kind == kind and title.tmdb == int(number)), None)


def by_tvdb(number):
    """The series of TheTVDB with this number, or nothing."""
    return next((title for title in SERIES if title.tvdb == int(number)), None)


def by_name(name, year=None, kind=None):
    """The film or series with this title (case and punctuation do not matter) and, where given, year, or nothing."""
    wanted = plain(name)
    return next((title for title in ALL if plain(title.title) == wanted and kind in (None, title.kind)
                 and year in (None, title.year)), None)


def search(text):
    """Films and series whose title contains all words of the text; a year among them must be theirs."""
    words = plain(text).split()
    return [title for title in ALL if words and all(word in plain(title.named).split() for word in words)]
