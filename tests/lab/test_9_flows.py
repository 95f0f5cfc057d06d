# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the homelab is for: a request, and a while later somebody watches it. And with one link missing it stops just there, and nowhere else.

The steps and their numbers are those of the sequence diagrams for films and series; ``flow_steps`` says what each of them is looked at for.
"""
from __future__ import annotations

import dataclasses
import time

import pytest
import requests
from conftest import ADDRESS, ARRS, DOCKER, MEDIA
from flow_steps import BREAKS, Case, Flow, Places, Stopped, World
from flow_steps import CASES as WAYS
from flow_steps import VICTIM as BROKEN

NETWORK = ADDRESS[MEDIA].rpartition(".")[0]
# Seconds after which a step that has not come about does not.
PATIENCE = 20
# What Recyclarr makes, and Seerr asks for by the inventory.
PROFILES = {"sonarr": "WEB-1080p", "sonarr-4k": "WEB-2160p", "radarr": "HD Bluray + WEB", "radarr-4k": "UHD Bluray + WEB"}
CASES = [dataclasses.replace(case, profile=PROFILES[case.arr]) for case in WAYS]
VICTIM = dataclasses.replace(BROKEN, profile=PROFILES[BROKEN.arr])


@pytest.fixture(scope="module")
def world(deployed):
    """The lab as its inventory says, the indexer behind the tunnel included, and everybody who takes part."""
    run = deployed.site()
    assert run.code == 0, run.output[-6000:]
    keys = deployed.secrets(MEDIA)

    def root(instance):
        return "http://{0}:{1}".format(ADDRESS[MEDIA], ARRS[instance][0])

    def qbittorrent(path, *options):
        return deployed.sh(MEDIA, "docker exec qbittorrent curl -fsS -m 10 {0} 'http://127.0.0.1:8080/api/v2/{1}'".format(" ".join(options), path))

    arrs = {name: ("{0}{1}/api/{2}/".format(root(name), base, version), keys[key], root(name)) for name, (_port, base, version, key) in ARRS.items()}
    found = World(Places(
        seerr="http://{0}:5055/api/v1/".format(ADDRESS[DOCKER]), seerr_key=deployed.secrets(DOCKER)["seerr.api_key"],
        plex="http://{0}:32400".format(ADDRESS[MEDIA]), own=NETWORK + ".1", public="203.0.113.7",
        arrs=dict(arrs, bazarr=(None, None, "http://{0}:6767".format(ADDRESS[MEDIA]))),
        sh=lambda script: deployed.sh(MEDIA, script), qbittorrent=qbittorrent,
        internet=lambda: requests.get("http://{0}.3:8080/seen".format(NETWORK), timeout=30).json()))
    yield found
    for case in (*CASES, VICTIM):
        found.tidy(case)
    found.stop()


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
    world.pushed(["radarr", "radarr-4k", "sonarr", "sonarr-4k"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_from_the_request_to_the_screen(clean, world, case):
    world.pushed([case.arr])
    flow = clean(case)
    flow.run()
    if case.rows == "series":
        flow.run(steps=flow.second_round())
    # HD and 4K have nothing to do with each other.
    other = next(one for one in CASES if one.rows == case.rows and one.is_4k != case.is_4k)
    assert Flow(world, Case(other.name, other.arr, case.title, other.is_4k, other.category, other.library, other.profile)).row() is None


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


@pytest.mark.soak
@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.take.__name__)
def test_without_one_link_it_stops_there_and_a_run_repairs_it(clean, world, deployed, broken):
    flow = clean(VICTIM)
    try:
        broken.take(world)
        with pytest.raises(Stopped) as stopped:
            flow.run(PATIENCE)
        assert stopped.value.step.key == broken.stops, str(stopped.value)
        assert broken.because in stopped.value.reason, str(stopped.value)
        assert set(flow.beyond(broken.stops)) == broken.still, "what lies behind the missing link came about without it"
    finally:
        run = deployed.site()
    assert run.code == 0, run.output[-3000:]
    assert run.total("changed") >= 1, "the run had something to repair"
    assert deployed.site().total("changed") == 0
    world.pushed([VICTIM.arr])
    clean(VICTIM).run()
