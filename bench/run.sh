#!/bin/sh
# What ./dev bench runs after it has built:
# bench/run.sh [quick|full|growth|sync|compare OLD NEW (JSON)].
# quick and full write bench/results.md and bench/results.json, growth bench/growth.md, .json and
# .svg; for more, isodb_bench run --help.
# sync writes its own section of bench/results.md, which the others leave as it is.
set -eu
cd "$(dirname "$0")/.."
program=build/bench/bench/isodb_bench
mode=${1:-quick}
[ $# -eq 0 ] || shift
case $mode in
  quick | full)
    notes=build/bench/notes.md
    {
      cat bench/notes.md
      echo
      sed -n '/^<!-- .\/dev bench sync -->$/,/^<!-- end of sync -->$/p' bench/results.md
    } >"$notes"
    exec "$program" "$mode" --folder build/bench/work --json bench/results.json \
      --markdown bench/results.md --notes "$notes" "$@"
    ;;
  growth)
    "$program" growth --folder build/bench/work --json bench/growth.json \
      --markdown bench/growth.md "$@"
    exec "$program" plot bench/growth.json bench/growth.svg
    ;;
  sync)
    exec build/bench/bench/isodb_sync_bench --folder build/bench/work/sync \
      --markdown bench/results.md "$@"
    ;;
  *) exec "$program" "$mode" "$@" ;;
esac
