// Partial copies that meet others: over ssh, and as servers.
#include "tests/cli/sync_shell.h"

namespace isodb::testing {
namespace {

constexpr const char* kFarm = R"sh(
echo '{"s":1}' | isodb -q -C office put sheep/1.json
echo '{"c":1}' | isodb -q -C office put cows/1.json
echo '{"c":2}' | isodb -q -C office put cows/1.json
cows=$(main_of office)
)sh";

TEST_CASE("over ssh a partial clone is made, works and is given more") {
  const Shell shell;
  const Ran ran = shell.sh(std::string(kFarm) + R"sh(
fake_ssh
far=ssh://me@far$PWD/office
fp=$(isodb -C office key fingerprint)
isodb -q clone $far tablet --path cows --depth 1 --fingerprint $fp 2>err; echo "code $?"
isodb -q -C office member add $(grep -o 'ed25519:[0-9a-f]*' err | head -1) tablet
isodb -q clone $far tablet --path cows --depth 1 --fingerprint $fp; echo "code $?"
isodb -C tablet get cows/1.json
isodb -C tablet show $cows~1:cows/1.json >/dev/null 2>&1; echo "older: code $?"
isodb -C tablet get sheep/1.json 2>&1 >/dev/null | grep -c 'fetch --add-path sheep/1.json'
echo '{"c":3}' | isodb -q -C tablet put cows/1.json
isodb -q -C tablet sync; echo "code $?"
isodb -C office get cows/1.json
isodb -q -C tablet fetch --deepen 9 --add-path sheep; echo "code $?"
isodb -C tablet get sheep/1.json
isodb -C tablet fsck | tail -1
same office tablet
)sh");
  INFO(ran.out << ran.err);
  CHECK(contains(ran.out, "code 7\ncode 0\n{\"c\":2}\nolder: code 9\n"));
  CHECK(contains(ran.out, "\n1\ncode 0\n{\"c\":3}\ncode 0\n{\"s\":1}\n"));
  CHECK(contains(ran.out, "same: office tablet\n"));
}

TEST_CASE("a clone since a time has what was live then and what came after") {
  const Shell shell;
  const Ran ran = shell.sh(std::string(kFarm) + R"sh(
echo '{"c":3}' | isodb -q -C office put cows/1.json
isodb -q clone office new --since 1d; echo "code $?"
isodb -C new get cows/1.json
isodb -C new show $cows:cows/1.json
isodb -q clone office none --since 2999-01-01; echo "code $?"
isodb -C none get cows/1.json
isodb -C none show $cows:cows/1.json 2>/dev/null; echo "code $?"
isodb -q clone office wrong --since yesterday 2>/dev/null; echo "code $?"
isodb -q clone office wrong --since 1d --depth 2 2>/dev/null; echo "code $?"
echo '{"c":4}' | isodb -q -C office put cows/1.json
isodb -q -C none pull; echo "code $?"
isodb -C none get cows/1.json
isodb -C none fsck >/dev/null; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "code 0\n{\"c\":3}\n{\"c\":2}\n"
        "code 0\n{\"c\":3}\ncode 9\ncode 2\ncode 2\n"
        "code 0\n{\"c\":4}\ncode 0\n");
}

TEST_CASE("a partial server gives what it holds, and says what it does not, with exit code 9") {
  const Shell shell;
  const Ran ran = shell.sh(std::string(kFarm) + R"sh(
isodb -q clone office tablet --path cows
member tablet
isodb -q -C tablet pull
# COPY [options]: clones from the tablet, once it has been let in.
take() {
  serve tablet; isodb -q clone $url "$@" --fingerprint $fp 2>err; stop >/dev/null
  serve tablet --allow $(grep -o 'ed25519:[0-9a-f]*' err | head -1)
  isodb -q clone $url "$@" --fingerprint $fp 2>err; echo "$1: code $?"
  stop >/dev/null
}
take narrow --path cows/1.json
isodb -C narrow get cows/1.json
take wide --path sheep; cat err
take whole; cat err
# What an old acquaintance lacks of the tablet's commits is the same.
isodb -q clone office other; member other
echo '{"s":2}' | isodb -q -C office put sheep/1.json
isodb -q -C tablet pull
isodb -q -C other sync $PWD/tablet; echo "other: code $?"
isodb -q -C narrow sync $PWD/tablet; echo "narrow: code $?"
same narrow tablet
)sh");
  INFO(ran.out << ran.err);
  CHECK(contains(ran.out, "narrow: code 0\n{\"c\":2}\nwide: code 9\n"));
  CHECK(contains(ran.out, "whole: code 9\n"));
  CHECK(contains(ran.out, "other: code 9\nnarrow: code 0\nsame: narrow tablet\n"));
  std::size_t named = 0;
  for (const std::string& line : lines_of(ran.out + ran.err)) {
    const bool is_clear =
        contains(line, "does not hold what commit ") && contains(line, " wrote in '");
    named += is_clear ? 1 : 0;
  }
  CHECK(named == 3);
}

TEST_CASE("more to hold that is nothing more is said, and an option that means nothing refused") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
echo '{"c":1}' | isodb -q -C office put cows/1.json
isodb clone office cows --path cows --path caws >/dev/null
isodb -q clone office new --depth 1
isodb -C cows fetch --add-path nosuch >/dev/null; echo "code $?"
isodb -C cows fetch --add-path a.json/ >/dev/null; echo "code $?"
isodb -C cows fetch --deepen 3; echo "code $?"
isodb -C new fetch --add-path cows; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 0\ncode 0\ncode 2\ncode 2\n");
  CHECK(contains(ran.err, "nothing at or below 'caws' on any branch"));
  CHECK(contains(ran.err, "nothing at or below 'nosuch' on any branch"));
  CHECK_FALSE(contains(ran.err, "below 'a.json'"));
  CHECK_FALSE(contains(ran.err, "below 'cows'"));
  CHECK(contains(ran.err, "was not cut"));
  CHECK(contains(ran.err, "holds every path"));
}

TEST_CASE("a partial copy that cannot merge for want of contents ends with exit code 9") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q -C office put sheep/1.json <<<'{"n":1,"place":"loft"}'
isodb -q clone office barn; member barn; isodb -q -C barn sync
isodb -q clone office cows --path cows
isodb -q -C office put sheep/1.json <<<'{"n":2,"place":"loft"}'
isodb -q -C barn put sheep/1.json <<<'{"n":1,"place":"shed"}'
isodb -q -C cows pull; echo "code $?"
isodb -q -C cows pull barn; echo "code $?"
isodb -q -C cows sync barn; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 0\ncode 9\ncode 9\n");
}

TEST_CASE("a partial copy says what keeps its work from another device") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office barn; member barn; isodb -q -C barn sync
isodb -q clone office cows --path cows; member cows
isodb -q -C office put sheep/1.json <<<'{"s":1}'
isodb -q -C cows pull
isodb -q -C cows put cows/1.json <<<'{"n":1}'
isodb -q -C cows sync $PWD/barn; echo "code $?"
isodb -q -C barn pull $PWD/cows 2>told; echo "code $?"; grep -c "$PWD/cows: $PWD/cows: " told
isodb -q -C cows bundle create all.bundle; echo "code $?"
isodb -q -C cows bundle create new.bundle --since origin; echo "code $?"
isodb -q -C cows sync; echo "code $?"
isodb -q -C barn sync; isodb -q -C cows sync barn; echo "code $?"
isodb -C barn get cows/1.json
isodb -C cows fetch --deepen 0; echo "code $?"
isodb -C cows fetch --add-path sheep | grep -o '1 content came to be held'
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "code 9\ncode 9\n0\ncode 9\ncode 0\ncode 0\ncode 0\n{\"n\":1}\ncode 2\n1 content came to "
        "be held\n");
  CHECK(contains(ran.err, "what was committed here since waits"));
  CHECK(contains(ran.err, "--since REMOTE"));
}

}  // namespace
}  // namespace isodb::testing
