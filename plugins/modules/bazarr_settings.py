#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: bazarr_settings
short_description: Manage the settings of Bazarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Sets what is named and leaves everything else. Only what differs is sent.
  - Bazarr knows exactly one Sonarr and one Radarr; libraries in another resolution take a second Bazarr.
  - Before a link to Sonarr or Radarr is saved, Bazarr is asked whether it reaches that app, since it never answers a request that saves the address of
    an app which does not run.
  - The API key is kept. A new port, address or base URL of Bazarr itself is saved, and holds after a restart.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key.
    type: str
    required: true
  sonarr:
    description: The link to Sonarr.
    type: dict
    suboptions: &link
      enabled:
        description: Whether it is used.
        type: bool
        default: true
      host:
        description: Host name or address, as Bazarr reaches it.
        type: str
      port:
        description: Port.
        type: int
      base_url:
        description: URL base, empty for none.
        type: str
      ssl:
        description: Whether it is reached by HTTPS. Bazarr does not check certificates.
        type: bool
      api_key:
        description: API key of that app.
        type: str
  radarr:
    description: The link to Radarr.
    type: dict
    suboptions: *link
  providers:
    description: The providers of subtitles that are enabled. All others are disabled; their settings stay.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the provider as the settings have it, such as V(opensubtitlescom).
        type: str
        required: true
      fields:
        description: Its settings, such as C(username) and C(password).
        type: dict
  languages:
    description:
      - Codes of two letters of the languages that are enabled. All others are disabled.
      - Languages of a languages profile stay enabled.
    type: list
    elements: str
  default_profile_series:
    description: Name of the languages profile that new series get; none when empty.
    type: str
  default_profile_movies:
    description: Name of the languages profile that new movies get; none when empty.
    type: str
  login:
    description: The login of the web page.
    type: dict
    suboptions:
      method:
        description: How people log in.
        type: str
        choices: [basic, form, none]
      username:
        description: User name.
        type: str
      password:
        description: Password.
        type: str
  notifications:
    description: Services that are notified, by Apprise. Services that are not named stay as they are.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the service as Bazarr has it, such as V(Discord).
        type: str
        required: true
      url:
        description: Its address in the words of Apprise.
        type: str
      enabled:
        description: Whether it is used.
        type: bool
        default: true
  settings:
    description: Any other settings, by section and key as they are in C(config.yaml). Lists are replaced.
    type: dict
"""

EXAMPLES = r"""
- name: Link Bazarr to Sonarr
  homelab.media.bazarr_settings:
    url: http://127.0.0.1:6767
    api_key: "{{ example_api_key }}"
    sonarr:
      host: sonarr
      port: 8989
      api_key: "{{ example_sonarr_key }}"
    providers:
      - name: opensubtitlescom
        fields:
          username: me
          password: "{{ example_password }}"
    settings:
      general:
        minimum_score: 85
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: settings, name: settings, action: update, fields: [sonarr.ip]}]
settings:
  description: The settings that were named, after the run, without secrets.
  type: dict
  returned: always
  sample: {sonarr: {ip: sonarr, port: 8989}}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def link_spec():
    """The options of a link."""
    return {"type": "dict", "options": {
        "enabled": {"type": "bool", "default": True},
        "host": {"type": "str"},
        "port": {"type": "int"},
        "base_url": {"type": "str"},
        "ssl": {"type": "bool"},
        "api_key": {"type": "str", "no_log": True},
    }}


def main():
    run(FAMILIES["bazarr"], "settings", {
        "sonarr": link_spec(),
        "radarr": link_spec(),
        "providers": {"type": "list", "elements": "dict", "options": {
            "name": {"type": "str", "required": True},
            "fields": {"type": "dict"},
        }},
        "languages": {"type": "list", "elements": "str"},
        "default_profile_series": {"type": "str"},
        "default_profile_movies": {"type": "str"},
        "login": {"type": "dict", "options": {
            "method": {"type": "str", "choices": ["basic", "form", "none"]},
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
        }},
        "notifications": {"type": "list", "elements": "dict", "options": {
            "name": {"type": "str", "required": True},
            "url": {"type": "str", "no_log": True},
            "enabled": {"type": "bool", "default": True},
        }},
        "settings": {"type": "dict"},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app="bazarr")


if __name__ == "__main__":
    main()
