# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What catalog values see: views of instances, hosts, links and the storage layout as plain data."""

from __future__ import annotations

import posixpath

from ansible_collections.homelab.media.plugins.plugin_utils import storage, topology, usenet, values, vpn


def secret_views(env, instance):
    """The secrets that an instance has, by short name; one whose condition is not met is none."""
    found = {}
    for name, spec in instance.entry["secrets"].items():
        full = "{0}.{1}".format(instance.name, name)
        wanted = full in instance.given
        if not wanted and "when" in spec:
            wanted = bool(
                values.render(env, spec["when"], {"settings": instance.settings, "variant": instance.variant})
            )
        elif not wanted:
            wanted = spec.get("required", True) is not False
        found[name] = {"secret": full} if wanted else None
    return found


def view(env, instance):
    """An instance as templates see it."""
    return {
        "name": instance.name,
        "app": instance.app,
        "title": instance.title,
        "app_title": instance.entry["title"],
        "variant": instance.variant,
        "host": instance.host.name,
        "port": instance.port,
        "published": instance.published,
        "url_base": instance.url_base,
        "uid": instance.uid,
        "gid": instance.gid,
        "config": instance.entry.get("config", ""),
        "config_dir": instance.config_dir,
        "version": instance.version,
        "image": instance.image,
        "project": instance.project,
        "settings": instance.settings,
        "secrets": secret_views(env, instance),
        "category": instance.category,
        "root_folders": list(instance.root_folders),
        "kind": instance.entry.get("media_kind"),
        "adopt": instance.adopt,
        "via": instance.via or "",
        "network": instance.network,
        "state": instance.state,
        "present": instance.present,
        "running": instance.running,
        "offers": instance.entry["offers"],
        "bind": instance.bind,
        "url": topology.user_url(instance),
    }


def target_view(env, source, target):
    """A linked instance, with its address as seen from the source and the source's address as seen from it."""
    shown = view(env, target)
    # The apps that link to it.
    shown["users"] = sorted({other.app for other in target.linked_from})
    name, port = topology.address(source, target)
    # The other way round: as the target sees the source.
    back_name, back_port = topology.address(source=target, target=source)
    shown["address"] = {
        "host": name or "",
        "port": port,
        "url_base": target.url_base,
        "url": topology.url(name or "", port, target.url_base),
    }
    # As the wiring reaches it, which runs on the source's host: its own ports there, the published ones elsewhere.
    check, check_port, container = (
        topology.from_host(target) if target.host is source.host else (target.host.address, target.published, None)
    )
    shown["check"] = {"url": topology.url(check or "", check_port, target.url_base), "container": container}
    shown["downloads"] = {key: storage.paths(target.host.layout)[key] for key in ("torrents", "usenet")}
    shown["back"] = {
        "host": back_name or "",
        "port": back_port,
        "url_base": source.url_base,
        "url": topology.url(back_name or "", back_port, source.url_base),
    }
    return shown


def names_of(instance):
    """Every host name by which somebody may address an instance."""
    holder = instance.gateway or instance
    found = [instance.name, holder.name, instance.host.name]
    if instance.host.address:
        found.append(instance.host.address)
    return sorted(set(found))


def build(env, hosts, instance):
    """The whole context of one instance."""
    host = instance.host
    tree = storage.paths(host.layout)
    names = storage.categories(host)
    links = {
        need: [target_view(env, instance, target) for target in targets] for need, targets in instance.links.items()
    }
    gone = {
        need: [
            {"name": target.name, "title": target.title, "app": target.app, "offers": target.entry["offers"]}
            for target in targets
        ]
        for need, targets in instance.gone_links.items()
    }
    return {
        "me": view(env, instance),
        "settings": instance.settings,
        "host": {
            "name": host.name,
            "address": host.address or "",
            "timezone": host.timezone,
            "umask": host.umask,
            "uid": host.uid,
            "gid": host.gid,
            "data_root": host.data_root,
            "network": dict(host.network),
            "layout": host.layout,
        },
        "storage": {
            "root": storage.MOUNT,
            "library": tree["library"],
            "torrents": tree["torrents"],
            "usenet": tree["usenet"],
            "incomplete": tree["incomplete"],
            "categories": [
                {
                    "name": name,
                    "torrents": posixpath.join(tree["torrents"], name),
                    "usenet": posixpath.join(tree["usenet"], name),
                }
                for name in names
            ],
        },
        "admin": {"username": {"secret": "admin.username"}, "password": {"secret": "admin.password"}},
        "links": links,
        "gone": gone,
        "names": names_of(instance),
        # What the apps that link to it file their downloads under.
        "served": sorted({source.category for source in instance.linked_from if source.category}),
        "gateway": {"name": instance.gateway.name, "port": instance.gateway.port} if instance.gateway else None,
        "members": [view(env, member) for member in topology.members(instance)] if instance.entry["gateway"] else [],
        "usenet_servers": usenet.view(host),
        "outbound_subnets": topology.outbound_subnets(host, hosts),
        "vpn": vpn.view(instance) if instance.entry.get("vpn") else None,
    }
