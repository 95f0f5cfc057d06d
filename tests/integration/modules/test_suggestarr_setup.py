# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first user of SuggestArr, made by the module and out of the wiring, on its stand-in."""
from __future__ import annotations

import pytest
import requests
from runs import run_module
from standins import testing
from standins.suggestarr import create_app

PASSWORD = "c0rrect-horse-4711"


@pytest.fixture
def app(tmp_path):
    handle = testing.start_wsgi(create_app(str(tmp_path / "config")))
    handle.proxy = testing.recording_proxy(handle.url)
    yield handle
    handle.proxy.stop()
    handle.stop()


def setup(app, check=False, **options):
    result = run_module("suggestarr_setup", dict({"url": app.proxy.url, "username": "me", "password": PASSWORD, "wait_timeout": 1}, **options), check)
    assert PASSWORD not in result["_text"]
    return result


def login(app, password=PASSWORD):
    return requests.post(app.url + "/api/auth/login", json={"username": "me", "password": password}, timeout=5).status_code


def test_first_user(app, tmp_path):
    promised = setup(app, check=True)
    assert promised["changed"] and app.proxy.writes() == [] and login(app) == 401
    made = setup(app)
    assert made["changed"] and made["changes"] == promised["changes"] and made["diff"] == promised["diff"]
    assert made["changes"] == [{"resource": "suggestarr_setup", "name": "suggestarr_setup", "action": "create", "fields": ["password", "username"]}]
    assert made["suggestarr_setup"] == {"auth_setup_complete": True} and login(app) == 200
    before = len(app.proxy.writes())
    for check in (False, True):
        again = setup(app, check)
        assert not again["changed"] and again["changes"] == []
    # Somebody else's is left alone.
    assert not setup(app, username="other", password="another-horse-4711")["changed"] and login(app) == 200
    assert len(app.proxy.writes()) == before


def test_out_of_the_wiring(app, tmp_path):
    options = {"state_root": str(tmp_path / "state"), "wait_timeout": 5, "on_problem": "report", "secrets": {"suggestarr.password": PASSWORD},
               "apps": [{"name": "suggestarr", "app": "suggestarr", "url": app.url, "tmdb_api_key": {"secret": "suggestarr.tmdb_api_key"}, "resources": [
                   {"resource": "suggestarr_setup", "state": "present", "username": "me", "password": {"secret": "suggestarr.password"}}]}]}
    made = run_module("media_wiring", options)
    assert made["problems"] == [] and made["changed"] and PASSWORD not in made["_text"] and login(app) == 200
    assert not run_module("media_wiring", options)["changed"]


@pytest.mark.parametrize(("options", "said"), [
    ({"password": "short-1"}, "at least 8 characters"),
    ({"username": "x" * 65}, "64 characters"),
])
def test_what_it_refuses(options, said, app):
    result = setup(app, **options)
    assert result["failed"] and said in result["msg"] and "\n" not in result["msg"]
    assert not setup(app, check=True)["changes"] == []


def test_another_app_at_the_address(arr):
    sonarr = arr("sonarr")
    result = run_module("suggestarr_setup", {"url": sonarr.url, "username": "me", "password": PASSWORD, "wait_timeout": 1})
    assert result["failed"] and "\n" not in result["msg"] and PASSWORD not in result["_text"]
    assert result["msg"].startswith("connecting to") or "reading /api/auth/status" in result["msg"]


def test_nobody_at_the_address():
    result = run_module("suggestarr_setup", {"url": "http://127.0.0.1:9", "username": "me", "password": PASSWORD, "wait_timeout": 1})
    assert result["failed"] and "no connection" in result["msg"]
