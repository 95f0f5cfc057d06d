# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which client and which worker an app takes."""
from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.homelab.media.plugins.module_utils.arr import ALL
from ansible_collections.homelab.media.plugins.module_utils.bazarr import BazarrClient, BazarrWorker
from ansible_collections.homelab.media.plugins.module_utils.client import ArrClient
from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError
from ansible_collections.homelab.media.plugins.module_utils.maintainerr import MaintainerrClient, MaintainerrWorker
from ansible_collections.homelab.media.plugins.module_utils.nzbget import NzbgetClient, NzbgetWorker
from ansible_collections.homelab.media.plugins.module_utils.plex import PlexClient, PlexWorker
from ansible_collections.homelab.media.plugins.module_utils.qbittorrent import QbittorrentClient, QbittorrentWorker
from ansible_collections.homelab.media.plugins.module_utils.recyclarr import RecyclarrClient, RecyclarrWorker
from ansible_collections.homelab.media.plugins.module_utils.resource import nearest
from ansible_collections.homelab.media.plugins.module_utils.runner import Converger
from ansible_collections.homelab.media.plugins.module_utils.sabnzbd import SabnzbdClient, SabnzbdWorker
from ansible_collections.homelab.media.plugins.module_utils.seerr import SeerrClient, SeerrWorker
from ansible_collections.homelab.media.plugins.module_utils.suggestarr import SuggestarrClient, SuggestarrWorker
from ansible_collections.homelab.media.plugins.module_utils.tautulli import TautulliClient, TautulliWorker
from ansible_collections.homelab.media.plugins.module_utils.worker import resolve


@dataclass(frozen=True)
class Family:
    """How apps of one kind are worked on.

    :param client: A subclass of C(client.ApiClient), called with the URL, the credentials by name, and the options of C(ApiClient).
    :param worker: A subclass of C(worker.Worker).
    :param needs: Credentials that an app of this kind cannot be without, as in the entries of C(media_wiring).
    :param takes: Credentials that it may have.
    """

    client: type
    worker: type
    needs: tuple = ("api_key",)
    takes: tuple = ()


FAMILIES = dict.fromkeys(ALL, Family(ArrClient, Converger))
FAMILIES["bazarr"] = Family(BazarrClient, BazarrWorker)
FAMILIES["tautulli"] = Family(TautulliClient, TautulliWorker, takes=("username", "password"))
FAMILIES["plex"] = Family(PlexClient, PlexWorker, needs=(), takes=("token",))
FAMILIES["qbittorrent"] = Family(QbittorrentClient, QbittorrentWorker, needs=("username", "password"), takes=("api_key",))
FAMILIES["sabnzbd"] = Family(SabnzbdClient, SabnzbdWorker)
FAMILIES["nzbget"] = Family(NzbgetClient, NzbgetWorker, needs=("username", "password"))
FAMILIES["maintainerr"] = Family(MaintainerrClient, MaintainerrWorker, needs=())
FAMILIES["recyclarr"] = Family(RecyclarrClient, RecyclarrWorker, needs=())
FAMILIES["suggestarr"] = Family(SuggestarrClient, SuggestarrWorker, needs=())
FAMILIES["seerr"] = FAMILIES["overseerr"] = Family(SeerrClient, SeerrWorker)


def family_of(app, where):
    """The family of an app.

    :raises MediaError: for an app that nothing is known of.
    """
    if app not in FAMILIES:
        raise MediaError("{0}: nothing is known of the app {1}; {2}".format(where, app, nearest(app, FAMILIES)))
    return FAMILIES[app]


def credentials_of(app, family, secrets, where):
    """The keys and logins of an app of a plan, resolved.

    :raises MediaError: when one is missing.
    """
    missing = [key for key in family.needs if not app.get(key)]
    if missing:
        raise MediaError("{0}: its description has no {1}".format(app["name"], " and no ".join(missing)))
    return {key: str(resolve(app[key], secrets, where)) for key in family.needs + family.takes if app.get(key)}
