#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "isodb/key.h"
#include "objects/tree.h"
#include "repo/members.h"
#include "repo/staged_changes.h"

namespace isodb::repo {

/// Who may write what, as the members in one tree say: the tree of a commit's parents, so that
/// anyone can judge the commit offline. Borrows the reader's source and cache. Thread-safe.
class Authority {
 public:
  explicit Authority(objects::NodeReader nodes) : nodes_(nodes) {}

  /// What `key` may do by the members in `tree`; nullopt for a stranger. A repository open to
  /// anyone gives a stranger the right to write.
  std::optional<Member> member(const TreeId& tree, const PublicKey& key) const;
  /// Error(kDenied) naming the first path that `key` may not write.
  void check_may_write(const TreeId& tree, const PublicKey& key,
                       const StagedChanges& changes) const;
  /// Guards those who govern against locking everybody out, which no later commit could mend: the
  /// changes, which made the tree `after`, leave an admin, and documents that say who may do what
  /// can be read. Error(kDenied) or Error(kInvalid), which name the document. Not a rule that
  /// commits are judged by afterwards.
  void check_stays_governed(const TreeId& after, const StagedChanges& changes) const;

 private:
  std::optional<Bytes> document(const TreeId& tree, std::string_view path) const;
  bool has_admin(const TreeId& tree) const;
  bool open_to_anyone(const TreeId& tree) const;
  objects::NodeReader nodes_;
};

/// "" when the member may write the path; otherwise why not, for people.
std::string write_problem(const std::optional<Member>& member, std::string_view path);

}  // namespace isodb::repo
