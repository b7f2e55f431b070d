#include "cli/meeting.h"

#include <memory>

#include "cli/error_report.h"
#include "cli/sync_view.h"
#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

/// Of a meeting in which this side would have sent.
Error takes_nothing_error(const sync::Report& report) {
  std::string what = "the other side takes nothing from this device";
  if (report.commits_unsent > 0) what += ": " + unsent_text(report);
  return Error(ErrorCode::kDenied, what,
               "it is a reader there; an admin makes it a writer: isodb member role");
}

}  // namespace

StopOnSignal::StopOnSignal() {
  stop_on_signal(this);
}

StopOnSignal::~StopOnSignal() {
  stop_on_signal(nullptr);
}

void add_conversation(Context& context, const std::string& doing, const sync::Remote& remote,
                      sync::SyncOptions& options) {
  const ProgressFunction show = context.progress("bytes", Total::kEstimated);
  if (show) {
    options.progress = [show, doing](const sync::Bandwidth& bandwidth) {
      const std::uint64_t done = bandwidth.total_in + bandwidth.total_out;
      const std::uint64_t all = bandwidth.ahead > 0 ? done + bandwidth.ahead : 0;
      show({doing, done, all});
    };
  }
  options.on_waiting = [&context, doing] {
    context.note(doing + ": another program of this repository talks with it; waiting");
  };
  options.first_contact = [url = remote.url](const PublicKey& key) {
    return ask_about_peer(url, key);
  };
}

Error error_of(const sync::Remote& remote, const Error& error) {
  const std::string name = remote.name.empty() ? remote.url : remote.name;
  return std::string_view(error.what()).starts_with(name + ": ") ? error : error.within(name);
}

sync::SyncResult sync_result(Repository& repository, const sync::Remote& remote,
                             const sync::SyncOptions& options) {
  try {
    return sync::sync_with(repository, remote, options);
  } catch (const Error& error) {
    sync::SyncResult result;
    result.error = error;
    return result;
  }
}

ExitCode meet(Context& context, Repository& repository, const sync::Remote& remote,
              sync::SyncOptions options) {
  const std::string name = remote.name.empty() ? remote.url : remote.name;
  const StopOnSignal stop;
  options.stop = &stop.request();
  add_conversation(context, name, remote, options);
  sync::SyncResult result = sync_result(repository, remote, options);
  const bool sends_only = options.direction == sync::Direction::kPush;
  if (result.report.takes_nothing && (sends_only || result.report.commits_unsent > 0)) {
    if (!result.error) result.error = takes_nothing_error(result.report);
  }
  // What hides the meter's line is its end.
  options.progress = {};
  const ExitCode code = exit_code_of(result);
  if (context.json()) {
    JsonObject object;
    object.string("remote", remote.name).string("url", remote.url);
    add_sync_result(object, result);
    context.print(object);
  } else if (!context.quiet() && (!result.error || result.peer)) {
    print_sync_result(context, name, result);
  }
  context.out().flush();
  if (stop.request().requested()) end_if_stopped();
  if (result.error) {
    report_error(error_of(remote, *result.error), code,
                 context.json() ? ErrorForm::kJson : ErrorForm::kText);
  }
  return code;
}

ExitCode conflicts_remaining(Context& context, const Repository& repository) {
  if (!repository.ref(repository.current_branch())) return ExitCode::kDone;
  const std::uint64_t count = repository.conflict_count();
  if (count == 0) return ExitCode::kDone;
  context.note(counted(count, "document") + " in conflict: 'isodb conflicts' lists them");
  return ExitCode::kConflicts;
}

ExitCode meet_chosen(Context& context, const std::optional<std::string>& word,
                     const PeerOptions& peer, const sync::SyncOptions& options) {
  Repository& repository = context.repository(Access::kWrite);
  sync::Remote remote = chosen_remote(repository, word);
  peer.apply(remote);
  return meet(context, repository, remote, options);
}

}  // namespace isodb::cli
