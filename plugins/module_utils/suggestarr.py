# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SuggestArr: its first user, who is the administrator.

Facts, of SuggestArr 2.10.1 (blueprints/auth/routes.py, auth/middleware.py): while there is no user, everything is open to everybody, and POST
/api/auth/setup makes the first one, who may have eight characters of password or more; from then on it answers 403. GET /api/auth/status needs no login.
It takes five tries of a setup an hour.
"""
from __future__ import annotations

from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker

STATUS = "auth/status"
DONE = "auth_setup_complete"


class SuggestarrClient(ApiClient):
    """The open part of the API of one SuggestArr."""

    root = "/api"

    def connect(self):
        """Wait until it answers, and make sure that it is SuggestArr.

        :return: What it says about its setup.
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        try:
            status = self.patient("GET", "/api/" + STATUS)
        except MediaError as error:
            if error.status == 404:
                raise MediaError("connecting to {0} at {1}: there is no API of SuggestArr, so another app lives there; correct the URL".format(
                    self.name, self.url), 404) from None
            raise
        if not isinstance(status, dict) or not isinstance(status.get(DONE), bool):
            raise MediaError("connecting to {0} at {1}: what answers there is not SuggestArr; correct the URL".format(self.name, self.url))
        self.app = "suggestarr"
        return status


class SuggestarrWorker(Worker):
    """All work on one SuggestArr."""

    def do_suggestarr_setup(self, wish):
        """The administrator, when there is nobody yet; one that is there stays as it is.

        :param wish: C(username) and C(password).
        """
        self.client.secrets.add(str(wish["password"]))
        status = self.client.read(STATUS, fresh=True)
        if status[DONE]:
            return self.change("suggestarr_setup", "suggestarr_setup", None, found={DONE: True})
        if not self.check_mode:
            body = {"username": str(wish["username"]), "password": str(wish["password"])}
            try:
                self.client.write("POST", "auth/setup", body)
            except MediaError as error:
                # Somebody was faster, or its database was not readable a moment ago.
                if error.status != 403:
                    raise MediaError("{0}: {1}".format(self.where, error), error.status, error.unreachable) from None
            if not self.client.read(STATUS, fresh=True)[DONE]:
                raise MediaError("{0}: the app answered that it made the administrator, and still says that there is none; look into the app's log".format(
                    self.where))
        return self.change("suggestarr_setup", "suggestarr_setup", "create", {}, {"username": str(wish["username"]), "password": HIDDEN}, {DONE: True})
