#include "merge/script/text_search.h"

#include <algorithm>
#include <cstring>

#include "merge/script/text.h"

namespace isodb::script {

namespace {

/// D. Knuth, J. Morris, V. Pratt, "Fast pattern matching in strings" (1977). `text` and `part` give
/// the byte of an index, so that a search from the end reads both backwards.
template <typename Text, typename Part>
std::size_t search(Heap& heap, const Text& text, std::size_t text_size, const Part& part,
                   std::size_t part_size) {
  heap.meter().cells(part_size / 4);
  heap.meter().work(part_size * 2);
  std::vector<std::uint32_t> border(part_size + 1, 0);
  std::uint32_t matched = 0;
  for (std::size_t i = 1; i < part_size; ++i) {
    while (matched > 0 && part(i) != part(matched)) matched = border[matched];
    if (part(i) == part(matched)) ++matched;
    border[i + 1] = matched;
  }
  matched = 0;
  std::size_t i = 0;
  for (; i < text_size; ++i) {
    while (matched > 0 && text(i) != part(matched)) matched = border[matched];
    if (text(i) == part(matched)) ++matched;
    if (matched == part_size) break;
  }
  heap.meter().work(i * 2);
  return i == text_size ? kNotFound : i + 1 - part_size;
}

}  // namespace

std::size_t find_text(Heap& heap, std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size() || part.size() > text.size() - from) return kNotFound;
  if (part.empty()) return from;
  const void* const first = std::memchr(text.data() + from, part[0], text.size() - from);
  const auto start = first == nullptr
                         ? text.size()
                         : static_cast<std::size_t>(static_cast<const char*>(first) - text.data());
  heap.meter().work(start - from);
  if (first == nullptr) return kNotFound;
  if (part.size() == 1) return start;
  const std::string_view rest = text.substr(start);
  const std::size_t found = search(
      heap, [&](std::size_t i) { return rest[i]; }, rest.size(),
      [&](std::size_t i) { return part[i]; }, part.size());
  return found == kNotFound ? kNotFound : start + found;
}

std::size_t find_last_text(Heap& heap, std::string_view text, std::string_view part) {
  if (part.size() > text.size()) return kNotFound;
  if (part.empty()) return text.size();
  const std::size_t found = search(
      heap, [&](std::size_t i) { return text[text.size() - 1 - i]; }, text.size(),
      [&](std::size_t i) { return part[part.size() - 1 - i]; }, part.size());
  return found == kNotFound ? kNotFound : text.size() - found - part.size();
}

std::size_t character_bytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

std::uint32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead;
  std::uint32_t code = lead & (0x7fu >> character.size());
  for (const char c : character.substr(1)) {
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3f);
  }
  return code;
}

std::size_t byte_of_character(Heap& heap, const String& text, std::int64_t character) {
  const auto wanted = static_cast<std::size_t>(character);
  if (text.is_ascii()) return wanted;
  if (wanted == text.characters) return text.bytes;
  std::size_t at = 0;
  for (std::size_t i = 0; i < wanted; ++i) at += character_bytes(text.data[at]);
  heap.meter().work(at * 2);
  return at;
}

CharacterOffsets::CharacterOffsets(Heap& heap, const String& text) : text_(text.view()) {
  heap.meter().cells(text.characters / 4);
  heap.meter().work(text.bytes * std::uint64_t{2});
  offsets_.reserve(std::size_t{text.characters} + 1);
  for (std::size_t at = 0; at < text_.size(); at += character_bytes(text_[at])) {
    offsets_.push_back(static_cast<std::uint32_t>(at));
  }
  offsets_.push_back(static_cast<std::uint32_t>(text_.size()));
}

std::string short_repr(Heap& heap, const Value& value) {
  constexpr std::size_t kMost = 60;
  TextBuilder builder(heap);
  builder.add_repr(value);
  const std::string_view text = builder.view();
  if (text.size() <= kMost) return std::string(text);
  std::size_t end = 0;
  while (end + 4 < kMost) end += character_bytes(text[end]);
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace isodb::script
