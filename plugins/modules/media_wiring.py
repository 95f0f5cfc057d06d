#!/usr/bin/python
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: media_wiring
short_description: Converge the settings of all apps of a host in one run
version_added: 0.1.0
author: homelab.media contributors (@homelab-media)
description:
  - Brings about many resources of many apps, with the same tables as the single modules. Apps are worked on side by side, the resources
    of one app in the order given.
  - An app that is down, or a resource that fails, does not keep the others from it; RV(problems) names what is left.
  - In check mode an app that does not run yet is predicted to get everything.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  apps:
    description:
      - The apps, each with C(name), C(app), C(url), C(api_key), C(resources), and optionally C(container) and C(needs).
      - A resource has C(resource), the name of a module of this collection without its prefix C(arr_), C(state), and that module's options.
      - "A secret stands as C({secret: NAME}) and is taken from O(secrets)."
      - With C(container), the host of C(url) is replaced by that container's own address, for apps that publish no port.
    type: list
    elements: dict
    required: true
  down:
    description: Names of apps that are known not to run. They are not waited for.
    type: list
    elements: str
    default: []
  secrets:
    description: Values of the secrets, by name.
    type: dict
    default: {}
  purge:
    description:
      - For a kind of resource C(enabled) and C(ignore), a list of names. Resources of that kind that are not described are removed.
      - Off for every kind that is not named. The app itself refuses to remove what is in use.
    type: dict
    default: {}
  state_root:
    description: Directory of the ledger, a root-only file of salted hashes by which a changed secret is known from one that was pushed already.
    type: path
    default: /var/lib/homelab-media
  timeout:
    description: Seconds to wait for one answer.
    type: int
    default: 60
  wait_timeout:
    description: Seconds to wait for an app that is still starting.
    type: int
    default: 180
  on_problem:
    description: Whether a problem fails the task, or is only told in RV(problems).
    type: str
    choices: [fail, report]
    default: fail
requirements:
  - requests (Python library on the managed host)
"""

EXAMPLES = r"""
- name: Wire Sonarr
  homelab.media.media_wiring:
    apps:
      - name: sonarr
        app: sonarr
        url: http://127.0.0.1:8989
        api_key: {secret: sonarr.api_key}
        resources:
          - {resource: tag, label: kids}
          - {resource: root_folder, path: /data/tv}
    secrets:
      sonarr.api_key: "{{ example_api_key }}"
"""

RETURN = r"""
changes:
  description: What was done, in check mode what would be.
  type: list
  elements: dict
  returned: always
  sample: [{app: sonarr, resource: download_client, name: qBittorrent, action: update, fields: [priority]}]
links:
  description: Every link between apps and its state, one of V(ok), V(changed), V(failed).
  type: list
  elements: dict
  returned: always
  sample: [{app: sonarr, resource: download_client, name: qBittorrent, state: ok}]
problems:
  description: What did not work, each with C(app) and C(message).
  type: list
  elements: dict
  returned: always
  sample: []
requests:
  description: How many HTTP requests were made.
  type: int
  returned: always
  sample: 12
"""

from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.homelab.media.plugins.module_utils.arr_module import diffs
from ansible_collections.homelab.media.plugins.module_utils.client import ArrClient
from ansible_collections.homelab.media.plugins.module_utils.docker_cli import Docker, DockerProblem, describe
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger
from ansible_collections.homelab.media.plugins.module_utils.runner import converge_app, failed_links, predicted, resolve

AT_ONCE = 8


def addresses(module, apps):
    """The own address of every container whose port is not published."""
    names = sorted({app["container"] for app in apps if app.get("container")})
    if not names:
        return {}

    def run(command, **options):
        try:
            return module.run_command(command, handle_exceptions=False, **options)
        except OSError as error:
            return 127, "", str(error)

    docker = Docker(run)
    found = {}
    try:
        for item in docker.inspect("container", names):
            seen = describe(item)
            mode = seen["network_mode"] or ""
            if mode.startswith("container:"):
                seen = next((describe(other) for other in docker.inspect("container", [mode.partition(":")[2]])), seen)
            address = "127.0.0.1" if seen["network_mode"] == "host" else next(iter(seen["addresses"].values()), None)
            if address:
                found[item["Name"].lstrip("/")] = address
    except DockerProblem:
        pass
    return found


def converge(app, params, ledger, check_mode, where):
    """One app; every way to fail ends in a problem of that app."""
    wishes = app.get("resources") or []
    try:
        if app["name"] in params["down"]:
            raise MediaError("{0} does not run, so nothing was wired in it".format(app["name"]))
        url = app["url"]
        if app.get("container"):
            if app["container"] not in where:
                if check_mode:
                    return {"changes": [predicted(app["name"], wish) for wish in wishes], "links": [], "problems": []}, 0
                raise MediaError("connecting to {0}: its container {1} does not run; see 'docker logs {1}'".format(app["name"], app["container"]))
            scheme, rest = url.split("://", 1)
            url = "{0}://{1}".format(scheme, rest.replace(app["container"], where[app["container"]], 1))
        key = resolve(app.get("api_key"), params["secrets"], "connecting to {0}".format(app["name"]))
        client = ArrClient(url, str(key), app=app["app"], name=app["name"], timeout=params["timeout"],
                           wait_timeout=0 if check_mode else params["wait_timeout"])
        return converge_app(client, wishes, ledger, params["secrets"], check_mode, params["purge"]), client.requests
    except MediaError as error:
        if check_mode and "requests is missing" in str(error):
            return {"changes": [predicted(app["name"], wish) for wish in wishes], "links": [], "problems": []}, 0
        return {"changes": [], "links": failed_links(app["name"], wishes), "problems": [str(error)]}, 0


def main():
    module = AnsibleModule(
        argument_spec={
            "apps": {"type": "list", "elements": "dict", "required": True},
            "down": {"type": "list", "elements": "str", "default": []},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "purge": {"type": "dict", "default": {}},
            "state_root": {"type": "path", "default": "/var/lib/homelab-media"},
            "timeout": {"type": "int", "default": 60},
            "wait_timeout": {"type": "int", "default": 180},
            "on_problem": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
        },
        supports_check_mode=True,
    )
    params = module.params
    ledger = Ledger(params["state_root"] + "/ledger.json")
    where = addresses(module, params["apps"])
    result = {"changed": False, "changes": [], "links": [], "problems": [], "diff": [], "requests": 0}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [(app, pool.submit(converge, app, params, ledger, module.check_mode, where)) for app in params["apps"]]
        for app, future in running:
            outcome, requests = future.result()
            result["requests"] += requests
            result["changes"] += [dict({key: change[key] for key in ("resource", "name", "action", "fields")}, app=app["name"])
                                  for change in outcome["changes"]]
            result["diff"] += diffs(app["name"], outcome["changes"])
            result["links"] += outcome["links"]
            result["problems"] += [{"app": app["name"], "message": text} for text in outcome["problems"]]
    result["changed"] = bool(result["changes"])
    if not module.check_mode:
        try:
            ledger.save()
        except MediaError as error:
            result["problems"].append({"app": "", "message": str(error)})
    if result["problems"] and params["on_problem"] == "fail":
        module.fail_json(msg="; ".join(entry["message"] for entry in result["problems"]), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
