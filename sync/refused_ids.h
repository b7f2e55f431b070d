#pragma once

#include <cstddef>
#include <unordered_set>

#include "isodb/error.h"
#include "isodb/id.h"

namespace isodb::sync {

/// Commits that were refused in a session, with what descends from them. Bounded: a commit that
/// does nothing takes some 8 bytes on the line and 70 here. A plain value.
class RefusedIds {
 public:
  /// Error(kLimit) where there are too many.
  void insert(const Id& id) {
    if (ids_.size() >= kCountMax) {
      throw Error(ErrorCode::kLimit, "more than 1,000,000 commits were refused in one session",
                  "isodb sync --show-refused says why");
    }
    ids_.insert(id);
  }
  void erase(const Id& id) { ids_.erase(id); }
  bool contains(const Id& id) const { return ids_.contains(id); }
  bool empty() const { return ids_.empty(); }

 private:
  static constexpr std::size_t kCountMax = 1'000'000;
  std::unordered_set<Id> ids_;
};

}  // namespace isodb::sync
