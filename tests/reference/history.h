#pragma once

#include <bitset>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "isodb/commit.h"
#include "isodb/entry.h"
#include "objects/source.h"

namespace isodb::reference {

/// Histories here are small.
inline constexpr std::size_t kCommitsMax = 256;
/// A set of commits, by their numbers in a History.
using CommitSet = std::bitset<kCommitsMax>;

/// The commits that a peer knows, with what each wrote, read from its own bytes. They are numbered
/// as they come; nothing but order of delivery depends on the numbers. A plain value.
class History {
 public:
  struct Known {
    CommitId id;
    Commit commit;
    std::map<std::string, std::optional<Entry>> writes;  ///< nullopt: deleted
    CommitSet past;                                      ///< itself and all its ancestors
  };

  /// The number of a commit, which is added if it is new. Its parents must be there.
  std::size_t add(const objects::ObjectSource& source, const CommitId& id);

  /// A commit that is being made: what it writes is known, its tree and id are not. finish() reads
  /// it again from its bytes and throws std::logic_error where these say something else.
  std::size_t begin(Known known, const CommitSet& before);
  void finish(std::size_t number, const objects::ObjectSource& source, const CommitId& id);

  std::size_t size() const { return commits_.size(); }
  const Known& operator[](std::size_t number) const { return commits_[number]; }
  std::size_t number_of(const CommitId& id) const { return numbers_.at(id); }
  bool knows(const CommitId& id) const { return numbers_.contains(id); }
  CommitSet all() const;
  CommitSet past(const CommitSet& commits) const;

  /// `a` sees `b`: b is an ancestor of a.
  bool sees(std::size_t a, std::size_t b) const { return a != b && commits_[a].past[b]; }
  bool concurrent(std::size_t a, std::size_t b) const {
    return a != b && !sees(a, b) && !sees(b, a);
  }
  /// (clock, writer, commit id).
  bool fold_before(std::size_t a, std::size_t b) const;
  std::vector<std::size_t> in_fold_order(const CommitSet& commits) const;
  /// Those that no other of `commits` sees.
  CommitSet unseen(const CommitSet& commits) const;
  /// The commits in `commits` that wrote `path`, and V(C, p), those of them that no other sees.
  CommitSet writers(const CommitSet& commits, const std::string& path) const;
  CommitSet versions(const CommitSet& commits, const std::string& path) const;
  bool deleted(std::size_t number, const std::string& path) const {
    return !commits_[number].writes.at(path);
  }

 private:
  Known read(const objects::ObjectSource& source, const CommitId& id) const;

  std::vector<Known> commits_;
  std::map<Id, std::size_t> numbers_;
};

}  // namespace isodb::reference
