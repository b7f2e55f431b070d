#pragma once

#include <cstddef>
#include <string>

#include "isodb/bytes.h"

namespace isodb::core {

/// Bytes of the UTF-8 sequence that `text` begins with, 1 to 4; 0 when it begins with none (RFC
/// 3629: no overlong forms, no surrogates, nothing above U+10FFFF) or is empty. Thread-safe.
std::size_t utf8_sequence_bytes(ByteView text);

/// True when all of `text` is UTF-8. Thread-safe.
bool is_utf8(ByteView text);

/// Appends one code point. Surrogates get their three-byte form (WTF-8), which is_utf8() refuses.
void append_utf8(std::string& out, char32_t code_point);

/// `text` with each byte that belongs to no UTF-8 sequence replaced by U+FFFD, for people.
std::string replace_invalid_utf8(ByteView text);

}  // namespace isodb::core
