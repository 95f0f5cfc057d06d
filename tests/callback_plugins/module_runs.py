"""Counts, per host, the tasks that ran a module there: what a run costs. Writes them to the file that HOMELAB_MODULE_RUNS names."""
from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: module_runs
type: aggregate
short_description: Count module runs per host
description: Counts tasks that ran a module on the host; actions that stay on the controller do not count.
"""
# Actions that never run anything on the host.
CONTROLLER = {"add_host", "assert", "debug", "fail", "group_by", "include_role", "import_role", "include_tasks", "import_tasks", "meta", "plan",
              "set_fact", "summary", "validate_argument_spec"}


class CallbackModule(CallbackBase):
    """See the documentation above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "module_runs"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.counts = {}

    def _count(self, result):
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        if str(task.action).rpartition(".")[2] not in CONTROLLER:
            self.counts[host.get_name()] = self.counts.get(host.get_name(), 0) + 1

    def v2_runner_on_ok(self, result):
        self._count(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._count(result)

    def v2_playbook_on_stats(self, stats):
        path = os.environ.get("HOMELAB_MODULE_RUNS")
        if path:
            with open(path, "w", encoding="utf-8") as stream:
                json.dump(self.counts, stream)
