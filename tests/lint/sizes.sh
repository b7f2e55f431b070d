#!/bin/bash
# Functions have at most 70 lines, files 600, lines 100 columns. Prints what is larger; fails when
# anything is. The sources are laid out by clang-format: a function starts and ends unindented.
set -euo pipefail
cd "$(dirname "$0")/../.."

# shellcheck disable=SC2016  # the program's dollars are awk's
readonly program='
  function fault(line, text) { print FILENAME ":" line ": " text; bad = 1 }
  FNR == 1 { start = 0 }
  FNR == 601 { fault(FNR, "a file of more than 600 lines") }
  {
    text = $0
    gsub(/[\200-\277]/, "", text)  # a character of several bytes is one column
    if (length(text) > 100) fault(FNR, length(text) " columns, at most 100")
  }
  FILENAME !~ /\.(cc|h)$/ { next }
  /^[^ #\/}]/ {
    start = FNR
    is_function = !/^(namespace|class|struct|enum|union)/ && !/= *\{+$/  # nor a table
  }
  /^}/ {
    if (start && is_function && FNR - start + 1 > 70)
      fault(start, "a function of " FNR - start + 1 " lines, at most 70")
    start = 0
  }
  END { exit bad }
'
find . \( -path ./build -o -path ./.git \) -prune -o -type f \
  \( -name '*.cc' -o -name '*.h' -o -name '*.sh' -o -name '*.cmake' -o -name CMakeLists.txt \
  -o -name dev -o -path ./.ci/run \) -print0 | sort -z | LC_ALL=C xargs -0 awk "$program"
