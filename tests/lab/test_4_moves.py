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


def test_off_the_gateway_to_another_project_to_the_other_host_and_absent_and_back(deployed):
    """All in one run: none of these moves may need another one to be through."""
    def move(variables):
        services = variables[MEDIA]["media_services"]
        services["sabnzbd"] = {"port": 8085}
        services["nzbget"] = {"project": "homelab-usenet"}
        services["nzbget-2"]["state"] = "absent"
        services["tautulli"] = variables[DOCKER]["media_services"]["tautulli"]
        variables[DOCKER]["media_services"]["tautulli"] = {"state": "absent"}

    converged(deployed, deployed.inventory(move))
    found = clients(deployed, "sonarr")
    assert set(found) == {"qBittorrent", "SABnzbd", "NZBGet"}, "nothing is there twice, and nothing of what is absent"
    assert found["SABnzbd"]["host"] != "localhost"
    assert clients(deployed, "lidarr")["SABnzbd"]["host"] == "sabnzbd"
    assert deployed.sh(MEDIA, PROJECT).strip() == "homelab-usenet"
    assert "nzbget-2" not in deployed.containers()
    assert "nzbget.conf" in deployed.sh(MEDIA, "ls /var/lib/homelab-media-configs/nzbget-2"), "the configuration is kept"
    assert "tautulli" in deployed.containers(MEDIA) and "tautulli" not in deployed.containers(DOCKER)

    def back(variables):
        variables[MEDIA]["media_services"]["tautulli"] = {"state": "absent"}

    converged(deployed, deployed.inventory(back))
    found = clients(deployed, "sonarr")
    assert set(found) == {"qBittorrent", "SABnzbd", "NZBGet", "NZBGet 2"} and found["SABnzbd"]["host"] == "localhost"
    assert deployed.sh(MEDIA, PROJECT).strip() == "homelab-torrent"
    assert "tautulli" in deployed.containers(DOCKER) and "tautulli" not in deployed.containers(MEDIA)


def test_gone_from_the_inventory_is_told_and_left_running(deployed):
    def gone(variables):
        del variables[MEDIA]["media_services"]["recyclarr"]

    before = deployed.containers()
    run = deployed.site(inventory=deployed.inventory(gone))
    assert run.code == 0
    assert "'recyclarr'" in run.output
    assert deployed.containers()["recyclarr"] == before["recyclarr"]


def test_a_renamed_key_is_a_finding_until_the_old_one_is_said_to_be_absent(deployed):
    def rename(variables):
        services = variables[DOCKER]["media_services"]
        services["curator"] = dict(services.pop("maintainerr"), app="maintainerr")

    before = deployed.containers(DOCKER)
    run = deployed.site(inventory=deployed.inventory(rename))
    assert run.code != 0 and "held by the container 'maintainerr'" in run.output
    assert deployed.containers(DOCKER) == before

    def take_over(variables):
        rename(variables)
        services = variables[DOCKER]["media_services"]
        services["maintainerr"] = {"state": "absent"}
        services["curator"]["config_dir"] = "/var/lib/homelab-media-configs/maintainerr"

    converged(deployed, deployed.inventory(take_over))
    after = deployed.containers(DOCKER)
    assert "curator" in after and "maintainerr" not in after

    def back(variables):
        variables[DOCKER]["media_services"]["curator"] = {"app": "maintainerr", "state": "absent"}

    converged(deployed, deployed.inventory(back))
    assert "maintainerr" in deployed.containers(DOCKER) and "curator" not in deployed.containers(DOCKER)
