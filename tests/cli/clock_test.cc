// Commits that were made under a clock that is far ahead: who says so, and the way back.
#include <memory>

#include "core/clock.h"
#include "isodb/repository.h"
#include "refs/database.h"
#include "repo/access.h"
#include "tests/cli/sync_shell.h"
#include "tests/support/places.h"

namespace isodb::testing {
namespace {

constexpr std::uint64_t kHoursOfAYear = 365 * 24;

class LaterClock final : public core::Environment {
 public:
  explicit LaterClock(std::uint64_t hours) : millis_later_(hours * 60 * 60 * 1000) {}
  std::uint64_t now_millis() override {
    return core::system_environment().now_millis() + millis_later_;
  }
  void random_bytes(std::uint8_t* out, std::size_t count) override {
    core::system_environment().random_bytes(out, count);
  }

 private:
  const std::uint64_t millis_later_;
};

/// As a device does whose clock is so much ahead.
void put_ahead(const std::filesystem::path& folder, const std::string& path, std::uint64_t hours) {
  LaterClock clock(hours);
  auto state = std::make_shared<RepositoryState>(
      folder, OpenOptions{}, refs::Database::open(folder / RepositoryState::kDatabaseName, {}),
      clock);
  Repository repository = repo::Access::repository(std::move(state));
  Transaction transaction = repository.begin();
  transaction.put(path, "ahead");
  REQUIRE(std::holds_alternative<CommitId>(transaction.commit({.message = "ahead"})));
}

/// The lines of the section of docs/cli.md that are commands.
std::string remedy() {
  const std::string text = slurp(std::string(kDocs) + "/cli.md");
  const std::size_t begin = text.find("### A clock that was ahead\n");
  REQUIRE(begin != std::string::npos);
  std::string commands;
  for (const std::string& line : lines_of(text.substr(begin, text.find("\n### ", begin) - begin))) {
    if (line.starts_with("    ")) commands += line.substr(4) + "\n";
  }
  return commands;
}

/// A tablet whose clock was a year ahead when it wrote ahead.txt, and which wrote and removed more
/// since.
struct Devices : Shell {
  Devices() {
    const Ran ran = sh(R"sh(
echo old | isodb -q -C office put gone.txt
isodb -q clone office tablet; member tablet; isodb -q -C tablet sync
)sh");
    REQUIRE(ran.exit_code == 0);
    put_ahead(folder() / "tablet", "ahead.txt", kHoursOfAYear);
    must({"-C", "tablet", "put", "since.txt"}, {.input = "since"});
    must({"-C", "tablet", "rm", "gone.txt"});
  }
};

TEST_CASE("a commit whose time is far ahead of the clock is told when it is made, and by status") {
  const RepositoryRunner runner;
  runner.put("a.txt", "1");
  const Ran before = runner.run({"put", "a.txt"}, {.input = "2"});
  CHECK(before.err.empty());
  put_ahead(runner.folder() / ".isodb", "b.txt", 23);  // as far as others let pass
  CHECK(runner.run({"put", "a.txt"}, {.input = "3"}).err.empty());
  CHECK(member(json_line(runner.must({"status", "--json"})), "parked") == "0");
  CHECK_FALSE(contains(runner.must({"status"}), "ahead"));

  put_ahead(runner.folder() / ".isodb", "b.json", kHoursOfAYear);
  const Ran put = runner.run({"put", "a.txt"}, {.input = "4"});
  CHECK(put.exit_code == 0);
  CHECK(contains(put.err, " is 364 days ahead of this device's clock"));
  CHECK(contains(put.err, "'isodb sync --help' says what to do"));
  CHECK(json_line(runner.must({"put", "a.txt", "--json"}, {.input = "5"})).find("waits_until"));
  CHECK(runner.run({"put", "a.txt", "-q"}, {.input = "6"}).err.empty());
  runner.must({"begin"});
  runner.must({"rm", "b.json"});
  CHECK(contains(runner.run({"commit"}).err, "364 days ahead"));
  CHECK(contains(runner.run({"import", "jsonl"}, {.input = "{}\n"}).err, "364 days ahead"));
  CHECK(contains(runner.must({"status"}), "the time of the newest commit, "));
  CHECK(json_line(runner.must({"status", "--json"})).find("waits_until"));
}

TEST_CASE("commits that wait for their time are named where they come, and so is until when") {
  const Devices devices;
  const Ran ran = devices.sh(R"sh(
isodb -C tablet sync; echo "code $?"
isodb -C office pull tablet | grep -c '  parked [0-9a-f]*: .*; it is taken from 20.*Z$'
isodb -C office fetch tablet --as t --json | head -1 | grep -c '"refused":\[{.*"until":"20'
isodb -C office sync --show-refused | grep -c 'parked until 20'
isodb -C office sync --show-refused --json | grep -c '"parked":true,"until":"20'
isodb -C office status | grep -o '^1 commit of other devices parked'
isodb -C office status --json | grep -o '"parked":1'
isodb -C tablet put more.txt <<<x 2>told; cat told
isodb -C tablet status | grep -c 'origin refused .*, and with it what is made after it'
isodb -C tablet status --json | grep -c '"builds_on_refused":"'
)sh");
  INFO(ran.out << ran.err);
  CHECK(contains(ran.out, "  refused there "));
  CHECK(contains(ran.out, "code 5\n1\n1\n1\n1\n1 commit of other devices parked\n\"parked\":1\n"));
  CHECK(contains(ran.out, "isodb: origin refused "));
  CHECK(contains(ran.out, ", and with it what is made after it, this commit too: its clock"));
  CHECK(ran.out.ends_with("\n1\n1\n"));
}

TEST_CASE("the way back from a clock that was ahead works as docs/cli.md says") {
  const Devices devices;
  const std::string commands = remedy();
  REQUIRE(lines_of(commands).size() > 6);
  const Ran ran = devices.sh(R"sh(
isodb -q -C tablet sync 2>/dev/null
echo new | isodb -q -C office put of-office.txt
cd tablet
)sh" + commands + R"sh(echo "code $?"
cd ..
same office tablet
for path in ahead.txt since.txt of-office.txt; do isodb -C office get $path; echo; done
isodb -C office get gone.txt 2>/dev/null; echo "code $?"
isodb -C tablet put after.txt <<<x 2>&1 | grep -c 'ahead\|refused'
isodb -q -C tablet sync; echo "code $?"
isodb -q -C tablet verify; isodb -q -C office verify; echo "code $?"
)sh");
  INFO(commands << ran.out << ran.err);
  CHECK(contains(ran.out, "code 0\nsame: office tablet\nahead\nsince\nnew\n\ncode 1\n0\ncode 0\n"));
  CHECK(ran.out.ends_with("code 0\n"));
}

}  // namespace
}  // namespace isodb::testing
