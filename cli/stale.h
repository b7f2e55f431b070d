#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isodb/error.h"
#include "isodb/id.h"
#include "isodb/transaction.h"

namespace isodb::cli {

/// A compare-and-swap that was lost: exit code 3, and with --json "actual" and "paths" beside the
/// message.
class StaleError : public Error {
 public:
  StaleError(const std::string& message, const std::string& hint, std::optional<Id> actual,
             std::vector<std::string> paths = {})
      : Error(ErrorCode::kStale, message, hint), actual_(actual), paths_(std::move(paths)) {}

  const std::optional<Id>& actual() const { return actual_; }
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  std::optional<Id> actual_;
  std::vector<std::string> paths_;
};

/// The error for a commit that was refused because its branch moved on.
StaleError stale_commit(const Stale& stale);

}  // namespace isodb::cli
