#pragma once

#include <string>

#include "core/json.h"

namespace isodb::core {

/// The canonical text of `value` by RFC 8785 (JCS): no spaces, members by their names' UTF-16 code
/// units, numbers as ECMAScript writes the nearest double. Two texts of equal data get one text, as
/// far as doubles tell their numbers apart. Error(kInvalid), with the JSON Pointer of the place,
/// for a number outside the range of doubles, a lone surrogate or a name that comes twice.
/// Thread-safe.
std::string canonical_json(const Json& value);

/// A finite double as ECMAScript's Number.prototype.toString writes it: the shortest digits that
/// read back as the same double. Not for infinities and not-a-number: "null".
std::string ecmascript_number(double value);

}  // namespace isodb::core
