"""Whatever somebody writes: findings, never a traceback; and what is planned without an error holds together."""
from __future__ import annotations

import json

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.homelab.media.plugins.plugin_utils import plan, schema, values
from ansible_collections.homelab.media.plugins.plugin_utils.inventory import INSTANCE, VARIABLES

from .conftest import HEALTHY, shipped_catalog

APPS = sorted(shipped_catalog())
JUNK = st.recursive(st.none() | st.booleans() | st.integers(-5, 70000) | st.text(max_size=8) | st.sampled_from(APPS + ["/data", "1.2.3.4", "10.0.0.0/8"]),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.sampled_from(["secret", "tv"]), inner, max_size=3),
                    max_leaves=6)
NAMES = st.sampled_from(APPS + ["radarr-4k", "nzbget-2", "tv"]) | st.text(max_size=5)
INSTANCES = st.dictionaries(st.sampled_from(sorted(INSTANCE)) | st.text(max_size=5), JUNK, max_size=4) | JUNK
HOSTS = st.fixed_dictionaries({"media_services": st.dictionaries(NAMES, INSTANCES, max_size=5) | JUNK}, optional={
    key: JUNK for key in VARIABLES if key not in ("media_services", "media_catalog_paths")})
FAST = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@FAST
@given(st.dictionaries(st.sampled_from(["a", "b"]), HOSTS, min_size=1, max_size=2))
def test_nonsense_gives_findings(hosts):
    raw = {name: {"variables": variables, "undefined": {}} for name, variables in hosts.items()}
    found = plan.static(raw, shipped_catalog())
    for item in found["findings"]:
        assert item["severity"] in ("error", "warning") and item["message"] and item["remedy"] and item["key"]
    json.dumps(plan.full(raw, {name: HEALTHY for name in raw}, shipped_catalog()))


SANE = st.fixed_dictionaries({}, optional={
    "via": st.just("gluetun"), "port": st.integers(2000, 2040), "bind": st.sampled_from(["loopback", "all", "none"]),
    "state": st.sampled_from(["started", "started", "stopped", "absent"]), "project": st.sampled_from(["one", "two"]),
    "env": st.just({"X": "$1"}), "adopt": st.booleans()})


@FAST
@given(st.dictionaries(st.sampled_from(APPS), SANE, min_size=1, max_size=8), st.booleans())
def test_a_plan_without_errors_holds_together(services, address):
    services = {name: {key: value for key, value in service.items() if not (name == "gluetun" and key == "via")} for name, service in services.items()}
    if "gluetun" in services:
        services["gluetun"].update(settings={"provider": "protonvpn"}, secrets={"wireguard_private_key": "k" * 43 + "="})
    variables = {"media_services": services}
    if address:
        variables["media_address"] = "192.168.1.12"
    raw = {"h": {"variables": variables, "undefined": {}}}
    result = plan.full(raw, {"h": HEALTHY}, shipped_catalog())
    if [item for item in result["findings"] if item["severity"] == "error"]:
        return
    found = result["hosts"]["h"]
    named = set()
    for project in found["projects"]:
        content = next(entry["content"] for entry in found["files"] if entry["path"] == project["directory"] + "/compose.yml")
        compose = yaml.safe_load(content)
        assert sorted(compose["services"]) == sorted(service["name"] for service in project["services"])
        for name, service in compose["services"].items():
            named.add(name)
            mode = service.get("network_mode", "")
            if mode.startswith("service:"):
                assert mode.partition(":")[2] in compose["services"], "a dependent is in its gateway's project"
                assert "ports" not in service and "networks" not in service
            for path in service.get("env_file", []):
                assert any(entry["path"] == project["directory"] + path[1:] and entry["mode"] == "0600" for entry in found["files"])
    assert named == {name for name, service in services.items() if service.get("state") != "absent"} == set(found["digests"])
    specs = {spec["name"] for spec in found["secrets"]["specs"]}
    assert values.secret_names([entry["content"] for entry in found["files"]]) | values.secret_names(found["wiring"]["apps"]) <= specs


@FAST
@given(JUNK, st.sampled_from(sorted(schema.TYPES)))
def test_coercion_gives_a_value_or_a_phrase(value, kind):
    try:
        schema.coerce(value, {"type": kind})
    except schema.Mismatch as error:
        assert error.message.startswith("must be")
