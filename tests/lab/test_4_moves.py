"""Moves: onto and off the gateway, to another project, to the other host, absent, renamed."""
from __future__ import annotations

from conftest import DOCKER, MEDIA


def clients(lab, instance):
    return {item["name"]: {entry["name"]: entry.get("value") for entry in item["fields"]} for item in lab.api(instance, "downloadclient")}


def converged(lab, inventory):
    run = lab.site(inventory=inventory)
    assert run.code == 0, run.output[-4000:]
    again = lab.site(inventory=inventory)
    assert again.total("changed") == 0, again.output[-3000:]
    return run


PROJECT = "docker inspect -f '{{index .Config.Labels \"com.docker.compose.project\"}}' nzbget"


def rename(variables):
    services = variables[DOCKER]["media_services"]
    services["curator"] = dict(services.pop("maintainerr"), app="maintainerr")


def test_a_renamed_key_is_a_finding_until_the_old_one_is_said_to_be_absent(deployed):
    before = deployed.containers(DOCKER)
    run = deployed.site(inventory=deployed.inventory(rename))
    assert run.code != 0 and "held by the container 'maintainerr'" in run.output
    assert deployed.containers(DOCKER) == before


def test_moves_there_and_back(deployed):
    """Off the gateway, to another project, to the other host, absent, renamed, gone from the inventory: all in one run, since none of these moves may
    need another one to be through."""
    def move(variables):
        services = variables[MEDIA]["media_services"]
        services["sabnzbd"] = {"port": 8085}
        services["nzbget"] = {"project": "homelab-usenet"}
        services["nzbget-2"]["state"] = "absent"
        del services["recyclarr"]
        services["tautulli"] = variables[DOCKER]["media_services"]["tautulli"]
        variables[DOCKER]["media_services"]["tautulli"] = {"state": "absent"}
        rename(variables)
        variables[DOCKER]["media_services"]["maintainerr"] = {"state": "absent"}
        variables[DOCKER]["media_services"]["curator"]["config_dir"] = "/var/lib/homelab-media-configs/maintainerr"

    before = deployed.containers()
    run = converged(deployed, deployed.inventory(move))
    found = clients(deployed, "sonarr")
    assert set(found) == {"qBittorrent", "SABnzbd", "NZBGet"}, "nothing is there twice, and nothing of what is absent"
    assert found["SABnzbd"]["host"] != "localhost"
    assert clients(deployed, "lidarr")["SABnzbd"]["host"] == "sabnzbd"
    assert deployed.sh(MEDIA, PROJECT).strip() == "homelab-usenet"
    after, other = deployed.containers(), deployed.containers(DOCKER)
    assert "nzbget-2" not in after
    assert "nzbget.conf" in deployed.sh(MEDIA, "ls /var/lib/homelab-media-configs/nzbget-2"), "the configuration is kept"
    assert "tautulli" in after and "tautulli" not in other
    assert "curator" in other and "maintainerr" not in other
    assert "'recyclarr'" in run.output and after["recyclarr"] == before["recyclarr"], "what is not described any more is told and left running"

    def back(variables):
        variables[MEDIA]["media_services"]["tautulli"] = {"state": "absent"}
        variables[DOCKER]["media_services"]["curator"] = {"app": "maintainerr", "state": "absent"}

    converged(deployed, deployed.inventory(back))
    found = clients(deployed, "sonarr")
    assert set(found) == {"qBittorrent", "SABnzbd", "NZBGet", "NZBGet 2"} and found["SABnzbd"]["host"] == "localhost"
    assert deployed.sh(MEDIA, PROJECT).strip() == "homelab-torrent"
    after, other = deployed.containers(), deployed.containers(DOCKER)
    assert "tautulli" in other and "tautulli" not in after
    assert "maintainerr" in other and "curator" not in other
