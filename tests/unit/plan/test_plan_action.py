"""The action plugin: every host whatever --limit says, plain values, undefined variables as findings, no secret in the output."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from .conftest import ROOT

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - homelab.media.plan: {stage: static}
      run_once: true
      register: preflight_static
    - homelab.media.plan: {stage: full}
      run_once: true
      register: preflight_plan
    - ansible.builtin.copy:
        content: "{{ {'static': preflight_static, 'full': preflight_plan} | to_json }}"
        dest: "{{ result_file }}"
      run_once: true
      delegate_to: localhost
"""


def run(inventory, tmp_path, *options):
    playbook = tmp_path / "plan.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    result = tmp_path / "result.json"
    command = pathlib.Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [str(command), "-i", str(inventory), str(playbook), "-e", "result_file={0}".format(result), "-e", "ansible_connection=local",
         "-e", "ansible_python_interpreter={0}".format(sys.executable), *options],
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".collections"), ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="0",
                 ANSIBLE_INVENTORY_UNPARSED_WARNING="0"), cwd=str(tmp_path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    return done, json.loads(result.read_text(encoding="utf-8")) if result.exists() else None


@pytest.mark.parametrize("name", ["one_host", "two_hosts"])
def test_examples_pass_preflight(name, tmp_path):
    done, found = run(ROOT / "inventory" / "example" / name, tmp_path)
    assert done.returncode == 0, done.stdout
    assert not [item for item in found["full"]["findings"] if item["severity"] == "error"]


INVENTORY = """
all:
  vars:
    common_port: 7900
    given: {password: SECRETVALUE-one}
  hosts:
    a:
      media_address: "{{ '10.0.0.' ~ 1 }}"
      media_services: {seerr: {}}
    b:
      media_address: 10.0.0.2
      media_admin: "{{ given }}"
      media_services: "{{ {'radarr': {'port': common_port}} | combine(more) }}"
      more: {sonarr: {secrets: {api_key: "{{ 'SECRETVALUE' ~ '-two-and-longer' }}"}, env: {A: "{{ common_port + 1 }}"}}, plex: {}, sabnzbd: {}}
    c: {}
"""


def test_all_hosts_whatever_the_limit(tmp_path):
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(INVENTORY, encoding="utf-8")
    done, found = run(inventory, tmp_path, "--limit", "a", "-vvv", "--diff")
    assert done.returncode == 0, done.stdout
    assert sorted(found["full"]["hosts"]) == ["a", "b"] and sorted(found["static"]["inspect"]) == ["a", "b"]
    assert {"port": 7900, "proto": "tcp", "bind": "0.0.0.0", "instance": "radarr"} in found["static"]["inspect"]["b"]["ports"]
    assert found["full"]["hosts"]["a"]["address"] == "10.0.0.1"
    assert "SECRETVALUE" not in done.stdout and "SECRETVALUE" not in json.dumps(found)
    assert 'A: \\"7901\\"' in json.dumps(found["full"]["hosts"]["b"]["files"])


BAD = """
all:
  hosts:
    a:
      media_data_root: "{{ nowhere }}/media"
      media_services:
        sonarr: {port: "{{ no_port }}", secrets: {api_key: "{{ no_vault }}"}, env: {A: "{{ no_dict.x }}", B: "{{ 1 / 0 }}", C: "{{ broken( }}"}}
        radarr: "{{ no_radarr }}"
    b:
      media_servces: {sonarr: {}}
"""


def test_undefined_variables_are_findings(tmp_path):
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(BAD, encoding="utf-8")
    done, found = run(inventory, tmp_path)
    assert done.returncode != 0 and found is None
    for line in ("ERROR: a media_data_root: This value uses something that is not defined", "ERROR: a media_services.sonarr.port:",
                 "ERROR: a media_services.sonarr.secrets.api_key:", "ERROR: a media_services.sonarr.env.A:", "ERROR: a media_services.sonarr.env.B:",
                 "ERROR: a media_services.sonarr.env.C:", "ERROR: a media_services.radarr:", "ERROR: b media_servces: There is no variable",
                 "-> Did you mean 'media_services'?"):
        assert line in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
