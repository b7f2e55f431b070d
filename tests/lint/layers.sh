#!/bin/bash
# Layers include downward only, public headers include public headers only, and each third-party
# header belongs to one folder. Prints what breaks a rule; fails when anything does.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly layers=(core merge/script objects wire net refs merge repo sync exchange cli)

# The sources of a layer, without those of a layer inside its folder.
files() {
  local inner prune=()
  for inner in "${layers[@]}"; do
    [[ $inner == "$1"/* ]] && prune+=(-path "$inner" -prune -o)
  done
  find "$1" "${prune[@]}" -type f \( -name '*.cc' -o -name '*.h' \) -print0
}

{
  for ((i = 0; i < ${#layers[@]}; ++i)); do
    printf 'layer %s %d\n' "${layers[i]}" "$i"
    for header in "${layers[i]}"/isodb/*.h; do
      [[ -f $header ]] && printf 'public %s %s\n' "$(basename "$header")" "${layers[i]}"
    done
  done
  for layer in "${layers[@]}"; do
    [[ -d $layer ]] && files "$layer" | xargs -0r grep -HnE '^ *# *include ' | sort
  done
} | awk '
  function fault(text) { print place ": " text; bad = 1 }
  # The layer of a path: its folder, or the folder in that where a layer has one of its own.
  function layer_of(path,    part) {
    split(path, part, "/")
    return (part[1] "/" part[2]) in rank ? part[1] "/" part[2] : part[1]
  }
  BEGIN {
    # The folders that may include a library: one, but for the two libraries of OpenSSL.
    owner["openssl/"] = "core net"
    owner["sodium.h"] = owner["zstd.h"] = owner["zstd_errors.h"] = "core"
    owner["zdict.h"] = owner["xxhash.h"] = owner["simdjson.h"] = owner["nlohmann/"] = "core"
    owner["sqlite3.h"] = "refs"
    owner["CLI/"] = "cli"
    system_headers = "^(sys/.*|netinet/.*|arpa/.*|netdb|fcntl|unistd|signal|spawn|termios|pwd|poll)"
    system_headers = system_headers "\\.?h?$|^(langinfo|wchar)\\.?h?$"
  }
  $1 == "layer" { rank[$2] = $3; next }
  $1 == "public" { home[$2] = $3; next }
  {
    split($0, part, ":")
    place = part[1] ":" part[2]
    path = part[1]
    folder = layer_of(path)
    if (!match($0, /[<"][^>"]*[>"]/)) { fault("not readable as an include"); next }
    header = substr($0, RSTART + 1, RLENGTH - 2)
    ours = substr($0, RSTART, 1) == "\""
    in_public = path ~ /^[a-z]+\/isodb\//
    if (ours) {
      first = header ~ /^isodb\// ? "isodb" : layer_of(header)
      name = header
      sub(/^isodb\//, "", name)
      if (first == "isodb") {
        if (!(name in home)) fault("no layer has the public header " header)
        else if (rank[home[name]] > rank[folder]) fault(folder " must not include upward: " header)
      } else if (in_public) {
        fault("a public header includes public headers only, not " header)
      } else if (!(first in rank)) {
        fault("not the path of a header from the root: " header)
      } else if (rank[first] > rank[folder]) {
        fault(folder " must not include upward: " header)
      }
      next
    }
    if (header !~ /[\/.]/ || header ~ system_headers) {
      if (in_public && header ~ /[\/.]/) fault("a public header includes no system header: " header)
      next
    }
    library = header
    sub(/\/.*/, "/", library)
    if (!(library in owner)) fault("a library new to tests/lint/layers.sh: " header)
    else if (index(" " owner[library] " ", " " folder " ") == 0) {
      fault(header " belongs to " owner[library] " alone")
    } else if (in_public) fault("a public header includes no library: " header)
  }
  END { exit bad }
'
