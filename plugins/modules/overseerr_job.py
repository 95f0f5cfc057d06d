#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: overseerr_job
short_description: Manage the schedules of the jobs of Seerr or Overseerr
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - For Seerr 3 and Overseerr 1.34; which of them it is, the server says.
extends_documentation_fragment:
  - homelab.media.attributes
  - homelab.media.api
options:
  api_key:
    description: Its API key.
    type: str
    required: true
  job:
    description: The job, by its ID such as V(radarr-scan), V(plex-full-scan) or V(availability-sync), or by its name on the web page.
    type: str
    required: true
  schedule:
    description: When it runs, as a cron expression of six fields, seconds first.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Look at Radarr in the night
  homelab.media.overseerr_job:
    url: http://127.0.0.1:5055
    api_key: "{{ example_api_key }}"
    job: radarr-scan
    schedule: "0 30 2 * * *"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{resource: overseerr_job, name: radarr-scan, action: update, fields: [cronSchedule]}]
overseerr_job:
  description: The job after the run.
  type: dict
  returned: always
  sample: {id: radarr-scan, cronSchedule: 0 30 2 * * *}
"""

from ansible_collections.homelab.media.plugins.module_utils.api_module import run
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES


def main():
    run(FAMILIES["seerr"], "overseerr_job", {
        "job": {"type": "str", "required": True},
        "schedule": {"type": "str", "required": True},
    }, credentials={"api_key": {"type": "str", "required": True, "no_log": True}})


if __name__ == "__main__":
    main()
