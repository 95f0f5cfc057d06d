# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The start script of NZBGet, run before each start of the real one: it sets login and port, and leaves what a person set."""
from __future__ import annotations

import os
import re
import subprocess

import pytest
import real_clients
import requests
from real_clients import LOGIN
from standins import testing

from ansible_collections.homelab.media.plugins.module_utils import tokens
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES
from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger
from ansible_collections.homelab.media.plugins.module_utils.worker import converge_app
from ansible_collections.homelab.media.plugins.plugin_utils import catalog, plan

OWN = ("ControlIP", "ControlPort", "ControlUsername", "ControlPassword")


class Install:
    """One NZBGet, as the plan describes it."""

    def __init__(self, directory, **options):
        self.directory, self.options, self.program = directory, options, None
        directory.mkdir(parents=True, exist_ok=True)

    def begin(self, password=LOGIN[1]):
        """What the image does: our script, then the program.

        :return: C(self), for a C(with).
        """
        port = testing.free_port()
        services = {"nzbget": dict(self.options, port=port), "sonarr": {}}
        found = plan.full({"here": {"variables": {"media_address": "192.168.1.12", "media_services": services}, "undefined": {}}}, {}, catalog.load())
        assert [item for item in found["findings"] if item["severity"] == "error"] == []
        host = found["hosts"]["here"]
        self.secrets = {"nzbget.username": LOGIN[0], "nzbget.password": password}
        self.entry = next(entry for entry in host["wiring"]["apps"] if entry["name"] == "nzbget")
        script = next(item["content"] for item in host["files"] if item["path"].endswith("start.sh"))
        (self.directory / "start.sh").write_text(tokens.resolve(script, self.secrets))
        command = ["env", "NZBGET_USER=" + LOGIN[0], "NZBGET_PASS=" + password, "PUID=0", "PGID=0", "/bin/sh", "/config/start.sh"]
        done = subprocess.run(real_clients.inside(self.directory, command), capture_output=True, text=True, check=False)
        # It ends where the image would start the program.
        assert done.stderr == "The image has neither /entrypoint.sh nor /init.\n" and password not in done.stdout
        self.program = real_clients.Program(self.directory, port, real_clients.COMMANDS["nzbget"])
        self.login = (LOGIN[0], password)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *dummy):
        self.program.stop()

    def ask(self, method):
        session = requests.Session()
        session.trust_env, session.auth = False, self.login
        return session.get("{0}/jsonrpc/{1}".format(self.program.url, method), timeout=10).json()["result"]

    def options_without_ours(self):
        return {item["Name"]: item["Value"] for item in self.ask("loadconfig") if item["Name"] not in OWN}

    def wire(self, wishes):
        """What changed, as names of fields."""
        client = FAMILIES["nzbget"].client(self.program.url, *self.login, timeout=20)
        done = converge_app(FAMILIES["nzbget"].worker(client, Ledger(), self.secrets), wishes)
        assert done["problems"] == []
        return [field for change in done["changes"] for field in change["fields"]]

    def complaints(self):
        return [entry["Text"] for entry in self.ask("log?=0&=100") if entry["Kind"] in ("ERROR", "WARNING") and "ption" in entry["Text"]]


def test_what_a_person_set_survives_every_start(tmp_path):
    install = Install(tmp_path / "nzbget")
    with install.begin():
        assert install.wire(install.entry["resources"]) == [], "a fresh install is as the wiring wants it"
        names = [value for name, value in install.options_without_ours().items() if re.match(r"Category\d+\.Name", name)]
        assert "tv" in names and "Movies" not in names
        theirs = [{"resource": "category", "name": "tv", "unpack": False, "extensions": ["Sort.py"], "aliases": ["TV*", "Series*"]},
                  {"resource": "category", "name": "books", "dest_dir": "/data/downloads/books", "unpack": False},
                  {"resource": "category", "name": "movies", "state": "absent"},
                  {"resource": "server", "name": "provider", "host": "news.example.org", "enabled": False},
                  {"resource": "config", "settings": {"KeepHistory": 9, "UMask": "022", "AppendCategoryDir": False}}]
        assert install.wire(theirs)
        before, comments = install.options_without_ours(), (install.directory / "nzbget.conf").read_text().count("\n#")
    for password in (LOGIN[1], "an0ther-password-4712"):
        with install.begin(password):
            assert install.options_without_ours() == before
            assert (install.directory / "nzbget.conf").read_text().count("\n#") == comments and install.complaints() == []
            held = {item["Name"]: item["Value"] for item in install.ask("loadconfig")}
            assert (held["ControlPassword"], held["ControlPort"]) == (password, str(install.program.port))
    assert os.stat(str(install.directory / "nzbget.conf")).st_mode & 0o777 == 0o600


def test_the_wiring_puts_back_what_is_described_and_nothing_else(tmp_path):
    install = Install(tmp_path / "nzbget")
    with install.begin():
        install.wire([{"resource": "category", "name": "tv", "dest_dir": "/config/elsewhere", "unpack": False, "aliases": ["TV*"]}])
    with install.begin():
        assert install.wire(install.entry["resources"]) == ["dest_dir"]
        tv = {name.partition(".")[2]: value for name, value in install.options_without_ours().items()
              if name.startswith(next(key for key, value in install.options_without_ours().items() if value == "tv").partition(".")[0] + ".")}
        assert (tv["DestDir"], tv["Unpack"], tv["Aliases"]) == ("/data/downloads/usenet/tv", "no", "TV*")


def test_an_adopted_one_keeps_its_categories_and_folders(tmp_path):
    directory = tmp_path / "nzbget"
    directory.mkdir()
    text = (real_clients.programs() / "usr/share/nzbget/nzbget.conf").read_text()
    # Another spelling than ours, and a category of the same name as ours.
    text = text.replace("\nControlIP=", "\nControlIp=").replace("\nCategory2.Name=Series", "\nCategory2.Name=tv\nCategory2.DestDir=/config/old/series")
    text = re.sub("(?m)^MainDir=.*$", "MainDir=/config/old", text)
    (directory / "nzbget.conf").write_text(text)
    install = Install(directory, adopt=True)
    with install.begin():
        found = install.options_without_ours()
        assert found["MainDir"] == "/config/old" and found["Category2.DestDir"] == "/config/old/series" and found["Category1.Name"] == "Movies"
        assert "\nControlIp=" in text and len(re.findall("(?mi)^ControlIP", (directory / "nzbget.conf").read_text())) == 1 and install.complaints() == []
        assert install.wire(install.entry["resources"]) == []


@pytest.mark.parametrize("content", [None, ""])
def test_a_start_that_was_killed_begins_anew(tmp_path, content):
    """Nothing is left half made: the file appears at once, or not at all."""
    install = Install(tmp_path / "nzbget")
    (install.directory / ".nzbget.conf.new").write_text("MainDir=/hal")
    if content is not None:
        (install.directory / "nzbget.conf").write_text(content)
    with install.begin():
        assert install.wire(install.entry["resources"]) == [] and install.complaints() == []
