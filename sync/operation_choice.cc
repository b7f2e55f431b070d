#include "sync/operation_choice.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/compress.h"
#include "isodb/error.h"
#include "objects/content.h"
#include "sync/chunks.h"
#include "sync/json_scalars.h"

namespace isodb::sync {
namespace {

using wire::OperationElement;
using wire::OperationKind;

/// Once this many whole documents are in a stream's window, a new one packs well without a base.
constexpr std::uint64_t kWholesMin = 8;
/// What is shorter is not worth making a patch for.
constexpr std::size_t kShortBytes = 40;
/// Offsets differ from document to document where a value's number is the same: they pack worse.
constexpr std::size_t kOffsetPenalty = 3;
constexpr std::size_t kValuesMax = 4096;
constexpr std::size_t kNeighbourBytesMin = 64;

std::size_t varint_bytes(std::uint64_t value) {
  std::size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

std::size_t cost_of(const std::vector<wire::ReplacedValue>& values) {
  std::size_t cost = varint_bytes(values.size());
  for (const wire::ReplacedValue& value : values) {
    cost += varint_bytes(value.skipped) + varint_bytes(value.text.size()) + value.text.size();
  }
  return cost;
}

/// What stands between the longest beginning and the longest end that both texts share.
void set_splice(OperationElement& element, ByteView base, ByteView result) {
  const auto begin = static_cast<std::size_t>(
      std::mismatch(base.begin(), base.end(), result.begin(), result.end()).first - base.begin());
  const std::size_t most = std::min(base.size(), result.size()) - begin;
  const auto differs = std::mismatch(
      base.rbegin(), base.rbegin() + static_cast<std::ptrdiff_t>(most), result.rbegin());
  const auto end = static_cast<std::size_t>(differs.first - base.rbegin());
  element.kind = OperationKind::kSplice;
  element.offset = begin;
  element.removed = base.size() - begin - end;
  element.bytes = result.substr(begin, result.size() - begin - end);
}

std::size_t cost_of_splice(const OperationElement& element) {
  return kOffsetPenalty + varint_bytes(element.offset) + varint_bytes(element.removed) +
         varint_bytes(element.bytes.size()) + element.bytes.size();
}

/// The chunks of a document's older version by number and by id.
class OldChunks {
 public:
  void read(const objects::ObjectSource& source, const objects::ContentRef& document) {
    ChunkWalk walk(source, document);
    while (chunks_.size() < kOldChunksMax) {
      const std::optional<objects::ListItem> chunk = walk.next();
      if (!chunk) break;
      numbers_.try_emplace(chunk->id, chunks_.size());
      chunks_.push_back(chunk->id);
    }
  }
  bool has_at(std::uint64_t number, const Id& chunk) const {
    return number < chunks_.size() && chunks_[number] == chunk;
  }
  std::optional<std::uint64_t> find(const Id& chunk) const {
    const auto found = numbers_.find(chunk);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::vector<Id> chunks_;
  std::unordered_map<Id, std::uint64_t> numbers_;
};

/// A patch's bytes do not pack any further in the stream, where plain ones come to a half or less.
bool patch_is_shorter(std::size_t patch_bytes, std::size_t plain_bytes) {
  return patch_bytes + 2 < plain_bytes / 2;
}

}  // namespace

ChosenOperation OperationChoice::choose(const Write& write, std::uint64_t& whole_documents) {
  ChosenOperation chosen;
  OperationElement& element = chosen.element;
  paths_.encode(write.path, !write.before.has_value(), element);
  if (!write.after) {
    element.kind = OperationKind::kDelete;
    return chosen;
  }
  const std::string_view usual_type =
      write.before ? write.before->media_type : media_type_for_path(write.path);
  if (write.after->media_type != usual_type) element.media_type = write.after->media_type;
  const std::optional<Id> usual_metadata = write.before ? write.before->metadata : std::nullopt;
  if (write.after->metadata != usual_metadata) {
    element.metadata.emplace();
    if (write.after->metadata) {
      *element.metadata =
          objects::get_expected(*state_.store, *write.after->metadata, ObjectType::kBlob);
    }
  }
  choose_content(write, whole_documents, chosen);
  return chosen;
}

void OperationChoice::choose_content(const Write& write, std::uint64_t& whole_documents,
                                     ChosenOperation& chosen) {
  OperationElement& element = chosen.element;
  if (const std::optional<std::uint64_t> rank = rank_to_copy(write)) {
    element.kind = OperationKind::kCopy;
    element.rank_delta =
        static_cast<std::int64_t>(*rank) - static_cast<std::int64_t>(paths_.last()->rank);
    return;
  }
  if (goes_as_hash(write)) {
    element.kind = OperationKind::kHash;
    element.content = write.after->content;
    element.content_kind = write.after->kind;
    element.size = write.after->size;
    return;
  }
  expect_sendable(write);
  if (write.after->kind == ContentKind::kList) return describe_large(write, chosen);
  if (frames_ != nullptr && !write.before && frames_->take(write.after->content, element)) return;
  element.bytes = objects::get_expected(*state_.store, write.after->content, ObjectType::kBlob);
  element.kind = OperationKind::kWhole;
  if (write.before && write.before->kind == ContentKind::kBlob &&
      can_build_on(write.path, *write.before)) {
    if (try_edit(write, element)) return;
  } else if (whole_documents < kWholesMin && element.bytes.size() >= kNeighbourBytesMin) {
    if (!write.before && try_neighbour(element)) return;
  }
  ++whole_documents;
}

/// Of the old entry that has the content already. What the receiver does not need it may copy from
/// what it does not hold.
std::optional<std::uint64_t> OperationChoice::rank_to_copy(const Write& write) {
  const bool needs_source = receiver_ != nullptr && !goes_as_hash(write);
  if (write.before && write.before->content == write.after->content) {
    if (needs_source && !receiver_->holds(write.path, *write.before)) return std::nullopt;
    return paths_.rank_of(write.path);
  }
  const auto moved = deleted_contents_.find(write.after->content);
  if (moved == deleted_contents_.end()) return std::nullopt;
  const std::uint64_t rank = paths_.rank_of(moved->second);
  if (needs_source) {
    const PathCoding::Old* const source = paths_.old(rank);
    if (source == nullptr || !receiver_->holds(source->path, source->entry)) return std::nullopt;
  }
  return rank;
}

bool OperationChoice::goes_as_hash(const Write& write) const {
  if (is_erased(write.path, *write.after)) return true;
  return receiver_ != nullptr && !receiver_->takes(write.path, write.after->stamp, commit_);
}

bool OperationChoice::is_erased(std::string_view path, const Entry& entry) const {
  return !path.starts_with(kGovernedPrefix) && erased_->has(entry.content);
}

/// Both sides hold the entry's content.
bool OperationChoice::can_build_on(const std::string& path, const Entry& entry) const {
  if (is_erased(path, entry)) return false;
  if (receiver_ != nullptr && !receiver_->holds(path, entry)) return false;
  return is_held(entry);
}

bool OperationChoice::is_held(const Entry& entry) const {
  return state_.scope()->is_whole() || state_.store->contains(entry.content);
}

void OperationChoice::expect_sendable(const Write& write) {
  if (!write.after || is_held(*write.after)) return;
  if (goes_as_hash(write) || rank_to_copy(write)) return;
  throw Error(ErrorCode::kNotHeld,
              "this copy is partial and does not hold what commit " + commit_.short_hex() +
                  " wrote in '" + write.path +
                  "', which the other side lacks: what was committed here since waits",
              "sync the other side with one that holds it, or hold it here, too: isodb fetch "
              "REMOTE --add-path PREFIX");
}

/// Against the path's own old content. `element` is the whole document.
bool OperationChoice::try_edit(const Write& write, OperationElement& element) {
  const Bytes base = objects::get_expected(*state_.store, write.before->content, ObjectType::kBlob);
  OperationElement best = element;
  set_splice(best, base, element.bytes);
  std::size_t cost = cost_of_splice(best);
  if (auto values = replaced_values(base, element.bytes, kValuesMax)) {
    if (const std::size_t values_cost = cost_of(*values); values_cost <= cost) {
      best.kind = OperationKind::kValues;
      best.values = std::move(*values);
      best.bytes.clear();
      best.offset = best.removed = 0;
      cost = values_cost;
    }
  }
  if (cost > kShortBytes) {
    Bytes patch;
    core::compress_delta(patch, element.bytes, base);
    if (patch_is_shorter(patch.size(), std::min(cost, element.bytes.size()))) {
      element.kind = OperationKind::kPatch;
      element.size = element.bytes.size();
      element.bytes = std::move(patch);
      return true;
    }
  }
  if (cost >= element.bytes.size()) return false;
  element = std::move(best);
  return true;
}

/// Against the entry before the new path. `element` is the whole document.
bool OperationChoice::try_neighbour(OperationElement& element) {
  const std::uint64_t rank = paths_.last()->rank;
  const PathCoding::Old* const neighbour = paths_.old(rank == 0 ? 0 : rank - 1);
  if (neighbour == nullptr || neighbour->entry.kind != ContentKind::kBlob) return false;
  if (!can_build_on(neighbour->path, neighbour->entry)) return false;
  const Bytes base =
      objects::get_expected(*state_.store, neighbour->entry.content, ObjectType::kBlob);
  Bytes patch;
  core::compress_delta(patch, element.bytes, base);
  if (!patch_is_shorter(patch.size(), element.bytes.size())) return false;
  element.kind = OperationKind::kPatch;
  element.from_neighbour = true;
  element.size = element.bytes.size();
  element.bytes = std::move(patch);
  return true;
}

void OperationChoice::describe_large(const Write& write, ChosenOperation& chosen) {
  OldChunks old_chunks;
  if (write.before && write.before->kind == ContentKind::kList &&
      can_build_on(write.path, *write.before)) {
    old_chunks.read(*state_.store, repo::content_ref(*write.before));
  }
  OperationElement& element = chosen.element;
  element.kind = OperationKind::kLarge;
  element.size = write.after->size;
  std::uint64_t offset = 0, old_in_all = 0;
  ChunkWalk walk(*state_.store, repo::content_ref(*write.after));
  // The last part takes all that is left, so that the element stays within its limits.
  while (element.parts.size() + 1 < wire::LargePart::kPartsMax && old_in_all < kOldChunksMax) {
    const std::optional<objects::ListItem> chunk = walk.next();
    if (!chunk) return;
    wire::LargePart* const last = element.parts.empty() ? nullptr : &element.parts.back();
    const std::uint64_t next = last == nullptr ? 0 : last->first + last->count;
    if (last != nullptr && last->count > 0 && old_chunks.has_at(next, chunk->id)) {
      ++last->count;
      ++old_in_all;
    } else if (const auto old = old_chunks.find(chunk->id)) {
      element.parts.push_back({.first = *old, .count = 1});
      ++old_in_all;
    } else if (last != nullptr && last->count == 0) {
      last->new_bytes += chunk->size;
      chosen.new_bytes.back().bytes += chunk->size;
    } else {
      element.parts.push_back({.new_bytes = chunk->size});
      chosen.new_bytes.push_back({offset, chunk->size});
    }
    offset += chunk->size;
  }
  if (offset == element.size) return;
  element.parts.push_back({.new_bytes = element.size - offset});
  chosen.new_bytes.push_back({offset, element.size - offset});
}

}  // namespace isodb::sync
