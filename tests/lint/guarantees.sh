#!/bin/bash
# guarantees.sh BUILD_FOLDER: every test that docs/guarantees.md names is a test of that build.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly build=$1
# shellcheck disable=SC2016  # the backticks are the document's
readonly named='[`](unit|property|crash|format|cli|sync|sim|foreign)[a-z_]*: [^`]+[`]'

names=$(ctest --test-dir "$build" -N | sed -nE 's/^ *Test +#[0-9]+: //p')
bad=0 count=0
while IFS= read -r name; do
  count=$((count + 1))
  grep -qxF -e "${name/: /:}" -e "$name" <<<"$names" && continue
  printf 'docs/guarantees.md names a test that there is not: %s\n' "$name"
  bad=1
done < <(grep -oE "$named" docs/guarantees.md | tr -d '\`')
if ((count < 10)); then
  printf 'docs/guarantees.md names only %s tests\n' "$count"
  bad=1
fi
exit "$bad"
