#!/bin/bash
# install.sh BUILD_FOLDER: what cmake --install puts into a prefix is enough to build and run
# examples/quickstart, with find_package(isodb) as with pkg-config.
set -euo pipefail
build=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
readonly build root work

fail() {
  printf 'FAILED: %s\n' "$*"
  exit 1
}

# check NAME PROGRAM: runs it, and looks at what it says about the repository that it makes.
check() {
  local said
  said=$("$2" "$work/$1.isodb") || fail "the program built with $1"
  printf '%s\n' "$said"
  local line
  for line in 'then: {"crop": "barley", "hectares": 12.5}' \
    'now:  {"crop": "clover", "hectares": 12.5}' \
    'fields/south.json' 'M fields/north.json' 'D notes/seed.txt'; do
    grep -qxF -- "$line" <<<"$said" || fail "built with $1, the program does not say: $line"
  done
  (($(wc -l <<<"$said") == 9)) || fail "built with $1, the program says more or less than 9 lines"
}

cmake --install "$build" --prefix "$work/prefix" >/dev/null
(cd "$work" && find prefix -type f | sort)
# Away from the sources, so that nothing of theirs is found.
cp -r "$root/examples/quickstart" "$work/source"

compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
flags=$(sed -n 's/^CMAKE_CXX_FLAGS:STRING=//p' "$build/CMakeCache.txt")
cmake -S "$work/source" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="$flags" >/dev/null
cmake --build "$work/build" >/dev/null || fail "building with find_package"
check find_package "$work/build/quickstart"

export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
[[ -d $PKG_CONFIG_PATH ]] || PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name isodb.pc)")
read -ra options < <(pkg-config --cflags --libs isodb)
read -ra flags <<<"$flags"
"$compiler" -std=c++20 "${flags[@]}" "$work/source/quickstart.cc" "${options[@]}" \
  -o "$work/quickstart" || fail "building with pkg-config"
check pkg-config "$work/quickstart"

if [[ -x $work/prefix/bin/isodb ]]; then
  "$work/prefix/bin/isodb" --version || fail "running the installed program"
fi
printf 'installed, built and ran both ways\n'
