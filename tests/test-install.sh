#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# test-install.sh BUILD SOURCE PREFIX: TAP. What `meson install` puts under a DESTDIR is complete and
# works from there: the program, the headers one by one in C and C++, and the example, which is built
# with pkg-config alone. $CAIRN_TEST_CFLAGS: what the build was made with and the example needs too.
set -u
build=$1 source=$2 prefix=$3
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
number=0 status=0

# check TITLE COMMAND...: one test; the command's output is shown when it fails.
check ()
{
  title=$1; shift
  number=$((number + 1))
  if output=$("$@" 2>&1); then
    echo "ok $number - $title"
  else
    printf '%s\n' "$output" | sed 's/^/# /'
    echo "not ok $number - $title"
    status=1
  fi
}

install_all () { DESTDIR=$root meson install -C "$build" --no-rebuild; }

files_are_there ()
{
  for path in bin/cairn include/vmcx.h include/cairn/cairn.h include/cairn/service.h \
              sbin/cairnd lib/systemd/system/cairnd.service lib/systemd/system/cairnd.socket \
              share/man/man1/cairn.1 share/man/man8/cairnd.8; do
    [ -e "$root$prefix/$path" ] || { echo "missing: $path"; return 1; }
  done
  for name in libcairn.so libvmcx.so libcairn.pc libvmcx.pc; do
    [ -n "$(find "$root" -name "$name")" ] || { echo "missing: $name"; return 1; }
  done
}

nothing_else ()
{
  strange=$(find "$root" ! -type d | grep -v -E \
    "^$root$prefix/(s?bin/cairnd?|include/(vmcx|cairn/[a-z]+)\.h|share/man/man[158]/[a-z.-]+\.[158]|lib(/[a-z0-9_-]+)?/(lib(cairn|vmcx)\.so[0-9.]*|pkgconfig/lib(cairn|vmcx)\.pc|cairn/cairn-([a-z]+\.so|holder|keeper)|systemd/system/cairnd\.(service|socket)))$" |
    grep -v -E "^$root($prefix)?/etc/pam\.d/cairnd$")
  [ -z "$strange" ] || { echo "$strange"; return 1; }
}

# The packages from under $root, the system's beside them.
packages ()
{
  PKG_CONFIG_PATH=$(dirname "$(find "$root" -name libcairn.pc)") pkg-config "$@"
}

header_compiles ()
{
  printf '#include <%s>\nint nothing;\n' "$1" > "$scratch/one.$2"
  case $2 in c) compiler="${CC:-cc} -std=c99" ;; cc) compiler="${CXX:-c++} -std=c++11" ;; esac
  # shellcheck disable=SC2046
  $compiler -Wall -Wextra -Werror -c "$scratch/one.$2" -o "$scratch/one.o" $(packages --cflags "$3")
}

build_example ()
{
  # shellcheck disable=SC2046,SC2086
  ${CC:-cc} -Wall -Wextra -Werror ${CAIRN_TEST_CFLAGS-} "$source/examples/list-changes.c" \
    -o "$scratch/list-changes" $(packages --cflags --libs libcairn)
}

cairn () { "$root$prefix/bin/cairn" --store "sqlite:$scratch/store.db" "$@"; }

make_vm ()
{
  qemu-img create -q -f qcow2 "$scratch/disk.qcow2" 16M &&
    cairn vm add vm --disk "vda=$scratch/disk.qcow2" && cairn create vm &&
    qemu-io -f qcow2 -c 'write -q 1M 64k' "$scratch/disk.qcow2"
}

example_answers ()
{
  LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libcairn.so)")
  export LD_LIBRARY_PATH
  point=$("$scratch/list-changes" "sqlite:$scratch/store.db") || return 1
  changes=$("$scratch/list-changes" "sqlite:$scratch/store.db" "$point") || return 1
  echo "$point: $changes"
  [ "$changes" = "vda 1048576 65536" ] || return 1
  "$scratch/list-changes" "sqlite:$scratch/store.db" nothing && return 1
  return 0
}

# The module starts it from there, whatever the place is.
# What holds it lies among the modules, and finds them from there.
freeze_works ()
{
  cairn freeze vm && cairn snapshots && cairn discard "$(cairn snapshots --json | sed 's/.*"Snapshot":"\([^"]*\)".*/\1/')"
}

keeper_is_beside_its_module ()
{
  module=$(find "$root" -name cairn-libvirt.so)
  [ -x "${module%libvirt.so}keeper" ] || { echo "no keeper beside '$module'"; return 1; }
}

programs_agree () { cairn list vm --json | grep -q '"Verdict":"tracked"'; }

check "meson install under a DESTDIR" install_all
check "programs, libraries, headers, pkg-config files and pages are there" files_are_there
check "nothing else is" nothing_else
check "the keeper lies beside its module" keeper_is_beside_its_module
for header in $(cd "$root$prefix/include" && find . -name '*.h' | sed 's|^\./||' | sort); do
  package=libcairn
  [ "$header" != vmcx.h ] || package=libvmcx
  check "$header compiles alone in C" header_compiles "$header" c $package
  if command -v "${CXX:-c++}" > /dev/null; then
    check "$header compiles alone in C++" header_compiles "$header" cc $package
  else
    number=$((number + 1)); echo "ok $number - $header in C++ # SKIP no C++ compiler"
  fi
done
check "cairn runs from there" make_vm
check "a VM is frozen from there" freeze_works
check "and answers" programs_agree
check "the example builds with pkg-config alone" build_example
check "the example lists the point and its changes" example_answers
echo "1..$number"
exit $status
