#!/bin/sh
# Runs two lists of make targets beside each other, the first one with less priority; its output comes after that of the second one.
# Fails when one of them does.
set -u
mkdir -p .cache
log=.cache/beside.log
: >"$log"
# A list of targets that are apart from each other, so each goes on after another one has failed.
# shellcheck disable=SC2086
nice -n 5 make -k --no-print-directory $1 >"$log" 2>&1 </dev/null &
other=$!
# An interrupted run leaves nothing behind.
trap 'kill $other 2>/dev/null' INT TERM
# shellcheck disable=SC2086
make -k --no-print-directory $2
code=$?
wait $other
code_other=$?
cat "$log"
[ $code -eq 0 ] && [ $code_other -eq 0 ]
