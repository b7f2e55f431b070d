#pragma once

#include <string>

#include "cli/json_object.h"
#include "isodb/scope.h"

namespace isodb::cli {

/// What a partial repository holds, for people: "cows/ and pigs/, as they were at the boundary and
/// after".
std::string scope_words(const Scope& scope);
/// Adds "scope": null of a whole repository, else "prefixes" and "boundary".
void add_scope(JsonObject& object, const Scope& scope);

}  // namespace isodb::cli
