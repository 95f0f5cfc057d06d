#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_indexer_sync
short_description: Push the indexers of Prowlarr into the apps, and prove that they arrived
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Makes one application of Prowlarr for each app, lets Prowlarr synchronise when an app lacks an indexer, waits for it, and looks into
    every app itself, since Prowlarr calls a synchronisation complete that found an app down.
  - When an address or a key changed, everything is pushed again.
  - The connection options are those of Prowlarr. Applications that are not named are left alone.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
options:
  prowlarr_url:
    description: Prowlarr's address as the apps reach it. Needed where an application does not name its own.
    type: str
  applications:
    description: The apps.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the application in Prowlarr.
        type: str
        required: true
      app:
        description: Which app it is.
        type: str
        choices: [lidarr, radarr, sonarr]
        required: true
      url:
        description: Its address as Prowlarr reaches it.
        type: str
        required: true
      check_url:
        description: Its address as the managed host reaches it, when that is another one than O(applications[].url).
        type: str
      prowlarr_url:
        description: Prowlarr's address as this app reaches it, when that is another one than O(prowlarr_url).
        type: str
      api_key:
        description: Its API key.
        type: str
        required: true
      sync_level:
        description: How far Prowlarr keeps the app's indexers. A new application has V(fullSync).
        type: str
        choices: [disabled, addOnly, fullSync]
      tags:
        description: Only indexers that share one of these tags are pushed; all without tags.
        type: list
        elements: str
      categories:
        description: Numbers of the categories to push, as Newznab counts them.
        type: list
        elements: int
      download_client:
        description:
          - The app's download client for the pushed indexers, a name, or C(torrent) and C(usenet) with a name each.
          - Prowlarr keeps what is set in the app.
        type: raw
  sync_timeout:
    description: Seconds to wait until everything is pushed. Prowlarr takes two seconds for each indexer and app, which the default follows.
    type: int
"""

EXAMPLES = r"""
- name: Push the indexers into Sonarr
  homelab.media.arr_indexer_sync:
    url: http://127.0.0.1:9696
    api_key: "{{ example_api_key }}"
    prowlarr_url: http://prowlarr:9696
    applications:
      - name: Sonarr
        app: sonarr
        url: http://sonarr:8989
        check_url: http://127.0.0.1:8989
        api_key: "{{ example_sonarr_api_key }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: indexer_sync, name: applications, action: update, fields: [application Sonarr]}]
indexer_sync:
  description: Name of each application to the names of the indexers that its app has from this Prowlarr.
  type: dict
  returned: always
  sample: {Sonarr: [1337x (Prowlarr)]}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import ApiModule
from ansible_collections.homelab.media.plugins.module_utils.arr_module import connection_spec, finish, wish_of


def main():
    module = ApiModule(
        argument_spec=dict(connection_spec(), **{
            "prowlarr_url": {"type": "str"},
            "applications": {"type": "list", "elements": "dict", "required": True, "options": {
                "name": {"type": "str", "required": True},
                "app": {"type": "str", "required": True, "choices": ["lidarr", "radarr", "sonarr"]},
                "url": {"type": "str", "required": True},
                "check_url": {"type": "str"},
                "prowlarr_url": {"type": "str"},
                "api_key": {"type": "str", "required": True, "no_log": True},
                "sync_level": {"type": "str", "choices": ["disabled", "addOnly", "fullSync"]},
                "tags": {"type": "list", "elements": "str"},
                "categories": {"type": "list", "elements": "int"},
                "download_client": {"type": "raw"},
            }},
            "sync_timeout": {"type": "int"},
        }),
        supports_check_mode=True,
    )
    finish(module, [dict(wish_of(module.params), resource="indexer_sync")], "indexer_sync")


if __name__ == "__main__":
    main()
