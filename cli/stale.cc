#include "cli/stale.h"

namespace isodb::cli {

StaleError stale_commit(const Stale& stale) {
  constexpr std::size_t kPathsNamed = 3;
  std::string what;
  for (std::size_t i = 0; i < stale.paths.size() && i < kPathsNamed; ++i) {
    what += (i > 0 ? ", " : "") + stale.paths[i];
  }
  if (stale.paths.size() > kPathsNamed) {
    what += " and " + std::to_string(stale.paths.size() - kPathsNamed) + " more";
  }
  if (what.empty()) what = stale.branch;
  std::optional<Id> actual;
  if (stale.actual) actual = *stale.actual;
  return {what + " changed meanwhile; nothing was written",
          "look at the newest state, then run the command again", actual, stale.paths};
}

}  // namespace isodb::cli
