#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/peer_options.h"
#include "cli/signals.h"
#include "isodb/error.h"
#include "isodb/sync.h"

namespace isodb::cli {

/// Stops what is under way, in order, when a signal would end the program; the second signal does.
class StopOnSignal : public Stoppable {
 public:
  StopOnSignal();
  ~StopOnSignal() override;
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  void request_stop() noexcept override { stop_.request(); }
  const sync::StopRequest& request() const { return stop_; }

 private:
  sync::StopRequest stop_;
};

/// Adds to `options` what the program shows, as `doing`, and asks about the remote meanwhile.
void add_conversation(Context& context, const std::string& doing, const sync::Remote& remote,
                      sync::SyncOptions& options);

/// The error with the remote's name before it, unless it begins so already: of a folder it does.
Error error_of(const sync::Remote& remote, const Error& error);

/// As sync_with(), with what keeps it from beginning in the result, too: each remote has one.
sync::SyncResult sync_result(Repository& repository, const sync::Remote& remote,
                             const sync::SyncOptions& options);

/// Meets one remote and prints what came of it; errors of the peer too. The exit code, without
/// conflicts.
ExitCode meet(Context& context, Repository& repository, const sync::Remote& remote,
              sync::SyncOptions options);

/// 4 where the current branch has conflicts, with a note that says so.
ExitCode conflicts_remaining(Context& context, const Repository& repository);

/// fetch, push and pull: one remote, one direction. `after` runs once the peer was met.
ExitCode meet_chosen(Context& context, const std::optional<std::string>& word,
                     const PeerOptions& peer, const sync::SyncOptions& options);

}  // namespace isodb::cli
