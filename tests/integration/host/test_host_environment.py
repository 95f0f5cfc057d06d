# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile values travel through an environment file and Compose into a container's environment, unharmed."""
from __future__ import annotations

import json
import random
import re
import subprocess

from hostdocker import PREFIX

from ansible_collections.homelab.media.plugins.module_utils import tokens

HOSTILE = [
    "$ ${HOME} # ' \" \\ {{ é and spaces ", "$HOME", "\\$HOME", "\\\\$$", "'", "\"", "\\", "\\'", "\"'", "'\\\"", "\\n'", "a\\nb", "a\nb", "\r\n'x",
    "tab\there", "$$'", "$${X}'", "${HOME:-x}'", "${unclosed'", "$(id)'", "`id`'", "\\0123'", "\\x41'", "\\u0041'", "#'", " #x", " #x'", "a=b",
    "export X='1'", "日本 🎉 '", "\u0085'\u2028", "'\n${HOME}\n\\$X\n", "{{ lookup('env', 'HOME') }}", "%s %(x)s",
]


def test_hostile_values_reach_a_container_exactly(image, cleanup, tmp_path):
    chance = random.Random(20)
    values = HOSTILE + ["".join(chance.choice("$\\'\"{}#= \n\tnHOME0x1é`:-") for dummy in range(chance.randint(1, 14))) for dummy in range(300)]
    secrets = {f"app.v{number}": value for number, value in enumerate(values)}
    text = "".join(f"V{number}=\u27e6secret:app.v{number}|env\u27e7\n" for number in range(len(values)))
    (tmp_path / "app.env").write_text(tokens.resolve(text, secrets), encoding="utf-8")
    # The kernel's own view of the environment is kept apart by zero bytes, so that line breaks in values do no harm.
    (tmp_path / "compose.yml").write_text(json.dumps({"name": PREFIX + "env", "services": {"app": {
        "image": image + ":1", "container_name": PREFIX + "env", "env_file": ["app.env"], "network_mode": "none",
        "command": ["env", "-0"]}}}), encoding="utf-8")
    subprocess.run(["docker", "compose", "-f", str(tmp_path / "compose.yml"), "up", "--detach"], check=True, capture_output=True)
    subprocess.run(["docker", "wait", PREFIX + "env"], check=True, capture_output=True)
    output = subprocess.run(["docker", "logs", PREFIX + "env"], check=True, capture_output=True).stdout.decode()
    seen = dict(entry.split("=", 1) for entry in output.split("\0") if re.match(r"V\d+=", entry))
    assert [(value, seen.get(f"V{number}")) for number, value in enumerate(values) if seen.get(f"V{number}") != value] == []
