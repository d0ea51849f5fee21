#!/bin/sh
# Runs lua-nginx-module's own test suite, unmodified, against a moongate binary.
#   conformance.sh SUITE_GIT HARNESS_GIT BINARY
# SUITE_GIT and HARNESS_GIT are checkouts (or git directories) of openresty/lua-nginx-module and
# openresty/test-nginx. Needs perl with Test::Base, Text::Diff, IPC::Run, List::MoreUtils, LWP and
# Test::LongString.
set -eu
suite=${1:-} harness=${2:-} binary=${3:-bin/moongate}
if [ -z "$suite" ] || [ -z "$harness" ]; then
  cat >&2 <<'TEXT'
make conformance needs two checkouts, which are not part of this repository:
  git clone https://github.com/openresty/lua-nginx-module
  git clone https://github.com/openresty/test-nginx
  make conformance SUITE=lua-nginx-module HARNESS=test-nginx
and, on Debian:
  apt-get install libtest-base-perl libtext-diff-perl libipc-run-perl libipc-run3-perl liblist-moreutils-perl libwww-perl libtest-longstring-perl
TEXT
  exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/suite" "$work/harness" "$work/bin"
git -C "$suite" archive HEAD t | tar -x -C "$work/suite"
git -C "$harness" archive HEAD | tar -x -C "$work/harness"
ln -s "$(cd "$(dirname "$binary")" && pwd)/$(basename "$binary")" "$work/bin/nginx"
cd "$work/suite"
PATH="$work/bin:$PATH" MOONGATE_STRICT_PHASES=1 TEST_NGINX_BINARY="$work/bin/nginx" \
  prove -j"${JOBS:-2}" -I"$work/harness/lib" ${FILES:-t/*.t} || true
