#include "refs/database.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "refs/schema.h"
#include "tests/unit/refs/support.h"

namespace isodb::refs {
namespace {

using namespace test;

struct Fixture {
  TemporaryFolder folder;
  std::unique_ptr<Database> database = Database::create(folder / "repo.db", {});
};

TEST_CASE_METHOD(Fixture, "a ref is created, moved and deleted by compare-and-swap") {
  CHECK(database->ref("heads/main") == std::nullopt);
  CHECK_FALSE(database->write(move_batch("heads/main", std::nullopt, id_of(1))).lost);
  CHECK(database->ref("heads/main") == id_of(1));
  CHECK_FALSE(database->write(move_batch("heads/main", id_of(1), id_of(2))).lost);
  CHECK(database->ref("heads/main") == id_of(2));
  CHECK_FALSE(database->write(move_batch("heads/main", id_of(2), std::nullopt)).lost);
  CHECK(database->ref("heads/main") == std::nullopt);
  CHECK(database->refs().empty());
}

TEST_CASE_METHOD(Fixture, "who loses a swap is told the actual value and changes nothing") {
  database->write(move_batch("heads/main", std::nullopt, id_of(1)));
  const std::uint64_t transactions = database->transactions();
  auto lost_to = [&](std::optional<Id> expected, std::optional<Id> next) {
    WriteBatch batch = move_batch("heads/main", expected, next);
    batch.loose.push_back(row_of({{id_of(9), "record"}}));
    batch.settings.push_back({"key", "value"});
    return database->write(batch).lost;
  };
  for (const auto& lost : {lost_to(std::nullopt, id_of(2)), lost_to(id_of(2), id_of(3)),
                           lost_to(id_of(2), std::nullopt)}) {
    REQUIRE(lost);
    CHECK(lost->name == "heads/main");
    CHECK(lost->actual == id_of(1));
  }
  const auto absent = database->write(move_batch("heads/gone", id_of(1), id_of(2))).lost;
  REQUIRE(absent);
  CHECK(absent->actual == std::nullopt);
  CHECK(database->ref("heads/main") == id_of(1));
  CHECK(database->inventory(0).loose_all->empty());
  CHECK(database->setting("key") == std::nullopt);
  CHECK(database->transactions() == transactions);
  CHECK(database->reflog("").size() == 1);
}

TEST_CASE_METHOD(Fixture, "several moves are made together or not at all, in their order") {
  WriteBatch batch = move_batch("heads/a", std::nullopt, id_of(1));
  batch.moves.push_back({"heads/b", std::nullopt, id_of(2), "b"});
  batch.moves.push_back({"heads/a", id_of(1), id_of(3), "again"});
  CHECK_FALSE(database->write(batch).lost);
  CHECK(database->ref("heads/a") == id_of(3));
  CHECK(database->reflog("heads/a").size() == 2);

  batch.moves = {{"heads/a", id_of(3), id_of(4), ""}, {"heads/b", id_of(7), id_of(8), ""}};
  const auto result = database->write(batch);
  REQUIRE(result.lost);
  CHECK(result.lost->name == "heads/b");
  CHECK(database->ref("heads/a") == id_of(3));
  CHECK(database->ref("heads/b") == id_of(2));
}

TEST_CASE_METHOD(Fixture, "in a group the loser of a swap leaves the others alone") {
  const WriteBatch first = move_batch("heads/a", std::nullopt, id_of(1));
  WriteBatch loser = move_batch("heads/b", std::nullopt, id_of(2));
  loser.loose.push_back(row_of({{id_of(20), "lost"}}));
  loser.moves.push_back({"heads/a", std::nullopt, id_of(3), ""});
  WriteBatch third = move_batch("heads/a", id_of(1), id_of(4));
  third.loose.push_back(row_of({{id_of(30), "kept"}}));
  const std::uint64_t transactions = database->transactions();
  const auto results = database->write_group({&first, &loser, &third});
  CHECK_FALSE(results[0].lost);
  REQUIRE(results[1].lost);
  CHECK(results[1].lost->actual == id_of(1));
  CHECK(results[1].loose_numbers.empty());
  CHECK_FALSE(results[2].lost);
  CHECK(database->ref("heads/a") == id_of(4));
  CHECK(database->ref("heads/b") == std::nullopt);
  CHECK(database->inventory(0).loose_all == results[2].loose_numbers);
  CHECK(database->transactions() == transactions + 1);
  const auto log = database->reflog("");
  REQUIRE(log.size() == 2);
  CHECK(log[0].number == log[1].number + 1);
}

TEST_CASE_METHOD(Fixture, "refs are listed by prefix in the order of their bytes") {
  for (const char* name : {"tags/a", "heads/b", "heads/a", "headsx", "heads/\xc3\xa4", "heads/B"}) {
    database->write(move_batch(name, std::nullopt, id_of(1)));
  }
  std::vector<std::string> names;
  for (const Ref& ref : database->refs("heads/")) names.push_back(ref.name);
  CHECK(names == std::vector<std::string>{"heads/B", "heads/a", "heads/b", "heads/\xc3\xa4"});
  CHECK(database->refs().size() == 6);
  CHECK(database->refs("zzz").empty());
}

TEST_CASE_METHOD(Fixture, "a name that may not be a ref's is refused before anything is written") {
  CHECK(caught([&] { database->write(move_batch("heads/..", std::nullopt, id_of(1))); }).code ==
        ErrorCode::kInvalid);
  CHECK(database->transactions() == 0);
}

TEST_CASE_METHOD(Fixture, "every move is in the reflog, newest first, past deletion and expiry") {
  std::optional<Id> last;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    WriteBatch batch = move_batch("heads/main", last, id_of(i));
    batch.at_millis = i * 100;
    batch.moves.front().reason = "move " + std::to_string(i);
    batch.moves.push_back({"heads/other", last, id_of(i), ""});
    REQUIRE_FALSE(database->write(batch).lost);
    last = id_of(i);
  }
  WriteBatch deletion = move_batch("heads/main", last, std::nullopt);
  deletion.at_millis = 2000;
  database->write(deletion);

  auto log = database->reflog("heads/main");
  REQUIRE(log.size() == 11);
  CHECK(log[0].before == id_of(10));
  CHECK(log[0].after == std::nullopt);
  CHECK(log[1].reason == "move 10");
  CHECK(log[1].before == id_of(9));
  CHECK(log[1].at_millis == 1000);
  CHECK(log[1].writer == "writer");
  CHECK(log[10].before == std::nullopt);
  CHECK(database->reflog("").size() == 21);
  CHECK(database->reflog("", 3).size() == 3);
  CHECK(database->reflog("heads/main", 2).size() == 2);
  CHECK(database->reflog("heads/never").empty());

  database->expire_reflog(500);
  log = database->reflog("heads/main");
  REQUIRE(log.size() == 7);
  CHECK(log.back().reason == "move 5");
  CHECK(database->ref("heads/other") == id_of(10));
  CHECK(database->can_expire_reflog(1'000'000));
  database->expire_reflog(1'000'000);
  CHECK_FALSE(database->can_expire_reflog(1'000'000));
  // Of a ref that is there the newest move stays.
  log = database->reflog("");
  REQUIRE(log.size() == 1);
  CHECK(log[0].name == "heads/other");
  CHECK(log[0].after == id_of(10));
  CHECK(database->ref("heads/other") == id_of(10));
  CHECK_FALSE(database->write(move_batch("heads/main", std::nullopt, id_of(1))).lost);
  CHECK(database->reflog("").front().number == 22);
}

TEST_CASE_METHOD(Fixture, "moves are forgotten some at a time, and that can be stopped") {
  std::optional<Id> last;
  for (int i = 1; i <= 1500; ++i) {
    WriteBatch batch = move_batch("heads/main", last, id_of(i));
    batch.at_millis = 7;
    database->write(batch);
    last = id_of(i);
  }
  int asked = 0;
  const std::uint64_t some = database->expire_reflog(8, [&] { return ++asked <= 2; });
  CHECK(some > 0);
  CHECK(some < 1499);
  CHECK(database->expire_reflog(8) == 1499 - some);
  const auto log = database->reflog("heads/main");
  REQUIRE(log.size() == 1);
  CHECK(log[0].after == last);
}

TEST_CASE_METHOD(Fixture, "a reflog is followed across moves that expired out of order") {
  std::optional<Id> last;
  for (const std::uint64_t at : {100u, 900u, 50u, 950u}) {
    WriteBatch batch = move_batch("heads/main", last, id_of(at));
    batch.at_millis = at;
    database->write(batch);
    last = id_of(at);
  }
  database->expire_reflog(500);
  const auto log = database->reflog("heads/main");
  REQUIRE(log.size() == 2);
  CHECK(log[0].at_millis == 950);
  CHECK(log[1].at_millis == 900);
}

TEST_CASE_METHOD(Fixture, "settings hold any bytes and are unset") {
  const std::string odd("a\0b\xff", 4);
  WriteBatch batch;
  batch.settings = {{"b", "2"}, {"a", odd}, {"c", ""}};
  database->write(batch);
  CHECK(database->setting("a") == odd);
  CHECK(database->setting("c") == "");
  batch.settings = {{"b", std::nullopt}, {"a", "1"}};
  database->write(batch);
  CHECK(database->settings() ==
        std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"c", ""}});
}

TEST_CASE_METHOD(Fixture, "the inventory tells rows, packs and the generation, and numbers rise") {
  WriteBatch batch;
  batch.loose = {row_of({{id_of(1), "one"}, {id_of(2), "two"}}), row_of({{id_of(3),
                                                                          ""
                                                                          "x"}})};
  const std::string name = std::string(32, 'a') + ".pack";
  batch.packs_added.push_back({name, 100, 7});
  const auto numbers = database->write(batch).loose_numbers;
  REQUIRE(numbers.size() == 2);
  auto inventory = database->inventory(0);
  CHECK(inventory.loose_all == numbers);
  REQUIRE(inventory.loose_added.size() == 2);
  CHECK(inventory.loose_added[0].items[1].id == id_of(2));
  CHECK(inventory.loose_added[0].items[1].offset == 3);
  CHECK(inventory.loose_added[0].records_bytes == 6);
  REQUIRE(inventory.packs.size() == 1);
  CHECK(inventory.packs[0].objects == 7);
  CHECK(database->loose_records(numbers[0]) == "onetwo");
  CHECK(database->inventory(numbers[0]).loose_added.size() == 1);

  WriteBatch removal;
  removal.loose_removed = numbers;
  removal.packs_removed = {name};
  removal.collection = true;
  database->write(removal);
  inventory = database->inventory(0);
  CHECK(inventory.loose_all->empty());
  CHECK(inventory.packs.empty());
  CHECK(inventory.collection_generation == 1);
  CHECK(database->loose_records(numbers[0]) == std::nullopt);
  batch.packs_added.clear();
  CHECK(database->write(batch).loose_numbers.front() > numbers.back());
}

TEST_CASE_METHOD(Fixture, "rows with offsets that cannot be are refused, written or read") {
  LooseRow row = row_of({{id_of(1), "one"}, {id_of(2), "two"}});
  WriteBatch batch;
  for (const std::uint32_t offset : {0u, 6u, 0xffffffffu}) {
    row.items[1].offset = offset;
    batch.loose = {row};
    CHECK(caught([&] { database->write(batch); }).code == ErrorCode::kInvalid);
  }
  row.items[1].offset = 3;
  batch.loose = {row};
  database->write(batch);
  Connection connection(folder / "repo.db", Connection::Mode::kReadWrite, 1000);
  connection.execute("UPDATE loose SET records=x'00'");
  CHECK(caught([&] { database->inventory(0); }).code == ErrorCode::kCorrupt);
  connection.execute("UPDATE loose SET items=x'00'");
  CHECK(caught([&] { database->inventory(0); }).code == ErrorCode::kCorrupt);
}

TEST_CASE_METHOD(Fixture,
                 "a batch is refused when collection, sequence or anything else moved on") {
  WriteBatch batch = move_batch("heads/a", std::nullopt, id_of(1));
  batch.collection_generation = 0;
  batch.sequence_expected = 0;
  batch.sequence_next = 5;
  CHECK_FALSE(database->write(batch).lost);
  CHECK(database->sequence() == 5);
  batch.moves = {{"heads/a", id_of(1), id_of(2), ""}};
  auto lost = database->write(batch).lost;
  REQUIRE(lost);
  CHECK(lost->name.empty());
  batch.sequence_expected = 5;
  batch.transactions_expected = database->transactions();
  CHECK_FALSE(database->write(batch).lost);
  batch = move_batch("heads/b", std::nullopt, id_of(2));
  batch.transactions_expected = database->transactions() - 1;
  CHECK(database->write(batch).lost);

  WriteBatch collection;
  collection.collection = true;
  database->write(collection);
  batch = move_batch("heads/b", std::nullopt, id_of(2));
  batch.collection_generation = 0;
  lost = database->write(batch).lost;
  REQUIRE(lost);
  CHECK(lost->name.empty());
  CHECK(database->ref("heads/b") == std::nullopt);
}

TEST_CASE_METHOD(Fixture, "a draft keeps its changes sorted until it ends") {
  CHECK_FALSE(database->draft());
  CHECK(caught([&] { database->stage({{"a", "x"}}, {}); }).code == ErrorCode::kNotFound);
  database->begin_draft("heads/main", id_of(1));
  CHECK(caught([&] { database->begin_draft("heads/main", {}); }).code == ErrorCode::kInvalid);
  const auto numbers =
      database->stage({{"b", "entry"}, {"a", std::nullopt}}, {row_of({{id_of(5), "r"}})});
  CHECK(database->inventory(0).loose_all == numbers);
  database->stage({{"c", "old"}, {"d", ""}}, {});
  database->stage({{"c", "new"}}, {});
  database->unstage({"b", "never"});
  auto draft = database->draft();
  REQUIRE(draft);
  CHECK(draft->branch == "heads/main");
  CHECK(draft->base == id_of(1));
  REQUIRE(draft->changes.size() == 3);
  CHECK(draft->changes[0].path == "a");
  CHECK_FALSE(draft->changes[0].entry);
  CHECK(draft->changes[1].entry == "new");
  CHECK(draft->changes[2].entry == "");

  WriteBatch batch = move_batch("heads/main", id_of(9), id_of(2));
  batch.ends_draft = true;
  CHECK(database->write(batch).lost);
  CHECK(database->draft());
  batch.moves.front().expected = std::nullopt;
  batch.draft_expected = draft->changes;
  database->unstage({"a"});
  CHECK(database->write(batch).lost);
  CHECK(database->draft());
  batch.draft_expected->erase(batch.draft_expected->begin());
  CHECK_FALSE(database->write(batch).lost);
  CHECK_FALSE(database->draft());
  database->begin_draft("heads/other", std::nullopt);
  CHECK(database->draft()->changes.empty());
  CHECK_FALSE(database->draft()->base);
  database->end_draft();
  CHECK_FALSE(database->draft());
}

TEST_CASE_METHOD(Fixture, "staging is stale when a collection ran since") {
  database->begin_draft("heads/main", std::nullopt);
  database->stage({{"a", "x"}}, {}, 0);
  WriteBatch collection;
  collection.collection = true;
  database->write(collection);
  CHECK(caught([&] { database->stage({{"b", "x"}}, {}, 0); }).code == ErrorCode::kStale);
  CHECK(database->draft()->changes.size() == 1);
}

TEST_CASE_METHOD(Fixture,
                 "the count of transactions tells of writes by anybody, and only of writes") {
  const auto other = Database::open(folder / "repo.db", {});
  const std::uint64_t before = database->transactions();
  database->ref("heads/main");
  database->inventory(0);
  CHECK(database->transactions() == before);
  CHECK(other->write(move_batch("heads/a", std::nullopt, id_of(1))).transactions == before + 1);
  CHECK(database->transactions() == before + 1);
  CHECK(database->write(move_batch("heads/b", std::nullopt, id_of(1))).transactions == before + 2);
  CHECK(database->write(move_batch("heads/b", std::nullopt, id_of(1))).lost);
  CHECK(database->transactions() == before + 2);
}

TEST_CASE_METHOD(Fixture, "a backup taken while others write holds one consistent state") {
  std::atomic<bool> stop = false;
  std::thread writing([&] {
    const auto other = Database::open(folder / "repo.db", {});
    for (std::uint64_t i = 0; !stop; ++i) {
      WriteBatch batch = move_batch("heads/a", other->ref("heads/a"), id_of(i));
      batch.moves.push_back({"heads/b", other->ref("heads/b"), id_of(i), ""});
      batch.loose.push_back(row_of({{id_of(i), Bytes(3000, 'x')}}));
      other->write(batch);
    }
  });
  while (database->transactions() < 20) std::this_thread::yield();
  database->backup_to(folder / "copy.db");
  stop = true;
  writing.join();
  const auto copy = Database::open(folder / "copy.db", {});
  CHECK(copy->check().empty());
  CHECK(copy->ref("heads/a") == copy->ref("heads/b"));
  CHECK(copy->reflog("").size() == 2 * copy->transactions());
  CHECK(copy->inventory(0).loose_all->size() == copy->transactions());
  CHECK_FALSE(copy->write(move_batch("heads/c", std::nullopt, id_of(1))).lost);
  CHECK(caught([&] { database->backup_to(folder / "copy.db"); }).code == ErrorCode::kInvalid);
  CHECK(Database::open(folder / "copy.db", {})->ref("heads/c"));
}

TEST_CASE("a repository file is not created over another and must exist to be opened") {
  const TemporaryFolder folder;
  CHECK(caught([&] { Database::open(folder / "repo.db", {}); }).code == ErrorCode::kNotFound);
  Database::create(folder / "repo.db", {})->write(move_batch("a", std::nullopt, id_of(1)));
  CHECK(caught([&] { Database::create(folder / "repo.db", {}); }).code == ErrorCode::kInvalid);
  CHECK(Database::open(folder / "repo.db", {})->ref("a") == id_of(1));
  CHECK(caught([&] { Database::create(folder / "none/repo.db", {}); }).code == ErrorCode::kIo);
}

TEST_CASE("a file of a newer schema is refused with both versions named, and left as it was") {
  const TemporaryFolder folder;
  Database::create(folder / "repo.db", {});
  Connection(folder / "repo.db", Connection::Mode::kReadWrite, 0).execute("PRAGMA user_version=7");
  for (const bool read_only : {false, true}) {
    const Caught error = caught(
        [&] { Database::open(folder / "repo.db", {.busy_millis = 100, .read_only = read_only}); });
    CHECK(error.code == ErrorCode::kUnsupported);
    CHECK(error.message.find("version 7") != std::string::npos);
    CHECK(error.message.find("up to 1") != std::string::npos);
    CHECK(error.hint != "");
  }
  Connection connection(folder / "repo.db", Connection::Mode::kRead, 0);
  CHECK(connection.number("PRAGMA user_version") == 7);
}

TEST_CASE("a file that is not a repository's is refused as corrupt") {
  const TemporaryFolder folder;
  std::ofstream(folder / "text.db") << std::string(5000, 'x');
  std::ofstream(folder / "empty.db");
  Connection(folder / "other.db", Connection::Mode::kCreate, 0).execute("CREATE TABLE a (b)");
  for (const char* name : {"text.db", "empty.db", "other.db"}) {
    const Caught error = caught([&] { Database::open(folder / name, {}); });
    INFO(name << ": " << error.message);
    CHECK(error.code == ErrorCode::kCorrupt);
    CHECK(error.hint != "");
  }
}

TEST_CASE("damage anywhere in the file is an error with a code or no difference, never a crash") {
  const TemporaryFolder folder;
  {
    const auto database = Database::create(folder / "repo.db", {});
    for (std::uint64_t i = 0; i < 60; ++i) {
      WriteBatch batch = move_batch("heads/" + std::to_string(i), std::nullopt, id_of(i));
      batch.loose.push_back(row_of({{id_of(i), Bytes(500, 'x')}}));
      database->write(batch);
    }
  }
  std::string original;
  {
    std::ifstream in(folder / "repo.db", std::ios::binary);
    original.assign(std::istreambuf_iterator<char>(in), {});
  }
  REQUIRE(original.size() > 20'000);
  std::mt19937 random(1);
  int noticed = 0;
  for (int round = 0; round < 200; ++round) {
    std::string damaged = original;
    if (round % 4 == 0) damaged.resize(random() % damaged.size());
    for (int i = 0; i < 20 && !damaged.empty(); ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    std::filesystem::remove(folder / "repo.db-wal");
    std::filesystem::remove(folder / "repo.db-shm");
    std::ofstream(folder / "repo.db", std::ios::binary) << damaged;
    const Caught error = caught([&] {
      const auto database = Database::open(folder / "repo.db", {});
      database->refs();
      database->reflog("");
      database->inventory(0);
      if (!database->check().empty()) throw Error(ErrorCode::kCorrupt, "check");
    });
    if (error.code) ++noticed;
    INFO(error.message);
    const bool expected =
        !error.code || error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kUnsupported;
    CHECK(expected);
  }
  CHECK(noticed > 100);
}

}  // namespace
}  // namespace isodb::refs
