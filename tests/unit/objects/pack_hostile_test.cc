#include <catch2/catch.hpp>
#include <cerrno>
#include <random>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/varint.h"
#include "objects/delta.h"
#include "objects/memory_store.h"
#include "objects/pack.h"
#include "objects/pack_format.h"
#include "objects/pack_index.h"
#include "objects/record.h"
#include "tests/support/simulated_files.h"
#include "tests/support/testing.h"

// Packs whose every checksum is right and whose content is made to hurt.

using namespace isodb;
using namespace isodb::objects;
using isodb::testing::error_code_of;
using isodb::testing::error_of;
using isodb::testing::SimulatedFiles;

namespace {

constexpr const char* kPath = "/packs/forged.pack";

void set_file(SimulatedFiles& files, ByteView content) {
  files.create_directories("/packs");
  files.remove(kPath);
  files.open(kPath, core::OpenMode::kCreateNew)->append(content);
}

/// Writes packs with any content in the valid frame.
class Forger {
 public:
  std::uint64_t add(const RecordHeader& header, ByteView data) {
    const std::uint64_t offset = records.size();
    append_framed(records, header, data);
    return offset;
  }
  std::uint64_t add_stored(ByteView payload, ObjectType type = ObjectType::kBlob) {
    RecordHeader header;
    header.type = type;
    header.plain_bytes = payload.size();
    return add(header, payload);
  }
  /// The index says that the object `name` stands at `offset`.
  Id index(const std::string& name, std::uint64_t offset) {
    auto entry = std::make_unique<PackEntry>();
    entry->id = core::sha256(name);
    entry->set_offset(offset);
    entries.push_back(std::move(entry));
    return entries.back()->id;
  }
  std::unique_ptr<Pack> open(Pack::Access access = Pack::Access::kMapped) {
    Bytes file = records;
    PackFooter footer;
    footer.objects = entries.size();
    footer.dictionary_offset = footer.index_offset = file.size();
    std::vector<IndexedObject> sorted;
    for (const auto& entry : entries) sorted.push_back({entry->id.prefix64(), entry.get()});
    write_index(sorted, [&](ByteView part) { file.append(part); });
    ChainedChecksum checksum;
    checksum.add(file);
    footer.file_checksum = checksum.value();
    file.append(encode_footer(footer));
    set_file(files, file);
    return std::make_unique<Pack>(files, kPath, file.size(), access);
  }

  SimulatedFiles files;
  Bytes records = Bytes(kPackMagic);
  std::vector<std::unique_ptr<PackEntry>> entries;
};

const MemoryStore& nothing() {
  static const MemoryStore store;
  return store;
}

Bytes delta_of(ByteView plain, ByteView base) {
  Bytes delta;
  append_delta(delta, plain, base, 3);
  return delta;
}

RecordHeader near_delta(std::uint64_t plain_bytes, std::uint64_t distance, unsigned depth) {
  RecordHeader header;
  header.encoding = Encoding::kDeltaNear;
  header.plain_bytes = plain_bytes;
  header.distance = distance;
  header.depth = depth;
  return header;
}

void check_refused(Forger& forger, const std::string& name) {
  for (const auto access : {Pack::Access::kMapped, Pack::Access::kRead}) {
    const auto pack = forger.open(access);
    const auto offset = pack->find(core::sha256(name));
    REQUIRE(offset);
    const auto error = error_of([&] { pack->read(*offset, nothing()); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kCorrupt);
    CHECK_THAT(error->what(), Catch::Contains("forged.pack, offset"));
    error_of([&] { pack->summary(*offset); });
  }
}

}  // namespace

TEST_CASE("the forger's frame is right") {
  Forger forger;
  const std::string base(500, 'b');
  const std::uint64_t first = forger.add_stored(base);
  const std::string plain = base + "end";
  const std::uint64_t second =
      forger.add(near_delta(plain.size(), forger.records.size() - first, 1), delta_of(plain, base));
  forger.index("base", first);
  forger.index("delta", second);
  const auto pack = forger.open();
  CHECK(pack->read(*pack->find(core::sha256("base")), nothing()).payload == base);
  CHECK(pack->read(*pack->find(core::sha256("delta")), nothing()).payload == plain);
}

TEST_CASE("an index that points outside of the records is corrupt") {
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{1000}, kPackBytesMax - 1}) {
    Forger forger;
    forger.add_stored("object");
    forger.index("object", offset);
    check_refused(forger, "object");
  }
}

TEST_CASE("a delta's base must be a record before it, of its type and of the depth below") {
  const std::string base(500, 'b');
  const std::string plain = base + "end";
  SECTION("before the file") {
    Forger forger;
    forger.index("object", forger.add(near_delta(503, 500, 1), delta_of(plain, base)));
    check_refused(forger, "object");
  }
  SECTION("in the middle of a record") {
    Forger forger;
    forger.add_stored(base);
    forger.index("object", forger.add(near_delta(503, 100, 1), delta_of(plain, base)));
    check_refused(forger, "object");
  }
  SECTION("of another depth") {
    Forger forger;
    const std::uint64_t first = forger.add_stored(base);
    forger.index("object", forger.add(near_delta(503, forger.records.size() - first, 2),
                                      delta_of(plain, base)));
    check_refused(forger, "object");
  }
  SECTION("of another type") {
    Forger forger;
    const std::uint64_t first = forger.add_stored(base, ObjectType::kTree);
    forger.index("object", forger.add(near_delta(503, forger.records.size() - first, 1),
                                      delta_of(plain, base)));
    check_refused(forger, "object");
  }
  SECTION("itself") {
    Forger forger;
    forger.index("object", forger.add(near_delta(503, 0, 1), delta_of(plain, base)));
    check_refused(forger, "object");
  }
  SECTION("nowhere, by id") {
    Forger forger;
    RecordHeader header = near_delta(503, 0, 1);
    header.encoding = Encoding::kDeltaById;
    header.base = core::sha256("nowhere");
    forger.index("object", forger.add(header, delta_of(plain, base)));
    check_refused(forger, "object");
  }
}

TEST_CASE("a chain longer than any writer makes is corrupt") {
  Forger forger;
  std::string plain(300, 'a');
  std::uint64_t before = forger.add_stored(plain);
  for (unsigned depth = 1; depth <= kDeltaDepthLimit + 1; ++depth) {
    const std::string next = plain + "x";
    const std::uint64_t at = forger.records.size();
    forger.add(near_delta(next.size(), at - before, depth), delta_of(next, plain));
    before = at;
    plain = next;
  }
  forger.index("object", before);
  check_refused(forger, "object");
}

TEST_CASE("deltas that copy or claim what is not there are corrupt") {
  const std::string base(500, 'b');
  const auto refuse = [&](std::uint64_t plain_bytes, std::uint64_t prefix, std::uint64_t suffix,
                          const std::string& body) {
    Forger forger;
    const std::uint64_t first = forger.add_stored(base);
    Bytes delta;
    core::put_varint(delta, prefix);
    core::put_varint(delta, suffix);
    delta += body;
    forger.index("object",
                 forger.add(near_delta(plain_bytes, forger.records.size() - first, 1), delta));
    check_refused(forger, "object");
  };
  refuse(600, 501, 0, std::string(99, 'x'));
  refuse(600, 0, 501, std::string(99, 'x'));
  refuse(600, 300, 300, "");
  refuse(600, UINT64_MAX, 2, "x");
  refuse(600, 2, UINT64_MAX, "x");
  refuse(100, 101, 0, "");
  refuse(100, 60, 41, "");
  refuse(100, 50, 49, "two");
  refuse(100, 50, 40, "not zstd");
  refuse(kObjectBytesMax, 50, 40, "not zstd");
  refuse(kObjectBytesMax + 1, 50, 40, "not zstd");
}

TEST_CASE("records that claim huge or impossible sizes are corrupt before memory is taken") {
  const auto refuse = [](const Bytes& record) {
    Forger forger;
    const std::uint64_t at = forger.records.size();
    forger.records += record;
    forger.index("object", at);
    check_refused(forger, "object");
  };
  const auto start = [](unsigned encoding, unsigned type) {
    return Bytes(1, static_cast<char>(encoding << 3 | type));
  };
  const auto sizes = [](std::uint64_t plain, std::uint64_t packed) {
    Bytes bytes;
    core::put_varint(bytes, plain);
    core::put_varint(bytes, packed);
    return bytes;
  };
  const Bytes rest(100, '\0');
  refuse(start(0, 1) + sizes(UINT64_MAX, 1) + rest);
  refuse(start(1, 1) + sizes(UINT64_MAX, 1) + rest);
  refuse(start(1, 1) + sizes(1000, UINT64_MAX) + rest);
  refuse(start(1, 1) + sizes(1000, 1'000'000) + rest);
  refuse(start(0, 1) + sizes(1'000'000, 0) + rest);
  refuse(start(0, 0) + sizes(1, 0) + rest);
  refuse(start(0, 7) + sizes(1, 0) + rest);
  refuse(start(5, 1) + sizes(1, 1) + rest);
  refuse(start(31, 1) + sizes(1, 1) + rest);
  refuse(Bytes(1, '\x01') + Bytes(9, '\xff') + '\x7f' + rest);  // above 64 bits
  refuse(Bytes("\x01\x80\x00", 3) + rest);                      // not the shortest form
}

TEST_CASE("a record that needs a dictionary is corrupt where there is none") {
  Forger forger;
  RecordHeader header;
  header.encoding = Encoding::kDictionary;
  header.plain_bytes = 100;
  forger.index("object", forger.add(header, "any data"));
  check_refused(forger, "object");
}

TEST_CASE("a compressed record that unpacks to another length is corrupt") {
  const std::string plain(1000, 'p');
  for (const std::uint64_t claimed : {999, 1001, 0, 1'000'000}) {
    Forger forger;
    Bytes packed;
    core::compress(packed, plain);
    RecordHeader header;
    header.encoding = Encoding::kPacked;
    header.plain_bytes = claimed;
    forger.index("object", forger.add(header, packed));
    check_refused(forger, "object");
  }
}

TEST_CASE("a footer whose numbers do not fit the file is corrupt") {
  Forger forger;
  forger.index("object", forger.add_stored("object"));
  forger.open();
  const Bytes good = core::read_file(forger.files, kPath, 1 << 30);
  const std::size_t end = good.size() - kPackFooterBytes;
  const PackFooter footer = decode_footer(ByteView(good).substr(end), good.size());
  const auto refuse = [&](PackFooter changed) {
    const Bytes file = good.substr(0, end) + encode_footer(changed);
    set_file(forger.files, file);
    CHECK(error_code_of([&] { Pack(forger.files, kPath, file.size()); }) == ErrorCode::kCorrupt);
  };
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{1000}, kPackObjectsMax, UINT64_MAX}) {
    PackFooter changed = footer;
    changed.objects = number;
    refuse(changed);
    changed = footer;
    changed.index_offset = number;
    refuse(changed);
  }
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{7}, UINT64_MAX}) {
    PackFooter changed = footer;
    changed.dictionary_offset = number;
    refuse(changed);
  }
}

TEST_CASE("a loop of bases through two packs is corrupt, not endless") {
  // Each pack holds one delta whose base is in the other.
  struct Both : ObjectSource {
    std::unique_ptr<Pack> packs[2];
    std::optional<Object> get(const Id& id) const override {
      for (const auto& pack : packs) {
        if (const auto offset = pack->find(id)) return pack->read(*offset, *this);
      }
      return std::nullopt;
    }
    bool contains(const Id&) const override { return true; }
  } both;
  const std::string plain(500, 'b');
  Forger forgers[2];
  const std::string names[2] = {"one", "two"};
  for (int i = 0; i < 2; ++i) {
    RecordHeader header = near_delta(plain.size(), 0, 1);
    header.encoding = Encoding::kDeltaById;
    header.base = core::sha256(names[1 - i]);
    forgers[i].index(names[i], forgers[i].add(header, delta_of(plain, plain)));
    both.packs[i] = forgers[i].open();
  }
  CHECK(error_code_of([&] { both.get(core::sha256("one")); }) == ErrorCode::kCorrupt);
}

namespace {

void write_some_pack(SimulatedFiles& files, unsigned threads) {
  PackWriter::Options options;
  options.threads = threads;
  options.sample_bytes = 1000;
  files.create_directories("/packs");
  PackWriter writer(files, "/packs", nullptr, options);
  std::mt19937_64 random(1);
  for (int i = 0; i < 60; ++i) {
    writer.put(ObjectType::kBlob, isodb::testing::random_bytes(random, 100'000));
  }
  writer.finish();
}

/// Names of finished packs, each of which was checked.
std::vector<std::string> whole_packs(SimulatedFiles& files) {
  std::vector<std::string> names;
  for (const std::string& name : files.list("/packs")) {
    if (!name.ends_with(".pack")) continue;
    const std::string path = "/packs/" + name;
    Pack(files, path, files.open(path, core::OpenMode::kRead)->size()).check_file();
    names.push_back(name);
  }
  return names;
}

}  // namespace

TEST_CASE("when storage fails at any operation, the writer says so and no pack appears") {
  for (const unsigned threads : {1u, 2u}) {
    SimulatedFiles healthy;
    write_some_pack(healthy, threads);
    CHECK(whole_packs(healthy).size() == 1);
    const std::uint64_t operations = healthy.operations();
    REQUIRE(operations > 6);
    for (std::uint64_t operation = 0; operation < operations; ++operation) {
      CAPTURE(operation);
      const std::size_t renamed = operation + 1 == operations ? 1 : 0;
      SimulatedFiles files;
      files.create_directories("/packs");
      files.fail_from(operation, ENOSPC);
      CHECK(error_code_of([&] { write_some_pack(files, threads); }) == ErrorCode::kIo);
      files.fail_never();
      // Renamed already where only the folder's sync failed; it is whole then, and not registered.
      CHECK(whole_packs(files).size() == renamed);
      remove_stale_temporaries(files, "/packs");
      CHECK(files.list("/packs").size() == renamed);
    }
  }
}

TEST_CASE("a power cut leaves a finished pack whole and an unfinished one without its name") {
  std::mt19937_64 random(1);
  SimulatedFiles healthy;
  write_some_pack(healthy, 1);
  for (std::uint64_t operation = 0; operation <= healthy.operations(); ++operation) {
    SimulatedFiles files;
    files.create_directories("/packs");
    files.fail_from(operation, EIO);
    const bool finished = !error_code_of([&] { write_some_pack(files, 1); });
    files.fail_never();
    files.cut_power(random);
    CHECK(whole_packs(files).size() <= 1);
    if (finished) CHECK(whole_packs(files).size() == 1);
  }
}
