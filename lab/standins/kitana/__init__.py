# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kitana: sends whoever has no session to its page for logging in; there are no plugins behind it.

As in 0.4.3-2: everything else than its own few pages asks for a token of plex.tv first, and the prefix stands before all paths.
"""
from __future__ import annotations

import os

from flask import Flask, redirect, request

from ..kit import METHODS, as_text

VERSION = "0.4.3-2"


def create_app(prefix="/", sessions=None):
    """The application.

    :param sessions: A directory that it cannot do without, as every request begins a session.
    """
    flask = Flask("kitana", static_folder=None)
    base = "" if prefix == "/" else prefix

    @flask.route("/", defaults={"path": ""}, methods=METHODS, provide_automatic_options=False)
    @flask.route("/<path:path>", methods=METHODS, provide_automatic_options=False)
    def everything(path):
        path = "/" + path
        if base and path != base and not path.startswith(base + "/"):
            return as_text("<!DOCTYPE html><title>404 Not Found</title>", 404)
        if sessions and not os.access(sessions, os.W_OK):
            return as_text("<!DOCTYPE html><title>500 Internal Server Error</title>", 500)
        if path[len(base):].rstrip("/") == "/token":
            return as_text("<!DOCTYPE html><title>Kitana</title><form>Log in to Plex</form>")
        return redirect(request.host_url.rstrip("/") + base + "/token", 303)

    return flask
