#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "isodb/commit.h"
#include "isodb/entry.h"
#include "objects/node.h"
#include "objects/tree.h"
#include "objects/tree_verify.h"
#include "repo/scope.h"
#include "repo/state.h"

namespace isodb::repo {

/// An object that is missing, or whose record is damaged, and where the walk met it first.
struct Damage {
  Id id;
  std::string where;  ///< for people: "commit <id> path <path>", a ref, …
  std::string problem;
  /// The commit, merge or tag that it is, or that it is a part of; zero where no peer would know
  /// it by one.
  Id of;
  /// In that one's tree: of the first entry that it is for, or is above of. nullopt: of the whole.
  std::optional<std::uint64_t> rank;
};

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

  /// With on_problem(): objects whose records are damaged, and how. They are told like those that
  /// are missing, with each path that leads to their contents, and not read. Borrowed.
  void expect_damage(const std::unordered_map<Id, std::string>& damaged) { damaged_ = &damaged; }
  /// Called once for each object that is missing or among those.
  void on_damage(std::function<void(const Damage&)> hook) { tell_ = std::move(hook); }

  /// As if moves of refs before this time had been forgotten (docs/storage.md, "Collection").
  void forget_before(std::uint64_t millis) { forget_before_millis_ = millis; }
  std::uint64_t moves_forgotten() const { return moves_forgotten_; }

  void visit_all(const Visit& visit);
  /// After it: refs and reflog were as they were after this move, or newer.
  std::uint64_t last_move() const { return last_move_; }
  /// Was it visited, with all that it leads to?
  bool has_visited(const Id& id) const { return seen_.contains(id); }

  /// Contents, and metadata, that are erased: what they name is not visited for their sake.
  std::uint64_t contents_erased() const { return contents_erased_; }
  /// Which that are: by the branches as they were when this was made.
  const merge::ErasedPtr& erased() const { return erased_; }
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
  /// `first`: the rank of the first entry below the node.
  void visit_node(const Id& id, const objects::Node& node, std::uint64_t first,
                  const std::string& where, const Visit& visit);
  /// Whether a document's content is erased, or is not here and said to be.
  bool is_erased(std::string_view path, const Id& content);
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
  std::optional<std::pair<ObjectType, std::uint64_t>> header_of(const Id& id,
                                                                const std::string& where);
  void visit_list(const Id& id, std::optional<std::uint8_t> level, const std::string& where,
                  const Visit& visit);
  /// Why the object cannot be read; nullopt where nothing is known against it. Without
  /// on_problem() that is always so: who reads it finds out.
  std::optional<std::string> problem_of(const Id& id) const;
  /// False, and told, where there is such a problem.
  bool is_sound(const Id& id, const std::string& where);
  void tell(const Id& id, const std::string& where, const std::string& problem);
  /// A content, or a part of it, that was found to be damaged: tells which path has it, too.
  void name_again(const Id& id, const std::string& where);
  void check_extent(const Id& id, ObjectType type, std::uint64_t bytes) const;
  void guarded(const std::string& where, const std::function<void()>& action);
  bool first_time(const Id& id) { return seen_.insert(id).second; }

  RepositoryState& state_;
  std::optional<objects::TreeVerifier> trees_;
  Problem report_;
  const std::unordered_map<Id, std::string>* damaged_ = nullptr;
  std::function<void(const Damage&)> tell_;
  Id of_;  // whose tree, list or self is at hand
  std::optional<std::uint64_t> rank_;
  std::unordered_set<Id> unsound_;  // contents that are damaged or missing, or a part of them
  std::set<std::pair<std::string, Id>> named_;  // paths with these
  std::unordered_map<Id, std::string> root_names_;
  std::uint64_t last_move_ = 0, forget_before_millis_ = 0, moves_forgotten_ = 0;
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
  merge::ErasedPtr erased_;
  std::set<Id> lacking_;  // what sessions that broke off did without
  std::unordered_set<Id> met_erased_;
  std::uint64_t contents_erased_ = 0;
};

}  // namespace isodb::repo
