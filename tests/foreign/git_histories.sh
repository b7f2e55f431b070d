#!/bin/bash
# Imports real git histories, exports them again, and has git itself say that both streams give the
# same refs, commits and trees.
# usage: git_histories.sh ISODB_PROGRAM SHARED_DATA [--large]
# --large: the one history that takes minutes (318,092 contents) instead, and how long its import
# takes and how much memory.
set -euo pipefail
isodb=$1
histories=$2/history
names=(exercism-problem-specifications dariusk-corpora openfootball-football.json scoop-java)
measure=()
if [[ ${3-} == --large ]]; then
  names=(caniuse-features)
  [[ -x /usr/bin/time ]] && measure=(/usr/bin/time -f 'import: %e s, %M KiB')
fi

if [[ ! -d $histories ]]; then
  echo "SKIPPED: no $histories"
  exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GIT_CONFIG_NOSYSTEM=1 HOME=$scratch

# What git makes of the stream on standard input: every ref, every commit, and fsck's complaints.
git_state() {
  rm -rf "$scratch/git"
  git init -q --bare "$scratch/git"
  git -C "$scratch/git" fast-import --quiet
  git -C "$scratch/git" for-each-ref
  git -C "$scratch/git" rev-list --all | sort
  git -C "$scratch/git" fsck --strict --no-dangling 2>&1 | grep -v '^notice' || true
}

pack_bytes() {
  git -C "$scratch/git" repack -adq
  du -cb "$scratch"/git/objects/pack/*.pack | tail -1 | cut -f1
}

for name in "${names[@]}"; do
  zstd -qdc --long=27 "$histories/$name.fe.zst" >"$scratch/stream"
  git_state <"$scratch/stream" >"$scratch/expected"
  git_bytes=$(pack_bytes)
  "$isodb" init "$scratch/repository" >/dev/null
  "${measure[@]}" "$isodb" -C "$scratch/repository" import git "$scratch/stream" >/dev/null
  "$isodb" -C "$scratch/repository" fsck --quiet
  "$isodb" -C "$scratch/repository" verify --quiet
  "$isodb" -C "$scratch/repository" export git 2>/dev/null | git_state >"$scratch/actual"
  if ! cmp "$scratch/expected" "$scratch/actual"; then
    echo "$name: git sees another history after import and export"
    diff "$scratch/expected" "$scratch/actual" | head -20
    exit 1
  fi
  own_bytes=$(du -cb "$scratch"/repository/{packs/*.pack,repo.db} | tail -1 | cut -f1)
  lines=$(wc -l <"$scratch/expected")
  echo "$name: $lines refs and commits, $own_bytes bytes, git $git_bytes"
  if ((own_bytes > 2 * git_bytes)); then
    echo "$name: the repository is larger than twice git's pack"
    exit 1
  fi
  rm -rf "$scratch/repository"
done
