#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: tautulli_notifier
short_description: Manage a notification agent of Tautulli
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - A notifier is found by its name and agent. Tautulli does not keep names unique; of several, the first is edited and all are removed.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  api_key:
    description: Its API key, of exactly 32 characters.
    type: str
    required: true
  name:
    description: Its name, which Tautulli shows as its description; upper and lower case do not matter.
    type: str
    required: true
  agent:
    description: What it is. Needed for a new one.
    type: str
    choices: [boxcar, browser, discord, email, facebook, gotify, groupme, growl, ifttt, join, lunasea, microsoftteams, mqtt, ntfy, osx, plex, plexmobileapp,
              prowl, pushbullet, pushover, remoteapp, scripts, slack, telegram, twitter, webhook, xbmc, zapier]
  fields:
    description: Settings of the agent by the names that Tautulli gives them, such as C(hook) and C(method) of a webhook. Those not named keep their value.
    type: dict
  triggers:
    description: What it notifies of, such as V(on_play); V(play) means the same. All others are switched off.
    type: list
    elements: str
  texts:
    description: Trigger to C(subject) and C(body). Those not named keep theirs.
    type: dict
  conditions:
    description: What has to hold. All conditions are replaced.
    type: list
    elements: dict
    suboptions:
      parameter:
        description: Name of a parameter, such as V(library_name).
        type: str
        required: true
      operator:
        description: How it is compared, such as V(is) or V(contains).
        type: str
        required: true
      value:
        description: Values, of which one has to fit.
        type: list
        elements: str
  conditions_logic:
    description: How conditions go together, such as V({1} and {2}); all of them when empty.
    type: str
"""

EXAMPLES = r"""
- name: Tell a webhook about what is played
  homelab.media.tautulli_notifier:
    url: http://127.0.0.1:8181
    api_key: "{{ example_api_key }}"
    name: Played
    agent: webhook
    fields:
      hook: https://hooks.example.org/played
      method: POST
    triggers: [on_play]
    texts:
      on_play:
        body: '{"title": "{title}"}'
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: notifier, name: Played, action: create, fields: [agent, name]}]
notifier:
  description: The notifier after the run, without secrets.
  type: dict
  returned: always
  sample: {id: 1, name: Played, agent: webhook}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.tautulli import AGENTS


def main():
    run(FAMILIES["tautulli"], "notifier", {
        "name": {"type": "str", "required": True},
        "agent": {"type": "str", "choices": sorted(AGENTS)},
        "fields": {"type": "dict"},
        "triggers": {"type": "list", "elements": "str"},
        "texts": {"type": "dict"},
        "conditions": {"type": "list", "elements": "dict", "options": {
            "parameter": {"type": "str", "required": True},
            "operator": {"type": "str", "required": True},
            "value": {"type": "list", "elements": "str"},
        }},
        "conditions_logic": {"type": "str"},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}}, app="tautulli", removable=True)


if __name__ == "__main__":
    main()
