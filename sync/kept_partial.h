#pragma once

#include <optional>
#include <string>

#include "objects/source.h"
#include "sync/partial_commit.h"

namespace isodb::sync {

/// Stores it; what the setting has to say that keeps it and all that it names.
std::string keep_partial(objects::ObjectStore& objects, const PartialCommit& partial);

/// What such a setting keeps. nullopt where that is damaged or no longer there: then the commit
/// comes anew.
std::optional<PartialCommit> read_kept_partial(const objects::ObjectSource& objects,
                                               const std::string& setting);

}  // namespace isodb::sync
