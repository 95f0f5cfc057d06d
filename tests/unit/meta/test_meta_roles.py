"""Roles: defaults and argument specs say the same, and names keep to the collection's rules."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
TASK_FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "roles").glob("*/tasks/*.yml"))
PLAYBOOKS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "playbooks").glob("*.yml") if not path.name.startswith("zz_"))
# Words that hide errors, or that a module of ours makes unnecessary.
UNWANTED = {"ignore_errors", "until", "retries", "ansible.builtin.shell", "shell", "ansible.builtin.include_role", "include_role"}


def load(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def tasks_of(items):
    """All tasks of a file or a play, those in blocks included."""
    for item in items or []:
        yield item
        for key in ("block", "rescue", "always"):
            yield from tasks_of(item.get(key))


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_the_argument_specs_defaults(role):
    options = load("roles/{0}/meta/argument_specs.yml".format(role))["argument_specs"]["main"]["options"]
    defaults = load("roles/{0}/defaults/main.yml".format(role)) or {}
    assert defaults == {name: option["default"] for name, option in options.items() if "default" in option}


@pytest.mark.parametrize("role", ROLES)
def test_every_option_is_described_and_carries_the_roles_prefix(role):
    spec = load("roles/{0}/meta/argument_specs.yml".format(role))["argument_specs"]["main"]
    assert spec["short_description"] and spec["description"]
    for name, option in spec["options"].items():
        assert name.startswith(role + "_"), name
        assert option["description"] and option["type"]
        assert option.get("required") or "default" in option, "{0} is neither required nor has a default".format(name)


@pytest.mark.parametrize("path", TASK_FILES)
def test_tasks_are_named_and_hide_no_errors(path):
    for task in tasks_of(load(path)):
        assert task.get("name", "")[:1].isupper(), "{0}: a task without a sentence as its name".format(path)
        assert not UNWANTED & set(task), "{0}: {1}".format(path, task["name"])


@pytest.mark.parametrize("path", PLAYBOOKS)
def test_playbooks_need_no_configuration_of_the_checkout(path):
    for play in load(path):
        if "ansible.builtin.import_playbook" in play:
            continue
        assert play["name"] and play["gather_facts"] is False
        for task in tasks_of(play["tasks"]):
            assert task["name"] and not UNWANTED & set(task), task["name"]
            role = (task.get("ansible.builtin.import_role") or {}).get("name")
            assert role is None or role.startswith("homelab.media."), "{0}: a role without its full name".format(path)
        if play.get("become"):
            assert play["vars"]["ansible_pipelining"] is True, "{0}: an installed collection has no ansible.cfg".format(path)
