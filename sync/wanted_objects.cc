#include "sync/wanted_objects.h"

#include <algorithm>
#include <span>
#include <unordered_set>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "sync/agreements.h"
#include "sync/wanting.h"

namespace isodb::sync {
namespace {

using Ranks = std::span<const std::uint64_t>;

/// Collects the objects of one WANT, place by place.
class Search {
 public:
  Search(RepositoryState& repository, const std::vector<Id>& wanted)
      : repository_(repository), wanted_(wanted.begin(), wanted.end()) {}

  /// Damage here hides what is below it, and nothing beside it.
  void look_at_commit(const Id& id, Ranks ranks) {
    offer(id);
    const Commit commit = repository_.read_commit(CommitId(id));
    if (commit.deleted) unless_damaged([&] { look_at_content(*commit.deleted); });
    unless_damaged([&] { look_at_tree(commit.tree, ranks); });
    if (commit.base) unless_damaged([&] { look_at_tree(*commit.base, ranks); });
  }

  void look_at_named(const Id& id, Ranks ranks) {
    offer(id);
    objects::Object object = repository_.read_object(id);
    if (object.type == ObjectType::kMerge) {
      look_at_tree(objects::decode_merge(object.payload).tree, ranks);
    }
    for (unsigned depth = 0;
         object.type == ObjectType::kTag && depth < RepositoryState::kTagsOnTagsMax; ++depth) {
      const Id named = objects::decode_tag(object.payload).object;
      if (repository_.type_of(named) != ObjectType::kTag) return;
      offer(named);
      object = repository_.read_object(named);
    }
  }

  bool is_done() const { return wanted_.empty(); }
  std::vector<Id> take() { return std::move(found_); }

 private:
  template <typename Look>
  static void unless_damaged(const Look& look) {
    try {
      look();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorrupt) throw;
    }
  }

  void offer(const Id& id) {
    if (wanted_.erase(id) == 0) return;
    unless_damaged([&] {
      const std::optional<objects::Object> object = repository_.store->get(id);
      if (object && core::object_id(object->type, object->payload) == id) found_.push_back(id);
    });
  }

  void look_at_tree(const TreeId& root, Ranks ranks) {
    offer(root);
    if (!ranks.empty()) look_below(*repository_.nodes().node(root), 0, ranks);
  }

  /// Levels fall by one with each step, which the reader checks.
  void look_below(const objects::Node& node, std::uint64_t first, Ranks ranks) {
    for (std::size_t i = 0; i < node.size() && !ranks.empty() && !is_done(); ++i) {
      const bool is_leaf = node.level() == 0;
      const std::uint64_t end = first + (is_leaf ? 1 : node.child(i).count);
      const auto split = std::lower_bound(ranks.begin(), ranks.end(), end) - ranks.begin();
      const Ranks here = ranks.first(static_cast<std::size_t>(split));
      if (!here.empty() && is_leaf) {
        const Entry entry = node.entry(i);
        unless_damaged([&] { look_at_content(entry.content); });
        if (entry.metadata) unless_damaged([&] { look_at_content(*entry.metadata); });
      } else if (!here.empty()) {
        offer(node.id(i));
        unless_damaged([&] { look_below(*repository_.nodes().child(node, i), first, here); });
      }
      ranks = ranks.subspan(here.size());
      first = end;
    }
  }

  void look_at_content(const Id& id) {
    offer(id);
    if (is_done() || !seen_.insert(id).second) return;
    const auto header = repository_.store->header(id);
    if (!header || header->first != ObjectType::kList) return;
    const objects::List list = objects::decode_list(repository_.read_object(id).payload);
    for (const objects::ListItem& item : list.items) {
      if (list.level == 0) {
        offer(item.id);
      } else {
        unless_damaged([&] { look_at_content(item.id); });
      }
    }
  }

  RepositoryState& repository_;
  std::unordered_set<Id> wanted_, seen_;
  std::vector<Id> found_;
};

/// By refs that travel.
std::unordered_set<Id> named_ids(refs::Database& database) {
  std::unordered_set<Id> named;
  for (const char* prefix : {"heads/", "tags/"}) {
    for (const refs::Ref& ref : database.refs(prefix)) named.insert(ref.target);
  }
  return named;
}

}  // namespace

std::vector<Id> wanted_objects(RepositoryState& repository, const wire::WantMessage& want) {
  Search search(repository, want.objects);
  const std::unordered_set<Id> commits =
      wanted_commits(repository, branch_commits(local_refs(repository)), want);
  const std::unordered_set<Id> named = named_ids(*repository.database);
  for (const wire::WantMessage::Entries& entries : want.wanted) {
    if (search.is_done()) break;
    const Id& id = entries.commit;
    try {
      if (commits.contains(id)) {
        search.look_at_commit(id, entries.ranks);
      } else if (named.contains(id) && repository.type_of(id) != ObjectType::kCommit) {
        search.look_at_named(id, entries.ranks);
      }
    } catch (const Error& error) {  // what is damaged here cannot be followed
      if (error.code() != ErrorCode::kCorrupt) throw;
    }
  }
  return search.take();
}

}  // namespace isodb::sync
