#include "repo/reachable.h"

#include <set>

#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/node.h"
#include "repo/commit_walk.h"

namespace isodb::repo {

Reachable::Reachable(RepositoryState& state) : state_(state) {}

void Reachable::check_trees() {
  trees_.emplace(state_.nodes());
}

std::vector<Id> Reachable::roots() const {
  std::set<Id> roots{state_.root};
  for (const refs::Ref& ref : state_.database->refs()) roots.insert(ref.target);
  for (const refs::ReflogEntry& entry : state_.database->reflog({})) {
    if (entry.before) roots.insert(*entry.before);
    if (entry.after) roots.insert(*entry.after);
  }
  if (const auto draft = state_.database->draft()) {
    if (draft->base) roots.insert(*draft->base);
    for (const refs::DraftChange& change : draft->changes) {
      if (!change.entry) continue;
      const Entry entry = objects::Node(*change.entry).entry(0);
      roots.insert(entry.content);
      if (entry.metadata) roots.insert(*entry.metadata);
    }
  }
  return {roots.begin(), roots.end()};
}

void Reachable::guarded(const std::string& where, const std::function<void()>& action) {
  if (!report_) return action();
  try {
    action();
  } catch (const Error& error) {
    report_(where, error.what());
  }
}

void Reachable::visit_all(const Visit& visit) {
  std::vector<CommitId> heads;
  std::vector<Id> others;
  for (const Id& root : roots()) {
    guarded(root.hex(), [&] {
      if (state_.type_of(root) == ObjectType::kCommit) {
        heads.emplace_back(root);
      } else {
        others.push_back(root);
      }
    });
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    // A tag keeps what it names, and that may be another tag.
    guarded(others[i].hex(), [&] {
      if (state_.type_of(others[i]) != ObjectType::kTag) return visit_root(others[i], visit);
      if (!first_time(others[i])) return;
      visit(others[i], ObjectType::kTag);
      const Tag tag = objects::decode_tag(state_.read_object(others[i]).payload);
      if (tag.type == ObjectType::kCommit) {
        heads.emplace_back(tag.object);
      } else {
        others.push_back(tag.object);
      }
    });
  }
  visit_commits(heads, visit);
}

void Reachable::visit_root(const Id& id, const Visit& visit) {
  switch (state_.type_of(id)) {
    case ObjectType::kTree:
      return visit_tree(TreeId(id), id.hex(), visit);
    case ObjectType::kBlob:
    case ObjectType::kList:
      return visit_content(id, id.hex(), visit);
    default:
      if (first_time(id)) visit(id, state_.type_of(id));
  }
}

void Reachable::visit_commits(const std::vector<CommitId>& heads, const Visit& visit) {
  // Parents first, without recursion: histories are long.
  std::vector<std::pair<CommitId, bool>> stack;
  for (const CommitId& head : heads) stack.emplace_back(head, false);
  std::unordered_set<Id> entered;
  while (!stack.empty()) {
    const auto [id, parents_done] = stack.back();
    stack.pop_back();
    guarded(id.hex(), [&, id = id, parents_done = parents_done] {
      if (parents_done) return visit_commit(id, visit);
      if (!entered.insert(id).second) return;
      stack.emplace_back(id, true);
      for (const CommitId& parent : state_.read_commit(id).parents)
        stack.emplace_back(parent, false);
    });
  }
}

void Reachable::visit_commit(const CommitId& id, const Visit& visit) {
  if (!first_time(id)) return;
  const Commit commit = state_.read_commit(id);
  const std::string where = "commit " + id.hex();
  if (commit.deleted) {
    guarded(where, [&] { visit_content(*commit.deleted, where, visit); });
  }
  if (trees_) {
    trees_->verify(commit.tree, [&](const Id& node, const std::string& problem) {
      report_(where, "tree node " + node.hex() + ": " + problem);
    });
  }
  guarded(where, [&] { visit_tree(commit.tree, where, visit); });
  if (commit.base) guarded(where, [&] { visit_tree(*commit.base, where, visit); });
  visit(id, ObjectType::kCommit);
}

void Reachable::visit_tree(const TreeId& root, const std::string& where, const Visit& visit) {
  if (!first_time(root)) return;
  const objects::NodePtr node = state_.nodes().node(root);
  for (std::size_t i = 0; i < node->size(); ++i) {
    if (node->level() > 0) {
      visit_tree(TreeId(node->child(i).id), where, visit);
      continue;
    }
    const Entry entry = node->entry(i);
    if (!seen_.contains(entry.content)) {
      guarded(where + " path " + node->key(i), [&] { visit_content(entry.content, where, visit); });
    }
    if (entry.metadata && !seen_.contains(*entry.metadata)) {
      guarded(where + " path " + node->key(i),
              [&] { visit_content(*entry.metadata, where, visit); });
    }
  }
  visit(root, ObjectType::kTree);
}

void Reachable::visit_content(const Id& id, const std::string& where, const Visit& visit) {
  if (!first_time(id)) return;
  const ObjectType type = state_.type_of(id);
  if (type == ObjectType::kList) {
    for (const objects::ListItem& item :
         objects::decode_list(state_.read_object(id).payload).items) {
      visit_content(item.id, where, visit);
    }
  }
  visit(id, type);
}

}  // namespace isodb::repo
