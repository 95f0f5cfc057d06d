#!/bin/sh
# The published image's start of NZBGet: a complete configuration on the first start, login by environment, PUID and PGID.
set -eu
if [ ! -s /config/nzbget.conf ]; then
    sed 's|^MainDir=.*|MainDir=/downloads|' /usr/share/nzbget/nzbget.conf > /config/nzbget.conf
    chown "${PUID:-1000}:${PGID:-1000}" /config/nzbget.conf
fi
set -- -s -c /config/nzbget.conf -o OutputMode=log
[ -z "${NZBGET_USER:-}" ] || set -- "$@" -o "ControlUsername=$NZBGET_USER"
[ -z "${NZBGET_PASS:-}" ] || set -- "$@" -o "ControlPassword=$NZBGET_PASS"
exec /lab/entrypoint.sh nzbget "$@"
