#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# TAP: ./demo, and ./demo --service, show the main job, briefly and soon, and would find a wrong answer out.
# Usage: test-demo.sh TOP DIRECTORIES-OF-CAIRN-AND-CAIRND
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

show () # LINES WRONG [OPTION]: at most that many; what it must say of a wrong answer
{
  most=$1 wrong=$2
  shift 2
  demo="demo${*:+ $*}"
  started=$(date +%s%N)
  output=$("$top/demo" "$@" 2>&1)
  report "$demo succeeds" $?
  took_ms=$((($(date +%s%N) - started) / 1000000))

  # Sanitizers and other tests at the same time slow it down; ./demo itself has 5 s.
  [ $took_ms -lt 15000 ]
  report "$demo takes under 15 s in a build with sanitizers ($took_ms ms)" $?

  lines=$(printf '%s\n' "$output" | wc -l)
  [ "$lines" -le "$most" ]
  report "$demo prints at most $most lines ($lines)" $?

  output=$(CAIRN_DEMO_SPOIL=1 "$top/demo" "$@" 2>&1)
  [ $? = 1 ] && printf '%s\n' "$output" | grep -q "$wrong"
  report "$demo finds a write that differs from what it expects" $?

  output=$(ls -A "$TMPDIR")
  [ -z "$output" ]
  report "$demo leaves nothing behind" $?
}

stop_half_way () # the service ends with it
{
  "$top/demo" --service > "$TMPDIR/said" 2>&1 &
  pid=$!
  until grep -q WSMAN= "$TMPDIR/said" || ! kill -0 $pid 2> /dev/null; do sleep 0.01; done
  port=$(sed -n 's,.*WSMAN=http://localhost:\([0-9]*\)/.*,\1,p' "$TMPDIR/said")
  kill $pid
  wait $pid
  output="port $port: $(curl -s "http://localhost:$port/wsman"; echo $?) $(cat "$TMPDIR/said")"
  rm "$TMPDIR/said"
  [ -n "$port" ] && [ "${output#port $port: 7 }" != "$output" ] && [ -z "$(ls -A "$TMPDIR")" ]
  report "the service ends with a demo that is stopped half-way" $?
}

echo 1..11
show 50 'FAILED: vdb: written was'
show 60 'FAILED: web: written was' --service
stop_half_way
exit $status
