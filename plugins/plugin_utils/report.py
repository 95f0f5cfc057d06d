# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The closing report of a run: a pure function from the plan and the hosts' results to lines of text."""
from __future__ import annotations

COLUMNS = ("SERVICE", "HOST", "URL", "HEALTH", "LINKS")
VERIFY_COLUMNS = ("HOST", "CHECK", "WHERE", "VERDICT", "SEEN, OR WHAT TO DO")


def table(rows, columns=COLUMNS):
    """Lay rows out in columns as wide as their widest cell.

    :param rows: Lists of strings, one string per column.
    :param columns: The headings.
    :return: A list of lines without trailing blanks.
    """
    lines = [list(columns)] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]


def _health(host_result, service):
    """How a service is, in a word, from what the stack saw after its run."""
    if host_result is None or host_result.get("ended"):
        return "host failed"
    seen = (host_result.get("stack") or {}).get("services", {}).get(service)
    if not seen:
        return "planned" if host_result.get("check_mode") else "unknown"
    return seen.get("health") or seen.get("state") or "unknown"


def _last(host_result, key):
    """What the last pass of the wiring said of each app: links or problems."""
    latest = {}
    for result in (host_result or {}).get("wiring") or []:
        apps = set(result.get("apps") or [])
        latest = {app: entries for app, entries in latest.items() if app not in apps}
        for entry in result.get(key) or []:
            latest.setdefault(entry.get("app"), []).append(entry)
    return [entry for entries in latest.values() for entry in entries]


def _links(host_result, service):
    """``made/wanted`` for the links that were wired into a service, ``-`` where it has none."""
    links = [link for link in _last(host_result, "links") if link.get("app") == service]
    if not links:
        return "-"
    done = [link for link in links if link.get("state") not in ("failed", "skipped", "missing")]
    return "{0}/{1}".format(len(done), len(links))


def problems(plan, results):
    """Everything that went wrong on any host, a sentence each.

    :param plan: The plan (``hosts``).
    :param results: Host to ``{stack, wiring, check_mode}``, ``{ended}`` or ``None`` for a host that failed earlier.
    :return: A list of sentences that begin with the host's name.
    """
    found = []
    for host in sorted(plan.get("hosts") or {}):
        if host not in results:
            continue
        result = results[host]
        if result is None:
            found.append("{0}: the run ended early on this host, see its message above".format(host))
            continue
        if result.get("ended"):
            found.append("{0}: {1}".format(host, result["ended"]))
            continue
        told = set()
        for entry in (result.get("stack") or {}).get("problems") or []:
            found.append("{0}: {1}".format(host, _sentence(entry)))
            told.add(entry.get("service") if isinstance(entry, dict) else None)
        for row in plan.get("summary") or []:
            seen = (result.get("stack") or {}).get("services", {}).get(row["service"])
            if row["host"] != host or row.get("state") == "stopped" or row["service"] in told or result.get("check_mode") or not seen:
                continue
            bad = seen["state"] if seen.get("state") != "running" else "unhealthy" if seen.get("health") == "unhealthy" else None
            if bad:
                found.append("{0}: {1} is {2}; see 'docker logs {1}'".format(host, row["service"], bad))
        found += ["{0}: {1}".format(host, _sentence(entry)) for entry in _last(result, "problems")]
    return found


def _sentence(entry):
    """A problem as text, whether it came as text or as ``{app, message}``."""
    if not isinstance(entry, dict):
        return str(entry)
    subject = entry.get("app") or entry.get("service") or entry.get("project")
    message = str(entry.get("message", ""))
    return message if not subject or message.startswith(str(subject)) else "{0}: {1}".format(subject, message)


def report(plan, results, state_root="/var/lib/homelab-media"):
    """The lines that a person reads at the end of a run.

    :param plan: The plan: ``summary`` rows ``{service, host, url}``, ``findings``.
    :param results: Host to ``{stack, wiring, generated, check_mode}``; ``None`` for a host that failed.
    :param state_root: Where each host keeps its secrets.
    :return: A list of lines.
    """
    rows = []
    for row in plan.get("summary") or []:
        host = row["host"]
        if host not in results:
            continue
        rows.append([
            row["service"], host, row.get("url") or "-",
            "stopped" if row.get("state") == "stopped" else _health(results[host], row["service"]),
            _links(results[host], row["service"]),
        ])
    lines = [""] + table(rows)
    warnings = [finding for finding in plan.get("findings") or [] if finding.get("severity") == "warning"]
    if warnings:
        lines += ["", "Worth knowing:"]
        lines += ["  {host}: {message} {remedy}".format(**finding).rstrip() for finding in warnings]
    generated = sorted(host for host, result in results.items() if result and result.get("generated"))
    if generated:
        lines += ["", "Passwords and keys that were generated are on {0}, for root only: sudo cat {1}/secrets.json".format(
            " and ".join(generated), state_root)]
    waits = [(host, entry) for host in sorted(results) for entry in _last(results[host], "waiting")]
    if waits:
        lines += ["", "Left for a run that includes {0}:".format(" and ".join(sorted({name for host, entry in waits for name in entry["hosts"]})))]
        lines += ["  {0}: {1} lacks {2}".format(host, entry["app"], ", ".join(entry["services"])) for host, entry in waits]
    wrong = problems(plan, results)
    if wrong:
        lines += ["", "Left to do (then run again):"] + ["  " + sentence for sentence in wrong]
    return lines + [""]


def verification(results):
    """The table of a verification, and what of it failed.

    :param results: Host to the result of C(media_verify), C(None) for a host that ended before it, C({msg}) where it failed itself.
    :return: The lines, and the failures as sentences.
    """
    rows, failures, counts = [], [], {"ok": 0, "failed": 0, "skipped": 0}
    for host in sorted(results):
        result = results[host] or {}
        checks = result.get("checks") or []
        if not checks and (results[host] is None or result.get("failed")):
            checks = [{"check": "host", "where": host, "verdict": "failed",
                       "reason": result.get("msg") or "the run ended early on this host, see its message above"}]
        for entry in checks:
            counts[entry["verdict"]] += 1
            rows.append([host, entry["check"], entry["where"], entry["verdict"], entry.get("reason") or "-"])
            if entry["verdict"] == "failed":
                failures.append("{0}: {1} of {2}: {3}".format(host, entry["check"], entry["where"], entry.get("reason") or "-"))
    told = ", ".join("{0} {1}".format(count, verdict) for verdict, count in counts.items())
    return [""] + table(rows, VERIFY_COLUMNS) + ["", told, ""], failures
