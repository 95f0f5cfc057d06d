#!/bin/sh
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ansible-test sanity. It has to run below ansible_collections/homelab/media and follows no link there, so it gets a copy of what git
# knows or would add. Arguments go to ansible-test, such as `--test pylint`.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
copy=.cache/sanity/ansible_collections/homelab/media
rm -rf .cache/sanity
mkdir -p $copy
git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null | tar -xf - -C $copy
.venv/bin/python tools/pip_bootstrap.py
cd $copy
# ansible-test asks git for the list of files, and would get that of the repository around the copy.
git init --quiet .
unset ANSIBLE_CONFIG
exec "$root/.venv/bin/ansible-test" sanity --venv --python "$("$root/.venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" "$@"
