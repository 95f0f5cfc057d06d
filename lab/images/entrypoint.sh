#!/bin/sh
# What the published images do before their app starts. LinuxServer's convention (and that of a few others): the app runs as PUID:PGID
# with UMASK, and its configuration directory is given to that user. Started as another user already (`user:`), nothing is left to do.
set -eu
umask "${UMASK:-022}"
if [ "$(id -u)" = 0 ]; then
    if [ -n "${TZ:-}" ] && [ -e "/usr/share/zoneinfo/$TZ" ]; then
        ln -snf "/usr/share/zoneinfo/$TZ" /etc/localtime
    fi
    if [ "${LAB_USER:-}" = puid ]; then
        uid="${PUID:-${LAB_DEFAULT_ID:-911}}"
        gid="${PGID:-${LAB_DEFAULT_ID:-911}}"
        chown "$uid:$gid" "$LAB_CONFIG"
        exec setpriv --reuid="$uid" --regid="$gid" --clear-groups -- "$@"
    fi
fi
exec "$@"
