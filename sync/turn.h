#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "net/descriptor.h"

namespace isodb::sync {

/// A server talks with a device once at a time, and the newest connection wins. So that programs of
/// one repository do not throw each other out for ever, they agree here on whose turn it is to
/// connect: a command goes at once, and several may; one that watches waits until no command and no
/// other watcher talks with this peer. What is held ends with the process, however that ends.
///
/// Where no lock can be had, as in a folder that cannot be written to, it is everybody's turn. One
/// thread, but for connected().
class Turn {
 public:
  /// `peer`: a fingerprint. Makes the files `talks/<peer>.command` and `.watcher` where they are
  /// missing.
  Turn(const std::filesystem::path& repository_folder, const std::string& peer);
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// Asked while waiting: true ends that.
  using GiveUp = std::function<bool()>;
  /// Waits for nothing but a watcher that is just connecting, and for that not long.
  void take_as_command(const GiveUp& give_up);
  /// False: given up.
  bool take_as_watcher(const GiveUp& give_up);
  /// Of a watcher: a command that comes from now on is the newer one. Called once, by any thread.
  void connected();

 private:
  net::Descriptor command_, watcher_;
  bool is_watcher_ = false;
};

}  // namespace isodb::sync
