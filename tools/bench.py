# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of site.yml costs that changes nothing: module runs, HTTP requests and seconds, beside `ping` tasks of the same run.

    tools/bench.py [--inventory DIR] [--runs N] [--json FILE] [ARGUMENTS of ansible-playbook ...]

Counts are exact and comparable anywhere. Seconds depend on the machine, so look at their ratio to a `ping`.
Requests are read from the logs of the lab's stand-ins; elsewhere that line says nothing.
"""
from __future__ import annotations

import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
LAB_INVENTORY = "inventory/lab"
PINGS = 7
COMPARISON = ("Warm the connections up", "Compare with trivial tasks", "Compare with trivial tasks again")
LOGS = "cat /var/lib/homelab-media-configs/*/requests.jsonl /var/lib/homelab-media-configs/*/*/requests.jsonl 2>/dev/null; true"


def probe_paths():
    """The paths that Docker's health checks ask for all the time: not requests of the run."""
    found = set()
    for path in sorted((ROOT / "catalog").glob("*.yml")):
        command = (yaml.safe_load(path.read_text(encoding="utf-8")).get("probe") or {}).get("command") or []
        for word in command:
            match = re.match(r"^https?://[^/]+?(?::\{\{[^}]*\}\}|:\d+)?(?:\{\{[^}]*\}\})?(/[^ ]*)$", str(word))
            if match:
                found.add(match.group(1))
    return found - {"/"}


def play(inventory, arguments, scratch):
    """One run of the bench playbook: its records, module runs per host, and exit code."""
    record, counts = scratch / "record.jsonl", scratch / "counts.json"
    for path in (record, counts):
        path.unlink(missing_ok=True)
    environment = dict(
        os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0", ANSIBLE_NOCOLOR="1", HOMELAB_BENCH=str(record),
        HOMELAB_MODULE_RUNS=str(counts), ANSIBLE_CALLBACKS_ENABLED="bench_record,module_runs",
        ANSIBLE_CALLBACK_PLUGINS=os.pathsep.join((str(ROOT / "tests/bench/callback_plugins"), str(ROOT / "tests/callback_plugins"))))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", inventory, "tests/bench/bench.yml", *arguments]
    done = subprocess.run(command, cwd=str(ROOT), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-4000:] + "\nbench: the playbook failed")
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()], json.loads(counts.read_text(encoding="utf-8"))


def requests_between(host, began, ended, probes):
    """How many requests the stand-ins of a host answered between two times, their health checks left out."""
    done = subprocess.run([sys.executable, str(ROOT / "lab/lab.py"), "exec", host, "--", "sh", "-c", LOGS], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    found = 0
    for line in done.stdout.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        # An app may live below a path of its own: /radarr-4k/ping.
        probe = entry["path"] in probes or "/" + entry["path"].lstrip("/").partition("/")[2] in probes
        found += began <= entry.get("t", 0) <= ended and not probe
    return found


def summed(records, counts, requests):
    """The figures of one run."""
    own = [entry for entry in records if entry["play"] not in COMPARISON]
    hosts = sorted({entry["host"] for entry in own if entry["action"].startswith("homelab.media.")})
    pings = collections.defaultdict(list)
    for entry in records:
        if entry["play"] in COMPARISON[1:]:
            pings[(entry["began"], entry["task"])].append(entry["ended"] - entry["began"])
    return {
        "hosts": {host: {"module_runs": counts.get(host, 0) - PINGS, "changed": sum(entry["changed"] for entry in own if entry["host"] == host),
                         "requests": requests.get(host)} for host in hosts},
        "seconds": max(entry["ended"] for entry in own) - min(entry["began"] for entry in own),
        "ping": statistics.median(max(times) for times in pings.values()),
        "tasks": own,
    }


def one(inventory, arguments, scratch):
    records, counts = play(inventory, arguments, scratch)
    requests = {}
    if inventory == LAB_INVENTORY:
        # Only while something of ours talked to the apps; what they ask each other in between is not ours.
        windows = {}
        for entry in records:
            if entry["action"] == "homelab.media.media_wiring" and entry["outcome"] == "ok":
                windows.setdefault(entry["host"], []).append((entry["began"], entry["ended"]))
        probes = probe_paths()
        requests = {entry["host"]: 0 for entry in records}
        requests.update({host: sum(requests_between(host, *window, probes) for window in times) for host, times in windows.items()})
    return summed(records, counts, requests)


def table(run):
    """The figures as text."""
    hosts = list(run["hosts"])
    widths = [max(12, len(host)) for host in hosts]
    lines = ["{0:<42}".format("a rerun, per host") + "".join("  " + host.rjust(width) for host, width in zip(hosts, widths))]
    for title, key in (("changed", "changed"), ("module runs", "module_runs"), ("HTTP requests", "requests")):
        cells = ["-" if run["hosts"][host][key] is None else str(run["hosts"][host][key]) for host in hosts]
        lines.append("{0:<42}".format(title) + "".join("  " + cell.rjust(width) for cell, width in zip(cells, widths)))
    lines += ["", "{0:<42}  {1:>12}  {2:>12}".format("all hosts together", "seconds", "ratio"),
              "{0:<42}  {1:>12.2f}  {2:>12.1f}".format("one ping", run["ping"], 1),
              "{0:<42}  {1:>12.2f}  {2:>12.1f}".format("site.yml", run["seconds"], run["seconds"] / run["ping"])]
    slow = collections.defaultdict(float)
    for entry in run["tasks"]:
        if entry["outcome"] == "ok":
            slow[(entry["began"], entry["task"])] = max(slow[(entry["began"], entry["task"])], entry["ended"] - entry["began"])
    for (_began, task), seconds in sorted(slow.items(), key=lambda item: -item[1])[:6]:
        lines.append("  {0:<40.40}  {1:>12.2f}  {2:>12.1f}".format(task.rpartition(" : ")[2], seconds, seconds / run["ping"]))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--inventory", default=LAB_INVENTORY)
    parser.add_argument("--runs", type=int, default=3, help="the run with the median of seconds is shown")
    parser.add_argument("--json", type=Path, help="write the figures of all runs here, too")
    options, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        def changed(run):
            return sum(host["changed"] for host in run["hosts"].values())

        first = one(options.inventory, arguments, Path(scratch))
        if changed(first):
            print("bench: the first run changed something, so it does not count")
            first = one(options.inventory, arguments, Path(scratch))
        runs = [first] + [one(options.inventory, arguments, Path(scratch)) for dummy in range(options.runs - 1)]
    if options.json:
        options.json.write_text(json.dumps(runs, indent=1), encoding="utf-8")
    print(table(sorted(runs, key=lambda run: run["seconds"])[len(runs) // 2]))
    if any(changed(run) for run in runs):
        raise SystemExit("bench: a run that should have changed nothing changed something")


if __name__ == "__main__":
    main()
