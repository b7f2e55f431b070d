#include <system_error>
#include <utility>

#include "core/hash.h"
#include "isodb/error.h"
#include "repo/access.h"
#include "sync/conversation.h"
#include "sync/session.h"
#include "sync/turn.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;

/// What the agreements with a repository are filed under whose key cannot be read: media that
/// somebody else wrote.
PublicKey stand_in_key(const CommitId& root) {
  return PublicKey::from_bytes(core::sha256("isodb-folder\n" + root.hex()).bytes());
}

PublicKey key_of(const Repository& repository) {
  try {
    return repository.public_key();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDenied && error.code() != ErrorCode::kIo) throw;
    return stand_in_key(repository.id());
  }
}

Repository open_other(const fs::path& folder, bool is_written) {
  try {
    return Repository::open(folder, {.read_only = !is_written});
  } catch (const Error& error) {
    if (!is_written || (error.code() != ErrorCode::kIo && error.code() != ErrorCode::kDenied)) {
      throw;
    }
    throw Error(error.code(), error.what(),
                "'isodb pull' only reads the other folder" +
                    (error.hint().empty() ? std::string() : "; " + error.hint()));
  }
}

/// Carries bytes between two sessions until both have said all.
class Pump {
 public:
  Pump(Side& near, Side& far, const fs::path& folder, const SyncOptions& options)
      : near_(near), far_(far), folder_(folder), options_(options) {}

  std::optional<Error> run() {
    std::optional<Error> error;
    try {
      while (!near_.finished() || !far_.finished()) step();
    } catch (const Error& thrown) {
      error = thrown;
    }
    try {
      near_.ended(error);
    } catch (const Error& thrown) {  // on a full disk, what broke it first says where
      if (!error) error = thrown;
    }
    try {
      far_.ended(error);
    } catch (const Error& thrown) {
      if (!error) error = thrown.within(folder_.string());
    }
    return error;
  }

  Bandwidth bandwidth;

 private:
  void step() {
    if (options_.stop != nullptr && options_.stop->requested()) {
      throw Error(ErrorCode::kStale, "stopped");
    }
    const Bytes out = near_.produce(net::Protocol::kProduceBytesMin);
    if (!out.empty()) over_there([&] { far_.receive(out); });
    Bytes in;
    over_there([&] { in = far_.produce(net::Protocol::kProduceBytesMin); });
    if (!in.empty()) near_.receive(in);
    bandwidth.payload_out += out.size();
    bandwidth.payload_in += in.size();
    bandwidth.total_out = bandwidth.payload_out;
    bandwidth.total_in = bandwidth.payload_in;
    bandwidth.ahead = near_.bytes_ahead();
    if (options_.progress) options_.progress(bandwidth);
    if (out.empty() && in.empty() && (!near_.finished() || !far_.finished())) {
      throw Error(ErrorCode::kCorrupt, "the two repositories wait for each other",
                  "this should not happen: 'isodb fsck' in both");
    }
  }

  /// Errors of the other repository say whose they are.
  template <typename Work>
  void over_there(const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      throw error.within(folder_.string());
    }
  }

  Side& near_;
  Side& far_;
  const fs::path& folder_;
  const SyncOptions& options_;
};

}  // namespace

Ways ways_of(Direction direction) {
  return {.sends = direction == Direction::kPush || direction == Direction::kSync,
          .takes = direction != Direction::kPush};
}

SyncResult talk_to_folder(const fs::path& place, const Self& self, const SessionMaker& make,
                          const SyncOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  const fs::path folder = repository_folder(place);
  std::error_code ignored;
  if (fs::equivalent(folder, self.folder, ignored)) {
    throw Error(ErrorCode::kInvalid, folder.string() + " is this repository itself");
  }
  const Ways ways = ways_of(options.direction);
  const Repository other = open_other(folder, ways.sends);
  if (self.root && other.id() != *self.root) {
    throw Error(ErrorCode::kInvalid,
                folder.string() + " is another repository: its root is " + other.id().short_hex() +
                    ", not " + self.root->short_hex(),
                "isodb clone makes a repository that shares its history");
  }
  SyncResult result;
  result.peer = key_of(other);
  std::optional<Turn> turn;
  if (self.root) {  // nobody else knows of a clone yet
    result.error = turn.emplace(self.folder, result.peer->fingerprint()).take(options);
    if (result.error) return result;
  }
  SessionOptions there;
  there.peer = self.key;
  there.sends = ways.takes;
  there.takes = ways.sends;
  there.destination = {.into_branches = true, .remote = self.key.fingerprint()};
  there.sending = {.level = wire::RunWriter::kPlain, .adapts = false};
  Session far(repo::Access::state(other), there);
  const std::unique_ptr<Side> near = make(*result.peer);
  Pump pump(*near, far, folder, options);
  result.error = pump.run();
  result.report = near->report();
  result.bandwidth = pump.bandwidth;
  result.bandwidth.ahead = 0;
  if (options.on_settled && !result.error) options.on_settled(result.report);
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  return result;
}

}  // namespace isodb::sync
