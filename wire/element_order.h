#pragma once

#include <cstdint>

#include "wire/element.h"

namespace isodb::wire {

/// Which elements may follow which in a stream. A plain value.
class ElementOrder {
 public:
  /// nullptr, or why this element cannot come now.
  const char* problem(const Element& element) const;
  /// It came; only without a problem.
  void took(const Element& element);
  /// nullptr, or why no commit can be named now.
  const char* naming_problem() const;
  void named();
  /// nullptr, or what is missing at the stream's end.
  const char* end_problem() const;

  std::uint64_t commits() const { return commits_; }
  std::uint64_t operations() const { return operations_; }

 private:
  bool pieces_are_missing() const { return piece_bytes_left_ > 0 && !some_came_before_; }
  const char* open_problem() const;
  const char* operation_problem(bool is_frame) const;

  std::uint64_t commits_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t operations_left_ = 0;
  std::uint64_t piece_bytes_left_ = 0;
  bool is_first_ = true;
  bool has_dictionary_ = false;
  bool awaits_frame_ = false;      // a dictionary came just now
  bool is_resumed_ = false;        // of the open commit it is not known here how much is left
  bool resumes_here_ = false;      // the next operation is the first after RESUME
  bool some_came_before_ = false;  // of the pieces awaited
  bool awaits_name_ = false;
};

}  // namespace isodb::wire
