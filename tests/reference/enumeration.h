#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "tests/reference/world.h"

namespace isodb::reference {

/// The writes that each commit of an enumerated history has one of: a deletion, a text, or one of
/// several JSON documents, in two paths.
const std::vector<PlannedWrite>& enumerated_writes();

/// Every history of a root and `commits` more by as many writers, up to names: each commit comes
/// after any set of those before it of which none sees another (the root where it is empty), later
/// ones have greater clocks, and each writes one of enumerated_writes(). Calls `visit` with each
/// history whose number in the order of enumeration leaves `part` when divided by `parts`, and
/// returns how many these were.
std::size_t enumerate_histories(std::size_t commits, std::size_t part, std::size_t parts,
                                const std::function<void(const Plan&)>& visit);

}  // namespace isodb::reference
