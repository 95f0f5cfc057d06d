#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_config
short_description: Manage a section of the settings of Sonarr, Radarr, Lidarr or Prowlarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Changes what is named and sends everything else back as it is, so that no missing key resets anything. Above all the web page is never
    left open by accident.
  - Names and values are checked against what the app knows, since it stores some nonsense without a word.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
options:
  section:
    description: Which settings, as the app's menu names them. V(host) is the general page.
    type: str
    required: true
    choices: [development, download_client, host, import_list, indexer, media_management, metadata, metadata_provider, naming, ui]
  settings:
    description:
      - The settings by the names that the API uses, in snake case or as they are. Those that are not named keep their value.
      - Where the API wants a number for a choice, its name works as well, such as V(smart) for C(colon_replacement_format).
    type: dict
    default: {}
  username:
    description: Name of the login (section V(host)).
    type: str
  password:
    description:
      - Its password (section V(host)). An existing login is kept when it is not given.
      - The app tells a hash only. Without a ledger entry the login page is asked whether it is the one already.
    type: str
  keep_login:
    description: Whether a login that is there stays as it is (section V(host)); O(username), O(password) and how to authenticate then count only for
      an app that asks nobody for one.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Close the web page
  homelab.media.arr_config:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    section: host
    username: admin
    password: "{{ example_password }}"
    settings:
      authentication_method: forms
      authentication_required: enabled

- name: Rename episodes
  homelab.media.arr_config:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    section: naming
    settings:
      rename_episodes: true
      colon_replacement_format: smart
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: config_naming, name: config_naming, action: update, fields: [rename_episodes]}]
config:
  description: The section after the run, as the API tells it, without secrets.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import ApiModule
from ansible_collections.homelab.media.plugins.module_utils.arr_module import connection_spec, finish, wish_of


def main():
    module = ApiModule(
        argument_spec=dict(connection_spec(), **{
            "section": {"type": "str", "required": True, "choices": [
                "development", "download_client", "host", "import_list", "indexer", "media_management", "metadata", "metadata_provider",
                "naming", "ui"]},
            "settings": {"type": "dict", "default": {}},
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "keep_login": {"type": "bool", "default": False},
        }),
        required_by={"password": ["username"]},
        supports_check_mode=True,
    )
    if module.params["section"] != "host" and module.params["username"]:
        module.fail_json(msg="username and password belong to the section host")
    own = ("section",) if module.params["section"] == "host" else ("section", "keep_login")
    finish(module, [dict(wish_of(module.params, own), resource="config_" + module.params["section"])], "config")


if __name__ == "__main__":
    main()
