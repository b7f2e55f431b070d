#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/json_object.h"
#include "isodb/repository.h"
#include "isodb/scope.h"

namespace isodb::cli {

/// What a partial repository holds, for people: "cows/ and pigs/, as they were at the boundary and
/// after".
std::string scope_words(const Scope& scope);
/// Adds "scope": null of a whole repository, else "prefixes" and "boundary".
void add_scope(JsonObject& object, const Scope& scope);
/// A slip in a path would choose nothing, and nobody would notice: says which of them no branch
/// has, here or as it was fetched.
void note_absent(Context& context, const Repository& repository,
                 const std::vector<std::string>& paths);

}  // namespace isodb::cli
