"""A run that is killed, hosts in any order, an app that starts slowly: the next run ends as a clean one does."""
from __future__ import annotations

import os
import random
import signal
import time

import pytest
from conftest import EXPECTED_SERVICES, MEDIA

# A soak run takes ten.
ROUNDS = int(os.environ.get("HOMELAB_LAB_ROUNDS", "1"))
SEED = int(os.environ.get("HOMELAB_LAB_SEED", "20261121"))


def complete(lab):
    """Nothing is left for another run."""
    again = lab.site()
    assert again.code == 0 and again.total("changed") == 0, again.output[-3000:]
    assert set(lab.containers()) >= EXPECTED_SERVICES
    for instance in ("sonarr", "lidarr"):
        assert len(lab.api(instance, "downloadclient")) == 4
    assert lab.sh(MEDIA, "find /opt/homelab-media /var/lib/homelab-media -name '.*' -type f") == ""


@pytest.mark.killed
@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_first_run_is_completed_by_the_next(lab, number):
    lab.command("clean")
    seconds = 2 + 40 * (number + random.Random(SEED).random()) / ROUNDS
    process, _counts = lab.start()
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    run = lab.site()
    assert run.code == 0, run.output[-4000:]
    complete(lab)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(ROUNDS))
def test_hosts_in_any_order_and_one_slow_app(lab, number):
    lab.command("clean")
    choice = random.Random(SEED + number)
    slow = choice.choice(["sonarr", "radarr", "lidarr", "prowlarr"])
    lab.sh(MEDIA, "mkdir -p /var/lib/homelab-media-configs/{0} && echo '{{\"slow_start\": 15}}' > /var/lib/homelab-media-configs/{0}/faults.json "
                  "&& chown -R 1000:1000 /var/lib/homelab-media-configs/{0}".format(slow))
    run = lab.site("-e", "ansible_host_order=" + choice.choice(["sorted", "reverse_sorted", "shuffle"]))
    assert run.code == 0, (slow, run.output[-4000:])
    lab.sh(MEDIA, "rm /var/lib/homelab-media-configs/{0}/faults.json".format(slow))
    complete(lab)
