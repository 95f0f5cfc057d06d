# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traps of Bazarr's and Tautulli's settings, as a real Bazarr 1.5.2 and 1.5.3 and a real Tautulli 2.17.2 have them."""

from __future__ import annotations

import pytest
from standins.bazarr.service import create_app as create_bazarr
from standins.tautulli.service import AGENTS, create_app

from ansible_collections.homelab.media.plugins.module_utils import tautulli

KEY = "aabbccddeeff00112233445566778899"


@pytest.fixture
def ask(tmp_path):
    """Commands of Tautulli's API: C(ask("get_notifiers"))."""
    (tmp_path / "config.ini").write_text("[General]\napi_key = " + KEY + "\nfirst_run_complete = 1\n")
    client = create_app(tmp_path, environment={}).test_client()

    def ask(cmd, **values):
        return client.get("/api/v2", query_string=dict(values, apikey=KEY, cmd=cmd)).get_json()["response"]

    ask.client = client
    return ask


def test_agents_have_the_numbers_that_the_modules_know():
    assert {name: number for number, (name, _label, _config) in AGENTS.items()}.items() <= tautulli.AGENTS.items()


def test_what_is_not_sent_of_a_notifier_is_reset_but_for_its_triggers(ask):
    number = ask("add_notifier_config", agent_id=20)["data"]["notifier_id"]
    condition = '[{"parameter": "library_name", "operator": "is", "value": ["Movies"]}]'
    ask("set_notifier_config", notifier_id=number, agent_id=20, friendly_name="Chat", discord_hook="http://x", discord_tts=1, on_play=1,
        on_play_body="b", custom_conditions=condition, custom_conditions_logic="{1}")
    assert ask("set_notifier_config", notifier_id=number, agent_id=20)["result"] == "success"
    found = ask("get_notifier_config", notifier_id=number)["data"]
    assert (found["friendly_name"], found["config"]["hook"], found["config"]["tts"], found["custom_conditions_logic"]) == ("", "", 0, "")
    assert found["custom_conditions"] == [{"parameter": "", "operator": "", "value": [], "type": None}]
    assert (found["actions"]["on_play"], found["notify_text"]["on_play"]["body"]) == (1, "b")


def test_conditions_on_what_it_does_not_know_are_refused(ask):
    number = ask("add_notifier_config", agent_id=25)["data"]["notifier_id"]
    answer = ask("set_notifier_config", notifier_id=number, agent_id=25, custom_conditions='[{"parameter": "libary", "operator": "is", "value": ["x"]}]')
    assert (answer["result"], answer["message"]) == ("error", "Failed to save notification agent.")


def test_success_that_means_nothing(ask):
    assert ask("delete_notifier", notifier_id=99)["result"] == "success"
    assert ask("get_notifier_config", notifier_id=99)["data"] == {}
    assert ask("set_notifier_config", notifier_id=99, agent_id=25)["result"] == "success" and ask("get_notifiers")["data"][0]["id"] == 99


def test_a_login_takes_two_cookies_and_its_password_is_hashed(ask):
    saved = ask.client.post("/configUpdate", data={"first_run": "1", "http_username": "admin", "http_password": "secret-4711"}, headers={"X-Api-Key": KEY})
    assert saved.status_code == 200
    stored = ask("get_settings", key="General")["data"]["http_password"]
    assert stored.startswith("PBKDF2$") and tautulli.verifies("secret-4711", stored) and not tautulli.verifies("secret-4712", stored)
    answer = ask.client.post("/auth/signin", data={"username": "admin", "password": "secret-4711"}, headers={"X-Api-Key": KEY})
    assert len(answer.headers.getlist("Set-Cookie")) == 2


@pytest.mark.parametrize("posts, mods", [
    ([("subzero-remove_HI", "true"), ("subzero-remove_HI", "true")], ["remove_HI", "remove_HI"]),
    ([("subzero-remove_HI", "true"), ("subzero-remove_HI", "false")], []),
    ([("subzero-color", "color(name=red)"), ("subzero-color", "color(name=white)")], ["color", "color(name=white)"]),
    ([("subzero-color", "color(name=red)"), ("subzero-color", ""), ("subzero-color", "color(name=white)")], ["color(name=white)"]),
])
def test_what_bazarr_does_to_subtitles_is_added_one_by_one(tmp_path, posts, mods):
    flask = create_bazarr(tmp_path)
    client, headers = flask.test_client(), {"X-API-KEY": flask.bazarr["auth"]["apikey"]}
    for key, value in posts:
        assert client.post("/api/system/settings", data={key: value}, headers=headers).status_code == 204
    assert client.get("/api/system/settings", headers=headers).get_json()["general"]["subzero_mods"] == mods
