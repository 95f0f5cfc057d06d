# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that a person can act on, and the hiding of secrets in any text."""
from __future__ import annotations

HIDDEN = "(secret)"
SHORTEST = 4


class MediaError(Exception):
    """What was being done, where, what the server said, and what to do: one sentence.

    :param status: HTTP status, where there was one.
    :param unreachable: Nothing answered at the address.

    C(changes) tells what was done before, C(links) how each of several links fared, as names and states.
    """

    def __init__(self, message, status=None, unreachable=False):
        super().__init__(message)
        self.status = status
        self.unreachable = unreachable
        self.changes = []
        self.links = None


def hidden_values(secrets):
    """The values that may not show. Names of users are given among the secrets and are none: one like C(media) is a part of every second sentence.

    :param secrets: Full name to value.
    """
    return {str(value) for name, value in secrets.items() if value and not name.endswith(("username", "_user"))}


def show_user_names(module):
    """Take back that Ansible masks the names of users, which a module gets with its option C(secrets), in all that it tells."""
    secrets = module.params["secrets"]
    module.no_log_values -= {str(value) for value in secrets.values()} - hidden_values(secrets)


def redact(text, secrets):
    """A text without any of the secrets; longer ones first, since one may hold another."""
    text = str(text)
    for secret in sorted({str(item) for item in secrets if item and len(str(item)) >= SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
