#include "repo/merging.h"

#include <algorithm>
#include <utility>

#include "merge/script_programs.h"
#include "repo/not_held.h"
#include "repo/state.h"

namespace isodb::repo {
namespace {

/// nullopt for a setting that cannot be read.
std::optional<ComputedTrees> parse_computed(const CommitId& commit, std::string_view trees) {
  const std::size_t space = trees.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::optional<Id> base = Id::from_hex(trees.substr(0, space));
  const std::optional<Id> tree = Id::from_hex(trees.substr(space + 1));
  if (!base || !tree) return std::nullopt;
  return ComputedTrees{commit, TreeId(*base), TreeId(*tree)};
}

}  // namespace

std::vector<ComputedTrees> computed_trees(const RepositoryState& repository) {
  const std::string prefix = kSettingComputed;
  std::vector<ComputedTrees> all;
  for (const auto& [key, value] : repository.database->settings()) {
    if (!key.starts_with(prefix)) continue;
    const std::optional<Id> commit = Id::from_hex(std::string_view(key).substr(prefix.size()));
    if (!commit) continue;
    if (const auto found = parse_computed(CommitId(*commit), value)) all.push_back(*found);
  }
  return all;
}

std::optional<ComputedTrees> computed_trees(const RepositoryState& repository,
                                            const CommitId& commit) {
  const auto value = repository.database->setting(kSettingComputed + commit.hex());
  return value ? parse_computed(commit, *value) : std::nullopt;
}

/// The store, below what the work at hand has written and not committed yet.
class Merging::Source : public objects::ObjectSource {
 public:
  explicit Source(const objects::ObjectSource& store) : store_(store) {}
  std::optional<objects::Object> get(const Id& id) const override {
    if (above_ != nullptr) {
      if (std::optional<objects::Object> object = above_->get(id)) return object;
    }
    return store_.get(id);
  }
  bool contains(const Id& id) const override {
    return (above_ != nullptr && above_->contains(id)) || store_.contains(id);
  }
  void set_above(const objects::ObjectSource* above) { above_ = above; }

 private:
  const objects::ObjectSource& store_;
  const objects::ObjectSource* above_ = nullptr;
};

Merging::Merging(RepositoryState& repository) : repository_(repository) {}
Merging::~Merging() = default;

template <typename Work>
auto Merging::run(const objects::ObjectSource* objects, Work&& work) {
  const std::lock_guard lock(mutex_);
  if (!engine_) {
    source_ = std::make_unique<Source>(*repository_.store);
    merge::StateEngine::Options options;
    options.root = repository_.root;
    options.scripts = merge::make_script_loader();
    engine_ = std::make_unique<merge::StateEngine>(*source_, *repository_.node_cache, options);
    recall_computed();
  }
  struct Above {
    Source& source;
    ~Above() { source.set_above(nullptr); }
  } const above{*source_};
  source_->set_above(objects);
  try {
    return work(*engine_);
  } catch (const merge::ContentMissing& missing) {
    throw_missing(repository_, *source_, missing);
  }
}

merge::State Merging::state(std::span<const CommitId> heads, objects::ObjectStore& objects) {
  return run(&objects, [&](merge::StateEngine& engine) { return engine.state(heads, objects); });
}

merge::State Merging::merged(std::span<const CommitId> heads, objects::ObjectStore& objects) {
  return run(&objects, [&](merge::StateEngine& engine) { return engine.merged(heads, objects); });
}

TreeId Merging::commit_tree(std::span<const CommitId> parents, const TreeId& base,
                            const TreeId& tree, objects::ObjectStore& objects) {
  return run(&objects, [&](merge::StateEngine& engine) {
    return engine.commit_tree(parents, base, tree, objects);
  });
}

std::vector<merge::PathVersion> Merging::versions(std::string_view path,
                                                  std::span<const CommitId> heads) {
  return run(nullptr, [&](merge::StateEngine& engine) { return engine.versions(path, heads); });
}

merge::PathState Merging::path_state(std::string_view path, std::span<const CommitId> heads) {
  return run(nullptr, [&](merge::StateEngine& engine) { return engine.path_state(path, heads); });
}

merge::CheckedCommit Merging::check(const CommitId& id, const Commit& commit,
                                    objects::ObjectStore& objects) {
  return run(&objects, [&](merge::StateEngine& engine) {
    merge::CheckedCommit checked = engine.check(id, commit, objects);
    const bool is_as_stated = checked.base_as_stated && checked.tree_as_stated;
    if (checked.refusal.empty() && !is_as_stated) remember_computed(id, checked);
    return checked;
  });
}

std::string Merging::denied(const CommitId& id, const objects::ObjectSource* objects) {
  return run(objects, [&](merge::StateEngine& engine) { return engine.denied(id); });
}

void Merging::remember_computed(const CommitId& id, const merge::CheckedCommit& checked) {
  if (repository_.options.read_only) return;
  refs::WriteBatch batch;
  batch.settings.emplace_back(kSettingComputed + id.hex(),
                              checked.base.hex() + " " + checked.tree.hex());
  repository_.database->write(batch);
}

void Merging::recall_computed() {
  for (const ComputedTrees& computed : computed_trees(repository_)) {
    // It was written before the commit was, which then never came.
    if (!repository_.store->contains(computed.commit)) continue;
    engine_->set_computed(computed.commit, computed.base, computed.tree);
  }
}

std::vector<CommitId> Merging::heads_of(std::vector<CommitId> commits) {
  return run(nullptr, [&](merge::StateEngine& engine) {
    merge::CommitGraph& graph = engine.graph();
    std::vector<CommitId> heads = graph.ids(graph.heads_of(graph.add(commits)));
    std::sort(heads.begin(), heads.end());
    return heads;
  });
}

std::optional<std::vector<CommitId>> Merging::common_heads(std::span<const CommitId> a,
                                                           std::span<const CommitId> b,
                                                           std::uint64_t steps_max) {
  return run(nullptr, [&](merge::StateEngine& engine) -> std::optional<std::vector<CommitId>> {
    merge::CommitGraph& graph = engine.graph();
    const auto found = graph.common_heads(graph.add(a), graph.add(b), steps_max);
    if (!found) return std::nullopt;
    std::vector<CommitId> heads = graph.ids(*found);
    std::sort(heads.begin(), heads.end());
    return heads;
  });
}

bool Merging::in_past(const CommitId& ancestor, std::span<const CommitId> heads) {
  return run(nullptr, [&](merge::StateEngine& engine) {
    merge::CommitGraph& graph = engine.graph();
    return graph.in_past(graph.add(ancestor), graph.add(heads));
  });
}

std::unordered_set<Id> Merging::those_in_past(std::span<const CommitId> commits,
                                              std::span<const CommitId> heads) {
  return run(nullptr, [&](merge::StateEngine& engine) {
    merge::CommitGraph& graph = engine.graph();
    const std::vector<CommitId> found =
        graph.ids(graph.those_in_past(graph.add(commits), graph.add(heads)));
    return std::unordered_set<Id>(found.begin(), found.end());
  });
}

}  // namespace isodb::repo
