# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpackerr and Recyclarr have no API: what counts is what they refuse, whom they ask with which key, and what they log."""
from __future__ import annotations

import apps_runner
import pytest
import requests
from standins.testing import free_port

METRICS = {"UN_WEBSERVER_METRICS": "true", "UN_WEBSERVER_LISTEN_ADDR": "0.0.0.0:5656"}


def test_unpackerr_asks_the_queue_and_outlives_an_app_that_is_down(app, arrs):
    radarr = arrs["radarr"]
    radarr.reset()
    dead = f"http://127.0.0.1:{free_port()}"
    process = app("unpackerr", environment={**METRICS, "UN_RADARR_0_URL": radarr.url, "UN_RADARR_0_API_KEY": radarr.api_key,
                                            "UN_SONARR_0_URL": dead, "UN_SONARR_0_API_KEY": apps_runner.KEY})
    process.wait_for("[Radarr] Updated")
    process.wait_for("[ERROR] Sonarr")
    asked = radarr.requests()
    assert [(item["path"], item["status"]) for item in asked] == [("/api/v3/queue", 200)]
    assert process.process.poll() is None
    metrics = requests.get(process.url + "/metrics", timeout=5).text
    assert "unpackerr_" in metrics and apps_runner.KEY not in metrics
    assert apps_runner.KEY not in process.output()


@pytest.mark.parametrize("wrong", [
    {"UN_SONARR_0_URL": "http://sonarr:8989", "UN_SONARR_0_API_KEY": "short"},
    {"UN_SONARR_0_URL": "sonarr:8989", "UN_SONARR_0_API_KEY": apps_runner.KEY},
    {"UN_INTERVAL": "often"}, {"UN_WEBSERVER_METRICS": "on"}, {"UN_FILE_MODE": "rw"}])
def test_unpackerr_does_not_start_with(wrong, app):
    process = app("unpackerr", run=False, environment={**METRICS, **wrong})
    assert process.ended() == 1 and "[ERROR]" in process.output()


def recyclarr(app, arrs, yml, secrets=None, run=("sync",), **environment):
    files = {"recyclarr.yml": apps_runner.filled(yml, {kind + "_url": handle.url for kind, handle in arrs.items()})}
    if secrets is not None:
        files["secrets.yml"] = secrets
    return app("recyclarr", run=False, files=files, arguments=list(run), environment=environment)


GOOD = """
sonarr:
  sonarr:
    base_url: <sonarr_url>
    api_key: !secret sonarr_api_key
    quality_definition: {type: series}
radarr:
  radarr:
    base_url: <radarr_url>
    api_key: !secret radarr_api_key
    quality_definition: {type: movie}
"""


def test_recyclarr_asks_every_app_with_its_key(app, arrs):
    arrs["radarr"].reset()
    process = recyclarr(app, arrs, GOOD, "".join(f"{kind}_api_key: {handle.api_key}\n" for kind, handle in arrs.items()))
    assert process.ended() == 0
    assert "sonarr: Completed at" in process.output() and "radarr: Completed at" in process.output()
    assert "/api/v3/system/status" in [item["path"] for item in arrs["radarr"].requests()]
    assert not arrs["radarr"].requests(writes=True)
    assert apps_runner.KEY not in process.output()


def test_recyclarr_in_the_image_waits_for_its_time(app, arrs):
    secrets = "".join(f"{kind}_api_key: {handle.api_key}\n" for kind, handle in arrs.items())
    process = recyclarr(app, arrs, GOOD, secrets, run=(), CRON_SCHEDULE="@daily")
    process.wait_for("schedule @daily")
    assert process.process.poll() is None and "Completed" not in process.output()
    # Six fields: the first are seconds.
    process = app("recyclarr", run=False, directory=process.config, environment={"CRON_SCHEDULE": "* * * * * *"})
    process.wait_for("radarr: Completed at")
    process.stop()


@pytest.mark.parametrize("schedule", ["whenever", "61 * * * *", "* * * *"])
def test_recyclarr_ends_with_a_schedule_that_is_none(schedule, app):
    assert app("recyclarr", run=False, environment={"CRON_SCHEDULE": schedule}).ended() == 1


# The real one ends with 0 where its configuration is wrong, and with 1 where an app does not answer as it should.
@pytest.mark.parametrize(("old", "new", "code", "said"), [
    ("quality_definition: {type: movie}", "quality_definitions: {type: movie}", 0, "[ERR]"),
    ("!secret radarr_api_key", "!secret nothing", 0, "[ERR]"),
    ("type: movie", "type: film", 1, "quality definition"),
    ("base_url: <radarr_url>", "base_url: radarr", 0, "[ERR]"),
    ("base_url: <radarr_url>", "base_url: <sonarr_url>", 1, "[ERR]"),
])
def test_recyclarr_says_what_is_wrong(old, new, code, said, app, arrs):
    process = recyclarr(app, arrs, GOOD.replace(old, new), "".join(f"{kind}_api_key: {handle.api_key}\n" for kind, handle in arrs.items()))
    assert process.ended() == code
    assert said in process.output() and "radarr: Completed at" not in process.output()


def test_recyclarr_with_a_wrong_key(app, arrs):
    process = recyclarr(app, arrs, GOOD, f"sonarr_api_key: {arrs['sonarr'].api_key}\nradarr_api_key: wrong\n")
    assert process.ended() == 1
    assert "sonarr: Completed at" in process.output() and "radarr: Completed at" not in process.output()


PROFILES = """
sonarr:
  sonarr:
    base_url: <sonarr_url>
    api_key: !secret sonarr_api_key
    quality_profiles: [{trash_id: 72dae194fc92bf828f32cde7744e51a1, reset_unmatched_scores: {enabled: true}}]
radarr:
  radarr:
    base_url: <radarr_url>
    api_key: !secret radarr_api_key
    include: [{template: radarr-quality-definition-movie}, {template: radarr-quality-profile-hd-bluray-web}]
"""


def names(handle):
    profiles = requests.get(handle.url + "/api/v3/qualityprofile", headers={"X-Api-Key": handle.api_key}, timeout=10).json()
    return {profile["name"]: profile for profile in profiles}


def allowed(profile):
    """The qualities that a profile allows, and the name of its cutoff."""
    items = [item for item in profile["items"] if item["allowed"]]
    cutoff = [item for item in profile["items"] if (item.get("id") or (item.get("quality") or {}).get("id")) == profile["cutoff"]]
    return {item.get("name") or item["quality"]["name"] for item in items}, {item.get("name") or item["quality"]["name"] for item in cutoff}


def test_recyclarr_makes_the_profiles_of_what_it_includes(app, arrs):
    secrets = "".join(f"{kind}_api_key: {handle.api_key}\n" for kind, handle in arrs.items())
    process = recyclarr(app, arrs, PROFILES, secrets, run=("sync", "--preview"))
    assert process.ended() == 0
    assert "WEB-1080p" not in names(arrs["sonarr"])
    before = process.output()
    only = app("recyclarr", run=False, directory=process.config, arguments=["sync", "--instance", "radarr"])
    assert only.ended() == 0
    assert "radarr: Completed" in only.output()[len(before):] and "sonarr: Completed" not in only.output()[len(before):]
    assert "WEB-1080p" not in names(arrs["sonarr"])
    assert allowed(names(arrs["radarr"])["HD Bluray + WEB"]) == ({"Bluray-720p", "WEB 1080p", "Bluray-1080p"}, {"Bluray-1080p"})
    assert app("recyclarr", run=False, directory=process.config, arguments=["sync"]).ended() == 0
    assert allowed(names(arrs["sonarr"])["WEB-1080p"]) == ({"WEB 1080p"}, {"WEB 1080p"})
    arrs["sonarr"].reset()
    assert app("recyclarr", run=False, directory=process.config, arguments=["sync"]).ended() == 0
    assert not arrs["sonarr"].requests(writes=True)


def test_recyclarr_leaves_an_instance_out_whose_template_it_does_not_have(app, arrs):
    secrets = "".join(f"{kind}_api_key: {handle.api_key}\n" for kind, handle in arrs.items())
    process = recyclarr(app, arrs, PROFILES.replace("profile-hd-bluray", "profile-hd-blueray"), secrets)
    assert process.ended() == 0
    assert "[ERR]" in process.output() and "radarr: Completed at" not in process.output()
