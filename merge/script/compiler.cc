#include "merge/script/compiler.h"

#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "merge/script/builtins.h"
#include "merge/script/integer.h"
#include "merge/script/number.h"
#include "merge/script/parser.h"
#include "merge/script/scope.h"
#include "merge/script/table.h"

namespace isodb::script {

namespace {

/// Makes the code of one script from its tree. Recursion follows the nesting of the text, which the
/// parser has limited; chains of operators, calls and elifs are loops.
class Compiler {
 public:
  Compiler(Code& code, const Tree& tree) : code_(code), tree_(tree) {}
  void run();

 private:
  using Statements = std::vector<Statement*>;

  [[noreturn]] static void fail(std::uint32_t at, std::string message) {
    throw SyntaxStop{Reason::kSyntax, at, std::move(message)};
  }
  std::uint32_t emit(Op op, std::uint32_t operand, std::uint32_t at) {
    return scope_->emit(op, operand, at);
  }
  std::uint32_t add_constant(const Value& value);
  std::uint32_t string_constant(const std::string& text);
  void number(const Expression* node);

  void statements(const Statements& list) {
    for (const Statement* node : list) statement(node);
  }
  void statement(const Statement* node);
  void conditional(const Statement* node);
  void for_loop(const Statement* node);
  void while_loop(const Statement* node);
  void end_loop(std::uint32_t at);
  void leave_loop(const Statement* node);
  void assign(const Statement* node);
  void augment(const Statement* node);
  void store(const Expression* target);
  void store_name(const std::string& name, std::uint32_t at);
  void load_name(const std::string& name, std::uint32_t at);

  void expression(const Expression* node);
  void leaf(const Expression* node);
  void step(const Expression* node, bool called);
  void call(const Expression* node, bool method);
  void slice(const Expression* node);
  void condition(const Expression* node);
  void dict(const Expression* node);
  void comprehension(const Expression* node);
  void clause(const Expression* node, std::size_t index);
  void function(const FunctionNode* node);
  void parameters(const FunctionNode* node, FunctionCode& made);

  Code& code_;
  const Tree& tree_;
  Scope* scope_ = nullptr;
  std::map<std::string, std::uint32_t> globals_;
  std::map<std::string, std::uint32_t> strings_;
  std::map<std::int64_t, std::uint32_t> integers_;
};

void Compiler::run() {
  each_bound_name(tree_.body, [&](const std::string& name) {
    if (globals_.try_emplace(name, static_cast<std::uint32_t>(globals_.size())).second) {
      code_.globals.push_back(name);
    }
  });
  code_.functions.push_back(std::make_unique<FunctionCode>());
  FunctionCode& top = *code_.functions[0];
  top.name = "top level";
  Scope scope(top, nullptr);
  scope_ = &scope;
  statements(tree_.body);
  emit(Op::kConstant, add_constant(Value::none()), 0);
  emit(Op::kReturn, 0, 0);
  scope.finish();
}

std::uint32_t Compiler::add_constant(const Value& value) {
  code_.constants.push_back(value);
  return static_cast<std::uint32_t>(code_.constants.size() - 1);
}

std::uint32_t Compiler::string_constant(const std::string& text) {
  const auto [place, is_new] = strings_.try_emplace(text, 0);
  if (is_new) place->second = add_constant(Value::of(constant_string(code_, text)));
  return place->second;
}

void Compiler::number(const Expression* node) {
  Value value;
  if (node->kind == ExpressionKind::kFloat) {
    const double number = parse_double(node->text);
    if (!std::isfinite(number)) fail(node->at, "a float outside the range of doubles");
    value = Value::floating(number);
  } else {
    value = parse_literal(code_.arena, node->text, node->number);
  }
  if (!value.is(Tag::kInt)) {
    emit(Op::kConstant, add_constant(value), node->at);
    return;
  }
  const auto [place, is_new] = integers_.try_emplace(value.integer, 0);
  if (is_new) place->second = add_constant(value);
  emit(Op::kConstant, place->second, node->at);
}

void Compiler::statement(const Statement* node) {
  switch (node->kind) {
    case StatementKind::kExpression:
      expression(node->a);
      emit(Op::kPop, 0, node->at);
      break;
    case StatementKind::kAssign:
      assign(node);
      break;
    case StatementKind::kAugment:
      augment(node);
      break;
    case StatementKind::kDef:
      function(node->function);
      store_name(node->function->name, node->at);
      break;
    case StatementKind::kIf:
      conditional(node);
      break;
    case StatementKind::kFor:
      for_loop(node);
      break;
    case StatementKind::kWhile:
      while_loop(node);
      break;
    case StatementKind::kReturn:
      if (scope_->is_top()) fail(node->at, "return outside a function");
      if (node->a != nullptr) {
        expression(node->a);
      } else {
        emit(Op::kConstant, add_constant(Value::none()), node->at);
      }
      emit(Op::kReturn, 0, node->at);
      break;
    case StatementKind::kBreak:
    case StatementKind::kContinue:
      leave_loop(node);
      break;
    case StatementKind::kPass:
      break;
  }
}

void Compiler::conditional(const Statement* node) {
  std::vector<std::uint32_t> ends;
  while (true) {
    expression(node->a);
    const std::uint32_t skip = emit(Op::kJumpIfFalse, 0, node->at);
    statements(node->body);
    if (node->otherwise.empty()) {
      scope_->land(skip);
      break;
    }
    ends.push_back(emit(Op::kJump, 0, node->at));
    scope_->land(skip);
    if (node->otherwise.size() != 1 || node->otherwise[0]->kind != StatementKind::kIf) {
      statements(node->otherwise);
      break;
    }
    node = node->otherwise[0];
  }
  for (const std::uint32_t end : ends) scope_->land(end);
}

void Compiler::for_loop(const Statement* node) {
  expression(node->a);
  emit(Op::kIterate, 0, node->at);
  scope_->loops.emplace_back().start = scope_->here();
  scope_->loops.back().breaks.push_back(emit(Op::kNext, 0, node->at));
  store(node->targets[0]);
  statements(node->body);
  end_loop(node->at);
  emit(Op::kEndIterate, 0, node->at);
}

void Compiler::while_loop(const Statement* node) {
  scope_->loops.emplace_back().start = scope_->here();
  expression(node->a);
  scope_->loops.back().breaks.push_back(emit(Op::kJumpIfFalse, 0, node->at));
  statements(node->body);
  end_loop(node->at);
}

void Compiler::end_loop(std::uint32_t at) {
  const Scope::Loop loop = std::move(scope_->loops.back());
  scope_->loops.pop_back();
  emit(Op::kJump, loop.start, at);
  for (const std::uint32_t place : loop.breaks) scope_->land(place);
}

void Compiler::leave_loop(const Statement* node) {
  const bool breaks = node->kind == StatementKind::kBreak;
  if (scope_->loops.empty()) {
    fail(node->at, breaks ? "break outside a loop" : "continue outside a loop");
  }
  Scope::Loop& loop = scope_->loops.back();
  const std::uint32_t jump = emit(Op::kJump, loop.start, node->at);
  if (breaks) loop.breaks.push_back(jump);
}

void Compiler::assign(const Statement* node) {
  expression(node->a);
  for (std::size_t i = 0; i < node->targets.size(); ++i) {
    if (i + 1 < node->targets.size()) emit(Op::kDuplicate, 0, node->at);
    store(node->targets[i]);
  }
}

void Compiler::augment(const Statement* node) {
  const Expression* target = node->targets[0];
  if (target->kind == ExpressionKind::kName) {
    load_name(target->text, target->at);
    expression(node->a);
    emit(node->op, 0, node->at);
    store_name(target->text, target->at);
  } else if (target->kind == ExpressionKind::kIndex) {
    expression(target->a);
    expression(target->b);
    emit(Op::kDuplicatePair, 0, target->at);
    emit(Op::kIndex, 0, target->at);
    expression(node->a);
    emit(node->op, 0, node->at);
    emit(Op::kStoreAugmented, 0, target->at);
  } else {
    emit(Op::kConstant, add_constant(Value::none()), target->at);
    store(target);
  }
}

void Compiler::store(const Expression* target) {
  switch (target->kind) {
    case ExpressionKind::kName:
      store_name(target->text, target->at);
      break;
    case ExpressionKind::kIndex:
      expression(target->a);
      expression(target->b);
      emit(Op::kStoreIndex, 0, target->at);
      break;
    case ExpressionKind::kAttribute:
      expression(target->a);
      emit(Op::kStoreAttribute, string_constant(target->text), target->at);
      break;
    default:
      emit(Op::kUnpack, static_cast<std::uint32_t>(target->items.size()), target->at);
      for (const Expression* item : target->items) store(item);
  }
}

void Compiler::store_name(const std::string& name, std::uint32_t at) {
  if (const auto slot = scope_->find_slot(name)) {
    emit(Op::kStoreLocal, *slot, at);
  } else {
    emit(Op::kStoreGlobal, globals_.at(name), at);
  }
}

void Compiler::load_name(const std::string& name, std::uint32_t at) {
  if (const auto slot = scope_->find_slot(name)) {
    emit(Op::kLoadLocal, *slot, at);
  } else if (const auto index = scope_->find_free(name)) {
    emit(Op::kLoadFree, *index, at);
  } else if (const auto found = globals_.find(name); found != globals_.end()) {
    emit(Op::kLoadGlobal, found->second, at);
  } else {
    Value value;
    if (name == "None") value = Value::none();
    if (name == "True" || name == "False") value = Value::truth(name == "True");
    if (name == "isodb") value = Value::of(Tag::kModule);
    if (const BuiltinSpec* builtin = find_builtin(name); builtin != nullptr) {
      value.tag = Tag::kBuiltin;
      value.builtin = builtin;
    }
    if (value.is_absent()) {
      throw SyntaxStop{Reason::kUnresolved, at, "the name " + name + " is bound nowhere"};
    }
    emit(Op::kConstant, add_constant(value), at);
  }
}

void Compiler::expression(const Expression* node) {
  std::vector<const Expression*> spine;
  while (true) {
    const ExpressionKind kind = node->kind;
    if (kind != ExpressionKind::kBinary && kind != ExpressionKind::kAnd &&
        kind != ExpressionKind::kOr && kind != ExpressionKind::kAttribute &&
        kind != ExpressionKind::kCall && kind != ExpressionKind::kIndex &&
        kind != ExpressionKind::kSlice) {
      break;
    }
    spine.push_back(node);
    node = node->a;
  }
  leaf(node);
  bool method = false;
  while (!spine.empty()) {
    const Expression* next = spine.back();
    spine.pop_back();
    if (next->kind == ExpressionKind::kCall) {
      call(next, method);
      method = false;
    } else {
      method = next->kind == ExpressionKind::kAttribute && !spine.empty() &&
               spine.back()->kind == ExpressionKind::kCall;
      step(next, method);
    }
  }
}

/// What an operation does once its left operand stands on the stack.
void Compiler::step(const Expression* node, bool called) {
  switch (node->kind) {
    case ExpressionKind::kAnd:
    case ExpressionKind::kOr: {
      const Op op = node->kind == ExpressionKind::kAnd ? Op::kAnd : Op::kOr;
      const std::uint32_t jump = emit(op, 0, node->at);
      expression(node->b);
      scope_->land(jump);
      break;
    }
    case ExpressionKind::kAttribute:
      emit(called ? Op::kLoadMethod : Op::kAttribute, string_constant(node->text), node->at);
      break;
    case ExpressionKind::kIndex:
      expression(node->b);
      emit(Op::kIndex, 0, node->at);
      break;
    case ExpressionKind::kSlice:
      slice(node);
      break;
    default:
      expression(node->b);
      emit(node->op, 0, node->at);
  }
}

void Compiler::leaf(const Expression* node) {
  switch (node->kind) {
    case ExpressionKind::kName:
      load_name(node->text, node->at);
      break;
    case ExpressionKind::kInteger:
    case ExpressionKind::kFloat:
      number(node);
      break;
    case ExpressionKind::kString:
      emit(Op::kConstant, string_constant(node->text), node->at);
      break;
    case ExpressionKind::kTuple:
    case ExpressionKind::kList:
      for (const Expression* item : node->items) expression(item);
      emit(node->kind == ExpressionKind::kTuple ? Op::kMakeTuple : Op::kMakeList,
           static_cast<std::uint32_t>(node->items.size()), node->at);
      break;
    case ExpressionKind::kDict:
      dict(node);
      break;
    case ExpressionKind::kUnary:
      expression(node->a);
      emit(node->op, 0, node->at);
      break;
    case ExpressionKind::kCondition:
      condition(node);
      break;
    case ExpressionKind::kLambda:
      function(node->function);
      break;
    default:
      comprehension(node);
  }
}

void Compiler::slice(const Expression* node) {
  for (const Expression* part : node->items) {
    if (part != nullptr) {
      expression(part);
    } else {
      emit(Op::kConstant, add_constant(Value::none()), node->at);
    }
  }
  emit(Op::kSlice, 0, node->at);
}

void Compiler::condition(const Expression* node) {
  expression(node->b);
  const std::uint32_t otherwise = emit(Op::kJumpIfFalse, 0, node->at);
  expression(node->a);
  const std::uint32_t end = emit(Op::kJump, 0, node->at);
  scope_->land(otherwise);
  expression(node->c);
  scope_->land(end);
}

void Compiler::dict(const Expression* node) {
  emit(Op::kMakeDict, 0, node->at);
  for (std::size_t i = 0; i + 1 < node->items.size(); i += 2) {
    expression(node->items[i]);
    expression(node->items[i + 1]);
    emit(Op::kInsertUnique, 0, node->items[i]->at);
  }
}

void Compiler::call(const Expression* node, bool method) {
  CallShape shape;
  using Kind = Argument::Kind;
  for (const Kind kind : {Kind::kPositional, Kind::kNamed, Kind::kStar, Kind::kStarStar}) {
    for (const Argument& argument : node->arguments) {
      if (argument.kind != kind) continue;
      expression(argument.value);
      if (kind == Kind::kPositional) ++shape.positional;
      if (kind == Kind::kNamed) {
        shape.names.push_back(code_.constants[string_constant(argument.name)].string);
      }
      shape.star |= kind == Kind::kStar;
      shape.star_star |= kind == Kind::kStarStar;
    }
  }
  if (shape.names.empty() && !shape.star && !shape.star_star) {
    emit(method ? Op::kCallMethod : Op::kCall, shape.positional, node->at);
    return;
  }
  code_.shapes.push_back(std::move(shape));
  emit(method ? Op::kCallMethodWith : Op::kCallWith,
       static_cast<std::uint32_t>(code_.shapes.size() - 1), node->at);
}

void Compiler::comprehension(const Expression* node) {
  const bool list = node->kind == ExpressionKind::kListComprehension;
  emit(list ? Op::kMakeList : Op::kMakeDict, 0, node->at);
  // The first iterable does not see the variables of the comprehension.
  expression(node->clauses[0].iterable);
  scope_->open_block();
  for (const Clause& clause : node->clauses) {
    if (clause.target == nullptr) continue;
    each_target_name(clause.target, [&](const std::string& name) {
      emit(Op::kClearLocal, scope_->bind_in_block(name), node->at);
    });
  }
  clause(node, 0);
  scope_->close_block();
}

void Compiler::clause(const Expression* node, std::size_t index) {
  if (index == node->clauses.size()) {
    expression(node->a);
    if (node->b != nullptr) expression(node->b);
    emit(node->b != nullptr ? Op::kInsert : Op::kAppend, 0, node->at);
    return;
  }
  const Clause& now = node->clauses[index];
  if (now.target == nullptr) {
    expression(now.iterable);
    const std::uint32_t skip = emit(Op::kJumpIfFalse, 0, now.iterable->at);
    clause(node, index + 1);
    scope_->land(skip);
    return;
  }
  if (index > 0) expression(now.iterable);
  emit(Op::kIterate, 0, now.iterable->at);
  const std::uint32_t start = emit(Op::kNext, 0, now.iterable->at);
  store(now.target);
  clause(node, index + 1);
  emit(Op::kJump, start, now.iterable->at);
  scope_->land(start);
  emit(Op::kEndIterate, 0, now.iterable->at);
}

void Compiler::parameters(const FunctionNode* node, FunctionCode& made) {
  // Slots are the parameters in order, then *args, then **kwargs.
  const std::string* star = nullptr;
  const std::string* star_star = nullptr;
  bool by_name = false;
  for (const Parameter& parameter : node->parameters) {
    if (parameter.kind == Parameter::Kind::kStarStar) {
      star_star = &parameter.name;
    } else if (parameter.kind == Parameter::Kind::kStar) {
      by_name = true;
      if (!parameter.name.empty()) star = &parameter.name;
    } else {
      scope_->bind(parameter.name);
      made.parameters.push_back(code_.constants[string_constant(parameter.name)].string);
      made.ordinary += by_name ? 0 : 1;
      const auto next = static_cast<std::int32_t>(made.default_count);
      made.defaults.push_back(parameter.standard != nullptr ? next : -1);
      made.default_count += parameter.standard != nullptr ? 1 : 0;
    }
  }
  made.star = star != nullptr;
  made.star_star = star_star != nullptr;
  if (star != nullptr) scope_->bind(*star);
  if (star_star != nullptr) scope_->bind(*star_star);
}

void Compiler::function(const FunctionNode* node) {
  for (const Parameter& parameter : node->parameters) {
    if (parameter.standard != nullptr) expression(parameter.standard);
  }
  const auto index = static_cast<std::uint32_t>(code_.functions.size());
  code_.functions.push_back(std::make_unique<FunctionCode>());
  FunctionCode& made = *code_.functions[index];
  made.name = node->name;
  made.at = node->at;
  Scope inner(made, scope_);
  Scope* const outer = std::exchange(scope_, &inner);
  parameters(node, made);
  each_bound_name(node->body, [&](const std::string& name) { inner.bind(name); });
  if (node->result != nullptr) {
    expression(node->result);
  } else {
    statements(node->body);
    emit(Op::kConstant, add_constant(Value::none()), node->at);
  }
  emit(Op::kReturn, 0, node->at);
  inner.finish();
  scope_ = outer;
  emit(Op::kMakeFunction, index, node->at);
}

}  // namespace

const String* constant_string(Code& code, std::string_view text) {
  auto* string = code.arena.make<String>();
  char* const copy = code.arena.array<char>(text.size());
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  string->data = copy;
  string->bytes = static_cast<std::uint32_t>(text.size());
  string->characters = static_cast<std::uint32_t>(count_characters(text));
  hash_text(*string);  // now, because programs are shared between threads
  return string;
}

std::shared_ptr<const Code> compile_code(std::string_view source) {
  auto code = std::make_shared<Code>();
  code->source = source;
  Tree tree;
  parse(code->source, tree);
  Compiler(*code, tree).run();
  return code;
}

}  // namespace isodb::script
