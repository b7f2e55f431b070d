#include <utility>

#include "merge/script/parser.h"

namespace isodb::script {

namespace {

// How tightly operators bind.
enum Tightness { kOrLevel, kAndLevel, kNotLevel, kComparisonLevel, kBitOrLevel, kUnaryLevel = 10 };

struct BinaryOperator {
  std::string_view text;
  int level;
  Op op;
};

constexpr BinaryOperator kOperators[] = {
    {"==", kComparisonLevel, Op::kEqual},     {"!=", kComparisonLevel, Op::kNotEqual},
    {"<=", kComparisonLevel, Op::kLessEqual}, {">=", kComparisonLevel, Op::kGreaterEqual},
    {"<", kComparisonLevel, Op::kLess},       {">", kComparisonLevel, Op::kGreater},
    {"|", kBitOrLevel, Op::kBitOr},           {"^", kBitOrLevel + 1, Op::kBitXor},
    {"&", kBitOrLevel + 2, Op::kBitAnd},      {"<<", kBitOrLevel + 3, Op::kShiftLeft},
    {">>", kBitOrLevel + 3, Op::kShiftRight}, {"+", kBitOrLevel + 4, Op::kAdd},
    {"-", kBitOrLevel + 4, Op::kSubtract},    {"*", kBitOrLevel + 5, Op::kMultiply},
    {"/", kBitOrLevel + 5, Op::kDivide},      {"//", kBitOrLevel + 5, Op::kFloorDivide},
    {"%", kBitOrLevel + 5, Op::kModulo}};

/// The binary operator that a token is; level -1 for any other token. "not" stands for "not in".
BinaryOperator binary_operator(const Token& token) {
  if (token.kind == TokenKind::kMark) {
    for (const BinaryOperator& known : kOperators) {
      if (known.text == token.view) return known;
    }
  } else if (token.kind == TokenKind::kKeyword) {
    if (token.view == "or") return {"or", kOrLevel, Op::kNop};
    if (token.view == "and") return {"and", kAndLevel, Op::kNop};
    if (token.view == "in") return {"in", kComparisonLevel, Op::kIn};
    if (token.view == "not") return {"not", kComparisonLevel, Op::kNotIn};
  }
  return {"", -1, Op::kNop};
}

}  // namespace

/// a, b, c without parentheses is a tuple.
Expression* Parser::expression_list() {
  Expression* first = test();
  if (!at_mark(",")) return first;
  Expression* tuple = tree_.add(ExpressionKind::kTuple, first->at);
  tuple->items.push_back(first);
  while (take_mark(",")) tuple->items.push_back(test());
  return tuple;
}

Expression* Parser::test() {
  const Level level(*this);
  if (at_word("lambda")) return lambda();
  Expression* value = binary(kOrLevel);
  if (!at_word("if")) return value;
  Expression* node = tree_.add(ExpressionKind::kCondition, token_.at);
  advance();
  node->a = value;
  node->b = binary(kOrLevel);
  if (!take_word("else")) fail_unexpected("'else'");
  node->c = test();
  return node;
}

Expression* Parser::lambda() {
  Expression* node = tree_.add(ExpressionKind::kLambda, token_.at);
  advance();
  FunctionNode& function = tree_.functions.emplace_back();
  node->function = &function;
  function.at = node->at;
  function.name = "lambda";
  function.parameters = parameters(":");
  expect_mark(":");
  function.result = test();
  return node;
}

/// Operators that bind at least as tightly as `lowest`. Chains to the left are loops, so that long
/// sums do not nest.
Expression* Parser::binary(int lowest) {
  Expression* left = unary(lowest);
  bool compared = false;
  while (true) {
    const BinaryOperator found = binary_operator(token_);
    if (found.level < lowest) return left;
    const std::uint32_t at = token_.at;
    advance();
    if (found.op == Op::kNotIn && !take_word("in")) fail_unexpected("'in'");
    if (found.level == kComparisonLevel && std::exchange(compared, true)) {
      fail_at(at, "comparisons do not chain: write a < b and b < c");
    }
    Expression* node = tree_.add(found.level == kOrLevel    ? ExpressionKind::kOr
                                 : found.level == kAndLevel ? ExpressionKind::kAnd
                                                            : ExpressionKind::kBinary,
                                 at);
    node->op = found.op;
    node->a = left;
    node->b = binary(found.level + 1);
    left = node;
    if (found.level < kComparisonLevel) compared = false;
  }
}

Expression* Parser::unary(int lowest) {
  const Token& token = token_;
  Op op = Op::kNop;
  if (at_word("not")) {
    if (lowest > kNotLevel) fail("'not' needs parentheses here");
    op = Op::kNot;
  } else if (at_mark("-")) {
    op = Op::kNegate;
  } else if (at_mark("+")) {
    op = Op::kPositive;
  } else if (at_mark("~")) {
    op = Op::kInvert;
  }
  if (op == Op::kNop) return primary();
  const Level level(*this);
  Expression* node = tree_.add(ExpressionKind::kUnary, token.at);
  advance();
  node->op = op;
  node->a = op == Op::kNot ? binary(kNotLevel) : unary(kUnaryLevel);
  return node;
}

Expression* Parser::primary() {
  return suffixed(operand());
}

Expression* Parser::suffixed(Expression* operand) {
  while (true) {
    if (at_mark(".")) {
      Expression* node = tree_.add(ExpressionKind::kAttribute, token_.at);
      advance();
      node->a = operand;
      node->text = expect_name();
      operand = node;
    } else if (at_mark("(")) {
      operand = call(operand);
    } else if (at_mark("[")) {
      operand = subscript(operand);
    } else {
      return operand;
    }
  }
}

Expression* Parser::operand() {
  const std::uint32_t at = token_.at;
  switch (token_.kind) {
    case TokenKind::kName: {
      Expression* node = tree_.add(ExpressionKind::kName, at);
      node->text = expect_name();
      return node;
    }
    case TokenKind::kInteger:
    case TokenKind::kFloat: {
      Expression* node = tree_.add(
          token_.kind == TokenKind::kFloat ? ExpressionKind::kFloat : ExpressionKind::kInteger, at);
      node->text = token_.view;
      node->number = token_.base;
      advance();
      return node;
    }
    case TokenKind::kString:
      return string_literal();
    default:
      break;
  }
  if (at_mark("(")) return in_parentheses();
  if (at_mark("[")) return in_brackets();
  if (at_mark("{")) return in_braces();
  if (at_word("lambda")) fail("a lambda needs parentheses here");
  if (token_.kind == TokenKind::kKeyword) {
    fail("'" + std::string(token_.view) + "' is a reserved word");
  }
  fail_unexpected("an expression");
}

Expression* Parser::string_literal() {
  Expression* node = tree_.add(ExpressionKind::kString, token_.at);
  node->text = std::move(token_.text);
  advance();
  if (token_.kind == TokenKind::kString) fail("two strings side by side: join them with +");
  return node;
}

Expression* Parser::in_parentheses() {
  const std::uint32_t at = token_.at;
  advance();
  if (take_mark(")")) return tree_.add(ExpressionKind::kTuple, at);
  Expression* first = test();
  if (take_mark(")")) return first;
  Expression* tuple = tree_.add(ExpressionKind::kTuple, at);
  tuple->items.push_back(first);
  while (take_mark(",")) {
    if (at_mark(")")) break;
    tuple->items.push_back(test());
  }
  expect_mark(")");
  return tuple;
}

Expression* Parser::in_brackets() {
  const std::uint32_t at = token_.at;
  advance();
  Expression* list = tree_.add(ExpressionKind::kList, at);
  if (take_mark("]")) return list;
  Expression* first = test();
  if (at_word("for")) {
    list->kind = ExpressionKind::kListComprehension;
    list->a = first;
    clauses(list->clauses);
  } else {
    list->items.push_back(first);
    while (take_mark(",")) {
      if (at_mark("]")) break;
      list->items.push_back(test());
    }
  }
  expect_mark("]");
  return list;
}

Expression* Parser::in_braces() {
  const std::uint32_t at = token_.at;
  advance();
  Expression* dict = tree_.add(ExpressionKind::kDict, at);
  while (!at_mark("}")) {
    Expression* key = test();
    if (!at_mark(":") && dict->items.empty()) {
      fail_unexpected("':' (a set is made with set([…]))");
    }
    expect_mark(":");
    Expression* value = test();
    if (dict->items.empty() && at_word("for")) {
      dict->kind = ExpressionKind::kDictComprehension;
      dict->a = key;
      dict->b = value;
      clauses(dict->clauses);
      break;
    }
    dict->items.push_back(key);
    dict->items.push_back(value);
    if (!take_mark(",")) break;
  }
  expect_mark("}");
  return dict;
}

Expression* Parser::loop_targets() {
  Expression* first = primary();
  Expression* target = first;
  if (at_mark(",")) {
    target = tree_.add(ExpressionKind::kTuple, first->at);
    target->items.push_back(first);
    while (take_mark(",")) {
      if (at_word("in")) break;
      target->items.push_back(primary());
    }
  }
  check_target(target);
  return target;
}

void Parser::clauses(std::vector<Clause>& out) {
  while (true) {
    Clause clause;
    if (take_word("for")) {
      clause.target = loop_targets();
      if (!take_word("in")) fail_unexpected("'in'");
    } else if (!take_word("if")) {
      return;
    }
    clause.iterable = at_word("lambda") ? lambda() : binary(kOrLevel);
    out.push_back(clause);
    if (out.size() > kNestingMax) {
      throw SyntaxStop{Reason::kTooDeep, token_.at, "a comprehension of too many clauses"};
    }
  }
}

Expression* Parser::subscript(Expression* operand) {
  Expression* node = tree_.add(ExpressionKind::kIndex, token_.at);
  advance();
  node->a = operand;
  node->items = {nullptr, nullptr, nullptr};
  std::size_t part = 0;
  while (!at_mark("]")) {
    if (take_mark(":")) {
      node->kind = ExpressionKind::kSlice;
      if (++part > 2) fail_unexpected("']'");
    } else if (node->items[part] == nullptr) {
      node->items[part] = part == 0 ? expression_list() : test();
    } else {
      fail_unexpected("']'");
    }
  }
  advance();
  if (node->kind == ExpressionKind::kIndex) {
    node->b = node->items[0];
    node->items.clear();
    if (node->b == nullptr) fail_at(node->at, "an index is missing");
  }
  return node;
}

Argument Parser::argument() {
  Argument argument;
  argument.at = token_.at;
  if (take_mark("**")) {
    argument.kind = Argument::Kind::kStarStar;
  } else if (take_mark("*")) {
    argument.kind = Argument::Kind::kStar;
  }
  argument.value = test();
  if (argument.kind == Argument::Kind::kPositional && at_mark("=")) {
    if (argument.value->kind != ExpressionKind::kName) fail("an argument's name is expected");
    advance();
    argument.kind = Argument::Kind::kNamed;
    argument.name = argument.value->text;
    argument.value = test();
  }
  return argument;
}

void Parser::check_argument(const std::vector<Argument>& before, const Argument& argument) const {
  using Kind = Argument::Kind;
  for (const Argument& earlier : before) {
    if (earlier.kind == Kind::kStarStar) fail_at(argument.at, "no argument may follow **");
    if (argument.kind == Kind::kPositional && earlier.kind != Kind::kPositional) {
      fail_at(argument.at, "an argument by position follows one by name");
    }
    if (argument.kind == Kind::kStar && earlier.kind == Kind::kStar) {
      fail_at(argument.at, "a second * among the arguments");
    }
  }
}

Expression* Parser::call(Expression* operand) {
  Expression* node = tree_.add(ExpressionKind::kCall, token_.at);
  advance();
  node->a = operand;
  std::vector<Argument> special;  // what may stand in the way of later ones
  while (!at_mark(")")) {
    Argument next = argument();
    check_argument(special, next);
    if (next.kind == Argument::Kind::kNamed) {
      for (const Argument& other : special) {
        if (other.kind == next.kind && other.name == next.name) {
          fail_at(next.at, "two arguments are named " + next.name);
        }
      }
    }
    if (next.kind != Argument::Kind::kPositional) special.push_back(next);
    if (special.size() > 255) fail("more than 255 arguments by name");
    node->arguments.push_back(std::move(next));
    if (!take_mark(",")) break;
  }
  expect_mark(")");
  return node;
}

}  // namespace isodb::script
