#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "merge/document_merge.h"

namespace isodb::merge {

/// Decides by writes (docs/merge.md, "Deciding a field by its writes"). Borrows the input. One
/// thread at a time.
class LiveWrites {
 public:
  explicit LiveWrites(const MergeInput& input);

  /// The writes of documents, not deletions, that live versions see or are, ascending.
  const std::vector<std::size_t>& all() const { return all_; }
  /// Of some writes, ascending, those that no other of them sees; O(writes · writes / 64).
  std::vector<std::size_t> live(const std::vector<std::size_t>& writes);

 private:
  const MergeInput& input_;
  std::vector<std::size_t> all_;
  std::vector<std::uint64_t> seen_;  // a row, kept for its memory
};

struct Decision {
  std::optional<std::size_t> write;  ///< the one that decided; nullopt: there is no candidate
  bool conflict = false;
};

/// By the default: the greatest candidate, in conflict when two are not equal. `same(a, b)` tells
/// whether two writes have equal values.
template <typename Same>
Decision decide_by_default(const std::vector<std::size_t>& candidates, const Same& same) {
  if (candidates.empty()) return {};
  Decision decision{candidates.back(), false};
  for (const std::size_t write : candidates) {
    if (!same(write, candidates.back())) decision.conflict = true;
  }
  return decision;
}

}  // namespace isodb::merge
