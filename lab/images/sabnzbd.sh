#!/bin/sh
# LinuxServer's start of SABnzbd.
export HOME=/config
exec sabnzbdplus --config-file /config --server "0.0.0.0:${SABNZBD_PORT:-8080}" --browser 0 --console
