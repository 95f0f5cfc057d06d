#!/bin/sh
# LinuxServer's start of qBittorrent: its files are below /config, the ports come from the environment and win over the file.
set -eu
export HOME=/config XDG_CONFIG_HOME=/config XDG_DATA_HOME=/config
file=/config/qBittorrent/qBittorrent.conf
if [ ! -e "$file" ]; then
    mkdir -p /config/qBittorrent
    printf '%s\n' '[LegalNotice]' 'Accepted=true' '[Preferences]' 'WebUI\Address=*' 'WebUI\ServerDomains=*' > "$file"
fi
exec qbittorrent-nox --webui-port="${WEBUI_PORT:-8080}" --torrenting-port="${TORRENTING_PORT:-6881}"
