#!/bin/sh
# LinuxServer's start of SABnzbd: the port is the one in its file.
export HOME=/config
exec sabnzbdplus --config-file /config --server 0.0.0.0 --browser 0 --console
