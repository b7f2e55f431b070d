#!/bin/sh
# What ./dev bench runs after it has built: bench/run.sh [quick|full|compare OLD.json NEW.json].
# quick and full write bench/results.md and bench/results.json; for more, isodb_bench run --help.
set -eu
cd "$(dirname "$0")/.."
program=build/bench/bench/isodb_bench
mode=${1:-quick}
[ $# -eq 0 ] || shift
case $mode in
  quick | full)
    [ ! -e bench/notes.md ] || set -- --notes bench/notes.md "$@"
    exec "$program" "$mode" --folder build/bench/work --json bench/results.json \
      --markdown bench/results.md "$@"
    ;;
  *) exec "$program" "$mode" "$@" ;;
esac
