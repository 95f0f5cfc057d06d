#!/bin/sh
# The program as people call it: docker exec recyclarr recyclarr sync
exec python3 -m standins.recyclarr "$@"
