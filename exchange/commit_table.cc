#include "exchange/commit_table.h"

namespace isodb::exchange {

CommitTable::Number CommitTable::add(const CommitId& id, const std::vector<Number>& parents) {
  parents_.insert(parents_.end(), parents.begin(), parents.end());
  commits_.push_back({id, static_cast<std::uint32_t>(parents_.size()), false});
  return static_cast<Number>(commits_.size() - 1);
}

CommitTable::Number CommitTable::add_known(const CommitId& id) {
  const auto [found, is_new] = known_.try_emplace(id, static_cast<Number>(commits_.size()));
  if (is_new) commits_.push_back({id, static_cast<std::uint32_t>(parents_.size()), true});
  return found->second;
}

std::vector<CommitId> CommitTable::known_below(Number tip) const {
  std::vector<CommitId> known;
  std::vector<bool> seen(commits_.size());
  std::vector<Number> open{tip};
  seen[tip] = true;
  while (!open.empty()) {
    const Number number = open.back();
    open.pop_back();
    if (commits_[number].known) known.push_back(commits_[number].id);
    const std::uint32_t begin = number == 0 ? 0 : commits_[number - 1].parents_end;
    for (std::uint32_t i = begin; i < commits_[number].parents_end; ++i) {
      if (seen[parents_[i]]) continue;
      seen[parents_[i]] = true;
      open.push_back(parents_[i]);
    }
  }
  return known;
}

}  // namespace isodb::exchange
