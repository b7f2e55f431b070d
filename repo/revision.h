#pragma once

#include <string_view>

#include "isodb/id.h"

namespace isodb {
class RepositoryState;
}

namespace isodb::repo {

/// The object that a REV names (docs/cli.md, "Revisions"). Errors as Repository::resolve() says.
Id resolve_revision(const RepositoryState& state, std::string_view revision);

}  // namespace isodb::repo
