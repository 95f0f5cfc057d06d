# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Indexer proxies: the proxy is asked to fetch a page for real."""

from __future__ import annotations

import requests

from ..errors import setting
from . import net

PAGE = "https://prowlarr.servarr.com/v1/ping"


def test(_service, row):
    values = row["settings"]
    if row["implementation"] == "FlareSolverr":
        return flaresolverr(values)
    host, port = values.get("host"), values.get("port") or 0
    if not net.is_open(host, port):
        return [setting("host", failed(f"Connection refused ({host}:{port})"))]
    proxy = f"{row['implementation'].lower()}://{host}:{port}"
    try:
        answer = requests.get(PAGE, proxies={"https": proxy, "http": proxy}, timeout=10)
    except (requests.exceptions.RequestException, ValueError) as error:
        return [setting("host", failed(str(error)))]
    return (
        []
        if answer.status_code == 200
        else [setting("host", f"Failed to test proxy. StatusCode: {answer.status_code}")]
    )


def flaresolverr(values):
    url = (values.get("host") or "").rstrip("/") + "/v1"
    body = {"cmd": "request.get", "url": PAGE, "maxTimeout": int(values.get("requestTimeout") or 60) * 1000}
    try:
        answer = net.request("POST", url, json=body)
    except net.Unreachable as error:
        return [setting("host", failed(str(error)))]
    if answer.status_code != 200:
        return [setting("host", f"Failed to test proxy. StatusCode: {answer.status_code}")]
    try:
        return [] if answer.json().get("status") == "ok" else [setting("host", failed("the page was not fetched"))]
    except ValueError:
        return [setting("host", failed("the answer is not JSON"))]


def failed(error):
    return f"Unable to connect to proxy: {error}. Check the log surrounding this error for details"
