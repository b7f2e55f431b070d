#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/context.h"
#include "isodb/repository.h"

namespace isodb::cli {

/// How commits are shown: with the refs that name them, and their authors called by the names that
/// the members' documents of the current branch give their keys. Borrows the repository. One
/// thread.
class CommitView {
 public:
  CommitView(Context& context, const Repository& repository);

  /// The refs that name this commit, directly or by a tag, sorted: "heads/main", "tags/v1".
  std::vector<std::string> refs_of(const CommitId& commit) const;
  /// The member's name; nullopt when there is no such member.
  std::optional<std::string> member_name(const PublicKey& key);
  /// Whom people know: the foreign author of an imported commit, the member's name, or the key's
  /// fingerprint.
  std::string author(const Commit& commit);

  /// The lines of a commit's head: id, author, time, message. Painted, each without its line feed.
  std::vector<std::string> lines(const CommitId& id, const Commit& commit);
  /// One line: id, refs, subject.
  std::string line(const CommitId& id, const Commit& commit) const;
  /// The members of --json.
  JsonObject json(const CommitId& id, const Commit& commit);

 private:
  std::string painted_refs(const CommitId& id) const;

  Context& context_;
  const Repository& repository_;
  std::optional<Snapshot> members_;
  std::map<PublicKey, std::optional<std::string>> names_;
  std::unordered_map<Id, std::vector<std::string>> refs_;  // only looked up, never walked
};

/// When a commit was made, in milliseconds since 1970: what its foreign author said of an imported
/// commit, whose own clock stands above the repository's first commit; else its clock.
std::uint64_t time_of(const Commit& commit);

/// A message's first line.
std::string subject_of(ByteView message);

}  // namespace isodb::cli
