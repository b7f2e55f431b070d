#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "merge/script/heap.h"
#include "merge/script/value.h"

namespace isodb::script {

inline constexpr std::size_t kNotFound = std::string_view::npos;

/// The offset of the first `part` in `text` at or after `from`; kNotFound. Linear, whatever the
/// texts are; charged by the bytes passed.
std::size_t find_text(Heap& heap, std::string_view text, std::string_view part, std::size_t from);
/// The offset of the last `part` in `text`.
std::size_t find_last_text(Heap& heap, std::string_view text, std::string_view part);

/// Bytes of the character that begins with this byte.
std::size_t character_bytes(char lead);
/// The number of the one character in a text.
std::uint32_t code_point(std::string_view character);
/// The offset of a character, counted from 0; text.bytes for text.characters. Charged where
/// characters have to be counted.
std::size_t byte_of_character(Heap& heap, const String& text, std::int64_t character);

/// Where every character of a text begins.
class CharacterOffsets {
 public:
  CharacterOffsets(Heap& heap, const String& text);
  std::size_t size() const { return offsets_.size() - 1; }
  std::string_view character(std::size_t index) const {
    return text_.substr(offsets_[index], offsets_[index + 1] - offsets_[index]);
  }

 private:
  std::string_view text_;
  std::vector<std::uint32_t> offsets_;
};

/// repr() of a value for a message, cut where it is long.
std::string short_repr(Heap& heap, const Value& value);

}  // namespace isodb::script
