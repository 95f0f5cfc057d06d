"""Writes one line of JSON for each result, with when its task began and when it came, to the file that HOMELAB_BENCH names."""
from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: bench_record
type: aggregate
short_description: Record when tasks began and ended
description: Records play, task, action, host, outcome, begin and end of every result.
"""


class CallbackModule(CallbackBase):
    """See the documentation above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "bench_record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.play = ""
        self.began = {}

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name()

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.began[task._uuid] = time.time()

    def _record(self, result, outcome):
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        values = getattr(result, "result", None) or result._result
        entry = {"play": self.play, "task": task.get_name(), "action": str(task.action), "host": host.get_name(), "outcome": outcome,
                 "changed": bool(values.get("changed")), "began": self.began.get(task._uuid), "ended": time.time()}
        with open(os.environ["HOMELAB_BENCH"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")

    def v2_runner_on_ok(self, result):
        self._record(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record(result, "failed")

    def v2_runner_on_skipped(self, result):
        self._record(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self._record(result, "unreachable")
