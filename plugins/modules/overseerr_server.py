#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: overseerr_server
short_description: Manage the Radarr and Sonarr servers of Seerr or Overseerr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For Seerr 3 and Overseerr 1.34; which of them it is, the server says.
  - A server is known by its O(kind) and O(name). What is not named keeps its value, keys that this module does not know included.
  - Quality profiles, root folders and tags are given by name, and looked up through the app itself, whose cache is flushed before, except in check mode.
  - The app takes a Radarr for a Sonarr and stores servers that it does not reach; here both are errors.
  - There is one default server for each O(kind) and resolution. Making one the default takes that from the other, which the result and the diff say.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  api_key:
    description: Its API key.
    type: str
    required: true
  kind:
    description: What it is.
    type: str
    required: true
    choices: [radarr, sonarr]
  name:
    description: Its name.
    type: str
    required: true
  hostname:
    description: Host name or address, as the app reaches it, without scheme and port. Needed for a new server.
    type: str
  port:
    description: Port. Needed for a new server.
    type: int
  use_ssl:
    description: Whether it is reached by HTTPS. A new server is not, when omitted.
    type: bool
  base_url:
    description: Its URL base, such as V(/radarr). Compared without regard to slashes.
    type: str
  server_api_key:
    description: API key of the Radarr or Sonarr. Needed for a new server.
    type: str
  external_url:
    description: Address for people's links.
    type: str
  check_url:
    description: URL by which this host reaches it, to find the cause when the app does not. The address that the app uses when omitted.
    type: str
  quality_profile:
    description:
      - Name of the quality profile.
      - When omitted, a server keeps its own; a new one gets V(HD-1080p), with O(is_4k) V(Ultra-HD), or else the first that there is.
    type: str
  root_folder:
    description: Root folder. When omitted, a server keeps its own, and a new one gets the first that there is.
    type: path
  promised:
    description: Which of these options name something that the same run makes before. In check mode the server need not have it.
    type: list
    elements: str
    choices: [quality_profile, root_folder]
    default: []
  tags:
    description: Labels of tags that requests get.
    type: list
    elements: str
  is_4k:
    description: Whether it is the one for requests in 4K.
    type: bool
  is_default:
    description: Whether it is the default of its kind and resolution. When omitted, a new one is, if there is no other, and one that is there stays what it is.
    type: bool
  sync:
    description: Whether the app looks at what the server has. A new one is looked at when omitted.
    type: bool
  prevent_search:
    description: Whether approved requests are added without a search.
    type: bool
  tag_requests:
    description: Whether requests get a tag with their user's name.
    type: bool
  minimum_availability:
    description: When a movie counts as available, for O(kind=radarr). V(released) for a new server when omitted.
    type: str
    choices: [announced, in_cinemas, released]
  season_folders:
    description: Whether seasons have folders, for O(kind=sonarr). They have with a new server when omitted.
    type: bool
  series_type:
    description: Type of series, for O(kind=sonarr).
    type: str
    choices: [anime, daily, standard]
  language_profile:
    description: Name of the language profile, for a Sonarr that has such.
    type: str
  anime:
    description: What is different for anime, for O(kind=sonarr).
    type: dict
    suboptions:
      quality_profile:
        description: Name of the quality profile.
        type: str
      root_folder:
        description: Root folder.
        type: path
      tags:
        description: Labels of tags.
        type: list
        elements: str
      series_type:
        description: Type of series.
        type: str
        choices: [anime, daily, standard]
      language_profile:
        description: Name of the language profile.
        type: str
  adopt:
    description:
      - Whether a server of another name, but with the same O(server_api_key) and resolution, is the one that is meant, when there is none of the name.
        It gets the name then.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Send requests for movies to Radarr
  homelab.media.overseerr_server:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    kind: radarr
    name: Radarr
    hostname: radarr
    port: 7878
    server_api_key: "{{ example_radarr_api_key }}"
    quality_profile: HD-1080p
    root_folder: /data/media/movies
    is_default: true

- name: Send requests for series in 4K to a second Sonarr
  homelab.media.overseerr_server:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    kind: sonarr
    name: Sonarr 4K
    hostname: sonarr-4k
    port: 8989
    server_api_key: "{{ example_sonarr_api_key }}"
    is_4k: true
    quality_profile: Ultra-HD
    anime:
      root_folder: /data/media/anime-4k
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: overseerr_server, name: Radarr, action: create, fields: [hostname]}]
overseerr_server:
  description: The server after the run, without secrets.
  type: dict
  returned: always
  sample: {id: 0, name: Radarr, hostname: radarr, activeProfileName: HD-1080p}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["seerr"], "overseerr_server", {
        "kind": {"type": "str", "required": True, "choices": ["radarr", "sonarr"]},
        "name": {"type": "str", "required": True},
        "hostname": {"type": "str"},
        "port": {"type": "int"},
        "use_ssl": {"type": "bool"},
        "base_url": {"type": "str"},
        "server_api_key": {"type": "str", "no_log": True},
        "external_url": {"type": "str"},
        "check_url": {"type": "str"},
        "quality_profile": {"type": "str"},
        "root_folder": {"type": "path"},
        "promised": {"type": "list", "elements": "str", "choices": ["quality_profile", "root_folder"], "default": []},
        "tags": {"type": "list", "elements": "str"},
        "is_4k": {"type": "bool"},
        "is_default": {"type": "bool"},
        "sync": {"type": "bool"},
        "prevent_search": {"type": "bool"},
        "tag_requests": {"type": "bool"},
        "minimum_availability": {"type": "str", "choices": ["announced", "in_cinemas", "released"]},
        "season_folders": {"type": "bool"},
        "series_type": {"type": "str", "choices": ["anime", "daily", "standard"]},
        "language_profile": {"type": "str"},
        "anime": {"type": "dict", "options": {
            "quality_profile": {"type": "str"},
            "root_folder": {"type": "path"},
            "tags": {"type": "list", "elements": "str"},
            "series_type": {"type": "str", "choices": ["anime", "daily", "standard"]},
            "language_profile": {"type": "str"},
        }},
        "adopt": {"type": "bool", "default": False},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, removable=True)


if __name__ == "__main__":
    main()
