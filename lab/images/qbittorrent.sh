#!/bin/sh
# LinuxServer's start of qBittorrent: the profile is /config, the ports come from the environment and win over the file.
export HOME=/config XDG_CONFIG_HOME=/config XDG_DATA_HOME=/config
exec qbittorrent-nox --webui-port="${WEBUI_PORT:-8080}" --torrenting-port="${TORRENTING_PORT:-6881}"
