#include "merge/script/parser.h"

#include <utility>

#include "core/utf8.h"

namespace isodb::script {

namespace {

constexpr std::size_t kParametersMax = 255;

constexpr std::pair<std::string_view, Op> kAugmentations[] = {
    {"+=", Op::kAddInPlace}, {"-=", Op::kSubtractInPlace}, {"*=", Op::kMultiply},
    {"/=", Op::kDivide},     {"//=", Op::kFloorDivide},    {"%=", Op::kModulo},
    {"&=", Op::kAndInPlace}, {"|=", Op::kOrInPlace},       {"^=", Op::kXorInPlace},
    {"<<=", Op::kShiftLeft}, {">>=", Op::kShiftRight}};

}  // namespace

Parser::Level::Level(Parser& parser) : parser_(parser) {
  if (++parser_.nesting_ > kNestingMax) {
    throw SyntaxStop{Reason::kTooDeep, parser_.token_.at,
                     "nested more than " + std::to_string(kNestingMax) + " deep"};
  }
}

void Parser::fail_at(std::uint32_t at, std::string message) {
  throw SyntaxStop{Reason::kSyntax, at, std::move(message)};
}

void Parser::fail_unexpected(std::string_view wanted) const {
  std::string found;
  switch (token_.kind) {
    case TokenKind::kEnd:
      found = "the end of the script";
      break;
    case TokenKind::kNewline:
      found = "the end of the line";
      break;
    case TokenKind::kIndent:
      found = "a deeper indentation";
      break;
    case TokenKind::kOutdent:
      found = "the end of the block";
      break;
    default:
      found = "'" + std::string(token_.view.substr(0, 40)) + "'";
  }
  // A cut token may end inside a character.
  fail(core::replace_invalid_utf8(found) + " found, " + std::string(wanted) + " expected");
}

bool Parser::take_mark(std::string_view mark) {
  if (!at_mark(mark)) return false;
  advance();
  return true;
}

bool Parser::take_word(std::string_view word) {
  if (!at_word(word)) return false;
  advance();
  return true;
}

void Parser::expect_mark(std::string_view mark) {
  if (!take_mark(mark)) fail_unexpected("'" + std::string(mark) + "'");
}

std::string Parser::expect_name() {
  if (token_.kind != TokenKind::kName) fail_unexpected("a name");
  std::string name(token_.view);
  advance();
  return name;
}

void Parser::file() {
  while (token_.kind != TokenKind::kEnd) {
    if (token_.kind == TokenKind::kNewline) {
      advance();
    } else {
      statement(tree_.body);
    }
  }
}

void Parser::statement(Statements& out) {
  if (at_word("def")) {
    out.push_back(definition());
  } else if (at_word("if")) {
    out.push_back(conditional());
  } else if (at_word("for")) {
    out.push_back(for_loop());
  } else if (at_word("while")) {
    out.push_back(while_loop());
  } else {
    simple_line(out);
  }
}

void Parser::simple_line(Statements& out) {
  do {
    if (token_.kind == TokenKind::kNewline) break;
    out.push_back(small());
  } while (take_mark(";"));
  if (token_.kind != TokenKind::kNewline) fail_unexpected("the end of the line");
  advance();
}

Statement* Parser::small() {
  const std::uint32_t at = token_.at;
  if (take_word("return")) {
    Statement* node = tree_.add(StatementKind::kReturn, at);
    if (token_.kind != TokenKind::kNewline && !at_mark(";")) node->a = expression_list();
    return node;
  }
  if (take_word("break")) return tree_.add(StatementKind::kBreak, at);
  if (take_word("continue")) return tree_.add(StatementKind::kContinue, at);
  if (take_word("pass")) return tree_.add(StatementKind::kPass, at);
  if (at_word("load")) fail("load() is not available: a merge script stands alone");
  return assignment();
}

void Parser::check_target(const Expression* target) const {
  switch (target->kind) {
    case ExpressionKind::kName:
    case ExpressionKind::kIndex:
    case ExpressionKind::kAttribute:
      return;
    case ExpressionKind::kTuple:
    case ExpressionKind::kList:
      for (const Expression* item : target->items) check_target(item);
      return;
    default:
      fail_at(target->at, "nothing can be assigned to this");
  }
}

Statement* Parser::assignment() {
  const std::uint32_t begin = token_.at;
  Expression* left = expression_list();
  for (const auto& [mark, op] : kAugmentations) {
    if (!at_mark(mark)) continue;
    Statement* node = tree_.add(StatementKind::kAugment, token_.at);
    advance();
    check_target(left);
    if (left->kind == ExpressionKind::kTuple || left->kind == ExpressionKind::kList) {
      fail_at(left->at, "an augmented assignment has one target");
    }
    node->op = op;
    node->targets.push_back(left);
    node->a = expression_list();
    return node;
  }
  if (!at_mark("=")) {
    Statement* node = tree_.add(StatementKind::kExpression, begin);
    node->a = left;
    return node;
  }
  Statement* node = tree_.add(StatementKind::kAssign, token_.at);
  while (take_mark("=")) {
    check_target(left);
    node->targets.push_back(left);
    left = expression_list();
  }
  node->a = left;
  return node;
}

std::vector<Parameter> Parser::parameters(std::string_view close) {
  std::vector<Parameter> all;
  bool star = false, star_star = false, standard = false, bare = false;
  while (!at_mark(close)) {
    Parameter parameter;
    parameter.at = token_.at;
    if (star_star) fail("no parameter may follow **" + all.back().name);
    if (take_mark("**")) {
      if (bare) fail_at(parameter.at, "a parameter given by name must follow *");
      parameter.kind = Parameter::Kind::kStarStar;
      parameter.name = expect_name();
      star_star = true;
    } else if (take_mark("*")) {
      if (star) fail_at(parameter.at, "a second * among the parameters");
      parameter.kind = Parameter::Kind::kStar;
      star = true;
      if (token_.kind == TokenKind::kName) {
        parameter.name = expect_name();
      } else {
        bare = true;
      }
    } else {
      bare = false;
      parameter.name = expect_name();
      if (take_mark("=")) {
        parameter.standard = test();
        standard = true;
      } else if (standard && !star) {
        fail_at(parameter.at, "a parameter without a default follows one that has it");
      }
    }
    for (const Parameter& other : all) {
      if (!other.name.empty() && other.name == parameter.name) {
        fail_at(parameter.at, "two parameters are named " + other.name);
      }
    }
    all.push_back(std::move(parameter));
    if (all.size() > kParametersMax) fail("a function of too many parameters");
    if (!take_mark(",")) break;
  }
  if (bare) fail("a parameter given by name must follow *");
  return all;
}

Statement* Parser::definition() {
  const std::uint32_t at = token_.at;
  advance();
  Statement* node = tree_.add(StatementKind::kDef, at);
  FunctionNode& function = tree_.functions.emplace_back();
  node->function = &function;
  function.at = token_.at;
  function.name = expect_name();
  expect_mark("(");
  function.parameters = parameters(")");
  expect_mark(")");
  suite(function.body);
  return node;
}

Statement* Parser::conditional() {
  Statement* first = nullptr;
  Statement* last = nullptr;
  while (first == nullptr || at_word("elif")) {
    Statement* node = tree_.add(StatementKind::kIf, token_.at);
    advance();
    node->a = test();
    suite(node->body);
    if (first == nullptr) first = node;
    if (last != nullptr) last->otherwise.push_back(node);
    last = node;
  }
  if (take_word("else")) suite(last->otherwise);
  return first;
}

Statement* Parser::for_loop() {
  Statement* node = tree_.add(StatementKind::kFor, token_.at);
  advance();
  node->targets.push_back(loop_targets());
  if (!take_word("in")) fail_unexpected("'in'");
  node->a = expression_list();
  suite(node->body);
  return node;
}

Statement* Parser::while_loop() {
  Statement* node = tree_.add(StatementKind::kWhile, token_.at);
  advance();
  node->a = test();
  suite(node->body);
  return node;
}

void Parser::suite(Statements& out) {
  const Level level(*this);
  expect_mark(":");
  if (token_.kind != TokenKind::kNewline) {
    simple_line(out);
    return;
  }
  advance();
  while (token_.kind == TokenKind::kNewline) advance();
  if (token_.kind != TokenKind::kIndent) fail_unexpected("an indented block");
  advance();
  while (token_.kind != TokenKind::kOutdent) {
    if (token_.kind == TokenKind::kEnd) break;
    if (token_.kind == TokenKind::kNewline) {
      advance();
    } else {
      statement(out);
    }
  }
  if (token_.kind == TokenKind::kOutdent) advance();
}

void parse(std::string_view source, Tree& tree) {
  std::size_t at = 0;
  while (at < source.size()) {
    const std::size_t bytes = core::utf8_sequence_bytes(source.substr(at, 4));
    if (bytes == 0 || source[at] == '\0') {
      throw SyntaxStop{Reason::kSyntax, static_cast<std::uint32_t>(at),
                       bytes == 0 ? "a byte that is not UTF-8" : "a NUL character"};
    }
    at += bytes;
  }
  Parser(source, tree).file();
}

}  // namespace isodb::script
