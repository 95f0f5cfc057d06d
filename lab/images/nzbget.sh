#!/bin/sh
# The published image's start of NZBGet: a complete configuration on the first start, login by environment, PUID and PGID.
set -eu
umask "${UMASK:-022}"
[ -s /config/nzbget.conf ] || cp /usr/share/nzbget/webui/nzbget.conf /config/nzbget.conf
set -- -s -c /config/nzbget.conf -o OutputMode=log
[ -n "${NZBGET_USER:-}" ] && set -- "$@" -o "ControlUsername=$NZBGET_USER"
[ -n "${NZBGET_PASS:-}" ] && set -- "$@" -o "ControlPassword=$NZBGET_PASS"
exec /lab/entrypoint.sh nzbget "$@"
