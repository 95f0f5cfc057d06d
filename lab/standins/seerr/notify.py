# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications: what the webhook's template becomes, and what the other agents that talk HTTP send."""
from __future__ import annotations

import base64
import json
import re

import requests

from ..kit import fetch
from .words import KINDS, STATES

PARTS = ("media", "request", "issue", "comment")
TEST = {"notification_type": "TEST_NOTIFICATION", "event": "Test Notification", "subject": "Test Notification",
        "message": "Check check, 1, 2, 3. Are we coming in clear?"}


def variables(kind, event, subject, text, image, media, wish, user, notified=None):
    """The variables of the template, by name.

    :param wish: The request, or nothing.
    :param user: Who requested.
    :param notified: Whom the notification is for, where it is for one person.
    """
    found = {"notification_type": kind, "event": event, "subject": subject, "message": text, "image": image,
             "media_type": media["mediaType"], "media_tmdbid": media["tmdbId"], "media_tvdbid": media["tvdbId"],
             "media_status": STATES[media["status"]], "media_status4k": STATES[media["status4k"]], "request_id": wish["id"]}
    for name, person in (("requestedBy", user), ("notifyuser", notified)):
        if person:
            found.update({name + "_username": person["username"] or person["plexUsername"] or person["email"],
                          name + "_email": person["email"], name + "_avatar": person["avatar"]})
    return found


def filled(value, content, extra=(), parts=()):
    """The payload with its variables replaced; unknown to the notification is empty.

    :param parts: Which of media, request, issue and comment there are: the keys of the others hold null.
    """
    if isinstance(value, list):
        return [filled(item, content, extra, parts) for item in value]
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            part = key[2:-2] if key.startswith("{{") and key.endswith("}}") else None
            if part == "extra":
                found["extra"] = list(extra)
            elif part in PARTS:
                found[part] = filled(item, content, extra, parts) if part in parts else None
            else:
                found[key] = filled(item, content, extra, parts)
        return found
    if isinstance(value, str):
        return re.sub(r"\{\{(\w+)\}\}", lambda match: "" if content.get(match[1]) is None else str(content[match[1]]), value)
    return value


def template(text):
    """The payload of the webhook as it is kept: base64 once it was saved, the stock one as text."""
    try:
        return json.loads(base64.b64decode(text, validate=True))
    except ValueError:
        return json.loads(text)


def message(agent, options, content, extra=(), parts=()):
    """(URL, body) of one notification.

    :raises KeyError, ValueError: where the settings are not complete.
    """
    title = f"{content['event']} - {content['subject']}"
    if agent == "webhook":
        return options["webhookUrl"], filled(template(options["jsonPayload"]), content, extra, parts)
    if agent == "gotify":
        return f"{options['url'].rstrip('/')}/message?token={options.get('token', '')}", {
            "title": title, "message": content["message"], "priority": options.get("priority", 0)}
    if agent == "ntfy":
        return options["url"].rstrip("/"), {"topic": options.get("topic", ""), "title": title, "message": content["message"]}
    if agent == "slack":
        return options["webhookUrl"], {"text": content["event"], "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": content["subject"]}}]}
    return options["webhookUrl"], {"embeds": [{"title": content["subject"], "description": content["message"],
                                               "author": {"name": content["event"]}, "fields": list(extra)}]}


def post(agent, options, content, extra=(), parts=()):
    """Send one.

    :raises requests.exceptions.RequestException, KeyError, ValueError: when it does not arrive.
    """
    url, body = message(agent, options, content, extra, parts)
    headers = {"Authorization": options["authHeader"]} if options.get("authHeader") else {}
    fetch("POST", url, json=body, headers=headers, timeout=10).raise_for_status()


def send(agents, kind, content, extra=()):
    """To every agent that is switched on for this kind; one that fails is only a line in the log."""
    for agent, entry in agents.items():
        if agent not in ("webhook", "discord", "slack", "gotify", "ntfy") or not entry.get("enabled") or not (entry.get("types") or 0) & KINDS[kind][0]:
            continue
        try:
            post(agent, entry.get("options") or {}, content, extra, ("media", "request"))
        except (requests.exceptions.RequestException, KeyError, ValueError) as error:
            print(f"sending {kind} with {agent} failed: {type(error).__name__}", flush=True)
