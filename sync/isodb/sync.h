#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isodb/error.h"
#include "isodb/key.h"
#include "isodb/remote.h"
#include "isodb/repository.h"
#include "isodb/sync_report.h"

namespace isodb::net {
class Cancellation;
}

namespace isodb::sync {

/// What goes which way.
enum class Direction {
  kFetch,  ///< their commits come; their branches become remotes/<name>/…
  kPush,   ///< this side's commits go; only the other side's branches move
  kPull,   ///< their commits come into this side's branches
  kSync,   ///< both ways: both sides end with the same
};

/// Bytes of one conversation. A plain value.
struct Bandwidth {
  std::uint64_t payload_in = 0, payload_out = 0;  ///< of the protocol
  /// On the line, with TLS and without TCP's and IP's headers; of a folder the payload.
  std::uint64_t total_in = 0, total_out = 0;
  /// While it lasts: what is still to come and to go, an estimate; 0: nobody knows.
  std::uint64_t ahead = 0;
};

/// Ends what is under way, in order: what was taken stays, and a later session goes on there. Any
/// thread, and a signal handler, may call request().
class StopRequest {
 public:
  StopRequest();  ///< Error(kIo) where the system gives no descriptor
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  void request() noexcept;
  bool requested() const noexcept;
  const net::Cancellation& cancellation() const { return *inside_; }

 private:
  std::unique_ptr<net::Cancellation> inside_;
};

/// Which contents of documents a clone is to hold; of all others, ids alone. A plain value: the
/// default is everything.
struct CloneScope {
  std::vector<std::string> paths;  ///< folders or documents; empty: every path
  /// What was written in these many latest commits on each way back from a branch's head, and what
  /// was live before them.
  std::optional<std::uint64_t> depth;
  /// The same of what was written since this time, in milliseconds since 1970.
  std::optional<std::uint64_t> since_millis;

  bool is_whole() const { return paths.empty() && !depth && !since_millis; }
};

/// What a partial repository is to hold from now on, beside what it does. A plain value.
struct Widening {
  std::vector<std::string> paths;  ///< folders or documents
  std::uint64_t deepen = 0;        ///< so many more commits back from where its history is cut

  bool is_nothing() const { return paths.empty() && deepen == 0; }
};

struct SyncOptions {
  Direction direction = Direction::kSync;
  std::string as;  ///< what its refs are called here: remotes/<as>/…; "": by the remote's name
  /// Stays connected and goes on as refs move, here or there, until the line ends or `stop` is
  /// requested. Not for folders.
  bool watch = false;
  std::optional<std::chrono::milliseconds> time_max;  ///< for all of it
  /// Called by the calling thread where another meeting of this repository with the same peer is
  /// under way, and this one waits until it is over. May be empty.
  std::function<void()> on_waiting;
  /// Called about four times a second, by the calling thread. May be empty.
  std::function<void(const Bandwidth&)> progress;
  /// Asked for the key of a peer that is not known yet: is it the right one? It is kept with a
  /// remote that has a name. Empty: the answer is no.
  std::function<bool(const PublicKey&)> first_contact;
  /// Called each time that something came or went, all that was sent is acknowledged and all that
  /// came is durable: the report so far. By a thread of the session; what takes long holds it up.
  std::function<void(const Report&)> on_settled;
  const StopRequest* stop = nullptr;  ///< has to outlive the call
  CloneScope scope;                   ///< of a clone
  /// Of a clone: puts its new key under the passphrase that is asked for.
  bool protect = false;
  /// Of a clone's key; of other meetings OpenOptions::passphrase is.
  PassphraseFunction passphrase;
  /// Of any meeting but a clone and one that watches, in which this side takes. What has come
  /// stays, wherever the line breaks; the same call goes on.
  Widening widening;
  std::string ssh_program = "ssh";
  std::string remote_program = "isodb";  ///< what ssh starts on the other machine
};

/// How a session ended: a broken line is no surprise, so it is a value.
struct SyncResult {
  Report report;
  std::optional<PublicKey> peer;  ///< nullopt: it never came to a talk
  Bandwidth bandwidth;
  std::chrono::milliseconds took{};
  std::optional<Error> error;  ///< nullopt: all was said
  bool unreachable = false;    ///< with `error`: there is no line; the same may succeed later
};

/// Meets another repository: docs/protocol.md. What came and is good is durable when this returns,
/// whatever happened to the line. What was refused is kept for refused_commits().
///
/// Threads: the calling one carries bytes, another one works; both are done at the end. Any number
/// of calls for one repository may run at once, in any number of processes: those with one peer one
/// after the other, but for one that watches, which a command interrupts.
/// Error(kInvalid) for a URL that is none and for a widening of what holds everything already,
/// Error(kDenied) for a first contact that was not wanted;
/// what goes wrong with the peer is in SyncResult::error.
SyncResult sync_with(Repository& repository, const Remote& remote, const SyncOptions& options = {});

/// Makes a repository in `folder` that shares the history of the one at `origin`, which becomes the
/// remote "origin": with a key and a writer id of its own, and all its branches. The current branch
/// is that of a folder; else heads/main, or the first.
///
/// What broke off goes on when called again with the same arguments, or with another place of the
/// same repository; so it does where the other side did not know this device's key, which is made
/// first.
/// With `options.scope` the clone is partial (docs/storage.md): all commits and trees, and contents
/// of documents as the scope says.
/// Error(kInvalid) for a folder that holds anything else, or a scope that is none; kUnverified
/// where every branch was refused. `on_key` is told the new repository's key before anything is
/// sent.
SyncResult clone(const Remote& origin, const std::filesystem::path& folder,
                 const SyncOptions& options = {},
                 const std::function<void(const PublicKey&)>& on_key = {});

/// Where a clone that broke off came from: clone() goes on with it, and until then it has no
/// branches. nullopt for a repository that is whole.
std::optional<std::string> unfinished_clone(const Repository& repository);

/// A commit that one side did not take.
struct RefusedRecord {
  CommitId commit;
  std::string rule;  ///< that it breaks, for people
  PublicKey peer;    ///< whom it came from, or who refused it
  std::uint64_t at_millis = 0;
  bool there = false;   ///< the peer refused it
  bool parked = false;  ///< its clock is ahead of this device's: it is asked for again by itself
  std::uint64_t until_millis = 0;  ///< from when on
};
/// The last 256, newest first. What has come since is none.
std::vector<RefusedRecord> refused_commits(const Repository& repository);

}  // namespace isodb::sync
