#pragma once

#include <filesystem>
#include <unordered_set>
#include <utility>

#include "isodb/repository.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "repo/access.h"
#include "repo/reachable.h"
#include "repo/scope.h"
#include "repo/state.h"
#include "tests/support/testing.h"

namespace isodb::testing {

/// Adds a content with all its parts.
inline void add_content(const RepositoryState& state, const Id& id, std::unordered_set<Id>& all) {
  if (!all.insert(id).second || state.type_of(id) != ObjectType::kList) return;
  for (const auto& item : objects::decode_list(state.read_object(id).payload).items) {
    add_content(state, item.id, all);
  }
}

/// The contents of a whole repository that a scope takes in.
inline std::unordered_set<Id> contents_in(Repository& whole, const Scope& scope) {
  RepositoryState& state = *repo::Access::state(whole);
  repo::HeldScope held(state, scope);
  std::unordered_set<Id> contents;
  std::vector<CommitId> heads;
  for (const RefInfo& ref : whole.refs()) {
    const std::vector<CommitId> commits = whole.resolve_heads(ref.name);
    heads.insert(heads.end(), commits.begin(), commits.end());
  }
  const auto add_tree = [&](const TreeId& tree, const std::optional<LoggedCommit>& at) {
    objects::Cursor cursor(state.nodes(), tree);
    for (cursor.seek({}); cursor.valid(); cursor.next()) {
      const Entry entry = cursor.entry();
      const bool is_in = at ? held.covers_entry(cursor.path(), entry, at->id, at->commit.stamp())
                            : held.surely_covers(cursor.path(), entry.stamp);
      if (!is_in) continue;
      add_content(state, entry.content, contents);
      if (entry.metadata) add_content(state, *entry.metadata, contents);
    }
  };
  whole.log(heads, {}, [&](const LoggedCommit& logged) {
    add_tree(logged.commit.tree, logged);
    if (logged.commit.deleted) add_content(state, *logged.commit.deleted, contents);
    return true;
  });
  for (const RefInfo& ref : whole.refs()) add_tree(whole.snapshot(ref.name).tree_id(), {});
  return contents;
}

/// Stores objects of one repository in another.
template <typename Ids>
void copy_objects(Repository& from, Repository& to, const Ids& ids) {
  RepositoryState& source = *repo::Access::state(from);
  RepositoryState& target = *repo::Access::state(to);
  refs::LooseBatch objects(*target.store);
  for (const Id& id : ids) {
    const objects::Object object = source.read_object(id);
    objects.put(object.type, object.payload);
  }
  refs::WriteBatch batch;
  if (!objects.empty()) batch.loose.push_back(objects.take());
  REQUIRE_FALSE(target.database->write(batch).lost);
  target.store->refresh();
}

/// A repository with all commits, trees and refs of another, and of its contents those in a scope,
/// but for what was lost.
inline Repository partial_copy(Repository& whole, const std::filesystem::path& folder,
                               const Scope& scope, const std::unordered_set<Id>& lost = {}) {
  // Its key is known already.
  Repository::init_empty(folder, whole.id(),
                         {.key_file = whole.folder() / RepositoryState::kKeyPath});
  Repository partial = Repository::open(folder);
  partial.set_setting(repo::kSettingScope, repo::scope_text(scope));
  repo::Access::state(partial)->reload_scope();
  const std::unordered_set<Id> contents = contents_in(whole, scope);
  std::vector<Id> ids;
  repo::Reachable(*repo::Access::state(whole)).visit_all([&](const Id& id, ObjectType type) {
    const bool is_content = type == ObjectType::kBlob || type == ObjectType::kList;
    if (!is_content || (contents.contains(id) && !lost.contains(id))) ids.push_back(id);
  });
  copy_objects(whole, partial, ids);
  for (const RefInfo& ref : whole.refs()) {
    REQUIRE(partial.move_ref(ref.name, std::nullopt, ref.target, "copy").done);
  }
  return partial;
}

}  // namespace isodb::testing
