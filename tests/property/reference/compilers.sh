#!/bin/bash
# compilers.sh BUILD_FOLDER here|all [histories]: merging gives the same ids in that build, in the
# same where hash tables and numbers' locale are others, and, of all, in builds by g++ -O0 and by
# clang++; each has another locale and time zone. Builds what it needs, and no more, in a temporary
# folder; passes over a missing compiler.
set -euo pipefail
root=$(realpath "$(dirname "$0")/../../..")
given=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
readonly root given work which=$2 histories=${3:-300}

# build NAME TARGET [cmake option...]
build() {
  cmake -S "$root" -B "$work/$1" -G Ninja -DISODB_TESTS=ON -DCMAKE_BUILD_TYPE=None "${@:3}" &&
    cmake --build "$work/$1" --target "$2" -j 2
}

# Locales that the system need not have: with other numbers, another order, another upper case of i.
for locale in de_DE tr_TR; do
  localedef -i "$locale" -f UTF-8 "$work/$locale.UTF-8" >/dev/null 2>&1 ||
    printf 'SKIPPED: locale %s, which localedef does not make here\n' "$locale"
done
export LOCPATH=$work

# ids NAME PROGRAM VARIABLE=VALUE...: what it prints, in NAME.ids.
ids() {
  env "${@:3}" "$2" 1 "$histories" >"$work/$1.ids"
  printf '%s: %s\n' "$1" "$(sha256sum <"$work/$1.ids")"
}

# compiled NAME COMPILER FLAGS TARGET VARIABLE=VALUE...: the same of a build of its own.
compiled() {
  if ! command -v "$2" >/dev/null; then
    printf 'SKIPPED: no %s\n' "$2"
    return
  fi
  local launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  if ! build "$1" "$4" -DCMAKE_CXX_COMPILER="$2" -DCMAKE_CXX_FLAGS="$3" \
    "${launcher[@]}" >"$work/$1.log" 2>&1; then
    cat "$work/$1.log"
    exit 1
  fi
  ids "$1" "$work/$1/tests/reference/$4" "${@:5}"
}

readonly program=isodb_reference_ids
ids given "$given/tests/reference/$program" LC_ALL=C TZ=UTC
ids given-elsewhere "$given/tests/reference/${program}_elsewhere" LC_ALL=C.UTF-8 TZ=Asia/Kathmandu
ids given-turkish "$given/tests/reference/$program" LC_ALL=tr_TR.UTF-8 TZ=Pacific/Chatham
if [[ $which == all ]]; then
  compiled gcc-O0 g++ -O0 "$program" LC_ALL=de_DE.UTF-8 TZ=America/St_Johns
  compiled clang clang++ -O1 "${program}_elsewhere" LC_ALL=tr_TR.UTF-8 TZ=Pacific/Chatham
fi

failed=0
for other in "$work"/*.ids; do
  (($(wc -l <"$other") == histories)) || failed=1
  cmp "$work/given.ids" "$other" || failed=1
done
exit "$failed"
