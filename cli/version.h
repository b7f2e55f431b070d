#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/commit_view.h"
#include "cli/context.h"
#include "isodb/repository.h"

namespace isodb::cli {

/// The concurrent version of a path that people call `number`, from 1, as 'isodb versions' lists
/// them. Error(kNotFound) that says how many there are.
Version version_of(const Repository& repository, const std::string& revision,
                   const std::string& path, std::uint64_t number);

/// The members of --json for versions: "version", "commit", "author", "time", "content" and so on.
std::vector<JsonObject> json_of_versions(const std::vector<Version>& versions, CommitView& view);

/// A line a version: number, commit, time, author, size or "deleted".
void print_versions(Context& context, CommitView& view, const Repository& repository,
                    const std::vector<Version>& versions);

}  // namespace isodb::cli
