# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys and passwords a host has, where an existing install keeps them, and who needs whose."""

from __future__ import annotations

import posixpath

from ansible_collections.homelab.media.plugins.plugin_utils import context as contexts
from ansible_collections.homelab.media.plugins.plugin_utils import user_resources, values

ADMIN = [
    {"name": "admin.username", "format": "plain", "default": "media", "adopt": [], "required": False},
    {"name": "admin.password", "format": "password", "adopt": [], "required": False},
]


def specs_of(env, instance):
    """The secrets of one instance for media_secrets."""
    found = []
    views = contexts.secret_views(env, instance)
    for name, spec in instance.entry["secrets"].items():
        if views[name] is None:
            continue
        full = views[name]["secret"]
        adopt = [
            {"path": posixpath.join(instance.config_dir, item["path"]), "format": item["format"], "key": item["key"]}
            for item in spec.get("adopt", [])
        ]
        if instance.owned and "fallback" in spec:
            # What our own container has was put there by us; the common login has to win when it changes.
            adopt = []
        required = spec.get("required", True)
        if not isinstance(required, bool):
            required = bool(values.render(env, required, {"settings": instance.settings, "variant": instance.variant}))
        entry = {
            "name": full,
            "format": spec.get("format", "hex32"),
            "adopt": adopt,
            "required": spec.get("format") == "plain" and required,
        }
        if instance.adopt and spec.get("adopt_required"):
            # An existing install keeps this one in a form that cannot be read back: only its owner knows it.
            entry.update({"format": "plain", "required": True})
        else:
            for key in ("default", "fallback", "sticky"):
                if key in spec and not (
                    key == "fallback" and spec.get("expands") and spec[key] in instance.host.expanding
                ):
                    entry[key] = spec[key]
        if entry.get("default"):
            entry["required"] = False
        found.append(entry)
    for name in user_resources.free_secrets(instance):
        # Nobody but its owner knows it, and nothing is sent as long as it is not given.
        full = "{0}.{1}".format(instance.name, name)
        found.append({"name": full, "format": "plain", "adopt": [], "required": False})
    return found


def plan(env, host, own_names, remote):
    """The part C(secrets) of a host's plan.

    :param own_names: Names that the host's files and wiring use.
    :param remote: For each other host, the names that links need from it.
    """
    specs = []
    for instance in host.instances.values():
        if instance.present:
            specs += specs_of(env, instance)
    needs_admin = any(name.startswith("admin.") for name in own_names) or any(
        str(spec.get("fallback", "")).startswith("admin.") for spec in specs
    )
    if needs_admin:
        specs = [dict(spec) for spec in ADMIN] + specs
    known = {spec["name"] for spec in specs}
    for name in sorted(set(own_names) & host.given - known):
        # Of no service, such as the login at a news server.
        specs.append({"name": name, "format": "plain", "adopt": [], "required": False})
    specs.append({"name": "host.digest_key", "format": "hex32", "adopt": [], "required": False})
    return {
        "state_root": host.state_root,
        "specs": specs,
        "export": {},
        "remote": {name: sorted(names) for name, names in sorted(remote.items()) if names},
    }
