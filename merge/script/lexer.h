#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "merge/script/failure.h"

namespace isodb::script {

/// Blocks, brackets and operands may be nested this deep, together.
inline constexpr std::size_t kNestingMax = 100;
/// Digits of an integer in a script's text.
inline constexpr std::size_t kLiteralDigitsMax = 4096;

enum class TokenKind : std::uint8_t {
  kEnd,
  kNewline,
  kIndent,
  kOutdent,
  kName,
  kKeyword,
  kInteger,
  kFloat,
  kString,
  kMark,  ///< an operator or a bracket
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  int base = 0;           ///< of an integer
  std::uint32_t at = 0;   ///< offset in the source
  std::string_view view;  ///< the source's text; of an integer, its digits
  std::string text;       ///< of a string, its value
};

/// A fault of the text, found while it is read.
struct SyntaxStop {
  Reason reason;
  std::uint32_t at;
  std::string message;
};

/// Cuts a script into tokens, one at a time. `source` outlives it. next() throws SyntaxStop.
class Lexer {
 public:
  /// The source is UTF-8; run() of the parser has checked it.
  explicit Lexer(std::string_view source) : source_(source) {}
  Token next();

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  bool ends() const { return at_ >= source_.size(); }
  [[noreturn]] void fail(std::size_t at, std::string message) const;
  Token token(TokenKind kind, std::size_t begin) const;
  bool at_line_end() const;
  void skip_line_end();
  void skip_blank();
  void measure_indentation();
  Token newline();
  Token name();
  Token number();
  Token radix(int base);
  void finish_number(const Token& number) const;
  Token string(std::size_t begin, bool raw);
  void escape(std::string& out);
  char32_t hexadecimal(std::size_t digits);
  Token mark();

  std::string_view source_;
  std::size_t at_ = 0;
  std::size_t brackets_ = 0;
  bool line_start_ = true;
  bool last_newline_ = true;
  std::size_t pending_ = 0;  // outdents to give
  bool pending_indent_ = false;
  std::vector<std::size_t> indents_{0};
};

}  // namespace isodb::script
