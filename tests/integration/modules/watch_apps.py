# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins of Bazarr and Tautulli with a recording proxy before each, and a Plex that knows one token."""
from __future__ import annotations

from dataclasses import dataclass, field

import runs
from standins import testing
from standins.bazarr.service import create_app as create_bazarr
from standins.tautulli.service import create_app as create_tautulli

KEY = "aabbccddeeff00112233445566778899"
TOKEN = "t0ken-of-the-owner-4711"
IDENTIFIER = "0123456789abcdef0123456789abcdef01234567"
LOGIN = ("admin", "c0rrect-horse-4711")
CONFIG = "auth: {{apikey: {key}}}\ngeneral: {{use_sonarr: false, use_radarr: false, auto_update: false}}\nanalytics: {{enabled: false}}\n"
INI = "[General]\napi_key = {key}\nfirst_run_complete = 1\n[PMS]\npms_ip = 127.0.0.1\npms_port = 32400\n"


@dataclass
class Case:
    """What a module makes of its app; the same as in C(cases.py), with the credentials of the app.

    :param create: Options of the first step, which has something to change.
    :param edit: Options over those of the first step.
    :param look: Called with the handle, tells what the app has.
    :param removable: Whether there is a C(state).
    :param gone: Options by which it is removed.
    """

    module: str
    create: dict
    edit: dict
    look: object
    secrets: list = field(default_factory=list)
    removable: bool = False
    gone: tuple = ("name",)
    credentials: dict = field(default_factory=dict)


def plex(environ, start_response):
    """What Tautulli asks a Plex server."""
    path = environ["PATH_INFO"]
    if path == "/identity":
        return testing.respond(start_response, 200, f'<MediaContainer machineIdentifier="{IDENTIFIER}" version="1.42.2"/>', "text/xml")
    if environ.get("HTTP_X_PLEX_TOKEN") != TOKEN:
        return testing.respond(start_response, 401, "<html>Unauthorized</html>", "text/html")
    if path == "/":
        return testing.respond(start_response, 200, f'<MediaContainer friendlyName="Home" machineIdentifier="{IDENTIFIER}" version="1.42.2" '
                               'platform="Linux" myPlexSubscription="1"/>', "text/xml")
    return testing.respond(start_response, 200, '<MediaContainer size="0"/>', "text/xml")


def start(application, **facts):
    handle = testing.start_wsgi(application, **facts)
    handle.proxy = testing.recording_proxy(handle.url)
    return handle


def start_bazarr(directory):
    (directory / "config").mkdir(parents=True)
    (directory / "config" / "config.yaml").write_text(CONFIG.format(key=KEY))
    return start(create_bazarr(directory, retry=0.2), app="bazarr")


def make_tautulli(directory, environment=None):
    directory.mkdir(parents=True)
    (directory / "config.ini").write_text(INI.format(key=KEY))
    return create_tautulli(directory, environment=environment or {})


def start_tautulli(directory, environment=None):
    return start(make_tautulli(directory, environment), app="tautulli")


def run_module(handle, state, module, options, check=False):
    """The result of a module that works on a stand-in through its proxy."""
    handle.proxy.clear()
    common = {"url": handle.proxy.url, "api_key": KEY, "state_root": str(state), "wait_timeout": 5, "timeout": 5}
    return runs.run_module(module, dict(common, **options), check)
