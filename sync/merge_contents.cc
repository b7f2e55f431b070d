#include "sync/merge_contents.h"

#include <utility>

#include "isodb/error.h"
#include "merge/script_programs.h"
#include "objects/memory_store.h"
#include "repo/merging.h"

namespace isodb::sync {

MergeContents::MergeContents(RepositoryState& repository, Receiver& receiver)
    : repository_(repository),
      receiver_(receiver),
      engine_(
          *repository.store, *repository.node_cache,
          {.root = repository.root,
           .scripts = merge::make_script_loader(),
           .on_read = [this](const std::string& path, const Entry& entry) { note(path, entry); }}) {
  for (const repo::ComputedTrees& computed : repo::computed_trees(repository)) {
    if (!repository.store->contains(computed.commit)) continue;
    engine_.set_computed(computed.commit, computed.base, computed.tree);
  }
}

void MergeContents::note(const std::string& path, const Entry& entry) {
  if (receiver_.holds(path, entry)) return;
  const auto add = [this](const Id& id) {
    // What the engine has just made is made over there, too.
    if (returned_.insert(id).second && repository_.store->contains(id)) found_.push_back(id);
  };
  add(entry.content);
  if (entry.metadata) add(*entry.metadata);
}

std::vector<Id> MergeContents::for_commit(const CommitId& id, const Commit& commit) {
  objects::MemoryStore made;
  try {
    engine_.check(id, commit, made);
  } catch (const merge::ContentMissing&) {
    // Erased, or not held here: then it cannot be sent, either.
    if (repository_.scope()->is_whole() && repository_.erasures->now()->empty()) throw;
  } catch (const Error& error) {
    // What is not held here cannot be read nor sent; the disk's troubles are another matter.
    if (repository_.scope()->is_whole() || error.code() == ErrorCode::kIo) throw;
  }
  return std::exchange(found_, {});
}

}  // namespace isodb::sync
