#pragma once

#include <string>
#include <vector>

#include "isodb/id.h"

namespace isodb::cli {

/// Draws a history beside its commits, one lane a line of descent. Fed the commits newest first,
/// each before its parents. Owns the lanes. One thread.
class CommitGraph {
 public:
  /// What stands left of a commit's lines of text.
  struct Rows {
    std::vector<std::string> lines;  ///< the commit's own row, then those that join and part lanes
    std::string plain;               ///< for every line after those
  };
  /// The next commit and the parents that will follow, the line it continues first.
  Rows next(const CommitId& commit, const std::vector<CommitId>& parents);

 private:
  std::size_t lane_of(const CommitId& commit) const;
  std::string row_with(std::size_t marked) const;
  void insert(std::size_t lane, const CommitId& commit, Rows& rows);
  void join(std::size_t lane, std::size_t into, Rows& rows);
  void remove(std::size_t lane, Rows& rows);

  std::vector<CommitId> lanes_;  // the commit that each lane comes to next
};

/// For each of `commits` (newest first, each before its parents) its nearest ancestors that are
/// shown, so that a history can be drawn in which most commits are left out. Parents are those of
/// each commit, the ancestors come back in the order of the parents that lead to them.
std::vector<std::vector<CommitId>> shown_parents(const std::vector<CommitId>& commits,
                                                 const std::vector<std::vector<CommitId>>& parents,
                                                 const std::vector<bool>& shown);

}  // namespace isodb::cli
