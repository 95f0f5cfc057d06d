# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running application: its state, its resources and the doors to them."""

from __future__ import annotations

import os
import threading
import time

from . import commands, configs, downloads, events, generations, library, profiles, providers, releases, simple, sync, system
from .apps import APPS, of_version
from .binding import Binder
from .fields import load
from .hostconfig import ConfigFile, HostConfig, Users
from .router import Router
from .store import Database

TYPES = load("types.json")


class Service:
    """An application with its database, its configuration file and its routes.

    ``restart`` is called, from a thread of its own, when a client asks for a restart.
    """

    def __init__(self, kind, config_dir, environment=None, restart=None):
        self.environment = dict(os.environ if environment is None else environment)
        app = of_version(APPS[kind], self.environment.get("STANDIN_VERSION"))
        self.app = app
        self.config_dir = os.path.abspath(config_dir)
        os.makedirs(self.config_dir, exist_ok=True)
        self.file = ConfigFile(app, self.config_dir, self.environment)
        self.db = Database(os.path.join(self.config_dir, app.kind + ".db.json"))
        self.users = Users(self.db)
        if self.file.login and self.file.login[0] and not self.users.find():
            self.users.upsert(*self.file.login)
        self.binder = Binder(generations.types(app, TYPES[kind]))
        self.host = HostConfig(app, self.file, self.db, self.users, self.binder)
        self.router = Router()
        self.started = time.time()
        self.url_base = self.file.value("UrlBase")  # counts from the next start on, as the port does
        self.port = self.file.value("Port")
        self.sessions = set()  # cookies of people signed in
        self.cookies = {}  # host name -> cookies of download clients (some applications reuse them)
        self.cookie_lock = threading.Lock()
        self._restart = restart
        self.configs = configs.install(self)
        simple.install(self)
        if kind != "prowlarr":
            profiles.install(self)
        self.providers = providers.install(self)
        self.sync = sync.Sync(self) if kind == "prowlarr" else None
        self.commands = commands.install(self)
        self.library = library.install(self)
        if self.library:
            self.events = events.Events(self)
            self.downloads = downloads.Downloads(self)
            self.releases = releases.Releases(self)
        system.install(self)

    @property
    def api_key(self):
        return self.file.value("ApiKey")

    @property
    def authentication(self):
        return self.file.value("AuthenticationMethod")

    def tags_in_use(self):
        """Ids of the tags that something refers to, by table."""
        used = {}
        for table, content in self.db.data["tables"].items():
            for row in content["rows"]:
                for number in (row.get("tags") or []) + (row.get("defaultTags") or []):
                    used.setdefault(table, {}).setdefault(number, []).append(row["id"])
        return used

    def restart(self):
        """Stop as soon as the answer is out, then come back; nothing happens where nobody can restart us."""
        if self._restart:
            timer = threading.Timer(0.15, self._restart)
            timer.daemon = True
            timer.start()
