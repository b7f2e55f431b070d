#include <algorithm>
#include <iterator>

#include "core/json.h"
#include "core/json_number.h"
#include "core/utf8.h"

namespace isodb::core {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// What stands at `text`'s beginning, for a message.
std::string describe(ByteView text) {
  if (text.empty()) return "the end of the text";
  const std::size_t bytes = utf8_sequence_bytes(text);
  const auto byte = static_cast<std::uint8_t>(text[0]);
  if (bytes == 0 || byte < 0x20 || byte == 0x7f) {
    constexpr std::string_view kHex = "0123456789abcdef";
    return std::string("the byte 0x") + kHex[byte >> 4] + kHex[byte & 15];
  }
  return "'" + std::string(text.substr(0, bytes)) + "'";
}

/// The first byte of `at`..`end` that does not simply stand for itself in a string: a quotation
/// mark, a backslash, a control character or one that is not ASCII. Eight bytes at a step, as in
/// "Bit Twiddling Hacks" (haszero, hasless).
const char* skip_plain(const char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u, kHighs = 0x8080808080808080u;
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t quote = word ^ kOnes * '"', backslash = word ^ kOnes * '\\';
    const std::uint64_t special = (word - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes);
    if (((special | word) & kHighs) != 0) break;
    at += 8;
  }
  while (at != end && static_cast<std::uint8_t>(*at) >= 0x20 &&
         static_cast<std::uint8_t>(*at) < 0x80 && *at != '"' && *at != '\\') {
    ++at;
  }
  return at;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_high_surrogate(char32_t unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}
bool is_low_surrogate(char32_t unit) {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

}  // namespace

JsonPosition json_position(ByteView text, std::size_t offset) {
  JsonPosition position;
  position.offset = offset;
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<std::uint8_t>(c) & 0xc0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

std::string JsonPosition::text() const {
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

JsonError::JsonError(ErrorCode code, const JsonPosition& position, const std::string& problem)
    : Error(code, position.text() + ": " + problem), position_(position), problem_(problem) {}

/// Recursive descent over one text. Finished values wait on two stacks until their container
/// closes, so that each container is allocated once at its final size.
class JsonParser {
 public:
  enum class Defects { kRefuse, kReport };

  JsonParser(ByteView text, std::size_t depth_max, Defects defects)
      : text_(text),
        at_(text.data()),
        end_(text.data() + text.size()),
        depth_left_(depth_max),
        defects_(defects) {}

  ExaminedJson parse() {
    if (text_.starts_with(kByteOrderMark)) {
      fail(at_, "a byte order mark, which JSON must not begin with");
    }
    skip_space();
    Json value = parse_value();
    skip_space();
    if (at_ != end_) fail(at_, "expected the end of the text, found " + found());
    return {std::move(value), std::move(defect_)};
  }

 private:
  [[noreturn]] void fail(const char* where, const std::string& problem,
                         ErrorCode code = ErrorCode::kInvalid) const {
    throw JsonError(code, json_position(text_, offset_of(where)), problem);
  }
  std::size_t offset_of(const char* where) const {
    return static_cast<std::size_t>(where - text_.data());
  }
  ByteView rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  std::string found() const { return describe(rest()); }

  void note_defect(const char* where, const std::string& problem) {
    if (defects_ == Defects::kRefuse) fail(where, problem);
    if (!defect_) defect_ = {json_position(text_, offset_of(where)), problem};
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  /// Consumes `c` where it is next.
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  Json parse_value() {
    switch (at_ == end_ ? '\0' : *at_) {
      case '{':
        return parse_object();
      case '[':
        return parse_array();
      case '"':
        return parse_string();
      case 't':
        return parse_word("true", Json::boolean(true));
      case 'f':
        return parse_word("false", Json::boolean(false));
      case 'n':
        return parse_word("null", Json());
      default:
        return parse_number();
    }
  }

  Json parse_word(std::string_view word, Json value) {
    if (!rest().starts_with(word)) {
      fail(at_, "expected a value, found a word that is not true, false or null");
    }
    at_ += word.size();
    return value;
  }

  Json parse_number() {
    const std::size_t bytes = json_number_bytes(rest());
    if (bytes == 0) {
      const std::string expected = take('-') ? "expected a digit after '-'" : "expected a value";
      fail(at_, expected + ", found " + found());
    }
    const ByteView text(at_, bytes);
    at_ += bytes;
    check_number_end(text);
    return Json::unchecked_text(JsonKind::kNumber, text);
  }

  /// Says what is wrong with a number that goes on where none may.
  void check_number_end(ByteView text) {
    if (at_ == end_) return;
    if ((text == "0" || text == "-0") && *at_ >= '0' && *at_ <= '9') {
      fail(at_, "a number must not begin with a zero before other digits");
    }
    if (*at_ == '.' || *at_ == 'e' || *at_ == 'E') {
      ++at_;
      if (at_[-1] != '.' && !take('+')) take('-');
      fail(at_, std::string("expected a digit ") +
                    (at_[-1] == '.' ? "after the decimal point" : "in the exponent") + ", found " +
                    found());
    }
  }

  void enter() {
    if (depth_left_ == 0) fail(at_, "arrays and objects are nested too deeply", ErrorCode::kLimit);
    --depth_left_;
    ++at_;
    skip_space();
  }

  Json parse_array() {
    enter();
    const std::size_t first = items_.size();
    if (!take(']')) {
      do {
        skip_space();
        items_.push_back(parse_value());
        skip_space();
      } while (take(','));
      if (!take(']')) fail(at_, "expected ',' or ']' after an array's item, found " + found());
    }
    ++depth_left_;
    const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<Json> items(std::make_move_iterator(begin), std::make_move_iterator(items_.end()));
    items_.erase(begin, items_.end());
    return Json::array(std::move(items));
  }

  Json parse_object() {
    enter();
    const std::size_t first = members_.size();
    if (!take('}')) {
      do {
        skip_space();
        parse_member();
        skip_space();
      } while (take(','));
      if (!take('}')) fail(at_, "expected ',' or '}' after an object's member, found " + found());
    }
    ++depth_left_;
    check_names(first);
    const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<JsonMember> members(std::make_move_iterator(begin),
                                    std::make_move_iterator(members_.end()));
    members_.erase(begin, members_.end());
    name_places_.resize(first);
    return Json::object(std::move(members));
  }

  void parse_member() {
    const char* const place = at_;
    if (at_ == end_ || *at_ != '"') {
      fail(at_, "expected a member's name in quotation marks, found " + found());
    }
    Json name = parse_string();
    skip_space();
    if (!take(':')) fail(at_, "expected ':' after a member's name, found " + found());
    skip_space();
    Json value = parse_value();
    members_.push_back({std::move(name), std::move(value)});
    name_places_.push_back(place);
  }

  /// Notes the first member from `first` on whose name came before in the same object.
  void check_names(std::size_t first) {
    constexpr std::size_t kPairsMax = 12;  // up to here comparing all pairs is quicker than sorting
    const std::size_t count = members_.size() - first;
    std::size_t duplicate = members_.size();
    if (count <= kPairsMax) {
      for (std::size_t i = first + 1; i < members_.size() && duplicate == members_.size(); ++i) {
        for (std::size_t j = first; j < i; ++j) {
          if (members_[i].name.text() == members_[j].name.text()) duplicate = i;
        }
      }
    } else {
      duplicate = find_duplicate_by_sorting(first);
    }
    if (duplicate == members_.size()) return;
    note_defect(name_places_[duplicate], "the object has two members named '" +
                                             replace_invalid_utf8(members_[duplicate].key()) + "'");
  }

  std::size_t find_duplicate_by_sorting(std::size_t first) {
    sorted_.clear();
    for (std::size_t i = first; i < members_.size(); ++i) {
      sorted_.emplace_back(members_[i].name.text(), i);
    }
    std::sort(sorted_.begin(), sorted_.end());
    std::size_t duplicate = members_.size();
    for (std::size_t i = 1; i < sorted_.size(); ++i) {
      if (sorted_[i].first == sorted_[i - 1].first) {
        duplicate = std::min(duplicate, sorted_[i].second);
      }
    }
    return duplicate;
  }

  Json parse_string() {
    const char* const opening = at_++;
    const char* run = at_;  // what is not yet in decoded_
    bool decoding = false;
    for (;;) {
      at_ = skip_plain(at_, end_);
      if (at_ == end_) fail(opening, "a string without its closing quotation mark");
      if (*at_ == '"') break;
      if (*at_ == '\\') {
        if (!decoding) decoded_.clear();
        decoding = true;
        decoded_.append(run, at_);
        parse_escape();
        run = at_;
      } else if (static_cast<std::uint8_t>(*at_) < 0x20) {
        fail(at_, "a control character in a string: " + found() + " must be escaped");
      } else {
        const std::size_t bytes = utf8_sequence_bytes(rest());
        if (bytes == 0) fail(at_, found() + " is not UTF-8");
        at_ += bytes;
      }
    }
    const ByteView tail(run, static_cast<std::size_t>(at_++ - run));
    if (!decoding) return Json::unchecked_text(JsonKind::kString, tail);
    decoded_.append(tail);
    return Json::unchecked_text(JsonKind::kString, decoded_);
  }

  void parse_escape() {
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    const char* const backslash = at_++;
    if (at_ != end_ && *at_ == 'u') {
      parse_unicode_escape(backslash);
      return;
    }
    const std::size_t letter = at_ == end_ ? std::string_view::npos : kLetters.find(*at_);
    if (letter == std::string_view::npos) {
      fail(at_, "expected one of \" \\ / b f n r t u after a backslash, found " + found());
    }
    decoded_ += kMeanings[letter];
    ++at_;
  }

  void parse_unicode_escape(const char* backslash) {
    char32_t unit = parse_unit();
    if (is_high_surrogate(unit) && rest().starts_with("\\u")) {
      const char* const second = at_++;
      const char32_t low = parse_unit();
      if (is_low_surrogate(low)) {
        append_utf8(decoded_, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        return;
      }
      at_ = second;  // another escape, to be read by itself
    }
    if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
      note_defect(backslash, "a lone surrogate: " + std::string(backslash, backslash + 6) +
                                 " is half of a character");
    }
    append_utf8(decoded_, unit);
  }

  /// Four hexadecimal digits after the 'u' at at_.
  char32_t parse_unit() {
    ++at_;
    char32_t unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const int digit = at_ == end_ ? -1 : hex_digit(*at_);
      if (digit < 0) fail(at_, "expected four hexadecimal digits after \\u, found " + found());
      unit = unit << 4 | static_cast<char32_t>(digit);
    }
    return unit;
  }

  const ByteView text_;
  const char* at_;
  const char* const end_;
  std::size_t depth_left_;
  const Defects defects_;
  std::optional<ExaminedJson::Defect> defect_;
  std::vector<Json> items_;
  std::vector<JsonMember> members_;
  std::vector<const char*> name_places_;  // of members_
  std::vector<std::pair<std::string_view, std::size_t>> sorted_;
  std::string decoded_;
};

Json parse_json(ByteView text, std::size_t depth_max) {
  return JsonParser(text, depth_max, JsonParser::Defects::kRefuse).parse().value;
}

ExaminedJson examine_json(ByteView text, std::size_t depth_max) {
  return JsonParser(text, depth_max, JsonParser::Defects::kReport).parse();
}

}  // namespace isodb::core
