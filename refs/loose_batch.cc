#include <algorithm>
#include <utility>

#include "core/hash.h"
#include "isodb/error.h"
#include "refs/local_store.h"

namespace isodb::refs {
namespace {

/// Records to read, at most, for one loose object: it is soon packed, and read often before.
constexpr unsigned kDeltaDepthMax = 12;

}  // namespace

LooseBatch::LooseBatch(const LocalStore& below)
    : below_(below), generation_(below.collection_generation()) {}

Id LooseBatch::put(ObjectType type, ByteView payload, const objects::PutHint& hint) {
  const Id id = core::object_id(type, payload);
  if (plain_.contains(id)) return id;
  if (below_.holds(id)) {
    assumed_.push_back(id);
    return id;
  }
  const Base base = hint.compressed ? Base() : find_base(type, payload.size(), hint);
  // Asked again after the base was found, which may have brought newer objects into view: a delta
  // must never be based on something that is younger than the object itself.
  if (base.is_below && below_.holds(id)) {
    assumed_.push_back(id);
    return id;
  }
  objects::PutHint usable = hint;
  if (base.own == nullptr && !base.is_below) usable.base.reset();
  const std::size_t offset = row_.records.size();
  if (offset > UINT32_MAX) throw Error(ErrorCode::kLimit, "more than 4 GiB in one loose row");
  objects::append_record(row_.records, type, payload, usable, base.object(), base.depth,
                         kDeltaDepthMax);
  row_.items.push_back({id, static_cast<std::uint32_t>(offset)});
  const unsigned depth = objects::record_depth(ByteView(row_.records).substr(offset));
  if (base.is_below) bases_below_.insert(*hint.base);
  plain_.emplace(id, Held{{type, Bytes(payload)}, depth});
  return id;
}

bool LooseBatch::absorb(const LooseBatch& other) {
  for (const LooseRow::Item& item : other.row_.items) {
    if (bases_below_.contains(item.id)) return false;
  }
  for (std::size_t i = 0; i < other.row_.items.size(); ++i) {
    const LooseRow::Item& item = other.row_.items[i];
    if (!plain_.emplace(item.id, other.plain_.at(item.id)).second) continue;
    const bool is_last = i + 1 == other.row_.items.size();
    const std::size_t end = is_last ? other.row_.records.size() : other.row_.items[i + 1].offset;
    row_.items.push_back({item.id, static_cast<std::uint32_t>(row_.records.size())});
    row_.records.append(other.row_.records, item.offset, end - item.offset);
  }
  for (const Id& id : other.bases_below_) {
    if (!plain_.contains(id)) bases_below_.insert(id);
  }
  assumed_.insert(assumed_.end(), other.assumed_.begin(), other.assumed_.end());
  return true;
}

LooseBatch::Base LooseBatch::find_base(ObjectType type, std::size_t payload_bytes,
                                       const objects::PutHint& hint) {
  Base base;
  if (!hint.base) return base;
  const Id& id = *hint.base;
  const auto own = plain_.find(id);
  if (own != plain_.end()) {
    base.own = &own->second.object;
    base.depth = own->second.depth;
    return base;
  }
  const std::optional<objects::RecordSummary> held = below_.summary(id);
  if (!held) return base;
  base.is_below = true;
  base.depth = held->depth;
  // Its bytes are not needed where it is only named.
  if (objects::is_stored_after(type, payload_bytes) || held->depth >= kDeltaDepthMax) return base;
  if (hint.base_bytes.empty()) {
    base.read = below_.get(id);
  } else {
    base.read = objects::Object{type, Bytes(hint.base_bytes)};
  }
  if (base.read) assumed_.push_back(id);
  return base;
}

std::optional<objects::Object> LooseBatch::get(const Id& id) const {
  const auto own = plain_.find(id);
  return own != plain_.end() ? own->second.object : below_.get(id);
}

bool LooseBatch::contains(const Id& id) const {
  return plain_.contains(id) || below_.contains(id);
}

unsigned LooseBatch::depth(const Id& id) const {
  const auto own = plain_.find(id);
  return own != plain_.end() ? own->second.depth : below_.depth(id);
}

bool LooseBatch::empty() const {
  return row_.items.empty();
}

std::size_t LooseBatch::bytes() const {
  return row_.records.size();
}

bool LooseBatch::is_intact() const {
  return std::all_of(assumed_.begin(), assumed_.end(),
                     [&](const Id& id) { return below_.contains(id); });
}

LooseRow LooseBatch::take() {
  plain_.clear();
  bases_below_.clear();
  assumed_.clear();
  return std::exchange(row_, {});
}

}  // namespace isodb::refs
