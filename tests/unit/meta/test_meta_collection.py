"""The collection's own description: what is shipped, what is not, and what it runs on."""
from __future__ import annotations

import fnmatch
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "catalog", "changelogs", "galaxy.yml", "inventory", "meta", "playbooks", "plugins",
           "requirements.txt", "roles"}


def load(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    done = subprocess.run(["git", "-c", "safe.directory=*", "ls-files"], cwd=str(ROOT), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_everything_is_either_shipped_or_ignored_by_the_build():
    ignored = load("galaxy.yml")["build_ignore"]
    for name in {path.partition("/")[0] for path in tracked()}:
        left_out = any(fnmatch.fnmatch(name, pattern) for pattern in ignored)
        assert left_out != (name in SHIPPED), "{0}: ship it or add it to build_ignore".format(name)


def test_the_oldest_ansible_is_only_a_lower_bound():
    assert load("meta/runtime.yml")["requires_ansible"] == ">=2.17.0"


def test_the_collection_needs_no_other_one():
    assert load("galaxy.yml")["dependencies"] == {}


def test_every_plugin_file_names_its_licence():
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if text.strip():
            assert "# SPDX-License-Identifier: GPL-3.0-or-later" in text[:400], path.relative_to(ROOT)
            assert "from __future__ import annotations" in text, path.relative_to(ROOT)


def test_changelog_fragments_have_known_sections():
    config = load("changelogs/config.yaml")
    known = {section for section, _title in config["sections"]} | {config["prelude_section_name"], config["trivial_section_name"]}
    for path in sorted((ROOT / "changelogs/fragments").glob("*.y*ml")):
        assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= known, path.name


@pytest.mark.parametrize("page", sorted(path.name for path in ROOT.glob("*.md")))
def test_pages_name_only_what_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = set(re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text))
    missing = sorted(target for target in targets if not (ROOT / target).exists())
    assert not missing, missing
    makefile = (ROOT / "Makefile")
    if makefile.exists():
        known = set(re.findall(r"^([a-z0-9.-]+):", makefile.read_text(encoding="utf-8"), re.M))
        named = set(re.findall(r"`make ([a-z0-9.-]+)", text)) | set(re.findall(r"^    make ([a-z0-9.-]+)", text, re.M))
        assert named <= known, sorted(named - known)
