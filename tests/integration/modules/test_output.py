# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real playbooks: no secret in the output of C(-vvv --diff), and every example of the documentation runs."""
from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest
import yaml
from cases import CASES
from runs import MODULES, PACKAGE, ROOT, run_module

NAMES = sorted(path.stem for path in MODULES.glob("arr_*.py"))


def playbook(tmp_path, tasks, *options, variables=None):
    """Run tasks on this machine; returns the exit code and all output."""
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables or {}, "tasks": tasks}]))
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".collections"), ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="0",
                       ANSIBLE_PYTHON_INTERPRETER=sys.executable)
    environment.pop("ANSIBLE_CONFIG", None)
    own = ROOT / ".venv" / "bin" / "ansible-playbook"
    command = [str(own) if own.exists() else "ansible-playbook", "-i", "localhost,", str(path), *options]
    done = subprocess.run(command, env=environment, cwd=str(tmp_path), capture_output=True, text=True, timeout=400, check=False)
    return done.returncode, done.stdout + done.stderr


def test_no_secret_is_seen(arr, world, tmp_path):
    """One play with a task of every module."""
    tasks, secrets = [], []
    apps = {}
    for make, app in CASES:
        if app not in ("sonarr", "prowlarr") or (app == "prowlarr" and make.__name__ not in ("application", "indexer_proxy")):
            continue
        apps.setdefault(app, arr(app, api_key="th1s1s4k3y" + app * 3))
        case = make(app, world)
        secrets += case.secrets
        for module, options in case.before + [(case.module, case.create)]:
            tasks.append({"homelab.media." + module: dict(options, url=apps[app].url, api_key=apps[app].api_key, state_root=world.state, wait_timeout=0)})
    secrets += [handle.api_key for handle in apps.values()]
    synced = {"url": apps["prowlarr"].url, "api_key": apps["prowlarr"].api_key, "state_root": world.state, "prowlarr_url": apps["prowlarr"].url,
              "applications": [{"name": "S", "app": "sonarr", "url": apps["sonarr"].url, "api_key": apps["sonarr"].api_key}]}
    tasks.append({"homelab.media.arr_indexer_sync": synced})
    tasks.append({"homelab.media.media_wiring": {
        "state_root": world.state, "secrets": {"key": apps["sonarr"].api_key, "password": secrets[0]}, "apps": [
            {"name": "sonarr", "app": "sonarr", "url": apps["sonarr"].url, "api_key": {"secret": "key"}, "resources": [
                {"resource": "download_client", "name": "W", "implementation": "QBittorrent", "enable": False,
                 "fields": {"password": {"secret": "password"}}}]}]}})
    assert set(NAMES) - {next(iter(task)).rpartition(".")[2] for task in tasks} <= {"arr_export"}
    code, output = playbook(tmp_path, tasks, "-vvv", "--diff")
    assert code == 0, output[-3000:]
    assert [secret for secret in secrets if secret in output] == []
    assert "changed=0" not in output


@pytest.mark.parametrize("make, app", [(make, app) for make, app in CASES if app in ("sonarr", "prowlarr")])
def test_an_app_that_echoes_secrets(arr, world, make, app):
    """An error that repeats what was sent is told without it, be it the first answer or that of the write."""
    handle = arr(app, api_key="th1s1s4k3y" + app * 3)
    case = make(app, world)
    if case.kind == "info":
        pytest.skip("sends nothing")
    body = '{"message": "got ' + " ".join(case.secrets + [handle.api_key]) + '"}'
    for methods in (("GET",), ("POST", "PUT")):
        handle.faults({"fail": [{"status": 409, "body": body, "content_type": "application/json", "method": method, "path": "/api/.*"}
                                for method in methods]})
        if methods != ("GET",) and case.before:
            continue
        result = run_module(case.module, dict(case.create, url=handle.url, api_key=handle.api_key, state_root=world.state, wait_timeout=0))
        assert result["failed"] and "got " in result["msg"]
        assert [secret for secret in case.secrets + [handle.api_key] if secret in result["_text"]] == []


@pytest.mark.parametrize("name", NAMES + ["media_wiring"])
def test_examples_run(arr, world, name, tmp_path):
    """Every example as it stands, with only the addresses made real; a second run changes nothing."""
    module = importlib.import_module(PACKAGE + name)
    tasks = yaml.safe_load(module.EXAMPLES)
    apps = {}
    words = {"example_api_key": None, "example_sonarr_api_key": None, "example_password": "correct horse battery", "example_webhook_url": world.hook.url,
             "example_root_folder": world.media}

    def real(value, app):
        if isinstance(value, dict):
            return {key: real(item, app) for key, item in value.items()}
        if isinstance(value, list):
            return [real(item, app) for item in value]
        for word, replacement in words.items():
            if value == "{{ %s }}" % word:
                return replacement or apps[app].api_key
        return value

    for task in tasks:
        call = "homelab.media." + name
        assert set(task) <= {"name", call, "register"} and task["name"]
        options = task[call]
        app = "prowlarr" if "9696" in str(options) else "sonarr"
        for kind in (app, "sonarr"):
            if kind not in apps:
                apps[kind] = arr(kind)
        options = real(options, app)
        prepare(name, options, apps, world, app)
        if name == "media_wiring":
            options["apps"][0]["url"] = apps[app].url
            options.update(state_root=world.state, wait_timeout=2)
        else:
            options.update(url=apps[app].url, state_root=world.state, wait_timeout=2)
        first = run_module(name, options)
        assert not first.get("failed"), first["msg"]
        assert first["changed"] is (name not in ("arr_info", "arr_export"))
        assert run_module(name, options)["changed"] is False


def prepare(name, options, apps, world, app):
    """Make the world as an example takes it for granted: paths that are there, programs that answer."""
    fields = options.get("fields") or {}
    if options.get("implementation") == "QBittorrent":
        fields.update(host="127.0.0.1", port=world.qbittorrent.port)
    if name == "arr_application":
        fields.update(prowlarrUrl=apps["prowlarr"].url, baseUrl=apps["sonarr"].url)
    if name == "arr_indexer_sync":
        options["prowlarr_url"] = apps["prowlarr"].url
        for entry in options["applications"]:
            entry.update(url=apps["sonarr"].url, check_url=apps["sonarr"].url)
    for key in ("path", "local_path"):
        if key in options:
            options[key] = world.media
    if name == "arr_import_list":
        apps[app].api("POST", "rootfolder", {"path": world.media})
    for wiring in options.get("apps") or []:
        for resource in wiring["resources"]:
            if "path" in resource:
                resource["path"] = world.media


class Captured(Exception):
    """The specification that a module was called with."""


def fragments(documentation):
    options = dict(documentation.get("options") or {})
    for fragment in documentation.get("extends_documentation_fragment") or []:
        found = importlib.import_module("ansible_collections.homelab.media.plugins.doc_fragments." + fragment.rpartition(".")[2])
        options.update(yaml.safe_load(found.ModuleDocFragment.DOCUMENTATION).get("options") or {})
    return options


@pytest.mark.parametrize("name", NAMES + ["media_wiring"])
def test_the_documentation_is_the_specification(name, monkeypatch):
    """Options, types, defaults and choices of the documentation are those of the code."""
    from ansible.module_utils.basic import AnsibleModule

    def capture(self, argument_spec, **_options):
        raise Captured(argument_spec)

    monkeypatch.setattr(AnsibleModule, "__init__", capture)
    module = importlib.import_module(PACKAGE + name)
    with pytest.raises(Captured) as caught:
        module.main()

    def compare(documented, spec):
        assert set(documented) == set(spec)
        for option, described in documented.items():
            for key, default in (("type", "str"), ("required", False), ("elements", None), ("default", None)):
                assert described.get(key, default) == spec[option].get(key, default), (option, key)
            assert sorted(described.get("choices") or []) == sorted(spec[option].get("choices") or []), option
            compare(described.get("suboptions") or {}, spec[option].get("options") or {})

    compare(fragments(yaml.safe_load(module.DOCUMENTATION)), caught.value.args[0])
    assert yaml.safe_load(module.RETURN) and yaml.safe_load(module.DOCUMENTATION)["author"] == "homelab.media contributors (@homelab-media)"
