#include "refs/local_store.h"

#include <catch2/catch.hpp>
#include <set>

#include "refs/sqlite.h"
#include "tests/unit/refs/store_support.h"

namespace isodb::refs {
namespace {

using namespace test;

struct Fixture {
  Fixture() { create_repository(folder.path()); }
  TemporaryFolder folder;
};

TEST_CASE_METHOD(Fixture, "what is put into a batch is read from it, and later from the store") {
  Opened opened(folder.path());
  LooseBatch objects(opened.store);
  CHECK(objects.empty());
  const Id id = objects.put(ObjectType::kBlob, "hello");
  CHECK(id == core::object_id(ObjectType::kBlob, "hello"));
  CHECK(objects.put(ObjectType::kBlob, "hello") == id);
  CHECK(objects.row().items.size() == 1);
  CHECK(objects.get(id)->payload == "hello");
  CHECK(objects.contains(id));
  CHECK_FALSE(opened.store.contains(id));
  write(opened, objects);
  CHECK(objects.empty());
  CHECK(objects.bytes() == 0);
  CHECK(opened.store.get(id)->payload == "hello");
  CHECK(objects.get(id)->payload == "hello");
  CHECK(opened.store.header(id) == std::pair(ObjectType::kBlob, std::uint64_t{5}));
  CHECK(opened.store.stored_bytes(id) > 5u);
  CHECK(opened.store.depth(id) == 0);
  const Id absent = id_of(1);
  CHECK_FALSE(opened.store.get(absent));
  CHECK_FALSE(opened.store.header(absent));
  CHECK_FALSE(opened.store.stored_bytes(absent));
}

TEST_CASE_METHOD(Fixture, "objects that the store holds are not added to a batch again") {
  Opened opened(folder.path());
  LooseBatch objects(opened.store);
  const Id id = objects.put(ObjectType::kBlob, "hello");
  write(opened, objects);
  CHECK(objects.put(ObjectType::kBlob, "hello") == id);
  CHECK(objects.empty());
}

TEST_CASE_METHOD(Fixture,
                 "a version is stored as a delta to its base, through chains of any length") {
  Opened opened(folder.path());
  const auto written = write_documents(opened, 1, 60);
  CHECK(readable(opened.store, written) == 60);
  unsigned deepest = 0;
  std::uint64_t bytes = 0, plain_bytes = 0;
  for (const auto& [id, payload] : written) {
    deepest = std::max(deepest, opened.store.depth(id));
    bytes += *opened.store.stored_bytes(id);
    plain_bytes += payload.size();
  }
  CHECK(deepest > 3);
  CHECK(deepest <= 12);
  CHECK(bytes * 4 < plain_bytes);
}

TEST_CASE_METHOD(Fixture, "objects that another process wrote are found at the first look") {
  Opened reader(folder.path());
  Opened writer(folder.path());
  for (int round = 0; round < 5; ++round) {
    const auto written = write_documents(writer, static_cast<unsigned>(round), 5, Adopt::kNo);
    const Id first = written.begin()->first;
    CHECK_FALSE(reader.store.holds(first));
    CHECK_FALSE(reader.store.writer_view()->contains(first));
    CHECK(reader.store.contains(first));
    CHECK(reader.store.holds(first));
    CHECK(readable(reader.store, written) == 5);
  }
}

TEST_CASE_METHOD(Fixture, "rows adopted out of order hide nothing that others wrote between them") {
  Opened one(folder.path());
  Opened two(folder.path());
  const auto first = write_documents(two, 1, 3);
  const auto second = write_documents(one, 2, 3);  // adopts rows 4 to 6, and never saw 1 to 3
  CHECK(readable(one.store, first) == 3);
  CHECK(readable(one.store, second) == 3);
  CHECK(one.store.statistics().loose_rows == 6);
}

TEST_CASE_METHOD(Fixture, "rows that were read before they are adopted hide nothing of others") {
  Opened one(folder.path());
  Opened two(folder.path());
  for (unsigned round = 0; round < 3; ++round) {
    LooseBatch objects(one.store);
    const Id own = objects.put(ObjectType::kBlob, "own " + std::to_string(round));
    WriteBatch batch = batch_of(objects);
    const auto written = one.database->write(batch);
    batch.loose.front().number = written.loose_numbers.front();
    one.store.refresh();  // as another thread does that looks for something
    const auto others = write_documents(two, round, 1);
    one.store.adopt(std::move(batch.loose), written.transactions);
    CHECK(one.store.contains(own));
    CHECK(readable(one.store, others) == 1);
  }
}

TEST_CASE_METHOD(Fixture, "a batch that another absorbs is one row with it, each object once") {
  Opened opened(folder.path());
  LooseBatch first(opened.store), second(opened.store);
  const Bytes base = Bytes(5000, 'x') + "base", version = Bytes(5000, 'x') + "version";
  const Id shared = first.put(ObjectType::kBlob, "shared");
  second.put(ObjectType::kBlob, "shared");
  const Id base_id = second.put(ObjectType::kBlob, base);
  const Id version_id = second.put(ObjectType::kBlob, version, {.base = base_id});
  REQUIRE(first.absorb(second));
  CHECK(first.get(version_id)->payload == version);
  write(opened, first);
  CHECK(opened.store.statistics().loose_rows == 1);
  CHECK(opened.store.statistics().loose_objects == 3);
  CHECK(readable(opened.store, {{shared, "shared"}, {base_id, base}, {version_id, version}}) == 3);
  Opened again(folder.path());
  CHECK(readable(again.store, {{shared, "shared"}, {base_id, base}, {version_id, version}}) == 3);
}

TEST_CASE_METHOD(Fixture, "a batch does not absorb the base of what it holds") {
  Opened opened(folder.path());
  const Bytes base = Bytes(5000, 'x') + "base";
  LooseBatch early(opened.store);  // sees no base yet
  const Id base_id = early.put(ObjectType::kBlob, base);
  LooseBatch other(opened.store);
  other.put(ObjectType::kBlob, base);
  write(opened, other);
  for (const Bytes& version : {Bytes(5000, 'x') + "version", Bytes("short")}) {
    LooseBatch late(opened.store);
    late.put(ObjectType::kBlob, version, {.base = base_id});
    CHECK_FALSE(late.absorb(early));
    CHECK(late.row().items.size() == 1);
    LooseBatch fresh(opened.store);
    REQUIRE(fresh.absorb(early));
    CHECK(fresh.absorb(late));
    CHECK_FALSE(late.absorb(early));
  }
}

TEST_CASE_METHOD(Fixture, "more rows than the cache keeps are read all the same") {
  Opened opened(folder.path());
  std::mt19937 random(1);
  std::map<Id, Bytes> written;
  for (int i = 0; i < 12; ++i) {
    LooseBatch objects(opened.store);
    Bytes payload(2 << 20, '\0');
    for (char& byte : payload) byte = static_cast<char>(random());
    const Id id = objects.put(ObjectType::kBlob, payload, {.base = {}, .compressed = true});
    written[id] = std::move(payload);
    write(opened, objects);
  }
  CHECK(readable(opened.store, written) == 12);
  CHECK(readable(opened.store, written) == 12);
}

TEST_CASE_METHOD(Fixture, "ids are completed from prefixes and visited once, loose or packed") {
  Opened opened(folder.path());
  const auto written = write_documents(opened, 1, 20);
  opened.store.pack_when_due(pack_everything());
  LooseBatch objects(opened.store);
  objects.put(ObjectType::kBlob, "another");
  write(opened, objects);
  for (const auto& [id, payload] : written) {
    CHECK(opened.store.with_prefix(id.hex().substr(0, 9), 5) == std::vector<Id>{id});
  }
  CHECK(opened.store.with_prefix("", 7).size() == 7);
  const std::vector<Id> all = opened.store.with_prefix("", 1000);
  CHECK(all.size() == 41);
  CHECK(std::is_sorted(all.begin(), all.end()));
  std::multiset<Id> visited;
  opened.store.for_each([&](const Id& id) { visited.insert(id); });
  CHECK(std::vector<Id>(visited.begin(), visited.end()) == all);
}

TEST_CASE_METHOD(Fixture, "damage in a loose row is reported, and the rest is still checked") {
  {
    Opened opened(folder.path());
    write_documents(opened, 1, 20);
    CHECK(problems(opened.store).empty());
  }
  const auto database = Database::open(folder / "repo.db", {});
  const auto row = database->inventory(0).loose_added[15];
  Bytes records = *database->loose_records(row.number);
  records[records.size() / 2] = static_cast<char>(records[records.size() / 2] ^ 1);
  Connection connection(folder / "repo.db", Connection::Mode::kReadWrite, 0);
  Query(connection, "UPDATE loose SET records=?1 WHERE number=?2")
      .bind_blob(1, records)
      .bind(2, row.number)
      .run();
  Opened opened(folder.path());
  const auto found = problems(opened.store);
  CHECK_FALSE(found.empty());
  CHECK(found.size() <= 20 - 15 + 1);
  std::uint64_t told = 0;
  opened.store.check_all([](const Damaged&) {},
                         [&](std::uint64_t done, std::uint64_t) { told = done; });
}

TEST_CASE_METHOD(Fixture, "an object whose row is swapped for another's is reported") {
  Opened opened(folder.path());
  LooseBatch objects(opened.store);
  objects.put(ObjectType::kBlob, "one");
  LooseRow row = objects.take();
  row.items[0].id = id_of(5);
  WriteBatch batch;
  batch.loose = {row};
  opened.database->write(batch);
  const auto found = problems(opened.store);
  REQUIRE(found.size() == 1);
  CHECK(found[0].find(id_of(5).short_hex()) == 0);
}

}  // namespace
}  // namespace isodb::refs
