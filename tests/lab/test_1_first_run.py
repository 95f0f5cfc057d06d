"""A plain pair of hosts: check mode on nothing, the first run, the second one."""
from __future__ import annotations

import threading
import time

import pytest
import requests
from conftest import ADDRESS, ARRS, DOCKER, MEDIA


@pytest.fixture(scope="module")
def fresh(lab):
    """Two hosts without Docker."""
    lab.command("reset")
    lab.command("up")
    return lab


def test_check_on_nothing_shows_everything_and_changes_nothing(fresh):
    before = fresh.look()
    run = fresh.site("--check", "--diff")
    assert run.code == 0, run.output[-4000:]
    assert fresh.look() == before
    assert "docker" not in fresh.sh(MEDIA, "command -v docker || true")
    for text in ("would install docker.io", "+    image: 172.30.77.2:5000/lscr.io/linuxserver/sonarr", "sonarr/download_client/qBittorrent"):
        assert text in run.output, text


def test_a_limited_run_on_fresh_hosts(fresh):
    run = fresh.site("--limit", DOCKER)
    assert run.code == 0, run.output[-4000:]
    # What the other host has to be up for is told, and nothing else.
    heading = "Left for a run that includes {0}:".format(MEDIA)
    left = run.output[run.output.index(heading):].split("\n\n")[0].splitlines()[1:]
    assert left and all(line.strip().startswith(DOCKER) for line in left) and "Left to do" not in run.output, run.output[-4000:]
    assert set(run.stats) == {DOCKER}
    assert set(fresh.containers(DOCKER)) >= {"seerr", "maintainerr", "tautulli"}


class Watcher(threading.Thread):
    """Asks every *arr for its key, again and again, from its first answer on."""

    def __init__(self):
        super().__init__(daemon=True)
        self.leaks, self.answers, self.over = [], {}, threading.Event()

    def run(self):
        while not self.over.is_set():
            for instance, (port, base, _version, _key) in ARRS.items():
                for page in ("/initialize.json", "/"):
                    try:
                        answer = requests.get("http://{0}:{1}{2}{3}".format(ADDRESS[MEDIA], port, base, page), timeout=2, allow_redirects=False)
                    except requests.RequestException:
                        continue
                    self.answers.setdefault(instance, set()).add(answer.status_code)
                    if answer.status_code == 200:
                        self.leaks.append((instance, page, answer.text[:80]))
            time.sleep(0.05)


def test_the_first_run_brings_everything_up_and_never_opens_a_page(fresh):
    watcher = Watcher()
    watcher.start()
    run = fresh.site()
    watcher.over.set()
    watcher.join()
    assert run.code == 0, run.output[-6000:]
    assert run.total("failed") == run.total("unreachable") == 0
    assert set(watcher.answers) == set(ARRS), "every app answered at some time"
    assert watcher.leaks == []
    for name, host in (("sonarr", MEDIA), ("plex", MEDIA), ("seerr", DOCKER)):
        assert "{0} ".format(name) in run.output and host in run.output
    assert "sudo cat /var/lib/homelab-media/secrets.json" in run.output


def test_the_second_run_changes_nothing_with_few_module_runs(fresh):
    before, writes = fresh.look(), fresh.writes()
    run = fresh.site()
    assert run.code == 0, run.output[-4000:]
    assert run.total("changed") == 0
    assert fresh.look() == before
    assert fresh.writes() == writes, "only reads"
    assert set(run.module_runs) == {MEDIA, DOCKER}
    assert max(run.module_runs.values()) <= 6, run.module_runs


def test_check_on_a_deployed_lab_shows_nothing(fresh):
    before, writes = fresh.look(), fresh.writes()
    run = fresh.site("--check", "--diff")
    assert run.code == 0
    assert run.total("changed") == 0
    assert "\n+" not in run.output and "\n-" not in run.output
    assert fresh.look() == before
    assert fresh.writes() == writes


def test_a_limited_run_on_a_deployed_lab(fresh):
    run = fresh.site("--limit", DOCKER)
    assert run.code == 0
    assert run.total("changed") == 0
