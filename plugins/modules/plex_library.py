#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: plex_library
short_description: Manage a library of a Plex Media Server
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Makes, edits and removes a library by its name. Media files are never touched; removing a library forgets what Plex knows of its items.
  - New folders are looked for on the server first, which refuses those that it does not see without saying why.
  - What a new library needs and is not given follows from O(type). An existing one keeps what is not given.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.plex
  - homelab.media.state
options:
  name:
    description: Its name.
    type: str
    required: true
  type:
    description: What it holds. Needed for a new one; Plex cannot change it.
    type: str
    choices: [movie, show, artist, photo]
  folders:
    description: All its folders, as the server sees them. Needed for a new one. Others are taken out of it.
    type: list
    elements: str
  keep_folders:
    description: Whether folders that it has besides O(folders) stay in it.
    type: bool
    default: false
  agent:
    description: Where descriptions come from, such as V(tv.plex.agents.movie). A change makes Plex fetch all of them anew.
    type: str
  scanner:
    description: What finds the files, such as V(Plex Movie). It has to go with the agent.
    type: str
  language:
    description: Language of descriptions, such as V(en-US). A new library has V(en-US), with agents of the old kind V(en).
    type: str
  settings:
    description: Settings of the library by their names, such as V(enableCinemaTrailers).
    type: dict
  refresh:
    description: Whether the folders are looked through when the library was edited. A new library is looked through in any case.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Make a library of films
  homelab.media.plex_library:
    url: http://127.0.0.1:32400
    token: "{{ example_plex_token }}"
    name: Movies
    type: movie
    folders: [/data/media/movies]
    settings:
      enableCinemaTrailers: false

- name: Add a folder, and look through it
  homelab.media.plex_library:
    url: http://127.0.0.1:32400
    token: "{{ example_plex_token }}"
    name: Movies
    folders: [/data/media/more]
    keep_folders: true
    refresh: true
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: plex_library, name: Movies, action: update, fields: [folders]}]
plex_library:
  description: The library after the run.
  type: dict
  returned: always
  sample: {key: "1", name: Movies, type: movie, agent: tv.plex.agents.movie, scanner: Plex Movie, language: en-US, folders: [/data/media/movies]}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["plex"], "plex_library", {
        "name": {"type": "str", "required": True},
        "type": {"type": "str", "choices": ["movie", "show", "artist", "photo"]},
        "folders": {"type": "list", "elements": "str"},
        "keep_folders": {"type": "bool", "default": False},
        "agent": {"type": "str"},
        "scanner": {"type": "str"},
        "language": {"type": "str"},
        "settings": {"type": "dict"},
        "refresh": {"type": "bool", "default": False},
    }, credentials={"token": {"type": "str", "no_log": True}}, app="plex", removable=True)


if __name__ == "__main__":
    main()
