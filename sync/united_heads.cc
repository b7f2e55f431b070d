#include "sync/united_heads.h"

namespace isodb::sync {

const std::vector<Id>& UnitedHeads::of(const std::string& branch, const std::vector<Id>& ours,
                                       const std::vector<Id>& theirs) {
  const auto [known, is_new] = known_.try_emplace(branch);
  United& united = known->second;
  if (!is_new && united.ours == ours && united.theirs == theirs) return united.heads;
  std::vector<Id> all = ours;
  all.insert(all.end(), theirs.begin(), theirs.end());
  united = {ours, theirs, heads_of_(all)};
  return united.heads;
}

}  // namespace isodb::sync
