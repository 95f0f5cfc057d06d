# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever an inventory holds: findings or a plan, never a traceback; and what passes is taken by Compose and by the gateway.

C(RANDOM_INVENTORIES=5000) makes more of them, C(RANDOM_SEED=100000) others.
"""
from __future__ import annotations

import concurrent.futures
import copy
import json
import os
import pathlib
import posixpath
import shutil
import subprocess
import sys

import pytest
import yaml

from ansible_collections.homelab.media.plugins.module_utils import tokens
from ansible_collections.homelab.media.plugins.plugin_utils import plan, secret_marks, vpn

from .conftest import HEALTHY, ROOT, shipped_catalog
from .inventories import NASTY, Maker

if str(ROOT / "lab") not in sys.path:
    sys.path.insert(0, str(ROOT / "lab"))

COUNT = int(os.environ.get("RANDOM_INVENTORIES", "60"))
SEED = int(os.environ.get("RANDOM_SEED", "0"))
PLUGINS = ("~/.docker/cli-plugins", "/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins",
           "/usr/libexec/docker/cli-plugins")
SECRET = "a$b ${HOME} # ' \" \\ {{ \u00e9 ; , <&> end"


def masked(variables):
    """The variables as the action gives them to the plan, and the values of the secrets by their full names."""
    shown, values = copy.deepcopy(variables), {}

    def hide(mapping, key, full):
        value = mapping[key]
        if isinstance(value, dict):
            for name in value:
                hide(value, name, "{0}{1}".format(full, name))
        elif value not in (None, "") and not isinstance(value, list):
            values[full] = str(value)
            mapping[key] = secret_marks.masked(value)

    services = shown.get("media_services")
    for name, service in (services if isinstance(services, dict) else {}).items():
        if isinstance(service, dict) and isinstance(service.get("secrets"), dict):
            hide(service, "secrets", "{0}.".format(name))
    for name, prefix in (("media_admin", "admin."), ("media_secrets", "")):
        if name in shown:
            hide(shown, name, prefix)
    servers = shown.get("media_usenet_servers")
    for server in servers if isinstance(servers, list) else []:
        for key in ("username", "password"):
            if isinstance(server, dict) and key in server and not isinstance(server[key], dict):
                hide(server, key, "media_usenet_servers.{0}.{1}".format(server.get("name"), key))
    return shown, values


def planned(seed, slips):
    """The plan of one random inventory, with all that every plan promises.

    :return: The plan and the secrets of each host, C(None) for an inventory with errors.
    """
    hosts = Maker(seed, slips).make()
    raw, values = {}, {}
    for name, variables in hosts.items():
        variables, values[name] = masked(variables)
        raw[name] = {"variables": variables, "undefined": {}}
    try:
        before = repr(raw)
        found = plan.full(raw, {name: HEALTHY for name in raw}, shipped_catalog())
        json.dumps(found)
        if slips > 1:
            static = plan.static(raw, shipped_catalog())["findings"]
            assert [item for item in static if item not in found["findings"]] == []
        for item in found["findings"]:
            assert item["severity"] in ("error", "warning") and item["key"] and item["message"].strip().endswith(".") and item["remedy"].strip(), item
            assert "Traceback" not in item["message"] and len(item["message"]) < 2000, item
            assert not item["message"].startswith("The catalog's description") or slips, item
        assert repr(raw) == before, "the plan changes what it is given"
    except Exception as error:
        raise AssertionError("seed {0}, {1} slips: {2!r} with\n{3}".format(seed, slips, error, json.dumps(hosts, default=str))) from error
    if any(item["severity"] == "error" for item in found["findings"]):
        return None
    return found, values


@pytest.fixture(scope="module")
def passed():
    """The plans of all inventories without errors, by seed and slips."""
    found = {}
    for number in range(COUNT):
        for slips in [0] + [1] * (number % 2) + [4] * (number % 4 == 0):
            result = planned(SEED + number, slips)
            if result:
                found[(SEED + number, slips)] = result
    return found


def test_every_inventory_gives_findings_or_a_plan(passed):
    # Most of those without a slip are such as somebody could write; otherwise the tests below would prove nothing.
    assert len([key for key in passed if key[1] == 0]) > COUNT * 0.5
    assert len([key for key in passed if key[1]]) > COUNT * 0.05
    assert len({app for found, dummy in passed.values() for host in found["hosts"].values() for project in host["projects"]
                for app in [service["name"] for service in project["services"]] if app in shipped_catalog()}) == len(shipped_catalog())


# -- Compose

def compose_plugin():
    """The program of Compose v2, without Docker's client in front of it; C(None) where there is none."""
    for place in PLUGINS:
        path = os.path.join(os.path.expanduser(place), "docker-compose")
        if os.access(path, os.X_OK):
            return path
    found = shutil.which("docker-compose")
    if found and b" v2" in subprocess.run([found, "version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout:
        return found
    return None


def write(host, secrets, place):
    """The projects of a host with their files below a directory; returns the directories."""
    names = {match.group(2) for entry in host["files"] for match in tokens.TOKEN.finditer(entry["content"])}
    values = {name: "0123456789abcdef" * 2 if name.endswith("_key") else secrets.get(name) or SECRET for name in names}
    directories = [project["directory"] for project in host["projects"]]
    for entry in host["files"]:
        if any(entry["path"].startswith(directory + "/") for directory in directories):
            target = pathlib.Path(str(place) + entry["path"])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(tokens.resolve(entry["content"], values, {name: "0" * 32 for name in host["digests"]}), encoding="utf-8")
    return [str(place) + directory for directory in directories]


def refused(program, place, directories):
    """What Compose says against the projects of a host, all at once; empty when it takes them."""
    # Its names are those of a host, where no two projects have a service of one name.
    (place / "all.yml").write_text(json.dumps({"name": "all", "include": [posixpath.join(directory, "compose.yml") for directory in directories]}),
                                   encoding="utf-8")
    done = subprocess.run([program, "-f", str(place / "all.yml"), "config", "-q"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    return done.stdout.strip() or done.returncode


def test_compose_takes_what_passes(passed, tmp_path):
    program = compose_plugin()
    if program is None:
        pytest.skip("there is no Compose v2 here")
    work, seen = {}, set()
    for (seed, slips), (found, values) in passed.items():
        for name, host in found["hosts"].items():
            place = tmp_path / "{0}-{1}-{2}".format(seed, slips, name)
            directories = write(host, values[name], place)
            texts = tuple(pathlib.Path(directory, "compose.yml").read_text(encoding="utf-8") for directory in directories)
            # A slip often leaves the files as they were.
            if texts and texts not in seen:
                seen.add(texts)
                work[place] = directories
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        said = {place.name: text for place, text in zip(work, pool.map(lambda place: refused(program, place, work[place]), work)) if text}
    assert said == {}
    assert len(seen) > COUNT / 2


def test_compose_refuses_what_it_should(tmp_path):
    """Otherwise the test above would prove nothing."""
    program = compose_plugin()
    if program is None:
        pytest.skip("there is no Compose v2 here")
    for number, text in enumerate(("services: {a: {image: x, prots: []}}", "services: {a: {image: x, network_mode: 'service:b'}}",
                                   "services: {a: {image: x, environment: {A: '${NOBODY}'}}}", "services: {a: {image: x, env_file: [./none.env]}}")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "compose.yml").write_text(text, encoding="utf-8")
        assert refused(program, tmp_path, [str(tmp_path / str(number))]), text


# -- the gateway

def gateways(found):
    """Every gateway of a plan: host, its service in the compose file, its name."""
    for host in found["hosts"].values():
        for project in host["projects"]:
            for service in project["services"]:
                if service["gateway"]:
                    text = {entry["path"]: entry["content"] for entry in host["files"]}[project["directory"] + "/compose.yml"]
                    yield host, yaml.safe_load(text)["services"][service["name"]], service["name"]


def started(host, model, name, secrets, place):
    """What the lab's gateway, which is as strict as v3.41, reads from what is planned; it raises C(Wrong) where Gluetun would not start."""
    from standins.gluetun.settings import read

    values = {full: value for full, value in secrets.items() if full.startswith(name + ".")}
    values.setdefault(name + ".control_api_key", 32 * "0")
    variables = {key: str(value).replace("$$", "$") for key, value in model["environment"].items()}
    mounts = {volume.split(":")[0]: volume.split(":")[1] for volume in model["volumes"]}
    contents = {entry["path"]: entry["content"] for entry in host["files"]}
    for path in model.get("env_file", []):
        content = next(text for other, text in contents.items() if other.endswith(path.lstrip(".")) and "/{0}.env".format(name) in other)
        for line in content.splitlines():
            key, dummy, value = line.partition("=")
            variables[key] = values[tokens.TOKEN.search(value).group(2)]
    for path, content in contents.items():
        inside = mounts.get(path) or ("/gluetun/auth/config.toml" if path.endswith("/{0}/auth/config.toml".format(name)) else None)
        if inside:
            target = place / inside.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(tokens.resolve(content, values), encoding="utf-8")
    if "OPENVPN_CUSTOM_CONFIG" in variables:
        variables["OPENVPN_CUSTOM_CONFIG"] = str(place) + variables["OPENVPN_CUSTOM_CONFIG"]
    return read(variables, secrets=str(place / "run" / "secrets"), files=str(place / "gluetun"))


def test_the_gateway_takes_what_passes(passed, tmp_path):
    from standins.gluetun.settings import Wrong

    said, providers = {}, set()
    for key, (found, values) in passed.items():
        host_names = {id(host): name for name, host in found["hosts"].items()}
        for host, model, name in gateways(found):
            if vpn.generation(model["image"].rpartition(":")[2], "v3.41.3")[:2] != (3, 41):
                # Another release is as strict about other things; the tables of test_vpn_environment.py have them.
                continue
            try:
                read = started(host, model, name, values[host_names[id(host)]], tmp_path / "{0}-{1}-{2}-{3}".format(*key, host_names[id(host)], name))
            except Wrong as error:
                said[key + (name,)] = str(error)
                continue
            providers.add((read["type"], read["name"]))
            assert read["firewall"] is True and read["roles"] and all(role["auth"] == "apikey" for role in read["roles"]), key
    assert said == {} and len(providers) > 5


PAIRS = [("wireguard", name) for name in vpn.WIREGUARD] + [("openvpn", name) for name in vpn.OPENVPN]


def test_the_gateway_takes_every_provider_that_passes(tmp_path):
    """The same for a gateway alone, with more settings, each provider several times."""
    from standins.gluetun.settings import Wrong

    said, taken = {}, dict.fromkeys(PAIRS, 0)
    for number in range(max(COUNT * 2, 6 * len(PAIRS))):
        maker, pair = Maker(SEED + number), PAIRS[number % len(PAIRS)]
        # First each with nothing but what it needs.
        described = maker.gateway(*pair, plain=number < len(PAIRS))
        known = shipped_catalog()["gluetun"]["settings"] if number >= len(PAIRS) else {}
        described["settings"].update({name: maker.value(known[name]) for name in maker.few(set(known) - {"provider", "type"}, 3)})
        if known and maker.some(0.2):
            described["settings"][maker.one(known)] = maker.junk()
        shown, values = masked({"media_services": {"gluetun": described}, "media_address": "192.168.1.12"})
        found = plan.full({"h": {"variables": shown, "undefined": {}}}, {"h": HEALTHY}, shipped_catalog())
        if any(item["severity"] == "error" for item in found["findings"]):
            continue
        for host, model, name in gateways(found):
            if vpn.generation(model["image"].rpartition(":")[2], "v3.41.3")[:2] == (3, 41):
                try:
                    read = started(host, model, name, values, tmp_path / str(number))
                    taken[(read["type"], read["name"])] += 1
                except Wrong as error:
                    said[number] = "{0} with {1}".format(error, described["settings"])
    assert said == {}
    assert [pair for pair in PAIRS if not taken[pair]] == []


# What they found, each by itself: services, and the keys of all errors.
FOUND = [
    ({"maintainerr": {}, "seerr": {}}, []),
    ({"maintainerr": {}, "overseerr": {}}, []),
    ({"recyclarr": {"settings": {"instances": {"sonarr": 3}}}, "sonarr": {}}, ["media_services.recyclarr.settings.instances.sonarr"]),
    ({"recyclarr": {"settings": {"sonarr": {"a: b": [1]}}}, "sonarr": {}}, []),
    ({"seerr": {"settings": {"quality_profiles": {"radarr": ["HD"]}}}, "radarr": {}}, ["media_services.seerr.settings.quality_profiles.radarr"]),
    ({"sonarr": {"env": {"": "x"}}}, ["media_services.sonarr.env"]),
]


@pytest.mark.parametrize("services, keys", FOUND)
def test_what_they_found(services, keys):
    raw = {"h": {"variables": {"media_address": "192.168.1.12", "media_services": services}, "undefined": {}}}
    before = copy.deepcopy(raw)
    found = plan.full(raw, {"h": HEALTHY}, shipped_catalog())
    assert [item["key"] for item in found["findings"] if item["severity"] == "error"] == keys and raw == before
    for entry in found["hosts"]["h"]["files"]:
        if entry["path"].endswith("recyclarr.yml"):
            yaml.safe_load(entry["content"].replace("!secret", ""))


def test_a_number_always_gives_the_same_inventory():
    first = [repr(Maker(number, 4).make()) for number in range(40)]
    assert [repr(Maker(number, 4).make()) for number in range(40)] == first and len(set(first)) == 40


def test_nasty_text_is_in_them():
    """What the inventories are made of is what breaks files and shells."""
    assert any("${" in text for text in NASTY) and any("\n" in text for text in NASTY) and any("'" in text for text in NASTY)
