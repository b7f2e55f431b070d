#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "isodb/error.h"
#include "isodb/sync.h"
#include "net/address.h"
#include "net/carrier.h"

namespace isodb::sync {

/// A line to another machine that ssh carries, where it starts `isodb serve --stdio`; one, at most.
/// One thread.
class SshLine {
 public:
  SshLine(net::SshAddress address, const SyncOptions& options)
      : address_(std::move(address)),
        options_(options),
        status_(std::make_shared<std::optional<int>>()) {}

  /// Errors as net::connect_ssh().
  net::Carrier connect() const;
  /// Why the line ended before the two devices knew each other, as far as ssh's exit status tells:
  /// what it and the other side's shell said stands on standard error. Once the carrier is closed.
  Error explained(const Error& error) const;

 private:
  const net::SshAddress address_;
  const SyncOptions& options_;
  const net::ExitStatus status_;
};

}  // namespace isodb::sync
