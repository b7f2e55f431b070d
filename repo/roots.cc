#include "repo/roots.h"

#include <algorithm>

#include "isodb/error.h"
#include "objects/node.h"
#include "repo/erase_removal.h"
#include "repo/erasures.h"
#include "repo/kept_objects.h"
#include "repo/merging.h"

namespace isodb::repo {
namespace {

void add_draft(RepositoryState& state, Roots& roots, const Guard& guarded) {
  const auto draft = state.database->draft();
  if (!draft) return;
  if (draft->base) roots.ids.insert(*draft->base);
  for (const refs::DraftChange& change : draft->changes) {
    if (!change.entry) continue;
    guarded("draft", [&] {
      const objects::Node leaf(*change.entry);
      if (leaf.level() != 0 || leaf.size() != 1) {
        throw Error(ErrorCode::kCorrupt, "the draft's change of '" + change.path + "' is damaged",
                    "isodb rollback drops the draft");
      }
      const Entry entry = leaf.entry(0);
      const auto add = [&](const Id& content) {
        const bool is_governed = change.path.starts_with(kGovernedPrefix);
        if (!is_governed && state.erasures->now()->has(content)) return;
        roots.ids.insert(content);
      };
      add(entry.content);
      if (entry.metadata) add(*entry.metadata);
    });
  }
}

void add_kept_and_computed(RepositoryState& state, Roots& roots, const Guard& guarded) {
  for (const ComputedTrees& computed : computed_trees(state)) {
    for (const TreeId& tree : {computed.base, computed.tree}) {
      guarded(tree.hex(), [&, &root = tree] {
        if (state.store->contains(root)) roots.ids.insert(root);
      });
    }
  }
  for (const auto& [name, value] : state.database->settings()) {
    if (name.starts_with(kSettingEraseClaims)) {
      guarded("setting " + name, [&, &text = value] {
        const std::vector<Id> lacking = parse_kept_objects(text);
        roots.lacking.insert(lacking.begin(), lacking.end());
      });
    }
    if (!name.starts_with(kSettingIncomingPrefix)) continue;
    guarded("setting " + name, [&, &text = value] {
      const std::vector<Id> kept = parse_kept_objects(text);
      roots.ids.insert(kept.begin(), kept.end());
    });
  }
}

/// What moves lead to.
void add_moves(RepositoryState& state, const RootOptions& options, Roots& roots) {
  std::set<std::string> known;  // whose newest move was met
  for (const refs::ReflogEntry& entry : state.database->reflog_after(options.moves_after)) {
    roots.last_move = std::max(roots.last_move, entry.number);
    if (options.forget_before_millis > 0) {
      const bool is_newest = known.insert(entry.name).second && entry.after;
      if (!is_newest && entry.at_millis < options.forget_before_millis) {
        ++roots.moves_forgotten;
        continue;
      }
    }
    if (entry.before) roots.ids.insert(*entry.before);
    if (entry.after) roots.ids.insert(*entry.after);
  }
}

}  // namespace

Roots read_roots(RepositoryState& state, const RootOptions& options, const Guard& guarded) {
  Roots roots;
  roots.last_move = options.moves_after;
  // The moves first: what moves after them is met the next time.
  add_moves(state, options, roots);
  if (options.moves_after == 0) {
    // A clone that was cut off at once has not even its root yet. Where there is a commit, the walk
    // from it misses a root that is gone.
    guarded("the root", [&] {
      if (state.store->contains(state.root)) roots.ids.insert(state.root);
    });
    for (const refs::Ref& ref : state.database->refs()) {
      roots.ids.insert(ref.target);
      roots.names.emplace(ref.target, ref.name);
    }
  }
  add_kept_and_computed(state, roots, guarded);
  add_draft(state, roots, guarded);
  return roots;
}

}  // namespace isodb::repo
