#pragma once

#include "isodb/sync.h"

namespace isodb::sync {

/// Makes an error of what a repository could not be given, in a session that ended well.
void explain_shortfall(SyncResult& result);

}  // namespace isodb::sync
