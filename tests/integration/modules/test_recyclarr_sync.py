# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recyclarr's sync out of the wiring: the stand-in of Recyclarr in a container that is none, and real requests to the apps."""
from __future__ import annotations

import json
import os
import sys

import pytest
import requests
from runs import ROOT

from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger
from ansible_collections.homelab.media.plugins.module_utils.recyclarr import RecyclarrClient, RecyclarrWorker, judge
from ansible_collections.homelab.media.plugins.module_utils.worker import converge_app

# What is called as docker: it knows one container, and runs in it what it is told to, as the calls are written down.
DOCKER = """#!{python}
import json, os, subprocess, sys
with open("{calls}", "a") as stream:
    stream.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1:3] == ["container", "inspect"]:
    if not os.path.exists("{inspected}"):
        sys.exit("Error response from daemon: No such container: recyclarr")
    print(open("{inspected}").read())
elif sys.argv[1:5] == ["exec", "--env", "NO_COLOR=1", "recyclarr"] and sys.argv[5] == "timeout" and sys.argv[7] == "recyclarr":
    environment = dict(os.environ, PYTHONPATH="{lab}", RECYCLARR_CONFIG_DIR="{config}")
    sys.exit(subprocess.call([sys.argv[5], sys.argv[6], "{python}", "-m", "standins.recyclarr"] + sys.argv[8:], env=environment))
else:
    sys.exit("docker: what is this? " + " ".join(sys.argv))
"""
RUNNING = [{"Name": "/recyclarr", "State": {"Status": "running"}}]
GUIDES = {"sonarr": "72dae194fc92bf828f32cde7744e51a1", "radarr": "d1d67249d3890e49bc12e275d989a7e9"}
PROFILES = {"sonarr": "WEB-1080p", "radarr": "HD Bluray + WEB"}


class Home:
    """A Recyclarr, its apps and a ledger that stays."""

    def __init__(self, path, apps):
        self.path, self.apps = path, apps
        self.secrets = {name + ".api_key": handle.api_key for name, handle in apps.items()}
        self.calls = path / "calls"
        self.config = path / "config"
        self.config.mkdir()
        self.docker = path / "docker"
        self.docker.write_text(DOCKER.format(python=sys.executable, calls=self.calls, inspected=path / "inspected", lab=ROOT / "lab", config=self.config))
        self.docker.chmod(0o755)
        self.inspected(RUNNING)
        self.holds = {name: {"quality_profiles": [{"trash_id": number}]} for name, number in GUIDES.items()}
        self.write()

    def inspected(self, found):
        (self.path / "inspected").write_text(json.dumps(found))

    def write(self):
        lines = []
        for name, handle in self.apps.items():
            lines += [name + ":", "  " + name + ":", "    base_url: " + handle.url, "    api_key: !secret " + name + "_api_key"]
            lines += ["    {0}: {1}".format(key, json.dumps(value)) for key, value in self.holds[name].items()]
        (self.config / "recyclarr.yml").write_text("\n".join(lines) + "\n")
        (self.config / "secrets.yml").write_text("".join("{0}_api_key: {1}\n".format(name, handle.api_key) for name, handle in self.apps.items()))

    def wish(self):
        return {"resource": "recyclarr_sync", "state": "present", "targets": [], "instances": [
            {"name": name, "app": name, "base_url": handle.url, "api_key": {"secret": name + ".api_key"}, "holds": self.holds[name]}
            for name, handle in self.apps.items()]}

    def run(self, check=False, wait=0):
        ledger = Ledger(str(self.path / "ledger.json"))
        client = RecyclarrClient("docker://recyclarr", app="recyclarr", name="recyclarr", wait_timeout=wait)
        client.docker.path = str(self.docker)
        outcome = converge_app(RecyclarrWorker(client, ledger, self.secrets, check), [self.wish()])
        ledger.save()
        for secret in self.secrets.values():
            assert secret not in json.dumps(outcome)
        return outcome

    def executed(self):
        """The syncs since the last time."""
        calls = [json.loads(line) for line in self.calls.read_text().splitlines()] if self.calls.exists() else []
        self.calls.write_text("")
        return [call for call in calls if call[0] == "exec"]

    def profiles(self, name):
        handle = self.apps[name]
        return [item["name"] for item in requests.get(handle.url + "/api/v3/qualityprofile", headers={"X-Api-Key": handle.api_key}, timeout=10).json()]


@pytest.fixture
def home(arr, tmp_path):
    return Home(tmp_path, {kind: arr(kind, api_key=(kind[0] * 4 + "9876") * 4) for kind in GUIDES})


def links(outcome):
    return {link["name"]: link["state"] for link in outcome["links"]}


def test_one_sync_makes_the_profiles_and_is_remembered(home):
    promised = home.run(check=True)
    assert [change["action"] for change in promised["changes"]] == ["update"] and not home.executed()
    assert "WEB-1080p" not in home.profiles("sonarr")
    made = home.run()
    assert made["problems"] == [] and len(made["changes"]) == 1 and links(made) == dict.fromkeys(GUIDES, "changed")
    assert home.executed()[0][4:] == ["timeout", "300", "recyclarr", "sync", "--instance", "radarr", "--instance", "sonarr"]
    for name, profile in PROFILES.items():
        assert profile in home.profiles(name)
    for check in (False, True):
        again = home.run(check=check)
        assert again["changes"] == [] == again["problems"] and links(again) == dict.fromkeys(GUIDES, "ok")
        assert not home.executed()


def test_another_setting_syncs_again(home):
    home.run()
    home.executed()
    home.holds["radarr"]["quality_profiles"].append({"trash_id": "64fb5f9858489bdac2af690e27c8f42f"})
    assert home.run(check=True)["changes"] and not home.executed()
    home.write()
    assert home.run()["problems"] == [] and len(home.executed()) == 1
    assert "UHD Bluray + WEB" in home.profiles("radarr")


def test_another_key_syncs_again(home):
    home.run()
    home.executed()
    home.secrets["sonarr.api_key"] = "another key of nobody"
    home.run()
    assert len(home.executed()) == 1


# What the program says with the exit code 0, too, is no success, and is not remembered as one.
@pytest.mark.parametrize(("old", "new", "said"), [
    ("quality_profiles", "quality_profile", "Property 'quality_profile' not found"),
    ("!secret radarr_api_key", "!secret nothing", "No secret defined for: nothing"),
    (GUIDES["radarr"], "0" * 32, "Invalid trash_id"),
    ("radarr:\n  radarr:", "radarr:\n  other:", "it left out radarr"),
    ("!secret radarr_api_key", "wr0ng", "Check your API key"),
])
def test_what_it_says_is_told_in_one_sentence(old, new, said, home):
    path = home.config / "recyclarr.yml"
    good = path.read_text()
    path.write_text(good.replace(old, new))
    outcome = home.run()
    assert outcome["changes"] == [] and len(outcome["problems"]) == 1
    problem = outcome["problems"][0]
    assert problem.startswith("recyclarr: recyclarr sync did not work: ") and said in problem and "\n" not in problem and "Traceback" not in problem
    assert problem.endswith("; correct its settings, or see 'docker exec recyclarr recyclarr sync'")
    assert links(outcome)["radarr"] == "failed"
    path.write_text(good)
    assert home.run()["changes"] and home.run()["changes"] == []


def test_a_container_that_does_not_run(home):
    home.inspected([{"Name": "/recyclarr", "State": {"Status": "exited"}}])
    assert home.run()["problems"] == ["connecting to recyclarr: its container recyclarr is exited; see 'docker logs recyclarr'"]
    (home.path / "inspected").unlink()
    outcome = home.run()
    assert outcome["problems"] == ["connecting to recyclarr: its container recyclarr is not there; see 'docker logs recyclarr'"]
    assert {link["state"] for link in outcome["links"]} == {"failed"}
    # Where nothing is there yet, it is what would be done.
    assert [change["resource"] for change in home.run(check=True)["changes"]] == ["recyclarr_sync"]
    assert not home.executed()


def test_docker_that_does_not_answer(home):
    home.docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    problem = home.run()["problems"]
    assert len(problem) == 1 and "Cannot connect to the Docker daemon" in problem[0]
    os.remove(home.docker)
    assert "No such file" in home.run()["problems"][0]


def test_colours_and_progress_of_a_terminal_do_not_hide_what_is_said():
    text = "\x1b[38;5;0015m[\x1b[0mINF\x1b[38;5;0015m] \x1b[0msonarr: Completed at 11/21/2026 10:00:00\r\n[\x1b[31mERR\x1b[0m] radarr: it failed\n"
    done, said = judge(0, text, ["sonarr", "radarr"])
    assert (done, said) == ({"sonarr"}, "radarr: it failed")
    assert judge(0, "[WRN] sonarr: 1 quality profile(s) already existed\n[INF] sonarr: Completed at now\n", ["sonarr"]) == ({"sonarr"}, "")
    assert judge(137, "", ["sonarr"]) == (set(), "no message")
