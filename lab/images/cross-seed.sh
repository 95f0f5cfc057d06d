#!/bin/sh
# The program as the image has it in its path.
exec python3 -m standins.cross_seed "$@"
