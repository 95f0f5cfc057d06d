# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which an address can be wrong or an app unwell is one clear sentence without a secret."""
from __future__ import annotations

import threading
import time

import pytest
from standins import testing

from ansible_collections.homelab.media.plugins.module_utils.client import ArrClient
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError, redact

KEY = "sesame0123456789sesame0123456789"
STATUS = b'{"appName":"Sonarr","version":"4.0.19.2979"}'


@pytest.fixture
def server():
    """Answers every request as C(answer) says: (status, body, content type, headers)."""
    state = {"answer": (200, STATUS, "application/json", {}), "count": 0, "first": []}

    def application(environ, start_response):
        testing.read(environ)
        state["count"] += 1
        status, body, kind, headers = state["first"].pop(0) if state["first"] else state["answer"]
        return testing.respond(start_response, status, body, kind, **headers)

    handle = testing.start_wsgi(application, answers=state)
    yield handle
    handle.stop()


def answer(server, status, body=b"", kind="application/json", **headers):
    server.answers["answer"] = (status, body, kind, headers)


def client(server, **options):
    options.setdefault("wait_timeout", 0)
    return ArrClient(server.url, KEY, **dict({"app": "sonarr"}, **options))


def sentence(call):
    with pytest.raises(MediaError) as error:
        call()
    text = str(error.value)
    assert KEY not in text and "Traceback" not in text and "\n" not in text
    return text


@pytest.mark.parametrize("status, body, kind, headers, words", [
    (401, b"", "text/plain", {}, ["API key is wrong"]),
    (307, b"", "text/plain", {"Location": "/sonarr/api/v3/system/status"}, ["redirects to /sonarr", "URL base"]),
    (302, b"", "text/plain", {"Location": "/login?returnUrl=/"}, ["login page"]),
    (503, b'{"errorMessage":"Sonarr is starting up, please try again later"}', "application/json", {}, ["still starting"]),
    (200, b"<!DOCTYPE html><html></html>", "text/html", {}, ["web page"]),
    (200, b"<html>x</html>", "application/json", {}, ["web page"]),
    (200, b"not json", "application/json", {}, ["no JSON"]),
    (404, b"", "text/plain", {}, ["no Sonarr API"]),
    (200, b'{"appName":"Radarr"}', "application/json", {}, ["Radarr answers there", "Sonarr is expected"]),
    (200, b'{"hello":"world"}', "application/json", {}, ["none of the *arr apps"]),
    (200, b"[]", "application/json", {}, ["none of the *arr apps"]),
    (500, b"", "text/plain", {}, ["an empty answer", "500"]),
])
def test_connecting(server, status, body, kind, headers, words):
    answer(server, status, body, kind, **headers)
    text = sentence(client(server).connect)
    for word in words:
        assert word in text, text
    assert server.url in text


@pytest.mark.parametrize("status, body, words", [
    (400, b'[{"propertyName":"Host","errorMessage":"Unable to connect","attemptedValue":"hunter2secret","severity":"error"}]', "Host: Unable to connect"),
    (400, b'[{"propertyName":"","errorMessage":"General"}]', "General"),
    (400, b'{"title":"One or more validation errors occurred.","status":400,"errors":{"$.syncLevel":["could not be converted"]}}', "$.syncLevel: could not"),
    (409, b'{"message":"Tag with ID 1 is still in use","description":"   at NzbDrone.Core.Stack()"}', "still in use"),
    (404, b'{"type":"x","title":"Not Found","status":404}', "Not Found"),
    (503, b'{"errorMessage":"starting"}', "still starting"),
    (500, b"plain text of a proxy", "plain text of a proxy"),
])
def test_the_shapes_of_error_bodies(server, status, body, words):
    answer(server, status, body)
    text = sentence(lambda: client(server).write("POST", "downloadclient", {"name": "x"}))
    assert words in text and "hunter2secret" not in text and "NzbDrone.Core" not in text


def test_a_body_that_echoes_the_key_is_redacted(server):
    answer(server, 500, ('{"message":"bad %s in request"}' % KEY).encode())
    assert "(secret)" in sentence(lambda: client(server).write("PUT", "x/1", {}))


def test_refused():
    port = testing.free_port()
    text = sentence(ArrClient("http://127.0.0.1:%d" % port, KEY, app="sonarr", wait_timeout=0).connect)
    assert "connection refused" in text and "look whether the app runs" in text


@pytest.mark.parametrize("url, words", [("127.0.0.1:8989", "not valid"), ("http://", "not valid"), ("http://host.invalid:1", "no connection")])
def test_addresses_that_lead_nowhere(url, words):
    assert words in sentence(ArrClient(url, KEY, app="sonarr", wait_timeout=0).connect)


def test_no_answer_in_time():
    def application(environ, start_response):
        time.sleep(1)
        return testing.respond(start_response, 200, STATUS)
    with testing.start_wsgi(application) as slow:
        assert "no answer within" in sentence(ArrClient(slow.url, KEY, app="sonarr", timeout=0.2, wait_timeout=0).connect)


def test_it_waits_for_an_app_that_is_starting(server):
    server.answers["first"] = [(503, b"{}", "application/json", {}), (502, b"", "text/plain", {})]
    found = client(server, wait_timeout=10)
    found.connect()
    assert found.version == "4.0.19.2979" and server.answers["count"] == 3


def test_it_waits_for_an_app_that_does_not_listen_yet(tmp_path):
    port = testing.free_port()
    started = []
    thread = threading.Timer(0.5, lambda: started.append(testing.start_arr("sonarr", tmp_path, port=port, api_key=KEY)))
    thread.start()
    try:
        found = ArrClient("http://127.0.0.1:%d" % port, KEY, wait_timeout=20)
        found.connect()
        assert found.app == "sonarr"
    finally:
        thread.join()
        started[0].stop()


def test_a_locked_database_is_tried_again_but_not_for_a_post(server):
    locked = (500, b'{"message":"database is locked"}', "application/json", {})
    server.answers["first"] = [locked]
    assert client(server).write("PUT", "tag/1", {})["appName"] == "Sonarr"
    server.answers["first"] = [locked]
    assert "database is locked" in sentence(lambda: client(server).write("POST", "tag", {}))


def test_the_app_is_found_out(tmp_path):
    for kind in ("sonarr", "radarr", "lidarr", "prowlarr"):
        with testing.start_arr_in_thread(kind, tmp_path, url_base="base") as handle:
            found = ArrClient(handle.url, handle.api_key, wait_timeout=5)
            found.connect()
            assert found.app == kind


def test_a_secret_within_a_secret_is_hidden_whole():
    assert redact("the key is abcdef-long", ["abcdef", "abcdef-long"]) == "the key is (secret)"
    assert redact("abc", ["abc", "", None]) == "abc"
