"""The modules' documentation: complete, consistent, and with examples that the documented options accept."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PREFIX = "homelab.media."
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py") if path.stem != "__init__")
# Keys of a task that are no module.
KEYWORDS = {"become", "check_mode", "delegate_to", "loop", "module_defaults", "name", "no_log", "register", "run_once", "tags", "vars", "when"}
TYPES = {"bool": bool, "dict": dict, "int": int, "list": list, "float": (int, float), "raw": object}


@pytest.fixture(scope="session")
def documented():
    """What ansible-doc makes of every module, fragments included."""
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".collections"))
    command = [str(Path(sys.executable).parent / "ansible-doc"), "--json", *(PREFIX + name for name in MODULES)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name[len(PREFIX):]: entry for name, entry in json.loads(done.stdout).items()}


def test_the_action_group_holds_every_module():
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    assert groups["media"] == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_documented_in_full(documented, name):
    doc = documented[name]["doc"]
    assert doc["version_added"], name
    assert doc["author"] == "homelab.media contributors (@homelab-media)"
    assert not doc["short_description"].endswith(".")
    assert {key: doc["attributes"][key]["support"] for key in ("check_mode", "diff_mode")} == {"check_mode": "full", "diff_mode": "full"}
    assert documented[name]["return"], "RETURN is empty"


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py") if path.stem != "__init__"))
def test_an_action_has_the_documentation_of_a_module(name):
    assert name in MODULES


def is_template(value):
    return isinstance(value, str) and "{{" in value


def check(place, value, option):
    """What an option's documentation says against a value of an example."""
    if is_template(value) or value is None:
        return
    kind = option.get("type", "str")
    assert isinstance(value, TYPES.get(kind, (str, int, float))), "{0} is no {1}".format(place, kind)
    for item in value if isinstance(value, list) else [value]:
        if is_template(item):
            continue
        assert not option.get("choices") or item in option["choices"], "{0}: {1} is no choice".format(place, item)
        if option.get("suboptions"):
            check_options(place, item, option["suboptions"])


def check_options(place, given, options):
    unknown = set(given) - set(options)
    assert not unknown, "{0} has no {1}".format(place, ", ".join(sorted(unknown)))
    missing = {key for key, option in options.items() if option.get("required")} - set(given)
    assert not missing, "{0} lacks {1}".format(place, ", ".join(sorted(missing)))
    for key, value in given.items():
        check("{0}.{1}".format(place, key), value, options[key])


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_tasks_that_the_module_takes(documented, name):
    tasks = yaml.safe_load(documented[name]["examples"])
    assert tasks, "no examples"
    used = set()
    for task in tasks:
        assert task["name"][:1].isupper() and not task["name"].endswith("."), task["name"]
        actions = set(task) - KEYWORDS
        assert len(actions) == 1, "more than a module: {0}".format(sorted(actions))
        action = actions.pop()
        assert "." in action, "{0} is not its full name".format(action)
        if action.startswith(PREFIX):
            used.add(action[len(PREFIX):])
            check_options(action, task[action] or {}, documented[action[len(PREFIX):]]["doc"].get("options") or {})
    assert name in used
