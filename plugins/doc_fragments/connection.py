# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of the *arr apps take beside what all take (the fragment api)."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - Its API key.
      - Taken from the environment variable E(HOMELAB_MEDIA_API_KEY) of the managed host when omitted.
    type: str
    required: true
  app:
    description: Which app is expected at O(url). Found out when omitted; when given, another app there is an error.
    type: str
    choices: [lidarr, prowlarr, radarr, sonarr]
"""
