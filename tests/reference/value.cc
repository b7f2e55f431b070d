#include "tests/reference/value.h"

#include <algorithm>

#include "core/json_pointer.h"
#include "core/utf8.h"

namespace isodb::reference {

bool operator==(const Value& a, const Value& b) {
  return equal(a.json, b.json) && a.bytes == b.bytes;
}

Document Document::of(Bytes bytes) {
  Document document;
  document.bytes = std::move(bytes);
  const bool small = document.bytes.size() <= kMergedBytesMax;
  document.is_text =
      small && document.bytes.find('\0') == Bytes::npos && core::is_utf8(document.bytes);
  if (small) {
    try {
      const SpelledDocument spelled = spell(core::parse_json(document.bytes), document.bytes);
      document.value.json = spelled.root;
      document.style = spelled.style;
      document.before = spelled.before;
      document.after = spelled.after;
    } catch (const core::JsonError&) {
      document.value.bytes = document.bytes;
    }
  } else {
    document.value.bytes = document.bytes;
  }
  return document;
}

Node node_at(const Node& document, const Field& field) {
  Node place = document;
  for (const std::string& name : field) place = member_of(place, name);
  return place;
}

Value value_at(const Value& document, const Field& field) {
  if (field.empty()) return document;
  return {node_at(document.json, field), std::nullopt};
}

bool on_one_line(const Field& a, const Field& b) {
  const std::size_t shared = std::min(a.size(), b.size());
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(shared), b.begin());
}

std::string field_text(const Field& field) {
  std::string text;
  for (const std::string& name : field) core::append_pointer_token(text, name);
  return text;
}

}  // namespace isodb::reference
