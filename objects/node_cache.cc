#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/tree.h"

namespace isodb::objects {
namespace {

constexpr std::size_t kShards = 16;
constexpr std::size_t kSlotsMin = 16;
constexpr std::size_t kOverheadBytes = 192;  // node, control block and table slots, about

std::size_t charge_of(const Node& node) {
  return node.payload().capacity() + kOverheadBytes;
}

}  // namespace

/// A part of the cache with a lock of its own. A hit only sets a bit under a shared lock; the hand
/// of the clock goes round on insertion, drops what was not hit since it last came by, and spares
/// the rest once. The slots are a hash table with linear probing, so that a hit touches one line of
/// memory before the node's own.
struct NodeCache::Shard {
  struct alignas(64) Slot {  // one line
    Id id;
    NodePtr node;
    char used = 0;
  };

  std::shared_mutex mutex;
  std::vector<Slot> slots = std::vector<Slot>(kSlotsMin);  // a power of two, at most half in use
  std::size_t count = 0;
  std::size_t hand = 0;
  std::size_t bytes = 0;
  std::size_t bytes_max = 0;

  std::size_t home_of(const Id& id) const {
    return static_cast<std::size_t>(id.prefix64()) & (slots.size() - 1);
  }
  std::size_t behind(std::size_t at) const { return (at + 1) & (slots.size() - 1); }

  /// The slot of `id`, or the empty one where it belongs.
  std::size_t locate(const Id& id) const {
    std::size_t at = home_of(id);
    while (slots[at].node && slots[at].id != id) at = behind(at);
    return at;
  }

  void add(Slot slot) {
    bytes += charge_of(*slot.node);
    ++count;
    slots[locate(slot.id)] = std::move(slot);
  }

  void grow() {
    std::vector<Slot> old(2 * slots.size());
    old.swap(slots);
    count = bytes = hand = 0;
    for (Slot& slot : old) {
      if (slot.node) add(std::move(slot));
    }
  }

  /// Empties a slot and moves up those behind it that would not be found across the gap.
  void drop(std::size_t gap) {
    bytes -= charge_of(*slots[gap].node);
    --count;
    slots[gap] = {};
    for (std::size_t at = behind(gap); slots[at].node; at = behind(at)) {
      const std::size_t mask = slots.size() - 1;
      const std::size_t from_home = (at - home_of(slots[at].id)) & mask;
      if (from_home < ((at - gap) & mask)) continue;
      slots[gap] = std::move(slots[at]);
      slots[at] = {};
      gap = at;
    }
  }

  void make_room(std::size_t needed) {
    while (count > 0 && bytes + needed > bytes_max) {
      Slot& slot = slots[hand];
      if (slot.node && slot.used == 0) {
        drop(hand);  // what may have moved here is next
      } else {
        slot.used = 0;
        hand = behind(hand);
      }
    }
  }
};

NodeCache::NodeCache(std::size_t bytes_max) {
  for (std::size_t i = 0; i < kShards; ++i) {
    shards_.push_back(std::make_unique<Shard>());
    shards_.back()->bytes_max = bytes_max / kShards;
  }
}

NodeCache::~NodeCache() = default;

NodeCache::Shard& NodeCache::shard_of(const Id& id) const {
  // Not by the first bytes: they choose the slot.
  return *shards_[id.data()[Id::kSize - 1] % kShards];
}

NodePtr NodeCache::find(const Id& id) {
  Shard& shard = shard_of(id);
  const std::shared_lock lock(shard.mutex);
  Shard::Slot& slot = shard.slots[shard.locate(id)];
  if (!slot.node) return nullptr;
  const std::atomic_ref<char> used(slot.used);  // others may set it at the same time
  if (used.load(std::memory_order_relaxed) == 0) used.store(1, std::memory_order_relaxed);
  return slot.node;
}

void NodeCache::insert(const Id& id, NodePtr node) {
  Shard& shard = shard_of(id);
  const std::size_t charge = charge_of(*node);
  const std::unique_lock lock(shard.mutex);
  if (charge > shard.bytes_max || shard.slots[shard.locate(id)].node) return;
  shard.make_room(charge);
  if (2 * (shard.count + 1) > shard.slots.size()) shard.grow();
  shard.add({id, std::move(node)});
}

void NodeCache::clear() {
  for (const auto& shard : shards_) {
    const std::unique_lock lock(shard->mutex);
    shard->slots = std::vector<Shard::Slot>(kSlotsMin);
    shard->count = shard->bytes = shard->hand = 0;
  }
}

NodePtr NodeReader::node(const Id& id) const {
  if (NodePtr known = cache_->find(id)) return known;
  std::optional<Object> object = source_->get(id);
  if (!object && id == empty_tree_id()) object = Object{ObjectType::kTree, encode_leaf({}, {})};
  if (!object) {
    throw Error(ErrorCode::kCorrupt, "tree node " + id.hex() + " is missing",
                "run fsck; fetch it again from a peer that has it");
  }
  if (object->type != ObjectType::kTree) {
    throw Error(ErrorCode::kCorrupt, "object " + id.hex() + " is a " +
                                         std::string(object_type_name(object->type)) +
                                         " where a tree is expected");
  }
  try {
    auto node = std::make_shared<const Node>(std::move(object->payload));
    cache_->insert(id, node);
    return node;
  } catch (const Error& error) {
    throw error.within("tree " + id.hex());
  }
}

TreeId empty_tree_id() {
  static const TreeId id(core::object_id(ObjectType::kTree, encode_leaf({}, {})));
  return id;
}

}  // namespace isodb::objects
