#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/hash.h"
#include "objects/chunker.h"
#include "objects/content.h"
#include "objects/list_format.h"
#include "objects/memory_store.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::objects;
using isodb::testing::random_bytes;

namespace {

/// Counts what is stored for the first time.
class CountingStore : public MemoryStore {
 public:
  Id put(ObjectType type, ByteView payload, const PutHint& hint = {}) override {
    const std::size_t before = count();
    const Id id = MemoryStore::put(type, payload, hint);
    if (count() > before) {
      new_blobs += type == ObjectType::kBlob;
      new_lists += type == ObjectType::kList;
      new_bytes += payload.size();
    }
    return id;
  }
  void forget_counts() { new_blobs = new_lists = new_bytes = 0; }
  std::size_t new_blobs = 0, new_lists = 0, new_bytes = 0;
};

/// Documents as they occur: noise, text that repeats itself, long runs of one byte.
Bytes document(std::mt19937_64& random, std::size_t size) {
  Bytes bytes;
  while (bytes.size() < size) {
    const std::size_t count = 1 + random() % 200'000;
    switch (random() % 3) {
      case 0:
        bytes += random_bytes(random, count);
        break;
      case 1:
        bytes.append(count, static_cast<char>(random()));
        break;
      default: {
        const std::string line = "line " + std::to_string(random() % 50) + " of some text\n";
        for (std::size_t i = 0; i < count / line.size(); ++i) bytes += line;
      }
    }
  }
  bytes.resize(size);
  return bytes;
}

void collect_chunks(const ObjectSource& source, const Id& id, std::vector<ListItem>& chunks) {
  const List list = decode_list(get_expected(source, id, ObjectType::kList));
  for (const ListItem& item : list.items) {
    if (list.level == 0) {
      chunks.push_back(item);
    } else {
      collect_chunks(source, item.id, chunks);
    }
  }
}

/// The cut as docs/format.md says it, byte by byte and with nothing kept between bytes.
std::size_t naive_chunk_bytes(ByteView rest) {
  const auto& gear = gear_table();
  for (std::size_t n = 1; n <= rest.size(); ++n) {
    if (n == rest.size() || n == 262'144) return n;
    if (n < 16'384) continue;
    std::uint64_t hash = 0;
    for (std::size_t k = 0; k < 64; ++k) {
      hash += gear[static_cast<unsigned char>(rest[n - 1 - k])] << k;
    }
    if (n <= 65'536 ? hash >> 46 == 0 : hash >> 50 == 0) return n;
  }
  return rest.size();
}

}  // namespace

TEST_CASE("chunks are cut where the format says") {
  std::mt19937_64 random(11);
  const Bytes bytes = document(random, 3'000'000);
  for (ByteView rest = bytes; !rest.empty();) {
    const std::size_t chunk = first_chunk_bytes(rest);
    REQUIRE(chunk == naive_chunk_bytes(rest));
    rest.remove_prefix(chunk);
  }
}

TEST_CASE("a document has one id, in whatever parts it is written") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 40; ++round) {
    const std::size_t size = round < 20 ? random() % 200'000 : random() % 3'000'000;
    const Bytes bytes = document(random, size);
    MemoryStore store;
    const ContentRef whole = write_content(store, bytes);
    for (const std::size_t part_max : {std::size_t{100'000}, std::size_t{2'000'000}, size + 1}) {
      ContentWriter writer(store);
      for (ByteView rest = bytes; !rest.empty();) {
        const std::size_t part = std::min<std::size_t>(random() % part_max, rest.size());
        writer.write(rest.substr(0, part));
        rest.remove_prefix(part);
      }
      const ContentRef ref = writer.finish();
      REQUIRE(ref.id == whole.id);
      REQUIRE(ref.kind == whole.kind);
      REQUIRE(ref.size == size);
    }
    REQUIRE(read_content(store, whole) == bytes);
  }
}

TEST_CASE("random ranges of a document read right") {
  std::mt19937_64 random(2);
  const Bytes bytes = document(random, 20'000'000);
  MemoryStore store;
  const ContentRef ref = write_content(store, bytes);
  REQUIRE(decode_list(get_expected(store, ref.id, ObjectType::kList)).level >= 1);
  ContentReader reader(store, ref);
  for (int round = 0; round < 2000; ++round) {
    const std::uint64_t offset = random() % (bytes.size() + 100);
    const std::uint64_t count = random() % (round % 10 == 0 ? 1'000'000 : 5'000);
    const Bytes expected = offset < bytes.size() ? bytes.substr(offset, count) : Bytes();
    REQUIRE(reader.read(offset, count) == expected);
  }
}

TEST_CASE("an edit in a document of 50 MB stores a few chunks and lists again") {
  std::mt19937_64 random(3);
  Bytes bytes = random_bytes(random, 50'000'000);
  CountingStore store;
  ContentRef ref = write_content(store, bytes);
  const std::size_t chunks = store.new_blobs;
  for (int round = 0; round < 12; ++round) {
    const std::size_t at = random() % (bytes.size() - 1000);
    if (round % 3 == 0) bytes[at] ^= 1;
    if (round % 3 == 1) bytes.insert(at, "some inserted bytes");
    if (round % 3 == 2) bytes.erase(at, 500);
    store.forget_counts();
    ref = write_content(store, bytes, {ref.id, false});
    CHECK(store.new_blobs >= 1);
    CHECK(store.new_blobs <= 6);
    CHECK(store.new_lists >= 2);  // one a level
    CHECK(store.new_lists <= 4);
    CHECK(store.new_bytes < 1'200'000);
  }
  CHECK(chunks > 500);
  CHECK(core::sha256(read_content(store, ref)) == core::sha256(bytes));
}

TEST_CASE("lists are as long as the format says, at every level") {
  // Chunks of one size with ids all over the place: lists alone decide where they are cut.
  MemoryStore store;
  ContentWriter writer(store);
  std::mt19937_64 random(4);
  const Bytes block = random_bytes(random, 1 << 20);
  for (int i = 0; i < 300; ++i) {
    Bytes part = block;
    for (std::size_t k = 0; k < part.size(); k += 8192) part[k] = static_cast<char>(i + k / 8192);
    writer.write(part);
  }
  const ContentRef ref = writer.finish();
  std::vector<ListItem> chunks;
  collect_chunks(store, ref.id, chunks);
  // Each level again, from the rule alone.
  std::vector<ListItem> items = chunks;
  for (std::uint8_t level = 0;; ++level) {
    std::vector<ListItem> above;
    for (std::size_t from = 0, i = 0; i < items.size(); ++i) {
      const std::size_t count = i + 1 - from;
      const bool cut = count >= 32 && (count == 512 || (items[i].id.data()[0] >> 2) == 0);
      if (!cut && i + 1 < items.size()) continue;
      const std::vector<ListItem> part(items.begin() + static_cast<std::ptrdiff_t>(from),
                                       items.begin() + static_cast<std::ptrdiff_t>(i + 1));
      std::uint64_t size = 0;
      for (const ListItem& item : part) size += item.size;
      above.push_back({core::object_id(ObjectType::kList, encode_list(level, part)), size});
      from = i + 1;
    }
    items = above;
    if (items.size() == 1) break;
  }
  CHECK(items[0].id == ref.id);
  CHECK(items[0].size == ref.size);
}
