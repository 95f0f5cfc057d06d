# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the closing report of a run; documentation in the module of the same name."""
from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.homelab.media.plugins.plugin_utils.report import problems, report

display = Display()


class ActionModule(ActionBase):
    """Controller only: reads what earlier tasks registered on every host of the play."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("plan",))

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        hostvars = task_vars["hostvars"]
        alive = set(task_vars.get("ansible_play_hosts_all") or [])
        tried = set((task_vars.get("groups") or {}).get("homelab_media") or []) or alive
        plan = self._task.args["plan"]
        results = {}
        for host in sorted(tried):
            seen = hostvars.get(host) or {}
            own = seen.get("secrets_own") or {}
            if "stack_result" not in seen:
                # What a role says about its end; else the message is above.
                results[host] = {"ended": seen["docker_problem"]} if seen.get("docker_problem") else None
                continue
            stack = dict(seen.get("stack_result") or {})
            stack["problems"] = list((seen.get("stack_files") or {}).get("problems") or []) + list(stack.get("problems") or [])
            settled = seen.get("stack_settled") or {}
            if settled.get("services"):
                stack["services"] = settled["services"]
            results[host] = {
                "stack": stack,
                "wiring": seen.get("wiring_results"),
                "generated": [name for name, source in (own.get("sources") or {}).items() if source == "generated"],
                "check_mode": self._task.check_mode,
            }
        for line in report(plan, results, (plan.get("settings") or {}).get("state_root") or "/var/lib/homelab-media"):
            display.display(line)
        wrong = problems(plan, results)
        result.update(changed=False, problems=wrong)
        if wrong:
            result.update(failed=True, msg="{0} left to do, see above".format(
                "1 problem is" if len(wrong) == 1 else "{0} problems are".format(len(wrong))))
        return result
