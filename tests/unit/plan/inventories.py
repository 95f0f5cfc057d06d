# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random inventories from a number: most of them such as people write, with a slip or two; some of them nonsense."""
from __future__ import annotations

import copy
import random

from ansible_collections.homelab.media.plugins.plugin_utils import usenet, vpn
from ansible_collections.homelab.media.plugins.plugin_utils.inventory import INSTANCE, VARIABLES

from .conftest import shipped_catalog
from .test_vpn_rules import CUSTOM, KEY, PEM, PUBLIC

HOSTS = ("ct-docker-01", "ct-media-01", "nas")
NASTY = [
    "a$b ${HOME} # ' \" \\ {{ \u00e9 ; , <&> end", "$$", "${", "#x", " x ", "a: b", "- x", "'", '"', "@x", "%x", "!x", "&x", "*x", "|", "0o17", "1_000", "yes",
    "~", "null", "1e3", "0x1F", "2001-01-01", "12:30:45", "=", "\u2028", "\x7f", "\u0085", "\ufeff", "\U0001f3ac", "a\nb", "a\tb", "x" * 300, "\\", "\\n",
    "[", "{", "}", "]", ">", "?", ":"]
JUNK = [
    None, True, False, 0, 1, -1, 7, 70000, 10 ** 30, 3.7, float("nan"), float("inf"), "", " ", "\n", "x", "\u00fc", "\x00", "{{ x }}", "{% if %}", "${HOME}",
    "$", "[]", "{}", [], {}, [None], [[]], {"a": None}, {1: 2}, {None: 1}, {True: "x"}, {"secret": "x"}, {"secret": None}, {"secret": {"secret": 1}},
    {"secret": 3, "x": 1}, ["x", 1, {}], "1.2.3.4", "10.0.0.0/8", "::1", "/", "/x", "/x:/y", "../x", "x/y", "2026-01-01", "gluetun", "sonarr", "latest",
    "99999999999999999999"]
STATES = ["started", "stopped", "absent"]


class Maker:
    """Makes one inventory.

    :param seed: What it is made from.
    :param slips: How many values are replaced by nonsense, 0 for an inventory such as it should be.
    """

    def __init__(self, seed, slips=0):
        self.random = random.Random(seed)
        self.slips = slips
        self.catalog = shipped_catalog()
        self.apps = sorted(self.catalog)
        self.number = 2000

    def next(self):
        """A number that no other place of the inventory has."""
        self.number += 1
        return self.number

    def some(self, chance):
        return self.random.random() < chance

    def one(self, values):
        return self.random.choice(list(values))

    def few(self, values, most=3):
        values = list(values)
        return self.random.sample(values, self.random.randint(0, min(most, len(values))))

    # -- values by type

    def value(self, spec):
        """A value that fits a specification of the schema, as far as that can be said without knowing what it is for."""
        kind = spec.get("type", "str")
        if spec.get("choices"):
            return self.one(spec["choices"]) if kind != "list" else self.few(spec["choices"])
        if kind == "bool":
            return self.one([True, False, "yes", "no", "on", "True"])
        if kind == "int":
            return self.random.randint(spec.get("min", 0) or 0, min(spec.get("max", 50) or 50, 5000))
        if kind == "port":
            return self.one([self.random.randint(2000, 2100), str(self.random.randint(2000, 2100)), 65535, 1])
        if kind == "list":
            return [self.value({"type": spec.get("elements", "str")}) for dummy in range(self.random.randint(0, 3))]
        if kind == "dict":
            values = {"dict": [{"y": 1}, {}], "str": ["x", 3]}.get(spec.get("elements"), ["x", 3, True, ["x"], {"y": 1}])
            return {self.one(["a", "b c", "tv", "sonarr", "default"]): self.one(values) for dummy in range(self.random.randint(0, 2))}
        return {"path": lambda: self.one(["/srv/a", "/mnt/media/x", "/opt/b c", "/data"]), "id": lambda: self.one([1000, 1001, "33"]),
                "umask": lambda: self.one(["002", "0002", "007", 2]), "cidr": lambda: self.one(["10.3.0.0/16", "192.168.7.0/24"]),
                "address": lambda: self.one(["192.168.1.12", "10.0.0.3", "host.lan", "fd00::3"]), "url_base": lambda: self.one(["/x", "y/z", ""]),
                "bind": lambda: self.one(["loopback", "all", "none", "all", "192.168.1.12"]), "name": lambda: self.one(["one", "homelab-torrent"])}.get(
                    kind, lambda: self.one(["x", "Some Words", "1h", "30 3 * * *", "daily", 7] + (NASTY if self.some(0.3) else [])))()

    def text(self):
        return self.one(NASTY + ["value", "http://sonarr:8989", "12"])

    # -- parts

    def gateway(self, kind=None, provider=None, plain=False):
        """A description of a gateway by whichever provider, with what that one needs.

        :param plain: With nothing else.
        """
        kind = kind or self.one(["wireguard", "openvpn"])
        provider = provider or self.one(vpn.WIREGUARD if kind == "wireguard" else vpn.OPENVPN)
        settings, secrets = {"provider": provider, "type": kind}, {}
        if kind == "wireguard":
            secrets = {"wireguard_private_key": KEY}
            if provider == "custom":
                settings.update(copy.deepcopy(CUSTOM))
            elif provider not in ("protonvpn", "nordvpn"):
                settings["addresses"] = ["10.64.0.2/32"]
            if provider == "airvpn" or self.some(0.2):
                secrets["wireguard_preshared_key"] = PUBLIC
        else:
            user = "someuser+pmp" if provider == "protonvpn" else self.one(["someuser", "i-AbCd-1234-EfGh"])
            secrets = {"openvpn_user": user, "openvpn_password": "some password", "openvpn_cert": PEM,
                       "openvpn_key": PEM, "openvpn_encrypted_key": PEM, "openvpn_key_passphrase": "passphrase",
                       "openvpn_custom_config": "client\nremote 203.0.113.9 1194\n"}
        if plain:
            return {"settings": settings, "secrets": secrets}
        if provider in ("protonvpn", "private internet access", "privatevpn", "perfect privacy") and self.some(0.6):
            settings["port_forwarding"] = True
        if provider == "custom" and kind == "wireguard" and self.some(0.5):
            settings.update(port_forwarding=True, forwarding_provider=self.one(["protonvpn", "private internet access"]), names=["london401"])
            secrets.update(forwarding_user="p1234567", forwarding_password="some password")
        more = {
            "countries": ["Switzerland", "\u00d6sterreich"], "cities": ["Z\u00fcrich"], "mtu": 1280, "keepalive": "25s", "dns_type": "doh",
            "dns_resolvers": ["cloudflare", "quad9"], "dns_addresses": ["1.1.1.1"], "http_proxy": True, "outbound_subnets": ["192.168.7.0/24"],
            "input_ports": [8081], "vpn_input_ports": [51413], "implementation": "userspace", "protocol": "tcp", "secure_core_only": True, "owned_only": "no",
            "shadowsocks": True, "endpoint_port": 1194, "dns_update_period": "24h", "flags": ["--mute", "9"]}
        known = self.catalog["gluetun"]["settings"]
        for name in self.few(more, 3):
            if name in known and self.some(0.7):
                settings[name] = more[name]
        if "shadowsocks" in settings:
            secrets["shadowsocks_password"] = "some password"
        if self.some(0.2):
            name = self.one(known)
            settings[name] = self.value(known[name])
        found = {"settings": settings, "secrets": secrets, "port": self.next()}
        if self.some(0.1):
            found["version"] = self.one(["v3.39.1", "v3.40.0", "latest", "v3.41.1"])
        if self.some(0.1):
            found["env"] = {self.one(["FIREWALL", "HTTPPROXY_STEALTH", "PUBLICIP_ENABLED"]): self.one(["on", True, "yes"])}
        return found

    def options(self, app, gateways):
        """The options of an app that is no gateway."""
        entry, found = self.catalog[app], {}
        if gateways and entry.get("port") and self.some(0.5):
            found["via"] = self.one(gateways)
        if entry.get("port"):
            if self.some(0.5) or app in ("sabnzbd", "overseerr"):
                found["port"] = self.next()
            if entry["port"].get("url_base") and self.some(0.2):
                found["url_base"] = self.one(["/x", "apps/y", "/z/"])
            if self.some(0.15):
                found["bind"] = self.value({"type": "bind"})
        makers = {
            "env": lambda: {self.one(["A", "B_C", "lower", "HTTP_PROXY"]): self.one([self.text(), 3, True, 2.5]) for dummy in range(2)},
            "labels": lambda: {self.one(["a.b", "traefik.enable", "x/y"]): self.one([self.text(), 3, True])},
            "volumes": lambda: [self.one(["/srv/x:/x", "/srv/x:/x:ro", "/srv/y z:/y", "/mnt/a$b:/c", "/srv/'q':/q"])],
            "devices": lambda: [self.one(["/dev/dri:/dev/dri", "/dev/ttyUSB0", "/dev/dri:/dev/dri:rwm"])],
            "state": lambda: self.one(STATES), "project": lambda: self.one(["one", "homelab-x"]), "version": lambda: self.one(["1.2.3", "latest", 4, "4.0"]),
            "image": lambda: self.one(["ghcr.io/x/y", "localhost:5000/x", "x"]),
            "config_dir": lambda: "/srv/configs/{0} {1}".format(self.one("ab$"), self.next()),
            "uid": lambda: self.one([1000, 1001]), "gid": lambda: 1000, "adopt": lambda: self.some(0.5)}
        for name in makers:
            if name in ("uid", "gid") and entry["user"]["convention"] == "fixed" or name == "project" and "via" in found:
                continue
            if self.some(0.06):
                found[name] = makers[name]()
        if self.some(0.3):
            settings = {name: self.value(spec) for name, spec in entry["settings"].items()
                        if name not in ("resources", "servers", "root_folders") and self.some(0.3)}
            if "root_folders" in entry["settings"] and self.some(0.3):
                settings["root_folders"] = ["/data/of {0}".format(self.next())]
            found["settings"] = settings
        if self.some(0.15) and entry["secrets"]:
            found["secrets"] = {self.one(entry["secrets"]): self.one(["s0me-long-secret", "a$b${c}'\"\\ \u00e9 secret"])}
        return found

    def services(self):
        found, gateways = {}, []
        for number in range(self.one([0, 0, 1, 1, 1, 2])):
            name = "gluetun" if number == 0 else "vpn-" + str(number)
            found[name] = dict(self.gateway(), **({} if number == 0 else {"app": "gluetun"}))
            gateways.append(name)
        # Nobody has both, and which of them would be asked is for the person to say.
        left_out = self.one(["seerr", "overseerr"])
        for app in self.few([app for app in self.apps if app not in ("gluetun", left_out)], 9):
            found[app] = self.options(app, gateways)
            if self.some(0.2) and app in ("radarr", "sonarr", "nzbget", "sabnzbd"):
                second = app + ("-4k" if "4k" in self.catalog[app]["variants"] else "-2")
                found[second] = dict(self.options(app, gateways), app=app, port=self.next())
                if second.endswith("4k"):
                    found[second]["variant"] = "4k"
            elif self.some(0.05):
                found[app] = None
        return found

    def server(self):
        found = {"name": "{0} {1}".format(self.one(["provider", "block account", "b.2"]), self.next()), "host": self.one(["news.example.org", "10.9.9.9"])}
        for option, spec in usenet.OPTIONS.items():
            if option not in found and option not in usenet.SECRETS and self.some(0.3):
                found[option] = self.value(spec)
        if self.some(0.6):
            found.update(username="somebody", password="s0me-long-secret")
        return found

    def variables(self):
        found = {"media_services": self.services()}
        if self.some(0.95):
            found["media_address"] = self.one(["192.168.1.12", "192.168.1.12", "host.lan"])
        for name, spec in VARIABLES.items():
            if name not in ("media_services", "media_secrets", "media_admin", "media_purge", "media_catalog_paths", "media_address", "media_network",
                            "media_usenet_servers", "media_registry") and self.some(0.1):
                found[name] = self.value(spec)
        if self.some(0.2):
            found["media_network"] = {"subnet": self.one(["172.29.0.0/16", "10.66.0.0/24"]), "name": self.one(["my_net", "homelab"])}
        if self.some(0.3):
            found["media_admin"] = {"username": "media", "password": self.one(["s0me-long-secret", "a$b ${c} ' \" \\ \u00e9"])}
        if self.some(0.2):
            found["media_purge"] = {self.one(["indexer", "tag", "download_client"]): self.one([True, {"ignore": ["x"]}])}
        if self.some(0.3):
            found["media_usenet_servers"] = [self.server() for dummy in range(self.random.randint(1, 2))]
        if self.some(0.1):
            found["media_registry"] = "registry.lan:5000"
        return found

    # -- slips

    def places(self, value):
        """Every place in a value: container and key."""
        found = []
        for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
            found.append((value, key))
            found += self.places(item)
        return found

    def junk(self):
        """Nonsense that nobody else holds, since another slip may change it."""
        return copy.deepcopy(
            self.one(JUNK + NASTY) if self.some(0.8) else self.one([[self.one(JUNK)], {self.one(["a", "name", "secret", 3]): self.one(JUNK)}]))

    def slip(self, variables):
        """One thing that is wrong, or as good as."""
        container, key = self.one(self.places(variables))
        how = self.random.random()
        if how < 0.2 and isinstance(container, dict):
            name = str(key)
            container[self.one([name[:-1], name + "s", name.upper(), name.replace("_", "-"), "x"])] = container.pop(key)
        elif how < 0.45 and isinstance(container[key], dict):
            container[key][self.one(list(INSTANCE) + list(VARIABLES) + ["provider", "servers", "resources", "x"])] = self.junk()
        elif how < 0.55 and isinstance(container, dict):
            del container[key]
        else:
            container[key] = self.junk()

    def make(self):
        """C({host: variables})."""
        hosts = {name: self.variables() for name in self.random.sample(HOSTS, self.one([1, 1, 1, 1, 1, 1, 1, 1, 2, 3]))}
        for dummy in range(self.slips):
            variables = self.one(hosts.values())
            if variables:
                self.slip(variables)
        return hosts
