#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace isodb::reference {

using core::Json;
using core::JsonMember;

/// How a JSON text is laid out: docs/merge.md, "Layout".
struct Style {
  std::string indent;  ///< one level's; "" where no line is indented
  std::string colon = ":";

  static Style of(std::string_view text);
  friend bool operator==(const Style&, const Style&) = default;
};

struct Spelled;
/// A JSON value and how it is spelled; nullptr is none.
using Node = std::shared_ptr<const Spelled>;

/// A member's name as some version spells it.
struct Name {
  std::string name;
  std::string text;  ///< with its quotation marks; "" where no version has it
  Style style;       ///< of that version
};

/// A value that stands in a version with its text, or that was put together. A plain value.
struct Spelled {
  Json value;
  std::string text;         ///< "" where it was put together
  Style style;              ///< of the version that it stands in
  std::vector<Node> parts;  ///< items, or values of members
  std::vector<Name> names;  ///< of members
  /// Of an object or array in a version: what stands between the opening bracket and the first
  /// part, between the first two, between the first name and value, and before the closing bracket.
  std::string opening, between, colon, closing;
  Node model;  ///< of an object or array that was put together, what it follows
};

/// A whole JSON text, which parse_json() takes as `value`.
struct SpelledDocument {
  std::string before, after;  ///< white space
  Style style;
  Node root;
};
SpelledDocument spell(const Json& value, std::string_view text);

Node make_scalar(const Json& value);
Node make_array(const std::vector<Node>& items, const Node& model);
Node make_object(const std::vector<Name>& names, const std::vector<Node>& values,
                 const Node& model);
/// The value of a member; nullptr where there is none.
Node member_of(const Node& object, std::string_view name);

/// The text of a merged value in the style of the greatest version.
std::string write_spelled(const Node& node, const Style& style);

/// Both none, or equal as data.
bool equal(const Node& a, const Node& b);

}  // namespace isodb::reference
