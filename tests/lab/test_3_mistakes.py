"""Mistakes and faults: one sentence each, nothing touched by the first, everything else converged by the second."""
from __future__ import annotations

import pytest
from conftest import DEPENDENTS, DOCKER, MEDIA


def services(variables, host=MEDIA):
    return variables[host]["media_services"]


def misspelt(variables):
    services(variables)["sonar"] = {}


def same_port(variables):
    services(variables)["radarr"]["port"] = 8989


def gateway_gone(variables):
    services(variables)["qbittorrent"]["via"] = "gluetn"


def subnet(variables):
    variables["all"]["media_network"] = {"name": "homelab_other", "subnet": "172.30.0.0/16"}


def unmounted(variables):
    variables[MEDIA]["media_data_mount"] = True


def older(variables):
    services(variables)["sonarr"]["version"] = "4.0.15"


def seer(variables):
    services(variables, DOCKER)["seer"] = {}


# Found in the inventory alone, and found on the hosts; what one run finds of each it says all at once.
FINDINGS = {
    "inventory": [
        (misspelt, MEDIA, "sonar", "sonarr"),
        (same_port, MEDIA, "'radarr' and 'sonarr'", "8989"),
        (gateway_gone, MEDIA, "gluetn", "gluetun"),
        (seer, DOCKER, "seer", "seerr"),
        (subnet, MEDIA, "172.30.0.0/16", "own address 172.30.77.12"),
    ],
    "hosts": [
        (unmounted, MEDIA, "/mnt/media", "not mounted"),
        (older, MEDIA, "4.0.15", "older"),
    ],
}


@pytest.mark.parametrize("kind", FINDINGS)
def test_findings_are_a_sentence_each_all_at_once_and_touch_nothing(deployed, kind):
    def change(variables):
        for mistake, _host, _subject, _reason in FINDINGS[kind]:
            mistake(variables)

    inventory = deployed.inventory(change)
    before, writes = deployed.look(), deployed.writes()
    run = deployed.site(inventory=inventory)
    assert run.code != 0
    for mistake, host, subject, reason in FINDINGS[kind]:
        told = [line for line in run.output.splitlines() if host in line and subject in line and reason in line]
        assert told, (mistake.__name__, run.output[-4000:])
    assert run.total("changed") == 0
    assert deployed.look() == before
    assert deployed.writes() == writes


def left_to_do(run):
    """The sentences below the table."""
    lines = run.output.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("Left to do"))
    return [line.strip() for line in lines[start + 1:lines.index("", start)]]


def told_of(run, *apps):
    """The sentences left to do, one of each app itself; the others are of what looks into one of them, with its name."""
    told = left_to_do(run)
    assert all(any(app in line.lower().replace(" ", "-") for app in apps) for line in told), told
    found = []
    for app in apps:
        own = [line for line in told if line.startswith("{0}: connecting to {1}".format(MEDIA, app)) or line.startswith("{0}: {1}".format(MEDIA, app))]
        assert len(own) == 1, told
        found += own
    return found


def drift(lab):
    """Something to converge in another app, to see that it is."""
    client = next(item for item in lab.api("radarr", "downloadclient") if item["name"] == "SABnzbd")
    lab.api("radarr", "downloadclient/{0}?forceSave=true".format(client["id"]), "PUT", dict(client, priority=9))


def priority(lab):
    return next(item for item in lab.api("radarr", "downloadclient") if item["name"] == "SABnzbd")["priority"]


def test_faults_are_a_sentence_each_and_all_else_is_converged(deployed):
    """All at once: a web page where an app should be, another key than ours, a missing image, an app that was stopped, a gateway that was restarted.

    The key of the environment wins over the file, so only an app that ignores it can have another one: a fault plays it.
    """
    def wrong(variables):
        services(variables)["kitana"]["version"] = "9.9.9"

    drift(deployed)
    deployed.fault("lidarr", {"html": True})
    deployed.fault("sonarr-4k", {"fail": {"status": 401, "path": "/api/.*"}})
    # Nobody is to mend the namespace before the run does.
    deployed.sh(MEDIA, "systemctl stop homelab-media-reconciler && docker stop cross-seed && docker restart gluetun")
    assert "eth0" not in deployed.sh(MEDIA, "docker exec sonarr ls /sys/class/net")
    before = deployed.containers()
    run = deployed.site(inventory=deployed.inventory(wrong))
    after = deployed.containers()
    deployed.fault("lidarr", {})
    deployed.fault("sonarr-4k", {})
    assert run.code != 0
    page, key, image = told_of(run, "lidarr", "sonarr-4k", "kitana")
    assert "web page" in page and "API key" in key and "pulling" in image and "9.9.9" in image
    assert priority(deployed) == 1, "the others are converged"
    # The one whose image is missing goes on as it was; only what was stopped or cut off was started.
    assert {name for name in after if after[name] != before[name]} == DEPENDENTS | {"cross-seed"}
    assert {state for _id, _began, state in after.values()} == {"running"}
    assert "eth0" in deployed.sh(MEDIA, "docker exec sonarr ls /sys/class/net")
    deployed.api("sonarr", "system/status")
    run = deployed.site()
    assert run.code == 0, run.output[-3000:]
    assert deployed.sh(MEDIA, "systemctl is-active homelab-media-reconciler").strip() == "active"
    assert deployed.site().total("changed") == 0


@pytest.mark.soak
def test_no_space_left_leaves_no_part_of_a_file(deployed):
    deployed.sh(MEDIA, "mkdir -p /tmp/keep && cp -a /opt/homelab-media/. /tmp/keep/ && mount -t tmpfs -o size=64k tmpfs /opt/homelab-media "
                       "&& head -c 60k /dev/zero > /opt/homelab-media/filler; true")
    try:
        run = deployed.site()
        assert run.code != 0
        assert "no space is left" in run.output
        assert run.stats[DOCKER]["ok"] > run.stats[MEDIA]["ok"], "the other host went on"
        found = deployed.sh(MEDIA, "find /opt/homelab-media -name '.*' -type f; find /opt/homelab-media -name compose.yml -size 0")
        assert found == ""
    finally:
        deployed.sh(MEDIA, "umount /opt/homelab-media")
    run = deployed.site()
    assert run.code == 0 and run.total("changed") == 0


@pytest.mark.soak
def test_a_package_that_cannot_be_installed(deployed):
    sources = "/etc/apt/sources.list /etc/apt/sources.list.d"
    deployed.sh(DOCKER, "apt-get remove -y docker-compose && rm -rf /tmp/apt && mkdir /tmp/apt && mv {0} /tmp/apt/ 2>/dev/null; "
                        "rm -rf /var/lib/apt/lists/*".format(sources))
    drift(deployed)
    try:
        run = deployed.site()
    finally:
        deployed.sh(DOCKER, "cp -a /tmp/apt/. /etc/apt/ && rm -rf /tmp/apt")
    assert run.code != 0
    told = left_to_do(run)
    assert len(told) == 1 and "installing docker-compose" in told[0] and "package sources" in told[0], run.output[-4000:]
    assert priority(deployed) == 1, "the other host was converged"
    run = deployed.site()
    assert run.code == 0, run.output[-3000:]
    assert deployed.site().total("changed") == 0


@pytest.mark.soak
def test_keys_of_a_host_that_cannot_be_reached_are_missed_by_their_links_only(deployed):
    def move(variables):
        services(variables, DOCKER)["unpackerr"] = services(variables).pop("unpackerr")

    # Also the connections that Ansible keeps open.
    deployed.sh(MEDIA, "systemctl stop ssh.socket ssh; pkill sshd; true")
    try:
        run = deployed.site("--limit", DOCKER, inventory=deployed.inventory(move))
    finally:
        deployed.sh(MEDIA, "systemctl start ssh")
    assert run.code != 0 and run.stats[DOCKER]["failed"] == 1, run.output[-3000:]
    assert any("unpackerr" in line and "sonarr.api_key" in line and "not known in this run" in line for line in left_to_do(run)), run.output[-3000:]
    # Without any key it ends and is started again, as the real one does.
    assert deployed.containers(DOCKER)["unpackerr"][2] in ("running", "restarting")

    def gone(variables):
        services(variables, DOCKER)["unpackerr"] = {"state": "absent"}

    assert deployed.site(inventory=deployed.inventory(gone)).code == 0
    assert deployed.site().code == 0
