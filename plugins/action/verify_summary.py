# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the table of a verification; documentation in the module of the same name."""
from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.homelab.media.plugins.plugin_utils.report import verification

display = Display()


class ActionModule(ActionBase):
    """Controller only: reads what media_verify returned on every host of the play."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("variable",))

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        hostvars = task_vars["hostvars"]
        variable = str(self._task.args.get("variable", "verify_result"))
        # A host that cannot be reached leaves the play, but not the verdict.
        tried = set(task_vars.get("ansible_play_hosts_all") or []) | set(
            (task_vars.get("groups") or {}).get("homelab_media") or [])
        lines, failures = verification({str(host): (hostvars.get(host) or {}).get(variable) for host in tried})
        for line in lines:
            display.display(line)
        result.update(changed=False, failures=failures)
        if failures:
            result.update(failed=True, msg="{0} failed, see above".format("1 check" if len(failures) == 1 else "{0} checks".format(len(failures))))
        return result
