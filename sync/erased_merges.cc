#include "sync/erased_merges.h"

#include <utility>

#include "merge/content_missing.h"
#include "merge/script_programs.h"
#include "objects/memory_store.h"
#include "repo/merging.h"

namespace isodb::sync {

ErasedMerges::ErasedMerges(RepositoryState& repository, merge::ErasedPtr erased)
    : repository_(repository),
      rest_(*repository.store, std::move(erased)),
      engine_(rest_, *repository.node_cache,
              {.root = repository.root, .scripts = merge::make_script_loader()}) {
  for (const repo::ComputedTrees& computed : repo::computed_trees(repository_)) {
    if (!repository_.store->contains(computed.commit)) continue;
    engine_.set_computed(computed.commit, computed.base, computed.tree);
  }
}

bool ErasedMerges::can_do_without(const CommitId& id, const Commit& commit) {
  objects::MemoryStore made;
  try {
    engine_.check(id, commit, made);
    return true;
  } catch (const merge::ContentMissing&) {
    return false;
  }
}

}  // namespace isodb::sync
