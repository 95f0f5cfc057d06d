# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a limited run cannot make: links to apps of hosts that it leaves out, where those apps do not answer yet."""
from __future__ import annotations

import socket
from urllib.parse import urlsplit

# Seconds for a port of another host of the same homelab to open.
PATIENCE = 3


def answers(url):
    """Whether anything listens at a URL."""
    try:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)), timeout=PATIENCE):
            return True
    except (OSError, ValueError):
        return False


def put_off(outcomes, outside, listening=answers):
    """Take out of the problems of apps what waits for a host outside of the run, directly or through an app of this host that waits itself.

    An app is worked on in an order in which later resources may need earlier ones, so what comes after the first of them is put off as well. An app
    of another host that answers makes nothing wait: what is wrong with it can be known now.

    :param outcomes: App to what C(converge_app) returned, of which C(problems) and C(targets) lose what is put off.
    :param outside: Names of the hosts that the run leaves out.
    :param listening: Tells of a URL whether anything is there.
    :return: A list of C({app, hosts, services, messages}): for want of which services of which hosts, and what went wrong.
    """
    known, waits, more = {}, {}, True

    def down(target):
        if target.get("host") not in outside or not target.get("url"):
            return False
        if target["url"] not in known:
            known[target["url"]] = not listening(target["url"])
        return known[target["url"]]

    while more:
        more = False
        for app, outcome in outcomes.items():
            for place, targets in enumerate(outcome.get("targets") or []):
                missing = {(target["name"], target["host"]) for target in targets if down(target)}
                missing.update(*[waits[target["name"]][1] for target in targets if not target.get("host") and target["name"] in waits])
                first, before = waits.get(app, (place, set()))
                if missing - before or missing and place < first:
                    waits[app] = (min(first, place), before | missing)
                    more = True
    found = []
    for app, (first, missing) in waits.items():
        outcome = outcomes[app]
        found.append({"app": app, "hosts": sorted({host for name, host in missing}), "services": sorted({name for name, host in missing}),
                      "messages": outcome["problems"][first:]})
        del outcome["problems"][first:], outcome["targets"][first:]
    return found
