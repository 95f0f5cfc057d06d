"""What the tests of the plan share: inventories as plain data, and a host on which everything is well."""
from __future__ import annotations

import copy
import functools
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
if str(ROOT / ".collections") not in sys.path:
    sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.homelab.media.plugins.plugin_utils import catalog as catalogs  # noqa: E402


@functools.lru_cache(maxsize=None)
def shipped_catalog():
    return catalogs.load()


@pytest.fixture
def catalog():
    return shipped_catalog()


def inventory(services, address="192.168.1.12", **variables):
    """One host's part of an inventory; variables without the prefix media_."""
    values = {"media_" + key: value for key, value in variables.items()}
    values["media_services"] = services
    if address:
        values["media_address"] = address
    return {"variables": values, "undefined": {}}


GLUETUN = {"settings": {"provider": "protonvpn"}, "secrets": {"wireguard_private_key": "*" * 8}}

HEALTHY = {
    "os": {"id": "debian", "version_id": "13", "codename": "trixie", "arch": "x86_64", "raspbian": False},
    "docker": {"present": True, "running": True, "version": "26.1.5", "api_ok": True, "kind": "engine", "compose": "2.26.1",
               "cli": True, "package": "docker.io"},
    "packages": {}, "requests": True, "containers": {}, "listening": [], "networks": [{"name": "bridge", "subnets": ["172.17.0.0/16"]}],
    "routes": ["172.17.0.0/16", "192.168.1.0/24"], "addresses": ["192.168.1.12", "172.17.0.1"],
    "paths": {"/mnt/media": {"exists": True, "mount": True, "fstype": "ext4", "device": 42, "free_bytes": 10 ** 12, "uid": 1000, "gid": 1000,
                             "mode": "2775", "writable": True},
              "/mnt/media/movies": {"exists": True, "device": 42},
              "/mnt/media/downloads": {"exists": True, "device": 42},
              "/var/lib/docker": {"exists": True, "device": 1, "free_bytes": 10 ** 12},
              "/var/lib/homelab-media-configs": {"exists": True, "device": 1, "free_bytes": 10 ** 12}},
    "tun": {"exists": True, "char": True}, "keys": {}, "uids": {"1000": "media"},
}


@pytest.fixture
def healthy():
    return copy.deepcopy(HEALTHY)
