# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications: a test message really goes out."""

from __future__ import annotations

import os

from ..errors import Failed, setting
from . import net

LIBRARY = {"sonarr": ("show", "TV"), "radarr": ("movie", "movie"), "lidarr": ("artist", "music")}


def test(service, row):
    tester = {
        "Webhook": webhook,
        "Discord": post_to("webHookUrl"),
        "Slack": post_to("webHookUrl"),
        "PlexServer": plex,
        "MediaBrowser": media_browser,
        "Ntfy": ntfy,
        "Gotify": gotify,
        "Apprise": apprise,
        "Notifiarr": post_to("notifiarr"),
        "Email": email,
        "CustomScript": script,
    }.get(row["implementation"])
    return (
        tester(service, row["settings"])
        if tester
        else [setting("", "Unable to send test message: no route to the Internet from the lab")]
    )


def webhook(service, values):
    """A refused connection is the server's own exception here, forced or not."""
    method = "PUT" if values.get("method") == 2 else "POST"
    auth = (values["username"], values.get("password") or "") if values.get("username") else None
    headers = {str(item.get("key")): str(item.get("value")) for item in values.get("headers") or []}
    body = {
        "eventType": "Test",
        "instanceName": service.file.value("InstanceName"),
        "applicationUrl": service.db.data["config"].get("host", {}).get("applicationUrl", ""),
    }
    try:
        answer = net.request(method, values["url"], json=body, auth=auth, headers=headers)
    except net.Unreachable as error:
        raise Failed(500, str(error), "System.Net.Http.HttpRequestException") from None
    if answer.status_code >= 400:
        return [
            setting(
                "url",
                f"Unable to send test message: HTTP request failed: [{answer.status_code}:"
                f"{answer.reason}] [{method}] at [{values['url']}]",
            )
        ]
    return []


def post_to(key):
    def send(service, values):
        url = values.get(key) or "https://notifiarr.com/"
        try:
            answer = net.request("POST", url, json={"content": f"Test message from {service.app.name}"})
        except net.Unreachable as error:
            return [setting(key, "Unable to post", detail=str(error))]
        return [] if answer.status_code < 300 else [setting(key, f"Unable to post: HTTP {answer.status_code}")]

    return send


def plex(service, values):
    kind, word = LIBRARY.get(service.app.kind, ("", ""))
    headers = {
        "Accept": "application/json",
        "X-Plex-Token": values.get("authToken") or "",
        "X-Plex-Product": service.app.name,
        "X-Plex-Client-Identifier": service.app.kind,
    }
    try:
        answer = net.request("GET", net.base_url(values) + "/library/sections", headers=headers)
        if answer.status_code in (401, 403):
            return [setting("authToken", "Invalid authentication token")]
        sections = answer.json().get("MediaContainer", {}).get("Directory", []) if answer.status_code == 200 else None
    except net.Unreachable as error:
        return [setting("host", "Unable to connect to Plex Media Server", detail=str(error))]
    except (ValueError, AttributeError):
        sections = None
    if sections is None:
        return [setting("host", "Unable to connect to Plex Media Server", detail=f"HTTP {answer.status_code}")]
    if not any(section.get("type") == kind for section in sections):
        return [setting("host", f"At least one {word} library is required")]
    return []


def media_browser(_service, values):
    headers = {"X-MediaBrowser-Token": values.get("apiKey") or ""}
    try:
        answer = net.request("GET", net.base_url(values) + "/System/Configuration", headers=headers)
    except net.Unreachable as error:
        return [setting("host", "Unable to send test message", detail=str(error))]
    if answer.status_code == 401:
        return [setting("apiKey", "API Key is incorrect")]
    return [] if answer.status_code == 200 else [setting("host", f"Unable to send test message: {answer.status_code}")]


def ntfy(service, values):
    headers = {"Authorization": f"Bearer {values['accessToken']}"} if values.get("accessToken") else {}
    auth = (values["userName"], values.get("password") or "") if values.get("userName") else None
    server = (values.get("serverUrl") or "https://ntfy.sh").rstrip("/")
    for topic in values.get("topics") or []:
        try:
            answer = net.request("POST", f"{server}/{topic}", data="This is a test message", headers=headers, auth=auth)
        except net.Unreachable as error:
            return [setting("", f"Unable to send test message: {error}")]
        if answer.status_code in (401, 403):
            return [setting("accessToken" if headers else "userName", "Authorization failed")]
        if answer.status_code >= 400:
            return [setting("", f"Unable to send test message: HTTP {answer.status_code}")]
    return []


def gotify(_service, values):
    try:
        answer = net.request(
            "POST",
            (values.get("server") or "").rstrip("/") + "/message",
            params={"token": values.get("appToken")},
            json={"title": "Test", "message": "Test"},
        )
    except net.Unreachable as error:
        return [setting("", f"Unable to send test message: {error}")]
    if answer.status_code == 401:
        return [setting("appToken", "App token is invalid")]
    return [] if answer.status_code < 300 else [setting("", f"Unable to send test message: {answer.status_code}")]


def apprise(_service, values):
    base = (values.get("serverUrl") or "").rstrip("/") + "/notify"
    if values.get("configurationKey"):
        base += "/" + values["configurationKey"]
    try:
        answer = net.request("POST", base, json={"title": "Test", "body": "Test", "urls": values.get("statelessUrls")})
    except net.Unreachable as error:
        return [setting("", f"Unable to send test message: {error}")]
    return [] if answer.status_code < 300 else [setting("serverUrl", f"Unable to send: HTTP {answer.status_code}")]


def email(_service, values):
    if not net.is_open(values.get("server"), values.get("port") or 25):
        return [setting("server", "Unable to send test email", detail="Connection refused")]
    return []


def script(_service, values):
    if not os.path.isfile(values.get("path") or ""):
        return [setting("path", "File does not exist", values.get("path"))]
    return []
