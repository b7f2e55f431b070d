#include "tests/cli/sync_shell.h"

namespace isodb::testing {
namespace {

TEST_CASE("a bundle takes the place of no file") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
echo precious >notes
isodb -q -C office bundle create notes 2>err; echo "code $?"; cat notes
isodb -q -C office bundle create parts --split 1M; echo "code $?"
isodb -q -C office bundle create parts --split 1M 2>>err; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 2\nprecious\ncode 0\ncode 2\n");
}

TEST_CASE("a bundle carries commits in a file, and what is cut off or missing is named") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet; isodb -q -C tablet sync
echo 1 | isodb -q -C tablet put b
isodb -q -C tablet bundle create new.bundle --since origin; echo "code $?"
isodb bundle verify new.bundle --json | grep -c '"commits":1'
head -c 150 new.bundle >cut.bundle
isodb -q -C office bundle apply cut.bundle; echo "code $?"
isodb -q -C office bundle apply new.bundle; echo "code $?"
same office tablet
echo 2 | isodb -q -C tablet put b
isodb -q -C tablet bundle create later.bundle --since @
echo 3 | isodb -q -C tablet put b
isodb -q -C tablet bundle create last.bundle --since @~1
isodb -q -C office bundle apply last.bundle; echo "code $?"
isodb -q bundle verify office/repo.db; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 0\n1\ncode 5\ncode 0\nsame: office tablet\ncode 1\ncode 5\n");
  CHECK(contains(ran.err, "cut off after"));
  CHECK(contains(ran.err, "which is not here"));
  CHECK(contains(ran.err, "is no bundle"));
}

TEST_CASE("a bundle whose branches are set aside is exit code 7, and the error says so") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office bob; member bob; isodb -q -C bob sync
isodb -q clone office stranger
echo 1 | isodb -q -C bob put b
isodb -q -C stranger pull bob
isodb -q -C stranger bundle create new.bundle
isodb -C office bundle apply new.bundle --json >said 2>told; echo "code $?"
grep -c '"set_aside":true.*"error":"denied"' said
grep -c '"error":"denied".*"hint":"--any-signer.*"exit":7' told
isodb -q -C office bundle apply new.bundle 2>told; echo "code $?"
cat told
isodb -C office bundle apply new.bundle --any-signer --json 2>&1 | grep -c '"error"'
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "code 7\n1\n1\ncode 7\n"
        "isodb: new.bundle: whoever signed it may not write here: its branches are below "
        "remotes/bundle/, its tags left out\nhint: --any-signer brings them in\n0\n");
}

TEST_CASE("parts of a bundle are applied by their numbers, in whatever order they are named") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet; isodb -q -C tablet sync
for n in $(seq 11); do
  head -c 1000000 /dev/urandom | isodb -q -C tablet put photo$n --type image/jpeg
done
isodb -q -C tablet bundle create week --since origin --split 1M
ls week.* | grep -c 'week.1[01]'
ls week.* | sed -n 2p
isodb -q bundle verify week.*; echo "code $?"
isodb -q -C office bundle apply week.*; echo "code $?"
same office tablet
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "2\nweek.10\ncode 0\ncode 0\nsame: office tablet\n");
}

TEST_CASE("apply says of a damaged bundle what verify says") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet; isodb -q -C tablet sync
for n in 1 2 3; do
  seq $n 3 400 | isodb -q -C tablet put b$n --type text/plain
done
isodb -q -C tablet bundle create good.bundle --since origin
size=$(stat -c %s good.bundle)
for at in 0 3 50 90 120 200 300 $((size - 120)) $((size - 10)); do
  cp good.bundle bad.bundle
  byte=$(od -An -tu1 -j$at -N1 good.bundle)
  printf "\\x$(printf %x $((byte ^ 16)))" | dd of=bad.bundle bs=1 seek=$at conv=notrunc status=none
  isodb -q bundle verify bad.bundle 2>by-verify && echo "verified: $at"
  isodb -q -C office bundle apply bad.bundle 2>by-apply && echo "applied: $at"
  cmp by-verify by-apply && grep -c 'fsck\|as it was signed' by-apply
done | sort | uniq -c | tr -s ' '
(cat good.bundle; echo junk) >long.bundle
isodb -q bundle verify long.bundle; echo "code $?"
isodb -q -C office bundle apply office/repo.db; echo "code $?"
isodb -q -C office bundle apply good.bundle; echo "code $?"
same office tablet
isodb -q init other; isodb -q -C other bundle apply good.bundle; echo "code $?"
isodb -q clone good.bundle new; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == " 9 0\ncode 5\ncode 5\ncode 0\nsame: office tablet\ncode 2\ncode 2\n");
  CHECK(contains(ran.err, "apply it in a clone of that repository"));
  CHECK(contains(ran.err, "clone onto the stick"));
  CHECK(contains(ran.err, "something stands behind its signature"));
  CHECK(contains(ran.err, "is no bundle"));
  CHECK_FALSE(contains(ran.err, "fsck"));
}

}  // namespace
}  // namespace isodb::testing
