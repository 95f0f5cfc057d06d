"""The lab for tests: two hosts with real Docker Engines, runs of the real playbook, and a look from outside at what it left behind."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

ROOT = Path(__file__).resolve().parents[2]
MEDIA, DOCKER = "ct-media-01", "ct-docker-01"
ADDRESS = {MEDIA: "172.30.77.12", DOCKER: "172.30.77.11"}
PLAYBOOK = shutil.which("ansible-playbook", path=str(Path(sys.executable).parent)) or "ansible-playbook"
# Whatever a run may write to. Application data below the config root changes by itself and is judged by the request log.
OURS = "/opt/homelab-media /var/lib/homelab-media /etc/docker /etc/apt/sources.list.d"
LOOK = r"""
for dir in {dirs}; do [ -e $dir ] && find $dir -printf '%p %y %m %U:%G %T@ %s\n' | grep -v 'requests.jsonl' | sort; done
find {dirs} -type f 2>/dev/null | sort | xargs -r -d '\n' sha256sum
find /mnt/media /var/lib/homelab-media-configs -maxdepth 2 -type d -printf '%p %m %U:%G\n' 2>/dev/null | sort
command -v docker >/dev/null && docker ps -aq | sort | xargs -r \
  docker inspect -f '{{{{.Name}}}} {{{{.Id}}}} {{{{.State.StartedAt}}}} {{{{.State.Status}}}} {{{{.RestartCount}}}}'
command -v docker >/dev/null && docker network ls --format '{{{{.Name}}}} {{{{.ID}}}}' | sort
true
"""


class Run:
    """The outcome of one run of ansible-playbook."""

    def __init__(self, code, output, counts):
        self.code = code
        self.output = output
        self.module_runs = counts
        self.stats = {match.group(1): {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", match.group(2))}
                      for match in re.finditer(r"^(\S+)\s+: (ok=.*)$", output, re.M)}

    def total(self, key):
        return sum(stats[key] for stats in self.stats.values())


class Lab:
    """The two hosts."""

    def __init__(self, scratch):
        self.scratch = Path(scratch)
        self.count = 0

    @staticmethod
    def command(*words):
        """Run lab.py."""
        done = subprocess.run([sys.executable, str(ROOT / "lab/lab.py"), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout.decode()
        return done.stdout.decode()

    @staticmethod
    def sh(host, script, check=True):
        """Run a shell script on a host as root, not through what is tested."""
        done = subprocess.run(["docker", "exec", "-i", "homelab-lab-" + host, "bash", "-c", script], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        assert not check or done.returncode == 0, done.stdout.decode(errors="replace")
        return done.stdout.decode(errors="replace")

    def environment(self):
        self.count += 1
        counts = self.scratch / "module-runs-{0}.json".format(self.count)
        return counts, dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_NOCOLOR="1", ANSIBLE_FORCE_COLOR="0",
                            ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests/callback_plugins"), ANSIBLE_CALLBACKS_ENABLED="module_runs",
                            HOMELAB_MODULE_RUNS=str(counts))

    def start(self, *arguments, inventory=None, playbook="playbooks/site.yml"):
        """Start a run in a process group of its own."""
        counts, environment = self.environment()
        process = subprocess.Popen([PLAYBOOK, "-i", str(inventory or ROOT / "inventory/lab"), playbook, *arguments], cwd=str(ROOT),
                                   env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        return process, counts

    def site(self, *arguments, inventory=None, playbook="playbooks/site.yml", timeout=900):
        """A whole run."""
        process, counts = self.start(*arguments, inventory=inventory, playbook=playbook)
        output = process.communicate(timeout=timeout)[0].decode(errors="replace")
        return Run(process.returncode, output, json.loads(counts.read_text()) if counts.exists() else {})

    def inventory(self, change):
        """A copy of the lab's inventory with changes.

        :param change: A function that gets ``{host: variables, "all": variables}`` and changes it.
        """
        self.count += 1
        target = self.scratch / "inventory-{0}".format(self.count)
        shutil.copytree(ROOT / "inventory/lab", target)
        hosts = yaml.safe_load((target / "hosts.yml").read_text())
        hosts["all"]["vars"]["ansible_ssh_private_key_file"] = str(ROOT / "lab/.state/id_ed25519")
        (target / "hosts.yml").write_text(yaml.safe_dump(hosts))
        files = {path.stem: path for path in list((target / "host_vars").glob("*.yml")) + list((target / "group_vars").glob("*.yml"))}
        variables = {name: yaml.safe_load(path.read_text()) for name, path in files.items()}
        change(variables)
        for name, path in files.items():
            path.write_text(yaml.safe_dump(variables[name], allow_unicode=True))
        return target

    def look(self):
        """Everything on the hosts that a run may change, as text for comparing."""
        return {host: self.sh(host, LOOK.format(dirs=OURS)) for host in ADDRESS}

    def writes(self):
        """Requests other than reads that the stand-ins answered so far, per app.

        Left out is what stores nothing and is allowed by name, Seerr's tests of a server and the flush of its cache, and what Seerr itself sends every
        minute with the key in the query: the command RefreshMonitoredDownloads.
        """
        script = ("for log in /var/lib/homelab-media-configs/*/requests.jsonl; do "
                  "[ -e $log ] && grep -vE '\"method\": ?\"(GET|HEAD)\"' $log "
                  "| grep -cvE '/settings/(radarr|sonarr)/test\"|/settings/cache/[a-z]+/flush\"|/command\", \"query\": \"apikey=' "
                  "| sed \"s|^|$log |\"; done; true")
        return {host: self.sh(host, script) for host in ADDRESS}

    def secrets(self, host=MEDIA):
        """Name to value, from the host's own store."""
        return {name: entry["value"] for name, entry in json.loads(self.sh(host, "cat /var/lib/homelab-media/secrets.json")).items()}

    def containers(self, host=MEDIA):
        """Name to id and start time."""
        lines = self.sh(host, "docker ps -aq | xargs -r docker inspect -f '{{.Name}} {{.Id}} {{.State.StartedAt}} {{.State.Status}}'").split("\n")
        return {line.split()[0].lstrip("/"): line.split()[1:] for line in lines if line.strip()}

    def api(self, instance, path, method="GET", body=None, host=MEDIA):
        """Ask an *arr app directly."""
        port, base, version, key = ARRS[instance]
        answer = requests.request(method, "http://{0}:{1}{2}/api/{3}/{4}".format(ADDRESS[host], port, base, version, path),
                                  headers={"X-Api-Key": self.secrets(host)[key]}, json=body, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.text else None

    def fault(self, instance, rules):
        """Switch faults of a stand-in on or, with an empty mapping, off."""
        port, base, version, key = ARRS[instance]
        requests.put("http://{0}:{1}{2}/__faults__".format(ADDRESS[MEDIA], port, base), json=rules, timeout=30).raise_for_status()


# Instance -> published port, URL base, API version, secret. Written by hand from the inventory, not taken from the plan.
ARRS = {
    "sonarr": (8989, "", "v3", "sonarr.api_key"),
    "radarr": (7878, "", "v3", "radarr.api_key"),
    "sonarr-4k": (8990, "", "v3", "sonarr-4k.api_key"),
    "radarr-4k": (7879, "/radarr-4k", "v3", "radarr-4k.api_key"),
    "lidarr": (8686, "", "v1", "lidarr.api_key"),
    "prowlarr": (9696, "", "v1", "prowlarr.api_key"),
}


# What lives in the gateway's namespace.
DEPENDENTS = {"qbittorrent", "sabnzbd", "prowlarr", "sonarr", "radarr", "bazarr", "flaresolverr", "recyclarr"}
EXPECTED_SERVICES = {"gluetun", "qbittorrent", "sabnzbd", "nzbget", "nzbget-2", "bazarr", "flaresolverr", "unpackerr", "recyclarr", "plex",
                     "cross-seed", "kitana", "plex-trakt-sync"} | set(ARRS)


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The lab, up."""
    found = Lab(tmp_path_factory.mktemp("lab"))
    found.command("up")
    return found


@pytest.fixture(scope="session")
def deployed(lab):
    """The lab with everything deployed as the inventory says."""
    run = lab.site()
    assert run.code == 0, run.output[-6000:]
    return lab
