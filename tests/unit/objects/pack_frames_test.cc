// What comes packed already goes into a pack as it came.
#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include "core/compress.h"
#include "core/hash.h"
#include "objects/memory_store.h"
#include "objects/pack.h"
#include "tests/support/sync_corpus.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::objects;
using isodb::testing::SyncCorpus;
using isodb::testing::TemporaryFolder;

namespace {

using DictionaryPtr = std::shared_ptr<const core::Dictionary>;

DictionaryPtr dictionary_from(std::uint64_t first) {
  Bytes samples;
  for (std::uint64_t i = first; i < first + 20; ++i) samples += SyncCorpus::document(i);
  return std::make_shared<const core::Dictionary>(std::move(samples), 1);
}

/// Harder than a pack does, so that its own can be told from it.
Bytes frame_of(const Bytes& document, const core::Dictionary& dictionary) {
  Bytes frame;
  core::compress(frame, document, core::Dictionary(Bytes(dictionary.content()), 19));
  return frame;
}

struct Fixture {
  Fixture() : mine(dictionary_from(0)), other(dictionary_from(500)) {}

  PackWriter writer(unsigned threads = 2) const {
    PackWriter::Options options;
    options.dictionary = mine;
    options.threads = threads;
    return PackWriter(core::posix_file_system(), folder.path(), nullptr, options);
  }
  Id put(PackWriter& writer, std::uint64_t i, const DictionaryPtr& dictionary, PutHint hint = {}) {
    documents.push_back(SyncCorpus::document(i));
    frames.push_back(frame_of(documents.back(), *dictionary));
    hint.frame = frames.back();
    hint.frame_dictionary = dictionary.get();
    return writer.put(ObjectType::kBlob, documents.back(), hint);
  }
  std::unique_ptr<Pack> finish(PackWriter& writer) const {
    const PackInfo info = writer.finish().value();
    return std::make_unique<Pack>(core::posix_file_system(), folder / info.name, info.bytes);
  }

  TemporaryFolder folder;
  DictionaryPtr mine, other;
  std::vector<Bytes> documents, frames;
  MemoryStore nothing;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a pack holds frames of its dictionary as they came") {
  for (const unsigned threads : {1u, 2u}) {
    documents.clear();
    frames.clear();
    PackWriter pack_writer = writer(threads);
    std::vector<Id> ids;
    for (std::uint64_t i = 1000; i < 2200; ++i) {
      ids.push_back(put(pack_writer, i, mine));
      // Read while it waits, and while or after it is written.
      CHECK(pack_writer.get(ids.back())->payload == documents.back());
      CHECK(pack_writer.get(ids.front())->payload == documents.front());
    }
    const auto pack = finish(pack_writer);
    CHECK(pack->object_count() == ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      CHECK(ids[i] == core::object_id(ObjectType::kBlob, documents[i]));
      const std::uint64_t offset = pack->find(ids[i]).value();
      const auto blob = pack->packed_blob(offset);
      REQUIRE(blob);
      CHECK(blob->frame == frames[i]);
      CHECK(blob->plain_bytes == documents[i].size());
      CHECK(blob->dictionary->content() == mine->content());
      CHECK(pack->read(offset, nothing).payload == documents[i]);
    }
  }
}

TEST_CASE_METHOD(Fixture, "frames of another dictionary, and what is stored otherwise, do not") {
  PackWriter pack_writer = writer();
  const Id with_other = put(pack_writer, 1, other);
  const Id as_it_is = put(pack_writer, 2, mine, {.compressed = true});
  const Id before = put(pack_writer, 3, mine);
  documents.push_back(documents.back() + " ");
  PutHint hint{.base = before};
  const Bytes frame = frame_of(documents.back(), *mine);
  hint.frame = frame;
  hint.frame_dictionary = mine.get();
  const Id delta = pack_writer.put(ObjectType::kBlob, documents.back(), hint);
  const auto pack = finish(pack_writer);
  const auto blob = pack->packed_blob(pack->find(with_other).value());
  REQUIRE(blob);
  CHECK(blob->frame != frames[0]);
  CHECK(pack->read(pack->find(with_other).value(), nothing).payload == documents[0]);
  CHECK_FALSE(pack->packed_blob(pack->find(as_it_is).value()));
  CHECK(pack->packed_blob(pack->find(before).value()));
  CHECK_FALSE(pack->packed_blob(pack->find(delta).value()));
  CHECK(pack->summary(pack->find(delta).value()).depth == 1);
  CHECK(pack->read(pack->find(delta).value(), nothing).payload == documents.back());
}

TEST_CASE_METHOD(Fixture, "a dictionary may be offered until one was chosen") {
  PackWriter undecided(core::posix_file_system(), folder.path(), nullptr);
  const Id waits = undecided.put(ObjectType::kBlob, SyncCorpus::document(7));
  CHECK(undecided.dictionary() == nullptr);
  undecided.offer_dictionary(mine);
  undecided.offer_dictionary(other);
  CHECK(undecided.dictionary() == mine);
  const Id comes = put(undecided, 8, mine);
  const auto pack = finish(undecided);
  CHECK(pack->packed_blob(pack->find(waits).value()));
  CHECK(pack->packed_blob(pack->find(comes).value())->frame == frames[0]);
}

TEST_CASE_METHOD(Fixture, "a frame of what is there already is not stored again") {
  MemoryStore existing;
  existing.put(ObjectType::kBlob, SyncCorpus::document(1));
  PackWriter::Options options;
  options.dictionary = mine;
  PackWriter pack_writer(core::posix_file_system(), folder.path(), &existing, options);
  const Id held = put(pack_writer, 1, mine);
  CHECK(pack_writer.object_count() == 0);
  CHECK(pack_writer.get(held)->payload == documents.back());
  const Id comes = put(pack_writer, 2, mine);
  put(pack_writer, 2, mine);
  const auto pack = finish(pack_writer);
  CHECK(pack->object_count() == 1);
  CHECK(pack->find(comes));
  CHECK_FALSE(pack->find(held));
}
