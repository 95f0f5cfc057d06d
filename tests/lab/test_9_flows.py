# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the homelab is for: a request, and a while later somebody watches it. And with one link missing it stops just there, and nowhere else.

The steps and their numbers are those of the sequence diagrams for films and series; ``flow_steps`` says what each of them is looked at for.
"""
from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
import requests
from conftest import ADDRESS, ARRS, DOCKER, MEDIA
from flow_steps import CASES, Case, Flow, Places, Stopped, World
from standins import titles

NETWORK = ADDRESS[MEDIA].rpartition(".")[0]
# Of the lab, in the internet that only the tunnel leads to.
INDEXER = {"name": "Lab indexer", "implementation": "Torznab", "fields": {"baseUrl": "http://198.51.100.10:9117", "apiPath": "/api"}}
INDEXER_KEY = "idx-key-1234"
# What is broken is broken for this one, which nobody else asks for.
VICTIM = Case("victim", "radarr", titles.MOVIES[2], False, "movies", "Movies", "HD-1080p")
# Seconds after which a step that has not come about does not.
PATIENCE = 20


def with_indexer(variables):
    """The lab as ever, and an indexer in Prowlarr from the inventory."""
    service = variables[MEDIA]["media_services"]["prowlarr"]
    fields = dict(INDEXER["fields"], apiKey={"secret": "prowlarr.tracker"})
    service["settings"] = {"resources": {"indexer": [dict(INDEXER, fields=fields)]}}
    service["secrets"] = {"tracker": INDEXER_KEY}


@pytest.fixture(scope="module")
def inventory(deployed):
    return deployed.inventory(with_indexer)


@pytest.fixture(scope="module")
def world(deployed, inventory):
    """The lab with the indexer deployed, and everybody who takes part."""
    run = deployed.site(inventory=inventory)
    assert run.code == 0, run.output[-6000:]
    keys = deployed.secrets(MEDIA)

    def root(instance):
        return "http://{0}:{1}".format(ADDRESS[MEDIA], ARRS[instance][0])

    def qbittorrent(path, *options):
        return deployed.sh(MEDIA, "docker exec qbittorrent curl -fsS -m 10 {0} 'http://127.0.0.1:8080/api/v2/{1}'".format(" ".join(options), path))

    found = World(Places(
        seerr="http://{0}:5055/api/v1/".format(ADDRESS[DOCKER]), seerr_key=deployed.secrets(DOCKER)["seerr.api_key"],
        plex="http://{0}:32400".format(ADDRESS[MEDIA]), own=NETWORK + ".1", public="203.0.113.7",
        arrs={name: ("{0}{1}/api/{2}/".format(root(name), base, version), keys[key], root(name)) for name, (_port, base, version, key) in ARRS.items()},
        sh=lambda script: deployed.sh(MEDIA, script), qbittorrent=qbittorrent,
        internet=lambda: requests.get("http://{0}.3:8080/seen".format(NETWORK), timeout=30).json()))
    yield found
    for case in (*CASES, VICTIM):
        found.tidy(case)
    found.stop()
    indexers = {item["name"]: item["id"] for item in deployed.api("prowlarr", "indexer")}
    deployed.api("prowlarr", "indexer/{0}".format(indexers[INDEXER["name"]]), "DELETE")
    run = deployed.site()
    assert run.code == 0, run.output[-3000:]


@pytest.fixture
def clean(world):
    """Take away what requests leave behind, before and after."""
    cases = []

    def start(case):
        cases.append(case)
        world.tidy(case)
        return Flow(world, case)

    yield start
    for case in cases:
        world.tidy(case)


def test_the_indexer_of_the_inventory_reaches_every_app(world):
    for instance in ("radarr", "radarr-4k", "sonarr", "sonarr-4k"):
        names = [item["name"] for item in world.arr(instance, "indexer")]
        assert "{0} (Prowlarr)".format(INDEXER["name"]) in names, (instance, names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_from_the_request_to_the_screen(clean, case):
    flow = clean(case)
    flow.run()
    if case.rows == "series":
        flow.run(steps=flow.second_round())
    # HD and 4K have nothing to do with each other.
    other = next(one for one in CASES if one.rows == case.rows and one.is_4k != case.is_4k)
    assert Flow(flow.world, Case(other.name, other.arr, case.title, other.is_4k, other.category, other.library, other.profile)).row() is None


def test_a_request_that_is_declined_goes_nowhere(clean, world):
    flow = clean(VICTIM)
    flow.ask()
    world.seerr("POST", "request/{0}/decline".format(flow.wish["id"]))
    time.sleep(5)
    assert flow.row() is None
    assert flow.beyond("approved") == {}


def test_nobody_requests_in_4k_without_the_right(world):
    world.seerr("POST", "user/{0}/settings/permissions".format(world.person.number), {"permissions": 32})
    try:
        answer = world.person.session.post(world.person.url("request"), json={"mediaType": "movie", "mediaId": VICTIM.title.tmdb, "is4k": True}, timeout=30)
        assert (answer.status_code, answer.json()["message"]) == (403, "You do not have permission to make 4K movie requests.")
    finally:
        world.seerr("POST", "user/{0}/settings/permissions".format(world.person.number), {"permissions": 32 | 1024})


# -- one link less

def find(world, instance, path, wanted):
    """The one element that fits, since a link that is not there cannot be taken away."""
    found = [item for item in world.arr(instance, path) if wanted(item)]
    assert len(found) == 1, (instance, path, [item.get("name") or item.get("path") for item in found])
    return found[0]


def remove(world, instance, path, wanted):
    world.arr(instance, "{0}/{1}".format(path, find(world, instance, path, wanted)["id"]), "DELETE")


def no_server(world):
    entry = next(item for item in world.seerr("GET", "settings/radarr") if not item["is4k"])
    world.seerr("DELETE", "settings/radarr/{0}".format(entry["id"]))


def no_application(world):
    """As if Prowlarr had never been told of Radarr: it knows nothing of it, and pushed nothing into it."""
    remove(world, "prowlarr", "applications", lambda item: item["name"] == "Radarr")
    for item in world.arr("radarr", "indexer"):
        if item["name"].endswith("(Prowlarr)"):
            world.arr("radarr", "indexer/{0}".format(item["id"]), "DELETE")


def no_indexer(world):
    remove(world, "prowlarr", "indexer", lambda item: item["name"] == INDEXER["name"])
    end = time.monotonic() + 30
    while any(item["name"].startswith(INDEXER["name"]) for item in world.arr("radarr", "indexer")):
        assert time.monotonic() < end, "Prowlarr leaves an indexer in Radarr that it does not have any more"
        time.sleep(1)


def no_download_client(world):
    remove(world, "radarr", "downloadclient", lambda item: item["protocol"] == "torrent")


def no_root_folder(world):
    remove(world, "radarr", "rootfolder", lambda item: item["path"].rstrip("/") == world.folder(VICTIM))


def no_plex_notification(world):
    remove(world, "radarr", "notification", lambda item: item["implementation"] == "PlexServer")


def no_plex_library(world):
    key = world.section(VICTIM.library)
    assert key, "there is no library to take away"
    world.plex("DELETE", "/library/sections/{0}".format(key))


def library_not_counted(world):
    """Plex has it, and Seerr was told not to look there."""
    enabled = [item["id"] for item in world.seerr("GET", "settings/plex")["libraries"] if item["enabled"] and item["name"] != VICTIM.library]
    world.seerr("GET", "settings/plex/library?enable=" + ",".join(enabled))


@dataclass(frozen=True)
class Break:
    """A link that is taken away, the step at which a request stops then, words of what is said there, and later steps that do not need the link."""

    take: object
    stops: str
    because: str
    still: frozenset = frozenset()


BREAKS = [Break(no_server, "sent", "does not have it; the request's status is 2"),
          Break(no_root_folder, "sent", "does not have it; the request's status is 4"),
          Break(no_application, "searched", "has the indexers []"),
          Break(no_indexer, "searched", "has the indexers []"),
          Break(no_download_client, "grabbed", "its torrent clients are []"),
          Break(no_plex_notification, "in-plex", "it was asked to look 0 times"),
          Break(no_plex_library, "in-plex", "shows nothing of it"),
          Break(library_not_counted, "available", "status in Seerr: 3", frozenset({"watched"}))]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.take.__name__)
def test_without_one_link_it_stops_there_and_a_run_repairs_it(clean, world, deployed, inventory, broken):
    flow = clean(VICTIM)
    broken.take(world)
    try:
        with pytest.raises(Stopped) as stopped:
            flow.run(PATIENCE)
        assert stopped.value.step.key == broken.stops, str(stopped.value)
        assert broken.because in stopped.value.reason, str(stopped.value)
        assert set(flow.beyond(broken.stops)) == broken.still, "what lies behind the missing link came about without it"
    finally:
        run = deployed.site(inventory=inventory)
    assert run.code == 0, run.output[-3000:]
    assert run.total("changed") >= 1, "the run had something to repair"
    assert deployed.site(inventory=inventory).total("changed") == 0
    clean(VICTIM).run()
