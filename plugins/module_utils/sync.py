# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prowlarr's applications together with the proof that the indexers arrived.

Prowlarr answers before anything was pushed, pushes one indexer every two seconds, and calls a synchronisation complete that found an app
down. So each app is asked itself: an indexer of Prowlarr's has the base URL C(<Prowlarr>/<id>/) there.
"""
from __future__ import annotations

import time

from ansible_collections.homelab.media.plugins.module_utils.client import ArrClient
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.resource import nearest

COMMAND = "ApplicationIndexerSync"
DONE = ("completed", "failed", "aborted", "cancelled", "orphaned")


def sync_indexers(worker, wish):
    """Bring the applications about, synchronise what is missing, and look into every app.

    :param worker: The C(Converger) of Prowlarr.
    :param wish: C(prowlarr_url) and C(applications), each with C(name), C(app), C(url), C(api_key), C(check_url), C(sync_level), C(tags),
        C(categories), C(download_client) and C(prowlarr_url).
    :return: What C(Converger.converge) returns; C(object) tells the indexers of each app, C(links) how each fared.
    :raises MediaError: naming every app that the indexers did not reach; with C(changes) and C(links).
    """
    wish = dict(wish, applications=[dict(entry, prowlarr_url=(entry.get("prowlarr_url") or wish.get("prowlarr_url") or "").rstrip("/"))
                                    for entry in wish.get("applications") or []])
    for entry in wish["applications"]:
        if not entry["prowlarr_url"]:
            raise MediaError("{0}: the application {1} needs prowlarr_url".format(worker.client.name, entry["name"]))
    prowlarr = worker.client
    done, problems, targets, failed = [], [], [], set()
    for entry in wish["applications"]:
        prowlarr.secrets.add(str(entry["api_key"]))
        try:
            target = ArrClient(entry.get("check_url") or entry["url"], str(entry["api_key"]), app=str(entry["app"]).lower(), name=entry["name"],
                               timeout=prowlarr.timeout, wait_timeout=0 if worker.check_mode else prowlarr.wait_timeout)
            # Its own answer first: Prowlarr words a wrong app or key as something else.
            target.connect()
            change = worker.converge(application(entry))
        except MediaError as error:
            problems.append(str(error))
            failed.add(entry["name"])
            continue
        if change["action"]:
            done.append(change)
        if (entry.get("sync_level") or change["object"].get("syncLevel")) != "disabled":
            targets.append((entry, target))
    # Indexers that are made while this runs are not waited for.
    indexers = [item for item in prowlarr.read("indexer") if item.get("enable")]
    missing = {entry["name"]: missing_in(prowlarr, target, entry, indexers) for entry, target in targets}
    fields = sorted({"application " + change["name"] for change in done})
    if (done or any(missing.values())) and not worker.check_mode:
        synchronise(prowlarr, bool(done), wish.get("sync_timeout") or 60 + 3 * len(indexers) * max(1, len(targets)))
        late = {entry["name"]: missing_in(prowlarr, target, entry, indexers) for entry, target in targets}
        fields += ["indexers of " + name for name in missing if len(late[name]) < len(missing[name])]
        for entry, target in targets:
            # One whose categories the app has no use for is never pushed, and that is no fault.
            suited = [item for item in late[entry["name"]] if suits(prowlarr, entry["name"], item)]
            if suited:
                failed.add(entry["name"])
                problems.append("{0}: the indexers {1} did not arrive in {2} at {3}; look whether it can reach Prowlarr at {4}, and Prowlarr them".format(
                    prowlarr.name, ", ".join(item["name"] for item in suited), entry["name"], target.url, entry["prowlarr_url"]))
    elif worker.check_mode:
        fields += ["indexers of " + entry["name"] for entry, _target in targets
                   if any(suits(prowlarr, entry["name"], item) for item in missing[entry["name"]])]
    found = {}
    for entry, target in targets:
        try:
            fields += name_clients(worker, entry, target)
            found[entry["name"]] = sorted(item["name"] for item in ours(target, entry))
        except MediaError as error:
            problems.append(str(error))
            failed.add(entry["name"])
    fields = sorted(set(fields))
    touched = {change["name"] for change in done} | {entry["name"] for entry, _target in targets if any(entry["name"] in field for field in fields)}
    links = [(entry["name"], "failed" if entry["name"] in failed else "changed" if entry["name"] in touched else "ok") for entry in wish["applications"]]
    if problems:
        problem = MediaError("; ".join(problems))
        # What was done is told even so.
        problem.changes, problem.links = done, links
        raise problem
    before, after = {}, {}
    for change in done:
        before.update({"{0}.{1}".format(change["name"], key): value for key, value in change["before"].items()})
        after.update({"{0}.{1}".format(change["name"], key): value for key, value in change["after"].items()})
    after.update({field: "synchronised" for field in fields if not field.startswith("application ")})
    return {"resource": "indexer_sync", "name": "applications", "action": "update" if fields else None, "fields": fields, "before": before,
            "after": after, "object": found, "links": links}


def application(entry):
    """The wish of one application of Prowlarr."""
    fields = {"prowlarrUrl": entry["prowlarr_url"], "baseUrl": entry["url"].rstrip("/"), "apiKey": entry["api_key"]}
    if entry.get("categories") is not None:
        fields["syncCategories"] = entry["categories"]
    found = {"resource": "application", "name": entry["name"], "implementation": str(entry["app"]).capitalize(), "fields": fields}
    for option in ("sync_level", "tags"):
        if entry.get(option) is not None:
            found[option] = entry[option]
    return found


def ours(target, entry):
    """The indexers of an app that came from this Prowlarr."""
    base = entry["prowlarr_url"] + "/"
    return [item for item in target.read("indexer", fresh=True) if str(value_of(item, "baseUrl") or "").startswith(base)]


def value_of(item, name):
    return next((entry.get("value") for entry in item.get("fields") or [] if entry["name"] == name), None)


def missing_in(prowlarr, target, entry, indexers):
    """Enabled indexers that this app should have, and has not."""
    base = entry["prowlarr_url"]
    there = {str(value_of(item, "baseUrl")).rstrip("/") for item in ours(target, entry)}
    row = next((item for item in prowlarr.read("applications") if item.get("name", "").lower() == entry["name"].lower()), {})
    tags = set(row.get("tags") or [])
    return [item for item in indexers if "{0}/{1}".format(base, item["id"]) not in there and (not tags or tags & set(item.get("tags") or []))]


def suits(prowlarr, name, indexer):
    """Whether an indexer has a category that an application takes."""
    row = next((item for item in prowlarr.read("applications") if item.get("name", "").lower() == name.lower()), {})
    wanted = set(value_of(row, "syncCategories") or []) | set(value_of(row, "animeSyncCategories") or [])
    has = set()
    for category in (indexer.get("capabilities") or {}).get("categories") or []:
        has |= {category.get("id")} | {inner.get("id") for inner in category.get("subCategories") or []}
    return not wanted or not has or bool(wanted & has)


def synchronise(prowlarr, everything, patience):
    """Let Prowlarr push, and wait until it has."""
    command = prowlarr.write("POST", "command", {"name": COMMAND, "forceSync": everything})
    deadline = time.monotonic() + patience
    while (command or {}).get("status") not in DONE:
        if time.monotonic() > deadline:
            raise MediaError("{0}: pushing the indexers took more than {1} seconds; look at System > Tasks there, or raise sync_timeout".format(
                prowlarr.name, patience))
        time.sleep(0.2)
        command = prowlarr.read("command/{0}".format(command["id"]), fresh=True)
    if command["status"] != "completed":
        raise MediaError("{0}: pushing the indexers ended as {1}; look at System > Events there".format(prowlarr.name, command["status"]))


def name_clients(worker, entry, target):
    """Let the synced indexers of an app use the download client that is named; Prowlarr keeps that."""
    wanted = entry.get("download_client")
    if not wanted:
        return []
    clients = target.read("downloadclient")
    fields = []
    for item in ours(target, entry):
        name = wanted.get(protocol_of(item)) if isinstance(wanted, dict) else wanted
        if not name:
            continue
        client = find_client(clients, name, target.name)
        if protocol_of(client) != protocol_of(item) or item.get("downloadClientId") == client["id"]:
            continue
        fields.append("download client of {0} in {1}".format(item["name"], entry["name"]))
        if not worker.check_mode:
            target.write("PUT", "indexer/{0}".format(item["id"]), dict(item, downloadClientId=client["id"]), {"forceSave": "true"})
    return fields


def find_client(clients, name, where):
    for item in clients:
        if item.get("name", "").lower() == str(name).lower():
            return item
    raise MediaError("{0}: there is no download client {1}; {2}".format(where, name, nearest(name, [item.get("name") for item in clients])))


def protocol_of(item):
    """C(usenet) or C(torrent), also where the app tells the name of a class."""
    return "usenet" if "usenet" in str(item.get("protocol", "")).lower() else "torrent"
