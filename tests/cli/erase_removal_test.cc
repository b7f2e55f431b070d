// Erased contents whose bytes cannot be removed yet: what commands do, and what they say.
#include "tests/cli/sync_shell.h"

namespace isodb::testing {
namespace {

TEST_CASE("who cannot remove what is erased is told, and writes all the same") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
head -c 3000000 /dev/urandom | isodb -q -C office put large
(echo MARKED; head -c 3000 /dev/urandom) | isodb -q -C office put secret
isodb -q -C office gc
isodb -q clone office other
here() { grep -rlc MARKED office/packs office/repo.db* | wc -l; }
(
  ulimit -f 1024; trap '' XFSZ  # no room for a second copy
  isodb -q -C office erase secret --reason asked 2>err; echo "erase $?"
  for i in 1 2 3; do
    echo $i | isodb -C office put more 2>err >/dev/null; echo "put $?"
    grep -c '^isodb: erased contents are still in the files here.*too large' err
  done
  echo 4 | isodb -q -C office put more 2>err; echo "quiet $? $(cat err)"
  isodb -q -C office sync $PWD/other; echo "sync $?"
  isodb -q -C office gc 2>err; echo "gc $?"
)
isodb -C office get secret >/dev/null 2>&1; echo "get $?"
here
isodb -C office gc >/dev/null 2>err; echo "gc $? $(cat err)"
here
isodb -C other get more
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "erase 7\nput 0\n1\nput 0\n1\nput 0\n1\nquiet 0 \nsync 0\ngc 7\nget 10\n1\ngc 0 \n0\n4\n");
}

}  // namespace
}  // namespace isodb::testing
