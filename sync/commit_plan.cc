#include "sync/commit_plan.h"

#include "objects/memory_store.h"
#include "sync/commit_writes.h"

namespace isodb::sync {
namespace {

constexpr std::size_t kDeletedContentsMax = 65'536;

bool has_long_text(const Commit& commit) {
  std::size_t bytes = commit.message.size();
  for (const OriginField& field : commit.origin)
    bytes += field.name.size() + field.value.size() + 2;
  return bytes > kTextBytesMax;
}

/// False when the base is none that the receiver could be told of.
bool find_base(const RepositoryState& state, const Commit& commit, BaseTrust trust,
               CommitPlan& plan) {
  if (commit.parents.size() == 1) {
    plan.base = state.read_commit(commit.parents.front()).tree;
    return true;
  }
  plan.base = commit.base.value();
  for (std::uint32_t i = 0; i < commit.parents.size(); ++i) {
    if (state.read_commit(commit.parents[i]).tree != plan.base) continue;
    plan.base_parent = i;
    return true;
  }
  if (trust == BaseTrust::kBelieved) return true;
  objects::MemoryStore computed;
  return state.merging->merged(commit.parents, computed).tree == plan.base;
}

bool has_usual_metadata(const RepositoryState& state, const Write& write,
                        const merge::Erased& erased) {
  if (!write.after || !write.after->metadata) return true;
  if (erased.has(*write.after->metadata)) return false;  // no operation names it alone
  if (write.before && write.before->metadata == write.after->metadata) return true;
  const auto header = state.store->header(*write.after->metadata);
  return header && header->first == ObjectType::kBlob && header->second <= kBlobBytesMax;
}

}  // namespace

CommitPlan plan_commit(const RepositoryState& state, const Commit& commit, BaseTrust trust,
                       const merge::Erased& erased) {
  CommitPlan plan;
  plan.as_objects = true;
  if (commit.parents.empty() || has_long_text(commit)) return plan;
  if (commit.clock.counter() != static_cast<std::uint16_t>(commit.sequence)) return plan;
  if (!find_base(state, commit, trust, plan)) return plan;

  CommitWrites writes(state.nodes(), plan.base, commit);
  bool is_governed = false;
  while (const std::optional<Write> write = writes.next()) {
    ++plan.operations;
    is_governed = is_governed || write->path.starts_with(kGovernedPrefix);
    if (!has_usual_metadata(state, *write, erased)) return plan;
    if (write->after || !write->before) continue;
    if (plan.deleted_contents.size() < kDeletedContentsMax) {
      plan.deleted_contents.try_emplace(write->before->content, write->path);
    }
  }
  // Where rules change, what was merged before may have to be merged anew, and is not sent.
  plan.as_objects = writes.found_odd() || (writes.found_foreign() && !is_governed);
  return plan;
}

}  // namespace isodb::sync
