#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "isodb/scope.h"
#include "objects/tree.h"
#include "repo/state.h"
#include "sync/absent_contents.h"
#include "wire/messages.h"

namespace isodb::sync {

/// One portion of contents that the other side is asked for, and what became of it. Borrows what it
/// is given. One thread at a time.
class Wanting {
 public:
  /// `objects`: what is here and what has come since.
  Wanting(const RepositoryState& repository, const objects::ObjectSource& objects)
      : repository_(repository), objects_(objects) {}

  /// Passes over what is not missing.
  void add(const AbsentContents::Item& item);
  void add(const ContentNotHeld::Need& need);
  bool is_empty() const { return items_.empty(); }
  std::size_t entries() const { return entries_; }
  bool is_full() const { return entries_ >= kEntriesMax || bytes_ >= kBytesMax; }

  wire::WantMessage message() const;
  /// What an answer brings, each whole or not at all.
  std::unordered_set<Id> contents() const;
  /// No honest answer is longer.
  std::uint64_t answer_bytes_max() const;

  /// Once they were answered: what is still missing.
  std::vector<std::string> missing_paths() const;

 private:
  static constexpr std::size_t kEntriesMax = 1'000;  // 1,000 commits fit in a frame
  static constexpr std::uint64_t kBytesMax = std::uint64_t{64} << 20;

  bool is_here(const Entry& entry) const;

  struct Wanted {
    std::string path;
    Entry entry;
  };
  const RepositoryState& repository_;
  const objects::ObjectSource& objects_;
  std::map<CommitId, std::map<std::uint64_t, Wanted>> items_;  // by commit and rank
  std::set<Id> contents_;                                      // each is asked for once
  std::size_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

/// Of the commits that a WANT names, those in the past of `heads`.
std::unordered_set<Id> wanted_commits(RepositoryState& repository,
                                      const std::vector<CommitId>& heads,
                                      const wire::WantMessage& want);

/// What an answer to WANT brings, in order: contents and metadata that are held here, of commits in
/// the past of `heads`. Of others nothing: a peer does not know which of its commits are here.
/// Error(kCorrupt) for an entry beyond its commit's tree.
std::vector<Id> wanted_contents(RepositoryState& repository, const std::vector<CommitId>& heads,
                                const wire::WantMessage& want);

}  // namespace isodb::sync
