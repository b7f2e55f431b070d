#!/bin/bash
# sanitizers.sh BUILD_FOLDER: isodb as it was built there and one built with address and
# undefined-behaviour sanitizers sync with each other, each as server, as client and by bundle, and
# end with the same refs. What a sanitizer finds ends the program. Builds in build/sanitizers.
set -euo pipefail
root=$(realpath "$(dirname "$0")/../..")
plain=$(realpath "$1")/isodb
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
readonly root plain work

fail() {
  printf 'FAILED: %s\n' "$*"
  exit 1
}

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
build() {
  cmake -S "$root" -B "$root/build/sanitizers" -G Ninja -DISODB_TESTS=OFF \
    -DCMAKE_BUILD_TYPE=None "${launcher[@]}" \
    -DCMAKE_CXX_FLAGS="-O0 -g0 -fsanitize=address,undefined -fno-sanitize-recover=all" &&
    cmake --build "$root/build/sanitizers" --target isodb -j 2
}
build >"$work/build.log" 2>&1 || {
  cat "$work/build.log"
  fail "building with sanitizers"
}
readonly checked=$root/build/sanitizers/isodb
cd "$work"

# serve PROGRAM FOLDER: sets url and fingerprint.
serve() {
  "$1" -C "$2" serve --listen 127.0.0.1:0 >serve.log 2>serve.err &
  server=$!
  until grep -q listening serve.log; do
    kill -0 "$server" 2>/dev/null || fail "serve: $(cat serve.err)"
    sleep 0.1
  done
  url=isodb://$(grep -o '127.0.0.1:[0-9]*' serve.log)
  fingerprint=$("$1" -C "$2" key fingerprint)
}
stop() {
  kill "$server"
  wait "$server" || fail "the server: $(cat serve.err)"
  server=
}
same() {
  [[ $("$plain" -C "$1" ref get heads/main) == "$("$checked" -C "$2" ref get heads/main)" ]] ||
    fail "$1 and $2 do not end with the same"
}
# lets MEMBER_FOLDER in at the hub by its key
admit() { "$plain" -q -C hub member add "$("$plain" -C "$1" key export)" "$1"; }

"$plain" -q init hub
for i in $(seq 400); do
  printf '{"id":"%03d","weight":%d,"name":"cow %d","log":[%d,2,3]}\n' "$i" $((i * 7)) "$i" "$i"
done >cows.jsonl
"$plain" -q -C hub import jsonl cows.jsonl --prefix cows/ --key /id
head -c 3000000 "$plain" | "$plain" -q -C hub put large.bin

"$plain" -q clone hub tablet
admit tablet
"$plain" -q -C tablet pull
"$plain" -C tablet remote remove origin
serve "$plain" hub
"$checked" -q -C tablet remote add hub "$url" --fingerprint "$fingerprint"
"$checked" -C tablet sync
stop
for path in $("$plain" -C hub ls -r cows/ | head -60); do
  printf '{"weight":1}' >left.json
  printf '{"name":"other"}' >right.json
  "$plain" -q -C hub patch --merge "$path" left.json
  "$checked" -q -C tablet patch --merge "$path" right.json
done
"$plain" -q -C hub rm "$("$plain" -C hub ls -r cows/ | tail -1)"

# The checked one serves, the plain one connects: a clone, then both ways.
serve "$checked" hub
"$plain" -q -C tablet remote remove hub
"$plain" -q -C tablet remote add hub "$url" --fingerprint "$fingerprint"
"$plain" -C tablet sync
same hub tablet
stop

# By bundle, made by one and applied by the other.
"$plain" -q clone hub barn
admit barn
"$plain" -q -C barn pull
printf 'from the barn' | "$checked" -q -C barn put note.txt
"$checked" -q -C barn bundle create week.bundle --since origin
"$plain" -C hub bundle apply week.bundle
"$checked" -q -C barn pull
same hub barn
for folder in hub tablet barn; do
  "$checked" -C "$folder" fsck
  "$checked" -C "$folder" verify --again
done
printf 'synced both ways with a build of sanitizers\n'
