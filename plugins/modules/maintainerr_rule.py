#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: maintainerr_rule
short_description: Manage a group of rules of Maintainerr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - A group finds what its rules say in one library of Plex, keeps that in a collection for some days, and then acts on it.
  - Rules are written by the names of what Maintainerr can look at and compare; what it does not know is refused with the names that come closest.
  - What is not given stays as it is. Notifications, overlays and what else there is no option for are kept.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
  - homelab.media.state
options:
  name:
    description: Name of the group, and of its collection.
    type: str
    required: true
  library:
    description: Name of the library. Needed for a new group. Maintainerr looks for new libraries every five minutes.
    type: str
  level:
    description: What the rules are about. By default V(movie) or V(show), as the library holds. Another level empties the collection.
    type: str
    choices: [movie, show, season, episode]
  rules:
    description: All rules of the group, in their order. Needed for a new group.
    type: list
    elements: dict
    suboptions:
      first:
        description: What is looked at, such as V(plex.addDate), V(plex.viewCount) or V(radarr.fileDate); M(homelab.media.maintainerr_info) tells them all.
        type: str
        required: true
      action:
        description: How it is compared.
        type: str
        required: true
        choices: [bigger, smaller, equals, not_equals, contains, before, after, in_last, in_next, not_contains, contains_partial, not_contains_partial,
                  contains_all, not_contains_all, count_equals, count_not_equals, count_bigger, count_smaller, exists, not_exists]
      value:
        description: >-
          What it is compared with: a number, a text, a list of texts, true or false, a day such as V(2025-12-31), or a number of days as V({days: 90}).
        type: raw
      second:
        description: What it is compared with, in the place of O(rules[].value), by a name like that of O(rules[].first).
        type: str
      operator:
        description: How the rule goes with the one before, V(and) by default. Of no matter for the first one.
        type: str
        choices: [and, or]
      section:
        description: Rules of one number are taken together; the operator of the first of them tells how they go with the section before.
        type: int
      path:
        description: Which disk, for rules about its space.
        type: str
      user:
        description: Which user, for rules about what one user watched.
        type: str
  action:
    description: What is done in the end. The last three are known since 3.0. A new group has V(delete).
    type: str
    choices: [delete, unmonitor_and_delete, unmonitor_and_delete_existing, unmonitor, nothing, delete_show_if_empty, unmonitor_show_if_empty,
              change_quality_profile]
  delete_after_days:
    description: Days in the collection before that.
    type: int
  radarr:
    description: Name of the Radarr that does it, as Maintainerr calls it. Without one it is done by Plex itself.
    type: str
  sonarr:
    description: Name of the Sonarr that does it, as Maintainerr calls it.
    type: str
  description:
    description: Text of the collection.
    type: str
  active:
    description: Whether it is used. A new group is.
    type: bool
  list_exclusions:
    description: Whether what is deleted goes onto the list of exclusions of imports in Radarr or Sonarr.
    type: bool
  force_request_removal:
    description: Whether the request in Seerr or Overseerr is removed at once.
    type: bool
  show_on_home:
    description: Whether the collection is on Plex's home screen.
    type: bool
  show_on_recommended:
    description: Whether the collection is among the library's recommendations.
    type: bool
  keep_logs_months:
    description: How long the collection's log is kept, in months.
    type: int
  tag:
    description: Whether what is in the collection gets a tag in Radarr or Sonarr. Since 3.0.
    type: bool
  schedule:
    description: When the rules are looked at, as five fields of cron. An empty text takes the schedule of all. Since 2.25.
    type: str
"""

EXAMPLES = r"""
- name: Delete films that nobody watched for 90 days, after they were on show for 14
  homelab.media.maintainerr_rule:
    url: http://127.0.0.1:6246
    name: Never watched
    library: Movies
    rules:
      - first: plex.addDate
        action: before
        value: {days: 90}
      - first: plex.viewCount
        action: equals
        value: 0
    delete_after_days: 14
    action: delete
    radarr: Radarr
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: maintainerr_rule, name: Never watched, action: create, fields: [action, delete_after_days, library, level, rules]}]
maintainerr_rule:
  description: The group after the run, in the words of the options; library and servers by their numbers.
  type: dict
  returned: always
  sample: {id: 1, library: "1", level: movie, action: delete, delete_after_days: 14}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.maintainerr import ACTIONS, COMPARISONS, LEVELS, OPERATORS


def main():
    run(FAMILIES["maintainerr"], "maintainerr_rule", {
        "name": {"type": "str", "required": True},
        "library": {"type": "str"},
        "level": {"type": "str", "choices": list(LEVELS)},
        "rules": {"type": "list", "elements": "dict", "options": {
            "first": {"type": "str", "required": True},
            "action": {"type": "str", "required": True, "choices": list(COMPARISONS)},
            "value": {"type": "raw"},
            "second": {"type": "str"},
            "operator": {"type": "str", "choices": list(OPERATORS)},
            "section": {"type": "int"},
            "path": {"type": "str"},
            "user": {"type": "str"},
        }},
        "action": {"type": "str", "choices": list(ACTIONS)},
        "delete_after_days": {"type": "int"},
        "radarr": {"type": "str"},
        "sonarr": {"type": "str"},
        "description": {"type": "str"},
        "active": {"type": "bool"},
        "list_exclusions": {"type": "bool"},
        "force_request_removal": {"type": "bool"},
        "show_on_home": {"type": "bool"},
        "show_on_recommended": {"type": "bool"},
        "keep_logs_months": {"type": "int"},
        "tag": {"type": "bool"},
        "schedule": {"type": "str"},
    }, credentials={}, app="maintainerr", removable=True)


if __name__ == "__main__":
    main()
