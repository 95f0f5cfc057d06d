# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of Plex against the stand-in of the server and of plex.tv, with C(plexapi) looking at what they made."""
from __future__ import annotations

import types

import pytest
from plex_steps import Steps, take
from plexapi.server import PlexServer
from runs import MODULES, run_module
from standins import testing
from standins.plex.server import create_app

from ansible_collections.homelab.media.plugins.module_utils.plex import PlexClient

TOKEN, FRIEND = "plex-token-valid", "plex-token-friend"
SENTENCES = {
    "unknown": ({"settings": {"OnDeckWindo": 3}}, "this server has no preference OnDeckWindo; did you mean OnDeckWindow"),
    "type": ({"settings": {"OnDeckWindow": "many"}}, "preference OnDeckWindow takes a whole number, not many"),
    "choice": ({"settings": {"secureConnections": 7}}, "preference secureConnections takes 0 (Required), 1 (Preferred), 2 (Disabled), not 7"),
    "bool": ({"settings": {"GdmEnabled": "perhaps"}}, "preference GdmEnabled takes true or false, not perhaps"),
    "read_only": ({"settings": {"MachineIdentifier": "x"}}, "preference MachineIdentifier is read-only"),
}


@pytest.fixture
def plex(tmp_path):
    """A server without an owner, behind a proxy, with folders; C(plex.run("plex_server", ...)) runs a module on it."""
    folders = {}
    for name in ("movies", "more", "tv"):
        (tmp_path / "media" / name).mkdir(parents=True)
        folders[name] = str(tmp_path / "media" / name)
    flask = create_app(tmp_path / "plex", 32400, environment={})
    with testing.start_wsgi(flask) as handle, testing.recording_proxy(handle.url) as proxy:
        found = types.SimpleNamespace(url=handle.url, proxy=proxy, server=flask.server, folders=folders, handle=handle, tv=handle.url + "/__plextv__")
        found.common = {"url": proxy.url, "token": TOKEN, "state_root": str(tmp_path / "state"), "wait_timeout": 5}

        def run(module, check=False, **options):
            proxy.clear()
            result = run_module(module, {**found.common, **options}, check)
            assert TOKEN not in result["_text"] and "claim-" not in result["_text"]
            assert not any(TOKEN in item["path"] for item in proxy.seen())
            return result

        found.run = run
        found.claim = lambda **options: run("plex_server", plex_tv_url=found.tv, **options)
        yield found


def server_steps(plex):
    return Steps("plex_server", {"plex_tv_url": plex.tv, "friendly_name": "Living room", "lan_networks": ["192.168.1.0/24", "10.0.0.0/8"]},
                 {"custom_connections": ["https://plex.example.org"], "lan_networks": [], "settings": {"OnDeckWindow": "9", "secureConnections": "Required"}},
                 ["LanNetworksBandwidth", "OnDeckWindow", "customConnections", "secureConnections"])


def library_steps(plex):
    folders = plex.folders
    return Steps("plex_library", {"name": "Movies", "type": "movie", "folders": [folders["movies"] + "/"], "settings": {"enableCinemaTrailers": False}},
                 {"folders": [folders["more"], folders["movies"]], "refresh": True, "settings": {"collectionMode": "Hide", "enableCinemaTrailers": "no"}},
                 ["collectionMode", "folders"], {"name": "Movies"}, before=[("plex_server", {"plex_tv_url": plex.tv})])


STEPS = {"plex_server": server_steps, "plex_library": library_steps}
# Modules with a test of their own.
ELSEWHERE = {"plex_info": "test_info"}


@pytest.mark.parametrize("name", STEPS)
def test_six_steps(plex, name):
    steps = STEPS[name](plex)
    take(steps, plex.proxy, plex.common, [TOKEN], lambda: [dict(plex.server.preferences.values), plex.server.library.sections])
    assert steps.module == name


def test_every_module_has_its_steps():
    assert {path.stem for path in MODULES.glob("plex_*.py")} == set(STEPS) | set(ELSEWHERE)
    assert all(name in globals() for name in ELSEWHERE.values())


def test_claim(plex):
    done = plex.claim(friendly_name="Den")
    assert done["changes"][0]["fields"] == ["FriendlyName", "claimed"] and done["plex_server"]["claimed"]
    assert plex.server.token and plex.server.account(plex.server.token)["username"] == "plexadmin"
    assert PlexServer(plex.url, TOKEN).friendlyName == "Den"
    # An owned server is taken as it is.
    assert not plex.claim(friendly_name="Den")["changed"]
    assert [item["path"] for item in plex.proxy.writes()] == []


def test_unclaimed_without_token(plex):
    done = plex.run("plex_server", token=None, friendly_name="Den", plex_tv_url=plex.tv)
    assert done["changed"] and not done["plex_server"]["claimed"] and not plex.server.token


def test_claim_by_a_name(plex, monkeypatch):
    # A server without an owner takes whoever calls it by a name for a stranger.
    client = PlexClient("http://plex:32400", token=TOKEN)
    monkeypatch.setattr(client, "patient", lambda *_request: {"MediaContainer": {"machineIdentifier": "x", "claimed": False}})
    client.connect()
    assert client._session.headers["Host"] == "localhost:32400" and "X-Plex-Token" not in client._session.headers
    monkeypatch.setattr(client, "patient", lambda *_request: {"MediaContainer": {"machineIdentifier": "x", "claimed": True}})
    client.connect()
    assert "Host" not in client._session.headers and client._session.headers["X-Plex-Token"] == TOKEN


@pytest.mark.parametrize("token, said", [
    (FRIEND, "the token is of an account that does not own the server (403)"), ("no-such-token", "the token of the account is not valid (401)"),
    (None, "the server has an owner, and no token is given (401)")])
def test_owned_by_another(plex, token, said):
    plex.claim()
    done = plex.run("plex_server", token=token, plex_tv_url=plex.tv, friendly_name="Mine")
    assert done["failed"] and said in done["msg"], done["msg"]
    assert not plex.proxy.writes() and plex.server.name() != "Mine"


def test_owned_by_a_stranger(plex):
    plex.claim()
    plex.server.tv.store.data["accounts"]["plex-token-stranger"] = {"id": 99, "username": "stranger", "email": "s@example.org"}
    plex.server.account = lambda token, ask=plex.server.account: None if token == "plex-token-stranger" else ask(token)
    done = plex.run("plex_server", token="plex-token-stranger", plex_tv_url=plex.tv)
    assert done["failed"] and "the server belongs to another account than that of the token" in done["msg"]
    done = plex.run("plex_server", token="plex-token-stranger", plex_tv_url="http://127.0.0.1:9")
    assert done["failed"] and "plex.tv cannot be asked why" in done["msg"]


def test_claim_refused(plex):
    done = plex.run("plex_server", token="no-such-token", plex_tv_url=plex.tv)
    assert done["failed"] and "the token of the account is not valid (401); sign in to Plex again" in done["msg"]
    plex.server.claim = lambda claim: False
    done = plex.claim()
    assert done["failed"] and "does not take the claim" in done["msg"] and not plex.server.token


def test_claim_whose_answer_is_lost(plex):
    # It took, although the answer is no good.
    plex.server.myplex_claim = lambda take=plex.server.myplex_claim: take() and ("<html>Bad Gateway</html>", 502)
    done = plex.claim()
    assert done["changed"] and plex.server.token


@pytest.mark.parametrize("case", SENTENCES)
def test_preferences_refused(plex, case):
    options, said = SENTENCES[case]
    plex.claim()
    done = plex.run("plex_server", plex_tv_url=plex.tv, **options)
    assert done["failed"] and said in done["msg"] and done["msg"].count("\n") == 0, done["msg"]
    assert not plex.proxy.writes()


def test_a_claim_is_told_when_preferences_fail(plex):
    done = plex.claim(settings={"NoSuch": 1})
    assert done["failed"] and done["changes"][0]["fields"] == ["claimed"] and plex.server.token


def test_preference_that_does_not_take(plex):
    plex.claim()
    plex.server.preferences.put = lambda wanted: None
    done = plex.run("plex_server", plex_tv_url=plex.tv, friendly_name="Den")
    assert done["failed"] and "answered that it saved it, but FriendlyName did not change" in done["msg"]


def test_restart_required(plex):
    done = plex.claim(settings={"logTokens": True, "autoEmptyTrash": False})
    assert done["plex_server"]["restart_required"] == ["logTokens"]


def test_library_is_what_plexapi_sees(plex):
    plex.claim()
    plex.run("plex_library", name="Shows", type="show", folders=[plex.folders["tv"]], language="de-DE", settings={"episodeSort": "Newest first"})
    section = PlexServer(plex.url, TOKEN).library.section("Shows")
    assert (section.type, section.agent, section.scanner, section.language) == ("show", "tv.plex.agents.series", "Plex TV Series", "de-DE")
    assert section.locations == [plex.folders["tv"]]
    assert {item.id: item.value for item in section.settings()}["episodeSort"] == "1"


def test_library_keeps_folders(plex):
    plex.claim()
    plex.run("plex_library", name="Movies", type="movie", folders=[plex.folders["movies"]])
    done = plex.run("plex_library", name="movies", folders=[plex.folders["more"]], keep_folders=True, refresh=True)
    assert done["plex_library"]["folders"] == [plex.folders["movies"], plex.folders["more"]]
    assert any(item["path"].endswith("/refresh") for item in plex.proxy.seen())
    again = plex.run("plex_library", name="Movies", folders=[plex.folders["more"]], keep_folders=True, refresh=True)
    assert not again["changed"] and not any(item["path"].endswith("/refresh") for item in plex.proxy.seen())
    # A folder is taken out, its files stay.
    done = plex.run("plex_library", name="Movies", folders=[plex.folders["more"]])
    assert done["plex_library"]["folders"] == [plex.folders["more"]]


@pytest.mark.parametrize("options, said", [
    ({"type": "movie", "folders": ["/no/such/folder"]}, "the server sees no folder /no/such/folder"),
    ({"type": "movie"}, "a new library needs type and folders"),
    ({"type": "movie", "folders": True, "language": "en"}, "'language' is invalid (400)"),
    ({"type": "movie", "folders": True, "scanner": "Plex Movie Scanner"}, "new scanner needs to be paired with new agent (400)"),
    ({"type": "movie", "folders": True, "settings": {"enableCinemaTrailer": 1}}, "no setting enableCinemaTrailer; did you mean enableCinemaTrailers")])
def test_library_refused(plex, options, said):
    plex.claim()
    if options.get("folders") is True:
        options = {**options, "folders": [plex.folders["movies"]]}
    done = plex.run("plex_library", name="Movies", **options)
    assert done["failed"] and said in done["msg"], done["msg"]
    assert not plex.server.library.sections


def test_library_of_another_type_and_twice(plex):
    plex.claim()
    plex.run("plex_library", name="Movies", type="movie", folders=[plex.folders["movies"]])
    done = plex.run("plex_library", name="Movies", type="show", folders=[plex.folders["tv"]])
    assert done["failed"] and "it is a library of type movie, and Plex cannot make it show" in done["msg"]
    PlexServer(plex.url, TOKEN).library.add("Movies", "movie", "tv.plex.agents.movie", "Plex Movie", location=[plex.folders["more"]])
    done = plex.run("plex_library", name="Movies", state="absent")
    assert done["failed"] and "there are 2 libraries of this name" in done["msg"] and len(plex.server.library.sections) == 2


def test_starting_up(plex):
    """A server that still starts says so with 400, and takes the library a moment later."""
    plex.claim()
    left = [2]
    add = plex.server.section_add

    def starting():
        if left[0]:
            left[0] -= 1
            return "the server is still starting up. Please retry later", 400, {"Content-Type": "text/plain"}
        return add()

    plex.server.section_add = starting
    done = plex.run("plex_library", name="Movies", type="movie", folders=[plex.folders["movies"]])
    assert done["changed"] and not left[0]


def test_info(plex):
    plex.claim(friendly_name="Den")
    plex.run("plex_library", name="Movies", type="movie", folders=[plex.folders["movies"]])
    found = plex.run("plex_info")
    assert not found["changed"] and found["status"]["claimed"] and not plex.proxy.writes()
    assert [item["name"] for item in found["libraries"]] == ["Movies"] and found["preferences"]["FriendlyName"] == "Den"
    assert "PlexOnlineMail" not in found["preferences"]


def html(environ, start_response):
    return testing.respond(start_response, 200, "<!doctype html><html></html>", "text/html")


def other(environ, start_response):
    return testing.respond(start_response, 200, {"appName": "Radarr"})


def test_wrong_address(plex):
    with testing.start_wsgi(html) as page, testing.start_wsgi(other) as radarr:
        for url, said in ((page.url, "it answers with a web page"), (radarr.url, "what answers there is no Plex Media Server"),
                          ("http://127.0.0.1:9", "no connection (connection refused)")):
            for module, options in (("plex_library", {"name": "Movies"}), ("plex_info", {}), ("plex_server", {})):
                done = plex.run(module, url=url, wait_timeout=1, **options)
                assert done["failed"] and said in done["msg"] and url in done["msg"], done["msg"]
