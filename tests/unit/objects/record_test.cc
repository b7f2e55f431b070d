#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <string>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/delta.h"
#include "objects/memory_store.h"
#include "objects/pack.h"

using namespace isodb;
using namespace isodb::objects;

namespace {

constexpr unsigned kDepthMax = 24;

Bytes json_document(int number) {
  std::string text = "{\"number\": " + std::to_string(number);
  for (int i = 0; i < 20; ++i) {
    text += ", \"field" + std::to_string(i) + "\": \"value " + std::to_string(number * i) + "\"";
  }
  return text + "}";
}

Bytes random_bytes(std::size_t count) {
  std::mt19937_64 random(count);
  Bytes bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

/// Serves records by id, as a table of loose rows does.
class RecordSource : public ObjectSource {
 public:
  Id add(ObjectType type, ByteView payload, const std::optional<Id>& base = {}) {
    Bytes record;
    std::optional<Object> base_object;
    if (base) base_object = get(*base);
    append_record(record, type, payload, {base, false}, base_object ? &*base_object : nullptr,
                  base ? depth(*base) : 0, kDepthMax);
    const Id id = core::object_id(type, payload);
    records[id] = record;
    return id;
  }
  std::optional<Object> get(const Id& id) const override {
    const auto found = records.find(id);
    if (found == records.end()) return std::nullopt;
    return read_record(found->second, *this);
  }
  bool contains(const Id& id) const override { return records.contains(id); }
  unsigned depth(const Id& id) const override { return record_depth(records.at(id)); }
  std::map<Id, Bytes> records;
};

bool is_corrupt(const Bytes& record, const ObjectSource& others, const Object* allowed = nullptr) {
  try {
    const Object object = read_record(record, others);
    return allowed != nullptr && object.type == allowed->type && object.payload == allowed->payload;
  } catch (const Error& error) {
    return error.code() == ErrorCode::kCorrupt;
  }
}

}  // namespace

TEST_CASE("records hold every type and size") {
  const MemoryStore none;
  for (const ObjectType type : {ObjectType::kBlob, ObjectType::kList, ObjectType::kTree,
                                ObjectType::kCommit, ObjectType::kMerge, ObjectType::kTag}) {
    for (const Bytes& payload : {Bytes(), Bytes("x"), Bytes(100, '\0'), json_document(1),
                                 random_bytes(5000), Bytes(1 << 20, 'y')}) {
      Bytes out = "before";
      const std::size_t bytes = append_record(out, type, payload, {}, nullptr, 0, kDepthMax);
      CHECK(out.size() == 6 + bytes);
      const Bytes record = out.substr(6);
      const Object object = read_record(record + "behind", none);
      CHECK(object.type == type);
      CHECK(object.payload == payload);
      const RecordSummary summary = summarize_record(record);
      CHECK(summary.type == type);
      CHECK(summary.plain_bytes == payload.size());
      CHECK(summary.record_bytes == record.size());
      CHECK(summary.depth == 0);
      CHECK_FALSE(summary.base);
    }
  }
}

TEST_CASE("what compression cannot shrink is stored as it is") {
  for (const Bytes& payload : {Bytes("tiny"), random_bytes(4000)}) {
    Bytes record;
    append_record(record, ObjectType::kBlob, payload, {}, nullptr, 0, kDepthMax);
    CHECK(record.size() <= payload.size() + 8);
  }
  Bytes record;
  append_record(record, ObjectType::kBlob, Bytes(4000, 'a'), {std::nullopt, true}, nullptr, 0,
                kDepthMax);
  CHECK(record.size() > 4000);
}

TEST_CASE("a record with a base costs about what changed") {
  RecordSource source;
  Bytes node = random_bytes(4096);
  const Id before = source.add(ObjectType::kTree, node);
  for (int i = 0; i < 32; ++i) node[2000 + i] = static_cast<char>(i * 7);
  const Id after = source.add(ObjectType::kTree, node, before);
  CHECK(source.records[after].size() < 32 + 32 + 24);
  CHECK(summarize_record(source.records[after]).base == before);
  CHECK(source.depth(after) == 1);
  CHECK(source.get(after)->payload == node);
}

TEST_CASE("a base that does not help is not used") {
  RecordSource source;
  const Id other = source.add(ObjectType::kBlob, random_bytes(3000));
  const Id id = source.add(ObjectType::kBlob, json_document(5), other);
  CHECK(source.depth(id) == 0);
  const Id type = source.add(ObjectType::kTree, json_document(6), id);
  CHECK(source.depth(type) == 0);
}

TEST_CASE("chains of deltas end at the depth that is asked for") {
  RecordSource source;
  Bytes document = json_document(1);
  Id id = source.add(ObjectType::kTree, document);
  unsigned deepest = 0;
  for (int i = 0; i < 100; ++i) {
    document[20 + i] ^= 1;
    id = source.add(ObjectType::kTree, document, id);
    deepest = std::max(deepest, source.depth(id));
    CHECK(source.get(id)->payload == document);
  }
  CHECK(deepest == kDepthMax);
}

TEST_CASE("a loop of deltas is corrupt, not endless") {
  // Two records that name each other: made by swapping the base's id for the delta's own.
  RecordSource source;
  const Bytes first = random_bytes(1000);
  Bytes second = first;
  second[500] ^= 1;
  const Id a = source.add(ObjectType::kTree, first);
  const Id b = source.add(ObjectType::kTree, second, a);
  source.records[a] = source.records[b];
  try {
    source.get(b);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kCorrupt);
  }
}

TEST_CASE("what is short is held as it is and names the base that a pack will use") {
  RecordSource source;
  const Bytes document = json_document(1);
  const Id before = source.add(ObjectType::kBlob, random_bytes(100));
  const Id after = source.add(ObjectType::kBlob, document, before);
  CHECK(source.records[after].size() <= document.size() + 40);
  CHECK(summarize_record(source.records[after]).base == before);
  CHECK(source.depth(after) == 0);
  source.records.erase(before);
  CHECK(source.get(after)->payload == document);
}

TEST_CASE("a node that is too deep for a delta is held as it is, after its base") {
  const Bytes payload = random_bytes(3000);
  const Object base{ObjectType::kTree, payload.substr(1) + "x"};
  const Id base_id = core::object_id(base.type, base.payload);
  const PutHint hint{.base = base_id};
  for (const Object* read : {&base, static_cast<const Object*>(nullptr)}) {
    Bytes record;
    append_record(record, ObjectType::kTree, payload, hint, read, kDepthMax, kDepthMax);
    const RecordSummary summary = summarize_record(record);
    CHECK(summary.base == base_id);
    CHECK(summary.depth == 0);
    CHECK(read_record(record, MemoryStore()).payload == payload);
  }
}

TEST_CASE("a node whose entries got new values is a patch of the old one") {
  RecordSource source;
  Bytes node = random_bytes(4096);
  Id id = source.add(ObjectType::kTree, node);
  for (const std::size_t at : {0U, 1000U, 1003U, 1008U, 2000U, 4095U}) node[at] ^= 1;
  id = source.add(ObjectType::kTree, node, id);
  CHECK(source.records[id].size() < 32 + 12 + 6 * 6);
  CHECK(source.get(id)->payload == node);
}

TEST_CASE("patches lead to exactly the bytes they were made of") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    const Bytes base = random_bytes(random() % 300);
    Bytes plain = base;
    for (std::size_t i = random() % 8; i > 0 && !plain.empty(); --i) {
      plain[random() % plain.size()] = static_cast<char>(random());
    }
    Bytes patch;
    REQUIRE(append_patch(patch, plain, base));
    REQUIRE(apply_patch(patch, base, plain.size()) == plain);
    REQUIRE_FALSE(append_patch(patch, plain + "x", base));
  }
}

TEST_CASE("a patch that reaches past its base or replaces nothing is refused") {
  const Bytes base(10, 'b');
  for (const Bytes& patch :
       {Bytes("\x0b\x01x", 3), Bytes("\x09\x02xx", 4), Bytes("\x01\x00", 2), Bytes("\x01", 1),
        Bytes("\x00\x03xx", 4), Bytes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01x", 12)}) {
    CHECK_THROWS_AS(apply_patch(patch, base, 10), Error);
  }
  CHECK_THROWS_AS(apply_patch(Bytes(), base, 11), Error);
}

TEST_CASE("no damage to a record goes unseen, and none crashes") {
  RecordSource source;
  const Id a = source.add(ObjectType::kTree, json_document(1));
  const Id b = source.add(ObjectType::kTree, json_document(2), a);
  const Id c = source.add(ObjectType::kTree, "stored");
  const Id d = source.add(ObjectType::kBlob, "after another", c);
  for (const Id& id : {a, b, c, d}) {
    const Bytes& record = source.records[id];
    for (std::size_t size = 0; size < record.size(); ++size) {
      REQUIRE(is_corrupt(record.substr(0, size), source));
    }
    for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
      Bytes flipped = record;
      flipped[bit / 8] ^= static_cast<char>(1 << (bit % 8));
      REQUIRE(is_corrupt(flipped, source));
    }
  }
}

TEST_CASE("a missing base is named") {
  RecordSource source;
  const Id a = source.add(ObjectType::kTree, random_bytes(2000));
  Bytes changed = random_bytes(2000);
  changed[5] ^= 1;
  const Id b = source.add(ObjectType::kTree, changed, a);
  source.records.erase(a);
  CHECK_THROWS_WITH(source.get(b), Catch::Contains(a.hex()));
}

TEST_CASE("an object above the limit is refused") {
  Bytes record;
  try {
    append_record(record, ObjectType::kBlob, Bytes(kObjectBytesMax + 1, 'a'), {}, nullptr, 0, 0);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kLimit);
  }
  CHECK(record.empty());
}
