#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: media_files
short_description: Write all files of a host in one run
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Writes many files atomically, resolves references to secrets in them on the host, and tells which ones changed.
  - A file is either as before or as described, also when the run is killed or the disk is full.
  - "A reference has the form C(\u27e6secret:NAME|FILTER\u27e7), where the filter says how the file notes a value: V(raw), V(env) (a compose
    environment file), V(xml), V(ini), V(json), V(yaml), V(url), V(md5), or V(qbt_pbkdf2) (qBittorrent's password hash)."
  - "C(\u27e6digest:INSTANCE\u27e7) becomes a keyed hash over what needs a restart of that service when it changes, see O(digests)."
extends_documentation_fragment:
  - homelab.media.attributes
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path. Missing directories are made, owned by root, mode 0755.
        type: path
        required: true
      content:
        description: Text with references.
        type: str
        required: true
      owner:
        description: Numeric owner.
        type: int
        default: 0
      group:
        description: Numeric group.
        type: int
        default: 0
      mode:
        description: Octal mode.
        type: str
        default: "0644"
      seed:
        description: Write the file only when there is none. The app owns it from then on; neither content nor attributes are touched again.
        type: bool
        default: false
      sensitive:
        description: The content may hold secrets beyond the references, so the diff names changed keys only.
        type: bool
        default: false
      backup:
        description: Keep the previous content beside the file, with the suffix C(.before-homelab-media).
        type: bool
        default: false
  digests:
    description:
      - For each instance C(model), a text, and C(files), paths among O(files) whose content counts.
      - The key of the hash is the secret C(host.digest_key).
    type: dict
    default: {}
  secrets:
    description: Values of the secrets, by name.
    type: dict
    default: {}
  on_problem:
    description:
      - What to do about a file that needs a secret without a value, as of a host that cannot be reached.
      - With V(report) the file stays as it is, a new one goes without the lines in question, and RV(problems) tells.
    type: str
    choices: [fail, report]
    default: fail
"""

EXAMPLES = r"""
- name: Write an environment file that holds a password
  homelab.media.media_files:
    files:
      - path: /opt/homelab-media/example/app.env
        content: "PASSWORD=\u27e6secret:app.password|env\u27e7\n"
        mode: "0600"
        sensitive: true
    secrets:
      app.password: "{{ vault_app_password }}"
"""

RETURN = r"""
edited:
  description: Services that a C(compose.yml) defined in another way than it does now, whoever wrote it that way.
  type: list
  elements: str
  returned: always
  sample: []
files:
  description: Every file and whether it changed.
  type: list
  elements: dict
  returned: always
  sample: [{path: /opt/homelab-media/example/app.env, changed: true}]
problems:
  description: A sentence for every file that a secret without a value concerns.
  type: list
  elements: str
  returned: always
  sample: []
digests:
  description: The digest of every instance of O(digests), also in check mode.
  type: dict
  returned: always
  sample: {sonarr: 3f0c1bd2a6f54f7f8a6f0a8a3c9d1e2b}
"""

import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils import tokens
from ansible_collections.homelab.media.plugins.module_utils.errors import show_user_names
from ansible_collections.homelab.media.plugins.module_utils.files import FileProblem, observe, set_attributes, write

# What names a value in the usual notations. Long names are none: they are more likely a part of a key.
PAIR = re.compile(r"""^(\s*(?:- )?["']?[\w.\\/-]{1,60}["']?\s*[=:]\s*)([^=\s].*)$""")
ELEMENT = re.compile(r"^(\s*<(\w{1,60})>)(.+)(</\2>\s*)$")
# A service in a compose file as it is written here.
SERVICE = re.compile(r"^  ([A-Za-z0-9][\w.-]*):$")
HARMLESS = re.compile(r"^[\s\[\]{}()<>/?,]*$|^\s*\[{1,2}[\w. -]{1,60}\]{1,2}$|^\s*</?\w{1,60}>$|^\s*(?:- )?[\w-]{1,30}:$")


def keys_only(text, values):
    """A text for a diff: keys stay, every value becomes a number, so that a change shows and no value is seen.

    :param values: Value to its number, shared by both sides of the diff.
    """

    def number(value):
        return "(value {0})".format(values.setdefault(value, len(values) + 1))

    lines = []
    for line in text.rstrip("\n").split("\n") if text else []:
        pair, element = PAIR.match(line), ELEMENT.match(line)
        if element:
            lines.append(element.group(1) + number(element.group(3)) + element.group(4))
        elif pair:
            lines.append(pair.group(1) + number(pair.group(2)))
        else:
            lines.append(line if HARMLESS.match(line) else number(line))
    return "".join(line + "\n" for line in lines)


def plan(entry, current, content, sensitive):
    """What to do with one file: C(None), C("write") or C("attributes"), with the texts of its diff."""
    mode = int(entry["mode"], 8)
    if current is None:
        action = "write"
    elif entry["seed"]:
        action = None
    elif current["content"] != content:
        action = "write"
    elif (current["owner"], current["group"], current["mode"]) != (entry["owner"], entry["group"], mode):
        action = "attributes"
    else:
        action = None
    if action is None:
        return None, "", ""
    before = "" if current is None else current["content"].decode(errors="replace")
    after = content.decode()
    if sensitive:
        values = {}
        before, after = keys_only(before, values), keys_only(after, values)
    if current is not None and (current["owner"], current["group"], current["mode"]) != (entry["owner"], entry["group"], mode):
        before += "# {owner}:{group} {mode:04o}\n".format(**current)
        after += "# {0}:{1} {2:04o}\n".format(entry["owner"], entry["group"], mode)
    return action, before, after


def definitions(text):
    """The services of a compose file as it is written here: name to the lines of its definition that mean something."""
    found, lines, inside = {}, None, False
    for line in text.split("\n"):
        if line[:1] not in ("", " ", "#"):
            lines, inside = None, line == "services:"
        service = SERVICE.match(line) if inside else None
        if service:
            lines = found.setdefault(service.group(1), [])
        elif lines is not None and line.strip() and not line.lstrip().startswith("#"):
            lines.append(line)
    return found


def edited(before, after):
    """The services of a compose file that were defined in another way, such as by somebody who edited it. A service that is new is none.

    :param before: The file as it was; whoever wrote it in another way altogether defined all of them in another way.
    """
    known = definitions(before)
    return sorted(name for name, lines in definitions(after).items() if before and known.get(name, lines if known else None) != lines)


def resolve(entry, secrets, digests=None):
    """The content of a file as it is to be on the host.

    :raises FileProblem: for a reference that cannot be resolved.
    """
    try:
        return tokens.resolve(entry["content"], secrets, digests=digests)
    except tokens.TokenProblem as error:
        raise FileProblem("writing {0}: {1}".format(entry["path"], error)) from None


def partial(entry, secrets):
    """What becomes of a file that needs keys of a host that could not be read: it stays as it is, and a new one goes without the lines in question.

    :return: The file, and a sentence when it is concerned.
    """
    names = tokens.missing(entry["content"], secrets)
    current = observe(entry["path"]) if names else None
    if not names or current and entry["seed"]:
        return entry, None
    sentence = "{0} needs {1}, which {2} not known in this run, so it {3}; bring that host into the run, or give it under media_secrets".format(
        entry["path"], ", ".join(names), "is" if len(names) == 1 else "are", "stays as it is" if current else "goes without")
    if current:
        return dict(entry, content=current["content"].decode(errors="replace")), sentence
    return dict(entry, content=tokens.without(entry["content"], secrets)), sentence


def digests_of(specs, files, secrets):
    """The digest of every instance.

    :raises FileProblem: without a key for them.
    """
    key = str(secrets.get("host.digest_key") or "")
    if specs and not key:
        raise FileProblem("computing the digests: the secret host.digest_key has no value")
    by_path = {entry["path"]: entry for entry in files}
    return {name: tokens.digest(key, spec["model"], [resolve(by_path[path], secrets) if path in by_path else "" for path in spec.get("files") or []])
            for name, spec in specs.items()}


def apply(entry, action, current, content):
    """Write one file, or set what is not its content."""
    mode = int(entry["mode"], 8)
    if entry["backup"] and current is not None:
        write(entry["path"] + ".before-homelab-media", current["content"], current["owner"], current["group"], current["mode"])
    if action == "write":
        write(entry["path"], content, entry["owner"], entry["group"], mode)
    else:
        set_attributes(entry["path"], entry["owner"], entry["group"], mode)


def main():
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path", "required": True},
                    "content": {"type": "str", "required": True},
                    "owner": {"type": "int", "default": 0},
                    "group": {"type": "int", "default": 0},
                    "mode": {"type": "str", "default": "0644"},
                    "seed": {"type": "bool", "default": False},
                    "sensitive": {"type": "bool", "default": False},
                    "backup": {"type": "bool", "default": False},
                },
            },
            "digests": {"type": "dict", "default": {}},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "on_problem": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
        },
        supports_check_mode=True,
    )
    secrets = module.params["secrets"]
    show_user_names(module)
    result = {"changed": False, "files": [], "diff": [], "digests": {}, "problems": [], "edited": []}
    try:
        files = module.params["files"]
        if module.params["on_problem"] == "report":
            files, sentences = zip(*[partial(entry, secrets) for entry in files]) if files else ((), ())
            result["problems"] = [sentence for sentence in sentences if sentence]
        result["digests"] = digests_of(module.params["digests"], files, secrets)
        for entry in files:
            if not re.match(r"^0?[0-7]{3,4}$", entry["mode"]):
                raise FileProblem("writing {0}: {1} is no octal mode like 0644".format(entry["path"], entry["mode"]))
            current = observe(entry["path"])
            # A seed that is there is the app's: its references need no value any more.
            content = None if entry["seed"] and current else resolve(entry, secrets, result["digests"]).encode()
            action, before, after = plan(entry, current, content, entry["sensitive"] or "secret:" in entry["content"])
            if action:
                result["diff"].append({"before_header": entry["path"], "after_header": entry["path"], "before": before, "after": after})
                result["changed"] = True
                if action == "write" and current and entry["path"].endswith("/compose.yml"):
                    result["edited"] += edited(current["content"].decode(errors="replace"), content.decode())
                if not module.check_mode:
                    apply(entry, action, current, content)
            result["files"].append({"path": entry["path"], "changed": bool(action)})
    except FileProblem as error:
        module.fail_json(msg=str(error), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
