#!/bin/bash
# registered.sh BUILD_FOLDER: every test file on disk is built or called by a test of that build.
# Prints those that are not; fails when there is one.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly build=$1

bad=0
while IFS= read -r file; do
  case $file in
    *.cc) grep -qF "/$file\"" "$build/compile_commands.json" && continue ;;
    *) grep -rqF "/$file\"" "$build/tests" --include='CTestTestfile.cmake' && continue ;;
  esac
  printf '%s: no test of %s runs it\n' "$file" "$build"
  bad=1
done < <(find tests -type f \( -name '*.cc' -o -name '*.sh' -o -name '*.bats' \) \
  -not -path 'tests/support/*.sh' | sort)
# CTest calls a test by its name, and Catch takes a name that begins with a dash for an option.
if grep -rnE '^TEST_CASE\("-' tests --include='*.cc'; then
  printf 'the name of a test must not begin with a dash\n'
  bad=1
fi
# CMake cuts it at a semicolon, and the test that CTest then asks for is none.
if find tests -name '*.cc' -exec grep -lzE 'TEST_CASE[A-Z_]*\([^"]*"[^"]*;[^"]*"' {} +; then
  printf 'the name of a test in these files has a semicolon\n'
  bad=1
fi
exit "$bad"
