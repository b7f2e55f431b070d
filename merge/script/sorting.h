#pragma once

#include "merge/script/machine.h"
#include "merge/script/value.h"

namespace isodb::script {

enum class SortOrder { kAscending, kDescending };

/// Sorts a list, equal items keeping their order either way. `key` is a function or absent or None.
/// The comparisons made, and so the steps, are fixed: merging neighbouring runs of 1, 2, 4, …
void sort_list(Machine& machine, List& list, const Value& key, SortOrder order);

}  // namespace isodb::script
