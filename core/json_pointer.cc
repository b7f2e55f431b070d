#include "core/json_pointer.h"

#include <algorithm>
#include <charconv>

#include "core/utf8.h"

namespace isodb::core {

JsonPointer JsonPointer::parse(std::string_view text) {
  const auto fail = [&](const std::string& problem) -> JsonPointer {
    throw Error(ErrorCode::kInvalid,
                "the JSON Pointer '" + replace_invalid_utf8(text) + "' " + problem,
                "a JSON Pointer is empty or a sequence of '/' and a token, in which ~0 stands for "
                "'~' and ~1 for '/'");
  };
  JsonPointer pointer;
  if (!text.empty() && text[0] != '/') return fail("does not begin with '/'");
  if (!is_utf8(text)) return fail("is not UTF-8");
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      pointer.tokens.emplace_back();
    } else if (text[i] != '~') {
      pointer.tokens.back() += text[i];
    } else if (++i < text.size() && (text[i] == '0' || text[i] == '1')) {
      pointer.tokens.back() += text[i] == '0' ? '~' : '/';
    } else {
      return fail("has a '~' without 0 or 1 after it");
    }
  }
  return pointer;
}

std::string JsonPointer::text() const {
  std::string text;
  for (const std::string& token : tokens) append_pointer_token(text, token);
  return text;
}

bool JsonPointer::is_prefix_of(const JsonPointer& other) const {
  return tokens.size() <= other.tokens.size() &&
         std::equal(tokens.begin(), tokens.end(), other.tokens.begin());
}

void append_pointer_token(std::string& pointer, std::string_view token) {
  pointer += '/';
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

std::optional<std::size_t> pointer_index(std::string_view token) {
  if (token.empty() || (token[0] == '0' && token.size() > 1)) return std::nullopt;
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto result = std::from_chars(token.data(), end, index);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return index;
}

const Json* find_at(const Json& root, const JsonPointer& pointer) {
  const Json* value = &root;
  for (const std::string& token : pointer.tokens) {
    if (value->is_object()) {
      value = value->find(token);
    } else if (value->is_array()) {
      const auto index = pointer_index(token);
      value = index && *index < value->size() ? &value->items()[*index] : nullptr;
    } else {
      return nullptr;
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

}  // namespace isodb::core
