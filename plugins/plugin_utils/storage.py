# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage layout: where media and downloads live, as the apps see them and as the host sees them."""

from __future__ import annotations

import posixpath

MOUNT = "/data"
KINDS = ("movies", "tv", "music")
LAYOUTS = {
    "default": {
        "library": "",
        "torrents": "downloads/torrents",
        "usenet": "downloads/usenet",
        "incomplete": "downloads/usenet/incomplete",
    },
    "trash": {
        "library": "media",
        "torrents": "torrents",
        "usenet": "usenet/complete",
        "incomplete": "usenet/incomplete",
    },
}
# Categories that every download client knows from the start, so that a twin added later finds its own.
CATEGORIES = ("movies", "tv", "music", "movies-4k", "tv-4k")


def paths(layout):
    """The directories of a layout as the apps see them."""
    return {key: posixpath.join(MOUNT, value).rstrip("/") for key, value in LAYOUTS[layout].items()}


def category(kind, variant):
    """The category, and the library directory, of a kind of media in a variant: tv, tv-4k."""
    return "{0}-{1}".format(kind, variant) if variant else kind


def root_folder(layout, kind, variant):
    """The root folder of a kind of media as the apps see it."""
    return posixpath.join(paths(layout)["library"], category(kind, variant))


def on_host(host, path):
    """A path that the apps see, as the host sees it; none when it is outside of the media tree."""
    if path == MOUNT:
        return host.data_root
    if path.startswith(MOUNT + "/"):
        return posixpath.join(host.data_root, path[len(MOUNT) + 1 :])
    return None


def sees_media(instance):
    return bool(instance.entry["media"])


def uses_media(host):
    """Whether anything on a host works with the media tree."""
    return any(sees_media(instance) for instance in host.present())


def categories(host):
    """All categories that the download clients of a host are to know, ours first."""
    found = list(CATEGORIES)
    for instance in host.instances.values():
        if instance.category and instance.category not in found:
            found.append(instance.category)
        if "download_client" in instance.entry["offers"]:
            for source in instance.linked_from:
                if source.category and source.category not in found:
                    found.append(source.category)
    return found


def directories(host):
    """The skeleton of a host: only these directories are ours, never what is below them."""
    entries = {}

    def add(path, owner, group, mode):
        entries.setdefault(path, {"path": path, "owner": owner, "group": group, "mode": mode})

    if uses_media(host):
        tree = paths(host.layout)
        umask = int(host.umask, 8)
        mode = "{0:05o}".format(0o2777 & ~umask)
        wanted = [MOUNT, tree["library"]]
        kinds = [category(kind, None) for kind in KINDS]
        for instance in host.present():
            for folder in instance.root_folders:
                if on_host(host, folder):
                    wanted.append(folder)
        wanted += [posixpath.join(tree["library"], kind) for kind in kinds]
        offers = {
            client
            for instance in host.present()
            for client in [(instance.entry["offers"].get("download_client") or {}).get("protocol")]
        }
        names = [
            name
            for name in categories(host)
            if "-4k" not in name or any(name == other.category for other in host.instances.values())
        ]
        for protocol, place in (("torrent", "torrents"), ("usenet", "usenet")):
            if protocol in offers:
                wanted.append(posixpath.dirname(tree[place]))
                wanted.append(tree[place])
                wanted += [posixpath.join(tree[place], name) for name in names]
        if "usenet" in offers:
            wanted.append(tree["incomplete"])
        for path in sorted(set(wanted)):
            add(on_host(host, path), host.uid, host.gid, mode)
    for instance in host.present():
        if instance.taken_over:
            continue
        if instance.entry.get("config") or instance.entry["directories"]:
            add(instance.config_dir, instance.uid, instance.gid, "0750")
            for relative in sorted(instance.entry["directories"]):
                add(posixpath.join(instance.config_dir, relative), instance.uid, instance.gid, "0750")
    return [entries[path] for path in sorted(entries)]


def proof(host):
    """Between which directories, and as whom, a hardlink has to work."""
    tree = paths(host.layout)
    clients = [instance for instance in host.present() if "download_client" in instance.entry["offers"]]
    found = []
    for client in clients:
        place = (
            tree["torrents"]
            if client.entry["offers"]["download_client"].get("protocol") == "torrent"
            else tree["usenet"]
        )
        for app in host.present():
            if client not in app.links.get("download_clients", []):
                continue
            for folder in app.root_folders[:1]:
                target = on_host(host, folder)
                entry = {
                    "path": on_host(host, place),
                    "uid": client.uid,
                    "gid": client.gid,
                    "target": target,
                    "target_uid": app.uid,
                    "target_gid": app.gid,
                }
                if target and entry not in found:
                    found.append(entry)
    return found


def plan(host):
    """The part C(storage) of a host's plan."""
    return {
        "data_root": host.data_root if uses_media(host) else "",
        "mount_required": bool(host.data_mount and uses_media(host)),
        "directories": directories(host),
        "proof": proof(host),
    }
