#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "isodb/commit.h"
#include "isodb/entry.h"
#include "objects/node.h"
#include "objects/tree.h"
#include "objects/tree_verify.h"
#include "repo/scope.h"
#include "repo/state.h"

namespace isodb::repo {

/// Walks everything that refs, the reflog, the draft, an unfinished sync and the repository's root
/// keep alive: each object once, a commit after its parents, so that histories come in the order in
/// which they grew. One thread.
class Reachable {
 public:
  using Visit = std::function<void(const Id&, ObjectType)>;
  using Problem = std::function<void(const std::string& where, const std::string& problem)>;

  explicit Reachable(RepositoryState& state);

  /// Also checks every tree against the format's rules (objects::TreeVerifier). Needs on_problem().
  void check_trees();
  /// Called for what is missing or damaged; without it the walk throws Error(kCorrupt) instead.
  void on_problem(Problem report) { report_ = std::move(report); }

  void visit_all(const Visit& visit);

  /// Of a partial repository: contents that were named, need not be here, and are not.
  std::uint64_t contents_not_held() const { return contents_not_held_; }

 private:
  std::vector<Id> roots();
  void visit_other(const Id& id, const Visit& visit);
  void visit_commits(const std::vector<CommitId>& heads, const Visit& visit);
  void visit_commit(const CommitId& id, const Visit& visit);
  /// What it names; nullopt when it was visited before.
  std::optional<Id> visit_tag(const Id& id, const Visit& visit);
  Merge read_merge(const Id& id) const;
  void visit_whole_tree(const TreeId& root, const std::string& where, const Visit& visit);
  void visit_tree(const TreeId& root, const std::string& where, const Visit& visit);
  void visit_node(const Id& id, const objects::Node& node, const std::string& where,
                  const Visit& visit);
  void visit_entry(const std::string& path, const Entry& entry, const std::string& where,
                   const Visit& visit);
  /// Whether a partial repository may do without what the entry at hand names. The commit that
  /// wrote it knows best, and is the first in whose tree it is met.
  bool may_be_absent();
  /// For a content, or a part of one, that is not in the store: notes it, or throws.
  void miss(const Id& id);
  /// `level`: of the list that is expected here; nullopt: a blob or any list.
  void visit_content(const Id& id, std::optional<std::uint8_t> level, const std::string& where,
                     const Visit& visit);
  void visit_list(const Id& id, std::optional<std::uint8_t> level, const std::string& where,
                  const Visit& visit);
  void check_extent(const Id& id, ObjectType type, std::uint64_t bytes) const;
  void guarded(const std::string& where, const std::function<void()>& action);
  bool first_time(const Id& id) { return seen_.insert(id).second; }

  RepositoryState& state_;
  std::optional<objects::TreeVerifier> trees_;
  Problem report_;
  std::unordered_set<Id> seen_;
  /// Type and document bytes of every content visited; for check_extent().
  struct Extent {
    ObjectType type;
    std::uint64_t bytes;
  };
  std::unordered_map<Id, Extent> extents_;
  std::optional<HeldScope> held_;  // of a partial repository
  struct Place {
    const std::string& path;
    const Entry& entry;
  };
  const Place* at_ = nullptr;  // the entry at hand; its contents may be missing
  struct Writer {
    CommitId commit;
    Stamp stamp;
  };
  std::optional<Writer> writer_;   // the commit whose tree is at hand
  std::unordered_set<Id> absent_;  // blobs, and lists of which a part is
  std::uint64_t contents_not_held_ = 0;
};

}  // namespace isodb::repo
