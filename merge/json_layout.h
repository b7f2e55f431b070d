#pragma once

#include "isodb/bytes.h"
#include "merge/merged_value.h"

namespace isodb::merge {

/// The text of a merged document (docs/merge.md, "Layout"): parts in the text of the versions that
/// they come from, the rest like `greatest`, the version that is greatest in fold order.
/// Thread-safe.
Bytes write_merged(const MergedValue& value, const JsonSource& greatest);

}  // namespace isodb::merge
