#include "merge/script/machine.h"

#include <algorithm>
#include <optional>

#include "merge/script/builtins.h"
#include "merge/script/convert.h"
#include "merge/script/table.h"

namespace isodb::script {

namespace {

constexpr std::size_t kStackFirst = 256;  // values that cost nothing

[[noreturn]] void stop_arguments(const FunctionCode& code, const std::string& problem) {
  stop(Reason::kArguments, code.name + "(): " + problem);
}

}  // namespace

Machine::Machine(const Code& code, const Helpers& helpers, Arena& arena, Meter& meter)
    : code_(code), helpers_(helpers), heap_(arena, meter), globals_(code.globals.size()) {
  stack_ = arena.array<Value>(kStackFirst);
  top_ = stack_;
  limit_ = stack_ + kStackFirst;
}

void Machine::grow() {
  const auto size = static_cast<std::size_t>(limit_ - stack_);
  meter().cells(size * 2);
  auto* const larger = heap_.arena().array<Value>(size * 2);
  std::copy(stack_, top_, larger);
  if (locals_ != nullptr) locals_ = larger + (locals_ - stack_);
  top_ = larger + (top_ - stack_);
  stack_ = larger;
  limit_ = larger + size * 2;
}

std::optional<std::uint32_t> Machine::place() const {
  if (depth_ == 0) return std::nullopt;
  const FunctionCode& code = *frames_[depth_ - 1].code;
  const auto index = static_cast<std::size_t>(next_ - code.code.data());
  return code.places[index == 0 ? 0 : index - 1];
}

void Machine::enter(const Function* function, const FunctionCode& code, std::size_t floor,
                    std::size_t locals) {
  if (depth_ == kCallDepthMax) {
    stop(Reason::kTooDeep, "calls nested more than " + std::to_string(kCallDepthMax) + " deep");
  }
  meter().steps(code.slots / 8);
  if (depth_ > 0) frame().next = next_;
  ++depth_;
  frame() = {&code, function, nullptr, floor, locals, nullptr};
  next_ = code.code.data();
  while (height() < locals + code.slots) push(Value());
  locals_ = stack_ + locals;
  for (const std::uint32_t slot : code.shared_parameters) {
    Value cell = Value::of(Tag::kCell);
    cell.cell = heap_.make<Cell>(1);
    cell.cell->value = locals_[slot];
    locals_[slot] = cell;
  }
}

void Machine::leave() {
  const Value result = pop();
  for (Iterator* loop = frame().loops; loop != nullptr;) {
    Iterator* const outer = loop->outer;
    end_iteration(*loop);
    loop->outer = unused_iterators_;
    unused_iterators_ = loop;
    loop = outer;
  }
  top_ = stack_ + frame().floor;
  --depth_;
  if (depth_ > 0) {
    next_ = frame().next;
    locals_ = stack_ + frame().locals;
  }
  push(result);
}

void Machine::run_top_level() {
  globals_.assign(code_.globals.size(), Value());
  meter().steps(globals_.size() / 8);
  enter(nullptr, *code_.functions[0], 0, 0);
  execute(0);
  pop();
}

Value Machine::global(std::string_view name) const {
  const auto found = std::find(code_.globals.begin(), code_.globals.end(), name);
  if (found == code_.globals.end()) return {};
  return globals_[static_cast<std::size_t>(found - code_.globals.begin())];
}

Value Machine::call(const Value& function, const Value* arguments, std::size_t count) {
  if (callbacks_ == kCallbackDepthMax) {
    stop(Reason::kTooDeep, "calls from builtin functions nested more than " +
                               std::to_string(kCallbackDepthMax) + " deep");
  }
  ++callbacks_;
  meter().steps(1);
  const std::size_t floor = height();
  const std::size_t depth = depth_;
  const Value callee = function;
  push(callee);
  for (std::size_t i = 0; i < count; ++i) push(arguments[i]);
  call_plain(callee, Value(), floor, count);
  execute(depth);
  --callbacks_;
  return pop();
}

void Machine::call_plain(const Value& callee, const Value& self, std::size_t floor,
                         std::size_t count) {
  if (callee.is(Tag::kFunction)) {
    const FunctionCode& code = *callee.function->code;
    if (count == code.parameters.size() && count == code.ordinary && !code.star &&
        !code.star_star) {
      enter(callee.function, code, floor, height() - count);
      return;
    }
  }
  Arguments arguments;
  arguments.self = self;
  arguments.positional = top_ - count;
  arguments.count = count;
  call_general(callee, floor, arguments);
}

void Machine::call_general(const Value& callee, std::size_t floor, const Arguments& arguments) {
  Value result;
  switch (callee.tag) {
    case Tag::kFunction:
      bind(*callee.function, floor, arguments);
      return;
    case Tag::kBuiltin:
      result = callee.builtin->call(*this, *callee.builtin, arguments);
      break;
    case Tag::kMethod: {
      Arguments with_self = arguments;
      with_self.self = callee.method->self;
      result = callee.method->spec->call(*this, *callee.method->spec, with_self);
      break;
    }
    case Tag::kHelper:
      result = call_helper(callee.helper, arguments);
      break;
    default:
      stop(Reason::kType,
           "a value of type " + std::string(type_name(callee)) + " cannot be called");
  }
  top_ = stack_ + floor;
  push(result);
}

void Machine::call_shaped(const Value& callee, const Value& self, std::size_t floor,
                          const CallShape& shape) {
  std::vector<Value> star, named;
  std::vector<const String*> names = shape.names;
  Value star_value, star_star_value;
  if (shape.star_star) star_star_value = pop();
  if (shape.star) star_value = pop();
  const std::size_t plain = shape.positional + shape.names.size();
  const Value* const first = top_ - plain;
  std::vector<Value> positional(first, first + shape.positional);
  named.assign(first + shape.positional, first + plain);
  meter().steps(plain / 8);
  if (shape.star) {
    Items items(*this, star_value);
    for (Value item; items.next(item);) {
      meter().cells(1);
      positional.push_back(item);
    }
  }
  if (shape.star_star) {
    if (!star_star_value.is(Tag::kDict)) stop(Reason::kType, "an argument after ** is no dict");
    for (const Entry& entry : live_entries(*star_star_value.table)) {
      meter().steps(1 + names.size() / 8);
      meter().cells(2);
      if (!entry.key.is(Tag::kString)) stop(Reason::kType, "a key after ** is no string");
      for (const String* const name : shape.names) {
        if (name->view() == entry.key.string->view()) {
          stop(Reason::kArguments, "the argument " + std::string(name->view()) + " comes twice");
        }
      }
      names.push_back(entry.key.string);
      named.push_back(entry.value);
    }
  }
  Arguments arguments;
  arguments.self = self;
  arguments.positional = positional.data();
  arguments.count = positional.size();
  arguments.names = names.data();
  arguments.named = named.data();
  arguments.named_count = named.size();
  call_general(callee, floor, arguments);
}

void Machine::bind_named(const FunctionCode& code, std::size_t locals, const Arguments& arguments) {
  Table* rest = nullptr;
  if (code.star_star) {
    rest = heap_.table();
    stack_[locals + code.parameters.size() + (code.star ? 1 : 0)] = Value::dict(rest);
  }
  for (std::size_t i = 0; i < arguments.named_count; ++i) {
    const std::string_view name = arguments.names[i]->view();
    meter().steps(1 + code.parameters.size() / 8);
    const auto found = std::find_if(code.parameters.begin(), code.parameters.end(),
                                    [&](const String* other) { return other->view() == name; });
    if (found == code.parameters.end()) {
      if (rest == nullptr) stop_arguments(code, "no parameter is named " + std::string(name));
      table_set(heap_, *rest, Value::of(arguments.names[i]), arguments.named[i]);
      continue;
    }
    Value& slot = stack_[locals + static_cast<std::size_t>(found - code.parameters.begin())];
    if (!slot.is_absent()) {
      stop_arguments(code, "the argument " + std::string(name) + " comes twice");
    }
    slot = arguments.named[i];
  }
}

void Machine::bind(const Function& function, std::size_t floor, const Arguments& arguments) {
  const FunctionCode& code = *function.code;
  const std::size_t locals = height();
  const std::size_t filled =
      code.parameters.size() + (code.star ? 1 : 0) + (code.star_star ? 1 : 0);
  meter().steps(filled / 8);
  for (std::size_t i = 0; i < filled; ++i) push(Value());
  const std::size_t direct = std::min<std::size_t>(arguments.count, code.ordinary);
  std::copy(arguments.positional, arguments.positional + direct, stack_ + locals);
  if (code.star) {
    stack_[locals + code.parameters.size()] =
        Value::of(heap_.tuple(arguments.positional + direct, arguments.count - direct));
  } else if (arguments.count > direct) {
    stop_arguments(code, std::to_string(arguments.count) + " arguments by position, at most " +
                             std::to_string(code.ordinary));
  }
  bind_named(code, locals, arguments);
  for (std::size_t i = 0; i < code.parameters.size(); ++i) {
    Value& slot = stack_[locals + i];
    if (!slot.is_absent()) continue;
    if (code.defaults[i] < 0) {
      stop_arguments(code,
                     "the argument " + std::string(code.parameters[i]->view()) + " is missing");
    }
    slot = function.defaults[code.defaults[i]];
  }
  enter(&function, code, floor, locals);
}

Value Machine::call_helper(std::size_t index, const Arguments& arguments) {
  const Helper& helper = helpers_.all()[index];
  meter().steps(helper.steps);
  if (arguments.named_count > 0) {
    stop(Reason::kArguments, "isodb." + helper.name + "() takes no arguments by name");
  }
  if (arguments.count < helper.arguments_min || arguments.count > helper.arguments_max) {
    stop(Reason::kArguments, "isodb." + helper.name + "(): " + std::to_string(arguments.count) +
                                 " arguments, wanted " + std::to_string(helper.arguments_min) +
                                 " to " + std::to_string(helper.arguments_max));
  }
  std::vector<core::Json> values;
  for (std::size_t i = 0; i < arguments.count; ++i) {
    values.push_back(to_json(heap_, arguments.positional[i], Reason::kType));
  }
  std::optional<core::Json> result;
  try {
    HelperMeter helper_meter(meter(), notes_);
    result = helper.call(values, helper_meter);
  } catch (const Error& error) {
    stop(Reason::kHelper, "isodb." + helper.name + "(): " + error.what());
  }
  return from_json(heap_, *result, TextOwner::kRun);
}

Value Machine::attribute(const Value& value, const String& name) {
  if (value.is(Tag::kModule)) {
    if (const auto index = helpers_.find(name.view())) {
      Value helper = Value::of(Tag::kHelper);
      helper.helper = *index;
      return helper;
    }
  } else if (const BuiltinSpec* spec = find_method(value, name.view()); spec != nullptr) {
    auto* method = heap_.make<Method>(2);
    method->self = value;
    method->spec = spec;
    Value result = Value::of(Tag::kMethod);
    result.method = method;
    return result;
  }
  return {};
}

void Machine::print(std::string line) {
  printed_bytes_ += line.size() + 1;
  if (printed_bytes_ > kPrintedBytesMax) {
    printed_is_cut_ = true;
  } else {
    printed_.push_back(std::move(line));
  }
}

}  // namespace isodb::script
