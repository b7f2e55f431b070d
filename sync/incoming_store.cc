#include "sync/incoming_store.h"

#include <utility>

#include "core/compress.h"
#include "isodb/error.h"
#include "objects/pack.h"
#include "wire/element.h"

namespace isodb::sync {
namespace {

/// What comes may change in kind.
constexpr int kPacksPerDictionary = 16;
/// A pack of fewer is not ended for another dictionary: many small ones have to be merged later.
constexpr std::uint64_t kPackedObjectsMin = 4096;

}  // namespace

IncomingStore::IncomingStore(RepositoryState& repository) : repository_(repository) {
  // A collection that ended before the session begins is none of its concern.
  repository.store->refresh();
  begin_staging();
}

void IncomingStore::begin_staging() {
  const auto& dictionary = frame_dictionary_ != nullptr ? frame_dictionary_ : dictionary_;
  staging_ = std::make_unique<repo::Staging>(*repository_.store, repository_.files, dictionary);
}

void IncomingStore::begin_frames(Bytes dictionary) {
  const std::size_t bytes = dictionary.size();
  if (bytes < wire::DictionaryElement::kBytesMin || bytes > wire::DictionaryElement::kBytesMax) {
    throw Error(ErrorCode::kCorrupt, "a dictionary has not 256 to 65,536 bytes");
  }
  const int level = objects::PackWriter::Options{}.level;
  frame_dictionary_ = std::make_shared<const core::Dictionary>(std::move(dictionary), level);
  staging_->offer_dictionary(frame_dictionary_);
}

bool IncomingStore::is_pack_of_another_dictionary() const {
  return frame_dictionary_ != nullptr && staging_->packed_objects() >= kPackedObjectsMin &&
         staging_->dictionary() != frame_dictionary_;
}

std::optional<refs::LostSwap> IncomingStore::write(refs::WriteBatch batch) {
  if (staging_->is_packed()) {
    // First by itself: were the swap lost, nobody could read what is in a pack that no database
    // names.
    refs::WriteBatch objects;
    objects.collection_generation = staging_->generation();
    if (std::optional<objects::PackInfo> pack = staging_->finish_pack()) {
      written_bytes_ += pack->bytes;
      objects.packs_added.push_back(*pack);
    }
    const bool lost = repository_.database->write(objects).lost.has_value();
    repository_.store->refresh();
    const auto& dictionary = staging_->dictionary();
    const bool is_new = dictionary != dictionary_;
    packs_with_it_ = is_new ? 1 : packs_with_it_ + 1;
    const bool is_own = dictionary != frame_dictionary_;
    dictionary_ = is_own && packs_with_it_ < kPacksPerDictionary ? dictionary : nullptr;
    begin_staging();
    if (lost) {
      throw Error(ErrorCode::kStale, "the repository was collected while it was synced into",
                  "sync again");
    }
  } else if (!staging_->loose().empty()) {
    batch.loose.push_back(staging_->loose().row());
    written_bytes_ += batch.loose.back().records.size();
  }
  batch.collection_generation = staging_->generation();
  batch.at_millis = repository_.environment.now_millis();
  batch.writer = repository_.public_key().fingerprint();
  const refs::Database::WriteResult result = repository_.database->write(batch);
  if (result.lost && result.lost->name.empty()) {
    throw Error(ErrorCode::kStale,
                "the repository was collected, or came to hold more, while it was synced into",
                "sync again");
  }
  if (result.lost) return result.lost;
  for (std::size_t i = 0; i < batch.loose.size(); ++i) {
    batch.loose[i].number = result.loose_numbers[i];
  }
  repository_.store->adopt(std::move(batch.loose), result.transactions);
  begin_staging();
  repository_.pack_when_due();
  return std::nullopt;
}

}  // namespace isodb::sync
