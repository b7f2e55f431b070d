#include "wire/element_order.h"

#include <utility>

namespace isodb::wire {
namespace {

std::uint64_t new_bytes(const std::vector<LargePart>& parts) {
  std::uint64_t bytes = 0;
  for (const LargePart& part : parts) bytes += part.new_bytes;
  return bytes;
}

}  // namespace

const char* ElementOrder::open_problem() const {
  if (pieces_are_missing()) return "pieces of what came before are missing";
  if (operations_left_ > 0) return "operations of the commit before are missing";
  return awaits_frame_ ? "the frame that a dictionary came for is missing" : nullptr;
}

/// Of an operation, or the dictionary before one.
const char* ElementOrder::operation_problem(bool is_frame) const {
  if (pieces_are_missing()) return "pieces of what came before are missing";
  if (operations_left_ == 0 && !is_resumed_) return "an operation of no commit";
  if (awaits_frame_ && !is_frame) return "the frame that a dictionary came for is missing";
  return is_frame && !has_dictionary_ ? "a frame without a dictionary" : nullptr;
}

const char* ElementOrder::end_problem() const {
  if (const char* problem = open_problem()) return problem;
  if (awaits_name_) return "the commit before is not whole";
  return nullptr;
}

const char* ElementOrder::naming_problem() const {
  if (!awaits_name_) return "no commit was begun";
  return open_problem();
}

const char* ElementOrder::problem(const Element& element) const {
  if (const auto* piece = std::get_if<PieceElement>(&element)) {
    const bool is_awaited = piece->bytes.size() <= piece_bytes_left_ && !awaits_frame_;
    return is_awaited ? nullptr : "a piece of nothing";
  }
  if (const auto* operation = std::get_if<OperationElement>(&element)) {
    return operation_problem(operation->kind == OperationKind::kFrame);
  }
  if (std::holds_alternative<DictionaryElement>(element)) return operation_problem(false);
  const auto* resume = std::get_if<ResumeElement>(&element);
  if (resume != nullptr && !resume->among_objects) {
    return is_first_ ? nullptr : "RESUME is not the first element";
  }
  return end_problem();
}

void ElementOrder::took(const Element& element) {
  is_first_ = false;
  if (const auto* piece = std::get_if<PieceElement>(&element)) {
    piece_bytes_left_ -= piece->bytes.size();
    return;
  }
  if (const auto* operation = std::get_if<OperationElement>(&element)) {
    ++operations_;
    awaits_frame_ = false;
    if (!is_resumed_) --operations_left_;
    const bool is_large = operation->kind == OperationKind::kLarge;
    piece_bytes_left_ = is_large ? new_bytes(operation->parts) : 0;
    // Of the document that was broken off, pieces came in an earlier session.
    some_came_before_ = std::exchange(resumes_here_, false) && is_large;
    return;
  }
  if (std::holds_alternative<DictionaryElement>(element)) {
    has_dictionary_ = awaits_frame_ = true;
    return;
  }
  if (const auto* object = std::get_if<ObjectElement>(&element)) {
    piece_bytes_left_ = object->size;
    some_came_before_ = false;
    if (object->type != ObjectType::kCommit) return;
  }
  const auto* resume = std::get_if<ResumeElement>(&element);
  if (resume != nullptr && resume->among_objects) return;
  ++commits_;
  awaits_name_ = true;
  if (const auto* commit = std::get_if<CommitElement>(&element)) {
    operations_left_ = commit->operations;
  }
  is_resumed_ = resumes_here_ = resume != nullptr;
}

void ElementOrder::named() {
  awaits_name_ = is_resumed_ = resumes_here_ = false;
  piece_bytes_left_ = 0;  // of the document that was broken off: what came in an earlier session
}

}  // namespace isodb::wire
