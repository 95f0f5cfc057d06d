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
  - A resource that links to an app of a host in O(outside) which does not answer, and what needs that resource, is named in RV(waiting) and is no problem.
  - In check mode an app that does not run yet is predicted to get everything.
extends_documentation_fragment:
  - homelab.media.attributes
options:
  apps:
    description:
      - The apps, each with C(name), C(app), C(url), C(api_key), C(resources), and optionally C(container) and C(needs), names of apps that come first.
      - A resource has C(resource), the name of a module of this collection without its prefix C(arr_), C(state), and that module's options,
        or C(recyclarr_sync) with C(instances), for an app whose C(url) is C(docker://) and the name of its container.
        With C(targets), a list of C(name), and of C(host) and C(url) for an app of another host, it tells what it links to.
      - "A secret stands as C({secret: NAME}) and is taken from O(secrets)."
      - With C(container), the host of C(url) is replaced by that container's own address, for apps that publish no port. A resource
        with C(check_url), and an application of C(indexer_sync), has C(check_container) for that.
    type: list
    elements: dict
    required: true
  down:
    description: Names of apps that are known not to run. They are not waited for.
    type: list
    elements: str
    default: []
  outside:
    description: Names of hosts that the run leaves out.
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
      - Off for every kind that is not named, and in every app for which no resource of that kind is described.
      - What something else still needs is left alone and told in RV(kept). Nothing is removed from an app in which anything failed.
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
apps:
  description: The apps that this run was about.
  type: list
  elements: str
  returned: always
  sample: [sonarr]
kept:
  description: What purge left alone, each with C(app), C(resource), C(name) and C(reason).
  type: list
  elements: dict
  returned: always
  sample: []
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
waiting:
  description: What could not be made as long as C(services) of C(hosts) in O(outside) are not up, each with C(app) and C(messages).
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

from ansible_collections.homelab.media.plugins.module_utils.addresses import addresses, at
from ansible_collections.homelab.media.plugins.module_utils.api_module import diffs
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError, show_user_names
from ansible_collections.homelab.media.plugins.module_utils.families import FAMILIES, credentials_of, family_of
from ansible_collections.homelab.media.plugins.module_utils.ledger import Ledger, ledger_of
from ansible_collections.homelab.media.plugins.module_utils.waiting import put_off
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker, converge_app, links_of

NEEDED = ("name", "app", "url")


def containers_of(apps):
    """The containers whose own address is wanted."""
    names = {app["container"] for app in apps if app.get("container")}
    for wish in (wish for app in apps for wish in app.get("resources") or []):
        names.update(entry["check_container"] for entry in [wish, *(wish.get("applications") or [])] if entry.get("check_container"))
    return sorted(names)


def located(wish, where):
    """A resource, or an application in it, with the address at which it is looked into."""
    wish = dict(wish)
    container = wish.pop("check_container", None)
    if container and wish.get("check_url"):
        wish["check_url"] = at(wish["check_url"], container, where) or wish["check_url"]
    if wish.get("applications"):
        wish["applications"] = [located(entry, where) for entry in wish["applications"]]
    return wish


def nothing(**outcome):
    """An outcome in which nothing happened but what is given."""
    return dict({"changes": [], "links": [], "problems": [], "targets": [], "kept": []}, **outcome)


def converge(app, params, ledger, check_mode, where):
    """One app; every way to fail ends in a problem of that app.

    :return: The outcome, and how many requests it took.
    """
    name = str(app.get("name") or app.get("app"))
    wishes = [located(wish, where) for wish in app.get("resources") or []]
    worker = FAMILIES[app["app"]].worker if app.get("app") in FAMILIES else Worker
    foreseen = nothing(changes=[worker.predicted(name, wish) for wish in wishes if wish.get("state", "present") == "present"])
    try:
        missing = [key for key in NEEDED if not app.get(key)]
        if missing:
            raise MediaError("{0}: its description has no {1}".format(name, " and no ".join(missing)))
        family = family_of(app["app"], name)
        if name in params["down"]:
            raise MediaError("{0} does not run, so nothing was wired in it".format(name))
        url = at(app["url"], app.get("container"), where)
        if url is None:
            if check_mode:
                return foreseen, 0
            raise MediaError("connecting to {0}: its container {1} does not run; see 'docker logs {1}'".format(name, app["container"]))
        client = family.client(url, app=app["app"], name=name, timeout=params["timeout"], wait_timeout=0 if check_mode else params["wait_timeout"],
                               **credentials_of(app, family, params["secrets"], "connecting to {0}".format(name)))
        return converge_app(worker(client, ledger, params["secrets"], check_mode), wishes, params["purge"]), client.requests
    except MediaError as error:
        if check_mode and "requests is missing" in str(error):
            return foreseen, 0
        return nothing(links=links_of(worker, name, wishes, "failed"), problems=[str(error)]), 0


def in_order(apps):
    """Apps after those that they need.

    :raises MediaError: when they need each other.
    """
    names, done, found, rest = {app.get("name") for app in apps}, set(), [], list(apps)
    while rest:
        ready = [app for app in rest if not (set(app.get("needs") or []) & names) - done]
        if not ready:
            raise MediaError("the apps {0} need each other; correct needs".format(", ".join(str(app.get("name")) for app in rest)))
        found += ready
        done |= {app.get("name") for app in ready}
        rest = [app for app in rest if app.get("name") not in done]
    return found


def converge_all(apps, *arguments):
    """All apps side by side, each after those that it needs.

    :return: Name, outcome and number of requests of each, in the order given.
    """
    running = {}

    def work(app):
        for need in app.get("needs") or []:
            if need in running:
                running[need].result()
        return converge(app, *arguments)

    # As many threads as apps: one that waits for another must not take its place.
    with ThreadPoolExecutor(len(apps) or 1) as pool:
        for app in in_order(apps):
            running[app.get("name")] = pool.submit(work, app)
        return [(str(app.get("name") or app.get("app")),) + running[app.get("name")].result() for app in apps]


def main():
    module = AnsibleModule(
        argument_spec={
            "apps": {"type": "list", "elements": "dict", "required": True},
            "down": {"type": "list", "elements": "str", "default": []},
            "outside": {"type": "list", "elements": "str", "default": []},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "purge": {"type": "dict", "default": {}},
            "state_root": {"type": "path", "default": "/var/lib/homelab-media"},
            "timeout": {"type": "int", "default": 60},
            "wait_timeout": {"type": "int", "default": 180},
            "on_problem": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
        },
        supports_check_mode=True,
    )
    show_user_names(module)
    params = module.params
    ledger = Ledger(ledger_of(params["state_root"]))
    names = [str(app.get("name") or app.get("app")) for app in params["apps"]]
    result = {"changed": False, "apps": names, "changes": [], "links": [], "problems": [], "waiting": [], "kept": [], "diff": [], "requests": 0}
    try:
        where = addresses(module, containers_of(params["apps"]))
        outcomes = converge_all(params["apps"], params, ledger, module.check_mode, where)
        if params["outside"]:
            result["waiting"] = put_off({name: outcome for name, outcome, requests in outcomes}, set(params["outside"]))
        for name, outcome, requests in outcomes:
            result["requests"] += requests
            result["changes"] += [dict({key: change[key] for key in ("resource", "name", "action", "fields")}, app=name) for change in outcome["changes"]]
            result["diff"] += diffs(name, outcome["changes"])
            result["links"] += outcome["links"]
            result["kept"] += outcome["kept"]
            result["problems"] += [{"app": name, "message": text} for text in outcome["problems"]]
    except MediaError as error:
        module.fail_json(msg=str(error))
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
