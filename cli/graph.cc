#include "cli/graph.h"

#include <algorithm>
#include <unordered_map>

namespace isodb::cli {
namespace {

std::string without_tail(std::string row) {
  row.erase(row.find_last_not_of(' ') + 1);
  return row;
}

}  // namespace

std::size_t CommitGraph::lane_of(const CommitId& commit) const {
  return static_cast<std::size_t>(std::find(lanes_.begin(), lanes_.end(), commit) - lanes_.begin());
}

std::string CommitGraph::row_with(std::size_t marked) const {
  std::string row;
  for (std::size_t i = 0; i < lanes_.size(); ++i) row += i == marked ? "* " : "| ";
  return row;
}

/// Opens a lane that leaves the one to its left: "|\ \".
void CommitGraph::insert(std::size_t lane, const CommitId& commit, Rows& rows) {
  std::string row(2 * lanes_.size() + 1, ' ');
  for (std::size_t i = 0; i < lane; ++i) row[2 * i] = '|';
  for (std::size_t i = lane - 1; i < lanes_.size(); ++i) row[2 * i + 1] = '\\';
  rows.lines.push_back(without_tail(row));
  lanes_.insert(lanes_.begin() + static_cast<std::ptrdiff_t>(lane), commit);
}

/// Ends a lane in one further left: "|_|/ /".
void CommitGraph::join(std::size_t lane, std::size_t into, Rows& rows) {
  std::string row(2 * lanes_.size(), ' ');
  for (std::size_t i = 0; i < lane; ++i) row[2 * i] = '|';
  for (std::size_t i = into; i + 1 < lane; ++i) row[2 * i + 1] = '_';
  for (std::size_t i = lane; i < lanes_.size(); ++i) row[2 * i - 1] = '/';
  rows.lines.push_back(without_tail(row));
  lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(lane));
}

/// Ends a lane in nothing; those to its right move up.
void CommitGraph::remove(std::size_t lane, Rows& rows) {
  if (lane + 1 < lanes_.size()) {
    std::string row(2 * lanes_.size(), ' ');
    for (std::size_t i = 0; i < lane; ++i) row[2 * i] = '|';
    for (std::size_t i = lane + 1; i < lanes_.size(); ++i) row[2 * i - 1] = '/';
    rows.lines.push_back(without_tail(row));
  }
  lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(lane));
}

CommitGraph::Rows CommitGraph::next(const CommitId& commit, const std::vector<CommitId>& parents) {
  const std::size_t lane = lane_of(commit);
  if (lane == lanes_.size()) lanes_.push_back(commit);
  Rows rows;
  rows.lines.push_back(without_tail(row_with(lane)));
  if (parents.empty()) {
    remove(lane, rows);
  } else {
    lanes_[lane] = parents[0];
    for (std::size_t i = 1; i < parents.size(); ++i) insert(lane + i, parents[i], rows);
    // A parent that another lane comes to already is that lane's: the right one joins the left.
    for (std::size_t i = lanes_.size(); i-- > 0;) {
      const std::size_t first = lane_of(lanes_[i]);
      if (first < i) join(i, first, rows);
    }
  }
  rows.plain = row_with(lanes_.size());
  return rows;
}

std::vector<std::vector<CommitId>> shown_parents(const std::vector<CommitId>& commits,
                                                 const std::vector<std::vector<CommitId>>& parents,
                                                 const std::vector<bool>& shown) {
  // Oldest first: what stands for a commit is itself, or what stands for its parents.
  std::unordered_map<Id, std::vector<CommitId>> standing;  // only looked up, never walked
  std::vector<std::vector<CommitId>> result(commits.size());
  for (std::size_t i = commits.size(); i-- > 0;) {
    std::vector<CommitId> ancestors;
    for (const CommitId& parent : parents[i]) {
      const auto found = standing.find(parent);
      if (found == standing.end()) continue;
      for (const CommitId& ancestor : found->second) {
        if (std::find(ancestors.begin(), ancestors.end(), ancestor) == ancestors.end()) {
          ancestors.push_back(ancestor);
        }
      }
    }
    standing.emplace(commits[i], shown[i] ? std::vector{commits[i]} : ancestors);
    if (shown[i]) result[i] = std::move(ancestors);
  }
  return result;
}

}  // namespace isodb::cli
