#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "isodb/entry.h"

namespace isodb::objects {

// Frozen: docs/format.md, "Boundaries".
inline constexpr std::uint64_t kKeyWeightBase = 64;
inline constexpr std::uint64_t kNodeWeightMin = 512;
inline constexpr std::uint64_t kNodeWeightTarget = 4096;
/// A node that has grown past this without a cut is cut in its second half.
inline constexpr std::uint64_t kNodeWeightMax = 16384;
/// No node weighs more: the key that crosses the maximum may itself be a natural end.
inline constexpr std::uint64_t kNodeWeightLimit = kNodeWeightMax + kKeyWeightBase + kPathBytesMax;
/// No node has more keys: a path has at least one byte.
inline constexpr std::uint64_t kNodeKeysMax = kNodeWeightLimit / (kKeyWeightBase + 1);

inline std::uint64_t key_weight(std::string_view key) {
  return kKeyWeightBase + key.size();
}

/// Whether a node of a level ends after `last_key` by the chance of its hash, `weight` being that
/// of the node's `keys` keys, `last_key` included.
bool ends_naturally(std::uint8_t level, std::string_view last_key, std::uint64_t weight,
                    std::size_t keys);
/// True only when a node that is not the last of its level and has this last key cannot have been
/// ended by force, whatever its weight. Then what follows the node had no say in where it ends.
bool surely_ends_naturally(std::uint8_t level, std::string_view last_key);

/// Decides where the nodes of one level end, from the keys alone (docs/format.md, "Boundaries"):
/// the same sequence of keys from the start of a node always gives the same cuts. One node at a
/// time; one thread.
class BoundaryFinder {
 public:
  explicit BoundaryFinder(std::uint8_t level) : level_(level) {}

  /// Takes the next key of the node. Returns how many keys, counted from the node's start, make up
  /// the finished node, or nullopt while it goes on. After a cut the finder stands at the start of
  /// the next node and the keys past the cut (there are some only when the limit forced it) have to
  /// be given again.
  std::optional<std::size_t> add(std::string_view key);
  void restart();

 private:
  struct Seen {
    std::uint64_t hash;
    std::size_t keys_through;  ///< keys of the node up to and with this one
  };
  std::size_t forced_cut() const;

  std::uint8_t level_;
  std::uint64_t weight_ = 0;
  std::size_t keys_ = 0;
  std::vector<Seen> second_half_;  // where a forced cut may fall
};

}  // namespace isodb::objects
