#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "merge/script/ast.h"
#include "merge/script/code.h"

namespace isodb::script {

/// The names that a function under compilation knows, and the code made for it so far. At the top
/// level, names outside comprehensions are global and not known here.
class Scope {
 public:
  Scope(FunctionCode& code, Scope* outer) : code_(code), outer_(outer) {}

  FunctionCode& code() { return code_; }
  bool is_top() const { return outer_ == nullptr; }

  /// A variable of the function; its slot. A second one of the same name is the first.
  std::uint32_t bind(const std::string& name);
  /// The variables of a comprehension hide others until it ends.
  void open_block() { blocks_.emplace_back(); }
  std::uint32_t bind_in_block(const std::string& name);
  void close_block() { blocks_.pop_back(); }

  std::optional<std::uint32_t> find_slot(const std::string& name) const;
  /// The index among the free variables, of a name that a function around binds.
  std::optional<std::uint32_t> find_free(const std::string& name);

  std::uint32_t emit(Op op, std::uint32_t operand, std::uint32_t at);
  std::uint32_t here() const { return static_cast<std::uint32_t>(code_.code.size()); }
  /// Makes the jump at `place` lead here.
  void land(std::uint32_t place);
  /// Variables that inner functions share become cells.
  void finish();

  struct Loop {
    std::uint32_t start = 0;
    std::vector<std::uint32_t> breaks;
  };
  std::vector<Loop> loops;

 private:
  std::uint32_t new_slot(const std::string& name);
  void share(std::uint32_t slot);

  FunctionCode& code_;
  Scope* outer_;
  std::map<std::string, std::uint32_t> names_;
  std::vector<std::map<std::string, std::uint32_t>> blocks_;
  std::map<std::string, std::uint32_t> free_;
  std::vector<bool> is_shared_, is_in_block_;
};

/// Calls `bind` with each name that the statements bind, not looking into inner functions.
template <typename Bind>
void each_target_name(const Expression* target, const Bind& bind) {
  if (target->kind == ExpressionKind::kName) {
    bind(target->text);
  } else if (target->kind == ExpressionKind::kTuple || target->kind == ExpressionKind::kList) {
    for (const Expression* item : target->items) each_target_name(item, bind);
  }
}

template <typename Bind>
void each_bound_name(const std::vector<Statement*>& statements, const Bind& bind) {
  for (const Statement* statement : statements) {
    // An elif stands alone in the other branch; long chains of them do not recurse.
    for (const Statement* node = statement; node != nullptr;) {
      for (const Expression* target : node->targets) each_target_name(target, bind);
      if (node->kind == StatementKind::kDef) bind(node->function->name);
      each_bound_name(node->body, bind);
      if (node->otherwise.size() == 1) {
        node = node->otherwise[0];
      } else {
        each_bound_name(node->otherwise, bind);
        node = nullptr;
      }
    }
  }
}

}  // namespace isodb::script
