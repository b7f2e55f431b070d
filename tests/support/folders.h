#pragma once

#include <filesystem>
#include <string>

#include "isodb/repository.h"
#include "isodb/sync.h"
#include "tests/support/testing.h"

namespace isodb::testing {

/// A repository in `folder` with the history of `origin`.
inline void clone_folder(const Repository& origin, const std::filesystem::path& folder) {
  const auto result = sync::clone(sync::remote_at(origin.folder().string()), folder);
  REQUIRE_FALSE(result.error);
}

/// Brings what `there` has to remotes/<name>/….
inline sync::Report fetch_folder(Repository& here, const Repository& there,
                                 const std::string& name) {
  sync::SyncOptions options;
  options.direction = sync::Direction::kFetch;
  options.as = name;
  const auto result = sync::sync_with(here, sync::remote_at(there.folder().string()), options);
  REQUIRE_FALSE(result.error);
  return result.report;
}

}  // namespace isodb::testing
