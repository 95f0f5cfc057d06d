#!/bin/sh
# The published image's own probe: ready, below the base path.
exec curl -fsS -o /dev/null "http://localhost:${UI_PORT:-6246}${BASE_PATH:-}/api/health/ready"
