"""Which value wins, and which names a host may see."""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.filter.secrets import given_secrets, secret_values


def test_full_names_and_precedence():
    services = {"radarr": {"secrets": {"api_key": "from-service"}}, "sonarr": None, "plex": {"secrets": None}}
    given = given_secrets(services, {"radarr.api_key": "from-vault", "x.y": ""}, {"username": "me"})
    assert given == {"radarr.api_key": "from-vault", "admin.username": "me"}


def test_only_the_names_that_links_need_cross_hosts():
    hostvars = {"b": {"secrets_own": {"secrets": {"sonarr.api_key": "S", "admin.password": "P"}}}}
    values = secret_values({"secrets": {"seerr.api_key": "O"}}, {"b": ["sonarr.api_key"]}, hostvars)
    assert values == {"sonarr.api_key": "S", "seerr.api_key": "O"}


def test_a_delegated_read_stands_in_for_a_host_outside_of_the_run():
    delegated = {"results": [{"item": "b", "secrets": {"sonarr.api_key": "S"}}, {"item": "c", "unreachable": True}]}
    remote = {"b": ["sonarr.api_key"], "c": ["lidarr.api_key"]}
    assert secret_values({"secrets": {}}, remote, {}, delegated) == {"sonarr.api_key": "S"}
