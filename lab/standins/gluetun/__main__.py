# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standins.gluetun [healthcheck]``: the gateway, or the image's own probe."""
from __future__ import annotations

import os
import sys


def healthcheck():
    """Ask the health server; Flask is not loaded for that."""
    import http.client

    host, _colon, port = (os.environ.get("HEALTH_SERVER_ADDRESS") or "127.0.0.1:9999").rpartition(":")
    connection = http.client.HTTPConnection(host or "127.0.0.1", int(port), timeout=4)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace").strip()
    except OSError as error:
        print(f"ERROR {error}")
        return 1
    if answer.status != 200:
        print(f"ERROR unhealthy: {text}")
    return int(answer.status != 200)


def main():
    if "healthcheck" in sys.argv[1:]:
        sys.exit(healthcheck())
    from ..common import Lab, serve_in_thread
    from ..kit import arguments, run
    from . import network
    from .service import VERSION, Gateway, create_app, health_app
    from .settings import Wrong, read

    parser = arguments("gluetun", "/gluetun", None, __doc__)
    parser.add_argument("--no-network", action="store_true", help="leave tunnel device, routes and firewall alone (for tests)")
    parser.add_argument("--secrets", default="/run/secrets")
    parser.add_argument("command", nargs="?", choices=["healthcheck"])
    options = parser.parse_args()
    try:
        settings = read(os.environ, options.secrets, options.config, ipv6=os.path.exists("/proc/net/if_inet6") and has_ipv6())
        for text in settings["warnings"]:
            print(f"WARN {text}", flush=True)
        tunnel, firewall = None, None
        if not options.no_network:
            if not network.capable():
                raise network.Unable("iptables: operation not permitted: the container lacks the capability NET_ADMIN")
            network.check_tun()
            if settings["firewall"]:
                firewall = network.Firewall(settings, lambda rule: print(f"DEBUG [firewall] {rule}", flush=True))
                firewall.close()
            network.route(settings)
            tunnel = network.WireGuard(settings) if settings.get("wireguard") and settings["endpoint_ip"] else network.Swallow(settings)
    except (Wrong, network.Unable) as error:
        print(f"ERROR {error}\nINFO Shutdown successful", flush=True)
        sys.exit(1)
    gateway = Gateway(settings, tunnel, firewall)
    health_host, health_port = settings["health_address"]
    serve_in_thread(Lab(health_app(gateway)), health_host or "0.0.0.0", health_port)
    gateway.start()
    host, port = settings["control_address"]
    config = options.config if os.path.isdir(options.config) and os.access(options.config, os.W_OK) else None
    run("Gluetun", VERSION, create_app(gateway), config, host or options.host, options.port or port,
        before_end=gateway.shut_down)


def has_ipv6():
    """A global IPv6 address on something else than lo."""
    with open("/proc/net/if_inet6", encoding="ascii") as stream:
        return any(line.split()[3] == "00" and line.split()[5] != "lo" for line in stream)


if __name__ == "__main__":
    main()
