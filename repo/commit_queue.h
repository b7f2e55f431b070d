#pragma once

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "isodb/transaction.h"
#include "merge/authority.h"
#include "refs/database.h"
#include "repo/staged_changes.h"
#include "repo/staging.h"

namespace isodb {
class RepositoryState;
}

namespace isodb::repo {

/// What a transaction read and what it demands: held against the head that it is committed onto.
struct ReadSet {
  std::set<std::string, std::less<>> paths;
  std::set<std::string, std::less<>> prefixes;
  /// The content that a path must have on that head; nullopt: the path must be absent.
  std::map<std::string, std::optional<Id>, std::less<>> demands;
};

/// One transaction that asks to be committed. Borrows everything for the length of submit().
struct CommitRequest {
  std::string branch;
  std::optional<Id> base;  ///< the head that the transaction read; nullopt: the branch was new
  TreeId base_tree;
  const StagedChanges* changes = nullptr;
  const ReadSet* reads = nullptr;
  Staging* staging = nullptr;
  const CommitOptions* options = nullptr;
  /// What the draft holds that ends with the commit; nullptr: none does.
  const std::vector<refs::DraftChange>* draft = nullptr;

  /// Waits for `done`, or for its turn to lead.
  std::condition_variable wake;
  /// Written by whoever leads; to be read only once `done` is seen under the queue's lock.
  std::optional<std::variant<CommitId, Stale>> outcome;
  std::exception_ptr failure;
  bool done = false;
};

/// Commits transactions of this process, those that wait at the same time together: the first to
/// come builds the commits of all, one on top of the other, and makes them durable with one fsync
/// (group commit). When another process moved a branch meanwhile, they are built again on the new
/// head. Thread-safe.
class CommitQueue {
 public:
  explicit CommitQueue(RepositoryState& state) : state_(state) {}

  /// Returns with outcome or failure set. Durable when the outcome is an id.
  void submit(CommitRequest& request);

 private:
  struct Group;
  /// What this process committed last.
  struct Newest {
    std::string branch;
    Id head;
    std::uint64_t sequence = 0;
  };
  void lead(const std::vector<CommitRequest*>& requests);
  void commit_group(std::vector<CommitRequest*> requests);
  void commit_packed(CommitRequest& request);
  void begin_batch(Group& group);
  bool try_group(Group& group);
  void check_rights(const objects::ObjectSource& source, const CommitRequest& request,
                    const TreeId& before, const TreeId& after);
  void build(Group& group, CommitRequest& request, Staging* packed);
  std::optional<Id> head_for(Group& group, const CommitRequest& request);
  std::optional<std::vector<std::string>> refused_paths(const objects::NodeReader& nodes,
                                                        const CommitRequest& request,
                                                        const Id& head, const TreeId& head_tree);
  void remember_newest(const Group& group);

  RepositoryState& state_;
  std::mutex mutex_;
  std::vector<CommitRequest*> waiting_;
  bool leading_ = false;
  // Of whoever leads.
  HybridTime last_clock_;
  std::optional<Newest> newest_;
  merge::MemberMemo member_memo_;
};

}  // namespace isodb::repo
