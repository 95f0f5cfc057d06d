#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: arr_notification
short_description: Manage a notification (Connect) of Sonarr, Radarr, Lidarr or Prowlarr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Whatever the app's own schema offers, such as Plex Media Server, Jellyfin, webhooks, ntfy, Discord or a script.
  - The app sends a test message when it saves a notification that has events.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.connection
  - homelab.media.state
  - homelab.media.provider
options:
  events:
    description:
      - Names of the events to be told, such as V(on_grab), V(on_download) or V(on_health_issue). All others are switched off; when omitted they are kept.
      - The apps have different ones; an unknown one is told with its neighbours.
    type: list
    elements: str
  settings:
    description:
      - Settings that only some of the apps have, by the names that the API uses, in snake case or as they are.
      - Names are checked against what the app knows.
    type: dict
"""

EXAMPLES = r"""
- name: Tell a script about grabs and problems
  homelab.media.arr_notification:
    url: http://127.0.0.1:8989
    api_key: "{{ example_api_key }}"
    name: Webhook
    implementation: Webhook
    events: [on_grab, on_health_issue]
    settings:
      include_health_warnings: false
    fields:
      url: "{{ example_webhook_url }}"
      method: POST
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: notification, name: Plex, action: update, fields: [on_grab]}]
notification:
  description: The object after the run, as the API tells it, without secrets and with fields as a mapping.
  type: dict
  returned: always
  sample: {id: 1}
"""

from ansible_collections.homelab.media.plugins.module_utils.arr_module import provider_spec, run


def main():
    run("notification", dict(provider_spec(), **{
        "events": {"type": "list", "elements": "str"},
        "settings": {"type": "dict"},
    }))


if __name__ == "__main__":
    main()
