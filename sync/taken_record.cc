#include "sync/taken_record.h"

#include <locale>
#include <sstream>

namespace isodb::sync {

TakenRecord::TakenRecord(RepositoryState& repository, const PublicKey& peer)
    : repository_(repository), setting_("objects_taken." + peer.fingerprint()) {}

/// What cannot be read, a newer version's too, is as good as none: then they come again.
std::optional<ObjectsTaken> TakenRecord::read() const {
  std::istringstream words(repository_.database->setting(setting_).value_or(""));
  words.imbue(std::locale::classic());
  std::uint64_t generation = 0;
  ObjectsTaken taken;
  std::string chain;
  if (!(words >> generation >> taken.count >> chain) || taken.count == 0) return std::nullopt;
  const std::optional<Id> id = Id::from_hex(chain);
  if (!id || generation != repository_.store->collection_generation()) return std::nullopt;
  taken.chain = *id;
  return taken;
}

void TakenRecord::write(const std::optional<ObjectsTaken>& taken, refs::WriteBatch& batch) const {
  std::optional<std::string> text;
  if (taken) {
    // A write of another generation is refused.
    text = std::to_string(repository_.store->collection_generation()) + " " +
           std::to_string(taken->count) + " " + taken->chain.hex();
  }
  batch.settings.emplace_back(setting_, text);
}

}  // namespace isodb::sync
