# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway tells about itself: both generations of its answers, and a sentence for every way in which it does not answer."""
from __future__ import annotations

import json
import threading
import time

import pytest
import yaml
from runs import MODULES, run_module
from standins import testing
from standins.gluetun.service import Gateway, create_app
from standins.gluetun.settings import read

from ansible_collections.homelab.media.plugins.module_utils.gluetun import ports_of

KEY = "0123456789abcdef0123456789abcdef"
ROLE = """[[roles]]
name = "homelab-media"
routes = ["GET /v1/portforward", "GET /v1/vpn/status", "GET /v1/publicip/ip"]
auth = "apikey"
apikey = "{0}"
""".format(KEY)
ENVIRONMENT = {"VPN_SERVICE_PROVIDER": "protonvpn", "VPN_TYPE": "wireguard", "WIREGUARD_PRIVATE_KEY": "aEcpIvO0MhSg8ZG6jv6QCKbpZK3p1hzcLCGCwZm8cmg=",
               "VPN_PORT_FORWARDING": "on"}


@pytest.fixture
def gateway(tmp_path):
    """The stand-in's control server, with a proxy that remembers what passed."""
    (tmp_path / "auth").mkdir()
    (tmp_path / "auth" / "config.toml").write_text(ROLE)
    environment = dict(ENVIRONMENT, VPN_PORT_FORWARDING_STATUS_FILE=str(tmp_path / "port"))
    found = Gateway(read(environment, secrets="/nonexistent", files=str(tmp_path)))
    with testing.start_wsgi(create_app(found)) as handle:
        proxy = testing.recording_proxy(handle.url)
        yield found, proxy
        proxy.stop()


class Server:
    """A control server that answers by a table: path to status and body; anything else is 401, as for a route without a role."""

    def __init__(self, table):
        self.table, self.asked, self.keys = table, [], set()

    def __call__(self, environ, start_response):
        self.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        self.keys.add(environ.get("HTTP_X_API_KEY"))
        status, body = self.table.get(environ["PATH_INFO"], (401, "Unauthorized\n"))
        if isinstance(body, str):
            return testing.respond(start_response, status, body.encode(), "text/plain")
        return testing.respond(start_response, status, json.dumps(body).encode())


RUNNING = {"/v1/vpn/status": (200, {"status": "running"}), "/v1/publicip/ip": (200, {"public_ip": "203.0.113.7", "country": "Switzerland", "hostname": "x"})}


def ask(url, **options):
    return run_module("gluetun_info", dict({"url": url, "api_key": KEY, "wait_timeout": 0}, **options))


def test_a_gateway(gateway):
    found, proxy = gateway
    found.port = 5914
    result = ask(proxy.url)
    assert result["changed"] is False and result["status"] == {"status": found.status}
    assert (result["ports"], result["port"]) == ([5914], 5914) and isinstance(result["public_ip"], str)
    assert [entry["path"] for entry in proxy.seen()] == ["/v1/vpn/status", "/v1/publicip/ip", "/v1/portforward"] and proxy.writes() == []
    found.port = 0
    result = ask(proxy.url)
    assert (result["ports"], result["port"]) == ([], 0)


def test_a_wrong_key(gateway):
    dummy, proxy = gateway
    for options in ({"api_key": "another-key-4711"}, {"api_key": None}):
        result = ask(proxy.url, **options)
        assert result["failed"] and "the API key is wrong (401)" in result["msg"] and "auth/config.toml" in result["msg"]
        assert "another-key" not in result["msg"] and "\n" not in result["msg"]


@pytest.mark.parametrize("path, answer, ports", [
    ("/v1/openvpn/portforwarded", {"port": 5914}, [5914]), ("/v1/openvpn/portforwarded", {"ports": [1, 2]}, [1, 2]),
    ("/v1/openvpn/portforwarded", {"port": 0}, []), ("/v1/portforward", {"port": 5914}, [5914]),
    ("/v1/portforward", {"port": 5914, "ports": [5914, 5915]}, [5914, 5915]), ("/v1/portforward", {"port": 0, "ports": None}, []),
    ("/v1/portforward", {"port": 0, "ports": []}, []),
])
def test_answers_of_every_release(path, answer, ports):
    server = Server(dict(RUNNING, **{path: (200, answer)}))
    with testing.start_wsgi(server) as handle:
        result = ask(handle.url)
    assert result["ports"] == ports and result["port"] == (ports + [0])[0]
    assert result["public_ip"] == "203.0.113.7" and result["location"] == {"country": "Switzerland"} and server.keys == {KEY}
    assert {method for method, dummy in server.asked} == {"GET"}


FAULTS = {
    "no role for the ports": (RUNNING, "no role of this key has the route", "GET /v1/portforward (up to v3.40 GET /v1/openvpn/portforwarded)"),
    "another app": ({"/v1/vpn/status": (404, "Not Found")}, "no control server of Gluetun", "correct the URL"),
    "another app with JSON": ({"/v1/vpn/status": (200, ["x"])}, "no control server of Gluetun", "correct the URL"),
    "a page": ({"/v1/vpn/status": (200, "<html></html>")}, "web page", "correct the URL"),
    "an error": (dict(RUNNING, **{"/v1/publicip/ip": (500, "out of order\n")}), "reading /v1/publicip/ip", "out of order (500)"),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_faults(name):
    table, what, remedy = FAULTS[name]
    with testing.start_wsgi(Server(table)) as handle:
        result = ask(handle.url)
    assert result["failed"] and what in result["msg"] and remedy in result["msg"] and "Traceback" not in result["_text"] and KEY not in result["_text"]


def test_nobody_there():
    result = ask("http://127.0.0.1:{0}".format(testing.free_port()))
    assert result["failed"] and "connection refused" in result["msg"]


def test_it_waits_for_a_gateway_that_starts():
    server = Server({"/v1/vpn/status": (503, "")})
    server.table.update({path: answer for path, answer in RUNNING.items() if path != "/v1/vpn/status"}, **{"/v1/portforward": (200, {"port": 7})})

    def ready():
        time.sleep(0.7)
        server.table["/v1/vpn/status"] = (200, {"status": "starting"})

    with testing.start_wsgi(server) as handle:
        threading.Thread(target=ready).start()
        result = ask(handle.url, wait_timeout=20)
    assert result["status"] == {"status": "starting"} and result["ports"] == [7]


def test_ports_of_anything():
    assert [ports_of(answer) for answer in (None, [], "x", {}, {"port": True}, {"ports": ["1", 2]}, {"port": None})] == [[], [], [], [], [], [2], []]


def test_every_returned_value_is_documented(gateway):
    text = (MODULES / "gluetun_info.py").read_text(encoding="utf-8")
    documented = yaml.safe_load(text.partition('RETURN = r"""')[2].partition('"""')[0])
    result = ask(gateway[1].url)
    assert set(documented) == set(result) - {"changed", "invocation", "_text"}
