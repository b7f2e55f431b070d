#include "core/json_canonical.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/json_pointer.h"
#include "core/json_writer.h"

namespace isodb::core {

namespace {

/// Orders bytes so that UTF-8 compares as its UTF-16 code units do: what takes a surrogate pair
/// (lead bytes from 0xf0 on) comes before U+E000 to U+FFFF (0xee and 0xef). Continuation bytes are
/// smaller than both.
int utf16_rank(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (byte < 0xee) return byte;
  return byte >= 0xf0 ? byte - 0xf0 + 0xee : byte + 0x10;
}

bool utf16_less(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return utf16_rank(x) < utf16_rank(y); });
}

bool has_surrogate(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xed' && static_cast<std::uint8_t>(text[i + 1]) >= 0xa0) return true;
  }
  return false;
}

class Canonicalizer {
 public:
  std::string run(const Json& value) {
    write(value);
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    std::string pointer;
    for (const std::string& token : place_) append_pointer_token(pointer, token);
    throw Error(ErrorCode::kInvalid, "no canonical form: " + problem + " at '" + pointer + "'",
                "RFC 8785 covers JSON whose numbers are doubles, whose strings are Unicode and "
                "whose names are unique");
  }

  void write(const Json& value) {
    switch (value.kind()) {
      case JsonKind::kNumber:
        write_number(value.number_text());
        break;
      case JsonKind::kString:
        write_string(value.as_string());
        break;
      case JsonKind::kArray:
        write_array(value);
        break;
      case JsonKind::kObject:
        write_object(value);
        break;
      default:
        out_ += write_json(value);
    }
  }

  void write_number(std::string_view text) {
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc()) {
      fail("the number " + std::string(text) + " is outside the range of doubles");
    }
    out_ += ecmascript_number(value);
  }

  void write_string(std::string_view text) {
    if (has_surrogate(text)) fail("a lone surrogate");
    append_json_string(out_, text);
  }

  void write_array(const Json& array) {
    out_ += '[';
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i > 0) out_ += ',';
      place_.push_back(std::to_string(i));
      write(array.items()[i]);
      place_.pop_back();
    }
    out_ += ']';
  }

  void write_object(const Json& object) {
    std::vector<const JsonMember*> sorted;
    for (const JsonMember& member : object.members()) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(), [](const JsonMember* a, const JsonMember* b) {
      return utf16_less(a->key(), b->key());
    });
    out_ += '{';
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      place_.emplace_back(sorted[i]->key());
      if (i > 0 && sorted[i - 1]->key() == sorted[i]->key()) fail("two members of one name");
      if (i > 0) out_ += ',';
      write_string(sorted[i]->key());
      out_ += ':';
      write(sorted[i]->value);
      place_.pop_back();
    }
    out_ += '}';
  }

  std::string out_;
  std::vector<std::string> place_;  // tokens of the JSON Pointer
};

}  // namespace

std::string ecmascript_number(double value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0) return "0";  // -0 too
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value), std::chars_format::scientific)
          .ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t mark = text.find('e');
  std::string digits(text.substr(0, 1));
  if (mark > 2) digits += text.substr(2, mark - 2);
  int exponent = 0;
  const std::string_view exponent_text = text.substr(mark + (text[mark + 1] == '+' ? 2 : 1));
  std::from_chars(exponent_text.data(), end, exponent);

  // The names of ECMA-262, "Number::toString": k digits, the value is 0.<digits> times 10^n.
  const int k = static_cast<int>(digits.size()), n = exponent + 1;
  std::string out = value < 0 ? "-" : "";
  const auto zeros = [](int count) { return std::string(static_cast<std::size_t>(count), '0'); };
  if (k <= n && n <= 21) return out + digits + zeros(n - k);
  if (n > 0 && n <= 21) {
    const auto point = static_cast<std::size_t>(n);
    return out + digits.substr(0, point) + "." + digits.substr(point);
  }
  if (n > -6 && n <= 0) return out + "0." + zeros(-n) + digits;
  out += digits.substr(0, 1);
  if (k > 1) out += "." + digits.substr(1);
  return out + (n > 0 ? "e+" : "e-") + std::to_string(std::abs(n - 1));
}

std::string canonical_json(const Json& value) {
  return Canonicalizer().run(value);
}

}  // namespace isodb::core
