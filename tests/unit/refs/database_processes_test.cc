#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <thread>

#include "refs/sqlite.h"
#include "tests/unit/refs/support.h"

namespace isodb::refs {
namespace {

using namespace test;

/// Adds one to a number that is kept as "count <n>" of a ref: reads, then swaps, until it wins.
void count_up(Database& database, const std::string& writer, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times;) {
    const std::optional<Id> before = database.ref("count");
    const std::uint64_t number = std::stoull(database.setting("number").value_or("0"));
    if (database.ref("count") != before) continue;
    WriteBatch batch = move_batch("count", before, id_of(number + 1));
    batch.settings.push_back({"number", std::to_string(number + 1)});
    batch.writer = writer;
    // Another may have moved it between the two reads: then the swap is lost.
    batch.transactions_expected = std::nullopt;
    if (!database.write(batch).lost) ++i;
  }
}

void check_counted(const std::filesystem::path& path, std::uint64_t expected) {
  const auto database = Database::open(path, {});
  CHECK(database->setting("number") == std::to_string(expected));
  CHECK(database->ref("count") == id_of(expected));
  const auto log = database->reflog("count");
  REQUIRE(log.size() == expected);
  for (std::uint64_t i = 0; i < expected; ++i) {
    CHECK(log[i].after == id_of(expected - i));
    if (i + 1 < expected) CHECK(log[i].before == log[i + 1].after);
  }
  CHECK(database->check().empty());
}

TEST_CASE("of threads with a connection each that swap one ref, one wins and no update is lost") {
  const TemporaryFolder folder;
  Database::create(folder / "repo.db", {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back(
        [&, t] { count_up(*Database::open(folder / "repo.db", {}), std::to_string(t), 100); });
  }
  for (std::thread& thread : threads) thread.join();
  check_counted(folder / "repo.db", 300);
}

TEST_CASE("of threads that share one database and swap one ref, no update is lost") {
  const TemporaryFolder folder;
  const auto database = Database::create(folder / "repo.db", {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] { count_up(*database, std::to_string(t), 100); });
  }
  for (std::thread& thread : threads) thread.join();
  check_counted(folder / "repo.db", 300);
}

TEST_CASE("of processes that swap one ref, one wins, no update is lost and none starves") {
  const TemporaryFolder folder;
  Database::create(folder / "repo.db", {});
  std::vector<pid_t> children;
  for (int t = 0; t < 3; ++t) {
    children.push_back(in_child([&, t] {
      count_up(*Database::open(folder / "repo.db", {}), std::to_string(t), 200);
      return 0;
    }));
  }
  for (const pid_t child : children) CHECK(wait_for(child) == 0);
  check_counted(folder / "repo.db", 600);
}

TEST_CASE("a writer that cannot have its turn in time says busy and names the file") {
  const TemporaryFolder folder;
  Database::create(folder / "repo.db", {});
  int ready[2], release[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(release) == 0);
  const pid_t child = in_child([&] {
    Connection connection(folder / "repo.db", Connection::Mode::kReadWrite, 0);
    SqliteTransaction transaction(connection, SqliteTransaction::Kind::kWrite);
    char byte = 'x';
    if (::write(ready[1], &byte, 1) != 1) return 1;
    return ::read(release[0], &byte, 1) == 1 ? 0 : 1;
  });
  char byte = 'x';
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  const auto database = Database::open(folder / "repo.db", {.busy_millis = 50});
  const Caught error = caught([&] { database->write(move_batch("a", std::nullopt, id_of(1))); });
  CHECK(error.code == ErrorCode::kBusy);
  CHECK(error.message.find("repo.db") != std::string::npos);
  CHECK(error.hint != "");
  CHECK(database->ref("a") == std::nullopt);
  REQUIRE(::write(release[1], &byte, 1) == 1);
  CHECK(wait_for(child) == 0);
  CHECK_FALSE(database->write(move_batch("a", std::nullopt, id_of(1))).lost);
  for (const int end : {ready[0], ready[1], release[0], release[1]}) ::close(end);
}

/// Writes rows of 1 to 20 KB, each with a move, and tells of each that was acknowledged.
int write_until_killed(const std::filesystem::path& path, int out) {
  const auto database = Database::open(path, {});
  for (std::uint64_t i = std::stoull(database->setting("number").value_or("0")) + 1;; ++i) {
    WriteBatch batch = move_batch("heads/main", database->ref("heads/main"), id_of(i));
    batch.settings.push_back({"number", std::to_string(i)});
    batch.loose.push_back(row_of({{id_of(i), Bytes(1000 + i * 997 % 19000, 'x')}}));
    if (database->write(batch).lost) return 1;
    if (::write(out, &i, sizeof i) != sizeof i) return 2;
  }
}

TEST_CASE("killed at any moment, a repository file opens at once with every acknowledged move") {
  const TemporaryFolder folder;
  Database::create(folder / "repo.db", {});
  std::uint64_t acknowledged = 0;
  for (unsigned round = 0; round < 40; ++round) {
    int channel[2];
    REQUIRE(::pipe(channel) == 0);
    const pid_t child =
        in_child([&] { return write_until_killed(folder / "repo.db", channel[1]); });
    ::close(channel[1]);
    ::usleep(2000 + round * 7919 % 60'000);
    ::kill(child, SIGKILL);
    CHECK(wait_for(child) == 1000 + SIGKILL);
    std::uint64_t number = 0;
    while (::read(channel[0], &number, sizeof number) == sizeof number) acknowledged = number;
    ::close(channel[0]);

    const auto database = Database::open(folder / "repo.db", {});
    const std::uint64_t found = std::stoull(database->setting("number").value_or("0"));
    CHECK(found >= acknowledged);
    CHECK(found <= acknowledged + 1);
    acknowledged = found;
    if (found > 0) CHECK(database->ref("heads/main") == id_of(found));
    CHECK(database->reflog("heads/main").size() == found);
    CHECK(database->inventory(0).loose_all->size() == found);
    if (round % 8 == 7) CHECK(database->check().empty());
  }
  CHECK(acknowledged > 40);
}

}  // namespace
}  // namespace isodb::refs
