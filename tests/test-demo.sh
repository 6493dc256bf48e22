#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# TAP: ./demo shows the main job, briefly and soon, and would find a wrong answer out.
# Usage: test-demo.sh TOP DIRECTORY-OF-CAIRN
top=$1
export CAIRN_DEMO_BIN_DIR=$2
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

number=0
status=0
report () # NAME STATUS: one case; what the demo printed goes with a failure
{
  number=$((number + 1))
  [ "$2" = 0 ] || { printf '%s\n' "$output" | sed 's/^/# /'; printf 'not '; status=1; }
  echo "ok $number - $1"
}

echo 1..5
started=$(date +%s%N)
output=$("$top/demo" 2>&1)
report "the demo succeeds" $?
took_ms=$((($(date +%s%N) - started) / 1000000))

# Sanitizers and other tests at the same time slow it down; ./demo itself has 5 s.
[ $took_ms -lt 15000 ]
report "it takes under 15 s in a build with sanitizers ($took_ms ms)" $?

lines=$(printf '%s\n' "$output" | wc -l)
[ "$lines" -le 50 ]
report "it prints at most 50 lines ($lines)" $?

output=$(CAIRN_DEMO_SPOIL=1 "$top/demo" 2>&1)
[ $? = 1 ] && printf '%s\n' "$output" | grep -q 'FAILED: vdb: written was'
report "a write that differs from what the demo expects is found" $?

output=$(ls -A "$TMPDIR")
[ -z "$output" ]
report "it leaves nothing behind" $?
exit $status
