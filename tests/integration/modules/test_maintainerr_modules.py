# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of Maintainerr against stand-ins of both generations, of Plex and of what it links to."""
from __future__ import annotations

import types

import pytest
import requests
from plex_steps import Steps, take
from runs import MODULES, run_module
from standins import testing
from standins.maintainerr.service import create_app
from standins.plex.server import create_app as create_plex

TOKEN, KEY = "plex-token-valid", "radarr-key-0815-swordfish"
VERSIONS = ("3.24.0", "2.27.0")
NEVER = [{"first": "plex.addDate", "action": "before", "value": {"days": 90}}, {"first": "Plex.viewCount", "action": "equals", "value": 0}]


def radarr(environ, start_response):
    """As much of Radarr as Maintainerr looks at."""
    if "apikey=" + KEY not in environ["QUERY_STRING"]:
        return testing.respond(start_response, 401, {"error": "Unauthorized"})
    return testing.respond(start_response, 200, {"appName": "Radarr", "version": "6.0.3.1"})


def tautulli(environ, start_response):
    if "apikey=" + KEY not in environ["QUERY_STRING"]:
        return testing.respond(start_response, 400, {"response": {"result": "error", "message": "Invalid apikey"}})
    return testing.respond(start_response, 200, {"response": {"result": "success", "data": {"tautulli_version": "v2.17.2"}}})


def requests_app(environ, start_response):
    if environ.get("HTTP_X_API_KEY") != KEY:
        return testing.respond(start_response, 401, {"message": "no"})
    return testing.respond(start_response, 200, {"version": "3.1.0"})


@pytest.fixture(params=VERSIONS)
def world(request, tmp_path, monkeypatch):
    """Maintainerr of one generation behind a proxy, a claimed Plex with two libraries, a Radarr, a Tautulli, a Seerr."""
    plex_app = create_plex(tmp_path / "plex", 32400, environment={})
    server = plex_app.server
    with plex_app.test_request_context("/"):
        server.claim(server.tv.store.data["claims"].setdefault("claim-x", {"owner": TOKEN, "until": 9e9}) and "claim-x")
        for name, kind, agent in (("Movies", "movie", "tv.plex.agents.movie"), ("TV", "show", "tv.plex.agents.series")):
            server.library.add(name, kind, agent, "", "en-US", [str(tmp_path)], {})
    with testing.start_wsgi(plex_app) as plex, testing.start_wsgi(plex_app) as other, testing.start_wsgi(radarr) as arr, \
            testing.start_wsgi(tautulli) as watch, testing.start_wsgi(requests_app) as seerr:
        monkeypatch.setenv("STANDIN_PLEX_TV", plex.url + "/__plextv__")
        flask = create_app(tmp_path / "maintainerr", {"STANDIN_VERSION": request.param})
        with testing.start_wsgi(flask) as handle, testing.recording_proxy(handle.url) as proxy:
            found = types.SimpleNamespace(app=flask.maintainerr, proxy=proxy, plex=plex, other=other, radarr=arr, tautulli=watch, seerr=seerr, server=server,
                                          old=request.param.startswith("2"), handle=handle)
            found.common = {"url": proxy.url, "state_root": str(tmp_path / "state"), "wait_timeout": 5}

            def run(module, check=False, **options):
                proxy.clear()
                result = run_module(module, {**found.common, **options}, check)
                assert TOKEN not in result["_text"] and KEY not in result["_text"]
                return result

            found.run = run
            found.connect = lambda **options: run("maintainerr_plex", **{"plex_url": plex.url, "plex_token": TOKEN, **options})
            found.link = lambda **options: run("maintainerr_server", **{"kind": "radarr", "server_url": arr.url, "server_api_key": KEY, **options})
            found.rule = lambda **options: run("maintainerr_rule", **{"name": "Never watched", "library": "Movies", "rules": NEVER, **options})
            yield found


def plex_steps(world):
    return Steps("maintainerr_plex", {"plex_url": world.plex.url, "plex_token": TOKEN}, {"plex_url": world.other.url, "name": "Den"}, ["name", "port"])


def server_steps(world):
    return Steps("maintainerr_server", {"kind": "radarr", "name": "Radarr 4K", "server_url": world.radarr.url + "/", "server_api_key": KEY},
                 {"server_url": world.radarr.url + "/base"}, ["url"], {"kind": "radarr", "name": "Radarr 4K"})


def single_steps(kind):
    def steps(world):
        url = getattr(world, "tautulli" if kind == "tautulli" else "seerr").url
        return Steps("maintainerr_server", {"kind": kind, "server_url": url, "server_api_key": KEY},
                     {"server_url": url.replace("127.0.0.1", "localhost")}, ["url"], {"kind": kind})
    return steps


def rule_steps(world):
    people = {"first": "plex.people", "action": "contains", "value": ["A", "Bé"], "operator": "or"}
    edit = {"delete_after_days": 30, "action": "unmonitor", "rules": [*NEVER, people]}
    create = {"name": "Never watched", "library": "Movies", "rules": NEVER, "delete_after_days": 14, "action": "delete", "radarr": "Radarr",
              "list_exclusions": True, "description": "Nobody wants it"}
    return Steps("maintainerr_rule", create, edit, ["action", "delete_after_days", "rules"],
                 {"name": "Never watched"}, before=[
                     ("maintainerr_plex", {"plex_url": world.plex.url, "plex_token": TOKEN}),
                     ("maintainerr_server", {"kind": "radarr", "server_url": world.radarr.url, "server_api_key": KEY})])


STEPS = {"maintainerr_plex": plex_steps, "maintainerr_server": server_steps, "maintainerr_server-seerr": single_steps("seerr"),
         "maintainerr_server-overseerr": single_steps("overseerr"), "maintainerr_server-tautulli": single_steps("tautulli"), "maintainerr_rule": rule_steps}
# Modules with a test of their own.
ELSEWHERE = {"maintainerr_info": "test_info"}


@pytest.mark.parametrize("name", STEPS)
def test_six_steps(world, name):
    take(STEPS[name](world), world.proxy, world.common, [TOKEN, KEY], lambda: world.app.store.data)


def test_every_module_has_its_steps():
    assert {path.stem for path in MODULES.glob("maintainerr_*.py")} == {name.partition("-")[0] for name in STEPS} | set(ELSEWHERE)
    assert all(name in globals() for name in ELSEWHERE.values())


def test_reconnects(world):
    """A live connection is really replaced: the address, and the token alone."""
    world.connect()
    assert world.app.client["url"] == world.plex.url
    world.connect(plex_url=world.other.url)
    assert world.app.client == {"url": world.other.url, "token": TOKEN}
    world.server.tv.store.data["accounts"]["plex-rotated-token"] = dict(world.server.tv.store.data["accounts"][TOKEN])
    done = world.connect(plex_url=world.other.url, plex_token="plex-rotated-token")
    assert done["changes"][0]["fields"] == ["token"] and world.app.client["token"] == "plex-rotated-token"
    assert "plex-rotated-token" not in done["_text"]
    assert not world.connect(plex_url=world.other.url, plex_token="plex-rotated-token")["changed"]


def test_heals_what_settings_do_not_show(world):
    """Settings that say the right thing, and a connection that goes elsewhere."""
    world.connect()
    world.app.client = {"url": world.plex.url, "token": "stale"}
    world.app.remembered.clear()
    done = world.connect()
    assert done["changed"] and done["changes"][0]["fields"] == ["connection"] and world.app.client["token"] == TOKEN
    # A mask that somebody sent back masks to itself, and only the check of the token tells.
    if not world.old:
        world.app.settings["plex_auth_token"] = "ple...lid"
        done = world.run("maintainerr_plex", plex_url=world.plex.url, plex_token=TOKEN, state_root=world.common["state_root"] + "-lost")
        assert done["changes"][0]["fields"] == ["token"] and world.app.settings["plex_auth_token"] == TOKEN


def test_lost_ledger_changes_nothing(world):
    world.connect()
    assert not world.connect(state_root=world.common["state_root"] + "-lost")["changed"] and not world.proxy.writes()


def kept(world):
    """What is stored of the connection."""
    return {key: world.app.settings[key] or None for key in ("plex_hostname", "plex_port", "plex_ssl", "plex_name", "plex_auth_token")}


def test_wrong_token_and_dead_plex(world):
    before = kept(world)
    done = world.connect(plex_token="no-such-token")
    assert done["failed"] and ("does not reach Plex" if world.old else "plex.tv refuses the token") in done["msg"], done["msg"]
    assert "it is not kept, because" in done["msg"] and kept(world) == before
    done = world.connect(plex_url="http://127.0.0.1:9")
    assert done["failed"] and "does not reach Plex at this address" in done["msg"] and "\n" not in done["msg"]
    assert kept(world) == before
    # The next run with the right ones mends it.
    assert world.connect()["changed"] and not world.connect()["changed"]


def test_what_worked_is_put_back(world):
    """An address that does not work leaves the one that does; a token that does not, too, where the one before is told."""
    world.connect()
    before = kept(world)
    done = world.connect(plex_url="http://127.0.0.1:9", name="Den")
    assert done["failed"] and "it is left as it was, because Maintainerr does not reach Plex at this address" in done["msg"], done["msg"]
    assert kept(world) == before and not world.connect()["changed"]
    done = world.connect(plex_token="no-such-token")
    assert done["failed"] and ("left as it was" if world.old else "it is stored, but plex.tv refuses the token") in done["msg"], done["msg"]
    assert (kept(world) == before) is world.old and world.connect()["changed"] is not world.old and kept(world) == before


def test_plex_that_stopped(world):
    """Libraries are remembered for five minutes, and do not hide it."""
    world.connect()
    assert world.app.remembered
    world.plex.stop()
    for check in (True, False):
        done = world.run("maintainerr_plex", check, plex_url=world.plex.url, plex_token=TOKEN)
        assert done["changed"] if check else done["failed"] and "Plex: Maintainerr does not reach Plex at this address" in done["msg"], done
    assert kept(world)["plex_auth_token"] == TOKEN
    done = world.rule()
    assert done["failed"] and "Maintainerr gets no libraries from Plex; look whether Plex runs" in done["msg"], done["msg"]
    assert not world.app.store.data["rules"]


def test_new_library_is_seen_later(world, tmp_path):
    world.connect()
    world.server.library.add("Movies 4K", "movie", "tv.plex.agents.movie", "", "en-US", [str(tmp_path)], {})
    done = world.rule(library="Movies 4K")
    assert done["failed"] and "sees no library Movies 4K, and looks for new ones every five minutes; did you mean Movies?" in done["msg"], done["msg"]
    world.app.remembered = {path: (when - 301, held) for path, (when, held) in world.app.remembered.items()}
    assert world.rule(library="Movies 4K")["changed"]


def test_nothing_is_set_up_yet(world):
    done = world.rule()
    assert done["failed"] and "Maintainerr is not connected to Plex yet; connect it first" in done["msg"] and not world.proxy.writes()
    done = world.run("maintainerr_info")
    assert not done.get("failed") and done["libraries"] == []


def test_plex_without_libraries(world):
    """Nothing to see yet is no fault; a token that Plex refuses, while plex.tv is not to be asked, is one."""
    world.server.library.store.data["sections"].clear()
    assert world.connect()["changed"] and not world.connect()["changed"]

    def unreachable(path):
        raise requests.exceptions.ConnectionError

    world.app._tv = unreachable
    done = world.connect(plex_token="no-such-token")
    assert done["failed"] and ("does not reach Plex" if world.old else "Plex refuses the token at this address") in done["msg"], done["msg"]


@pytest.mark.parametrize("url", ["plex:32400", "http://plex:32400/web", "http://plex:port"])
def test_no_url_of_plex(world, url):
    done = world.connect(plex_url=url)
    assert done["failed"] and url + " is no URL of Plex; write it as http://host:32400" in done["msg"] and not world.proxy.writes()


def test_never_switches_silently(world):
    if world.old:
        assert world.connect()["changed"]
        return
    world.app.settings.update(media_server_type="jellyfin", jellyfin_url="http://jellyfin:8096")
    done = world.connect()
    assert done["failed"] and "it is connected to Jellyfin" in done["msg"] and not world.proxy.writes()
    assert world.app.settings["media_server_type"] == "jellyfin"
    done = world.connect(replace=True)
    assert done["changed"] and world.app.settings["media_server_type"] == "plex" and not world.connect()["changed"]


def test_manual_mode(world):
    world.connect()
    if not world.old:
        assert world.app.settings["plex_manual_mode"] == 1
        done = world.connect(manual_mode=False)
        assert done["changes"][0]["fields"] == ["manual_mode"] and world.app.client


def test_servers_refused(world):
    for options, said in (({"server_api_key": "wrong-key"}, "does not get through to " + world.radarr.url),
                          ({"kind": "sonarr"}, "Unexpected application name returned: Radarr"),
                          ({"server_url": "http://127.0.0.1:9"}, "does not get through to http://127.0.0.1:9"),
                          ({"kind": "tautulli", "server_url": world.tautulli.url, "server_api_key": "wrong-key"}, "Invalid apikey"),
                          ({"kind": "overseerr", "server_url": world.seerr.url, "server_api_key": "wrong-key"},
                           "received response: 401" if world.old else "Invalid API key"),
                          ({"kind": "overseerr", "server_url": "http://127.0.0.1:9"}, "ECONNREFUSED" if world.old else "Connection refused")):
        done = world.link(**options)
        assert done["failed"] and said in done["msg"] and "wrong-key" not in done["_text"], done["msg"]
    assert not world.app.store.data["radarr"]


def test_server_is_found_by_its_address(world):
    world.link(name="Old name")
    done = world.link(name="Radarr")
    assert done["changes"][0] == {"action": "update", "fields": ["serverName"], "name": "Radarr", "resource": "maintainerr_server"}
    assert [row["serverName"] for row in world.app.store.data["radarr"]] == ["Radarr"]
    # A new key alone.
    world.app.store.data["radarr"][0]["apiKey"] = "before"
    assert world.link(name="Radarr")["changes"][0]["fields"] == ["apiKey"]


def test_server_in_use_is_not_removed(world):
    world.connect()
    world.link()
    world.rule(radarr="Radarr")
    done = world.link(state="absent", server_url=None, server_api_key=None)
    assert done["failed"] and "Cannot delete setting with associated collections (Never watched); take it out of those rules first" in done["msg"]


def test_rule_keeps_what_is_not_given(world):
    world.connect()
    world.rule(delete_after_days=14)
    held = world.app.store.data["rules"][0]
    held["rules"].append({"operator": 1, "action": 0, "firstVal": [0, 5], "customVal": {"ruleTypeId": 0, "value": "3"}, "section": 1, "odd": True})
    held["notifications"] = [{"id": 7}]
    done = world.run("maintainerr_rule", name="Never watched", delete_after_days=20)
    assert done["changes"][0]["fields"] == ["delete_after_days"]
    held = world.app.store.data["rules"][0]
    assert held["rules"][2]["odd"] and held["notifications"] == [{"id": 7}] and held["collection"]["deleteAfterDays"] == 20
    assert held["rules"][0]["customVal"] == {"ruleTypeId": 0, "value": "7776000"} and held["rules"][1]["operator"] == 0


@pytest.mark.parametrize("options, said", [
    ({"library": "Movie"}, "Maintainerr sees no library Movie, and looks for new ones every five minutes; did you mean Movies?"),
    ({"delete_after_days": -1}, "delete_after_days is 0 or more, not -1"),
    ({"keep_logs_months": -1}, "keep_logs_months is 0 or more, not -1"),
    ({"schedule": "at five"}, "at five is no schedule; write five fields of cron, such as 0 5 * * *"),
    ({"rules": [{"first": "radarr.fileDate", "action": "before", "value": {"days": 1}}]},
     "rules cannot look at radarr.fileDate, because Maintainerr has no Radarr; add it first"),
    ({"rules": [{"first": "seerr.isRequested", "action": "equals", "value": True}]},
     "rules cannot look at seerr.isRequested, because Maintainerr has no Seerr; add it first"),
    ({"rules": [{"first": "jellyfin.addDate", "action": "before", "value": {"days": 1}}]}, "rules cannot look at jellyfin.addDate; did you mean plex.addDate"),
    ({"level": "season"}, "level season does not go with the library Movies, which holds movies"),
    ({"radarr": "Radarr 4K"}, "Maintainerr has no Radarr Radarr 4K"),
    ({"rules": [{"first": "plex.addDat", "action": "before", "value": {"days": 1}}]}, "rules cannot look at plex.addDat; did you mean plex.addDate"),
    ({"rules": [{"first": "plex.addDate", "action": "bigger", "value": 1}]}, "plex.addDate cannot be compared by bigger"),
    ({"rules": [{"first": "plex.addDate", "action": "before", "value": "soon"}]}, "plex.addDate is compared with a day such as 2025-12-31, or {days: 90}"),
    ({"rules": [{"first": "plex.viewCount", "action": "equals", "value": "none"}]}, "plex.viewCount is compared with a number, not with \"none\""),
    ({"rules": [{"first": "plex.viewCount", "action": "equals"}]}, "needs value or second"),
    ({"rules": []}, "a new group needs library and rules")])
def test_rule_refused(world, options, said):
    world.connect()
    done = world.rule(**options)
    assert done["failed"] and said in done["msg"] and not world.proxy.writes(), done["msg"]


def test_rule_compares_two_properties(world):
    world.connect()
    done = world.rule(rules=[{"first": "plex.lastViewedAt", "action": "after", "second": "plex.addDate"},
                             {"first": "plex.people", "action": "count_bigger", "value": 3, "operator": "or", "section": 1}])
    assert done["changed"] and world.app.store.data["rules"][0]["rules"][0]["lastVal"] == [0, 0]
    assert done["maintainerr_rule"]["rules"][1] == {"first": "plex.people", "action": "count_bigger", "operator": "or", "section": 1, "value": "3"}


def test_schedule(world):
    """A schedule of five fields that are none is asked about before anything is stored."""
    world.connect()
    done = world.rule(schedule="a b c d e")
    assert done["failed"] and "a b c d e is no schedule" in done["msg"] and not world.app.store.data["rules"]
    assert world.rule(schedule="0 5 * * *")["changed"] and not world.rule(schedule="0 5 * * *")["changed"]
    assert world.rule(schedule="")["changed"] and not world.rule(schedule="")["changed"] and world.app.store.data["rules"][0]["ruleHandlerCronSchedule"] is None
    if world.old:
        world.app.version_text = "2.24.0"
        done = world.rule(schedule="0 5 * * *")
        assert done["failed"] and "Maintainerr 2.24.0 knows no schedule for one group" in done["msg"]
        assert world.rule(delete_after_days=3)["changed"]


def test_rules_about_requests(world):
    """By the name of either place."""
    world.connect()
    requested = [{"first": "seerr.isRequested", "action": "equals", "value": True}]
    for kind in ("overseerr", "seerr") if world.old else ("seerr",):
        world.link(kind=kind, server_url=world.seerr.url)
        assert world.rule(name=kind, rules=requested)["changed"] and not world.rule(name=kind, rules=requested)["changed"]
    assert [rule["rules"][0]["firstVal"] for rule in world.app.store.data["rules"]] == ([[3, 6], [5, 6]] if world.old else [[3, 6]])


def test_rule_of_a_server_that_is_not_named(world):
    world.connect()
    world.link()
    done = world.rule(rules=[{"first": "radarr.fileDate", "action": "before", "value": {"days": 1}}])
    assert done["failed"] and "Radarr rules require a Radarr server to be selected" in done["msg"] and not world.app.store.data["rules"], done["msg"]


def test_actions_of_the_generations(world):
    world.connect()
    done = world.rule(library="TV", action="delete_show_if_empty", rules=[{"first": "plex.addDate", "action": "before", "value": "2025-01-31"}])
    if world.old:
        assert done["failed"] and "Maintainerr 2.27.0 has no action delete_show_if_empty; use 3.x" in done["msg"]
    else:
        assert done["changed"] and world.app.store.data["rules"][0]["arrAction"] == 5
    done = world.rule(tag=True)
    assert done.get("failed", False) is world.old


def test_info(world):
    world.connect()
    world.link()
    world.rule()
    found = world.run("maintainerr_info")
    assert not found["changed"] and not world.proxy.writes() and found["settings"]["plex_auth_token"] == "(secret)"
    assert [item["title"] for item in found["libraries"]] == ["Movies", "TV"] and found["servers"]["radarr"][0]["name"] == "Radarr"
    assert found["rules"][0]["rules"][0] == {"first": "plex.addDate", "action": "before", "value": {"days": 90}}
    assert "equals" in found["properties"]["plex.viewCount"]


def test_wired_with_plex(world, tmp_path):
    """Plex and what links to it in one run, as the roles do it; the second run changes nothing and writes nothing."""
    arguments = {
        "apps": [
            {"name": "maintainerr", "app": "maintainerr", "url": world.proxy.url, "needs": ["plex"], "resources": [
                {"resource": "maintainerr_plex", "state": "present", "plex_url": world.plex.url, "plex_token": {"secret": "plex.token"}, "name": "Plex",
                 "manual_mode": True},
                {"resource": "maintainerr_server", "state": "present", "kind": "radarr", "name": "Radarr", "server_url": world.radarr.url,
                 "server_api_key": {"secret": "radarr.api_key"}},
                {"resource": "maintainerr_server", "state": "absent", "kind": "sonarr", "name": "Sonarr"}]},
            {"name": "plex", "app": "plex", "url": world.plex.url, "token": {"secret": "plex.token"}, "resources": [
                {"resource": "plex_server", "state": "present", "plex_tv_url": world.plex.url + "/__plextv__", "friendly_name": "Den"},
                {"resource": "plex_library", "state": "present", "name": "Movies 4K", "type": "movie", "folders": [str(tmp_path / "media")],
                 "keep_folders": True, "refresh": True}]}],
        "secrets": {"plex.token": TOKEN, "radarr.api_key": KEY}, "state_root": world.common["state_root"], "wait_timeout": 5, "on_problem": "report"}
    # The folder is not there yet: all else is wired, and the sentence says what is missing.
    first = run_module("media_wiring", arguments)
    assert len(first["problems"]) == 1 and "plex library Movies 4K: the server sees no folder" in first["problems"][0]["message"], first["problems"]
    assert {(item["resource"], item["name"], item["state"]) for item in first["links"]} == {
        ("maintainerr_plex", "Plex", "changed"), ("maintainerr_server", "Radarr", "changed")}
    (tmp_path / "media").mkdir()
    assert [item["name"] for item in run_module("media_wiring", arguments)["changes"]] == ["Movies 4K"]
    world.proxy.clear()
    last = run_module("media_wiring", arguments)
    assert not last["changed"] and not last["problems"] and not world.proxy.writes()
    assert TOKEN not in last["_text"] and KEY not in last["_text"]
    world.app.remembered.clear()
    assert "Movies 4K" in [item["title"] for item in world.run("maintainerr_info")["libraries"]]


def html(environ, start_response):
    return testing.respond(start_response, 200, "<!doctype html><html></html>", "text/html")


def guarded(environ, start_response):
    return testing.respond(start_response, 401, {"error": "Unauthorized"})


def test_wrong_address(world):
    with testing.start_wsgi(html) as page, testing.start_wsgi(guarded) as other:
        for url, said in ((page.url, "it answers with a web page"), (other.url, "something asks for a login (401), which Maintainerr does not"),
                          (world.plex.url, "something asks for a login (401)"),
                          ("http://127.0.0.1:9", "no connection (connection refused)")):
            done = world.run("maintainerr_info", url=url, wait_timeout=1)
            assert done["failed"] and said in done["msg"] and url in done["msg"], done["msg"]
            done = world.connect(url=url, wait_timeout=1)
            assert done["failed"] and said in done["msg"], done["msg"]
