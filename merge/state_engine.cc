#include "merge/state_engine.h"

#include <algorithm>
#include <utility>

#include "isodb/error.h"
#include "merge/authority.h"
#include "merge/commit_check.h"
#include "merge/peel.h"
#include "merge/scratch.h"
#include "merge/workspace.h"
#include "objects/commit_codec.h"

namespace isodb::merge {

class StateEngine::Impl {
 public:
  Impl(const objects::ObjectSource& source, objects::NodeCache& nodes, Options engine_options)
      : options(std::move(engine_options)),
        scratch(source),
        workspace(scratch, nodes, options.scripts, options.epoch_max),
        graph(workspace.history.graph()) {
    workspace.history.set_read_hook(options.on_read);
  }

  /// Runs `action` again when two commits turned out to have one stamp, since until then writes
  /// were told apart by their stamps.
  template <typename Action>
  auto settled(Action action) {
    workspace.trim();
    for (;;) {
      const std::size_t twins = graph.twins();
      try {
        auto result = action();
        scratch.clear();
        if (graph.twins() == twins) return result;
      } catch (const TwinsFound&) {  // begin again
      } catch (...) {
        scratch.clear();
        workspace.forget();  // half-done work may hold on to what is not there
        throw;
      }
      forget();
    }
  }

  void forget() {
    workspace.forget();
    states.clear();
  }

  Commits heads_of(std::span<const CommitId> ids) {
    if (ids.empty()) throw Error(ErrorCode::kInvalid, "a state of no commits was asked for");
    return graph.heads_of(graph.add(ids));
  }

  PublicKey root_author() { return graph.peek(graph.add(options.root)).author; }

  State merged(const Commits& heads, objects::ObjectSink& sink) {
    State state;
    state.heads = graph.ids(heads);
    std::sort(state.heads.begin(), state.heads.end());
    if (heads.size() == 1) {
      state.tree = workspace.history.tree(heads.front());
      state.epoch = epoch_of(state.tree);
      return state;
    }
    if (const auto known = states.find(state.heads); known != states.end()) {
      if (scratch.source().contains(known->second.tree)) return known->second;
    }
    const MergedTree made = TreeMerge(workspace, sink, heads).run();
    state.tree = made.tree;
    state.epoch = made.epoch;
    if (states.size() >= options.states_remembered_max) states.clear();
    states[state.heads] = state;
    state.statistics = made.statistics;
    return state;
  }

  State state(const Commits& heads, objects::ObjectSink& sink) {
    Peel peel(workspace, heads, root_author(), options.heads);
    State state = merged(peel.run(), sink);
    state.peeled = graph.ids({peel.peeled().begin(), peel.peeled().end()});
    std::sort(state.peeled.begin(), state.peeled.end());
    for (const CommitIndex head : heads) {
      if (peel.peeled().contains(head)) state.peeled_heads.push_back(graph.peek(head).id);
    }
    std::sort(state.peeled_heads.begin(), state.peeled_heads.end());
    return state;
  }

  static State with_object(State state, objects::ObjectSink& sink) {
    if (state.heads.size() < 2) return state;
    const Merge merge{state.tree, state.heads, state.epoch};
    state.merge = MergeId(sink.put(ObjectType::kMerge, objects::encode_merge(merge)));
    return state;
  }

  PathState path_state(const std::string& path, const Commits& heads) {
    PathState state;
    Workspace::Path& work = workspace.path(path);
    const WriteSet versions = work.writes.versions_at(heads);
    for (const WriteIndex version : versions) {
      const Entry* const entry = work.writes.entry(version);
      state.versions.push_back({graph.peek(work.writes.commit(version)).id,
                                entry ? std::optional(*entry) : std::nullopt});
    }
    if (versions.size() == 1 && !work.writes.is_deletion(versions.front())) {
      state.document = workspace.history.document(*work.writes.entry(versions.front()));
    }
    if (versions.size() < 2) return state;
    const bool is_governed = path.starts_with(kGovernedPrefix);
    PathMerge::Result result = work.merge.merge(
        versions, is_governed ? workspace.no_environment() : workspace.environment_of(heads),
        *workspace.erased_in(heads));
    state.document = std::move(result.document);
    if (result.as_in && workspace.history.holds(*result.as_in)) {
      state.document = workspace.history.document(*result.as_in);
    }
    state.conflicts = std::move(result.conflicts);
    state.script = std::move(result.script);
    return state;
  }

  Options options;
  Scratch scratch;
  Workspace workspace;
  CommitGraph& graph;
  std::map<std::vector<CommitId>, State> states;

 private:
  std::uint64_t epoch_of(const TreeId& tree) {
    const auto entry = objects::find_entry(workspace.history.nodes(), tree, kEpochPath);
    return entry ? parse_epoch(workspace.history.document(*entry)->content()) : 1;
  }
};

StateEngine::StateEngine(const objects::ObjectSource& source, objects::NodeCache& nodes,
                         Options options)
    : impl_(std::make_unique<Impl>(source, nodes, std::move(options))) {}

StateEngine::~StateEngine() = default;

State StateEngine::state(std::span<const CommitId> heads, objects::ObjectSink& sink) {
  return Impl::with_object(
      impl_->settled([&] { return impl_->state(impl_->heads_of(heads), sink); }), sink);
}

State StateEngine::merged(std::span<const CommitId> heads, objects::ObjectSink& sink) {
  return Impl::with_object(
      impl_->settled([&] { return impl_->merged(impl_->heads_of(heads), sink); }), sink);
}

std::vector<PathVersion> StateEngine::versions(std::string_view path,
                                               std::span<const CommitId> heads) {
  return impl_->settled([&] {
    PathHistory& writes = impl_->workspace.path(std::string(path)).writes;
    std::vector<PathVersion> versions;
    for (const WriteIndex version : writes.versions_at(impl_->heads_of(heads))) {
      const Entry* const entry = writes.entry(version);
      versions.push_back({impl_->graph.peek(writes.commit(version)).id,
                          entry ? std::optional(*entry) : std::nullopt});
    }
    return versions;
  });
}

PathState StateEngine::path_state(std::string_view path, std::span<const CommitId> heads) {
  return impl_->settled(
      [&] { return impl_->path_state(std::string(path), impl_->heads_of(heads)); });
}

TreeId StateEngine::commit_tree(std::span<const CommitId> parents, const TreeId& base,
                                const TreeId& tree, objects::ObjectSink& sink) {
  return impl_->settled([&] {
    TeeSink both(sink, impl_->scratch);
    const Commits heads = parents.empty() ? Commits{} : impl_->heads_of(parents);
    return remerged_tree(impl_->workspace, both, heads, base, tree);
  });
}

CheckedCommit StateEngine::check(const CommitId& id, const Commit& commit,
                                 objects::ObjectSink& sink) {
  return impl_->settled([&] {
    Impl& impl = *impl_;
    const std::size_t known = impl.graph.size();
    const CommitIndex index = impl.graph.add(id, commit);
    TeeSink both(sink, impl.scratch);
    const Commits parents = impl.graph.facts(index).parents;
    CheckedCommit checked;
    if (impl.graph.heads_of(parents).size() != parents.size()) {
      checked.refusal = "one of its parents is an ancestor of another";
      return checked;
    }
    if (parents.size() < 2) {
      checked.base =
          parents.empty() ? objects::empty_tree_id() : impl.workspace.history.tree(parents.front());
    } else {
      checked.base = impl.merged(parents, both).tree;
    }
    History& history = impl.workspace.history;
    const auto trees = [&] { return std::pair(history.tree(index), history.base_tree(index)); };
    const auto before = trees();
    CommitCheck(impl.workspace, both, index, impl.options.root).run(checked);
    // What was computed while it was thought to hold another tree.
    if (index < known && trees() != before) impl.forget();
    return checked;
  });
}

std::string StateEngine::denied(const CommitId& id) {
  return impl_->settled([&] {
    Impl& impl = *impl_;
    const CommitIndex index = impl.graph.add(id);
    objects::ObjectSink& nowhere = impl.scratch;
    const Commits parents = impl.graph.facts(index).parents;
    CheckedCommit checked;
    const std::optional<TreeId> base = impl.workspace.history.base_tree(index);
    checked.base = base ? *base : impl.merged(parents, nowhere).tree;
    return CommitCheck(impl.workspace, nowhere, index, impl.options.root).denied(checked.base);
  });
}

void StateEngine::set_computed(const CommitId& id, const TreeId& base, const TreeId& tree) {
  const CommitIndex commit = impl_->graph.add(id);
  impl_->workspace.history.set_base(commit, base);
  impl_->workspace.history.set_tree(commit, tree);
  impl_->forget();
}

void StateEngine::declare_twins(std::span<const Stamp> stamps) {
  impl_->graph.declare_twins(stamps);
  impl_->forget();
}

CommitGraph& StateEngine::graph() {
  return impl_->graph;
}

}  // namespace isodb::merge
