#include <catch2/catch.hpp>

#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/memory_store.h"
#include "objects/pack.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::objects;
using isodb::testing::error_code_of;
using isodb::testing::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

core::FileSystem& files() {
  return core::posix_file_system();
}

const MemoryStore& nothing() {
  static const MemoryStore store;
  return store;
}

Bytes json_document(int number) {
  std::string text = "{\"id\": " + std::to_string(number) + ", \"name\": \"sensor " +
                     std::to_string(number % 17) + "\", \"readings\": [";
  std::mt19937 random(static_cast<unsigned>(number));
  for (int i = 0; i < 30; ++i) text += std::to_string(random() % 1000) + ", ";
  return text + "0], \"unit\": \"celsius\", \"station\": \"north field\"}";
}

Bytes random_bytes(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

struct Put {
  ObjectType type;
  Bytes payload;
  PutHint hint;
};

/// Documents, histories of documents, what does not compress, what is empty, every type.
std::vector<Put> mixed_objects(int documents) {
  std::vector<Put> puts;
  for (int i = 0; i < documents; ++i) {
    puts.push_back({ObjectType::kBlob, json_document(i), {}});
  }
  for (int chain = 0; chain < 5; ++chain) {
    Bytes version = json_document(1'000'000 + chain) + random_bytes(2000, chain);
    std::optional<Id> base;
    for (int i = 0; i < 100; ++i) {
      version.replace(300 + i * 10, 8, std::to_string(10'000'000 + i));
      puts.push_back({ObjectType::kTree, version, {base, false}});
      base = core::object_id(ObjectType::kTree, version);
    }
  }
  puts.push_back({ObjectType::kBlob, "", {}});
  puts.push_back({ObjectType::kBlob, "x", {}});
  puts.push_back({ObjectType::kBlob, random_bytes(200'000, 1), {std::nullopt, true}});
  puts.push_back({ObjectType::kBlob, Bytes(3 << 20, 'z'), {}});
  puts.push_back({ObjectType::kCommit, "tree …", {}});
  puts.push_back({ObjectType::kTag, "tree …", {}});
  puts.push_back({ObjectType::kList, "tree …", {core::sha256("nowhere"), false}});
  return puts;
}

PackInfo write_pack(const fs::path& folder, const std::vector<Put>& puts,
                    PackWriter::Options options = {}, const ObjectSource* existing = nullptr) {
  PackWriter writer(files(), folder, existing, options);
  for (const Put& put : puts) {
    REQUIRE(writer.put(put.type, put.payload, put.hint) == core::object_id(put.type, put.payload));
  }
  const auto info = writer.finish();
  REQUIRE(info);
  return *info;
}

void check_holds(const Pack& pack, const std::vector<Put>& puts,
                 const ObjectSource& others = nothing()) {
  for (const Put& put : puts) {
    const auto offset = pack.find(core::object_id(put.type, put.payload));
    REQUIRE(offset);
    const Object object = pack.read(*offset, others);
    REQUIRE(object.type == put.type);
    REQUIRE(object.payload == put.payload);
    const RecordSummary summary = pack.summary(*offset);
    REQUIRE(summary.type == put.type);
    REQUIRE(summary.plain_bytes == put.payload.size());
  }
}

}  // namespace

TEST_CASE("a pack holds what was put, mapped or read, of every type and size") {
  const TemporaryFolder folder;
  for (const int documents : {0, 10, 3000}) {
    const auto puts = mixed_objects(documents);
    const PackInfo info = write_pack(folder.path(), puts);
    CHECK(info.objects == puts.size());
    CHECK(info.bytes == fs::file_size(folder.path() / info.name));
    for (const auto access : {Pack::Access::kMapped, Pack::Access::kRead}) {
      const Pack pack(files(), folder.path() / info.name, info.bytes, access);
      CHECK(pack.object_count() == puts.size());
      CHECK(pack.name() == info.name);
      check_holds(pack, puts);
      pack.check_file();
      CHECK_FALSE(pack.find(core::sha256("never put")));
    }
  }
}

TEST_CASE("packs of one to a few hundred objects find each of them and nothing else") {
  const TemporaryFolder folder;
  for (int count = 1; count < 300; count += count < 40 ? 1 : 37) {
    std::vector<Put> puts;
    for (int i = 0; i < count; ++i) puts.push_back({ObjectType::kBlob, std::to_string(i), {}});
    const PackInfo info = write_pack(folder.path(), puts);
    const Pack pack(files(), folder.path() / info.name, info.bytes);
    check_holds(pack, puts);
    for (int i = count; i < count + 100; ++i) {
      REQUIRE_FALSE(pack.find(core::object_id(ObjectType::kBlob, std::to_string(i))));
    }
  }
}

TEST_CASE("for_each visits every object once, in the order in which it was put") {
  const TemporaryFolder folder;
  const auto puts = mixed_objects(2000);
  const PackInfo info = write_pack(folder.path(), puts);
  const Pack pack(files(), folder.path() / info.name, info.bytes);
  std::size_t visited = 0;
  std::uint64_t record_bytes = 0;
  pack.for_each([&](const Id& id, std::uint64_t offset) {
    REQUIRE(visited < puts.size());
    REQUIRE(id == core::object_id(puts[visited].type, puts[visited].payload));
    REQUIRE(pack.find(id) == offset);
    record_bytes += pack.record_bytes(offset);
    ++visited;
  });
  CHECK(visited == puts.size());
  CHECK(record_bytes < info.bytes);
}

TEST_CASE("ids are found by prefix, sorted and limited") {
  const TemporaryFolder folder;
  std::vector<Put> puts;
  std::map<std::string, Id> ids;
  for (int i = 0; i < 2000; ++i) {
    puts.push_back({ObjectType::kBlob, json_document(i), {}});
    const Id id = core::object_id(ObjectType::kBlob, puts.back().payload);
    ids.emplace(id.hex(), id);
  }
  const PackInfo info = write_pack(folder.path(), puts);
  const Pack pack(files(), folder.path() / info.name, info.bytes);
  for (const std::string prefix : {"", "0", "f", "ab", "7c3", "00000000"}) {
    std::vector<Id> expected;
    for (const auto& [hex, id] : ids) {
      if (hex.starts_with(prefix)) expected.push_back(id);
    }
    CHECK(pack.with_prefix(prefix, 100'000) == expected);
    if (expected.size() > 3) expected.resize(3);
    CHECK(pack.with_prefix(prefix, 3) == expected);
  }
  const std::string whole = ids.begin()->first;
  CHECK(pack.with_prefix(whole, 5) == std::vector<Id>{ids.begin()->second});
  CHECK(pack.with_prefix(whole + "0", 5).empty());
  CHECK(pack.with_prefix("xyz", 5).empty());
}

TEST_CASE("the file's content does not depend on threads") {
  const TemporaryFolder folder;
  const auto puts = mixed_objects(5000);
  PackWriter::Options options;
  options.sample_bytes = 100'000;  // so that the thread is started
  options.threads = 1;
  const PackInfo one = write_pack(folder.path(), puts, options);
  for (int i = 0; i < 3; ++i) {
    options.threads = 2;
    CHECK(write_pack(folder.path(), puts, options).name == one.name);
  }
}

TEST_CASE("a caller that is faster than the compression helps, and the file is the same") {
  const TemporaryFolder folder;
  // More than may wait, of all kinds: what has a base is left to the worker.
  auto puts = mixed_objects(20'000);
  for (int i = 0; i < 400; ++i) {
    puts.push_back({ObjectType::kBlob, random_bytes(60'000, static_cast<unsigned>(i)), {}});
    PutHint hint;
    hint.base = core::object_id(ObjectType::kBlob, puts.back().payload);
    puts.push_back({ObjectType::kBlob, puts.back().payload + "!", hint});
  }
  PackWriter::Options options;
  options.sample_bytes = 100'000;
  options.threads = 1;
  const PackInfo one = write_pack(folder.path(), puts, options);
  options.threads = 2;
  const PackInfo two = write_pack(folder.path(), puts, options);
  CHECK(two.name == one.name);
  check_holds(Pack(files(), folder / two.name, two.bytes), puts);
}

TEST_CASE("many objects are found at once where each of them is found") {
  const TemporaryFolder folder;
  for (const int documents : {1, 7, 300}) {
    const auto puts = mixed_objects(documents);
    const PackInfo info = write_pack(folder.path(), puts);
    for (const auto access : {Pack::Access::kMapped, Pack::Access::kRead}) {
      const Pack pack(files(), folder / info.name, info.bytes, access);
      std::vector<Id> ids;
      for (const Put& put : puts) {
        ids.push_back(core::object_id(put.type, put.payload));
        ids.push_back(core::sha256(put.payload));  // is not there
      }
      std::vector<std::optional<std::uint64_t>> offsets(ids.size());
      offsets[1] = 12345;  // was found elsewhere
      pack.find_many(ids, offsets);
      CHECK(offsets[1] == 12345u);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i != 1) REQUIRE(offsets[i] == pack.find(ids[i]));
      }
    }
  }
}

TEST_CASE("what was put can be read at once") {
  const TemporaryFolder folder;
  const auto puts = mixed_objects(3000);
  for (const unsigned threads : {1u, 2u}) {
    for (const std::size_t samples : {std::size_t{0}, std::size_t{200'000}, std::size_t{1} << 30}) {
      PackWriter::Options options;
      options.threads = threads;
      options.sample_bytes = samples;
      PackWriter writer(files(), folder.path(), nullptr, options);
      std::mt19937 random(1);
      for (std::size_t i = 0; i < puts.size(); ++i) {
        writer.put(puts[i].type, puts[i].payload, puts[i].hint);
        const std::size_t older = random() % (i + 1);
        for (const std::size_t k : {i, older}) {
          const Id id = core::object_id(puts[k].type, puts[k].payload);
          REQUIRE(writer.contains(id));
          const auto object = writer.get(id);
          REQUIRE(object);
          REQUIRE(object->type == puts[k].type);
          REQUIRE(object->payload == puts[k].payload);
        }
      }
      CHECK(writer.object_count() == puts.size());
      CHECK_FALSE(writer.contains(core::sha256("never put")));
      CHECK_FALSE(writer.get(core::sha256("never put")));
      CHECK(writer.finish());
    }
  }
}

TEST_CASE("objects are written once, and not at all where they exist already") {
  const TemporaryFolder folder;
  MemoryStore existing;
  existing.put(ObjectType::kBlob, "known");
  PackWriter writer(files(), folder.path(), &existing);
  for (int i = 0; i < 3; ++i) {
    writer.put(ObjectType::kBlob, "known");
    writer.put(ObjectType::kBlob, "new");
  }
  CHECK(writer.object_count() == 1);
  CHECK(writer.get(core::object_id(ObjectType::kBlob, "known"))->payload == "known");
  const auto info = writer.finish();
  REQUIRE(info);
  CHECK(info->objects == 1);
}

TEST_CASE("a pack of nothing is no file") {
  const TemporaryFolder folder;
  CHECK_FALSE(PackWriter(files(), folder.path(), nullptr).finish());
  CHECK(files().list(folder.path()).empty());
}

TEST_CASE("long chains keep to the depth and share few whole copies") {
  const TemporaryFolder folder;
  std::vector<Put> puts;
  Bytes version = random_bytes(4000, 5);
  std::optional<Id> base;
  for (int i = 0; i < 1500; ++i) {
    for (int k = 0; k < 32; ++k) version[(i * 40 + k) % 4000] = static_cast<char>(i * 31 + k);
    puts.push_back({ObjectType::kTree, version, {base, false}});
    base = core::object_id(ObjectType::kTree, version);
  }
  for (const unsigned depth_max : {0u, 1u, 2u, 8u, 24u, 200u}) {
    PackWriter::Options options;
    options.delta_depth_max = depth_max;
    const PackInfo info = write_pack(folder.path(), puts, options);
    const Pack pack(files(), folder.path() / info.name, info.bytes);
    check_holds(pack, puts);
    unsigned deepest = 0, whole = 0;
    pack.for_each([&](const Id&, std::uint64_t offset) {
      const RecordSummary summary = pack.summary(offset);
      deepest = std::max(deepest, summary.depth);
      whole += summary.depth == 0;
      REQUIRE(summary.base_offset.has_value() == (summary.depth > 0));
      if (summary.base_offset)
        REQUIRE(pack.summary(*summary.base_offset).depth + 1 == summary.depth);
    });
    CHECK(deepest <= std::min(depth_max, kDeltaDepthLimit));
    if (depth_max == 0) CHECK(whole == puts.size());
    if (depth_max == 24) {
      CHECK(whole == 3);
      CHECK(info.bytes < 3 * 4000 + puts.size() * (32 + 30 + 40) * 13 / 8);
    }
  }
}

TEST_CASE("a new version of a tree node costs about what changed") {
  const TemporaryFolder folder;
  const Bytes node = random_bytes(4096, 8);
  Bytes changed = node;
  for (int i = 0; i < 32; ++i) changed[1000 + i] = static_cast<char>(i * 7);
  for (int i = 0; i < 16; ++i) changed[3000 + i] = static_cast<char>(i * 11);
  const std::vector<Put> puts = {
      {ObjectType::kTree, node, {}},
      {ObjectType::kTree, changed, {core::object_id(ObjectType::kTree, node), false}}};
  const PackInfo info = write_pack(folder.path(), puts);
  const Pack pack(files(), folder.path() / info.name, info.bytes);
  check_holds(pack, puts);
  const auto offset = pack.find(core::object_id(ObjectType::kTree, changed));
  CHECK(pack.record_bytes(*offset) < 32 + 16 + 50);
}

TEST_CASE("a base that exists elsewhere is named by id and read from there") {
  const TemporaryFolder folder;
  MemoryStore existing;
  const Bytes before = random_bytes(3000, 1);
  Bytes after = before;
  after[1500] ^= 1;
  const Id base = existing.put(ObjectType::kBlob, before);
  const PackInfo info =
      write_pack(folder.path(), {{ObjectType::kBlob, after, {base, false}}}, {}, &existing);
  CHECK(info.bytes < 500);
  const Pack pack(files(), folder.path() / info.name, info.bytes);
  const auto offset = pack.find(core::object_id(ObjectType::kBlob, after));
  CHECK(pack.summary(*offset).base == base);
  CHECK(error_code_of([&] { pack.read(*offset, nothing()); }) == ErrorCode::kCorrupt);
  CHECK(pack.read(*offset, existing).payload == after);
}

TEST_CASE("small documents that are alike share a dictionary") {
  const TemporaryFolder folder;
  std::vector<Put> puts;
  std::uint64_t plain = 0;
  for (int i = 0; i < 20'000; ++i) {
    puts.push_back({ObjectType::kBlob, json_document(i), {}});
    plain += puts.back().payload.size();
  }
  PackWriter::Options options;
  const PackInfo with = write_pack(folder.path(), puts, options);
  options.dictionary_bytes = 0;
  const PackInfo without = write_pack(folder.path(), puts, options);
  CHECK(with.bytes < without.bytes);
  CHECK(with.bytes < plain);
}

TEST_CASE("a pack takes another's dictionary, from its first document on") {
  const TemporaryFolder folder;
  PackWriter first(files(), folder.path(), nullptr);
  CHECK(first.dictionary() == nullptr);
  for (int i = 0; i < 20'000; ++i) first.put(ObjectType::kBlob, json_document(i), {});
  REQUIRE(first.finish());
  REQUIRE(first.dictionary() != nullptr);
  std::vector<Put> few;  // too few to train on
  for (int i = 0; i < 10; ++i) few.push_back({ObjectType::kBlob, json_document(30'000 + i), {}});
  const auto record_bytes = [&](const PackWriter::Options& options) {
    const PackInfo info = write_pack(folder.path(), few, options);
    const Pack pack(files(), folder.path() / info.name, info.bytes);
    check_holds(pack, few);
    pack.check_file();
    std::uint64_t bytes = 0;
    for (const Put& put : few) {
      bytes += pack.summary(*pack.find(core::object_id(put.type, put.payload))).record_bytes;
    }
    return bytes;
  };
  const std::uint64_t without = record_bytes({});
  for (const unsigned threads : {1u, 2u}) {
    PackWriter::Options options;
    options.dictionary = first.dictionary();
    options.threads = threads;
    CHECK(record_bytes(options) < without);
  }
}

TEST_CASE("several threads read one pack") {
  const TemporaryFolder folder;
  const auto puts = mixed_objects(1000);
  const PackInfo info = write_pack(folder.path(), puts);
  for (const auto access : {Pack::Access::kMapped, Pack::Access::kRead}) {
    const Pack pack(files(), folder.path() / info.name, info.bytes, access);
    std::vector<int> wrong(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 random(static_cast<unsigned>(t));
        for (int i = 0; i < 2000; ++i) {
          const Put& put = puts[random() % puts.size()];
          if (put.payload.size() > 100'000 && i % 50 != 0) continue;
          const auto offset = pack.find(core::object_id(put.type, put.payload));
          if (!offset || pack.read(*offset, nothing()).payload != put.payload) ++wrong[t];
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(wrong.size(), 0));
  }
}

TEST_CASE("an unfinished writer leaves no file, and the files of dead ones are removed") {
  const TemporaryFolder folder;
  {
    PackWriter writer(files(), folder.path(), nullptr);
    for (const Put& put : mixed_objects(100)) writer.put(put.type, put.payload, put.hint);
    CHECK(files().list(folder.path()).size() == 1);
    remove_stale_temporaries(files(), folder.path());
    CHECK(files().list(folder.path()).size() == 1);
  }
  CHECK(files().list(folder.path()).empty());
  // What a killed process leaves: a file that nobody has locked.
  files().open(folder.path() / "tmp-123-abc", core::OpenMode::kCreateNew)->append("half");
  files().open(folder.path() / "other", core::OpenMode::kCreateNew)->append("kept");
  remove_stale_temporaries(files(), folder.path());
  CHECK(files().list(folder.path()) == std::vector<std::string>{"other"});
  remove_stale_temporaries(files(), folder.path() / "not there");
}

TEST_CASE("a folder that is not there is an error before anything is put") {
  const TemporaryFolder folder;
  CHECK(error_code_of([&] { PackWriter(files(), folder.path() / "none", nullptr); }) ==
        ErrorCode::kIo);
}

TEST_CASE("a file that is no pack, or a newer one, is refused on opening") {
  const TemporaryFolder folder;
  const PackInfo info = write_pack(folder.path(), mixed_objects(50));
  const Bytes good = core::read_file(files(), folder.path() / info.name, 1 << 30);
  const auto open = [&](const Bytes& content, std::uint64_t expected) {
    const fs::path path = folder.path() / "changed.pack";
    core::write_file(path, content);
    return error_code_of([&] { Pack(files(), path, expected); });
  };
  CHECK(open(good, good.size() + 1) == ErrorCode::kCorrupt);
  CHECK(open("", 0) == ErrorCode::kCorrupt);
  CHECK(open(Bytes(1000, 'x'), 1000) == ErrorCode::kCorrupt);
  Bytes newer = good;
  newer[7] = 2;
  CHECK(open(newer, newer.size()) == ErrorCode::kUnsupported);
  CHECK(open(good.substr(0, good.size() - 1), good.size() - 1) == ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { Pack(files(), folder.path() / "none.pack", 5); }) == ErrorCode::kIo);
}
