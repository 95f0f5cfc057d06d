#!/bin/sh
# What the published images do before their app starts. LinuxServer's convention (and that of a few others): the app runs as PUID:PGID
# with UMASK; images with `user:` in the compose file are started with that user and skip this.
set -eu
umask "${UMASK:-022}"
if [ -n "${TZ:-}" ] && [ -e "/usr/share/zoneinfo/$TZ" ] && [ "$(id -u)" = 0 ]; then
    ln -snf "/usr/share/zoneinfo/$TZ" /etc/localtime
fi
if [ "${LAB_USER:-}" = puid ] && [ "$(id -u)" = 0 ]; then
    uid="${PUID:-911}"
    gid="${PGID:-911}"
    [ -n "${LAB_CONFIG:-}" ] && chown "$uid:$gid" "$LAB_CONFIG"
    exec setpriv --reuid="$uid" --regid="$gid" --clear-groups -- "$@"
fi
exec "$@"
