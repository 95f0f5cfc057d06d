#!/bin/sh
# The program as people call it: docker exec -it plex-trakt-sync plextraktsync login
exec python3 -m standins.plextraktsync "$@"
