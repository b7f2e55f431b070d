// A dictionary shows stretches of what it was trained on, and goes to others with the documents
// that are packed with it: so only of what was loaded or received, not of drafts.
#include <catch2/catch.hpp>

#include "core/compress.h"
#include "tests/support/sync_corpus.h"
#include "tests/unit/refs/store_support.h"

namespace isodb::refs {
namespace {

using namespace test;
using isodb::testing::SyncCorpus;

struct Fixture {
  Fixture() { create_repository(folder.path()); }
  std::shared_ptr<const core::Dictionary> dictionary(const Opened& opened) const {
    REQUIRE(opened.store.packs().size() == 1);
    const objects::PackInfo pack = opened.store.packs().front();
    const std::filesystem::path path = folder / "packs" / pack.name;
    return objects::Pack(core::posix_file_system(), path, pack.bytes).dictionary();
  }
  TemporaryFolder folder;
};

std::vector<Id> write_loose(Opened& opened, std::uint64_t first, std::uint64_t count) {
  LooseBatch batch(opened.store);
  std::vector<Id> ids;
  for (std::uint64_t i = first; i < first + count; ++i) {
    ids.push_back(batch.put(ObjectType::kBlob, SyncCorpus::document(i)));
  }
  write(opened, batch);
  return ids;
}

/// As an import does.
std::vector<Id> load(const TemporaryFolder& folder, Opened& opened, std::uint64_t first,
                     std::uint64_t count) {
  const auto existing = opened.store.writer_view();
  objects::PackWriter writer(core::posix_file_system(), folder / "packs", existing.get());
  std::vector<Id> ids;
  for (std::uint64_t i = first; i < first + count; ++i) {
    ids.push_back(writer.put(ObjectType::kBlob, SyncCorpus::document(i)));
  }
  WriteBatch batch;
  batch.packs_added.push_back(writer.finish().value());
  opened.database->write(batch);
  opened.store.refresh();
  return ids;
}

std::size_t count_packed(const Opened& opened, const std::vector<Id>& ids) {
  return static_cast<std::size_t>(std::count_if(ids.begin(), ids.end(), [&](const Id& id) {
    return opened.store.packed_blob(id).has_value();
  }));
}

}  // namespace

TEST_CASE_METHOD(Fixture, "what was packed out of loose rows is given to nobody as it lies") {
  Opened opened(folder.path());
  const std::vector<Id> ids = write_loose(opened, 0, 6'000);
  REQUIRE(opened.store.pack_when_due({.loose_objects = 0, .loose_bytes = 0}));
  REQUIRE(dictionary(opened) != nullptr);
  CHECK(core::is_private(dictionary(opened)->content()));
  CHECK(count_packed(opened, ids) == 0);

  std::vector<Id> again = ids;
  again.pop_back();
  collect(opened, again);
  CHECK(core::is_private(dictionary(opened)->content()));
  CHECK(count_packed(opened, again) == 0);
}

TEST_CASE_METHOD(Fixture, "what was loaded is, and packing it anew keeps its dictionary") {
  Opened opened(folder.path());
  std::vector<Id> ids = load(folder, opened, 0, 6'000);
  const Bytes content(dictionary(opened)->content());
  CHECK_FALSE(core::is_private(content));
  CHECK(count_packed(opened, ids) > 5'000);

  // What is loose comes along, packed with what others may see, and shows nothing of itself.
  for (const Id& id : write_loose(opened, 10'000, 500)) ids.push_back(id);
  collect(opened, ids);
  CHECK(dictionary(opened)->content() == content);
  CHECK(count_packed(opened, ids) > 5'000);
}

}  // namespace isodb::refs
