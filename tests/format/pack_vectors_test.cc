#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "core/hash.h"
#include "core/hex.h"
#include "objects/memory_store.h"
#include "objects/pack.h"
#include "objects/record.h"
#include "tests/support/places.h"
#include "tests/support/testing.h"

// Files that earlier versions wrote stay readable. A writer may find smaller forms, so these bytes
// are not compared with what is written today.

using namespace isodb;
using namespace isodb::objects;

namespace {

const std::filesystem::path kVectors = isodb::testing::kTestVectors;

class RecordTable : public ObjectSource {
 public:
  std::optional<Object> get(const Id& id) const override {
    const auto found = records.find(id);
    if (found == records.end()) return std::nullopt;
    return read_record(found->second, *this);
  }
  bool contains(const Id& id) const override { return records.count(id) != 0; }
  std::map<Id, Bytes> records;
};

}  // namespace

TEST_CASE("a pack of version 1 is read whole") {
  const std::string name = "126d3a6ace84dc7f11d28e0948953008.pack";
  for (const auto access : {Pack::Access::kMapped, Pack::Access::kRead}) {
    const Pack pack(core::posix_file_system(), kVectors / name, 17'084, access);
    pack.check_file();
    CHECK(pack.object_count() == 169);
    std::set<ObjectType> types;
    std::set<unsigned> depths;
    std::size_t objects = 0;
    const MemoryStore nothing;
    pack.for_each([&](const Id& id, std::uint64_t offset) {
      const Object object = pack.read(offset, nothing);
      REQUIRE(core::object_id(object.type, object.payload) == id);
      types.insert(object.type);
      depths.insert(pack.summary(offset).depth);
      ++objects;
    });
    CHECK(objects == 169);
    CHECK(types.size() == 6);
    CHECK(depths.count(0) == 1);
    CHECK(depths.count(8) == 1);
  }
  // Every encoding but the delta by id is in it.
  const Bytes file = isodb::testing::slurp(kVectors / name);
  std::set<Encoding> encodings;
  for (std::size_t at = 8; encodings.size() < 4;) {
    REQUIRE(at < file.size());
    const RecordHeader header = parse_record_header(ByteView(file).substr(at));
    encodings.insert(header.encoding);
    at += static_cast<std::size_t>(header.record_bytes());
  }
}

TEST_CASE("records of loose rows of version 1 are read") {
  std::ifstream file(kVectors / "records.txt");
  RecordTable table;
  std::size_t deltas = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t bar = line.find(" | ");
    REQUIRE(bar == 64);
    const Id id = *Id::from_hex(line.substr(0, bar));
    const std::string digits = line.substr(bar + 3);
    Bytes record(digits.size() / 2, '\0');
    REQUIRE(core::from_hex(digits, reinterpret_cast<std::uint8_t*>(record.data()), record.size()));
    table.records[id] = record;
    const Object object = *table.get(id);
    CHECK(core::object_id(object.type, object.payload) == id);
    deltas += record_depth(record) > 0;
  }
  CHECK(table.records.size() == 5);
  CHECK(deltas == 2);
}
