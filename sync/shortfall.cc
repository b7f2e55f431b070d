#include "sync/shortfall.h"

#include "sync/arrival.h"

namespace isodb::sync {
namespace {

std::string first_of(const std::vector<std::string>& paths) {
  const std::string first = "'" + paths.front() + "'";
  return paths.size() == 1 ? first : first + " and " + std::to_string(paths.size() - 1) + " more";
}

}  // namespace

void explain_shortfall(SyncResult& result) {
  const Report& report = result.report;
  if (result.error) return;
  if (!report.refs_refused.empty()) {
    result.error = Error(ErrorCode::kLimit,
                         "there are " + std::to_string(kRefsTakenMax) +
                             " branches and tags here, the most that are taken from others: " +
                             first_of(report.refs_refused) + " was left out",
                         "delete what nobody needs, here and there: isodb branch -d NAME");
  } else if (!report.waiting.empty()) {
    result.error = Error(ErrorCode::kNotHeld,
                         "merging " + first_of(report.waiting) +
                             " takes contents that neither side holds; what came is kept",
                         "sync with a repository that holds everything");
  } else if (!report.contents_missing.empty()) {
    result.error = Error(ErrorCode::kNotHeld,
                         "the other side does not hold the contents of " +
                             first_of(report.contents_missing) + "; what it held is here",
                         "fetch the rest from a repository that holds everything");
  }
}

}  // namespace isodb::sync
