#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace isodb::objects {

inline constexpr std::uint64_t kNodeWeightMin = 512;
inline constexpr std::uint64_t kNodeWeightTarget = 4096;
inline constexpr std::uint64_t kNodeWeightMax = 16384;

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
    std::uint64_t weight_through;  ///< of the node up to and with this key
  };
  std::uint8_t level_;
  std::uint64_t weight_ = 0;
  std::vector<Seen> seen_;
};

}  // namespace isodb::objects
