#pragma once

#include <cstddef>

#include "wire/element.h"

namespace isodb::wire {

/// nullptr, or which rule of docs/protocol.md ("Elements") the element breaks, whatever came before
/// it.
const char* element_problem(const Element& element);

/// Of a commit's origin as lines.
std::size_t origin_bytes(const CommitElement& commit);

}  // namespace isodb::wire
