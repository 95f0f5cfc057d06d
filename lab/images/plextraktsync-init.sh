#!/bin/sh
# The image's own start: it changes to PUID and PGID, and runs the command.
exec /lab/entrypoint.sh plextraktsync "$@"
