#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# TAP: tools/install-packages asks for what is missing, as who it may, and says why it can't.
# Usage: test-install-packages.sh TOP. Its tools are stand-ins; nothing is installed.
top=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

number=0
status=0
report () # NAME STATUS
{
  number=$((number + 1))
  [ "$2" = 0 ] || { sed 's/^/# said: /' "$dir/out"; sed 's/^/# ran: /' "$dir/ran"; printf 'not '; status=1; }
  echo "ok $number - $1"
}

stand_in () # NAME BODY
{
  printf '#!/bin/sh\n%s\n' "$2" > "$dir/bin/$1"
  chmod +x "$dir/bin/$1"
}

fresh () # a machine where only `here` is installed, apt-get works and the user is an ordinary one
{
  rm -rf "$dir/bin" "$dir/ran"
  mkdir "$dir/bin"
  touch "$dir/ran"
  for tool in sh env cat grep tr dirname realpath mktemp rm; do
    ln -s "$(command -v $tool)" "$dir/bin/$tool"
  done
  stand_in dpkg-query 'for last; do :; done; [ "$last" != here ] || printf installed'
  stand_in id 'echo 1000'
  stand_in apt-get "echo apt-get \"\$@\" >> $dir/ran"
}

install ()
{
  PATH=$dir/bin "$top/tools/install-packages" "$@" > "$dir/out" 2>&1 < /dev/null
}

echo 1..8
fresh
install here
[ $? = 0 ] && [ ! -s "$dir/out" ] && [ ! -s "$dir/ran" ]
report "with everything there it is silent and starts nothing" $?

fresh
install here gone
[ $? = 1 ] && [ "$(wc -l < "$dir/out")" = 1 ] && grep -q 'only root or sudo can install them: gone' "$dir/out"
report "an ordinary user without sudo gets one sentence" $?

fresh
stand_in sudo "echo sudo \"\$1\" >> $dir/ran; shift; exec \"\$@\""
install here gone
[ $? = 0 ] && grep -qx 'sudo -n' "$dir/ran" && grep -q '^apt-get .*install --no-install-recommends gone$' "$dir/ran"
report "an ordinary user's sudo is used, without a question where nobody can answer" $?

fresh
stand_in id 'echo 0'
install gone here lost
[ $? = 0 ] && [ "$(wc -l < "$dir/ran")" = 1 ] && grep -q 'install --no-install-recommends gone lost$' "$dir/ran"
report "root installs just what is missing, in one go, without an update" $?

fresh
stand_in id 'echo 0'
stand_in dpkg-query 'for last; do :; done; [ "$last" != "linux-image-[0-9]*" ] || printf "not-installed\ninstalled\n"'
install linux-image-cloud-amd64 gone
[ $? = 0 ] && grep -q 'install --no-install-recommends gone$' "$dir/ran"
report "a machine with a kernel of its own gets no other" $?

fresh
stand_in id 'echo 0'
stand_in apt-get "echo apt-get \"\$@\" >> $dir/ran; case \"\$*\" in *update) : > $dir/lists ;; *) [ -e $dir/lists ] ;; esac"
install gone
[ $? = 0 ] && [ "$(sed -n 2p "$dir/ran" | grep -c 'update$')" = 1 ] && [ "$(wc -l < "$dir/ran")" = 3 ]
report "where the package lists don't do, they are fetched" $?

fresh
stand_in id 'echo 0'
stand_in apt-get 'echo "E: no space left"; exit 100'
install gone
[ $? = 1 ] && grep -q 'E: no space left' "$dir/out" && grep -q 'could not install: gone' "$dir/out"
report "when apt-get fails, its messages are shown" $?

fresh
rm "$dir/bin/dpkg-query"
install gone
[ $? = 1 ] && grep -q 'no Debian system' "$dir/out"
report "elsewhere it says which list to install" $?
exit $status
