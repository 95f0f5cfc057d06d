# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make verify`: green on a deployed lab and without a trace, and red for just what is broken by hand."""
from __future__ import annotations

import json
import re
import time

import pytest
from conftest import DEPENDENTS, DOCKER, MEDIA

COMPOSE = "/opt/homelab-media/homelab-torrent"
LINE = re.compile(r"^(\S+) {2,}(\S.*?) {2,}(\S.*?) {2,}(ok|failed|skipped)(?: {2,}(.*))?$", re.M)


def verify(lab, *arguments):
    """A verification: the run, and its table as C(host, check, where) to verdict and reason."""
    run = lab.site(*arguments, playbook="playbooks/verify.yml")
    return run, {(host, check, where): (verdict, reason) for host, check, where, verdict, reason in LINE.findall(run.output)}


def red(table):
    return {key: value[1] for key, value in table.items() if value[0] == "failed"}


def qbittorrent(lab, **preferences):
    """Set preferences as somebody at the web page would."""
    lab.sh(MEDIA, "docker exec qbittorrent curl -fsS -m 10 --data-urlencode 'json={0}' http://127.0.0.1:8080/api/v2/app/setPreferences".format(
        json.dumps(preferences)))


@pytest.fixture(scope="module")
def green(deployed):
    """The lab as deployed."""
    # A namespace that a test before has left, or a port not handed over yet, is mended and waited for.
    assert deployed.site().code == 0
    end = time.monotonic() + 60
    while red(verify(deployed)[1]) and time.monotonic() < end:
        time.sleep(3)
    return deployed


@pytest.fixture(scope="module")
def unattended(green):
    """The same without the reconciler, which would mend what a test breaks before anybody could look. What one test breaks stays broken for the next, which
    tells what came to it; a run mends it all in the end."""
    green.sh(MEDIA, "systemctl stop homelab-media-reconciler")
    green.broken = {}
    yield green
    run = green.site()
    assert run.code == 0, run.output[-3000:]
    assert "active" == green.sh(MEDIA, "systemctl is-active homelab-media-reconciler").strip()
    run, table = verify(green)
    assert run.code == 0 and red(table) == {}, run.output[-6000:]


def newly_red(lab):
    """The run, and what it tells beyond what was red before."""
    run, table = verify(lab)
    failed = red(table)
    assert set(lab.broken) <= set(failed), "what is still broken is still told"
    new = {key: reason for key, reason in failed.items() if key not in lab.broken}
    lab.broken = failed
    return run, new


def test_green_and_without_a_trace(green):
    before = green.look()
    run, table = verify(green)
    assert run.code == 0 and red(table) == {}, run.output[-6000:]
    assert run.total("changed") == 0 and green.look() == before
    assert {where for host, check, where in table if check == "network namespace"} == DEPENDENTS
    assert table[MEDIA, "public address", "gluetun"][0] == "ok" and "203.0.113.7" in table[MEDIA, "public address", "gluetun"][1]
    assert [verdict for (_host, check, _where), (verdict, _reason) in table.items() if check == "public address inside"] == ["ok"]
    assert table[MEDIA, "tunnel interface", "qbittorrent"] == ("ok", "tun0")
    assert table[MEDIA, "forwarded port", "qbittorrent"][0] == "ok"
    for client in ("qBittorrent", "SABnzbd", "NZBGet", "NZBGet 2"):
        assert table[MEDIA, "link", "sonarr > " + client][0] == "ok"
    assert [verdict for (_host, check, _where), (verdict, _reason) in table.items() if check == "hardlink"].count("ok") >= 2
    assert table[MEDIA, "names", "sonarr"][0] == "ok" and "nzbget" in table[MEDIA, "names", "sonarr"][1]
    assert any(host == DOCKER for host, _check, _where in table)
    assert green.sh(MEDIA, "find /mnt/media -name '.homelab-media-proof'") == ""
    again = green.site("--check")
    assert again.code == 0 and again.total("changed") == 0, again.output[-6000:]
    for value in green.secrets().values():
        assert len(value) < 16 or value not in run.output


def test_a_torrent_client_that_is_not_bound_to_the_tunnel(unattended):
    qbittorrent(unattended, current_network_interface="")
    run, failed = newly_red(unattended)
    assert run.code != 0 and set(failed) == {(MEDIA, "tunnel interface", "qbittorrent")}, run.output[-6000:]
    assert "bound to any interface and not to tun0" in failed[MEDIA, "tunnel interface", "qbittorrent"]


def test_a_download_client_with_a_wrong_password(unattended):
    # NZBGet keeps no session, so that a wrong password shows at once.
    client = next(item for item in unattended.api("radarr", "downloadclient") if item["name"] == "NZBGet")

    def store(password):
        for entry in client["fields"]:
            if entry["name"] == "password":
                entry["value"] = password
        unattended.api("radarr", "downloadclient/{0}?forceSave=true".format(client["id"]), "PUT", client)

    store("not-this-one-4711")
    run, failed = newly_red(unattended)
    assert run.code != 0 and set(failed) == {(MEDIA, "link", "radarr > NZBGet")}, run.output[-6000:]
    assert "not-this-one-4711" not in run.output
    # Radarr tells nobody its password, so that only the one who changed it can set it right.
    store(unattended.secrets()["nzbget.password"])
    del unattended.broken[MEDIA, "link", "radarr > NZBGet"]


def test_a_dependent_with_another_network(unattended):
    # As somebody does who edits the compose file by hand.
    unattended.sh(MEDIA, r"""cd {0} && cp -p compose.yml /root/compose.kept && python3 - <<'PY'
import re
text = open("compose.yml").read()
head, name, rest = text.partition("\n  flaresolverr:\n")
body, following = re.match(r"((?:(?:    .*)?\n)*)(.*)", rest, re.S).groups()
changed = re.sub(r"    network_mode:.*\n", "    network_mode: bridge\n", body)
assert changed != body
open("compose.yml", "w").write(head + name + changed + following)
PY
docker compose up -d --no-deps flaresolverr && mv /root/compose.kept compose.yml""".format(COMPOSE))
    run, failed = newly_red(unattended)
    assert run.code != 0 and (MEDIA, "network namespace", "flaresolverr") in failed, run.output[-6000:]
    assert "and not the namespace of gluetun" in failed[MEDIA, "network namespace", "flaresolverr"]
    # Who calls it in the gateway's namespace does not find it there, and that is all.
    assert {key for key in failed if key[1] != "link"} <= {(MEDIA, "network namespace", "flaresolverr"), (MEDIA, "names", "flaresolverr"),
                                                           (MEDIA, "app", "flaresolverr")}
