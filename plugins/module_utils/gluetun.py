# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control server of the VPN gateway Gluetun: what the tunnel does, seen from outside, and the ports that the provider forwards.

Facts: internal/server of Gluetun v3.40.0 and v3.41.1. A route that no role names, and one that a release does not have, is answered with 401.
"""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.forwarding import FORWARDED, NO_ROUTE, ports_of

STATUS = "/v1/vpn/status"
PUBLIC_IP = "/v1/publicip/ip"


class GluetunClient(ApiClient):
    """The control server of one gateway.

    :param api_key: The key of a role; without one, only what is public is read.
    """

    wrong_key = "give the key of a role that has this route in auth/config.toml of the gateway"

    def __init__(self, url, api_key=None, **options):
        super().__init__(url, headers={"X-API-Key": api_key} if api_key else {}, secrets=[api_key] if api_key else [], **options)

    def connect(self):
        """Wait until the control server answers, and make sure that it is one.

        :return: C({"status": "running"}), or another status such as C(stopped), C(starting) or C(crashed).
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        try:
            answer = self.patient("GET", STATUS)
        except MediaError as error:
            if error.status in (400, 404, 405):
                raise MediaError("connecting to {0}: there is no control server of Gluetun; correct the URL".format(self.url), error.status) from None
            raise
        if not isinstance(answer, dict) or not isinstance(answer.get("status"), str):
            raise MediaError("connecting to {0}: what answers there is no control server of Gluetun; correct the URL".format(self.url))
        return answer

    def forwarded(self):
        """The ports that the provider forwards, by the route that the release has."""
        for path in FORWARDED:
            try:
                return ports_of(self.request("GET", path))
            except MediaError as error:
                if error.status not in NO_ROUTE:
                    raise
        raise MediaError("reading the forwarded ports at {0}: no role of this key has the route; name GET {1} (up to v3.40 GET {2}) in "
                         "auth/config.toml of the gateway".format(self.url, *FORWARDED), 401)


def inspect(client):
    """What a gateway tells about itself."""
    seen = client.request("GET", PUBLIC_IP) or {}
    ports = client.forwarded()
    return {
        "public_ip": seen.get("public_ip") or "",
        "location": {name: seen[name] for name in ("country", "region", "city", "organization") if seen.get(name)},
        "ports": ports,
        "port": ports[0] if ports else 0,
    }
