#include "merge/script/scope.h"

#include "merge/script/lexer.h"

namespace isodb::script {

std::uint32_t Scope::new_slot(const std::string& name) {
  code_.slot_names.push_back(name);
  is_shared_.push_back(false);
  is_in_block_.push_back(!blocks_.empty());
  return code_.slots++;
}

std::uint32_t Scope::bind(const std::string& name) {
  const auto [place, is_new] = names_.try_emplace(name, 0);
  if (is_new) place->second = new_slot(name);
  return place->second;
}

std::uint32_t Scope::bind_in_block(const std::string& name) {
  const auto [place, is_new] = blocks_.back().try_emplace(name, 0);
  if (is_new) place->second = new_slot(name);
  return place->second;
}

std::optional<std::uint32_t> Scope::find_slot(const std::string& name) const {
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {
    if (const auto found = block->find(name); found != block->end()) return found->second;
  }
  if (const auto found = names_.find(name); found != names_.end()) return found->second;
  return std::nullopt;
}

void Scope::share(std::uint32_t slot) {
  is_shared_[slot] = true;
}

std::optional<std::uint32_t> Scope::find_free(const std::string& name) {
  if (outer_ == nullptr) return std::nullopt;
  if (const auto found = free_.find(name); found != free_.end()) return found->second;
  FreeVariable variable;
  if (const auto slot = outer_->find_slot(name)) {
    outer_->share(*slot);
    variable = {false, *slot};
  } else if (const auto index = outer_->find_free(name)) {
    variable = {true, *index};
  } else {
    return std::nullopt;
  }
  const auto index = static_cast<std::uint32_t>(code_.free.size());
  code_.free.push_back(variable);
  code_.free_names.push_back(name);
  free_.emplace(name, index);
  return index;
}

std::uint32_t Scope::emit(Op op, std::uint32_t operand, std::uint32_t at) {
  if (operand > kOperandMax || here() > kOperandMax - 2) {
    throw SyntaxStop{Reason::kSyntax, at, "the script is too long"};
  }
  code_.code.push_back(instruction(op, operand));
  code_.places.push_back(at);
  return here() - 1;
}

void Scope::land(std::uint32_t place) {
  const auto op = static_cast<Op>(code_.code[place] & 0xff);
  code_.code[place] = instruction(op, here());
}

void Scope::finish() {
  for (Instruction& word : code_.code) {
    const auto op = static_cast<Op>(word & 0xff);
    const std::uint32_t slot = word >> 8;
    if (op == Op::kLoadLocal && is_shared_[slot]) word = instruction(Op::kLoadCell, slot);
    if (op == Op::kStoreLocal && is_shared_[slot]) word = instruction(Op::kStoreCell, slot);
    if (op == Op::kClearLocal && is_shared_[slot]) word = instruction(Op::kNewCell, slot);
  }
  for (std::uint32_t slot = 0; slot < code_.slots; ++slot) {
    if (is_shared_[slot] && !is_in_block_[slot]) code_.shared_parameters.push_back(slot);
  }
}

}  // namespace isodb::script
