# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cross-seed, Kitana and Plex-Trakt-Sync: what they refuse, and whom they ask before they go on. What the plan writes for them is what they take."""
from __future__ import annotations

import json
import re

import apps_runner
import pytest
import requests
from standins import testing
from standins.cross_seed.config import Unreadable, check, read

from ansible_collections.homelab.media.plugins.plugin_utils import catalog, plan

LOGIN = {"username": "media", "password": "c0rrect & horse"}
CONFIG = """// A comment.
module.exports = {
  apiKey: "<key>",
  torznab: [],
  sonarr: ["<sonarr_url>/?apikey=<sonarr_key>",],
  radarr: [],
  torrentClients: ["qbittorrent:http://media:c0rrect%20%26%20horse@127.0.0.1:<client>"],
  useClientTorrents: true,
  action: 'inject',
  linkDirs: ["<tmp>/links"],
  linkType: "hardlink",
  matchMode: "flexible",
};
"""


@pytest.fixture
def client():
    with testing.start_qbittorrent(**LOGIN) as handle:
        yield handle


def cross_seed(app, arrs, client, tmp_path, text=CONFIG, **options):
    words = {"key": apps_runner.KEY, "sonarr_url": arrs["sonarr"].url, "sonarr_key": arrs["sonarr"].api_key, "client": client.port, "tmp": str(tmp_path)}
    return app("cross_seed", files={"config.js": apps_runner.filled(text, words)}, arguments=["daemon"], **options)


def test_cross_seed_answers_once_it_got_into_everything(app, arrs, client, tmp_path):
    process = cross_seed(app, arrs, client, tmp_path)
    assert "Logged in to" in process.output() and (tmp_path / "links").is_dir()
    assert requests.get(process.url + "/api/ping", timeout=5).text == "OK"
    hook = {"infoHash": "a" * 40}
    assert requests.post(process.url + "/api/webhook", data=hook, timeout=5).status_code == 401
    assert requests.post(process.url + "/api/webhook?apikey=wrong", data=hook, timeout=5).status_code == 401
    assert requests.post(process.url + "/api/webhook?apikey=" + apps_runner.KEY, data=hook, timeout=5).status_code == 204
    assert requests.post(process.url + "/api/webhook", json={}, headers={"X-Api-Key": apps_runner.KEY}, timeout=5).status_code == 400
    assert requests.post(process.url + "/api/job", json={"name": "search"}, headers={"X-Api-Key": apps_runner.KEY}, timeout=5).status_code == 404
    assert requests.post(process.url + "/api/ping", timeout=5).status_code == 405
    assert apps_runner.KEY not in process.output() and "horse" not in process.output()


@pytest.mark.parametrize(("old", "new", "said"), [
    ("c0rrect%20%26%20horse", "wrong", "Invalid username or password"),
    ("<sonarr_key>", "wrong", "Could not contact Sonarr"),
    ("/?apikey=<sonarr_key>", "", "does not specify an apikey"),
])
def test_cross_seed_tries_again_in_a_minute_and_does_not_listen(old, new, said, app, arrs, client, tmp_path):
    process = cross_seed(app, arrs, client, tmp_path, CONFIG.replace(old, new), run=False)
    process.wait_for("Attempt 1/6 failed, retrying in 60s")
    assert process.process.poll() is None and said.split()[0] in process.output()
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(process.url + "/api/ping", timeout=5)
    process.stop()


@pytest.mark.parametrize(("old", "new", "said"), [
    ('"<key>"', '"short"', "apiKey"),
    ('linkDirs: ["<tmp>/links"],', "", "matchMode"),
    ("torznab: []", 'torznab: ["prowlarr"]', "torznab (position #1)"),
    ("qbittorrent:http", "http", "torrentClients (position #1)"),
    ("useClientTorrents: true", 'searchCadence: "1 hour"', "searchCadence"),
    ("useClientTorrents: true", 'searchCadence: "2 days", excludeRecentSearch: "3 days", excludeOlder: "2 weeks"', "excludeRecentSearch"),
    ("<tmp>/links", "/proc/links", "linkDir0"),
    ("radarr: [],", "radarr: [", "SyntaxError"),
])
def test_cross_seed_ends_with_settings_that_are_wrong(old, new, said, app, arrs, client, tmp_path):
    process = cross_seed(app, arrs, client, tmp_path, CONFIG.replace(old, new), run=False)
    assert process.ended() == 1 and said in process.output()


def test_javascript_as_far_as_it_is_data():
    assert read("// a\n// b\nmodule.exports = {a: 'it\\'s \"x\"', 'b': [1, -2.5,], /* c: 1, */ c: {d: null},\n}; // \"end\n") == {
        "a": "it's \"x\"", "b": [1, -2.5], "c": {"d": None}}
    for text in ("", "module.exports = {a: 1 b: 2}", "module.exports = {a: process.env.A}", "module.exports = [1]", "module.exports = {a: [1}"):
        with pytest.raises(Unreadable):
            read(text)


def planned(services):
    """The files of a host, by the end of their path."""
    raw = {"homelab": {"variables": {"media_services": services, "media_address": "10.0.0.5"}, "undefined": {}}}
    found = plan.full(raw, {}, catalog.load())
    assert [item for item in found["findings"] if item["severity"] == "error"] == []
    return {item["path"]: item.get("content") for item in found["hosts"]["homelab"]["files"]}


def test_what_the_plan_writes_is_what_cross_seed_takes():
    services = {"qbittorrent": {}, "prowlarr": {}, "sonarr": {}, "radarr": {}, "cross-seed": {"settings": {"indexers": [1, 2]}}}
    text = next(content for path, content in planned(services).items() if path.endswith("/cross-seed/config.js"))
    # A reference that stands alone becomes a string.
    config, wrong = check(read(re.sub(r": ⟦[^⟧]*⟧", ': "' + apps_runner.KEY + '"', text)))
    assert wrong == []
    assert len(config["torznab"]) == 2 and len(config["sonarr"]) == 1 and config["linkDirs"] == ["/data/downloads/torrents/cross-seed"]


def test_kitana_below_a_prefix_and_without_a_place_for_sessions(app):
    process = app("kitana", arguments=["-B", "0.0.0.0:31337", "-P", "-p", "/kitana"], probe="/kitana/token")
    assert requests.get(process.url + "/kitana/", timeout=5).url == process.url + "/kitana/token"
    assert requests.get(process.url + "/token", timeout=5).status_code == 404
    assert app("kitana", run=False, arguments=["--prefixes", "/x"]).ended() == 2


def test_plex_trakt_sync_needs_both_logins(app, plex):
    files = {".pytrakt.json": json.dumps({"OAUTH_TOKEN": "trakt"})}
    nobody = app("plextraktsync", run=False, arguments=["watch"])
    assert nobody.ended() == 1 and "No terminal is connected" in nobody.output() and (nobody.config / "config.yml").exists()
    assert app("plextraktsync", run=False, files=files, arguments=["watch"]).ended() == 1
    servers = "servers:\n  Plex:\n    urls: [\"{0}\"]\n    token: {1}\n"
    wrong = app("plextraktsync", run=False, files=dict(files, **{"servers.yml": servers.format("http://127.0.0.1:9", "token")}), arguments=["watch"])
    assert wrong.ended() == 1 and "No more methods to connect" in wrong.output()
    process = app("plextraktsync", run=False, files=dict(files, **{"servers.yml": servers.format(plex.url, "plex-token-valid")}), arguments=["watch"])
    process.wait_for("Listening for events!")
    assert process.process.poll() is None
    process.stop()
