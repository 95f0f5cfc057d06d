# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to other programs, with errors in the words of the applications."""

from __future__ import annotations

import socket

import requests

TIMEOUT = 20


class Unreachable(Exception):
    """No answer at all; the text is what the application shows."""


def request(method, url, **options):
    """One request that follows redirects only when asked to; raises Unreachable without an answer."""
    options.setdefault("timeout", TIMEOUT)
    options.setdefault("allow_redirects", False)
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.request(method, url, **options)
        except requests.exceptions.RequestException as error:
            raise Unreachable(explain(error, url)) from None


def explain(error, url):
    """``Connection refused (host:port)`` and its like."""
    address = url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1]
    if ":" not in address:
        address += ":443" if url.startswith("https") else ":80"
    text = str(error)
    if isinstance(error, requests.exceptions.Timeout):
        return f"Http request timed out ({address})"
    for mark, said in (
        ("Connection refused", "Connection refused"),
        ("Name or service", "Name or service not known"),
        ("Temporary failure in name", "Resource temporarily unavailable"),
        ("No address associated", "Name or service not known"),
        ("No route to host", "No route to host"),
        ("Network is unreachable", "Network is unreachable"),
        ("SSL", "The SSL connection could not be established"),
        ("RemoteDisconnected", "The response ended prematurely."),
        ("Connection reset", "Connection reset by peer"),
    ):
        if mark in text:
            return f"{said} ({address})"
    return f"{type(error).__name__} ({address})"


def base_url(values, default_path=""):
    """``http(s)://host:port/base`` of settings with host, port, useSsl and urlBase."""
    scheme = "https" if values.get("useSsl") else "http"
    base = (values.get("urlBase") or default_path).strip("/")
    host = values.get("host") or ""
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{scheme}://{host}:{values.get('port')}" + (f"/{base}" if base else "")


def is_open(host, port, timeout=5):
    try:
        with socket.create_connection((host, port), timeout):
            return True
    except OSError:
        return False
