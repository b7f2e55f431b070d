#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "refs/collection.h"
#include "repo/reachable.h"
#include "repo/state.h"

namespace isodb::repo {

/// Tells a collection what to keep: all that the roots lead to. Borrows the repository.
class Marking : public refs::Marker {
 public:
  /// Told with each object of the first walk.
  using Count = std::function<void(std::uint64_t)>;
  explicit Marking(RepositoryState& state, Count count = {})
      : state_(state), reachable_(state), count_(std::move(count)) {}

  /// Error(kCorrupt) where something is missing or damaged: what is behind it is not known.
  void mark(const Keep& keep) override;
  /// What is not here leads to nothing: a sync that is under way brings it later.
  void mark_again(std::span<const Id> added, const Keep& keep) override;

 private:
  void push(const Id& id);
  void walk(const Id& id, const Keep& keep);
  void push_named(ObjectType type, const Bytes& payload);

  RepositoryState& state_;
  Reachable reachable_;
  const Count count_;
  std::uint64_t last_move_ = 0;
  std::uint64_t transactions_ = 0;  // at the last look at the roots
  std::unordered_set<Id> seen_;     // since the first walk
  std::vector<Id> stack_;           // named, and not walked yet
};

}  // namespace isodb::repo
