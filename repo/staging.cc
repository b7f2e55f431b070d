#include "repo/staging.h"

#include <utility>

namespace isodb::repo {

Staging::Staging(const refs::LocalStore& store, core::FileSystem& files)
    : Staging(store, files, nullptr) {}

Staging::Staging(const refs::LocalStore& store, core::FileSystem& files,
                 std::shared_ptr<const core::Dictionary> dictionary)
    : store_(store), files_(files), loose_(store), dictionary_(std::move(dictionary)) {}

Id Staging::put(ObjectType type, ByteView payload, const objects::PutHint& hint) {
  plain_bytes_ += payload.size();
  const std::size_t loose_max = dictionary_ == nullptr ? kLooseBytesMax : kLooseBytesMaxOfMany;
  if (pack_ == nullptr && plain_bytes_ > loose_max) move_to_pack();
  if (pack_ != nullptr) return pack_->put(type, payload, hint);
  return loose_.put(type, payload, hint);
}

std::optional<objects::Object> Staging::get(const Id& id) const {
  if (pack_ != nullptr) {
    if (std::optional<objects::Object> object = pack_->get(id)) return object;
  }
  return loose_.get(id);
}

bool Staging::contains(const Id& id) const {
  return (pack_ != nullptr && pack_->contains(id)) || loose_.contains(id);
}

bool Staging::is_intact() const {
  if (generation() == store_.collection_generation()) return true;
  return !was_packed_ && loose_.is_intact();
}

void Staging::offer_dictionary(std::shared_ptr<const core::Dictionary> dictionary) {
  if (pack_ != nullptr) {
    pack_->offer_dictionary(dictionary);
  } else {
    dictionary_ = std::move(dictionary);
  }
}

std::shared_ptr<const core::Dictionary> Staging::dictionary() const {
  return pack_ != nullptr ? pack_->dictionary() : dictionary_;
}

std::optional<objects::PackInfo> Staging::finish_pack() {
  std::optional<objects::PackInfo> info = pack_->finish();
  dictionary_ = pack_->dictionary();
  pack_.reset();
  return info;
}

void Staging::move_to_pack() {
  was_packed_ = true;
  existing_ = store_.writer_view();
  objects::PackWriter::Options options;
  options.dictionary = dictionary_;
  pack_ = std::make_unique<objects::PackWriter>(files_, store_.packs_folder(), existing_.get(),
                                                options);
  for (const refs::LooseRow::Item& item : loose_.row().items) {
    const objects::Object object = *loose_.get(item.id);
    pack_->put(object.type, object.payload);
  }
  loose_.take();
}

}  // namespace isodb::repo
