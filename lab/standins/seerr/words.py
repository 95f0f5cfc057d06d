# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that the API of Seerr and Overseerr uses for rights, states and kinds of notifications."""
from __future__ import annotations

ADMIN, MANAGE_REQUESTS, REQUEST, AUTO_APPROVE, REQUEST_4K, AUTO_APPROVE_4K = 2, 16, 32, 128, 1024, 32768
# (type, 4K) -> rights of which one is enough; those of one type follow the general one.
MAY_REQUEST = {("movie", False): (REQUEST, 262144), ("tv", False): (REQUEST, 524288),
               ("movie", True): (REQUEST_4K, 2048), ("tv", True): (REQUEST_4K, 4096)}
APPROVED_BY_ITSELF = {("movie", False): (AUTO_APPROVE, 256, MANAGE_REQUESTS), ("tv", False): (AUTO_APPROVE, 512, MANAGE_REQUESTS),
                      ("movie", True): (AUTO_APPROVE_4K, 65536, MANAGE_REQUESTS), ("tv", True): (AUTO_APPROVE_4K, 131072, MANAGE_REQUESTS)}

# Of a request; Overseerr does not know the last one.
PENDING, APPROVED, DECLINED, FAILED, COMPLETED = range(1, 6)
# Of a film, series or season.
UNKNOWN, WAITING, PROCESSING, PARTIALLY_AVAILABLE, AVAILABLE, BLOCKLISTED, DELETED = range(1, 8)
STATES = {UNKNOWN: "UNKNOWN", WAITING: "PENDING", PROCESSING: "PROCESSING", PARTIALLY_AVAILABLE: "PARTIALLY_AVAILABLE",
          AVAILABLE: "AVAILABLE", BLOCKLISTED: "BLOCKLISTED", DELETED: "DELETED"}

# Kind of notification -> (its bit in an agent's types, what the event is called).
KINDS = {"MEDIA_PENDING": (2, "New {0} Request"), "MEDIA_APPROVED": (4, "{0} Request Approved"),
         "MEDIA_AVAILABLE": (8, "{0} Request Now Available"), "MEDIA_FAILED": (16, "{0} Request Failed"),
         "MEDIA_DECLINED": (64, "{0} Request Declined"), "MEDIA_AUTO_APPROVED": (128, "{0} Request Automatically Approved")}


def may(user, *rights):
    """Whether the user has one of the rights, or all of them as administrator."""
    return bool(user["permissions"] & ADMIN or any(user["permissions"] & right for right in rights))


def suffix(is_4k):
    """What the names of the fields for 4K end with."""
    return "4k" if is_4k else ""
