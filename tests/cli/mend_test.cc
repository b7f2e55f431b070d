#include "tests/cli/sync_shell.h"

namespace isodb::testing {
namespace {

/// `damage FOLDER TEXT` writes over a byte of the document that begins with this text, which lies
/// in its pack as it is, for it does not pack any smaller.
constexpr const char* kDamage = R"sh(
damage() {
  for pack in "$1"/packs/*.pack; do
    at=$(grep -abo "$2" "$pack" | head -1 | cut -d: -f1)
    [ -n "$at" ] && printf X | dd of="$pack" bs=1 seek="$at" conv=notrunc status=none
  done
}
(echo MARKED; head -c 3000 /dev/urandom) | isodb -q -C office put barn/cow.bin
(echo OTHER; head -c 3000 /dev/urandom) | isodb -q -C office put barn/calf.bin
isodb -q -C office gc
cp -r office intact
)sh";

TEST_CASE("fsck names the path, and mends from a folder, a server and a bundle") {
  const Shell shell;
  const Ran ran = shell.sh(std::string(kDamage) + R"sh(
isodb -q -C intact bundle create all.bundle
for from in intact served all.bundle; do
  rm -rf office; cp -r intact office
  damage office MARKED
  isodb -q -C office fsck | grep -c 'path barn/cow.bin'
  isodb -q -C office get barn/cow.bin >/dev/null 2>&1; echo "get $?"
  where=$from options=
  if [ $from = served ]; then
    serve intact; where=$url options="--fingerprint $fp"
  fi
  isodb -C office fsck --repair-from $where $options |
    grep -c '^mended: commit .* path barn/cow.bin: blob'
  echo "mended ${PIPESTATUS[0]}"
  isodb -q -C office fsck; echo "fsck $?"
  isodb -C office get barn/cow.bin | cmp - <(isodb -C intact get barn/cow.bin) && echo same
done
stop
)sh");
  INFO(ran.out << ran.err);
  const std::string each = "1\nget 5\n1\nmended 0\nfsck 0\nsame\n";
  CHECK(ran.out == each + each + each + "server ended with 0\n");
}

TEST_CASE("who may not read is given nothing, and what is still broken is named") {
  const Shell shell;
  const Ran ran = shell.sh(std::string(kDamage) + R"sh(
damage office MARKED
rm -f office/keys/device.key
isodb -q init other >/dev/null; cp other/keys/device.key office/keys/
serve intact
isodb -q -C office fsck --repair-from $url --fingerprint $fp >found 2>err; echo "stranger $?"
grep -c 'path barn/cow.bin' found
grep -c '^hint: .*lets a new device in' err
stop
isodb -q -C office fsck --repair-from isodb://127.0.0.1:1 --fingerprint $fp >/dev/null 2>&1
echo "nobody $?"
isodb -q -C office fsck --repair-from nowhere >/dev/null 2>&1; echo "no name $?"
isodb -q -C office fsck --repair-from other >/dev/null 2>&1; echo "another repository $?"
isodb -C office fsck --repair-from intact --json | tail -1
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "stranger 5\n1\n1\nserver ended with 0\nnobody 6\nno name 1\nanother repository 2\n"
        "{\"ok\":true,\"findings\":0,\"contents_not_held\":0,\"merges_not_computed\":0,"
        "\"contents_erased\":0,\"merges_of_erased\":0}\n");
}

TEST_CASE("recover makes a lost repo.db anew, keeps a readable one, and says what is lost") {
  const Shell shell;
  const Ran ran = shell.sh(std::string(kDamage) + R"sh(
isodb -q recover office 2>err; echo "readable $?"; grep -c 'can be read' err
head=$(main_of office)
rm office/repo.db*
isodb -q -C office log >/dev/null 2>err; echo "gone $?"
grep -c '^hint: isodb recover office makes it anew' err
isodb -q init office 2>err; echo "init $?"; grep -c '^hint: isodb recover office' err
isodb recover office >said; echo "recovered $?"
grep -c '^lost: reflog' said; grep -c '^  heads/main' said
[ "$(main_of office)" = "$head" ] && echo "same head"
echo 1 | isodb -q -C office put new
isodb -q -C office verify && isodb -q -C office fsck && echo sound
printf 'no database at all' >office/repo.db; rm -f office/repo.db-*
isodb -C office recover --json | head -1 | grep -o '"refs_known":[a-z]*'
ls office | grep old
mkdir empty; isodb recover empty 2>/dev/null; echo "empty $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "readable 2\n1\ngone 1\n1\ninit 2\n1\nrecovered 0\n1\n1\nsame head\nsound\n"
        "\"refs_known\":false\nrepo.db.old-1\nempty 1\n");
}

}  // namespace
}  // namespace isodb::testing
