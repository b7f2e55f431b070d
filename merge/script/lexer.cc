#include "merge/script/lexer.h"

#include <algorithm>
#include <array>

#include "core/utf8.h"

namespace isodb::script {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name_char(char c) {
  return is_name_start(c) || is_digit(c);
}

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

/// Python's and Starlark's words alike, those without a meaning here too.
constexpr std::string_view kKeywords[] = {
    "and",    "as",     "assert", "async",  "await",   "break",    "class", "continue", "def",
    "del",    "elif",   "else",   "except", "finally", "for",      "from",  "global",   "if",
    "import", "in",     "is",     "lambda", "load",    "nonlocal", "not",   "or",       "pass",
    "raise",  "return", "try",    "while",  "with",    "yield"};

/// Longest first.
constexpr std::string_view kMarks[] = {
    "//=", ">>=", "<<=", "**", "//", "==", "!=", "<=", ">=", "<<", ">>", "+=", "-=", "*=",
    "/=",  "%=",  "&=",  "|=", "^=", "+",  "-",  "*",  "/",  "%",  "~",  "&",  "|",  "^",
    "<",   ">",   "=",   ".",  ",",  ";",  ":",  "(",  ")",  "[",  "]",  "{",  "}"};

}  // namespace

void Lexer::fail(std::size_t at, std::string message) const {
  throw SyntaxStop{Reason::kSyntax, static_cast<std::uint32_t>(at), std::move(message)};
}

Token Lexer::token(TokenKind kind, std::size_t begin) const {
  Token token;
  token.kind = kind;
  token.at = static_cast<std::uint32_t>(begin);
  token.view = source_.substr(begin, at_ - begin);
  return token;
}

bool Lexer::at_line_end() const {
  return !ends() && (peek() == '\n' || (peek() == '\r' && peek(1) == '\n'));
}

void Lexer::skip_line_end() {
  at_ += peek() == '\r' ? 2 : 1;
}

/// Spaces, comments, continued lines; inside brackets, ends of lines too.
void Lexer::skip_blank() {
  while (!ends()) {
    const char c = peek();
    if (c == ' ' || c == '\t') {
      ++at_;
    } else if (c == '#') {
      while (!ends() && !at_line_end()) ++at_;
    } else if (c == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) {
      ++at_;
      skip_line_end();
    } else if (brackets_ > 0 && at_line_end()) {
      skip_line_end();
    } else {
      return;
    }
  }
}

/// Reads the spaces that a line begins with; empty lines and those with a comment alone say
/// nothing.
void Lexer::measure_indentation() {
  std::size_t width = 0;
  while (true) {
    const std::size_t begin = at_;
    while (peek() == ' ') ++at_;
    width = at_ - begin;
    if (peek() == '\t') fail(at_, "a line is indented with spaces, not with tabs");
    if (peek() == '#') {
      while (!ends() && !at_line_end()) ++at_;
    }
    if (!at_line_end()) break;
    skip_line_end();
  }
  line_start_ = false;
  if (ends()) width = 0;
  if (width > indents_.back()) {
    if (indents_.size() > kNestingMax) {
      throw SyntaxStop{Reason::kTooDeep, static_cast<std::uint32_t>(at_),
                       "blocks are nested too deeply"};
    }
    indents_.push_back(width);
    pending_indent_ = true;
    return;
  }
  while (width < indents_.back()) {
    indents_.pop_back();
    ++pending_;
  }
  if (width != indents_.back()) fail(at_, "this line is indented like no block around it");
}

Token Lexer::newline() {
  const std::size_t begin = at_;
  if (!ends()) skip_line_end();
  line_start_ = true;
  last_newline_ = true;
  return token(TokenKind::kNewline, begin);
}

Token Lexer::next() {
  if (line_start_ && brackets_ == 0) measure_indentation();
  if (pending_indent_) {
    pending_indent_ = false;
    return token(TokenKind::kIndent, at_);
  }
  if (pending_ > 0) {
    --pending_;
    return token(TokenKind::kOutdent, at_);
  }
  skip_blank();
  if (ends()) {
    if (brackets_ > 0) fail(at_, "a bracket is not closed");
    if (!last_newline_) return newline();
    return token(TokenKind::kEnd, at_);
  }
  if (at_line_end()) return newline();
  last_newline_ = false;
  const char c = peek();
  if (is_name_start(c)) return name();
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
  if (c == '"' || c == '\'') return string(at_, false);
  return mark();
}

Token Lexer::name() {
  const std::size_t begin = at_;
  while (is_name_char(peek())) ++at_;
  const std::string_view word = source_.substr(begin, at_ - begin);
  if (peek() == '"' || peek() == '\'') {
    if (word == "r") return string(begin, true);
    if (word == "b" || word == "rb" || word == "br") {
      fail(begin, "there are no byte strings in merge scripts");
    }
    fail(begin, "a string has no prefix but r");
  }
  const bool keyword =
      std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords);
  return token(keyword ? TokenKind::kKeyword : TokenKind::kName, begin);
}

Token Lexer::radix(int base) {
  const std::size_t begin = at_;
  at_ += 2;
  const std::size_t digits = at_;
  while (digit_value(peek()) < base) ++at_;
  if (at_ == digits) fail(begin, "a number without digits");
  Token number = token(TokenKind::kInteger, begin);
  number.view = source_.substr(digits, at_ - digits);
  number.base = base;
  finish_number(number);
  return number;
}

void Lexer::finish_number(const Token& number) const {
  if (is_name_char(peek())) fail(number.at, "a number runs into a name");
  if (number.view.size() > kLiteralDigitsMax) fail(number.at, "a number of too many digits");
}

Token Lexer::number() {
  const std::size_t begin = at_;
  if (peek() == '0') {
    const char mark = peek(1);
    if (mark == 'x' || mark == 'X') return radix(16);
    if (mark == 'o' || mark == 'O') return radix(8);
    if (mark == 'b' || mark == 'B') return radix(2);
  }
  while (is_digit(peek())) ++at_;
  bool floating = false;
  if (peek() == '.') {
    floating = true;
    ++at_;
    while (is_digit(peek())) ++at_;
  }
  if (peek() == 'e' || peek() == 'E') {
    floating = true;
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!is_digit(peek())) fail(begin, "an exponent without digits");
    while (is_digit(peek())) ++at_;
  }
  Token number = token(floating ? TokenKind::kFloat : TokenKind::kInteger, begin);
  number.base = 10;
  if (!floating && number.view.size() > 1 && number.view[0] == '0' &&
      number.view.find_first_not_of('0') != std::string_view::npos) {
    fail(begin, "a decimal number begins with zero; octal is written 0o17");
  }
  finish_number(number);
  return number;
}

Token Lexer::string(std::size_t begin, bool raw) {
  const char quote = peek();
  const bool triple = peek(1) == quote && peek(2) == quote;
  at_ += triple ? 3 : 1;
  std::string value;
  while (true) {
    if (ends() || (!triple && at_line_end())) fail(begin, "a string is not closed");
    const char c = peek();
    if (c == quote && (!triple || (peek(1) == quote && peek(2) == quote))) break;
    if (at_line_end()) {  // whatever the file's ends of lines are
      skip_line_end();
      value += '\n';
    } else if (c != '\\') {
      value += c;
      ++at_;
    } else if (raw) {
      value += c;
      ++at_;
      if (ends() || at_line_end()) continue;
      value += peek();
      ++at_;
    } else {
      escape(value);
    }
  }
  at_ += triple ? 3 : 1;
  Token token = this->token(TokenKind::kString, begin);
  token.text = std::move(value);
  return token;
}

char32_t Lexer::hexadecimal(std::size_t digits) {
  char32_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = digit_value(peek());
    if (digit >= 16) fail(at_, "a hexadecimal digit is missing");
    value = value * 16 + static_cast<char32_t>(digit);
    ++at_;
  }
  return value;
}

void Lexer::escape(std::string& out) {
  static constexpr std::string_view kNames = "abfnrtv\\'\"", kValues = "\a\b\f\n\r\t\v\\'\"";
  const std::size_t begin = at_++;
  if (at_line_end()) {
    skip_line_end();
    return;
  }
  const char c = peek();
  if (const std::size_t found = kNames.find(c); found != std::string_view::npos && !ends()) {
    out += kValues[found];
    ++at_;
    return;
  }
  char32_t code = 0;
  char32_t highest = 0x7f;
  if (c >= '0' && c <= '7') {
    for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i, ++at_) {
      code = code * 8 + static_cast<char32_t>(peek() - '0');
    }
  } else if (c == 'x') {
    ++at_;
    code = hexadecimal(2);
  } else if (c == 'u' || c == 'U') {
    ++at_;
    code = hexadecimal(c == 'u' ? 4 : 8);
    highest = 0x10ffff;
  } else {
    fail(begin, "an escape that has no meaning; a backslash is written \\\\");
  }
  if (code > highest || (code >= 0xd800 && code <= 0xdfff)) {
    fail(begin, highest == 0x7f ? "above 127, write \\u with four digits"
                                : "this is no character of Unicode");
  }
  core::append_utf8(out, code);
}

Token Lexer::mark() {
  const std::size_t begin = at_;
  const std::string_view rest = source_.substr(at_);
  for (const std::string_view mark : kMarks) {
    if (!rest.starts_with(mark)) continue;
    at_ += mark.size();
    if (mark == "(" || mark == "[" || mark == "{") ++brackets_;
    if ((mark == ")" || mark == "]" || mark == "}") && brackets_ > 0) --brackets_;
    return token(TokenKind::kMark, begin);
  }
  if (peek() == '!') fail(begin, "! has no meaning; write not");
  fail(begin, "a character that has no meaning here");
}

}  // namespace isodb::script
