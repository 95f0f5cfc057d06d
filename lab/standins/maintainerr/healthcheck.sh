#!/bin/sh
# The image's own probe.
exec wget -q -O /dev/null "http://127.0.0.1:${UI_PORT:-6246}${BASE_PATH:-}/api/health/ready"
