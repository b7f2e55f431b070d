#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/memory_store.h"
#include "objects/pack.h"
#include "objects/pack_format.h"
#include "tests/support/simulated_files.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::objects;
using isodb::testing::SimulatedFiles;

namespace {

void set_file(SimulatedFiles& files, const std::string& path, ByteView content) {
  files.remove(path);
  files.open(path, core::OpenMode::kCreateNew)->append(content);
  files.sync_directory("/packs");  // so that the simulation forgets the older ones
}

struct Sample {
  SimulatedFiles files;
  MemoryStore elsewhere;
  std::vector<std::pair<Id, Object>> objects;
  PackInfo info;
  Bytes content;
  PackFooter footer;
};

Bytes document(int number) {
  std::string text = "{\"number\":" + std::to_string(number);
  for (int i = 0; i < 8; ++i) text += ",\"name of field\":\"" + std::to_string(number * i) + "\"";
  return text + "}";
}

/// A pack with records of every encoding.
void make_sample(Sample& sample) {
  PackWriter::Options options;
  options.threads = 1;
  sample.files.create_directories("/packs");
  PackWriter writer(sample.files, "/packs", &sample.elsewhere, options);
  const auto put = [&](ObjectType type, const Bytes& payload, const PutHint& hint = {}) {
    const Id id = writer.put(type, payload, hint);
    sample.objects.push_back({id, {type, payload}});
    return id;
  };
  for (int i = 0; i < 200; ++i) put(ObjectType::kBlob, document(i));
  std::mt19937_64 random(1);
  Bytes node = isodb::testing::random_bytes(random, 600);
  std::optional<Id> base;
  for (int i = 0; i < 12; ++i) {
    node[static_cast<std::size_t>(i) * 40] ^= 1;
    base = put(ObjectType::kTree, node, {base, false});
  }
  const Id other = sample.elsewhere.put(ObjectType::kBlob, node);
  node[300] ^= 1;
  put(ObjectType::kBlob, node, {other, false});
  put(ObjectType::kBlob, Bytes(40'000, 'a'));  // too long for the dictionary
  put(ObjectType::kBlob, isodb::testing::random_bytes(random, 300));
  put(ObjectType::kBlob, "");
  sample.info = *writer.finish();
  sample.content = core::read_file(sample.files, "/packs/" + sample.info.name, 1 << 30);
  const ByteView end = ByteView(sample.content).substr(sample.content.size() - kPackFooterBytes);
  sample.footer = decode_footer(end, sample.content.size());
}

enum class Outcome { kRight, kRefused };

/// Opens `content` under the pack's name and reads everything: each object comes out right or as a
/// corrupt one, in an error that names the file. Anything else fails the test.
Outcome read_all(Sample& sample, const Bytes& content, Pack::Access access) {
  const std::string path = "/packs/" + sample.info.name;
  set_file(sample.files, path, content);
  std::optional<Pack> pack;
  Outcome outcome = Outcome::kRight;
  const auto guarded = [&](const auto& action) {
    try {
      action();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnsupported) REQUIRE(error.code() == ErrorCode::kCorrupt);
      REQUIRE_THAT(error.what(), Catch::Contains(path));
      outcome = Outcome::kRefused;
    }
  };
  guarded([&] { pack.emplace(sample.files, path, content.size(), access); });
  if (!pack) return outcome;
  for (const auto& [id, object] : sample.objects) {
    guarded([&, &id = id, &object = object] {
      const auto offset = pack->find(id);
      REQUIRE(offset);
      pack->summary(*offset);
      const Object read = pack->read(*offset, sample.elsewhere);
      REQUIRE(read.type == object.type);
      REQUIRE(read.payload == object.payload);
    });
  }
  guarded([&] { pack->with_prefix("", 1000); });
  guarded([&] { pack->for_each([](const Id&, std::uint64_t) {}); });
  return outcome;
}

}  // namespace

TEST_CASE("a pack with a flipped bit gives right objects or errors, and fsck sees it") {
  Sample sample;
  make_sample(sample);
  REQUIRE(sample.footer.index_offset > sample.footer.dictionary_offset);  // has a dictionary
  REQUIRE(read_all(sample, sample.content, Pack::Access::kMapped) == Outcome::kRight);
  std::mt19937 random(3);
  const std::string path = "/packs/" + sample.info.name;
  std::size_t index_refused = 0, index_flips = 0;
  for (std::size_t at = 0; at < sample.content.size(); ++at) {
    Bytes damaged = sample.content;
    damaged[at] ^= static_cast<char>(1 << random() % 8);
    // The whole file is checked for every byte; reading all of it is not, where bytes are alike.
    const bool index = at >= sample.footer.index_offset;
    const bool dense = at < 64 || index;
    if (dense || random() % 8 == 0) {
      const auto access = random() % 2 == 0 ? Pack::Access::kMapped : Pack::Access::kRead;
      const Outcome outcome = read_all(sample, damaged, access);
      index_flips += index;
      index_refused += index && outcome == Outcome::kRefused;
    }
    set_file(sample.files, path, damaged);
    const auto code = isodb::testing::error_code_of(
        [&] { Pack(sample.files, path, damaged.size()).check_file(); });
    REQUIRE(code);
  }
  CHECK(index_refused == index_flips);
}

TEST_CASE("a pack cut short at any byte is refused on opening") {
  Sample sample;
  make_sample(sample);
  const std::string path = "/packs/" + sample.info.name;
  for (std::size_t size = 0; size < sample.content.size(); ++size) {
    if (size > 200 && size + 200 < sample.content.size() && size % 17 != 0) continue;
    const Bytes cut = sample.content.substr(0, size);
    REQUIRE(read_all(sample, cut, Pack::Access::kMapped) == Outcome::kRefused);
    set_file(sample.files, path, cut);
    REQUIRE(isodb::testing::error_code_of(
                [&] { Pack(sample.files, path, sample.content.size()); }) == ErrorCode::kCorrupt);
  }
}

TEST_CASE("a pack of random bytes in any place never yields a wrong object") {
  Sample sample;
  make_sample(sample);
  std::mt19937_64 random(5);
  for (int round = 0; round < 500; ++round) {
    Bytes damaged = sample.content;
    const std::size_t count = 1 + random() % 64;
    const std::size_t at = random() % (damaged.size() - count);
    damaged.replace(at, count, isodb::testing::random_bytes(random, count));
    const auto access = round % 2 == 0 ? Pack::Access::kMapped : Pack::Access::kRead;
    read_all(sample, damaged, access);
  }
}
