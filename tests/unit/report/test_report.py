"""The closing report: what a person reads must be there, and nothing that is a secret can be."""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.plugin_utils.report import problems, report, table, verification

PLAN = {
    "hosts": {"a": {}, "b": {}},
    "findings": [{"severity": "warning", "host": "a", "key": "k", "message": "Overseerr is archived.", "remedy": "Use Seerr."}],
    "summary": [
        {"service": "sonarr", "host": "a", "url": "http://a:8989"},
        {"service": "unpackerr", "host": "a", "url": None},
        {"service": "plex", "host": "b", "url": "http://b:32400"},
    ],
}
FINE = {
    "stack": {"services": {"sonarr": {"state": "running", "health": "healthy"}, "unpackerr": {"state": "running"}}, "problems": []},
    "wiring": [{"apps": ["sonarr"], "links": [{"app": "sonarr", "name": "qBittorrent", "state": "ok"}, {"app": "sonarr", "name": "SABnzbd", "state": "failed"}],
                "problems": [{"app": "sonarr", "message": "SABnzbd refused the key"}]}],
    "generated": ["sonarr.api_key"],
    "check_mode": False,
}


def test_columns_line_up():
    lines = table([["sonarr", "host-with-a-long-name", "-", "healthy", "1/1"], ["x", "b", "u", "h", "-"]])
    assert [line.index(cell) for line, cell in zip(lines, ["HOST", "host-with", "b"])] == [9, 9, 9]


def test_rows_warnings_passwords_and_problems():
    text = "\n".join(report(PLAN, {"a": FINE, "b": None}))
    assert "sonarr     a     http://a:8989   healthy      1/2" in text
    assert "unpackerr  a     -               running      -" in text
    assert "plex       b     http://b:32400  host failed  -" in text
    assert "a: Overseerr is archived. Use Seerr." in text
    assert "on a, for root only: sudo cat /var/lib/homelab-media/secrets.json" in text
    assert "a: sonarr: SABnzbd refused the key" in text


def test_a_host_outside_of_the_limit_is_left_out():
    text = "\n".join(report(PLAN, {"a": FINE}))
    assert "plex" not in text
    assert problems(PLAN, {"a": dict(FINE, wiring=[])}) == []


def test_what_waits_for_a_host_outside_of_the_limit_is_told_and_is_no_problem():
    wiring = [{"apps": ["sonarr"], "waiting": [{"app": "sonarr", "hosts": ["b"], "services": ["plex"], "messages": ["no"]}]}]
    result = {"a": dict(FINE, wiring=wiring)}
    lines = report(PLAN, result)
    assert lines[lines.index("Left for a run that includes b:") + 1] == "  a: sonarr lacks plex"
    assert problems(PLAN, result) == []


def test_a_host_that_said_why_it_ended_is_quoted():
    assert problems(PLAN, {"b": {"ended": "installing docker.io: no"}}) == ["b: installing docker.io: no"]
    assert "plex     b     http://b:32400  host failed" in "\n".join(report(PLAN, {"b": {"ended": "installing docker.io: no"}}))


def test_a_failed_host_is_a_problem():
    assert problems(PLAN, {"b": None}) == ["b: the run ended early on this host, see its message above"]


def test_the_last_pass_counts_for_each_app():
    later = {"apps": ["sonarr"], "links": [{"app": "sonarr", "name": "qBittorrent", "state": "ok"}], "problems": []}
    done = {"a": dict(FINE, wiring=[{"apps": ["radarr", "sonarr"], "links": [{"app": "radarr", "name": "x", "state": "failed"}],
                                     "problems": [{"app": "radarr", "message": "no"}]}] + FINE["wiring"] + [later])}
    assert problems(PLAN, done) == ["a: radarr: no"]
    assert "sonarr     a     http://a:8989  healthy  1/1" in "\n".join(report(PLAN, done))


def test_a_verification_names_what_failed_and_who_was_not_asked():
    rows = [{"check": "link", "where": "sonarr > qBittorrent", "verdict": "ok", "reason": ""},
            {"check": "names", "where": "sonarr", "verdict": "failed", "reason": "nzbget does not resolve"},
            {"check": "hardlink", "where": "x", "verdict": "skipped", "reason": "check mode"}]
    lines, failures = verification({"a": {"checks": rows, "failures": 1}, "b": None, "c": {"failed": True, "msg": "no requests"}, "d": {"checks": []}})
    assert failures == ["a: names of sonarr: nzbget does not resolve", "b: host of b: the run ended early on this host, see its message above",
                        "c: host of c: no requests"]
    assert "1 ok, 3 failed, 1 skipped" in lines and any(line.startswith("a     link") and " ok " in line for line in lines)
    assert verification({"a": {"checks": rows[:1]}})[1] == []
