#include "sync/stored_frames.h"

#include <utility>

namespace isodb::sync {
namespace {

/// A dictionary takes as long to send as some hundred documents: it is sent where at least as many
/// as have come from its pack are likely to follow.
constexpr std::uint64_t kRow = 512;

}  // namespace

/// Chooses it, where so many others in a row were packed with it.
bool StoredFrames::is_chosen(const DictionaryPtr& dictionary) {
  if (dictionary == chosen_ || dictionary == same_) {
    in_a_row_ = 0;
    return true;
  }
  if (dictionary != next_) {
    next_ = dictionary;
    in_a_row_ = 0;
    if (chosen_ != nullptr && dictionary->content() == chosen_->content()) {
      same_ = dictionary;
      return true;
    }
  }
  if (++in_a_row_ <= kRow) return false;
  chosen_ = dictionary;
  same_.reset();
  is_new_ = true;
  return true;
}

bool StoredFrames::take(const Id& content, wire::OperationElement& operation) {
  if (!may_take_) return false;
  std::optional<objects::PackedBlob> blob = store_.packed_blob(content);
  if (!blob || blob->plain_bytes > wire::kOperationBytesMax) return false;
  const std::size_t bytes = blob->dictionary->content().size();
  if (bytes < wire::DictionaryElement::kBytesMin || bytes > wire::DictionaryElement::kBytesMax) {
    return false;
  }
  if (blob->frame.size() >= blob->plain_bytes || !is_chosen(blob->dictionary)) return false;
  operation.kind = wire::OperationKind::kFrame;
  operation.size = blob->plain_bytes;
  operation.bytes = std::move(blob->frame);
  return true;
}

std::optional<wire::DictionaryElement> StoredFrames::take_dictionary() {
  if (!std::exchange(is_new_, false)) return std::nullopt;
  return wire::DictionaryElement{Bytes(chosen_->content())};
}

}  // namespace isodb::sync
