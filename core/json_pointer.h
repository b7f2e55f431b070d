#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace isodb::core {

/// A JSON Pointer (RFC 6901), its tokens decoded: "/a~1b/0" is {"a/b", "0"}; "" is the whole
/// document. A plain value.
struct JsonPointer {
  std::vector<std::string> tokens;

  /// Error(kInvalid) naming the pointer and the rule it breaks.
  static JsonPointer parse(std::string_view text);
  std::string text() const;
  bool is_prefix_of(const JsonPointer& other) const;

  friend bool operator==(const JsonPointer&, const JsonPointer&) = default;
};

/// Appends "/" and one token in its written form (~0 for a tilde, ~1 for a slash).
void append_pointer_token(std::string& pointer, std::string_view token);

/// The array index that a token names: "0" or digits that do not begin with 0; nullopt for any
/// other token or one beyond std::size_t.
std::optional<std::size_t> pointer_index(std::string_view token);

/// What `pointer` names in `root`; nullptr when there is no such member or item. Cost: the members
/// on the way.
const Json* find_at(const Json& root, const JsonPointer& pointer);

}  // namespace isodb::core
