# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's images: names from the catalog, what goes in, when one is built anew, in which order."""
from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
import yaml

LAB = Path(__file__).resolve().parents[3] / "lab"


def load_file(name):
    spec = importlib.util.spec_from_file_location("lab_" + name, LAB / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recipes():
    return load_file("recipes")


@pytest.fixture(scope="module")
def lab(recipes):
    sys.modules["recipes"] = recipes
    yield load_file("lab")
    del sys.modules["recipes"]


@pytest.fixture
def small(tmp_path):
    """A lab of three images."""
    (tmp_path / "images").mkdir()
    (tmp_path / "standins" / "app").mkdir(parents=True)
    for name in ("__init__.py", "common.py", "kit.py", "app/__init__.py"):
        (tmp_path / "standins" / name).write_text("# " + name)
    (tmp_path / "images" / "entrypoint.sh").write_text("#!/bin/sh\n")
    (tmp_path / "images" / "app.sh").write_text("#!/bin/sh\n")
    (tmp_path / "images" / "recipes.json").write_text(json.dumps({
        "base": {"app": False, "packages": ["python3"]},
        "one": {"from": "base", "standins": ["app"], "program": ["standins.app"], "run_as": "1000:1000", "config": "/app/config"},
        "two": {"from": "base", "packages": ["two"], "components": ["contrib"], "run_as": "puid", "scripts": {"app.sh": "/usr/bin/two"},
                "healthcheck": ["two", "--ok"]}}))
    return tmp_path


NAMES = {"one": "example.org/one:1.0", "two": "two:v2"}


def built(recipes, directory, names=None):
    return {name: recipe["built"] for name, recipe in recipes.load(names or NAMES, directory).items()}


def test_the_catalog_and_the_recipes_name_the_same_apps(recipes):
    table = recipes.load(recipes.catalog_names(LAB.parent / "catalog"))
    assert {"sonarr", "qbittorrent", "gluetun"} <= set(table)
    assert table["sonarr"]["tag"].startswith("lscr.io/linuxserver/sonarr:4")
    assert "tag" not in table["host"]


@pytest.mark.parametrize("text, expected", [
    ("image: a/b\nversion: 1.2.3\n", "a/b:1.2.3"),
    ("app: x\nimage: 'a/b'\nversion: \"4.0\"  # pinned\n", "a/b:4.0"),
    ("image: a/b # why\nsettings:\n  version: 5\nversion: v6\n", "a/b:v6"),
    ("image: a/b\n", None),
    ("settings:\n  image: a/b\n  version: 1\n", None),
])
def test_names_are_read_from_the_catalog(recipes, tmp_path, text, expected):
    (tmp_path / "app.yml").write_text(text)
    assert recipes.catalog_names(tmp_path).get("app") == expected


def test_a_key_is_the_same_when_nothing_changed(recipes, small):
    before = built(recipes, small)
    (small / "standins" / "app" / "__pycache__").mkdir()
    (small / "standins" / "app" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (small / "images" / "unused.sh").write_text("x")
    assert built(recipes, small) == before


@pytest.mark.parametrize("path, text, changed", [
    ("standins/app/__init__.py", "new", {"one"}),
    ("standins/app/more.json", "{}", {"one"}),
    ("standins/common.py", "new", {"one"}),
    ("images/app.sh", "new", {"two"}),
    ("images/entrypoint.sh", "new", {"one", "two"}),
])
def test_a_key_changes_with_the_files_that_are_in_the_image(recipes, small, path, text, changed):
    before = built(recipes, small)
    (small / path).write_text(text)
    after = built(recipes, small)
    assert {name for name in before if before[name] != after[name]} == changed


def test_a_key_changes_with_the_version_the_recipe_and_the_parent(recipes, small):
    before = built(recipes, small)
    newer = built(recipes, small, dict(NAMES, one="example.org/one:1.1"))
    assert {name for name in before if before[name] != newer[name]} == {"one"}
    table = json.loads((small / "images" / "recipes.json").read_text())
    table["base"]["packages"].append("curl")
    (small / "images" / "recipes.json").write_text(json.dumps(table))
    after = built(recipes, small)
    assert all(before[name] != after[name] for name in before)


def test_what_is_built_comes_after_its_parent_and_only_what_is_not_there(recipes, small):
    table = recipes.load(NAMES, small)
    table = {name: table[name] for name in ("two", "one", "base")}
    assert recipes.to_build(table, set()) == ["base", "two", "one"]
    assert recipes.to_build(table, {table["base"]["built"], table["two"]["built"]}) == ["one"]
    assert recipes.to_build(table, {recipe["built"] for recipe in table.values()}) == []


def test_dockerfile(recipes, small):
    table = recipes.load(NAMES, small)
    one = recipes.dockerfile(table["one"]).splitlines()
    assert one.index("RUN chown 1000:1000 /app/config") < one.index("USER 1000:1000")
    assert 'ENTRYPOINT ["/lab/entrypoint.sh", "python3", "-m", "standins.app"]' in one
    assert 'LABEL org.opencontainers.image.version="1.0"' in one
    two = recipes.dockerfile(table["two"])
    assert "main contrib" in two and two.index("apt-get install") < two.index("COPY rootfs/ /")
    assert 'ENV LAB_USER="puid"' in two and "USER" not in two.replace("LAB_USER", "")
    assert 'CMD ["two", "--ok"]' in two


def test_modes_in_the_image_do_not_follow_the_checkout(recipes, small, tmp_path):
    (small / "standins" / "common.py").chmod(0o600)
    (small / "images" / "app.sh").chmod(0o600)
    table = recipes.load(NAMES, small)
    recipes.stage(table["one"], tmp_path / "one", small)
    recipes.stage(table["two"], tmp_path / "two", small)
    modes = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.parts[-2:] != ("images",)}
    assert modes["one/lab/standins/common.py"] == 0o644
    assert modes["one/lab/standins"] == modes["one/app/config"] == 0o755
    assert modes["one/lab/entrypoint.sh"] == modes["two/usr/bin/two"] == 0o755


def test_a_recipe_without_an_entry_in_the_catalog_is_named(recipes, small):
    with pytest.raises(recipes.RecipeError) as error:
        recipes.load({"one": "one:1"}, small)
    assert all(word in str(error.value) for word in ("no image and version for two", "catalog/two.yml"))
    # The catalog may have more than the lab runs.
    assert "three" not in recipes.load(dict(NAMES, three="three:3"), small)


def test_a_missing_standin_is_named(recipes, small):
    (small / "standins" / "app" / "__init__.py").unlink()
    (small / "standins" / "app").rmdir()
    with pytest.raises(recipes.RecipeError, match="lab/standins/app is not there"):
        recipes.load(NAMES, small)


@pytest.mark.parametrize("arguments, expected", [
    (["up"], {"command": "up"}),
    (["reset"], {"command": "reset", "hosts": []}),
    (["clean", "ct-media-01"], {"hosts": ["ct-media-01"]}),
    (["exec", "ct-media-01", "--", "docker", "ps", "-a"], {"host": "ct-media-01"}),
    (["registry-tag", "sonarr", "4.0.15"], {"app": "sonarr", "version": "4.0.15"}),
])
def test_command_line(lab, arguments, expected):
    chosen = vars(lab.parse(arguments))
    assert {key: chosen[key] for key in expected} == expected


@pytest.mark.parametrize("output, line", [
    (b"", ""),
    (b"one\ntwo\n\n", "two"),
    (b"E: Unable to locate package x.\n", "E: Unable to locate package x"),
    (b"caf\xe9", "caf\ufffd"),
])
def test_the_last_line_that_says_something(lab, output, line):
    assert lab.last_line(output) == line


@pytest.mark.parametrize("policy, expected", [
    ("docker-cli:\n  Installed: (none)\n  Candidate: 26.1.5\n", True),
    ("docker-cli:\n  Installed: (none)\n  Candidate: (none)\n", False),
    ("", False),
])
def test_whether_a_package_can_be_installed(lab, policy, expected):
    assert lab.has_candidate(policy) is expected


def test_an_engine_needs_more_where_none_answers(lab, monkeypatch):
    monkeypatch.setattr(lab.shutil, "which", lambda tool, path=None: None)
    assert {"docker.io", "iptables", "mmdebstrap", "openssh-client"} <= set(lab.missing_packages(False))
    assert "iptables" not in lab.missing_packages(True)
    monkeypatch.setattr(lab.shutil, "which", lambda tool, path=None: "/usr/bin/" + tool)
    assert set(lab.missing_packages(False)) <= {"debian-archive-keyring"}


def test_every_app_of_the_catalog_runs_on_the_lab(recipes):
    catalog = set(recipes.catalog_names(LAB.parent / "catalog"))
    assert catalog <= set(recipes.load(recipes.catalog_names(LAB.parent / "catalog")))
    hosts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (LAB.parent / "inventory/lab/host_vars").glob("*.yml")]
    described = {service.get("app", name) for host in hosts for name, service in host["media_services"].items()}
    # Seerr is what it became; a home has one of the two.
    assert catalog - described == {"overseerr"}
