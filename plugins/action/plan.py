# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where inventory becomes a plan; documentation in the module of the same name."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.homelab.media.plugins.plugin_utils import plan as planner
from ansible_collections.homelab.media.plugins.plugin_utils.findings import Findings, render_text
from ansible_collections.homelab.media.plugins.plugin_utils.inventory import check_variable
from ansible_collections.homelab.media.plugins.plugin_utils.plain import plain
from ansible_collections.homelab.media.plugins.plugin_utils.secret_marks import masked

display = Display()

SECRET_VARIABLES = ("media_secrets", "media_admin")


def secret_below(key, name, value):
    """Whether what stands under a name below a key is secret; a reference at a news server only names one."""
    if key.startswith("media_usenet_servers"):
        return name in ("username", "password") and not (hasattr(value, "items") and list(value.keys()) == ["secret"])
    parts = key.split(".")
    return len(parts) == 2 and parts[0] == "media_services" and name == "secrets"


class Unplain(Exception):
    """A value that cannot be turned into plain data; the text says why."""


class Reader:
    """Reads the media variables of one host, and keeps what is not defined apart."""

    def __init__(self, templar):
        self.templar = templar
        self.undefined = {}

    def read(self, value, key, secret=False):
        """The plain value; an undefined one is noted with its key and becomes none."""
        secret = secret or key in SECRET_VARIABLES
        if (
            isinstance(value, (str, bool, int, float))
            or value is None
            or not (hasattr(value, "items") or isinstance(value, (list, tuple)))
        ):
            return self._leaf(value, key, secret)
        if hasattr(value, "items"):
            found = {}
            for name in list(value.keys()):
                inside = secret or secret_below(key, name, value[name])
                found[plain(name)] = self.read(value[name], "{0}.{1}".format(key, name), inside)
            return found
        return [self.read(item, "{0}[{1}]".format(key, number), secret) for number, item in enumerate(value)]

    def _leaf(self, value, key, secret):
        try:
            found = plain(self.templar.template(value))
        except (AnsibleError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            self.undefined[key] = self._reason(error, secret)
            return None
        except Exception as error:  # Jinja's own errors differ between the versions
            self.undefined[key] = self._reason(error, secret)
            return None
        return self._mask_inside(found, key, secret)

    @staticmethod
    def _reason(error, secret):
        if secret:
            return "the value cannot be read"
        text = " ".join(str(getattr(error, "message", None) or error).split())
        return text[:300] or type(error).__name__

    def _mask_inside(self, found, key, secret):
        """A whole variable that came out of one template: its secrets are masked as well."""
        if isinstance(found, list):
            return [self._mask_inside(item, "{0}[{1}]".format(key, number), secret) for number, item in enumerate(found)]
        if isinstance(found, dict):
            return {
                name: self._mask_inside(item, "{0}.{1}".format(key, name), secret or secret_below(key, name, item))
                for name, item in found.items()
            }
        return masked(found) if secret and found not in (None, "") else found


class ActionModule(ActionBase):
    """Controller only; reads every inventory host, whatever --limit says."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("stage", "host_info"))

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        result["changed"] = False
        stage = self._task.args.get("stage", "full")
        if stage not in ("static", "full"):
            result.update(failed=True, msg="stage must be static or full, not '{0}'".format(stage))
            return result
        findings = Findings()
        raw, infos = self._inventory(findings, task_vars, str(self._task.args.get("host_info", "preflight_host")))
        found = planner.static(raw) if stage == "static" else planner.full(raw, infos)
        findings.extend(item for item in found["findings"] if item not in findings)
        found["findings"] = [dict(item) for item in findings]
        errors = findings.errors
        if errors:
            display.display(render_text(findings))
            count = "1 finding" if len(errors) == 1 else "{0} findings".format(len(errors))
            result.update(
                failed=True,
                findings=found["findings"],
                msg="{0}, nothing has been touched: {1}".format(
                    count,
                    " ".join(
                        "{0}: {1}: {2} {3}".format(item["host"], item["key"], item["message"], item["remedy"])
                        for item in errors
                    ),
                ),
            )
            return result
        result.update(found)
        return result

    def _inventory(self, findings, task_vars, info_variable):
        """The media variables of every host that has services, and what the hosts told about themselves."""
        hostvars = task_vars["hostvars"]
        raw, infos = {}, {}
        for name in sorted(str(host) for host in (task_vars.get("groups") or {}).get("all") or []):
            variables = hostvars.raw_get(name)
            if not hasattr(variables, "items"):
                continue
            names = [str(key) for key in variables if str(key).startswith("media_")]
            if "media_services" not in names:
                for key in names:
                    check_variable(findings, name, key)
                continue
            scope = dict(variables)
            scope["hostvars"] = hostvars
            reader = Reader(self._templar.copy_with_new_env(available_variables=scope))
            values = {key: reader.read(variables[key], key) for key in names if not self._registered(variables[key])}
            raw[name] = {"variables": values, "undefined": reader.undefined}
            seen = variables.get(info_variable)
            if hasattr(seen, "items") and hasattr(seen.get("host"), "items"):
                infos[name] = plain(seen["host"])
        return raw, infos

    @staticmethod
    def _registered(value):
        """Whether a variable is some task's registered result and not a description."""
        return hasattr(value, "items") and "changed" in value
