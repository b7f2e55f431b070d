#include "objects/node.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "objects/node_format.h"

namespace isodb::objects {
namespace {

/// The size in an entry's attributes, which check_node() found to be in its shortest form; `at`
/// moves behind it.
std::uint64_t read_size(const char*& at) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*at++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

Id load_id(const char* at) {
  Id id;
  std::memcpy(id.data(), at, Id::kSize);
  return id;
}

}  // namespace

Node::Node(Bytes payload) : payload_(std::move(payload)), layout_(check_node(payload_)) {}

std::string_view Node::prefix() const {
  return {payload_.data() + kNodeHeaderBytes, layout_.prefix_bytes};
}

std::string_view Node::suffix(std::size_t i) const {
  const PartRange range = part_range(payload_.data() + layout_.key_ends_at, i);
  return {payload_.data() + layout_.suffixes_at + range.begin, range.end - range.begin};
}

void Node::copy_key(std::size_t i, std::string& out) const {
  out.assign(prefix());
  out.append(suffix(i));
}

std::string Node::key(std::size_t i) const {
  const std::string_view head = prefix();
  const std::string_view tail = suffix(i);
  std::string key;
  key.reserve(head.size() + tail.size());
  key.append(head).append(tail);
  return key;
}

/// A search goes through half a dozen lines of a node that mostly is not in the processor's cache,
/// each of which depends on the one before: all of them are fetched at once.
void Node::prefetch_keys() const {
  constexpr std::size_t kLineBytes = 64, kLinesMax = 16;
  const char* const begin = payload_.data() + layout_.key_ends_at;
  const std::size_t lines = (layout_.ids_at - layout_.key_ends_at) / kLineBytes + 1;
  if (lines > kLinesMax) return;
  for (std::size_t i = 0; i < lines; ++i) __builtin_prefetch(begin + i * kLineBytes);
}

std::size_t Node::lower_bound(std::string_view key) const {
  const std::string_view head = prefix();
  const int order = key.substr(0, head.size()).compare(head);
  if (order != 0) return order < 0 ? 0 : size();
  const std::string_view rest = key.substr(head.size());
  prefetch_keys();
  std::array<char, 8> padded{};
  std::copy_n(rest.begin(), std::min(rest.size(), padded.size()), padded.begin());
  const std::uint64_t rest_head = load_head(padded.data(), padded.size());
  std::size_t begin = 0;
  for (std::size_t left = size(); left > 0;) {
    const std::size_t half = left / 2;
    const std::string_view tail = suffix(begin + half);
    const std::uint64_t tail_head = load_head(tail.data(), tail.size());
    if (tail_head != rest_head ? tail_head < rest_head : tail < rest) {
      begin += half + 1;
      left -= half + 1;
    } else {
      left = half;
    }
  }
  return begin;
}

bool Node::key_is(std::size_t i, std::string_view key) const {
  const std::string_view tail = suffix(i);
  return key.size() == layout_.prefix_bytes + tail.size() && key.ends_with(tail) &&
         key.starts_with(prefix());
}

std::size_t Node::find(std::string_view key) const {
  const std::size_t i = lower_bound(key);
  return i < size() && key_is(i, key) ? i : size();
}

std::uint64_t Node::weight() const {
  return size() * (kKeyWeightBase + layout_.prefix_bytes) + (layout_.ids_at - layout_.suffixes_at);
}

Id Node::id(std::size_t i) const {
  return load_id(payload_.data() + layout_.ids_at + i * Id::kSize);
}

std::string_view Node::number_bytes(std::size_t i) const {
  const std::size_t bytes = number_size(level());
  return {payload_.data() + layout_.numbers_at + i * bytes, bytes};
}

std::string_view Node::attributes(std::size_t i) const {
  if (level() > 0) return {payload_.data() + layout_.attributes_at + i, 1};
  const PartRange range = part_range(payload_.data() + layout_.attribute_ends_at, i);
  return {payload_.data() + layout_.attributes_at + range.begin, range.end - range.begin};
}

std::uint8_t Node::flags(std::size_t i) const {
  return static_cast<std::uint8_t>(attributes(i)[0]) & kEntryFlagMask;
}

ContentRef Node::content(std::size_t i) const {
  const char* at = attributes(i).data();
  const auto head = static_cast<std::uint8_t>(*at++);
  return {id(i), static_cast<ContentKind>(head & kKindMask), read_size(at)};
}

Entry Node::entry(std::size_t i) const {
  const char* at = attributes(i).data();
  const auto head = static_cast<std::uint8_t>(*at++);
  Entry entry;
  entry.content = id(i);
  entry.kind = static_cast<ContentKind>(head & kKindMask);
  entry.flags = head & kEntryFlagMask;
  entry.size = read_size(at);
  const auto media = static_cast<std::uint8_t>(*at++);
  if (media == kMediaSpelledOut) {
    const auto bytes = static_cast<std::uint8_t>(*at++);
    entry.media_type.assign(at, bytes);
    at += bytes;
  } else {
    entry.media_type = *media_type_from_number(media);
  }
  const char* stamp = number_bytes(i).data();
  entry.stamp.clock.value = load_count(stamp);
  entry.stamp.writer.value = load_count(stamp + 8);
  if ((head & kFlagMerged) != 0) {
    entry.merge_digest_tail = load_count(at);
    at += 8;
  }
  if ((head & kHasMetadata) != 0) entry.metadata = load_id(at);
  return entry;
}

Child Node::child(std::size_t i) const {
  return {id(i), load_count(number_bytes(i).data()), flags(i)};
}

bool Node::same_value(std::size_t i, const Node& other, std::size_t j) const {
  return std::memcmp(payload_.data() + layout_.ids_at + i * Id::kSize,
                     other.payload_.data() + other.layout_.ids_at + j * Id::kSize,
                     Id::kSize) == 0 &&
         number_bytes(i) == other.number_bytes(j) && attributes(i) == other.attributes(j);
}

}  // namespace isodb::objects
