#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/json_pointer.h"
#include "tests/reference/value.h"

namespace isodb::reference {

/// A step's result, and whether it had to choose.
template <typename T>
struct Step {
  T value;
  bool conflict = false;
};

enum class ArrayMode { kArray, kList };

/// Of values; nullptr is none.
Step<Node> three_way(const Node& base, const Node& left, const Node& right);
/// Of arrays.
Step<Node> array_step(const Node& base, const Node& left, const Node& right, ArrayMode mode);
Step<Node> set_step(const Node& base, const Node& left, const Node& right);
Step<Node> keyed_list_step(const Node& base, const Node& left, const Node& right,
                           const core::JsonPointer& key);
/// Of texts that are there.
Step<std::string> text_step(const std::string& base, const std::string& left,
                            const std::string& right);

/// What the pointer names in an item; nullptr where it names nothing.
Node key_of(const Node& item, const core::JsonPointer& key);
/// The members of objects, of which the first rules the order.
std::vector<Name> order_members(const std::vector<Node>& objects);

}  // namespace isodb::reference
