# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that nobody here wrote understand the stand-ins: sonarr-py, radarr, lidarr, prowlarr and pyarr from PyPI."""

from __future__ import annotations

import importlib

import pyarr
import pytest

KINDS = ("sonarr", "radarr", "lidarr", "prowlarr")
# Calls without arguments whose answers the typed clients parse completely.
READS = {
    "ApiInfoApi": ["get_api"],
    "SystemApi": ["get_system_status"],
    "HealthApi": ["list_health"],
    "TagApi": ["list_tag"],
    "TagDetailsApi": ["list_tag_detail"],
    "DownloadClientApi": ["list_download_client", "list_download_client_schema"],
    "IndexerApi": ["list_indexer", "list_indexer_schema"],
    "CommandApi": ["list_command"],
    "NotificationApi": ["list_notification", "list_notification_schema"],
    "HostConfigApi": ["get_host_config"],
    "UiConfigApi": ["get_ui_config"],
    "DownloadClientConfigApi": ["get_download_client_config"],
    "MediaManagementConfigApi": ["get_media_management_config"],
    "NamingConfigApi": ["get_naming_config"],
    "IndexerConfigApi": ["get_indexer_config"],
    "MetadataApi": ["list_metadata", "list_metadata_schema"],
    "ImportListApi": ["list_import_list", "list_import_list_schema"],
    "RootFolderApi": ["list_root_folder"],
    "RemotePathMappingApi": ["list_remote_path_mapping"],
    "DelayProfileApi": ["list_delay_profile"],
    "ReleaseProfileApi": ["list_release_profile"],
    "QualityProfileApi": ["list_quality_profile"],
    "QualityProfileSchemaApi": ["get_quality_profile_schema"],
    "QualityDefinitionApi": ["list_quality_definition"],
    "CustomFormatApi": ["list_custom_format"],
    "AutoTaggingApi": ["list_auto_tagging"],
    "MetadataProfileApi": ["list_metadata_profile"],
    "MetadataProfileSchemaApi": ["get_metadata_profile_schema"],
    "MetadataProviderConfigApi": ["get_metadata_provider_config"],
    "LanguageApi": ["list_language"],
    "ImportListConfigApi": ["get_import_list_config"],
    "MetadataConfigApi": ["get_metadata_config"],
    "ApplicationApi": ["list_applications", "list_applications_schema"],
    "AppProfileApi": ["list_app_profile"],
    "IndexerProxyApi": ["list_indexer_proxy", "list_indexer_proxy_schema"],
    "DevelopmentConfigApi": ["get_development_config"],
    "DiskSpaceApi": ["list_disk_space"],
    "PingApi": ["get_ping"],
}


def typed(kind, server):
    module = importlib.import_module(kind)
    configuration = module.Configuration(host=server.url)
    configuration.api_key["X-Api-Key"] = server.api_key
    return module, module.ApiClient(configuration)


@pytest.mark.parametrize("kind", KINDS)
def test_typed_client_parses_every_answer(kind, arr):
    server = arr(kind)
    module, client = typed(kind, server)
    called = 0
    for name, methods in READS.items():
        if not hasattr(module, name):
            continue
        api = getattr(module, name)(client)
        for method in methods:
            if hasattr(api, method):
                getattr(api, method)()
                called += 1
    assert called >= {"prowlarr": 18}.get(kind, 30)


@pytest.mark.parametrize("kind", KINDS)
def test_typed_client_manages_tags_and_download_clients(kind, arr, qbittorrent):
    server = arr(kind)
    module, client = typed(kind, server)
    tags = module.TagApi(client)
    tag = tags.create_tag(module.TagResource(label="Homelab"))
    assert (tag.label, tags.get_tag_by_id(tag.id).id) == ("homelab", tag.id)
    clients = module.DownloadClientApi(client)
    body = next(item for item in clients.list_download_client_schema() if item.implementation == "QBittorrent")
    body.name, body.enable, body.tags, body.presets = "qBittorrent", True, [tag.id], None
    values = {"host": "127.0.0.1", "port": qbittorrent.port, "username": "admin", "password": "adminadmin"}
    for field in body.fields:
        field.value = values.get(field.name, field.value)
    made = clients.create_download_client(download_client_resource=body)
    assert next(field.value for field in made.fields if field.name == "password") == "********"
    made.priority = 9
    number = str(made.id) if kind == "prowlarr" else made.id  # the clients do not agree on the type
    assert clients.update_download_client(number, download_client_resource=made).priority == 9
    with pytest.raises(module.ApiException) as refused:
        clients.create_download_client(download_client_resource=body)
    assert refused.value.status == 400
    with pytest.raises(module.ApiException) as in_use:
        tags.delete_tag(tag.id)
    assert in_use.value.status == 409
    clients.delete_download_client(made.id)
    tags.delete_tag(tag.id)
    assert tags.list_tag() == []


@pytest.mark.parametrize("kind", KINDS)
def test_typed_client_changes_the_host(kind, arr):
    server = arr(kind)
    module, client = typed(kind, server)
    hosts = module.HostConfigApi(client)
    host = hosts.get_host_config()
    host.authentication_method = module.AuthenticationType.FORMS
    host.username, host.password, host.password_confirmation = "Admin", "secret-1", "secret-1"
    changed = hosts.update_host_config("1", host_config_resource=host)
    assert (changed.authentication_method, changed.username) == (module.AuthenticationType.FORMS, "admin")


@pytest.mark.parametrize(
    "kind, client, folder",
    [("sonarr", pyarr.SonarrAPI, "tv"), ("radarr", pyarr.RadarrAPI, "movies"), ("lidarr", pyarr.LidarrAPI, "music")],
)
def test_pyarr(kind, client, folder, arr, tmp_path):
    server = arr(kind)
    path = tmp_path / folder
    path.mkdir()
    api = client(server.url, server.api_key)
    assert api.get_system_status()["appName"].lower() == kind
    tag = api.create_tag("homelab")
    assert api.get_tag(tag["id"])["label"] == "homelab"
    if kind == "lidarr":
        api.add_root_folder("Music", str(path), 1, 1)
    else:
        api.add_root_folder(str(path))
    assert [item["path"] for item in api.get_root_folder()] == [str(path)]
    assert api.get_quality_profile()[0]["name"]
    schema = api.get_download_client_schema("QBittorrent")
    body = {**schema[0], "name": "q"}
    assert api.add_download_client(body)["id"] == 1
    assert api.get_download_client()[0]["name"] == "q"
    assert api.post_command("RefreshMonitoredDownloads")["status"] in ("queued", "started", "completed")
    assert api.get_remote_path_mapping() == []
    api.del_tag(tag["id"])
    with pytest.raises(pyarr.exceptions.PyarrUnauthorizedError):
        client(server.url, "wrong").get_tag()
