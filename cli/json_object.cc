#include "cli/json_object.h"

#include "core/json_writer.h"
#include "core/utf8.h"

namespace isodb::cli {
namespace {

void append_quoted(std::string& to, std::string_view text) {
  core::append_json_string(to, core::is_utf8(text) ? text : core::replace_invalid_utf8(text));
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
    };
    const unsigned three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    result += kDigits[three >> 18];
    result += kDigits[three >> 12 & 63];
    result += i + 1 < bytes.size() ? kDigits[three >> 6 & 63] : '=';
    result += i + 2 < bytes.size() ? kDigits[three & 63] : '=';
  }
  return result;
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  append_quoted(members_, key);
  members_ += ':';
  members_ += json;
  return *this;
}

JsonObject& JsonObject::string(std::string_view key, std::string_view value) {
  std::string quoted;
  append_quoted(quoted, value);
  return raw(key, quoted);
}

JsonObject& JsonObject::bytes(std::string_view key, std::string_view value) {
  if (core::is_utf8(value)) return string(key, value);
  return string(std::string(key) + "_base64", base64(value));
}

JsonObject& JsonObject::number(std::string_view key, std::uint64_t value) {
  return raw(key, std::to_string(value));
}

JsonObject& JsonObject::boolean(std::string_view key, bool value) {
  return raw(key, value ? "true" : "false");
}

JsonObject& JsonObject::id(std::string_view key, const std::optional<Id>& value) {
  return value ? string(key, value->hex()) : null(key);
}

JsonObject& JsonObject::strings(std::string_view key, const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) {
    if (!list.empty()) list += ',';
    append_quoted(list, value);
  }
  return raw(key, "[" + list + "]");
}

JsonObject& JsonObject::objects(std::string_view key, const std::vector<JsonObject>& values) {
  std::string list;
  for (const JsonObject& value : values) list += (list.empty() ? "" : ",") + value.text();
  return raw(key, "[" + list + "]");
}

}  // namespace isodb::cli
