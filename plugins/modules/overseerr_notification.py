#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: overseerr_notification
short_description: Manage the notification agents of Seerr or Overseerr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For Seerr 3 and Overseerr 1.34; which of them it is, the server says.
  - There is one agent of each kind. The app replaces an agent as a whole; here what is not named keeps its value.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key.
    type: str
    required: true
  agent:
    description: Which agent. V(ntfy) is Seerr's, V(lunasea) is Overseerr's.
    type: str
    required: true
    choices: [discord, email, gotify, lunasea, ntfy, pushbullet, pushover, slack, telegram, webhook, webpush]
  enabled:
    description: Whether it is switched on.
    type: bool
  types:
    description:
      - What it tells, replacing what is set; V(all) alone for everything.
      - V(media_pending), V(media_approved), V(media_available), V(media_failed), V(media_declined), V(media_auto_approved), V(media_auto_requested),
        V(issue_created), V(issue_comment), V(issue_resolved), V(issue_reopened).
    type: list
    elements: str
  embed_poster:
    description: Whether posters are sent. Seerr only.
    type: bool
  fields:
    description:
      - Its options, by the keys of the app's API, such as C(webhookUrl), C(botAPI) or C(smtpHost).
      - C(jsonPayload) of V(webhook) is a mapping, or JSON as text.
    type: dict
  test:
    description: Whether a test message is sent before a change is saved; when it fails, nothing is saved.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Tell a webhook what has become available
  homelab.media.overseerr_notification:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    agent: webhook
    enabled: true
    types: [media_available, media_failed]
    fields:
      webhookUrl: https://hooks.example.org/media
      jsonPayload:
        title: "{% raw %}{{subject}}{% endraw %}"

- name: Send mail
  homelab.media.overseerr_notification:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    agent: email
    enabled: true
    fields:
      emailFrom: media@example.org
      smtpHost: mail.example.org
      smtpPort: 587
      authUser: media
      authPass: "{{ example_password }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: overseerr_notification, name: webhook, action: update, fields: [enabled]}]
overseerr_notification:
  description: The agent after the run, without secrets.
  type: dict
  returned: always
  sample: {enabled: true, types: 24, options: {webhookUrl: (secret)}}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["seerr"], "overseerr_notification", {
        "agent": {"type": "str", "required": True, "choices": ["discord", "email", "gotify", "lunasea", "ntfy", "pushbullet", "pushover", "slack", "telegram",
                                                               "webhook", "webpush"]},
        "enabled": {"type": "bool"},
        "types": {"type": "list", "elements": "str"},
        "embed_poster": {"type": "bool"},
        "fields": {"type": "dict"},
        "test": {"type": "bool", "default": False},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}})


if __name__ == "__main__":
    main()
