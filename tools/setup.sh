#!/bin/sh
# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prepares a fresh machine: packages, .venv, the path under which Ansible finds the checkout as a collection.
#
#   tools/setup.sh site|lab|test
#
# Says in one line what it is about to install, asks nothing, and does and says nothing when all is there.
# lab/lab.py installs what the lab needs by itself; the line names it too.
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-site}

stop() {
    echo "setup: $*" >&2
    exit 1
}

has() {
    PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1
}

# Two runs at once would write to the same .venv.
mkdir -p .cache
if has flock; then
    exec 9>.cache/setup.lock
    flock 9
fi

# --- what is missing
packages=""
need() {
    case " $packages " in *" $1 "*) ;; *) packages="$packages $1" ;; esac
}
python=python3
# 3.10 is the oldest that ansible-core 2.17 runs on.
if ! $python -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || ! $python -c 'import ensurepip, venv' 2>/dev/null; then
    python=/usr/bin/python3
    [ -x $python ] || need python3
    $python -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
fi
[ -e /etc/ssl/certs/ca-certificates.crt ] || need ca-certificates
has ssh || need openssh-client
# ansible-test and antsibull-changelog look at the repository.
if [ "$purpose" = test ]; then
    has git || need git
fi

lab=""
if [ -z "${HOMELAB_NO_LAB:-}" ]; then
    { has docker && has dockerd; } || lab="$lab docker.io"
    has mmdebstrap || lab="$lab mmdebstrap"
    has iptables || lab="$lab iptables"
fi

wanted=requirements.txt
[ "$purpose" = test ] && wanted=requirements-test.txt
stamp=.venv/.installed-$wanted
# The files that the environment is made from; requirements-test.txt includes the others.
hash=$(cat requirements.txt tests/unit/requirements.txt requirements-test.txt 2>/dev/null | sha256sum | cut -d ' ' -f 1)
[ $wanted = requirements.txt ] && hash=$(sha256sum <requirements.txt | cut -d ' ' -f 1)
environment=""
if [ "$(cat $stamp 2>/dev/null)" != "$hash" ] || ! .venv/bin/python -c 'import ansible' 2>/dev/null; then
    environment="what $wanted names (PyPI, into .venv)"
fi

# --- the one line
line=""
[ -n "$packages$lab" ] && line="$(echo $packages $lab) (the distribution's packages)"
if [ -n "$environment" ]; then
    [ -n "$line" ] && line="$line and "
    line="$line$environment"
fi
[ -n "$line" ] && echo "setup: installing $line"

# --- install
if [ -n "$packages" ]; then
    has apt-get || stop "this machine has no apt: install$packages by hand, then run it again"
    sudo=""
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || stop "packages are missing and there is no sudo: run it as root, or install$packages"
        sudo -n true 2>/dev/null || stop "sudo wants a password: run \`sudo -v\` in this terminal first, then this again"
        sudo="sudo -n"
    fi
    log=.cache/apt.log
    {
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
            $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
    } </dev/null >$log 2>&1 || stop "apt-get could not install$packages: $(tail -n 1 $log) (see $log)"
fi

if [ -n "$environment" ]; then
    log=.cache/pip.log
    .venv/bin/python -c 'import pip' 2>/dev/null || $python -m venv --clear .venv >$log 2>&1 ||
        stop "$python could not make .venv: $(tail -n 1 $log)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r $wanted </dev/null >$log 2>&1 ||
        stop "pip could not install what $wanted names: $(tail -n 1 $log) (see .cache/pip.log)"
    echo "$hash" >$stamp
fi

if [ ! -e .collections/ansible_collections/homelab/media/galaxy.yml ]; then
    mkdir -p .collections/ansible_collections/homelab
    ln -sfn ../../.. .collections/ansible_collections/homelab/media
fi
