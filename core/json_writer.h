#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "isodb/bytes.h"

namespace isodb::core {

enum class JsonEscapes {
  kMinimal,   ///< what RFC 8259 demands and no more, in the short forms of RFC 8785
  kTerminal,  ///< U+007F to U+009F too, so that no string steers a terminal
};

struct JsonStyle {
  /// One level's indentation, spaces or a tab; "" writes all on one line without spaces.
  std::string indent = {};
  JsonEscapes escapes = JsonEscapes::kMinimal;
};

/// The text of `value`, without a line feed at its end. Numbers keep their text, members their
/// order; a lone surrogate is written as its escape. Thread-safe.
std::string write_json(const Json& value, const JsonStyle& style = {});

/// Appends `text`, UTF-8 or WTF-8, as a JSON string in quotation marks.
void append_json_string(std::string& out, std::string_view text,
                        JsonEscapes escapes = JsonEscapes::kMinimal);

}  // namespace isodb::core
