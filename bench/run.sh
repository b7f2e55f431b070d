#!/bin/sh
# Builds and runs the benchmark: bench/run.sh [quick|full|compare OLD.json NEW.json] [options]
# quick and full write bench/results.md and bench/results.json; more options: isodb_bench run --help.
set -eu
cd "$(dirname "$0")/.."

mode=${1:-quick}
[ $# -eq 0 ] || shift

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset bench && cmake --build build/bench --target isodb_bench; } >"$log" 2>&1; then
  tail -30 "$log" >&2
  echo "bench: the build failed; ./dev setup installs what the peers need" >&2
  exit 1
fi

program=build/bench/bench/isodb_bench
case $mode in
  quick | full)
    [ ! -e bench/notes.md ] || set -- --notes bench/notes.md "$@"
    exec "$program" "$mode" --folder build/bench/work --json bench/results.json \
      --markdown bench/results.md "$@"
    ;;
  *) exec "$program" "$mode" "$@" ;;
esac
