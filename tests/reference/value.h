#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/json.h"
#include "isodb/bytes.h"
#include "tests/reference/spelling.h"

namespace isodb::reference {

/// Larger documents are neither parsed nor made by merging.
inline constexpr std::size_t kMergedBytesMax = 16 * 1024 * 1024;

/// A field: the member names that lead to it.
using Field = std::vector<std::string>;
/// A value that may be missing, where its spelling does not matter.
using MaybeJson = std::optional<Json>;

/// What a document, or a field of one, holds: none, a JSON value, or (documents only) bytes that
/// are not JSON. A plain value.
struct Value {
  Node json;
  std::optional<Bytes> bytes;

  bool is_none() const { return json == nullptr && !bytes; }
};
bool operator==(const Value& a, const Value& b);

/// A document's bytes and what they say. A plain value.
struct Document {
  Bytes bytes;
  Value value;           ///< never none
  bool is_text = false;  ///< UTF-8 without NUL of at most 16 MiB
  /// Of JSON: its style, and the white space around it.
  Style style;
  std::string before, after;

  static Document of(Bytes bytes);
};

/// The value of a field in a document.
Value value_at(const Value& document, const Field& field);
Node node_at(const Node& document, const Field& field);

/// One of the two leads to the other, or they are the same.
bool on_one_line(const Field& a, const Field& b);
/// As a JSON Pointer, for people.
std::string field_text(const Field& field);

/// What a merge had to choose without being told how.
struct Conflicts {
  std::set<Field> fields;
  std::set<Field> metadata_fields;
  bool media_type = false;
  bool path = false;  ///< flagged without naming a field

  bool any() const { return !fields.empty() || !metadata_fields.empty() || media_type || path; }
  friend bool operator==(const Conflicts&, const Conflicts&) = default;
};

}  // namespace isodb::reference
