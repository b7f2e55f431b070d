#include "cli/watching.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "cli/error_report.h"
#include "cli/meeting.h"
#include "cli/sync_view.h"
#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kWaitMin{1'000}, kWaitMax{60'000};
constexpr milliseconds kLookedEvery{100};  // for a signal, which cannot wake a sleeper

/// Of all conversations with one remote that ended, since the command began.
struct Sums {
  Clock::time_point begun = Clock::now();
  sync::Report report;  // its numbers alone
  sync::Bandwidth bandwidth;
};

/// Its lists stay, and so does what is a number of now: commits_unsent.
sync::Report with_sums(sync::Report report, const sync::Report& before) {
  report.commits_sent += before.commits_sent;
  report.commits_received += before.commits_received;
  report.operations_sent += before.operations_sent;
  report.operations_received += before.operations_received;
  report.contents_received += before.contents_received;
  return report;
}

sync::Bandwidth with_sums(sync::Bandwidth bandwidth, const sync::Bandwidth& before) {
  bandwidth.payload_in += before.payload_in;
  bandwidth.payload_out += before.payload_out;
  bandwidth.total_in += before.total_in;
  bandwidth.total_out += before.total_out;
  return bandwidth;
}

void add(Sums& sums, const sync::SyncResult& result) {
  sums.report = with_sums(std::move(sums.report), result.report);
  sums.bandwidth = with_sums(sums.bandwidth, result.bandwidth);
}

/// What the threads of the remotes share: the output.
class Watchers {
 public:
  Watchers(Context& context, Repository& repository, const sync::SyncOptions& options)
      : context_(context), repository_(repository), options_(options) {
    if (options.time_max) end_ = Clock::now() + *options.time_max;
  }

  void stay_with(const sync::Remote& remote) {
    milliseconds wait = kWaitMin;
    Sums sums;
    while (!is_over()) {
      const Clock::time_point begun = Clock::now();
      const sync::SyncResult result = meet(remote, sums);
      add(sums, result);
      if (result.error && is_over()) break;
      if (result.error && !may_pass(result)) return tell_error(remote, result);
      if (result.error) tell_error(remote, result);
      // A line that held for a while is worth trying at once.
      if (Clock::now() - begun > kWaitMax) wait = kWaitMin;
      pause(wait);
      wait = std::min(wait * 2, kWaitMax);
    }
  }

  ExitCode code() const { return code_; }

 private:
  /// Tried again: the line is down, the server stops, a command of this device took its turn, or
  /// collected what the session relied on.
  static bool may_pass(const sync::SyncResult& result) {
    const ErrorCode code = result.error->code();
    return result.unreachable || code == ErrorCode::kBusy || code == ErrorCode::kStale;
  }
  bool is_over() const { return options_.stop->requested() || (end_ && Clock::now() >= *end_); }

  sync::SyncResult meet(const sync::Remote& remote, const Sums& before) {
    sync::SyncOptions options = options_;
    options.watch = true;
    if (end_) {
      options.time_max = std::chrono::duration_cast<milliseconds>(*end_ - Clock::now());
    }
    sync::Bandwidth so_far;  // when it was looked at last, a quarter of a second ago at most
    options.progress = [&](const sync::Bandwidth& bandwidth) {
      const std::lock_guard lock(mutex_);
      so_far = bandwidth;
    };
    options.on_settled = [&](const sync::Report& report) { tell(remote, report, so_far, before); };
    return sync_result(repository_, remote, options);
  }

  /// What became of it since the last time: `now` and `so_far` of the conversation at hand.
  void tell(const sync::Remote& remote, const sync::Report& now, const sync::Bandwidth& so_far,
            const Sums& before) {
    const sync::Report report = with_sums(now, before.report);
    const std::lock_guard lock(mutex_);
    if (context_.json()) {
      const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - before.begun);
      JsonObject object;
      object.string("remote", remote.name)
          .string("url", remote.url)
          .string("peer", remote.key ? remote.key->fingerprint() : remote.fingerprint);
      add_report(object, report);
      add_bandwidth(object, with_sums(so_far, before.bandwidth));
      object.number("millis", static_cast<std::uint64_t>(took.count()));
      context_.print(object);
    } else if (!context_.quiet()) {
      context_.out() << iso_time(now_millis()) << "  " << printable_line(name_of(remote)) << ": "
                     << counted(report.commits_received, "commit") << " came, "
                     << counted(report.commits_sent, "commit") << " went so far";
      if (report.commits_unsent > 0) {
        context_.out() << "; " << unsent_text(report) << ": this device is a reader there";
      }
      context_.out() << "\n";
    }
    context_.out().flush();
  }

  void tell_error(const sync::Remote& remote, const sync::SyncResult& result) {
    const std::lock_guard lock(mutex_);
    const ExitCode code = exit_code_of(result);
    if (!may_pass(result)) code_ = worse_of(code_, code);
    report_error(error_of(remote, *result.error), code,
                 context_.json() ? ErrorForm::kJson : ErrorForm::kText);
  }

  static std::string name_of(const sync::Remote& remote) {
    return remote.name.empty() ? remote.url : remote.name;
  }

  static std::uint64_t now_millis() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(now).count());
  }

  void pause(milliseconds wait) const {
    const Clock::time_point until = Clock::now() + wait;
    while (Clock::now() < until && !is_over()) std::this_thread::sleep_for(kLookedEvery);
  }

  Context& context_;
  Repository& repository_;
  const sync::SyncOptions& options_;
  std::optional<Clock::time_point> end_;
  std::mutex mutex_;
  ExitCode code_ = ExitCode::kDone;
};

}  // namespace

ExitCode watch(Context& context, Repository& repository, const std::vector<sync::Remote>& remotes,
               const sync::SyncOptions& options) {
  const StopOnSignal stop;
  sync::SyncOptions shared = options;
  shared.stop = &stop.request();
  Watchers watchers(context, repository, shared);
  std::vector<std::thread> threads;
  threads.reserve(remotes.size());
  for (const sync::Remote& remote : remotes) {
    threads.emplace_back([&] { watchers.stay_with(remote); });
  }
  for (std::thread& thread : threads) thread.join();
  return watchers.code();
}

}  // namespace isodb::cli
