#!/bin/sh
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A second environment with the oldest ansible-core that the collection supports.
set -eu
cd "$(dirname "$0")/.."
place=.cache/venv-2.17
hash=$(sha256sum <tests/unit/requirements.txt | cut -d ' ' -f 1)
if [ "$(cat $place/.installed 2>/dev/null)" != "$hash" ]; then
    echo "setup: installing ansible-core 2.17 and what tests/unit/requirements.txt names (PyPI, into $place)"
    .venv/bin/python -m venv --clear $place
    $place/bin/python -m pip install --quiet --disable-pip-version-check --no-input 'ansible-core==2.17.*' -r tests/unit/requirements.txt
    echo "$hash" >$place/.installed
fi
