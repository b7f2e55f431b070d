#include "merge/workspace.h"

#include <algorithm>

#include "core/hash.h"

namespace isodb::merge {
namespace {

constexpr std::size_t kEnvironmentsHeldMax = 16'384;
constexpr std::size_t kErasedHeldMax = 1'024;  // each may be long
// Work on a path that is no more than this is done again sooner than kept.
constexpr std::size_t kSmallWork = 64;
constexpr std::size_t kWorkHeldMax = 1'000'000;

std::size_t size_of(const Workspace::Path& path) {
  return path.writes.size() + path.merge.sets();
}

}  // namespace

bool Surroundings::merge_alike(const Surroundings& other, const std::string& path) const {
  const Environment& here = *environment;
  const Environment& there = *other.environment;
  return here.epoch() == there.epoch() &&
         here.rule_id(here.rule(path)) == there.rule_id(there.rule(path));
}

Workspace::Workspace(const objects::ObjectSource& source, objects::NodeCache& nodes,
                     ScriptLoader scripts, std::uint64_t epoch_max)
    : history(source, nodes),
      environments_(std::move(scripts), epoch_max),
      no_environment_(std::make_shared<const Environment>()) {}

Workspace::Path& Workspace::path(const std::string& path) {
  std::unique_ptr<Path>& held = paths_[path];
  if (!held) held = std::make_unique<Path>(*this, path);
  return *held;
}

void Workspace::trim(const std::string& path) {
  const auto held = paths_.find(path);
  if (held != paths_.end() && size_of(*held->second) <= kSmallWork) paths_.erase(held);
}

void Workspace::trim() {
  std::size_t held = 0;
  for (const auto& [name, path] : paths_) held += size_of(*path);
  if (held > kWorkHeldMax) paths_.clear();
}

void Workspace::forget() {
  paths_.clear();
  by_tree_.clear();
  by_common_.clear();
  history.forget_merged();
}

GovernedDocument Workspace::governed(const Entry& entry) {
  return {entry.content, [this, entry] { return history.document(entry); }};
}

GovernedDocument Workspace::governed(Path& path, const WriteSet& versions,
                                     const PathMerge::Result& result) {
  for (const WriteIndex version : versions) {
    const Entry* const entry = path.writes.entry(version);
    if (entry != nullptr && history.document(*entry)->same_content(*result.document)) {
      return governed(*entry);
    }
  }
  // Only what the fixed rules write anew, which is short.
  return {core::object_id(ObjectType::kBlob, result.document->content()),
          [document = result.document] { return document; }};
}

std::optional<GovernedDocument> Workspace::governed(const std::string& name, const Commits& heads) {
  const std::optional<Entry> first = history.entry(heads.front(), name);
  const bool same = std::all_of(heads.begin() + 1, heads.end(), [&](CommitIndex head) {
    return history.entry(head, name) == first;
  });
  if (same) return first ? std::optional(governed(*first)) : std::nullopt;
  Path& work = path(name);
  const WriteSet versions = work.writes.versions_at(heads);
  if (!work.writes.any_live(versions)) return std::nullopt;
  if (versions.size() == 1) return governed(*work.writes.entry(versions.front()));
  return governed(work, versions, work.merge.merge(versions, no_environment_));
}

EnvironmentPtr Workspace::environment_of_tree(const TreeId& tree) {
  if (const auto known = by_tree_.find(tree); known != by_tree_.end()) return known->second;
  EnvironmentPtr made = environments_.of([&](const std::string& name) {
    const auto entry = objects::find_entry(history.nodes(), tree, name);
    return entry ? std::optional(governed(*entry)) : std::nullopt;
  });
  if (by_tree_.size() >= kEnvironmentsHeldMax) by_tree_.clear();
  by_tree_.emplace(tree, made);
  return made;
}

ErasedPtr Workspace::erased_in_tree(const TreeId& tree) {
  if (const auto known = erased_by_tree_.find(tree); known != erased_by_tree_.end()) {
    return known->second;
  }
  ErasedPtr erased = std::make_shared<const Erased>(Erased::in_tree(history.nodes(), tree));
  if (erased_by_tree_.size() >= kErasedHeldMax) erased_by_tree_.clear();
  erased_by_tree_.emplace(tree, erased);
  return erased;
}

ErasedPtr Workspace::erased_in(const Commits& heads) {
  auto all = std::make_shared<Erased>();
  for (const CommitIndex head : heads) all->add(*erased_in_tree(history.tree(head)));
  return all;
}

EnvironmentPtr Workspace::environment_of(const Commits& heads) {
  if (heads.empty()) return environment_of_tree(objects::empty_tree_id());
  if (heads.size() == 1) return environment_of_tree(history.tree(heads.front()));
  return environments_.of([&](const std::string& name) { return governed(name, heads); });
}

EnvironmentPtr Workspace::environment_of_common(const Commits& left, CommitIndex right) {
  const auto known = by_common_.find({left, right});
  if (known != by_common_.end()) return known->second;
  EnvironmentPtr made = environment_of(history.graph().common_heads(left, {right}));
  if (by_common_.size() >= kEnvironmentsHeldMax) by_common_.clear();
  by_common_.emplace(std::pair(left, right), made);
  return made;
}

EnvironmentPtr Workspace::environment_of_all(const Commits& commits) {
  Commits heads{commits.front()};
  for (const CommitIndex commit : commits) heads = history.graph().common_heads(heads, {commit});
  return environment_of(heads);
}

EnvironmentPtr Workspace::environment_below(CommitIndex commit) {
  if (const std::optional<TreeId> base = history.base_tree(commit)) {
    return environment_of_tree(*base);
  }
  return environment_of(history.graph().facts(commit).parents);
}

}  // namespace isodb::merge
