# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page about VPN providers tells people to write is what the plan takes: every example, every provider, no more and no less."""
from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.homelab.media.plugins.plugin_utils import plan, secret_marks, vpn

from .conftest import HEALTHY, ROOT, inventory, shipped_catalog
from .test_vpn_rules import KEY, LOGIN, PEM

PAGE = (ROOT / "inventory" / "example" / "VPN.md").read_text(encoding="utf-8")
EXAMPLES = re.findall("(?s)```yaml\n(.*?)```", PAGE)
VALUES = dict(LOGIN, wireguard_private_key=KEY, wireguard_preshared_key=KEY, openvpn_cert=PEM, openvpn_key=PEM, openvpn_encrypted_key=PEM,
              openvpn_key_passphrase="some passphrase", openvpn_custom_config="client\nremote 203.0.113.9 1194 udp\n", forwarding_user="p1234567",
              forwarding_password="some password")
SETTINGS = {"addresses": ["10.64.0.2/32"], "endpoint_ip": "203.0.113.9", "endpoint_port": 51820, "public_key": KEY}


def findings(services):
    """What the plan says, with secrets masked as the action does it."""
    for service in services.values():
        if "secrets" in service:
            service["secrets"] = {name: secret_marks.masked(VALUES[name]) for name in service["secrets"]}
    found = plan.full({"h": inventory(services)}, {"h": HEALTHY}, shipped_catalog())
    return [item for item in found["findings"] if not item["key"].startswith("media_services.qbittorrent")]


@pytest.mark.parametrize("text", EXAMPLES, ids=[str(number) for number in range(len(EXAMPLES))])
def test_every_example_plans(text):
    assert findings(yaml.safe_load(text)["media_services"]) == []


def table(heading):
    """The rows of the table below a heading: providers, and the words in backticks of each other column."""
    part = PAGE.partition("\n## " + heading + "\n")[2].partition("\n## ")[0]
    for line in part.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            yield re.findall("`([^`]+)`", cells[0]), [re.findall("`([a-z_]+)`", cell) for cell in cells[1:]]


WIREGUARD = {provider: (settings, secrets) for providers, (settings, secrets) in table("WireGuard") for provider in providers}
OPENVPN = {provider: ([], secrets) for providers, (secrets,) in table("OpenVPN") for provider in providers}
OPTIONAL = {("custom", "wireguard_preshared_key"), ("custom", "openvpn_user"), ("custom", "openvpn_password"), ("ivpn", "openvpn_password")}


def test_every_provider_is_there():
    assert set(WIREGUARD) == set(vpn.WIREGUARD) and set(OPENVPN) == set(vpn.OPENVPN)


@pytest.mark.parametrize("kind, provider", [("wireguard", name) for name in sorted(WIREGUARD)] + [("openvpn", name) for name in sorted(OPENVPN)])
def test_what_is_named_is_enough_and_needed(kind, provider):
    settings, secrets = (WIREGUARD if kind == "wireguard" else OPENVPN)[provider]

    def gateway(without=None):
        given = {name: SETTINGS[name] for name in settings if name != without}
        return {"gluetun": {"settings": dict(given, provider=provider, type=kind), "secrets": {name: "" for name in secrets if name != without}}}

    assert findings(gateway()) == []
    for name in settings + [name for name in secrets if (provider, name) not in OPTIONAL]:
        assert any(item["severity"] == "error" and item["key"].endswith(name) for item in findings(gateway(name))), name
