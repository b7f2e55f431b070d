#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "merge/script/code.h"
#include "merge/script/heap.h"
#include "merge/script/script.h"
#include "merge/script/value.h"

namespace isodb::script {

struct Arguments;

/// Runs the code of one program once: a stack of values, a frame for each call. Its use of the
/// machine's own stack is bounded, whatever the script does: calls of the script's functions take
/// none, and kCallbackDepthMax bounds those that come from builtin functions. Everything throws
/// Stop; afterwards the machine can only tell where it stopped.
class Machine {
 public:
  Machine(const Code& code, const Helpers& helpers, Arena& arena, Meter& meter);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Heap& heap() { return heap_; }
  Meter& meter() { return heap_.meter(); }
  const Helpers& helpers() const { return helpers_; }

  void run_top_level();
  /// Absent when the top level bound no such name.
  Value global(std::string_view name) const;
  /// Calls a value from outside, or from a builtin function.
  Value call(const Value& function, const Value* arguments, std::size_t count);
  /// The offset in the source of what is being done; nothing while no function runs.
  std::optional<std::uint32_t> place() const;

  void print(std::string line);
  std::vector<std::string>& printed() { return printed_; }
  bool printed_is_cut() const { return printed_is_cut_; }
  std::vector<std::string>& notes() { return notes_; }

  void start_iteration(Iterator& iterator, const Value& over);
  bool next_item(Iterator& iterator, Value& item);
  static void end_iteration(Iterator& iterator);

 private:
  friend struct Instructions;

  struct Frame {
    const FunctionCode* code = nullptr;
    const Function* function = nullptr;
    const Instruction* next = nullptr;  // where it goes on, while another runs
    std::size_t floor = 0;              // the height of the stack below the call
    std::size_t locals = 0;
    Iterator* loops = nullptr;
  };

  void push(const Value& value) {
    if (top_ == limit_) grow();
    *top_++ = value;
  }
  Value pop() { return *--top_; }
  void grow();
  std::size_t height() const { return static_cast<std::size_t>(top_ - stack_); }
  Frame& frame() { return frames_[depth_ - 1]; }
  void enter(const Function* function, const FunctionCode& code, std::size_t floor,
             std::size_t locals);
  void leave();
  void execute(std::size_t depth);
  /// The callee stands below its arguments, at `floor`. When it is the script's own, execute() goes
  /// on in it; else the result stands at `floor` afterwards.
  void call_plain(const Value& callee, const Value& self, std::size_t floor, std::size_t count);
  void call_shaped(const Value& callee, const Value& self, std::size_t floor,
                   const CallShape& shape);
  void call_general(const Value& callee, std::size_t floor, const Arguments& arguments);
  void bind(const Function& function, std::size_t floor, const Arguments& arguments);
  void bind_named(const FunctionCode& code, std::size_t locals, const Arguments& arguments);
  Value call_helper(std::size_t index, const Arguments& arguments);
  Value attribute(const Value& value, const String& name);

  const Code& code_;
  const Helpers& helpers_;
  Heap heap_;
  Value* stack_ = nullptr;
  Value* top_ = nullptr;
  Value* limit_ = nullptr;
  Value* locals_ = nullptr;
  const Instruction* next_ = nullptr;
  std::size_t depth_ = 0;
  std::size_t callbacks_ = 0;
  std::array<Frame, kCallDepthMax> frames_;
  std::vector<Value> globals_;
  Iterator* unused_iterators_ = nullptr;
  std::uint64_t functions_made_ = 0;
  std::vector<std::string> printed_;
  std::size_t printed_bytes_ = 0;
  bool printed_is_cut_ = false;
  std::vector<std::string> notes_;
};

}  // namespace isodb::script
