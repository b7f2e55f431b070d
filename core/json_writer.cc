#include "core/json_writer.h"

#include <cstdint>

namespace isodb::core {

namespace {

void append_unicode_escape(std::string& out, unsigned unit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[unit >> shift & 15];
}

/// Bytes of the character that `text` begins with where it must be escaped; 0 where it stands for
/// itself.
std::size_t escaped_bytes(std::string_view text, JsonEscapes escapes) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  const auto second = text.size() > 1 ? static_cast<std::uint8_t>(text[1]) : std::uint8_t{0};
  if (lead < 0x20 || lead == '"' || lead == '\\') return 1;
  if (lead == 0xed && second >= 0xa0 && text.size() >= 3) return 3;  // a surrogate
  if (escapes == JsonEscapes::kMinimal) return 0;
  if (lead == 0x7f) return 1;
  return lead == 0xc2 && second >= 0x80 && second < 0xa0 ? 2 : 0;
}

/// Writes one character that escaped_bytes() found.
void append_escape(std::string& out, std::string_view character) {
  constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t", kLetters = "\"\\bfnrt";
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(character[i]); };
  const std::size_t letter = kMeanings.find(character[0]);
  if (letter != std::string_view::npos) {
    out += '\\';
    out += kLetters[letter];
  } else if (character.size() == 3) {
    append_unicode_escape(out, 0xd000u | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu));
  } else {
    append_unicode_escape(out, byte(character.size() - 1));  // U+0080 to U+009F: the second byte
  }
}

class JsonWriter {
 public:
  JsonWriter(std::string& out, const JsonStyle& style) : out_(out), style_(style) {}

  void write(const Json& value) {
    switch (value.kind()) {
      case JsonKind::kNull:
        out_ += "null";
        break;
      case JsonKind::kBoolean:
        out_ += value.as_boolean() ? "true" : "false";
        break;
      case JsonKind::kNumber:
        out_ += value.number_text();
        break;
      case JsonKind::kString:
        append_json_string(out_, value.as_string(), style_.escapes);
        break;
      case JsonKind::kArray:
        write_container('[', ']', value.items(), [this](const Json& item) { write(item); });
        break;
      case JsonKind::kObject:
        write_container('{', '}', value.members(), [this](const JsonMember& member) {
          append_json_string(out_, member.key(), style_.escapes);
          out_ += style_.indent.empty() ? ":" : ": ";
          write(member.value);
        });
        break;
    }
  }

 private:
  template <typename Parts, typename WritePart>
  void write_container(char open, char close, const Parts& parts, const WritePart& write_part) {
    out_ += open;
    ++depth_;
    bool first = true;
    for (const auto& part : parts) {
      if (!first) out_ += ',';
      first = false;
      break_line();
      write_part(part);
    }
    --depth_;
    if (!first) break_line();
    out_ += close;
  }

  void break_line() {
    if (style_.indent.empty()) return;
    out_ += '\n';
    for (std::size_t i = 0; i < depth_; ++i) out_ += style_.indent;
  }

  std::string& out_;
  const JsonStyle& style_;
  std::size_t depth_ = 0;
};

}  // namespace

void append_json_string(std::string& out, std::string_view text, JsonEscapes escapes) {
  out += '"';
  std::size_t run = 0;  // what is not yet written
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = escaped_bytes(text.substr(at), escapes);
    if (bytes == 0) {
      ++at;
      continue;
    }
    out.append(text, run, at - run);
    append_escape(out, text.substr(at, bytes));
    at += bytes;
    run = at;
  }
  out.append(text, run);
  out += '"';
}

std::string write_json(const Json& value, const JsonStyle& style) {
  std::string out;
  JsonWriter(out, style).write(value);
  return out;
}

}  // namespace isodb::core
