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
# From here on without the checkout's ansible.cfg, whose collections path would say that the collection is installed already.
unset ANSIBLE_CONFIG
export ANSIBLE_COLLECTIONS_PATH="$root/.cache/artifact/collections"
cd .cache/artifact/elsewhere
for file in ../*.tar.gz; do
    "$root/.venv/bin/ansible-galaxy" collection install "$file" --no-deps --collections-path ../collections >/dev/null
    echo "built and installed $(basename "$file") ($(du -k "$file" | cut -f 1) KiB)"
    # What only the checkout uses must not be in it.
    if tar -tzf "$file" | grep -E '^(lab|tests|tools|molecule|\.[a-z]+)/'; then
        echo "artifact: these files are in the artifact and do not belong there: add them to build_ignore in galaxy.yml" >&2
        exit 1
    fi
done
for inventory in "$@"; do
    "$root/.venv/bin/ansible-playbook" homelab.media.site -i "$root/$inventory" --syntax-check
    # The plan runs on the controller only: this proves that catalog and plugins are found, on hosts that are not there.
    "$root/.venv/bin/ansible" all -i "$root/$inventory" -m homelab.media.plan -a stage=static >plan.log 2>&1 || {
        cat plan.log >&2
        exit 1
    }
done
"$root/.venv/bin/ansible-doc" homelab.media.media_wiring >/dev/null
