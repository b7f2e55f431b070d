#include <catch2/catch.hpp>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/chunker.h"
#include "objects/content.h"
#include "objects/list_format.h"
#include "objects/memory_store.h"

using namespace isodb;
using namespace isodb::objects;

namespace {

Bytes random_bytes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(count, '\0');
  for (std::size_t i = 0; i < count; i += 8) {
    const std::uint64_t word = random();
    for (std::size_t j = 0; j < 8 && i + j < count; ++j) {
      bytes[i + j] = static_cast<char>(word >> (8 * j));
    }
  }
  return bytes;
}

/// Remembers what was put with which base.
class WatchedStore : public MemoryStore {
 public:
  struct Put {
    Id id;
    ObjectType type;
    std::size_t bytes;
    std::optional<Id> base;
    bool fresh;
  };
  Id put(ObjectType type, ByteView payload, const PutHint& hint = {}) override {
    const bool fresh = !contains(core::object_id(type, payload));
    const Id id = MemoryStore::put(type, payload, hint);
    puts.push_back({id, type, payload.size(), hint.base, fresh});
    return id;
  }
  std::vector<Put> puts;
};

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("no error");
  return ErrorCode::kIo;
}

void check_list_refused(ByteView payload) {
  CHECK(code_of([&] { decode_list(payload); }) == ErrorCode::kCorrupt);
}

}  // namespace

TEST_CASE("a document of up to 64 KiB is one blob, an empty one too") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65536}}) {
    WatchedStore store;
    const Bytes document = random_bytes(size, size);
    const ContentRef ref = write_content(store, document);
    CHECK(ref.kind == ContentKind::kBlob);
    CHECK(ref.size == size);
    CHECK(ref.id == core::object_id(ObjectType::kBlob, document));
    CHECK(store.puts.size() == 1);
    CHECK(read_content(store, ref) == document);
  }
}

TEST_CASE("an empty document whose blob is missing or not empty is damage") {
  WatchedStore store;
  const Id missing = core::object_id(ObjectType::kBlob, "");
  CHECK(code_of([&] {
          read_content(store, {missing, ContentKind::kBlob, 0});
        }) == ErrorCode::kCorrupt);
  const Id full = store.put(ObjectType::kBlob, "x");
  CHECK(code_of([&] {
          read_content(store, {full, ContentKind::kBlob, 0});
        }) == ErrorCode::kCorrupt);
}

TEST_CASE("a document of more than 64 KiB is a list, even of a single chunk") {
  MemoryStore store;
  const Bytes document(65537, 'a');
  const ContentRef ref = write_content(store, document);
  CHECK(ref.kind == ContentKind::kList);
  CHECK(ref.size == document.size());
  const List list = decode_list(get_expected(store, ref.id, ObjectType::kList));
  CHECK(list.level == 0);
  CHECK(list.items.size() == 1);
  CHECK(list.size == document.size());
  CHECK(read_content(store, ref) == document);
}

TEST_CASE("chunks keep to their bounds and gather round the target") {
  const Bytes document = random_bytes(32 << 20, 1);
  std::size_t at = 0, chunks = 0;
  while (at < document.size()) {
    const std::size_t chunk = first_chunk_bytes(ByteView(document).substr(at));
    REQUIRE(chunk <= kChunkBytesMax);
    if (at + chunk < document.size()) REQUIRE(chunk >= kChunkBytesMin);
    at += chunk;
    ++chunks;
  }
  const std::size_t mean = document.size() / chunks;
  CHECK(mean > 56 * 1024);
  CHECK(mean < 84 * 1024);
}

TEST_CASE("a cut needs only the 64 bytes before it: it does not move with what comes before") {
  const Bytes document = random_bytes(4 << 20, 7);
  std::set<std::size_t> ends;
  for (std::size_t at = 0; at < document.size();) {
    at += first_chunk_bytes(ByteView(document).substr(at));
    ends.insert(at);
  }
  // Cutting from elsewhere, the ends soon are the same.
  std::size_t at = 12345, shared = 0, all = 0;
  while (at < document.size()) {
    at += first_chunk_bytes(ByteView(document).substr(at));
    ++all;
    shared += ends.count(at);
  }
  CHECK(all - shared <= 8);
}

TEST_CASE("documents come back whole and in part at any size") {
  for (const std::size_t size : {65537, 262144, 262145, 300000, 5000000}) {
    MemoryStore store;
    const Bytes document = random_bytes(size, size);
    const ContentRef ref = write_content(store, document);
    CHECK(read_content(store, ref) == document);
    ContentReader reader(store, ref);
    CHECK(reader.size() == size);
    CHECK(reader.read(size, 10).empty());
    CHECK(reader.read(UINT64_MAX, 10).empty());
    CHECK(reader.read(size - 3, UINT64_MAX) == document.substr(size - 3));
    CHECK(reader.read(1000, 70000) == document.substr(1000, 70000));
  }
}

TEST_CASE("lists of lists hold long documents") {
  MemoryStore store;
  // Long only in its lists: one chunk, many times.
  ContentWriter writer(store);
  const Bytes part(1 << 20, 'z');
  constexpr std::uint64_t kParts = 300;
  for (std::uint64_t i = 0; i < kParts; ++i) writer.write(part);
  const ContentRef ref = writer.finish();
  CHECK(ref.size == kParts << 20);
  CHECK(decode_list(get_expected(store, ref.id, ObjectType::kList)).level >= 1);
  ContentReader reader(store, ref);
  CHECK(reader.read(ref.size - 5, 100) == "zzzzz");
  CHECK(reader.read(ref.size / 2, 5) == "zzzzz");
  CHECK(code_of([&] { read_content(store, ref, 1000); }) == ErrorCode::kLimit);
}

TEST_CASE("new chunks get the chunk in their place in the older version as base") {
  WatchedStore store;
  Bytes document = random_bytes(2 << 20, 3);
  const ContentRef before = write_content(store, document);
  const List list = decode_list(get_expected(store, before.id, ObjectType::kList));
  REQUIRE(list.items.size() > 8);
  // An edit in the sixth chunk, of bytes that make no cut.
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < 5; ++i) offset += list.items[i].size;
  document[offset + 100] = static_cast<char>(document[offset + 100] + 1);
  store.puts.clear();
  write_content(store, document, {before.id, false});
  std::vector<WatchedStore::Put> fresh;
  for (const auto& put : store.puts) {
    if (put.fresh) fresh.push_back(put);
  }
  REQUIRE(fresh.size() == 2);
  CHECK(fresh[0].base == list.items[5].id);
  CHECK(fresh[1].type == ObjectType::kList);
  CHECK(fresh[1].base == before.id);
}

TEST_CASE("a damaged older version does not keep the newer one from being written") {
  MemoryStore store;
  const Id junk = store.put(ObjectType::kList, "no list at all");
  const Bytes document = random_bytes(200000, 4);
  const ContentRef ref = write_content(store, document, {junk, false});
  CHECK(read_content(store, ref) == document);
}

TEST_CASE("the list decoder takes what the encoder writes and nothing else") {
  MemoryStore store;
  const std::vector<ListItem> items = {{core::sha256("a"), 20000}, {core::sha256("b"), 5}};
  const Bytes good = encode_list(0, items);
  const List list = decode_list(good);
  CHECK(list.size == 20005);
  CHECK(encode_list(list.level, list.items) == good);

  check_list_refused("");
  for (std::size_t size = 0; size < good.size(); ++size) check_list_refused(good.substr(0, size));
  check_list_refused(good + '\0');
  Bytes version = good;
  version[0] = 2;
  check_list_refused(version);
  check_list_refused(encode_list(kListLevelMax + 1, items));
  check_list_refused(encode_list(0, {}));
  check_list_refused(encode_list(0, {{core::sha256("a"), 0}}));
  check_list_refused(encode_list(0, {{core::sha256("a"), kChunkBytesMax + 1}}));
  check_list_refused(encode_list(0, {{core::sha256("a"), 5}, {core::sha256("b"), 20000}}));
  check_list_refused(encode_list(1, {{core::sha256("a"), UINT64_MAX}, {core::sha256("b"), 2}}));
  check_list_refused(
      encode_list(1, {{core::sha256("a"), kDocumentBytesMax}, {core::sha256("b"), 1}}));
  check_list_refused(
      encode_list(0, std::vector<ListItem>(kListItemsMax + 1, {core::sha256("a"), 20000})));
  Bytes long_count = good;
  long_count[2] = static_cast<char>(0x82);
  long_count.insert(3, 1, '\0');
  check_list_refused(long_count);
}

TEST_CASE("documents whose objects lie about sizes, levels or types are corrupt") {
  MemoryStore store;
  const Bytes chunk = random_bytes(100000, 9);
  const Id chunk_id = store.put(ObjectType::kBlob, chunk);
  const auto refused = [&](const ContentRef& ref) {
    CHECK(code_of([&] { read_content(store, ref); }) == ErrorCode::kCorrupt);
  };
  const auto put_list = [&](std::uint8_t level, const std::vector<ListItem>& items) {
    return store.put(ObjectType::kList, encode_list(level, items));
  };
  const Id honest = put_list(0, {{chunk_id, 100000}});
  CHECK(read_content(store, {honest, ContentKind::kList, 100000}) == chunk);

  SECTION("the reference") {
    refused({honest, ContentKind::kList, 100001});
    refused({honest, ContentKind::kBlob, 100000});
    refused({chunk_id, ContentKind::kBlob, 100});
    refused({chunk_id, ContentKind::kList, 100000});
    refused({core::sha256("missing"), ContentKind::kList, 100000});
    refused({core::sha256("missing"), ContentKind::kBlob, 10});
    refused({put_list(0, {{chunk_id, 60000}}), ContentKind::kList, 60000});
  }
  SECTION("a chunk") {
    refused({put_list(0, {{chunk_id, 99999}}), ContentKind::kList, 99999});
    refused({put_list(0, {{chunk_id, 100001}}), ContentKind::kList, 100001});
    refused({put_list(0, {{honest, 100000}}), ContentKind::kList, 100000});
    refused({put_list(0, {{core::sha256("missing"), 100000}}), ContentKind::kList, 100000});
  }
  SECTION("a level") {
    const Id two = put_list(1, {{honest, 100000}, {honest, 100000}});
    CHECK(read_content(store, {two, ContentKind::kList, 200000}) == chunk + chunk);
    refused({put_list(1, {{honest, 100000}}), ContentKind::kList, 100000});
    refused({put_list(2, {{honest, 100000}, {honest, 100000}}), ContentKind::kList, 200000});
    refused({put_list(1, {{two, 200000}, {two, 200000}}), ContentKind::kList, 400000});
    refused({put_list(1, {{chunk_id, 100000}, {honest, 100000}}), ContentKind::kList, 200000});
    refused({put_list(2, {{two, 200001}, {two, 200000}}), ContentKind::kList, 400001});
  }
  SECTION("a size beyond all memory") {
    const std::uint64_t huge = kDocumentBytesMax / 2;
    const Id list = put_list(3, {{core::sha256("a"), huge}, {core::sha256("b"), huge}});
    refused({list, ContentKind::kList, 2 * huge});
  }
}
