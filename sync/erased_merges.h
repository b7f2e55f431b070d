#pragma once

#include "isodb/commit.h"
#include "merge/erased.h"
#include "merge/state_engine.h"
#include "objects/source.h"
#include "repo/state.h"

namespace isodb::sync {

/// Tells which commits can be rebuilt without what is erased: merges as a receiver would, that has
/// all but that. Borrows the repository. Memory: that of an engine (merge::StateEngine). One thread
/// at a time.
class ErasedMerges {
 public:
  ErasedMerges(RepositoryState& repository, merge::ErasedPtr erased);

  /// False where merging its parents, or what its change of rules merges anew, reads some of it.
  bool can_do_without(const CommitId& id, const Commit& commit);

 private:
  class Rest : public objects::ObjectSource {
   public:
    Rest(const objects::ObjectSource& all, merge::ErasedPtr erased)
        : all_(all), erased_(std::move(erased)) {}
    std::optional<objects::Object> get(const Id& id) const override {
      return erased_->has(id) ? std::nullopt : all_.get(id);
    }
    bool contains(const Id& id) const override { return !erased_->has(id) && all_.contains(id); }

   private:
    const objects::ObjectSource& all_;
    const merge::ErasedPtr erased_;
  };

  RepositoryState& repository_;
  Rest rest_;
  merge::StateEngine engine_;
};

}  // namespace isodb::sync
