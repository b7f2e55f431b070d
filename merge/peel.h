#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "merge/peel_limits.h"
#include "merge/relatives.h"
#include "merge/workspace.h"

namespace isodb::merge {

/// peel(D) for D = past(heads): which heads count, after revoked and forked work is set aside, and
/// what is too much (docs/merge.md, "Members"). Looks only at what is not in the past of all heads
/// unless a member's document changed there. One use. Borrows.
class Peel {
 public:
  /// `root_author` wrote the root of all.
  Peel(Workspace& workspace, Commits heads, const PublicKey& root_author,
       const PeelLimits& limits = {});

  /// The heads of peel(D), ascending in fold order.
  Commits run();
  /// After run(): commits that were set aside.
  const std::unordered_set<CommitIndex>& peeled() const { return peeled_; }

 private:
  /// An id alone can be copied by anybody, who would fork somebody else's commits with it.
  using Writer = std::pair<PublicKey, WriterId>;
  struct Seniority {
    int rank = 0;  // 0 the root's author, 1 members, 2 others
    CommitIndex first = 0;
    std::string path;
  };

  void find_changed_members();
  Commits valid_heads();
  Writer writer_of(CommitIndex commit) const;
  bool peel_forked(const Commits& heads);
  bool peel_surplus(const Commits& heads);
  bool set_aside(CommitIndex head);
  bool is_members(CommitIndex head) const;
  bool is_revoked(CommitIndex commit);
  bool may_be_revoked(CommitIndex commit) const;
  const Commits& revocations_of(const PublicKey& key);
  bool is_void(CommitIndex revocation);
  Relatives& relatives_of(CommitIndex revocation);
  Seniority seniority_of(const PublicKey& key);
  bool is_more_senior(const PublicKey& a, const PublicKey& b);
  /// All writes of a path in D.
  WriteSet all_writes(PathHistory& writes);

  Workspace& workspace_;
  CommitGraph& graph_;
  Commits heads_;
  std::set<CommitIndex> original_;
  PublicKey root_author_;
  PeelLimits limits_;
  std::unordered_set<std::string> changed_members_;  // paths
  std::map<PublicKey, Commits> revocations_;
  std::map<PublicKey, Seniority> seniority_;
  std::unordered_map<CommitIndex, Relatives> relatives_;  // of revocations
  std::unordered_map<CommitIndex, bool> void_;
  std::unordered_map<CommitIndex, bool> revoked_;
  std::unordered_set<CommitIndex> set_aside_;  // forked or too many
  std::unordered_set<CommitIndex> peeled_;
  std::optional<std::map<std::pair<Writer, std::uint64_t>, std::size_t>> numbers_;
};

}  // namespace isodb::merge
