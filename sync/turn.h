#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "isodb/error.h"
#include "isodb/sync.h"
#include "net/descriptor.h"

namespace isodb::sync {

/// A server talks with a device once at a time, and the newest connection wins. So that programs of
/// one repository do not throw each other out, they agree here on whose turn it is to connect:
/// commands go one after the other; one that watches waits until no command and no other watcher
/// talks with this peer, and a command waits for no watcher. What is held ends with the process,
/// however that ends.
///
/// Where no lock can be had, as in a folder that cannot be written to, it is everybody's turn. One
/// thread, but for connected().
class Turn {
 public:
  /// `peer`: a fingerprint. Makes the files `talks/<peer>.command`, `.queue` and `.watcher` where
  /// they are missing.
  Turn(const std::filesystem::path& repository_folder, const std::string& peer);
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// As a command, or as one that watches; `options` say which, what is called where there is
  /// somebody to wait for, and for how long. The error where it did not come to that: Error(kStale)
  /// when it was stopped, Error(kBusy) when time was up.
  std::optional<Error> take(const SyncOptions& options);
  /// Of a watcher: a command that comes from now on is the newer one. Called once, by any thread.
  void connected();

 private:
  /// Asked while waiting: true ends that.
  using GiveUp = std::function<bool()>;
  bool take_as_command(const GiveUp& give_up, const std::function<void()>& on_waiting);
  bool take_as_watcher(const GiveUp& give_up);

  net::Descriptor command_, queue_, watcher_;
  bool is_watcher_ = false;
};

}  // namespace isodb::sync
