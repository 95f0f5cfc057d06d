#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: overseerr_settings
short_description: Manage the main settings of Seerr or Overseerr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For Seerr 3 and Overseerr 1.34; which of them it is, the server says.
  - Sets what is named and leaves everything else. Only what differs is sent.
  - A setting that this app does not have is an error, since the app itself stores anything.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key.
    type: str
    required: true
  application_title:
    description: Title of the application.
    type: str
  application_url:
    description: Address by which people reach it, for links in messages.
    type: str
  locale:
    description: Language of the web page, such as V(en) or V(de).
    type: str
  default_permissions:
    description:
      - What new users may do, by name, such as V(request), V(request_4k), V(auto_approve), V(auto_request), V(create_issues), V(view_issues) or V(recent_view).
        They replace those that are set.
    type: list
    elements: str
  movie_quota:
    description: How many movies a user may request.
    type: dict
    suboptions:
      limit:
        description: How many; V(0) for as many as they like.
        type: int
      days:
        description: In how many days.
        type: int
  tv_quota:
    description: How many seasons a user may request.
    type: dict
    suboptions:
      limit:
        description: How many; V(0) for as many as they like.
        type: int
      days:
        description: In how many days.
        type: int
  hide_available:
    description: Whether what is available is not offered.
    type: bool
  partial_requests:
    description: Whether single seasons can be requested.
    type: bool
  special_episodes:
    description: Whether specials can be requested. Seerr only.
    type: bool
  local_login:
    description: Whether users can sign in with a password.
    type: bool
  new_plex_login:
    description: Whether users of the Plex server who are not known yet can sign in.
    type: bool
  cache_images:
    description: Whether posters are kept.
    type: bool
  original_language:
    description: Languages to discover, such as V(en|de).
    type: str
  region:
    description: Region to discover. Overseerr only.
    type: str
  discover_region:
    description: Region to discover. Seerr only.
    type: str
  streaming_region:
    description: Region of the streaming services. Seerr only.
    type: str
  trust_proxy:
    description: Whether a reverse proxy tells the address of the client. It takes a restart.
    type: bool
  csrf_protection:
    description: Whether writes need a token of the web page. It takes a restart, and HTTPS. This collection goes on working with it.
    type: bool
  settings:
    description: Any other settings of the pages General and Network, by the keys of the app's API, such as C(hideBlocklisted) or C(proxy).
    type: dict
"""

EXAMPLES = r"""
- name: Let everybody request, with a quota
  homelab.media.overseerr_settings:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    application_title: Requests
    application_url: https://requests.example.org
    default_permissions: [request, auto_approve, create_issues]
    movie_quota:
      limit: 5
      days: 7
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: overseerr_settings, name: overseerr_settings, action: update, fields: [main.applicationTitle]}]
overseerr_settings:
  description: The settings after the run, without secrets; C(main), and of Seerr C(network).
  type: dict
  returned: always
  sample: {main: {applicationTitle: Requests}}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["seerr"], "overseerr_settings", {
        "application_title": {"type": "str"},
        "application_url": {"type": "str"},
        "locale": {"type": "str"},
        "default_permissions": {"type": "list", "elements": "str"},
        "movie_quota": {"type": "dict", "options": {"limit": {"type": "int"}, "days": {"type": "int"}}},
        "tv_quota": {"type": "dict", "options": {"limit": {"type": "int"}, "days": {"type": "int"}}},
        "hide_available": {"type": "bool"},
        "partial_requests": {"type": "bool"},
        "special_episodes": {"type": "bool"},
        "local_login": {"type": "bool"},
        "new_plex_login": {"type": "bool"},
        "cache_images": {"type": "bool"},
        "original_language": {"type": "str"},
        "region": {"type": "str"},
        "discover_region": {"type": "str"},
        "streaming_region": {"type": "str"},
        "trust_proxy": {"type": "bool"},
        "csrf_protection": {"type": "bool"},
        "settings": {"type": "dict"},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}})


if __name__ == "__main__":
    main()
