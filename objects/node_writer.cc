#include "objects/node_writer.h"

#include <algorithm>

#include "core/varint.h"
#include "isodb/error.h"
#include "objects/node_format.h"

namespace isodb::objects {
namespace {

[[noreturn]] void refuse(std::string_view key, const char* problem) {
  throw Error(ErrorCode::kInvalid, "entry of '" + std::string(key.substr(0, 80)) + "': " + problem);
}

void append_attributes(Bytes& out, std::string_view key, const Entry& entry) {
  if (const char* problem = entry_problem(entry)) refuse(key, problem);
  core::put_u8(out, static_cast<std::uint8_t>(static_cast<std::uint8_t>(entry.kind) | entry.flags |
                                              (entry.metadata ? kHasMetadata : 0)));
  core::put_varint(out, entry.size);
  if (const auto number = media_type_number(entry.media_type)) {
    core::put_u8(out, *number);
  } else {
    core::put_u8(out, kMediaSpelledOut);
    core::put_u8(out, static_cast<std::uint8_t>(entry.media_type.size()));
    out.append(entry.media_type);
  }
  if ((entry.flags & kFlagMerged) != 0) core::put_u64(out, entry.merge_digest_tail);
  if (entry.metadata) out.append(entry.metadata->bytes());
}

/// Drops the first `n` ends and makes the others relative to the last one dropped; returns that.
std::uint32_t drop_ends(std::vector<std::uint32_t>& ends, std::size_t n) {
  const std::uint32_t gone = ends[n - 1];
  ends.erase(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(n));
  for (std::uint32_t& end : ends) end -= gone;
  return gone;
}

}  // namespace

void NodeWriter::append_key(std::string_view head, std::string_view tail) {
  keys_.append(head).append(tail);
  key_ends_.push_back(static_cast<std::uint32_t>(keys_.size()));
}

void NodeWriter::add(std::string_view key, const Entry& entry) {
  append_attributes(attributes_, key, entry);
  attribute_ends_.push_back(static_cast<std::uint32_t>(attributes_.size()));
  ids_.append(entry.content.bytes());
  core::put_u64(numbers_, entry.stamp.clock.value);
  core::put_u64(numbers_, entry.stamp.writer.value);
  append_key(key, {});
}

void NodeWriter::add(std::string_view key, const Child& child) {
  attributes_.push_back(static_cast<char>(child.flags));
  attribute_ends_.push_back(static_cast<std::uint32_t>(attributes_.size()));
  ids_.append(child.id.bytes());
  core::put_u64(numbers_, child.count);
  append_key(key, {});
}

void NodeWriter::add(const Node& from, std::size_t i) {
  attributes_.append(from.attributes(i));
  attribute_ends_.push_back(static_cast<std::uint32_t>(attributes_.size()));
  ids_.append(from.payload(), from.layout_.ids_at + i * Id::kSize, Id::kSize);
  numbers_.append(from.number_bytes(i));
  append_key(from.prefix(), from.suffix(i));
}

std::string_view NodeWriter::key(std::size_t i) const {
  const std::size_t begin = i == 0 ? 0 : key_ends_[i - 1];
  return std::string_view(keys_).substr(begin, key_ends_[i] - begin);
}

void NodeWriter::reserve(const Node& node) {
  const std::size_t values = node.size() + 2;
  keys_.reserve(node.weight());
  key_ends_.reserve(values);
  ids_.reserve(values * Id::kSize);
  numbers_.reserve(values * number_size(level_));
  attributes_.reserve(node.payload().size() - node.layout_.attributes_at + kAttributeBytesMax);
  attribute_ends_.reserve(values);
}

Id NodeWriter::id(std::size_t i) const {
  return Id::from_bytes(std::string_view(ids_).substr(i * Id::kSize, Id::kSize));
}

void NodeWriter::append_keys_to(Bytes& out, std::size_t n) const {
  const std::string_view first = key(0);
  const std::string_view last = key(n - 1);
  const std::size_t shared = static_cast<std::size_t>(
      std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first - first.begin());
  core::put_u16(out, static_cast<std::uint16_t>(n));
  core::put_u16(out, static_cast<std::uint16_t>(shared));
  out.append(first.substr(0, shared));
  for (std::size_t i = 0; i < n; ++i) {
    core::put_u16(out, static_cast<std::uint16_t>(key_ends_[i] - (i + 1) * shared));
  }
  for (std::size_t i = 0; i < n; ++i) out.append(key(i).substr(shared));
}

Bytes NodeWriter::encode(std::size_t n) const {
  Bytes out;
  if (n > kNodeKeysMax || (n > 0 && key_ends_[n - 1] + n * kKeyWeightBase > kNodeWeightLimit)) {
    throw Error(ErrorCode::kInvalid, "tree node: its keys weigh too much for one node");
  }
  const std::size_t attribute_bytes = n == 0 ? 0 : attribute_ends_[n - 1];
  out.reserve(kNodeHeaderBytes + (n == 0 ? 0 : key_ends_[n - 1]) + attribute_bytes +
              n * (2 + 2 + Id::kSize + kStampBytes));
  core::put_u8(out, kNodeVersion);
  core::put_u8(out, level_);
  if (n == 0) return out.append(4, '\0');
  append_keys_to(out, n);
  out.append(ids_, 0, n * Id::kSize);
  out.append(numbers_, 0, n * number_size(level_));
  if (level_ == 0) {
    for (std::size_t i = 0; i < n; ++i) {
      core::put_u16(out, static_cast<std::uint16_t>(attribute_ends_[i]));
    }
  }
  return out.append(attributes_, 0, attribute_bytes);
}

Child NodeWriter::summary(std::size_t n) const {
  Child all;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t attributes_begin = i == 0 ? 0 : attribute_ends_[i - 1];
    all.count += level_ == 0 ? 1 : load_count(numbers_.data() + i * kCountBytes);
    all.flags |= static_cast<std::uint8_t>(attributes_[attributes_begin]) & kEntryFlagMask;
  }
  return all;
}

void NodeWriter::drop(std::size_t n) {
  if (n == 0) return;
  keys_.erase(0, drop_ends(key_ends_, n));
  attributes_.erase(0, drop_ends(attribute_ends_, n));
  ids_.erase(0, n * Id::kSize);
  numbers_.erase(0, n * number_size(level_));
}

void NodeRewriter::set_id(std::size_t i, const Id& id) {
  payload_.replace(node_.layout_.ids_at + i * Id::kSize, Id::kSize, id.bytes());
}

void NodeRewriter::set(std::size_t i, const Entry& entry) {
  if (const char* problem = entry_problem(entry)) refuse(node_.key(i), problem);
  Bytes part;
  append_attributes(part, {}, entry);
  set_attributes(i, part);
  set_id(i, entry.content);
  part.clear();
  core::put_u64(part, entry.stamp.clock.value);
  core::put_u64(part, entry.stamp.writer.value);
  payload_.replace(node_.layout_.numbers_at + i * kStampBytes, kStampBytes, part);
}

void NodeRewriter::set(std::size_t i, const Child& child) {
  payload_[node_.layout_.attributes_at + i] = static_cast<char>(child.flags);
  set_id(i, child.id);
  Bytes count;
  core::put_u64(count, child.count);
  payload_.replace(node_.layout_.numbers_at + i * kCountBytes, kCountBytes, count);
}

void NodeRewriter::set_attributes(std::size_t i, ByteView attributes) {
  const std::size_t ends_at = node_.layout_.attribute_ends_at;
  const PartRange old = part_range(payload_.data() + ends_at, i);
  payload_.replace(node_.layout_.attributes_at + old.begin, old.end - old.begin, attributes);
  const std::size_t old_bytes = old.end - old.begin;
  if (attributes.size() == old_bytes) return;
  for (; i < node_.size(); ++i) {
    const std::size_t end = load_key_offset(payload_.data() + ends_at + 2 * i);
    Bytes moved;
    core::put_u16(moved, static_cast<std::uint16_t>(end - old_bytes + attributes.size()));
    payload_.replace(ends_at + 2 * i, moved.size(), moved);
  }
}

struct NodeStack::Level {
  explicit Level(std::uint8_t level) : writer(level), finder(level) {}

  NodeWriter writer;
  BoundaryFinder finder;
  std::size_t given = 0;  // keys that the finder has taken
  bool has_nodes = false;
  Id last_id;
};

NodeStack::NodeStack(ObjectSink& sink, std::uint8_t first_level)
    : sink_(sink), first_level_(first_level) {
  grow();
}

NodeStack::~NodeStack() = default;

void NodeStack::grow() {
  levels_.push_back(
      std::make_unique<Level>(static_cast<std::uint8_t>(first_level_ + levels_.size())));
}

void NodeStack::add(std::string_view key, const Entry& entry) {
  levels_[0]->writer.add(key, entry);
  settle(0);
}

void NodeStack::add(std::string_view key, const Child& child) {
  levels_[0]->writer.add(key, child);
  settle(0);
}

void NodeStack::settle(std::size_t level) {
  Level& here = *levels_[level];
  while (here.given < here.writer.size()) {
    const auto cut = here.finder.add(here.writer.key(here.given++));
    if (cut) emit(level, *cut);
  }
}

void NodeStack::emit(std::size_t level, std::size_t keys) {
  Level& here = *levels_[level];
  Child child = here.writer.summary(keys);
  child.id = sink_.put(ObjectType::kTree, here.writer.encode(keys));
  if (level + 1 == levels_.size()) grow();
  levels_[level + 1]->writer.add(here.writer.key(keys - 1), child);
  here.writer.drop(keys);
  here.given = 0;
  here.has_nodes = true;
  here.last_id = child.id;
  settle(level + 1);
}

std::optional<Id> NodeStack::finish() {
  if (levels_[0]->writer.size() == 0 && !levels_[0]->has_nodes) return std::nullopt;
  for (std::size_t level = 0;; ++level) {
    const std::size_t left = levels_[level]->writer.size();
    if (left > 0) emit(level, left);
    // The first level with a single node is the last. No node above it was written yet, for an
    // inner node is never cut after its first key.
    const Level& above = *levels_[level + 1];
    if (above.writer.size() == 1 && !above.has_nodes) return levels_[level]->last_id;
  }
}

namespace {

void check_keys(std::span<const std::string_view> keys, std::size_t values) {
  if (keys.size() != values) {
    throw Error(ErrorCode::kInvalid, "tree node: as many keys as values are needed");
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    check_path(keys[i]);
    if (i > 0 && keys[i - 1] >= keys[i]) {
      throw Error(ErrorCode::kInvalid, "tree node: keys are not in ascending order");
    }
  }
}

}  // namespace

Bytes encode_leaf(std::span<const std::string_view> keys, std::span<const Entry> entries) {
  check_keys(keys, entries.size());
  NodeWriter writer(0);
  for (std::size_t i = 0; i < keys.size(); ++i) writer.add(keys[i], entries[i]);
  return writer.encode(keys.size());
}

Bytes encode_inner(std::uint8_t level, std::span<const std::string_view> keys,
                   std::span<const Child> children) {
  check_keys(keys, children.size());
  if (level == 0 || level > Node::kLevelMax || keys.empty()) {
    throw Error(ErrorCode::kInvalid, "tree node: an inner node has children and a level above 0");
  }
  NodeWriter writer(level);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (children[i].count == 0 || (children[i].flags & ~kEntryFlagMask) != 0) {
      throw Error(ErrorCode::kInvalid,
                  "tree node: a child without documents or with unknown flags");
    }
    writer.add(keys[i], children[i]);
  }
  return writer.encode(keys.size());
}

}  // namespace isodb::objects
