# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which apps a pass of the wiring is about."""
from __future__ import annotations


def left_to_wire(apps, own, others, number):
    """The apps of a host that a pass of the wiring is about.

    :param apps: All apps of the host that are wired.
    :param own: What the passes of this host came to, each with C(pass), C(problems) and C(waiting).
    :param others: The same lists of all hosts of the play, each with C(pass) and C(changed).
    :param number: Which pass: the first one is about all apps, a later one about those that lack something, as long as the pass before changed something.
    :return: A list of apps.
    """
    if number == 1:
        return apps
    before = number - 1
    if not any(result.get("pass") == before and result.get("changed") for results in others for result in results):
        return []
    wrong = {lack.get("app") for result in own if result.get("pass") == before for key in ("problems", "waiting") for lack in result.get(key) or []}
    return [app for app in apps if app.get("name") in wrong]


class FilterModule:
    """Filters of homelab.media."""

    def filters(self):
        return {"left_to_wire": left_to_wire}
