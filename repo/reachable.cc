#include "repo/reachable.h"

#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/node.h"
#include "repo/commit_walk.h"
#include "repo/roots.h"

namespace isodb::repo {

Reachable::Reachable(RepositoryState& state) : state_(state), erased_(state.erasures->now()) {
  const std::shared_ptr<const Scope> scope = state.reload_scope();
  if (!scope->is_whole()) held_.emplace(state, *scope);
}

void Reachable::check_trees() {
  trees_.emplace(state_.nodes());
}

std::vector<Id> Reachable::roots() {
  Roots roots =
      read_roots(state_, {.moves_after = 0, .forget_before_millis = forget_before_millis_},
                 [&](const std::string& where, const auto& action) { guarded(where, action); });
  moves_forgotten_ = roots.moves_forgotten;
  root_names_ = std::move(roots.names);
  last_move_ = roots.last_move;
  lacking_ = std::move(roots.lacking);
  return {roots.ids.begin(), roots.ids.end()};
}

void Reachable::guarded(const std::string& where, const std::function<void()>& action) {
  if (!report_) return action();
  try {
    action();
  } catch (const Error& error) {
    report_(where, error.what());
  }
}

std::optional<std::string> Reachable::problem_of(const Id& id) const {
  if (!report_) return std::nullopt;
  if (damaged_ != nullptr) {
    const auto known = damaged_->find(id);
    if (known != damaged_->end()) {
      return "object " + id.hex() + " is damaged: " + known->second;
    }
  }
  try {
    if (state_.store->contains(id)) return std::nullopt;
  } catch (const Error& error) {
    return "object " + id.hex() + " is missing: " + error.what();
  }
  return objects::ObjectMissing(id).what();
}

bool Reachable::is_sound(const Id& id, const std::string& where) {
  const std::optional<std::string> problem = problem_of(id);
  if (problem) tell(id, where, *problem);
  return !problem;
}

void Reachable::tell(const Id& id, const std::string& where, const std::string& problem) {
  unsound_.insert(id);
  if (at_ != nullptr) named_.emplace(at_->path, id);
  report_(where, problem);
  if (tell_) tell_({id, where, problem, of_, rank_});
}

void Reachable::name_again(const Id& id, const std::string& where) {
  if (!report_ || at_ == nullptr || !unsound_.contains(id)) return;
  if (!named_.emplace(at_->path, id).second) return;
  report_(where, "object " + id.hex() + ", or a part of it, is damaged or missing");
}

void Reachable::visit_all(const Visit& visit) {
  std::vector<Id> named = roots();
  std::vector<CommitId> heads;
  std::vector<Id> others;
  for (std::size_t i = 0; i < named.size(); ++i) {
    const Id id = named[i];
    const auto name = root_names_.find(id);
    const std::string where = name == root_names_.end() ? id.hex() : name->second;
    guarded(where, [&] {
      of_ = id;
      rank_.reset();
      if (!is_sound(id, where)) return;
      const ObjectType type = state_.type_of(id);
      if (type == ObjectType::kCommit) {
        heads.emplace_back(id);
      } else if (type == ObjectType::kTag) {
        // It keeps what it names, and that may be another tag.
        if (const auto object = visit_tag(id, visit)) named.push_back(*object);
      } else {
        others.push_back(id);
        if (type != ObjectType::kMerge) return;
        for (const CommitId& head : read_merge(id).heads) heads.push_back(head);
      }
    });
  }
  // First, as they know best what has to be here: may_be_absent().
  visit_commits(heads, visit);
  for (const Id& id : others) {
    of_ = id;
    rank_.reset();
    guarded(id.hex(), [&] { visit_other(id, visit); });
  }
}

std::optional<Id> Reachable::visit_tag(const Id& id, const Visit& visit) {
  if (!first_time(id)) return std::nullopt;
  visit(id, ObjectType::kTag);
  const Tag tag = objects::decode_tag(state_.read_object(id).payload);
  if (tag.type != state_.type_of(tag.object)) {
    throw Error(ErrorCode::kCorrupt, "the tag '" + tag.name + "' names " + tag.object.hex() +
                                         " as a " + std::string(object_type_name(tag.type)) +
                                         ", which it is not");
  }
  return tag.object;
}

Merge Reachable::read_merge(const Id& id) const {
  return objects::decode_merge(state_.read_object(id).payload);
}

void Reachable::visit_other(const Id& id, const Visit& visit) {
  const ObjectType type = state_.type_of(id);
  switch (type) {
    case ObjectType::kMerge:
      if (!first_time(id)) return;
      visit_whole_tree(read_merge(id).tree, "merge " + id.hex(), visit);
      return visit(id, type);
    case ObjectType::kTree:
      return visit_tree(TreeId(id), id.hex(), visit);
    case ObjectType::kBlob:
    case ObjectType::kList:
      return visit_content(id, std::nullopt, id.hex(), visit);
    default:
      if (first_time(id)) visit(id, type);
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
    of_ = id;
    rank_.reset();
    guarded(id.hex(), [&, id = id, parents_done = parents_done] {
      if (parents_done) return visit_commit(id, visit);
      if (!entered.insert(id).second || !is_sound(id, "commit " + id.hex())) return;
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
    guarded(where, [&] { visit_content(*commit.deleted, std::nullopt, where, visit); });
  }
  writer_ = {id, commit.stamp()};
  visit_whole_tree(commit.tree, where, visit);
  writer_.reset();
  if (commit.base) guarded(where, [&] { visit_tree(*commit.base, where, visit); });
  visit(id, ObjectType::kCommit);
}

void Reachable::visit_whole_tree(const TreeId& root, const std::string& where, const Visit& visit) {
  if (trees_) {
    trees_->verify(root, [&](const Id& node, const std::string& problem) {
      if (problem_of(node)) return;  // told when it is visited
      report_(where, "tree node " + node.hex() + ": " + problem);
    });
  }
  guarded(where, [&] { visit_tree(root, where, visit); });
}

void Reachable::visit_tree(const TreeId& root, const std::string& where, const Visit& visit) {
  if (!first_time(root)) return;
  rank_.reset();
  if (!is_sound(root, where)) return;
  const objects::NodePtr node = state_.nodes().node(root);
  visit_node(root, *node, 0, where, visit);
}

/// Levels fall by one with each step, which the reader checks: that is what ends the descent.
void Reachable::visit_node(const Id& id, const objects::Node& node, std::uint64_t first,
                           const std::string& where, const Visit& visit) {
  for (std::size_t i = 0; i < node.size(); ++i) {
    if (node.level() == 0) {
      const Entry entry = node.entry(i);
      const bool known =
          seen_.contains(entry.content) && (!entry.metadata || seen_.contains(*entry.metadata));
      rank_ = first + i;
      if (!known || report_) visit_entry(node.key(i), entry, where, visit);
      continue;
    }
    const objects::Child child = node.child(i);
    rank_ = first;
    first += child.count;
    if (!first_time(child.id)) continue;
    guarded(where, [&] {
      if (problem_of(child.id)) {
        is_sound(child.id, where + " paths up to " + node.key(i));
        return;
      }
      visit_node(child.id, *state_.nodes().child(node, i), first - child.count, where, visit);
    });
  }
  visit(id, ObjectType::kTree);
}

bool Reachable::is_erased(std::string_view path, const Id& content) {
  if (path.starts_with(kGovernedPrefix)) return false;
  if (!erased_->has(content)) {
    // Only said to be: nothing is dropped for that.
    const bool is_said = lacking_.contains(content) || state_.erasures->may_lack(content);
    if (!is_said || state_.store->contains(content)) return false;
  }
  if (met_erased_.insert(content).second) ++contents_erased_;
  return true;
}

void Reachable::visit_entry(const std::string& path, const Entry& entry,
                            const std::string& at_commit, const Visit& visit) {
  const std::string where = at_commit + " path " + path;
  const bool list = entry.kind == ContentKind::kList;
  const Place place{path, entry};
  at_ = &place;
  guarded(where, [&] {
    if (is_erased(path, entry.content)) return;
    visit_content(entry.content, std::nullopt, where, visit);
    check_extent(entry.content, list ? ObjectType::kList : ObjectType::kBlob, entry.size);
  });
  if (entry.metadata && !is_erased(path, *entry.metadata)) {
    guarded(where, [&] { visit_content(*entry.metadata, std::nullopt, where, visit); });
  }
  at_ = nullptr;
}

bool Reachable::may_be_absent() {
  if (at_ == nullptr || !held_) return false;
  const Entry& entry = at_->entry;
  if (!writer_) return !held_->surely_covers(at_->path, entry.stamp);
  return !held_->covers_entry(at_->path, entry, writer_->commit, writer_->stamp);
}

void Reachable::miss(const Id& id) {
  if (!may_be_absent()) {
    absent_.erase(id);  // said once
    seen_.insert(id);
    unsound_.insert(id);
    if (at_ != nullptr) named_.emplace(at_->path, id);
    const objects::ObjectMissing missing(id);
    if (tell_) tell_({id, at_ == nullptr ? "" : at_->path, missing.what(), of_, rank_});
    throw objects::ObjectMissing(missing);
  }
  seen_.erase(id);  // another entry that names it may be one that must not miss it
  const bool is_named = id == at_->entry.content || id == at_->entry.metadata;
  if (absent_.insert(id).second && is_named) ++contents_not_held_;
}

/// nullopt, and told or noted, for what is not here.
std::optional<std::pair<ObjectType, std::uint64_t>> Reachable::header_of(const Id& id,
                                                                         const std::string& where) {
  std::optional<std::pair<ObjectType, std::uint64_t>> header;
  try {
    header = state_.store->header(id);
  } catch (const Error& error) {
    if (!report_) throw;
    tell(id, where, "object " + id.hex() + " is missing: " + error.what());
    return std::nullopt;
  }
  if (!header) miss(id);
  return header;
}

void Reachable::visit_content(const Id& id, std::optional<std::uint8_t> level,
                              const std::string& where, const Visit& visit) {
  if (absent_.contains(id)) return miss(id);
  if (!first_time(id)) return name_again(id, where);
  if (damaged_ != nullptr && damaged_->contains(id)) return void(is_sound(id, where));
  const auto header = header_of(id, where);
  if (!header) return;
  if (header->first == ObjectType::kList) {
    visit_list(id, level, where, visit);
  } else if (report_) {
    extents_.emplace(id, Extent{header->first, header->second});
  }
  visit(id, header->first);
}

/// As for trees, the levels of lists end the descent.
void Reachable::visit_list(const Id& id, std::optional<std::uint8_t> level,
                           const std::string& where, const Visit& visit) {
  const objects::List list = objects::decode_list(state_.read_object(id).payload);
  if (level && list.level != *level) {
    throw Error(ErrorCode::kCorrupt,
                "list " + id.hex() + " is not of the level below that of the list that names it");
  }
  if (report_) extents_.emplace(id, Extent{ObjectType::kList, list.size});
  bool is_whole = true;
  for (const objects::ListItem& item : list.items) {
    guarded(where, [&] {
      const bool chunk = list.level == 0;
      const ObjectType expected = chunk ? ObjectType::kBlob : ObjectType::kList;
      if (unsound_.contains(item.id)) return name_again(item.id, where);
      if (damaged_ != nullptr && damaged_->contains(item.id)) {
        return visit_content(item.id, std::nullopt, where, visit);
      }
      const auto header = header_of(item.id, where);
      if (!header) return;
      if (chunk && header->first != ObjectType::kBlob) {
        throw Error(ErrorCode::kCorrupt, "object " + item.id.hex() + " is no chunk of a document");
      }
      const std::uint8_t below = chunk ? 0 : static_cast<std::uint8_t>(list.level - 1);
      visit_content(item.id, below, where, visit);
      check_extent(item.id, expected, item.size);
    });
    is_whole = is_whole && !absent_.contains(item.id);
    if (!unsound_.contains(item.id)) continue;
    unsound_.insert(id);
    if (at_ != nullptr) named_.emplace(at_->path, id);
  }
  if (!is_whole) miss(id);
}

/// What names a content says its kind and length, and who reads it relies on both.
void Reachable::check_extent(const Id& id, ObjectType type, std::uint64_t bytes) const {
  const auto found = extents_.find(id);
  if (!report_ || found == extents_.end()) return;
  const Extent& extent = found->second;
  if (extent.type == type && extent.bytes == bytes) return;
  throw Error(ErrorCode::kCorrupt, "object " + id.hex() + " is a " +
                                       std::string(object_type_name(extent.type)) + " of " +
                                       std::to_string(extent.bytes) + " bytes where a " +
                                       std::string(object_type_name(type)) + " of " +
                                       std::to_string(bytes) + " is named");
}

}  // namespace isodb::repo
