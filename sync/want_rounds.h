#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "isodb/scope.h"
#include "isodb/sync_report.h"
#include "repo/state.h"
#include "sync/absent_contents.h"
#include "sync/agreements.h"
#include "sync/arrival.h"
#include "sync/incoming.h"
#include "sync/wanting.h"

namespace isodb::sync {

/// What becomes of a stream that was taken whole: it is brought to the refs, and then the scope
/// grows where that was asked for. A partial repository may lack contents for either, and asks for
/// them (docs/protocol.md, WANT) round after round, as long as something comes. Borrows what it is
/// given. One thread at a time.
class WantRounds {
 public:
  struct Goal {
    Destination destination;
    std::optional<Scope> wider;  ///< what the repository is to hold then; nullopt: no more
    Scope wider_than;            ///< what it held when that was computed
  };
  WantRounds(RepositoryState& repository, Incoming& incoming, Goal goal)
      : repository_(repository),
        incoming_(incoming),
        goal_(std::move(goal)),
        is_partial_(!incoming.scope().is_whole()) {}

  /// Of the repository, as it was told.
  bool is_partial() const { return is_partial_; }

  /// A stream of commits is to come.
  void begin();
  /// After that stream, and after each answer: what is to be asked for, valid until the next call;
  /// nullptr when all is done. `theirs` as in bring_to_refs().
  const Wanting* go_on(const wire::Agreement& theirs, Report& report);

 private:
  static constexpr int kMergeRoundsMax = 100;  // each of which brought something

  bool arrive(const wire::Agreement& theirs, Report& report);
  bool widen(Report& report);

  RepositoryState& repository_;
  Incoming& incoming_;
  Goal goal_;
  const bool is_partial_;
  bool has_arrived_ = false;              // what was taken is in the refs
  int merge_rounds_ = 0;                  // how often contents were asked for to merge
  std::optional<Wanting> wanting_;        // what was asked for and has not come yet
  std::optional<AbsentContents> absent_;  // of the wider scope
};

}  // namespace isodb::sync
