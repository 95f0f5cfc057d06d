# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway starts with what v3.41 starts with, says what is wrong with the rest, and lets nobody in without the key."""
from __future__ import annotations

import base64
import subprocess
import sys
import time

import apps_runner
import pytest
import requests
from standins.testing import LAB, free_port

PRIVATE = base64.b64encode(bytes(range(32))).decode()
PUBLIC = base64.b64encode(bytes(range(1, 33))).decode()
CUSTOM = {"VPN_SERVICE_PROVIDER": "custom", "VPN_TYPE": "wireguard", "WIREGUARD_PRIVATE_KEY": PRIVATE, "WIREGUARD_ADDRESSES": "10.64.0.2/32",
          "WIREGUARD_ENDPOINT_IP": "192.0.2.10", "WIREGUARD_ENDPOINT_PORT": "51820", "WIREGUARD_PUBLIC_KEY": PUBLIC,
          "STANDIN_VPN_DELAY": "0"}
MULLVAD = {"VPN_SERVICE_PROVIDER": "mullvad", "VPN_TYPE": "wireguard", "WIREGUARD_PRIVATE_KEY": PRIVATE, "WIREGUARD_ADDRESSES": "10.64.0.2/32"}
OPENVPN = {"VPN_SERVICE_PROVIDER": "private internet access", "VPN_TYPE": "openvpn", "OPENVPN_USER": "p1", "OPENVPN_PASSWORD": "secret-word"}
ROLE = """[[roles]]
name = "homelab-media"
routes = ["GET /v1/portforward", "GET /v1/vpn/status", "GET /v1/publicip/ip"]
auth = "apikey"
apikey = "0123456789abcdef0123456789abcdef"
"""
FLAGS = ["--no-network", "--secrets", "/nonexistent"]


def without(settings, *names):
    return {name: value for name, value in settings.items() if name not in names}


REFUSED = {
    "provider": ({**MULLVAD, "VPN_SERVICE_PROVIDER": "mulvad"}, "mulvad"),
    "no wireguard there": ({**MULLVAD, "VPN_SERVICE_PROVIDER": "private internet access"}, "private internet access"),
    "type": ({**MULLVAD, "VPN_TYPE": "ipsec"}, "ipsec"),
    "no key": (without(MULLVAD, "WIREGUARD_PRIVATE_KEY"), "private key is not set"),
    "empty key": ({**MULLVAD, "WIREGUARD_PRIVATE_KEY": ""}, "private key is not set"),
    "short key": ({**MULLVAD, "WIREGUARD_PRIVATE_KEY": "c2hvcnQ="}, "private key"),
    "no base64": ({**MULLVAD, "WIREGUARD_PRIVATE_KEY": "x" * 44}, "private key"),
    "no address": (without(MULLVAD, "WIREGUARD_ADDRESSES"), "interface address is not set"),
    "broken address": ({**MULLVAD, "WIREGUARD_ADDRESSES": "10.64.0.2/33"}, "WIREGUARD_ADDRESSES"),
    "custom without endpoint": (without(CUSTOM, "WIREGUARD_ENDPOINT_IP"), "endpoint IP"),
    "endpoint by name": ({**CUSTOM, "WIREGUARD_ENDPOINT_IP": "vpn.example.org"}, "WIREGUARD_ENDPOINT_IP"),
    "custom without port": (without(CUSTOM, "WIREGUARD_ENDPOINT_PORT"), "endpoint port"),
    "custom without public key": (without(CUSTOM, "WIREGUARD_PUBLIC_KEY"), "public key"),
    "port with nordvpn": ({**MULLVAD, "VPN_SERVICE_PROVIDER": "nordvpn", "WIREGUARD_ENDPOINT_PORT": "51820"}, "endpoint port"),
    "airvpn without psk": ({**MULLVAD, "VPN_SERVICE_PROVIDER": "airvpn"}, "pre-shared key"),
    "outbound without mask": ({**MULLVAD, "FIREWALL_OUTBOUND_SUBNETS": "192.168.1.1"}, "FIREWALL_OUTBOUND_SUBNETS"),
    "outbound everything": ({**MULLVAD, "FIREWALL_OUTBOUND_SUBNETS": "0.0.0.0/0"}, "outbound subnet"),
    "outbound text": ({**MULLVAD, "FIREWALL_OUTBOUND_SUBNETS": "lan"}, "FIREWALL_OUTBOUND_SUBNETS"),
    "boolean 1": ({**MULLVAD, "VPN_PORT_FORWARDING": "1"}, "VPN_PORT_FORWARDING"),
    "input port": ({**MULLVAD, "FIREWALL_VPN_INPUT_PORTS": "0"}, "FIREWALL_VPN_INPUT_PORTS"),
    "forwarding with mullvad": ({**MULLVAD, "VPN_PORT_FORWARDING": "on"}, "mullvad"),
    "openvpn without user": (without(OPENVPN, "OPENVPN_USER"), "user"),
    "openvpn without password": (without(OPENVPN, "OPENVPN_PASSWORD"), "password"),
}


@pytest.mark.parametrize("title", REFUSED)
def test_it_does_not_start_with_wrong_settings(title, app):
    environment, reason = REFUSED[title]
    process = app("gluetun", run=False, environment=environment, arguments=FLAGS)
    assert process.ended() == 1
    assert "ERROR" in process.output() and reason in process.output()
    assert PRIVATE not in process.output() and "secret-word" not in process.output()


BROKEN_FILES = {
    "unknown key": ROLE + 'colour = "blue"\n',
    "empty key": ROLE.replace("0123456789abcdef", ""),
    "unknown route": ROLE.replace("/v1/portforward", "/v1/forward"),
    "no toml": "[[roles\n",
}


@pytest.mark.parametrize("title", BROKEN_FILES)
def test_it_does_not_start_with_a_wrong_file_of_roles(title, app):
    process = app("gluetun", run=False, environment=MULLVAD, arguments=FLAGS, files={"auth/config.toml": BROKEN_FILES[title]})
    assert process.ended() == 1 and "ERROR" in process.output()


def start(app, environment, **options):
    health = free_port()
    process = app("gluetun", environment={**environment, "HEALTH_SERVER_ADDRESS": f"127.0.0.1:{health}"}, arguments=FLAGS,
                  probe="/v1/vpn/status", **options)
    process.health = health
    return process


def healthcheck(process):
    return subprocess.run([sys.executable, "-m", "standins.gluetun", "healthcheck"], capture_output=True, text=True, timeout=20, check=False,
                          env={**process.environment, "PYTHONPATH": str(LAB)})


def test_the_control_server_asks_for_the_key(app):
    process = start(app, CUSTOM, files={"auth/config.toml": ROLE})
    key = {"X-API-Key": apps_runner.KEY}

    def get(path, **options):
        return requests.get(process.url + path, timeout=5, **options)

    assert get("/v1/publicip/ip").status_code == 401
    assert get("/v1/publicip/ip", headers={"X-API-Key": "wrong"}).status_code == 401
    assert get("/v1/vpn/status", headers=key).json() == {"status": "running"}
    assert "public_ip" in get("/v1/publicip/ip", headers=key).json()
    assert get("/v1/portforward", headers=key).json()["port"] == 0
    # A file with a role closes what no role names.
    assert get("/v1/dns/status", headers=key).status_code == 401
    assert get("/v1/nothing", headers=key).status_code == 404
    assert get("/v1/vpn/status/", headers=key).status_code == 404
    assert requests.post(process.url + "/v1/vpn/status", timeout=5).status_code == 405
    for _attempt in range(50):
        if healthcheck(process).returncode == 0:
            break
    assert healthcheck(process).returncode == 0
    requests.post(process.url + "/__vpn__", json={"broken": "no handshake"}, timeout=5)
    answer = healthcheck(process)
    assert answer.returncode == 1 and "no handshake" in answer.stdout
    assert requests.get(f"http://127.0.0.1:{process.health}/", timeout=5).status_code == 500


@pytest.mark.parametrize("environment", [MULLVAD, CUSTOM, OPENVPN, {**MULLVAD, "VPN_SERVICE_PROVIDER": "Mullvad"},
                                         {**without(MULLVAD, "WIREGUARD_ADDRESSES"), "VPN_SERVICE_PROVIDER": "protonvpn"},
                                         {**OPENVPN, "VPN_SERVICE_PROVIDER": "pia"},
                                         {**MULLVAD, "FIREWALL_OUTBOUND_SUBNETS": "192.168.1.0/24,172.19.0.0/16", "SERVER_COUNTRIES": "Sweden"}])
def test_it_starts_with_right_settings(environment, app):
    process = start(app, environment)
    assert requests.get(process.url + "/v1/vpn/status", timeout=5).json() == {"status": "running"}


def test_a_secret_file_wins(app, tmp_path):
    place = tmp_path / "secrets"
    place.mkdir()
    (place / "wireguard_private_key").write_text("broken")
    process = app("gluetun", run=False, environment=MULLVAD, arguments=["--no-network", "--secrets", str(place)])
    assert process.ended() == 1
    (place / "wireguard_private_key").write_text(PRIVATE + "\n")
    process = app("gluetun", environment=without(MULLVAD, "WIREGUARD_PRIVATE_KEY"), probe="/v1/vpn/status",
                  arguments=["--no-network", "--secrets", str(place)])
    assert process.process.poll() is None


def test_a_forwarded_port_reaches_its_file_and_command(app, tmp_path):
    told = tmp_path / "told"
    environment = {**OPENVPN, "VPN_PORT_FORWARDING": "on", "VPN_PORT_FORWARDING_STATUS_FILE": str(tmp_path / "port"), "STANDIN_VPN_DELAY": "0",
                   "VPN_PORT_FORWARDING_UP_COMMAND": f"/bin/sh -c 'echo {{{{PORT}}}} {{{{VPN_INTERFACE}}}} > {told}'"}
    process = start(app, environment, files={"auth/config.toml": ROLE})
    process.wait_for("the command has run")
    port = requests.get(process.url + "/v1/portforward", headers={"X-API-Key": apps_runner.KEY}, timeout=5).json()["port"]
    assert port > 1024 and (tmp_path / "port").read_text() == str(port) and told.read_text() == f"{port} tun0\n"
    process.stop()
    assert (tmp_path / "port").read_text() == ""


ALL = ROLE.replace('"GET /v1/publicip/ip"', '"GET /v1/publicip/ip", "PUT /v1/vpn/status", "GET /v1/openvpn/status", "GET /v1/openvpn/portforwarded", '
                   '"GET /openvpn/portforwarded"')


def test_the_control_server_answers_as_the_real_one(app):
    process = start(app, CUSTOM, files={"auth/config.toml": ALL})
    for _attempt in range(50):
        if healthcheck(process).returncode == 0:
            break

    def ask(path, method="GET", **options):
        return requests.request(method, process.url + path, headers={"X-API-Key": apps_runner.KEY}, timeout=5, allow_redirects=False, **options)

    # Of OpenVPN there is nothing that could run; and old places of the port lead to the new one.
    assert ask("/v1/openvpn/status").json() == {"status": "stopped"}
    for path, code in (("/v1/openvpn/portforwarded", 301), ("/openvpn/portforwarded", 308)):
        assert (ask(path).status_code, ask(path).headers["Location"]) == (code, "/v1/portforward")
    # A VPN that somebody has stopped is as healthy as it was.
    assert ask("/v1/vpn/status", "PUT", json={"status": "stopped"}).json() == {"outcome": "stopped"}
    assert ask("/v1/vpn/status").json() == {"status": "stopped"} and healthcheck(process).returncode == 0
    assert ask("/v1/vpn/status", "PUT", json={"status": "running"}).json() == {"outcome": "running"}


def test_pia_with_a_custom_server_ends_without_its_name(app):
    process = app("gluetun", run=False, arguments=FLAGS, environment={
        **CUSTOM, "VPN_PORT_FORWARDING": "on", "VPN_PORT_FORWARDING_PROVIDER": "private internet access", "VPN_PORT_FORWARDING_USERNAME": "p1",
        "VPN_PORT_FORWARDING_PASSWORD": "secret-word", "HEALTH_SERVER_ADDRESS": f"127.0.0.1:{free_port()}"})
    assert process.ended() == 2 and "server name cannot be empty" in process.output()


def test_the_port_stays_until_the_up_command_has_ended(app, tmp_path):
    told = tmp_path / "told"
    environment = {**OPENVPN, "VPN_PORT_FORWARDING": "on", "VPN_PORT_FORWARDING_STATUS_FILE": str(tmp_path / "port"), "STANDIN_VPN_DELAY": "0",
                   "VPN_PORT_FORWARDING_UP_COMMAND": f"/bin/sh -c 'sleep 1; echo up {{{{PORT}}}} >> {told}'",
                   "VPN_PORT_FORWARDING_DOWN_COMMAND": f"/bin/sh -c 'echo down {{{{PORT}}}} >> {told}'"}
    process = start(app, environment)
    requests.post(process.url + "/__vpn__", json={"port": 5915}, timeout=10)
    process.wait_for("the command has run")
    for _attempt in range(50):
        if told.read_text().endswith("up 5915\n"):
            break
        time.sleep(0.1)
    assert told.read_text().splitlines() == ["up 5914", "down 5914", "up 5915"]
