#include "objects/pack_encoder.h"

#include <algorithm>
#include <utility>

#include "isodb/error.h"
#include "objects/delta.h"
#include "objects/record.h"
#include "objects/resolving.h"

namespace isodb::objects {
namespace {

constexpr std::size_t kCacheBytes = 32 * 1024 * 1024;
constexpr std::uint64_t kFile = 0;  // the cache serves this pack alone
constexpr unsigned kDigits = 3;
// A dictionary shows what documents have in common; a long document shows that by itself.
constexpr std::size_t kDictionaryPayloadMax = 32 * 1024;
// Nodes are ids for the most part, over which Huffman's coding goes in vain: without it they take a
// third of the time, and 2 % more room.
constexpr int kQuickLevel = 1, kQuickNodeLevel = -1;

unsigned depth_limit(const PackWriter::Options& options) {
  return std::min(options.delta_depth_max, kDeltaDepthLimit);
}

}  // namespace

PackEncoder::PackEncoder(PackOutput& output, const ObjectSource& existing,
                         const PackWriter::Options& options)
    : output_(output),
      existing_(existing),
      options_(options),
      radix_(std::max(2u, depth_limit(options) / kDigits + 1)),
      versions_max_(radix_ * radix_ * radix_),
      cache_(kCacheBytes) {}

Object PackEncoder::read(std::uint64_t offset) const {
  return read_object(output_, offset, existing_, cache_, kFile);
}

std::optional<PackEncoder::Base> PackEncoder::base_in_pack(const PackEntry& older) const {
  const unsigned position = older.position + 1u;
  if (position >= versions_max_) return std::nullopt;
  std::uint64_t offset = older.offset();
  unsigned depth = older.depth;
  // Every link of the chain lowers the last non-zero digit by one.
  for (unsigned rest = position; rest % radix_ == 0; rest /= radix_) {
    for (unsigned step = 1; step < radix_; ++step, --depth) {
      offset = base_offset(output_, offset, load_header(output_, offset));
    }
  }
  if (depth >= depth_limit(options_)) return std::nullopt;
  Base base;
  base.object = read_shared_object(output_, offset, existing_, cache_, kFile);
  cache_.insert(kFile, offset, base.object);
  base.header.encoding = Encoding::kDeltaNear;
  base.header.distance = output_.size() - offset;
  base.header.depth = depth + 1;
  base.position = position;
  return base;
}

/// A base is a hint: one that is missing or damaged elsewhere is not used.
std::optional<PackEncoder::Base> PackEncoder::base_elsewhere(const Id& id) const {
  try {
    const unsigned depth = existing_.depth(id);
    if (depth >= depth_limit(options_)) return std::nullopt;
    std::optional<Object> object = existing_.get(id);
    if (!object) return std::nullopt;
    Base base;
    base.object = std::make_shared<const Object>(std::move(*object));
    base.header.encoding = Encoding::kDeltaById;
    base.header.base = id;
    base.header.depth = depth + 1;
    base.position = 0;
    return base;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) throw;
    return std::nullopt;
  }
}

std::optional<PackEncoder::Base> PackEncoder::find_base(const PackItem& item) const {
  if (item.compressed || depth_limit(options_) == 0) return std::nullopt;
  std::optional<Base> base;
  if (item.base != nullptr) {
    base = base_in_pack(*item.base);
  } else if (item.other_base) {
    base = base_elsewhere(*item.other_base);
  }
  if (base && base->object->type != item.type) base.reset();
  return base;
}

void PackEncoder::write(const PackItem& item, RecordHeader header, ByteView data,
                        unsigned position) {
  header.type = item.type;
  header.plain_bytes = item.size;
  record_.clear();
  append_framed(record_, header, data);
  item.entry->set_offset(output_.append(record_));
  item.entry->depth = static_cast<std::uint8_t>(header.depth);
  item.entry->position = static_cast<std::uint16_t>(position);
}

bool PackEncoder::stands_alone(const PackItem& item) {
  return item.packed == 0 && item.base == nullptr && !item.other_base;
}

Encoding PackEncoder::pack_alone(Bytes& out, const PackItem& item, ByteView payload) const {
  const bool is_like_samples =
      item.type == ObjectType::kBlob && payload.size() <= kDictionaryPayloadMax;
  const core::Dictionary* dictionary = is_like_samples ? dictionary_ : nullptr;
  const bool is_node = item.type == ObjectType::kTree;
  const int level = is_node && options_.level == kQuickLevel ? kQuickNodeLevel : options_.level;
  return append_plain(out, payload, item.compressed, dictionary, level);
}

/// Writes a delta if that is the smaller form.
bool PackEncoder::try_delta(const PackItem& item, ByteView payload) {
  const std::optional<Base> base = find_base(item);
  if (!base) return false;
  delta_.clear();
  append_delta(delta_, payload, base->object->payload, options_.delta_level);
  if (!is_clearly_small(delta_.size(), payload.size())) {
    const std::size_t name_bytes =
        base->header.encoding == Encoding::kDeltaById ? Id::kSize : sizeof(std::uint32_t);
    plain_encoding_ = pack_alone(plain_, item, payload);
    if (delta_.size() + name_bytes >= plain_.size()) return false;
  }
  write(item, base->header, delta_, base->position);
  return true;
}

void PackEncoder::encode(const PackItem& item, ByteView bytes) {
  if (item.packed > 0) {
    RecordHeader header;
    header.encoding = Encoding::kDictionary;
    return write(item, header, bytes, 0);
  }
  encode_payload(item, bytes);
}

void PackEncoder::note_versions(const PackItem& item) {
  bool& versions_seen = versions_seen_[static_cast<std::size_t>(item.type)];
  versions_seen = versions_seen || item.base != nullptr || item.other_base.has_value();
}

void PackEncoder::keep_as_base(const PackItem& item, ByteView payload) {
  if (!versions_seen_[static_cast<std::size_t>(item.type)] || item.compressed) return;
  cache_.insert(kFile, item.entry->offset(),
                std::make_shared<const Object>(Object{item.type, Bytes(payload)}));
}

void PackEncoder::encode_payload(const PackItem& item, ByteView payload) {
  note_versions(item);
  plain_.clear();
  if (!try_delta(item, payload)) {
    if (plain_.empty()) plain_encoding_ = pack_alone(plain_, item, payload);
    RecordHeader header;
    header.encoding = plain_encoding_;
    write(item, header, plain_, 0);
  }
  keep_as_base(item, payload);
}

void PackEncoder::encode_packed(const PackItem& item, ByteView payload, Encoding encoding,
                                ByteView data) {
  RecordHeader header;
  header.encoding = encoding;
  write(item, header, data, 0);
  keep_as_base(item, payload);
}

}  // namespace isodb::objects
