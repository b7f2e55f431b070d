#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "isodb/id.h"

namespace isodb::exchange {

/// The commits of an import and their parents, by number, so that ancestry can be asked before
/// anything is visible in the repository. 40 bytes a commit and 4 a parent. One thread.
class CommitTable {
 public:
  using Number = std::uint32_t;

  /// A commit of this import.
  Number add(const CommitId& id, const std::vector<Number>& parents);
  /// A commit that the repository held before.
  Number add_known(const CommitId& id);
  const CommitId& id(Number number) const { return commits_[number].id; }
  std::size_t size() const { return commits_.size(); }

  /// The commits of the repository that `tip` was built upon (or `tip` itself if it is one), each
  /// once.
  std::vector<CommitId> known_below(Number tip) const;

 private:
  struct Record {
    CommitId id;
    std::uint32_t parents_end;  // of parents_; they begin where the record before ends
    bool known;
  };
  std::vector<Record> commits_;
  std::vector<Number> parents_;
  std::unordered_map<CommitId, Number> known_;
};

}  // namespace isodb::exchange
