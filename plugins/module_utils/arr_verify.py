# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the links of Sonarr, Radarr, Lidarr and Prowlarr work, by their own tests.

C(POST testall) stores no setting: it answers 200 or 400 with C([{id, isValid, validationFailures}]), and leaves out what is disabled. An app notes
for itself that a client or an indexer failed, as it does after any use; a notification really is sent.
"""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.module_utils.arr import KINDS
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError

TESTED = ("download_client", "indexer_proxy", "indexer", "application", "notification")


def test_all(client, path):
    """What the app's own test says of everything that is enabled.

    :param path: Of the collection, such as C(downloadclient).
    :return: Id to the errors, an empty list for what works.
    :raises MediaError: when it does not answer, or with something else.
    """
    what = "testing {0} of {1}, {2}".format(path, client.name, client.url)
    response = client._send("POST", "{0}/{1}/testall".format(client.root, path), None, None, what)
    try:
        found = response.json() if response.status_code in (200, 400) else None
    except ValueError:
        found = None
    if not isinstance(found, list):
        client._decode(response, what)
        raise MediaError("{0}: the answer is no list; look whether its version is one that is supported".format(what), response.status_code)
    return {entry.get("id"): [] if entry.get("isValid") else [
        str(failure.get("errorMessage") or failure.get("detailedDescription") or "it does not work") for failure in entry.get("validationFailures") or [{}]
        if not failure.get("isWarning")] or ["it does not work"] for entry in found}


def verify(client, wishes, options):
    """The verdict on every link that an app holds, and on every one that it is to hold.

    :param client: A connected C(ArrClient).
    :param wishes: The resources that are wanted, by C(resource), C(name), C(path), C(state).
    :param options: C(check_mode): post nothing. C(notifications): whether to have notifications sent.
    :return: A list of name, verdict and reason.
    """
    found = []
    for name in TESTED:
        kind = KINDS[name]
        if client.app in kind.apps:
            try:
                found += _kind(client, kind, wishes, options)
            except MediaError as error:
                if error.unreachable:
                    raise
                found.append((kind.title[4:], "failed", str(error)))
    folders = [wish["path"] for wish in wishes if wish.get("resource") == "root_folder" and wish.get("state", "present") == "present"]
    held = {str(item.get("path", "")).rstrip("/"): item for item in client.read("rootfolder", fresh=True)} if folders else {}
    for path in folders:
        item = held.get(path.rstrip("/"))
        if item is None:
            found.append((path, "failed", "the app has no such root folder; run site.yml"))
        elif not item.get("accessible", True):
            found.append((path, "failed", "the app cannot work in this root folder; look at the mounts of its container and who may write there"))
        else:
            found.append((path, "ok", "root folder"))
    return found


def _kind(client, kind, wishes, options):
    """The verdicts on one kind."""
    title = kind.title[4:]
    held = client.read(kind.path, fresh=True)
    names = {str(item.get("name", "")).lower() for item in held}
    found = [(wish["name"], "failed", "the app has no such {0}; run site.yml".format(title)) for wish in wishes
             if wish.get("resource") == kind.name and wish.get("state", "present") == "present" and str(wish.get("name", "")).lower() not in names]
    if not held:
        return found
    if options.get("check_mode"):
        return found + [(item["name"], "skipped", "its test is a request of its own, which check mode does not make") for item in held]
    if kind.name == "notification" and not options.get("notifications", True):
        return found + [(item["name"], "skipped", "its test would send a message") for item in held]
    told = test_all(client, kind.path)
    for item in held:
        failures = told.get(item["id"])
        if failures is None:
            found.append((item["name"], "skipped", "it is disabled"))
        elif failures:
            found.append((item["name"], "failed", "{0}: {1}; look whether it runs, and run site.yml for address and login".format(
                title, "; ".join(text.rstrip(".") for text in failures))))
        else:
            found.append((item["name"], "ok", title))
    return found
