#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "merge/script/code.h"

namespace isodb::script {

enum class ExpressionKind : std::uint8_t {
  kName,
  kInteger,            ///< text: digits in base `number`
  kFloat,              ///< text
  kString,             ///< text
  kTuple,              ///< items
  kList,               ///< items
  kDict,               ///< items: key, value, key, value, …
  kUnary,              ///< op a
  kBinary,             ///< a op b
  kAnd,                ///< a, b
  kOr,                 ///< a, b
  kCondition,          ///< a if b else c
  kIndex,              ///< a[b]
  kSlice,              ///< a[items], three of them, null where left out
  kAttribute,          ///< a.text
  kCall,               ///< a(arguments)
  kLambda,             ///< function
  kListComprehension,  ///< a, clauses
  kDictComprehension,  ///< a: b, clauses
};

struct Expression;
struct Statement;

struct Argument {
  enum class Kind : std::uint8_t { kPositional, kNamed, kStar, kStarStar };
  Kind kind = Kind::kPositional;
  std::string name = {};
  Expression* value = nullptr;
  std::uint32_t at = 0;
};

/// "for target in iterable" or, without a target, "if iterable".
struct Clause {
  Expression* target = nullptr;
  Expression* iterable = nullptr;
};

struct Parameter {
  enum class Kind : std::uint8_t { kOrdinary, kStar, kStarStar };
  Kind kind = Kind::kOrdinary;
  std::string name;  ///< empty for the bare star
  Expression* standard = nullptr;
  std::uint32_t at = 0;
};

struct FunctionNode {
  std::string name;
  std::vector<Parameter> parameters;
  std::vector<Statement*> body;  ///< of a def
  Expression* result = nullptr;  ///< of a lambda
  std::uint32_t at = 0;
};

/// One node of the tree. `at` is the offset of what a failure is blamed on: the operator of an
/// operation, the parenthesis of a call.
struct Expression {
  ExpressionKind kind = ExpressionKind::kName;
  Op op = Op::kNop;
  int number = 0;
  std::uint32_t at = 0;
  Expression* a = nullptr;
  Expression* b = nullptr;
  Expression* c = nullptr;
  std::string text;
  std::vector<Expression*> items;
  std::vector<Argument> arguments;
  std::vector<Clause> clauses;
  FunctionNode* function = nullptr;
};

enum class StatementKind : std::uint8_t {
  kExpression,  ///< a
  kAssign,      ///< targets = a
  kAugment,     ///< targets[0] op= a
  kDef,
  kIf,      ///< if a: body else: otherwise
  kFor,     ///< for targets[0] in a: body
  kWhile,   ///< while a: body
  kReturn,  ///< a or null
  kBreak,
  kContinue,
  kPass,
};

struct Statement {
  StatementKind kind = StatementKind::kPass;
  Op op = Op::kNop;
  std::uint32_t at = 0;
  std::vector<Expression*> targets;
  Expression* a = nullptr;
  std::vector<Statement*> body, otherwise;
  FunctionNode* function = nullptr;
};

/// Owns the nodes of one script flatly, so that freeing them never recurses.
struct Tree {
  std::deque<Expression> expressions;
  std::deque<Statement> statements;
  std::deque<FunctionNode> functions;
  std::vector<Statement*> body;

  Expression* add(ExpressionKind kind, std::uint32_t at) {
    Expression& node = expressions.emplace_back();
    node.kind = kind;
    node.at = at;
    return &node;
  }
  Statement* add(StatementKind kind, std::uint32_t at) {
    Statement& node = statements.emplace_back();
    node.kind = kind;
    node.at = at;
    return &node;
  }
};

}  // namespace isodb::script
