#pragma once

#include <string_view>

#include "merge/script/ast.h"
#include "merge/script/lexer.h"

namespace isodb::script {

/// Reads a script's text into `tree`. Throws SyntaxStop. Recurses at most kNestingMax levels.
void parse(std::string_view source, Tree& tree);

/// The work of parse(): recursive descent, one token ahead.
class Parser {
 public:
  Parser(std::string_view source, Tree& tree) : lexer_(source), tree_(tree) { advance(); }
  void file();

 private:
  /// Holds one level of nesting while it lives.
  class Level {
   public:
    explicit Level(Parser& parser);
    ~Level() { --parser_.nesting_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };
  using Statements = std::vector<Statement*>;

  // Tokens.
  void advance() { token_ = lexer_.next(); }
  bool at_mark(std::string_view mark) const {
    return token_.kind == TokenKind::kMark && token_.view == mark;
  }
  bool at_word(std::string_view word) const {
    return token_.kind == TokenKind::kKeyword && token_.view == word;
  }
  bool take_mark(std::string_view mark);
  bool take_word(std::string_view word);
  void expect_mark(std::string_view mark);
  std::string expect_name();
  [[noreturn]] void fail(std::string message) const { fail_at(token_.at, std::move(message)); }
  [[noreturn]] void fail_unexpected(std::string_view wanted) const;
  [[noreturn]] static void fail_at(std::uint32_t at, std::string message);

  // Statements.
  void statement(Statements& out);
  void simple_line(Statements& out);
  Statement* small();
  Statement* assignment();
  Statement* definition();
  Statement* conditional();
  Statement* for_loop();
  Statement* while_loop();
  void suite(Statements& out);
  std::vector<Parameter> parameters(std::string_view close);
  void check_target(const Expression* target) const;

  // Expressions.
  Expression* expression_list();
  Expression* test();
  Expression* lambda();
  Expression* binary(int lowest);
  Expression* unary(int lowest);
  Expression* primary();
  Expression* suffixed(Expression* operand);
  Expression* operand();
  Expression* string_literal();
  Expression* in_parentheses();
  Expression* in_brackets();
  Expression* in_braces();
  Expression* subscript(Expression* operand);
  Expression* call(Expression* operand);
  Argument argument();
  void check_argument(const std::vector<Argument>& before, const Argument& argument) const;
  Expression* loop_targets();
  void clauses(std::vector<Clause>& out);

  Lexer lexer_;
  Tree& tree_;
  Token token_;
  std::size_t nesting_ = 0;
};

}  // namespace isodb::script
