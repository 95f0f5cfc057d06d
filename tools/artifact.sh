#!/bin/sh
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Builds the collection, installs it into an empty directory, and checks the playbook from there with each inventory that is named.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
rm -rf .cache/artifact
mkdir -p .cache/artifact/elsewhere
.venv/bin/ansible-galaxy collection build --force --output-path .cache/artifact >/dev/null
for file in .cache/artifact/*.tar.gz; do
    ANSIBLE_CONFIG=/dev/null .venv/bin/ansible-galaxy collection install "$file" --no-deps --collections-path .cache/artifact/collections >/dev/null
    echo "built and installed $(basename "$file") ($(du -k "$file" | cut -f 1) KiB)"
    # What only the checkout uses must not be in it.
    if tar -tzf "$file" | grep -E '^(lab|tests|tools|\.[a-z]+)/'; then
        echo "artifact: these files are in the artifact and do not belong there: add them to build_ignore in galaxy.yml" >&2
        exit 1
    fi
done
cd .cache/artifact/elsewhere
export ANSIBLE_CONFIG=/dev/null ANSIBLE_COLLECTIONS_PATH="$root/.cache/artifact/collections"
for inventory in "$@"; do
    "$root/.venv/bin/ansible-playbook" homelab.media.site -i "$root/$inventory" --syntax-check
done
"$root/.venv/bin/ansible-doc" homelab.media.media_wiring >/dev/null
