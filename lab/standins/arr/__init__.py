# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins of Sonarr, Radarr, Lidarr and Prowlarr: one engine, the applications as data.

``create_app(kind, config_dir)`` gives a WSGI application; ``python3 -m standins.arr --app radarr --config
/config`` serves it as the real one would run: port, key, URL base and login from config.xml and the
environment, state on disk, a restart that really is one.
"""

from __future__ import annotations


def create_app(kind, config_dir, env=None, restart=None):
    """A Flask application for one of ``sonarr``, ``radarr``, ``lidarr``, ``prowlarr``."""
    from .service import Service
    from .web import create_flask

    service = Service(kind, config_dir, env, restart)
    flask = create_flask(service)
    flask.service = service
    return flask
