#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/id.h"

namespace isodb::cli {

/// One JSON object on one line, its members in the order they are added: what --json prints.
class JsonObject {
 public:
  /// What is not UTF-8 is replaced by U+FFFD.
  JsonObject& string(std::string_view key, std::string_view value);
  /// Bytes that may be no text: the key itself when they are UTF-8, else "<key>_base64".
  JsonObject& bytes(std::string_view key, std::string_view value);
  JsonObject& number(std::string_view key, std::uint64_t value);
  JsonObject& boolean(std::string_view key, bool value);
  JsonObject& id(std::string_view key, const Id& value) { return string(key, value.hex()); }
  /// null for nullopt
  JsonObject& id(std::string_view key, const std::optional<Id>& value);
  JsonObject& null(std::string_view key) { return raw(key, "null"); }
  JsonObject& strings(std::string_view key, const std::vector<std::string>& values);
  /// `json` is JSON text without newlines.
  JsonObject& raw(std::string_view key, std::string_view json);
  JsonObject& object(std::string_view key, const JsonObject& value) {
    return raw(key, value.text());
  }
  JsonObject& objects(std::string_view key, const std::vector<JsonObject>& values);

  std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

std::string base64(std::string_view bytes);

}  // namespace isodb::cli
