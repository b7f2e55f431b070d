#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "isodb/id.h"

namespace isodb::sync {

/// The heads of the union of what two sides have of a branch, for the branches of one session.
/// Remembers them: each takes a walk through history, and of many branches most stay as they were
/// from one stream of a session to the next. One thread at a time.
class UnitedHeads {
 public:
  /// Of commits that may see each other, those that no other one sees, sorted.
  using HeadsOf = std::function<std::vector<Id>(const std::vector<Id>&)>;
  explicit UnitedHeads(HeadsOf heads_of) : heads_of_(std::move(heads_of)) {}

  /// Valid until the next call.
  const std::vector<Id>& of(const std::string& branch, const std::vector<Id>& ours,
                            const std::vector<Id>& theirs);

 private:
  struct United {
    std::vector<Id> ours, theirs, heads;
  };
  const HeadsOf heads_of_;
  std::map<std::string, United> known_;
};

}  // namespace isodb::sync
