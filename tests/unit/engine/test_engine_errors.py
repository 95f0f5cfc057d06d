# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may not show."""
from __future__ import annotations

import pytest

from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, hidden_values, redact


@pytest.mark.parametrize("secrets, hidden", [
    ({"admin.username": "media", "admin.password": "open sesame"}, {"open sesame"}),
    ({"gluetun.openvpn_user": "abc+pmp", "gluetun.openvpn_password": "x y z"}, {"x y z"}),
    # A name that is a password as well is one.
    ({"admin.username": "media", "admin.password": "media"}, {"media"}),
    ({"sonarr.api_key": "", "radarr.api_key": None}, set()),
])
def test_names_of_users_are_no_secrets(secrets, hidden):
    assert hidden_values(secrets) == hidden


def test_a_secret_within_another_one_does_not_leave_a_part_of_it():
    assert redact("key abcd1234 and abcd", {"abcd", "abcd1234", "key"}) == "key {0} and {0}".format(HIDDEN)
