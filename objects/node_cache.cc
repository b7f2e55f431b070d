#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/tree.h"

namespace isodb::objects {
namespace {

constexpr std::size_t kShards = 16;
constexpr std::size_t kOverheadBytes = 192;  // node, control block and table slots, about

std::size_t charge_of(const Node& node) {
  return node.payload().capacity() + kOverheadBytes;
}

}  // namespace

/// A part of the cache with a lock of its own. A hit only sets a bit under a shared lock; the hand
/// of the clock goes round on insertion, drops what was not hit since it last came by, and spares
/// the rest once.
struct NodeCache::Shard {
  struct Slot {
    Id id;
    NodePtr node;
    std::atomic<bool> used{false};
  };

  std::shared_mutex mutex;
  std::unordered_map<Id, std::size_t> index;  // into slots
  std::vector<std::unique_ptr<Slot>> slots;
  std::size_t hand = 0;
  std::size_t bytes = 0;
  std::size_t bytes_max = 0;

  void drop(std::size_t at) {
    bytes -= charge_of(*slots[at]->node);
    index.erase(slots[at]->id);
    if (at + 1 < slots.size()) {
      slots[at] = std::move(slots.back());
      index[slots[at]->id] = at;
    }
    slots.pop_back();
  }

  void make_room(std::size_t needed) {
    while (!slots.empty() && bytes + needed > bytes_max) {
      if (hand >= slots.size()) hand = 0;
      if (slots[hand]->used.exchange(false, std::memory_order_relaxed)) {
        ++hand;
      } else {
        drop(hand);
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
  // Not the first byte: it already chooses the slot of the hash table.
  return *shards_[id.data()[Id::kSize - 1] % kShards];
}

NodePtr NodeCache::find(const Id& id) {
  Shard& shard = shard_of(id);
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.index.find(id);
  if (found == shard.index.end()) return nullptr;
  Shard::Slot& slot = *shard.slots[found->second];
  if (!slot.used.load(std::memory_order_relaxed)) slot.used.store(true, std::memory_order_relaxed);
  return slot.node;
}

void NodeCache::insert(const Id& id, NodePtr node) {
  Shard& shard = shard_of(id);
  const std::size_t charge = charge_of(*node);
  const std::unique_lock lock(shard.mutex);
  if (charge > shard.bytes_max || shard.index.contains(id)) return;
  shard.make_room(charge);
  auto slot = std::make_unique<Shard::Slot>();
  slot->id = id;
  slot->node = std::move(node);
  shard.index.emplace(id, shard.slots.size());
  shard.slots.push_back(std::move(slot));
  shard.bytes += charge;
}

void NodeCache::clear() {
  for (const auto& shard : shards_) {
    const std::unique_lock lock(shard->mutex);
    shard->index.clear();
    shard->slots.clear();
    shard->bytes = shard->hand = 0;
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
